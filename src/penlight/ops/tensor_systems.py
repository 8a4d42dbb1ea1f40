"""Inverses and systems of tensors taken for matrices, over groups of dimensions."""

from __future__ import annotations

import math
from typing import Any

from .._tensor import Tensor
from . import _check
from ._lapack import check_floating, require_tensor
from ._results import written
from .solving import inv, solve

__all__: list[str] = []


def tensorinv(A: Tensor, ind: int = 2, *, out: Tensor | None = None) -> Tensor:
    """Invert a tensor as the linear map from its last dimensions to its first ``ind``.

    Args:
        A: a tensor whose first ``ind`` dimensions have as many elements as the others.
        ind: how many dimensions are the rows.
        out: where to write the result.

    Returns:
        A tensor of shape ``A.shape[ind:] + A.shape[:ind]``.

    Raises:
        RuntimeError: the numbers of elements differ, or ``ind`` is not positive.
        LinAlgError: the map is singular.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.tensorinv(torch.eye(6).reshape(2, 3, 6), ind=2).shape
        torch.Size([6, 2, 3])
    """
    require_tensor("linalg_tensorinv", "A", A)
    check_floating("tensorinv", A._array)
    if ind <= 0:
        _check.refuse(f"Expected a strictly positive integer for 'ind', got {ind}")
    rows, columns = A._array.shape[:ind], A._array.shape[ind:]
    if math.prod(rows) != math.prod(columns):
        _check.refuse(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {math.prod(columns)} != {math.prod(rows)}"
        )
    size = math.prod(columns)
    result: Tensor = inv(A.reshape(math.prod(rows), size)).reshape(*columns, *rows)
    return written(out, result)


def tensorsolve(A: Tensor, B: Tensor, dims: Any = None, *, out: Tensor | None = None) -> Tensor:
    """Solve a system whose matrix is a tensor: ``tensordot(A, X, X.ndim) == B``.

    Args:
        A: a tensor whose first ``B.ndim`` dimensions have as many elements as the others.
        B: the right-hand side.
        dims: dimensions of ``A`` to move to its end first.
        out: where to write the result.

    Returns:
        A tensor of shape ``A.shape[B.ndim:]``.

    Raises:
        RuntimeError: the numbers of elements differ.
        LinAlgError: the system is singular.

    Example:
        >>> import penlight as torch
        >>> A = 2 * torch.eye(6).reshape(2, 3, 6)
        >>> torch.linalg.tensorsolve(A, torch.ones(2, 3))
        tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000])
    """
    require_tensor("linalg_tensorsolve", "A", A)
    require_tensor("linalg_tensorsolve", "B", B)
    ndim = A._array.ndim
    matrix: Any = A
    if dims is not None:
        matrix = A.movedim(tuple(dims), tuple(range(ndim - len(dims), ndim)))
    shape = matrix._array.shape[B._array.ndim :]
    size = math.prod(shape)
    if size * B._array.size != matrix._array.size or size != B._array.size:
        _check.refuse(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {size} != {B._array.size}"
        )
    result: Tensor = solve(matrix.reshape(size, size), B.flatten()).reshape(shape)
    return written(out, result)
