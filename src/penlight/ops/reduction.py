"""Reductions: sums, means, extremes, variances, norms and logic over dimensions."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY, dtype
from .._tensor import Array, Tensor
from . import _check
from ._op import ZERO, attach, op
from ._results import named_result
from .creation import numpy_dtype_of

Number = bool | int | float
Dims = int | tuple[int, ...] | None

__all__ = [
    "all",
    "amax",
    "amin",
    "aminmax",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "logsumexp",
    "max",
    "mean",
    "median",
    "min",
    "nanmean",
    "nansum",
    "norm",
    "prod",
    "std",
    "std_mean",
    "sum",
    "var",
    "var_mean",
]


def _restore(grad: Tensor, dim: Any, keepdim: bool, ndim: int) -> Tensor:  # noqa: FBT001 - a rule's argument
    """Return a reduction's gradient with the dimensions it dropped back as ones."""
    if keepdim or not ndim:
        return grad
    for place in sorted(_check.dims(dim, ndim)):
        grad = grad.unsqueeze(place)  # type: ignore[attr-defined]
    return grad


def _converted(input: Tensor, wanted: dtype | None) -> Tensor:
    """Return the input in the ``dtype=`` a reduction was asked for."""
    if not isinstance(input, Tensor):
        msg = f"argument 'input' (position 1) must be Tensor, not {type(input).__name__}"
        raise TypeError(msg)
    if wanted is None or input.dtype is wanted:
        return input
    out: Tensor = input._cast(numpy_dtype_of(wanted))  # type: ignore[attr-defined]
    return out


def _numpy_axis(axis: Any, dim: Any) -> Any:
    return dim if axis is None else axis


# ---- sums -------------------------------------------------------------------------------------------


def _accumulator(array: Array) -> Any:
    """Return the dtype a sum is computed in: int64 for integers and bool."""
    return np.int64 if array.dtype.kind in "biu" else array.dtype


@op("_sum_all", node="SumBackward0", method=False, input=lambda grad, input_shape: grad.expand(input_shape))
def sum_all(input: Array) -> Array:
    """Return the sum of all elements."""
    return np.asarray(np.add.reduce(input, axis=None, dtype=_accumulator(input)))


@op(
    "_sum_dim",
    node="SumBackward1",
    method=False,
    input=lambda grad, dim, keepdim, input_shape: _restore(
        grad, dim, keepdim, len(input_shape)
    ).expand(input_shape),
)
def sum_dim(input: Array, dim: Dims, keepdim: bool) -> Array:  # noqa: FBT001 - the record's own
    """Return the sums over dimensions."""
    dims = _check.dims(dim, input.ndim)
    return np.add.reduce(input, axis=dims, dtype=_accumulator(input), keepdims=keepdim)


def sum(  # noqa: A001 - torch's name
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,  # noqa: FBT001, FBT002 - torch's signature
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
    dim, keepdim = _numpy_axis(axis, dim), builtins.bool(keepdims or keepdim)
    values = _converted(input, dtype)
    result: Tensor = sum_all(values) if dim is None and not keepdim else sum_dim(values, _tupled(dim), keepdim)
    return result if out is None else _written(out, result)


def _tupled(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, (list, tuple)) else dim


def _written(out: Any, result: Any) -> Any:
    from ._runtime import write_out  # noqa: PLC0415 - rare

    return write_out(out, lambda: result)


def _mean_dtype(array: Array) -> Any:
    if not FROM_NUMPY[array.dtype].is_floating_point:
        msg = (
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex "
            f"dtype. Got: {_check.scalar_type(array)}"
        )
        raise RuntimeError(msg)
    return array.dtype


@op(
    "_mean_all",
    node="MeanBackward0",
    method=False,
    input=lambda grad, input_shape: (grad / _size(input_shape)).expand(input_shape),
)
def mean_all(input: Array) -> Array:
    """Return the mean of all elements."""
    kind = _mean_dtype(input)
    total = np.add.reduce(input, axis=None, dtype=_wide(kind))
    return np.asarray(np.true_divide(total, input.size)).astype(kind)


def _size(shape: tuple[int, ...], dims: Any = None) -> int:
    return math.prod(shape) if dims is None else math.prod(shape[dim] for dim in dims)


def _wide(kind: Any) -> Any:
    """Return the dtype half types are accumulated in."""
    return np.float32 if kind.itemsize == 2 else kind  # noqa: PLR2004 - float16 and bfloat16


@op(
    "_mean_dim",
    node="MeanBackward1",
    method=False,
    input=lambda grad, dim, keepdim, input_shape: (
        _restore(grad, dim, keepdim, len(input_shape))
        / _size(input_shape, _check.dims(dim, len(input_shape)))
    ).expand(input_shape),
)
def mean_dim(input: Array, dim: Dims, keepdim: bool) -> Array:  # noqa: FBT001 - the record's own
    """Return the means over dimensions."""
    kind = _mean_dtype(input)
    dims = _check.dims(dim, input.ndim)
    total = np.add.reduce(input, axis=dims, dtype=_wide(kind), keepdims=keepdim)
    return np.true_divide(total, total.dtype.type(_size(input.shape, dims))).astype(kind, copy=False)


def mean(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,  # noqa: FBT001, FBT002 - torch's signature
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
    dim, keepdim = _numpy_axis(axis, dim), builtins.bool(keepdims or keepdim)
    values = _converted(input, dtype)
    result: Tensor = mean_all(values) if dim is None and not keepdim else mean_dim(values, _tupled(dim), keepdim)
    return result if out is None else _written(out, result)


def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Tensor:  # noqa: FBT001, FBT002
    """Add up the elements that are not NaN; arguments as for :func:`sum`.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1.0, float("nan")]).nansum()
        tensor(1.)
    """
    return sum(_without_nan(input), dim, keepdim, dtype=dtype)


def _without_nan(input: Tensor) -> Tensor:
    if not input.is_floating_point():
        return input
    out: Tensor = input.masked_fill(input.isnan(), 0)  # type: ignore[attr-defined]
    return out


def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Tensor:  # noqa: FBT001, FBT002
    """Average the elements that are not NaN; arguments as for :func:`mean`.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1.0, float("nan"), 3.0]).nanmean()
        tensor(2.)
    """
    count = sum(~input.isnan(), dim, keepdim)  # type: ignore[attr-defined]
    return nansum(input, dim, keepdim, dtype=dtype) / count  # type: ignore[operator, no-any-return]


@op("_prod_all", node="ProdBackward0", method=False, input=lambda grad, input, out: _prod_grad(grad, input, out))
def prod_all(input: Array) -> Array:
    """Return the product of all elements."""
    return np.asarray(np.multiply.reduce(input, axis=None, dtype=_accumulator(input)))


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
def prod_dim(input: Array, dim: int, keepdim: bool) -> Array:  # noqa: FBT001 - the record's own
    """Return the products over a dimension."""
    place = _check.dims(dim, input.ndim)
    return np.multiply.reduce(input, axis=place, dtype=_accumulator(input), keepdims=keepdim)


def _prod_dim_grad(grad: Any, dim: int, keepdim: bool, input: Any, out: Any) -> Any:  # noqa: FBT001
    ndim = input._array.ndim
    grad, out = _restore(grad, dim, keepdim, ndim), _restore(out, dim, keepdim, ndim)
    if not (input._array == 0).any():
        return grad * out / input
    from .join import cat  # noqa: PLC0415 - rules run after import

    place = _check.dim(dim, ndim)
    length = input._array.shape[place]
    parts = [
        prod_dim(cat([input.narrow(place, 0, i), input.narrow(place, i + 1, length - i - 1)], place), place, True)  # noqa: FBT003
        for i in range(length)
    ]
    return grad * cat(parts, place)


def prod(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,  # noqa: FBT001, FBT002 - torch's signature
    *,
    dtype: dtype | None = None,
) -> Tensor:
    """Multiply all elements, or those along one dimension; arguments as for :func:`sum`.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([2, 3]).prod()
        tensor(6)
    """
    values = _converted(input, dtype)
    out: Tensor = prod_all(values) if dim is None else prod_dim(values, dim, keepdim)
    return out


def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """Count the elements that are not zero.

    Example:
        >>> import penlight as torch
        >>> torch.count_nonzero(torch.tensor([0, 3, 4]))
        tensor(2)
    """
    return sum(input != 0, _tupled(dim))  # type: ignore[arg-type]


# ---- logic ------------------------------------------------------------------------------------------


@op("_all", method=False, quiet=True)
def all_dims(input: Array, dim: Any, keepdim: bool) -> Array:  # noqa: FBT001 - the record's own
    """Return whether all elements over dimensions are true; uint8 stays uint8."""
    out = np.all(input, axis=_check.dims(dim, input.ndim), keepdims=keepdim)
    return np.asarray(out).astype(np.uint8 if input.dtype == np.uint8 else bool)


@op("_any", method=False, quiet=True)
def any_dims(input: Array, dim: Any, keepdim: bool) -> Array:  # noqa: FBT001 - the record's own
    """Return whether any element over dimensions is true; uint8 stays uint8."""
    out = np.any(input, axis=_check.dims(dim, input.ndim), keepdims=keepdim)
    return np.asarray(out).astype(np.uint8 if input.dtype == np.uint8 else bool)


def all(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Any = None, axis: Any = None, keepdims: Any = None) -> Tensor:  # noqa: A001, FBT001, FBT002
    """Say whether all elements, or those along dimensions, are true.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([True, False]).all()
        tensor(False)
    """
    result: Tensor = all_dims(input, _tupled(_numpy_axis(axis, dim)), builtins.bool(keepdims or keepdim))
    return result if out is None else _written(out, result)


def any(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Any = None, axis: Any = None, keepdims: Any = None) -> Tensor:  # noqa: A001, FBT001, FBT002
    """Say whether any element, or any of those along dimensions, is true.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([True, False]).any()
        tensor(True)
    """
    result: Tensor = any_dims(input, _tupled(_numpy_axis(axis, dim)), builtins.bool(keepdims or keepdim))
    return result if out is None else _written(out, result)


# ---- extremes ---------------------------------------------------------------------------------------


def _nonempty(function: str, array: Array, dim: Any) -> None:
    """Refuse an extreme over no elements."""
    dims = _check.dims(dim, array.ndim)
    if dim is None and not array.size:
        msg = f"{function}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument."
        raise RuntimeError(msg)
    for place in dims:
        if array.ndim and not array.shape[place]:
            msg = f"{function}(): Expected reduction dim {place} to have non-zero size."
            raise IndexError(msg)


def _spread(grad: Any, dim: Any, keepdim: bool, input: Any, out: Any) -> Any:  # noqa: FBT001 - a rule's argument
    """Share the gradient evenly among the elements that are the extreme."""
    ndim = input._array.ndim
    grad, out = _restore(grad, dim, keepdim, ndim), _restore(out, dim, keepdim, ndim)
    mask = (input == out) | (input.isnan() & out.isnan())
    return grad * mask / sum(mask, _check.dims(dim, ndim), True)  # noqa: FBT003


@op("amax", node="AmaxBackward0", quiet=True, out=True, input=_spread)
def amax(input: Array, dim: Any = (), keepdim: bool = False) -> Array:  # noqa: FBT001, FBT002
    """Return the largest element over dimensions; its gradient is shared among equals.

    Args:
        input: a tensor.
        dim: one dimension or several; all when empty.
        keepdim: keep the dimensions with length 1.

    Example:
        >>> import penlight as torch
        >>> torch.amax(torch.tensor([[1, 2], [4, 3]]), 1)
        tensor([2, 4])
    """
    _nonempty("amax", input, dim or None)
    return np.asarray(np.amax(input, axis=_check.dims(dim, input.ndim), keepdims=keepdim))


@op("amin", node="AminBackward0", quiet=True, out=True, input=_spread)
def amin(input: Array, dim: Any = (), keepdim: bool = False) -> Array:  # noqa: FBT001, FBT002
    """Return the smallest element over dimensions; arguments as for :func:`amax`.

    Example:
        >>> import penlight as torch
        >>> torch.amin(torch.tensor([[1, 2], [4, 3]]), 1)
        tensor([1, 3])
    """
    _nonempty("amin", input, dim or None)
    return np.asarray(np.amin(input, axis=_check.dims(dim, input.ndim), keepdims=keepdim))


@op("_max_all", node="MaxBackward1", method=False, quiet=True, input=lambda grad, input, out: _spread(grad, None, False, input, out))
def max_all(input: Array) -> Array:
    """Return the largest element."""
    _nonempty("max", input, None)
    return np.asarray(input.max())


@op("_min_all", node="MinBackward1", method=False, quiet=True, input=lambda grad, input, out: _spread(grad, None, False, input, out))
def min_all(input: Array) -> Array:
    """Return the smallest element."""
    _nonempty("min", input, None)
    return np.asarray(input.min())


def _at(grad: Any, dim: int, keepdim: bool, indices: Any, shape: tuple[int, ...]) -> Any:  # noqa: FBT001
    """Return zeros with the gradient at the chosen indices."""
    if not shape:
        return grad
    if not keepdim:
        grad, indices = grad.unsqueeze(dim), indices.unsqueeze(dim)
    return grad.new_zeros(shape).scatter_add(dim, indices, grad)


def _chosen(arg: Any, input: Array, dim: int, keepdim: bool) -> tuple[Array, Array]:  # noqa: FBT001
    place = _check.dim(dim, input.ndim)
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    where = np.expand_dims(arg(input, axis=place), place)
    values = np.take_along_axis(input, where, place)
    if keepdim:
        return values, where
    return values.squeeze(place), where.squeeze(place)


def _saving_indices(found: tuple[Array, Array]) -> Any:
    from ._op import Saving  # noqa: PLC0415

    return Saving(found, indices=_wrapped(found[1]))


def _wrapped(array: Array) -> Tensor:
    from .._tensor import wrap  # noqa: PLC0415

    return wrap(array)


@op(
    "_max_dim",
    node="MaxBackward0",
    method=False,
    quiet=True,
    outputs=2,
    saves=("indices",),
    result=named_result("max", "values", "indices"),
    input=lambda grad, dim, keepdim, indices, input_shape: _at(grad, dim, keepdim, indices, input_shape),
)
def max_dim(input: Array, dim: int, keepdim: bool) -> Any:  # noqa: FBT001 - the record's own
    """Return the largest elements along a dimension and where they are."""
    _nonempty("max", input, dim)
    return _saving_indices(_chosen(np.argmax, input, dim, keepdim))


@op(
    "_min_dim",
    node="MinBackward0",
    method=False,
    quiet=True,
    outputs=2,
    saves=("indices",),
    result=named_result("min", "values", "indices"),
    input=lambda grad, dim, keepdim, indices, input_shape: _at(grad, dim, keepdim, indices, input_shape),
)
def min_dim(input: Array, dim: int, keepdim: bool) -> Any:  # noqa: FBT001 - the record's own
    """Return the smallest elements along a dimension and where they are."""
    _nonempty("min", input, dim)
    return _saving_indices(_chosen(np.argmin, input, dim, keepdim))


def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None, out: Any = None, axis: Any = None) -> Any:  # noqa: A001, FBT001, FBT002
    """Return the largest element; with ``dim`` also where it is; of two tensors, the larger elements.

    Args:
        input: a tensor.
        dim: the dimension; or a second tensor, as for ``maximum``.
        keepdim: keep the dimension with length 1.
        other: a second tensor.
        out: where to write the result (a pair with ``dim``).
        axis: NumPy's name of ``dim``.

    Returns:
        A tensor, or a named pair ``(values, indices)`` when ``dim`` is given. Of equals, ``indices``
        names the first.

    Raises:
        RuntimeError: the tensor is empty.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1, 3, 2]).max()
        tensor(3)
    """
    return _extreme("maximum", max_all, max_dim, input, (_numpy_axis(axis, dim), keepdim, other, out))


def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None, out: Any = None, axis: Any = None) -> Any:  # noqa: A001, FBT001, FBT002
    """Return the smallest element; with ``dim`` also where it is; arguments as for :func:`max`.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([3, 1, 2]).min(0)
        torch.return_types.min(
        values=tensor(1),
        indices=tensor(1))
    """
    return _extreme("minimum", min_all, min_dim, input, (_numpy_axis(axis, dim), keepdim, other, out))


def _extreme(elementwise: str, of_all: Any, along: Any, input: Tensor, options: tuple[Any, ...]) -> Any:
    dim, keepdim, other, out = options
    if isinstance(dim, Tensor) or other is not None:
        result = getattr(input, elementwise)(dim if other is None else other)
    elif dim is None:
        result = of_all(input)
    else:
        result = along(input, int(dim), keepdim)
    return result if out is None else _written(out, result)


@op("argmax", quiet=True, out=True)
def argmax(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:  # noqa: FBT001, FBT002
    """Return where the largest element is, the first of equals.

    Args:
        input: a tensor.
        dim: the dimension; without it, the number in row-major order.
        keepdim: keep the dimension with length 1.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1, 3, 2]).argmax()
        tensor(1)
    """
    return _where_extreme("argmax", np.argmax, input, dim, keepdim)


@op("argmin", quiet=True, out=True)
def argmin(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:  # noqa: FBT001, FBT002
    """Return where the smallest element is; arguments as for :func:`argmax`.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([3, 1, 2]).argmin()
        tensor(1)
    """
    return _where_extreme("argmin", np.argmin, input, dim, keepdim)


def _where_extreme(function: str, arg: Any, input: Array, dim: int | None, keepdim: bool) -> Array:  # noqa: FBT001
    _nonempty(function, input, dim)
    if dim is None:
        flat = np.asarray(arg(input))
        return flat.reshape((1,) * input.ndim) if keepdim else flat
    place = _check.dim(dim, input.ndim)
    if not input.ndim:
        return np.zeros((), np.int64)
    return np.asarray(arg(input, axis=place, keepdims=keepdim))


def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the smallest and the largest element, along a dimension if one is given.

    Example:
        >>> import penlight as torch
        >>> torch.aminmax(torch.tensor([3, 1, 2]))
        torch.return_types.aminmax(
        min=tensor(1),
        max=tensor(3))
    """
    dims = () if dim is None else dim
    return _aminmax(amin(input, dims, keepdim), amax(input, dims, keepdim))


_aminmax = named_result("aminmax", "min", "max")


@op(
    "_median_dim",
    node="MedianBackward1",
    method=False,
    quiet=True,
    outputs=2,
    saves=("indices",),
    result=named_result("median", "values", "indices"),
    input=lambda grad, dim, keepdim, indices, input_shape: _at(grad, dim, keepdim, indices, input_shape),
)
def median_dim(input: Array, dim: int, keepdim: bool) -> Any:  # noqa: FBT001 - the record's own
    """Return the lower medians along a dimension and where they are."""
    return _saving_indices(_chosen(_argmedian, input, dim, keepdim))


def _argmedian(array: Array, axis: int) -> Array:
    order = np.argsort(array, axis=axis, kind="stable")
    middle = np.take(order, (array.shape[axis] - 1) // 2, axis=axis)
    if array.dtype.kind == "f":
        nans = np.isnan(array)
        return np.where(nans.any(axis=axis), np.argmax(nans, axis=axis), middle)
    return middle


def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:  # noqa: FBT001, FBT002
    """Return the median, the lower of two in the middle; with ``dim`` also where it is.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([3, 1, 2, 4]).median()
        tensor(2)
    """
    if dim is not None:
        return median_dim(input, dim, keepdim)
    return median_dim(input.reshape(-1), 0, False)[0]  # type: ignore[attr-defined] # noqa: FBT003


# ---- variances --------------------------------------------------------------------------------------


def _freedom(shape: tuple[int, ...], dim: Any, correction: float) -> float:
    return builtins.max(0.0, _size(shape, _check.dims(dim, len(shape)) if shape else None) - correction)


def _var_grad(grad: Any, dim: Any, correction: float, keepdim: bool, input: Any) -> Any:  # noqa: FBT001
    shape = input._array.shape
    freedom = _freedom(shape, dim, correction)
    centred = input - mean(input, dim, True)  # noqa: FBT003
    return _restore(grad, dim, keepdim, len(shape)) * (2.0 / freedom if freedom else math.inf) * centred


def _variance(input: Array, dim: Any, correction: float, keepdim: bool) -> Array:  # noqa: FBT001
    if not FROM_NUMPY[input.dtype].is_floating_point:
        msg = "std and var only support floating point and complex dtypes"
        raise RuntimeError(msg)
    dims = _check.dims(dim, input.ndim)
    wide = input.astype(np.float64 if input.dtype.itemsize > 2 else np.float32)  # noqa: PLR2004 - halves
    centred = wide - wide.mean(axis=dims, keepdims=True)
    freedom = _freedom(input.shape, dim, correction)
    return np.asarray(np.true_divide((centred * centred).sum(axis=dims, keepdims=keepdim), freedom))


@op("_var", node="VarBackward0", method=False, input=_var_grad)
def var_dims(input: Array, dim: Any, correction: float, keepdim: bool) -> Array:  # noqa: FBT001
    """Return variances over dimensions."""
    return _variance(input, dim, correction, keepdim).astype(input.dtype)


@op(
    "_std",
    node="StdBackward0",
    method=False,
    input=lambda grad, dim, correction, keepdim, input, out: _var_grad(
        (grad / (out * 2)).masked_fill(out == 0, 0), dim, correction, keepdim, input
    ),
)
def std_dims(input: Array, dim: Any, correction: float, keepdim: bool) -> Array:  # noqa: FBT001
    """Return standard deviations over dimensions."""
    return np.sqrt(_variance(input, dim, correction, keepdim)).astype(input.dtype)


def _spread_arguments(dim: Any, unbiased: Any, correction: Any) -> tuple[Any, float]:
    """Return dimensions and correction from torch's overloads: ``var(unbiased)``, ``var(dim, unbiased)``."""
    if isinstance(dim, builtins.bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    return _tupled(dim), correction


def var(input: Tensor, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None, axis: Any = None) -> Tensor:  # noqa: FBT001, FBT002
    """Return the variance of all elements, or along dimensions.

    Args:
        input: a floating tensor.
        dim: one dimension or several; all when not given.
        unbiased: divide by one less than the number of elements (the default).
        keepdim: keep the dimensions with length 1.
        correction: what to subtract from the number of elements; 1 when not given.
        axis: NumPy's name of ``dim``.

    Raises:
        RuntimeError: the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1.0, 3.0]).var()
        tensor(2.)
    """
    dims, correction = _spread_arguments(_numpy_axis(axis, dim), unbiased, correction)
    out: Tensor = var_dims(input, dims, correction, keepdim)
    return out


def std(input: Tensor, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None, axis: Any = None) -> Tensor:  # noqa: FBT001, FBT002
    """Return the standard deviation of all elements, or along dimensions; arguments as for :func:`var`.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1.0, 3.0]).std()
        tensor(1.4142)
    """
    dims, correction = _spread_arguments(_numpy_axis(axis, dim), unbiased, correction)
    out: Tensor = std_dims(input, dims, correction, keepdim)
    return out


def var_mean(input: Tensor, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None) -> Any:  # noqa: FBT001, FBT002
    """Return :func:`var` and :func:`mean` as a pair.

    Example:
        >>> import penlight as torch
        >>> torch.var_mean(torch.tensor([1.0, 3.0]))
        (tensor(2.), tensor(2.))
    """
    dims, correction = _spread_arguments(dim, unbiased, correction)
    return var_dims(input, dims, correction, keepdim), mean(input, dims, keepdim)


def std_mean(input: Tensor, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None) -> Any:  # noqa: FBT001, FBT002
    """Return :func:`std` and :func:`mean` as a pair.

    Example:
        >>> import penlight as torch
        >>> torch.std_mean(torch.tensor([1.0, 3.0]))
        (tensor(1.4142), tensor(2.))
    """
    dims, correction = _spread_arguments(dim, unbiased, correction)
    return std_dims(input, dims, correction, keepdim), mean(input, dims, keepdim)


# ---- norms ------------------------------------------------------------------------------------------


@op(
    "logsumexp",
    input=lambda grad, dim, keepdim, input, out: _restore(grad, dim, keepdim, input._array.ndim)
    * (input - _restore(out, dim, keepdim, input._array.ndim)).exp(),
    out=True,
)
def logsumexp(input: Array, dim: Any, keepdim: bool = False) -> Array:  # noqa: FBT001, FBT002
    """Return the logarithm of the sum of exponentials over dimensions, without overflow.

    Args:
        input: a tensor; integers give the default floating dtype.
        dim: one dimension or several.
        keepdim: keep the dimensions with length 1.

    Example:
        >>> import penlight as torch
        >>> torch.logsumexp(torch.tensor([1000.0, 1000.0]), 0)
        tensor(1000.6931)
    """
    dims = _check.dims(dim, input.ndim)
    values = input if input.dtype.kind == "f" else input.astype(numpy_dtype_of(None))
    top = np.max(values, axis=dims, keepdims=True, initial=-math.inf)
    shift = np.where(np.isfinite(top), top, 0).astype(values.dtype)
    total = np.add.reduce(np.exp(values - shift), axis=dims, keepdims=keepdim)
    shift = shift if keepdim else shift.squeeze(dims)
    return np.asarray(np.log(total) + shift).astype(values.dtype, copy=False)


def _norm_grad(grad: Any, p: float, dim: Any, keepdim: bool, input: Any, out: Any) -> Any:  # noqa: FBT001
    ndim = input._array.ndim
    grad, out = _restore(grad, dim, keepdim, ndim), _restore(out, dim, keepdim, ndim)
    if p == 0:
        return ZERO(input)
    if math.isinf(p):
        hit = input.abs() == out
        return grad * input.sgn() * hit / sum(hit, _check.dims(dim, ndim), True)  # noqa: FBT003
    if p == 1:
        return grad * input.sgn()
    if p == 2:  # noqa: PLR2004
        return (grad * (input / out)).masked_fill(out == 0, 0)
    scale = (grad / out ** (p - 1)).masked_fill(out == 0, 0)
    return scale * input.abs() ** (p - 1) * input.sgn()


@op("_norm", node="LinalgVectorNormBackward0", method=False, input=_norm_grad)
def vector_norm(input: Array, p: float, dim: Any, keepdim: bool) -> Array:  # noqa: FBT001 - the record's own
    """Return the p-norm over dimensions."""
    dims = _check.dims(dim, input.ndim)
    wide = np.abs(input.astype(_wide(input.dtype), copy=False))
    reduced: Any
    if p == 0:
        reduced = np.count_nonzero(wide, axis=dims, keepdims=keepdim)
    elif p == math.inf:
        reduced = np.max(wide, axis=dims, keepdims=keepdim, initial=0)
    elif p == -math.inf:
        reduced = np.min(wide, axis=dims, keepdims=keepdim)
    elif p == 1:
        reduced = np.add.reduce(wide, axis=dims, keepdims=keepdim)
    elif p == 2:  # noqa: PLR2004
        reduced = np.sqrt(np.add.reduce(wide * wide, axis=dims, keepdims=keepdim))
    else:
        reduced = np.add.reduce(wide**p, axis=dims, keepdims=keepdim) ** (1.0 / p)
    return np.asarray(reduced).astype(input.dtype)


def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None, dtype: dtype | None = None) -> Tensor:  # noqa: FBT001, FBT002
    """Return the p-norm of all elements, or along dimensions.

    Args:
        input: a floating tensor.
        p: a number, ``inf``, ``-inf``, or ``"fro"`` for 2.
        dim: one dimension or several; all when not given.
        keepdim: keep the dimensions with length 1.
        out: where to write the result.
        dtype: cast the input to this first.

    Raises:
        RuntimeError: the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([3.0, 4.0]).norm()
        tensor(5.)
    """
    values = _converted(input, dtype)
    if not values.is_floating_point():
        msg = (
            "linalg.vector_norm: Expected a floating point or complex tensor as input. "
            f"Got {_check.scalar_type(values._array)}"
        )
        raise RuntimeError(msg)
    if p == "nuc":
        msg = "norm: the nuclear norm is not in penlight yet; the p-norms and 'fro' are"
        raise NotImplementedError(msg)
    power = 2.0 if p in {"fro", None} else float(p)
    result: Tensor = vector_norm(values, power, _tupled(dim), keepdim)
    return result if out is None else _written(out, result)


for _name in __all__:
    attach(globals()[_name], _name)
