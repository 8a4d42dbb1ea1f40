"""LU factors of matrices, and systems solved by them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array, Tensor, wrap
from ..autograd.grad_mode import mode
from . import _check
from ._lapack import (
    check_input,
    check_shapes,
    check_square,
    lu_of,
    permutation_of,
    raise_failures,
    require_tensor,
    solve_triangle,
)
from ._op import Saving, attach, op
from ._recorded import differentiate
from ._results import named_result, written
from .join import cat
from .solving import solve_triangular

__all__ = ["lu", "lu_solve", "lu_unpack"]


def _triangles(compact: Array) -> tuple[Array, Array]:
    """Return both factors from the array that holds them."""
    rows, columns = compact.shape[-2:]
    k = min(rows, columns)
    lower = _unit_lower(compact[..., :, :k])
    return lower, np.triu(compact[..., :k, :])


def _unit_lower(matrix: Array) -> Array:
    """Return the part below the diagonal with ones on it, of a matrix that may be tall."""
    out = np.tril(matrix, -1)
    places = np.arange(matrix.shape[-1])
    out[..., places, places] = 1
    return out


def _product_rule(grad_l: Any, grad_u: Any, lower: Any, upper: Any) -> Any:
    """Return the gradient of the rows in order, ``L U``.

    Where the matrix is not square, what is beside the square part follows from it by one
    triangular system, whose gradients come in first.
    """
    rows, columns = lower._array.shape[-2], upper._array.shape[-1]
    k = lower._array.shape[-1]
    inner_l = lower[..., :k, :].mT @ grad_l[..., :k, :]
    inner_u = grad_u[..., :k] @ upper[..., :k].mT
    square, turned = upper[..., :k].mT, lower[..., :k, :].mT
    beside = None
    if columns > k:
        inner_l = inner_l - grad_u[..., k:] @ upper[..., k:].mT
        beside = solve_triangular(turned, grad_u[..., k:], upper=True, unitriangular=True)
    if rows > k:
        inner_u = inner_u - lower[..., k:, :].mT @ grad_l[..., k:, :]
        beside = solve_triangular(square, grad_l[..., k:, :], upper=False, left=False)
    inner = inner_l.tril(-1) + inner_u.triu()
    inner = solve_triangular(square, inner, upper=False, left=False)
    out = solve_triangular(turned, inner, upper=True, unitriangular=True)
    if beside is None:
        return out
    return cat([out, beside], -1 if columns > k else -2)


# ---- the three factors ---------------------------------------------------------------------------


def _lu_rule(grads: Any, A: Any, pivot: bool, factors: Any) -> Any:
    order, lower, upper = _lu(A, pivot) if mode.grad else factors
    out = _product_rule(grads[1], grads[2], lower, upper)
    return order.detach() @ out if pivot else out


@op(
    "_linalg_lu",
    node="LinalgLuBackward0",
    method=False,
    outputs=3,
    saves=("factors",),
    result=named_result("linalg_lu", "P", "L", "U"),
    A=_lu_rule,
)
def _lu(A: Array, pivot: bool) -> Any:
    compact, pivots, _ = lu_of(A, pivot=pivot)
    lower, upper = _triangles(compact)
    rows = A.shape[-2]
    order = permutation_of(pivots, rows, A.dtype) if pivot else np.empty(0, A.dtype)
    kept = tuple(wrap(array.copy()) for array in (order, lower, upper))
    return Saving((order, lower, upper), factors=kept)


def linalg_lu(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    r"""Factor matrices by Gaussian elimination: :math:`A = P L U`.

    Args:
        A: shape (…, m, n), float32 or float64.
        pivot: swap rows so that each pivot is the largest of its column; else ``P`` is empty.
        out: where to write the three.

    Returns:
        A named triple ``(P, L, U)``.

    Raises:
        RuntimeError: the argument is no matrix, or the dtype is none of the two.

    Example:
        >>> import penlight as torch
        >>> P, L, U = torch.linalg.lu(torch.tensor([[1.0, 2.0], [4.0, 4.0]]))
        >>> U
        tensor([[4., 4.],
                [0., 1.]])
    """
    require_tensor("linalg_lu", "A", A)
    check_input("linalg.lu", A._array)
    order, lower, upper = found = _lu(A, pivot)
    return written(out, type(found)(order.detach(), lower, upper))


# ---- both in one array ---------------------------------------------------------------------------


def _compact_rule(grad: Any, A: Any, factors: Any) -> Any:
    compact, pivots = _lu_factor(A)[:2] if mode.grad else factors
    rows, columns = A._array.shape[-2:]
    k = min(rows, columns)
    eye = compact.new_ones(k).diag()
    lower = compact[..., :, :k].tril(-1) + _padded(eye, rows)
    upper = compact[..., :k, :].triu()
    out = _product_rule(grad[..., :, :k].tril(-1), grad[..., :k, :].triu(), lower, upper)
    order = permutation_of(pivots._array - 1, rows, A._array.dtype)
    return wrap(order) @ out


def _padded(eye: Any, rows: int) -> Any:
    k = eye._array.shape[0]
    return eye if rows == k else cat([eye, eye.new_zeros(rows - k, k)])


@op(
    "_linalg_lu_factor_ex",
    node="LinalgLuFactorExBackward0",
    method=False,
    outputs=3,
    saves=("factors",),
    result=named_result("linalg_lu_factor_ex", "LU", "pivots", "info"),
    A=_compact_rule,
)
def _lu_factor(A: Array) -> Any:
    compact, pivots, info = lu_of(A)
    pivots = pivots + np.int32(1)
    return Saving((compact, pivots, info), factors=(wrap(compact.copy()), wrap(pivots.copy())))


def lu_factor_ex(
    A: Tensor, *, pivot: bool = True, check_errors: bool = False, out: Any = None
) -> Any:
    """Factor matrices as :func:`lu_factor`, and say where a pivot is zero instead of raising.

    Returns:
        A named triple ``(LU, pivots, info)``; ``info`` is 0, or the number of the first zero pivot.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.lu_factor_ex(torch.zeros(2, 2)).info
        tensor(1, dtype=torch.int32)
    """
    require_tensor("linalg_lu_factor_ex", "A", A)
    check_input("linalg.lu_factor", A._array)
    if not pivot:
        _check.refuse(
            "linalg.lu_factor: LU without pivoting is not implemented on the CPU; torch.linalg.lu "
            "takes pivot=False"
        )
    found = _lu_factor(A)
    if check_errors:
        raise_failures("torch.linalg.lu_factor_ex", "lu", found.info._array)
    return written(out, found)


_factor_result = named_result("linalg_lu_factor", "LU", "pivots")


def lu_factor(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """Factor matrices by Gaussian elimination, both factors in one array.

    Args:
        A: shape (…, m, n), float32 or float64.
        pivot: as in torch, there is no CPU form without.
        out: where to write the pair.

    Returns:
        A named pair ``(LU, pivots)``: what is below the diagonal of ``L``, whose diagonal is ones,
        with ``U``; and the row, counted from 1, that each was swapped with.

    Raises:
        RuntimeError: the argument is no matrix, the dtype is none of the two, or a pivot is zero.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.lu_factor(torch.tensor([[1.0, 2.0], [4.0, 4.0]])).pivots
        tensor([2, 2], dtype=torch.int32)
    """
    found = lu_factor_ex(A, pivot=pivot)
    raise_failures("torch.linalg.lu_factor", "lu", found.info._array)
    return written(out, _factor_result(found.LU, found.pivots))


_with_info = named_result("_lu_with_info", "LU", "pivots", "info")


def lu(
    A: Tensor, pivot: bool = True, get_infos: bool = False, out: Any = None
) -> tuple[Tensor, ...]:
    """Factor matrices as :func:`torch.linalg.lu_factor`, which took its place.

    Args:
        A: shape (…, m, n), float32 or float64.
        pivot: as in torch, there is no CPU form without.
        get_infos: give ``info`` too, see :func:`torch.linalg.lu_factor_ex`.
        out: where to write the result.

    Returns:
        ``(LU, pivots)``, or ``(LU, pivots, info)``.

    Example:
        >>> import penlight as torch
        >>> torch.lu(torch.tensor([[1.0, 2.0], [4.0, 4.0]]))[1]
        tensor([2, 2], dtype=torch.int32)
    """
    found = lu_factor_ex(A, pivot=pivot)
    result = _with_info(*found) if get_infos else tuple(found[:2])
    return result if out is None else tuple(written(tuple(out), result))


def lu_method(self: Tensor, pivot: bool = True, get_infos: bool = False) -> tuple[Tensor, ...]:
    """Factor this matrix; see :func:`lu`."""
    return lu(self, pivot, get_infos)


# ---- unpacking -----------------------------------------------------------------------------------


def _unpack_rule(grads: Any, LU_data_shape: Any) -> Any:
    rows, columns = LU_data_shape[-2:]
    k = min(rows, columns)
    lower, upper = grads[1].tril(-1), grads[2].triu()
    if columns > k:
        lower = cat([lower, lower.new_zeros(*LU_data_shape[:-1], columns - k)], -1)
    if rows > k:
        below = upper.new_zeros(*LU_data_shape[:-2], rows - k, columns)
        upper = cat([upper, below], -2)
    return lower + upper


@op(
    "_lu_unpack",
    node="LuUnpackBackward0",
    method=False,
    outputs=3,
    result=named_result("lu_unpack", "P", "L", "U"),
    LU_data=_unpack_rule,
)
def _lu_unpack(LU_data: Array, LU_pivots: Array) -> Any:
    lower, upper = _triangles(LU_data)
    return permutation_of(LU_pivots - 1, LU_data.shape[-2], LU_data.dtype), lower, upper


def lu_unpack(
    LU_data: Tensor,
    LU_pivots: Tensor,
    unpack_data: bool = True,
    unpack_pivots: bool = True,
    *,
    out: Any = None,
) -> Any:
    """Return the three factors from what :func:`torch.linalg.lu_factor` gives.

    Args:
        LU_data: both factors, shape (…, m, n).
        LU_pivots: int32, shape (…, min(m, n)).
        unpack_data: give ``L`` and ``U``; else both are empty.
        unpack_pivots: give ``P``; else it is empty.
        out: where to write the three.

    Returns:
        A named triple ``(P, L, U)``.

    Raises:
        RuntimeError: the pivots are not int32, or their number does not fit.

    Example:
        >>> import penlight as torch
        >>> LU, pivots = torch.linalg.lu_factor(torch.tensor([[1.0, 2.0], [4.0, 4.0]]))
        >>> torch.lu_unpack(LU, pivots).L
        tensor([[1.0000, 0.0000],
                [0.2500, 1.0000]])
    """
    require_tensor("lu_unpack", "LU_data", LU_data)
    require_tensor("lu_unpack", "LU_pivots", LU_pivots)
    _check_pivots("torch.lu_unpack", LU_data._array, LU_pivots._array)
    result = _lu_unpack(LU_data, LU_pivots)
    result = type(result)(result.P.detach(), *result[1:])
    none = LU_data.new_empty(0)
    if not unpack_data:
        result = type(result)(result[0], none, none)
    if not unpack_pivots:
        result = type(result)(none, *result[1:])
    return written(out, result)


def _check_pivots(function: str, compact: Array, pivots: Array) -> None:
    if pivots.dtype != np.int32:
        _check.refuse(
            f"{function}: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype, "
            f"got {_check.scalar_type(pivots)}. Note: this function is intended to be used with "
            "the output produced by torch.linalg.lu_factor"
        )
    expected = (*compact.shape[:-2], min(compact.shape[-2:]))
    if pivots.shape != expected:
        _check.refuse(
            f"{function}: Expected pivots of shape {list(expected)} for factors of shape "
            f"{list(compact.shape)}, got {list(pivots.shape)}"
        )


def _check_solving(function: str, compact: Array, pivots: Array) -> None:
    if pivots.dtype != np.int32:
        _check.refuse(
            f"{function}: pivots should be a Tensor of scalar type torch.int32, "
            f"got {_check.scalar_type(pivots)}"
        )
    if pivots.shape != compact.shape[:-1]:
        _check.refuse(
            f"{function}: Number of pivots per batch should be same as the dimension of the "
            f"matrix, got pivots of shape {list(pivots.shape)} and {list(compact.shape)}"
        )


# ---- systems -------------------------------------------------------------------------------------


@op("_linalg_lu_solve", node="LinalgLuSolveBackward0", method=False)
def _lu_solve(LU: Array, pivots: Array, B: Array, left: bool, adjoint: bool) -> Array:
    right = B if left else np.swapaxes(B, -1, -2)
    order = permutation_of(pivots - 1, LU.shape[-1], LU.dtype)
    if adjoint == left:
        turned = np.swapaxes(LU, -1, -2)
        half = solve_triangle(turned, right, upper=False)
        out = order @ solve_triangle(turned, half, upper=True, unit=True)
    else:
        half = solve_triangle(LU, np.swapaxes(order, -1, -2) @ right, upper=False, unit=True)
        out = solve_triangle(LU, half, upper=True)
    return np.ascontiguousarray(out if left else np.swapaxes(out, -1, -2))


@_lu_solve.vjp("LU", "B")
def _lu_solve_rule(
    grad: Any,
    LU: Any,
    pivots: Any,
    B: Any,
    left: bool,
    adjoint: bool,
    needs: tuple[bool, bool],
) -> tuple[Any, ...]:
    def compose(factors: Any, given: Any) -> Any:
        order, lower, upper = _lu_unpack(factors, pivots)
        right = given if left else given.mT
        if adjoint == left:
            half = solve_triangular(upper.mT, right, upper=False)
            out = order @ solve_triangular(lower.mT, half, upper=True, unitriangular=True)
        else:
            half = solve_triangular(lower, order.mT @ right, upper=False, unitriangular=True)
            out = solve_triangular(upper, half, upper=True)
        return out if left else out.mT

    return differentiate(compose, (LU, B), grad, needs)


def linalg_lu_solve(
    LU: Tensor,
    pivots: Tensor,
    B: Tensor,
    *,
    left: bool = True,
    adjoint: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Solve systems, given the factors that :func:`lu_factor` gives.

    Args:
        LU: shape (…, n, n).
        pivots: int32, shape (…, n).
        B: the right-hand side, shape (…, n, k).
        left: the matrix stands on the left.
        adjoint: solve with the matrix transposed.
        out: where to write the result.

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> LU, pivots = torch.linalg.lu_factor(torch.tensor([[2.0]]))
        >>> torch.linalg.lu_solve(LU, pivots, torch.tensor([[4.0]]))
        tensor([[2.]])
    """
    for name, tensor in (("LU", LU), ("pivots", pivots), ("B", B)):
        require_tensor("linalg_lu_solve", name, tensor)
    check_square("torch.linalg.lu_solve", LU._array)
    check_input("torch.linalg.lu_solve", LU._array)
    if LU._array.dtype != B._array.dtype:
        _check.refuse(
            "linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type "
            f"{_check.scalar_type(LU._array)} and B of type {_check.scalar_type(B._array)} instead"
        )
    _check_solving("linalg.lu_solve", LU._array, pivots._array)
    check_shapes("linalg.lu_solve", LU._array, B._array, left=left)
    found: Tensor = _lu_solve(LU, pivots, B, left, adjoint)
    return written(out, found)


def lu_solve(
    input: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: Tensor | None = None
) -> Tensor:
    """Solve systems, given the factors; see :func:`torch.linalg.lu_solve`.

    Args:
        input: the right-hand side, shape (…, n, k).
        LU_data: shape (…, n, n).
        LU_pivots: int32, shape (…, n).
        out: where to write the result.

    Example:
        >>> import penlight as torch
        >>> torch.lu_solve(torch.tensor([[4.0]]), *torch.lu(torch.tensor([[2.0]])))
        tensor([[2.]])
    """
    return linalg_lu_solve(LU_data, LU_pivots, input, out=out)


attach(lu_method, "lu")
attach(lu_solve)
