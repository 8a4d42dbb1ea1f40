"""Losses: modules that keep the options of a function of ``nn.functional``."""

from __future__ import annotations

import warnings
from typing import Any

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from ._likelihood_losses import (
    CTCLoss,
    GaussianNLLLoss,
    LinearCrossEntropyLoss,
    PoissonNLLLoss,
)
from ._loss_base import _Loss, _WeightedLoss
from ._margin_losses import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    SoftMarginLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
)

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LinearCrossEntropyLoss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "NLLLoss2d",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class L1Loss(_Loss):
    r"""Absolute differences: :math:`\ell_n = |x_n - y_n|`.

    Args:
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - input, target: any, the same; output: scalar, or the same for ``"none"``

    Example:
        >>> import penlight as torch
        >>> torch.nn.L1Loss()(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
        tensor(1.)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of ``input`` for ``target``."""
        return F.l1_loss(input, target, reduction=self.reduction)


class NLLLoss(_WeightedLoss):
    r"""Negative log likelihood of classes under log-probabilities.

    .. math:: \ell_n = -w_{t_n}\, x_{n,t_n}, \qquad
              w_c = 0 \text{ where } t_n = \text{ignore\_index}

    The mean is by total weight, not by count; it is NaN where nothing counts.

    Args:
        weight: one weight per class, a buffer.
        size_average: deprecated; see ``reduction``.
        ignore_index: target value that contributes neither loss nor gradient.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - input: :math:`(C)`, :math:`(N, C)` or :math:`(N, C, d_1, \dots)`, log-probabilities
        - target: as input without :math:`C`, int64 in :math:`[0, C)`
        - output: scalar, or as target for ``"none"``

    Raises:
        ValueError: on a call, the batch sizes differ.
        IndexError: on a call, a target is out of range.

    Example:
        >>> import penlight as torch
        >>> logp = torch.tensor([[-0.5, -1.5], [-2.0, -0.1]])
        >>> torch.nn.NLLLoss()(logp, torch.tensor([0, 1]))
        tensor(0.3000)
    """

    __constants__ = ("ignore_index", "reduction")
    ignore_index: int

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of log-probabilities ``input`` for classes ``target``."""
        return F.nll_loss(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class NLLLoss2d(NLLLoss):
    """The old name of :class:`NLLLoss`, with its arguments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            "`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead as a drop-in "
            "replacement and see https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more "
            "details.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(*args, **kwargs)


class KLDivLoss(_Loss):
    r"""Kullback-Leibler divergence of log-probabilities from a target distribution.

    .. math:: \ell_n = y_n (\log y_n - x_n)

    Args:
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"batchmean"`` (the divergence proper), ``"sum"``, or ``"mean"``
            over all elements, with torch's warning.
        log_target: the target holds logarithms.

    Shape:
        - input, target: any, the same; output: scalar, or the same for ``"none"``

    Example:
        >>> import penlight as torch
        >>> p = torch.tensor([[0.5, 0.5]])
        >>> torch.nn.KLDivLoss(reduction="batchmean")(p.log(), p)
        tensor(0.)

    References:
        Kullback and Leibler 1951, On Information and Sufficiency.
    """

    log_target: bool

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the divergence of log-probabilities ``input`` from ``target``."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class MSELoss(_Loss):
    r"""Squared differences: :math:`\ell_n = (x_n - y_n)^2`.

    Args:
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - input, target: any, the same; output: scalar, or the same for ``"none"``

    Example:
        >>> import penlight as torch
        >>> torch.nn.MSELoss()(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
        tensor(2.)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of ``input`` for ``target``."""
        return F.mse_loss(input, target, reduction=self.reduction)


class BCELoss(_WeightedLoss):
    r"""Cross-entropy of probabilities under probabilities, element by element.

    .. math:: \ell_n = -w_n (y_n \log x_n + (1 - y_n) \log(1 - x_n))

    Logarithms are cut off at -100, so that the loss is finite.

    Args:
        weight: factors that broadcast to the target's shape, a buffer.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - input, target: any, the same, in [0, 1]; output: scalar, or the same for ``"none"``

    Raises:
        RuntimeError: on a call, an element of the input is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.nn.BCELoss()(torch.tensor([0.5]), torch.tensor([1.0]))
        tensor(0.6931)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of probabilities ``input`` for ``target``."""
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    r"""Cross-entropy of ``sigmoid(input)`` under probabilities, stable for any logit.

    .. math:: \ell_n = -w_n (p\, y_n \log \sigma(x_n) + (1 - y_n) \log(1 - \sigma(x_n)))

    Args:
        weight: factors that broadcast to the input's shape, a buffer.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        pos_weight: factors of the positive part, broadcasting with the target, a buffer.

    Shape:
        - input, target: any, the same; output: scalar, or the same for ``"none"``

    Example:
        >>> import penlight as torch
        >>> torch.nn.BCEWithLogitsLoss()(torch.tensor([0.0]), torch.tensor([1.0]))
        tensor(0.6931)
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of logits ``input`` for ``target``."""
        return F.binary_cross_entropy_with_logits(
            input,
            target,
            self.weight,
            pos_weight=self.pos_weight,
            reduction=self.reduction,
        )


class SmoothL1Loss(_Loss):
    r"""Squared differences below ``beta``, absolute ones above.

    .. math:: \ell_n = \begin{cases} 0.5 (x_n - y_n)^2 / \beta & |x_n - y_n| < \beta \\
                                     |x_n - y_n| - 0.5 \beta & \text{otherwise} \end{cases}

    Args:
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        beta: where the two parts meet; not negative.

    Shape:
        - input, target: any, the same; output: scalar, or the same for ``"none"``

    Raises:
        RuntimeError: on a call, ``beta`` is negative.

    Example:
        >>> import penlight as torch
        >>> torch.nn.SmoothL1Loss()(torch.tensor([0.0, 2.0]), torch.tensor([0.5, 0.0]))
        tensor(0.8125)

    References:
        Girshick 2015, Fast R-CNN, arXiv 1504.08083.
    """

    beta: float

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of ``input`` for ``target``."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    r"""Half the squared differences up to ``delta``, and straight lines above.

    .. math:: \ell_n = \begin{cases} 0.5 (x_n - y_n)^2 & |x_n - y_n| \le \delta \\
                                     \delta (|x_n - y_n| - 0.5 \delta)
                                     & \text{otherwise} \end{cases}

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        delta: where the two parts meet; positive.

    Shape:
        - input, target: any, the same; output: scalar, or the same for ``"none"``

    Raises:
        RuntimeError: on a call, ``delta`` is not positive.

    Example:
        >>> import penlight as torch
        >>> torch.nn.HuberLoss()(torch.tensor([0.0, 2.0]), torch.tensor([0.5, 0.0]))
        tensor(0.8125)

    References:
        Huber 1964, Robust Estimation of a Location Parameter.
    """

    __constants__ = ("reduction", "delta")
    delta: float

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        if not isinstance(delta, (int, float)):
            msg = f"delta must be a float or int, got: {type(delta)}"
            raise TypeError(msg)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of ``input`` for ``target``."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class CrossEntropyLoss(_WeightedLoss):
    r"""Cross-entropy of logits under classes or class probabilities.

    .. math:: \ell_n = -\sum_c w_c\, q_{n,c} \log \text{softmax}(x_n)_c

    where :math:`q` is one at the target class, or the target itself, smoothed towards :math:`1/C`.
    With class indices the mean is by total weight of the targets; with probabilities, by count.

    Args:
        weight: one weight per class, a buffer.
        size_average: deprecated; see ``reduction``.
        ignore_index: target index that contributes neither loss nor gradient.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        label_smoothing: share of the target that is spread over all classes, in [0, 1].

    Shape:
        - input: :math:`(C)`, :math:`(N, C)` or :math:`(N, C, d_1, \dots)`, logits
        - target: as input without :math:`C`, int64 in :math:`[0, C)`; or as input, probabilities
        - output: scalar, or the input's shape without :math:`C` for ``"none"``

    Raises:
        ValueError: on a call, the batch sizes differ.
        IndexError: on a call, a target index is out of range.

    Example:
        >>> import penlight as torch
        >>> loss = torch.nn.CrossEntropyLoss()
        >>> loss(torch.tensor([[0.0, 0.0]]), torch.tensor([1]))
        tensor(0.6931)
        >>> loss(torch.tensor([[0.0, 0.0]]), torch.tensor([[0.5, 0.5]]))
        tensor(0.6931)

    References:
        Szegedy et al. 2016, Rethinking the Inception Architecture, arXiv 1512.00567 (smoothing).
    """

    __constants__ = ("ignore_index", "reduction", "label_smoothing")
    ignore_index: int
    label_smoothing: float

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of logits ``input`` for ``target``."""
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )
