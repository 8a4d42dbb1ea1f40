"""Largest and smallest elements, where they are, and medians."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY
from .._tensor import Array, Tensor, wrap
from . import _check
from ._op import Saving, attach, op
from ._reducing import numpy_axis, restore
from ._results import named_result, written

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "median", "min", "nanmedian"]


def nonempty(function: str, array: Array, dim: Any) -> None:
    """Refuse an extreme over no elements; torch raises another type from each family."""
    if dim is None:
        if not array.size:
            msg = (
                f"{function}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
            raise (IndexError if function.startswith("arg") else RuntimeError)(msg)
        return
    for place in _check.dims(dim, array.ndim):
        if not array.shape[place]:
            msg = f"{function}(): Expected reduction dim {place} to have non-zero size."
            raise IndexError(msg)


def _spread(grad: Any, dim: Any, keepdim: bool, input: Any, out: Any) -> Any:
    """Share the gradient evenly among the elements that are the extreme."""
    ndim = input._array.ndim
    grad, out = restore(grad, dim, keepdim, ndim), restore(out, dim, keepdim, ndim)
    mask = (input == out) | (input.isnan() & out.isnan())
    return grad * mask / mask.sum(_check.dims(dim, ndim), True)


@op("amax", node="AmaxBackward0", out=True, input=_spread)
def amax(input: Array, dim: Any = (), keepdim: bool = False) -> Array:
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
    nonempty("amax", input, None if dim == () else dim)
    return np.asarray(np.amax(input, axis=_check.dims(dim, input.ndim), keepdims=keepdim))


@op("amin", node="AminBackward0", out=True, input=_spread)
def amin(input: Array, dim: Any = (), keepdim: bool = False) -> Array:
    """Return the smallest element over dimensions; arguments as for :func:`amax`.

    Example:
        >>> import penlight as torch
        >>> torch.amin(torch.tensor([[1, 2], [4, 3]]), 1)
        tensor([1, 3])
    """
    nonempty("amin", input, None if dim == () else dim)
    return np.asarray(np.amin(input, axis=_check.dims(dim, input.ndim), keepdims=keepdim))


@op(
    "_max_all",
    node="MaxBackward1",
    method=False,
    input=lambda grad, input, out: _spread(grad, None, False, input, out),
)
def max_all(input: Array) -> Array:
    """Return the largest element."""
    nonempty("max", input, None)
    return np.asarray(input.max())


@op(
    "_min_all",
    node="MinBackward1",
    method=False,
    input=lambda grad, input, out: _spread(grad, None, False, input, out),
)
def min_all(input: Array) -> Array:
    """Return the smallest element."""
    nonempty("min", input, None)
    return np.asarray(input.min())


def at_chosen(
    grad: Any, dim: int, keepdim: bool, indices: Any, input_shape: tuple[int, ...]
) -> Any:
    """Return zeros with the gradient at the chosen indices."""
    if not input_shape:
        return grad
    if not keepdim:
        grad, indices = grad.unsqueeze(dim), indices.unsqueeze(dim)
    return grad.new_zeros(input_shape).scatter_add(dim, indices, grad)


def _chosen(arg: Any, input: Array, dim: int, keepdim: bool) -> tuple[Array, Array]:
    place = _check.dim(dim, input.ndim)
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    where = np.expand_dims(arg(input, axis=place), place)
    values = np.take_along_axis(input, where, place)
    if keepdim:
        return values, where
    return values.squeeze(place), where.squeeze(place)


def saving_indices(found: tuple[Array, Array]) -> Saving:
    return Saving(found, indices=wrap(found[1]))


@op(
    "_max_dim",
    node="MaxBackward0",
    method=False,
    outputs=2,
    saves=("indices",),
    result=named_result("max", "values", "indices"),
    input=at_chosen,
)
def max_dim(input: Array, dim: int, keepdim: bool) -> Any:
    """Return the largest elements along a dimension and where they are."""
    nonempty("max", input, dim)
    return saving_indices(_chosen(np.argmax, input, dim, keepdim))


@op(
    "_min_dim",
    node="MinBackward0",
    method=False,
    outputs=2,
    saves=("indices",),
    result=named_result("min", "values", "indices"),
    input=at_chosen,
)
def min_dim(input: Array, dim: int, keepdim: bool) -> Any:
    """Return the smallest elements along a dimension and where they are."""
    nonempty("min", input, dim)
    return saving_indices(_chosen(np.argmin, input, dim, keepdim))


def max(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    other: Tensor | None = None,
    out: Any = None,
    axis: Any = None,
) -> Any:
    """Return the largest element, with ``dim`` also its place; of two tensors, the larger elements.

    Args:
        input: a tensor.
        dim: the dimension; or a second tensor, as for ``maximum``.
        keepdim: keep the dimension with length 1.
        other: a second tensor.
        out: where to write the result (a pair with ``dim``).
        axis: NumPy's name of ``dim``.

    Returns:
        A tensor, or a named pair ``(values, indices)`` when ``dim`` is given. Of equals,
        ``indices``
        names the first.

    Raises:
        RuntimeError: the tensor is empty.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1, 3, 2]).max()
        tensor(3)
    """
    return _extreme(
        "maximum", max_all, max_dim, input, (numpy_axis(axis, dim), keepdim, other, out)
    )


def min(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    other: Tensor | None = None,
    out: Any = None,
    axis: Any = None,
) -> Any:
    """Return the smallest element; with ``dim`` also where it is; arguments as for :func:`max`.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([3, 1, 2]).min(0)
        torch.return_types.min(
        values=tensor(1),
        indices=tensor(1))
    """
    return _extreme(
        "minimum", min_all, min_dim, input, (numpy_axis(axis, dim), keepdim, other, out)
    )


def _extreme(
    elementwise: str, of_all: Any, along: Any, input: Tensor, options: tuple[Any, ...]
) -> Any:
    dim, keepdim, other, out = options
    if isinstance(dim, Tensor) or other is not None:
        result = getattr(input, elementwise)(dim if other is None else other)
    elif dim is None:
        result = of_all(input)
    else:
        result = along(input, int(dim), keepdim)
    return written(out, result)


@op("argmax", quiet=True, out=True)
def argmax(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
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
def argmin(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """Return where the smallest element is; arguments as for :func:`argmax`.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([3, 1, 2]).argmin()
        tensor(1)
    """
    return _where_extreme("argmin", np.argmin, input, dim, keepdim)


def _where_extreme(function: str, arg: Any, input: Array, dim: int | None, keepdim: bool) -> Array:
    if input.dtype.kind == "b":
        msg = f"{function}(): does not support bool input"
        raise RuntimeError(msg)
    nonempty(function, input, dim)
    if dim is None:
        flat = np.asarray(arg(input))
        return flat.reshape((1,) * input.ndim) if keepdim else flat
    place = _check.dim(dim, input.ndim)
    if not input.ndim:
        return np.zeros((), np.int64)
    return np.asarray(arg(input, axis=place, keepdims=keepdim))


@op(
    "_aminmax",
    node="AminmaxBackward0",
    method=False,
    outputs=2,
    saves=("least", "most"),
    result=named_result("aminmax", "min", "max"),
    input=lambda grads, dim, keepdim, input, least, most: (
        _spread(grads[0], dim, keepdim, input, least) + _spread(grads[1], dim, keepdim, input, most)
    ),
)
def _aminmax(input: Array, dim: Any, keepdim: bool) -> Saving:
    dims = _check.dims(dim, input.ndim)
    for place in dims:
        if not input.shape[place]:
            if dim is None:
                msg = (
                    "aminmax(): cannot compute aminmax over an empty dimension as the operation "
                    "has "
                    "no identity."
                )
                raise RuntimeError(msg)
            msg = f"aminmax: Expected reduction dim {place} to have non-zero size."
            raise IndexError(msg)
    least = np.asarray(np.amin(input, axis=dims, keepdims=keepdim))
    most = np.asarray(np.amax(input, axis=dims, keepdims=keepdim))
    return Saving((least, most), least=wrap(least), most=wrap(most))


def aminmax(
    input: Tensor, *, dim: int | None = None, keepdim: bool = False, out: Any = None
) -> Any:
    """Return the smallest and the largest element, along a dimension if one is given.

    Returns:
        A named pair ``(min, max)``.

    Raises:
        RuntimeError: the tensor is empty.

    Example:
        >>> import penlight as torch
        >>> torch.aminmax(torch.tensor([3, 1, 2]))
        torch.return_types.aminmax(
        min=tensor(1),
        max=tensor(3))
    """
    return written(out, _aminmax(input, dim, keepdim))


# ---- medians -------------------------------------------------------------------------------------


def _argmedian(array: Array, axis: int, *, skip: bool = False) -> Array:
    """Return where the lower medians are; the first NaN counts as one unless NaNs are skipped."""
    values = array.astype(np.float32) if array.dtype.kind == "V" else array
    order = np.argsort(values, axis=axis, kind="stable")
    nans = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
    count = (~nans).sum(axis=axis, keepdims=True) if skip else array.shape[axis]
    middle = np.broadcast_to(np.maximum((count - 1) // 2, 0), [*_ones(array.shape, axis)])
    found = np.take_along_axis(order, middle, axis).squeeze(axis)
    if skip:
        return found
    return np.where(nans.any(axis=axis), np.argmax(nans, axis=axis), found)


def _ones(shape: tuple[int, ...], place: int) -> tuple[int, ...]:
    return (*shape[:place], 1, *shape[place + 1 :])


def _median_checked(function: str, input: Array) -> None:
    if input.dtype.kind == "b":
        msg = f"\"{function}\" not implemented for 'Bool'"
        raise NotImplementedError(msg)


def _median_all(function: str, name: str, node: str, *, skip: bool) -> Any:
    """Return the op for the median of all elements; its gradient is shared among equals."""

    def forward(input: Array) -> Array:
        _median_checked(function, input)
        if not input.size:
            if FROM_NUMPY[input.dtype].is_floating_point:
                return np.full((), np.nan, input.dtype)
            return np.asarray(np.iinfo(input.dtype).min, input.dtype)
        flat = input.reshape(-1)
        return flat[_argmedian(flat, 0, skip=skip)].reshape(())

    return op(
        name,
        node=node,
        method=False,
        quiet=True,
        input=lambda grad, input, out: _spread(grad, None, False, input, out),
    )(forward)


def _median_dim(function: str, name: str, node: str, *, skip: bool) -> Any:
    """Return the op for medians along a dimension, and where they are."""

    def forward(input: Array, dim: int, keepdim: bool) -> Saving:
        _median_checked(function, input)
        nonempty("median", input, dim)

        def where(array: Array, axis: int) -> Array:
            return _argmedian(array, axis, skip=skip)

        return saving_indices(_chosen(where, input, dim, keepdim))

    return op(
        name,
        node=node,
        method=False,
        quiet=True,
        outputs=2,
        saves=("indices",),
        result=named_result("nanmedian" if skip else "median", "values", "indices"),
        input=at_chosen,
    )(forward)


_medians = (
    _median_all("median_cpu", "_median_all", "MedianBackward0", skip=False),
    _median_dim("median_out", "_median_dim", "MedianBackward1", skip=False),
)
_nanmedians = (
    _median_all("median_cpu", "_nanmedian_all", "NanmedianBackward0", skip=True),
    _median_dim("median_out", "_nanmedian_dim", "NanmedianBackward1", skip=True),
)


def median(input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """Return the median, the lower of two in the middle; with ``dim`` also where it is.

    Args:
        input: a tensor; where it holds NaN, the median is NaN.
        dim: the dimension.
        keepdim: keep the dimension with length 1.
        out: where to write the result (a pair with ``dim``).

    Example:
        >>> import penlight as torch
        >>> torch.tensor([3, 1, 2, 4]).median()
        tensor(2)
    """
    of_all, along = _medians
    return written(out, of_all(input) if dim is None else along(input, dim, keepdim))


def nanmedian(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Any = None
) -> Any:
    """Return the median of what is not NaN; arguments as for :func:`median`.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([3.0, float("nan"), 1.0]).nanmedian()
        tensor(1.)
    """
    of_all, along = _nanmedians
    return written(out, of_all(input) if dim is None else along(input, dim, keepdim))


for _name in __all__:
    attach(globals()[_name], _name)
