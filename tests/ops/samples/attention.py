"""Samples of attention; dropout is in tests/nn/test_attention.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples


def attended(make: Make) -> Iterator[Sample]:
    """Yield shapes, masks and scales, for torch's fused kernel and for its composition."""
    shapes = ((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 5))

    def three(*sizes: tuple[int, ...]) -> list[Input]:
        return [make(*size, low=-1, high=1) for size in sizes or shapes]

    # torch rounds the weights to half before it multiplies.
    rough = {"loose": 4} if make.dtype in {"float16", "bfloat16"} else {}
    lost = np.ones((4, 6), bool)
    lost[1], lost[2, :3] = False, False
    unseen = make.of(lost, dtype="bool", grad=False)
    yield Sample(*three(), **rough)
    yield Sample(*three(), is_causal=True, **rough)
    yield Sample(*three(), scale=0.3, **rough)
    for shape in ((4, 6), (2, 1, 4, 6), (2, 3, 4, 6), (1, 3, 1, 6)):
        yield Sample(*three(), make.mask(*shape), **rough)
        yield Sample(*three(), make(*shape, grad=False), **rough)
    yield Sample(*three(), unseen, **rough)
    # What torch composes: masks with gradients, values of another size, other dimensions.
    yield Sample(*three(), make(4, 6), **rough)
    yield Sample(*three(*shapes[:2], (2, 3, 6, 2)), **rough)
    yield Sample(*three(*shapes[:2], (2, 3, 6, 2)), is_causal=True, **rough)
    yield Sample(*three(*shapes[:2], (2, 3, 6, 2)), unseen, **rough)
    yield Sample(*three((3, 4, 5), (3, 6, 5), (3, 6, 5)), scale=-0.5, **rough)
    yield Sample(*three((4, 5), (6, 5), (6, 2)), make(4, 6), **rough)
    yield Sample(*three((2, 2, 3, 4, 5), (2, 2, 3, 6, 5), (2, 2, 3, 6, 5)), **rough)
    yield Sample(*three((2, 1, 4, 5), (2, 3, 6, 5), (1, 3, 6, 5)), **rough)
    grouped = three((2, 4, 3, 5), (2, 2, 6, 5), (2, 2, 6, 5))
    yield Sample(*grouped, enable_gqa=True, **rough)
    yield Sample(*grouped, enable_gqa=True, is_causal=True, **rough)


SAMPLES: dict[str, Any] = {
    "nn.functional.scaled_dot_product_attention": Samples(
        attended, dtypes=FLOATING, strides=True, terms=1.0
    ),
}


def zeros(*shape: int, dtype: str = "float32") -> Input:
    """Return an input for a refusal."""
    return Input(np.zeros(shape), dtype, grad=False)


THREE = (zeros(2, 3), zeros(2, 3), zeros(2, 3))
REFUSALS = {
    "nn.functional.scaled_dot_product_attention": [
        Refusal(
            RuntimeError,
            "Expected query, key, and value to have the same dtype, but got query.dtype: float "
            "key.dtype: double and value.dtype: float instead.",
            zeros(2, 3),
            zeros(2, 3, dtype="float64"),
            zeros(2, 3),
        ),
        Refusal(
            RuntimeError,
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            "1 key.dim: 2 and value.dim: 2 instead.",
            zeros(3),
            zeros(2, 3),
            zeros(2, 3),
        ),
        Refusal(
            RuntimeError,
            "Expected attn_mask dtype to be bool or float or to match query dtype",
            *THREE,
            zeros(2, 2, dtype="int64"),
        ),
        Refusal(
            RuntimeError,
            "Explicit attn_mask should not be set when is_causal=True",
            *THREE,
            zeros(2, 2),
            is_causal=True,
            ours="give one of them",
        ),
        Refusal(
            RuntimeError,
            "Number of heads in key and value must divide the number of heads in ",
            zeros(1, 3, 2, 4),
            zeros(1, 2, 2, 4),
            zeros(1, 2, 2, 4),
            enable_gqa=True,
            ours="got 2 and 2 for 3",
        ),
    ],
}
