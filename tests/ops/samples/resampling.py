"""Samples of resampling to other sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples

SHAPES = {1: (2, 2, 5), 2: (1, 2, 4, 3), 3: (1, 1, 3, 4, 2)}
LARGER = {1: (8,), 2: (7, 2), 3: (5, 2, 3)}
# Resampling is linear: the second gradients of one sample of each kind are enough.
SMALL = {1: (1, 1, 3), 2: (1, 1, 2, 3), 3: (1, 1, 2, 1, 2)}


def by_nearest(make: Make) -> Iterator[Sample]:
    """Yield the modes that take one element, by sizes and by factors."""
    for mode in ("nearest", "nearest-exact"):
        for dims, shape in SHAPES.items():
            yield Sample(make(*SMALL[dims]), scale_factor=2, mode=mode)
            yield Sample(make(*shape), LARGER[dims], mode=mode, second=False)
            factors = (0.7, 1.3, 2.0)[:dims]
            yield Sample(make(*shape), scale_factor=factors, mode=mode, second=False)
        yield Sample(make(0, 2, 3, 4), 2, mode=mode, second=False)
    yield Sample(make.of([[[1, 2, 3]]], dtype="uint8"), 7)
    images = np.random.RandomState(0).randint(0, 256, (1, 3, 9, 7))
    for mode in ("bilinear", "bicubic"):
        for size in ((4, 12), (9, 3)):
            for antialias in (False, True):
                of_bytes = make.of(images, dtype="uint8")
                yield Sample(of_bytes, size, None, mode, antialias=antialias)
        yield Sample(make.of(images, dtype="uint8"), None, (0.6, 1.7), mode, True)
    yield Sample(make.of(images, dtype="uint8"), 5, mode="lanczos", antialias=True)
    yield Sample(make(1, 1, 5), scale_factor=1.5, recompute_scale_factor=True)


def by_sums(make: Make) -> Iterator[Sample]:
    """Yield the modes that take sums, with every option."""
    for mode, dims in (("linear", 1), ("bilinear", 2), ("bicubic", 2), ("trilinear", 3)):
        shape = SHAPES[dims]
        yield Sample(make(*SMALL[dims]), 3, None, mode)
        for corners in (None, True):
            yield Sample(make(*shape), LARGER[dims], None, mode, corners, second=False)
            factors = (0.6, 1.7, 1.2)[:dims]
            yield Sample(make(*shape), None, factors, mode, corners, second=False)
            yield Sample(make(*shape), None, factors, mode, corners, True, grad=False)
            yield Sample(make(*shape), 1, None, mode, corners, grad=False)
        yield Sample(make(*shape), shape[2:], None, mode, grad=False)
    yield Sample(make(0, 2, 3, 4), 2, mode="bilinear", second=False)
    yield Sample(make(1, 1, 6), 4, mode="area")
    yield Sample(make(1, 1, 6, 5), None, 0.5, "area", second=False)
    yield Sample(make(1, 1, 2, 3, 5), (1, 2, 2), None, "area", second=False)


def smoothed(make: Make) -> Iterator[Sample]:
    """Yield what smooths: shrinking, growing, one dimension of both."""
    for mode in ("bilinear", "bicubic", "lanczos"):
        yield Sample(make(1, 1, 4, 3), 2, mode=mode, antialias=True)
        for size in ((3, 4), (9, 3), (10, 11)):
            yield Sample(make(1, 1, 9, 7), size, mode=mode, antialias=True, grad=False)
        yield Sample(make(1, 1, 6, 5), None, (0.4, 0.7), mode, antialias=True, second=False)
    yield Sample(make(1, 1, 9, 7), (4, 3), None, "bilinear", True, antialias=True, second=False)


def interpolations(make: Make) -> Iterator[Sample]:
    """Yield all of them."""
    yield from by_nearest(make)
    yield from by_sums(make)
    yield from smoothed(make)


# Sums of up to 16 products, at positions that are rounded, too. Half types are summed in float32
# and rounded once; in torch once for each dimension.
SAMPLES: dict[str, Any] = {
    "nn.functional.interpolate": Samples(interpolations, dtypes=FLOATING, terms=16.0),
}


def zeros(*shape: int, dtype: str = "float32") -> Input:
    """Return an input of zeros."""
    return Input(np.zeros(shape), dtype, grad=False)


X = zeros(1, 2, 3, 4)
REFUSALS = {
    "nn.functional.interpolate": [
        Refusal(ValueError, "either size or scale_factor should be defined", X),
        Refusal(ValueError, "only one of size or scale_factor should be defined", X, 2, 2.0),
        Refusal(ValueError, "Input and output must have the same number of", X, (2, 3, 4)),
        Refusal(ValueError, "Input and scale_factor must have the same number", X, None, (2.0,)),
        Refusal(TypeError, "expected size to be one of int or Tuple[int]", X, (2.5, 2)),
        Refusal(
            ValueError,
            "align_corners option can only be set with the interpolating modes",
            X,
            2,
            align_corners=True,
            ours="with mode 'nearest'",
        ),
        Refusal(
            ValueError,
            "recompute_scale_factor is not meaningful with an explicit size.",
            X,
            2,
            recompute_scale_factor=True,
        ),
        Refusal(ValueError, "Anti-alias option is restricted to bilinear", X, 2, antialias=True),
        Refusal(NotImplementedError, "Got 4D input, but linear mode needs 3D", X, 2, mode="linear"),
        Refusal(
            NotImplementedError, "Got 3D input, but bilinear", zeros(1, 2, 3), 2, None, "bilinear"
        ),
        Refusal(NotImplementedError, "Input Error: Only 3D, 4D and 5D input", zeros(2, 3), 2),
        Refusal(NotImplementedError, "(got cubic)", X, 2, mode="cubic"),
        Refusal(
            RuntimeError,
            "Input and output sizes should be greater than 0, but got input (H: 3, W: 4) output "
            "(H: 0, W: 2)",
            X,
            (0, 2),
        ),
        Refusal(RuntimeError, "Non-empty 4D data tensor expected", zeros(1, 0, 3, 4), 2),
        Refusal(
            NotImplementedError, "not implemented for 'Long'", zeros(1, 1, 3, dtype="int64"), 2
        ),
        Refusal(ValueError, "Lanczos mode requires antialias=True", X, 2, mode="lanczos"),
    ],
}
