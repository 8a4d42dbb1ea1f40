"""Random counts of events: Poisson and binomial numbers, on torch's stream."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor, wrap
from ..random import Generator
from . import _check, _draw_checked, _rejection
from .sampling import generator_of, recorded

__all__ = ["binomial", "poisson"]


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Draw Poisson numbers, each with the rate that ``input`` has there.

    Args:
        input: rates, floating and not negative.
        generator: where to draw from; the default generator when not given.

    Raises:
        RuntimeError: a rate is negative or NaN.
        NotImplementedError: the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.poisson(torch.tensor([0.0, 0.0]))
        tensor([0., 0.])
    """
    source = generator_of("poisson", generator)
    rates = input._array
    _draw_checked.refuse_unless_floating(rates, "poisson_cpu")
    wide = rates.astype(np.float64)
    if not (wide >= 0).all():
        msg = (
            "invalid Poisson rate, expected rate to be non-negative, but the smallest is "
            f"{wide.min()}"
        )
        raise RuntimeError(msg)
    drawn = _rejection.draw_each(source, _rejection.poisson, wide)
    return recorded(wrap(drawn.astype(rates.dtype)), "PoissonBackward0", input)


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """Draw how many of ``count`` trials succeed, each with probability ``prob``.

    Args:
        count: how many trials, floating.
        prob: probabilities, of the dtype of ``count``; the shapes broadcast.
        generator: where to draw from; the default generator when not given.

    Raises:
        RuntimeError: the dtypes differ, or the shapes do not broadcast.
        NotImplementedError: the dtype is neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.binomial(torch.tensor([3.0, 3.0]), torch.tensor([0.0, 1.0]))
        tensor([0., 3.])
    """
    source = generator_of("binomial", generator)
    if count._array.dtype != prob._array.dtype:
        msg = (
            "Found dtype "
            f"{_check.scalar_type(prob._array)} but expected {_check.scalar_type(count._array)}"
        )
        raise RuntimeError(msg)
    if count._array.dtype not in {np.dtype(np.float32), np.dtype(np.float64)}:
        msg = f"\"binomial_cpu\" not implemented for '{_check.scalar_type(count._array)}'"
        raise NotImplementedError(msg)
    _check.broadcastable(count._array, prob._array)
    wide = [part.astype(np.float64) for part in np.broadcast_arrays(count._array, prob._array)]
    drawn = _rejection.draw_each(source, _rejection.binomial, *wide)
    return recorded(wrap(drawn.astype(count._array.dtype)), "BinomialBackward0", count, prob)
