"""Samples of running sums, products and extremes, and of differences."""

from __future__ import annotations

from ops.samples import ALL, FLOATING, Input, Refusal, Sample, Samples


def _along(make):
    yield Sample(make(3, 4), 0)
    yield Sample(make(3, 4), -1)
    yield Sample(make(5), 0)
    yield Sample(make(), 0)
    yield Sample(make(0, 3), 0)
    yield Sample(make(2, 0, 3), 2)


def _cumprod(make):
    yield from _along(make)
    if make.dtype in FLOATING:
        # Zeros: the gradient cannot divide by them.
        yield Sample(make.of([[2.0, 0.0, 3.0, 0.5], [0.0, 0.0, 1.5, 2.5]]), 1)
        yield Sample(make.of([[2.0, 0.0], [0.0, 3.0]]), 0)


def _extreme(make):
    yield from _along(make)
    yield Sample(make.of([1, 3, 3, 2, 3], grad=False), 0)
    if make.dtype in FLOATING:
        yield Sample(make.of([1.0, float("nan"), 3.0, float("nan"), 4.0], grad=False), 0)


def _logcumsumexp(make):
    yield from _along(make)
    if make.dtype in FLOATING:
        yield Sample(make.of([float("-inf"), float("-inf"), 1.0], grad=False), 0)
        yield Sample(make.of([80.0, 90.0, 1.0, -90.0]), 0)


def _diff(make):
    yield Sample(make(5))
    yield Sample(make(3, 4), 2)
    yield Sample(make(3, 4), 1, 0)
    yield Sample(make(2, 3), 1, -1, make(2, 1), make(2, 2))
    yield Sample(make(2), 5)
    yield Sample(make(3), 0)
    yield Sample(make(0))


SAMPLES = {
    "cumsum": _along,
    "cumprod": _cumprod,
    "cummax": _extreme,
    "cummin": _extreme,
    "logcumsumexp": Samples(_logcumsumexp, dtypes=ALL),
    "diff": _diff,
}

_NUMBER = Input(1.0, "float32", grad=False)
_VECTOR = Input([1.0, 2.0, 3.0], "float32", grad=False)

REFUSALS = {
    "cumsum": [
        Refusal(
            IndexError, "Dimension out of range (expected to be in range of [-1, 0]", _VECTOR, 1
        )
    ],
    "cumprod": [Refusal(IndexError, "Dimension out of range", _VECTOR, -2)],
    "cummax": [Refusal(IndexError, "Dimension out of range", _VECTOR, 1)],
    "diff": [
        Refusal(RuntimeError, "diff expects input to be at least one-dimensional", _NUMBER),
        Refusal(RuntimeError, "order must be non-negative but got -1", _VECTOR, -1),
        Refusal(
            RuntimeError,
            "diff expects prepend or append to be the same dimension as input",
            _VECTOR,
            prepend=_NUMBER,
        ),
    ],
}
