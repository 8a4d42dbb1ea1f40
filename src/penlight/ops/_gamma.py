"""The gamma function and its relatives, on arrays of float64.

Formulas by their numbers in the Digital Library of Mathematical Functions, https://dlmf.nist.gov.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor import Array

# B_2, B_4, …, B_24 (DLMF 24.2).
_BERNOULLI = (
    1 / 6,
    -1 / 30,
    1 / 42,
    -1 / 30,
    5 / 66,
    -691 / 2730,
    7 / 6,
    -3617 / 510,
    43867 / 798,
    -174611 / 330,
    854513 / 138,
    -236364091 / 2730,
)
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
# From here on, Stirling's series is right to the last digits.
_LARGE = 10.0


def in_double(function: Callable[..., Array]) -> Any:
    """Return a forward that computes in float64 and rounds to the dtype of its input once."""

    def forward(input: Array) -> Array:
        out = function(input.astype(np.float64))
        kind = np.dtype(np.float64) if input.dtype.kind in "biu" else input.dtype
        return np.asarray(out).astype(kind, copy=False)

    forward.__doc__ = function.__doc__
    return forward


def sine_of_pi(x: Array) -> Array:
    """Return sin(pi x), exact at whole numbers."""
    nearest = np.round(x)
    sign = np.where(np.remainder(nearest, 2) == 0, 1.0, -1.0)
    return sign * np.sin(np.pi * (x - nearest))


# ---- zeta ----------------------------------------------------------------------------------------


def zeta(s: Any, q: Any) -> Array:
    """Return Hurwitz's zeta function: the sum of (q + n) ** -s for n from 0, where s > 1.

    Ten terms and more are added one by one, the rest by Euler and Maclaurin (DLMF 25.11.5).
    """
    s, q = np.broadcast_arrays(np.asarray(s, np.float64), np.asarray(q, np.float64))
    whole = q == np.floor(q)
    usable = np.isfinite(q) & np.isfinite(s) & (s > 1) & ((q > 0) | (~whole & (s == np.floor(s))))
    a, power = np.where(usable, q, 1.0), np.where(usable, s, 2.0)
    total = np.zeros(a.shape)
    for step in range(10 + max(0, math.ceil(-a.min(initial=0)))):
        adding = (a <= 10) | (step < 10)
        total += np.where(adding, a**-power, 0)
        a = a + adding
    total += a ** (1 - power) / (power - 1) + a**-power / 2
    term = power * a ** (-power - 1) / 2
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        total += bernoulli * term
        term = term * (power + 2 * k - 1) * (power + 2 * k) / ((2 * k + 1) * (2 * k + 2) * a * a)
    out = np.where(usable, total, np.nan)
    return np.where((s == 1) | ((s > 1) & (q <= 0) & whole), np.inf, out)


@functools.cache
def _zeta_tails() -> tuple[float, ...]:
    """Return (zeta(k) - 1) / k for k from 2, with signs: the series of log gamma around 2."""
    powers = np.arange(2, 32, dtype=np.float64)
    tails = zeta(powers, np.full(powers.shape, 2.0)) / powers
    return tuple((tails * np.where(powers % 2 == 0, 1, -1)).tolist())


# ---- log gamma and its derivatives ---------------------------------------------------------------


def _around_two(z: Array) -> Array:
    """Return log gamma(2 + z) for small z; DLMF 5.7.3 with the first term of each zeta apart."""
    sum_ = np.zeros_like(z)
    for coefficient in reversed(_zeta_tails()):
        sum_ = (sum_ + coefficient) * z
    return z * (1 - np.euler_gamma + sum_)


def stirling_rest(x: Array) -> Array:
    """Return what Stirling's formula leaves of log gamma(x), for large x (DLMF 5.11.1)."""
    square = 1 / (x * x)
    sum_ = np.zeros_like(x)
    for k in range(8, 0, -1):
        sum_ = sum_ * square + _BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    return sum_ / x


def _lgamma_positive(x: Array) -> Array:
    far = np.where(x > _LARGE, x, _LARGE)
    large = (far - 0.5) * np.log(far) - far + _HALF_LOG_2PI + stirling_rest(far)
    near = np.where(x > _LARGE, 2.0, x)
    product = np.ones_like(near)
    for _ in range(8):
        down = near >= 2.5
        near = np.where(down, near - 1, near)
        product = np.where(down, product * near, product)
    # Up by one or two from below 1.5, without rounding what is left of 2.
    offset = np.where(near < 0.5, near, np.where(near < 1.5, near - 1, near - 2))
    divisor = np.where(near < 0.5, near * (near + 1), np.where(near < 1.5, near, 1.0))
    small = _around_two(offset) + np.log(product) - np.log(divisor)
    return np.where(x > _LARGE, large, small)


@in_double
def lgamma(x: Array) -> Array:
    """Return the logarithm of the size of the gamma function; negative x by reflection (5.5.3)."""
    negative = x < 0.5
    positive = _lgamma_positive(np.where(negative, 1 - x, x))
    mirrored = np.log(np.pi / np.abs(sine_of_pi(x))) - positive
    small = (x > 0) & negative
    out = np.where(negative, mirrored, positive)
    out = np.where(small, _lgamma_positive(np.where(small, x, 1.0)), out)
    return np.where(np.isinf(x), np.inf, out)


@in_double
def digamma(x: Array) -> Array:
    """Return the derivative of log gamma: recurrence to 10, then DLMF 5.11.2; reflection below."""
    negative = x < 0
    a = np.where(negative, 1 - x, x)
    shift = np.zeros_like(a)
    for _ in range(10):
        small = a < _LARGE
        shift = np.where(small, shift - 1 / a, shift)
        a = np.where(small, a + 1, a)
    square = 1 / (a * a)
    series = np.zeros_like(a)
    for k in range(7, 0, -1):
        series = (series + _BERNOULLI[k - 1] / (2 * k)) * square
    out = shift + np.log(a) - 0.5 / a - series
    # Half a period is taken off exactly, or tan would see the rounding of a large x.
    part = x - np.trunc(x)
    out = np.where(negative, out - np.pi / np.tan(np.pi * part), out)
    out = np.where(negative & (part == 0), np.nan, out)
    out = np.where(x == 0, np.copysign(np.inf, -x), out)
    return np.where(np.isneginf(x), np.nan, out)


def polygamma(n: int, x: Array) -> Array:
    """Return the n-th derivative of the digamma function (DLMF 5.15)."""
    if n == 0:
        return digamma(x)
    sign = 1.0 if n % 2 else -1.0
    return sign * math.gamma(n + 1.0) * zeta(np.float64(n + 1.0), x)


# ---- incomplete gamma functions ------------------------------------------------------------------


def _density(a: Array, x: Array) -> Array:
    """Return x ** a exp(-x) / gamma(a + 1), for large ``a`` by Stirling, which keeps the digits."""
    far = np.where(a > _LARGE, a, _LARGE)
    gap = (x - far) / far
    log_gap = np.where(np.abs(gap) < 0.5, np.log1p(gap) - gap, np.log(x / far) - gap)
    large = np.exp(far * log_gap - stirling_rest(far)) / np.sqrt(2 * np.pi * far)
    near = np.where(a > _LARGE, 1.0, a)
    small = np.exp(near * np.log(x) - x - _lgamma_positive(near + 1))
    return np.where(a > _LARGE, large, small)


def _lower_series(a: Array, x: Array) -> Array:
    """Return P(a, x) where x is not much larger than a (DLMF 8.7.1)."""
    term = np.ones_like(x)
    total = np.ones_like(x)
    for n in range(1, 5000):
        term = term * (x / (a + n))
        total += term
        if not (term > total * 1e-17).any():
            break
    return total * _density(a, x)


def _upper_fraction(a: Array, x: Array) -> Array:
    """Return Q(a, x) where x is larger than a: Lentz's continued fraction (DLMF 8.9.2)."""
    tiny = 1e-300
    b = x + 1 - a
    c = np.full_like(x, 1 / tiny)
    d = 1 / b
    h = d.copy()
    settled = np.zeros(x.shape, bool)
    for n in range(1, 5000):
        step = -n * (n - a)
        b = b + 2
        d = step * d + b
        d = np.where(np.abs(d) < tiny, tiny, d)
        c = b + step / c
        c = np.where(np.abs(c) < tiny, tiny, c)
        d = 1 / d
        change = np.where(settled, 1.0, d * c)
        h = h * change
        settled |= np.abs(change - 1) < 4e-16
        if settled.all():
            break
    return h * _density(a, x) * a


def incomplete(a: Any, x: Any, *, upper: bool) -> Array:
    """Return the regularised incomplete gamma function: its lower part, or the upper one.

    Whichever part is small is computed, and the other is what it leaves of one.
    """
    a, x = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(x, np.float64))
    usable = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
    left, right = np.where(usable, a, 1.0), np.where(usable, x, 1.0)
    by_series = (right <= 1) | (right <= left)
    lower = _lower_series(left, np.where(by_series, right, left))
    above = np.where(by_series, left + 1, right)
    higher = _upper_fraction(left, above)
    if upper:
        out = np.where(by_series, 1 - lower, higher)
    else:
        out = np.where(by_series, lower, 1 - higher)
    zero, one = (1.0, 0.0) if upper else (0.0, 1.0)
    edge = np.where((x == 0) & (a > 0), zero, np.nan)
    edge = np.where((a == 0) & (x > 0), one, edge)
    edge = np.where(np.isposinf(x) & np.isfinite(a) & (a > 0), one, edge)
    edge = np.where(np.isposinf(a) & np.isfinite(x) & (x >= 0), zero, edge)
    return np.where(usable, out, edge)
