"""Samples of sliding blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples


def unfolded(make: Make) -> Iterator[Sample]:
    """Yield every option, unbatched, an empty batch."""
    yield Sample(make(2, 2, 3, 4), 2)
    yield Sample(make(2, 4, 5), (2, 3), stride=2)
    yield Sample(make(1, 2, 5, 4), (3, 2), (1, 2), (2, 1), (2, 1))
    yield Sample(make(0, 2, 3, 4), 2, second=False)


def folded(make: Make) -> Iterator[Sample]:
    """Yield every option, unbatched, an empty batch."""
    yield Sample(make(2, 8, 6), (3, 4), 2)
    yield Sample(make(12, 4), (4, 5), (2, 3), stride=2)
    yield Sample(make(1, 12, 16), (5, 4), (3, 2), (1, 2), (2, 1), (2, 1))
    yield Sample(make(0, 8, 6), (3, 4), 2, second=False)


SAMPLES = {
    "nn.functional.unfold": Samples(unfolded, dtypes=FLOATING),
    # Half types are added in the order of a block's elements, up to six of them.
    "nn.functional.fold": Samples(folded, dtypes=FLOATING, terms=12.0),
}


def zeros(*shape: int, dtype: str = "float32") -> Input:
    """Return an input of zeros."""
    return Input(np.zeros(shape), dtype, grad=False)


X = zeros(1, 2, 3, 4)
REFUSALS = {
    "nn.functional.unfold": [
        Refusal(RuntimeError, "Expected 3D or 4D (batch mode) tensor", zeros(1, 1, 1, 3, 4), 2),
        Refusal(RuntimeError, "calculated shape of the array of sliding blocks as", X, 4),
        Refusal(RuntimeError, "kernel size should be greater than zero", X, 0),
        Refusal(RuntimeError, "stride should be greater than zero", X, 2, stride=0),
        Refusal(RuntimeError, "dilation should be greater than zero", X, 2, 0),
        Refusal(
            NotImplementedError, "not implemented for 'Long'", zeros(1, 2, 2, dtype="int64"), 2
        ),
    ],
    "nn.functional.fold": [
        Refusal(RuntimeError, "Expected 2D or 3D (batch mode) tensor", zeros(3), 2, 2),
        Refusal(
            RuntimeError, "to be divisible by the product of kernel_size", zeros(1, 3, 4), 3, 2
        ),
        Refusal(RuntimeError, "calculated number of sliding blocks", zeros(1, 4, 5), 3, 2),
    ],
}
