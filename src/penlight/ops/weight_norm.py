"""Weight norm: a weight of a length and a direction, and the norm it divides by."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from ._op import op

__all__ = ["norm_except_dim"]


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """Return the norm over all dimensions but one, in a shape that broadcasts with ``v``.

    Args:
        v: a floating tensor.
        pow: the norm's exponent.
        dim: the dimension that stays; ``-1`` means none, so that the result has no dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.norm_except_dim(torch.tensor([[3.0, 4.0], [0.0, 2.0]]), 2, 0)
        tensor([[5.],
                [2.]])
    """
    weight: Any = v
    ndim = weight.ndim
    if dim == -1:
        return weight.norm(pow)
    if dim == 0:
        shape = (weight.shape[0], *(1,) * (ndim - 1))
        return weight.contiguous().view(shape[0], -1).norm(pow, 1).view(shape)
    if dim == ndim - 1:
        shape = (*(1,) * (ndim - 1), weight.shape[-1])
        return weight.contiguous().view(-1, shape[-1]).norm(pow, 0).view(shape)
    return norm_except_dim(weight.transpose(0, dim), pow, 0).transpose(0, dim)


def weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """Return ``g * v / |v|``, with norms over all dimensions of ``v`` but ``dim``; -1: over all."""
    direction: Any = v
    if dim in {0, direction.ndim - 1}:
        return _weight_norm(direction, g, dim)
    return direction * (g / norm_except_dim(direction, 2, dim))


@op("_weight_norm", node="WeightNormInterfaceBackward0", method=False)
def _weight_norm(v: Array, g: Array, dim: int) -> Array:
    """Scale rows (or columns) to the lengths ``g``; half types compute in single precision."""
    kind = np.dtype(np.float32) if v.dtype.itemsize == 2 else v.dtype
    direction = v.astype(kind, copy=False)
    others = tuple(range(1, v.ndim)) if dim == 0 else tuple(range(v.ndim - 1))
    norms = np.sqrt(np.add.reduce(direction * direction, axis=others, keepdims=True))
    return (direction * (g.astype(kind, copy=False) / norms)).astype(v.dtype, copy=False)


@_weight_norm.vjp("v", "g")
def _weight_norm_backward(grad: Any, v: Any, g: Any, dim: int) -> tuple[Any, Any]:
    others = tuple(range(1, v.ndim)) if dim == 0 else tuple(range(v.ndim - 1))
    norms = norm_except_dim(v, 2, dim)
    along = (grad * v).sum(others, True) if others else grad * v
    to_g = along / norms
    # What changes the length only has no effect on the direction.
    return (g / norms) * (grad - v * (to_g / norms)), to_g
