"""Samples of shuffling channels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from ops.samples import Input, Make, Refusal, Sample, Samples


def pixels(make: Make) -> Iterator[Sample]:
    """Yield batches, none, several, and a factor of one."""
    yield Sample(make(2, 8, 2, 3), 2)
    yield Sample(make(9, 2, 1), 3)
    yield Sample(make(2, 1, 4, 1, 2), 2)
    yield Sample(make(1, 2, 3, 3), 1)
    yield Sample(make(0, 4, 2, 2), 2)


def blocks(make: Make) -> Iterator[Sample]:
    """Yield what undoes them."""
    yield Sample(make(2, 2, 4, 6), 2)
    yield Sample(make(1, 6, 3), 3)
    yield Sample(make(2, 1, 1, 2, 4), 2)


def channels(make: Make) -> Iterator[Sample]:
    """Yield groups of channels with any spatial dimensions."""
    yield Sample(make(2, 6, 3), 2)
    yield Sample(make(1, 6, 2, 2), 3)
    yield Sample(make(2, 4, 1, 2, 2), 4)
    yield Sample(make(0, 4, 2), 2)


SAMPLES = {
    "pixel_shuffle": pixels,
    "pixel_unshuffle": blocks,
    "channel_shuffle": Samples(channels),
    # torch has no gradient of this name, and prints <NotImplemented>.
    "native_channel_shuffle": Samples(channels, node=False),
}

X = Input(np.zeros((1, 6, 3, 3)), "float32", grad=False)
FLAT = Input(np.zeros((4, 4)), "float32", grad=False)
REFUSALS = {
    "pixel_shuffle": [
        Refusal(RuntimeError, "pixel_shuffle expects input to have at least 3 dimensions", FLAT, 2),
        Refusal(RuntimeError, "pixel_shuffle expects a positive upscale_factor, but got 0", X, 0),
        Refusal(RuntimeError, "is not divisible by 4", X, 2),
    ],
    "pixel_unshuffle": [
        Refusal(RuntimeError, "pixel_unshuffle expects input to have at least 3", FLAT, 2),
        Refusal(RuntimeError, "pixel_unshuffle expects a positive downscale_factor", X, -1),
        Refusal(RuntimeError, "pixel_unshuffle expects height to be divisible by", X, 2),
    ],
    "channel_shuffle": [
        Refusal(RuntimeError, "channel_shuffle expects input with > 2 dims", FLAT, 2),
        Refusal(RuntimeError, "Number of groups to divide channels in must be positive", X, 0),
        Refusal(RuntimeError, "Number of channels must be divisible by groups", X, 4),
    ],
}
