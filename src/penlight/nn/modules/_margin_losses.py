"""Losses that ask for a margin; torch keeps them with the others in ``loss``."""

from __future__ import annotations

from collections.abc import Callable

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from ._loss_base import _Loss, _WeightedLoss
from .distance import PairwiseDistance

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


# ---- of pairs -----------------------------------------------------------------------------------


class HingeEmbeddingLoss(_Loss):
    r"""Distances of pairs that are alike, and what those of others lack to a margin.

    .. math:: \ell_n = \begin{cases} x_n & y_n = 1 \\
                                     \max(0, \text{margin} - x_n) & y_n = -1 \end{cases}

    Args:
        margin: how large distances should be.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - input, target: any, the same; output: scalar, or the same for ``"none"``

    Example:
        >>> import penlight as torch
        >>> torch.nn.HingeEmbeddingLoss()(torch.tensor([0.5, 0.5]), torch.tensor([1, -1]))
        tensor(0.5000)
    """

    __constants__ = ("margin", "reduction")

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of distances ``input`` for ``target``."""
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class MarginRankingLoss(_Loss):
    r"""Ranking of pairs: :math:`\ell_n = \max(0, -y_n (x_{1,n} - x_{2,n}) + \text{margin})`.

    Args:
        margin: by how much the one is to be larger.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - input1, input2, target: any, the same; output: scalar, or the same for ``"none"``

    Raises:
        RuntimeError: on a call, the numbers of dimensions differ.

    Example:
        >>> import penlight as torch
        >>> loss = torch.nn.MarginRankingLoss()
        >>> loss(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([1]))
        tensor(1.)
    """

    __constants__ = ("margin", "reduction")

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Return the loss of the pair for ``target``, 1 or -1."""
        return F.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class CosineEmbeddingLoss(_Loss):
    r"""What the cosine of vectors lacks to 1, or has beyond a margin where they differ.

    .. math:: \ell_n = \begin{cases} 1 - \cos(x_{1,n}, x_{2,n}) & y_n = 1 \\
              \max(0, \cos(x_{1,n}, x_{2,n}) - \text{margin}) & y_n = -1 \end{cases}

    Args:
        margin: the largest cosine of vectors that differ.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - input1, input2: :math:`(N, D)` or :math:`(D)`; target: :math:`(N)` or :math:`()`
        - output: scalar, or as target for ``"none"``

    Raises:
        RuntimeError: on a call, the numbers of dimensions do not fit.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([[1.0, 0.0]])
        >>> torch.nn.CosineEmbeddingLoss()(x, x, torch.tensor([-1]))
        tensor(1.)
    """

    __constants__ = ("margin", "reduction")

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Return the loss of the vectors for ``target``, 1 or -1."""
        return F.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


# ---- of triplets --------------------------------------------------------------------------------


def _checked_margin(name: str, margin: float) -> float:
    if margin <= 0:
        msg = f"{name}: expected margin to be greater than 0, got {margin} instead"
        raise ValueError(msg)
    return margin


class TripletMarginLoss(_Loss):
    r"""Distances of triplets: :math:`\ell_n = \max(0, d(a_n, p_n) - d(a_n, n_n) + \text{margin})`.

    Args:
        margin: by how much farther the negative one should be; positive.
        p: the norm's exponent.
        eps: added to each difference.
        swap: take :math:`d(p_n, n_n)` where it is smaller than :math:`d(a_n, n_n)`.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - anchor, positive, negative: :math:`(N, D)` or :math:`(D)`
        - output: scalar, or :math:`(N)` or :math:`()` for ``"none"``

    Raises:
        ValueError: the margin is not positive.
        RuntimeError: on a call, the numbers of dimensions differ.

    Example:
        >>> import penlight as torch
        >>> a, n = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.5, 0.0]])
        >>> torch.nn.TripletMarginLoss()(a, a, n)
        tensor(0.5000)

    References:
        Balntas et al. 2016, Learning local feature descriptors with triplets.
    """

    __constants__ = ("margin", "p", "eps", "swap", "reduction")

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = _checked_margin("TripletMarginLoss", margin)
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Return the loss of the triplet."""
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(_Loss):
    r"""Distances of triplets by any function; otherwise as :class:`TripletMarginLoss`.

    Args:
        distance_function: of two tensors, a module perhaps; Euclid's by default.
        margin: by how much farther the negative one should be; positive.
        swap: take the distance of positive and negative where it is the smaller one.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - anchor, positive, negative: what the function takes; output: scalar, or what it gives for
          ``"none"``

    Raises:
        ValueError: the margin is not positive.
        RuntimeError: on a call, the numbers of dimensions differ.

    Example:
        >>> import penlight as torch
        >>> a, n = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.5, 0.0]])
        >>> def distance(x, y):
        ...     return (x - y).abs().sum(1)
        >>> torch.nn.TripletMarginWithDistanceLoss(distance_function=distance)(a, a, n)
        tensor(0.5000)
    """

    __constants__ = ("margin", "swap", "reduction")

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.margin = _checked_margin("TripletMarginWithDistanceLoss", margin)
        self.distance_function = distance_function or PairwiseDistance()
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Return the loss of the triplet."""
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


# ---- of the scores of classes -------------------------------------------------------------------


class SoftMarginLoss(_Loss):
    r"""The logistic loss of scores: :math:`\ell_n = \log(1 + e^{-y_n x_n})`.

    Args:
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - input, target: any, the same; output: scalar, or the same for ``"none"``

    Example:
        >>> import penlight as torch
        >>> torch.nn.SoftMarginLoss()(torch.tensor([0.0]), torch.tensor([1.0]))
        tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of scores ``input`` for ``target``, 1 or -1."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelMarginLoss(_Loss):
    r"""By how much the scores of other classes come near those of a row's classes.

    .. math:: \ell_n = \frac{1}{C} \sum_{y \in Y_n} \sum_{c \notin Y_n}
              \max(0, 1 - x_{n,y} + x_{n,c})

    Args:
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - input: :math:`(N, C)` or :math:`(C)`
        - target: the same, int64: each row lists its classes up to the first -1
        - output: scalar, or :math:`(N)` or :math:`()` for ``"none"``

    Raises:
        RuntimeError: on a call, a target is out of range, or the shapes differ.

    Example:
        >>> import penlight as torch
        >>> loss = torch.nn.MultiLabelMarginLoss()
        >>> loss(torch.tensor([[0.5, 0.0]]), torch.tensor([[0, -1]]))
        tensor(0.2500)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of scores ``input`` for the classes in ``target``."""
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    r"""The mean over classes of a logistic loss for each.

    .. math:: \ell_n = -\frac{1}{C} \sum_c w_c \left(y_{n,c} \log \sigma(x_{n,c})
              + (1 - y_{n,c}) \log \sigma(-x_{n,c})\right)

    Args:
        weight: one factor per class, a buffer.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - input, target: :math:`(N, C)`; output: scalar, or :math:`(N)` for ``"none"``

    Example:
        >>> import penlight as torch
        >>> loss = torch.nn.MultiLabelSoftMarginLoss()
        >>> loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))
        tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of scores ``input`` for probabilities ``target``."""
        return F.multilabel_soft_margin_loss(
            input, target, weight=self.weight, reduction=self.reduction
        )


class MultiMarginLoss(_WeightedLoss):
    r"""By how much the scores of other classes come near that of the target's class.

    .. math:: \ell_n = \frac{w_{y_n}}{C} \sum_{c \ne y_n}
              \max(0, \text{margin} - x_{n,y_n} + x_{n,c})^p

    Args:
        p: 1 or 2.
        margin: how far below other scores should be.
        weight: one factor per class, a buffer.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - input: :math:`(N, C)` or :math:`(C)`; target: :math:`(N)` or :math:`()`, int64
        - output: scalar, or as target for ``"none"``

    Raises:
        ValueError: ``p`` is neither 1 nor 2, or the weight has not one dimension.
        RuntimeError: on a call, a target is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.nn.MultiMarginLoss()(torch.tensor([[0.5, 0.0]]), torch.tensor([0]))
        tensor(0.2500)
    """

    __constants__ = ("p", "margin", "reduction")

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in {1, 2}:
            msg = f"only p == 1 and p == 2 supported, got {p}"
            raise ValueError(msg)
        if weight is not None and weight.dim() != 1:
            msg = (
                "MultiMarginLoss: expected weight to be None or 1D tensor, got "
                f"{weight.dim()}D instead"
            )
            raise ValueError(msg)
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of scores ``input`` for classes ``target``."""
        return F.multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )
