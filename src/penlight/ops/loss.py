"""Losses with gradient rules of their own; the others are composites in ``nn.functional``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from . import _check
from ._elementwise import refuse
from ._op import op
from ._reducing import wide
from .activation import log_sigmoid

# nn.functional puts torch's arguments in front of the others; the namespace has none of them.
__all__ = ["poisson_nll_loss"]


def reduce(values: Array, reduction: str) -> Array:
    """Return the values, their mean or their sum."""
    if reduction == "none":
        return values
    total = np.add.reduce(values, axis=None, dtype=wide(values.dtype))
    if reduction == "mean":
        total = np.true_divide(total, values.size)
    return np.asarray(total).astype(values.dtype)


def _shared(grad: Any, like: Any, reduction: str) -> Any:
    """Return the gradient of each element's loss from that of the reduced one."""
    return shared_gradient(grad, like._array.size, reduction)


def shared_gradient(grad: Any, count: int, reduction: str) -> Any:
    """Return the gradient of each of so many losses from that of the reduced one."""
    return grad / count if reduction == "mean" and count else grad


def reduced(losses: Any, reduction: int) -> Any:
    """Return losses, their mean or their sum, by torch's numbers: 0, 1 and 2."""
    if reduction == 1:
        return losses.mean()
    return losses.sum() if reduction == 2 else losses


# ---- of two tensors -----------------------------------------------------------------------------


def _mse_grad(grad: Any, input: Any, target: Any, reduction: str) -> Any:
    difference = input - target
    return difference * _shared(grad, difference, reduction) * 2


@op(
    "mse_loss",
    method=False,
    promotion="default",
    broadcast=True,
    input=_mse_grad,
    target=lambda grad, input, target, reduction: -_mse_grad(grad, input, target, reduction),
)
def mse_loss(input: Array, target: Array, reduction: str = "mean") -> Array:
    """Return the squared differences, reduced."""
    refuse("mse_cpu", input, kinds="bi")
    difference = input - target
    return reduce(difference * difference, reduction)


def _smooth_l1_grad(grad: Any, input: Any, target: Any, reduction: str, beta: float) -> Any:
    difference = input - target
    return (difference / beta).clamp(-1, 1) * _shared(grad, difference, reduction)


@op(
    "smooth_l1_loss",
    node="SmoothL1LossBackward0",
    method=False,
    promotion="default",
    broadcast=True,
    input=_smooth_l1_grad,
    target=lambda grad, input, target, reduction, beta: (
        -_smooth_l1_grad(grad, input, target, reduction, beta)
    ),
)
def smooth_l1_loss(
    input: Array, target: Array, reduction: str = "mean", beta: float = 1.0
) -> Array:
    """Return squared differences below ``beta`` and absolute ones above, reduced."""
    refuse("smooth_l1_cpu", input, kinds="bi")
    distance = np.abs(input - target)
    kind = distance.dtype.type
    values = np.where(
        distance < beta, kind(0.5) * distance * distance / kind(beta), distance - kind(0.5 * beta)
    )
    return reduce(values, reduction)


def _huber_grad(grad: Any, input: Any, target: Any, reduction: str, delta: float) -> Any:
    difference = input - target
    return difference.clamp(-delta, delta) * _shared(grad, difference, reduction)


@op(
    "huber_loss",
    method=False,
    promotion="default",
    broadcast=True,
    input=_huber_grad,
    target=lambda grad, input, target, reduction, delta: (
        -_huber_grad(grad, input, target, reduction, delta)
    ),
)
def huber_loss(input: Array, target: Array, reduction: str = "mean", delta: float = 1.0) -> Array:
    """Return half the squared differences below ``delta`` and straight lines above, reduced."""
    if delta <= 0:
        msg = f"huber_loss does not support non-positive values for delta, got {delta}"
        raise RuntimeError(msg)
    refuse("huber_cpu", input, kinds="bi")
    distance = np.abs(input - target)
    kind = distance.dtype.type
    values = np.where(
        distance <= delta,
        kind(0.5) * distance * distance,
        kind(delta) * (distance - kind(0.5 * delta)),
    )
    return reduce(values, reduction)


# ---- binary cross-entropy -----------------------------------------------------------------------

# torch: logarithms are cut off here, so that log(0) * 0 stays finite.
_LOG_FLOOR = -100.0
_EPSILON = 1e-12


def _check_probabilities(array: Array, name: str) -> None:
    if array.size and not (array.min() >= 0 and array.max() <= 1):
        bad = np.argwhere(~((array >= 0) & (array <= 1)))[0]
        msg = (
            f"all elements of {name} should be between 0 and 1, got {array[tuple(bad)]} at "
            f"position {_check.position_text(bad)}"
        )
        raise RuntimeError(msg)


def _times(values: Array, weight: Array | None) -> Array:
    """Return losses times weights, in the losses' shape and dtype."""
    if weight is None:
        return values
    try:
        shape = np.broadcast_shapes(values.shape, weight.shape)
    except ValueError:
        _check.broadcastable(values, weight)
        raise
    if shape != values.shape:
        msg = (
            f"output with shape {list(values.shape)} doesn't match the broadcast shape "
            f"{list(shape)}: the weights have more dimensions or rows than the losses"
        )
        raise RuntimeError(msg)
    return (values * weight).astype(values.dtype, copy=False)


def _bce_grad(grad: Any, input: Any, target: Any, weight: Any, reduction: str) -> Any:
    slope = (input - target) / ((1 - input) * input).clamp(min=_EPSILON)
    slope = slope * _shared(grad, slope, reduction)
    return slope if weight is None else slope * weight


def _bce_target_grad(grad: Any, input: Any, weight: Any, reduction: str) -> Any:
    slope = (1 - input).log().clamp(min=_LOG_FLOOR) - input.log().clamp(min=_LOG_FLOOR)
    slope = slope * _shared(grad, slope, reduction)
    return slope if weight is None else slope * weight


@op(
    "binary_cross_entropy",
    method=False,
    input=_bce_grad,
    target=_bce_target_grad,
)
def binary_cross_entropy(
    input: Array, target: Array, weight: Array | None = None, reduction: str = "mean"
) -> Array:
    """Return the cross-entropy of probabilities ``input`` under ``target``, reduced."""
    if input.dtype != target.dtype:
        found, expected = _check.scalar_type(target), _check.scalar_type(input)
        msg = f"Found dtype {found} but expected {expected}: the target takes the input's dtype"
        raise RuntimeError(msg)
    refuse("binary_cross_entropy", input, kinds="bi")
    _check_probabilities(input, "input")
    _check_probabilities(target, "target")
    kind = input.dtype.type
    log_p = np.maximum(np.log(input), kind(_LOG_FLOOR))
    log_q = np.maximum(np.log1p(-input), kind(_LOG_FLOOR))
    values = (target - kind(1)) * log_q - target * log_p
    return reduce(_times(values, weight), reduction)


def _logits_grad(
    grad: Any, input: Any, target: Any, weight: Any, pos_weight: Any, reduction: str
) -> Any:
    if pos_weight is None:
        slope = input.sigmoid() - target
    else:
        positive = pos_weight * target
        slope = (positive + 1 - target) * input.sigmoid() - positive
    slope = slope * _shared(grad, slope, reduction)
    return slope if weight is None else slope * weight


def _logits_target_grad(grad: Any, input: Any, weight: Any, pos_weight: Any, reduction: str) -> Any:
    slope = -input
    if pos_weight is not None:
        # The derivative of -(p t log s(x) + (1 - t) log(1 - s(x))) by t.
        slope = pos_weight * (-input.sigmoid().log()) - (-(-input).sigmoid().log())
    slope = slope * _shared(grad, slope, reduction)
    return slope if weight is None else slope * weight


@op(
    "binary_cross_entropy_with_logits",
    method=False,
    input=lambda grad, input, target, weight, pos_weight, reduction, input_shape: _logits_grad(
        grad, input, target, weight, pos_weight, reduction
    )._sum_to(input_shape),
    target=lambda grad, input, weight, pos_weight, reduction, target_shape: _logits_target_grad(
        grad, input, weight, pos_weight, reduction
    )._sum_to(target_shape),
)
def binary_cross_entropy_with_logits(
    input: Array,
    target: Array,
    weight: Array | None = None,
    pos_weight: Array | None = None,
    reduction: str = "mean",
) -> Array:
    """Return the cross-entropy of ``sigmoid(input)`` under ``target``; stable for any logit."""
    log_p = log_sigmoid.op.forward(input)
    if target.dtype.kind in "biu":
        name = _check.scalar_type(target)
        msg = (
            f"result type Float can't be cast to the desired output type {name}: the target holds "
            "probabilities, so write target.float()"
        )
        raise RuntimeError(msg)
    kind = target.dtype.type
    values = (kind(1) - target) * input
    if pos_weight is not None:
        log_p = _times(log_p, _as_factor(pos_weight, target))
    # torch: the result has the target's dtype.
    values = (values - log_p).astype(target.dtype, copy=False)
    return reduce(_times(values, weight), reduction)


def _as_factor(pos_weight: Array, target: Array) -> Array:
    """Return the factor of the logarithm: ``pos_weight`` where positive, one where negative."""
    _check.broadcastable(pos_weight, target)
    return (pos_weight - 1) * target + 1


# ---- likelihoods --------------------------------------------------------------------------------


def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int
) -> Tensor:
    r"""Return minus the log-likelihood of counts under Poisson distributions.

    Args:
        input: the expected counts, or their logarithms.
        target: counts, broadcasting with ``input``.
        log_input: ``input`` holds logarithms.
        full: add Stirling's approximation of :math:`\log y!` where the count is above 1.
        eps: added to what a logarithm is taken of, without ``log_input``.
        reduction: 0 for none, 1 for the mean, 2 for the sum.

    Example:
        >>> import penlight as torch
        >>> torch.poisson_nll_loss(torch.tensor([0.0]), torch.tensor([2.0]), True, False, 1e-8, 1)
        tensor(1.)
    """
    given: Any = input
    loss = given.exp() - target * given if log_input else given - target * (given + eps).log()
    if full:
        counts: Any = target
        stirling = counts * counts.log() - counts + 0.5 * (2 * math.pi * counts).log()
        loss = loss + stirling.masked_fill(counts <= 1, 0)
    return reduced(loss, reduction)
