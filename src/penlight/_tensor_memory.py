"""Memory of tensors as arrays: where it starts, how it is laid out, how it is copied and made."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._size import Size

Array = np.ndarray[Any, Any]


def root_of(array: Array) -> Array:
    """Return the array that owns the memory ``array`` looks at."""
    while True:
        base = array.base
        if not isinstance(base, np.ndarray):
            base = getattr(base, "base", None)  # NumPy's as_strided puts an object between
            if not isinstance(base, np.ndarray):
                return array
        array = base


def copy_memory(array: Array, memo: dict[int, Any]) -> Array:
    """Return a copy of ``array`` in its layout; arrays that share memory share their copies."""
    root = root_of(array)
    key = -id(root)
    if key not in memo:
        memo[key] = root.copy(order="K")
        memo.setdefault(id(memo), []).append(root)
    copied: Array = memo[key]
    if array is root:
        return copied
    offset = array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    if copied.strides != root.strides or not 0 <= offset <= root.nbytes:
        return array.copy(order="K")
    return np.ndarray(array.shape, array.dtype, copied, offset, array.strides)


def offset_of(array: Array) -> int:
    """Return where the first element stands in the memory, in elements."""
    if not array.size:
        return 0
    start: int = root_of(array).__array_interface__["data"][0]
    address: int = array.__array_interface__["data"][0]
    return (address - start) // array.itemsize


def strides_of(array: Array) -> tuple[int, ...]:
    """Return the steps in elements; without elements, those of a contiguous array, as in torch."""
    if array.size:
        return tuple(step // array.itemsize for step in array.strides)
    strides = [1]
    for size in reversed(array.shape[1:]):
        strides.append(strides[-1] * max(size, 1))
    return tuple(reversed(strides)) if array.ndim else ()


def legacy_array(args: tuple[Any, ...], numpy_dtype: Any) -> Array:
    """Return the array that torch's old constructors make of their arguments."""
    if len(args) == 1 and hasattr(args[0], "_array"):
        if args[0]._array.dtype != numpy_dtype:
            converted: Array = args[0]._array.astype(numpy_dtype)
            return converted
        shared: Array = args[0]._array
        return shared
    if not args or (len(args) == 1 and isinstance(args[0], Size)):
        return np.empty(args[0] if args else (0,), numpy_dtype)
    if all(isinstance(arg, (int, np.integer)) for arg in args):
        if any(arg < 0 for arg in args):
            msg = f"Trying to create tensor with negative dimension {min(args)}: {list(args)}"
            raise RuntimeError(msg)
        return np.empty(args, numpy_dtype)
    if len(args) == 1 and isinstance(args[0], (list, tuple, np.ndarray)):
        return np.array([_plain(item) for item in args[0]], numpy_dtype)
    kinds = ", ".join(type(arg).__name__ for arg in args)
    msg = f"new() received an invalid combination of arguments - got ({kinds})"
    raise TypeError(msg)


def _plain(value: Any) -> Any:
    return getattr(value, "_array", value)


def refuse_dim(dim: int, ndim: int) -> Any:
    """Raise torch's error for a dimension that a tensor of ``ndim`` dimensions does not have."""
    low, high = (-ndim, ndim - 1) if ndim else (-1, 0)
    msg = f"Dimension out of range (expected to be in range of [{low}, {high}], but got {dim})"
    raise IndexError(msg)
