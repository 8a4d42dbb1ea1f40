"""The Airy function Ai, on arrays of float64.

Formulas by their numbers in the Digital Library of Mathematical Functions, https://dlmf.nist.gov.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from .._tensor import Array
from ._bessel import k_integral
from ._gamma import in_double

# torch: no more than this has a value other than 0.
_LARGEST = 103.892

# The series around centres serve between these two, the Bessel function K above, 9.7.9 below.
_LOW, _HIGH = -10.0, 1.5
_STEP = 0.5
_TERMS = 24


def _coefficients(centre: float, value: Array, slope: Array) -> list[Array]:
    """Return the coefficients of the powers of ``x - centre``, as y'' = x y gives them."""
    powers = [value, slope, centre * value / 2]
    for n in range(1, _TERMS - 2):
        powers.append((centre * powers[n] + powers[n - 1]) / ((n + 1) * (n + 2)))
    return powers


@functools.cache
def _series() -> Array:
    """Return the series around centres from the highest down, shape (power, centre).

    Each centre's value and slope are read off the series around one of its neighbours, starting
    with 0, where 9.2.3 and 9.2.4 give both. That is stable where Ai oscillates, and on a short way
    above 0.
    """
    count = {1: round(_HIGH / _STEP), -1: round(-_LOW / _STEP)}
    start = np.array([3 ** (-2 / 3) / math.gamma(2 / 3), -(3 ** (-1 / 3)) / math.gamma(1 / 3)])
    sides: dict[int, list[Array]] = {}
    for sign in (1, -1):
        value, slope = start
        sides[sign] = []
        for place in range(count[sign] + 1):
            powers = np.array(_coefficients(sign * place * _STEP, value, slope))
            sides[sign].append(powers)
            step = float(sign * _STEP)
            value = np.polynomial.polynomial.polyval(step, powers)
            slope = np.polynomial.polynomial.polyval(step, powers[1:] * np.arange(1, _TERMS))
    return np.stack([*sides[1][:0:-1], *sides[-1]], axis=1)


def _middle(x: Array) -> Array:
    place = np.rint((_HIGH - x) / _STEP).astype(np.intp)
    powers = _series()[:, place]
    offset = x - (_HIGH - place * _STEP)
    out = powers[-1]
    for power in powers[-2::-1]:
        out = out * offset + power
    return np.asarray(out)


def _above(x: Array) -> Array:
    """Return 9.6.2."""
    zeta = 2 * x * np.sqrt(x) / 3
    return np.sqrt(x / 3) / np.pi * k_integral(1 / 3, zeta) * np.exp(-zeta)


def _below(size: Array) -> Array:
    """Return 9.7.9, with the coefficients of 9.7.2, for a large ``-x``."""
    root = np.sqrt(size)
    zeta = 2 * size * root / 3
    even, odd = np.ones_like(zeta), np.zeros_like(zeta)
    term = np.ones_like(zeta)
    for k in range(1, 20):
        term = term * ((6 * k - 5) * (6 * k - 1) / (72 * k) / zeta)
        sign = 1 if k % 4 in {0, 1} else -1
        if k % 2:
            odd = odd + sign * term
        else:
            even = even + sign * term
    angle = zeta - np.pi / 4
    return (np.cos(angle) * even + np.sin(angle) * odd) / np.sqrt(np.pi * root)


@in_double
def ai(x: Array) -> Array:
    """Return Ai(x), 0 where x is large and NaN at both infinities."""
    middle = _middle(np.where((x >= _LOW) & (x <= _HIGH), x, 0.0))
    above = _above(np.where((x > _HIGH) & (x <= _LARGEST), x, _HIGH))
    # Beyond this the angle overflows.
    below = _below(np.where((x < _LOW) & (x > -1e205), -x, -_LOW))
    out = np.where(x > _HIGH, np.where(x > _LARGEST, 0.0, above), middle)
    out = np.where(x < _LOW, below, out)
    return np.where(np.isfinite(x) & (x > -1e205), out, np.nan)
