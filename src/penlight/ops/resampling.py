"""Resampling: each dimension in turn becomes weighted sums of its elements.

A resampling is a product with a sparse matrix per dimension, so its adjoint is the product with the
transposed matrices, and each is the other's gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .._tensor import Array, Tensor, wrap
from ._byte_images import resized_bytes
from ._elementwise import refuse
from ._op import op
from ._taps import TAPS, Resized, Taps, nearest_of_image, smooth

__all__: list[str] = []

Sizes = tuple[int, ...]


def _wide(kind: np.dtype[Any]) -> Any:
    """Return the type in which torch computes positions and sums."""
    return np.float64 if kind == np.float64 else np.float32


def _along(weights: Array, array: Array, dim: int) -> Array:
    """Return the weights of a dimension in a shape that broadcasts."""
    return weights.reshape(-1, *(1,) * (array.ndim - dim - 1))


def _gathered(array: Array, dim: int, taps: Taps) -> Array:
    """Return the weighted sums along a dimension."""
    if taps.weights is None:
        taken: Array = np.take(array, taps.places[0], axis=dim)
        return taken
    out: Any = 0
    for place, weight in zip(taps.places, taps.weights, strict=True):
        out = out + np.take(array, place, axis=dim) * _along(weight, array, dim)
    return out


def _scattered(array: Array, dim: int, size: int, taps: Taps) -> Array:
    """Return what each element of a dimension is given back: the adjoint of the sums."""
    # With the dimension in front, rows are added to rows: many elements at a time.
    rows = np.ascontiguousarray(np.moveaxis(array, dim, 0))
    out = np.zeros((size, *rows.shape[1:]), rows.dtype)
    for tap, place in enumerate(taps.places):
        part = rows if taps.weights is None else rows * _along(taps.weights[tap], rows, 0)
        # Equal places are neighbours, since no row of places decreases: the first of each run is
        # added, then the second, and so on, so that no two of what is added at once are equal.
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        lengths = np.diff(starts, append=len(place))
        for number in range(int(lengths.max())):
            rows_of = starts[lengths > number] + number
            out[place[rows_of]] += part[rows_of]
    return np.moveaxis(out, 0, dim)


def _computing(input: Array, taps: tuple[Taps, ...]) -> Array:
    """Return the array in the type in which sums are taken."""
    if all(each.weights is None for each in taps):
        return input
    return input.astype(_wide(input.dtype), copy=False)


def _resample(input: Array, taps: tuple[Taps, ...]) -> Array:
    """Resample (N, C, *) along each of the last dimensions, the last one first."""
    found = _computing(input, taps)
    for dim in range(input.ndim - 1, 1, -1):
        found = _gathered(found, dim, taps[dim - 2])
    return np.ascontiguousarray(found).astype(input.dtype, copy=False)


def _resample_adjoint(input: Array, size: Sizes, taps: tuple[Taps, ...]) -> Array:
    """Return the gradient of (N, C, *size)."""
    found = input.astype(_wide(input.dtype), copy=False)
    for dim in range(2, input.ndim):
        found = _scattered(found, dim, size[dim - 2], taps[dim - 2])
    return np.ascontiguousarray(found).astype(input.dtype, copy=False)


def _made(name: str, node: str) -> Any:
    forward = op(
        name,
        node=f"{node}Backward0",
        method=False,
        input=lambda grad, input_shape, taps: adjoint(grad, tuple(input_shape[2:]), taps),
    )(_resample)
    adjoint = op(
        f"{name}_backward",
        node=f"{node}BackwardBackward0",
        method=False,
        input=lambda grad, taps: forward(grad, taps),
    )(_resample_adjoint)
    return forward


_OPS = {
    **{("nearest", n): _made(f"_upsample_nearest{n}d", f"UpsampleNearest{n}D") for n in (1, 2, 3)},
    **{
        ("nearest-exact", n): _made(f"_upsample_nearest_exact{n}d", f"UpsampleNearestExact{n}D")
        for n in (1, 2, 3)
    },
    ("linear", 1): _made("_upsample_linear1d", "UpsampleLinear1D"),
    ("bilinear", 2): _made("_upsample_bilinear2d", "UpsampleBilinear2D"),
    ("bicubic", 2): _made("_upsample_bicubic2d", "UpsampleBicubic2D"),
    ("trilinear", 3): _made("_upsample_trilinear3d", "UpsampleTrilinear3D"),
}
_SMOOTH_OPS = {
    "bilinear": _made("_upsample_bilinear2d_aa", "UpsampleBilinear2DAa"),
    "bicubic": _made("_upsample_bicubic2d_aa", "UpsampleBicubic2DAa"),
    "lanczos": _made("_upsample_lanczos2d_aa", "UpsampleLanczos2DAa"),
}

# Up to this sum of an image's new sizes torch takes its nearest elements by another rule.
_MOST_OF_IMAGE = 128

# What torch calls the kernel that lacks a dtype.
_KERNELS = {"nearest-exact": "nearest", "bilinear": "linear", "trilinear": "linear"}


_OF_BYTES = ("nearest", "nearest-exact", "bilinear", "bicubic", "lanczos")


def _check_dtype(input: Tensor, mode: str, *, antialias: bool) -> None:
    array = input._array
    if array.dtype != np.uint8 or mode not in _OF_BYTES:
        kernel = "cubic" if mode == "bicubic" else _KERNELS.get(mode, mode)
        refuse(f"compute_indices_weights_{kernel}", array, kinds="biu")
    if antialias and array.itemsize == 2:
        msg = (
            f"\"compute_index_ranges_weights\" not implemented for '{input.dtype.scalar_type}': "
            "convert to float32 to smooth"
        )
        raise NotImplementedError(msg)


def _taps_of(mode: str, size: Sizes, *, antialias: bool) -> Callable[[Resized], Taps]:
    """Return what makes the taps of a dimension."""
    if antialias:
        return partial(smooth, mode)
    if mode == "nearest" and len(size) == 2 and sum(size) <= _MOST_OF_IMAGE:
        return nearest_of_image
    made: Callable[[Resized], Taps] = TAPS[mode]
    return made


def resample(
    input: Tensor,
    mode: str,
    size: Sizes,
    factors: tuple[float, ...] | None,
    align_corners: bool,
    antialias: bool,
) -> Tensor:
    """Resample (N, C, *) to a spatial size.

    Args:
        input: floating; for the nearest modes and for images, of bytes, too.
        mode: torch's name of it, one that suits the number of dimensions.
        size: of the spatial dimensions afterwards.
        factors: by how much each was said to grow, if that was said.
        align_corners: whether the corners' middles stay where they are.
        antialias: whether to smooth what shrinks.
    """
    _check_dtype(input, mode, antialias=antialias)
    array, taps_of = input._array, _taps_of(mode, size, antialias=antialias)
    in_fixed_point = array.dtype == np.uint8 and not mode.startswith("nearest")
    kind = np.float64 if in_fixed_point else _wide(array.dtype)
    rows = [
        Resized(n, out, align_corners, factors[at] if factors else None, kind)
        for at, (n, out) in enumerate(zip(array.shape[2:], size, strict=True))
    ]
    if in_fixed_point:
        return wrap(resized_bytes(array, rows, taps_of))
    call = _SMOOTH_OPS[mode] if antialias else _OPS[mode, len(size)]
    found: Tensor = call(input, tuple(map(taps_of, rows)))
    return found
