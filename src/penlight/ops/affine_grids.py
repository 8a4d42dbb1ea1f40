"""Grids of the places that affine maps take an image or a volume to."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._tensor import Array, wrap
from ._op import op
from .products import multiply

__all__: list[str] = []

Sizes = tuple[int, ...]


def _coordinates(size: int, align_corners: bool, kind: Any) -> Array:
    """Return the middles of elements in [-1, 1]; with ``align_corners`` the ends are -1 and 1."""
    if size <= 1:
        return np.zeros(size, kind)
    at = np.linspace(-1, 1, size, dtype=kind)
    return at if align_corners else (at * kind(size - 1) / kind(size)).astype(kind)


def _base(size: Sizes, align_corners: bool, kind: Any) -> Array:
    """Return the places of an image before the map, with a one, shape (prod(size), dims + 1)."""
    axes = [_coordinates(length, align_corners, kind) for length in size]
    # x, y, z: the last dimension is first.
    places = [axis.reshape(-1) for axis in np.meshgrid(*axes, indexing="ij")][::-1]
    return np.stack([*places, np.ones(math.prod(size), kind)], axis=-1)


def _of_theta(grad: Any, size: Sizes, align_corners: bool) -> Any:
    dims = len(size)
    kind = np.float64 if grad._array.dtype == np.float64 else np.float32
    base: Any = wrap(_base(size, align_corners, kind).astype(grad._array.dtype))
    rows = grad.reshape((grad.shape[0], math.prod(size), dims))
    return rows.transpose(1, 2) @ base


@op(
    "_affine_grid",
    node="AffineGridGeneratorBackward0",
    method=False,
    quiet=True,
    theta=lambda grad, size, align_corners: _of_theta(grad, size, align_corners),
)
def affine_grid(theta: Array, size: Sizes, align_corners: bool) -> Array:
    """Return where maps (N, dims, dims + 1) take the places of an image, shape (N, *size, dims)."""
    kind = np.float64 if theta.dtype == np.float64 else np.float32
    base = _base(size, align_corners, kind).astype(theta.dtype)
    base = np.broadcast_to(base, (len(theta), *base.shape))
    found = multiply("bmm", base, theta.swapaxes(1, 2))
    return np.ascontiguousarray(found).reshape(len(theta), *size, len(size))
