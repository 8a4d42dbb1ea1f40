"""Rows of a table by index: embedding, embedding_bag, and the norms they keep."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from ..autograd.views import storage_of
from . import _check
from ._op import Saving, op
from .table_memory import table_with_rows, with_note

__all__ = ["embedding", "embedding_renorm_"]

SUM, MEAN, MAX = 0, 1, 2


def check_index_dtype(function: str, name: str, indices: Array) -> None:
    """Refuse what cannot be indices: only int32 and int64 can."""
    if indices.dtype in {np.dtype(np.int64), np.dtype(np.int32)}:
        return
    kind = _check.scalar_type(indices)
    text = f"CPU{kind}Type" if kind in {"Bool", "BFloat16"} else f"torch.{kind}Tensor"
    msg = (
        f"Expected tensor for argument #1 '{name}' to have one of the following scalar types: "
        f"Long, Int; but got {text} instead (while checking arguments for {function}): "
        f"convert the {name} with .long()"
    )
    raise RuntimeError(msg)


def first_outside(indices: Array, rows: int) -> tuple[Any, int] | None:
    """Return position and value of the first index that leaves a table, or None."""
    if not indices.size or (int(indices.min()) >= 0 and int(indices.max()) < rows):
        return None
    place = np.argwhere((indices < 0) | (indices >= rows))[0]
    return place, int(indices[tuple(place)])


def check_indices(indices: Array, rows: int) -> None:
    """Refuse indices that leave the table of an embedding, naming the first."""
    outside = first_outside(indices, rows)
    if outside is None:
        return
    place, value = outside
    at = f" at position {_check.position_text(place)} of its input" if indices.ndim else ""
    msg = (
        f"index out of range in self: embedding got index {value}{at}, but the table has {rows} "
        f"rows, {_limits(rows)}"
    )
    raise IndexError(msg)


def _limits(rows: int) -> str:
    return f"so indices run from 0 to {rows - 1}" if rows else "so there is no valid index"


def _check_table(function: str, weight: Array) -> None:
    if weight.ndim != 2:
        msg = f"'weight' must be 2-D: {function} got a table of shape {list(weight.shape)}"
        raise RuntimeError(msg)


@op(
    "embedding",
    node="EmbeddingBackward0",
    method=False,
    quiet=True,
    weight=lambda grad, weight_shape, indices, padding_idx, scale_grad_by_freq: with_note(
        embedding_backward(grad, indices, weight_shape[0], padding_idx, scale_grad_by_freq)
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
    check_index_dtype("embedding", "indices", indices)
    check_indices(indices, weight.shape[0])
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
    if padding_idx >= 0:
        flat, values = flat[flat != padding_idx], values[flat != padding_idx]
    if scale_grad_by_freq:
        values = values / _frequency(flat, rows)[flat, None].astype(grad.dtype)
    return _summed(rows, flat, values).astype(grad.dtype, copy=False)


def _summed(rows: int, index: Array, values: Array) -> Array:
    """Return zeros with each row of ``values`` added at its index; half types in float32."""
    kind = np.float32 if values.dtype.itemsize == 2 else values.dtype
    places = np.ascontiguousarray(index, dtype=np.int64)
    values = np.ascontiguousarray(values, dtype=kind)
    return table_with_rows((rows, values.shape[1]), places, values)


def _frequency(flat: Array, rows: int) -> Array:
    return np.bincount(flat, minlength=rows)


def _regathered(grad: Any, indices: Any, padding_idx: int, scale_grad_by_freq: bool) -> Any:
    """The adjoint of :func:`embedding_backward`: the rows again, no padding, scaled the same."""
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
    check_index_dtype("embedding_renorm_", "indices", used)
    check_indices(used, table.shape[0])
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


def _check_offsets(offsets: Array, count: int, *, last: bool) -> None:
    check_index_dtype("embedding_bag", "offsets", offsets)
    if last and not offsets.size:
        msg = "include_last_offset: number of offset should be at least 1"
        raise RuntimeError(msg)
    if offsets.size and offsets[0] != 0:
        msg = (
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {int(offsets[0])}"
        )
        raise RuntimeError(msg)
    if offsets.size and int(offsets[-1]) > count:
        msg = (
            f"offsets[-1] can not be greater than input's length {count} but got offsets[-1] of "
            f"{int(offsets[-1])}"
        )
        raise RuntimeError(msg)
    falls = np.flatnonzero(np.diff(offsets) < 0)
    if falls.size:
        place = int(falls[0]) + 1
        msg = (
            f"offsets must not decrease: offsets[{place}] is {int(offsets[place])} after "
            f"{int(offsets[place - 1])}"
        )
        raise RuntimeError(msg)


def _check_bag(weight: Array, indices: Array, factors: Array | None, kind: int) -> None:
    check_index_dtype("embedding_bag", "indices", indices)
    if weight.dtype.kind in "biu":
        msg = (
            "Expected tensor for argument #1 'weight' to have one of the following scalar types: "
            f"Half, BFloat16, Float, Double; but got torch.{_check.scalar_type(weight)}Tensor "
            "instead (while checking arguments for embedding_bag)"
        )
        raise RuntimeError(msg)
    if factors is not None and factors.dtype != weight.dtype:
        types = [f"torch.{_check.scalar_type(array)}Tensor" for array in (weight, factors)]
        msg = (
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument "
            f"#1 'per_sample_weights'; but type {types[0]} does not equal {types[1]} (while "
            "checking arguments for embedding_bag)"
        )
        raise RuntimeError(msg)
    rows = weight.shape[0]
    outside = first_outside(indices, rows)
    if outside is None:
        return
    place, value = outside
    msg = (
        f"Index {int(place[0])} of input takes value {value} which is not in the valid range "
        f"[0, {rows}): the table has {rows} rows, {_limits(rows)}"
    )
    if kind == MAX:
        msg = (
            "embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be "
            f"{value}, at position {int(place[0])} of the indices; the table has {rows} rows"
        )
    # torch: IndexError for embedding, RuntimeError here.
    raise RuntimeError(msg)


def _bag_plan(
    indices: Array, offsets: Array, padding_idx: int, *, last: bool
) -> tuple[Array, Array, Array]:
    """Return the kept positions, their bags' numbers, and the bags' sizes without padding."""
    _check_offsets(offsets, indices.size, last=last)
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
        with_note(
            bag_weight_grad(
                grad, weight_shape, indices, plan, kind, scale_grad_by_freq, per_sample_weights
            )
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
        RuntimeError: an index is out of range, or the offsets do not rise from 0.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.functional import embedding_bag
        >>> table = torch.tensor([[1.0], [2.0], [4.0]])
        >>> embedding_bag(torch.tensor([0, 2]), table, torch.tensor([0]), mode="sum")
        tensor([[5.]])
    """
    _check_bag(weight, indices, per_sample_weights, kind)
    kept, bags, sizes = _bag_plan(indices, offsets, padding_idx, last=include_last_offset)
    rows = np.take(weight, indices[kept], axis=0)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights[kept, None]
    if kind == MAX:
        out, argmax = _bag_maximum(rows, bags, sizes)
        return Saving(out, plan=(kept, bags, sizes, argmax))
    out = _summed(len(sizes), bags, rows)
    if kind == MEAN:
        out /= np.maximum(sizes, 1)[:, None].astype(out.dtype)
    return Saving(out.astype(weight.dtype, copy=False), plan=(kept, bags, sizes, None))


def _bag_maximum(rows: Array, bags: Array, sizes: Array) -> tuple[Array, Array]:
    """Return each bag's maximum per feature, and the first row it is in (-1: none)."""
    shape = (len(sizes), rows.shape[1])
    out = np.full(shape, -np.inf, rows.dtype)
    np.maximum.at(out, bags, rows)
    places = np.where(rows == out[bags], np.arange(len(bags))[:, None], len(bags))
    argmax = np.full(shape, len(bags))
    np.minimum.at(argmax, bags, places)
    out[sizes == 0] = 0
    return out, np.where(argmax < len(bags), argmax, -1)


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
    """Return the table's gradient of :func:`embedding_bag`; torch has no second one."""
    kept, bags, sizes, argmax = plan
    used = indices[kept]
    if kind == MAX:
        out = np.zeros(shape, grad.dtype)
        hit, feature = np.nonzero(argmax >= 0)
        np.add.at(out, (used[argmax[hit, feature]], feature), grad[hit, feature])
        return out
    values = grad[bags]
    if kind == MEAN:
        values = values / sizes[bags, None].astype(grad.dtype)
    if per_sample_weights is not None:
        values = values * per_sample_weights[kept, None]
    if scale_grad_by_freq:
        # torch 2.13 takes another index's frequency where an earlier one repeats: an accident.
        values = values / _frequency(used, shape[0])[used, None].astype(grad.dtype)
    return _summed(shape[0], used, values).astype(grad.dtype, copy=False)


@op("_bag_sample_grad", node="EmbeddingBagPerSampleWeightsBackward0", method=False, quiet=True)
def bag_sample_grad(grad: Array, weight: Array, indices: Array, plan: Any) -> Array:
    """Return the gradient of the factors of :func:`embedding_bag`."""
    kept, bags, _, _ = plan
    out = np.zeros(indices.shape, grad.dtype)
    out[kept] = (grad[bags] * weight[indices[kept]]).sum(axis=1)
    return out
