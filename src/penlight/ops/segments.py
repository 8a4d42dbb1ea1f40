"""Reductions of segments: runs of rows, each of a length of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._tensor import Array, Tensor, wrap
from . import _check
from ._elementwise import refuse
from ._op import Saving, op
from .gathering import index_add, index_fill, index_select
from .scattering import COMBINE, Places, index_reduce, reduced_grads

__all__ = ["segment_reduce"]

# torch's names of the reductions, and those of index_reduce.
_KINDS = {"sum": "sum", "mean": "mean", "prod": "prod", "max": "amax", "min": "amin"}
_EMPTY = {"sum": 0.0, "mean": math.nan, "prod": 1.0, "amax": -math.inf, "amin": math.inf}


def _rows_of(data: Array, lengths: Array, axis: int) -> Array:
    """Return, for each row of the data, the number of its segment among all."""
    if lengths.ndim - 1 != axis:
        msg = f"segment_reduce(): Expected axis to be the last dimension of lengths but got {axis}."
        raise RuntimeError(msg)
    if lengths.size and lengths.min() < 0:
        msg = f"lengths contains negative value! The smallest is {lengths.min()}"
        raise RuntimeError(msg)
    count = data.shape[axis]
    if lengths.shape[:-1] != data.shape[:axis] or (lengths.sum(axis=-1) != count).any():
        msg = (
            "segment_reduce(): Expected all rows of lengths along axis to sum to "
            f"data.size(lengths.dim()-1) when !unsafe. Got {lengths.tolist()} for {count} rows"
        )
        raise RuntimeError(msg)
    return np.repeat(np.arange(lengths.size), lengths.reshape(-1))


def _flat(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """Return a shape with the dimensions up to ``axis`` as one."""
    return (math.prod(shape[: axis + 1]), *shape[axis + 1 :])


def _segment_grad(
    grad: Any, data: Any, reduce: str, axis: int, initial: Any, rows: Any, out: Any
) -> Any:
    kind = _KINDS[reduce]
    values = data.reshape(_flat(data._array.shape, axis))
    found = out.reshape(_flat(out._array.shape, axis))
    grads = grad.reshape(found._array.shape)
    begun = initial is not None and kind != "mean"
    own = found.detach() * 0 + initial if begun else found.detach()
    places = Places(
        lambda tensor: index_select(tensor, 0, rows),
        lambda tensor, source: index_add(tensor, 0, rows, source),
        lambda tensor, source: index_reduce(tensor, 0, rows, source, "prod"),
        lambda tensor: index_fill(tensor, 0, rows, 0),
    )
    return reduced_grads(grads, (own, values, found), kind, begun, places)[1].reshape(
        data._array.shape
    )


@op("_segment_reduce", node="SegmentReduceBackward0", method=False, saves=("rows",))
def _segment_reduce(data: Array, lengths: Array, reduce: str, axis: int, initial: Any) -> Saving:
    """Return each segment's reduction."""
    rows, kind = _rows_of(data, lengths, axis), _KINDS[reduce]
    shape = (*lengths.shape, *data.shape[axis + 1 :])
    start = (0.0 if kind == "mean" else _EMPTY[kind]) if initial is None else initial
    out = np.full(_flat(shape, axis), start, data.dtype)
    COMBINE[kind](out, rows, data.reshape(_flat(data.shape, axis)))
    if kind == "mean":
        counts = lengths.reshape(-1, *(1,) * (out.ndim - 1))
        empty = math.nan if initial is None else initial
        out = np.where(counts == 0, empty, out / np.maximum(counts, 1)).astype(data.dtype)
    return Saving(out.reshape(shape), rows=wrap(rows))


_segment_reduce.op.add_rule(("data",), _segment_grad)


def segment_reduce(
    data: Tensor,
    reduce: str,
    *,
    lengths: Tensor | None = None,
    indices: Tensor | None = None,
    offsets: Tensor | None = None,
    axis: int = 0,
    unsafe: bool = False,
    initial: Any = None,
) -> Tensor:
    """Reduce runs of rows, each of a length of its own.

    Args:
        data: a floating tensor.
        reduce: ``"sum"``, ``"mean"``, ``"max"``, ``"min"`` or ``"prod"``.
        lengths: the length of each run; its dimensions before the last are those of ``data``.
        indices: refused, as in torch.
        offsets: where each run begins, and where the last ends, instead of ``lengths``.
        axis: the dimension that is cut into runs.
        unsafe: accepted; lengths are checked always.
        initial: what a reduction begins with, and what an empty run gives.

    Raises:
        RuntimeError: neither lengths nor offsets are given, or they do not make up the dimension.
        NotImplementedError: the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.segment_reduce(torch.tensor([1.0, 2.0, 3.0]), "sum", lengths=torch.tensor([2, 1]))
        tensor([3., 3.])
    """
    del unsafe
    if indices is not None:
        msg = "segment_reduce(): indices based reduction is not supported yet."
        raise RuntimeError(msg)
    if lengths is None and offsets is None:
        msg = "segment_reduce(): Either lengths or offsets must be defined."
        raise RuntimeError(msg)
    if reduce not in _KINDS:
        msg = f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        raise RuntimeError(msg)
    given = wrap(np.diff(offsets._array, axis=-1)) if offsets is not None else lengths
    refuse("_segment_reduce_cpu", data._array, kinds="bi")
    place = _check.dim(axis, data._array.ndim)
    out: Tensor = _segment_reduce(data, given, reduce, place, initial)
    return out
