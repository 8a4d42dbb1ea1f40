"""Joining and splitting: cat, stack, split, chunk."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from . import _check
from ._families import view
from ._op import attach, op
from .view import slice_dim

__all__ = [
    "cat",
    "chunk",
    "concat",
    "concatenate",
    "split",
    "split_with_sizes",
    "stack",
    "tensor_split",
    "unsafe_chunk",
    "unsafe_split",
    "unsafe_split_with_sizes",
]


def _pieces(grad: Tensor, dim: int, tensors_shape: list[tuple[int, ...]]) -> list[Tensor]:
    pieces, start = [], 0
    dim %= max(map(len, tensors_shape))
    for shape in tensors_shape:
        if shape == (0,):
            pieces.append(grad.new_zeros(0))
            continue
        length = shape[dim]
        pieces.append(slice_dim(grad, dim, start, start + length, 1))
        start += length
    return pieces


@op("cat", promotion="default", method=False, quiet=True, out=True, tensors=_pieces)
def cat(tensors: Sequence[Array], dim: int = 0) -> Array:
    """Join tensors along an existing dimension.

    Args:
        tensors: tensors of equal shapes but for ``dim``; their dtypes promote.
        dim: the dimension to join along.
        out: where to write the result.

    Raises:
        RuntimeError: the shapes do not fit.
        ValueError: there are no tensors.

    Example:
        >>> import penlight as torch
        >>> torch.cat([torch.zeros(2), torch.ones(1)])
        tensor([0., 0., 1.])
    """
    if not tensors:
        msg = "torch.cat(): expected a non-empty list of Tensors"
        raise ValueError(msg)
    for index, array in enumerate(tensors):
        if not array.ndim:
            msg = f"zero-dimensional tensor (at position {index}) cannot be concatenated"
            raise RuntimeError(msg)
    joined = [array for array in tensors if array.shape != (0,)] or [tensors[0]]
    first = joined[0]
    place = _check.dim(dim, first.ndim)
    for index, array in enumerate(joined):
        _check_sizes(first, array, place, index)
    return np.concatenate(joined, axis=place)


concat = concatenate = cat


def _check_sizes(first: Array, other: Array, dim: int, index: int) -> None:
    if other.ndim != first.ndim:
        msg = f"Tensors must have same number of dimensions: got {first.ndim} and {other.ndim}"
        raise RuntimeError(msg)
    for place, (a, b) in enumerate(zip(first.shape, other.shape, strict=True)):
        if a != b and place != dim:
            msg = (
                f"Sizes of tensors must match except in dimension {dim}. Expected size {a} but got "
                f"size {b} for tensor number {index} in the list."
            )
            raise RuntimeError(msg)


@op(
    "stack",
    promotion="default",
    method=False,
    quiet=True,
    out=True,
    tensors=lambda grad, dim: list(grad.unbind(dim)),
)
def stack(tensors: Sequence[Array], dim: int = 0) -> Array:
    """Join tensors of one shape along a new dimension.

    Args:
        tensors: tensors of one shape; their dtypes promote.
        dim: where the new dimension goes.
        out: where to write the result.

    Raises:
        RuntimeError: the shapes differ, or there are no tensors.

    Example:
        >>> import penlight as torch
        >>> torch.stack([torch.zeros(2), torch.ones(2)])
        tensor([[0., 0.],
                [1., 1.]])
    """
    if not tensors:
        msg = "stack expects a non-empty TensorList"
        raise RuntimeError(msg)
    first = tensors[0].shape
    place = _check.dim(dim, len(first) + 1)
    others = [array.shape for array in tensors]
    if others.count(first) < len(others):
        index, other = next(each for each in enumerate(others) if each[1] != first)
        msg = (
            f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
            f"{list(other)} at entry {index}"
        )
        raise RuntimeError(msg)
    if place:
        return np.stack(tensors, axis=place)
    # Several times as fast for many small arrays, such as a batch of samples.
    if first:
        out = np.empty((len(tensors), *first), tensors[0].dtype)
        np.concatenate(tensors, out=out.reshape(len(tensors) * first[0], *first[1:]))
        return out
    return np.array(tensors, dtype=tensors[0].dtype)


# ---- splitting -----------------------------------------------------------------------------------


@view(
    "_split",
    node="SplitBackward0",
    outputs=-1,
    method=False,
    input=lambda grads, dim: cat(grads, dim),
)
def split_evenly(input: Array, split_size: int, dim: int) -> list[Array]:
    """Return views of ``split_size`` indices each; the last may be shorter."""
    length = input.shape[dim]
    starts = range(0, length, split_size) if length else range(1)
    before: tuple[Any, ...] = (slice(None),) * dim
    return [input[(*before, slice(start, start + split_size), ...)] for start in starts]


@view(
    "_split_with_sizes",
    node="SplitWithSizesBackward0",
    outputs=-1,
    method=False,
    input=lambda grads, dim: cat(grads, dim),
)
def split_by_sizes(input: Array, sizes: tuple[int, ...], dim: int) -> list[Array]:
    """Return views of the given lengths."""
    before: tuple[Any, ...] = (slice(None),) * dim
    ends = np.cumsum(sizes).tolist()
    return [
        input[(*before, slice(end - size, end), ...)] for size, end in zip(sizes, ends, strict=True)
    ]


def _check_sections(sections: Any, length: int, place: int) -> tuple[int, ...]:
    """Return the lengths of parts as ints, refusing those that do not make up the dimension."""
    sizes = tuple(int(size) for size in sections)
    if min(sizes, default=0) < 0:
        msg = (
            "split_with_sizes expects split_sizes have only non-negative entries, but got "
            f"split_sizes={list(sizes)}"
        )
        raise RuntimeError(msg)
    if sum(sizes) != length:
        msg = (
            f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size "
            f"at dimension {place}), but got split_sizes={list(sizes)}"
        )
        raise RuntimeError(msg)
    return sizes


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Split a tensor along a dimension, as views.

    Args:
        tensor: the tensor.
        split_size_or_sections: the length of each part (the last may be shorter), or every part's
            length.
        dim: the dimension.

    Raises:
        RuntimeError: the lengths are negative or do not add up to that of ``dim``.

    Example:
        >>> import penlight as torch
        >>> torch.arange(3).split(2)
        (tensor([0, 1]), tensor([2]))
    """
    place = _check.dim(dim, tensor._array.ndim)
    length = tensor._array.shape[place] if tensor._array.ndim else 1
    out: tuple[Tensor, ...]
    if isinstance(split_size_or_sections, (list, tuple)):
        sizes = _check_sections(split_size_or_sections, length, place)
        out = split_by_sizes(tensor, sizes, place)
        return out
    out = split_evenly(tensor, _check_split_size(split_size_or_sections, length), place)
    return out


def _check_split_size(split_size: Any, length: int) -> int:
    size = int(split_size)
    if size < 0 or (size == 0 and length):
        msg = (
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}"
            if size == 0
            else f"split expects split_size be non-negative, but got split_size={size}"
        )
        raise RuntimeError(msg)
    return size or 1


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Split a tensor along a dimension into at most ``chunks`` parts of equal length, as views.

    Raises:
        RuntimeError: ``chunks`` is not positive.

    Example:
        >>> import penlight as torch
        >>> torch.arange(4).chunk(2)
        (tensor([0, 1]), tensor([2, 3]))
    """
    return _parts_of(input, chunks, dim, split, split)


def _parts_of(
    input: Tensor, chunks: int, dim: int, evenly: Any, by_sizes: Any
) -> tuple[Tensor, ...]:
    if chunks <= 0:
        msg = f"chunk expects `chunks` to be greater than 0, got: {chunks}"
        raise RuntimeError(msg)
    length = input._array.shape[_check.dim(dim, input._array.ndim)]
    parts: tuple[Tensor, ...] = (
        evenly(input, -(-length // chunks), dim) if length else by_sizes(input, [0] * chunks, dim)
    )
    return parts


def tensor_split(
    input: Tensor,
    indices_or_sections: Any = None,
    dim: int = 0,
    *,
    indices: Any = None,
    sections: int | None = None,
    tensor_indices_or_sections: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """Split a tensor at the given indices, or into that many parts as equal as can be, as views.

    Args:
        input: a tensor.
        indices_or_sections: where to split, or into how many parts.
        dim: the dimension that is split.
        indices: the same by the name that torch has for a sequence.
        sections: the same by the name that torch has for a number.
        tensor_indices_or_sections: the same by the name that torch has for a tensor.

    Raises:
        RuntimeError: the number of parts is not positive.

    Example:
        >>> import penlight as torch
        >>> torch.arange(3).tensor_split(2)
        (tensor([0, 1]), tensor([2]))
    """
    place = _check.dim(dim, input._array.ndim)
    length = input._array.shape[place]
    given = _check.only_one(
        "tensor_split",
        indices_or_sections=indices_or_sections,
        indices=indices,
        sections=sections,
        tensor_indices_or_sections=tensor_indices_or_sections,
    )
    given = given.tolist() if isinstance(given, Tensor) else given
    if isinstance(given, int):
        if given <= 0:
            msg = f"number of sections must be larger than 0, got {given}"
            raise RuntimeError(msg)
        share, extra = divmod(length, given)
        ends = [share * i + min(i, extra) for i in range(1, given)]
    else:
        ends = list(given)
    bounds = [0, *ends, length]
    return tuple(slice_dim(input, place, start, end, 1) for start, end in pairwise(bounds))


for _function in (split, chunk, tensor_split):
    attach(_function)


def _split_method(self: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Split this tensor along a dimension, as views; see :func:`split`."""
    return split(self, split_size, dim)


attach(_split_method, "split")


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Split a tensor into parts of the given lengths, as views; see :func:`split`.

    Example:
        >>> import penlight as torch
        >>> torch.split_with_sizes(torch.arange(3), [1, 2])
        (tensor([0]), tensor([1, 2]))
    """
    return split(input, list(split_sizes), dim)


@op(
    "_unsafe_split",
    node="UnsafeSplitBackward0",
    outputs=-1,
    method=False,
    quiet=True,
    input=lambda grads, dim: cat(grads, dim),
)
def _split_copies(input: Array, split_size: int, dim: int) -> list[Array]:
    return [part.copy() for part in split_evenly.op.forward(input, split_size, dim)]


@op(
    "_unsafe_split_with_sizes",
    node="UnsafeSplitWithSizesBackward0",
    outputs=-1,
    method=False,
    quiet=True,
    input=lambda grads, dim: cat(grads, dim),
)
def _split_copies_by_sizes(input: Array, sizes: tuple[int, ...], dim: int) -> list[Array]:
    return [part.copy() for part in split_by_sizes.op.forward(input, sizes, dim)]


def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Split a tensor into parts that may be written in place; see :func:`split`.

    The parts are copies. In torch they are views that autograd takes for copies, and writing to
    one of them while the tensor is still in use is an error that nothing reports.

    Example:
        >>> import penlight as torch
        >>> torch.unsafe_split(torch.arange(3), 2)
        (tensor([0, 1]), tensor([2]))
    """
    place = _check.dim(dim, input._array.ndim)
    size = _check_split_size(split_size, input._array.shape[place])
    out: tuple[Tensor, ...] = _split_copies(input, size, place)
    return out


def unsafe_split_with_sizes(
    input: Tensor, split_sizes: Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """Split a tensor into copies of the given lengths; see :func:`unsafe_split`.

    Example:
        >>> import penlight as torch
        >>> torch.unsafe_split_with_sizes(torch.arange(3), [1, 2])
        (tensor([0]), tensor([1, 2]))
    """
    place = _check.dim(dim, input._array.ndim)
    sizes = _check_sections(split_sizes, input._array.shape[place], place)
    out: tuple[Tensor, ...] = _split_copies_by_sizes(input, sizes, place)
    return out


def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Split a tensor into at most ``chunks`` copies; see :func:`chunk` and :func:`unsafe_split`.

    Example:
        >>> import penlight as torch
        >>> torch.unsafe_chunk(torch.arange(3), 2)
        (tensor([0, 1]), tensor([2]))
    """
    return _parts_of(input, chunks, dim, unsafe_split, unsafe_split_with_sizes)


_by_length: tuple[Any, ...] = (
    split_with_sizes,
    unsafe_split,
    unsafe_split_with_sizes,
    unsafe_chunk,
)
for _splitting in _by_length:
    attach(_splitting)
