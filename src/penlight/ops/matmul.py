"""``matmul``: vectors, matrices and batches, each through the product that torch chooses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._tensor import Tensor
from . import _check
from ._op import attach
from ._results import written
from .inplace_views import squeezed
from .products import bmm, dot, mm, mv, turned
from .shape import unsafe_view

__all__ = ["matmul"]


def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Multiply as matrices: vectors, matrices, or batches of them that broadcast.

    Args:
        input: shape (…, n, m), or (m).
        other: shape (…, m, p), or (m).
        out: where to write the result.

    Raises:
        RuntimeError: an argument is 0-d, or shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> (torch.ones(2, 3) @ torch.ones(3)).shape
        torch.Size([2])
    """
    for name, tensor in (("input", input), ("other", other)):
        if not isinstance(tensor, Tensor):
            msg = f"matmul(): argument '{name}' must be Tensor, not {type(tensor).__name__}"
            raise TypeError(msg)
    result = _matmul(input, other)
    return written(out, result)


def _matmul(input: Any, other: Any) -> Tensor:
    """Choose torch's primitive for the numbers of dimensions."""
    a, b = input._array.ndim, other._array.ndim
    if a == b == 2:
        product: Tensor = mm(input, other)
        return product
    if not a or not b:
        _check.refuse(
            f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D"
        )
    if a <= 2 and b <= 2:
        return _of_matrices(input, other)
    if a == b == 3:
        input, other = _without_single_batch(input, other)
        a, b = input._array.ndim, other._array.ndim
    if a >= 3 and b <= 2 and _folds(input, other):
        return _folded(input, other)
    # torch: a matrix from the left is folded only where its gradient would be summed over the
    # batch.
    if a <= 2 and (input.requires_grad or (a == 1 and _folds(turned(other), input))):
        return _folded_from_left(input, other)
    return _batched(input, other)


def _without_single_batch(input: Any, other: Any) -> tuple[Any, Any]:
    """Take a batch of one that would be broadcast and has a gradient as the matrix that it is."""
    count_a, count_b = input._array.shape[0], other._array.shape[0]
    if count_a != count_b:
        if count_a == 1 and input.requires_grad:
            return input.squeeze(0), other
        if count_b == 1 and other.requires_grad:
            return input, other.squeeze(0)
    return input, other


def _of_matrices(input: Any, other: Any) -> Tensor:
    a, b = input._array.ndim, other._array.ndim
    out: Any
    if a == b == 1:
        out = dot(input, other)
    elif a == 1:
        out = squeezed(mm(input.unsqueeze(0), other), 0)
    else:
        out = mm(input, other) if b == 2 else mv(input, other)
    return out


def _folds(large: Any, small: Any) -> bool:
    """Return whether a batch times one matrix is one product: when the rows need no copy."""
    if small.requires_grad or not large._array.size:
        return True
    array = large._array
    steps, lengths = array.strides, array.shape
    return all(steps[dim] == steps[dim + 1] * lengths[dim + 1] for dim in range(array.ndim - 2))


def _folded(input: Any, other: Any) -> Tensor:
    """Multiply a batch with one matrix or vector: the batch's rows as one matrix."""
    shape = input._array.shape
    rows = input.reshape(math.prod(shape[:-1]), shape[-1])
    product = mv(rows, other) if other._array.ndim == 1 else mm(rows, other)
    out: Tensor = unsafe_view(product, (*shape[:-1], *other._array.shape[1:]))
    return out


def _folded_from_left(input: Any, other: Any) -> Tensor:
    """Multiply one matrix or vector with a batch, as the transposed batch times it transposed."""
    if input._array.ndim == 1:
        return _folded(turned(other), input)
    out: Tensor = turned(_folded(turned(other), input.t())).contiguous()
    return out


def _batched(input: Any, other: Any) -> Tensor:
    """Multiply broadcast batches through one bmm."""
    size_a, size_b = input._array.shape, other._array.shape
    a = input.unsqueeze(0) if len(size_a) == 1 else input
    b = other.unsqueeze(1) if len(size_b) == 1 else other
    rows, columns = a._array.shape[-2:], b._array.shape[-2:]
    batch = _broadcast(a._array.shape[:-2], b._array.shape[:-2])
    count = math.prod(batch)
    product = bmm(
        a.expand(*batch, *rows).reshape(count, *rows),
        b.expand(*batch, *columns).reshape(count, *columns),
    )
    shape = (*batch, *size_a[-2:-1], *(size_b[-1:] if len(size_b) > 1 else ()))
    out: Tensor = unsafe_view(product, shape)
    return out


def _broadcast(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(first, second)
    except ValueError:
        _check.broadcastable(np.empty(first), np.empty(second))
        raise


def _matmul_operator(self: Tensor, other: Any) -> Any:
    """Return ``self @ other``, leaving what is no tensor to its class."""
    return _matmul(self, other) if isinstance(other, Tensor) else NotImplemented


def _rmatmul(self: Tensor, other: Any) -> Any:
    """Return ``other @ self``, leaving what is no tensor to its class."""
    return _matmul(other, self) if isinstance(other, Tensor) else NotImplemented


for _name in __all__:
    attach(globals()[_name], _name)
attach(_matmul_operator, "__matmul__")
attach(_rmatmul, "__rmatmul__")
