"""Indexing: ``x[…]`` read and written, gather, scatter, index_*, masked_*, take, nonzero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from .._dtype import FROM_NUMPY
from .._tensor import Array, Tensor, wrap
from . import _check
from ._families import writing
from ._op import attach, contiguous, op
from ._overlap import check_overlap
from ._tensor_calls import call
from .dims import unsqueeze
from .from_data import array_from
from .shape import alias, expand
from .view import select, slice_dim

__all__ = [
    "index_put",
]

Number = bool | int | float

# ---- x[key] --------------------------------------------------------------------------------------


def getitem(self: Tensor, key: Any) -> Tensor:
    """Return ``self[key]``: a view for ints, slices, ``None``, ``…``; a copy for index tensors."""
    out: Tensor | None = _getitem_plainly(self, key)
    if out is not None:
        return out
    viewed, indices = _apply_basic(self, _as_tuple(key))
    if not indices:
        return alias(self) if viewed is self else viewed
    return index(viewed, indices)


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """Write ``value`` to ``self[key]``; it broadcasts, and is cast to this tensor's dtype."""
    if key is False:
        return  # torch: nothing is chosen, and the value is not looked at
    key = (None,) if key is True else _as_tuple(key)
    viewed, indices = _apply_basic(self, key)
    if not isinstance(value, Tensor):
        value = wrap(_check.number(value, self._array.dtype))
    if indices:
        value = _for_mask(self, [item for item in key if not _is_basic(item)], value)
        index_put_(viewed, indices, value)
        return
    target = viewed._array.shape
    if value._array.shape == target:
        viewed.copy_(value)
    elif not value._array.ndim:
        check_overlap(viewed._array)
        viewed.fill_(value)
    else:
        while value._array.ndim > len(target) and value._array.shape[0] == 1:
            value = select(value, 0, 0)
        viewed.copy_(expand(value, target))


def _for_mask(self: Tensor, items: list[Any], value: Tensor) -> Tensor:
    """Cast a single value that one mask selects for, as torch does; other dtypes must match."""
    if value._array.size == 1 and len(items) == 1 and value._array.dtype != self._array.dtype:
        item = items[0]
        if (_is_array(item) and _kind_of(item) in "bu") or _holds_bools(item):
            return value._cast(self._array.dtype)
    return value


def _as_tuple(key: Any) -> tuple[Any, ...]:
    if isinstance(key, tuple):
        return key
    if isinstance(key, list) and any(
        isinstance(item, (slice, type(None), type(Ellipsis))) for item in key
    ):
        return tuple(key)
    return (key,)


def _is_basic(item: Any) -> bool:
    return (
        item is None
        or item is Ellipsis
        or isinstance(item, slice)
        or (
            not isinstance(item, (bool, np.bool_))
            and hasattr(item, "__index__")
            and not _is_array(item)
        )
    )


def _is_array(item: Any) -> bool:
    return isinstance(item, (Tensor, np.ndarray)) and (item.ndim > 0 or _kind_of(item) not in "iu")


def _kind_of(item: Any) -> str:
    kind: str = (item._array if isinstance(item, Tensor) else item).dtype.kind
    return kind


def _consumed(item: Any) -> int:
    """Return how many of the tensor's dimensions an item of a key takes up."""
    if item is None or item is Ellipsis or isinstance(item, (bool, np.bool_)):
        return 0
    if _is_array(item):
        return int(item.ndim) if _kind_of(item) in "bu" else 1
    if isinstance(item, (list, tuple)) and item and _holds_bools(item):
        return _index_array(item).ndim
    return 1


def _holds_bools(item: Any) -> bool:
    while isinstance(item, (list, tuple)) and item:
        item = item[0]
    return isinstance(item, (bool, np.bool_))


def _apply_basic(self: Tensor, key: tuple[Any, ...]) -> tuple[Tensor, list[Any]]:
    """Apply what makes views, one dimension at a time; return the view and the index tensors left.

    The list has one entry per dimension, ``None`` where the dimension is kept whole; it is empty
    when
    no index tensor is there.
    """
    taken = sum(map(_consumed, key))
    ndim = self._array.ndim
    if taken > ndim:
        _refuse_too_many(ndim)
    viewed, place, original = self, 0, 0
    indices: list[Any] = []
    for item in key:
        if item is Ellipsis:
            place += ndim - taken
            original += ndim - taken
        elif item is None:
            viewed = unsqueeze(viewed, place)
            place += 1
        elif isinstance(item, slice):
            viewed = _apply_slice(viewed, place, item)
            place += 1
            original += 1
        elif _is_basic(item):
            viewed = select(viewed, place, _checked_index(viewed, place, item, original))
            original += 1
        else:
            viewed, arrays = _index_arrays(viewed, place, item, original)
            indices += [None] * (place - len(indices)) + arrays
            place += len(arrays)
            original += _consumed(item)
    return viewed, indices


def _refuse_too_many(ndim: int) -> NoReturn:
    if ndim == 0:
        msg = (
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
            "`tensor.item<T>()` in C++ "
            "to convert a 0-dim tensor to a number"
        )
    else:
        msg = f"too many indices for tensor of dimension {ndim}"
    raise IndexError(msg)


def _checked_index(viewed: Tensor, place: int, item: Any, original: int) -> int:
    shape = viewed._array.shape
    if place >= len(shape):
        _refuse_too_many(len(shape))
    number = int(item.__index__())
    length = shape[place]
    if not -length <= number < length:
        msg = f"index {number} is out of bounds for dimension {original} with size {length}"
        raise IndexError(msg)
    return number


def _apply_slice(viewed: Tensor, place: int, item: slice) -> Tensor:
    step = 1 if item.step is None else int(item.step)
    if step == 0:
        msg = "slice step cannot be zero"
        raise ValueError(msg)
    if step < 0:
        msg = f"step must be greater than zero, got {step}"
        raise ValueError(msg)
    shape = viewed._array.shape
    if place >= len(shape):
        _refuse_too_many(len(shape))
    length = shape[place]
    start = None if item.start is None else int(item.start)
    stop = None if item.stop is None else int(item.stop)
    # torch: only a slice written as a whole one leaves no trace in the graph.
    if start in {None, 0} and (stop is None or stop >= length) and step == 1:
        return viewed
    first, last, _ = slice(start, stop).indices(length)
    out: Tensor = slice_dim(viewed, place, first, max(first, last), step)
    return out


def _index_array(item: Any) -> Array:
    """Return an item of a key as an array of integers or bools."""
    if isinstance(item, (Tensor, np.ndarray)):
        array = item._array if isinstance(item, Tensor) else item
    elif isinstance(item, (list, tuple, range)):
        array = array_from(list(item))
        array = array if array.size else array.astype(np.int64)
    elif isinstance(item, (str, bytes)):
        msg = f"new(): invalid data type '{type(item).__name__}'"
        raise TypeError(msg)
    else:
        msg = (
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
            "valid "
            f"indices (got {type(item).__name__})"
        )
        raise IndexError(msg)
    if array.dtype == np.uint8:
        _warn_about_bytes()
        return array.astype(bool)
    if array.dtype.kind not in "ib":
        msg = (
            "tensors used as indices must be long, int, byte or bool tensors, "
            f"got {FROM_NUMPY[array.dtype]}"
        )
        raise IndexError(msg)
    return array


def _warn_about_bytes() -> None:
    import warnings  # noqa: PLC0415 - rare

    warnings.warn(
        "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
        stacklevel=6,
    )


def _index_arrays(viewed: Tensor, place: int, item: Any, original: int) -> tuple[Tensor, list[Any]]:
    """Return an item of a key as int64 index arrays, one per dimension it takes up."""
    if isinstance(item, (bool, np.bool_)):
        found = np.zeros(1 if item else 0, np.int64)
        return unsqueeze(viewed, place), [wrap(found)]
    array = _index_array(item)
    if array.dtype.kind == "b":
        _check_mask(array, viewed._array, place, original)
        if not array.ndim:
            return unsqueeze(viewed, place), [wrap(np.zeros(1 if array else 0, np.int64))]
        return viewed, [wrap(found) for found in array.nonzero()]
    if isinstance(item, Tensor) and array.dtype == np.int64:
        return viewed, [item]  # itself, so that backward sees when it was written
    return viewed, [wrap(array.astype(np.int64, copy=False))]


def _check_mask(mask: Array, array: Array, place: int, original: int) -> None:
    for offset, length in enumerate(mask.shape):
        if length != array.shape[place + offset]:
            msg = (
                f"The shape of the mask {list(mask.shape)} at index {offset} does not match the "
                "shape of "
                f"the indexed tensor {list(array.shape)} at index {original + offset}"
            )
            raise IndexError(msg)


def _numpy_key(indices: Sequence[Array | None]) -> tuple[Any, ...]:
    return (*(slice(None) if found is None else found for found in indices), ...)


def _check_bounds(input: Array, indices: Sequence[Array | None]) -> None:
    """Refuse index values outside their dimension, naming the first."""
    for place, found in enumerate(indices):
        if found is None or not found.size:
            continue
        length = input.shape[place]
        low, high = int(found.min()), int(found.max())
        if low < -length or high >= length:
            bad = low if low < -length else high
            msg = f"index {bad} is out of bounds for dimension {place} with size {length}"
            raise IndexError(msg)
    _check_shapes(indices)


def _check_shapes(indices: Sequence[Array | None]) -> None:
    """Refuse index arrays that do not broadcast together."""
    try:
        np.broadcast_shapes(*(found.shape for found in indices if found is not None))
    except ValueError:
        shapes = ", ".join(str(list(found.shape)) for found in indices if found is not None)
        msg = (
            "shape mismatch: indexing tensors could not be broadcast together with shapes " + shapes
        )
        raise IndexError(msg) from None


@op(
    "_index",
    node="IndexBackward0",
    method=False,
    quiet=True,
    input=lambda grad, input_shape, indices: index_put_zeros(grad, input_shape, indices),
)
def index(input: Array, indices: Sequence[Array | None]) -> Array:
    """Return the elements that index arrays choose; ``None`` keeps a dimension whole."""
    _check_bounds(input, indices)
    if not input.flags.c_contiguous:
        return input[_numpy_key(indices)]
    # NumPy would put the chosen dimensions last in memory.
    given = [place for place, found in enumerate(indices) if found is not None]
    if len(given) == 1:
        only: Any = indices[given[0]]
        return input.take(only, given[0])
    return contiguous(input[_numpy_key(indices)])


_getitem_plainly = call("getitem", alias, select, slice_dim, unsqueeze, index)


@op(
    "_index_put_zeros",
    node="IndexPutBackward0",
    method=False,
    quiet=True,
    grad=lambda grad, indices: index(grad, indices),
)
def index_put_zeros(grad: Array, shape: tuple[int, ...], indices: Sequence[Array | None]) -> Array:
    """Return zeros of ``shape`` with ``grad`` added at index arrays."""
    out = np.zeros(shape, grad.dtype)
    add_at(out, indices, grad)
    return out


def add_at(out: Array, indices: Sequence[Array | None], values: Array) -> None:
    """Add ``values`` to ``out`` at index arrays, again for every repeated index."""
    np.add.at(out, _numpy_key(indices), values)


@writing(
    "_index_put",
    node="IndexPutBackward0",
    method=False,
    quiet=True,
    input=lambda grad, indices, accumulate: grad if accumulate else _index_zeroed(grad, indices),
    values=lambda grad, indices, values_shape: index(grad, indices)._sum_to(values_shape),
)
def _index_put(
    input: Array,
    indices: Sequence[Array | None],
    values: Array,
    accumulate: bool = False,
) -> None:
    _check_bounds(input, indices)
    key = _numpy_key(indices)
    target = np.broadcast_shapes(*(i.shape for i in indices if i is not None))
    if np.may_share_memory(input, values):
        values = values.copy()
    try:
        if not values.size:
            # NumPy takes any values where there are none.
            np.broadcast_to(values, input[key].shape)
        if accumulate:
            add_at(input, indices, values)
        else:
            input[key] = values
    except ValueError:
        msg = (
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to "
            "indexing "
            f"result of shape {list(input[key].shape if target else input.shape)}"
        )
        raise RuntimeError(msg) from None


def _index_zeroed(grad: Tensor, indices: Sequence[Tensor | None]) -> Tensor:
    out: Tensor = _index_put(grad, indices, wrap(np.zeros((), grad._array.dtype)))
    return out


def _as_indices(indices: Any) -> list[Any]:
    """Return index tensors with masks turned into positions."""
    found: list[Any] = []
    for item in indices:
        array = None if item is None else item._array
        if array is not None and array.dtype.kind == "b":
            found += [wrap(positions) for positions in array.nonzero()]
        else:
            found.append(item)
    return found


def index_put_(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Write ``values`` at index tensors, in place.

    Args:
        input: a tensor.
        indices: a tuple of index tensors (int64 or bool), one per dimension from the first.
        values: what to write; broadcast to the indexed shape.
        accumulate: add instead of overwriting; repeated indices then add up.

    Raises:
        IndexError: an index is out of bounds.
        RuntimeError: the shapes do not fit, or the dtypes differ.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(3).index_put_((torch.tensor([0, 0]),), torch.ones(2), accumulate=True)
        tensor([2., 0., 0.])
    """
    values = _for_mask(input, [item for item in indices if item is not None], values)
    places = _as_indices(indices)
    _check_shapes([None if item is None else item._array for item in places])
    if values._array.dtype != input._array.dtype:
        msg = (
            "Index put requires the source and destination dtypes match, got "
            f"{_check.scalar_type(input._array)} for the destination and "
            f"{_check.scalar_type(values._array)} for the source."
        )
        raise RuntimeError(msg)
    out: Tensor = _index_put_inplace(input, places, values, accumulate)
    return out


_index_put_inplace = _index_put.op.call_


def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Return a copy with ``values`` at index tensors; see :func:`index_put_`."""
    out: Tensor = _index_put(input, _as_indices(indices), values, accumulate)
    return out


attach(getitem, "__getitem__")
attach(setitem, "__setitem__")
attach(index_put_)
attach(index_put)
