"""Rows of a table by index, and the norms they keep."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Array, Tensor
from ..autograd.views import storage_of
from . import _check
from ._op import op
from .table_memory import fresh_table, with_note

__all__ = ["embedding", "embedding_renorm_"]

_INDEX_KINDS = {np.dtype(np.int64), np.dtype(np.int32)}
_KERNEL_KINDS = {np.dtype(np.float32), np.dtype(np.float64)}


def check_index_dtype(function: str, name: str, indices: Array) -> None:
    """Refuse what cannot be indices: only int32 and int64 can."""
    if indices.dtype in _INDEX_KINDS:
        return
    kind = _check.scalar_type(indices)
    text = f"CPU{kind}Type" if kind in {"Bool", "BFloat16"} else f"torch.{kind}Tensor"
    msg = (
        f"Expected tensor for argument #1 '{name}' to have one of the following scalar types: "
        f"Long, Int; but got {text} instead (while checking arguments for {function}): "
        f"convert the {name} with .long()"
    )
    raise RuntimeError(msg)


def flat_indices(indices: Array) -> Array:
    """Return indices as the kernels take them: int64, contiguous, one dimension."""
    return np.ascontiguousarray(indices, dtype=np.int64).reshape(-1)


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
        f"rows, {limits(rows)}"
    )
    raise IndexError(msg)


def limits(rows: int) -> str:
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
    if weight.dtype not in _KERNEL_KINDS or not weight.flags.c_contiguous:
        check_indices(indices, weight.shape[0])
        return np.take(weight, indices, axis=0)
    flat = flat_indices(indices)
    width = weight.shape[1]
    out = np.empty((*indices.shape, width), weight.dtype)
    if kernels.gather_rows(out.reshape(flat.size, width), weight, flat) >= 0:
        check_indices(indices, weight.shape[0])
    return out


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
    flat = flat_indices(indices)
    width = grad.shape[-1]
    values = np.ascontiguousarray(grad).reshape(flat.size, width)
    if padding_idx >= 0:
        flat, values = flat[flat != padding_idx], values[flat != padding_idx]
    if scale_grad_by_freq:
        values = values / frequency(flat, rows)[flat, None].astype(grad.dtype)
    return summed(rows, flat, values).astype(grad.dtype, copy=False)


def summed(rows: int, index: Array, values: Array) -> Array:
    """Return zeros with each row of ``values`` added at its index; half types in float32."""
    kind = np.float32 if values.dtype.itemsize == 2 else values.dtype
    values = np.ascontiguousarray(values, dtype=kind)
    out = fresh_table((rows, values.shape[1]), kind, index)
    kernels.add_rows(out, index, values)
    return out


def frequency(flat: Array, rows: int) -> Array:
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


def embedding_renorm_(input: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """Scale the rows that ``indices`` name down to a norm of at most ``max_norm``, in place.

    Not recorded, as in torch.
    """
    table, used = input._array, indices._array
    check_index_dtype("embedding_renorm_", "indices", used)
    check_indices(used, table.shape[0])
    rows = np.unique(used)
    values = table[rows].astype(np.float64 if table.dtype.itemsize > 2 else np.float32)
    norms = np.linalg.norm(values, ord=norm_type, axis=1).astype(table.dtype)
    over = norms > max_norm
    # torch: the 1e-7 keeps rows of norm zero finite.
    factor = (max_norm / (norms[over].astype(np.float64) + 1e-7)).astype(table.dtype)
    table[rows[over]] *= factor[:, None]
    storage_of(input).version += 1
    return input
