"""The only ops whose results look at their input's memory, and the three linear maps views rest on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided as numpy_as_strided

from .._dtype import dtype
from .._tensor import Array, Tensor
from .._tensor_memory import root_of
from ..autograd.views import Layout, Steps, replay
from . import _check
from ._families import view
from ._op import attach, op

__all__ = [
    "as_strided",
    "broadcast_to",
    "diagonal",
    "flatten",
    "moveaxis",
    "movedim",
    "narrow",
    "permute",
    "ravel",
    "reshape",
    "select",
    "squeeze",
    "swapaxes",
    "swapdims",
    "t",
    "transpose",
    "unbind",
    "unflatten",
    "unsqueeze",
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
    """Return whether elements of a view can share memory: a step within the reach of shorter ones."""
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


# ---- shapes --------------------------------------------------------------------------------------


def _inferred(shape: Sequence[int], array: Array) -> tuple[int, ...]:
    """Return ``shape`` with its -1 worked out, refusing a shape of another size."""
    numel = array.size
    if any(size < -1 for size in shape):
        msg = f"invalid shape dimension {min(shape)}"
        raise RuntimeError(msg)
    unknown = [dim for dim, size in enumerate(shape) if size == -1]
    if len(unknown) > 1:
        msg = "only one dimension can be inferred"
        raise RuntimeError(msg)
    known = 1
    for size in shape:
        known *= 1 if size == -1 else size
    if unknown and known == 0 and numel == 0:
        msg = (
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified "
            "dimension size -1 can be any value and is ambiguous"
        )
        raise RuntimeError(msg)
    if (unknown and (known == 0 or numel % known)) or (not unknown and known != numel):
        msg = f"shape '{list(shape)}' is invalid for input of size {numel}"
        raise RuntimeError(msg)
    return tuple(numel // known if size == -1 else size for size in shape)


def viewed(array: Array, shape: tuple[int, ...]) -> Array | None:
    """Return ``array`` in another shape over the same memory, ``None`` where strides do not allow it."""
    if array.flags.c_contiguous:
        return array.reshape(shape)
    try:
        return np.reshape(array, shape, copy=False)
    except ValueError:
        return None


@view(
    "_view",
    node="ViewBackward0",
    method=False,
    input=lambda grad, input_shape: grad.reshape(input_shape),
)
def view_as_shape(input: Array, shape: tuple[int, ...]) -> Array:
    """Return the same memory in another shape."""
    out = viewed(input, _inferred(shape, input))
    if out is None:
        msg = (
            "view size is not compatible with input tensor's size and stride (at least one dimension "
            "spans across two contiguous subspaces). Use .reshape(...) instead."
        )
        raise RuntimeError(msg)
    return out


@view(
    "_reshape_alias",
    node="ReshapeAliasBackward0",
    method=False,
    input=lambda grad, input_shape: grad.reshape(input_shape),
)
def reshape_alias(input: Array, shape: tuple[int, ...]) -> Array:
    """Return the same memory in another shape; the strides are known to allow it."""
    return np.reshape(input, shape, copy=False)


@view(input=lambda grad, dim0, dim1: grad.transpose(dim0, dim1))
def transpose(input: Array, dim0: int, dim1: int) -> Array:
    """Return the tensor with two dimensions swapped, as a view.

    Args:
        input: a tensor.
        dim0: one dimension.
        dim1: the other.

    Raises:
        IndexError: a dimension is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2, 3).transpose(0, 1).shape
        torch.Size([3, 2])
    """
    ndim = input.ndim
    first, second = _check.dim(dim0, ndim), _check.dim(dim1, ndim)
    return input.swapaxes(first, second) if ndim else input[...]


@view(input=lambda grad, input_shape: grad._sum_to(input_shape))
def expand(input: Array, *size: int) -> Array:
    """Return a view with dimensions of length 1 repeated without copying.

    Args:
        input: a tensor.
        size: the new lengths; -1 keeps one.

    Raises:
        RuntimeError: a length that is not 1 would change.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([[1], [2]]).expand(2, 3)
        tensor([[1, 1, 1],
                [2, 2, 2]])
    """
    new = len(size) - input.ndim
    if new < 0:
        msg = (
            f"expand({{{list(input.shape)}}}, size={list(size)}): the number of sizes provided "
            f"({len(size)}) must be greater or equal to the number of dimensions in the tensor "
            f"({input.ndim})"
        )
        raise RuntimeError(msg)
    wanted = []
    for dim, length in enumerate(size):
        own = input.shape[dim - new] if dim >= new else None
        if length == -1 and own is None:
            msg = (
                f"The expanded size of the tensor ({length}) isn't allowed in a leading, "
                f"non-existing dimension {dim}"
            )
            raise RuntimeError(msg)
        if own not in {None, 1, length} and length != -1:
            msg = (
                f"The expanded size of the tensor ({length}) must match the existing size ({own}) at "
                f"non-singleton dimension {dim}.  Target sizes: {list(size)}.  "
                f"Tensor sizes: {list(input.shape)}"
            )
            raise RuntimeError(msg)
        wanted.append(own if length == -1 else length)
    strides = [0] * new + [
        0 if length != own else step
        for own, length, step in zip(input.shape, wanted[new:], input.strides, strict=True)
    ]
    return numpy_as_strided(input, tuple(wanted), tuple(strides))


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """Return the elements in another shape: a view where the strides allow, else a copy.

    Args:
        input: a tensor.
        shape: the new lengths; one may be -1, worked out from the others.

    Raises:
        RuntimeError: the sizes differ.

    Example:
        >>> import penlight as torch
        >>> torch.arange(4).reshape(2, -1)
        tensor([[0, 1],
                [2, 3]])
    """
    wanted = _inferred(lengths("reshape", shape), input._array)
    if input._array.flags.c_contiguous:
        out: Tensor = view_as_shape(input, wanted)
    elif viewed(input._array, wanted) is not None:
        out = reshape_alias(input, wanted)
    else:
        out = unsafe_view(input.clone(memory_format=None), wanted)  # type: ignore[attr-defined]
    return out


@op(
    "_unsafe_view",
    node="UnsafeViewBackward0",
    quiet=True,
    input=lambda grad, input_shape: grad.reshape(input_shape),
)
def unsafe_view(input: Array, shape: tuple[int, ...]) -> Array:
    """Return a fresh tensor's memory in another shape; nobody else looks at it."""
    return np.ascontiguousarray(input).reshape(shape)


def lengths(function: str, given: tuple[Any, ...]) -> tuple[int, ...]:
    """Return the sizes meant by ``f(2, 3)`` or ``f((2, 3))``."""
    if len(given) == 1 and not hasattr(given[0], "__index__"):
        given = tuple(given[0])
    return tuple(_check.integer(function, "shape", length) for length in given)


def view_method(self: Tensor, *shape: Any, **named: Any) -> Tensor:
    """Return the same memory in another shape, or its bytes read as another dtype.

    Args:
        self: a tensor.
        shape: the new lengths, one of which may be -1; or a dtype.

    Raises:
        RuntimeError: the strides do not allow it, or the sizes differ.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(6).view(2, -1).shape
        torch.Size([2, 3])
    """
    shape = shape or tuple(named.values())
    if len(shape) == 1 and isinstance(shape[0], dtype):
        out: Tensor = view_dtype(self, shape[0].numpy)
    else:
        out = view_as_shape(self, lengths("view", shape))
    return out


@view(
    "_view_dtype",
    node="ViewBackward1",
    method=False,
    input=lambda grad, input_dtype: grad._cast(input_dtype),
)
def view_dtype(input: Array, numpy_dtype: Any) -> Array:
    """Return the same bytes read as another dtype; the last dimension grows or shrinks."""
    if input.dtype.itemsize != numpy_dtype.itemsize and not input.ndim:
        msg = (
            f"self.dim() cannot be 0 to view {_check.scalar_type(input)} as a dtype of another size"
        )
        raise RuntimeError(msg)
    try:
        return input.view(numpy_dtype)
    except ValueError as error:
        msg = f"view: the bytes of a tensor of {input.dtype} and shape {list(input.shape)} cannot be read as {numpy_dtype}: {error}"
        raise RuntimeError(msg) from None


def view_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the same memory in the shape of ``other``."""
    out: Tensor = view_as_shape(self, other._array.shape)
    return out


def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the elements in the shape of ``other``."""
    return reshape(self, other._array.shape)


attach(reshape)
attach(view_method, "view")
attach(view_as)
attach(reshape_as)


@view("_alias", node="AliasBackward0", method=False, input=lambda grad: grad)
def alias(input: Array) -> Array:
    """Return the whole tensor as a view of itself."""
    return input[...]


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Join the dimensions from ``start_dim`` to ``end_dim`` into one.

    Args:
        input: a tensor; a 0-d one becomes 1-d.
        start_dim: the first dimension to join.
        end_dim: the last.

    Raises:
        RuntimeError: ``start_dim`` comes after ``end_dim``.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2, 3, 4).flatten(1).shape
        torch.Size([2, 12])
    """
    shape = input._array.shape
    first, last = _check.dim(start_dim, len(shape)), _check.dim(end_dim, len(shape))
    if first > last:
        msg = "flatten() has invalid args: start_dim cannot come after end_dim"
        raise RuntimeError(msg)
    if not shape:
        return reshape(input, (1,))
    if first == last:
        return input
    joined = 1
    for length in shape[first : last + 1]:
        joined *= length
    return reshape(input, (*shape[:first], joined, *shape[last + 1 :]))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Split one dimension into several.

    Args:
        input: a tensor.
        dim: the dimension to split.
        sizes: the new lengths; one may be -1.

    Raises:
        RuntimeError: the lengths do not multiply to that of ``dim``.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2, 6).unflatten(1, (2, 3)).shape
        torch.Size([2, 2, 3])
    """
    shape = input._array.shape
    place = _check.dim(dim, len(shape))
    sizes = tuple(sizes)
    if not sizes:
        msg = "unflatten: sizes must be non-empty"
        raise RuntimeError(msg)
    known = 1
    for length in sizes:
        known *= 1 if length == -1 else length
    total = shape[place]
    if (-1 in sizes and (known == 0 or total % known)) or (-1 not in sizes and known != total):
        msg = f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {place} ({total}) in the input tensor"
        raise RuntimeError(msg)
    filled = tuple(total // known if length == -1 else length for length in sizes)
    out: Tensor = view_as_shape(input, (*shape[:place], *filled, *shape[place + 1 :]))
    return out


attach(flatten)
attach(unflatten)


def ravel(input: Tensor) -> Tensor:
    """Return the elements in one dimension, as a view where the strides allow."""
    return reshape(input, (-1,))


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Return :func:`expand` of ``input`` to ``size``."""
    out: Tensor = expand(input, tuple(size))
    return out


def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """Return :func:`expand` to the shape of ``other``."""
    out: Tensor = expand(self, other._array.shape)
    return out


def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """Return the tensor itself when it is row-major in memory, else a copy that is."""
    if self._array.flags.c_contiguous:
        return self
    out: Tensor = contiguous_copy(self)
    return out


@op("_contiguous", node="CloneBackward0", quiet=True, input=lambda grad: grad)
def contiguous_copy(input: Array) -> Array:
    """Return a row-major copy."""
    return input.copy()


for _function in (ravel, broadcast_to, expand_as, contiguous):
    attach(_function)

# ---- the order of dimensions ---------------------------------------------------------------------


@view(input=lambda grad, dims: grad.permute(_inverse(dims)))
def permute(input: Array, *dims: int) -> Array:
    """Return the tensor with its dimensions in another order, as a view.

    Args:
        input: a tensor.
        dims: every dimension once, in the new order.

    Raises:
        RuntimeError: a dimension is missing or named twice.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2, 3, 4).permute(2, 0, 1).shape
        torch.Size([4, 2, 3])
    """
    if len(dims) != input.ndim:
        msg = (
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of "
            f"the desired ordering of dimensions i.e. input.dim() = {input.ndim} is not equal to "
            f"len(dims) = {len(dims)}"
        )
        raise RuntimeError(msg)
    order = tuple(_check.dim(dim, input.ndim) for dim in dims)
    if len(set(order)) != len(order):
        msg = "permute(): duplicate dims are not allowed."
        raise RuntimeError(msg)
    return input.transpose(order)


def _inverse(dims: Sequence[int]) -> tuple[int, ...]:
    ndim = len(dims)
    inverse = [0] * ndim
    for place, dim in enumerate(dims):
        inverse[dim % ndim] = place
    return tuple(inverse)


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Move dimensions to other places, the rest keeping their order.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2, 3, 4).movedim(0, -1).shape
        torch.Size([3, 4, 2])
    """
    ndim = input._array.ndim
    sources = (source,) if isinstance(source, int) else tuple(source)
    targets = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(sources) != len(targets):
        msg = (
            "movedim: Invalid source or destination dims: source "
            f"({list(sources)} dims) should contain the same number of dims as destination ({list(targets)} dims)"
        )
        raise RuntimeError(msg)
    sources = _check.dims(sources, ndim) if sources else ()
    targets = _check.dims(targets, ndim) if targets else ()
    order = [dim for dim in range(ndim) if dim not in sources]
    for target, moved in sorted(zip(targets, sources, strict=True)):
        order.insert(target, moved)
    out: Tensor = permute(input, *order) if ndim else alias(input)
    return out


@view("t", node="TBackward0", input=lambda grad: grad.t())
def t(input: Array) -> Array:
    """Return a matrix transposed, as a view; a vector or number as it is.

    Raises:
        RuntimeError: there are more than two dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2, 3).t().shape
        torch.Size([3, 2])
    """
    if input.ndim > 2:
        msg = f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D"
        raise RuntimeError(msg)
    return input.T if input.ndim else input[...]


def _reversed(self: Tensor) -> Tensor:
    """The tensor with its dimensions in reverse order."""
    out: Tensor = permute(self, *range(self._array.ndim - 1, -1, -1))
    return out


def _adjoint(self: Tensor) -> Tensor:
    """The matrix transposed (and conjugated, which changes nothing in real numbers)."""
    ndim = self._array.ndim
    if ndim not in {0, 2}:
        msg = f"tensor.H is only supported on matrices (2-D tensors). Got {ndim}-D tensor."
        raise RuntimeError(msg)
    out: Tensor = transpose(self, 0, 1) if ndim else self
    return out


def _matrix_transposed(self: Tensor) -> Tensor:
    """The tensor with its last two dimensions swapped."""
    if self._array.ndim < 2:
        msg = (
            "tensor.mT is only supported on matrices or batches of matrices. "
            f"Got {self._array.ndim}-D tensor."
        )
        raise RuntimeError(msg)
    out: Tensor = transpose(self, -2, -1)
    return out


Tensor.T = property(_reversed)  # type: ignore[attr-defined]
Tensor.mT = property(_matrix_transposed)  # type: ignore[attr-defined]
Tensor.H = property(_adjoint)  # type: ignore[attr-defined]
attach(movedim, "movedim", "moveaxis")
moveaxis = movedim
swapaxes = swapdims = transpose
attach(transpose, "swapaxes", "swapdims")

# ---- fewer and more dimensions -------------------------------------------------------------------


@view("unsqueeze", input=lambda grad, dim: grad.squeeze(dim))
def unsqueeze(input: Array, dim: int) -> Array:
    """Insert a dimension of length 1, as a view.

    Args:
        input: a tensor.
        dim: where, from ``-input.dim() - 1`` to ``input.dim()``.

    Raises:
        IndexError: ``dim`` is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(3).unsqueeze(0).shape
        torch.Size([1, 3])
    """
    place = _check.dim(dim, input.ndim + 1)
    if input.flags.c_contiguous:
        # Gives the new dimension the step that torch gives it; indexing would give 0.
        return input.reshape((*input.shape[:place], 1, *input.shape[place:]))
    return input[(slice(None),) * place + (None, ...)]


@view(
    "_squeeze_all",
    node="SqueezeBackward0",
    method=False,
    input=lambda grad, input_shape: grad.reshape(input_shape),
)
def squeeze_all(input: Array) -> Array:
    """Drop every dimension of length 1."""
    return input.squeeze()[...]


@view(
    "_squeeze_one",
    node="SqueezeBackward1",
    method=False,
    input=lambda grad, input_shape: grad.reshape(input_shape),
)
def squeeze_one(input: Array, dim: int) -> Array:
    """Drop one dimension if its length is 1."""
    place = _check.dim(dim, input.ndim)
    return input.squeeze(place) if input.ndim and input.shape[place] == 1 else input[...]


@view(
    "_squeeze_many",
    node="SqueezeBackward2",
    method=False,
    input=lambda grad, input_shape: grad.reshape(input_shape),
)
def squeeze_many(input: Array, dim: tuple[int, ...]) -> Array:
    """Drop those of the given dimensions whose length is 1."""
    places = _check.dims(dim, input.ndim) if dim else ()
    return input.squeeze(tuple(place for place in places if input.shape[place] == 1))[...]


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Drop dimensions of length 1, as a view.

    Args:
        input: a tensor.
        dim: one dimension or several to drop if they have length 1; all when not given.

    Raises:
        IndexError: a dimension is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(1, 3, 1).squeeze().shape
        torch.Size([3])
    """
    if dim is None:
        out: Tensor = squeeze_all(input)
    elif isinstance(dim, (tuple, list)):
        out = squeeze_many(input, tuple(dim))
    else:
        out = squeeze_one(input, dim)
    return out


attach(squeeze)

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
    """Return windows of ``size`` along a dimension, ``step`` apart, as a view with one dimension more.

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


@view("as_strided")
def as_strided(
    input: Array, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Array:
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
    size, stride = tuple(size), tuple(stride)
    if len(size) != len(stride):
        msg = f"mismatch in length of strides and shape: {list(stride)} and {list(size)}"
        raise RuntimeError(msg)
    if any(step < 0 for step in stride):
        msg = (
            "as_strided: Negative strides are not supported at the moment, "
            f"got strides: {list(stride)}"
        )
        raise RuntimeError(msg)
    memory, own = _memory_of(input)
    offset = own if storage_offset is None else storage_offset
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if math.prod(size) and not 0 <= offset <= last < memory.size:
        width = input.itemsize
        msg = (
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and "
            f"itemsize {width} requiring a storage size of {(last + 1) * width} are out of bounds for "
            f"storage of size {memory.size * width}"
        )
        raise RuntimeError(msg)
    steps = tuple(step * input.itemsize for step in stride)
    return numpy_as_strided(memory[offset:], size, steps)


def _memory_of(array: Array) -> tuple[Array, int]:
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
