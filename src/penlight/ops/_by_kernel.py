"""Running kernels of one element on arrays of any floating dtype and layout."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array
from ._elementwise import is_half
from ._op import contiguous

NATIVE = "fd"  # the characters of the dtypes that kernels take: float32 and float64


def run(kernel: Any, input: Array, *options: float) -> Array:
    """Return a function of each element, in the layout of the input.

    Args:
        kernel: writes the function of its second argument into its first.
        input: floating; the 16-bit types go through float32, as torch's do.
        options: numbers passed on.
    """
    if input.dtype.char not in NATIVE:
        return run(kernel, input.astype(np.float32), *options).astype(input.dtype)
    if input.flags.c_contiguous:
        out = np.empty(input.shape, input.dtype)
        kernel(out, input, *options)
        return out
    dense = input.copy(order="K")
    out = np.empty_like(dense)
    # Both lie in the same order in memory without gaps, so these are views in that order.
    kernel(out.ravel(order="K"), dense.ravel(order="K"), *options)
    return out


def run_backward(kernel: Any, grad: Array, saved: Array, *options: float) -> Array:
    """Return the gradient of a function of each element.

    Args:
        kernel: writes into its first argument, given the gradient and what was saved.
        grad: gradient of the result; one number in every place, as a sum gives it, stays one.
        saved: the input or the output, of the same shape and dtype.
        options: numbers passed on.
    """
    if saved.dtype.char not in NATIVE:
        wide = run_backward(kernel, grad.astype(np.float32), saved.astype(np.float32), *options)
        return wide.astype(saved.dtype)
    grad = one_or_contiguous(grad)
    if not saved.flags.c_contiguous:
        saved = contiguous(saved)
    out = np.empty(saved.shape, saved.dtype)
    kernel(out, grad, saved, *options)
    return out


def one_or_contiguous(grad: Array) -> Array:
    """Return a gradient row by row; without dimensions where one number stands in every place."""
    if grad.flags.c_contiguous:
        return grad
    return contiguous(grad) if any(grad.strides) else grad[(0,) * grad.ndim + (...,)]


def by_kernel(kernel: Any, ufunc: Any) -> Any:
    """Return a forward on arrays: the kernel's for the floating dtypes, NumPy's for integers."""

    def forward(input: Array) -> Array:
        if input.dtype.char in NATIVE or is_half(input):
            return run(kernel, input)
        out: Array = ufunc(input)
        return out

    return forward
