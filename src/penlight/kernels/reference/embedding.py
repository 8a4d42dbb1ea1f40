"""Embedding: the gradient of the table."""

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
    wrong = np.flatnonzero((indices < 0) | (indices >= rows))
    if wrong.size:
        at = int(wrong[0])
        message = (
            f"index out of range in self: got index {indices[at]} at position {at}, "
            f"but there are {rows} rows"
        )
        raise IndexError(message)
    np.add.at(out, indices, values)
