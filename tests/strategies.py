"""Hypothesis strategies for what ops are run on: shapes that broadcast, dtypes, memory layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

Array = np.ndarray[Any, Any]

shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
broadcastable_pairs = hnp.mutually_broadcastable_shapes(
    num_shapes=2, max_dims=4, max_side=4, min_side=0
).map(lambda found: found.input_shapes)
dtypes = st.sampled_from(["float64", "float32", "int64", "int32", "uint8", "bool"])


def values(dtype: str, shape: tuple[int, ...]) -> st.SearchStrategy[Array]:
    """Return arrays of small numbers: exact in every dtype, so that sums and products are too."""
    high = 2 if dtype == "bool" else 8
    low = 0 if dtype in {"bool", "uint8"} else -8
    whole = hnp.arrays(np.int64, shape, elements=st.integers(low, high - 1))
    return whole.map(lambda array: array.astype(dtype))


def _transposed(array: Array) -> Array:
    return np.array(array.T, order="C", copy=True).T


def _strided(array: Array) -> Array:
    if not array.ndim:
        return array
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def _offset(array: Array) -> Array:
    buffer = np.zeros(array.size + 1, array.dtype)
    buffer[1:] = array.ravel()
    return buffer[1:].reshape(array.shape)


def _expanded(array: Array) -> Array:
    return np.broadcast_to(array[:1], array.shape) if array.ndim and array.shape[0] else array


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "transposed": _transposed,
    "strided": _strided,
    "offset": _offset,
}
"""Functions that give an array with the same elements in another layout."""

expanded = _expanded
"""Gives an array whose rows are one row, repeated without copying."""

layouts = st.sampled_from([np.array, *LAYOUTS.values()])
