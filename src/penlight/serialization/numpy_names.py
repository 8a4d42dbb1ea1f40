"""The names in a checkpoint that build NumPy's arrays, scalars and types."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import CheckpointError
from .inert import UnknownName, UnknownObject, describe
from .limits import expect

if TYPE_CHECKING:
    from .opcodes import Builder, StateSetter

    Array = np.ndarray[Any, Any]

_NUMPY_KINDS = "biufcSUO"
_NUMPY_BYTE_ORDERS = ("<", ">", "|", "=")
_PLAIN_DTYPE_STATE = (None, None, None, -1, -1, 0)  # no subarray, no fields, no flags
_DTYPE_VERSION = 3
_ARRAY_VERSION = 1
_MOST_DIMENSIONS = 64


def _build_array(kind: object, shape: object, code: object) -> Array | UnknownObject:
    if kind is not np.ndarray:
        name = kind.name if isinstance(kind, UnknownName) else describe(kind)
        return UnknownObject(name, (shape, code), {})
    return np.empty(0, np.int8)  # the state that follows says what it is


def _set_array_state(target: Any, state: object) -> None:
    if not isinstance(state, tuple) or len(state) != 5 or state[0] != _ARRAY_VERSION:
        msg = "it is not that of an array"
        raise CheckpointError(msg)
    _, shape, dtype, fortran, data = state
    expect(fortran, bool, "its order")
    _check_array(shape, dtype, data)
    target.__setstate__(state)


def _check_array(shape: object, dtype: object, data: object) -> np.dtype[Any]:
    """Return the type of an array, if ``data`` is what an array of that shape and type holds."""
    if not isinstance(dtype, np.dtype):
        msg = f"an array is of the type {describe(dtype)}"
        raise CheckpointError(msg)
    if not isinstance(shape, tuple) or any(type(n) is not int or n < 0 for n in shape):
        msg = f"an array has the shape {describe(shape)}"
        raise CheckpointError(msg)
    if len(shape) > _MOST_DIMENSIONS or (not dtype.itemsize and math.prod(shape)):
        msg = f"an array of {dtype} has {len(shape)} dimensions and elements of no size"
        raise CheckpointError(msg)
    needed = math.prod(shape) * (1 if dtype.hasobject else dtype.itemsize)
    content: list[object] | bytes
    if dtype.hasobject:
        content = expect(data, list, "the content of an array")
    else:
        content = expect(data, bytes, "the content of an array")
    if needed != len(content):
        unit = "objects" if dtype.hasobject else "bytes"
        msg = f"an array of {dtype} needs {needed} {unit} and has {len(content)}"
        raise CheckpointError(msg)
    return dtype


def _build_scalar(dtype: object, data: object) -> object:
    kind = _check_array((), dtype, data)
    if kind.hasobject:
        msg = "a NumPy scalar is an object"
        raise CheckpointError(msg)
    return np.frombuffer(expect(data, bytes, "a scalar"), kind)[0]


def _build_from_buffer(data: object, dtype: object, shape: object, order: object) -> Array:
    content = bytes(data) if isinstance(data, bytearray) else data
    kind = _check_array(shape, dtype, content)
    if order not in ("C", "F") or kind.hasobject:
        msg = f"an array of {kind} in the order {describe(order)}"
        raise CheckpointError(msg)
    array: Array = np.empty(expect(shape, tuple, "a shape"), kind, "F" if order == "F" else "C")
    flat = array.reshape(-1, order="A")
    flat[:] = np.frombuffer(expect(content, bytes, "an array"), kind)
    return array


def _build_dtype(code: object, align: object = False, copy: object = True) -> np.dtype[Any]:  # noqa: ARG001
    text = expect(code, str, "a NumPy type")
    if text[:1] not in _NUMPY_KINDS or not (text == "O" or text[1:].isdecimal()):
        msg = f"the NumPy type {describe(text)} is not one of numbers, strings or objects"
        raise CheckpointError(msg)
    return np.dtype(text, False, True)


def _set_dtype_state(target: Any, state: object) -> None:
    if not isinstance(state, tuple) or len(state) != 8 or state[0] != _DTYPE_VERSION:
        msg = "it is not that of a plain NumPy type"
        raise CheckpointError(msg)
    _, order, *rest = state
    plain = rest[:3] == [None, None, None]
    # Strings carry their length and alignment, which the code gave already; objects their flags.
    kind = target.kind
    numeric = kind not in "SUO"
    if order not in _NUMPY_BYTE_ORDERS or not plain:
        msg = f"it gives the byte order {describe(order)}, or fields"
        raise CheckpointError(msg)
    if numeric and tuple(rest) != _PLAIN_DTYPE_STATE:
        msg = f"it gives {describe(state)}"
        raise CheckpointError(msg)
    if numeric:
        target.__setstate__(state)
    elif kind == "U" and order == ">":
        msg = "strings in big-endian order"
        raise CheckpointError(msg)


NUMPY_BUILDERS: dict[str, Builder] = {"numpy.dtype": _build_dtype}
for _core in ("numpy._core", "numpy.core"):  # the second is NumPy 1's
    NUMPY_BUILDERS[f"{_core}.multiarray._reconstruct"] = _build_array
    NUMPY_BUILDERS[f"{_core}.multiarray.scalar"] = _build_scalar
    NUMPY_BUILDERS[f"{_core}.numeric._frombuffer"] = _build_from_buffer

NUMPY_STATES: dict[type, StateSetter] = {
    np.ndarray: _set_array_state,
    np.dtype: _set_dtype_state,
}
