"""Rows of a table by index: embedding, embedding_bag, and the norms they keep."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Array, Tensor
from ..autograd.views import storage_of
from . import _check
from ._op import Saving, op

__all__ = ["embedding", "embedding_bag", "embedding_renorm_"]

SUM, MEAN, MAX = 0, 1, 2


def check_indices(function: str, indices: Array, rows: int) -> None:
    """Refuse indices that are not integers, or that leave the table, naming the first."""
    if indices.dtype.kind != "i" or indices.dtype.itemsize < 4:
        msg = (
            f"Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, "
            f"Int; but got torch.{_check.scalar_type(indices)}Tensor instead (while checking arguments "
            f"for {function}): convert the indices with .long()"
        )
        raise RuntimeError(msg)
    if not indices.size:
        return
    if int(indices.min()) >= 0 and int(indices.max()) < rows:
        return
    outside = np.argwhere((indices < 0) | (indices >= rows))[0]
    value = int(indices[tuple(outside)])
    at = f" at position {_check.position_text(outside)} of its input" if indices.ndim else ""
    limits = f"so indices run from 0 to {rows - 1}" if rows else "so there is no valid index"
    msg = (
        f"index out of range in self: {function} got index {value}{at}, but the table has {rows} "
        f"rows, {limits}"
    )
    raise IndexError(msg)


def _check_table(function: str, weight: Array) -> None:
    if weight.ndim != 2:
        msg = f"'weight' must be 2-D: {function} got a table of shape {list(weight.shape)}"
        raise RuntimeError(msg)


@op(
    "embedding",
    node="EmbeddingBackward0",
    method=False,
    quiet=True,
    weight=lambda grad, weight_shape, indices, padding_idx, scale_grad_by_freq: embedding_backward(
        grad, indices, weight_shape[0], padding_idx, scale_grad_by_freq
    ),
)
def embedding(
    weight: Array,
    indices: Array,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Array:
    """Return the rows of a table that ``indices`` name.

    Args:
        weight: the table, shape (rows, features).
        indices: int32 or int64, any shape.
        padding_idx: a row whose gradient stays zero; -1 for none.
        scale_grad_by_freq: divide a row's gradient by how often its index occurs.
        sparse: accepted; gradients are dense.

    Returns:
        Shape of ``indices`` followed by (features).

    Raises:
        IndexError: an index is out of range.
        RuntimeError: the indices are not integers, or the table is not a matrix.

    Example:
        >>> import penlight as torch
        >>> torch.embedding(torch.tensor([[1.0], [2.0]]), torch.tensor([1, 0]))
        tensor([[2.],
                [1.]])
    """
    _check_table("embedding", weight)
    check_indices("embedding", indices, weight.shape[0])
    return np.take(weight, indices, axis=0)


@op(
    "_embedding_backward",
    node="EmbeddingBackwardBackward0",
    method=False,
    quiet=True,
    grad=lambda grad, indices, padding_idx, scale_grad_by_freq: _regathered(
        grad, indices, padding_idx, scale_grad_by_freq
    ),
)
def embedding_backward(
    grad: Array,
    indices: Array,
    rows: int,
    padding_idx: int,
    scale_grad_by_freq: bool,
) -> Array:
    """Return the table's gradient: each row the sum of the gradients where it was used.

    Half types are summed in float32.
    """
    flat = np.ascontiguousarray(indices, dtype=np.int64).reshape(-1)
    width = grad.shape[-1]
    values = np.ascontiguousarray(grad).reshape(flat.size, width)
    out = np.zeros((rows, width), grad.dtype)
    if padding_idx >= 0:
        flat, values = flat[flat != padding_idx], values[flat != padding_idx]
    if scale_grad_by_freq:
        values = values / _frequency(flat, rows)[flat, None].astype(grad.dtype)
    wide = np.zeros(out.shape, np.float32) if grad.dtype.itemsize == 2 else out
    kernels.add_rows(wide, flat, values.astype(wide.dtype, copy=False))
    return wide.astype(grad.dtype, copy=False)


def _frequency(flat: Array, rows: int) -> Array:
    return np.bincount(flat, minlength=rows)


def _regathered(grad: Any, indices: Any, padding_idx: int, scale_grad_by_freq: bool) -> Any:
    """The adjoint of :func:`embedding_backward`: the rows again, padding left out, scaled the same."""
    rows = embedding(grad, indices)
    if padding_idx >= 0:
        rows = rows * (indices != padding_idx).unsqueeze(-1)
    if scale_grad_by_freq:
        counts = indices.flatten().bincount(minlength=grad.shape[0])
        rows = rows / counts[indices].unsqueeze(-1)
    return rows


def embedding_renorm_(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """Scale the rows that ``indices`` name down to a norm of at most ``max_norm``, in place.

    Not recorded, as in torch.
    """
    table, used = weight._array, indices._array
    check_indices("embedding_renorm_", used, table.shape[0])
    rows = np.unique(used)
    values = table[rows].astype(np.float64 if table.dtype.itemsize > 2 else np.float32)
    norms = np.linalg.norm(values, ord=norm_type, axis=1).astype(table.dtype)
    over = norms > max_norm
    # torch: the 1e-7 keeps rows of norm zero finite.
    factor = (max_norm / (norms[over].astype(np.float64) + 1e-7)).astype(table.dtype)
    table[rows[over]] *= factor[:, None]
    storage_of(weight).version += 1
    return weight


# ---- bags ---------------------------------------------------------------------------------------


def _bag_numbers(offsets: Array, count: int) -> Array:
    """Return the number of the bag that each index belongs to."""
    sizes = np.diff(np.append(offsets, count))
    return np.repeat(np.arange(len(offsets)), sizes)


def _check_offsets(offsets: Array, count: int) -> None:
    if offsets.ndim != 1:
        msg = f"offsets has to be a 1D Tensor, but got Tensor of dimension {offsets.ndim}"
        raise ValueError(msg)
    if offsets.size and offsets[0] != 0:
        msg = (
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {int(offsets[0])}"
        )
        raise RuntimeError(msg)
    if offsets.size and int(offsets[-1]) > count:
        msg = (
            "offsets[-1] can not be greater than input's length"
            f" ({count}), but got offsets[-1] of {int(offsets[-1])}"
        )
        raise RuntimeError(msg)
    if np.any(np.diff(offsets) < 0):
        place = int(np.argmax(np.diff(offsets) < 0)) + 1
        msg = f"offsets must not decrease: offsets[{place}] is {int(offsets[place])} after {int(offsets[place - 1])}"
        raise RuntimeError(msg)


def _bag_plan(
    weight: Array, indices: Array, offsets: Array, padding_idx: int, *, last: bool
) -> tuple[Array, Array, Array]:
    """Return the kept positions, their bags' numbers, and the bags' sizes without padding."""
    _check_table("embedding_bag", weight)
    check_indices("embedding_bag", indices, weight.shape[0])
    _check_offsets(offsets, indices.size)
    starts = offsets[:-1] if last else offsets
    bags = _bag_numbers(starts, indices.size if not last else int(offsets[-1]))
    kept = np.arange(bags.size)
    if padding_idx >= 0:
        kept = kept[indices[kept] != padding_idx]
        bags = bags[kept]
    sizes = np.bincount(bags, minlength=len(starts))
    return kept, bags, sizes


@op(
    "_embedding_bag",
    node="EmbeddingBagBackward0",
    method=False,
    quiet=True,
    saves=("plan",),
    weight=lambda grad, weight_shape, indices, plan, kind, scale_grad_by_freq, per_sample_weights: (
        bag_weight_grad(
            grad, weight_shape, indices, plan, kind, scale_grad_by_freq, per_sample_weights
        )
    ),
    per_sample_weights=lambda grad, weight, indices, plan: bag_sample_grad(
        grad, weight, indices, plan
    ),
)
def embedding_bag(
    weight: Array,
    indices: Array,
    offsets: Array,
    scale_grad_by_freq: bool = False,
    kind: int = SUM,
    sparse: bool = False,
    per_sample_weights: Array | None = None,
    include_last_offset: bool = False,
    padding_idx: int = -1,
) -> Any:
    """Return the sum, mean or maximum of the rows of each bag of indices.

    Args:
        weight: the table, shape (rows, features).
        indices: int32 or int64, shape (count).
        offsets: where each bag starts in ``indices``.
        scale_grad_by_freq: divide a row's gradient by how often its index occurs.
        kind: 0 for sum, 1 for mean, 2 for maximum.
        sparse: accepted; gradients are dense.
        per_sample_weights: factors of the rows, for sum only.
        include_last_offset: ``offsets`` ends with the end of the last bag.
        padding_idx: an index that is left out; -1 for none.

    Raises:
        IndexError: an index is out of range.
        RuntimeError: the offsets do not rise from 0.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.functional import embedding_bag
        >>> table = torch.tensor([[1.0], [2.0], [4.0]])
        >>> embedding_bag(torch.tensor([0, 2]), table, torch.tensor([0]), mode="sum")
        tensor([[5.]])
    """
    kept, bags, sizes = _bag_plan(weight, indices, offsets, padding_idx, last=include_last_offset)
    rows = np.take(weight, indices[kept], axis=0)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights[kept, None]
    out = np.zeros((len(sizes), weight.shape[1]), weight.dtype)
    argmax = None
    if kind == MAX:
        out, argmax = _bag_maximum(rows, bags, out)
    else:
        np.add.at(out, bags, rows)
        if kind == MEAN:
            out /= np.maximum(sizes, 1)[:, None].astype(weight.dtype)
    return Saving(out, plan=(kept, bags, sizes, argmax))


def _bag_maximum(rows: Array, bags: Array, out: Array) -> tuple[Array, Array]:
    """Return each bag's maximum per feature, and the position of the row it came from (-1: none)."""
    out = np.full(out.shape, -np.inf, out.dtype)
    np.maximum.at(out, bags, rows)
    argmax = np.full(out.shape, -1, np.int64)
    for place in range(len(bags) - 1, -1, -1):
        hit = rows[place] == out[bags[place]]
        argmax[bags[place], hit] = place
    out[argmax < 0] = 0
    return out, argmax


@op("_bag_weight_grad", node="EmbeddingBagWeightBackward0", method=False, quiet=True)
def bag_weight_grad(
    grad: Array,
    shape: tuple[int, ...],
    indices: Array,
    plan: Any,
    kind: int,
    scale_grad_by_freq: bool,
    per_sample_weights: Array | None,
) -> Array:
    """Return the table's gradient of :func:`embedding_bag`; torch has no second derivative of it."""
    kept, bags, sizes, argmax = plan
    out = np.zeros(shape, grad.dtype)
    used = indices[kept]
    if kind == MAX:
        hit, feature = np.nonzero(argmax >= 0)
        np.add.at(out, (used[argmax[hit, feature]], feature), grad[hit, feature])
        return out
    values = grad[bags]
    if kind == MEAN:
        values = values / sizes[bags, None].astype(grad.dtype)
    if per_sample_weights is not None:
        values = values * per_sample_weights[kept, None]
    if scale_grad_by_freq:
        values = values / _frequency(used, shape[0])[used, None].astype(grad.dtype)
    np.add.at(out, used, values)
    return out


@op("_bag_sample_grad", node="EmbeddingBagPerSampleWeightsBackward0", method=False, quiet=True)
def bag_sample_grad(grad: Array, weight: Array, indices: Array, plan: Any) -> Array:
    """Return the gradient of the factors of :func:`embedding_bag`."""
    kept, bags, _, _ = plan
    out = np.zeros(indices.shape, grad.dtype)
    out[kept] = (grad[bags] * weight[indices[kept]]).sum(axis=1)
    return out
