"""Error functions, which NumPy does not have.

erf near zero is ``x`` times a Chebyshev series in ``x * x``; away from it erfc is ``exp(-x * x)``
over ``1 + 2 x`` times a Chebyshev series in ``(x - 3) / (x + 3)``, the variable of Schonfelder,
*Chebyshev expansions for the error and related functions* (1978). The coefficients were computed to
40 digits; a series cut short serves float32. erf and erfinv are right to three units in the last
place, erfc to four, also where it is tiny.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# erf(x) / x with t = 2 x x - 1 for |x| <= 1; erfc(x) exp(x x) (1 + 2 x) with t = (x - 3) / (x + 3).
_ERF_SERIES = (
    0.9754769393826541,
    -0.14226120510371365,
    0.010035582187599796,
    -0.0005768764699767485,
    2.741993125219606e-05,
    -1.1043175507344507e-06,
    3.8488755420345036e-08,
    -1.1808582533875466e-09,
    3.2334215826050907e-11,
    -7.991015947004549e-13,
    1.7990725113961456e-14,
    -3.718635487818693e-16,
)
_ERFC_SERIES = (
    1.17756257419656,
    0.005353904539615676,
    -0.09377550342284209,
    0.05436652555744322,
    -0.018976596707845208,
    0.004453426061462712,
    -0.0006335531710553147,
    1.766171952317157e-05,
    1.2841532864056649e-05,
    -2.0072285659060137e-06,
    -1.8075227904150581e-07,
    7.54982834382289e-08,
    1.885668523816679e-09,
    -2.6995190498201804e-09,
    -1.4600791221091543e-11,
    1.0361607443811875e-10,
    1.4757159551799867e-12,
    -4.277340085699468e-12,
    -2.0792251401321384e-13,
    1.8134499903565182e-13,
    1.9734234914721005e-14,
    -7.287964394896985e-15,
    -1.517008344941268e-15,
    2.3512083594906964e-16,
    1.0004102738006975e-16,
    -2.077137509603946e-18,
)
# How many terms float32 needs.
_SINGLE_ERF, _SINGLE_ERFC = 8, 15


def _series(coefficients: Sequence[float], t: Array) -> Array:
    """Sum a Chebyshev series at ``t`` by Clenshaw's recurrence."""
    twice = t + t
    later = np.zeros_like(t)
    sum_ = np.full_like(t, coefficients[-1])
    for coefficient in coefficients[-2:0:-1]:
        later, sum_ = sum_, twice * sum_ - later + coefficient
    out: Array = t * sum_ - later + coefficients[0]
    return out


def _is_single(array: Array) -> bool:
    return bool(array.dtype == np.float32)


def _small(x: Array, *, single: bool) -> Array:
    """Return erf for |x| <= 1."""
    coefficients = _ERF_SERIES[:_SINGLE_ERF] if single else _ERF_SERIES
    return x * _series(coefficients, 2 * x * x - 1)


def _scaled_tail(x: Array, *, single: bool) -> Array:
    """Return exp(x * x) erfc(x) for x >= 0."""
    coefficients = _ERFC_SERIES[:_SINGLE_ERFC] if single else _ERFC_SERIES
    out: Array = _series(coefficients, (x - 3) / (x + 3)) / (1 + 2 * x)
    return out


def _square_exponential(x: Array, sign: float) -> Array:
    """Return exp(x * x), or exp(-x * x) when ``sign`` is -1."""
    # The square of a rounded x is exact, so that a large x costs the exponential no digits.
    rounded = x.astype(np.float32).astype(np.float64)
    out: Array = np.exp(sign * rounded * rounded) * np.exp(sign * (x - rounded) * (x + rounded))
    return out


def _tail(x: Array, *, single: bool) -> Array:
    """Return erfc for x >= 0."""
    return _square_exponential(x, -1.0) * _scaled_tail(x, single=single)


def erf(out: Array, input: Array) -> None:
    """Write 2/sqrt(pi) times the integral of exp(-t t) from 0 to each element.

    Args:
        out: written, float32 or float64, any shape.
        input: same dtype and shape.
    """
    with np.errstate(all="ignore"):
        x, single = input.astype(np.float64), _is_single(input)
        size = np.minimum(np.abs(x), 27.0)
        far = 1 - _tail(size, single=single)
        near = _small(np.minimum(size, 1.0), single=single)
        out[...] = np.copysign(np.where(size <= 1, near, far), x)


def erfc(out: Array, input: Array) -> None:
    """Write 1 - erf, accurate where that is small.

    Args:
        out: written, float32 or float64, any shape.
        input: same dtype and shape.
    """
    with np.errstate(all="ignore"):
        x, single = input.astype(np.float64), _is_single(input)
        tail = _tail(np.minimum(np.abs(x), 40.0), single=single)
        near = 1 - _small(np.clip(x, -0.5, 0.5), single=single)
        out[...] = np.where(np.abs(x) <= 0.5, near, np.where(x < 0, 2 - tail, tail))


def erfcx(out: Array, input: Array) -> None:
    """Write exp(x * x) erfc(x), which falls as 1 / x and overflows below -26.6.

    Args:
        out: written, float32 or float64, any shape.
        input: same dtype and shape.
    """
    with np.errstate(all="ignore"):
        x, single = input.astype(np.float64), _is_single(input)
        size = np.abs(x)
        tail = _scaled_tail(np.minimum(size, 1e300), single=single)
        below = 2 * _square_exponential(np.minimum(size, 27.0), 1.0) - tail
        out[...] = np.where(x < 0, below, np.where(np.isposinf(x), 0.0, tail))


def erfinv(out: Array, input: Array) -> None:
    """Write the number whose erf each element is; infinite at -1 and 1, NaN outside.

    Winitzki's closed form is right to a few thousandths; Halley steps on erf, or on erfc near 1,
    do the rest.

    Args:
        out: written, float32 or float64, any shape.
        input: same dtype and shape.
    """
    with np.errstate(all="ignore"):
        y = input.astype(np.float64)
        size = np.abs(y)
        x = _erfinv_start(size)
        for _ in range(3):
            near = _small(np.minimum(x, 1.0), single=False) - size
            error = np.where(size <= 0.5, near, 1 - size - _tail(x, single=False))
            newton = error * np.exp(x * x) * (math.sqrt(math.pi) / 2)
            x -= newton / (1 + x * newton)
        x = np.where(size < 1, x, np.where(size == 1, np.inf, np.nan))
        out[...] = np.copysign(x, y)


def _erfinv_start(size: Array) -> Array:
    log = np.log1p(-size * size)
    middle = 2 / (math.pi * 0.147) + log / 2
    out: Array = np.sqrt(np.sqrt(middle * middle - log / 0.147) - middle)
    return out
