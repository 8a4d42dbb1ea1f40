"""Embeddings, bags of embeddings, and one-hot vectors."""

from __future__ import annotations

import warnings
from typing import Any

from ..._dtype import int64
from ..._tensor import Tensor
from ...autograd.grad_mode import no_grad
from ...ops import embedding as ops, embedding_bag as bags
from ...ops.creation import zeros

__all__ = ["embedding", "embedding_bag", "one_hot"]


def _padding_row(padding_idx: int | None, rows: int) -> int | None:
    """Return a padding index counted from 0, -1 for none; None where it is outside the table."""
    if padding_idx is None:
        return -1
    return padding_idx % rows if -rows <= padding_idx < rows else None


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Look up rows of ``weight``.

    Args:
        input: indices, int32 or int64, any shape.
        weight: the table, shape (rows, features).
        padding_idx: a row that gets no gradient.
        max_norm: rows that are used are first scaled down to this norm, in place.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide a row's gradient by how often its index occurs in ``input``.
        sparse: accepted; gradients are dense, with the same values.

    Shape:
        - input: :math:`(*)`; output: :math:`(*, H)`

    Raises:
        IndexError: an index is out of range.
        RuntimeError: the indices are not integers.
        AssertionError: ``padding_idx`` is outside the table.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.embedding(torch.tensor([1, 0]), torch.tensor([[1.0], [2.0]]))
        tensor([[2.],
                [1.]])
    """
    rows = weight.shape[0] if weight.dim() else 0
    padding = _padding_row(padding_idx, rows)
    if padding is None:
        msg = (
            f"Padding_idx must be within num_embeddings: got {padding_idx} for a table of {rows} "
            "rows"
        )
        raise AssertionError(msg)
    if max_norm is not None:
        with no_grad():
            ops.embedding_renorm_(weight, input.contiguous(), max_norm, norm_type)
    out: Tensor = ops.embedding(weight, input, padding, scale_grad_by_freq, sparse)
    return out


_MODES = {"sum": bags.SUM, "mean": bags.MEAN, "max": bags.MAX}


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Combine the rows of each bag of indices, without keeping the rows.

    Args:
        input: indices; shape (B, N) for bags of equal length, or (total) with ``offsets``.
        weight: the table, shape (rows, features).
        offsets: where each bag starts, shape (B).
        max_norm: rows that are used are first scaled down to this norm, in place.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide a row's gradient by how often its index occurs. Not
            with ``"max"``.
        mode: ``"sum"``, ``"mean"`` or ``"max"``; an empty bag gives zeros.
        sparse: accepted; gradients are dense.
        per_sample_weights: factors of the rows, in the shape of ``input``; for ``"sum"`` only.
        include_last_offset: ``offsets`` has one more entry, the end of the last bag.
        padding_idx: an index that is left out of its bag.

    Shape:
        - output: :math:`(B, H)`

    Raises:
        RuntimeError: an index is out of range, or dtypes do not fit.
        ValueError: shapes or options do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.embedding_bag(torch.tensor([[0, 1]]), torch.tensor([[1.0], [2.0]]))
        tensor([[1.5000]])
    """
    if weight.dtype is int64 and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag("
            "weight, input, ...)` is deprecated, and should now be `embedding_bag(input, "
            "weight, ...)`.",
            stacklevel=2,
        )
        input, weight = weight, input
    flat, offsets, factors = _as_bags(input, offsets, per_sample_weights)
    if weight.dim() != 2:
        msg = f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}"
        raise ValueError(msg)
    _check_mode(mode, scale_grad_by_freq, sparse, factors)
    rows = weight.shape[0]
    padding = _padding_row(padding_idx, rows)
    if padding is None:
        msg = (
            f"padding_idx must be within the number of embeddings, {-rows} through {rows - 1}, but "
            f"got {padding_idx}"
        )
        raise RuntimeError(msg)
    if max_norm is not None:
        with no_grad():
            ops.embedding_renorm_(weight, flat, max_norm, norm_type)
    out: Tensor = bags.embedding_bag(
        weight,
        flat,
        offsets,
        scale_grad_by_freq,
        _MODES[mode],
        sparse,
        factors,
        include_last_offset,
        padding,
    )
    return out


def _check_mode(mode: str, scale_grad_by_freq: bool, sparse: bool, factors: Tensor | None) -> None:
    if mode not in _MODES:
        msg = f"mode has to be one of sum, mean or max, got {mode!r}"
        raise ValueError(msg)
    if mode == "max" and scale_grad_by_freq:
        msg = "max mode does not support scaling the gradient by the frequency"
        raise ValueError(msg)
    if mode == "max" and sparse:
        msg = "max mode does not support sparse weights"
        raise ValueError(msg)
    if factors is not None and mode != "sum":
        msg = (
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}'). Please open a feature request on GitHub."
        )
        raise NotImplementedError(msg)


def _as_bags(input: Any, offsets: Any, factors: Any) -> tuple[Any, Any, Any]:
    """Return flat indices, the bags' offsets and flat factors."""
    if factors is not None and input.shape != factors.shape:
        msg = (
            f"embedding_bag: If per_sample_weights ({factors.shape}) is not None, then it must "
            f"have the same shape as the input ({input.shape})"
        )
        raise ValueError(msg)
    if input.dim() == 2:
        if offsets is not None:
            msg = (
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch "
                f"of fixed length sequences. However, found offsets of type {type(offsets)}"
            )
            raise ValueError(msg)
        count, length = input.shape
        starts = bags.even_offsets(count, length)
        return input.reshape(-1), starts, None if factors is None else factors.reshape(-1)
    if input.dim() != 1:
        msg = f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}"
        raise ValueError(msg)
    if offsets is None:
        msg = "offsets has to be a 1D Tensor but got None"
        raise ValueError(msg)
    if offsets.dim() != 1:
        msg = f"offsets has to be a 1D Tensor, but got Tensor of dimension {offsets.dim()}"
        raise ValueError(msg)
    return input, offsets, factors


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Turn class indices into vectors with a one at the index.

    Args:
        tensor: class indices, int64, any shape.
        num_classes: the vectors' length; one more than the largest index when -1.

    Shape:
        - input: :math:`(*)`; output: :math:`(*, C)`, int64

    Raises:
        RuntimeError: an index is negative or not below ``num_classes``, or not int64.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.one_hot(torch.tensor([1, 0]))
        tensor([[0, 1],
                [1, 0]])
    """
    if tensor.dtype.name != "int64":
        msg = f"one_hot is only applicable to index tensor of type LongTensor, got {tensor.dtype}"
        raise RuntimeError(msg)
    if not tensor.numel():
        if num_classes <= 0:
            msg = "Can not infer total number of classes from empty tensor."
            raise RuntimeError(msg)
        return zeros(*tensor.shape, num_classes, dtype=tensor.dtype)
    low, high = int(tensor.min().item()), int(tensor.max().item())
    if low < 0:
        msg = f"Class values must be non-negative, got {low}"
        raise RuntimeError(msg)
    classes = high + 1 if num_classes == -1 else num_classes
    if high >= classes:
        msg = f"Class values must be smaller than num_classes: got {high} with {classes} classes"
        raise RuntimeError(msg)
    out: Any = zeros(*tensor.shape, classes, dtype=tensor.dtype)
    out.scatter_(-1, tensor.unsqueeze(-1), 1)
    return out  # type: ignore[no-any-return]
