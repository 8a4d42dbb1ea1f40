"""Views in other shapes: view, reshape, expand, flatten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided as numpy_as_strided

from .._dtype import dtype
from .._tensor import Array, Tensor
from . import _check
from ._families import view
from ._op import attach, op
from ._tensor_calls import call

__all__ = [
    "broadcast_to",
    "flatten",
    "ravel",
    "reshape",
    "swapaxes",
    "swapdims",
    "transpose",
    "unflatten",
]


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
    """Return ``array`` in another shape over the same memory, or ``None`` if it cannot be."""
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
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
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


swapdims = transpose
attach(transpose, "swapdims")


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """Return the tensor with two dimensions swapped; :func:`transpose` by NumPy's names."""
    out: Tensor = transpose(input, axis0, axis1)
    return out


attach(swapaxes)


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
    wanted: list[int] = []
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
                f"The expanded size of the tensor ({length}) must match the existing size ({own}) "
                f"at non-singleton dimension {dim}.  Target sizes: {list(size)}.  "
                f"Tensor sizes: {list(input.shape)}"
            )
            raise RuntimeError(msg)
        wanted.append(length if length != -1 or own is None else own)
    strides = [0] * new + [
        0 if length != own else step
        for own, length, step in zip(input.shape, wanted[new:], input.strides, strict=True)
    ]
    return numpy_as_strided(input, tuple(wanted), tuple(strides))


_view_plainly = call("view", view_as_shape)
_reshape_plainly = call("reshape", view_as_shape)


def reshape(input: Tensor, *sizes: Any, shape: Any = None) -> Tensor:
    """Return the elements in another shape: a view where the strides allow, else a copy.

    Args:
        input: a tensor.
        sizes: the new lengths, as numbers or one sequence; one may be -1, worked out from the
            others.
        shape: the new lengths by name.

    Raises:
        RuntimeError: the sizes differ.

    Example:
        >>> import penlight as torch
        >>> torch.arange(4).reshape(2, -1)
        tensor([[0, 1],
                [2, 3]])
    """
    if shape is not None:
        sizes = (*sizes, shape)
    out: Tensor | None = _reshape_plainly(input, sizes)
    if out is not None:
        return out
    wanted = _inferred(lengths("reshape", sizes), input._array)
    if input._array.flags.c_contiguous:
        made: Tensor = view_as_shape(input, wanted)
    elif viewed(input._array, wanted) is not None:
        made = reshape_alias(input, wanted)
    else:
        made = unsafe_view(input.clone(memory_format=None), wanted)
    return made


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
        named: either of them by name, ``size=`` or ``dtype=``.

    Raises:
        RuntimeError: the strides do not allow it, or the sizes differ.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(6).view(2, -1).shape
        torch.Size([2, 3])
    """
    out: Tensor | None = _view_plainly(self, shape)
    if out is not None:
        return out
    shape = shape or tuple(named.values())
    if len(shape) == 1 and isinstance(shape[0], dtype):
        made: Tensor = view_dtype(self, shape[0].numpy)
    else:
        made = view_as_shape(self, lengths("view", shape))
    return made


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
        msg = (
            f"view: the bytes of a tensor of {input.dtype} and shape {list(input.shape)} "
            f"cannot be read as {numpy_dtype}: {error}"
        )
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
        msg = (
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of "
            f"dim {place} ({total}) in the input tensor"
        )
        raise RuntimeError(msg)
    filled = tuple(total // known if length == -1 else length for length in sizes)
    out: Tensor = view_as_shape(input, (*shape[:place], *filled, *shape[place + 1 :]))
    return out


attach(flatten)
attach(unflatten)


def ravel(input: Tensor) -> Tensor:
    """Return the elements in one dimension, as a view of a contiguous tensor."""
    return reshape(input.contiguous(), (-1,))


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Return :func:`expand` of ``input`` to ``size``."""
    out: Tensor = expand(input, tuple(size))
    return out


def _broadcast_to_method(self: Tensor, *sizes: Any, size: Any = None) -> Tensor:
    """Return :func:`expand` of the tensor to a shape, given as numbers or one sequence."""
    out: Tensor = expand(self, *(sizes if size is None else (*sizes, size)))
    return out


attach(_broadcast_to_method, "broadcast_to")


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


for _function in (ravel, expand_as, contiguous):
    attach(_function)
