"""What linear algebra shares: torch's checks and errors, and factorisations NumPy does not have.

NumPy hands the common problems to LAPACK, over batches. What it does not reach (LU with its
pivots, triangular systems, Householder products) is written here over whole batches, one step of
the algorithm after another: Golub and Van Loan, *Matrix Computations*, chapters 3 and 5.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY
from .._tensor import Array, Tensor
from . import _check


class LinAlgError(RuntimeError):
    """A matrix for which an algorithm of linear algebra has no answer, such as a singular one."""


# ---- checks --------------------------------------------------------------------------------------


def check_matrix(function: str, array: Array, name: str = "A") -> None:
    """Refuse what has fewer than two dimensions."""
    if array.ndim < 2:
        _check.refuse(
            f"{function}: The input tensor {name} must have at least 2 dimensions. "
            f"Got shape {list(array.shape)}"
        )


def check_square(function: str, array: Array, name: str = "A") -> None:
    """Refuse matrices that are not square."""
    check_matrix(function, array, name)
    rows, columns = array.shape[-2:]
    if rows != columns:
        _check.refuse(
            f"{function}: {name} must be batches of square matrices, but they are "
            f"{rows} by {columns} matrices"
        )


# torch's kernels by the functions that leave it to them to refuse half types, and those that leave
# integers to them too.
_KERNELS = {
    "cholesky": "cholesky_cpu",
    "linalg.cholesky": "cholesky_cpu",
    "linalg.det": "lu_cpu",
    "linalg.eigh": "linalg_eigh_cpu",
    "linalg.lu": "lu_cpu",
    "linalg.lu_factor": "lu_cpu",
    "linalg.qr": "geqrf_cpu",
    "linalg.solve": "lu_cpu",
    "linalg.solve_triangular": "triangular_solve_cpu",
    "linalg.svd": "linalg_svd_cpu",
    "torch.geqrf": "geqrf_cpu",
    "torch.linalg.householder_product": "orgqr_cpu",
}
_UNCHECKED = {
    "cholesky",
    "linalg.eigh",
    "linalg.lu",
    "linalg.lu_factor",
    "linalg.solve_triangular",
    "torch.geqrf",
    "torch.linalg.householder_product",
}


def check_floating(function: str, array: Array, *, low: bool = False) -> None:
    """Refuse dtypes that LAPACK does not compute in; ``low`` lets half types pass."""
    kind = FROM_NUMPY[array.dtype]
    half = kind.is_floating_point and kind.itemsize == 2 and not low
    if (half and function in _KERNELS) or (not kind.is_floating_point and function in _UNCHECKED):
        msg = f"\"{_KERNELS[function]}\" not implemented for '{kind.scalar_type}'"
        raise NotImplementedError(msg)
    if not kind.is_floating_point:
        _check.refuse(
            f"{function}: Expected a floating point or complex tensor as input. "
            f"Got {kind.scalar_type}"
        )
    if half:
        _check.refuse(f"{function}: Low precision dtypes not supported. Got {kind.scalar_type}")


def check_input(function: str, array: Array, *, square: bool = False) -> None:
    """Refuse what is no batch of (square) matrices in float32 or float64."""
    (check_square if square else check_matrix)(function, array)
    check_floating(function, array)


def check_shapes(function: str, a: Array, b: Array, *, left: bool) -> None:
    """Refuse a right-hand side that does not fit the matrix."""
    check_matrix(function, b, "B")
    if (a.shape[-2] != b.shape[-2]) if left else (a.shape[-1] != b.shape[-1]):
        _check.refuse(
            f"{function}: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} ({_check.shape_text(a.shape[-2:])} and "
            f"{_check.shape_text(b.shape[-2:])})"
        )


def check_sizes(function: str, a: Array, b: Array) -> None:
    """Refuse a right-hand side that does not fit, in the words of torch's older functions."""
    if b.ndim > 1 and a.shape[-1] != b.shape[-2]:
        _check.refuse(
            f"Incompatible matrix sizes for {function}: each A matrix is {a.shape[-1]} by "
            f"{a.shape[-1]} but each b matrix is {b.shape[-2]} by {b.shape[-1]}"
        )


def is_vector(left: tuple[int, ...], right: tuple[int, ...]) -> bool:
    """Return whether the right-hand side of a system is vectors, one for each matrix."""
    return len(right) == 1 or (len(left) - 1 == len(right) and right == left[:-1])


def require_tensor(function: str, name: str, value: Any) -> None:
    """Refuse an argument that is no tensor."""
    if not isinstance(value, Tensor):
        place = function.replace(".", "_")
        msg = f"{place}(): argument '{name}' must be Tensor, not {type(value).__name__}"
        raise TypeError(msg)


# ---- failures ------------------------------------------------------------------------------------

_FAILURES = {
    "inv": "The diagonal element {info} is zero, the inversion could not be completed because the "
    "input matrix is singular.",
    "solve": "The solver failed because the input matrix is singular.",
    "cholesky": "The factorization could not be completed because the input is not "
    "positive-definite (the leading minor of order {info} is not positive-definite).",
    "eigh": "The algorithm failed to converge because the input matrix is ill-conditioned or has "
    "too many repeated eigenvalues (error code: {info}).",
    "svd": "The algorithm failed to converge because the input matrix is ill-conditioned or has "
    "too many repeated singular values (error code: {info}).",
    "lu": "U[{info},{info}] is zero and using it on lu_solve would result in a division by zero. "
    "If you still want to perform the factorization, consider calling linalg.lu(A, pivot) or "
    "linalg.lu_factor_ex(A, pivot)",
}


def raise_failures(function: str, kind: str, info: Array) -> None:
    """Raise torch's error for the first matrix whose ``info`` is not zero.

    Args:
        function: begins the message.
        kind: a key of the sentences above.
        info: LAPACK's code for each matrix.

    Raises:
        LinAlgError: some matrix failed; of ``lu`` a plain RuntimeError, as in torch.
    """
    if not info.any():
        return
    place = int(np.flatnonzero(info)[0])
    where = f"(Batch element {place}): " if info.ndim else ""
    sentence = _FAILURES[kind].format(info=int(info.reshape(-1)[place]))
    msg = f"{function}: {where}{sentence}"
    raise (RuntimeError if kind == "lu" else LinAlgError)(msg)


def each(function: Any, info: Array, *arrays: Array) -> Array:
    """Run a LAPACK driver matrix by matrix where one of them fails; NaN for those that do.

    Args:
        function: of matrices.
        info: written, 0 where it succeeds; where it fails and this is 0, the number of rows.
        arrays: batches of the same shape up to the last two dimensions.
    """
    batch = info.shape
    results: dict[Any, Any] = {}
    for index in np.ndindex(batch):
        try:
            results[index] = function(*(array[index] for array in arrays))
            info[index] = 0
        except np.linalg.LinAlgError:
            info[index] = info[index] or arrays[0].shape[-2]
    last = arrays[-1][(0,) * len(batch)]
    shape = next((found.shape for found in results.values()), last.shape)
    out = np.full((*batch, *shape), np.nan, arrays[0].dtype)
    for index, found in results.items():
        out[index] = found
    return out


# ---- LU ------------------------------------------------------------------------------------------


def lu_of(matrix: Array, *, pivot: bool = True) -> tuple[Array, Array, Array]:
    """Factor batches of matrices by Gaussian elimination.

    Returns:
        Both factors in one array, the row (from 0) that each step swapped with its own, and for
        each matrix the number (from 1) of the first pivot that is zero, or 0.
    """
    out = matrix.copy()
    rows, columns = matrix.shape[-2:]
    steps = min(rows, columns)
    flat = out.reshape(math.prod(matrix.shape[:-2]), rows, columns)
    pivots = np.tile(np.arange(steps, dtype=np.int32), (len(flat), 1))
    info = np.zeros(len(flat), np.int32)
    batch = np.arange(len(flat))
    for k in range(steps):
        if pivot:
            chosen = k + np.abs(flat[:, k:, k]).argmax(axis=1)
            pivots[:, k] = chosen
            flat[batch, chosen], flat[:, k] = flat[:, k].copy(), flat[batch, chosen]
        zero = flat[:, k, k] == 0
        info[zero & (info == 0)] = k + 1
        divisor = np.where(zero, flat.dtype.type(1), flat[:, k, k])
        flat[:, k + 1 :, k] /= divisor[:, None]
        flat[:, k + 1 :, k + 1 :] -= flat[:, k + 1 :, k, None] * flat[:, k, None, k + 1 :]
    lead = matrix.shape[:-2]
    return out, pivots.reshape(*lead, steps), info.reshape(lead)


def order_of(pivots: Array, rows: int) -> Array:
    """Return where each row of a permuted matrix comes from, given the swaps."""
    steps = pivots.shape[-1]
    swaps = pivots.reshape(math.prod(pivots.shape[:-1]), steps)
    order = np.tile(np.arange(rows), (len(swaps), 1))
    batch = np.arange(len(swaps))
    for k in range(steps):
        other = swaps[:, k]
        order[batch, other], order[:, k] = order[:, k].copy(), order[batch, other]
    return order.reshape(*pivots.shape[:-1], rows)


def permutation_of(pivots: Array, rows: int, kind: Any) -> Array:
    """Return the matrices ``P`` with ``A = P L U``."""
    order = order_of(pivots, rows)
    eye: Array = np.eye(rows, dtype=kind)[order]
    return np.ascontiguousarray(np.swapaxes(eye, -1, -2))


# ---- triangular systems --------------------------------------------------------------------------


def triangle_of(matrix: Array, *, upper: bool, unit: bool) -> Array:
    """Return a copy with zeros on the other side, and ones on the diagonal when ``unit``."""
    out = np.triu(matrix) if upper else np.tril(matrix)
    if unit:
        places = np.arange(matrix.shape[-1])
        out[..., places, places] = 1
    return out


def solve_triangle(matrix: Array, right: Array, *, upper: bool, unit: bool = False) -> Array:
    """Solve triangular systems of which ``matrix`` holds the triangle; batches broadcast.

    LAPACK's general driver is exact substitution when the matrix is upper triangular; a lower one
    becomes so by turning rows and columns around. It refuses zeros on the diagonal, where torch
    divides by them.
    """
    triangle = triangle_of(matrix, upper=upper, unit=unit)
    if not upper:
        triangle, right = triangle[..., ::-1, ::-1], right[..., ::-1, :]
    if np.diagonal(triangle, 0, -2, -1).all():
        out = np.linalg.solve(triangle, right)
    else:
        out = _substitute(triangle, right)
    return np.ascontiguousarray(out if upper else out[..., ::-1, :])


def _substitute(triangle: Array, right: Array) -> Array:
    batch = np.broadcast_shapes(triangle.shape[:-2], right.shape[:-2])
    out = np.broadcast_to(right, (*batch, *right.shape[-2:])).copy()
    for k in range(triangle.shape[-1] - 1, -1, -1):
        out[..., k, :] /= triangle[..., k, k, None]
        out[..., :k, :] -= triangle[..., :k, k, None] * out[..., k, None, :]
    return out


# ---- Householder reflections ---------------------------------------------------------------------


def reflected(reflectors: Array, scales: Array, target: Array, *, reverse: bool) -> Array:
    """Return ``H_1 … H_k`` times ``target``, or the product in the other order.

    Args:
        reflectors: shape (…, m, n), as ``geqrf`` leaves them below the diagonal.
        scales: shape (…, k).
        target: shape (…, m, p).
        reverse: multiply by ``H_k … H_1``, the transpose, instead.
    """
    out = target.copy()
    count = scales.shape[-1]
    for i in range(count) if reverse else range(count - 1, -1, -1):
        vector = reflectors[..., i].copy()
        vector[..., :i] = 0
        vector[..., i] = 1
        along = np.einsum("...m,...mp->...p", vector, out)
        out -= scales[..., i, None, None] * vector[..., :, None] * along[..., None, :]
    return out
