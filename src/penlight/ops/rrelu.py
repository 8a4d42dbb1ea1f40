"""The rectifier whose slope below zero is drawn anew for each element."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array, wrap
from ..random import Generator
from . import _draw
from ._elementwise import refuse
from ._op import Saving, op
from .sampling import generator_of

__all__ = ["rrelu", "rrelu_"]


def _slopes(input: Array, lower: float, upper: float, generator: Generator | None) -> Array:
    """Return a drawn slope for each element that is not above zero, in order, and one elsewhere."""
    slopes = np.ones(input.shape, input.dtype)
    below = input <= 0
    drawn = np.empty(np.count_nonzero(below), np.float64)
    _draw.uniform(generator_of("rrelu", generator), drawn, lower, upper)
    slopes[below] = drawn.astype(np.float32).astype(input.dtype) if input.itemsize == 2 else drawn
    return slopes


@op(
    "rrelu",
    node="RreluWithNoiseBackward0",
    saves=("slopes",),
    inplace=True,
    method=False,
    quiet=True,
    input=lambda grad, slopes: grad * slopes,
)
def rrelu(
    input: Array,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    generator: Generator | None = None,
) -> Saving:
    r"""Rectify with a slope below zero that is drawn for each element: :math:`\max(x, a x)`.

    Args:
        input: floating, any shape.
        lower: the least slope.
        upper: the largest slope.
        training: draw the slopes; without it all are :math:`(\text{lower} + \text{upper}) / 2`.
        generator: where numbers come from; the default generator when left out.

    Raises:
        RuntimeError: ``lower`` is above ``upper``, or they are not finite.

    Example:
        >>> import penlight as torch
        >>> torch.rrelu(torch.tensor([-1.0, 2.0]), 0.25, 0.75)
        tensor([-0.5000,  2.0000])

    References:
        Xu et al. 2015, Empirical Evaluation of Rectified Activations, arXiv 1505.00853.
    """
    refuse("rrelu_with_noise_out_cpu" if training else "leaky_relu_cpu", input, kinds="bi")
    if training and input.dtype == np.float16:
        msg = "\"rrelu_with_noise_out_cpu\" not implemented for 'Half': convert to float32"
        raise NotImplementedError(msg)
    if not (np.isfinite(lower) and np.isfinite(upper) and lower <= upper):
        msg = (
            "Lower bound should be less than or equal to the upper bound, and both finite: rrelu "
            f"got lower={lower}, upper={upper}"
        )
        raise RuntimeError(msg)
    if training:
        slopes = _slopes(input, lower, upper, generator)
    else:
        kind: Any = input.dtype.type
        slopes = np.where(input > 0, kind(1), kind((lower + upper) / 2))
    return Saving(input * slopes, slopes=wrap(slopes))


rrelu_ = rrelu.op.call_
