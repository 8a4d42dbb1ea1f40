"""Views of parts: select, slice, diagonal, unfold; and the linear maps that views rest on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided as numpy_as_strided

from .._tensor import Array, Tensor, wrap
from .._tensor_memory import root_of
from ..autograd.views import Layout, Steps, replay
from . import _check
from ._families import view
from ._op import attach, op

__all__ = [
    "as_strided",
    "diagonal",
    "narrow",
    "select",
    "unbind",
]


# ---- what autograd does with a view --------------------------------------------------------------


@op("_embed", node="EmbedBackward0", quiet=True, grad=lambda grad, steps: grad._region(steps, None))
def embed(grad: Array, steps: Steps, layout: Layout) -> Array:
    """Return zeros of a base's layout with ``grad`` added through its view."""
    out = layout.zeros(grad.dtype)
    target = replay(steps, out)
    if _may_overlap(target):
        # Elements that share memory add up: count them where the view finds each one's number.
        places = layout.copy_of(np.arange(out.size).reshape(out.shape))
        sums = np.bincount(replay(steps, places).ravel(), grad.ravel(), out.size)
        out[...] = sums.reshape(out.shape)
    else:
        target[...] = grad
    return out


def _may_overlap(array: Array) -> bool:
    """Return whether elements can share memory: a step within the reach of shorter ones."""
    reach = array.itemsize
    steps = zip(array.strides, array.shape, strict=True)
    for step, length in sorted(pair for pair in steps if pair[1] > 1):
        if step < reach:
            return True
        reach += step * (length - 1)
    return False


@op(
    "_region",
    node="RegionBackward0",
    quiet=True,
    grad=lambda grad, steps, grad_layout: grad._embed(steps, grad_layout),
)
def region(grad: Array, steps: Steps, layout: Layout | None) -> Array:
    """Return a copy of the view of a base's gradient."""
    base = grad if layout is None else layout.copy_of(grad)
    return replay(steps, base).copy()


@op(
    "_hole",
    node="HoleBackward0",
    quiet=True,
    grad=lambda grad, steps, layout: grad._hole(steps, layout),
)
def hole(grad: Array, steps: Steps, layout: Layout) -> Array:
    """Return a base's gradient with zeros where its view looks."""
    out = layout.copy_of(grad)
    replay(steps, out)[...] = 0
    return out


# ---- parts ---------------------------------------------------------------------------------------


@view("select")
def select(input: Array, dim: int, index: int) -> Array:
    """Return one index along a dimension, which goes away; a view.

    Args:
        input: a tensor.
        dim: the dimension.
        index: from ``-size`` to ``size - 1``.

    Raises:
        IndexError: ``index`` or ``dim`` is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([[1, 2], [3, 4]]).select(1, 0)
        tensor([1, 3])
    """
    if not input.ndim:
        msg = "select() cannot be applied to a 0-dim tensor."
        raise IndexError(msg)
    place = _check.dim(dim, input.ndim)
    length = input.shape[place]
    if not -length <= index < length:
        msg = (
            f"select(): index {index} out of range for tensor of size {list(input.shape)} "
            f"at dimension {place}"
        )
        raise IndexError(msg)
    return input[(slice(None),) * place + (index, ...)]


@view("_slice", node="SliceBackward0", method=False)
def slice_dim(input: Array, dim: int, start: int | None, stop: int | None, stride: int) -> Array:
    """Return a range along a dimension, as a view."""
    return input[(slice(None),) * dim + (slice(start, stop, stride), ...)]


def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """Return ``length`` indices along a dimension from ``start`` on, as a view.

    Raises:
        IndexError: ``start`` is out of range.
        RuntimeError: the range leaves the dimension, or ``length`` is negative.

    Example:
        >>> import penlight as torch
        >>> torch.arange(5).narrow(0, 1, 3)
        tensor([1, 2, 3])
    """
    if not input._array.ndim:
        msg = "narrow() cannot be applied to a 0-dim tensor."
        raise RuntimeError(msg)
    place = _check.dim(dim, input._array.ndim)
    size, first = input._array.shape[place], int(start)
    if length < 0:
        msg = "narrow(): length must be non-negative."
        raise RuntimeError(msg)
    if not -size <= first <= size:
        msg = f"start out of range (expected to be in range of [{-size}, {size}], but got {first})"
        raise IndexError(msg)
    first = first + size if first < 0 else first
    if first + length > size:
        msg = f"start ({first}) + length ({length}) exceeds dimension size ({size})."
        raise RuntimeError(msg)
    out: Tensor = slice_dim(input, place, first, first + length, 1)
    return out


attach(narrow)


@view("diagonal")
def diagonal(input: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """Return the diagonal of two dimensions as a last dimension, as a view.

    Args:
        input: a tensor of at least two dimensions.
        offset: how far above the main diagonal.
        dim1: the rows' dimension.
        dim2: the columns' dimension.

    Raises:
        RuntimeError: ``dim1`` and ``dim2`` are the same.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([[1, 2], [3, 4]]).diagonal()
        tensor([1, 4])
    """
    first, second = _check.dim(dim1, input.ndim), _check.dim(dim2, input.ndim)
    if first == second:
        msg = f"diagonal dimensions cannot be identical {dim1}, {dim2}"
        raise RuntimeError(msg)
    moved = np.moveaxis(input, (first, second), (-2, -1))
    rows, columns = moved.shape[-2:]
    length = max(0, min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns))
    origin = moved[..., max(0, -offset) if length else 0 :, max(0, offset) if length else 0 :]
    strides = (*origin.strides[:-2], origin.strides[-2] + origin.strides[-1])
    return numpy_as_strided(origin, (*origin.shape[:-2], length), strides)


@op(
    "_unfold_backward",
    node="UnfoldBackwardBackward0",
    quiet=True,
    method=False,
    grad=lambda grad, dim, size, stride: unfold(grad, dim, size, stride),
)
def unfold_backward(grad: Array, shape: tuple[int, ...], dim: int, size: int, stride: int) -> Array:
    """Return windows added up where they overlap; ``stride`` is the way from one to the next."""
    out = np.zeros(shape, grad.dtype)
    if not shape:
        return np.asarray(out + grad.sum())
    place = dim % len(shape)
    reach = (grad.shape[place] - 1) * stride + 1
    for offset in range(size):
        out[(slice(None),) * place + (slice(offset, offset + reach, stride),)] += grad[..., offset]
    return out


@view(
    "unfold",
    input=lambda grad, input_shape, dimension, size, step: unfold_backward(
        grad, input_shape, dimension, size, step
    ),
)
def unfold(input: Array, dimension: int, size: int, step: int) -> Array:
    """Return windows of ``size`` along a dimension, ``step`` apart: a view of one dimension more.

    Raises:
        RuntimeError: a window is longer than the dimension, or ``step`` is not positive.

    Example:
        >>> import penlight as torch
        >>> torch.arange(4).unfold(0, 2, 1)
        tensor([[0, 1],
                [1, 2],
                [2, 3]])
    """
    place = _check.dim(dimension, input.ndim)
    length = input.shape[place] if input.ndim else 1
    if size < 0 or size > length:
        msg = f"maximum size for tensor at dimension {place} is {length} but size is {size}"
        raise RuntimeError(msg)
    if step <= 0:
        msg = f"step is {step} but must be > 0"
        raise RuntimeError(msg)
    stride = input.strides[place] if input.ndim else input.itemsize
    shape, strides = list(input.shape), list(input.strides)
    if input.ndim:
        shape[place], strides[place] = (length - size) // step + 1, stride * step
    return numpy_as_strided(input, (*shape, size), (*strides, stride))


def _positions(size: Sequence[int], stride: Sequence[int], offset: int) -> Array:
    """Return where in memory each element of a tensor is, in order."""
    found = np.full((), offset, np.int64)
    for length, step in zip(size, stride, strict=True):
        found = found[..., None] + step * np.arange(length)
    return found.ravel()


def _to_own_elements(
    grad: Any, size: Any, stride: Any, offset: int, own: tuple[Any, int], input_shape: Any
) -> Any:
    """Add each gradient to the element of the input that is there in memory, if one is."""
    places, mine = _positions(size, stride, offset), _positions(input_shape, *own)
    count = len(mine)
    numbers = np.full(max(places.max(initial=0), mine.max(initial=0)) + 1, count)
    numbers[mine] = np.arange(count)
    flat = grad.new_zeros((count + 1,)).index_add(0, wrap(numbers[places]), grad.reshape((-1,)))
    return flat[:count].reshape(tuple(input_shape))


@view(
    "_as_strided",
    node="AsStridedBackward0",
    method=False,
    input=lambda grad, size, stride, storage_offset, own, input_shape: _to_own_elements(
        grad, size, stride, storage_offset, own, input_shape
    ),
)
def strided(
    input: Array,
    size: Sequence[int],
    stride: Sequence[int],
    storage_offset: int,
    own: tuple[Sequence[int], int],
) -> Array:
    """Return the memory behind an array, looked at in another way."""
    memory, _ = memory_of(input)
    return numpy_as_strided(
        memory[storage_offset:], size, tuple(step * input.itemsize for step in stride)
    )


def as_strided(
    input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """Look at the memory behind a tensor with other lengths and steps between elements.

    Args:
        input: a tensor.
        size: the new lengths.
        stride: how many elements lie between neighbours, for each dimension.
        storage_offset: where the first element is in the storage; the tensor's own when not given.

    Raises:
        RuntimeError: a step is negative, or the result would leave the memory.

    Example:
        >>> import penlight as torch
        >>> torch.as_strided(torch.arange(4), (2, 2), (1, 1))
        tensor([[0, 1],
                [1, 2]])
    """
    out: Tensor = strided(input, *strided_arguments(input._array, size, stride, storage_offset))
    return out


def strided_arguments(
    array: Array, size: Sequence[int], stride: Sequence[int], storage_offset: int | None
) -> tuple[Any, ...]:
    """Return what the record of :func:`as_strided` takes beside its input, checked."""
    size, stride = tuple(size), tuple(stride)
    memory, own = memory_of(array)
    offset = own if storage_offset is None else storage_offset
    _check_strided(size, stride, offset, array.itemsize, memory.size)
    strides = tuple(step // array.itemsize for step in array.strides)
    return size, stride, offset, (strides, own)


attach(as_strided)


def strided_array(
    array: Array, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Array:
    """Return what :func:`as_strided` looks at, as an array."""
    view: Array = strided.op.forward(array, *strided_arguments(array, size, stride, storage_offset))
    return view


def _check_strided(
    size: tuple[int, ...], stride: tuple[int, ...], offset: int, width: int, count: int
) -> None:
    if len(size) != len(stride):
        msg = f"mismatch in length of strides and shape: {list(stride)} and {list(size)}"
        raise RuntimeError(msg)
    if any(step < 0 for step in stride):
        msg = (
            "as_strided: Negative strides are not supported at the moment, "
            f"got strides: {list(stride)}"
        )
        raise RuntimeError(msg)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if math.prod(size) and not 0 <= offset <= last < count:
        msg = (
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and "
            f"itemsize {width} requiring a storage size of {(last + 1) * width} are out of "
            f"bounds for storage of size {count * width}"
        )
        raise RuntimeError(msg)


def memory_of(array: Array) -> tuple[Array, int]:
    """Return all the memory behind an array in one dimension, and where in it the array begins."""
    root = root_of(array)
    flat = np.lib.stride_tricks.as_strided(root, (root.size,), (root.itemsize,))
    if root.dtype != array.dtype:
        flat = flat.view(array.dtype)
    begin = array.__array_interface__["data"][0] - flat.__array_interface__["data"][0]
    return flat, begin // array.itemsize


@view(
    "_unbind",
    node="UnbindBackward0",
    outputs=-1,
    method=False,
    input=lambda grads, dim: _stacked(grads, dim),
)
def unbind_views(input: Array, dim: int) -> list[Array]:
    """Return every index along a dimension."""
    return [input[(slice(None),) * dim + (index, ...)] for index in range(input.shape[dim])]


def _stacked(grads: Sequence[Tensor], dim: int) -> Tensor:
    from .join import stack  # noqa: PLC0415 - rules run after import

    out: Tensor = stack(grads, dim)
    return out


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Return the tensor's parts along a dimension, each a view.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1, 2]).unbind()
        (tensor(1), tensor(2))
    """
    if not input._array.ndim:
        msg = "Dimension specified as 0 but tensor has no dimensions"
        raise IndexError(msg)
    out: tuple[Tensor, ...] = unbind_views(input, _check.dim(dim, input._array.ndim))
    return out


attach(unbind)
