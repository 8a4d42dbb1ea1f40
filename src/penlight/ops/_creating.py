"""What every creation function shares: its options, its dtype argument, its size argument."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _dtype
from .._device import check_device
from .._dtype import dtype
from .._tensor import Array, Tensor, wrap
from ..autograd.views import storage_of
from . import _check


def made(
    array: Array,
    *,
    out: Tensor | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Return a new tensor around a fresh array, with the options every creation function takes."""
    if device is not None:
        check_device(device)
    if out is not None:
        out._array = array.astype(out._array.dtype)
        storage_of(out).version += 1
        return out
    tensor = wrap(array)
    if requires_grad:
        tensor.requires_grad = True
    return tensor


def numpy_dtype_of(wanted: Any, default: Any = None) -> Any:
    """Return the NumPy dtype of a ``dtype=`` argument, else ``default``, else the floating one."""
    if wanted is None:
        return _dtype.default_numpy() if default is None else default
    if isinstance(wanted, dtype):
        return wanted.numpy
    if wanted in _PYTHON_TYPES:
        return _PYTHON_TYPES[wanted].numpy
    msg = f"dtype must be torch.dtype, not {type(wanted).__name__}"
    raise TypeError(msg)


_PYTHON_TYPES = {float: _dtype.float64, int: _dtype.int64, bool: _dtype.bool}


def shape_of(function: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """Return the shape meant by ``f(2, 3)`` or ``f((2, 3))``, refusing negative lengths."""
    if len(size) == 1 and not hasattr(size[0], "__index__"):
        if not isinstance(size[0], (list, tuple)):
            msg = (
                f"{function}(): argument 'size' (position 1) must be tuple of ints, "
                f"not {type(size[0]).__name__}"
            )
            raise TypeError(msg)
        size = tuple(size[0])
    elif len(size) == 1 and isinstance(size[0], (Tensor, np.ndarray)) and size[0].ndim:
        size = tuple(size[0].tolist())
    shape = tuple(_check.integer(function, "size", length) for length in size)
    for length in shape:
        if length < 0:
            msg = f"Trying to create tensor with negative dimension {length}: {list(shape)}"
            raise RuntimeError(msg)
    return shape
