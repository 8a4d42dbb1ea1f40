"""Pseudoinverses, ranks and least squares, by singular values."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from . import _check
from ._lapack import check_input, check_matrix, check_square, is_vector, require_tensor
from ._op import attach, op
from ._results import named_result, written

__all__ = ["pinverse"]


# ---- how small a singular value counts as zero ---------------------------------------------------


def _number(value: Any) -> Any:
    return value._array if isinstance(value, Tensor) else value


def _tolerances(A: Array, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """Return both tolerances: 0, and epsilon times the longer side, when not given.

    A relative tolerance is not asked for where an absolute one is given above 0.
    """
    atol, rtol = _number(atol), _number(rtol)
    default = float(np.finfo(A.dtype).eps) * max(A.shape[-2:])
    if rtol is None:
        rtol = default if atol is None else np.where(np.asarray(atol) > 0, 0.0, default)
    return np.asarray(0.0 if atol is None else atol), np.asarray(rtol)


def _threshold(sizes: Array, atol: Array, rtol: Array) -> Array:
    largest = sizes.max(axis=-1, initial=0)
    return np.maximum(atol, rtol * largest)[..., None]


# ---- pseudoinverses ------------------------------------------------------------------------------


def _pinv_rule(grad: Any, A: Any, out: Any) -> Any:
    """Return the gradient by Golub and Pereyra, SIAM J. Numer. Anal. 10 (1973), equation 4.12."""
    turned = out.mT
    found = -(turned @ grad @ turned)
    rest = grad.mT - A @ (out @ grad.mT)
    found = found + rest @ out @ turned
    rest = grad.mT - (grad.mT @ out) @ A
    return found + turned @ (out @ rest)


@op(
    "_linalg_pinv",
    node="LinalgPinvBackward0",
    method=False,
    A=_pinv_rule,
)
def _pinv(A: Array, atol: Any, rtol: Any, hermitian: bool) -> Array:
    if not A.size:
        return np.zeros((*A.shape[:-2], A.shape[-1], A.shape[-2]), A.dtype)
    if hermitian:
        s, v = np.linalg.eigh(A)
        u, vh = v, np.swapaxes(v, -1, -2)
    else:
        u, s, vh = np.linalg.svd(A, full_matrices=False)
    sizes = np.abs(s)
    kept = sizes > _threshold(sizes, atol, rtol)
    inverse = np.where(kept, 1 / np.where(kept, s, 1), 0).astype(A.dtype)
    return np.swapaxes(vh, -1, -2) @ (inverse[..., :, None] * np.swapaxes(u, -1, -2))


def pinv(
    A: Tensor,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    r"""Return the pseudoinverses (Moore and Penrose) of matrices.

    Args:
        A: shape (…, m, n), float32 or float64.
        rcond: an older name of ``rtol``.
        hermitian: the matrices are symmetric; the lower triangle is read.
        atol: singular values up to this count as zero.
        rtol: those up to this part of the largest count as zero; by default the dtype's epsilon
            times ``max(m, n)``, or 0 where ``atol`` is given.
        out: where to write the result.

    Returns:
        A tensor of shape (…, n, m).

    Raises:
        RuntimeError: the argument is no matrix, or the dtype is none of the two.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.pinv(torch.tensor([[2.0], [0.0]]))
        tensor([[0.5000, 0.0000]])
    """
    require_tensor("linalg_pinv", "A", A)
    if A._array.ndim < 2 or A._array.dtype not in (np.float32, np.float64):
        _check.refuse(
            f"linalg.pinv({_check.scalar_type(A._array)}{{{list(A._array.shape)}}}): expected a "
            "tensor with 2 or more dimensions of float, double, cfloat or cdouble types"
        )
    if hermitian:
        check_square("linalg.pinv", A._array)
    absolute, relative = _tolerances(A._array, atol, rcond if rtol is None else rtol)
    found: Tensor = _pinv(A, absolute, relative, hermitian)
    return written(out, found)


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """Return the pseudoinverses of matrices; :func:`torch.linalg.pinv` took its place.

    Args:
        input: shape (…, m, n), float32 or float64.
        rcond: singular values up to this part of the largest count as zero.

    Example:
        >>> import penlight as torch
        >>> torch.pinverse(torch.tensor([[2.0], [0.0]]))
        tensor([[0.5000, 0.0000]])
    """
    return pinv(input, rcond)


# ---- ranks ---------------------------------------------------------------------------------------


@op("_linalg_matrix_rank", method=False)
def _rank(A: Array, atol: Any, rtol: Any, hermitian: bool) -> Array:
    if not A.size:
        return np.zeros(A.shape[:-2], np.int64)
    sizes = np.abs(np.linalg.eigvalsh(A)) if hermitian else np.linalg.svd(A, compute_uv=False)
    return np.asarray((sizes > _threshold(sizes, atol, rtol)).sum(axis=-1, dtype=np.int64))


def matrix_rank(
    A: Tensor,
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """Count the singular values of matrices that are not zero.

    Args:
        A: shape (…, m, n), float32 or float64.
        tol: an older name of ``atol``, with ``rtol`` 0.
        hermitian: the matrices are symmetric; the lower triangle is read.
        atol: singular values up to this count as zero.
        rtol: those up to this part of the largest count as zero; see :func:`pinv`.
        out: where to write the result.

    Returns:
        An int64 tensor of the batch's shape.

    Raises:
        RuntimeError: the argument is no matrix, or the dtype is none of the two.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.matrix_rank(torch.ones(2, 3))
        tensor(1)
    """
    require_tensor("linalg_matrix_rank", "A", A)
    check_matrix("torch.linalg.matrix_rank", A._array, "input")
    if hermitian:
        check_square("linalg.eigh", A._array)
    check_input("linalg.eigh" if hermitian else "linalg.svd", A._array)
    if tol is not None:
        atol, rtol = tol, 0.0
    absolute, relative = _tolerances(A._array, atol, rtol)
    found: Tensor = _rank(A, absolute, relative, hermitian)
    return written(out, found)


# ---- least squares -------------------------------------------------------------------------------

_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def _least_squares(A: Array, B: Array, rcond: float) -> tuple[Array, Array, Array]:
    """Return solutions of smallest length, ranks and singular values."""
    if not A.size:
        k = min(A.shape[-2:])
        batch = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
        out = np.zeros((*batch, A.shape[-1], B.shape[-1]), A.dtype)
        return out, np.zeros(A.shape[:-2], np.int64), np.zeros((*A.shape[:-2], k), A.dtype)
    u, s, vh = np.linalg.svd(A, full_matrices=False)
    kept = s > rcond * s.max(axis=-1, initial=0, keepdims=True)
    inverse = np.where(kept, 1 / np.where(kept, s, 1), 0).astype(A.dtype)
    out = np.swapaxes(vh, -1, -2) @ (inverse[..., None] * (np.swapaxes(u, -1, -2) @ B))
    return out, np.asarray(kept.sum(axis=-1, dtype=np.int64)), s


def _lstsq_rule(
    grads: Any, input: Any, b: Any, rcond: float, driver: str, out: Any, needs: tuple[bool, bool]
) -> tuple[Any, Any]:
    vector = is_vector(input._array.shape, b._array.shape)
    right, solution, grad = (
        tensor.unsqueeze(-1) if vector else tensor for tensor in (b, out, grads[0])
    )
    inverse = pinv(input)
    found_b = inverse.mT @ grad
    found_a = _pinv_rule(grad @ right.mT, input, inverse) if needs[0] else None
    if grads[1]._array.size:
        residual = input @ solution - right
        scaled = 2 * residual * grads[1].unsqueeze(-2)
        found_b = found_b - scaled
        found_a = None if found_a is None else found_a + scaled @ solution.mT
    if vector:
        found_b = found_b.squeeze(-1)
    return (
        None if found_a is None else found_a._sum_to(input._array.shape),
        found_b._sum_to(b._array.shape),
    )


@op(
    "_linalg_lstsq",
    node="LinalgLstsqBackward0",
    method=False,
    outputs=4,
    result=named_result("linalg_lstsq", "solution", "residuals", "rank", "singular_values"),
)
def _lstsq(input: Array, b: Array, rcond: float, driver: str) -> Any:
    vector = is_vector(input.shape, b.shape)
    right = b[..., None] if vector else b
    out, rank, values = _least_squares(input, right, rcond)
    rows, columns = input.shape[-2:]
    residuals = np.empty(0, input.dtype)
    full = driver == "gels" or (driver != "gelsy" and columns and (rank == columns).all())
    if rows > columns and full:
        rest = input @ out - right
        residuals = np.asarray((rest * rest).sum(axis=-2))
    if driver == "gels":
        rank = np.empty(0, np.int64)
    if driver in {"gels", "gelsy"}:
        values = np.empty(0, input.dtype)
    return out[..., 0] if vector else out, residuals, rank, values


_lstsq.op.add_rule(("input", "b"), _lstsq_rule)


def lstsq(
    input: Tensor,
    b: Tensor,
    rcond: float | None = None,
    *,
    driver: str | None = None,
    out: Any = None,
) -> Any:
    r"""Solve :math:`\min_X \lVert A X - B \rVert_F`, with the smallest such ``X``.

    Every driver works by singular values here, and so agrees with ``"gelsd"`` where a matrix is
    not of full rank.

    Args:
        input: the matrices ``A``, shape (…, m, n), float32 or float64.
        b: shape (…, m, k), or (…, m): one vector for each matrix.
        rcond: singular values up to this part of the largest count as zero; by default the
            dtype's epsilon times ``max(m, n)``.
        driver: ``"gelsy"`` (the default), ``"gels"``, ``"gelsd"`` or ``"gelss"``; it decides which
            of the results are not empty.
        out: where to write the four.

    Returns:
        A named tuple ``(solution, residuals, rank, singular_values)``; ``residuals`` are the sums
        of squares where ``m > n`` and all matrices are of full rank, but empty with ``"gelsy"``.

    Raises:
        RuntimeError: shapes or dtypes do not fit, or the driver is none of the four.

    Example:
        >>> import penlight as torch
        >>> A = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
        >>> torch.linalg.lstsq(A, torch.tensor([[1.0], [2.0], [3.0]]), driver="gels").residuals
        tensor([9.])
    """
    require_tensor("linalg_lstsq", "input", input)
    require_tensor("linalg_lstsq", "b", b)
    _check_lstsq(input._array, b._array)
    chosen = "gelsy" if driver is None else driver
    if chosen not in _DRIVERS:
        _check.refuse(
            "torch.linalg.lstsq: parameter `driver` should be one of "
            f"({', '.join(_DRIVERS)}), got {driver!r}"
        )
    if rcond is None:
        rcond = float(np.finfo(input._array.dtype).eps) * max(input._array.shape[-2:])
    found = _lstsq(input, b, rcond, chosen)
    return written(out, type(found)(*found[:3], found[3].detach()))


def _check_lstsq(a: Array, b: Array) -> None:
    name = "torch.linalg.lstsq"
    if a.ndim < 2:
        _check.refuse(f"{name}: input must have at least 2 dimensions, got shape {list(a.shape)}")
    if not b.ndim:
        _check.refuse(f"{name}: other must have at least 1 dimension, got a number")
    if a.dtype != b.dtype:
        _check.refuse(
            f"{name}: Expected input and other to have the same dtype, but got input's dtype "
            f"{a.dtype} and other's dtype {b.dtype}"
        )
    if not 0 <= a.ndim - b.ndim <= 1:
        _check.refuse(
            f"{name}: input.dim() must be greater or equal to other.dim() and "
            f"(input.dim() - other.dim()) <= 1, got {a.ndim} and {b.ndim}"
        )
    vector = is_vector(a.shape, b.shape)
    rows = b.shape[-1] if vector else b.shape[-2]
    if a.shape[-2] != rows:
        _check.refuse(
            f"{name}: input.size(-2) should match other.size({-1 if vector else -2}), "
            f"got {a.shape[-2]} and {rows}"
        )
    check_input(name, a)


attach(pinverse)
