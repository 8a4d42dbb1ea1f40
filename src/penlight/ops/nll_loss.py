"""The negative log likelihood of classes, under torch's two node names."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array
from . import _check
from ._elementwise import refuse
from ._op import Saving, op
from .loss import reduce, wide

# As in ops.loss: nn.functional puts torch's arguments in front of these.
__all__: list[str] = []


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
    total = np.add.reduce(factors, axis=None, dtype=wide(input))
    if reduction == "mean":
        summed = np.add.reduce(losses, axis=None, dtype=wide(input))
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
