"""Samples of weight norm; the op itself is private, and tested where modules use it."""

from __future__ import annotations

from collections.abc import Iterator

from ops.samples import FLOATING, Make, Sample, Samples


def norms(make: Make) -> Iterator[Sample]:
    """Yield every dimension, none, and another exponent."""
    yield Sample(make(3, 4))
    for dim in (0, 1, 2, -1):
        yield Sample(make(2, 3, 4), 2, dim)
    yield Sample(make(2, 3), 3, 1)
    yield Sample(make(5), 2, 0)


# torch prints NormBackward0 for the norm of everything; here it is a norm along all dimensions.
SAMPLES = {"norm_except_dim": Samples(norms, dtypes=FLOATING, node=False)}

TESTED_ELSEWHERE = {"_weight_norm": "tests/nn/utils/test_older_norms.py"}
