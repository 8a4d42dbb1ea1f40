"""By masks and positions: masked_*, nonzero, take, put."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY
from .._tensor import Array, Tensor, wrap
from . import _check
from ._families import writing
from ._op import attach, op
from ._results import written
from ._runtime import check_written_shape
from .gathering import apart, cells, gather
from .indexing import index_put_zeros
from .join import cat

__all__ = [
    "argwhere",
    "masked_fill",
    "masked_scatter",
    "masked_select",
    "nonzero",
    "nonzero_static",
    "put",
    "take",
    "take_along_dim",
    "unravel_index",
]

Number = bool | int | float

# ---- by masks ------------------------------------------------------------------------------------


def _check_mask_dtype(function: str, mask: Array) -> None:
    if mask.dtype.kind != "b":
        got = FROM_NUMPY[mask.dtype]
        msg = f"{function} only supports boolean masks, but got mask with dtype {got}"
        raise RuntimeError(msg)


def _check_fill(input: Array, mask: Array) -> None:
    _check_mask_dtype("masked_fill_", mask)
    _check.broadcastable(input, mask)


def _write_masked(input: Array, mask: Array, value: Any) -> None:
    """Write a value where a mask is true, into an array that the mask broadcasts to."""
    if isinstance(value, np.ndarray):
        _check_single("masked_fill_", value)
    _check_fill(input, mask)
    check_written_shape(input, np.broadcast(input, mask))
    np.copyto(input, _check.number(value, input.dtype), where=mask)


@op(
    "_masked_fill",
    node="MaskedFillBackward0",
    method=False,
    inplace=True,
    write=_write_masked,
    quiet=True,
    input=lambda grad, mask, input_shape: masked_fill(grad, mask, 0)._sum_to(input_shape),
)
def masked_fill_number(input: Array, mask: Array, value: Number) -> Array:
    """Return a copy of ``input`` with a number where ``mask`` is true."""
    _check_fill(input, mask)
    return np.where(mask, _check.number(value, input.dtype), input)


@op(
    "_masked_fill_tensor",
    node="MaskedFillBackward1",
    method=False,
    inplace=True,
    write=_write_masked,
    quiet=True,
    input=lambda grad, mask, input_shape: masked_fill(grad, mask, 0)._sum_to(input_shape),
    value=lambda grad, mask, value_dtype: where_mask(grad, mask).sum()._cast(value_dtype),
)
def masked_fill_tensor(input: Array, mask: Array, value: Array) -> Array:
    """Return a copy of ``input`` with a 0-d tensor's value where ``mask`` is true."""
    _check_single("masked_fill_", value)
    _check_fill(input, mask)
    return np.where(mask, value.astype(input.dtype), input)


def _check_single(function: str, value: Array) -> None:
    if value.ndim:
        msg = (
            f"{function} only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
        raise RuntimeError(msg)


def where_mask(grad: Tensor, mask: Tensor) -> Tensor:
    """Return ``grad`` where ``mask`` is true and zero elsewhere."""
    return masked_fill(grad, ~mask, 0)


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Return a copy of ``input`` with ``value`` where ``mask`` is true.

    Args:
        input: a tensor.
        mask: bool; broadcasts with ``input``.
        value: a number or a 0-d tensor.

    Raises:
        RuntimeError: the mask is not bool, or the shapes do not broadcast.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1, 2]).masked_fill(torch.tensor([True, False]), 0)
        tensor([0, 2])
    """
    record = masked_fill_tensor if isinstance(value, Tensor) else masked_fill_number
    out: Tensor = record(input, mask, value)
    return out


def masked_fill_(self: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Write ``value`` where ``mask`` is true, in place."""
    record = masked_fill_tensor if isinstance(value, Tensor) else masked_fill_number
    out: Tensor = record.op.call_(self, mask, value)
    return out


attach(masked_fill)
attach(masked_fill_)


def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the elements where ``mask`` is true, in one dimension.

    Example:
        >>> import penlight as torch
        >>> torch.masked_select(torch.tensor([1, 2, 3]), torch.tensor([True, False, True]))
        tensor([1, 3])
    """
    result: Tensor = masked_select_elements(input, mask)
    return written(out, result)


attach(masked_select)


@op(
    "_masked_select",
    node="MaskedSelectBackward0",
    method=False,
    quiet=True,
    input=lambda grad, mask, input_shape: masked_scatter_zeros(grad, mask, input_shape),
)
def masked_select_elements(input: Array, mask: Array) -> Array:
    """Return the elements where ``mask`` is true."""
    if mask.dtype.kind != "b":
        msg = "masked_select: expected BoolTensor for mask"
        raise RuntimeError(msg)
    _check.broadcastable(input, mask)
    spread, chosen = np.broadcast_arrays(input, mask)
    return spread[chosen]


@op(
    "_masked_scatter_zeros",
    node="MaskedScatterBackward0",
    method=False,
    quiet=True,
    grad=lambda grad, mask: masked_select_elements(grad, mask),
)
def masked_scatter_zeros(grad: Array, mask: Array, shape: tuple[int, ...]) -> Array:
    """Return zeros of ``shape`` with ``grad`` added where ``mask`` is true."""
    full = np.zeros(np.broadcast_shapes(shape, mask.shape), grad.dtype)
    full[np.broadcast_to(mask, full.shape)] = grad
    extra = full.ndim - len(shape)
    dims = tuple(range(extra)) + tuple(
        extra + i for i, n in enumerate(shape) if n == 1 and full.shape[extra + i] != 1
    )
    return full.sum(axis=dims, dtype=grad.dtype).reshape(shape) if dims else full


@op(
    "masked_scatter",
    inplace=True,
    quiet=True,
    input=lambda grad, mask, input_shape: masked_fill(grad, mask, 0)._sum_to(input_shape),
    source=lambda grad, mask, source_shape: _scatter_source(grad, mask, source_shape),
)
def masked_scatter(input: Array, mask: Array, source: Array) -> Array:
    """Return a copy of ``input`` with elements of ``source``, in order, where ``mask`` is true.

    Raises:
        RuntimeError: ``source`` is too short, or the dtypes differ.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(3).masked_scatter(torch.tensor([True, False, True]), torch.ones(2))
        tensor([1., 0., 1.])
    """
    if mask.dtype.kind != "b":
        msg = "masked_scatter_ only supports boolean masks"
        raise RuntimeError(msg)
    if source.dtype != input.dtype:
        msg = (
            "masked_scatter: expected self and source to have same dtypes but got "
            f"{_check.scalar_type(input)} and {_check.scalar_type(source)}"
        )
        raise RuntimeError(msg)
    _check.broadcastable(input, mask)
    shape = np.broadcast_shapes(input.shape, mask.shape)
    out, chosen = np.array(np.broadcast_to(input, shape)), np.broadcast_to(mask, shape)
    count = int(np.count_nonzero(chosen))
    if source.size < count:
        msg = f"Number of elements of source < number of ones in mask: {source.size} < {count}"
        raise RuntimeError(msg)
    out[chosen] = source.reshape(-1)[:count]
    return out


def _scatter_source(grad: Tensor, mask: Tensor, shape: tuple[int, ...]) -> Tensor:
    chosen: Tensor = masked_select_elements(grad, mask)
    numel = int(np.prod(shape, dtype=np.int64))
    filled = chosen.new_zeros(numel - chosen.numel())
    return cat([chosen, filled]).reshape(shape)


# ---- positions -----------------------------------------------------------------------------------


def nonzero(input: Tensor, *, as_tuple: bool = False, out: Tensor | None = None) -> Any:
    """Return the positions of the elements that are not zero.

    Args:
        input: a tensor.
        as_tuple: one index tensor per dimension instead of one row per element.
        out: where to write the rows.

    Raises:
        RuntimeError: both ``as_tuple`` and ``out`` are given.

    Example:
        >>> import penlight as torch
        >>> torch.nonzero(torch.tensor([0, 3, 4]))
        tensor([[1],
                [2]])
    """
    array = input._array
    if as_tuple:
        if out is not None:
            msg = "nonzero does not support the out kwarg when as_tuple is True"
            raise RuntimeError(msg)
        return tuple(wrap(found) for found in np.atleast_1d(array).nonzero())
    return written(out, wrap(np.argwhere(array)))


def nonzero_static(
    input: Tensor, *, size: int, fill_value: int = -1, out: Tensor | None = None
) -> Tensor:
    """Return the positions of the first ``size`` elements that are not zero, a row each.

    Args:
        input: a tensor.
        size: how many rows.
        fill_value: what stands in the rows for which there is no element.
        out: where to write the result.

    Raises:
        RuntimeError: ``size`` is negative.

    Example:
        >>> import penlight as torch
        >>> torch.nonzero_static(torch.tensor([0, 3, 4]), size=3)
        tensor([[ 1],
                [ 2],
                [-1]])
    """
    if size < 0:
        msg = f"nonzero_static: 'size' must be an non-negative integer, got {size}"
        raise RuntimeError(msg)
    found = np.argwhere(input._array)[:size]
    rows = np.full((size, input._array.ndim), fill_value, np.int64)
    rows[: len(found)] = found
    return written(out, wrap(rows))


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Return, for numbers in row-major order, the index along each dimension.

    Args:
        indices: a tensor of integers.
        shape: the lengths that the numbers count through; an int for one dimension.

    Raises:
        TypeError: ``indices`` are no integers, or ``shape`` is not made of ints.
        ValueError: a length is negative.

    Example:
        >>> import penlight as torch
        >>> torch.unravel_index(torch.tensor([4, 1]), (3, 2))
        (tensor([2, 0]), tensor([0, 1]))
    """
    if indices._array.dtype.kind not in "iu":
        msg = f"expected 'indices' to be integer dtype, but got {indices.dtype}"
        raise TypeError(msg)
    if not isinstance(shape, (int, Sequence)):
        msg = f"expected 'shape' to be int or sequence of ints, but got {type(shape)}"
        raise TypeError(msg)
    lengths = (shape,) if isinstance(shape, int) else tuple(shape)
    for length in lengths:
        if not isinstance(length, int):
            msg = f"expected 'shape' sequence to only contain ints, but got {type(length)}"
            raise TypeError(msg)
        if length < 0:
            msg = f"'shape' cannot have negative values, but got {lengths}"
            raise ValueError(msg)
    steps = [_numel(lengths[place + 1 :]) for place in range(len(lengths))]
    parts: tuple[Tensor, ...] = (
        indices.unsqueeze(-1)
        .floor_divide(wrap(np.array(steps, np.int64)))
        .remainder(wrap(np.array(lengths, np.int64)))
        .unbind(-1)
    )
    return parts


def argwhere(input: Tensor) -> Tensor:
    """Return the positions of the elements that are not zero, a row each."""
    return wrap(np.argwhere(input._array))


attach(nonzero)
attach(nonzero_static)
attach(argwhere)


@op(
    "take",
    quiet=True,
    out=True,
    input=lambda grad, index, input_shape: index_put_zeros(
        grad.reshape(-1), (_numel(input_shape),), [index.reshape(-1)]
    ).reshape(input_shape),
)
def take(input: Array, index: Array) -> Array:
    """Take elements by their number in row-major order.

    Raises:
        IndexError: an index is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.take(torch.tensor([[1, 2], [3, 4]]), torch.tensor([3]))
        tensor([4])
    """
    _check_numbers("take", input, index)
    return input.reshape(-1)[index]


@writing(
    "put",
    quiet=True,
    input=lambda grad, index, accumulate: (
        grad if accumulate else put(grad, index, grad.new_zeros(index._array.shape))
    ),
    source=lambda grad, index, source_shape: take(grad, index).reshape(source_shape),
)
def put(input: Array, index: Array, source: Array, accumulate: bool = False) -> None:
    """Return a copy of ``input`` with ``source`` written by numbers in row-major order.

    Args:
        input: a tensor.
        index: int64.
        source: as many elements as ``index``, of the dtype of ``input``.
        accumulate: add instead of overwriting.

    Raises:
        IndexError: an index is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.put(torch.zeros(2, 2), torch.tensor([3]), torch.ones(1))
        tensor([[0., 0.],
                [0., 1.]])
    """
    _check_numbers("put_", input, index)
    if source.size != index.size:
        msg = (
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source.size}, index.numel() = {index.size}"
        )
        raise RuntimeError(msg)
    if source.dtype != input.dtype:
        msg = (
            "put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{FROM_NUMPY[input.dtype]} and source.dtype = {FROM_NUMPY[source.dtype]}"
        )
        raise RuntimeError(msg)
    if not index.size:
        return
    target = cells(input)
    key = np.unravel_index(index.reshape(-1) % input.size, target.shape)
    values = apart(source, input).reshape(-1)
    if accumulate:
        np.add.at(target, key, values)
    else:
        target[key] = values


def _check_numbers(function: str, input: Array, index: Array) -> None:
    if index.dtype != np.int64:
        msg = f"{function}(): Expected a long tensor for index, but got {_check.scalar_type(index)}"
        raise RuntimeError(msg)
    low, high = (int(index.min()), int(index.max())) if index.size else (0, -1)
    if index.size and not -input.size <= low <= high < input.size:
        bad = high if high >= input.size else low
        msg = f"out of range: tried to access index {bad} on a tensor of {input.size} elements."
        raise IndexError(msg)


def _numel(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def take_along_dim(
    input: Tensor, indices: Tensor, dim: int | None = None, *, out: Tensor | None = None
) -> Tensor:
    """Take elements along a dimension, broadcasting ``indices`` over the others.

    Args:
        input: a tensor.
        indices: int64; which elements.
        dim: the dimension; without it the tensors are flattened.
        out: where to write the result.

    Raises:
        RuntimeError: the shapes do not broadcast, or an index is out of bounds.

    Example:
        >>> import penlight as torch
        >>> torch.take_along_dim(torch.tensor([[2, 1]]), torch.tensor([[1, 0]]), dim=1)
        tensor([[1, 2]])
    """
    if dim is None:
        return take_along_dim(input.reshape(-1), indices.reshape(-1), 0, out=out)
    place = _check.dim(dim, input._array.ndim)
    length = input._array.shape[place]
    if indices._array.dtype.kind == "i":
        indices = wrap(np.where(indices._array < 0, indices._array + length, indices._array))
    shape = list(np.broadcast_shapes(_without(input, place), _without(indices, place)))
    wide = input.expand(_with(shape, place, input._array.shape[place]))
    chosen = indices.expand(_with(shape, place, indices._array.shape[place]))
    found: Tensor = gather(wide, place, chosen, out=out)
    return found


def _without(tensor: Tensor, place: int) -> tuple[int, ...]:
    shape = tensor._array.shape
    return (*shape[:place], 1, *shape[place + 1 :])


def _with(shape: list[int], place: int, length: int) -> tuple[int, ...]:
    return (*shape[:place], length, *shape[place + 1 :])


attach(take_along_dim)
