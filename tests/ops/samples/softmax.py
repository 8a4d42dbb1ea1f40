"""Samples of softmax and its logarithm."""

from __future__ import annotations

from collections.abc import Iterator

from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples

INF, NAN = float("inf"), float("nan")


def along(make: Make) -> Iterator[Sample]:
    """Yield shapes and dimensions, large numbers, infinities and a dtype."""
    yield Sample(make(5), 0)
    yield Sample(make(3, 4), -1)
    yield Sample(make(3, 4), 0)
    yield Sample(make(2, 3, 4), 1)
    yield Sample(make(), 0)
    yield Sample(make(0, 3), 1)
    yield Sample(make(3, 0), 1)
    yield Sample(make(4, 1), 1)
    if make.dtype in FLOATING:
        yield Sample(make.of([30.0, -30.0, 0.0]), 0, grad=False)
        yield Sample(make.of([[INF, 1.0], [-INF, 1.0], [NAN, 1.0], [-INF, -INF]]), 1, grad=False)


SAMPLES = {
    "softmax": along,
    "log_softmax": along,
    "nn.functional.softmin": Samples(along, dtypes=FLOATING),
}

ONES = Input([[1.0, 2.0]], "float32", grad=False)
OUTSIDE = "Dimension out of range (expected to be in range of [-2, 1], but got 2)"
REFUSALS = {
    "softmax": [
        Refusal(IndexError, OUTSIDE, ONES, 2),
        Refusal(
            NotImplementedError,
            "\"softmax_lastdim_kernel_impl\" not implemented for 'Long'",
            Input([1, 2], "int64", grad=False),
            0,
        ),
        Refusal(
            NotImplementedError,
            "\"softmax_kernel_impl\" not implemented for 'Long'",
            Input([[1], [2]], "int64", grad=False),
            0,
        ),
        Refusal(TypeError, "argument 'dim' (position", ONES, "a", ours="must be int, not str"),
    ],
    "log_softmax": [Refusal(IndexError, OUTSIDE, ONES, 2)],
}
