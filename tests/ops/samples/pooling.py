"""Samples of pooling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples


def max_pool(dims: int) -> Any:
    """Return the samples of max pooling: every option, unbatched, an empty batch, indices."""

    def generate(make: Make) -> Iterator[Sample]:
        size = (7, 5, 4)[:dims]
        yield Sample(make(2, 3, *size), 2)
        yield Sample(make(3, *size), (3, 2, 2)[:dims], 1)
        yield Sample(make(0, 3, *size), 2, second=False)
        yield Sample(make(2, 2, *size), 3, 2, 1)
        yield Sample(make(2, 2, *size), 2, 3, ceil_mode=True)
        yield Sample(make(1, 2, *size), 3, 2, 1, ceil_mode=True, return_indices=True, second=False)
        yield Sample(make(1, 2, *size), 2, (2, 1, 1)[:dims], 0, 2, return_indices=True)

    return generate


def added_in_half(make: Make, dims: int) -> float:
    """Return a factor on tolerances: torch adds half types in half in three dimensions."""
    return 40 if dims == 3 and make.dtype in {"float16", "bfloat16"} else 1


def avg_pool(dims: int) -> Any:
    """Return the samples of average pooling."""

    def generate(make: Make) -> Iterator[Sample]:
        size = (7, 5, 4)[:dims]
        yield Sample(make(2, 3, *size), 2)
        yield Sample(make(3, *size), (3, 2, 2)[:dims], 1)
        yield Sample(make(0, 3, *size), 2, second=False)
        for include in (True, False):
            yield Sample(make(2, 2, *size), 3, 2, 1, count_include_pad=include)
            yield Sample(make(1, 2, *size), 2, 3, 1, ceil_mode=True, count_include_pad=include)
        if dims > 1:
            yield Sample(make(1, 2, *size), 2, 2, 1, divisor_override=3)

    return generate


def adaptive(dims: int, *, indices: bool) -> Any:
    """Return the samples of adaptive pooling: fewer parts, more parts, one."""

    def generate(make: Make) -> Iterator[Sample]:
        size = (7, 5, 4)[:dims]
        loose = 1 if indices else added_in_half(make, dims)
        yield Sample(make(2, 3, *size), 2, loose=loose)
        yield Sample(make(3, *size), (3, 4, 4)[:dims], loose=loose)
        yield Sample(make(2, 2, *size), (9, 1, 3)[:dims], loose=loose)
        yield Sample(make(2, 2, *size), 1, loose=loose)
        if dims > 1:
            yield Sample(make(1, 2, *size), (None, 2, 3)[:dims], loose=loose)
        if indices:
            yield Sample(make(1, 2, *size), 3, return_indices=True, loose=loose)

    return generate


SAMPLES: dict[str, Any] = {}
for dims in (1, 2, 3):
    kinds = {
        "max_pool": max_pool(dims),
        "avg_pool": avg_pool(dims),
        "adaptive_max_pool": adaptive(dims, indices=True),
        "adaptive_avg_pool": adaptive(dims, indices=False),
    }
    for name, generate in kinds.items():
        SAMPLES[f"nn.functional.{name}{dims}d"] = Samples(generate, dtypes=FLOATING)


def zeros(*shape: int) -> Input:
    """Return an input of zeros."""
    return Input(np.zeros(shape), "float32", grad=False)


SMALL = "Output size is too small"
REFUSALS = {
    "nn.functional.max_pool2d": [
        Refusal(RuntimeError, SMALL, zeros(1, 2, 2, 2), 3),
        Refusal(
            RuntimeError,
            "pad should be at most half of effective kernel size",
            zeros(1, 4, 4),
            2,
            2,
            2,
        ),
        Refusal(RuntimeError, "stride should not be zero", zeros(1, 4, 4), 0),
        Refusal(RuntimeError, "3D or 4D (batch mode) tensor", zeros(4, 4), 2),
    ],
    "nn.functional.avg_pool2d": [
        Refusal(RuntimeError, SMALL, zeros(1, 2, 2, 2), 3),
        Refusal(RuntimeError, "divisor must be not zero", zeros(1, 4, 4), 2, divisor_override=0),
    ],
    "nn.functional.adaptive_avg_pool2d": [
        Refusal(ValueError, "Input dimension should be at least 4", zeros(1, 4, 4), (1, 2, 3)),
    ],
}
