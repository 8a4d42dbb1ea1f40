"""Pooling over windows whose places are drawn, so that sizes shrink by fractions (Graham 2014)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._tensor import Array, wrap
from ._elementwise import refuse
from ._op import Saving
from ._windows import Sizes
from .pooling import made_maxima

__all__: list[str] = []


def _starts(samples: Array, size: int, out: int, kernel: int) -> Array:
    """Return where the windows of each plane begin, shape (planes, out).

    The steps between them are the rounded multiples of a fraction, moved by the plane's sample.
    """
    kind = samples.dtype.type
    last = np.full((len(samples), 1), size - kernel)
    if out == 1:
        return last
    alpha = kind(size - kernel) / kind(out - 1)
    at = np.arange(out - 1).astype(kind)
    begin = ((at + samples[:, None]) * alpha).astype(np.int64)
    begin -= (samples[:, None] * alpha).astype(np.int64)
    return np.concatenate([begin, last], axis=1)


def _places(samples: Array, size: Sizes, out: Sizes, kernel: Sizes) -> Array:
    """Return the flat places of each window's elements, shape (planes, prod(out), prod(kernel)).

    Samples have a column for each dimension, in order.
    """
    planes, dims = len(samples), len(size)
    flat: Any = np.zeros((planes, *(1,) * (2 * dims)), np.int64)
    for dim in range(dims):
        starts = _starts(samples[:, dim], size[dim], out[dim], kernel[dim])
        shape = [1] * (2 * dims)
        shape[dim], shape[dims + dim] = out[dim], kernel[dim]
        places = (starts[:, :, None] + np.arange(kernel[dim])).reshape(planes, *shape)
        flat = flat * size[dim] + places
    return flat.reshape(planes, math.prod(out), math.prod(kernel))


def _fractional_max_pool(input: Array, samples: Array, out: Sizes, kernel: Sizes) -> Saving:
    """Return the largest of each window, and where it stands in the flat input."""
    refuse(f"fractional_max_pool{len(out)}d_out_frame", input, kinds="bi")
    dims = len(out)
    lead, size = input.shape[:-dims], input.shape[-dims:]
    planes = math.prod(lead)
    # torch: for two dimensions the first sample is the width's.
    samples = samples.reshape(planes, dims)
    places = _places(samples[:, ::-1] if dims == 2 else samples, size, out, kernel)
    flat = input.reshape(planes, math.prod(size))
    values = np.take_along_axis(flat, places.reshape(planes, math.prod(places.shape[1:])), 1)
    values = values.reshape(places.shape)
    chosen = values.argmax(axis=-1)[..., None]
    found = np.take_along_axis(values, chosen, -1).reshape(*lead, *out)
    indices = np.take_along_axis(places, chosen, -1).reshape(*lead, *out)
    return Saving((found, indices), indices=wrap(indices))


FRACTIONAL_MAX_POOLS = {
    dims: made_maxima("fractional_max_pool", dims, _fractional_max_pool) for dims in (2, 3)
}
"""By the number of spatial dimensions."""
