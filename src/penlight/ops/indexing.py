"""Indexing: ``x[…]`` read and written, gather, scatter, index_*, masked_*, take, nonzero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from .._dtype import FROM_NUMPY
from .._tensor import Array, Tensor, wrap
from . import _check
from ._op import attach, op
from ._results import written
from .creation import array_from
from .join import cat
from .view import alias, expand, select, slice_dim, unsqueeze

__all__ = [
    "argwhere",
    "gather",
    "index_add",
    "index_copy",
    "index_fill",
    "index_put",
    "index_select",
    "masked_fill",
    "masked_scatter",
    "masked_select",
    "nonzero",
    "put",
    "scatter",
    "scatter_add",
    "take",
    "take_along_dim",
]

Number = bool | int | float

# ---- x[key] --------------------------------------------------------------------------------------


def getitem(self: Tensor, key: Any) -> Tensor:
    """Return ``self[key]``: a view for ints, slices, ``None`` and ``…``; a copy for index tensors."""
    if key.__class__ is int:
        out: Tensor = select(self, 0, _checked_index(self, 0, key, 0))
        return out
    viewed, indices = _apply_basic(self, _as_tuple(key))
    if not indices:
        return alias(self) if viewed is self else viewed  # type: ignore[no-any-return]
    out = index(viewed, indices)
    return out


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """Write ``value`` to ``self[key]``; it broadcasts, and is cast to this tensor's dtype."""
    key = _as_tuple(key)
    viewed, indices = _apply_basic(self, key)
    if not isinstance(value, Tensor):
        value = wrap(np.asarray(value).astype(self._array.dtype))
    if indices:
        value = _for_mask(self, [item for item in key if not _is_basic(item)], value)
        index_put_(viewed, indices, value)
        return
    target = viewed._array.shape
    if value._array.shape == target:
        viewed.copy_(value)  # type: ignore[attr-defined]
    elif not value._array.ndim:
        viewed.fill_(value)  # type: ignore[attr-defined]
    else:
        while value._array.ndim > len(target) and value._array.shape[0] == 1:
            value = select(value, 0, 0)
        viewed.copy_(expand(value, target))  # type: ignore[attr-defined]


def _for_mask(self: Tensor, items: list[Any], value: Tensor) -> Tensor:
    """Cast a single value that one mask alone selects for, as torch does; other dtypes must match."""
    if value._array.size == 1 and len(items) == 1 and value._array.dtype != self._array.dtype:
        item = items[0]
        if (_is_array(item) and _kind_of(item) in "bu") or _holds_bools(item):
            return value._cast(self._array.dtype)  # type: ignore[attr-defined, no-any-return]
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

    The list has one entry per dimension, ``None`` where the dimension is kept whole; it is empty when
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
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ "
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
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
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
    import warnings

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
    return viewed, [wrap(array.astype(np.int64, copy=False))]


def _check_mask(mask: Array, array: Array, place: int, original: int) -> None:
    for offset, length in enumerate(mask.shape):
        if length != array.shape[place + offset]:
            msg = (
                f"The shape of the mask {list(mask.shape)} at index {offset} does not match the shape of "
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
    return input[_numpy_key(indices)]


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


@op(
    "_index_put",
    node="IndexPutBackward0",
    method=False,
    inplace=True,
    quiet=True,
    input=lambda grad, indices, accumulate: grad if accumulate else _index_zeroed(grad, indices),
    values=lambda grad, indices, values_shape: index(grad, indices)._sum_to(values_shape),
)
def _index_put(
    input: Array,
    indices: Sequence[Array | None],
    values: Array,
    accumulate: bool = False,
) -> Array:
    _check_bounds(input, indices)
    key = _numpy_key(indices)
    target = np.broadcast_shapes(*(i.shape for i in indices if i is not None))
    try:
        out = input.copy()
        if accumulate:
            add_at(out, indices, values)
        else:
            out[key] = values
    except ValueError:
        msg = (
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to indexing "
            f"result of shape {list(input[key].shape if target else input.shape)}"
        )
        raise RuntimeError(msg) from None
    return out


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


def index_put_(self: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Write ``values`` at index tensors, in place.

    Args:
        self: a tensor.
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
    values = _for_mask(self, [item for item in indices if item is not None], values)
    if values._array.dtype != self._array.dtype:
        msg = (
            "Index put requires the source and destination dtypes match, got "
            f"{_check.scalar_type(self._array)} for the destination and "
            f"{_check.scalar_type(values._array)} for the source."
        )
        raise RuntimeError(msg)
    out: Tensor = _index_put_inplace(self, _as_indices(indices), values, accumulate)
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

# ---- along one dimension -------------------------------------------------------------------------


def _index_along(index: Array, dim: int) -> tuple[Array, ...]:
    """Return index arrays that take ``index`` along ``dim`` and count along the others."""
    grid = np.ogrid[tuple(slice(length) for length in index.shape)]
    return (*grid[:dim], index, *grid[dim + 1 :])


def _check_along(
    function: str, input: Array, dim: int, index: Array, source: Array | None = None
) -> int:
    """Refuse an index of the wrong kind, shape or range; return the dimension from 0."""
    place = _check.dim(dim, input.ndim)
    if index.dtype.kind != "i" or index.dtype.itemsize < 4:
        msg = f"{function}(): Expected dtype int32/int64 for index"
        raise RuntimeError(msg)
    ndim = max(input.ndim, 1)
    if max(index.ndim, 1) != ndim and index.size:
        msg = f"Index tensor must have the same number of dimensions as {'self' if source is not None else 'input'} tensor"
        raise RuntimeError(msg)
    for other, length in enumerate(index.shape):
        room = input.shape[other] if input.ndim else 1
        if index.size and ((other != place and length > room) or _too_long(source, other, length)):
            _refuse_lengths(input, place, index, source, other)
    _check_range(input, place, index, function)
    return place


def _refuse_lengths(
    input: Array, place: int, index: Array, source: Array | None, dim: int
) -> NoReturn:
    limits = f"to be no larger than self {list(input.shape)} apart from dimension {place}"
    if source is None:
        msg = f"Size does not match at dimension {dim} expected index {list(index.shape)} {limits}"
    else:
        msg = (
            f"Expected index {list(index.shape)} {limits} and to be no larger size than src "
            f"{list(source.shape)}"
        )
    raise RuntimeError(msg)


def _too_long(source: Array | None, dim: int, length: int) -> bool:
    return source is not None and source.ndim > 0 and length > source.shape[dim]


def _check_range(input: Array, place: int, index: Array, function: str) -> None:
    length = input.shape[place] if input.ndim else 1
    if not index.size:
        return
    low, high = int(index.min()), int(index.max())
    if low < 0 or high >= length:
        bad = low if low < 0 else high
        where = tuple(int(found[0]) for found in np.nonzero(np.atleast_1d(index == bad)))
        msg = (
            f"index {bad} is out of bounds for dimension {place} with size {length} "
            f"({function}: at position {where} of index)"
        )
        raise RuntimeError(msg)


@op(
    "gather",
    node="GatherBackward0",
    quiet=True,
    out=True,
    input=lambda grad, dim, index, input_shape: scatter_add(
        grad.new_zeros(input_shape), dim, index, grad
    ),
)
def gather(input: Array, dim: int, index: Array, *, sparse_grad: bool = False) -> Array:
    """Take the elements of ``input`` that ``index`` names along ``dim``.

    Args:
        input: a tensor.
        dim: the dimension that ``index`` chooses along.
        index: int64, with as many dimensions as ``input``; no longer than it but along ``dim``.
        sparse_grad: accepted; gradients are dense.

    Raises:
        RuntimeError: an index is out of bounds, or the shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[0], [1]]))
        tensor([[1],
                [4]])
    """
    place = _check_along("gather", input, dim, index)
    if not index.ndim or not input.ndim:
        return np.atleast_1d(input)[np.atleast_1d(index)].reshape(index.shape)
    return input[_index_along(index, place)]


def _to_source(grad: Any, dim: int, index: Any, src_shape: tuple[int, ...]) -> Any:
    """Return the gradient of a source: what of it was not used gets zeros."""
    used = gather(grad, dim, index)
    for place, length in enumerate(src_shape):
        shape = list(used._array.shape)
        if shape and shape[place] < length:
            shape[place] = length - shape[place]
            used = cat([used, used.new_zeros(shape)], place)
    return used.reshape(src_shape)


def _scatter_parts(
    function: str, input: Array, dim: int, index: Array, src: Any
) -> tuple[Any, Any, Any]:
    """Return a copy of the input, the key to write at, and the values."""
    is_array = isinstance(src, np.ndarray) and function != "scatter_value"
    place = _check_along("scatter", input, dim, index, src if is_array else None)
    if is_array and src.dtype != input.dtype:
        msg = f"{function}(): Expected self.dtype to be equal to src.dtype"
        raise RuntimeError(msg)
    out = input.copy()
    if not index.ndim or not index.size:
        key: Any = np.atleast_1d(index) if index.size else np.zeros(0, np.int64)
        values = np.atleast_1d(src)[: key.size] if is_array else src
        return out, key, values
    values = src[tuple(slice(length) for length in index.shape)] if is_array else src
    return out, _index_along(index, place), values


def _scattered(function: str, apply: Any, input: Array, dim: int, index: Array, src: Any) -> Array:
    out, key, values = _scatter_parts(function, input, dim, index, src)
    apply(np.atleast_1d(out) if not out.ndim else out, key, values)
    return out


def _assign(out: Array, key: Any, values: Any) -> None:
    out[key] = values


@op(
    "_scatter",
    node="ScatterBackward0",
    method=False,
    inplace=True,
    quiet=True,
    input=lambda grad, dim, index: scatter_value(grad, dim, index, 0),
    src=lambda grad, dim, index, src_shape: _to_source(grad, dim, index, src_shape),
)
def scatter_tensor(input: Array, dim: int, index: Array, src: Array) -> Array:
    """Return a copy of ``input`` with ``src`` written where ``index`` says along ``dim``."""
    return _scattered("scatter", _assign, input, dim, index, src)


@op(
    "_scatter_value",
    node="ScatterBackward1",
    method=False,
    inplace=True,
    quiet=True,
    input=lambda grad, dim, index: scatter_value(grad, dim, index, 0),
)
def scatter_value(input: Array, dim: int, index: Array, value: Number) -> Array:
    """Return a copy of ``input`` with a number written where ``index`` says along ``dim``."""
    return _scattered("scatter_value", _assign, input, dim, index, value)


@op(
    "scatter_add",
    node="ScatterAddBackward0",
    inplace=True,
    out=True,
    quiet=True,
    input=lambda grad: grad,
    src=lambda grad, dim, index, src_shape: _to_source(grad, dim, index, src_shape),
)
def scatter_add(input: Array, dim: int, index: Array, src: Array) -> Array:
    """Return a copy of ``input`` with ``src`` added where ``index`` says along ``dim``.

    Args:
        input: a tensor.
        dim: the dimension that ``index`` chooses along.
        index: int64; no longer than ``src``.
        src: what to add, of the dtype of ``input``.

    Raises:
        RuntimeError: an index is out of bounds, or shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2).scatter_add(0, torch.tensor([1, 1]), torch.ones(2))
        tensor([0., 2.])
    """
    return _scattered("scatter_add", np.add.at, input, dim, index, src)


_REDUCTIONS = {"add": np.add.at, "multiply": np.multiply.at}


@op("_scatter_with_reduce", node="ScatterBackward2", method=False, inplace=True, quiet=True)
def scatter_with_reduce(
    input: Array, dim: int, index: Array, src: Array | Number, reduce: str
) -> Array:
    """Return a copy of ``input`` combined with ``src`` where ``index`` says along ``dim``."""
    if reduce not in _REDUCTIONS:
        msg = "reduce argument must be either add or multiply."
        raise RuntimeError(msg)
    return _scattered("scatter", _REDUCTIONS[reduce], input, dim, index, src)


def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Any = None,
    *,
    value: Any = None,
    reduce: str | None = None,
) -> Tensor:
    """Return a copy of ``input`` with ``src`` written where ``index`` says along ``dim``.

    Args:
        input: a tensor.
        dim: the dimension that ``index`` chooses along.
        index: int64; no longer than ``src``.
        src: a tensor of the dtype of ``input``, or a number.
        value: a number, instead of ``src``.
        reduce: ``"add"`` or ``"multiply"`` instead of overwriting; has no gradient.

    Raises:
        RuntimeError: an index is out of bounds, or shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(3).scatter(0, torch.tensor([2]), 5.0)
        tensor([0., 0., 5.])
    """
    return _scatter(input, dim, index, value if src is None else src, reduce, inplace=False)


def scatter_(
    self: Tensor,
    dim: int,
    index: Tensor,
    src: Any = None,
    *,
    value: Any = None,
    reduce: str | None = None,
) -> Tensor:
    """Write ``src`` where ``index`` says along ``dim``, in place; see :func:`scatter`."""
    return _scatter(self, dim, index, value if src is None else src, reduce, inplace=True)


def _scatter(
    input: Tensor, dim: int, index: Tensor, src: Any, reduce: str | None, *, inplace: bool
) -> Tensor:
    record = scatter_tensor if isinstance(src, Tensor) else scatter_value
    if reduce is not None:
        record = scatter_with_reduce
    function = record.op.call_ if inplace else record
    out: Tensor = function(input, dim, index, src, *(() if reduce is None else (reduce,)))
    return out


attach(scatter)
attach(scatter_)


def _check_vector(function: str, index: Array) -> None:
    if index.ndim > 1:
        msg = f"{function}(): Index is supposed to be a vector, but got dim: {index.ndim} with type: {_check.scalar_type(index)} and size: {list(index.shape)}"
        raise IndexError(msg)
    if index.dtype.kind != "i" or index.dtype.itemsize < 4:
        msg = f"{function}(): Expected dtype int32/int64 for index but got: {_check.scalar_type(index)}"
        raise RuntimeError(msg)


def _check_rows(function: str, input: Array, dim: int, index: Array) -> int:
    place = _check.dim(dim, input.ndim)
    _check_vector(function, index)
    length = input.shape[place] if input.ndim else 1
    if index.size and not (int(index.min()) >= 0 and int(index.max()) < length):
        bad = int(index.min()) if int(index.min()) < 0 else int(index.max())
        msg = f"index out of range in self: {function} got index {bad}, but dimension {place} has size {length}"
        raise IndexError(msg)
    return place


@op(
    "index_select",
    quiet=True,
    out=True,
    input=lambda grad, dim, index, input_shape: index_add(
        grad.new_zeros(input_shape), dim, index, grad
    ),
)
def index_select(input: Array, dim: int, index: Array) -> Array:
    """Take whole slices along a dimension.

    Args:
        input: a tensor.
        dim: the dimension.
        index: which slices, a vector of int32 or int64.

    Raises:
        IndexError: an index is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.index_select(torch.tensor([1, 2, 3]), 0, torch.tensor([2, 0]))
        tensor([3, 1])
    """
    place = _check_rows("index_select", input, dim, index)
    if not input.ndim:
        return input.copy()
    return np.take(input, index.reshape(-1), axis=place)


def _row_key(place: int, index: Array) -> tuple[Any, ...]:
    return (*(slice(None),) * place, index.reshape(-1))


@op(
    "index_add",
    inplace=True,
    out=True,
    quiet=True,
    input=lambda grad: grad,
    source=lambda grad, dim, index, alpha: index_select(grad, dim, index) * alpha,
)
def index_add(input: Array, dim: int, index: Array, source: Array, *, alpha: Number = 1) -> Array:
    """Return a copy of ``input`` with slices of ``source``, times ``alpha``, added at ``index``.

    Raises:
        IndexError: an index is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(3).index_add(0, torch.tensor([0, 0]), torch.ones(2))
        tensor([2., 0., 0.])
    """
    place = _check_rows("index_add", input, dim, index)
    _check_source("index_add", input, source, place, index)
    out = input.copy()
    target = out if out.ndim else out.reshape(1)
    np.add.at(
        target, _row_key(place, index), source * input.dtype.type(alpha) if alpha != 1 else source
    )
    return out


def _check_source(function: str, input: Array, source: Array, place: int, index: Array) -> None:
    if source.dtype != input.dtype:
        own, other = _check.scalar_type(input), _check.scalar_type(source)
        msg = (
            f"index_add_(): self ({own}) and source ({other}) must have the same scalar type"
            if function == "index_add"
            else f"{function}_(): self and source expected to have the same dtype, but got (self) "
            f"{own} and (source) {other}"
        )
        raise RuntimeError(msg)
    length = source.shape[place] if source.ndim else 1
    if index.size != length:
        msg = f"{function}_(): Number of indices ({index.size}) should be equal to source.size(dim): ({length}), for dim: {place}"
        raise RuntimeError(msg)


@op(
    "index_copy",
    inplace=True,
    out=True,
    quiet=True,
    input=lambda grad, dim, index: index_fill(grad, dim, index, 0),
    source=lambda grad, dim, index: index_select(grad, dim, index),
)
def index_copy(input: Array, dim: int, index: Array, source: Array) -> Array:
    """Return a copy of ``input`` with slices of ``source`` written at ``index``.

    Raises:
        IndexError: an index is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(3).index_copy(0, torch.tensor([2]), torch.ones(1))
        tensor([0., 0., 1.])
    """
    place = _check_rows("index_copy", input, dim, index)
    _check_source("index_copy", input, source, place, index)
    out = input.copy()
    (out if out.ndim else out.reshape(1))[_row_key(place, index)] = source
    return out


@op(
    "_index_fill",
    node="IndexFillBackward0",
    method=False,
    inplace=True,
    quiet=True,
    input=lambda grad, dim, index: index_fill(grad, dim, index, 0),
)
def index_fill_number(input: Array, dim: int, index: Array, value: Number) -> Array:
    """Return a copy of ``input`` with a number in the slices at ``index``."""
    place = _check_rows("index_fill", input, dim, index)
    out = input.copy()
    (out if out.ndim else out.reshape(1))[_row_key(place, index)] = value
    return out


@op(
    "_index_fill_tensor",
    node="IndexFillBackward1",
    method=False,
    inplace=True,
    quiet=True,
    input=lambda grad, dim, index: index_fill(grad, dim, index, 0),
    value=lambda grad, dim, index: index_select(grad, dim, index).sum(),
)
def index_fill_tensor(input: Array, dim: int, index: Array, value: Array) -> Array:
    """Return a copy of ``input`` with a 0-d tensor's value in the slices at ``index``."""
    if value.ndim:
        msg = (
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
        raise RuntimeError(msg)
    return index_fill_number.op.forward(input, dim, index, value)


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """Return a copy of ``input`` with ``value`` in the slices at ``index``.

    Args:
        input: a tensor.
        dim: the dimension.
        index: which slices, a vector of int64.
        value: a number or a 0-d tensor.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(3).index_fill(0, torch.tensor([0, 2]), 1)
        tensor([1., 0., 1.])
    """
    record = index_fill_tensor if isinstance(value, Tensor) else index_fill_number
    out: Tensor = record(input, dim, index, value)
    return out


def index_fill_(self: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """Write ``value`` to the slices at ``index``, in place."""
    record = index_fill_tensor if isinstance(value, Tensor) else index_fill_number
    out: Tensor = record.op.call_(self, dim, index, value)
    return out


attach(index_fill)
attach(index_fill_)

# ---- by masks ------------------------------------------------------------------------------------


def _check_mask_dtype(function: str, mask: Array) -> None:
    if mask.dtype.kind != "b":
        msg = f"{function} only supports boolean masks, but got mask with dtype {FROM_NUMPY[mask.dtype]}"
        raise RuntimeError(msg)


@op(
    "_masked_fill",
    node="MaskedFillBackward0",
    method=False,
    inplace=True,
    quiet=True,
    input=lambda grad, mask, input_shape: masked_fill(grad, mask, 0)._sum_to(input_shape),
)
def masked_fill_number(input: Array, mask: Array, value: Number) -> Array:
    """Return a copy of ``input`` with a number where ``mask`` is true."""
    _check_mask_dtype("masked_fill_", mask)
    _check.broadcastable(input, mask)
    if input.dtype.kind in "iu" and isinstance(value, float) and not value.is_integer():
        msg = f"value cannot be converted to type {input.dtype} without overflow"
        raise RuntimeError(msg)
    return np.where(mask, np.asarray(value).astype(input.dtype), input)


@op(
    "_masked_fill_tensor",
    node="MaskedFillBackward1",
    method=False,
    inplace=True,
    quiet=True,
    input=lambda grad, mask, input_shape: masked_fill(grad, mask, 0)._sum_to(input_shape),
    value=lambda grad, mask, value_dtype: where_mask(grad, mask).sum()._cast(value_dtype),
)
def masked_fill_tensor(input: Array, mask: Array, value: Array) -> Array:
    """Return a copy of ``input`` with a 0-d tensor's value where ``mask`` is true."""
    _check_mask_dtype("masked_fill_", mask)
    if value.ndim:
        msg = (
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
        raise RuntimeError(msg)
    _check.broadcastable(input, mask)
    return np.where(mask, value.astype(input.dtype), input)


def where_mask(grad: Tensor, mask: Tensor) -> Tensor:
    """Return ``grad`` where ``mask`` is true and zero elsewhere."""
    return masked_fill(grad, ~mask, 0)  # type: ignore[operator]


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
    filled = chosen.new_zeros(numel - chosen.numel())  # type: ignore[attr-defined]
    return cat([chosen, filled]).reshape(shape)  # type: ignore[attr-defined, no-any-return]


# ---- positions -----------------------------------------------------------------------------------


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Return the positions of the elements that are not zero.

    Args:
        input: a tensor.
        as_tuple: one index tensor per dimension instead of one row per element.

    Example:
        >>> import penlight as torch
        >>> torch.nonzero(torch.tensor([0, 3, 4]))
        tensor([[1],
                [2]])
    """
    array = input._array
    if as_tuple:
        return tuple(wrap(found) for found in np.atleast_1d(array).nonzero())
    return wrap(np.argwhere(array))


def argwhere(input: Tensor) -> Tensor:
    """Return the positions of the elements that are not zero, a row each."""
    return wrap(np.argwhere(input._array))


attach(nonzero)
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


@op(
    "put",
    quiet=True,
    inplace=True,
    input=lambda grad, index, accumulate: (
        grad if accumulate else put(grad, index, grad.new_zeros(index._array.shape))
    ),
    source=lambda grad, index, source_shape: take(grad, index).reshape(source_shape),
)
def put(input: Array, index: Array, source: Array, accumulate: bool = False) -> Array:
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
    out = input.copy()
    flat = out.reshape(-1)
    if accumulate:
        np.add.at(flat, index.reshape(-1), source.reshape(-1))
    else:
        flat[index.reshape(-1)] = source.reshape(-1)
    return out


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


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Take elements along a dimension, broadcasting ``indices`` over the others.

    Example:
        >>> import penlight as torch
        >>> torch.take_along_dim(torch.tensor([[2, 1]]), torch.tensor([[1, 0]]), dim=1)
        tensor([[1, 2]])
    """
    if dim is None:
        flat: Tensor = gather(input.reshape(-1), 0, indices.reshape(-1))  # type: ignore[attr-defined]
        return flat
    place = _check.dim(dim, input._array.ndim)
    shape = list(np.broadcast_shapes(_without(input, place), _without(indices, place)))
    wide = input.expand(_with(shape, place, input._array.shape[place]))  # type: ignore[attr-defined]
    chosen = indices.expand(_with(shape, place, indices._array.shape[place]))  # type: ignore[attr-defined]
    out: Tensor = gather(wide, place, chosen)
    return out


def _without(tensor: Tensor, place: int) -> tuple[int, ...]:
    shape = tensor._array.shape
    return (*shape[:place], 1, *shape[place + 1 :])


def _with(shape: list[int], place: int, length: int) -> tuple[int, ...]:
    return (*shape[:place], length, *shape[place + 1 :])


attach(take_along_dim)
