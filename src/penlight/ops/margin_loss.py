"""Losses that ask for a margin: between two inputs, distances, or the scores of classes.

What torch composes is composed here too; the losses of class scores are ops, as torch's are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array, Tensor, wrap
from . import _check
from ._elementwise import is_half, kind_of, number, refuse
from ._op import Saving, op
from ._reducing import wide
from .creation import zeros_like
from .distance import pairwise_distance
from .loss import reduce, reduced, shared_gradient
from .pointwise import minimum
from .ternary import where

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "triplet_margin_loss",
]

# torch: added to squared lengths, so that vectors of zeros can be divided by.
_EPSILON = 1e-12


# ---- of pairs and triplets ----------------------------------------------------------------------


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 1
) -> Tensor:
    r"""Return distances where the target is 1, and what they lack to a margin where it is -1.

    Args:
        input: distances, any shape.
        target: 1 or -1, broadcasting with ``input``.
        margin: how large distances should be.
        reduction: 0 for none, 1 for the mean, 2 for the sum.

    Example:
        >>> import penlight as torch
        >>> torch.hinge_embedding_loss(torch.tensor([0.5, 0.5]), torch.tensor([1, -1]))
        tensor(0.5000)
    """
    zeros, lacking = zeros_like(input), (margin - input).clamp_min(0)
    loss: Any = where(target != 1, lacking, zeros) + where(target != -1, input, zeros)
    return reduced(loss, reduction)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 1
) -> Tensor:
    r"""Return :math:`\max(0, -y (x_1 - x_2) + \text{margin})`.

    Args:
        input1: any shape.
        input2: broadcasting with it.
        target: 1 where the first is to be larger, -1 where the second is.
        margin: by how much.
        reduction: 0 for none, 1 for the mean, 2 for the sum.

    Example:
        >>> import penlight as torch
        >>> torch.margin_ranking_loss(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([1]))
        tensor(1.)
    """
    loss: Any = (-target * (input1 - input2) + margin).clamp_min(0)
    return reduced(loss, reduction)


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 1
) -> Tensor:
    r"""Return what the cosine of vectors lacks to 1, or has beyond a margin where they differ.

    Args:
        input1: shape (N, D) or (D).
        input2: the same.
        target: 1 for vectors that should be alike, -1 for others; shape (N) or ().
        margin: the largest cosine of vectors that differ.
        reduction: 0 for none, 1 for the mean, 2 for the sum.

    Raises:
        RuntimeError: the numbers of dimensions do not fit.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([[1.0, 0.0]])
        >>> torch.cosine_embedding_loss(x, x, torch.tensor([-1]))
        tensor(1.)
    """
    dims = target.dim()
    if dims > 1:
        _check.refuse(f"0D or 1D target tensor expected, multi-target not supported, got {dims}D")
    if not input1.dim() == input2.dim() == dims + 1:
        _check.refuse(
            f"{dims}D target tensor expects {dims + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    product: Any = (input1 * input2).sum(dims)
    squares: Any = [(vector * vector).sum(dims) + _EPSILON for vector in (input1, input2)]
    cosine = product / (squares[0] * squares[1]).sqrt()
    zeros = zeros_like(cosine)
    like, unlike = 1 - cosine, (cosine - margin).clamp_min(0)
    loss: Any = where(target == 1, like, zeros) + where(target == -1, unlike, zeros)
    return reduced(loss, reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: int = 1,
) -> Tensor:
    r"""Return :math:`\max(0, d(a, p) - d(a, n) + \text{margin})` of distances.

    Args:
        anchor: vectors, shape (N, D) or (D).
        positive: vectors that should be near.
        negative: vectors that should be far.
        margin: by how much farther.
        p: the norm's exponent.
        eps: added to each difference.
        swap: take the distance of ``positive`` and ``negative`` where it is the smaller one.
        reduction: 0 for none, 1 for the mean, 2 for the sum.

    Raises:
        RuntimeError: the numbers of dimensions differ.

    Example:
        >>> import penlight as torch
        >>> a, n = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.5, 0.0]])
        >>> torch.triplet_margin_loss(a, a, n)
        tensor(0.5000)

    References:
        Balntas et al. 2016, Learning local feature descriptors with triplets.
    """
    check_triplet(anchor, positive, negative)
    to_positive: Any = pairwise_distance(anchor, positive, p, eps)
    to_negative: Any = pairwise_distance(anchor, negative, p, eps)
    if swap:
        to_negative = minimum(to_negative, pairwise_distance(positive, negative, p, eps))
    return reduced((margin + to_positive - to_negative).clamp_min(0), reduction)


def check_triplet(anchor: Tensor, positive: Tensor, negative: Tensor) -> None:
    """Refuse three tensors of different numbers of dimensions."""
    dims = [tensor.dim() for tensor in (anchor, positive, negative)]
    if len(set(dims)) > 1:
        _check.refuse(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {dims[0]}D, positive {dims[1]}D, and negative {dims[2]}D "
            "inputs"
        )


# ---- of the scores of classes -------------------------------------------------------------------


def _refuse_kernel(kernel: str, input: Array) -> None:
    """Refuse integers and halves, for which torch has no kernel."""
    refuse(kernel, input, kinds="bif" if is_half(input) else "bi")


def _rows(input: Array, target: Array, classes: bool) -> tuple[Array, Array]:
    """Return (N, C) scores and (N) classes or (N, C) lists of classes, refusing other shapes."""
    if input.ndim > 2 or (input.ndim == 2 and input.shape[1] == 0) or input.shape == (0,):
        _check.refuse(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.shape)}"
        )
    rows = input.reshape(-1, input.shape[-1] if input.ndim else 1)
    if classes and (target.size != len(rows) or target.ndim > 1):
        _check.refuse(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
            f"samples (batch size). Expected target size [{len(rows)}], but got "
            f"{list(target.shape)}. Input has shape {list(input.shape)}."
        )
    if not classes and target.shape != input.shape:
        _check.refuse(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}"
        )
    return rows, target.reshape(-1) if classes else target.reshape(rows.shape)


def _check_classes(target: Array, classes: int, *, lists: bool) -> None:
    if target.dtype != np.int64:
        _check.refuse(
            f"expected scalar type Long but found {_check.scalar_type(target)}: classes are int64, "
            "so write target.long()"
        )
    bad = (target < (-1 if lists else 0)) | (target >= classes)
    if bad.any():
        place = np.argwhere(bad)[0]
        name = "argument #2 'target' is" if lists else "target"
        _check.refuse(
            f"{name} out of range: got {int(target[tuple(place)])} at position "
            f"{_check.position_text(place)}, the input has {classes} classes"
        )


def _reduced_rows(losses: Array, input: Array, reduction: str, kind: Any) -> Array:
    """Return losses of rows, reduced, in the input's dtype; of one row without a batch 0-d."""
    if reduction == "none":
        return losses.reshape(() if input.ndim < 2 else losses.shape).astype(kind)
    # torch: the mean over no rows is 0.
    return reduce(losses, reduction if losses.size else "sum").astype(kind)


def _multi_margin_gradient(
    grad: Any, input: Any, plan: Any, p: int, margin: float, reduction: str
) -> Any:
    """Return the gradient by the scores; ``plan`` marks the target's class and holds factors."""
    chosen, factors = (wrap(array) for array in plan)
    rows = input.reshape(chosen.shape)
    lacking = margin - (rows * chosen).sum(1, True) + rows
    slope: Any = ((lacking > 0) * (1 - chosen) * factors).to(input.dtype)
    if p == 2:
        slope = slope * lacking * 2
    slope = (slope - chosen * slope.sum(1, True)) * _of_rows(grad, rows, reduction)
    return slope.reshape(input.shape)


def _of_rows(grad: Any, rows: Any, reduction: str) -> Any:
    """Return the gradient of each row's loss, as a column or a number."""
    if reduction == "none":
        return grad.reshape(-1, 1)
    return shared_gradient(grad, rows.shape[0], reduction)


@op(
    "multi_margin_loss",
    method=False,
    saves=("plan",),
    input=_multi_margin_gradient,
)
def multi_margin_loss(
    input: Array,
    target: Array,
    p: int = 1,
    margin: float = 1.0,
    weight: Array | None = None,
    reduction: str = "mean",
) -> Saving:
    """Return by how much the scores of other classes come near the target's, a row each."""
    rows, classes = _rows(input, target, classes=True)
    count = rows.shape[1]
    if weight is not None and weight.size != count:
        _check.refuse(f"inconsistent weight size, expected {count} but got {list(weight.shape)}")
    _check_classes(classes, count, lists=False)
    _refuse_kernel("multi_margin_loss_cpu_kernel", input)
    kind = wide(rows.dtype)
    chosen = (classes[:, None] == np.arange(count)).astype(kind)
    factors = np.full((len(rows), 1), 1 / count, kind)
    if weight is not None:
        factors *= weight[classes][:, None]
    scores = rows.astype(kind)
    lacking = np.maximum(number(margin, kind) - (scores * chosen).sum(1, keepdims=True) + scores, 0)
    losses = ((lacking if p == 1 else lacking * lacking) * (1 - chosen) * factors).sum(1)
    plan = (chosen.astype(input.dtype), factors.astype(input.dtype))
    return Saving(_reduced_rows(losses, input, reduction, input.dtype), plan=plan)


@op(
    "multilabel_margin_loss",
    node="MultilabelMarginLossBackward0",
    method=False,
    saves=("slope",),
    input=lambda grad, input_shape, slope, reduction: (
        wrap(slope) * _of_rows(grad, wrap(slope), reduction)
    ).reshape(input_shape),
)
def multilabel_margin_loss(input: Array, target: Array, reduction: str = "mean") -> Saving:
    """Return by how much the scores of other classes come near those of a row's classes.

    A row of the target lists its classes, up to the first -1.
    """
    rows, lists = _rows(input, target, classes=False)
    count = rows.shape[1]
    _check_classes(lists, count, lists=True)
    _refuse_kernel("multilabel_margin_loss_forward_out_frame", input)
    kind = wide(rows.dtype)
    scores = rows.astype(kind)
    is_listed = np.cumprod(lists >= 0, axis=1, dtype=np.bool_)
    entries = np.arange(len(rows))
    others = np.ones(rows.shape, np.bool_)
    for place in range(count):
        named = entries[is_listed[:, place]]
        others[named, lists[named, place]] = False
    losses, slope = np.zeros(len(rows), kind), np.zeros(rows.shape, kind)
    for place in range(int(is_listed.sum(axis=1).max(initial=0))):
        classes = np.where(is_listed[:, place], lists[:, place], 0)
        lacking = 1 - scores[entries, classes][:, None] + scores
        active = others & (lacking > 0) & is_listed[:, place, None]
        losses += np.where(active, lacking, 0).sum(axis=1)
        slope += active
        slope[entries, classes] -= active.sum(axis=1)
    slope /= count
    out = _reduced_rows(losses / number(count, kind), input, reduction, input.dtype)
    return Saving(out, slope=slope.astype(input.dtype))


def _soft_margin_gradient(grad: Any, input: Any, target: Any, reduction: str) -> Any:
    turned = -target.to(input.dtype)
    slope = turned * (turned * input).sigmoid()
    return slope * shared_gradient(grad, input.numel(), reduction)


@op("soft_margin_loss", method=False, input=_soft_margin_gradient)
def soft_margin_loss(input: Array, target: Array, reduction: str = "mean") -> Array:
    """Return ``log(1 + exp(-target * input))``, reduced, in the input's dtype."""
    _check_signs(input, target)
    # torch: halves are rounded, and overflow, at every step.
    turned = -target.astype(input.dtype) * input
    with np.errstate(over="ignore"):
        return reduce(np.log1p(np.exp(turned)), reduction)


def _check_signs(input: Array, target: Array) -> None:
    """Refuse an input that cannot hold the losses, and a target that does not broadcast to it."""
    if kind_of(input) == "b":
        _check.no_bool("neg")
    if kind_of(input) == "i":
        name = _check.scalar_type(input)
        _check.refuse(
            f"result type Float can't be cast to the desired output type {name}: write "
            "input.float()"
        )
    _check.broadcastable(input, target)
    shape = np.broadcast_shapes(input.shape, target.shape)
    if shape != input.shape:
        _check.refuse(
            f"output with shape {list(input.shape)} doesn't match the broadcast shape "
            f"{list(shape)}: the target is larger than the input"
        )
