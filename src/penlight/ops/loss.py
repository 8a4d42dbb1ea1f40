"""Losses with gradient rules of their own; the others are composites in ``nn.functional``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array
from . import _check
from ._elementwise import refuse
from ._op import Saving, op
from .activation import log_sigmoid

# nn.functional puts torch's arguments in front of these; the namespace has none of them.
__all__: list[str] = []


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


# ---- negative log likelihood --------------------------------------------------------------------


def check_classes(target: Array, classes: int, ignore_index: int) -> Array:
    """Refuse targets that are no class; return where they count."""
    counts = target != ignore_index
    bad = counts & ((target < 0) | (target >= classes))
    if not bad.any():
        return counts
    place = np.argwhere(bad)[0]
    value = int(target[tuple(place)])
    at = (
        f"it is at position {_check.position_text(place)} of the target, but "
        if target.ndim
        else ""
    )
    limits = f"targets run from 0 to {classes - 1}" if classes else "there is no valid target"
    msg = (
        f"Target {value} is out of bounds: {at}the input has {classes} classes, so {limits} "
        f"(ignore_index is {ignore_index})"
    )
    raise IndexError(msg)


def check_weight(weight: Array, classes: int, input: Array) -> None:
    """Refuse class weights that are not one for each class, or of another dtype than the input."""
    if weight.ndim != 1 or weight.size != classes:
        shape = list(weight.shape)
        msg = (
            f"weight tensor should be defined either for all {classes} classes or no classes but "
            f"got weight tensor of shape: {shape}"
            if input.ndim != 4
            else "weight tensor should be defined either for all or no classes: the input has "
            f"{classes} classes, the weights have shape {shape}"
        )
        raise RuntimeError(msg)
    if weight.dtype != input.dtype:
        msg = (
            f"expected scalar type {_check.scalar_type(input)} but found "
            f"{_check.scalar_type(weight)}: the class weights have another dtype than the input"
        )
        raise RuntimeError(msg)


def _check_target_dtype(input: Array, target: Array) -> None:
    if target.dtype == np.int64 or (target.dtype == np.uint8 and input.ndim <= 2):
        return
    if target.dtype == np.uint8:
        # torch: of images, and what it folds into one, targets are int64 only.
        msg = (
            "expected scalar type Long but found Byte: class indices are int64, so write "
            "target.long()"
        )
        raise RuntimeError(msg)
    fix = "class indices are int64, so write target.long()"
    if target.dtype.kind not in "biu":
        fix += "; class probabilities have the shape of the input (cross_entropy)"
    name = _check.scalar_type(target)
    msg = f"expected target dtype to be Long or Byte, but got {name}: {fix}"
    raise RuntimeError(msg)


def _class_weights(
    input: Array, target: Array, weight: Array | None, ignore_index: int
) -> tuple[Array, Array]:
    """Return safe targets and each one's weight, zero where it is ignored."""
    counts = check_classes(target, input.shape[1], ignore_index)
    safe = np.where(counts, target, 0).astype(np.int64).reshape(input.shape[0], *input.shape[2:])
    counts = counts.reshape(safe.shape)
    factors = counts.astype(input.dtype) if weight is None else weight[safe] * counts
    return safe, factors


def _picked(values: Array, safe: Array) -> Array:
    """Return ``values[n, safe[n, …], …]``."""
    return np.take_along_axis(values, safe[:, None], axis=1)[:, 0]


def _forward(
    input: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str
) -> Any:
    """Compute the loss of (N, C, …) log-probabilities under (N, …) classes, or of (C) under ()."""
    _check_target_dtype(input, target)
    rows = input[None] if input.ndim == 1 else input
    if weight is not None:
        check_weight(weight, rows.shape[1], input)
    refuse(_KERNELS.get(input.ndim, "nll_loss_out_frame"), input, kinds="bi")
    safe, factors = _class_weights(rows, target, weight, ignore_index)
    # An ignored row counts zero even where its log-probability is -inf.
    losses = np.where(factors == 0, input.dtype.type(0), -_picked(rows, safe) * factors)
    total = np.add.reduce(factors, axis=None, dtype=_wide(input))
    if reduction == "mean":
        summed = np.add.reduce(losses, axis=None, dtype=_wide(input))
        losses = np.asarray(np.true_divide(summed, total)).astype(input.dtype)
    elif reduction == "sum":
        losses = reduce(losses, "sum")
    elif input.ndim == 1:
        losses = losses[0]
    return Saving(losses, plan=(safe, factors, float(total)))


_KERNELS = {4: "nll_loss2d_forward_out_frame"}


def _backward(grad: Any, plan: Any, reduction: str, input_shape: tuple[int, ...]) -> Any:
    safe, factors, total = plan
    if reduction == "mean":
        grad = grad / total
    return nll_scatter(grad, safe, factors, input_shape)


@op(
    "_nll_scatter",
    node="NllLossBackwardBackward0",
    method=False,
    grad=lambda grad, safe, factors, grad_shape: nll_gather(grad, safe, factors)._sum_to(
        grad_shape
    ),
)
def nll_scatter(grad: Array, safe: Any, factors: Any, shape: tuple[int, ...]) -> Array:
    """Return zeros with ``-factor * grad`` at each row's class."""
    rows = np.zeros((1, *shape) if len(shape) == 1 else shape, grad.dtype)
    # An ignored row's gradient is 0, not the -0 or NaN of the product.
    values = np.where(factors == 0, 0, -factors * grad).astype(grad.dtype)
    np.put_along_axis(rows, safe[:, None], values[:, None], axis=1)
    return rows.reshape(shape)


@op("_nll_gather", node="NllGatherBackward0", method=False, quiet=True)
def nll_gather(grad: Array, safe: Any, factors: Any) -> Array:
    """Return ``-factor * grad`` from each row's class: the adjoint of :func:`nll_scatter`."""
    rows = grad[None] if grad.ndim == 1 else grad
    return (-_picked(rows, safe) * factors).astype(grad.dtype)


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


@_two("_nll_loss2d", "NllLoss2DBackward0")
def nll_loss2d(
    input: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str
) -> Any:
    """Return the loss of (N, C, H, W) log-probabilities under (N, H, W) classes, reduced."""
    return _forward(input, target, weight, ignore_index, reduction)
