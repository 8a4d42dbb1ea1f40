"""Bags of rows of a table by index: their sums, means and maxima."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Array, Tensor, wrap
from . import _check
from ._op import Saving, op
from .embedding import check_index_dtype, first_outside, flat_indices, frequency, limits, summed
from .table_memory import fresh_table, with_note

__all__ = [
    "MAX",
    "MEAN",
    "SUM",
    "bag_sample_grad",
    "bag_weight_grad",
    "embedding_bag",
    "even_offsets",
]

SUM, MEAN, MAX = 0, 1, 2


def even_offsets(count: int, length: int) -> Tensor:
    """Return where each of ``count`` bags of equal length starts."""
    return wrap(np.arange(count) * length)


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
    falls = offsets[1:] < offsets[:-1]
    if falls.any():
        place = int(falls.argmax()) + 1
        msg = (
            f"offsets must not decrease: offsets[{place}] is {int(offsets[place])} after "
            f"{int(offsets[place - 1])}"
        )
        raise RuntimeError(msg)


def _check_bag(weight: Array, indices: Array, factors: Array | None) -> None:
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


def _check_bag_indices(weight: Array, indices: Array, kind: int) -> None:
    rows = weight.shape[0]
    outside = first_outside(indices, rows)
    if outside is None:
        return
    place, value = outside
    msg = (
        f"Index {int(place[0])} of input takes value {value} which is not in the valid range "
        f"[0, {rows}): the table has {rows} rows, {limits(rows)}"
    )
    if kind == MAX:
        msg = (
            "embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be "
            f"{value}, at position {int(place[0])} of the indices; the table has {rows} rows"
        )
    # torch: IndexError for embedding, RuntimeError here.
    raise RuntimeError(msg)


def _weight_rule(
    grad: Any,
    weight_shape: Any,
    indices: Any,
    plan: Any,
    kind: int,
    scale_grad_by_freq: bool,
    per_sample_weights: Any,
    padding_idx: int,
) -> Any:
    shape, by_freq = weight_shape, scale_grad_by_freq
    return with_note(
        bag_weight_grad(grad, shape, indices, plan, kind, by_freq, per_sample_weights, padding_idx)
    )


@op(
    "_embedding_bag",
    node="EmbeddingBagBackward0",
    method=False,
    quiet=True,
    saves=("plan",),
    weight=_weight_rule,
    per_sample_weights=lambda grad, weight, indices, plan, padding_idx: bag_sample_grad(
        grad, weight, indices, plan, padding_idx
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
    _check_bag(weight, indices, per_sample_weights)
    _check_offsets(offsets, indices.size, last=include_last_offset)
    bags = _Bags(indices, offsets, padding_idx, last=include_last_offset)
    if weight.dtype.itemsize == 2:
        _check_bag_indices(weight, indices, kind)
        return _half_bag(weight, bags, kind, per_sample_weights)
    table, factors = np.ascontiguousarray(weight), per_sample_weights
    if factors is not None:
        factors = np.ascontiguousarray(factors)
    out, plan, outside = _reduced(table, bags, kind, factors)
    if outside >= 0:
        _check_bag_indices(weight, indices, kind)
    return Saving(out, plan=plan)


class _Bags:
    """The bags as kernels take them: flat indices, where bags start and end, what is left out."""

    __slots__ = ("indices", "padding", "starts")

    def __init__(self, indices: Array, offsets: Array, padding: int, *, last: bool) -> None:
        self.indices = flat_indices(indices)
        self.padding = padding
        if last:
            self.starts = flat_indices(offsets)
            return
        self.starts = np.empty(offsets.size + 1, np.int64)
        self.starts[:-1] = offsets
        self.starts[-1] = indices.size

    def numbers(self) -> tuple[Array, Array]:
        """Return the positions that count, and each one's bag."""
        sizes = np.diff(self.starts)
        numbers = np.repeat(np.arange(sizes.size), sizes)
        kept = np.arange(self.starts[-1])
        if self.padding >= 0:
            kept = kept[self.indices[kept] != self.padding]
        return kept, numbers[kept]


def _reduced(
    table: Array, bags: _Bags, kind: int, factors: Array | None
) -> tuple[Array, tuple[Array, Array | None, Array | None], int]:
    """Return each bag's result, what backward needs, and where an index is out of range, or -1."""
    indices, starts, padding = bags.indices, bags.starts, bags.padding
    out = np.empty((starts.size - 1, table.shape[1]), table.dtype)
    if kind == MAX:
        places = np.empty(out.shape, np.int64)
        outside = kernels.bag_maxima(out, places, table, indices, starts, padding)
        return out, (starts, None, places), outside
    sizes = np.empty(out.shape[0], np.int64)
    mean = kind == MEAN
    outside = kernels.bag_sums(out, sizes, table, factors, indices, starts, padding, mean)
    return out, (starts, sizes, None), outside


def _half_bag(weight: Array, bags: _Bags, kind: int, factors: Array | None) -> Any:
    """Reduce half types, which are summed in float32 after each product has been rounded."""
    rows = np.take(weight, bags.indices, axis=0)
    if factors is not None:
        rows = rows * factors[:, None]
    places = np.arange(bags.indices.size)
    if bags.padding >= 0:
        # One row more, for what is left out.
        places[bags.indices == bags.padding] = places.size
        rows = np.append(rows, np.zeros_like(rows[:1], shape=(1, rows.shape[1])), axis=0)
    alone = _Bags(places, bags.starts, places.size if bags.padding >= 0 else -1, last=True)
    out, plan, _ = _reduced(np.ascontiguousarray(rows, dtype=np.float32), alone, kind, None)
    return Saving(out.astype(weight.dtype), plan=plan)


@op("_bag_weight_grad", node="EmbeddingBagWeightBackward0", method=False, quiet=True)
def bag_weight_grad(
    grad: Array,
    shape: tuple[int, int],
    indices: Array,
    plan: Any,
    kind: int,
    scale_grad_by_freq: bool,
    per_sample_weights: Array | None,
    padding_idx: int,
) -> Array:
    """Return the table's gradient of :func:`embedding_bag`; torch has no second one."""
    starts, sizes, places = plan
    bags = _Bags(indices, starts, padding_idx, last=True)
    if kind == MEAN:
        grad = grad / np.maximum(sizes, 1)[:, None].astype(grad.dtype)
    if scale_grad_by_freq or (grad.dtype.itemsize == 2 and kind != MAX):
        return _scaled_grad(grad, shape[0], bags, per_sample_weights, by_freq=scale_grad_by_freq)
    dtype = grad.dtype
    grad = np.ascontiguousarray(grad, dtype=np.float32 if dtype.itemsize == 2 else dtype)
    out = fresh_table(shape, grad.dtype, bags.indices)
    if kind == MAX:
        kernels.add_maxima(out, grad, places, bags.indices)
    else:
        factors = per_sample_weights
        if factors is not None:
            factors = np.ascontiguousarray(factors)
        kernels.add_bags(out, grad, factors, bags.indices, bags.starts, bags.padding)
    return out.astype(dtype, copy=False)


def _scaled_grad(
    grad: Array, rows: int, bags: _Bags, factors: Array | None, *, by_freq: bool
) -> Array:
    """Return the table's gradient with each row's share written out and rounded."""
    kept, numbers = bags.numbers()
    used, values = bags.indices[kept], grad[numbers]
    if factors is not None:
        values = values * factors[kept, None]
    if by_freq:
        # torch 2.13 takes another index's frequency where an earlier one repeats: an accident.
        values = values / frequency(used, rows)[used, None].astype(grad.dtype)
    return summed(rows, used, values).astype(grad.dtype, copy=False)


@op("_bag_sample_grad", node="EmbeddingBagPerSampleWeightsBackward0", method=False, quiet=True)
def bag_sample_grad(
    grad: Array, weight: Array, indices: Array, plan: Any, padding_idx: int
) -> Array:
    """Return the gradient of the factors of :func:`embedding_bag`."""
    bags = _Bags(indices, plan[0], padding_idx, last=True)
    if grad.dtype.itemsize == 2:
        kept, numbers = bags.numbers()
        out = np.zeros(indices.shape, grad.dtype)
        out[kept] = (grad[numbers] * weight[bags.indices[kept]]).sum(axis=1)
        return out
    grad, weight = np.ascontiguousarray(grad), np.ascontiguousarray(weight)
    out = np.empty(indices.shape, grad.dtype)
    kernels.bag_products(out, grad, weight, bags.indices, bags.starts, bags.padding)
    return out
