"""The writers of NumPy's arrays, scalars and types, for the :class:`~.emitter.Emitter`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from .emitter import Emitter

_KINDS = "biufcSU"  # numbers and strings


def numpy_array(out: Emitter, value: np.ndarray[Any, Any]) -> None:
    """Write an array with its bytes."""
    if out._recall(id(value)):
        return
    if value.dtype.kind not in _KINDS:
        out._refuse(value)
    out._name("numpy._core.multiarray", "_reconstruct")
    out._name("numpy", "ndarray")
    out._items((0,))
    out._bytes(b"b")
    out._out += b"\x87R"
    out._keep(value)
    order: Literal["C", "F"] = "F" if value.flags.fnc else "C"
    out._out += b"("
    out._int(1)
    out._items(value.shape)
    numpy_dtype(out, value.dtype)
    out._bool(order == "F")
    out._bytes(value.tobytes(order))
    out._out += b"tb"


def numpy_scalar(out: Emitter, value: np.generic) -> None:
    """Write a scalar with its type."""
    if value.dtype.kind not in _KINDS:
        out._refuse(value)
    out._name("numpy._core.multiarray", "scalar")
    numpy_dtype(out, value.dtype)
    out._bytes(value.tobytes())
    out._out += b"\x86R"


def numpy_dtype(out: Emitter, value: np.dtype[Any]) -> None:
    """Write a type of numbers or strings."""
    if value.kind not in _KINDS:
        out._refuse(value)
    if out._recall(value):
        return
    out._call("numpy", "dtype", (value.str[1:], False, True))
    out._items(value.__reduce__()[2])
    out._out += b"b"
    out._remember(value)
