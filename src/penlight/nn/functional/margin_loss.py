"""Losses that ask for a margin: torch's arguments in front of the ops, and what torch composes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._tensor import Tensor
from ...ops import margin_loss as ops
from ...ops.activation import log_sigmoid
from ...ops.distance import pairwise_distance
from ...ops.pointwise import minimum
from ._reduction import check_reduction, check_tensors, legacy_reduction, number_of, reduced

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


# ---- of pairs -----------------------------------------------------------------------------------


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Ranking of pairs: :math:`\ell_n = \max(0, -y_n (x_{1,n} - x_{2,n}) + \text{margin})`.

    Args:
        input1: any shape.
        input2: of the same number of dimensions.
        target: 1 where the first is to be larger, -1 where the second is.
        margin: by how much.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Raises:
        RuntimeError: the numbers of dimensions differ.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.margin_ranking_loss(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([1]))
        tensor(1.)
    """
    check_tensors("margin_ranking_loss", input1=input1, input2=input2, target=target)
    number = number_of(legacy_reduction(size_average, reduce, reduction))
    if not input1.dim() == input2.dim() == target.dim():
        msg = (
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
        raise RuntimeError(msg)
    return ops.margin_ranking_loss(input1, input2, target, margin, number)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Distances of pairs that are alike, and what those of others lack to a margin.

    .. math:: \ell_n = \begin{cases} x_n & y_n = 1 \\
                                     \max(0, \text{margin} - x_n) & y_n = -1 \end{cases}

    Args:
        input: distances, any shape.
        target: 1 or -1, of the same shape.
        margin: how large distances should be.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> x, y = torch.tensor([0.5, 0.25]), torch.tensor([1, -1])
        >>> F.hinge_embedding_loss(x, y, reduction="none")
        tensor([0.5000, 0.7500])
    """
    check_tensors("hinge_embedding_loss", input=input, target=target)
    number = number_of(legacy_reduction(size_average, reduce, reduction))
    return ops.hinge_embedding_loss(input, target, margin, number)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""What the cosine of vectors lacks to 1, or has beyond a margin where they differ.

    .. math:: \ell_n = \begin{cases} 1 - \cos(x_{1,n}, x_{2,n}) & y_n = 1 \\
              \max(0, \cos(x_{1,n}, x_{2,n}) - \text{margin}) & y_n = -1 \end{cases}

    Args:
        input1: shape (N, D) or (D).
        input2: the same.
        target: 1 or -1, shape (N) or ().
        margin: the largest cosine of vectors that differ.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Raises:
        RuntimeError: the numbers of dimensions do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> x = torch.tensor([[1.0, 0.0]])
        >>> F.cosine_embedding_loss(x, x, torch.tensor([-1]))
        tensor(1.)
    """
    check_tensors("cosine_embedding_loss", input1=input1, input2=input2, target=target)
    number = number_of(legacy_reduction(size_average, reduce, reduction))
    return ops.cosine_embedding_loss(input1, input2, target, margin, number)


# ---- of triplets --------------------------------------------------------------------------------


def _check_margin(margin: float) -> None:
    if margin <= 0:
        msg = f"margin must be greater than 0, got {margin}"
        raise ValueError(msg)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Distances of triplets: :math:`\ell_n = \max(0, d(a_n, p_n) - d(a_n, n_n) + \text{margin})`.

    Args:
        anchor: vectors, shape (N, D) or (D).
        positive: vectors that should be near.
        negative: vectors that should be far.
        margin: by how much farther; positive.
        p: the norm's exponent.
        eps: added to each difference.
        swap: take :math:`d(p_n, n_n)` where it is smaller than :math:`d(a_n, n_n)`.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Raises:
        ValueError: the margin is not positive.
        RuntimeError: the numbers of dimensions differ.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> a, n = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.5, 0.0]])
        >>> F.triplet_margin_loss(a, a, n)
        tensor(0.5000)

    References:
        Balntas et al. 2016, Learning local feature descriptors with triplets.
    """
    check_tensors("triplet_margin_loss", anchor=anchor, positive=positive, negative=negative)
    number = number_of(legacy_reduction(size_average, reduce, reduction))
    _check_margin(margin)
    return ops.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, number)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    r"""Distances of triplets by any function; otherwise as :func:`triplet_margin_loss`.

    Args:
        anchor: what the function takes.
        positive: what should be near.
        negative: what should be far.
        distance_function: of two tensors; Euclid's by default.
        margin: by how much farther; positive.
        swap: take the distance of ``positive`` and ``negative`` where it is the smaller one.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Raises:
        ValueError: the margin is not positive.
        RuntimeError: the numbers of dimensions differ.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> a, n = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.5, 0.0]])
        >>> F.triplet_margin_with_distance_loss(
        ...     a, a, n, distance_function=lambda x, y: (x - y).abs().sum(1)
        ... )
        tensor(0.5000)
    """
    check_reduction(reduction)
    _check_margin(margin)
    ops.check_triplet(anchor, positive, negative)
    distance: Any = pairwise_distance if distance_function is None else distance_function
    to_positive, to_negative = distance(anchor, positive), distance(anchor, negative)
    if swap:
        to_negative = minimum(to_negative, distance(positive, negative))
    loss = (margin + to_positive - to_negative).clamp_min(0)
    return reduced(loss, reduction)  # type: ignore[no-any-return]


# ---- of the scores of classes -------------------------------------------------------------------


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""The logistic loss of scores: :math:`\ell_n = \log(1 + e^{-y_n x_n})`.

    Args:
        input: scores, any shape.
        target: 1 or -1, of the same shape.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.soft_margin_loss(torch.tensor([0.0]), torch.tensor([1.0]))
        tensor(0.6931)
    """
    check_tensors("soft_margin_loss", input=input, target=target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    out: Tensor = ops.soft_margin_loss(input, target, reduction)
    return out


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""By how much the scores of other classes come near that of the target's class.

    .. math:: \ell_n = \frac{w_{y_n}}{C} \sum_{c \ne y_n}
              \max(0, \text{margin} - x_{n,y_n} + x_{n,c})^p

    Args:
        input: scores, shape (N, C) or (C).
        target: classes, int64, shape (N) or ().
        p: 1 or 2.
        margin: how far below other scores should be.
        weight: one factor per class.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Raises:
        ValueError: ``p`` is neither 1 nor 2, or the weight has not one dimension.
        RuntimeError: a target is out of range, or shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.multi_margin_loss(torch.tensor([[0.5, 0.0]]), torch.tensor([0]))
        tensor(0.2500)
    """
    check_tensors("multi_margin_loss", input=input, target=target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    if p not in {1, 2}:
        msg = f"only p == 1 and p == 2 supported, got {p}"
        raise ValueError(msg)
    if weight is not None and weight.dim() != 1:
        msg = f"weight must be one-dimensional, got shape {list(weight.shape)}"
        raise ValueError(msg)
    out: Tensor = ops.multi_margin_loss(input, target, p, margin, weight, reduction)
    return out


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""By how much the scores of other classes come near those of a row's classes.

    .. math:: \ell_n = \frac{1}{C} \sum_{y \in Y_n} \sum_{c \notin Y_n}
              \max(0, 1 - x_{n,y} + x_{n,c})

    Args:
        input: scores, shape (N, C) or (C).
        target: of the same shape, int64: each row lists its classes up to the first -1.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Raises:
        RuntimeError: a target is out of range, or the shapes differ.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.multilabel_margin_loss(torch.tensor([[0.5, 0.0]]), torch.tensor([[0, -1]]))
        tensor(0.2500)
    """
    check_tensors("multilabel_margin_loss", input=input, target=target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    out: Tensor = ops.multilabel_margin_loss(input, target, reduction)
    return out


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""The mean over classes of a logistic loss for each.

    .. math:: \ell_n = -\frac{1}{C} \sum_c w_c \left(y_{n,c} \log \sigma(x_{n,c})
              + (1 - y_{n,c}) \log \sigma(-x_{n,c})\right)

    Args:
        input: scores, shape (\*, C).
        target: probabilities of the same shape.
        weight: factors that broadcast with them.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.multilabel_soft_margin_loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))
        tensor(0.6931)
    """
    check_tensors("multilabel_soft_margin_loss", input=input, target=target)
    reduction = legacy_reduction(size_average, reduce, reduction)
    loss: Any = -(target * log_sigmoid(input) + (1 - target) * log_sigmoid(-input))
    if weight is not None:
        loss = loss * weight
    loss = loss.sum(dim=-1) / input.size(-1)
    return reduced(loss, reduction)  # type: ignore[no-any-return]
