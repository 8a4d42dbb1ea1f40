"""Sampling of images and volumes at the places of a grid.

A sample is a sum of elements (taps) with weights, linear in both: ``y = G(x, w)``. With
``S(y, w)``, its adjoint in the elements, and ``D(y, x)``, its adjoint in the weights, every
gradient of any order is one of the three. The weights are ordinary functions of the grid.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from .._tensor import Array, Tensor, wrap
from ._op import op
from ._taps import CUBIC, far, near
from .join import stack

__all__: list[str] = []

Sizes = tuple[int, ...]


# ---- the three products --------------------------------------------------------------------------


def _flat(array: Array) -> Array:
    """Return (N, C, *) with its spatial dimensions in one."""
    return array.reshape(*array.shape[:2], math.prod(array.shape[2:]))


def _elements(input: Array, places: Array, tap: int) -> Array:
    """Return the elements (N, C, places) of a tap; zero where the place is outside."""
    place = places[:, None, tap]
    taken: Array = np.take_along_axis(input, place.clip(0), -1)
    return np.where(place < 0, input.dtype.type(0), taken)


def _weighted(input: Array, weights: Array, places: Any, out: Sizes) -> Array:
    """Return the sums (N, C, *out) of elements of (N, C, *) at places (N, taps, prod(out))."""
    elements = _flat(input)
    sums = np.zeros((*input.shape[:2], places.shape[2]), input.dtype)
    for tap in range(places.shape[1]):
        sums += _elements(elements, places, tap) * weights[:, None, tap]
    return sums.reshape(*input.shape[:2], *out)


def _spread(output: Array, weights: Array, places: Any, size: Sizes) -> Array:
    """Return what each element of (N, C, *size) is given by samples (N, C, *out)."""
    samples = _flat(output)
    sums = np.zeros((*output.shape[:2], math.prod(size)), output.dtype)
    for number, place in enumerate(places):
        flat = place.reshape(-1)
        inside = np.flatnonzero(flat >= 0)
        order = inside[np.argsort(flat[inside], kind="stable")]
        starts = np.flatnonzero(np.diff(flat[order], prepend=-1))
        if starts.size:
            shares = (samples[number][:, None] * weights[number]).reshape(-1, flat.size)
            found = np.add.reduceat(shares[:, order], starts, axis=1)
            sums[number][:, flat[order[starts]]] = found
    return sums.reshape(*output.shape[:2], *size)


def _products(output: Array, input: Array, places: Any) -> Array:
    """Return what each weight (N, taps, prod(out)) is given."""
    elements, samples = _flat(input), _flat(output)
    taps = range(places.shape[1])
    rows = [(_elements(elements, places, tap) * samples).sum(axis=1) for tap in taps]
    return np.stack(rows, axis=1)


def _made(dims: int) -> Any:
    node = f"GridSampler{dims}D"
    weighted = op(
        f"_grid_sampler_{dims}d",
        node=f"{node}Backward0",
        method=False,
        input=lambda grad, weights, places, input_shape: spread(
            grad, weights, places, tuple(input_shape[2:])
        ),
        weights=lambda grad, input, places: products(grad, input, places),
    )(_weighted)
    spread = op(
        f"_grid_sampler_{dims}d_spread",
        node=f"{node}BackwardBackward0",
        method=False,
        output=lambda grad, weights, places, output_shape: weighted(
            grad, weights, places, tuple(output_shape[2:])
        ),
        weights=lambda grad, output, places: products(output, grad, places),
    )(_spread)
    products = op(
        f"_grid_sampler_{dims}d_products",
        node=f"{node}BackwardBackward0",
        method=False,
        output=lambda grad, input, places, output_shape: weighted(
            input, grad, places, tuple(output_shape[2:])
        ),
        input=lambda grad, output, places, input_shape: spread(
            output, grad, places, tuple(input_shape[2:])
        ),
    )(_products)
    return weighted


_SAMPLERS = {2: _made(2), 3: _made(3)}


# ---- positions -----------------------------------------------------------------------------------


@op(
    "_grid_positions",
    method=False,
    quiet=True,
    input=lambda grad, slopes: grad * wrap(slopes),
)
def _positions(input: Array, values: Any, slopes: Any) -> Array:
    """Return values that were computed from the input, as a function of it with these slopes."""
    copied: Array = values.copy()
    return copied


class _Axis(NamedTuple):
    """One spatial dimension: its size, and how places beyond it are brought back."""

    size: int
    padding: str
    align_corners: bool

    def placed(self, x: Array) -> tuple[Array, Any]:
        """Return where coordinates of [-1, 1] stand among the elements, and the slope of that."""
        kind = x.dtype.type
        if self.align_corners:
            return (x + 1) / 2 * kind(self.size - 1), kind((self.size - 1) / 2)
        return ((x + 1) * kind(self.size) - 1) / 2, kind(self.size / 2)

    def inside(self, at: Array) -> tuple[Array, Array]:
        """Return positions brought inside, and by what their slopes are multiplied."""
        slopes = np.ones_like(at)
        if self.padding == "zeros":
            return at, slopes
        if self.padding == "reflection":
            at, slopes = self._reflected(at)
        last = at.dtype.type(self.size - 1)
        # torch: the slope at the first and last element is that of what is outside.
        return at.clip(0, last), np.where((at > 0) & (at < last), slopes, 0).astype(at.dtype)

    def _reflected(self, at: Array) -> tuple[Array, Array]:
        low, high = (0, 2 * (self.size - 1)) if self.align_corners else (-1, 2 * self.size - 1)
        if low == high:
            return np.zeros_like(at), np.zeros_like(at)
        kind = at.dtype.type
        least, span = kind(low / 2), kind((high - low) / 2)
        slopes = np.where(at < least, kind(-1), kind(1))
        away = np.abs(at - least)
        beyond, turned = np.fmod(away, span), np.floor(away / span) % 2 == 1
        found = np.where(turned, span - beyond, beyond) + least
        return found, np.where(turned, -slopes, slopes)

    def places(self, at: Array) -> Array:
        """Return whole positions as places, -1 where they are outside."""
        inside = (at >= 0) & (at < self.size)
        return np.where(inside, at, -1).astype(np.int64)


# ---- taps ----------------------------------------------------------------------------------------

# For one dimension: its places and its weights, one of each a tap.
_Row = tuple[list[Array], list[Tensor]]


def _nearest(coordinate: Any, axis: _Axis) -> _Row:
    at, _ = axis.placed(coordinate._array)
    at, _ = axis.inside(at)
    # torch: the gradient of the grid is zero, not missing.
    return [axis.places(np.rint(at))], [_positions(coordinate, np.ones_like(at), np.zeros_like(at))]


def _linear(coordinate: Any, axis: _Axis) -> _Row:
    at, slope = axis.placed(coordinate._array)
    at, slopes = axis.inside(at)
    x = _positions(coordinate, at, slopes * slope)
    first = np.floor(at)
    return [axis.places(first), axis.places(first + 1)], [wrap(first + 1) - x, x - wrap(first)]


def _cubic(coordinate: Any, axis: _Axis) -> _Row:
    at, slope = axis.placed(coordinate._array)
    first = np.floor(at)
    t = _positions(coordinate, at - first, np.full_like(at, slope))
    weights: list[Any] = [far(t + 1, CUBIC), near(t, CUBIC), near(1 - t, CUBIC), far(2 - t, CUBIC)]
    return [axis.places(axis.inside(first + tap)[0]) for tap in (-1, 0, 1, 2)], weights


_ROWS = {"nearest": _nearest, "bilinear": _linear, "bicubic": _cubic}


def grid_sample(
    input: Tensor, grid: Tensor, mode: str, padding_mode: str, align_corners: bool
) -> Tensor:
    """Return the samples (N, C, *out) of an input (N, C, *size) at a grid (N, *out, dims)."""
    size, out = tuple(input.shape[2:]), tuple(grid.shape[1:-1])
    batch, dims = grid.shape[0], len(size)
    flat: Any = grid.reshape((batch, math.prod(out), dims))
    rows = []
    for dim, length in enumerate(size):
        # A grid's coordinates are in the order x, y, z: of the last dimension first.
        coordinate = flat.select(-1, dims - 1 - dim)
        rows.append(_ROWS[mode](coordinate, _Axis(length, padding_mode, align_corners)))
    places, weights = [], []
    for taps in itertools.product(*(range(len(row[0])) for row in rows)):
        place: Any = 0
        weight: Any = None
        for dim, tap in enumerate(taps):
            at, factor = rows[dim][0][tap], rows[dim][1][tap]
            place = np.where((place < 0) | (at < 0), -1, place * size[dim] + at)
            weight = factor if weight is None else weight * factor
        places.append(place)
        weights.append(weight)
    sampled: Tensor = _SAMPLERS[dims](input, stack(weights, 1), np.stack(places, axis=1), out)
    return sampled
