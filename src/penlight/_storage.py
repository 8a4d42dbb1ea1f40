"""The identity and the version of one block of memory, and what is known of what it holds."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Storage:
    """What every alias of one block of memory shares.

    A tensor, its views and its ``detach()`` refer to one ``Storage``. Every in-place write adds one
    to ``version``; whoever saved a tensor for backward compares versions before using it. The
    memory itself belongs to the NumPy array at the root of the aliases.

    Attributes:
        version: how often the memory has been written in place.
        rows: ``None``, or which rows of the memory may hold anything but zero.
    """

    __slots__ = ("__weakref__", "rows", "version")

    def __init__(self) -> None:
        self.version = 0
        self.rows: Rows | None = None


class Rows:
    """The note that a matrix is zero (positive zero) outside some rows.

    It holds for one array, and while the storage has the version that it had: a write makes it
    void. Whoever hands out the memory to writers that are not counted takes it off the storage.

    Attributes:
        indices: the rows that may hold anything, rising, int64.
        version: the storage's version when it was made.
        array: the array at the root of the memory, held weakly.
        regular: whether no element anywhere is negative or NaN, as in a sum of squares.
    """

    __slots__ = ("array", "indices", "regular", "version")

    def __init__(
        self, indices: Array, version: int, array: weakref.ref[Array], *, regular: bool
    ) -> None:
        self.indices = indices
        self.version = version
        self.array = array
        self.regular = regular
