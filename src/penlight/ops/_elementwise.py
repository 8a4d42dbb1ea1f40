"""Forwards on arrays where one ufunc does not say it all: integers, halves, options, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from .._dtype import FROM_NUMPY
from .._tensor import Array
from . import _check

Number = bool | int | float


def refuse(kernel: str, *operands: Any, kinds: str) -> None:
    """Refuse arrays of these kinds of dtype, as torch where it has no kernel for them.

    Args:
        kernel: the name in torch's message.
        operands: arrays or numbers.
        kinds: ``b`` bool, ``i`` integers, ``f`` floating.
    """
    for operand in operands:
        if isinstance(operand, np.ndarray) and kind_of(operand) in kinds:
            msg = f"\"{kernel}\" not implemented for '{_check.scalar_type(operand)}'"
            raise NotImplementedError(msg)


def kind_of(array: Array) -> str:
    """Return ``b``, ``i`` or ``f``; bfloat16 is floating, and unsigned is integer."""
    kind = array.dtype.kind
    return "i" if kind == "u" else kind if kind in "bi" else "f"


def dtype_of(*operands: Any) -> Any:
    """Return the dtype of the first array."""
    return next(operand.dtype for operand in operands if isinstance(operand, np.ndarray))


def number(value: Any, dtype: Any) -> Any:
    """Return a number in a dtype, wrapped around where it does not fit, as C does it."""
    return np.asarray(value).astype(dtype)[()]


def is_half(array: Array) -> bool:
    """Return whether the dtype is floating and 16 bits wide."""
    return array.dtype.itemsize == 2 and FROM_NUMPY[array.dtype].is_floating_point


def widened(array: Any) -> Any:
    """Return halves as float32, which torch computes them in, and anything else as it is."""
    return array.astype(np.float32) if isinstance(array, np.ndarray) and is_half(array) else array


# ---- rounding -----------------------------------------------------------------------------------


def floor(input: Array) -> Array:
    """Round down; integers are whole already."""
    refuse("floor_vml_cpu", input, kinds="b")
    return input.copy() if kind_of(input) == "i" else np.floor(input)


def ceil(input: Array) -> Array:
    """Round up."""
    refuse("ceil_vml_cpu", input, kinds="b")
    return input.copy() if kind_of(input) == "i" else np.ceil(input)


def trunc(input: Array) -> Array:
    """Round towards zero."""
    refuse("trunc_vml_cpu", input, kinds="b")
    return input.copy() if kind_of(input) == "i" else np.trunc(input)


def frac(input: Array) -> Array:
    """Return what truncation takes away."""
    refuse("frac_cpu", input, kinds="bi")
    return np.subtract(input, np.trunc(input))


def round(input: Array) -> Array:
    """Round to the nearest integer, halves to the even one."""
    refuse("round_vml_cpu", input, kinds="b")
    return input.copy() if kind_of(input) == "i" else np.rint(input)


def round_decimals(input: Array, decimals: int) -> Array:
    """Round to a number of decimals, or of zeros where it is negative."""
    refuse("round_cpu", input, kinds="bi")
    wide = widened(input)
    factor = wide.dtype.type(10.0 ** abs(decimals))
    out = np.rint(wide * factor) / factor if decimals >= 0 else np.rint(wide / factor) * factor
    return np.asarray(out).astype(input.dtype)


# ---- signs --------------------------------------------------------------------------------------


def negative(input: Array) -> Array:
    """Return each element with the other sign."""
    try:
        return np.negative(input)
    except TypeError:
        _check.no_bool("neg")


def absolute(input: Array) -> Array:
    """Return the size of each element."""
    refuse("abs_cpu", input, kinds="b")
    return np.absolute(input)


def sign(input: Array) -> Array:
    """Return -1, 0 or 1; torch gives 0 for NaN."""
    if input.dtype.kind == "b":
        return input.copy()
    out = np.sign(input)
    if kind_of(input) == "f":
        out = np.where(np.isnan(input), input.dtype.type(0), out)
    return out


def positive(input: Array) -> Array:
    """Return the input, refusing bool."""
    if input.dtype.kind == "b":
        msg = "The `+` operator, on a bool tensor is not supported."
        raise RuntimeError(msg)
    return input


def signbit(input: Array) -> Array:
    """Return whether the sign bit is set; never for bool and unsigned integers."""
    if input.dtype.kind in "bu":
        return np.zeros(input.shape, bool)
    return np.less(input, 0) if kind_of(input) == "i" else np.signbit(input)


# ---- powers -------------------------------------------------------------------------------------

_SPECIAL_POWERS: dict[Any, Any] = {
    0.5: np.sqrt,
    1.0: np.positive,
    2.0: np.square,
    3.0: lambda input: input * input * input,
    -0.5: lambda input: 1 / np.sqrt(input),
    -1.0: lambda input: 1 / input,
    -2.0: lambda input: 1 / (input * input),
}


def power_number(input: Array, exponent: Number) -> Array:
    """Raise to a number; the powers that torch works out by multiplication or root are so here."""
    if kind_of(input) == "f":
        special = _SPECIAL_POWERS.get(exponent)
        wide = widened(input)
        out = np.power(wide, exponent) if special is None else special(wide)
        return np.asarray(out).astype(input.dtype, copy=False)
    if isinstance(exponent, float):
        exponent = int(exponent)
    if exponent < 0:
        msg = "Integers to negative integer powers are not allowed."
        raise RuntimeError(msg)
    return _integer_power(input, np.asarray(exponent, input.dtype))


def power(input: Array | Number, exponent: Array | Number) -> Array:
    """Raise to a power, elementwise."""
    refuse("pow", input, exponent, kinds="b")
    dtype = dtype_of(input, exponent)
    if dtype.kind in "iu":
        return _integer_power(np.asarray(input, dtype), np.asarray(exponent, dtype))
    return np.power(input, exponent)


def _integer_power(input: Array, exponent: Array) -> Array:
    """Raise integers; a negative power is 0 unless the base is 1 or -1, as 1 // x is."""
    negative = exponent < 0
    if not negative.any():
        return np.power(input, exponent)
    out = np.power(input, np.where(negative, 0, exponent))
    units = np.where(input == 1, 1, np.where(input == -1, np.where(exponent % 2, -1, 1), 0))
    return np.where(negative, units, out).astype(input.dtype)


# ---- division -----------------------------------------------------------------------------------


def _check_divisor(kernel: str, input: Any, other: Any) -> None:
    refuse(kernel, input, other, kinds="b")
    if dtype_of(input, other).kind in "iu" and not np.all(other):
        msg = "ZeroDivisionError"
        raise RuntimeError(msg)


def floor_divide(input: Array | Number, other: Array | Number) -> Array:
    """Divide and round down."""
    _check_divisor("div_floor_cpu", input, other)
    return np.floor_divide(input, other)


def trunc_divide(input: Array | Number, other: Array | Number) -> Array:
    """Divide and round towards zero."""
    _check_divisor("div_trunc_cpu", input, other)
    dtype = dtype_of(input, other)
    if dtype.kind not in "iu":
        return np.trunc(np.true_divide(input, other))
    quotient = np.floor_divide(input, other)
    rest = np.remainder(input, other)
    toward_zero = (rest != 0) & (np.less(input, 0) != np.less(other, 0))
    return np.asarray(quotient + toward_zero).astype(dtype)


def remainder(input: Array | Number, other: Array | Number) -> Array:
    """Return what floor division leaves; it has the divisor's sign."""
    _check_divisor("remainder_cpu", input, other)
    return np.remainder(input, other)


def fmod(input: Array | Number, other: Array | Number) -> Array:
    """Return what truncating division leaves; it has the dividend's sign."""
    _check_divisor("fmod_cpu", input, other)
    return np.fmod(input, other)


# ---- others -------------------------------------------------------------------------------------


def sigmoid(input: Array) -> Array:
    """Return 1 / (1 + exp(-x)) of integers; exp overflows to infinity, which gives 0."""
    return np.asarray(1 / (1 + np.exp(-input.astype(np.float64))))


def logit(input: Array, eps: float | None = None) -> Array:
    """Return log(x / (1 - x)), with x brought into [eps, 1 - eps] first."""
    wide = widened(input if kind_of(input) == "f" else input.astype(np.float64))
    if eps is not None:
        wide = np.clip(wide, eps, 1 - eps)
    return np.asarray(np.log(wide / (1 - wide))).astype(
        input.dtype if kind_of(input) == "f" else np.float64
    )


def xlogy(input: Array | Number, other: Array | Number) -> Array:
    """Return x log(y), 0 where x is 0 unless y is NaN."""
    if dtype_of(input, other).kind in "biu":
        input, other = np.asarray(input, np.float64), np.asarray(other, np.float64)
    out = np.multiply(input, np.log(other))
    return np.where(np.equal(input, 0) & ~np.isnan(other), np.zeros((), out.dtype), out)


def hypot(input: Array, other: Array) -> Array:
    """Return the length of the hypotenuse."""
    refuse("hypot_cpu", input, other, kinds="bi")
    return np.hypot(input, other)


def logaddexp(input: Array, other: Array) -> Array:
    """Return log(exp(x) + exp(y)) without overflow."""
    refuse("logaddexp_cpu", input, other, kinds="bi")
    return np.logaddexp(input, other)


def logaddexp2(input: Array, other: Array) -> Array:
    """Return log2(2**x + 2**y) without overflow."""
    refuse("logaddexp2_cpu", input, other, kinds="bi")
    return np.logaddexp2(input, other)


def nan_to_num(
    input: Array, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Array:
    """Replace NaN and the infinities."""
    if kind_of(input) != "f":
        return input.copy()
    limits = FROM_NUMPY[input.dtype]
    largest = _largest(limits)
    kind = input.dtype.type
    out = np.where(np.isnan(input), kind(0.0 if nan is None else nan), input)
    out = np.where(input == np.inf, kind(largest if posinf is None else posinf), out)
    return np.where(input == -np.inf, kind(-largest if neginf is None else neginf), out)


def _largest(dtype: Any) -> float:
    return 3.3895313892515355e38 if dtype.name == "bfloat16" else float(np.finfo(dtype.numpy).max)


def heaviside(input: Array | Number, other: Array | Number) -> Array:
    """Return 0 below zero, 1 above it and ``other`` at it."""
    kind = dtype_of(input, other).type
    step = np.where(np.greater(input, 0), kind(1), kind(0))
    return np.where(np.equal(input, 0), other, step)


def reciprocal(input: Array) -> Array:
    """Return 1 / x; of integers too."""
    return np.true_divide(1, input)


def rsqrt(input: Array) -> Array:
    """Return 1 / sqrt(x)."""
    wide = widened(input)
    out = np.asarray(1 / np.sqrt(wide))
    return out if kind_of(input) != "f" else out.astype(input.dtype, copy=False)


def reversed_subtract(input: Array | Number, other: Array | Number) -> Array:
    """Return other - input."""
    if dtype_of(input, other).kind == "b":
        _check.no_bool("rsub")
    return np.subtract(other, input)


def deg2rad(input: Array) -> Array:
    """Turn degrees into radians."""
    return np.multiply(widened(input), np.pi / 180).astype(_floating_dtype(input), copy=False)


def rad2deg(input: Array) -> Array:
    """Turn radians into degrees."""
    return np.multiply(widened(input), 180 / np.pi).astype(_floating_dtype(input), copy=False)


def _floating_dtype(input: Array) -> Any:
    return input.dtype if kind_of(input) == "f" else np.float64


# ---- error functions ----------------------------------------------------------------------------


def _by_kernel(kernel: Any, input: Array) -> Array:
    """Run a kernel that takes float32 and float64 on any dtype."""
    wide = widened(input) if kind_of(input) == "f" else input.astype(np.float64)
    out = np.empty_like(wide)
    kernel(out, wide)
    return out.astype(_floating_dtype(input), copy=False)


def erf(input: Array) -> Array:
    """Return the error function of integers."""
    return _by_kernel(kernels.erf, input)


def erfc(input: Array) -> Array:
    """Return 1 - erf(x)."""
    return _by_kernel(kernels.erfc, input)


def erfinv(input: Array) -> Array:
    """Return the inverse of the error function."""
    return _by_kernel(kernels.erfinv, input)
