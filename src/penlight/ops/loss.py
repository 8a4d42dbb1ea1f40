"""Losses with gradient rules of their own; the others are composites in ``nn.functional``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY
from .._tensor import Array
from . import _check
from ._op import Saving, op

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "huber_loss",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
]


def reduce(values: Array, reduction: str) -> Array:
    """Return the values, their mean or their sum."""
    if reduction == "none":
        return values
    total = np.add.reduce(values, axis=None, dtype=_wide(values))
    if reduction == "mean":
        total = np.true_divide(total, values.size)
    return np.asarray(total).astype(values.dtype)


def _wide(values: Array) -> Any:
    """Return the dtype that sums are accumulated in."""
    return np.float32 if values.dtype.itemsize == 2 else values.dtype


def _shared(grad: Any, like: Any, reduction: str) -> Any:
    """Return the gradient of each element's loss from that of the reduced one."""
    if reduction == "mean":
        numel = like._array.size
        grad = grad / numel if numel else grad
    return grad


@op(
    "_over_count",
    # torch: dividing by a number read off a shape is another overload than dividing by a number.
    node="DivBackward1",
    method=False,
    input=lambda grad, count: grad / count,
)
def over_count(input: Array, count: float) -> Array:
    """Return a sum divided by a count of elements; of none it is NaN or infinite."""
    return np.true_divide(input, input.dtype.type(count))


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
    difference = input - target
    return reduce(difference * difference, reduction)


def _smooth_l1_grad(grad: Any, input: Any, target: Any, reduction: str, beta: float) -> Any:
    difference = input - target
    slope = difference.sign() if beta == 0 else (difference / beta).clamp(-1, 1)
    return slope * _shared(grad, difference, reduction)


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
    distance = np.abs(input - target)
    if beta == 0:
        return reduce(distance, reduction)
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
            f"all elements of {name} should be between 0 and 1, got {array[tuple(bad)]} at position "
            f"{_check.position_text(bad)}"
        )
        raise RuntimeError(msg)


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
    _check_probabilities(input, "input")
    _check.same_dtype(input, target)
    kind = input.dtype.type
    log_p = np.maximum(np.log(input), kind(_LOG_FLOOR))
    log_q = np.maximum(np.log1p(-input), kind(_LOG_FLOOR))
    values = (target - kind(1)) * log_q - target * log_p
    return reduce(values if weight is None else values * weight, reduction)


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
        # d/dt of -(p t log σ(x) + (1 - t) log(1 - σ(x)))
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
    """Return the cross-entropy of ``sigmoid(input)`` under ``target``, reduced; stable for any logit."""
    kind = input.dtype.type
    log_sigmoid = np.minimum(input, kind(0)) - np.log1p(np.exp(-np.abs(input)))
    if pos_weight is None:
        values = (kind(1) - target) * input - log_sigmoid
    else:
        factor = (pos_weight - kind(1)) * target + kind(1)
        values = (kind(1) - target) * input - factor * log_sigmoid
    values = values.astype(input.dtype, copy=False)
    return reduce(values if weight is None else values * weight, reduction)


# ---- negative log likelihood --------------------------------------------------------------------


def check_classes(function: str, target: Array, classes: int, ignore_index: int) -> Array:
    """Refuse targets that are no class; return where they count."""
    counts = target != ignore_index
    bad = counts & ((target < 0) | (target >= classes))
    if bad.any():
        place = np.argwhere(bad)[0]
        value = int(target[tuple(place)])
        at = f" at position {_check.position_text(place)} of the target" if target.ndim else ""
        msg = (
            f"Target {value} is out of bounds.: {function} got class {value}{at}, but the input has "
            f"{classes} classes, so targets run from 0 to {classes - 1} (ignore_index is {ignore_index})"
        )
        raise IndexError(msg)
    return counts


def _check_weight(weight: Array | None, classes: int, input: Array) -> None:
    if weight is None:
        return
    if weight.ndim != 1 or weight.size != classes:
        msg = (
            "weight tensor should be defined either for all "
            f"{classes} classes or no classes but got weight tensor of shape: {list(weight.shape)}"
        )
        raise RuntimeError(msg)
    if weight.dtype != input.dtype:
        msg = (
            f"expected scalar type {_check.scalar_type(input)} but found {_check.scalar_type(weight)}: "
            "the class weights have another dtype than the input"
        )
        raise RuntimeError(msg)


def _check_target_dtype(target: Array) -> None:
    if target.dtype not in (np.int64, np.uint8):
        name = _check.scalar_type(target)
        fix = "nn.functional.cross_entropy takes class indices as int64 (.long())"
        if target.dtype.kind == "f":
            fix += ", or class probabilities in the shape of the input"
        msg = f"expected scalar type Long but found {name}: the target holds {FROM_NUMPY[target.dtype]}; {fix}"
        raise RuntimeError(msg)


def _class_weights(
    input: Array, target: Array, weight: Array | None, ignore_index: int
) -> tuple[Array, Array]:
    """Return safe targets and each one's weight, zero where it is ignored."""
    counts = check_classes("nll_loss", target, input.shape[1], ignore_index)
    safe = np.where(counts, target, 0).astype(np.int64)
    factors = counts.astype(input.dtype) if weight is None else weight[safe] * counts
    return safe, factors


def _picked(values: Array, safe: Array) -> Array:
    """Return ``values[n, safe[n, …], …]``."""
    return np.take_along_axis(values, safe[:, None], axis=1)[:, 0]


def _forward(
    input: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str
) -> Any:
    """Compute the loss of (N, C, …) log-probabilities under (N, …) classes."""
    _check_target_dtype(target)
    _check_weight(weight, input.shape[1], input)
    safe, factors = _class_weights(input, target, weight, ignore_index)
    picked = _picked(input, safe)
    # An ignored row counts zero even where its log-probability is -inf.
    losses = np.where(factors == 0, input.dtype.type(0), -picked * factors)
    total = np.add.reduce(factors, axis=None, dtype=_wide(input))
    if reduction == "mean":
        summed = np.add.reduce(losses, axis=None, dtype=_wide(input))
        losses = np.asarray(np.true_divide(summed, total)).astype(input.dtype)
    elif reduction == "sum":
        losses = reduce(losses, "sum")
    return Saving(losses, plan=(safe, factors, float(total)))


def _backward(grad: Any, plan: Any, reduction: str, input_shape: tuple[int, ...]) -> Any:
    safe, factors, total = plan
    if reduction == "mean":
        grad = grad / total
    return nll_scatter(grad, safe, factors, input_shape, reduction)


@op(
    "_nll_scatter",
    node="NllLossBackwardBackward0",
    method=False,
    grad=lambda grad, safe, factors, grad_shape: nll_gather(grad, safe, factors)._sum_to(
        grad_shape
    ),
)
def nll_scatter(
    grad: Array, safe: Any, factors: Any, shape: tuple[int, ...], reduction: str
) -> Array:
    """Return zeros with ``-factor * grad`` at each row's class."""
    out = np.zeros(shape, grad.dtype)
    # An ignored row's gradient is 0, not the -0 of the product.
    values = np.where(factors == 0, 0, -factors * grad).astype(grad.dtype)
    np.put_along_axis(out, safe[:, None], values[:, None], axis=1)
    return out


@op("_nll_gather", node="NllGatherBackward0", method=False, quiet=True)
def nll_gather(grad: Array, safe: Any, factors: Any) -> Array:
    """Return ``-factor * grad`` from each row's class: the adjoint of :func:`nll_scatter`."""
    return (-_picked(grad, safe) * factors).astype(grad.dtype)


def _two(name: str, node: str) -> Any:
    """Return the record of nll_loss under one of torch's two node names."""
    return op(
        name,
        node=node,
        method=False,
        saves=("plan",),
        input=lambda grad, plan, reduction, input_shape: _backward(
            grad, plan, reduction, input_shape
        ),
    )


@_two("nll_loss", "NllLossBackward0")
def nll_loss(
    input: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str
) -> Any:
    """Return the loss of (N, C) log-probabilities under (N) classes, reduced."""
    return _forward(input, target, weight, ignore_index, reduction)


@_two("nll_loss2d", "NllLoss2DBackward0")
def nll_loss2d(
    input: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str
) -> Any:
    """Return the loss of (N, C, H, W) log-probabilities under (N, H, W) classes, reduced."""
    return _forward(input, target, weight, ignore_index, reduction)
