"""The cross-entropy behind a linear map, at once or a chunk of rows at a time."""

from __future__ import annotations

import warnings
from typing import Any

from ..._dtype import int64
from ..._tensor import Tensor
from ...ops.linear_cross_entropy import Chunks, linear_cross_entropy_by_chunks
from .cross_entropy import check_target_shape, cross_entropy
from .linear import linear

__all__ = ["linear_cross_entropy"]


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    r"""Return the :func:`cross_entropy` of :math:`x A^T + b` under ``target``.

    Args:
        input: :math:`x`, shape (N, in features) or (in features).
        linear_weight: :math:`A`, shape (C, d_1, …, in features), the d_i mostly absent.
        target: classes or their probabilities, as for :func:`cross_entropy`.
        linear_bias: :math:`b`, of the weight's shape without its last dimension.
        weight: one factor per class.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: target value that contributes neither loss nor gradient; -100 by default, and
            not to be given with probabilities.
        label_smoothing: share of the target that is spread over all classes, in [0, 1].
        options: a :class:`LinearCrossEntropyOptions`, to have the rows taken a chunk at a time,
            so that the logits of all of them are never in memory; ``None`` takes them at once.

    Raises:
        RuntimeError: a shape or dtype does not fit; on a second walk back through a loss by chunks
            that did not allow it.
        ValueError: the options disagree.
        TypeError: ``options`` are none.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.linear_cross_entropy(torch.ones(1, 3), torch.zeros(2, 3), torch.tensor([1]))
        tensor(0.6931)
    """
    _check_linear(input, linear_weight, linear_bias)
    sizes = linear_weight.shape[:-1]
    shape = (*input.shape[:-1], *sizes)
    if target.shape == shape and ignore_index is not None:
        msg = "ignore_index cannot be specified when target contains probabilities"
        raise RuntimeError(msg)
    ignored = -100 if ignore_index is None else ignore_index
    if options is not None:
        given = (input, linear_weight, target, linear_bias, weight, ignored, reduction)
        if _are_chunked(target, sizes, reduction, label_smoothing, options):
            return _in_chunks(given, options)
    rows: Any = linear_weight.reshape(-1, input.shape[-1]) if len(sizes) > 1 else linear_weight
    shift: Any = linear_bias
    if linear_bias is not None and len(sizes) > 1:
        shift = linear_bias.reshape(-1)
    return cross_entropy(
        linear(input, rows, shift).reshape(shape),
        target,
        weight=weight,
        reduction=reduction,
        ignore_index=ignored,
        label_smoothing=label_smoothing,
    )


def _are_chunked(
    target: Tensor, sizes: tuple[int, ...], reduction: str, label_smoothing: float, options: Any
) -> bool:
    """Return whether options are followed; warn where not, as torch does, and refuse others."""
    if not hasattr(options, "_resolved"):
        msg = f"options must be LinearCrossEntropyOptions or None, got {type(options).__name__}"
        raise TypeError(msg)
    wrong = []
    if reduction not in {"mean", "sum", "none"}:
        wrong.append(f"reduction={reduction!r}")
    if label_smoothing != 0.0:
        wrong.append(f"label_smoothing={label_smoothing}")
    if target.dtype is not int64:
        wrong.append(f"target.dtype={target.dtype}")
    if len(sizes) > 1:
        wrong.append(f"out_features={tuple(sizes[1:])}")
    if wrong:
        warnings.warn(
            "linear_cross_entropy: ``options`` ignored; the logits are computed at once, because "
            "chunks need reduction in {'mean','sum','none'}, label_smoothing == 0, target.dtype == "
            f"int64 and out_features == (). Got {', '.join(wrong)}.",
            stacklevel=3,
        )
    return not wrong


def _in_chunks(given: tuple[Any, ...], options: Any) -> Tensor:
    """Return the loss by chunks of rows; a single row has no batch dimension, nor has its loss."""
    input, linear_weight, target, bias, weight, ignore_index, reduction = given
    is_single = input.dim() == 1
    if is_single:
        input, target = input.unsqueeze(0), target.unsqueeze(0)
    check_target_shape(input, target)
    classes, features = linear_weight.shape
    size, kind = options._resolved(input.shape[0], features, classes, input.dtype)
    chunks = Chunks(size, kind.numpy, options.allow_retain_graph)
    out: Tensor = linear_cross_entropy_by_chunks(
        input, linear_weight, target, bias, weight, ignore_index, reduction, chunks
    )
    if is_single:
        out = out.squeeze(0)
    return out


def _check_linear(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    msg = ""
    if input.dim() not in {1, 2}:
        msg = f"expected input with dimensionality 1 or 2, got {input.dim()}"
    elif weight.dim() < 2:
        msg = f"expected linear_weight with dimensionality at least 2, got {weight.dim()}"
    elif input.shape[-1] != weight.shape[-1]:
        msg = (
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{input.shape[-1]} and {weight.shape[-1]}, respectively"
        )
    elif bias is not None and bias.shape != weight.shape[:-1]:
        msg = f"expected linear_bias shape {tuple(weight.shape[:-1])}, got {tuple(bias.shape)}"
    elif weight.dim() > 2 and input.dim() == 1:
        msg = (
            f"K-dimensional loss defined by linear_weight shape {tuple(weight.shape)} requires "
            f"batched input, (N, {input.shape[-1]}), got unbatched input with shape "
            f"{tuple(input.shape)}"
        )
    if msg:
        raise RuntimeError(msg)
