"""Memory of large tables of which few rows are other than zero, and the notes of which they are.

The gradient of an embedding is such a table. Making it anew costs more than everything else in a
training step: all its pages come from the system and go back to it. So the memory is kept when the
gradient goes, its rows are set to zero, and the next one takes it.
"""

from __future__ import annotations

import weakref
from collections import deque
from typing import Any

import numpy as np

from .. import kernels
from .._storage import Rows, Storage
from .._tensor import Array, Tensor, wrap
from .._tensor_memory import root_of

__all__ = ["fresh_table", "note_rows", "rows_of", "unite", "with_note", "zero_state"]

# Below this many bytes a table is made like any other array.
LEAST_BYTES = 1 << 20
# How much memory may wait for the next table.
MOST_SPARE_BYTES = 1 << 28

_spare: deque[Array] = deque()


class _Owner:
    """What owns the memory of one table; when the table goes, so does this, and memory may stay.

    It goes with the last array that looks at the memory, so nobody can see it being set to zero.
    """

    def __init__(self, block: Array, indices: Array) -> None:
        self.block = block
        self.indices = indices
        self.storage: Storage | None = None
        self.__array_interface__ = block.__array_interface__

    def __del__(self, spare: Any = _spare, clear: Any = kernels.clear_rows) -> None:
        storage, block = self.storage, self.block
        if storage is None or storage.rows is None or storage.rows.version != storage.version:
            return
        clear(block, self.indices)
        spare.append(block)
        while sum(kept.nbytes for kept in spare) > MOST_SPARE_BYTES:
            spare.popleft()


def _zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return zeros, of memory that was kept if there is any of this shape."""
    for _ in range(len(_spare)):
        try:
            block = _spare.popleft()
        except IndexError:  # another thread took it
            break
        if block.shape == shape and block.dtype == dtype:
            return block
        _spare.append(block)
    return np.zeros(shape, dtype)


def fresh_table(shape: tuple[int, int], dtype: Any, indices: Array) -> Array:
    """Return a table of zeros to write the rows ``indices`` of, and no others.

    Args:
        shape: rows, features.
        dtype: float32 or float64.
        indices: int64, in range.
    """
    rows = shape[0]
    if rows * shape[1] * np.dtype(dtype).itemsize < LEAST_BYTES or 2 * indices.size > rows:
        return np.zeros(shape, dtype)
    table: Array = np.asarray(_Owner(_zeros(shape, dtype), unite(rows, indices)))
    return table


def with_note(table: Tensor) -> Tensor:
    """Note of a tensor around what :func:`fresh_table` made which rows were written."""
    owner: Any = table._array.base
    if owner.__class__ is _Owner:
        owner.storage = table._storage = Storage()
        note_rows(table, owner.indices, regular=False)
    return table


def zero_state(param: Tensor) -> Tensor:
    """Return zeros like a parameter; of a large table it is noted that no row holds anything."""
    array = param._array
    if array.ndim != 2 or array.nbytes < LEAST_BYTES or not array.flags.c_contiguous:
        return wrap(np.zeros_like(array))
    state = wrap(np.zeros(array.shape, array.dtype))
    state._storage = Storage()
    note_rows(state, np.empty(0, np.int64), regular=True)
    return state


def note_rows(tensor: Tensor, indices: Array, *, regular: bool) -> None:
    """Note that a tensor, as it is now, is zero outside the rows ``indices``."""
    storage: Any = tensor._storage
    root = weakref.ref(root_of(tensor._array))
    storage.rows = Rows(indices, storage.version, root, regular=regular)


def rows_of(tensor: Tensor) -> Rows | None:
    """Return the note of a tensor's rows if it still holds."""
    storage, array = tensor._storage, tensor._array
    if storage is None or storage.rows is None:
        return None
    rows: Rows = storage.rows
    root = rows.array()
    holds = (
        rows.version == storage.version
        and root is root_of(array)
        and root.shape == array.shape
        and root.strides == array.strides
    )
    return rows if holds else None


def unite(rows: int, *parts: Array) -> Array:
    """Return the union of row numbers below ``rows``, rising."""
    used = np.zeros(rows, np.bool)
    for part in parts:
        used[part] = True
    return np.flatnonzero(used)


def rows_with_gradient(grad: Tensor) -> Tensor:
    """Return, rising, the rows of a gradient that were written; if that is not known, those not 0.

    A gradient without dimensions has one row.
    """
    note = rows_of(grad)
    if note is not None:
        return wrap(note.indices)
    array = grad._array
    rows = array.reshape(len(array), -1) if array.ndim else array.reshape(1, 1)
    return wrap(np.flatnonzero((rows != 0).any(axis=1)))
