"""Taps of a resampled dimension: which elements each new one is a weighted sum of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._tensor import Array

# Keys 1981: the free number of cubic convolution; torch takes another one to smooth.
CUBIC, CUBIC_SMOOTH = -0.75, -0.5


class Taps(NamedTuple):
    """The taps of one dimension.

    Attributes:
        places: which elements are added, shape (taps, new size); no row ever decreases.
        weights: their factors in the same shape, or ``None`` where there is one tap of weight one.
    """

    places: Array
    weights: Array | None


class Resized(NamedTuple):
    """How one dimension changes.

    Attributes:
        size: before.
        out: after.
        align_corners: whether the first and last elements stay where they are.
        factor: by how much it grows, or ``None`` for the quotient of the sizes.
        kind: the dtype in which positions are computed.
    """

    size: int
    out: int
    align_corners: bool
    factor: float | None
    kind: Any

    def step(self) -> Any:
        """Return the distance between the positions of neighbours."""
        if self.align_corners:
            return self.kind(self.size - 1) / self.kind(self.out - 1 or 1) * (self.out > 1)
        if self.factor is not None and self.factor > 0:
            return self.kind(1 / self.factor)
        return self.kind(self.size) / self.kind(self.out)

    def positions(self) -> Array:
        """Return where each new element stands among the old ones."""
        at = np.arange(self.out).astype(self.kind)
        if self.align_corners:
            return (self.step() * at).astype(self.kind)
        half = self.kind(0.5)
        return (self.step() * (at + half) - half).astype(self.kind)


def nearest(of: Resized) -> Taps:
    """Take the element at the beginning of each part, as old versions of OpenCV do."""
    at = np.floor(of.step() * np.arange(of.out).astype(of.kind))
    return Taps(_within(at, of)[None], None)


def nearest_of_image(of: Resized) -> Taps:
    """Take what torch takes in images, where a factor of about one or two is one or two."""
    for times in (1, 2):
        if of.out == times * of.size:
            return Taps(np.arange(of.out)[None] // times, None)
    return nearest(of._replace(kind=np.float32))


def nearest_exact(of: Resized) -> Taps:
    """Take the element nearest to the middle of each part."""
    at = np.floor(of.positions().clip(0) + of.kind(0.5))
    return Taps(_within(at, of)[None], None)


def _within(at: Array, of: Resized) -> Array:
    return at.astype(np.int64).clip(0, of.size - 1)


def linear(of: Resized) -> Taps:
    """Weigh both neighbours by how near they are."""
    at = of.positions().clip(0) if of.size != of.out else np.arange(of.out).astype(of.kind)
    first = _within(np.floor(at), of)
    above = (at - first.astype(of.kind)).clip(0, 1).astype(of.kind)
    return Taps(
        np.stack([first, (first + 1).clip(None, of.size - 1)]), np.stack([1 - above, above])
    )


def near(x: Array, a: float) -> Array:
    return ((a + 2) * x - (a + 3)) * x * x + 1


def far(x: Array, a: float) -> Array:
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def cubic(of: Resized) -> Taps:
    """Lay a piecewise cubic through four neighbours; elements at the edge are repeated."""
    at = of.positions()
    first = np.floor(at).astype(np.int64).clip(None, of.size - 1)
    t = (at - first.astype(of.kind)).clip(0, 1).astype(of.kind)
    rows = (far(t + 1, CUBIC), near(t, CUBIC), near(1 - t, CUBIC), far(2 - t, CUBIC))
    places = np.stack([first + tap for tap in (-1, 0, 1, 2)]).clip(0, of.size - 1)
    return Taps(places, np.stack(rows).astype(of.kind))


# ---- with smoothing ------------------------------------------------------------------------------


def _tent(x: Array) -> Array:
    return (1 - np.abs(x)).clip(0)


def _cubic_bell(x: Array) -> Array:
    x = np.abs(x)
    return np.where(x < 1, near(x, CUBIC_SMOOTH), np.where(x < 2, far(x, CUBIC_SMOOTH), 0))


def _lanczos_bell(x: Array) -> Array:
    return np.where((x >= -3) & (x < 3), np.sinc(x) * np.sinc(x / 3), 0)


# The width of each filter, and the filter.
_BELLS: dict[str, tuple[int, Any]] = {
    "bilinear": (2, _tent),
    "bicubic": (4, _cubic_bell),
    "lanczos": (6, _lanczos_bell),
}


def smooth(mode: str, of: Resized) -> Taps:
    """Weigh all elements within a filter that is as wide as what shrinks into one element."""
    if of.size == of.out:
        # torch: a dimension that keeps its size stays as it is, whatever the factor.
        return Taps(np.arange(of.size)[None], np.ones((1, of.size), of.kind))
    width, bell = _BELLS[mode]
    step = of.step()
    support = of.kind(width * 0.5 * (max(step, 1)))
    narrow = of.kind(1 / step if step >= 1 else 1)
    centre = (float(step) * (np.arange(of.out) + 0.5)).astype(of.kind).astype(np.float64)
    begin = (centre - support + 0.5).astype(np.int64).clip(0)
    end = (centre + support + 0.5).astype(np.int64).clip(None, of.size)
    count = (end - begin).clip(0, int(np.ceil(support)) * 2 + 1)
    taps = np.arange(max(1, int(count.max())))[:, None]
    places = begin + taps
    x = ((places - centre + 0.5) * narrow).astype(of.kind)
    weights = np.where(taps < count, bell(x), 0).astype(of.kind)
    total = weights.sum(axis=0)
    weights /= np.where(total == 0, 1, total)
    return Taps(places.clip(0, of.size - 1), weights)


TAPS: dict[str, Any] = {
    "nearest": nearest,
    "nearest-exact": nearest_exact,
    "linear": linear,
    "bilinear": linear,
    "trilinear": linear,
    "bicubic": cubic,
}
"""By the mode's name, without smoothing."""
