"""Sums of many numbers: of the rows of a matrix, and of its columns."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def sum_rows(out: Array, input: Array) -> None:
    """Write the sum of each row."""
    with np.errstate(all="ignore"):
        np.add.reduce(input, axis=1, out=out)


def sum_columns(out: Array, input: Array) -> None:
    """Write the sum of each column."""
    with np.errstate(all="ignore"):
        np.add.reduce(input, axis=0, out=out)
