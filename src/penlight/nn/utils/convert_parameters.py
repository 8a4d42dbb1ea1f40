"""Parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..._tensor import Tensor
from ...ops.join import cat


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return all parameters, flattened, one after the other; gradients flow back to them.

    Example:
        >>> import penlight as torch
        >>> torch.nn.utils.parameters_to_vector([torch.zeros(2, 2), torch.ones(1)])
        tensor([0., 0., 0., 0., 1.])
    """
    flat: list[Any] = [param.view(-1) for param in parameters]
    joined: Tensor = cat(flat)
    return joined


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let the parameters be the pieces of ``vec``, in order; they share its memory.

    Raises:
        TypeError: ``vec`` is no tensor.
    """
    if not isinstance(vec, Tensor):
        msg = f"expected torch.Tensor, but got: {type(vec).__name__}"
        raise TypeError(msg)
    pieces: Any = vec
    start = 0
    for param in parameters:
        count = param.numel()
        param.data = pieces[start : start + count].view_as(param).data
        start += count
