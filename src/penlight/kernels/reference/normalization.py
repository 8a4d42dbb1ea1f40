"""Normalisation of rows, of groups of channels, and of channels over a batch.

A mean and a reciprocal deviation, ``rstd``, belong to each row, group or channel; ``weight`` and
``bias`` scale and shift what was normalised and may be ``None``. Gradients are written where an
array is given for them. Sums are in double precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def layer_norm(
    out: Array,
    mean: Array | None,
    rstd: Array,
    input: Array,
    weight: Array | None,
    bias: Array | None,
    eps: float,
) -> None:
    """Normalise rows; with no ``mean`` they are not centred (RMS norm).

    Args:
        out: written, shape (N, L).
        mean: written, shape (N), or ``None``.
        rstd: written, shape (N).
        input: shape (N, L).
        weight: shape (L).
        bias: shape (L).
        eps: added to the mean square.
    """
    with np.errstate(all="ignore"):
        if mean is not None:
            mean[...] = input.mean(axis=1, dtype=float)
        centred = input.astype(float) - (0 if mean is None else mean[:, None])
        rstd[...] = 1 / np.sqrt(_mean(centred * centred, 1) + eps)
        out[...] = _affine(centred * rstd[:, None], weight, bias)


def layer_norm_backward(
    grad_input: Array | None,
    grad_weight: Array | None,
    grad_bias: Array | None,
    grad: Array,
    input: Array,
    mean: Array | None,
    rstd: Array,
    weight: Array | None,
) -> None:
    """Write the gradients of `layer_norm`.

    Args:
        grad_input: written, shape (N, L).
        grad_weight: written, shape (L).
        grad_bias: written, shape (L).
        grad: gradient of the result, shape (N, L).
        input: shape (N, L).
        mean: as `layer_norm` wrote it, or ``None``.
        rstd: as `layer_norm` wrote it.
        weight: shape (L).
    """
    with np.errstate(all="ignore"):
        centred = input.astype(float) - (0 if mean is None else mean[:, None])
        normal = centred * rstd[:, None]
        if grad_weight is not None:
            grad_weight[...] = (grad * normal).sum(axis=0)
        if grad_bias is not None:
            grad_bias[...] = grad.sum(axis=0, dtype=float)
        if grad_input is not None:
            weighted = grad.astype(float) if weight is None else grad.astype(float) * weight
            along = weighted - normal * _mean(weighted * normal, 1)[:, None]
            if mean is not None:
                along -= _mean(weighted, 1)[:, None]
            grad_input[...] = along * rstd[:, None]


def group_norm(
    out: Array,
    mean: Array,
    rstd: Array,
    input: Array,
    weight: Array | None,
    bias: Array | None,
    eps: float,
    groups: int,
) -> None:
    """Normalise each group of adjacent channels of each sample.

    Args:
        out: written, shape (N, C, S).
        mean: written, shape (N, groups).
        rstd: written, shape (N, groups).
        input: shape (N, C, S).
        weight: shape (C).
        bias: shape (C).
        eps: added to the variance.
        groups: how many; a divisor of C.
    """
    n, c, s = input.shape
    rows = input.reshape(n * groups, c // groups * s)
    normal = np.empty(rows.shape)
    means, rstds = np.empty(n * groups, mean.dtype), np.empty(n * groups, rstd.dtype)
    layer_norm(normal, means, rstds, rows, None, None, eps)
    mean[...], rstd[...] = means.reshape(n, groups), rstds.reshape(n, groups)
    with np.errstate(all="ignore"):
        out[...] = _affine(normal.reshape(n, c, s), _column(weight), _column(bias))


def group_norm_backward(
    grad_input: Array | None,
    grad_weight: Array | None,
    grad_bias: Array | None,
    grad: Array,
    input: Array,
    mean: Array,
    rstd: Array,
    weight: Array | None,
    groups: int,
) -> None:
    """Write the gradients of `group_norm`.

    Args:
        grad_input: written, shape (N, C, S).
        grad_weight: written, shape (C).
        grad_bias: written, shape (C).
        grad: gradient of the result, shape (N, C, S).
        input: shape (N, C, S).
        mean: as `group_norm` wrote it.
        rstd: as `group_norm` wrote it.
        weight: shape (C).
        groups: how many.
    """
    n, c, s = input.shape
    rows = n * groups, c // groups * s
    with np.errstate(all="ignore"):
        centred = input.reshape(rows).astype(float) - mean.reshape(-1, 1)
        normal = (centred * rstd.reshape(-1, 1)).reshape(n, c, s)
        _channel_gradients(grad_weight, grad_bias, grad, normal)
        if grad_input is not None:
            weighted = grad.astype(float) if weight is None else grad * _column(weight)
            along = np.empty(rows)
            layer_norm_backward(
                along,
                None,
                None,
                weighted.reshape(rows),
                input.reshape(rows),
                mean.reshape(-1),
                rstd.reshape(-1),
                None,
            )
            grad_input[...] = along.reshape(n, c, s)


def batch_moments(mean: Array, var: Array, input: Array) -> None:
    """Write the mean and the (biased) variance of each channel.

    Args:
        mean: written, shape (C).
        var: written, shape (C).
        input: shape (N, C, S).
    """
    with np.errstate(all="ignore"):
        mean[...] = _mean(input.astype(float), (0, 2))
        centred = input.astype(float) - _column(mean)
        var[...] = _mean(centred * centred, (0, 2))


def batch_norm(
    out: Array,
    input: Array,
    mean: Array,
    rstd: Array,
    weight: Array | None,
    bias: Array | None,
) -> None:
    """Normalise channels by given moments.

    Args:
        out: written, shape (N, C, S).
        input: shape (N, C, S).
        mean: shape (C).
        rstd: shape (C).
        weight: shape (C).
        bias: shape (C).
    """
    with np.errstate(all="ignore"):
        normal = (input.astype(float) - _column(mean)) * _column(rstd)
        out[...] = _affine(normal, _column(weight), _column(bias))


def batch_norm_backward(
    grad_input: Array | None,
    grad_weight: Array | None,
    grad_bias: Array | None,
    grad: Array,
    input: Array,
    mean: Array,
    rstd: Array,
    weight: Array | None,
    fixed: bool,
) -> None:
    """Write the gradients of `batch_norm`.

    Args:
        grad_input: written, shape (N, C, S).
        grad_weight: written, shape (C).
        grad_bias: written, shape (C).
        grad: gradient of the result, shape (N, C, S).
        input: shape (N, C, S).
        mean: shape (C).
        rstd: shape (C).
        weight: shape (C).
        fixed: the moments are not the input's own, so that no gradient flows through them.
    """
    with np.errstate(all="ignore"):
        normal = (input.astype(float) - _column(mean)) * _column(rstd)
        _channel_gradients(grad_weight, grad_bias, grad, normal)
        if grad_input is not None:
            along = grad.astype(float)
            if not fixed:
                along = (
                    along
                    - _column(_mean(along, (0, 2)))
                    - normal * _column(_mean(along * normal, (0, 2)))
                )
            grad_input[...] = _affine(along * _column(rstd), _column(weight), None)


def _mean(values: Array, axis: Any) -> Array:
    """Return the mean, NaN of nothing, without a warning."""
    count = values.size / max(values.sum(axis=axis).size, 1)
    total: Array = values.sum(axis=axis) / np.float64(count)
    return total


def _column(values: Any) -> Any:
    """Return what belongs to channels in a shape that broadcasts along them."""
    return None if values is None else values[:, None]


def _affine(normal: Array, weight: Array | None, bias: Array | None) -> Array:
    out = normal if weight is None else normal * weight
    return out if bias is None else out + bias


def _channel_gradients(
    grad_weight: Array | None, grad_bias: Array | None, grad: Array, normal: Array
) -> None:
    if grad_weight is not None:
        grad_weight[...] = (grad * normal).sum(axis=(0, 2))
    if grad_bias is not None:
        grad_bias[...] = grad.sum(axis=(0, 2), dtype=float)
