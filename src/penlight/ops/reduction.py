"""Sums, means, products and logic over dimensions."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY, dtype
from .._tensor import Array, Tensor
from . import _check
from ._op import attach, op
from ._reducing import (
    add_reduce,
    add_up,
    as_asked,
    converted,
    multiply_reduce,
    numpy_axis,
    restore,
    size,
    tupled,
    wide,
)
from ._results import written

Number = bool | int | float
Dims = int | tuple[int, ...] | None

__all__ = ["all", "any", "count_nonzero", "mean", "nanmean", "nansum", "prod", "sum"]


# ---- sums ----------------------------------------------------------------------------------------


def _accumulator(array: Array) -> Any:
    """Return the dtype that a sum has: int64 for integers and bool."""
    return np.int64 if array.dtype.kind in "biu" else array.dtype


def _sum(array: Array, dims: Any, keepdim: bool = False) -> Array:
    """Return sums in torch's dtype; half types are accumulated in float32 and rounded once."""
    kind = _accumulator(array)
    if array.dtype.itemsize == 2 and kind is array.dtype:
        return add_reduce(array, axis=dims, dtype=np.float32, keepdims=keepdim).astype(kind)
    return add_up(array, dims, kind, keepdim=keepdim)


@op(
    "_sum_all",
    node="SumBackward0",
    method=False,
    input=lambda grad, input_shape: grad.expand(input_shape),
)
def sum_all(input: Array) -> Array:
    """Return the sum of all elements."""
    return _sum(input, None)


@op(
    "_sum_dim",
    node="SumBackward1",
    method=False,
    input=lambda grad, dim, keepdim, input_shape: restore(
        grad, dim, keepdim, len(input_shape)
    ).expand(input_shape),
)
def sum_dim(input: Array, dim: Dims, keepdim: bool) -> Array:
    """Return the sums over dimensions."""
    return _sum(input, _check.dims(dim, input.ndim), keepdim)


def sum(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Add up all elements, or those along dimensions.

    Args:
        input: a tensor; integers and bools are summed in int64.
        dim: one dimension or several; all when not given.
        keepdim: keep the dimensions with length 1.
        dtype: cast the input to this first.
        out: where to write the result.
        axis: NumPy's name of ``dim``.
        keepdims: NumPy's name of ``keepdim``.

    Raises:
        IndexError: a dimension is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([[1, 2], [3, 4]]).sum(0)
        tensor([4, 6])
    """
    dim, keepdim = numpy_axis(axis, dim), builtins.bool(keepdims or keepdim)
    values = converted(input, dtype)
    result: Tensor = (
        sum_all(values) if dim is None and not keepdim else sum_dim(values, tupled(dim), keepdim)
    )
    return written(out, as_asked(result, dtype))


def _mean_dtype(array: Array) -> Any:
    if not FROM_NUMPY[array.dtype].is_floating_point:
        msg = (
            "mean(): could not infer output dtype. Input dtype must be either a floating point "
            "or complex "
            f"dtype. Got: {_check.scalar_type(array)}"
        )
        raise RuntimeError(msg)
    return array.dtype


@op(
    "_mean_all",
    node="MeanBackward0",
    method=False,
    input=lambda grad, input_shape: (grad / builtins.max(size(input_shape), 1)).expand(input_shape),
)
def mean_all(input: Array) -> Array:
    """Return the mean of all elements."""
    kind = _mean_dtype(input)
    total = add_up(input, None, wide(kind))
    return np.asarray(np.true_divide(total, input.size)).astype(kind)


@op(
    "_mean_dim",
    node="MeanBackward1",
    method=False,
    input=lambda grad, dim, keepdim, input_shape: (
        restore(grad, dim, keepdim, len(input_shape))
        / builtins.max(size(input_shape, _check.dims(dim, len(input_shape))), 1)
    ).expand(input_shape),
)
def mean_dim(input: Array, dim: Dims, keepdim: bool) -> Array:
    """Return the means over dimensions."""
    kind = _mean_dtype(input)
    dims = _check.dims(dim, input.ndim)
    total = add_up(input, dims, wide(kind), keepdim=keepdim)
    return np.true_divide(total, total.dtype.type(size(input.shape, dims))).astype(kind, copy=False)


def mean(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Average all elements, or those along dimensions; arguments as for :func:`sum`.

    Raises:
        RuntimeError: the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1.0, 4.0]).mean()
        tensor(2.5000)
    """
    dim, keepdim = numpy_axis(axis, dim), builtins.bool(keepdims or keepdim)
    values = converted(input, dtype)
    result: Tensor = (
        mean_all(values) if dim is None and not keepdim else mean_dim(values, tupled(dim), keepdim)
    )
    return written(out, result)


@op(
    "_nansum",
    node="NansumBackward0",
    method=False,
    input=lambda grad, dim, keepdim, input: (
        restore(grad, dim, keepdim, input._array.ndim) * input.isnan().logical_not()
    ),
)
def nansum_dim(input: Array, dim: Dims, keepdim: bool) -> Array:
    """Return the sums over dimensions of what is not NaN."""
    numbers = np.where(input != input, np.zeros((), input.dtype), input)  # noqa: PLR0124 - NaN
    return _sum(numbers, _check.dims(dim, input.ndim), keepdim)


def nansum(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Add up the elements that are not NaN; arguments as for :func:`sum`.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1.0, float("nan")]).nansum()
        tensor(1.)
    """
    values = converted(input, dtype)
    if not values.is_floating_point():
        return sum(values, dim, keepdim, out=out)
    return written(out, nansum_dim(values, tupled(dim), keepdim))


def nanmean(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Average the elements that are not NaN; arguments as for :func:`mean`.

    Raises:
        RuntimeError: the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1.0, float("nan"), 3.0]).nanmean()
        tensor(2.)
    """
    if not input.is_floating_point():
        msg = (
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{_check.scalar_type(input._array)}"
        )
        raise RuntimeError(msg)
    count = sum(~input.isnan(), dim, keepdim)
    return written(out, nansum(input, dim, keepdim, dtype=dtype) / count)


@op(
    "_prod_all",
    node="ProdBackward0",
    method=False,
    input=lambda grad, input, out: _prod_grad(grad, input, out),
)
def prod_all(input: Array) -> Array:
    """Return the product of all elements."""
    return _product(input, None)


def _product(array: Array, dims: Any, keepdim: bool = False) -> Array:
    """Return products in torch's dtype; half types are multiplied in float32 and rounded once."""
    kind = _accumulator(array)
    inner = np.float32 if array.dtype.itemsize == 2 and kind is array.dtype else kind
    return multiply_reduce(array, axis=dims, dtype=inner, keepdims=keepdim).astype(kind)


def _prod_grad(grad: Any, input: Any, out: Any) -> Any:
    """Divide by each element; where one is zero, multiply the others instead."""
    array = input._array
    if array.size and (array == 0).any():
        flat = input.reshape(-1)
        parts = [prod_all(_leave_out(flat, i)) for i in range(array.size)]
        from .join import stack  # noqa: PLC0415 - rules run after import

        return grad * stack(parts).reshape(array.shape)
    return grad * out / input


def _leave_out(flat: Any, index: int) -> Any:
    from .join import cat  # noqa: PLC0415 - rules run after import

    return cat([flat[:index], flat[index + 1 :]])


@op(
    "_prod_dim",
    node="ProdBackward1",
    method=False,
    input=lambda grad, dim, keepdim, input, out: _prod_dim_grad(grad, dim, keepdim, input, out),
)
def prod_dim(input: Array, dim: int, keepdim: bool) -> Array:
    """Return the products over a dimension."""
    return _product(input, _check.dims(dim, input.ndim), keepdim)


def _prod_dim_grad(grad: Any, dim: int, keepdim: bool, input: Any, out: Any) -> Any:
    ndim = input._array.ndim
    if not ndim:
        return _prod_grad(grad, input, out)
    grad, out = restore(grad, dim, keepdim, ndim), restore(out, dim, keepdim, ndim)
    if not (input._array == 0).any():
        return grad * out / input
    from .join import cat  # noqa: PLC0415 - rules run after import

    place = _check.dim(dim, ndim)
    length = input._array.shape[place]
    parts = [
        prod_dim(
            cat([input.narrow(place, 0, i), input.narrow(place, i + 1, length - i - 1)], place),
            place,
            True,
        )
        for i in range(length)
    ]
    return grad * cat(parts, place)


def prod(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Multiply all elements, or those along one dimension; arguments as for :func:`sum`.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([2, 3]).prod()
        tensor(6)
    """
    values = converted(input, dtype)
    result: Tensor = prod_all(values) if dim is None else prod_dim(values, dim, keepdim)
    return written(out, as_asked(result, dtype))


def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """Count the elements that are not zero.

    Example:
        >>> import penlight as torch
        >>> torch.count_nonzero(torch.tensor([0, 3, 4]))
        tensor(2)
    """
    return sum((input != 0).detach(), tupled(dim))


# ---- logic ---------------------------------------------------------------------------------------


def _logic_dims(dim: Any, ndim: int) -> tuple[int, ...]:
    # torch: of all reductions, these alone take an empty tuple to mean no dimension.
    return () if dim == () else _check.dims(dim, ndim)


@op("_all", method=False, quiet=True)
def all_dims(input: Array, dim: Any, keepdim: bool) -> Array:
    """Return whether all elements over dimensions are true; uint8 stays uint8."""
    out = np.all(input != 0, axis=_logic_dims(dim, input.ndim), keepdims=keepdim)
    return np.asarray(out).astype(np.uint8 if input.dtype == np.uint8 else bool)


@op("_any", method=False, quiet=True)
def any_dims(input: Array, dim: Any, keepdim: bool) -> Array:
    """Return whether any element over dimensions is true; uint8 stays uint8."""
    out = np.any(input != 0, axis=_logic_dims(dim, input.ndim), keepdims=keepdim)
    return np.asarray(out).astype(np.uint8 if input.dtype == np.uint8 else bool)


def all(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Tensor | None = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Say whether all elements, or those along dimensions, are true.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([True, False]).all()
        tensor(False)
    """
    result: Tensor = all_dims(
        input, tupled(numpy_axis(axis, dim)), builtins.bool(keepdims or keepdim)
    )
    return written(out, result)


def any(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Tensor | None = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Say whether any element, or any of those along dimensions, is true.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([True, False]).any()
        tensor(True)
    """
    result: Tensor = any_dims(
        input, tupled(numpy_axis(axis, dim)), builtins.bool(keepdims or keepdim)
    )
    return written(out, result)


def _count_nonzero_method(self: Tensor, dim: Any = None, *more: int) -> Tensor:
    """Count the elements that are not zero; see :func:`count_nonzero`."""
    return count_nonzero(self, (dim, *more) if more else dim)


for _name in __all__:
    attach(globals()[_name], _name)
attach(_count_nonzero_method, "count_nonzero")
