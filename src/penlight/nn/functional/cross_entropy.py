"""Losses under class indices or class probabilities: nll_loss and cross_entropy."""

from __future__ import annotations

from typing import NoReturn

from ..._tensor import Tensor
from ...ops import nll_loss as ops
from ...ops.cross_entropy import cross_entropy_rows, smoothed, soft_targets
from ...ops.softmax import log_softmax
from ._reduction import check_reduction, check_tensors, legacy_reduction

__all__ = ["cross_entropy", "nll_loss"]


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
    if size_average is None and reduce is None and ops.are_rows(input, target, reduction):
        rows: Tensor = ops.nll_loss(input, target, weight, ignore_index, reduction)
        return rows
    check_tensors("nll_loss_nd", input=input, target=target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    check_target_shape(input, target)
    if input.dim() <= 2:
        out: Tensor = ops.nll_loss(input, target, weight, ignore_index, reduction)
        return out
    if input.dim() == 4:
        out = ops.nll_loss2d(input, target, weight, ignore_index, reduction)
        return out  # noqa: RET504 - says its type
    return _nll_folded(input, target, weight, ignore_index, reduction)


def check_target_shape(input: Tensor, target: Tensor) -> None:
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
    if size_average is None and reduce is None:
        rows = cross_entropy_rows(input, target, weight, ignore_index, reduction, label_smoothing)
        if rows is not None:
            return rows
    check_tensors("cross_entropy", input=input, target=target)
    reduction = check_reduction(legacy_reduction(size_average, reduce, reduction))
    if not 0.0 <= label_smoothing <= 1.0:
        msg = f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}"
        raise RuntimeError(msg)
    class_dim = 0 if input.dim() == 1 else 1
    if tuple(input.shape) == tuple(target.shape):
        _check_soft_targets(input, target, weight, ignore_index)
        logp = log_softmax(input, class_dim)
        out: Tensor = soft_targets(logp, target, weight, reduction, label_smoothing)
        return out
    logp = log_softmax(input, class_dim)
    hard = nll_loss(logp, target, weight, ignore_index=ignore_index, reduction=reduction)
    if label_smoothing == 0.0:
        return hard
    out = smoothed(hard, logp, target, weight, ignore_index, reduction, label_smoothing)
    return out  # noqa: RET504 - says its type


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
