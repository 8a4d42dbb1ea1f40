"""Samples of negative log-likelihoods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples

REDUCTIONS = ("none", "mean", "sum")


def poisson(make: Make) -> Iterator[Sample]:
    """Yield expected counts, or their logarithms, and counts."""
    loose = 8 if make.dtype in {"float16", "bfloat16"} else 1
    for log_input in (True, False):
        for full in (True, False):
            for reduction in REDUCTIONS:
                input = make(3, 4, low=0.1, high=2)
                target = make(3, 4, low=0.2, high=6, grad=False)
                named = {"log_input": log_input, "full": full, "reduction": reduction}
                yield Sample(input, target, **named, loose=loose)


def numbered_poisson(make: Make) -> Iterator[Sample]:
    """Yield what torch's own function takes."""
    loose = 8 if make.dtype in {"float16", "bfloat16"} else 1
    for reduction in (0, 1, 2):
        target = make(3, 4, low=0.2, high=6, grad=False)
        yield Sample(make(3, 4), target, True, False, 1e-8, reduction, loose=loose)


def gaussian(make: Make) -> Iterator[Sample]:
    """Yield means, samples and variances of each shape, and a number."""
    loose = 8 if make.dtype in {"float16", "bfloat16"} else 1
    for shape in ((3, 4), (3, 1), (3,), (1, 4)):
        for reduction in REDUCTIONS:
            var = make(*shape, low=0.2, high=2)
            yield Sample(make(3, 4), make(3, 4), var, reduction=reduction, loose=loose)
    yield Sample(make(3, 4), make(3, 4), 0.5, full=True, loose=loose)
    var = make(3, 4, low=0.2, high=2)
    yield Sample(make(3, 4), make(3, 4), var, eps=0.9, grad=False, loose=loose)


def aligned(make: Make) -> Iterator[Sample]:
    """Yield targets padded, one after the other, with repeats, of no labels, and of one batch.

    The gradient is not the slope, see the op; tests/nn/test_ctc_loss.py looks at it.
    """
    padded = make.of([[1, 2, 2], [3, 1, 0], [2, 0, 0]], dtype="int64", grad=False)
    joined = make.of([1, 2, 2, 3, 1, 2], dtype="int64", grad=False)
    for reduction in REDUCTIONS:
        for targets in (padded, joined):
            lengths = (
                make.of([6, 5, 4], dtype="int64", grad=False),
                make.of([3, 2, 1], dtype="int64", grad=False),
            )
            log_probs = make(6, 3, 4, low=-3, high=-0.1)
            yield Sample(log_probs, targets, *lengths, reduction=reduction, grad=False)
            yield Sample(log_probs, targets, (6, 6, 6), (3, 2, 1), reduction=reduction, grad=False)
        log_probs = make(5, 4, low=-3, high=-0.1)
        one = make.of([1, 3], dtype="int64", grad=False)
        single = make.of(5, dtype="int64", grad=False), make.of(2, dtype="int64", grad=False)
        yield Sample(log_probs, one, *single, blank=2, reduction=reduction, grad=False)
    none = make.of([[0, 0], [1, 2]], dtype="int64", grad=False)
    yield Sample(make(4, 2, 3, low=-3, high=-0.1), none, (4, 3), (0, 2), grad=False)
    short = make(2, 2, 3, low=-3, high=-0.1)
    for zero_infinity in (True, False):
        named = {"reduction": "none", "zero_infinity": zero_infinity}
        yield Sample(short, none, (2, 1), (1, 2), **named, grad=False)


def numbered_aligned(make: Make) -> Iterator[Sample]:
    """Yield what torch's own function takes."""
    for reduction in (0, 1, 2):
        targets = make.of([[1, 2], [2, 0]], dtype="int64", grad=False)
        log_probs = make(4, 2, 3, low=-3, high=-0.1)
        yield Sample(log_probs, targets, (4, 3), (2, 1), 0, reduction, grad=False)


SINGLE = ("float64", "float32")
SAMPLES: dict[str, Any] = {
    "poisson_nll_loss": Samples(numbered_poisson, dtypes=FLOATING, terms=10.0),
    "ctc_loss": Samples(numbered_aligned, dtypes=SINGLE),
    "nn.functional.poisson_nll_loss": Samples(poisson, dtypes=FLOATING, terms=10.0),
    "nn.functional.gaussian_nll_loss": Samples(gaussian, dtypes=FLOATING),
    "nn.functional.ctc_loss": Samples(aligned, dtypes=SINGLE),
}


def zeros(*shape: int) -> Input:
    """Return an input for a refusal."""
    return Input(np.zeros(shape), "float32", grad=False)


def labels(*values: Any) -> Input:
    """Return labels for a refusal."""
    return Input(np.array(values), "int64", grad=False)


REFUSALS = {
    "nn.functional.gaussian_nll_loss": [
        Refusal(ValueError, "var has negative entry/entries", zeros(2), zeros(2), -1.0),
        Refusal(ValueError, "var is of incorrect size", zeros(2, 3), zeros(2, 3), zeros(3)),
        Refusal(
            ValueError, "x is not valid", zeros(2), zeros(2), zeros(2), reduction="x", ours="sum"
        ),
    ],
    "nn.functional.ctc_loss": [
        Refusal(
            RuntimeError,
            "blank must be in label range",
            *(zeros(4, 1, 3), labels([1]), (4,), (1,)),
            blank=3,
            ours="[0, 3), got 3",
        ),
        Refusal(
            RuntimeError,
            "Expected input_lengths to have value at most 4, but got value 5",
            *(zeros(4, 1, 3), labels([1]), (5,), (1,)),
        ),
        Refusal(
            RuntimeError,
            "input_lengths must be of size batch_size",
            *(zeros(4, 2, 3), labels([1], [1]), (4,), (1, 1)),
            ours="which is 2, got 1",
        ),
        Refusal(
            RuntimeError,
            "Expected tensor to have size at least 2 at dimension 1, but got size 1",
            *(zeros(4, 1, 3), labels([1]), (4,), (2,)),
        ),
        Refusal(
            RuntimeError,
            "log_probs tensor must not be empty",
            *(zeros(0, 1, 3), labels([1]), (0,), (1,)),
        ),
    ],
}
