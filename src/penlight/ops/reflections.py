"""Products of Householder reflections, as the QR algorithm leaves them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from . import _check
from ._lapack import check_input, reflected, require_tensor
from ._op import attach, op
from ._overloads import no_derivative
from ._recorded import differentiate
from ._results import named_result, written

__all__ = ["geqrf", "orgqr", "ormqr"]


@op(
    "_geqrf",
    node="GeqrfBackward0",
    method=False,
    outputs=2,
    result=named_result("geqrf", "a", "tau"),
    input=no_derivative("geqrf"),
)
def _geqrf(input: Array) -> Any:
    turned, scales = np.linalg.qr(input, "raw")
    return np.ascontiguousarray(np.swapaxes(turned, -1, -2)), scales


def geqrf(input: Tensor, *, out: Any = None) -> Any:
    """Return the QR decomposition as LAPACK leaves it: ``R`` with the reflections below it.

    Args:
        input: shape (…, m, n), float32 or float64.
        out: where to write the pair.

    Returns:
        A named pair ``(a, tau)``, of which :func:`orgqr` makes ``Q``.

    Raises:
        RuntimeError: the argument is no matrix, or the dtype is none of the two.

    Example:
        >>> import penlight as torch
        >>> a, tau = torch.geqrf(torch.tensor([[3.0], [4.0]]))
        >>> tau
        tensor([1.6000])
    """
    require_tensor("geqrf", "input", input)
    check_input("torch.geqrf", input._array)
    return written(out, _geqrf(input))


def _reflectors(matrix: Any, scales: Any) -> Any:
    """Yield each reflection as a square matrix, for gradients."""
    rows = matrix._array.shape[-2]
    eye = matrix.new_ones(rows).diag()
    for i in range(scales._array.shape[-1]):
        vector = matrix[..., i].unsqueeze(-1).tril(-1 - i) + eye[:, i : i + 1]
        yield eye - scales[..., i].unsqueeze(-1).unsqueeze(-1) * (vector @ vector.mT)


@op("_linalg_householder_product", node="LinalgHouseholderProductBackward0", method=False)
def _householder(input: Array, tau: Array) -> Array:
    eye = np.eye(*input.shape[-2:], dtype=input.dtype)
    target = np.broadcast_to(eye, input.shape)
    return reflected(input, tau, target, reverse=False)


@_householder.vjp("input", "tau")
def _householder_rule(grad: Any, input: Any, tau: Any, needs: tuple[bool, bool]) -> Any:
    def compose(matrix: Any, scales: Any) -> Any:
        rows, columns = matrix._array.shape[-2:]
        out = matrix.new_ones(rows).diag()[:, :columns].expand(matrix._array.shape)
        for reflection in reversed(list(_reflectors(matrix, scales))):
            out = reflection @ out
        return out

    return differentiate(compose, (input, tau), grad, needs)


def householder_product(A: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""Return the first columns of :math:`H_1 \cdots H_k`, :math:`H_i = I - \tau_i v_i v_i^T`.

    Args:
        A: shape (…, m, n), float32 or float64, with ``m >= n``; below its diagonal are the vectors
            ``v``, whose first element is 1.
        tau: shape (…, k), with ``n >= k``.
        out: where to write the result.

    Returns:
        A tensor of shape (…, m, n).

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.householder_product(torch.zeros(2, 1), torch.tensor([2.0]))
        tensor([[-1.],
                [ 0.]])
    """
    require_tensor("linalg_householder_product", "A", A)
    require_tensor("linalg_householder_product", "tau", tau)
    _check_reflectors("torch.linalg.householder_product", A._array, tau._array)
    found: Tensor = _householder(A, tau)
    return written(out, found)


def _check_reflectors(function: str, matrix: Array, scales: Array, *, tall: bool = True) -> None:
    if matrix.ndim < 2:
        _check.refuse(
            f"{function}: input must have at least 2 dimensions, got shape {list(matrix.shape)}"
        )
    rows, columns = matrix.shape[-2:]
    if tall and rows < columns:
        _check.refuse(
            f"{function}: input.shape[-2] must be greater than or equal to input.shape[-1], "
            f"got {rows} and {columns}"
        )
    if not scales.ndim or columns < scales.shape[-1]:
        _check.refuse(
            f"{function}: input.shape[-1] must be greater than or equal to tau.shape[-1], "
            f"got {columns} and tau of shape {list(scales.shape)}"
        )
    if matrix.shape[:-2] != scales.shape[:-1]:
        _check.refuse(
            f"{function}: Expected batch dimensions of tau to be equal to input.shape[:-2], but "
            f"got {list(scales.shape[:-1])}"
        )
    if matrix.dtype != scales.dtype:
        _check.refuse(
            f"{function}: tau dtype {_check.scalar_type(scales)} does not match input dtype "
            f"{_check.scalar_type(matrix)}"
        )
    check_input(function, matrix)


def orgqr(input: Tensor, input2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return a product of reflections; see :func:`torch.linalg.householder_product`.

    Example:
        >>> import penlight as torch
        >>> torch.orgqr(torch.zeros(1, 1), torch.tensor([2.0]))
        tensor([[-1.]])
    """
    return householder_product(input, input2, out=out)


@op("_ormqr", node="OrmqrBackward0", method=False)
def _multiply_reflected(
    input: Array, tau: Array, other: Array, left: bool, transpose: bool
) -> Array:
    target = other if left else np.swapaxes(other, -1, -2)
    # From the right the product is turned around, and with it the order of the reflections.
    out = reflected(input, tau, target, reverse=transpose == left)
    return np.ascontiguousarray(out if left else np.swapaxes(out, -1, -2))


@_multiply_reflected.vjp("input", "tau", "other")
def _ormqr_rule(
    grad: Any,
    input: Any,
    tau: Any,
    other: Any,
    left: bool,
    transpose: bool,
    needs: tuple[bool, bool, bool],
) -> Any:
    def compose(matrix: Any, scales: Any, target: Any) -> Any:
        out = target if left else target.mT
        reflections = list(_reflectors(matrix, scales))
        for reflection in reflections if transpose == left else reversed(reflections):
            out = reflection @ out
        return out if left else out.mT

    return differentiate(compose, (input, tau, other), grad, needs)


def ormqr(
    input: Tensor,
    input2: Tensor,
    input3: Tensor,
    left: bool = True,
    transpose: bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Multiply a matrix with the whole product of reflections that is square.

    Args:
        input: the reflections' vectors, shape (…, m, k); see
            :func:`torch.linalg.householder_product`.
        input2: their scales, shape (…, k).
        input3: the matrix, shape (…, m, n), or (…, n, m) from the right.
        left: the reflections stand on the left.
        transpose: transpose their product.
        out: where to write the result.

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.ormqr(torch.zeros(1, 1), torch.tensor([2.0]), torch.tensor([[3.0]]))
        tensor([[-3.]])
    """
    for name, tensor in (("input", input), ("input2", input2), ("input3", input3)):
        require_tensor("ormqr", name, tensor)
        if tensor._array.ndim < (1 if name == "input2" else 2):
            _check.refuse(
                f"torch.ormqr: {name} must have at least 2 dimensions, "
                f"got shape {list(tensor._array.shape)}"
            )
    side = -2 if left else -1
    if input3._array.shape[side] != input._array.shape[-2]:
        _check.refuse(
            f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2], "
            f"got {input3._array.shape[side]} and {input._array.shape[-2]}"
        )
    _check_reflectors("torch.ormqr", input._array, input2._array, tall=False)
    found: Tensor = _multiply_reflected(input, input2, input3, left, transpose)
    return written(out, found)


for _function in (geqrf, orgqr, ormqr):
    attach(_function)
