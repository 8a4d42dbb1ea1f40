"""Unpooling: maxima back to where they stood."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._tensor import Array
from ._op import op
from ._windows import Sizes
from .pooling import pick

__all__: list[str] = []


def _unpooled(input: Array, indices: Array, size: Sizes) -> Array:
    """Put each element where its index in the flat spatial output says, zeros elsewhere."""
    dims, volume = len(size), math.prod(size)
    lead = input.shape[:-dims]
    places = indices.reshape(*lead, math.prod(input.shape[-dims:]))
    outside = places[(places < 0) | (places >= volume)]
    if outside.size:
        msg = (
            f"Found an invalid max index: {int(outside[0])} (output volumes are of size "
            f"{'x'.join(map(str, size))}, so indices are below {volume})"
        )
        raise RuntimeError(msg)
    flat = np.zeros((*lead, volume), input.dtype)
    np.put_along_axis(flat, places, input.reshape(places.shape), -1)
    return flat.reshape(*lead, *size)


def _made(dims: int) -> Any:
    return op(
        f"_max_unpool{dims}d",
        node=f"MaxUnpool{dims}DBackward0",
        method=False,
        quiet=True,
        input=lambda grad, indices: pick(grad, indices, dims),
    )(_unpooled)


MAX_UNPOOLS = {2: _made(2), 3: _made(3)}
"""By the number of spatial dimensions."""
