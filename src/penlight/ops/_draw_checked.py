"""Samplers on arrays with their arguments checked, in torch's words."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY
from ..random import Generator
from . import _draw

Array = np.ndarray[Any, Any]

C_NAMES = {
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "float32": "float",
    "float64": "double",
    "int64": "long int",
    "int32": "int",
    "int16": "short int",
    "int8": "signed char",
    "uint8": "unsigned char",
    "bool": "bool",
}

_FLOAT_LIMITS = {
    "float16": 65504.0,
    "bfloat16": 3.3895313892515355e38,
    "float32": 3.4028234663852886e38,
    "float64": 1.7976931348623157e308,
}


def refuse_unless_floating(array: Array, kernel: str) -> None:
    if not FROM_NUMPY[array.dtype].is_floating_point:
        msg = (
            f"\"{kernel}\" not implemented for '{_draw.scalar_name(array)}': it fills floating "
            "tensors, so make one or use .float()"
        )
        raise NotImplementedError(msg)


def check_fits(array: Array, name: str, value: float) -> None:
    """Refuse a bound that the dtype cannot hold."""
    kind = FROM_NUMPY[array.dtype]
    low: float
    high: float
    if array.dtype.kind in "biu":
        low, high = (0, 1) if array.dtype.kind == "b" else _draw.integer_limits(array.dtype)
    else:
        high = _FLOAT_LIMITS[kind.name]
        low = -high
    if not low <= value <= high:
        msg = f"{name} is out of bounds for {C_NAMES[kind.name]} ({low} to {high}), got {value}"
        raise RuntimeError(msg)


def uniform_into(array: Array, generator: Generator, low: float, high: float) -> None:
    refuse_unless_floating(array, "check_uniform_bounds")
    check_fits(array, "from", low)
    check_fits(array, "to", high)
    if low > high:
        msg = f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        raise RuntimeError(msg)
    if high - low > _FLOAT_LIMITS[FROM_NUMPY[array.dtype].name]:
        msg = (
            "uniform_ expects to-from <= std::numeric_limits<Float>::max(), but found "
            f"to={high:g} and from={low:g} which result in to-from to exceed the limit"
        )
        raise RuntimeError(msg)
    _draw.uniform(generator, array, low, high)


def normal_into(array: Array, generator: Generator, mean: float, std: float) -> None:
    if not std >= 0.0:
        msg = f"normal expects std >= 0.0, but found std {std:g}"
        raise RuntimeError(msg)
    refuse_unless_floating(array, "normal_kernel_cpu")
    _draw.normal(generator, array, mean, std)


def integers_into(array: Array, generator: Generator, low: int, high: int | None) -> None:
    if high is not None and low >= high:
        msg = f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        raise RuntimeError(msg)
    check_fits(array, "from", low)
    if high is None:
        if low > _draw.largest(array.dtype):
            msg = f"random_ expects 'from' to be at most {_draw.largest(array.dtype)}, got {low}"
            raise RuntimeError(msg)
    else:
        check_fits(array, "to - 1", high - 1)
    _draw.integers(generator, array, low, high)


def long(function: str, name: str, value: Any) -> int:
    """Return an int that fits 64 bits."""
    if isinstance(value, float) or not hasattr(value, "__index__"):
        msg = f"{function}(): argument '{name}' must be int, not {type(value).__name__}"
        raise TypeError(msg)
    number = int(value.__index__())
    if not -(2**63) <= number < 2**63:
        msg = f"Overflow when unpacking long long: argument '{name}' of {function}() is {number}"
        raise ValueError(msg)
    return number


def check_permutation(array: Array, n: int) -> None:
    kind = FROM_NUMPY[array.dtype]
    if array.dtype.kind == "b":
        msg = "\"randperm\" not implemented for 'Bool'"
        raise NotImplementedError(msg)
    if kind.name == "float16" and n > 2049:
        msg = f"n cannot be greater than 2049 for Half type, got {n}"
        raise RuntimeError(msg)
    if array.dtype.kind in "iu" and n > np.iinfo(array.dtype).max:
        msg = f"value cannot be converted to type {kind.name}_t without overflow: n is {n}"
        raise RuntimeError(msg)


def check_p(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        msg = f"bernoulli_ expects p to be in [0, 1], but got p={p:g}"
        raise RuntimeError(msg)


def bernoulli_each_into(array: Array, generator: Generator, p: Array) -> None:
    if not FROM_NUMPY[p.dtype].is_floating_point:
        msg = f"\"bernoulli_tensor_cpu_p_\" not implemented for '{_draw.scalar_name(p)}'"
        raise NotImplementedError(msg)
    wrong = ~((p >= 0) & (p <= 1))
    if wrong.any():
        where = tuple(int(axis[0]) for axis in np.nonzero(np.atleast_1d(wrong)))
        value = np.atleast_1d(p)[where]
        msg = (
            "Expected p_in >= 0 && p_in <= 1 to be true, but got false: bernoulli's probability at "
            f"position {where} is {value}"
        )
        raise RuntimeError(msg)
    _draw.bernoulli_each(generator, array, p)


def check_multinomial(weights: Array, count: int, out: Array | None, *, replacement: bool) -> None:
    if not FROM_NUMPY[weights.dtype].is_floating_point:
        msg = (
            "multinomial only supports floating-point dtypes for input, got: "
            f"{_draw.scalar_name(weights)}"
        )
        raise RuntimeError(msg)
    if out is not None and out.dtype != np.int64:
        msg = f"multinomial expects Long tensor out, got: {_draw.scalar_name(out)}"
        raise RuntimeError(msg)
    if weights.ndim not in {1, 2}:
        msg = f"prob_dist must be 1 or 2 dim, got {weights.ndim} dimensions"
        raise RuntimeError(msg)
    if count <= 0:
        msg = f"cannot sample n_sample <= 0 samples, got {count}"
        raise RuntimeError(msg)
    if not replacement and count > weights.shape[-1]:
        msg = (
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement: "
            f"{count} from {weights.shape[-1]}"
        )
        raise RuntimeError(msg)


def check_weights(weights: Array, *, distinct: bool) -> None:
    finite, positive = np.isfinite(weights), weights >= 0
    if not (finite & positive).all():
        where = tuple(int(axis[0]) for axis in np.nonzero(~(finite & positive)))
        value = f"at position {where} it is {weights[where]}"
        if distinct:
            msg = f"probability tensor contains either `inf`, `nan` or element < 0: {value}"
        elif weights[where] < 0:
            msg = f"invalid multinomial distribution (encountering probability entry < 0): {value}"
        else:
            msg = (
                "invalid multinomial distribution (encountering probability entry = infinity or "
                f"NaN): {value}"
            )
        raise RuntimeError(msg)
    empty = ~(weights > 0).any(axis=-1)
    if empty.any():
        row = "" if weights.ndim == 1 else f" in row {int(np.nonzero(empty)[0][0])}"
        msg = f"invalid multinomial distribution (sum of probabilities <= 0){row}"
        raise RuntimeError(msg)


def refuse_discrete(array: Array, distribution: str, name: str) -> None:
    if not FROM_NUMPY[array.dtype].is_floating_point:
        msg = (
            f"{distribution} distribution is a continuous probability distribution. dtype must be "
            f"a floating point but you specified {name}"
        )
        raise RuntimeError(msg)
