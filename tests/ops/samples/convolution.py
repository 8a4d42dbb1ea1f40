"""Samples of convolutions and of padding with what a tensor holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples

# Sums of up to 3 x 9 products of numbers below 2.
TERMS = 108.0


def conv1d(make: Make) -> Iterator[Sample]:
    """Yield every option, unbatched and empty batches, channels in groups."""
    yield Sample(make(2, 3, 7), make(4, 3, 3), make(4))
    yield Sample(make(3, 7), make(4, 3, 3))
    yield Sample(make(0, 3, 7), make(4, 3, 3), make(4), second=False)
    yield Sample(make(2, 4, 8), make(6, 2, 3), make(6), stride=2, padding=1, groups=2)
    yield Sample(make(1, 2, 9), make(2, 1, 2), None, 1, (2,), 3, 2)
    yield Sample(make(2, 2, 6), make(3, 2, 3), padding="same", dilation=2)
    yield Sample(make(2, 2, 6), make(3, 2, 4), make(3), padding="same")
    yield Sample(make(2, 2, 6), make(3, 2, 4), padding="valid")
    yield Sample(make(2, 2, 5), make(3, 2, 1), make(3), stride=3)


def conv2d(make: Make) -> Iterator[Sample]:
    """Yield the options with different numbers for the two dimensions."""
    yield Sample(make(2, 3, 5, 4), make(4, 3, 3, 3), make(4))
    yield Sample(make(3, 5, 4), make(2, 3, 1, 1), make(2))
    yield Sample(make(1, 2, 6, 5), make(2, 2, 2, 3), None, (2, 1), (0, 2), (1, 2))
    yield Sample(make(2, 4, 4, 4), make(4, 1, 3, 3), make(4), padding=1, groups=4)
    yield Sample(make(1, 2, 5, 4), make(3, 2, 2, 3), make(3), padding="same")


def conv3d(make: Make) -> Iterator[Sample]:
    """Yield a plain one and one with every option."""
    yield Sample(make(1, 2, 3, 4, 3), make(2, 2, 2, 2, 2), make(2))
    yield Sample(make(2, 4, 3, 4), make(2, 1, 2, 1, 2), None, (1, 2, 1), (1, 0, 1), 1, 2)


def conv_tbc(make: Make) -> Iterator[Sample]:
    """Yield steps added and cut off, kernels longer than the sequence, and sizes of zero."""
    yield Sample(make(6, 2, 3), make(3, 3, 4), make(4))
    yield Sample(make(5, 2, 3), make(2, 3, 2), make(2), 2)
    yield Sample(make(3, 1, 2), make(5, 2, 1), make(1), pad=1)
    yield Sample(make(6, 2, 2), make(2, 2, 3), make(3), pad=-1)
    yield Sample(make(2, 2, 3), make(3, 3, 2), make(2), second=False)
    yield Sample(make(4, 0, 3), make(2, 3, 2), make(2), second=False)


def conv_transpose1d(make: Make) -> Iterator[Sample]:
    """Yield every option, unbatched, channels in groups."""
    yield Sample(make(2, 3, 4), make(3, 2, 3), make(2))
    yield Sample(make(3, 4), make(3, 2, 3))
    yield Sample(make(2, 4, 4), make(4, 3, 3), make(6), stride=3, padding=1, groups=2)
    yield Sample(make(1, 2, 5), make(2, 2, 3), None, 2, 1, 1, 1, 2)


def conv_transpose2d(make: Make) -> Iterator[Sample]:
    """Yield the options with different numbers for the two dimensions."""
    yield Sample(make(2, 2, 3, 4), make(2, 3, 2, 2), make(3))
    yield Sample(make(1, 2, 3, 3), make(2, 1, 3, 2), make(2), (2, 3), (1, 0), (1, 2), 2)


def conv_transpose3d(make: Make) -> Iterator[Sample]:
    """Yield a plain one and one with every option."""
    yield Sample(make(1, 2, 2, 3, 2), make(2, 2, 2, 2, 2), make(2))
    yield Sample(make(2, 2, 2, 2), make(2, 2, 2, 1, 2), None, (2, 1, 2), (1, 0, 0), (1, 0, 1), 2)


def padded(make: Make) -> Iterator[Sample]:
    """Yield the modes of each number of dimensions, unbatched, with widths that cut off."""
    for mode in ("reflect", "replicate", "circular"):
        yield Sample(make(2, 3, 4), (2, 1), mode=mode)
        yield Sample(make(3, 4), (1, 3), mode=mode)
        yield Sample(make(2, 1, 3, 4), (1, 2, 2, 0), mode=mode)
        yield Sample(make(1, 3, 2, 4), (0, 1, 1, 1), mode=mode)
        yield Sample(make(1, 2, 3, 2, 4), (1, 0, 1, 1, 2, 1), mode=mode, second=False)
    yield Sample(make(2, 3, 6), (-1, 2), mode="replicate")
    yield Sample(make(2, 3, 6), (2, -3), mode="reflect")


def _conv(generate: Any) -> Samples:
    return Samples(generate, dtypes=FLOATING, terms=TERMS)


SAMPLES: dict[str, Any] = {
    "nn.functional.conv1d": _conv(conv1d),
    "nn.functional.conv2d": _conv(conv2d),
    "nn.functional.conv3d": _conv(conv3d),
    "nn.functional.conv_tbc": _conv(conv_tbc),
    "nn.functional.conv_transpose1d": _conv(conv_transpose1d),
    "nn.functional.conv_transpose2d": _conv(conv_transpose2d),
    "nn.functional.conv_transpose3d": _conv(conv_transpose3d),
    "nn.functional.pad": Samples(padded, dtypes=FLOATING),
}


def zeros(*shape: int, dtype: str = "float32") -> Input:
    """Return an input of zeros."""
    import numpy as np

    return Input(np.zeros(shape), dtype, grad=False)


REFUSALS = {
    "nn.functional.conv1d": [
        Refusal(
            RuntimeError,
            "to have 3 channels, but got 2 channels instead",
            zeros(1, 2, 5),
            zeros(4, 3, 3),
        ),
        Refusal(
            RuntimeError,
            "Expected 2D (unbatched) or 3D (batched) input to conv1d, but got input of size: [5]",
            zeros(5),
            zeros(4, 3, 3),
        ),
        Refusal(
            RuntimeError,
            "Calculated padded input size per channel: (2). Kernel size: (3). Kernel size can't be "
            "greater than actual input size",
            zeros(1, 3, 2),
            zeros(4, 3, 3),
        ),
        Refusal(
            RuntimeError,
            "expected bias to be 1-dimensional with 4 elements, but got bias of size [3] instead",
            zeros(1, 3, 5),
            zeros(4, 3, 3),
            zeros(3),
        ),
        Refusal(RuntimeError, "non-positive stride", zeros(1, 3, 5), zeros(4, 3, 3), stride=0),
        Refusal(RuntimeError, "negative padding", zeros(1, 3, 5), zeros(4, 3, 3), padding=-1),
        Refusal(
            RuntimeError, "Invalid padding string", zeros(1, 3, 5), zeros(4, 3, 3), padding="x"
        ),
        Refusal(
            RuntimeError,
            "padding='same' is not supported for strided convolutions",
            zeros(1, 3, 5),
            zeros(4, 3, 3),
            padding="same",
            stride=2,
        ),
    ],
    "nn.functional.conv2d": [
        Refusal(
            RuntimeError,
            "Given groups=3, expected weight to be divisible by 3 at dimension 0",
            zeros(1, 3, 5, 5),
            zeros(4, 1, 3, 3),
            groups=3,
        ),
        Refusal(RuntimeError, "stride", zeros(1, 3, 5, 5), zeros(4, 3, 3, 3), stride=(1, 1, 1)),
        Refusal(
            RuntimeError,
            "should be the same",
            zeros(1, 3, 5, 5),
            zeros(4, 3, 3, 3, dtype="float64"),
            zeros(4, dtype="float64"),
        ),
    ],
    "nn.functional.conv_tbc": [
        Refusal(RuntimeError, "Input must have 3 dims", zeros(6, 3), zeros(3, 3, 4), zeros(4)),
        Refusal(
            RuntimeError, "Weight tensor must have 3 dims", zeros(6, 2, 3), zeros(3, 4), zeros(4)
        ),
        Refusal(RuntimeError, "Bias must be 1-D", zeros(6, 2, 3), zeros(3, 3, 4), zeros(4, 1)),
        Refusal(
            RuntimeError,
            "Input dim 2 (input channels) is not == dim 1 in the weight tensor",
            zeros(6, 2, 3),
            zeros(3, 2, 4),
            zeros(4),
        ),
        Refusal(
            RuntimeError,
            "Bias size must equal dim 2 in the weight tensor (output channels).",
            zeros(6, 2, 3),
            zeros(3, 3, 4),
            zeros(3),
        ),
        Refusal(
            RuntimeError,
            "Trying to create tensor with negative dimension -1: [-1, 2, 4]",
            zeros(1, 2, 3),
            zeros(3, 3, 4),
            zeros(4),
        ),
        Refusal(
            RuntimeError,
            "self and mat2 must have the same dtype, but got Double and Float",
            zeros(6, 2, 3, dtype="float64"),
            zeros(3, 3, 4),
            zeros(4),
        ),
        Refusal(
            TypeError, "must be int, not tuple", zeros(6, 2, 3), zeros(3, 3, 4), zeros(4), (1,)
        ),
    ],
    "nn.functional.conv_transpose1d": [
        Refusal(
            RuntimeError,
            "output padding must be smaller than either stride or dilation",
            zeros(1, 3, 5),
            zeros(3, 4, 3),
            output_padding=1,
        ),
        Refusal(
            RuntimeError,
            "to have 3 channels, but got 2 channels instead",
            zeros(1, 2, 5),
            zeros(3, 4, 3),
        ),
    ],
    "nn.functional.pad": [
        Refusal(
            RuntimeError,
            "Padding size should be less than the corresponding input dimension",
            zeros(1, 2, 3),
            (3, 0),
            mode="reflect",
        ),
        Refusal(
            RuntimeError,
            "Padding value causes wrapping around more than once",
            zeros(1, 2, 3),
            (4, 0),
            mode="circular",
        ),
        Refusal(
            NotImplementedError,
            "Padding size 2 is not supported for 1D input tensor",
            zeros(3),
            (1, 1),
            mode="reflect",
        ),
    ],
}
