"""Losses that are negative log-likelihoods; torch keeps them with the others in ``loss``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from ._loss_base import _Loss, _WeightedLoss
from .linear import Linear

if TYPE_CHECKING:
    from .linear_cross_entropy_options import LinearCrossEntropyOptions

__all__ = ["CTCLoss", "GaussianNLLLoss", "LinearCrossEntropyLoss", "PoissonNLLLoss"]


class PoissonNLLLoss(_Loss):
    r"""Minus the log-likelihood of counts under Poisson distributions.

    .. math:: \ell_n = e^{x_n} - y_n x_n \quad\text{or}\quad x_n - y_n \log(x_n + \epsilon)

    Args:
        log_input: inputs are logarithms of expected counts.
        full: add Stirling's approximation of :math:`\log y_n!` where a count is above 1.
        size_average: deprecated; see ``reduction``.
        eps: :math:`\epsilon`, without ``log_input``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - log_input, target: any, the same; output: scalar, or the same for ``"none"``

    Example:
        >>> import penlight as torch
        >>> torch.nn.PoissonNLLLoss()(torch.tensor([0.0]), torch.tensor([2.0]))
        tensor(1.)
    """

    __constants__ = ("log_input", "full", "eps", "reduction")

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of ``log_input`` for counts ``target``."""
        return F.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class GaussianNLLLoss(_Loss):
    r"""Minus the log-likelihood of samples under normal distributions.

    .. math:: \ell_n = \tfrac12 \left(\log \max(v_n, \epsilon)
              + \frac{(x_n - y_n)^2}{\max(v_n, \epsilon)}\right)

    Args:
        full: add :math:`\tfrac12 \log 2 \pi`.
        eps: the least variance; the gradient does not see it.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        - input, target: any, the same
        - var: the same, or with its last dimension 1 or left out, or a number
        - output: scalar, or as input for ``"none"``

    Raises:
        ValueError: on a call, a variance is negative or of a shape that does not fit.

    Example:
        >>> import penlight as torch
        >>> x, y, v = torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([1.0])
        >>> torch.nn.GaussianNLLLoss()(x, y, v)
        tensor(0.5000)

    References:
        Nix and Weigend 1994, Estimating the mean and variance of the target distribution.
    """

    __constants__ = ("full", "eps", "reduction")

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        """Return the loss of means ``input`` and variances ``var`` for samples ``target``."""
        return F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class CTCLoss(_Loss):
    r"""Minus the log-likelihood of targets over all of their alignments to the input.

    .. math:: \ell_n = -\log \sum_{\pi \in \mathcal{B}^{-1}(y_n)} \prod_t p_{t,n,\pi_t}

    where :math:`\mathcal{B}` joins equal neighbours and then takes the blanks out.

    Args:
        blank: the label that stands for none.
        reduction: ``"none"``, ``"sum"``, or ``"mean"`` of each loss by the target's length.
        zero_infinity: losses of targets that are too long are 0, and have no gradient.

    Shape:
        - log_probs: :math:`(T, N, C)` or :math:`(T, C)`
        - targets: :math:`(N, S)`, or all labels in one dimension
        - input_lengths, target_lengths: :math:`(N)` or :math:`()`
        - output: scalar, or :math:`(N)` for ``"none"``

    Raises:
        RuntimeError: on a call, lengths, labels or shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> log_probs = torch.full((2, 1, 2), 0.5).log()
        >>> loss = torch.nn.CTCLoss()
        >>> loss(log_probs, torch.tensor([[1]]), torch.tensor([2]), torch.tensor([1]))
        tensor(0.2877)

    References:
        Graves et al. 2006, Connectionist Temporal Classification.
    """

    __constants__ = ("blank", "reduction")

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor,
        target_lengths: Tensor,
    ) -> Tensor:
        """Return the loss of ``log_probs`` for the labels ``targets``."""
        return F.ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )


class LinearCrossEntropyLoss(_WeightedLoss):
    r"""Cross-entropy of a linear map of the input, whose weights are the module's.

    Args:
        in_features: size of each input sample.
        num_classes: :math:`C`.
        out_features: :math:`d_1, \dots`, for a loss of several places.
        bias: whether to add a trained bias.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: one factor per class, a buffer.
        ignore_index: target value that contributes neither loss nor gradient; -100 by default.
        label_smoothing: share of the target that is spread over all classes, in [0, 1].
        options: a :class:`LinearCrossEntropyOptions`, to have the rows taken a chunk at a time.

    Shape:
        - input: :math:`(N, \text{in\_features})` or :math:`(\text{in\_features})`
        - target: :math:`(N, d_1, \dots)`, classes; or :math:`(N, C, d_1, \dots)`, probabilities
        - output: scalar, or :math:`(N, d_1, \dots)` for ``"none"``

    Raises:
        RuntimeError: weights or smoothing do not fit; on a call, a shape does not fit.

    Example:
        >>> import penlight as torch
        >>> loss = torch.nn.LinearCrossEntropyLoss(3, 2)
        >>> loss(torch.zeros(1, 3), torch.tensor([1])).item()
        0.6931471824645996
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: _dtype | None = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: LinearCrossEntropyOptions | None = None,
    ) -> None:
        if weight is not None and weight.shape != (num_classes,):
            msg = f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}"
            raise RuntimeError(msg)
        if not 0 <= label_smoothing <= 1:
            msg = f"expected label_smoothing to be in range [0, 1], got {label_smoothing}"
            raise RuntimeError(msg)
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        count = math.prod(out_features, start=num_classes)
        self.linear = Linear(in_features, count, bias=bias, device=device, dtype=dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of the map of ``input`` for ``target``."""
        sizes = (self.num_classes, *self.out_features)
        bias: Any = self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape(*sizes, self.linear.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(sizes),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        """Return the sizes and options."""
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={self.linear.bias is not None}, "
            f"reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )
