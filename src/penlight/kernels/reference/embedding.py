"""Embedding: rows of the table and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def add_rows(out: Array, indices: Array, values: Array) -> None:
    """Add each row of ``values`` to the row of ``out`` that its index names, in order.

    Args:
        out: added to, shape (V, E).
        indices: int64, shape (N).
        values: shape (N, E).

    Raises:
        IndexError: an index is outside [0, V); nothing has been added then.
        ValueError: the shapes do not fit.
    """
    rows, width = out.shape
    if values.shape != (indices.size, width):
        message = f"values: expected shape {(indices.size, width)}, got {values.shape}"
        raise ValueError(message)
    _check_indices(indices, rows)
    np.add.at(out, indices, values)


def clear_rows(out: Array, indices: Array) -> None:
    """Set the rows of ``out`` that ``indices`` name to zero.

    Args:
        out: written, shape (V, E).
        indices: int64, shape (N).

    Raises:
        IndexError: an index is outside [0, V); nothing has been written then.
    """
    _check_indices(indices, out.shape[0])
    out[indices] = 0


def _check_indices(indices: Array, rows: int) -> None:
    wrong = np.flatnonzero((indices < 0) | (indices >= rows))
    if wrong.size:
        at = int(wrong[0])
        message = (
            f"index out of range in self: got index {indices[at]} at position {at}, "
            f"but there are {rows} rows"
        )
        raise IndexError(message)
