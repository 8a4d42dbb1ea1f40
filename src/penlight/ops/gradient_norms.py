"""Norms of many tensors, and scaling them in place, without calls of ops for each.

For clipping gradients. Where the tensors do not allow it (dtypes other than float32 or float64, or
different ones) nothing is done, and the caller goes tensor by tensor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Array, Tensor, wrap
from ..autograd.views import storage_of
from .joined_steps import MOST_ELEMENTS
from .table_memory import note_rows, rows_of

__all__ = ["lengths", "scale_"]

_FLOATS = frozenset({np.dtype(np.float32), np.dtype(np.float64)})


def lengths(tensors: Sequence[Tensor]) -> Tensor | None:
    """Return the 2-norms of tensors of one floating dtype as one vector; None: not so."""
    arrays = [_values(tensor) for tensor in tensors]
    kinds = {array.dtype for array in arrays}
    if len(kinds) != 1 or not kinds <= _FLOATS:
        return None
    squares = np.zeros(len(arrays), kinds.pop())
    small = [at for at, array in enumerate(arrays) if 0 < array.size <= MOST_ELEMENTS]
    with np.errstate(all="ignore"):
        if small:
            flat = np.concatenate([arrays[at] for at in small], axis=None)
            ends = np.cumsum([arrays[at].size for at in small])
            squares[small] = np.add.reduceat(flat * flat, np.append(0, ends[:-1]))
        for at, array in enumerate(arrays):
            if array.size > MOST_ELEMENTS:
                squares[at] = np.add.reduce(array * array, axis=None)
        return wrap(np.sqrt(squares))


def _values(tensor: Tensor) -> Array:
    """Return the elements of which some may be other than zero."""
    rows = rows_of(tensor)
    array: Array = tensor._array
    return array if rows is None else array[rows.indices]


def scale_(tensors: Sequence[Tensor], factor: Tensor) -> bool:
    """Multiply contiguous tensors of the factor's floating dtype in place; False: nothing done."""
    kind = factor._array.dtype
    if kind not in _FLOATS or factor._array.size != 1:
        return False
    if any(t._array.dtype != kind or not t._array.flags.forc for t in tensors):
        return False
    value: float = factor._array.item()
    with np.errstate(all="ignore"):
        for tensor in tensors:
            _scale(tensor, value)
    return True


def _scale(tensor: Tensor, value: float) -> None:
    array, rows = tensor._array, rows_of(tensor)
    # What is zero stays so, but for an infinite or undefined factor.
    kept: Any = rows if math.isfinite(value) else None
    if value != 1.0:
        if kept is None:
            np.multiply(array, value, out=array)
        else:
            array[kept.indices] *= value
    storage_of(tensor).version += 1
    if kept is not None:
        note_rows(tensor, kept.indices, regular=kept.regular)
