"""The randomised rectifier."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from ...ops import rrelu as ops
from ...ops.rrelu import rrelu_

__all__ = ["rrelu", "rrelu_"]


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    r"""Rectify with a slope below zero that is drawn for each element: :math:`\max(x, a x)`.

    Args:
        input: floating, any shape.
        lower: the least slope.
        upper: the largest slope.
        training: draw the slopes; without it all are the middle of both bounds.
        inplace: write the input.

    Raises:
        RuntimeError: ``lower`` is above ``upper``.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.rrelu(torch.tensor([-1.0, 2.0]), 0.25, 0.75)
        tensor([-0.5000,  2.0000])
    """
    function: Any = ops.rrelu_ if inplace else ops.rrelu
    rectified: Tensor = function(input, lower, upper, training)
    return rectified
