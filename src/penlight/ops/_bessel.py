"""Bessel functions of order 0 and 1, on arrays of float64.

Formulas by their numbers in the Digital Library of Mathematical Functions, https://dlmf.nist.gov,
and in Abramowitz and Stegun, *Handbook of Mathematical Functions*.
"""

from __future__ import annotations

import math

import numpy as np

from .._tensor import Array
from ._gamma import in_double

# ---- modified, of the first kind -----------------------------------------------------------------

# The series of powers is summed up to here, the asymptotic one from here on.
_I_LARGE = 30.0


def _i_scaled(order: int, x: Array) -> Array:
    """Return exp(-x) I(x) for x >= 0: DLMF 10.25.2, whose terms are all positive, or 10.40.1."""
    near = np.minimum(x, _I_LARGE)
    quarter = near * near / 4
    term = (near / 2) ** order
    total = term.copy()
    for k in range(1, 100):
        term = term * (quarter / (k * (k + order)))
        total += term
    near = total * np.exp(-near)
    far = np.maximum(x, _I_LARGE)
    term = np.ones_like(far)
    total = np.ones_like(far)
    for k in range(1, 30):
        term = term * (((2 * k - 1) ** 2 - 4 * order * order) / (8 * k * far))
        total += term
    far = total / np.sqrt(2 * np.pi * far)
    out = np.where(x <= _I_LARGE, near, far)
    return np.where(np.isposinf(x), 0.0, out)


def _unscaled(scaled: Array, x: Array) -> Array:
    # In two steps, for the exponential alone overflows before the product does. torch: NaN at
    # infinity.
    half = np.exp(x / 2)
    return scaled * half * half


@in_double
def i0e(x: Array) -> Array:
    """Return exp(-|x|) I0(x)."""
    return _i_scaled(0, np.abs(x))


@in_double
def i0(x: Array) -> Array:
    """Return I0(x)."""
    size = np.abs(x)
    return _unscaled(_i_scaled(0, size), size)


@in_double
def i1e(x: Array) -> Array:
    """Return exp(-|x|) I1(x), which is odd."""
    return np.copysign(_i_scaled(1, np.abs(x)), x)


@in_double
def i1(x: Array) -> Array:
    """Return I1(x), which is odd."""
    size = np.abs(x)
    return np.copysign(_unscaled(_i_scaled(1, size), size), x)


# ---- modified, of the second kind ----------------------------------------------------------------


def _k_scaled(order: int, x: Array) -> Array:
    """Return exp(x) K(x): by its integral, or 10.31.1 for small x."""
    usable = x > 0
    total = k_integral(order, np.where(usable & (x > 1), x, 1.0))
    near = np.where(usable & (x <= 1), x, 1.0)
    out = np.where(x > 1, total, _k_small(order, near) * np.exp(near))
    out = np.where(np.isposinf(x), 0.0, out)
    return np.where(usable, out, np.where(x == 0, np.inf, np.nan))


def k_integral(order: float, x: Array) -> Array:
    """Return exp(x) K(x) for x >= 1 and an order up to 1: 10.32.9 by the trapezoidal rule.

    The rule converges faster than any power of the step, for the integrand decays doubly
    exponentially.
    """
    t = np.arange(0, 7.5, 1 / 32)
    weights = np.where(t == 0, 0.5, 1.0) / 32
    total = np.zeros_like(x)
    for place, weight in zip(t, weights, strict=True):
        total += weight * math.cosh(order * place) * np.exp(-x * (math.cosh(place) - 1))
    return total


def _k_small(order: int, x: Array) -> Array:
    quarter = x * x / 4
    logarithm = np.log(x / 2)
    first = np.full_like(x, 1.0) if order == 0 else x / 2
    # psi(k + 1) + psi(k + 1 + order), over 2 for order 0.
    inner = -np.euler_gamma if order == 0 else 1 - 2 * np.euler_gamma
    term, bessel, rest = first, first.copy(), inner * first
    for k in range(1, 20):
        term = term * (quarter / (k * (k + order)))
        inner += 1 / k if order == 0 else 1 / k + 1 / (k + 1)
        bessel = bessel + term
        rest = rest + inner * term
    if order == 0:
        return rest - logarithm * bessel
    return 1 / x + logarithm * bessel - rest / 2


@in_double
def k0(x: Array) -> Array:
    """Return K0(x), infinite at 0 and NaN below."""
    return _k_scaled(0, x) * np.exp(-x)


@in_double
def k1(x: Array) -> Array:
    """Return K1(x), infinite at 0 and NaN below."""
    return _k_scaled(1, x) * np.exp(-x)


@in_double
def k0e(x: Array) -> Array:
    """Return exp(x) K0(x)."""
    return _k_scaled(0, x)


@in_double
def k1e(x: Array) -> Array:
    """Return exp(x) K1(x)."""
    return _k_scaled(1, x)


# ---- of the first and second kind ----------------------------------------------------------------

# Miller's backward recurrence serves up to here, Hankel's expansion from here on.
_J_LARGE = 26.0
_START = 90


def _miller(x: Array) -> list[Array]:
    """Return J_0(x), J_1(x), … for 0 <= x <= 26, from J_(n-1) = 2 n / x J_n - J_(n+1)."""
    # Below this the quotients overflow, and J_1 is no more than x / 2.
    safe = np.where(x == 0, 1.0, np.maximum(x, 1e-30))
    values = [np.zeros_like(x)] * (_START + 1)
    values[_START] = np.full_like(x, 1e-300)
    later = np.zeros_like(x)
    for n in range(_START, 0, -1):
        values[n - 1] = 2 * n / safe * values[n] - later
        later = values[n]
        # What grows too large is brought down together.
        large = np.abs(values[n - 1]) > 1e200
        if large.any():
            scale = np.where(large, 1e-200, 1.0)
            values[n - 1 :] = [value * scale for value in values[n - 1 :]]
            later = values[n]
    total = values[0] + 2 * sum(values[2::2])
    return [np.where(x == 0, float(n == 0), value / total) for n, value in enumerate(values)]


def _hankel(order: int, x: Array) -> tuple[Array, Array, Array]:
    """Return the two sums of DLMF 10.17.3 for large x, and the root before them."""
    even, odd = np.ones_like(x), np.zeros_like(x)
    term = np.ones_like(x)
    for k in range(1, 24):
        term = term * ((4 * order * order - (2 * k - 1) ** 2) / (8 * k * x))
        sign = 1 if k % 4 in {0, 1} else -1
        if k % 2:
            odd = odd + sign * term
        else:
            even = even + sign * term
    return even, odd, np.sqrt(2 / (np.pi * x))


def _phase(order: int, x: Array) -> tuple[Array, Array]:
    """Return cosine and sine of x - (order / 2 + 1 / 4) pi without subtracting from a large x."""
    cos, sin = np.cos(x), np.sin(x)
    root = math.sqrt(0.5)
    if order == 0:
        return (cos + sin) * root, (sin - cos) * root
    return (sin - cos) * root, -(sin + cos) * root


def _j(order: int, x: Array) -> Array:
    size = np.abs(x)
    near = _miller(np.where(size <= _J_LARGE, size, 1.0))[order]
    far = np.where(size > _J_LARGE, np.minimum(size, 1e300), _J_LARGE)
    even, odd, root = _hankel(order, far)
    cos, sin = _phase(order, far)
    out = np.where(size <= _J_LARGE, near, root * (even * cos - odd * sin))
    # torch: NaN at infinity, here and below.
    out = np.where(np.isfinite(x), out, np.nan)
    return np.copysign(1.0, x) * out if order else out


def _y(order: int, x: Array) -> Array:
    """Return Y by Neumann's series of the J (A&S 9.1.88), or Hankel's expansion."""
    usable = x > 0
    near = np.where(usable & (x <= _J_LARGE), x, 1.0)
    j = _miller(near)
    psi = -np.euler_gamma + order
    small = 2 / math.pi * (np.log(near / 2) - psi) * j[order]
    if order:
        small = small - 2 / (math.pi * near) * j[0]
    for k in range(1, 40):
        sign = -1 if k % 2 else 1
        weight = (order + 2 * k) / (k * (order + k))
        small = small - 2 / math.pi * sign * weight * j[order + 2 * k]
    far = np.where(usable & (x > _J_LARGE), np.minimum(x, 1e300), _J_LARGE)
    even, odd, root = _hankel(order, far)
    cos, sin = _phase(order, far)
    out = np.where(x <= _J_LARGE, small, root * (even * sin + odd * cos))
    out = np.where(np.isfinite(x), out, np.nan)
    return np.where(usable, out, np.where(x == 0, -np.inf, np.nan))


@in_double
def j0(x: Array) -> Array:
    """Return J0(x)."""
    return _j(0, x)


@in_double
def j1(x: Array) -> Array:
    """Return J1(x), which is odd."""
    return _j(1, x)


@in_double
def y0(x: Array) -> Array:
    """Return Y0(x), minus infinity at 0 and NaN below."""
    return _y(0, x)


@in_double
def y1(x: Array) -> Array:
    """Return Y1(x), minus infinity at 0 and NaN below."""
    return _y(1, x)


@in_double
def spherical_j0(x: Array) -> Array:
    """Return sin(x) / x, by its series where x is small."""
    safe = np.where(np.abs(x) < 0.5, 1.0, x)
    square = np.where(np.abs(x) < 0.5, x * x, 0.0)
    term, total = np.ones_like(x), np.ones_like(x)
    for k in range(1, 8):
        term = term * (-square / (2 * k * (2 * k + 1)))
        total += term
    out = np.where(np.abs(x) < 0.5, total, np.sin(safe) / safe)
    return np.where(np.isinf(x), 0.0, out)
