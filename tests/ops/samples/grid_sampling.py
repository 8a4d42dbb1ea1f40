"""Samples of sampling at grids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ops.samples import Input, Make, Refusal, Sample, Samples

WHOLE = ("float64", "float32")
PADDINGS = ("zeros", "border", "reflection")


def sampled(make: Make) -> Iterator[Sample]:
    """Yield every mode, padding and kind of corners, with places inside and outside."""
    yield Sample(make(1, 1, 3, 2), make(1, 1, 3, 2), "bilinear", "zeros", True)
    yield Sample(make(1, 1, 3, 2), make(1, 1, 2, 2), "bicubic", "border", False)
    yield Sample(make(1, 1, 2, 1, 2), make(1, 1, 1, 2, 3), "bilinear", "reflection", False)
    for corners in (True, False):
        for padding in PADDINGS:
            for mode in ("bilinear", "nearest", "bicubic"):
                grid = make(2, 1, 3, 2, low=-1.6, high=1.6)
                yield Sample(make(2, 1, 3, 3), grid, mode, padding, corners, second=False)
            for mode in ("bilinear", "nearest"):
                grid = make(1, 1, 1, 3, 3, low=-1.6, high=1.6)
                yield Sample(make(1, 1, 2, 2, 3), grid, mode, padding, corners, second=False)
    corner = np.array([[[[-1.0, -1.0], [1.0, 1.0], [0.0, 1.0]]]])
    for padding in PADDINGS:
        # Slopes are not defined at corners: the values and torch's choice of them only.
        yield Sample(make(1, 1, 3, 3), make.of(corner), "bilinear", padding, True, grad=False)
    yield Sample(make(1, 1, 1, 1), make(1, 2, 2, 2), "bilinear", "reflection", True, second=False)
    yield Sample(make(0, 1, 2, 2), make(0, 2, 2, 2), align_corners=False, second=False)


def by_number(make: Make) -> Iterator[Sample]:
    """Yield modes as numbers."""
    yield Sample(make(1, 2, 4, 3), make(1, 1, 3, 2, low=-1.6, high=1.6), 2, 1, False, second=False)


def of_volumes(make: Make) -> Iterator[Sample]:
    """Yield modes as numbers, of volumes."""
    yield Sample(
        make(1, 1, 2, 4, 3), make(1, 1, 1, 3, 3, low=-1.6, high=1.6), 0, 2, True, second=False
    )


def grids(make: Make) -> Iterator[Sample]:
    """Yield sizes of images and volumes."""
    for corners in (True, False):
        yield Sample(make(2, 2, 3), (2, 3, 3, 4), corners)
        yield Sample(make(1, 3, 4), (1, 1, 2, 3, 4), corners)
    yield Sample(make(1, 2, 3), (1, 1, 1, 3), False)


SAMPLES: dict[str, Any] = {
    # Sums of up to 16 products of numbers below 2.
    "nn.functional.grid_sample": Samples(sampled, dtypes=WHOLE, terms=32.0),
    "grid_sampler": Samples(by_number, dtypes=WHOLE, terms=32.0),
    "grid_sampler_2d": Samples(by_number, dtypes=WHOLE, terms=32.0),
    "grid_sampler_3d": Samples(of_volumes, dtypes=WHOLE, terms=32.0),
    "nn.functional.affine_grid": Samples(grids, dtypes=WHOLE, terms=8.0),
    "affine_grid_generator": Samples(grids, dtypes=WHOLE, terms=8.0),
}


def zeros(*shape: int, dtype: str = "float32") -> Input:
    """Return an input of zeros."""
    return Input(np.zeros(shape), dtype, grad=False)


X, GRID = zeros(1, 1, 2, 2), zeros(1, 2, 2, 2)
REFUSALS = {
    "nn.functional.grid_sample": [
        Refusal(ValueError, "expected mode to be 'bilinear'", X, GRID, "cubic", "zeros", True),
        Refusal(
            ValueError, "expected padding_mode to be 'zeros'", X, GRID, "nearest", "same", True
        ),
        Refusal(
            RuntimeError,
            "expected scalar type Float but found Double",
            X,
            zeros(1, 2, 2, 2, dtype="float64"),
            align_corners=True,
        ),
        Refusal(
            RuntimeError,
            "expected grid and input to have same batch size",
            X,
            zeros(2, 2, 2, 2),
            align_corners=True,
        ),
        Refusal(
            RuntimeError,
            "expected grid to have size 2 in last dimension",
            X,
            zeros(1, 2, 2, 3),
            align_corners=True,
        ),
        Refusal(
            RuntimeError,
            "expected 5D input and grid with same number of dimensions",
            zeros(1, 1, 2),
            zeros(1, 2, 1),
            align_corners=True,
        ),
        Refusal(
            RuntimeError,
            "bicubic interpolation only supports 4D input",
            zeros(1, 1, 2, 2, 2),
            zeros(1, 2, 2, 2, 3),
            "bicubic",
            align_corners=True,
        ),
    ],
    "nn.functional.affine_grid": [
        Refusal(ValueError, "Expected a batch of 2D affine matrices", X, (1, 1, 2, 2), True),
        Refusal(NotImplementedError, "affine_grid only supports 4D and 5D sizes", X, (1, 2), True),
        Refusal(
            ValueError,
            "Expected theta to have floating point type",
            zeros(1, 2, 3, dtype="int64"),
            (1, 1, 2, 2),
            True,
        ),
        Refusal(
            ValueError,
            "Expected non-zero, positive output size",
            zeros(1, 2, 3),
            (1, 1, 0, 2),
            False,
        ),
    ],
}
