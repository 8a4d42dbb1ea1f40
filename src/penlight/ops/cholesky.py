"""The Cholesky factor of positive-definite matrices, and what is computed from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from . import _check
from ._lapack import (
    check_input,
    check_sizes,
    check_square,
    each,
    raise_failures,
    require_tensor,
    solve_triangle,
)
from ._op import attach, op
from ._results import named_result, written
from .solving import solve_triangular

__all__ = ["cholesky", "cholesky_inverse", "cholesky_solve"]


def _factored(matrix: Array, upper: bool) -> tuple[Array, Array]:
    """Return the factors, and for each matrix the order of its first minor that is not positive."""
    info = np.zeros(matrix.shape[:-2], np.int32)
    lower = np.swapaxes(matrix, -1, -2) if upper else matrix
    try:
        out = np.linalg.cholesky(lower)
    except np.linalg.LinAlgError:
        for index in np.ndindex(info.shape):
            info[index] = _bad_minor(lower[index])
        out = each(np.linalg.cholesky, info, lower)
    return (np.ascontiguousarray(np.swapaxes(out, -1, -2)) if upper else out), info


def _bad_minor(matrix: Array) -> int:
    """Return the order of a matrix's first leading minor that has no factor, or 0."""
    for order in range(1, len(matrix) + 1):
        try:
            np.linalg.cholesky(matrix[:order, :order])
        except np.linalg.LinAlgError:
            return order
    return 0


def _factor_rule(grad: Any, upper: bool, out: Any) -> Any:
    """Return the gradient of a factor's matrix, symmetric; Murray, arXiv:1602.07527."""
    lower, grad = (out.mT, grad.mT) if upper else (out, grad)
    inner = (lower.mT @ grad).tril()
    inner = inner + inner.tril(-1).mT
    turned = lower.mT
    right = solve_triangular(lower, inner, upper=False, left=False)
    return solve_triangular(turned, right, upper=True) * 0.5


@op(
    "_linalg_cholesky_ex",
    node="LinalgCholeskyExBackward0",
    method=False,
    outputs=2,
    result=named_result("linalg_cholesky_ex", "L", "info"),
    A=_factor_rule,
)
def _cholesky(A: Array, upper: bool) -> Any:
    return _factored(A, upper)


def cholesky_ex(
    A: Tensor, *, upper: bool = False, check_errors: bool = False, out: Any = None
) -> Any:
    """Factor matrices as :func:`linalg_cholesky`, and say which could not be.

    Args:
        A: shape (…, n, n), float32 or float64, symmetric; one triangle is read.
        upper: give (and read) the upper triangle.
        check_errors: raise as :func:`linalg_cholesky` does.
        out: where to write the pair.

    Returns:
        A named pair ``(L, info)``; ``info`` is 0, or the order of the first leading minor that is
        not positive-definite, and then ``L`` is NaN.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.cholesky_ex(-torch.eye(2)).info
        tensor(1, dtype=torch.int32)
    """
    require_tensor("linalg_cholesky_ex", "A", A)
    check_input("linalg.cholesky", A._array, square=True)
    found = _cholesky(A, upper)
    if check_errors:
        raise_failures("linalg.cholesky_ex", "cholesky", found.info._array)
    return written(out, found)


def linalg_cholesky(A: Tensor, *, upper: bool = False, out: Tensor | None = None) -> Tensor:
    r"""Factor positive-definite matrices: :math:`A = L L^T`.

    Args:
        A: shape (…, n, n), float32 or float64, symmetric; one triangle is read.
        upper: give (and read) the upper triangle: :math:`A = U^T U`.
        out: where to write the result.

    Raises:
        RuntimeError: the matrices are not square, or the dtype is none of the two.
        LinAlgError: a matrix is not positive-definite.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.cholesky(4 * torch.eye(2))
        tensor([[2., 0.],
                [0., 2.]])
    """
    require_tensor("linalg_cholesky", "A", A)
    check_input("linalg.cholesky", A._array, square=True)
    found = _cholesky(A, upper)
    raise_failures("linalg.cholesky", "cholesky", found.info._array)
    return written(out, found.L)


@op("_cholesky", node="CholeskyBackward0", method=False, input=_factor_rule)
def _older_cholesky(input: Array, upper: bool) -> Array:
    out, info = _factored(input, upper)
    raise_failures("cholesky", "cholesky", info)
    return out


def cholesky(input: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """Factor positive-definite matrices; :func:`torch.linalg.cholesky` took its place.

    Example:
        >>> import penlight as torch
        >>> torch.cholesky(4 * torch.eye(1))
        tensor([[2.]])
    """
    require_tensor("cholesky", "input", input)
    check_input("cholesky", input._array, square=True)
    found: Tensor = _older_cholesky(input, upper)
    return written(out, found)


# ---- from the factor -----------------------------------------------------------------------------


def _with_factor(factor: Array, right: Array, upper: bool) -> Array:
    lower = np.swapaxes(factor, -1, -2) if upper else factor
    half = solve_triangle(lower, right, upper=False)
    return solve_triangle(np.swapaxes(lower, -1, -2), half, upper=True)


def _of_factor(common: Any, factor: Any, upper: bool) -> Any:
    """Return the gradient of a factor."""
    # torch: the other triangle, which is not read, has a gradient too.
    return -(factor @ common) if upper else -(common @ factor)


@op("_cholesky_solve", node="CholeskySolveBackward0", method=False)
def _solve_by_factor(B: Array, L: Array, upper: bool) -> Array:
    return _with_factor(L, B, upper)


@_solve_by_factor.vjp("B", "L")
def _solve_rule(
    grad: Any, L: Any, B_shape: Any, upper: bool, out: Any, needs: tuple[bool, bool]
) -> tuple[Any, Any]:
    right = _solve_by_factor(grad, L, upper)
    found = None
    if needs[1]:
        common = right @ out.mT
        found = _of_factor(common + common.mT, L, upper)._sum_to(L._array.shape)
    return right._sum_to(B_shape), found


def cholesky_solve(
    input: Tensor, input2: Tensor, upper: bool = False, *, out: Tensor | None = None
) -> Tensor:
    r"""Solve :math:`L L^T X = B`, given the Cholesky factor.

    Args:
        input: the right-hand side, shape (…, n, k).
        input2: the factor, shape (…, n, n); one triangle is read.
        upper: it is the upper factor.
        out: where to write the result.

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.cholesky_solve(torch.tensor([[8.0]]), torch.tensor([[2.0]]))
        tensor([[2.]])
    """
    for name, tensor in (("input", input), ("input2", input2)):
        require_tensor("cholesky_solve", name, tensor)
        if tensor._array.ndim < 2:
            _check.refuse(
                f"{'b' if name == 'input' else 'u'} should have at least 2 dimensions, but has "
                f"{tensor._array.ndim} dimensions instead"
            )
    check_input("cholesky_solve", input2._array, square=True)
    if input._array.dtype != input2._array.dtype:
        _check.refuse(
            f"cholesky_solve: Expected both to have the same dtype, got {input.dtype} and "
            f"{input2.dtype}"
        )
    check_sizes("cholesky_solve", input2._array, input._array)
    found: Tensor = _solve_by_factor(input, input2, upper)
    return written(out, found)


def _inverse_rule(grad: Any, input: Any, upper: bool, out: Any) -> Any:
    return _of_factor(out @ (grad + grad.mT) @ out, input, upper)


@op("_cholesky_inverse", node="CholeskyInverseBackward0", method=False, input=_inverse_rule)
def _inverse_by_factor(input: Array, upper: bool) -> Array:
    out = _with_factor(input, np.eye(input.shape[-1], dtype=input.dtype), upper)
    # Both triangles are one to the last bit.
    return np.tril(out) + np.swapaxes(np.tril(out, -1), -1, -2)


def cholesky_inverse(input: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    r"""Return :math:`(L L^T)^{-1}`, given the Cholesky factor.

    Args:
        input: the factor, shape (…, n, n); one triangle is read.
        upper: it is the upper factor.
        out: where to write the result.

    Raises:
        RuntimeError: the matrices are not square, or the dtype is neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.cholesky_inverse(torch.tensor([[2.0]]))
        tensor([[0.2500]])
    """
    require_tensor("cholesky_inverse", "input", input)
    check_square("cholesky_inverse", input._array)
    check_input("cholesky_inverse", input._array)
    found: Tensor = _inverse_by_factor(input, upper)
    return written(out, found)


for _function in (cholesky, cholesky_inverse, cholesky_solve):
    attach(_function)
