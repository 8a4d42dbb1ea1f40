"""Samplers that draw until they accept: Poisson and binomial numbers, on torch's stream.

How many numbers of the stream an element takes depends on what they are, so elements are drawn one
after the other, in Python. The stream is that of torch: each trial takes doubles of 53 bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import kernels
from ..random import Generator

Array = np.ndarray[Any, Any]

_CHUNK = 1 << 12
# From this mean on, rejection is quicker than counting.
_MANY = 10


class _Uniforms:
    """Uniform doubles from a generator, read ahead in chunks; what is not used is given back."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._ahead = generator._state.copy()
        self._buffer = np.empty(_CHUNK, np.float64)
        self._values: list[float] = []
        self._place = 0
        self._taken = 0

    def next(self) -> float:
        """Return the next number in [0, 1)."""
        if self._place == len(self._values):
            self._taken += self._place
            kernels.fill_uniform(self._ahead, self._buffer, 0.0, 1.0)
            self._values, self._place = self._buffer.tolist(), 0
        value = self._values[self._place]
        self._place += 1
        return value

    def finish(self) -> None:
        """Move the generator past the numbers that were used."""
        used = self._taken + self._place
        for start in range(0, used, _CHUNK):
            part = self._buffer[: used - start]
            kernels.fill_uniform(self._generator._state, part, 0.0, 1.0)


def draw_each(generator: Generator, draw: Callable[..., float], *parameters: Array) -> Array:
    """Return one number for each element of the parameters, in row-major order."""
    with generator._lock:
        uniforms = _Uniforms(generator)
        rows = zip(*(array.ravel().tolist() for array in parameters), strict=True)
        drawn = [draw(uniforms.next, *row) for row in rows]
        uniforms.finish()
    return np.array(drawn, np.float64).reshape(parameters[0].shape)


# ---- Poisson -------------------------------------------------------------------------------------


def poisson(uniform: Callable[[], float], rate: float) -> float:
    """Return how many events of a rate happen in a unit of time."""
    if rate == 0:
        return 0
    return _poisson_of_many(uniform, rate) if rate >= _MANY else _poisson_of_few(uniform, rate)


def _poisson_of_few(uniform: Callable[[], float], rate: float) -> float:
    """Multiply waiting times until they are over."""
    limit, product, count = math.exp(-rate), 1.0, 0
    while True:
        product *= uniform()
        if product <= limit:
            return count
        count += 1


def _poisson_of_many(uniform: Callable[[], float], rate: float) -> float:
    """Draw by transformed rejection with squeeze (Hörmann 1993, PTRS)."""
    root, logarithm = math.sqrt(rate), math.log(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    squeeze = 0.9277 - 3.6224 / (b - 2)
    while True:
        u = uniform() - 0.5
        v = uniform()
        width = 0.5 - abs(u)
        k = math.floor((2 * a / width + b) * u + rate + 0.43) if width else -1
        if width >= 0.07 and v <= squeeze:
            return k
        if k < 0 or (width < 0.013 and v > width):
            continue
        ratio = _log(v) + math.log(inverse_alpha) - math.log(a / (width * width) + b)
        if ratio <= -rate + k * logarithm - math.lgamma(k + 1):
            return k


def _log(value: float) -> float:
    return math.log(value) if value else -math.inf


# ---- binomial ------------------------------------------------------------------------------------


def binomial(uniform: Callable[[], float], count: float, probability: float) -> float:
    """Return how many of ``count`` trials succeed."""
    if count <= 0 or probability <= 0:
        return 0
    if probability >= 1:
        return count
    if probability <= 0.5:
        return _successes(uniform, count, probability)
    if probability > 0.5:
        return count - _successes(uniform, count, 1.0 - probability)
    return math.nan


def _successes(uniform: Callable[[], float], count: float, probability: float) -> float:
    draw = _binomial_of_many if count * probability >= _MANY else _binomial_of_few
    return draw(uniform, count, probability)


def _binomial_of_few(uniform: Callable[[], float], count: float, probability: float) -> float:
    """Add up the trials from one success to the next until they are over."""
    trials, successes, scale = 0.0, 0, math.log1p(-probability)
    while True:
        trials += math.ceil(math.log(u) / scale) if (u := uniform()) else math.inf
        if trials > count:
            return successes
        successes += 1


def _binomial_of_many(uniform: Callable[[], float], count: float, probability: float) -> float:
    """Draw by transformed rejection (Hörmann 1993, BTRS)."""
    deviation = math.sqrt(count * probability * (1 - probability))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * probability
    centre = count * probability + 0.5
    squeeze = 0.92 - 4.2 / b
    odds = probability / (1 - probability)
    alpha = (2.83 + 5.1 / b) * deviation
    mode = math.floor((count + 1) * probability)
    while True:
        u = uniform() - 0.5
        v = uniform()
        width = 0.5 - abs(u)
        k = math.floor((2 * a / width + b) * u + centre) if width else -1
        if not 0 <= k <= count:
            continue
        if width >= 0.07 and v <= squeeze:
            return k
        ratio = _log(v * alpha / (a / (width * width) + b))
        if ratio <= _log_ratio(count, odds, mode, k):
            return k


def _log_ratio(count: float, odds: float, mode: float, k: float) -> float:
    """Return the logarithm of the probability of ``k`` over that of the commonest number."""
    rest = count - k + 1
    return (
        (mode + 0.5) * math.log((mode + 1) / (odds * (count - mode + 1)))
        + (count + 1) * math.log((count - mode + 1) / rest)
        + (k + 0.5) * math.log(odds * rest / (k + 1))
        + _tail(mode)
        + _tail(count - mode)
        - _tail(k)
        - _tail(count - k)
    )


def _tail(k: float) -> float:
    """Return what Stirling's formula leaves of the logarithm of k!."""
    if k <= 9:
        exact = math.lgamma(k + 1) - (k + 0.5) * math.log(k + 1) + (k + 1)
        return exact - 0.5 * math.log(2 * math.pi)
    square = (k + 1) * (k + 1)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1)
