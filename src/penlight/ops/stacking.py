"""Joining and splitting by the names of NumPy: hstack, vsplit, atleast_2d and the like."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from . import _check
from ._op import attach
from .dims import unsqueeze
from .join import cat, tensor_split
from .shape import reshape

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "column_stack",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "row_stack",
    "vsplit",
    "vstack",
]


def _each(tensors: tuple[Any, ...], change: Any) -> Any:
    """Apply to one tensor, or to each of several."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    elif len(tensors) == 1:
        return change(tensors[0])
    return tuple(map(change, tensors))


def atleast_1d(*tensors: Any) -> Any:
    """Return tensors with at least one dimension: a number becomes a vector.

    Example:
        >>> import penlight as torch
        >>> torch.atleast_1d(torch.tensor(2))
        tensor([2])
    """
    return _each(tensors, lambda tensor: tensor if tensor._array.ndim else reshape(tensor, 1))


def atleast_2d(*tensors: Any) -> Any:
    """Return tensors with at least two dimensions: a vector becomes a row.

    Example:
        >>> import penlight as torch
        >>> torch.atleast_2d(torch.tensor([1, 2]))
        tensor([[1, 2]])
    """
    return _each(tensors, _as_matrix)


def _as_matrix(tensor: Tensor) -> Tensor:
    ndim = tensor._array.ndim
    if ndim >= 2:
        return tensor
    out: Tensor = unsqueeze(tensor, 0) if ndim else reshape(tensor, 1, 1)
    return out


def atleast_3d(*tensors: Any) -> Any:
    """Return tensors with at least three dimensions: a matrix gets a last one.

    Example:
        >>> import penlight as torch
        >>> torch.atleast_3d(torch.zeros(4)).shape
        torch.Size([1, 4, 1])
    """
    return _each(tensors, _as_batch)


def _as_batch(tensor: Tensor) -> Tensor:
    ndim = tensor._array.ndim
    if ndim >= 3:
        return tensor
    if not ndim:
        return reshape(tensor, 1, 1, 1)
    out: Tensor = unsqueeze(unsqueeze(tensor, 0) if ndim == 1 else tensor, -1)
    return out


def _given(function: str, tensors: Any) -> list[Tensor]:
    if not isinstance(tensors, (list, tuple)):
        msg = (
            f"{function}(): argument 'tensors' (position 1) must be tuple of Tensors, "
            f"not {type(tensors).__name__}"
        )
        raise TypeError(msg)
    if not tensors:
        msg = f"{function} expects a non-empty TensorList"
        raise RuntimeError(msg)
    return list(tensors)


def hstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join tensors side by side: along the second dimension, vectors along their only one.

    Example:
        >>> import penlight as torch
        >>> torch.hstack([torch.tensor([1]), torch.tensor([2])])
        tensor([1, 2])
    """
    columns = [atleast_1d(tensor) for tensor in _given("hstack", tensors)]
    return cat(columns, 0 if columns[0]._array.ndim == 1 else 1, out=out)


def vstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join tensors on top of each other: along the first dimension, vectors as rows.

    Example:
        >>> import penlight as torch
        >>> torch.vstack([torch.tensor([1]), torch.tensor([2])])
        tensor([[1],
                [2]])
    """
    return cat([_as_matrix(tensor) for tensor in _given("vstack", tensors)], 0, out=out)


row_stack = vstack


def dstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join tensors along the third dimension.

    Example:
        >>> import penlight as torch
        >>> torch.dstack([torch.tensor([1]), torch.tensor([2])])
        tensor([[[1, 2]]])
    """
    return cat([_as_batch(tensor) for tensor in _given("dstack", tensors)], 2, out=out)


def column_stack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join tensors side by side, vectors as columns.

    Example:
        >>> import penlight as torch
        >>> torch.column_stack([torch.tensor([1, 2]), torch.tensor([3, 4])])
        tensor([[1, 3],
                [2, 4]])
    """
    columns = [
        reshape(tensor, tensor._array.size, 1) if tensor._array.ndim <= 1 else tensor
        for tensor in _given("column_stack", tensors)
    ]
    return cat(columns, 1, out=out)


# ---- splitting -----------------------------------------------------------------------------------


def _split(
    function: str, input: Tensor, least: int, dim: int, given: tuple[Any, ...], **named: Any
) -> tuple[Tensor, ...]:
    parts = None if not given else given[0] if len(given) == 1 else given
    parts = _check.only_one(function, parts=parts, **named)
    ndim = input._array.ndim
    if ndim < least:
        msg = (
            f"torch.{function} requires a tensor with at least {least} dimension, "
            f"but got a tensor with {ndim} dimensions!"
        )
        raise RuntimeError(msg)
    if isinstance(parts, int) and (parts == 0 or input._array.shape[dim] % parts):
        msg = (
            f"torch.{function} attempted to split along dimension {dim}, but the size of the "
            "dimension "
            f"{input._array.shape[dim]} is not divisible by the split_size {parts}!"
        )
        raise RuntimeError(msg)
    return tensor_split(input, parts, dim)


def hsplit(
    input: Tensor, *parts: Any, indices: Any = None, sections: int | None = None
) -> tuple[Tensor, ...]:
    """Split into columns, a vector into parts: equal ones, or at the given indices.

    Args:
        input: a tensor.
        parts: how many parts, or the indices: one sequence, or several numbers.
        indices: the indices by name.
        sections: how many parts, by name.

    Raises:
        RuntimeError: the parts would not be equal.

    Example:
        >>> import penlight as torch
        >>> torch.hsplit(torch.tensor([1, 2]), 2)
        (tensor([1]), tensor([2]))
    """
    dim = 0 if input._array.ndim == 1 else 1
    return _split("hsplit", input, 1, dim, parts, indices=indices, sections=sections)


def vsplit(
    input: Tensor, *parts: Any, indices: Any = None, sections: int | None = None
) -> tuple[Tensor, ...]:
    """Split along the first dimension of at least two; as :func:`hsplit`.

    Example:
        >>> import penlight as torch
        >>> torch.vsplit(torch.tensor([[1], [2]]), 2)
        (tensor([[1]]), tensor([[2]]))
    """
    return _split("vsplit", input, 2, 0, parts, indices=indices, sections=sections)


def dsplit(
    input: Tensor, *parts: Any, indices: Any = None, sections: int | None = None
) -> tuple[Tensor, ...]:
    """Split along the third dimension; as :func:`hsplit`.

    Example:
        >>> import penlight as torch
        >>> torch.dsplit(torch.tensor([[[1, 2]]]), 2)
        (tensor([[[1]]]), tensor([[[2]]]))
    """
    return _split("dsplit", input, 3, 2, parts, indices=indices, sections=sections)


for _function in (hsplit, vsplit, dsplit):
    attach(_function)
