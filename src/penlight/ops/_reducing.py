"""What every reduction needs: its dimensions, its dtype, and its gradient's shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._dtype import dtype
from .._tensor import Tensor
from . import _check
from ._creating import numpy_dtype_of

# NumPy's stubs take only literal values of ``keepdims``.
add_reduce: Any = np.add.reduce
multiply_reduce: Any = np.multiply.reduce


def restore(grad: Tensor, dim: Any, keepdim: bool, ndim: int) -> Tensor:
    """Return a reduction's gradient with the dimensions it dropped back as ones."""
    if keepdim or not ndim:
        return grad
    for place in sorted(_check.dims(dim, ndim)):
        grad = grad.unsqueeze(place)
    return grad


def converted(input: Tensor, wanted: dtype | None) -> Tensor:
    """Return the input in the ``dtype=`` a reduction was asked for."""
    if not isinstance(input, Tensor):
        msg = f"argument 'input' (position 1) must be Tensor, not {type(input).__name__}"
        raise TypeError(msg)
    if wanted is None or input.dtype is wanted:
        return input
    out: Tensor = input._cast(numpy_dtype_of(wanted))
    return out


def as_asked(result: Tensor, wanted: dtype | None) -> Tensor:
    """Return a reduction as bool where that was asked for; truth is counted in integers."""
    if wanted is None or wanted.name != "bool":
        return result
    out: Tensor = result._cast(numpy_dtype_of(wanted))
    return out


def numpy_axis(axis: Any, dim: Any) -> Any:
    return dim if axis is None else axis


def tupled(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, (list, tuple)) else dim


def size(shape: tuple[int, ...], dims: Any = None) -> int:
    return math.prod(shape) if dims is None else math.prod(shape[dim] for dim in dims)


_SINGLE = np.dtype(np.float32)


def wide(kind: Any) -> Any:
    """Return the dtype that sums are taken in: half types in float32."""
    return _SINGLE if kind.itemsize == 2 else kind
