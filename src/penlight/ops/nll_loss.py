"""The negative log likelihood of classes, under torch's two node names."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .. import kernels
from .._tensor import Array, Tensor
from ..autograd.grad_mode import mode
from . import _check
from ._elementwise import refuse
from ._op import Saving, op
from ._picked import Picks, picked_tensor

_LONG = np.dtype(np.int64)

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


REDUCTIONS = frozenset({"none", "mean", "sum"})


def are_rows(input: Any, target: Any, reduction: Any) -> bool:
    """Return whether these are (N, C) and (N), as mostly, so that nothing else is to be checked."""
    if not (isinstance(input, Tensor) and isinstance(target, Tensor)):
        return False
    shape = input._array.shape
    return len(shape) == 2 and target._array.shape == shape[:1] and reduction in REDUCTIONS


def refuse_classes(target: Array, classes: int, ignore_index: int) -> NoReturn:
    """Refuse a target that holds, as a kernel found, what is no class: name the first."""
    bad = (target != ignore_index) & ((target < 0) | (target >= classes))
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
    raise IndexError(msg) from None


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


def _forward(
    input: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str
) -> Any:
    """Compute the loss of (N, C, …) log-probabilities under (N, …) classes, or of (C) under ()."""
    if target.dtype is not _LONG:
        _check_target_dtype(input, target)
    rows = input if input.ndim > 1 else input[None]
    if weight is not None:
        check_weight(weight, rows.shape[1], input)
    kind = input.dtype
    if kind.kind != "f":
        refuse(_KERNELS.get(input.ndim, "nll_loss_out_frame"), input, kinds="bi")
    # Half types go through float32.
    wide = np.float32 if kind.itemsize == 2 else kind
    classes = np.ascontiguousarray(target, np.int64)
    if input.ndim == 1:
        classes = classes.reshape(1)
    out = np.empty(classes.shape if reduction == "none" else (), wide)
    picks = Picks(input.shape, np.empty(classes.shape, np.int64), np.empty(classes.shape, wide))
    factors = None if weight is None else np.ascontiguousarray(weight, wide)
    laid = np.ascontiguousarray(rows, wide)
    try:
        kernels.nll_loss(
            out, picks.values, picks.places, laid, classes, factors, ignore_index, reduction
        )
    except IndexError:
        refuse_classes(target, rows.shape[1], ignore_index)
    if input.ndim == 1:
        out = out.reshape(())
    return Saving(out if wide is kind else out.astype(kind), picks=picks)


_KERNELS = {4: "nll_loss2d_forward_out_frame"}


def _backward(grad: Any, picks: Picks, reduction: str) -> Any:
    if mode.grad:
        return nll_scatter(grad, picks)
    array = grad._array
    values = picks.values
    if reduction == "none" or array.item() != 1.0:
        values = _values(array, picks)
    if values.dtype is not array.dtype:
        values = values.astype(array.dtype)
    return picked_tensor(Picks(picks.shape, picks.places, values))


def _values(grad: Array, picks: Picks) -> Array:
    """Return the picked gradients under that of the loss; of an ignored row 0, not -0 or NaN."""
    slopes = picks.values
    with np.errstate(all="ignore"):
        return np.where(slopes == 0, 0, slopes * grad).astype(grad.dtype, copy=False)


@op(
    "_nll_scatter",
    node="NllLossBackwardBackward0",
    method=False,
    grad=lambda grad, picks, grad_shape: nll_gather(grad, picks)._sum_to(grad_shape),
)
def nll_scatter(grad: Array, picks: Any) -> Array:
    """Return zeros with the slope times ``grad`` at each row's class."""
    return Picks(picks.shape, picks.places, _values(grad, picks)).written_out()


@op("_nll_gather", node="NllGatherBackward0", method=False, quiet=True)
def nll_gather(grad: Array, picks: Any) -> Array:
    """Return the slope times ``grad`` from each row's class: the adjoint of :func:`nll_scatter`."""
    rows = grad[None] if grad.ndim == 1 else grad
    picked = np.take_along_axis(rows, picks.places[:, None], axis=1)[:, 0]
    return (picked * picks.values).astype(grad.dtype, copy=False)


def _two(name: str, node: str) -> Any:
    """Return the record of nll_loss under one of torch's two node names."""
    return op(
        name,
        node=node,
        method=False,
        saves=("picks",),
        quiet=True,
        input=lambda grad, picks, reduction: _backward(grad, picks, reduction),
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
