"""Resampling of images of bytes in fixed point, as torch does it: equal to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .._tensor import Array
from ._taps import Resized, Taps

# A weight is a whole number of 16 bits with a sign, times 2 to minus the digits.
_WEIGHT_BITS, _MOST_DIGITS = 15, 22


def _digits(largest: float) -> int:
    """Return how many binary digits after the point the weights of a dimension have."""
    digits = 0
    while digits < _MOST_DIGITS and int(0.5 + largest * 2 ** (digits + 1)) < 2**_WEIGHT_BITS:
        digits += 1
    return digits


def _matrix(row: Resized, taps: Taps) -> tuple[Array, int]:
    """Return the weights of a dimension as whole numbers, shape (out, size), and their digits."""
    weights = np.zeros((row.out, row.size))
    if taps.weights is not None:
        for place, weight in zip(taps.places, taps.weights, strict=True):
            np.add.at(weights, (np.arange(row.out), place), weight)
    digits = _digits(float(weights.max()))
    return np.trunc(weights * 2**digits + np.copysign(0.5, weights)), digits


def resized_bytes(
    images: Array, rows: Sequence[Resized], taps_of: Callable[[Resized], Taps]
) -> Array:
    """Return images (N, C, H, W) of bytes in another size; the width changes first.

    Args:
        images: uint8.
        rows: how height and width change, computed in float64.
        taps_of: the taps of a dimension that changes.
    """
    found = images.astype(np.float64)
    for dim, row in ((3, rows[1]), (2, rows[0])):
        if row.size == row.out:
            continue
        weights, digits = _matrix(row, taps_of(row))
        # Whole numbers below 2 to the 53rd: the product is exact.
        sums = np.moveaxis(np.tensordot(weights, found, (1, dim)), 0, dim)
        found = np.floor((sums + 2 ** (digits - 1)) / 2**digits).clip(0, 255)
    return found.astype(np.uint8)
