"""Cross-entropy of rows of logits as one op: the loss, and with it its gradient.

While a row's exponentials are at hand, forward writes the gradient of the loss as well, where it is
wanted: (N, C) numbers, the only ones that are kept. Backward gives them away. A second walk through
the same graph computes them again, and a recorded one (``create_graph``) differentiates the same
loss composed of log_softmax and its followers.

Torch composes all this; each record below has the node's name that torch prints in its case.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from .. import kernels
from .._tensor import Array, Tensor, wrap
from ..autograd.grad_mode import mode
from ..autograd.graph import Node, refuse_modified, version_of
from ..autograd.views import edge_of
from ._op import Saving, op
from ._recorded import differentiate
from .nll_loss import REDUCTIONS, nll_loss, over_count, refuse_classes
from .softmax import log_softmax

__all__: list[str] = []

_LONG = np.dtype(np.int64)


class _Call:
    """The arguments of one call, for a walk that needs more than the gradient that is there."""

    __slots__ = ("edge", "options", "tensors", "versions")

    def __init__(self, edge: Any, tensors: tuple[Any, ...], options: tuple[Any, ...]) -> None:
        self.edge = edge
        self.tensors = tensors
        self.options = options
        self.versions = [0 if tensor is None else version_of(tensor) for tensor in tensors]

    def name(self) -> str:
        """Return what the arguments were saved for, as errors say it."""
        return "CrossEntropy"

    def _check_versions(self) -> None:
        for tensor, version in zip(self.tensors, self.versions, strict=True):
            if tensor is not None and version_of(tensor) != version:
                refuse_modified(cast("Node", self), tensor, version)

    def gradient_again(self) -> Array:
        """Return what forward wrote, once more."""
        self._check_versions()
        input, target, weight = (
            None if tensor is None else tensor._array for tensor in self.tensors
        )
        found: Array = _loss_and_gradient(input, target, weight, *self.options, wanted=True)[1]
        return found

    def differentiate(self, grad: Tensor) -> Any:
        """Return the gradient of the logits by walking back through the composition."""
        self._check_versions()
        input, target, weight = self.tensors
        logits = wrap(input._array)
        logits._edge = self.edge
        return differentiate(
            lambda logits: composed(logits, target, weight, *self.options), [logits], grad, [True]
        )[0]


class _Gradient:
    """The gradient that forward wrote, to be given away once, and the call that it belongs to."""

    __slots__ = ("call", "made")

    def __init__(self, array: Array, call: _Call) -> None:
        self.made = [array]
        self.call = call

    def under(self, grad: Tensor, reduction: str) -> Any:
        """Return the gradient of the logits under that of the loss."""
        if mode.grad:
            return self.call.differentiate(grad)
        upstream = grad._array
        one = reduction != "none" and upstream.item() == 1.0
        # A row that counts nothing has no gradient; zero times infinity would give it one.
        if not (one or np.isfinite(upstream).all()):
            return self.call.differentiate(grad)
        try:
            array = self.made.pop()
        except IndexError:  # given away in an earlier walk
            array = self.call.gradient_again()
        if not one:
            with np.errstate(all="ignore"):
                array *= upstream[:, None] if upstream.ndim else upstream
        return wrap(array)


# ---- the records --------------------------------------------------------------------------------


def _loss_and_gradient(
    input: Any,
    target: Any,
    weight: Any,
    ignore_index: int,
    reduction: str,
    smoothing: float,
    *,
    wanted: bool,
) -> tuple[Array, Any]:
    """Return the loss of rows, and its gradient where that is wanted."""
    kind = input.dtype
    out = np.empty(input.shape[:1] if reduction == "none" else (), kind)
    grad = np.empty(input.shape, kind) if wanted else None
    rows, targets = np.ascontiguousarray(input), np.ascontiguousarray(target)
    factors = None if weight is None else np.ascontiguousarray(weight)
    if target.ndim == 1:
        try:
            kernels.cross_entropy(
                out, grad, rows, targets, factors, ignore_index, smoothing, reduction
            )
        except IndexError:
            refuse_classes(target, input.shape[1], ignore_index)
    else:
        kernels.soft_cross_entropy(out, grad, rows, targets, factors, smoothing, reduction)
    return out, grad


def _record(name: str, node: str) -> Any:
    """Return the record of cross-entropy under one of the names that torch prints."""

    @op(
        name,
        node=node,
        method=False,
        saves=("gradient",),
        quiet=True,
        input=lambda grad, gradient, reduction: gradient.under(grad, reduction),
    )
    def cross_entropy(
        input: Array,
        target: Array,
        weight: Array | None,
        ignore_index: int,
        reduction: str,
        smoothing: float,
        call: Any,
    ) -> Any:
        """Return the loss of (N, C) logits under (N) classes or (N, C) probabilities, reduced."""
        out, grad = _loss_and_gradient(
            input, target, weight, ignore_index, reduction, smoothing, wanted=call is not None
        )
        return Saving(out, gradient=None if grad is None else _Gradient(grad, call))

    return cross_entropy


_of_classes = _record("_cross_entropy", "NllLossBackward0")
_smoothed_classes = _record("_cross_entropy_smoothed", "AddBackward0")
_soft_mean = _record("_cross_entropy_soft_mean", "DivBackward1")
_soft_sum = _record("_cross_entropy_soft", "NegBackward0")


def cross_entropy_rows(
    input: Any, target: Any, weight: Any, ignore_index: Any, reduction: Any, smoothing: Any
) -> Tensor | None:
    """Return the loss of rows of logits, ``None`` where the composition must serve or refuse.

    Served are (N, C) logits in single or double precision under (N) int64 classes or (N, C)
    probabilities without gradient.
    """
    if not (isinstance(input, Tensor) and isinstance(target, Tensor)):
        return None
    logits = input._array
    if logits.ndim != 2 or logits.dtype.char not in "fd" or not logits.size:
        return None
    if reduction not in REDUCTIONS or not 0.0 <= smoothing <= 1.0:
        return None
    if weight is not None and not _serves(weight, logits):
        return None
    record = _record_for(logits, target, ignore_index, reduction, smoothing)
    if record is None:
        return None
    edge = input._edge if input._view is None else edge_of(input)
    call = None
    if edge is not None and mode.grad:
        call = _Call(edge, (input, target, weight), (ignore_index, reduction, smoothing))
    out: Tensor = record(input, target, weight, ignore_index, reduction, smoothing, call)
    return out


def _serves(weight: Any, logits: Array) -> bool:
    """Return whether these are one weight a class, of the logits' dtype and without gradient."""
    return (
        isinstance(weight, Tensor)
        and weight._array.shape == logits.shape[1:]
        and weight._array.dtype is logits.dtype
        and edge_of(weight) is None
    )


def _record_for(
    logits: Array, target: Tensor, ignore_index: Any, reduction: str, smoothing: float
) -> Any:
    """Return the record for this kind of target, ``None`` when there is none."""
    array = target._array
    if array.dtype is _LONG:
        if array.shape != logits.shape[:1] or ignore_index.__class__ is not int:
            return None
        return _smoothed_classes if smoothing else _of_classes
    if array.shape != logits.shape or array.dtype is not logits.dtype or ignore_index >= 0:
        return None
    if edge_of(target) is not None:
        return None
    return _soft_mean if reduction == "mean" else _soft_sum


# ---- the composition -----------------------------------------------------------------------------


def composed(
    input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float
) -> Any:
    """Return the loss of rows of logits, made of log_softmax and what follows."""
    logp = log_softmax(input, 1)
    if target.dim() == 2:
        return soft_targets(logp, target, weight, reduction, smoothing)
    hard = nll_loss(logp, target, weight, ignore_index, reduction)
    if not smoothing:
        return hard
    return smoothed(hard, logp, target, weight, ignore_index, reduction, smoothing)


def _class_weights(weight: Any, logp: Any) -> Any:
    """Return the weights in a shape that broadcasts along the class dimension."""
    shape = [1] * logp.dim()
    shape[_class_dim(logp)] = weight.numel()
    return weight.view(shape)


def _class_dim(logp: Any) -> int:
    return 0 if logp.dim() == 1 else 1


def soft_targets(logp: Any, target: Any, weight: Any, reduction: str, smoothing: float) -> Any:
    """Return the loss under class probabilities; the mean is over samples, not weights."""
    class_dim = _class_dim(logp)
    classes = logp.shape[class_dim]
    if smoothing > 0.0:
        target = target * (1 - smoothing) + smoothing / classes
    weighted = logp * target
    if weight is not None:
        weighted = weighted * _class_weights(weight, logp)
    if reduction == "none":
        return -weighted.sum(class_dim)
    if reduction == "sum":
        return -weighted.sum()
    if not logp.numel():
        # torch: the mean of nothing is negated last.
        return -over_count(weighted.sum(), 0)
    return over_count(-weighted.sum(), logp.numel() // classes)


def smoothed(
    hard: Any,
    logp: Any,
    target: Any,
    weight: Any,
    ignore_index: int,
    reduction: str,
    smoothing: float,
) -> Any:
    """Return the loss under class indices with a share of the target spread over all classes."""
    class_dim = _class_dim(logp)
    spread = logp
    if weight is not None:
        spread = logp * _class_weights(weight, logp)
    smooth = -spread.sum(class_dim)
    ignored = target == ignore_index
    smooth = smooth.masked_fill(ignored, 0.0)
    if reduction == "mean":
        if weight is not None:
            counted = weight[target.masked_fill(ignored, 0)].masked_fill(ignored, 0.0).sum()
        else:
            counted = (~ignored).sum()
        smooth = smooth.sum() / counted
    elif reduction == "sum":
        smooth = smooth.sum()
    return hard * (1 - smoothing) + smooth * (smoothing / logp.shape[class_dim])
