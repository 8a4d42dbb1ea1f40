"""Reductions into places that an index names, and copies with a part replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY
from .._limits import iinfo
from .._tensor import Array, Tensor, wrap
from . import _check
from ._elementwise import is_half
from ._families import writing
from ._op import Saving, attach, op
from .gathering import (
    apart,
    cells,
    check_rows,
    check_source,
    gather,
    index_add,
    index_fill,
    index_select,
    padded,
    row_key,
    scatter_add,
    scatter_parts,
    scatter_value,
)
from .ternary import where
from .view import diagonal, memory_of, select, slice_dim, strided_array

__all__ = [
    "as_strided_scatter",
    "diagonal_scatter",
    "index_reduce",
    "scatter_reduce",
    "select_scatter",
    "slice_scatter",
]

# ---- reductions ----------------------------------------------------------------------------------

COMBINE: dict[str, Any] = {
    "sum": np.add.at,
    "mean": np.add.at,
    "prod": np.multiply.at,
    "amax": np.maximum.at,
    "amin": np.minimum.at,
}


def _neutral(reduce: str, dtype: Any) -> Any:
    """Return the value that changes no reduction of this kind."""
    if reduce in {"sum", "mean"}:
        return 0
    if reduce == "prod":
        return 1
    kind = FROM_NUMPY[dtype]
    if kind.is_floating_point:
        return -np.inf if reduce == "amax" else np.inf
    if dtype.kind == "b":
        return reduce == "amin"
    return iinfo(kind).min if reduce == "amax" else iinfo(kind).max


def _reduce_at(target: Array, key: Any, values: Array, reduce: str, include_self: bool) -> None:
    """Combine the elements at ``key`` with ``values``, with themselves or without."""
    if is_half(target) and reduce == "mean":
        # torch: a mean is one rounding of a sum in float32.
        wide = target.astype(np.float32)
        _reduce_at(wide, key, values.astype(np.float32), reduce, include_self)
        target[...] = wide
        return
    if not include_self:
        target[key] = _neutral(reduce, target.dtype)
    COMBINE[reduce](target, key, values)
    if reduce != "mean":
        return
    counts = np.full(target.shape, int(include_self), np.int64)
    np.add.at(counts, key, 1)
    counts = np.maximum(counts, 1)
    if target.dtype.kind in "iu":
        np.floor_divide(target, counts.astype(target.dtype), out=target)
    else:
        np.divide(target, counts.astype(target.dtype), out=target, casting="unsafe")


class Places:
    """How values and the places that an index names meet, for the gradients of a reduction.

    Attributes:
        spread: from the shape of the tensor to that of the source: what stands at each place.
        add: a tensor with a source added at the places.
        multiply: a tensor multiplied by a source at the places.
        clear: a tensor with zeros at the places.
    """

    def __init__(self, spread: Any, add: Any, multiply: Any, clear: Any) -> None:
        self.spread: Callable[[Tensor], Tensor] = spread
        self.add: Callable[[Tensor, Tensor], Tensor] = add
        self.multiply: Callable[[Tensor, Tensor], Tensor] = multiply
        self.clear: Callable[[Tensor], Tensor] = clear


def reduced_grads(
    grad: Tensor,
    values: tuple[Tensor, Tensor, Tensor],
    reduce: str,
    include_self: bool,
    places: Places,
) -> tuple[Tensor, Tensor]:
    """Return the gradients of the tensor and of what was reduced into it."""
    input, src, out = values
    if reduce == "sum":
        to_input, to_src = grad, places.spread(grad)
    elif reduce == "mean":
        ones = input.new_full(input._array.shape, int(include_self))
        shared = grad / places.add(ones, src.new_ones(src._array.shape)).clamp(min=1)
        to_input, to_src = shared, places.spread(shared)
    elif reduce == "prod":
        own = input if include_self else _ones_at(input, places)
        to_input, to_src = _product_grads(grad, own, src, places)
    else:
        kind = grad._array.dtype
        at_input, at_src = (input == out)._cast(kind), (src == places.spread(out))._cast(kind)
        kept = at_input if include_self else places.clear(at_input)
        shared = grad / places.add(kept, at_src).clamp(min=1)
        to_input, to_src = shared * at_input, places.spread(shared) * at_src
    return to_input if include_self else places.clear(to_input), to_src


def _product_grads(grad: Tensor, own: Tensor, src: Tensor, places: Places) -> tuple[Tensor, Tensor]:
    """Multiply by all other factors: without the tensor's own; the product over a source's value.

    Where that is zero, by the product with a one in its stead, if it is the only zero of the
    source there. Both can be differentiated again, but where two values of a source are zero.
    """
    to_input = grad * places.multiply(own.new_ones(own._array.shape), src)
    is_zero = src == 0
    filled = src.masked_fill(is_zero, 1)
    to_src = (places.spread(grad * places.multiply(own, src)) / filled).masked_fill(is_zero, 0)
    if bool(is_zero.any()):
        counts = places.add(own.new_zeros(own._array.shape), is_zero._cast(own._array.dtype))
        alone = is_zero & (places.spread(counts) == 1)
        others = places.spread(grad * places.multiply(own, filled))
        to_src = to_src + others.masked_fill(~alone, 0)
    return to_input, to_src


def _ones_at(input: Tensor, places: Places) -> Tensor:
    """Return the tensor with ones where the reduction leaves its own value out."""
    kept = places.clear(input.new_ones(input._array.shape))
    return places.clear(input) + (1 - kept)


def _check_reduce(function: str, reduce: str, allowed: Sequence[str]) -> None:
    if reduce not in allowed:
        *most, last = allowed
        msg = f"{function} argument must be either {', '.join(most)} or {last}, got {reduce}."
        raise RuntimeError(msg)


@writing("scatter_reduce", node="ScatterReduceBackward0", out=True)
def scatter_reduce(
    input: Array,
    dim: int,
    index: Array,
    src: Array,
    reduce: str,
    *,
    include_self: bool = True,
) -> None:
    """Return a copy of ``input`` with ``src`` reduced into it where ``index`` says along ``dim``.

    Args:
        input: a tensor.
        dim: the dimension that ``index`` chooses along.
        index: int64; no longer than ``src``.
        src: what to combine, of the dtype of ``input``.
        reduce: ``"sum"``, ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``.
        include_self: whether the element that stands at a place takes part.

    Raises:
        RuntimeError: an index is out of bounds, shapes or dtypes do not fit, or the reduction is
            none of these.

    Example:
        >>> import penlight as torch
        >>> index = torch.tensor([0, 0, 1])
        >>> torch.zeros(2).scatter_reduce(0, index, torch.tensor([1.0, 5.0, 2.0]), "amax")
        tensor([5., 2.])
    """
    _check_reduce("reduce", reduce, ("sum", "prod", "mean", "amax", "amin"))
    target, key, values = scatter_parts("scatter", input, dim, index, src)
    _reduce_at(target, key, values, reduce, include_self)


@scatter_reduce.vjp("input", "src")
def _scatter_reduce_grads(
    grad: Any,
    dim: int,
    index: Any,
    reduce: str,
    include_self: bool,
    input: Any,
    src: Any,
    out: Any,
) -> tuple[Any, Any]:
    used = src[tuple(map(slice, index._array.shape))] if index._array.ndim else src
    places = Places(
        lambda tensor: gather(tensor, dim, index),
        lambda tensor, source: scatter_add(tensor, dim, index, source),
        lambda tensor, source: scatter_reduce(tensor, dim, index, source, "prod"),
        lambda tensor: scatter_value(tensor, dim, index, 0),
    )
    to_input, to_src = reduced_grads(grad, (input, used, out), reduce, include_self, places)
    return to_input, padded(to_src, src._array.shape)


@writing("index_reduce", node="IndexReduceBackward0", out=True)
def index_reduce(
    input: Array,
    dim: int,
    index: Array,
    source: Array,
    reduce: str,
    *,
    include_self: bool = True,
) -> None:
    """Return a copy of ``input`` with slices of ``source`` reduced into those at ``index``.

    Args:
        input: a tensor.
        dim: the dimension.
        index: which slices, a vector of int32 or int64.
        source: as many slices, of the dtype of ``input``.
        reduce: ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``.
        include_self: whether the slice that stands at a place takes part.

    Raises:
        IndexError: an index is out of range.
        RuntimeError: lengths or dtypes do not fit, or the reduction is none of these.

    Example:
        >>> import penlight as torch
        >>> torch.ones(2).index_reduce(0, torch.tensor([0, 0]), torch.tensor([2.0, 3.0]), "prod")
        tensor([6., 1.])
    """
    _check_reduce("index_reduce(): Expected reduce", reduce, ("prod", "mean", "amax", "amin"))
    place = check_rows("index_reduce", input, dim, index)
    check_source("index_reduce", input, source, place, index)
    values = apart(source, input)
    _reduce_at(cells(input), row_key(place, index), values, reduce, include_self)


@index_reduce.vjp("input", "source")
def _index_reduce_grads(
    grad: Any,
    dim: int,
    index: Any,
    reduce: str,
    include_self: bool,
    input: Any,
    source: Any,
    out: Any,
) -> tuple[Any, Any]:
    places = Places(
        lambda tensor: index_select(tensor, dim, index),
        lambda tensor, rows: index_add(tensor, dim, index, rows),
        lambda tensor, rows: index_reduce(tensor, dim, index, rows, "prod"),
        lambda tensor: index_fill(tensor, dim, index, 0),
    )
    return reduced_grads(grad, (input, source, out), reduce, include_self, places)


# ---- a part replaced -----------------------------------------------------------------------------


def _with_part(input: Array, src: Array, what: str, part: Callable[[Array], Array]) -> Array:
    """Return a copy of an array in its layout, with a part of it replaced."""
    out = input.copy(order="K")
    target = part(out)
    if target.shape != src.shape:
        msg = (
            f"expected src to have a size equal to the {what}. src size = {list(src.shape)}, "
            f"{what.removesuffix(' of self')} size = {list(target.shape)}"
        )
        raise RuntimeError(msg)
    target[...] = src
    return out


def _part_grad(part: Tensor, dtype: Any) -> Tensor:
    """Return the gradient of what replaced a part, in its dtype."""
    return part if part._array.dtype == dtype else part._cast(dtype)


@op(
    "select_scatter",
    quiet=True,
    input=lambda grad, dim, index, src_shape: select_scatter(
        grad, grad.new_zeros(src_shape), dim, index
    ),
    src=lambda grad, dim, index, src_dtype: _part_grad(grad.select(dim, index), src_dtype),
)
def select_scatter(input: Array, src: Array, dim: int, index: int) -> Array:
    """Return a copy of ``input`` with ``src`` at one index along a dimension.

    Args:
        input: a tensor.
        src: a tensor of the shape of ``input.select(dim, index)``.
        dim: the dimension.
        index: from ``-size`` to ``size - 1``.

    Raises:
        IndexError: ``dim`` or ``index`` is out of range.
        RuntimeError: the shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.select_scatter(torch.zeros(2, 2), torch.ones(2), 0, 1)
        tensor([[0., 0.],
                [1., 1.]])
    """
    return _with_part(input, src, "slice of self", lambda out: select.op.forward(out, dim, index))


def _range_of(length: int, start: int | None, end: int | None, step: int) -> tuple[int, int]:
    """Return where a slice begins and ends in a dimension."""
    if step <= 0:
        msg = f"slice step must be positive, got {step}"
        raise RuntimeError(msg)
    first, last, _ = slice(start, end).indices(length)
    return first, max(first, last)


def _slice_of(array: Array, dim: int, bounds: tuple[Any, Any, int]) -> Array:
    place = _check.dim(dim, array.ndim)
    first, last = _range_of(array.shape[place], *bounds)
    part: Array = slice_dim.op.forward(array, place, first, last, bounds[2])
    return part


def _sliced(grad: Tensor, dim: int, bounds: tuple[Any, Any, int]) -> Tensor:
    place = _check.dim(dim, grad._array.ndim)
    first, last = _range_of(grad._array.shape[place], *bounds)
    part: Tensor = slice_dim(grad, place, first, last, bounds[2])
    return part


@op(
    "slice_scatter",
    quiet=True,
    out=True,
    input=lambda grad, dim, start, end, step, src_shape: slice_scatter(
        grad, grad.new_zeros(src_shape), dim, start, end, step
    ),
    src=lambda grad, dim, start, end, step, src_dtype: _part_grad(
        _sliced(grad, dim, (start, end, step)), src_dtype
    ),
)
def slice_scatter(
    input: Array,
    src: Array,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Array:
    """Return a copy of ``input`` with ``src`` in a range along a dimension.

    Args:
        input: a tensor.
        src: a tensor of the shape of the range.
        dim: the dimension.
        start: where the range begins.
        end: where it ends, exclusive.
        step: from one index of it to the next.

    Raises:
        IndexError: ``dim`` is out of range.
        RuntimeError: the shapes do not fit, or ``step`` is not positive.

    Example:
        >>> import penlight as torch
        >>> torch.slice_scatter(torch.zeros(4), torch.ones(2), start=0, end=4, step=2)
        tensor([1., 0., 1., 0.])
    """
    return _with_part(
        input, src, "slice of self", lambda out: _slice_of(out, dim, (start, end, step))
    )


@op(
    "diagonal_scatter",
    quiet=True,
    input=lambda grad, offset, dim1, dim2, src_shape: diagonal_scatter(
        grad, grad.new_zeros(src_shape), offset, dim1, dim2
    ),
    src=lambda grad, offset, dim1, dim2, src_dtype: _part_grad(
        grad.diagonal(offset, dim1, dim2), src_dtype
    ),
)
def diagonal_scatter(
    input: Array, src: Array, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Array:
    """Return a copy of ``input`` with ``src`` on the diagonal of two dimensions.

    Args:
        input: a tensor of at least two dimensions.
        src: a tensor of the shape of ``input.diagonal(offset, dim1, dim2)``.
        offset: how far above the main diagonal.
        dim1: the rows' dimension.
        dim2: the columns' dimension.

    Raises:
        RuntimeError: the shapes do not fit, or ``dim1`` and ``dim2`` are the same.

    Example:
        >>> import penlight as torch
        >>> torch.diagonal_scatter(torch.zeros(2, 2), torch.ones(2))
        tensor([[1., 0.],
                [0., 1.]])
    """
    return _with_part(
        input,
        src,
        "slice of self",
        lambda out: diagonal.op.forward(out, offset, dim1, dim2),
    )


@op(
    "as_strided_scatter",
    quiet=True,
    saves=("covered", "places"),
    input=lambda grad, covered: grad.masked_fill(covered, 0),
    src=lambda grad, places, src_dtype: _part_grad(_at_places(grad, places), src_dtype),
)
def as_strided_scatter(
    input: Array,
    src: Array,
    size: Sequence[int],
    stride: Sequence[int],
    storage_offset: int | None = None,
) -> Saving:
    """Return a copy of ``input`` with ``src`` where :func:`as_strided` would look.

    Args:
        input: a tensor.
        src: a tensor of the shape ``size``.
        size: the lengths of what is replaced.
        stride: how many elements lie between neighbours, for each dimension.
        storage_offset: where the first element is in the storage; the tensor's own when not given.

    Raises:
        RuntimeError: the shapes do not fit, or the places are outside the memory.

    Example:
        >>> import penlight as torch
        >>> torch.as_strided_scatter(torch.zeros(3), torch.ones(2), (2,), (2,))
        tensor([1., 0., 1.])
    """
    if tuple(src.shape) != tuple(size):
        msg = (
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}"
            f", slice size = {list(size)}"
        )
        raise RuntimeError(msg)
    memory, offset = memory_of(input)

    def alike(flat: Array) -> tuple[Array, Array]:
        """Return memory as the input and as the part look at it."""
        steps = tuple(step // input.itemsize * flat.itemsize for step in input.strides)
        whole = np.ndarray(input.shape, flat.dtype, flat, offset * flat.itemsize, steps)
        return whole, strided_array(whole, size, stride, storage_offset)

    out, part = alike(memory.copy())
    numbers, number_parts = alike(np.full(memory.size, -1))
    covers, covered_part = alike(np.zeros(memory.size, bool))
    part[...] = src
    numbers[...] = np.arange(input.size).reshape(input.shape)
    covered_part[...] = True
    return Saving(out, covered=wrap(covers.copy()), places=wrap(number_parts.copy()))


def _at_places(grad: Tensor, places: Tensor) -> Tensor:
    """Return the elements of a gradient by number, 0 for what is not of the tensor."""
    return where(places >= 0, grad.take(places.clamp(min=0)), 0.0)


def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write one value to the main diagonal, in place.

    Args:
        self: a tensor of at least two dimensions, all of one length when there are more.
        fill_value: the value.
        wrap: begin again below a matrix that is higher than wide.

    Raises:
        RuntimeError: the tensor has less than two dimensions, or more and of different lengths.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2, 2).fill_diagonal_(3)
        tensor([[3., 0.],
                [0., 3.]])
    """
    shape = self._array.shape
    if len(shape) < 2:
        msg = f"dimensions must larger than 1, got {len(shape)}"
        raise RuntimeError(msg)
    if len(shape) > 2 and len(set(shape)) > 1:
        msg = f"all dimensions of input must be of equal length, got {list(shape)}"
        raise RuntimeError(msg)
    length, step, start = min(shape), sum(self.stride()), self.storage_offset()
    self.as_strided((length,), (step,), start).fill_(fill_value)
    height, width = shape[0], shape[1]
    if wrap and len(shape) == 2 and height > width + 1:
        rest = -(-self.numel() // (length + 1)) - length
        below = start + self.stride(0) * (width + 1)
        self.as_strided((rest,), (step,), below).fill_(fill_value)
    return self


attach(fill_diagonal_)
