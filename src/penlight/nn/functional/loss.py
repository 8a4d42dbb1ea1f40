"""Losses: torch's arguments and shapes in front of the loss ops, and losses made of other ops."""

from __future__ import annotations

import warnings
from typing import Any, NoReturn

from ..._tensor import Tensor
from ...ops import loss as ops
from ...ops.softmax import log_softmax
from ._reduction import check_reduction, legacy_reduction, reduced

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
]


def _check_tensors(function: str, **tensors: Any) -> None:
    for position, (name, tensor) in enumerate(tensors.items(), 1):
        if not isinstance(tensor, Tensor):
            kind = type(tensor).__name__
            msg = (
                f"{function}(): argument '{name}' (position {position}) must be Tensor, not {kind}"
            )
            raise TypeError(msg)


# ---- classes ------------------------------------------------------------------------------------


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Negative log likelihood of ``target`` under log-probabilities ``input``.

    .. math:: \ell_n = -w_{t_n}\, x_{n,t_n}, \qquad
              w_c = 0 \text{ where } t_n = \text{ignore\_index}

    Args:
        input: log-probabilities, floating.
        target: class indices in ``[0, C)``, int64.
        weight: one weight per class; same dtype as ``input``.
        size_average: deprecated; see ``reduction``.
        ignore_index: target value that contributes neither loss nor gradient.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` (by total weight, not by count) or ``"sum"``.

    Shape:
        - input: :math:`(C)`, :math:`(N, C)` or :math:`(N, C, d_1, \dots)`
        - target: as input without :math:`C`; output: scalar, or as target for ``"none"``

    Raises:
        ValueError: the batch sizes differ.
        IndexError: a target is out of range.
        RuntimeError: the target's dtype or shape, or the weights' length do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> logp = torch.tensor([[-0.5, -1.5], [-2.0, -0.1]])
        >>> F.nll_loss(logp, torch.tensor([0, 1]))
        tensor(0.3000)
    """
    _check_tensors("nll_loss_nd", input=input, target=target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    _check_target_shape(input, target)
    if input.dim() <= 2:
        out: Tensor = ops.nll_loss(input, target, weight, ignore_index, reduction)
        return out
    if input.dim() == 4:
        out = ops.nll_loss2d(input, target, weight, ignore_index, reduction)
        return out  # noqa: RET504 - says its type
    return _nll_folded(input, target, weight, ignore_index, reduction)


def _check_target_shape(input: Tensor, target: Tensor) -> None:
    """Refuse a target that has not one class for each place of (N, C, ...) or (C)."""
    ndim = input.dim()
    if not ndim:
        msg = (
            "Expected 1 or more dimensions (got 0): the classes are dimension 1 of the input, or "
            "the only one"
        )
        raise ValueError(msg)
    if ndim == 1:
        _check_single_target(input, target)
        return
    if ndim == 2 and target.dim() > 1:
        _refuse_multi_target(input, target)
    batch = target.shape[0] if target.dim() else 0
    if not target.dim() or input.shape[0] != batch:
        msg = (
            f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({batch}): "
            f"the input has shape {list(input.shape)}, the target {list(target.shape)}"
        )
        raise ValueError(msg)
    wanted = [input.shape[0], *input.shape[2:]]
    if list(target.shape) != wanted:
        raise RuntimeError(_size_mismatch(input, target, wanted))


def _check_single_target(input: Tensor, target: Tensor) -> None:
    """Refuse a target that is not the one class of an input without a batch dimension."""
    if target.dim() > 1:
        _refuse_multi_target(input, target)
    if target.numel() != 1:
        msg = (
            f"For 1D input, 1D target must have size 1, but got target size: {target.numel()} (an "
            "input without a batch dimension has one class)"
        )
        raise ValueError(msg)


def _refuse_multi_target(input: Tensor, target: Tensor) -> NoReturn:
    msg = (
        f"0D or 1D target tensor expected, multi-target not supported: got a target of shape "
        f"{list(target.shape)} for an input of shape {list(input.shape)}; the target holds one "
        "class index for each row"
    )
    raise RuntimeError(msg)


def _size_mismatch(input: Tensor, target: Tensor, wanted: list[int]) -> str:
    """Return torch's sentence for the input's number of dimensions, with what is wanted."""
    sizes = f"Expected target size {wanted}, got {list(target.shape)}"
    if input.dim() == 4 and target.dim() != 3:
        phrase = (
            "only batches of spatial targets supported (3D tensors) but got targets of dimension: "
            f"{target.dim()}"
        )
    elif input.dim() == 4:
        # torch: with a space before the comma and without the bracket's end.
        phrase = f"size mismatch (got input: {list(input.shape)} , target: {list(target.shape)})"
    else:
        return f"{sizes}: dimension 1 of the input is the classes, the target has every other one"
    return f"{phrase}. {sizes}"


def _nll_folded(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str
) -> Tensor:
    """The loss of (N, C, d1, …) as torch computes it: every further dimension folded into one."""
    batch, classes = input.shape[0], input.shape[1]
    folded = input.contiguous().view(batch, classes, 1, -1)
    flat = target.contiguous().view(batch, 1, -1)
    loss: Tensor = ops.nll_loss2d(folded, flat, weight, ignore_index, reduction)
    return loss.view(target.shape) if reduction == "none" else loss


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    r"""Cross-entropy of logits ``input`` under classes or class probabilities ``target``.

    .. math:: \ell_n = -\sum_c w_c\, q_{n,c} \log \text{softmax}(x_n)_c

    where :math:`q` is one at the target class, or the target itself, smoothed towards :math:`1/C`.

    Args:
        input: logits, floating.
        target: class indices in ``[0, C)``, int64; or probabilities in the shape of ``input``.
        weight: one weight per class; same dtype as ``input``.
        size_average: deprecated; see ``reduction``.
        ignore_index: target index that contributes neither loss nor gradient.
        reduce: deprecated; see ``reduction``.
        reduction: ``"none"``, ``"mean"`` (by total weight of the targets) or ``"sum"``.
        label_smoothing: share of the target that is spread over all classes, in [0, 1].

    Shape:
        - input: :math:`(C)`, :math:`(N, C)` or :math:`(N, C, d_1, \dots)`
        - target: as input without :math:`C`, or as input for probabilities
        - output: scalar, or the target's shape without :math:`C` for ``"none"``

    Raises:
        ValueError: the batch sizes differ.
        IndexError: a target index is out of range.
        RuntimeError: shapes, dtypes or ``label_smoothing`` do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.cross_entropy(torch.tensor([[0.0, 0.0]]), torch.tensor([1]))
        tensor(0.6931)

    References:
        Szegedy et al. 2016, Rethinking the Inception Architecture, arXiv 1512.00567 (smoothing).
    """
    _check_tensors("cross_entropy", input=input, target=target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    if not 0.0 <= label_smoothing <= 1.0:
        msg = f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}"
        raise RuntimeError(msg)
    class_dim = 0 if input.dim() == 1 else 1
    if tuple(input.shape) == tuple(target.shape):
        _check_soft_targets(input, target, weight, ignore_index)
        logp = log_softmax(input, class_dim)
        return _soft_targets(logp, target, (weight, class_dim, reduction, label_smoothing))
    logp = log_softmax(input, class_dim)
    if label_smoothing == 0.0:
        return nll_loss(logp, target, weight, ignore_index=ignore_index, reduction=reduction)
    return _smoothed(logp, target, (weight, class_dim, reduction, label_smoothing, ignore_index))


def _check_soft_targets(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
) -> None:
    if not target.is_floating_point():
        msg = (
            "Expected floating point type for target with class probabilities, got "
            f"{target.dtype.scalar_type}: a target in the shape of the input is read as "
            "probabilities, class indices have its shape without the classes"
        )
        raise RuntimeError(msg)
    if ignore_index >= 0:
        msg = (
            "ignore_index is not supported for floating point target: got ignore_index "
            f"{ignore_index} and probabilities as targets"
        )
        raise RuntimeError(msg)
    classes = input.shape[0 if input.dim() == 1 else 1] if input.dim() else 1
    if weight is not None and (weight.dim() != 1 or weight.numel() != classes):
        msg = (
            f"cross_entropy: weight tensor should be defined either for all {classes} classes or "
            f"no classes but got weight tensor of shape: {list(weight.shape)}"
        )
        raise RuntimeError(msg)


def _class_weights(weight: Tensor, class_dim: int, ndim: int) -> Any:
    """Return the weights in a shape that broadcasts along the class dimension."""
    shape = [1] * ndim
    shape[class_dim] = weight.numel()
    return weight.view(shape)


def _soft_targets(logp: Any, target: Any, options: tuple[Any, ...]) -> Tensor:
    """Cross-entropy under class probabilities; the mean is over samples, not weights."""
    weight, class_dim, reduction, smoothing = options
    classes = logp.shape[class_dim]
    if smoothing > 0.0:
        target = target * (1 - smoothing) + smoothing / classes
    weighted = logp * target
    if weight is not None:
        weighted = weighted * _class_weights(weight, class_dim, logp.dim())
    if reduction == "none":
        return -weighted.sum(class_dim)  # type: ignore[no-any-return]
    if reduction == "sum":
        return -weighted.sum()  # type: ignore[no-any-return]
    if not logp.numel():
        # torch: the mean of nothing is negated last.
        return -ops.over_count(weighted.sum(), 0)  # type: ignore[no-any-return]
    return ops.over_count(-weighted.sum(), logp.numel() // classes)  # type: ignore[no-any-return]


def _smoothed(logp: Any, target: Any, options: tuple[Any, ...]) -> Tensor:
    """Cross-entropy under class indices with a share of the target spread over all classes."""
    weight, class_dim, reduction, smoothing, ignore_index = options
    hard = nll_loss(logp, target, weight, ignore_index=ignore_index, reduction=reduction)
    spread = logp
    if weight is not None:
        spread = logp * _class_weights(weight, class_dim, logp.dim())
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
    classes = logp.shape[class_dim]
    out: Tensor = hard * (1 - smoothing) + smooth * (smoothing / classes)
    return out


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
    _check_tensors("mse_loss", input=input, target=target)
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
    _check_tensors("l1_loss", input=input, target=target)
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
    _check_tensors("smooth_l1_loss", input=input, target=target)
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
    _check_tensors("huber_loss", input=input, target=target)
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
    _check_tensors("kl_div", input=input, target=target)
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
    _check_tensors("binary_cross_entropy", input=input, target=target)
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
    _check_tensors("binary_cross_entropy_with_logits", input=input, target=target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    if target.shape != input.shape:
        msg = f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        raise ValueError(msg)
    out: Tensor = ops.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)
    return out
