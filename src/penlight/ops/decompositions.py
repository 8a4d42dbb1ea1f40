"""Decompositions of matrices: eigenvalues, singular values, QR.

Gradients by their factors, as in Walter and Lehmann, *Algorithmic differentiation of linear
algebra functions* (2010), and Townsend, *Differentiating the singular value decomposition* (2016).
A rule that is itself differentiated decomposes its input again, with history.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .._tensor import Array, Tensor, wrap
from ..autograd.grad_mode import mode
from . import _check
from ._lapack import LinAlgError, check_input, check_matrix, raise_failures, require_tensor
from ._op import Saving, attach, op
from ._results import named_result, written

__all__ = ["qr", "svd"]


def _saved(*arrays: Array) -> tuple[Tensor, ...]:
    """Return what backward keeps: copies, for the outputs may be written to."""
    return tuple(wrap(np.array(array)) for array in arrays)


def _unused(grad: Any) -> bool:
    """Return whether an output's gradient is the zeros of an output that nobody used.

    The vectors' part of a gradient is not finite where values repeat: it is left out then.
    """
    return grad._edge is None and not grad._array.any()


def recorded(tensor: Tensor) -> bool:
    """Return whether gradients are recorded for what is computed from a tensor."""
    return mode.grad and tensor.requires_grad


def _matrix(function: str, A: Any, *, square: bool = False) -> None:
    require_tensor(function, "A", A)
    check_input(function, A._array, square=square)


# ---- symmetric eigenvalues -----------------------------------------------------------------------


def _eigh_rule(grads: Any, A: Any, UPLO: str, factors: Any) -> Any:
    values, vectors = _eigh(A, UPLO, True) if mode.grad else factors
    turned = vectors.mT
    if _unused(grads[1]):
        return vectors @ grads[0].diag_embed() @ turned
    inner = turned @ grads[1]
    gaps = values.unsqueeze(-2) - values.unsqueeze(-1)
    gaps = gaps + gaps.new_ones(gaps._array.shape[-1]).diag()
    inner = (inner - inner.mT) * 0.5 / gaps
    return vectors @ (inner + grads[0].diag_embed()) @ turned


@op(
    "_linalg_eigh",
    node="LinalgEighBackward0",
    method=False,
    outputs=2,
    saves=("factors",),
    result=named_result("linalg_eigh", "eigenvalues", "eigenvectors"),
    A=_eigh_rule,
)
def _eigh(A: Array, UPLO: str, vectors: bool) -> Any:
    triangle: Any = UPLO.upper()
    try:
        if not vectors:
            values = np.linalg.eigvalsh(A, triangle)
            return Saving((values, np.empty(0, A.dtype)), factors=None)
        found = np.linalg.eigh(A, triangle)
    except np.linalg.LinAlgError:
        raise_failures("linalg.eigh", "eigh", _not_finite(A))
        raise
    return Saving(tuple(found), factors=_saved(*found))


def _not_finite(matrix: Array) -> Array:
    """Return a failure code for each matrix with NaN or infinity in it, for all where none has."""
    bad = ~np.isfinite(matrix).all(axis=(-2, -1))
    return np.asarray(np.where(bad | ~bad.any(), matrix.shape[-1], 0))


def _check_eigh(A: Any, UPLO: str) -> None:
    _matrix("linalg.eigh", A, square=True)
    if UPLO.upper() not in {"L", "U"}:
        _check.refuse(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")


def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Any:
    r"""Decompose symmetric matrices: :math:`A = V \operatorname{diag}(\lambda) V^T`.

    The gradient with respect to the vectors is finite only where all values differ; it is that of
    a symmetric matrix.

    Args:
        A: shape (…, n, n), float32 or float64; one triangle is read.
        UPLO: which: ``"L"`` or ``"U"``.
        out: where to write the pair.

    Returns:
        A named pair ``(eigenvalues, eigenvectors)``, the values in ascending order and the vectors
        as columns.

    Raises:
        RuntimeError: the matrices are not square, or the dtype is none of the two.
        LinAlgError: the algorithm does not converge.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.eigh(torch.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
        tensor([1., 2.])
    """
    _check_eigh(A, UPLO)
    return written(out, _eigh(A, UPLO, True))


def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor:
    """Return the eigenvalues of symmetric matrices, in ascending order; see :func:`eigh`.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.eigvalsh(torch.tensor([[2.0, 0.0], [0.0, 1.0]]))
        tensor([1., 2.])
    """
    _check_eigh(A, UPLO)
    found: Tensor = _eigh(A, UPLO, recorded(A))[0]
    return written(out, found)


def _no_complex(function: str, A: Any, instead: str) -> NoReturn:
    _matrix(function, A, square=True)
    msg = (
        f"{function}: the eigenvalues of a general matrix are complex numbers, which penlight does "
        f"not have; for a symmetric matrix there is {instead}"
    )
    raise NotImplementedError(msg)


def eig(A: Tensor, *, out: Any = None) -> Any:
    """Refuse: the result would be complex, also for a real matrix; see :func:`eigh`.

    Raises:
        NotImplementedError: always.
    """
    del out
    _no_complex("linalg.eig", A, "torch.linalg.eigh")


def eigvals(A: Tensor, *, out: Any = None) -> Any:
    """Refuse: the result would be complex, also for a real matrix; see :func:`eigvalsh`.

    Raises:
        NotImplementedError: always.
    """
    del out
    _no_complex("linalg.eigvals", A, "torch.linalg.eigvalsh")


# ---- singular values -----------------------------------------------------------------------------


def _skew(matrix: Any) -> Any:
    return matrix - matrix.mT


def _svd_rule(grads: Any, A: Any, full: bool, factors: Any) -> Any:
    u, s, vh = _svd(A, False, True) if mode.grad else factors
    k = s._array.shape[-1]
    if _unused(grads[0]) and _unused(grads[2]):
        return (u * grads[1].unsqueeze(-2)) @ vh
    grad_u, grad_vh = grads[0][..., :k], grads[2][..., :k, :]
    squares = s * s
    gaps = squares.unsqueeze(-2) - squares.unsqueeze(-1)
    gaps = gaps + gaps.new_ones(k).diag()
    row, column = s.unsqueeze(-2), s.unsqueeze(-1)
    left, right = u.mT @ grad_u, vh @ grad_vh.mT
    inner = _skew(left) / gaps * row + column * (_skew(right) / gaps) + grads[1].diag_embed()
    out = u @ inner @ vh
    rows, columns = A._array.shape[-2:]
    if rows > k:
        out = out + ((grad_u - u @ left) / row) @ vh
    if columns > k:
        out = out + u @ ((grad_vh - right.mT @ vh) / column)
    return out


@op(
    "_linalg_svd",
    node="LinalgSvdBackward0",
    method=False,
    outputs=3,
    saves=("factors",),
    result=named_result("linalg_svd", "U", "S", "Vh"),
    A=_svd_rule,
)
def _svd(A: Array, full: bool, vectors: bool) -> Any:
    none = np.empty(0, A.dtype)
    if not np.isfinite(A).all():
        msg = (
            "linalg.svd: The algorithm failed to converge because the input matrix contained "
            "non-finite values."
        )
        raise LinAlgError(msg)
    try:
        if not vectors:
            return Saving((none, np.linalg.svd(A, compute_uv=False), none), factors=None)
        u, s, vh = np.linalg.svd(A, full_matrices=full)
    except np.linalg.LinAlgError:
        raise_failures("linalg.svd", "svd", _not_finite(A))
        raise
    k = s.shape[-1]
    return Saving((u, s, vh), factors=_saved(u[..., :k], s, vh[..., :k, :]))


def _check_svd(function: str, A: Any, driver: str | None) -> None:
    _matrix(function, A)
    if driver is not None:
        _check.refuse(
            f"{function}: keyword argument `driver=` is only supported on CUDA inputs with "
            f"cuSOLVER backend, got {driver!r}"
        )


def linalg_svd(
    A: Tensor, full_matrices: bool = True, *, driver: str | None = None, out: Any = None
) -> Any:
    r"""Decompose matrices: :math:`A = U \operatorname{diag}(S) V^T`.

    The gradient is finite only where all singular values differ and, of a matrix that is not
    square, none is zero.

    Args:
        A: shape (…, m, n), float32 or float64.
        full_matrices: give all columns of ``U`` and all rows of ``Vh``; else the first
            ``min(m, n)``.
        driver: for CUDA in torch; refused here as there.
        out: where to write the three.

    Returns:
        A named triple ``(U, S, Vh)``, the singular values in descending order.

    Raises:
        RuntimeError: the argument is no matrix, or the dtype is none of the two.
        LinAlgError: the algorithm does not converge.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.svd(torch.tensor([[3.0, 0.0], [0.0, 4.0]])).S
        tensor([4., 3.])
    """
    _check_svd("linalg.svd", A, driver)
    return written(out, _svd(A, full_matrices, True))


def svdvals(A: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor:
    """Return the singular values of matrices in descending order; see :func:`torch.linalg.svd`.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.svdvals(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
        tensor([4., 3.])
    """
    _check_svd("linalg.svd", A, driver)
    found: Tensor = _svd(A, False, recorded(A))[1]
    return written(out, found)


_svd_result = named_result("svd", "U", "S", "V")


def svd(input: Tensor, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    r"""Decompose matrices: :math:`A = U \operatorname{diag}(S) V^T`.

    :func:`torch.linalg.svd` took its place.

    Args:
        input: shape (…, m, n), float32 or float64.
        some: give the first ``min(m, n)`` columns of ``U`` and ``V`` only.
        compute_uv: compute ``U`` and ``V``, which are zeros otherwise.
        out: where to write the three.

    Returns:
        A named triple ``(U, S, V)``.

    Raises:
        RuntimeError: the argument is no matrix, or the dtype is none of the two.

    Example:
        >>> import penlight as torch
        >>> torch.svd(torch.tensor([[3.0, 0.0], [0.0, 4.0]])).S
        tensor([4., 3.])
    """
    require_tensor("svd", "input", input)
    check_matrix("linalg.svd", input._array)
    if not compute_uv:
        rows, columns = input._array.shape[-2:]
        batch = input._array.shape[:-2]
        found = _svd_result(
            input.new_zeros(*batch, rows, rows),
            svdvals(input),
            input.new_zeros(*batch, columns, columns),
        )
    else:
        u, s, vh = linalg_svd(input, not some)
        found = _svd_result(u, s, vh.mT)
    return written(out, found)


# ---- QR ------------------------------------------------------------------------------------------


def _qr_rule(grads: Any, A: Any, how: str, factors: Any) -> Any:
    rows, columns = A._array.shape[-2:]
    if how == "r":
        _check.refuse(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please "
            "use linalg.qr(A, mode='reduced') if you are going to require gradients through "
            "linalg.qr."
        )
    if how == "complete" and rows > columns:
        _check.refuse(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols, "
            f"got {rows} by {columns}"
        )
    q, r = _qr(A, "reduced") if mode.grad else factors
    grad_q, grad_r = grads
    if rows >= columns:
        return _tall_qr(grad_q, grad_r, q, r)
    # The columns to the right are q times those of r: what is left is the QR of a square matrix.
    rest, grad_rest = A[..., rows:], q @ grad_r[..., rows:]
    grad_q = grad_q + rest @ grad_r[..., rows:].mT
    square = _tall_qr(grad_q, grad_r[..., :rows], q, r[..., :rows])
    from .join import cat  # noqa: PLC0415 - families know each other late

    return cat([square, grad_rest], -1)


def _tall_qr(grad_q: Any, grad_r: Any, q: Any, r: Any) -> Any:
    from .solving import solve_triangular  # noqa: PLC0415 - families know each other late

    inner = (grad_r @ r.mT - q.mT @ grad_q).triu()
    inner = inner + inner.triu(1).mT
    return solve_triangular(r.mT, grad_q + q @ inner, upper=False, left=False)


@op(
    "_linalg_qr",
    node="LinalgQrBackward0",
    method=False,
    outputs=2,
    saves=("factors",),
    result=named_result("linalg_qr", "Q", "R"),
    A=_qr_rule,
)
def _qr(A: Array, how: str) -> Any:
    if how == "r":
        return Saving((np.empty(0, A.dtype), np.linalg.qr(A, "r")), factors=None)
    q, r = np.linalg.qr(A, how)  # type: ignore[call-overload]
    return Saving((q, r), factors=_saved(q, r))


def linalg_qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> Any:
    r"""Decompose matrices into an orthogonal and an upper triangular one: :math:`A = Q R`.

    Args:
        A: shape (…, m, n), float32 or float64; for gradients, its first ``min(m, n)`` columns are
            linearly independent.
        mode: ``"reduced"``; ``"complete"`` for a square ``Q``; ``"r"`` for ``R`` alone, ``Q`` being
            empty and gradients refused.
        out: where to write the pair.

    Returns:
        A named pair ``(Q, R)``.

    Raises:
        RuntimeError: the argument is no matrix, the dtype is none of the two, or the mode is none
            of the three.

    Example:
        >>> import penlight as torch
        >>> Q, R = torch.linalg.qr(torch.tensor([[3.0, 1.0], [4.0, 2.0]]))
        >>> torch.allclose(Q @ R, torch.tensor([[3.0, 1.0], [4.0, 2.0]]))
        True
    """
    _matrix("linalg.qr", A)
    if mode not in {"reduced", "complete", "r"}:
        _check.refuse(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', "
            "or 'complete'"
        )
    return written(out, _qr(A, mode))


_qr_result = named_result("qr", "Q", "R")


def qr(input: Tensor, some: bool = True, *, out: Any = None) -> Any:
    """Decompose matrices into an orthogonal and an upper triangular one.

    :func:`torch.linalg.qr` took its place.

    Args:
        input: shape (…, m, n), float32 or float64.
        some: give ``min(m, n)`` columns of ``Q`` only.
        out: where to write the pair.

    Example:
        >>> import penlight as torch
        >>> torch.qr(torch.ones(2, 3)).Q.shape
        torch.Size([2, 2])
    """
    require_tensor("qr", "input", input)
    return written(out, _qr_result(*linalg_qr(input, "reduced" if some else "complete")))


for _function in (qr, svd):
    attach(_function)
