"""Distances: of two tensors, of all pairs of rows; and rows brought within a norm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._tensor import Array, Tensor, wrap
from . import _check
from ._families import DEFAULT
from ._op import op
from .statistics import norm_gradient, norm_of, vector_norm

__all__ = ["cdist", "dist", "pdist", "renorm"]

_LARGEST_BLOCK = 1 << 20
_FEW_ROWS = 25

# ---- of two tensors ------------------------------------------------------------------------------


def _dist_grad(grad: Any, p: Any, input: Any, other: Any, out: Any) -> Any:
    difference = input - other
    if p == 0:
        return difference * 0
    return norm_gradient(grad, float(p), None, False, difference, out)


@op(
    "dist",
    promotion=DEFAULT,
    input=lambda grad, p, input, other, out, input_shape: _dist_grad(
        grad, p, input, other, out
    )._sum_to(input_shape),
    other=lambda grad, p, input, other, out, other_shape: (
        -_dist_grad(grad, p, input, other, out)._sum_to(other_shape)
    ),
)
def dist(input: Array, other: Array, p: Any = 2) -> Array:
    """Return the p-norm of ``input - other``.

    Args:
        input: a floating tensor.
        other: a tensor; the shapes broadcast.
        p: a number, ``inf`` or ``-inf``.

    Raises:
        RuntimeError: the shapes do not broadcast, or the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.dist(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 4.0]))
        tensor(5.)
    """
    _check.broadcastable(input, other)
    difference = np.asarray(input - other)
    if difference.dtype.kind in "biu":
        msg = (
            "norm(): input dtype should be either floating point or complex. "
            f"Got {_check.scalar_type(difference)} instead."
        )
        raise RuntimeError(msg)
    return norm_of(difference, float(p), None, False)


# ---- of all pairs of rows ------------------------------------------------------------------------


def _check_points(function: str, p: float, **points: Array) -> None:
    for name, array in points.items():
        if array.dtype.kind in "biu":
            of = f", {name} got: {_check.scalar_type(array)}" if function == "cdist" else ""
            msg = f"{function} only supports floating-point dtypes{of}"
            raise RuntimeError(msg)
    if p < 0:
        msg = f"{function} only supports non-negative p values, got {p}"
        raise RuntimeError(msg)


def _no_half(function: str, array: Array) -> None:
    if array.dtype.itemsize == 2:
        msg = f"\"{function}\" not implemented for '{_check.scalar_type(array)}'"
        raise NotImplementedError(msg)


def _lengths(difference: Array, p: float) -> Array:
    """Return the p-norms over the last dimension."""
    return norm_of(difference, p, (difference.ndim - 1,), False)


def _pair_weights(difference: Tensor, distance: Tensor, p: float) -> Tensor:
    """Return the slope of p-distances in the differences that they are made of.

    ``distance`` has a last dimension of length 1. Where two points are one, the slope is 0.
    """
    if p == 0:
        return difference * 0
    if p == 1:
        return difference.sgn()
    if math.isinf(p):
        return difference.sgn() * (difference.abs() == distance)
    if p == 2:
        return (difference / distance).masked_fill(distance == 0, 0)
    ratio = (difference.abs() / distance).masked_fill(distance == 0, 0)
    slope = difference.sgn() * ratio ** (p - 1)
    return slope.masked_fill((difference == 0) | (distance == 0), 0)


def _cdist_grad(grad: Any, x1: Any, x2: Any, p: float, out: Any) -> Any:
    """Return the gradient of the first points; that of the second is this with places changed."""
    if p == 2:
        # Sums of weighted differences are two products, without an array of all differences.
        weights = (grad / out).masked_fill(out == 0, 0)
        return x1 * weights.sum(-1, True) - weights @ x2
    difference = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    return (grad.unsqueeze(-1) * _pair_weights(difference, out.unsqueeze(-1), p)).sum(-2)


@op(
    "_cdist",
    node="CdistBackward0",
    method=False,
    x1=lambda grad, x1, x2, p, out, x1_shape: _cdist_grad(grad, x1, x2, p, out)._sum_to(x1_shape),
    x2=lambda grad, x1, x2, p, out, x2_shape: _cdist_grad(grad.mT, x2, x1, p, out.mT)._sum_to(
        x2_shape
    ),
)
def _cdist(x1: Array, x2: Array, p: float) -> Array:
    """Return all distances, some rows of the first points at a time."""
    shape = (*np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2]), x1.shape[-2], x2.shape[-2])
    out = np.zeros(shape, x1.dtype)
    if not out.size or not x1.shape[-1]:
        return out
    _no_half("cdist", x1)
    row = math.prod(shape[:-2]) * shape[-1] * x1.shape[-1]
    step = max(_LARGEST_BLOCK // row, 1)
    for start in range(0, shape[-2], step):
        part = x1[..., start : start + step, None, :] - x2[..., None, :, :]
        out[..., start : start + step, :] = _lengths(part, p)
    return out


@op(
    "_euclidean_dist",
    node="EuclideanDistBackward0",
    method=False,
    x1=lambda grad, x1, x2, out, x1_shape: _cdist_grad(grad, x1, x2, 2, out)._sum_to(x1_shape),
    x2=lambda grad, x1, x2, out, x2_shape: _cdist_grad(grad.mT, x2, x1, 2, out.mT)._sum_to(
        x2_shape
    ),
)
def _euclidean(x1: Array, x2: Array) -> Array:
    """Return all distances by one product: squares of lengths less twice the dot products."""
    first, second = (np.sum(x * x, axis=-1, keepdims=True) for x in (x1, x2))
    left = np.concatenate([x1 * x1.dtype.type(-2), first, np.ones_like(first)], axis=-1)
    right = np.concatenate([x2, np.ones_like(second), second], axis=-1)
    squares = np.matmul(left, np.swapaxes(right, -1, -2))
    return np.sqrt(np.maximum(squares, 0)).astype(x1.dtype, copy=False)


_MODES = {
    "use_mm_for_euclid_dist_if_necessary": None,
    "use_mm_for_euclid_dist": True,
    "donot_use_mm_for_euclid_dist": False,
}


def cdist(
    x1: Tensor,
    x2: Tensor,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Tensor:
    r"""Return the p-distance of each row of ``x1`` from each row of ``x2``.

    Args:
        x1: points, one a row.
        x2: points of as many coordinates.
        p: a number from 0 on, or ``inf``.
        compute_mode: whether Euclidean distances are computed by a product of matrices, which is
            faster and less exact; by default from 26 rows on.

    Shape:
        - x1: :math:`(*, P, M)`; x2: :math:`(*, R, M)`; output: :math:`(*, P, R)`

    Raises:
        RuntimeError: the shapes do not fit, the dtype is not floating, or ``p`` is negative.

    Example:
        >>> import penlight as torch
        >>> torch.cdist(torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
        tensor([[5., 1.]])
    """
    if compute_mode not in _MODES:
        msg = f"{compute_mode} is not a valid value for compute_mode"
        raise ValueError(msg)
    for name, points in (("X1", x1), ("X2", x2)):
        if points._array.ndim < 2:
            msg = f"cdist only supports at least 2D tensors, {name} got: {points._array.ndim}D"
            raise RuntimeError(msg)
    if x1._array.shape[-1] != x2._array.shape[-1]:
        msg = (
            f"X1 and X2 must have the same number of columns. X1: {x1._array.shape[-1]} "
            f"X2: {x2._array.shape[-1]}"
        )
        raise RuntimeError(msg)
    _check_points("cdist", p, X1=x1._array, X2=x2._array)
    _check.same_dtype(x1._array, x2._array)
    rows = max(x1._array.shape[-2], x2._array.shape[-2])
    by_product = _MODES[compute_mode]
    if p == 2 and (rows > _FEW_ROWS if by_product is None else by_product) and x1._array.size:
        distances = _euclidean(x1, x2)
        out: Tensor = distances.view(distances._array.shape)
    else:
        out = _cdist(x1, x2, float(p))
    return out


def _pdist_grad(grad: Any, input: Any, p: float, out: Any) -> Any:
    first, second = map(wrap, np.triu_indices(input._array.shape[0], 1))
    difference = input.index_select(0, first) - input.index_select(0, second)
    parts = grad.unsqueeze(-1) * _pair_weights(difference, out.unsqueeze(-1), p)
    to_input = input.new_zeros(input._array.shape).index_add(0, first, parts)
    return to_input.index_add(0, second, -parts)


@op("pdist", node="PdistBackward0", method=False, input=_pdist_grad)
def pdist(input: Array, p: float = 2) -> Array:
    r"""Return the p-distances of all pairs of different rows.

    Args:
        input: points, one a row.
        p: a number from 0 on, or ``inf``.

    Shape:
        - input: :math:`(N, M)`; output: :math:`(N (N - 1) / 2)`, pairs in the order of the upper
          triangle of the matrix of all distances

    Raises:
        RuntimeError: the input is no matrix, the dtype is not floating, or ``p`` is negative.

    Example:
        >>> import penlight as torch
        >>> torch.pdist(torch.tensor([[0.0], [1.0], [3.0]]))
        tensor([1., 3., 2.])
    """
    if input.ndim != 2:
        msg = f"pdist only supports 2D tensors, got: {input.ndim}D"
        raise RuntimeError(msg)
    _check_points("pdist", p, input=input)
    first, second = np.triu_indices(len(input), 1)
    if not input.shape[1] or not len(first):
        return np.zeros(len(first), input.dtype)
    _no_half("pdist", input)
    return _lengths(input[first] - input[second], float(p))


# ---- rows brought within a norm ------------------------------------------------------------------

_EPSILON = 1e-7


def _renorm_dims(ndim: int, dim: int) -> tuple[int, ...]:
    place = _check.dim(dim, ndim)
    return tuple(other for other in range(ndim) if other != place)


def _renorm_grad(grad: Any, input: Any, p: Any, dim: int, maxnorm: Any) -> Any:
    dims = _renorm_dims(input._array.ndim, dim)
    length = vector_norm(input, float(p), dims, True)
    factor = maxnorm / (length + _EPSILON)
    along = (grad * input).sum(dims, True) * -factor / (length + _EPSILON)
    bent = grad * factor + norm_gradient(along, float(p), dims, True, input, length)
    return bent.where(length > maxnorm, grad)


@op("renorm", inplace=True, out=True, input=_renorm_grad)
def renorm(input: Array, p: Any, dim: int, maxnorm: Any) -> Array:
    """Scale the slices along a dimension whose p-norm is above ``maxnorm`` down to it.

    Args:
        input: a floating tensor of at least two dimensions.
        p: a positive number.
        dim: the dimension that the slices lie along.
        maxnorm: the largest norm.

    Raises:
        RuntimeError: ``p`` is not positive, ``maxnorm`` is negative, or there is one dimension.

    Example:
        >>> import penlight as torch
        >>> torch.renorm(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1)
        tensor([[0.6000, 0.8000],
                [0.3000, 0.4000]])
    """
    if not p > 0:
        msg = f"renorm: non-positive-norm not supported, got p = {p}"
        raise RuntimeError(msg)
    if maxnorm < 0:
        msg = f"renorm: expected maxnorm to be >= 0 but got {maxnorm}"
        raise RuntimeError(msg)
    if input.ndim < 2:
        msg = f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions"
        raise RuntimeError(msg)
    wide = input.astype(np.float32) if input.dtype.itemsize == 2 else input
    length = norm_of(wide, float(p), _renorm_dims(input.ndim, dim), True)
    factor = np.where(length > maxnorm, maxnorm / (length + _EPSILON), 1)
    return np.asarray(wide * factor.astype(wide.dtype)).astype(input.dtype, copy=False)
