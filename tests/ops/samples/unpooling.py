"""Samples of unpooling, and of pooling over drawn windows and by powers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples


def unpool(dims: int) -> Any:
    """Return the samples of unpooling: batched and not, with padding and a wanted size."""

    def generate(make: Make) -> Iterator[Sample]:
        size = (3, 2, 2)[:dims]
        places = np.random.RandomState(0).permutation(2**dims * int(np.prod(size)))
        flat = places[: int(np.prod(size))].reshape(size)
        both = make.of(np.broadcast_to(flat, (2, 2, *size)).copy(), dtype="int64")
        one = make.of(flat[None], dtype="int64")
        yield Sample(make(2, 2, *size), both, 2, second=False)
        yield Sample(make(1, *size), one, (2,) * dims, 2)
        wanted = tuple(2 * n + 1 for n in size)
        yield Sample(make(2, 2, *size), both, 2, output_size=(2, 2, *wanted), second=False)
        yield Sample(make(1, *size), one, 4, 2, 1)

    return generate


def power(dims: int) -> Any:
    """Return the samples of power-average pooling: powers, strides, infinity."""

    def generate(make: Make) -> Iterator[Sample]:
        size = (5, 4, 3)[:dims]
        yield Sample(make(1, 1, *(4, 2, 2)[:dims], low=0.2), 2.5, 2)
        for norm in (2, 3.0, float("inf"), float("-inf")):
            yield Sample(make(2, 1, *size, low=0.2), norm, 2, second=False)
        kernel: Any = 3 if dims == 1 else (3, 2, 2)[:dims]
        yield Sample(make(2, *size, low=0.2), 2.5, kernel, 1, second=False)
        yield Sample(make(1, 2, *size, low=0.2), 2, 2, 2, True, second=False)

    return generate


def fractional(dims: int) -> Any:
    """Return the samples of fractional pooling with given numbers, by sizes and by ratios."""

    def generate(make: Make) -> Iterator[Sample]:
        size = (7, 6, 5)[:dims]

        def samples(*shape: int) -> Input:
            return make(*shape, dims, low=0.05, high=0.95, grad=False)

        yield Sample(make(1, 1, *(4, 4, 4)[:dims]), 2, 2, _random_samples=samples(1, 1))
        first = {"second": False, "_random_samples": samples(1, 2)}
        yield Sample(make(1, 2, *size), 2, 3, **first)
        yield Sample(make(2, *size), (3, 2, 2)[:dims], (2, 3, 3)[:dims], **first)
        yield Sample(make(1, 2, *size), 2, None, (0.6, 0.5, 0.7)[:dims], True, **first)
        yield Sample(make(1, 2, *size), 2, 1, **first)

    return generate


def with_indices(dims: int) -> Any:
    """Return the samples of max pooling with indices."""

    def generate(make: Make) -> Iterator[Sample]:
        yield Sample(make(1, 2, *(6, 5, 4)[:dims]), 2, second=False)

    return generate


SAMPLES: dict[str, Any] = {}
for dims in (1, 2, 3):
    SAMPLES[f"nn.functional.max_unpool{dims}d"] = Samples(unpool(dims), dtypes=FLOATING)
    # Powers of halves: torch rounds after each of its steps, and so do these.
    SAMPLES[f"nn.functional.lp_pool{dims}d"] = Samples(power(dims), dtypes=("float64", "float32"))
    for kind in ("", "adaptive_"):
        name = f"nn.functional.{kind}max_pool{dims}d_with_indices"
        SAMPLES[name] = Samples(with_indices(dims), dtypes=FLOATING)
    if dims > 1:
        for end in ("", "_with_indices"):
            name = f"nn.functional.fractional_max_pool{dims}d{end}"
            SAMPLES[name] = Samples(fractional(dims), dtypes=FLOATING)


def zeros(*shape: int, dtype: str = "float32") -> Input:
    """Return an input of zeros."""
    return Input(np.zeros(shape), dtype, grad=False)


X, AT = zeros(1, 2, 2), zeros(1, 2, 2, dtype="int64")
REFUSALS = {
    "nn.functional.max_unpool2d": [
        Refusal(RuntimeError, "elements in indices should be type int64", X, X, 2),
        Refusal(RuntimeError, "Expected shape of indices to be", X, zeros(1, 2, dtype="int64"), 2),
        Refusal(ValueError, "invalid output_size", X, AT, 2, output_size=(9, 9)),
        Refusal(
            ValueError, "output_size should be a sequence containing", X, AT, 2, output_size=(9,)
        ),
        Refusal(
            RuntimeError,
            "Found an invalid max index: 16",
            X,
            Input(np.full((1, 2, 2), 16), "int64", grad=False),
            2,
        ),
    ],
    "nn.functional.fractional_max_pool2d": [
        Refusal(ValueError, "requires specifying either an output_size or an output_ratio", X, 2),
        Refusal(RuntimeError, "too large relative to input", X, 2, 2),
    ],
}
