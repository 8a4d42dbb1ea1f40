"""Samplers on arrays: any dtype and memory layout, drawn as torch draws them.

Each takes a :class:`~penlight.random.Generator` and an array to fill. What differs by dtype is how
many words of the stream an element takes. The order is that of memory, whatever the layout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import kernels
from .._dtype import FROM_NUMPY
from ..random import Generator

Array = np.ndarray[Any, Any]

_CHUNK = 1 << 16
_BLOCK = 16
_NATIVE_FLOATS = frozenset({np.dtype(np.float32), np.dtype(np.float64)})
_NATIVE_MASKS = _NATIVE_FLOATS | {np.dtype(np.bool_)}

# The largest whole number up to which every one is representable: 2 to this power.
_DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}

# torch: from here on an integer takes a 64-bit word, a permutation is built another way.
WIDE_SPAN = 1 << 28
WIDE_PERMUTATION = (2**32 - 1) // 20


def in_memory_order(array: Array) -> Array:
    """Return the array with its dimensions sorted so that C order is memory order.

    Raises:
        RuntimeError: several elements share one place, as in an expanded tensor.
    """
    if array.flags.c_contiguous:
        return array
    strides = array.strides
    for length, step in zip(array.shape, strides, strict=True):
        if length > 1 and step == 0:
            msg = (
                "unsupported operation: more than one element of the written-to tensor refers to a "
                "single memory location. Please clone() the tensor before performing the "
                f"operation. (shape {list(array.shape)}, a dimension of {length} has stride 0)"
            )
            raise RuntimeError(msg)
    order = sorted(range(array.ndim), key=lambda dim: -abs(strides[dim]))
    return array.transpose(order)


def _rounded(values: Array, dtype: Any) -> Array:
    """Convert; to the 16-bit floats by way of float32, as torch does."""
    if dtype.itemsize == 2 and dtype.kind not in "iu":
        return values.astype(np.float32).astype(dtype)
    return values.astype(dtype)


def _fill_converted(out: Array, source: Any, fill: Callable[[Array], None]) -> None:
    """Fill ``out`` of any dtype and layout by chunks of dtype ``source``."""
    if out.dtype == source and out.flags.c_contiguous:
        fill(out)
        return
    target = in_memory_order(out)
    with np.errstate(over="ignore", invalid="ignore"):  # what does not fit becomes inf, or wraps
        if target.flags.c_contiguous:
            _fill_flat(target.reshape(-1), source, fill)
        else:
            whole = np.empty(target.shape, source)
            fill(whole)
            target[...] = _rounded(whole, out.dtype)


def _fill_flat(flat: Array, source: Any, fill: Callable[[Array], None]) -> None:
    if flat.dtype == source:
        fill(flat)
        return
    buffer = np.empty(min(flat.size, _CHUNK), source)
    for start in range(0, flat.size, _CHUNK):
        part = buffer[: flat.size - start]
        fill(part)
        flat[start : start + part.size] = _rounded(part, flat.dtype)


def uniform(generator: Generator, out: Array, low: float, high: float) -> None:
    """Fill a floating array from [low, high)."""
    state = generator._state
    source = np.dtype(np.float64 if out.dtype == np.float64 else np.float32)
    with generator._lock:
        _fill_converted(out, source, lambda part: kernels.fill_uniform(state, part, low, high))
    if out.dtype not in _NATIVE_FLOATS:
        # torch: a number that rounds up to the open end becomes the closed one.
        first, last = _rounded(np.array([low, high]), out.dtype)
        out[out == last] = first


def normal(generator: Generator, out: Array, mean: float, std: float) -> None:
    """Fill a floating array from the normal distribution."""
    state, cache = generator._state, generator._cache
    with generator._lock:
        if out.size < _BLOCK or not out.flags.c_contiguous:
            _fill_converted(
                out,
                np.dtype(np.float64),
                lambda part: kernels.fill_normal_serial(state, cache, part, mean, std),
            )
        elif out.dtype in _NATIVE_FLOATS:
            kernels.fill_normal_blocks(state, out.reshape(-1), mean, std)
        else:
            _normal_half(state, out.reshape(-1), mean, std)


def _normal_half(state: Array, flat: Array, mean: float, std: float) -> None:
    """Fill 16-bit floats: block by block, so the last 16 continue the stream."""
    whole = flat.size - flat.size % _BLOCK
    buffer = np.empty(whole, np.float32)
    kernels.fill_normal_blocks(state, buffer, mean, std)
    flat[:whole] = buffer.astype(flat.dtype)
    if whole != flat.size:
        kernels.fill_normal_blocks(state, buffer[:_BLOCK], mean, std)
        flat[-_BLOCK:] = buffer[:_BLOCK].astype(flat.dtype)


def log_normal(generator: Generator, out: Array, mean: float, std: float) -> None:
    """Fill a floating array with exponentials of normal numbers, always drawn in pairs."""
    state, cache = generator._state, generator._cache
    with generator._lock:
        _fill_converted(
            out,
            np.dtype(np.float64),
            lambda part: kernels.fill_log_normal(state, cache, part, mean, std),
        )


def exponential(generator: Generator, out: Array, rate: float) -> None:
    """Fill a floating array from the exponential distribution."""
    with generator._lock:
        _exponential(generator._state, out, rate)


def _exponential(state: Array, out: Array, rate: float) -> None:
    _fill_converted(
        out, np.dtype(np.float64), lambda part: kernels.fill_exponential(state, part, rate)
    )


def cauchy(generator: Generator, out: Array, median: float, sigma: float) -> None:
    """Fill a floating array from the Cauchy distribution."""
    state = generator._state
    with generator._lock:
        _fill_converted(
            out,
            np.dtype(np.float64),
            lambda part: kernels.fill_cauchy(state, part, median, sigma),
        )


def geometric(generator: Generator, out: Array, p: float) -> None:
    """Fill an array with numbers of trials."""
    state = generator._state

    def fill(part: Array) -> None:
        kernels.fill_geometric(state, part, p)
        if out.dtype.kind in "iu" and out.dtype.itemsize < 8:
            part[...] = part.astype(np.int64).astype(out.dtype)  # torch: wraps, not saturates

    with generator._lock:
        _fill_converted(out, np.dtype(np.float64), fill)


def bernoulli(generator: Generator, out: Array, p: float) -> None:
    """Fill an array of any dtype with ones of probability ``p``: the kernel of dropout masks."""
    state = generator._state
    source = out.dtype if out.dtype in _NATIVE_MASKS else np.dtype(np.bool_)
    with generator._lock:
        _fill_converted(out, source, lambda part: kernels.fill_bernoulli(state, part, p))


def bernoulli_each(generator: Generator, out: Array, p: Array) -> None:
    """Fill an array of any dtype with ones, each of its own probability.

    float64 probabilities are compared with 53 random bits, all others with 24.
    """
    wide = p.dtype == np.float64
    # An array with the layout of ``out``, so that memory order is the same.
    drawn = np.empty_like(out, dtype=np.float64 if wide else np.float32, order="K")
    uniform(generator, drawn, 0.0, 1.0)
    out[...] = drawn < (p if wide else p.astype(np.float32))


def integers(generator: Generator, out: Array, low: int, high: int | None) -> None:
    """Fill an array of any dtype with whole numbers from ``low`` to ``high`` - 1.

    Without ``high``, up to the largest of the dtype; for floats, the largest below which every
    whole number is exact.
    """
    if high is None:
        span = largest(out.dtype) + 1 - low
    else:
        low, high = _representable(out.dtype, low, high)
        if low >= high:
            msg = (
                "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but "
                f"got from={low} >= to={high} for {out.dtype}"
            )
            raise RuntimeError(msg)
        span = high - low
    _integers(generator, out, low, span, wide=span >= WIDE_SPAN)


def any_integers(generator: Generator, out: Array) -> None:
    """Fill an array with whole numbers from 0 to the largest of its dtype."""
    wide = out.dtype in {np.dtype(np.int64), np.dtype(np.float64)}
    _integers(generator, out, 0, largest(out.dtype) + 1, wide=wide)


def _integers(generator: Generator, out: Array, low: int, span: int, *, wide: bool) -> None:
    state = generator._state
    with generator._lock:
        _fill_converted(
            out,
            np.dtype(np.int64),
            lambda part: kernels.fill_integers(state, part, low, span % 2**64, wide=wide),
        )


def integer_limits(dtype: Any) -> tuple[int, int]:
    """Return the smallest and the largest number of an integer dtype; ``np.iinfo`` takes 1 µs."""
    bits = 8 * dtype.itemsize
    return (0, 2**bits - 1) if dtype.kind == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def largest(dtype: Any) -> int:
    """Return the largest whole number that ``random_`` draws for a dtype."""
    if dtype.kind == "b":
        return 1
    if dtype.kind in "iu":
        return integer_limits(dtype)[1]
    return 1 << _DIGITS[dtype.name]


def _representable(dtype: Any, low: int, high: int) -> tuple[int, int]:
    """Move bounds that rounding to a floating dtype would carry outside, as torch does."""
    if dtype.kind in "biu":
        return low, high
    digits = _DIGITS[dtype.name]
    if -(1 << digits) <= low and high <= 1 << digits:
        return low, high

    def rounded(value: int) -> int:
        return int(_rounded(np.array([value]), dtype)[0])

    above, below = rounded(low + 1), rounded(high - 1)
    if above < low:
        low = above + (1 << (abs(low + 1).bit_length() - digits))
    if below >= high:
        high = below - (1 << (abs(high - 1).bit_length() - digits))
    return low, high


def permutation(generator: Generator, n: int) -> Array:
    """Return a permutation of 0 … n - 1 as int64."""
    out = np.empty(n, np.int64)
    with generator._lock:
        kernels.fill_permutation(generator._state, out, wide=n >= WIDE_PERMUTATION)
    return out


def multinomial_distinct(generator: Generator, weights: Array, count: int) -> Array:
    """Return ``count`` different categories per row: the largest of weight / exponential."""
    race = np.empty(weights.shape, weights.dtype)
    with generator._lock:
        _exponential(generator._state, race, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        race = weights / race
    if count == 1:
        first: Array = race.argmax(axis=-1, keepdims=True)
        return first
    order = np.argsort(-race.astype(np.float64), axis=-1, kind="stable")
    return np.ascontiguousarray(order[..., :count])


def multinomial_repeated(generator: Generator, weights: Array, count: int) -> Array:
    """Return ``count`` categories per row, found in the running sum of the weights."""
    # torch sums in the weights' own type, 16-bit ones in float32.
    working = weights if weights.dtype == np.float64 else weights.astype(np.float32)
    draws = np.empty((*weights.shape[:-1], count), np.float64)
    uniform(generator, draws, 0.0, 1.0)
    sums = np.add.accumulate(working, axis=-1, dtype=working.dtype)
    out = np.empty(draws.shape, np.int64)
    for index in np.ndindex(weights.shape[:-1]):
        steps = (sums[index] / sums[index][-1]).astype(np.float64)
        steps[-1] = 1.0
        out[index] = np.searchsorted(steps, draws[index])
    return out


def scalar_name(array: Array) -> str:
    """Return torch's name for the array's dtype, such as ``Long``."""
    return FROM_NUMPY[array.dtype].scalar_type
