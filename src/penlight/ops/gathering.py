"""Along one dimension: gather, scatter, index_select and its kin."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .._tensor import Array, Tensor, wrap
from ..autograd.grad_mode import mode
from ..autograd.views import edge_of
from . import _check
from ._families import writing
from ._op import attach, op
from ._results import written
from .join import cat

__all__ = [
    "gather",
    "index_add",
    "index_copy",
    "index_fill",
    "index_select",
    "scatter",
    "scatter_add",
]

Number = bool | int | float

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
    if index.size and (index.dtype.kind != "i" or index.dtype.itemsize < 4):
        msg = f"{function}(): Expected dtype int32/int64 for index"
        raise RuntimeError(msg)
    ndim = max(input.ndim, 1)
    if max(index.ndim, 1) != ndim and index.size:
        against = "input" if source is None else "self"
        msg = f"Index tensor must have the same number of dimensions as {against} tensor"
        raise RuntimeError(msg)
    for other, length in enumerate(index.shape if index.size else ()):
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
    if not index.size:
        return np.empty(index.shape, input.dtype)
    if not index.ndim or not input.ndim:
        return np.atleast_1d(input)[np.atleast_1d(index)].reshape(index.shape)
    return input[_index_along(index, place)]


def _to_source(grad: Any, dim: int, index: Any, src_shape: tuple[int, ...]) -> Any:
    """Return the gradient of a source: what of it was not used gets zeros."""
    return padded(gather(grad, dim, index), src_shape)


def padded(used: Any, src_shape: tuple[int, ...]) -> Any:
    """Return the gradient of the used part of a source with zeros for the rest."""
    for place, length in enumerate(src_shape):
        shape = list(used._array.shape)
        if shape and shape[place] < length:
            shape[place] = length - shape[place]
            used = cat([used, used.new_zeros(shape)], place)
    return used.reshape(src_shape)


def scatter_parts(
    function: str, input: Array, dim: int, index: Array, src: Any
) -> tuple[Any, Any, Any]:
    """Return the input with a dimension at least, the key to write at, and the values."""
    is_array = isinstance(src, np.ndarray) and function != "scatter_value"
    place = _check_along("scatter", input, dim, index, src if is_array else None)
    if is_array and src.dtype != input.dtype:
        msg = f"{function}(): Expected self.dtype to be equal to src.dtype"
        raise RuntimeError(msg)
    target = cells(input)
    if is_array:
        src = apart(src, input)
    if not index.size:  # nothing is written, whatever the shapes
        key: Any = np.zeros(0, np.int64)
        return target, key, target[key] if is_array else src
    if not index.ndim:
        return target, np.atleast_1d(index), np.atleast_1d(src)[:1] if is_array else src
    values = src[tuple(slice(length) for length in index.shape)] if is_array else src
    return target, _index_along(index, place), values


def cells(array: Array) -> Array:
    """Return an array as a view of one dimension at least."""
    return array if array.ndim else array.reshape(1)


def apart(source: Array, target: Array) -> Array:
    """Return what is to be written, copied when the write would change it on the way."""
    return source.copy() if np.may_share_memory(source, target) else source


def _assign(target: Array, key: Any, values: Any) -> None:
    target[key] = values


@writing(
    "_scatter",
    node="ScatterBackward0",
    method=False,
    quiet=True,
    input=lambda grad, dim, index: scatter_value(grad, dim, index, 0),
    src=lambda grad, dim, index, src_shape: _to_source(grad, dim, index, src_shape),
)
def scatter_tensor(input: Array, dim: int, index: Array, src: Array) -> None:
    """Write ``src`` where ``index`` says along ``dim``."""
    _assign(*scatter_parts("scatter", input, dim, index, src))


@writing(
    "_scatter_value",
    node="ScatterBackward1",
    method=False,
    quiet=True,
    input=lambda grad, dim, index: scatter_value(grad, dim, index, 0),
)
def scatter_value(input: Array, dim: int, index: Array, value: Number) -> None:
    """Write a number where ``index`` says along ``dim``."""
    _assign(*scatter_parts("scatter_value", input, dim, index, _check.number(value, input.dtype)))


@writing(
    "scatter_add",
    node="ScatterAddBackward0",
    out=True,
    quiet=True,
    input=lambda grad: grad,
    src=lambda grad, dim, index, src_shape: _to_source(grad, dim, index, src_shape),
)
def scatter_add(input: Array, dim: int, index: Array, src: Array) -> None:
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
    np.add.at(*scatter_parts("scatter_add", input, dim, index, src))


_REDUCTIONS = {"add": np.add.at, "multiply": np.multiply.at}


@writing("_scatter_with_reduce", node="ScatterBackward2", method=False, quiet=True)
def scatter_with_reduce(
    input: Array, dim: int, index: Array, src: Array | Number, reduce: str
) -> None:
    """Combine the elements with ``src`` where ``index`` says along ``dim``."""
    if reduce not in _REDUCTIONS:
        msg = "reduce argument must be either add or multiply."
        raise RuntimeError(msg)
    if not isinstance(src, np.ndarray):
        src = input.dtype.type(src)  # torch: a number is rounded before it is added
    _REDUCTIONS[reduce](*scatter_parts("scatter", input, dim, index, src))


def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Any = None,
    *,
    value: Any = None,
    reduce: str | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return a copy of ``input`` with ``src`` written where ``index`` says along ``dim``.

    Args:
        input: a tensor.
        dim: the dimension that ``index`` chooses along.
        index: int64; no longer than ``src``.
        src: a tensor of the dtype of ``input``, or a number.
        value: a number, instead of ``src``.
        reduce: ``"add"`` or ``"multiply"`` instead of overwriting; has no gradient.
        out: where to write the result.

    Raises:
        RuntimeError: an index is out of bounds, or shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(3).scatter(0, torch.tensor([2]), 5.0)
        tensor([0., 0., 5.])
    """
    src = value if src is None else src
    return written(out, _scatter(input, dim, index, src, reduce, inplace=False))


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
        msg = (
            f"{function}(): Index is supposed to be a vector, but got dim: {index.ndim} "
            f"with type: {_check.scalar_type(index)} and size: {list(index.shape)}"
        )
        raise IndexError(msg)
    if index.dtype.kind != "i" or index.dtype.itemsize < 4:
        got = _check.scalar_type(index)
        msg = f"{function}(): Expected dtype int32/int64 for index but got: {got}"
        raise RuntimeError(msg)


def check_rows(function: str, input: Array, dim: int, index: Array) -> int:
    place = _check.dim(dim, input.ndim)
    _check_vector(function, index)
    length = input.shape[place] if input.ndim else 1
    if index.size and not (int(index.min()) >= 0 and int(index.max()) < length):
        bad = int(index.min()) if int(index.min()) < 0 else int(index.max())
        msg = (
            f"index out of range in self: {function} got index {bad}, "
            f"but dimension {place} has size {length}"
        )
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
    place = check_rows("index_select", input, dim, index)
    if not input.ndim:
        return input.copy()
    return np.take(input, index.reshape(-1), axis=place)


def rows_at(input: Tensor, places: Array | slice) -> Tensor:
    """Return a copy of rows along dimension 0, at places that are known to be inside.

    Recorded as an index is when ``input`` requires grad.
    """
    if edge_of(input) is not None and mode.grad:
        rows: Tensor = input[places if isinstance(places, slice) else wrap(places)]
        return rows.clone() if isinstance(places, slice) else rows
    array = input._array
    return wrap(array[places].copy() if isinstance(places, slice) else array.take(places, 0))


def row_key(place: int, index: Array) -> tuple[Any, ...]:
    return (*(slice(None),) * place, index.reshape(-1))


@writing(
    "index_add",
    out=True,
    quiet=True,
    input=lambda grad: grad,
    source=lambda grad, dim, index, alpha: index_select(grad, dim, index) * alpha,
)
def index_add(input: Array, dim: int, index: Array, source: Array, *, alpha: Number = 1) -> None:
    """Return a copy of ``input`` with slices of ``source``, times ``alpha``, added at ``index``.

    Raises:
        IndexError: an index is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(3).index_add(0, torch.tensor([0, 0]), torch.ones(2))
        tensor([2., 0., 0.])
    """
    place = check_rows("index_add", input, dim, index)
    check_source("index_add", input, source, place, index)
    scaled = source * input.dtype.type(alpha) if alpha != 1 else apart(source, input)
    np.add.at(cells(input), row_key(place, index), scaled)


def check_source(function: str, input: Array, source: Array, place: int, index: Array) -> None:
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
        msg = (
            f"{function}_(): Number of indices ({index.size}) should be equal to "
            f"source.size(dim): ({length}), for dim: {place}"
        )
        raise RuntimeError(msg)


@writing(
    "index_copy",
    out=True,
    quiet=True,
    input=lambda grad, dim, index: index_fill(grad, dim, index, 0),
    source=lambda grad, dim, index: index_select(grad, dim, index),
)
def index_copy(input: Array, dim: int, index: Array, source: Array) -> None:
    """Return a copy of ``input`` with slices of ``source`` written at ``index``.

    Raises:
        IndexError: an index is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(3).index_copy(0, torch.tensor([2]), torch.ones(1))
        tensor([0., 0., 1.])
    """
    place = check_rows("index_copy", input, dim, index)
    check_source("index_copy", input, source, place, index)
    cells(input)[row_key(place, index)] = apart(source, input)


@writing(
    "_index_fill",
    node="IndexFillBackward0",
    method=False,
    quiet=True,
    input=lambda grad, dim, index: index_fill(grad, dim, index, 0),
)
def index_fill_number(input: Array, dim: int, index: Array, value: Number) -> None:
    """Write a number into the slices at ``index``."""
    place = check_rows("index_fill", input, dim, index)
    cells(input)[row_key(place, index)] = _check.number(value, input.dtype)


@writing(
    "_index_fill_tensor",
    node="IndexFillBackward1",
    method=False,
    quiet=True,
    input=lambda grad, dim, index: index_fill(grad, dim, index, 0),
    value=lambda grad, dim, index: index_select(grad, dim, wrap(np.unique(index._array))).sum(),
)
def index_fill_tensor(input: Array, dim: int, index: Array, value: Array) -> None:
    """Write a 0-d tensor's value into the slices at ``index``."""
    if value.ndim:
        msg = (
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
        raise RuntimeError(msg)
    place = check_rows("index_fill", input, dim, index)
    cells(input)[row_key(place, index)] = apart(value, input)


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
