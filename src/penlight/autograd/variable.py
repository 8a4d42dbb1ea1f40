"""torch's old name for a tensor."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor

__all__ = ["Variable"]


class _VariableMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableMeta):
    """torch's old name for a tensor: ``Variable(t)`` is a tensor that shares ``t``'s memory."""

    def __new__(cls, data: Tensor, requires_grad: bool = False) -> Any:
        """Return ``data`` as a leaf."""
        out = data.detach()
        out.requires_grad = requires_grad
        return out
