"""Samples of the randomised rectifier in evaluation; draws are in tests/nn/test_rrelu.py."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples


def rectified(make: Make) -> Iterator[Sample]:
    """Yield shapes and bounds; in training with both bounds the same."""
    for shape in ((3, 4), (5,), (), (0, 3)):
        yield Sample(make(*shape))
        yield Sample(make(*shape), 0.1, 0.6)
        yield Sample(make(*shape), 0.25, 0.25, True)


# Halves of both bounds: torch rounds the slope to the half type in training only.
SAMPLES = {"rrelu": Samples(rectified, dtypes=FLOATING)}

X = Input(np.zeros((2, 3)), "float32", grad=False)
REFUSALS = {
    "rrelu": [
        Refusal(
            RuntimeError, "Lower bound should be less than or equal to the upper bound", X, 2, 1
        ),
    ],
}
