"""Running sums, products and extremes, and differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._limits import finfo
from .._tensor import Array, Tensor, wrap
from . import _check
from ._creating import numpy_dtype_of
from ._op import Saving, attach, op
from ._results import named_result, written
from .join import cat
from .view import narrow

__all__ = ["cummax", "cummin", "cumprod", "cumsum", "diff", "logcumsumexp"]


def _wide(array: Array) -> Any:
    """Return the dtype that runs accumulate in: torch's is double for float32, float for halves."""
    if array.dtype.kind in "biu":
        return np.int64
    return np.float32 if array.dtype.itemsize == 2 else np.float64


def _run(accumulate: Any, input: Array, dim: int) -> Array:
    place = _check.dim(dim, input.ndim)
    result_dtype = np.int64 if input.dtype.kind in "biu" else input.dtype
    if not input.ndim:
        return input.astype(result_dtype)
    return accumulate(input, axis=place, dtype=_wide(input)).astype(result_dtype, copy=False)


def _backwards(grad: Any, dim: int) -> Any:
    """Return running sums from the end."""
    return grad.flip(dim).cumsum(dim).flip(dim) if grad._array.ndim else grad


@op(
    "_cumsum",
    node="CumsumBackward0",
    method=False,
    inplace=True,
    input=lambda grad, dim: _backwards(grad, dim),
)
def cumsum_dim(input: Array, dim: int) -> Array:
    """Return running sums along a dimension."""
    return _run(np.add.accumulate, input, dim)


def cumsum(input: Tensor, dim: int, *, dtype: Any = None, out: Tensor | None = None) -> Tensor:
    """Return the running sums along a dimension.

    Args:
        input: a tensor; integers and bools are summed in int64.
        dim: the dimension.
        dtype: cast the input to this first.
        out: where to write the result.

    Raises:
        IndexError: the dimension is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.cumsum(torch.tensor([1, 2, 3]), 0)
        tensor([1, 3, 6])
    """
    return _in_dtype(cumsum_dim, input, dim, dtype, out)


def _in_dtype(along: Any, input: Tensor, dim: int, dtype: Any, out: Tensor | None) -> Tensor:
    if dtype is not None and input.dtype is not dtype:
        input = input._cast(numpy_dtype_of(dtype))
    result: Tensor = along(input, dim)
    return written(out, result)


def cumsum_(self: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Replace the elements by their running sums, in place."""
    out: Tensor = cumsum_dim.op.call_(_same("cumsum", self, dtype), dim)
    return out


def cumprod_(self: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Replace the elements by their running products, in place."""
    out: Tensor = cumprod_dim.op.call_(_same("cumprod", self, dtype), dim)
    return out


def _same(function: str, self: Tensor, dtype: Any) -> Tensor:
    if self._array.dtype.kind == "b":
        msg = f"\"{function}_out_cpu\" not implemented for 'Bool'"
        raise NotImplementedError(msg)
    if dtype is not None and dtype is not self.dtype:
        msg = (
            "Bad in-place call: input tensor dtype "
            f"{self.dtype} and output tensor dtype {dtype} should match"
        )
        raise RuntimeError(msg)
    return self


def _cumprod_grad(grad: Any, dim: int, input: Any, out: Any) -> Any:
    """Divide by each element; where one is zero, multiply the others instead."""
    array = input._array
    if not array.ndim:
        return grad
    if array.all():
        return _backwards(grad * out, dim) / input
    place = _check.dim(dim, array.ndim)
    length = array.shape[place]
    parts = []
    for position in range(length):
        one = input.narrow(place, position, 1)
        pieces = [
            input.narrow(place, 0, position),
            (one * 0 + 1).detach(),
            input.narrow(place, position + 1, length - position - 1),
        ]
        left_out = cumprod_dim(cat(pieces, place), place)
        rest = length - position
        weighted = grad.narrow(place, position, rest) * left_out.narrow(place, position, rest)
        parts.append(weighted.sum(place, True))
    return cat(parts, place) if parts else grad


@op("_cumprod", node="CumprodBackward0", method=False, inplace=True, input=_cumprod_grad)
def cumprod_dim(input: Array, dim: int) -> Array:
    """Return running products along a dimension."""
    return _run(np.multiply.accumulate, input, dim)


def cumprod(input: Tensor, dim: int, *, dtype: Any = None, out: Tensor | None = None) -> Tensor:
    """Return the running products along a dimension; arguments as for :func:`cumsum`.

    Example:
        >>> import penlight as torch
        >>> torch.cumprod(torch.tensor([1, 2, 3]), 0)
        tensor([1, 2, 6])
    """
    return _in_dtype(cumprod_dim, input, dim, dtype, out)


def _running_extreme(accumulate: Any, input: Array, dim: int) -> Saving:
    """Return running extremes and where the last of them was met; NaN, once met, stays."""
    place = _check.dim(dim, input.ndim)
    if not input.ndim:
        values, indices = input.copy(), np.zeros((), np.int64)
    else:
        values = accumulate(input, axis=place)
        shape = [1] * input.ndim
        shape[place] = -1
        count = np.arange(input.shape[place]).reshape(shape)
        met = (input == values) | (input != input)  # noqa: PLR0124 - NaN, in any dtype
        indices = np.maximum.accumulate(np.where(met, count, 0), axis=place)
    return Saving((values, indices), indices=wrap(indices))


def _to_met(grad: Any, dim: int, indices: Any, input_shape: tuple[int, ...]) -> Any:
    return grad.new_zeros(input_shape).scatter_add(dim, indices, grad) if input_shape else grad


@op(
    "cummax",
    out=True,
    outputs=2,
    saves=("indices",),
    result=named_result("cummax", "values", "indices"),
    input=_to_met,
)
def cummax(input: Array, dim: int) -> Any:
    """Return the running largest elements along a dimension, and where they are.

    Args:
        input: a tensor.
        dim: the dimension.

    Returns:
        A named pair ``(values, indices)``; of equals, ``indices`` names the last.

    Example:
        >>> import penlight as torch
        >>> torch.cummax(torch.tensor([1, 3, 2]), 0)
        torch.return_types.cummax(
        values=tensor([1, 3, 3]),
        indices=tensor([0, 1, 1]))
    """
    return _running_extreme(np.maximum.accumulate, input, dim)


@op(
    "cummin",
    out=True,
    outputs=2,
    saves=("indices",),
    result=named_result("cummin", "values", "indices"),
    input=_to_met,
)
def cummin(input: Array, dim: int) -> Any:
    """Return the running smallest elements along a dimension and where they are; as :func:`cummax`.

    Example:
        >>> import penlight as torch
        >>> torch.cummin(torch.tensor([3, 1, 2]), 0)
        torch.return_types.cummin(
        values=tensor([3, 1, 1]),
        indices=tensor([0, 1, 1]))
    """
    return _running_extreme(np.minimum.accumulate, input, dim)


def _logcumsumexp_grad(grad: Any, dim: int, input: Any, out: Any) -> Any:
    """Compute in logarithms, so that nothing overflows: positive and negative gradients apart.

    The least finite number stands for the logarithm of zero: with infinity, differences would be
    NaN.
    """
    if not input._array.ndim:
        return grad
    logarithm, least = grad.abs().log(), finfo(grad.dtype).min

    def reach(other_sign: Any) -> Any:
        shifted = (logarithm.masked_fill(other_sign, least) - out).flip(dim)
        return (logcumsumexp(shifted, dim).flip(dim) + input).exp()

    return reach(grad <= 0) - reach(grad >= 0)


@op("logcumsumexp", out=True, input=_logcumsumexp_grad)
def logcumsumexp(input: Array, dim: int) -> Array:
    """Return the logarithms of running sums of exponentials, without overflow.

    Raises:
        NotImplementedError: the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.logcumsumexp(torch.tensor([0.0, 0.0]), 0)
        tensor([0.0000, 0.6931])
    """
    place = _check.dim(dim, input.ndim)
    if input.dtype.kind in "biu":
        msg = f"\"logcumsumexp_out_cpu\" not implemented for '{_check.scalar_type(input)}'"
        raise NotImplementedError(msg)
    if not input.ndim:
        return input.copy()
    return np.logaddexp.accumulate(input.astype(_wide(input)), axis=place).astype(input.dtype)


def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Return the differences of neighbours along a dimension, taken ``n`` times.

    Args:
        input: a tensor of at least one dimension.
        n: how often.
        dim: the dimension.
        prepend: what to put before it first.
        append: what to put after it first.
        out: where to write the result.

    Raises:
        RuntimeError: the tensor is 0-d, or ``n`` is negative.

    Example:
        >>> import penlight as torch
        >>> torch.diff(torch.tensor([1, 4, 9]))
        tensor([3, 5])
    """
    if not input._array.ndim:
        msg = "diff expects input to be at least one-dimensional"
        raise RuntimeError(msg)
    if n < 0:
        msg = f"order must be non-negative but got {n}"
        raise RuntimeError(msg)
    place = _check.dim(dim, input._array.ndim)
    pieces = [piece for piece in (prepend, input, append) if piece is not None]
    if any(piece._array.ndim != input._array.ndim for piece in pieces):
        msg = "diff expects prepend or append to be the same dimension as input"
        raise RuntimeError(msg)
    if n == 0:  # torch: what is to be put around it is not then
        return written(out, input.new_zeros(input._array.shape).copy_(input))
    result: Any = cat(pieces, place) if len(pieces) > 1 else input
    length = result._array.shape[place]
    for _ in range(min(n, length)):
        rest = result._array.shape[place] - 1
        later, earlier = narrow(result, place, 1, rest), narrow(result, place, 0, rest)
        is_bool = result._array.dtype.kind == "b"
        result = later.logical_xor(earlier) if is_bool else later - earlier
    return written(out, result)


for _function in (cumsum, cumsum_, cumprod, cumprod_, diff):
    attach(_function)
