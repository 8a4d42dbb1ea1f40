"""Walking back through a composition, for ops whose own gradient is not differentiable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd.engine import run_backward
from ..autograd.grad_mode import enable_grad, mode
from ..autograd.views import edge_of

__all__: list[str] = []


def differentiate(
    compose: Callable[..., Any], tensors: Sequence[Any], grad: Any, needs: Sequence[bool]
) -> tuple[Any, ...]:
    """Return the gradients of the tensors that need one, recorded when the walk is.

    Args:
        compose: the same computation in elementary ops, of the tensors.
        tensors: its arguments; ``None`` is passed on.
        grad: the gradient of its result.
        needs: which of the tensors want a gradient.
    """
    if not any(needs):
        return (None,) * len(needs)
    record = mode.grad
    with enable_grad():
        # Nodes of their own, so that the tensors' hooks run in the outer walk alone.
        inner = [None if tensor is None else tensor.expand(tensor.shape) for tensor in tensors]
        out = compose(*inner)
    wanted = [edge_of(tensor) for tensor, need in zip(inner, needs, strict=True) if need]
    found = iter(
        run_backward([edge_of(out)], [grad], keep_graph=record, create_graph=record, inputs=wanted)
    )
    return tuple(next(found) if need else None for need in needs)
