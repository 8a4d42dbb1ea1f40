"""Losses: torch's arguments and shapes in front of the loss ops, and losses made of other ops."""

from __future__ import annotations

import warnings
from typing import Any

from ..._tensor import Tensor
from ...ops import loss as ops
from ._reduction import check_reduction, check_tensors, legacy_reduction, reduced

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "smooth_l1_loss",
]


# ---- distances ----------------------------------------------------------------------------------


def _warn_broadcast(input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=3,
        )


def _weighted(loss: Any, input: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    """Return unreduced losses times weights, reduced; the mean is by total weight."""
    if weight is None:
        return reduced(loss, reduction)  # type: ignore[no-any-return]
    _check_weight_shape(input, weight)
    weighted = loss * weight
    if reduction == "mean":
        mean: Tensor = weighted.sum() / weight.sum()
        return mean
    return reduced(weighted, reduction)  # type: ignore[no-any-return]


def _check_weight_shape(input: Tensor, weight: Tensor) -> None:
    if weight.shape != input.shape:
        shapes = f"{list(weight.shape)} and {list(input.shape)}"
        msg = f"Weights and input must have the same size: got {shapes}"
        raise ValueError(msg)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    r"""Squared differences: :math:`\ell_n = (x_n - y_n)^2`.

    Args:
        input: predictions, any shape.
        target: of the same shape.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: a factor for each element; the mean is then by total weight.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
        tensor(2.)
    """
    check_tensors("mse_loss", input=input, target=target)
    _warn_broadcast(input, target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    if weight is not None:
        return _weighted(ops.mse_loss(input, target, "none"), input, weight, reduction)
    out: Tensor = ops.mse_loss(input, target, reduction)
    return out


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    r"""Absolute differences: :math:`\ell_n = |x_n - y_n|`; arguments as for :func:`mse_loss`.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.l1_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
        tensor(1.)
    """
    check_tensors("l1_loss", input=input, target=target)
    _warn_broadcast(input, target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    return _weighted((input - target).abs(), input, weight, reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    r"""Squared differences below ``beta``, absolute ones above.

    .. math:: \ell_n = \begin{cases} 0.5 (x_n - y_n)^2 / \beta & |x_n - y_n| < \beta \\
                                     |x_n - y_n| - 0.5 \beta & \text{otherwise} \end{cases}

    Args:
        input: predictions, any shape.
        target: of the same shape.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        beta: where the two parts meet; not negative.

    Raises:
        RuntimeError: ``beta`` is negative.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.smooth_l1_loss(torch.tensor([0.0, 2.0]), torch.tensor([0.5, 0.0]), reduction="none")
        tensor([0.1250, 1.5000])

    References:
        Girshick 2015, Fast R-CNN, arXiv 1504.08083.
    """
    check_tensors("smooth_l1_loss", input=input, target=target)
    _warn_broadcast(input, target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    if beta < 0:
        msg = f"smooth_l1_loss does not support negative values for beta, got {beta}"
        raise RuntimeError(msg)
    if beta == 0.0:
        return l1_loss(input, target, reduction=reduction)
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    out: Tensor = ops.smooth_l1_loss(input, target, reduction, beta)
    return out


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    r"""Half the squared differences below ``delta``, straight lines above.

    .. math:: \ell_n = \begin{cases} 0.5 (x_n - y_n)^2 & |x_n - y_n| \le \delta \\
                                     \delta (|x_n - y_n| - 0.5 \delta)
                                     & \text{otherwise} \end{cases}

    Args:
        input: predictions, any shape.
        target: of the same shape.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        delta: where the two parts meet; positive.
        weight: a factor for each element; the mean is still by count.

    Raises:
        RuntimeError: ``delta`` is not positive.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.huber_loss(torch.tensor([0.0, 2.0]), torch.tensor([0.5, 0.0]), reduction="none")
        tensor([0.1250, 1.5000])

    References:
        Huber 1964, Robust Estimation of a Location Parameter.
    """
    check_tensors("huber_loss", input=input, target=target)
    _warn_broadcast(input, target)
    check_reduction(reduction)
    if weight is not None:
        # torch: unlike the other two, its mean is by count.
        _check_weight_shape(input, weight)
        loss = ops.huber_loss(input, target, "none", delta) * weight
        return reduced(loss, reduction)  # type: ignore[no-any-return]
    out: Tensor = ops.huber_loss(input, target, reduction, delta)
    return out


# ---- probabilities ------------------------------------------------------------------------------


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    r"""Kullback-Leibler divergence of log-probabilities ``input`` from ``target``.

    .. math:: \ell_n = y_n (\log y_n - x_n)

    Args:
        input: log-probabilities, any shape.
        target: probabilities of the same shape, or their logarithms.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"batchmean"`` (the divergence proper), ``"sum"``, or ``"mean"``
            over all elements, with torch's warning.
        log_target: ``target`` holds logarithms.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> p = torch.tensor([[0.5, 0.5]])
        >>> F.kl_div(p.log(), p, reduction="batchmean")
        tensor(0.)
    """
    check_tensors("kl_div", input=input, target=target)
    reduction = legacy_reduction(size_average, reduce, reduction)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.'mean' will be changed to behave the same as 'batchmean' in the next "
            "major release.",
            stacklevel=2,
        )
    if not (input.is_floating_point() and target.is_floating_point()):
        msg = f"kl_div: Integral inputs not supported. Got {input.dtype} and {target.dtype}"
        raise RuntimeError(msg)
    loss: Any = (
        target.exp() * (target - input) if log_target else target.xlogy(target) - target * input
    )
    if reduction == "batchmean":
        total = loss.sum()
        return total / input.shape[0] if input.dim() else total  # type: ignore[no-any-return]
    return reduced(loss, reduction)  # type: ignore[no-any-return]


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Cross-entropy of probabilities ``input`` under probabilities ``target``, element by element.

    .. math:: \ell_n = -w_n (y_n \log x_n + (1 - y_n) \log(1 - x_n))

    Logarithms are cut off at -100, so that the loss is finite.

    Args:
        input: probabilities in [0, 1], any shape.
        target: of the same shape and dtype.
        weight: factors that broadcast to the target's shape.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Raises:
        ValueError: the shapes differ.
        RuntimeError: an element of ``input`` is outside [0, 1], or the dtypes differ.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.binary_cross_entropy(torch.tensor([0.5]), torch.tensor([1.0]))
        tensor(0.6931)
    """
    check_tensors("binary_cross_entropy", input=input, target=target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    if target.shape != input.shape:
        msg = (
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Please ensure they have the same size."
        )
        raise ValueError(msg)
    if weight is not None:
        weight = weight.expand(target.shape)
    out: Tensor = ops.binary_cross_entropy(input, target, weight, reduction)
    return out


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    r"""Cross-entropy of ``sigmoid(input)`` under probabilities ``target``, stable for any logit.

    .. math:: \ell_n = -w_n (p\, y_n \log \sigma(x_n) + (1 - y_n) \log(1 - \sigma(x_n)))

    Args:
        input: logits, any shape.
        target: probabilities of the same shape.
        weight: factors that broadcast to the target's shape.
        size_average: deprecated; see ``reduction``.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        pos_weight: factors of the positive part, broadcasting with the target.

    Raises:
        ValueError: the shapes differ.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.binary_cross_entropy_with_logits(torch.tensor([0.0]), torch.tensor([1.0]))
        tensor(0.6931)
    """
    check_tensors("binary_cross_entropy_with_logits", input=input, target=target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    if target.shape != input.shape:
        msg = f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        raise ValueError(msg)
    out: Tensor = ops.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)
    return out
