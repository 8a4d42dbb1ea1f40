"""Checks of shapes, dimensions and dtypes, with torch's messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from .._dtype import FROM_NUMPY

Array = np.ndarray[Any, Any]


def refuse(message: str) -> NoReturn:
    """Raise torch's usual error."""
    raise RuntimeError(message)


def only_one(function: str, **given: Any) -> Any:
    """Return the argument that is given of several, of each of which torch has an overload."""
    found = {name: value for name, value in given.items() if value is not None}
    if len(found) != 1:
        msg = (
            f"{function}() received an invalid combination of arguments - got "
            f"({', '.join(found)}), but expected one of {', '.join(given)}"
        )
        raise TypeError(msg)
    return next(iter(found.values()))


def integer(function: str, name: str, value: Any) -> int:
    """Return ``value`` as an int, refusing what is none."""
    try:
        return int(value.__index__())
    except (AttributeError, TypeError):
        msg = (
            f"{function}(): argument '{name}' must be tuple of ints, but found element of type "
            f"{type(value).__name__}"
        )
        raise TypeError(msg) from None


def broadcastable(*arrays: Array) -> None:
    """Refuse arrays whose shapes do not broadcast, naming the first dimension that differs."""
    shape: tuple[int, ...] = ()
    for array in arrays:
        shape = _broadcast_pair(shape, array.shape)


def _broadcast_pair(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    ndim = max(len(a), len(b))
    a, b = (1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b
    out = []
    for dim in range(ndim - 1, -1, -1):
        if a[dim] != b[dim] and 1 not in {a[dim], b[dim]}:
            msg = (
                f"The size of tensor a ({a[dim]}) must match the size of tensor b ({b[dim]}) "
                f"at non-singleton dimension {dim}"
            )
            raise RuntimeError(msg)
        out.append(b[dim] if a[dim] == 1 else a[dim])
    return tuple(reversed(out))


_INVERT_INSTEAD = (
    "on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or "
    "`logical_not()` operator instead."
)


def no_bool(function: str) -> NoReturn:
    """Refuse what torch keeps from bool tensors: ``neg``, ``sub`` of two, ``rsub`` of one."""
    msg = {
        "neg": f"Negation, the `-` operator, {_INVERT_INSTEAD}",
        "sub": (
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator instead."
        ),
    }.get(function, f"Subtraction, the `-` operator, {_INVERT_INSTEAD.replace('on', 'with', 1)}")
    raise RuntimeError(msg)


def dim(value: Any, ndim: int) -> int:
    """Return a dimension counted from 0, refusing what is out of range; 0-d counts as 1-d."""
    ndim = ndim or 1
    if not -ndim <= value < ndim:
        msg = (
            f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], "
            f"but got {value})"
        )
        raise IndexError(msg)
    return int(value) % ndim


def dims(values: Any, ndim: int) -> tuple[int, ...]:
    """Return dimensions (an int, several, or ``None`` and ``()`` for all) from 0, each once."""
    if values is None or (not isinstance(values, int) and len(values) == 0):
        return tuple(range(ndim))
    if isinstance(values, int):
        values = (values,)
    found = tuple(dim(value, ndim) for value in values)
    for value in found:
        if found.count(value) > 1:
            msg = f"dim {value} appears multiple times in the list of dims"
            raise RuntimeError(msg)
    return found if ndim else ()


def scalar_type(array: Array) -> str:
    """Return the name that torch's messages use for an array's dtype, such as ``Float``."""
    return FROM_NUMPY[array.dtype].scalar_type


def floating(function: str, array: Array) -> None:
    """Refuse integers where torch has no kernel for them, in its words."""
    if not FROM_NUMPY[array.dtype].is_floating_point:
        msg = f"\"{function}\" not implemented for '{scalar_type(array)}'"
        raise RuntimeError(msg)


def same_dtype(first: Array, second: Array) -> None:
    """Refuse operands of different dtypes where torch does not promote."""
    if first.dtype != second.dtype:
        msg = f"expected scalar type {scalar_type(first)} but found {scalar_type(second)}"
        raise RuntimeError(msg)


_C_NAMES = {
    "float64": "double",
    "float32": "float",
    "float16": "at::Half",
    "bfloat16": "c10::BFloat16",
    "int64": "int64_t",
    "int32": "int",
    "int16": "short",
    "int8": "int8_t",
    "uint8": "uint8_t",
}
_LARGEST = {
    "float64": 1.7976931348623157e308,
    "float32": 3.4028234663852886e38,
    "float16": 65504.0,
    "bfloat16": 3.3895313892515355e38,
}


def number(value: Any, dtype: Any) -> Any:
    """Return a Python number as a 0-d array of a dtype, refusing what the dtype does not hold.

    torch: a fraction is cut off, and a negative number wraps around in an unsigned dtype.
    """
    kind = dtype.kind
    if kind in "iu" and isinstance(value, (int, float)):
        bits = 8 * dtype.itemsize
        high = (1 << bits - (kind == "i")) - 1
        low = -high - 1 if kind == "i" else 0 if isinstance(value, float) else -high
        if not low <= value <= high:
            _refuse_number(value, dtype)
        return np.asarray(int(value) % (1 << bits) if kind == "u" else int(value), dtype)
    if kind in "fV" and isinstance(value, (int, float)):
        name = FROM_NUMPY[dtype].name
        if abs(value) > _LARGEST.get(name, np.inf) and abs(value) != np.inf:
            _refuse_number(value, dtype)
    return np.asarray(value).astype(dtype)


def _refuse_number(value: Any, dtype: Any) -> NoReturn:
    name = FROM_NUMPY[dtype].name
    msg = f"value cannot be converted to type {_C_NAMES.get(name, name)} without overflow: {value}"
    raise RuntimeError(msg)


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape as torch's matrix errors print it: ``2x3``."""
    return "x".join(map(str, shape))


def position_text(position: Sequence[Any]) -> str:
    """Return a position as ``(3, 17)``, with no NumPy types in it."""
    return str(tuple(int(place) for place in position))
