"""Cross-entropy of rows of logits with its gradient, and the negative log likelihood.

``reduction`` is ``"none"``, ``"sum"`` or ``"mean"``. A loss for each row is written into ``out`` of
shape (N), a reduced one into ``out`` of shape (). Class indices are int64; the mean under them is
by the total weight of the targets, the mean under probabilities by the number of rows. Rows whose
target is ``ignore_index``, or whose class weighs nothing, have no loss and no gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .softmax import log_softmax, softmax

Array = np.ndarray[Any, Any]


def cross_entropy(
    out: Array,
    grad_input: Array | None,
    input: Array,
    target: Array,
    weight: Array | None,
    ignore_index: int,
    smoothing: float,
    reduction: str,
) -> None:
    """Write the loss of logits under class indices, and its gradient.

    Args:
        out: written, the loss.
        grad_input: written where given, shape (N, C): the gradient of the loss, in ``"none"`` of
            the sum of the losses.
        input: logits, shape (N, C).
        target: class indices, shape (N).
        weight: what each class counts, shape (C), or ``None``.
        ignore_index: a target that contributes nothing.
        smoothing: the share of the target that is spread over all classes.
        reduction: see above.

    Raises:
        IndexError: a target is no class; nothing has been written then.
        ValueError: the shapes do not fit.
    """
    _check_losses(out, input, reduction)
    counts, safe, factors = _rows(target, weight, ignore_index, input)
    log_p, p = _log_softmax(input)
    classes = input.shape[1]
    weights = np.ones(classes) if weight is None else weight.astype(float)
    rows = np.arange(len(input))
    with np.errstate(all="ignore"):
        losses = np.where(factors == 0, 0, -log_p[rows, safe] * factors)
        total = _total(factors, reduction)
        hard = np.where(factors == 0, 0, (1 - smoothing) * factors / total)
        slopes = np.zeros(p.shape)
        if smoothing > 0:
            spread = np.where(counts, -(log_p * weights).sum(axis=1), 0)
            losses = losses * (1 - smoothing) + spread * (smoothing / classes)
            slopes[counts] = smoothing / classes / total * weights
        slopes[rows, safe] += hard
        _write(out, losses, total, reduction)
        if grad_input is not None:
            grad_input[...] = p * slopes.sum(axis=1, keepdims=True) - slopes


def soft_cross_entropy(
    out: Array,
    grad_input: Array | None,
    input: Array,
    target: Array,
    weight: Array | None,
    smoothing: float,
    reduction: str,
) -> None:
    """Write the loss of logits under class probabilities, and its gradient.

    Args:
        out: written, the loss.
        grad_input: written where given, shape (N, C): the gradient of the loss, in ``"none"`` of
            the sum of the losses.
        input: logits, shape (N, C).
        target: probabilities, shape (N, C).
        weight: what each class counts, shape (C), or ``None``.
        smoothing: the share of the target that is spread over all classes.
        reduction: see above.

    Raises:
        ValueError: the shapes do not fit.
    """
    _check_losses(out, input, reduction)
    log_p, p = _log_softmax(input)
    shares = target.astype(float)
    if smoothing > 0:
        shares = shares * (1 - smoothing) + smoothing / input.shape[1]
    if weight is not None:
        shares = shares * weight
    total = np.float64(len(input) if reduction == "mean" else 1)
    with np.errstate(all="ignore"):
        _write(out, -(log_p * shares).sum(axis=1), total, reduction)
        if grad_input is not None:
            grad_input[...] = (p * shares.sum(axis=1, keepdims=True) - shares) / total


def nll_loss(
    out: Array,
    slopes: Array,
    places: Array,
    input: Array,
    target: Array,
    weight: Array | None,
    ignore_index: int,
    reduction: str,
) -> None:
    """Write the loss of log-probabilities under class indices, and what its gradient is made of.

    Args:
        out: written, the loss; in ``"none"`` of the target's shape.
        slopes: written, the target's shape: the only gradient in each row that is not zero.
        places: written, int64, the target's shape: the class where it is.
        input: log-probabilities, shape (N, C, ...).
        target: class indices, shape (N, ...).
        weight: what each class counts, shape (C), or ``None``.
        ignore_index: a target that contributes nothing.
        reduction: see above.

    Raises:
        IndexError: a target is no class; nothing has been written then.
        ValueError: the shapes do not fit.
    """
    _check_losses(out, input, reduction)
    counts, safe, factors = _rows(target, weight, ignore_index, input)
    places[...] = safe
    picked = np.zeros_like(factors)
    if counts.any():
        picked = np.take_along_axis(input, safe[:, None], axis=1)[:, 0]
    with np.errstate(all="ignore"):
        total = _total(factors, reduction)
        slopes[...] = np.where(factors == 0, 0, -factors / total)
        _write(out, np.where(factors == 0, 0, -picked * factors), total, reduction)


def log_softmax_backward_picked(
    grad_input: Array, places: Array, values: Array, out: Array
) -> None:
    """Write the gradient of log-softmax's input where the result's has one value in each row.

    Args:
        grad_input: written, shape (N, C).
        places: int64, shape (N): the class of each row that has a gradient.
        values: that gradient, shape (N).
        out: the result of `log_softmax`, shape (N, C).

    Raises:
        IndexError: a place is no class; nothing has been written then.
    """
    _check_places("places", places, out.shape[1], None)
    with np.errstate(all="ignore"):
        np.exp(out, out=grad_input)
        grad_input *= -values[:, None]
        grad_input += 0.0
        grad_input[np.arange(len(out)), places] += values


def _check_losses(out: Array, input: Array, reduction: str) -> None:
    expected = (len(input), *input.shape[2:]) if reduction == "none" else ()
    if out.shape != expected:
        message = f"out: expected shape {expected}, got {out.shape}"
        raise ValueError(message)


def _check_places(name: str, places: Array, classes: int, ignore_index: int | None) -> None:
    wrong = (places < 0) | (places >= classes)
    if ignore_index is not None:
        wrong &= places != ignore_index
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        message = f"{name}: got {places.flat[at]} at position {at}, but there are {classes} classes"
        raise IndexError(message)


def _rows(
    target: Array, weight: Array | None, ignore_index: int, input: Array
) -> tuple[Array, Array, Array]:
    """Return which rows count, safe targets, and what each row counts."""
    _check_places("target", target, input.shape[1], ignore_index)
    counts = target != ignore_index
    safe = np.where(counts, target, 0)
    factors = counts.astype(input.dtype)
    if weight is not None:
        factors[counts] = weight[target[counts]]
    return counts, safe, factors


def _log_softmax(input: Array) -> tuple[Array, Array]:
    """Return the log-probabilities and the probabilities of rows."""
    log_p, p = np.empty_like(input), np.empty_like(input)
    log_softmax(log_p, input, 1)
    softmax(p, input, 1)
    return log_p, p


def _total(factors: Array, reduction: str) -> Any:
    """Return what a sum of losses is divided by."""
    return factors.sum(dtype=float) if reduction == "mean" else np.float64(1)


def _write(out: Array, losses: Array, total: Any, reduction: str) -> None:
    losses = losses.astype(out.dtype)
    out[...] = losses if reduction == "none" else losses.sum(dtype=float) / total
