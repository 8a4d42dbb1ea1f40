"""What every reduction needs: its dimensions, its dtype, and its gradient's shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels
from .._dtype import dtype
from .._tensor import Array, Tensor
from . import _check
from ._by_kernel import NATIVE
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


# Up to so many, NumPy's sums take less time than the way to the kernels. Those of
# cpp/call_path/sums.cpp, which adds as NumPy does, are below.
_IN_NUMPYS_ORDER = 32768


def add_up(array: Array, dims: tuple[int, ...] | None, kind: Any, *, keepdim: bool = False) -> Any:
    """Return sums over dimensions.

    Args:
        array: what to add up.
        dims: dimensions, counted from 0; all when ``None``.
        kind: the dtype to add in.
        keepdim: keep the dimensions with length 1.
    """
    is_kernels = array.dtype.char in NATIVE and array.flags.c_contiguous
    if array.size > _IN_NUMPYS_ORDER and is_kernels:
        gone = range(array.ndim) if dims is None else sorted(dims)
        out = _add_by_kernel(array, gone, keepdim=keepdim)
        if out is not None:
            return out
    return add_reduce(array, axis=dims, dtype=kind, keepdims=keepdim)


def _add_by_kernel(array: Array, gone: Sequence[int], *, keepdim: bool) -> Array | None:
    """Return sums over the last dimensions or the first; ``None`` for others."""
    shape, count = array.shape, len(gone)
    first = array.ndim - count
    if gone[0] == first and gone[-1] == array.ndim - 1:
        kernel, rows, kept = kernels.sum_rows, size(shape[:first]), shape[:first]
        whole = (*kept, *(1,) * count)
    elif gone[0] == 0 and gone[-1] == count - 1:
        kernel, rows, kept = kernels.sum_columns, size(shape[:count]), shape[count:]
        whole = (*(1,) * count, *kept)
    else:
        return None
    out = np.empty(whole if keepdim else kept, array.dtype)
    kernel(out.reshape(-1), array.reshape(rows, -1))
    return out


_SINGLE = np.dtype(np.float32)


def wide(kind: Any) -> Any:
    """Return the dtype that sums are taken in: half types in float32."""
    return _SINGLE if kind.itemsize == 2 else kind
