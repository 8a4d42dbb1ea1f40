"""Covariances, correlations, and decompositions of low rank by random projection."""

from __future__ import annotations

import warnings
from typing import Any

from .._dtype import get_default_dtype
from .._tensor import Tensor
from . import _check
from ._lapack import require_tensor
from ._op import attach
from .decompositions import linalg_qr, linalg_svd

__all__ = ["corrcoef", "cov", "pca_lowrank", "svd_lowrank"]


def cov(
    input: Tensor,
    *,
    correction: int = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:
    r"""Return the covariances of variables, which are the rows; observations are the columns.

    .. math::
        \mathrm{cov}(x, y) = \frac{\sum_i w_i (x_i - \mu_x)(y_i - \mu_y)}{N - \delta N}

    Args:
        input: a matrix, or a vector or a number for one variable.
        correction: :math:`\delta N`, what is taken from the number of observations.
        fweights: how many times each observation counts, integers.
        aweights: how much each observation weighs, floating.

    Returns:
        A square matrix, or a 0-d tensor for one variable.

    Raises:
        RuntimeError: there are more than two dimensions, or the weights do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.cov(torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
        tensor([[ 1., -1.],
                [-1.,  1.]])
    """
    require_tensor("cov", "input", input)
    _check_cov(input, fweights, aweights)
    values: Any = input.view(1, -1) if input._array.ndim < 2 else input
    if not input.is_floating_point():
        values = values.to(get_default_dtype())
    count = values._array.shape[1]
    weights = _weights(fweights, aweights)
    total: Any = count if weights is None else weights.sum()
    if weights is not None and count and float(total.item()) == 0:
        _check.refuse("cov(): weights sum to zero, can't be normalized")
    mean = values.mean(1) if weights is None else (values * weights).sum(1) / total
    freedom = _freedom(total, weights, aweights, correction)
    centred = values - mean.unsqueeze(1)
    product = centred @ (centred if weights is None else centred * weights).t()
    out: Tensor = (product / freedom).squeeze()
    return out


def _weights(fweights: Tensor | None, aweights: Tensor | None) -> Any:
    if fweights is None or aweights is None:
        return fweights if aweights is None else aweights
    return fweights * aweights


def _freedom(total: Any, weights: Any, aweights: Any, correction: int) -> Any:
    """Return what the sums of products are divided by, which is not below zero."""
    if weights is None or correction == 0 or aweights is None:
        freedom = total if weights is not None and correction == 0 else total - correction
    else:
        freedom = total - correction * (weights * aweights).sum() / total
    number = freedom.item() if isinstance(freedom, Tensor) else freedom
    if number > 0:
        return freedom
    warnings.warn(
        "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of "
        "observations.",
        stacklevel=4,
    )
    return freedom * 0 if isinstance(freedom, Tensor) else 0


def _check_cov(input: Tensor, fweights: Any, aweights: Any) -> None:
    if input._array.ndim > 2:
        _check.refuse(
            "cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input._array.ndim} dimensions"
        )
    if input._array.dtype.kind == "b":
        _check.refuse("cov(): bool dtype is not supported for input")
    shape = input._array.shape
    count = shape[1] if len(shape) == 2 else input._array.size
    for name, weights, floating in (("fweights", fweights, False), ("aweights", aweights, True)):
        if weights is None:
            continue
        if weights._array.ndim > 1:
            _check.refuse(
                f"cov(): expected {name} to have one or fewer dimensions but got {name} with "
                f"{weights._array.ndim} dimensions"
            )
        if weights.is_floating_point() is not floating:
            _check.refuse(
                f"cov(): expected {name} to have {'floating point' if floating else 'integral'} "
                f"dtype but got {name} with {_check.scalar_type(weights._array)} dtype"
            )
        if weights._array.size != count:
            _check.refuse(
                f"cov(): expected {name} to have the same numel as there are observations in the "
                f"input but got {weights._array.size} != {count}"
            )
        if count and weights._array.min() < 0:
            _check.refuse(f"cov(): {name} cannot be negative")


def corrcoef(input: Tensor) -> Tensor:
    r"""Return the correlations of variables, which are the rows; observations are the columns.

    .. math::
        R_{ij} = \frac{C_{ij}}{\sqrt{C_{ii} C_{jj}}}

    Args:
        input: a matrix, or a vector or a number for one variable.

    Raises:
        RuntimeError: there are more than two dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.corrcoef(torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
        tensor([[ 1., -1.],
                [-1.,  1.]])
    """
    require_tensor("corrcoef", "input", input)
    if input._array.ndim > 2:
        _check.refuse(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input._array.ndim} dimensions"
        )
    covariances: Any = cov(input)
    if not covariances._array.ndim:
        return covariances / covariances
    deviations = covariances.diag().sqrt()
    out: Tensor = (covariances / deviations.view(-1, 1)) / deviations.view(1, -1)
    return out.clip(-1, 1)


# ---- low rank ------------------------------------------------------------------------------------


def _basis(A: Any, q: int, niter: int) -> Tensor:
    """Return orthonormal columns that nearly span what a matrix reaches."""
    from .sampling import randn  # noqa: PLC0415 - families know each other late

    columns = randn(A._array.shape[-1], q, dtype=A.dtype)
    out: Any = linalg_qr(A @ columns).Q
    for _ in range(niter):
        out = linalg_qr(A.mT @ out).Q
        out = linalg_qr(A @ out).Q
    return out


def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Decompose matrices of low rank: :math:`A \approx U \operatorname{diag}(S) V^T`.

    The matrix is projected on ``q`` random directions, drawn as torch draws them.

    Args:
        A: shape (…, m, n), float32 or float64.
        q: somewhat more than the rank.
        niter: how many times to refine the directions.
        M: subtracted from ``A`` first.

    Returns:
        ``(U, S, V)`` with ``q`` singular values.

    Example:
        >>> import penlight as torch
        >>> U, S, V = torch.svd_lowrank(torch.ones(4, 3), q=2)
        >>> U.shape, V.shape
        (torch.Size([4, 2]), torch.Size([3, 2]))

    References:
        N. Halko, P. Martinsson, J. Tropp, *Finding structure with randomness* (2011), algorithms
        4.4 and 5.1.
    """
    require_tensor("svd_lowrank", "A", A)
    matrix: Any = A
    if M is not None:
        matrix = A - M.expand(A._array.shape)
    count = 6 if q is None else q
    turns = 2 if niter is None else niter
    rows, columns = matrix._array.shape[-2:]
    wide = rows < columns
    if wide:
        matrix = matrix.mT
    basis = _basis(matrix, count, turns)
    u, s, vh = linalg_svd(basis.mT @ matrix, full_matrices=False)
    u, v = basis @ u, vh.mT
    return (v, s, u) if wide else (u, s, v)


def pca_lowrank(
    A: Tensor, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """Find the principal components of observations, which are rows; as :func:`svd_lowrank`.

    Args:
        A: shape (…, m, n), float32 or float64.
        q: how many; ``min(6, m, n)`` when not given.
        center: subtract the mean of each column first.
        niter: how many times to refine.

    Returns:
        ``(U, S, V)``; the columns of ``V`` are the principal directions.

    Raises:
        ValueError: ``q`` is not between 0 and ``min(m, n)``, or ``niter`` is negative.

    Example:
        >>> import penlight as torch
        >>> torch.pca_lowrank(torch.arange(8.0).reshape(4, 2), q=1)[2].shape
        torch.Size([2, 1])
    """
    require_tensor("pca_lowrank", "A", A)
    rows, columns = A._array.shape[-2:]
    count = min(6, rows, columns) if q is None else q
    if not 0 <= count <= min(rows, columns):
        msg = (
            f"q(={count}) must be non-negative integer and not greater than "
            f"min(m, n)={min(rows, columns)}"
        )
        raise ValueError(msg)
    if niter < 0:
        msg = f"niter(={niter}) must be non-negative integer"
        raise ValueError(msg)
    if not A.is_floating_point():
        msg = f"pca_lowrank: expected a floating tensor, got {A.dtype}"
        raise ValueError(msg)
    values = A - A.mean(-2, keepdim=True) if center else A
    return svd_lowrank(values, count, niter)


for _function in (corrcoef, cov):
    attach(_function)
