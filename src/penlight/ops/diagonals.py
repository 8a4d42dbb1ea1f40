"""Diagonals written and copied: diag, diag_embed, diagflat, block_diag, trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._promotion import promote_types
from .._tensor import Array, Tensor
from . import _check
from ._op import attach, op
from ._results import written
from .shape import reshape
from .view import diagonal, slice_dim

__all__ = ["block_diag", "diag", "diag_embed", "diagflat", "trace"]

_diagonal_of: Any = diagonal.op.forward


def _step(offset: int) -> tuple[Any, ...]:
    """Return the view that the main matrix's diagonal is, for gradients written through it."""
    return ((_diagonal_of, (offset, 0, 1)),)


def diag(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Return the matrix with a vector on its diagonal, or a copy of a matrix's diagonal.

    Args:
        input: a vector or a matrix.
        diagonal: how far above the main diagonal.
        out: where to write the result.

    Raises:
        RuntimeError: there are no or more than two dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.diag(torch.tensor([1, 2]))
        tensor([[1, 0],
                [0, 2]])
    """
    ndim = input._array.ndim
    if ndim not in {1, 2}:
        msg = f"diag(): Supports 1D or 2D tensors. Got {ndim}D"
        raise RuntimeError(msg)
    result: Tensor = diag_embed(input, diagonal) if ndim == 1 else diagonal_copy(input, diagonal)
    return written(out, result)


@op(
    "_diagonal_copy",
    node="DiagonalBackward0_copy",
    method=False,
    quiet=True,
    input=lambda grad, offset, input_layout: grad._embed(_step(offset), input_layout),
)
def diagonal_copy(input: Array, offset: int) -> Array:
    """Return a copy of a matrix's diagonal."""
    return np.diagonal(input, offset).copy()


@op(
    "diag_embed",
    quiet=True,
    input=lambda grad, offset, dim1, dim2: grad.diagonal(offset, dim1, dim2),
)
def diag_embed(input: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Array:
    """Return matrices with the last dimension on their diagonals.

    Args:
        input: a tensor of at least one dimension.
        offset: how far above the main diagonal.
        dim1: where the rows go.
        dim2: where the columns go.

    Raises:
        RuntimeError: ``dim1`` and ``dim2`` are the same.

    Example:
        >>> import penlight as torch
        >>> torch.diag_embed(torch.tensor([1, 2]))
        tensor([[1, 0],
                [0, 2]])
    """
    if not input.ndim:
        msg = "Dimension out of range (expected to be in range of [-1, 0], but got -1)"
        raise IndexError(msg)
    ndim = input.ndim + 1
    first, second = _check.dim(dim1, ndim), _check.dim(dim2, ndim)
    if first == second:
        msg = f"diagonal dimensions cannot be identical {dim1}, {dim2}"
        raise RuntimeError(msg)
    length = input.shape[-1] + abs(offset)
    out = np.zeros((*input.shape[:-1], length, length), input.dtype)
    out = np.moveaxis(out, (-2, -1), (first, second)).copy()
    _diagonal_of(out, offset, first, second)[...] = input
    return out


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """Return the matrix with the flattened tensor on its diagonal.

    Example:
        >>> import penlight as torch
        >>> torch.diagflat(torch.tensor([[1], [2]]))
        tensor([[1, 0],
                [0, 2]])
    """
    out: Tensor = diag_embed(reshape(input, -1), offset)
    return out


@op(
    "trace",
    input=lambda grad, input_shape, input_layout: grad.expand(min(input_shape))._embed(
        _step(0), input_layout
    ),
)
def trace(input: Array) -> Array:
    """Add up the diagonal of a matrix.

    Raises:
        RuntimeError: the tensor is no matrix.

    Example:
        >>> import penlight as torch
        >>> torch.trace(torch.tensor([[1, 2], [3, 4]]))
        tensor(5)
    """
    if input.ndim != 2:
        msg = f"trace: expected a matrix, but got tensor with dim {input.ndim}"
        raise RuntimeError(msg)
    if input.dtype.kind == "b":
        msg = "\"trace\" not implemented for 'Bool'"
        raise NotImplementedError(msg)
    kind = np.int64 if input.dtype.kind in "iu" else np.float64
    total = np.trace(input, dtype=kind)
    return np.asarray(total if input.dtype.kind in "iu" else np.asarray(total).astype(input.dtype))


def _blocks(grad: Tensor, tensors_shape: list[tuple[int, ...]]) -> list[Tensor]:
    blocks, row, column = [], 0, 0
    for shape in tensors_shape:
        rows, columns = (1,) * (2 - len(shape)) + shape
        band = slice_dim(grad, 0, row, row + rows, 1)
        blocks.append(reshape(slice_dim(band, 1, column, column + columns, 1), shape))
        row, column = row + rows, column + columns
    return blocks


@op("_block_diag", node="BlockDiagBackward0", method=False, quiet=True, tensors=_blocks)
def block_diag_arrays(tensors: Sequence[Array]) -> Array:
    """Return one matrix with the given ones along its diagonal."""
    matrices = [np.atleast_2d(array) for array in tensors]
    shape = [sum(lengths) for lengths in zip(*(matrix.shape for matrix in matrices), strict=True)]
    out = np.zeros(shape, tensors[0].dtype)
    row = column = 0
    for matrix in matrices:
        rows, columns = matrix.shape
        out[row : row + rows, column : column + columns] = matrix
        row, column = row + rows, column + columns
    return out


def block_diag(*tensors: Tensor) -> Tensor:
    """Return one matrix with the given ones along its diagonal and zeros elsewhere.

    Args:
        tensors: matrices; vectors count as one row.

    Raises:
        RuntimeError: a tensor has more than two dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.block_diag(torch.tensor([[1]]), torch.tensor([2, 3]))
        tensor([[1, 0, 0],
                [0, 2, 3]])
    """
    from .creation import empty  # noqa: PLC0415 - rare

    given: tuple[Any, ...] = tensors or (empty(1, 0),)
    target = given[0].dtype
    for position, tensor in enumerate(given):
        if tensor._array.ndim > 2:
            msg = (
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. "
                f"Input {position} has {tensor._array.ndim} dimensions"
            )
            raise RuntimeError(msg)
        target = promote_types(target, tensor.dtype)
    kind = target.numpy
    out: Tensor = block_diag_arrays([t if t._array.dtype == kind else t._cast(kind) for t in given])
    return out


attach(diag)
attach(diagflat)
