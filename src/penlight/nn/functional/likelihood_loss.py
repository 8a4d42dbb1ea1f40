"""Negative log-likelihoods of distributions and of alignments."""

from __future__ import annotations

import math
from typing import Any

from ..._tensor import Tensor
from ...autograd.grad_mode import no_grad
from ...ops import ctc_loss as _ctc, loss as _loss
from ...ops.creation import ones_like
from ._reduction import check_tensors, legacy_reduction, number_of, reduced

__all__ = ["ctc_loss", "gaussian_nll_loss", "poisson_nll_loss"]


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Minus the log-likelihood of counts under Poisson distributions.

    .. math:: \ell_n = e^{x_n} - y_n x_n \quad\text{or}\quad x_n - y_n \log(x_n + \epsilon)

    Args:
        input: logarithms of expected counts, or the counts, any shape.
        target: counts, of the same shape.
        log_input: ``input`` holds logarithms.
        full: add Stirling's approximation of :math:`\log y_n!` where a count is above 1.
        size_average: deprecated; see ``reduction``.
        eps: :math:`\epsilon`, without ``log_input``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.poisson_nll_loss(torch.tensor([0.0]), torch.tensor([2.0]))
        tensor(1.)
    """
    check_tensors("poisson_nll_loss", input=input, target=target)
    number = number_of(legacy_reduction(size_average, reduce, reduction))
    return _loss.poisson_nll_loss(input, target, log_input, full, eps, number)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    r"""Minus the log-likelihood of samples under normal distributions.

    .. math:: \ell_n = \tfrac12 \left(\log \max(v_n, \epsilon)
              + \frac{(x_n - y_n)^2}{\max(v_n, \epsilon)}\right)

    Args:
        input: means, any shape.
        target: samples, of the same shape.
        var: variances, of the same shape, or with its last dimension 1 or left out; or a number.
        full: add :math:`\tfrac12 \log 2 \pi`.
        eps: the least variance; the gradient does not see it.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Raises:
        ValueError: a variance is negative, or of a shape that does not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.gaussian_nll_loss(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([1.0]))
        tensor(0.5000)

    References:
        Nix and Weigend 1994, Estimating the mean and variance of the target distribution.
    """
    variance = _variances(input, var)
    if reduction not in {"none", "mean", "sum"}:
        msg = f"{reduction} is not valid: use 'none', 'mean' or 'sum'"
        raise ValueError(msg)
    variance = variance.clone()
    with no_grad():
        variance.clamp_(min=eps)
    loss: Any = 0.5 * (variance.log() + (input - target) ** 2 / variance)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)  # type: ignore[no-any-return]


def _variances(input: Any, var: Any) -> Any:
    """Return variances in a shape that broadcasts with the means, refusing others."""
    if isinstance(var, float):
        var = var * ones_like(input)
    if bool((var < 0).any()):
        msg = "var has negative entry/entries"
        raise ValueError(msg)
    if var.shape == input.shape:
        return var
    if var.shape == input.shape[:-1]:
        return var.unsqueeze(-1)
    if var.dim() == input.dim():
        pairs = zip(input.shape, var.shape, strict=True)
        if sum(other for size, other in pairs if size != other) == 1:
            return var
    msg = (
        f"var is of incorrect size: got {list(var.shape)} for an input of {list(input.shape)}, "
        "which takes its own shape, or one with a single 1 in it or without the last dimension"
    )
    raise ValueError(msg)


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    r"""Minus the log-likelihood of targets over all of their alignments to the input.

    .. math:: \ell_n = -\log \sum_{\pi \in \mathcal{B}^{-1}(y_n)} \prod_t p_{t,n,\pi_t}

    where :math:`\mathcal{B}` joins equal neighbours and then takes the blanks out.

    Args:
        log_probs: :math:`\log p`, shape (T, N, C) or (T, C).
        targets: labels, shape (N, S), or one after the other in one dimension.
        input_lengths: how much of each input counts, at most T; a tensor or numbers.
        target_lengths: how many labels each target has.
        blank: the label that stands for none.
        reduction: ``"none"``, ``"sum"``, or ``"mean"`` of each loss by the target's length.
        zero_infinity: losses of targets that are too long are 0, and have no gradient.

    Raises:
        RuntimeError: lengths, labels or shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> log_probs = torch.full((2, 1, 2), 0.5).log()
        >>> F.ctc_loss(log_probs, torch.tensor([[1]]), torch.tensor([2]), torch.tensor([1]))
        tensor(0.2877)

    References:
        Graves et al. 2006, Connectionist Temporal Classification.
    """
    check_tensors("ctc_loss", log_probs=log_probs, targets=targets)
    number = number_of(reduction)
    return _ctc.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, number, zero_infinity
    )
