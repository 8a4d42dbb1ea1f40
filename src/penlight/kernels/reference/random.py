"""Random numbers: torch's CPU streams, word for word.

``state`` is 625 uint32: the 624 words of MT19937 and the number of them that are used up (625
straight after seeding, which torch tells apart from 624). ``cache`` is two float64: the second
number of the last Box-Muller pair and whether it is still to be given out.

The rules were found by experiment against torch 2.13 on x86-64. Where torch computes
``x * scale + shift`` its compiler fuses the two, so one rounding; here ``_fma`` does the same.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

WORDS = 624
BLOCK = 16
_TWO_PI = 2.0 * np.pi
_SPLITTABLE = 2.0**900  # larger numbers overflow in Veltkamp's splitting
_lock = threading.Lock()
_bit_generator: Any = None


def seed_words(state: Array, seed: int) -> None:
    """Start from the low 32 bits of ``seed``: Knuth's recurrence, NumPy's legacy seeding."""
    word = seed & 0xFFFFFFFF
    words = [word]
    for index in range(1, WORDS):
        word = (1812433253 * (word ^ (word >> 30)) + index) & 0xFFFFFFFF
        words.append(word)
    state[:WORDS] = words
    state[WORDS] = WORDS + 1


def draw_words(state: Array, out: Array) -> None:
    """Fill ``out`` (uint32) with the next words, through NumPy's MT19937."""
    global _bit_generator  # noqa: PLW0603 - made once: numpy.random is slow to import and to seed
    if not out.size:
        return
    with _lock:
        if _bit_generator is None:
            from numpy.random import MT19937  # noqa: PLC0415 - 10 ms that only this path should pay

            _bit_generator = MT19937(0)
        used = min(int(state[WORDS]), WORDS)
        _bit_generator.state = {
            "bit_generator": "MT19937",
            "state": {"key": state[:WORDS], "pos": used},
        }
        out[...] = _bit_generator.random_raw(out.size).reshape(out.shape)
        after = _bit_generator.state["state"]
        state[:WORDS] = after["key"]
        state[WORDS] = after["pos"]


def _draw(state: Array, count: int) -> Array:
    words = np.empty(count, np.uint32)
    draw_words(state, words)
    return words


def _draw_wide(state: Array, count: int) -> Array:
    """Return 64-bit numbers of two words each, the first word high."""
    words = _draw(state, 2 * count).astype(np.uint64)
    return (words[0::2] << np.uint64(32)) | words[1::2]


def _unit32(state: Array, count: int) -> Array:
    """Return float32 in [0, 1): the low 24 bits of one word."""
    return (_draw(state, count) & np.uint32(0xFFFFFF)).astype(np.float32) * np.float32(2.0**-24)


def _unit64(state: Array, count: int) -> Array:
    """Return float64 in [0, 1): the low 53 bits of two words."""
    return (_draw_wide(state, count) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53


# ---- one rounding for x * y + z ------------------------------------------------------------------


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Return ``a + b`` and its rounding error (Knuth)."""
    total = a + b
    kept = total - a
    return total, (a - (total - kept)) + (b - kept)


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """Return ``a * b`` and its rounding error (Dekker; Veltkamp's splitting)."""
    product = a * b
    a_wide, b_wide = 134217729.0 * a, 134217729.0 * b
    a_high, b_high = a_wide - (a_wide - a), b_wide - (b_wide - b)
    a_low, b_low = a - a_high, b - b_high
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def _add_to_odd(a: Array, b: Array) -> Array:
    """Return ``a + b`` rounded to odd: rounding it once more then equals rounding the exact sum."""
    total, error = _two_sum(a, b)
    bits = total.view(np.int64)
    even = (error != 0) & (bits & 1 == 0)
    away = np.nextafter(total, np.where(error > 0, np.inf, -np.inf))
    return np.where(even, away, total)


def _fma64(x: Array, scale: float, shift: float) -> Array:
    """Return ``x * scale + shift`` in float64 with one rounding (Boldo and Melquiond, 2008)."""
    if scale == 1.0 or shift == 0.0:
        return x * scale + shift
    if max(abs(scale), abs(shift)) > _SPLITTABLE:
        smaller = _fma64(x, scale / _SPLITTABLE, shift / _SPLITTABLE)
        return smaller * _SPLITTABLE
    factor = np.full(x.shape, scale)
    with np.errstate(all="ignore"):
        high, low = _two_product(x, factor)
        total, rest = _two_sum(np.full(x.shape, shift), low)
        sum_high, sum_low = _two_sum(high, total)
        fused = sum_high + _add_to_odd(rest, sum_low)
        # Infinities and NaN have no error terms.
        plain: Array = np.where(np.isfinite(fused), fused, x * factor + shift)
    return plain


def _fma32(x: Array, y: Array | np.float32, z: Array | np.float32) -> Array:
    """Return ``x * y + z`` in float32 with one rounding; the float64 product is exact."""
    product = x.astype(np.float64) * np.asarray(y, np.float64)
    return _add_to_odd(product, np.broadcast_to(np.asarray(z, np.float64), product.shape)).astype(
        np.float32
    )


# ---- samplers ------------------------------------------------------------------------------------


def fill_uniform(state: Array, out: Array, low: float, high: float) -> None:
    """Fill ``out`` (float32 or float64) from [low, high); the bounds are rounded to its dtype."""
    if out.dtype == np.float64:
        out[...] = _fma64(_unit64(state, out.size), high - low, low).reshape(out.shape)
        return
    unit = _unit32(state, out.size)
    first, last = np.float32(low), np.float32(high)
    if first == 0 and last == 1:
        out[...] = unit.reshape(out.shape)
    else:
        out[...] = _fma32(unit, last - first, first).reshape(out.shape)


def fill_bernoulli(state: Array, out: Array, p: float) -> None:
    """Fill ``out`` (bool, float32 or float64) with ones of probability ``p``."""
    out[...] = (_unit64(state, out.size) < p).reshape(out.shape)


def dropout(state: Array, out: Array, mask: Array, input: Array, keep: float, scale: float) -> None:
    """Multiply by ``scale`` what is kept, by zero the rest.

    Args:
        state: the generator's words.
        out: written, float32 or float64.
        mask: written, bool: what is kept, as `fill_bernoulli` draws it.
        input: dtype and shape of ``out``.
        keep: the probability to be kept.
        scale: rounded to the dtype first.
    """
    fill_bernoulli(state, mask, keep)
    with np.errstate(all="ignore"):
        out[...] = input * (mask * input.dtype.type(scale))


def fill_integers(state: Array, out: Array, base: int, span: int, *, wide: bool) -> None:
    """Fill ``out`` (int64) with ``base + word % span``; a span of 0 takes the word as it is.

    Args:
        state: the generator's words.
        out: what to fill.
        base: added after the division, modulo 2**64.
        span: the number of different values, 0 for 2**64.
        wide: whether a word is 64 bits (two draws) or 32.
    """
    words = _draw_wide(state, out.size) if wide else _draw(state, out.size).astype(np.uint64)
    if span:
        words %= np.uint64(span)
    words += np.uint64(base % 2**64)
    out[...] = words.view(np.int64).reshape(out.shape)


def fill_permutation(state: Array, out: Array, *, wide: bool) -> None:
    """Fill ``out`` (int64) with a permutation of 0 … n - 1.

    torch shuffles forward with 32-bit words. From n = (2**32 - 1) // 20 on it builds the
    permutation inside out with 64-bit words, which keeps the remainders unbiased.
    """
    n = out.size
    if wide:
        order = [0] * n
        targets = _draw_wide(state, n) % np.arange(1, n + 1, dtype=np.uint64)
        for index, target in enumerate(targets.tolist()):
            order[index] = order[target]
            order[target] = index
    else:
        order = list(range(n))
        steps = _draw(state, max(n - 1, 0)) % np.arange(n, 1, -1, dtype=np.uint32)
        for index, step in enumerate(steps.tolist()):
            order[index], order[index + step] = order[index + step], order[index]
    out[...] = order


def fill_exponential(state: Array, out: Array, rate: float) -> None:
    """Fill ``out`` (float64) from the exponential distribution."""
    out[...] = (-1.0 / rate) * np.log1p(-_unit64(state, out.size)).reshape(out.shape)


def fill_cauchy(state: Array, out: Array, median: float, sigma: float) -> None:
    """Fill ``out`` (float64) from the Cauchy distribution."""
    angle = np.pi * (_unit64(state, out.size) - 0.5)
    out[...] = _fma64(np.tan(angle), sigma, median).reshape(out.shape)


def fill_geometric(state: Array, out: Array, p: float) -> None:
    """Fill ``out`` (float64) with the number of trials up to the first success."""
    with np.errstate(divide="ignore"):  # a draw of exactly 0 gives infinity, as torch's does
        trials = np.log(_unit64(state, out.size)) / np.log1p(-p)
    out[...] = np.ceil(trials).reshape(out.shape)


def fill_normal_serial(state: Array, cache: Array, out: Array, mean: float, std: float) -> None:
    """Fill ``out`` (float64) by pairs of Box and Muller, the odd one out kept in ``cache``.

    torch takes this way for fewer than 16 numbers and for memory that is not contiguous.
    """
    flat = np.empty(out.size)
    start = 0
    if out.size and cache[1]:
        flat[0] = cache[0]
        cache[:] = 0.0
        start = 1
    left = out.size - start
    unit = _unit64(state, left + left % 2)
    radius = np.sqrt(-2.0 * np.log1p(-unit[1::2]))
    angle = _TWO_PI * unit[0::2]
    pairs = np.empty(unit.size)
    pairs[0::2] = radius * np.cos(angle)
    pairs[1::2] = radius * np.sin(angle)
    flat[start:] = pairs[:left]
    if left % 2:
        cache[0] = pairs[left]
        cache[1] = 1.0
    out[...] = _fma64(flat, std, mean).reshape(out.shape)


def fill_log_normal(state: Array, cache: Array, out: Array, mean: float, std: float) -> None:
    """Fill ``out`` (float64) with exponentials of serial normal numbers."""
    fill_normal_serial(state, cache, out, mean, std)
    with np.errstate(over="ignore"):
        np.exp(out, out=out)


def fill_normal_blocks(state: Array, out: Array, mean: float, std: float) -> None:
    """Fill ``out`` (float32 or float64, at least 16) by Box and Muller in blocks of 16.

    All uniforms are drawn first. Number ``i`` of a block pairs with number ``i + 8``. When 16 does
    not divide the size, the last 16 are drawn and computed anew.
    """
    single = out.dtype == np.float32
    unit, transform = (_unit32, _blocks32) if single else (_unit64, _blocks64)
    drawn = unit(state, out.size)
    whole = out.size - out.size % BLOCK
    drawn[:whole] = transform(drawn[:whole], mean, std)
    if whole != out.size:
        drawn[-BLOCK:] = transform(unit(state, BLOCK), mean, std)
    out[...] = drawn.reshape(out.shape)


def _blocks64(unit: Array, mean: float, std: float) -> Array:
    halves = unit.reshape(-1, 2, BLOCK // 2)
    radius = np.sqrt(-2.0 * np.log(1.0 - halves[:, 0]))
    angle = _TWO_PI * halves[:, 1]
    pairs = np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)
    return _fma64(pairs.reshape(-1), std, mean)


def _blocks32(unit: Array, mean: float, std: float) -> Array:
    halves = unit.reshape(-1, 2, BLOCK // 2)
    radius = np.sqrt(np.float32(-2.0) * _log32(np.float32(1.0) - halves[:, 0]))
    sine, cosine = _sincos32(np.float32(_TWO_PI) * halves[:, 1])
    pairs = np.stack((radius * cosine, radius * sine), axis=1).reshape(-1)
    return _fma32(pairs, np.float32(std), np.float32(mean))


# ---- Cephes' single precision log, sin and cos ---------------------------------------------------
# torch's float32 blocks use these polynomials (S. Moshier, Cephes, 1992), each step fused where a
# product meets a sum. Arguments here are positive and finite, so nothing is done about others.

_LOG = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
_LOG2_LOW, _LOG2_HIGH = np.float32(-2.12194440e-4), np.float32(0.693359375)
_QUARTER = tuple(map(np.float32, (-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)))
_COS = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_SIN = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)


def _horner32(x: Array, coefficients: tuple[float, ...]) -> Array:
    total = np.full(x.shape, np.float32(coefficients[0]))
    for coefficient in coefficients[1:]:
        total = _fma32(total, x, np.float32(coefficient))
    return total


def _log32(x: Array) -> Array:
    mantissa, exponent = np.frexp(x)
    small = mantissa < np.float32(0.707106781186547524)
    power = exponent.astype(np.float32) - small.astype(np.float32)
    rest = np.where(small, mantissa, np.float32(0)) + (mantissa - np.float32(1))
    square = rest * rest
    series = _horner32(rest, _LOG) * rest
    series = _fma32(series, square, power * _LOG2_LOW)
    series = _fma32(square, np.float32(-0.5), series)
    return _fma32(power, _LOG2_HIGH, rest + series)


def _sincos32(x: Array) -> tuple[Array, Array]:
    octant = (x * np.float32(4 / np.pi)).astype(np.int32)
    octant = (octant + 1) & ~1
    turns = octant.astype(np.float32)
    for part in _QUARTER:
        x = _fma32(turns, part, x)
    square = x * x
    cosine = _horner32(square, _COS) * square
    cosine = _fma32(cosine, square, -(square * np.float32(0.5))) + np.float32(1)
    sine = _fma32(_horner32(square, _SIN) * square, x, x)
    swap = (octant & 2) != 0
    out_sine, out_cosine = np.where(swap, cosine, sine), np.where(swap, sine, cosine)
    sine_sign = np.where(octant & 4, np.float32(-1), np.float32(1))
    cosine_sign = np.where((octant + 2) & 4, np.float32(-1), np.float32(1))
    return out_sine * sine_sign, out_cosine * cosine_sign
