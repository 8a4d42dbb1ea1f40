"""Systems of equations, inverses and determinants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from . import _check
from ._lapack import (
    check_floating,
    check_input,
    check_shapes,
    check_sizes,
    check_square,
    each,
    is_vector,
    lu_of,
    raise_failures,
    require_tensor,
    solve_triangle,
)
from ._op import attach, op
from ._results import named_result, written
from .ternary import where

__all__ = ["det", "inverse", "logdet", "slogdet", "triangular_solve"]


def _square(function: str, A: Any) -> None:
    require_tensor(function, "A", A)
    check_input(function, A._array, square=True)


# ---- inverses ------------------------------------------------------------------------------------


@op(
    "_linalg_inv_ex",
    node="LinalgInvExBackward0",
    method=False,
    outputs=2,
    result=named_result("linalg_inv_ex", "inverse", "info"),
    A=lambda grad, out: -(out.mT @ grad @ out.mT),
)
def _inverse(A: Array) -> Any:
    info = np.zeros(A.shape[:-2], np.int32)
    try:
        return np.linalg.inv(A), info
    except np.linalg.LinAlgError:
        info = lu_of(A)[2]
        return each(np.linalg.inv, info, A), info


def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> Any:
    """Invert matrices, and say which could not be instead of raising.

    Args:
        A: shape (…, n, n), float32 or float64.
        check_errors: raise as :func:`inv` does.
        out: where to write the pair.

    Returns:
        A named pair ``(inverse, info)``; ``info`` is 0, or the number of the pivot that is zero.
        What stands in ``inverse`` for such a matrix is NaN.

    Raises:
        RuntimeError: the matrices are not square, or the dtype is none of the two.
        LinAlgError: a matrix is singular and ``check_errors`` is true.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.inv_ex(torch.zeros(1, 1)).info
        tensor(1, dtype=torch.int32)
    """
    _square("linalg.inv", A)
    found = _inverse(A)
    if check_errors:
        raise_failures("linalg.inv_ex", "inv", found.info._array)
    return written(out, found)


def inv(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""Invert matrices: :math:`A A^{-1} = I`.

    Args:
        A: shape (…, n, n), float32 or float64.
        out: where to write the result.

    Raises:
        RuntimeError: the matrices are not square, or the dtype is none of the two.
        LinAlgError: a matrix is singular.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.inv(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
        tensor([[0.5000, 0.0000],
                [0.0000, 0.2500]])
    """
    _square("linalg.inv", A)
    found = _inverse(A)
    raise_failures("linalg.inv", "inv", found.info._array)
    return written(out, found.inverse)


def inverse(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Invert matrices; see :func:`torch.linalg.inv`.

    Example:
        >>> import penlight as torch
        >>> torch.inverse(torch.tensor([[2.0]]))
        tensor([[0.5000]])
    """
    return inv(input, out=out)


# ---- systems -------------------------------------------------------------------------------------


def _solved(A: Array, B: Array, left: bool) -> tuple[Array, Array]:
    """Return the solution of systems, whatever the form of the right-hand side, and ``info``."""
    vector = is_vector(A.shape, B.shape)
    right = B[..., None] if vector else B
    matrix = A if left else np.swapaxes(A, -1, -2)
    right = right if left else np.swapaxes(right, -1, -2)
    batch = _batch_shape(matrix.shape[:-2], right.shape[:-2])
    info = np.zeros(matrix.shape[:-2], np.int32)
    try:
        out = np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        info = lu_of(matrix)[2]
        wide = np.broadcast_to(info, batch).copy()
        spread = (np.broadcast_to(array, (*batch, *array.shape[-2:])) for array in (matrix, right))
        out = each(np.linalg.solve, wide, *spread)
        info = np.where(info == 0, _any_over(wide, info.shape), info).astype(np.int32)
    out = out if left else np.swapaxes(out, -1, -2)
    return np.ascontiguousarray(out[..., 0] if vector else out), info


def _any_over(wide: Array, shape: tuple[int, ...]) -> Array:
    """Return the largest of what was broadcast from ``shape``."""
    lead = wide.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(
        lead + i for i, length in enumerate(shape) if length == 1 != wide.shape[lead + i]
    )
    return np.asarray(wide.max(axis=axes, initial=0).reshape(shape))


def _batch_shape(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(first, second)
    except ValueError:
        _check.broadcastable(np.empty((*first, 0)), np.empty((*second, 0)))
        raise


@op(
    "_linalg_solve_ex",
    node="LinalgSolveExBackward0",
    method=False,
    outputs=2,
    result=named_result("linalg_solve_ex", "result", "info"),
)
def _solve(A: Array, B: Array, left: bool) -> Any:
    return _solved(A, B, left)


def _outer(first: Any, second: Any) -> Any:
    return first.unsqueeze(-1) * second.unsqueeze(-2)


@_solve.vjp("A", "B")
def _solve_rule(
    grad: Any,
    A: Any,
    B_shape: Any,
    left: bool,
    out: Any,
    needs: tuple[bool, bool],
) -> tuple[Any, Any]:
    right = _solve(A.mT, grad, left)[0]
    found = None
    if needs[0]:
        if is_vector(A._array.shape, B_shape):
            found = -_outer(right, out)
        else:
            found = -(right @ out.mT if left else out.mT @ right)
        found = found._sum_to(A._array.shape)
    return found, right._sum_to(B_shape)


def _check_system(function: str, A: Any, B: Any, left: bool) -> None:
    require_tensor(function, "A", A)
    require_tensor(function, "B", B)
    a, b = A._array, B._array
    check_square(function, a)
    check_floating(function, a)
    if a.dtype != b.dtype:
        _check.refuse(
            f"{function}: Expected A and B to have the same dtype, but found A of type "
            f"{_check.scalar_type(a)} and B of type {_check.scalar_type(b)} instead"
        )
    if is_vector(a.shape, b.shape):
        b = b[..., None]
    check_shapes(function, a, b, left=left)


def solve_ex(
    A: Tensor,
    B: Tensor,
    *,
    left: bool = True,
    check_errors: bool = False,
    out: Any = None,
) -> Any:
    """Solve systems as :func:`solve`, and say which could not be instead of raising.

    Returns:
        A named pair ``(result, info)``; ``info`` is 0, or the number of the pivot that is zero,
        and then the result is NaN.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.solve_ex(torch.zeros(1, 1), torch.ones(1)).info
        tensor(1, dtype=torch.int32)
    """
    _check_system("linalg.solve", A, B, left)
    found = _solve(A, B, left)
    if check_errors:
        raise_failures("torch.linalg.solve_ex", "solve", found.info._array)
    return written(out, found)


def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Tensor | None = None) -> Tensor:
    r"""Solve systems of equations :math:`A X = B`, or :math:`X A = B`.

    Args:
        A: shape (…, n, n), float32 or float64.
        B: shape (…, n, k), the batches broadcast; or (n) or (…, n), one vector for each matrix.
        left: ``A`` stands on the left.
        out: where to write the result.

    Raises:
        RuntimeError: shapes or dtypes do not fit.
        LinAlgError: a matrix is singular.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.solve(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.tensor([1.0, 2.0]))
        tensor([0.5000, 0.5000])
    """
    _check_system("linalg.solve", A, B, left)
    found = _solve(A, B, left)
    raise_failures("torch.linalg.solve", "solve", found.info._array)
    return written(out, found.result)


@op("_linalg_solve_triangular", node="LinalgSolveTriangularBackward0", method=False)
def _solve_triangular(A: Array, B: Array, upper: bool, left: bool, unit: bool) -> Array:
    if left:
        return solve_triangle(A, B, upper=upper, unit=unit)
    turned = solve_triangle(
        np.swapaxes(A, -1, -2), np.swapaxes(B, -1, -2), upper=not upper, unit=unit
    )
    return np.ascontiguousarray(np.swapaxes(turned, -1, -2))


@_solve_triangular.vjp("A", "B")
def _triangular_rule(
    grad: Any,
    A: Any,
    B_shape: Any,
    upper: bool,
    left: bool,
    unit: bool,
    out: Any,
    needs: tuple[bool, bool],
) -> tuple[Any, Any]:
    right = _solve_triangular(A.mT, grad, not upper, left, unit)
    found = None
    if needs[0]:
        full = -(right @ out.mT if left else out.mT @ right)
        found = full.triu(1 if unit else 0) if upper else full.tril(-1 if unit else 0)
        found = found._sum_to(A._array.shape)
    return found, right._sum_to(B_shape)


def solve_triangular(
    A: Tensor,
    B: Tensor,
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Solve systems whose matrix is triangular; what is on its other side is not looked at.

    Args:
        A: shape (…, n, n), float32 or float64.
        B: shape (…, n, k); the batches broadcast.
        upper: ``A`` is upper triangular.
        left: ``A`` stands on the left.
        unitriangular: take the diagonal of ``A`` for ones.
        out: where to write the result.

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> A = torch.tensor([[2.0, 0.0], [2.0, 1.0]])
        >>> torch.linalg.solve_triangular(A, torch.tensor([[2.0], [3.0]]), upper=False)
        tensor([[1.],
                [1.]])
    """
    _check_triangular("linalg.solve_triangular", A, B, left)
    found: Tensor = _solve_triangular(A, B, upper, left, unitriangular)
    return written(out, found)


def _check_triangular(function: str, A: Any, B: Any, left: bool) -> None:
    require_tensor(function, "A", A)
    require_tensor(function, "B", B)
    a, b = A._array, B._array
    if a.dtype != b.dtype:
        _check.refuse(
            f"{function}: Expected A and B to have the same dtype, got "
            f"{_check.scalar_type(a)} and {_check.scalar_type(b)}"
        )
    check_square(function, a)
    if function == "triangular_solve":
        check_sizes(function, a, b)
    check_shapes(function, a, b, left=left)
    _batch_shape(a.shape[:-2], b.shape[:-2])
    check_floating(function, a)


@op(
    "_triangular_solve",
    node="TriangularSolveBackward0",
    method=False,
    outputs=2,
    result=named_result("triangular_solve", "solution", "cloned_coefficient"),
)
def _triangular(b: Array, A: Array, upper: bool, transpose: bool, unit: bool) -> Any:
    matrix = np.swapaxes(A, -1, -2) if transpose else A
    solved = solve_triangle(matrix, b, upper=upper != transpose, unit=unit)
    batch = solved.shape[:-2]
    return solved, np.broadcast_to(A, (*batch, *A.shape[-2:])).copy()


@_triangular.vjp("b", "A")
def _older_rule(
    grads: Any,
    A: Any,
    b_shape: Any,
    upper: bool,
    transpose: bool,
    unit: bool,
    out: Any,
    needs: tuple[bool, bool],
) -> tuple[Any, Any]:
    matrix, is_upper = (A.mT, not upper) if transpose else (A, upper)
    right = _solve_triangular(matrix.mT, grads[0], not is_upper, True, unit)
    found = None
    if needs[1]:
        full = -(right @ out.mT)
        found = full.triu(1 if unit else 0) if is_upper else full.tril(-1 if unit else 0)
        found = ((found.mT if transpose else found) + grads[1])._sum_to(A._array.shape)
    return right._sum_to(b_shape), found


def triangular_solve(
    input: Tensor,
    A: Tensor,
    upper: bool = True,
    transpose: bool = False,
    unitriangular: bool = False,
    *,
    out: Any = None,
) -> Any:
    """Solve triangular systems; :func:`torch.linalg.solve_triangular` took its place.

    Args:
        input: the right-hand side, shape (…, n, k).
        A: shape (…, n, n).
        upper: ``A`` is upper triangular.
        transpose: solve with ``A`` transposed.
        unitriangular: take the diagonal of ``A`` for ones.
        out: where to write the pair.

    Returns:
        A named pair ``(solution, cloned_coefficient)``.

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.triangular_solve(torch.tensor([[2.0]]), torch.tensor([[4.0]])).solution
        tensor([[0.5000]])
    """
    _check_triangular("triangular_solve", A, input, True)
    return written(out, _triangular(input, A, upper, transpose, unitriangular))


# ---- determinants --------------------------------------------------------------------------------


def _cofactors(matrix: Any) -> Any:
    """Return the gradients of determinants, of singular matrices too, by their singular values."""
    from .decompositions import svd  # noqa: PLC0415 - that room stands on this one

    u, s, vh = svd(matrix)
    n = s._array.shape[-1]
    eye = matrix.new_ones(n, n).tril().triu().bool()
    others = s.unsqueeze(-2).expand(*s._array.shape, n).masked_fill(eye, 1).prod(-1)
    sign = _determinant(u) * _determinant(vh)
    return (u * (others * sign.unsqueeze(-1)).unsqueeze(-2)) @ vh


def _determinant_rule(grad: Any, A: Any, out: Any) -> Any:
    scale = grad.unsqueeze(-1).unsqueeze(-1)
    if not out._array.all():
        return scale * _cofactors(A)
    return scale * out.unsqueeze(-1).unsqueeze(-1) * _inverse(A)[0].mT


@op("_linalg_det", node="LinalgDetBackward0", method=False, A=_determinant_rule)
def _determinant(A: Array) -> Array:
    return np.asarray(np.linalg.det(A), A.dtype)


def det(input: Tensor) -> Tensor:
    """Return the determinants of square matrices.

    Args:
        input: shape (…, n, n), float32 or float64.

    Raises:
        RuntimeError: the matrices are not square, or the dtype is none of the two.

    Example:
        >>> import penlight as torch
        >>> torch.det(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        tensor(-2.)
    """
    _square("linalg.det", input)
    out: Tensor = _determinant(input)
    return out


def linalg_det(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the determinants of square matrices; see :func:`torch.det`.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.det(2 * torch.eye(3))
        tensor(8.)
    """
    return written(out, det(A))


@op(
    "_linalg_slogdet",
    node="LinalgSlogdetBackward0",
    method=False,
    outputs=2,
    result=named_result("linalg_slogdet", "sign", "logabsdet"),
    A=lambda grads, A: grads[1].unsqueeze(-1).unsqueeze(-1) * _inverse(A)[0].mT,
)
def _sign_and_log(A: Array) -> Any:
    sign, logarithm = np.linalg.slogdet(A)
    return np.asarray(sign, A.dtype), np.asarray(logarithm, A.dtype)


_slogdet_result = named_result("slogdet", "sign", "logabsdet")


def linalg_slogdet(A: Tensor, *, out: Any = None) -> Any:
    """Return the signs of determinants and the logarithms of their sizes.

    Args:
        A: shape (…, n, n), float32 or float64.
        out: where to write the pair.

    Returns:
        A named pair ``(sign, logabsdet)``; 0 and ``-inf`` for a singular matrix.

    Raises:
        RuntimeError: the matrices are not square, or the dtype is none of the two.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.slogdet(-torch.eye(3)).sign
        tensor(-1.)
    """
    _square("linalg.slogdet", A)
    return written(out, _sign_and_log(A))


def slogdet(input: Tensor, *, out: Any = None) -> Any:
    """Return the signs of determinants and the logarithms of their sizes.

    See :func:`torch.linalg.slogdet`.

    Example:
        >>> import penlight as torch
        >>> torch.slogdet(torch.eye(3)).logabsdet
        tensor(0.)
    """
    return written(out, _slogdet_result(*linalg_slogdet(input)))


def logdet(input: Tensor) -> Tensor:
    """Return the logarithms of determinants: ``-inf`` where they are 0, NaN where negative.

    Args:
        input: shape (…, n, n), float32 or float64.

    Raises:
        RuntimeError: the matrices are not square, or the dtype is none of the two.

    Example:
        >>> import penlight as torch
        >>> torch.logdet(torch.eye(3))
        tensor(0.)
    """
    _square("logdet", input)
    sign, logarithm = _sign_and_log(input)
    out: Tensor = where(sign == -1.0, math.nan, logarithm)
    return out


for _function in (det, inverse, logdet, slogdet, triangular_solve):
    attach(_function)
