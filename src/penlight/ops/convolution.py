"""Convolution of one to three dimensions, and its two adjoints.

A convolution ``y = F(x, w)`` is linear in both arguments. With ``X(y, w)``, its adjoint in the
input (which is transposed convolution), and ``W(y, x)``, its adjoint in the weight, every gradient
of any order is one of the three:

- of F: ``X(g, w)`` and ``W(g, x)``,
- of X: ``F(g, w)`` and ``W(y, g)``,
- of W: ``F(x, g)`` and ``X(y, g)``.

All are matrix products over the columns that the kernel meets (Chellapilla et al. 2006).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Array
from . import _elementwise as elementwise
from ._op import op
from ._windows import Sizes, Windows, fold, unfold

__all__: list[str] = []

_BLOCK_BYTES = 1 << 20  # of columns that are made at a time: they stay in a core's cache


def _windows(kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, size: Sizes) -> Windows:
    """Return the windows of a convolution over an input of spatial shape ``size``."""
    rows = zip(size, kernel, stride, padding, dilation, strict=True)
    out = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in rows)
    return Windows(kernel, stride, padding, dilation, out)


def _blocks(batch: int, bytes_each: int) -> Iterator[slice]:
    size = max(1, _BLOCK_BYTES // max(1, bytes_each))
    for begin in range(0, batch, size):
        yield slice(begin, min(begin + size, batch))


def _widened(first: Array, second: Array) -> tuple[Array, Array]:
    """Return both in the dtype that sums are taken in; bool is refused."""
    elementwise.refuse("slow_conv2d_cpu", first, second, kinds="b")
    return elementwise.widened(first), elementwise.widened(second)


def _multiply(out: Array, first: Array, second: Array) -> None:
    """Write the products of batches of matrices."""
    if out.dtype.kind == "f":
        kernels.batch_matmul(out, first, second)
    else:
        np.matmul(first, second, out=out)


def _products(out: Array, matrix: Array, columns: Array) -> None:
    """Write the product of a matrix a group with the columns of each sample.

    Args:
        out: written, shape (N, groups * rows, places).
        matrix: shape (groups, rows, depth).
        columns: shape (N, groups * depth, places).
    """
    groups, rows, depth = matrix.shape
    if groups == 1:
        _multiply(out, np.broadcast_to(matrix, (len(out), rows, depth)), columns)
        return
    for result, sample in zip(out, columns, strict=True):
        _multiply(result.reshape(groups, rows, -1), matrix, sample.reshape(groups, depth, -1))


def _finished(out: Array, bias: Array | None, kind: np.dtype[Any]) -> Array:
    """Return the result with its bias, in the dtype of the input."""
    if bias is not None:
        out += bias.reshape(-1, *(1,) * (out.ndim - 2))
    return out.astype(kind, copy=False)


def _cut(out: Any, shape: Any) -> Any:
    """Return the windows that there were: padding of the output can have room for more."""
    for dim in range(2, len(shape)):
        if out.shape[dim] != shape[dim]:
            out = out.narrow(dim, 0, shape[dim])
    return out


def _of_bias(grad: Any) -> Any:
    return grad.sum((0, *range(2, grad.dim())))


@op(
    "_convolution",
    node="ConvolutionBackward0",
    method=False,
    quiet=True,
    input=lambda grad, input_shape, weight, stride, padding, dilation, groups: conv_transpose(
        grad, weight, None, tuple(input_shape[2:]), stride, padding, dilation, groups
    ),
    weight=lambda grad, input, weight_shape, stride, padding, dilation, groups: conv_weight(
        grad, input, tuple(weight_shape[2:]), stride, padding, dilation, groups
    ),
    bias=lambda grad: _of_bias(grad),
)
def conv(
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    """Convolve (N, C, *) with a weight (O, C / groups, *kernel)."""
    windows = _windows(weight.shape[2:], stride, padding, dilation, input.shape[2:])
    kind, (n, rows, places) = input.dtype, (len(input), len(weight), math.prod(windows.out))
    input, weight = _widened(input, weight)
    matrix = weight.reshape(groups, rows // groups, -1)
    out = np.empty((n, rows, places), input.dtype)
    for block in _blocks(n, groups * matrix.shape[2] * places * input.itemsize):
        _products(out[block], matrix, unfold(input[block], windows))
    return _finished(out.reshape(n, rows, *windows.out), bias, kind)


@op(
    "_conv_transpose",
    node="ConvolutionBackward0",
    method=False,
    quiet=True,
    input=lambda grad, input_shape, weight, stride, padding, dilation, groups: _cut(
        conv(grad, weight, None, stride, padding, dilation, groups), input_shape
    ),
    weight=lambda grad, input, weight_shape, stride, padding, dilation, groups: conv_weight(
        input, grad, tuple(weight_shape[2:]), stride, padding, dilation, groups
    ),
    bias=lambda grad: _of_bias(grad),
)
def conv_transpose(
    input: Array,
    weight: Array,
    bias: Array | None,
    size: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    """Return the input of spatial shape ``size`` that the adjoint of a convolution gives."""
    windows = Windows(weight.shape[2:], stride, padding, dilation, input.shape[2:])
    kind, (n, channels) = input.dtype, (len(input), weight.shape[1] * groups)
    input, weight = _widened(input, weight)
    matrix = weight.reshape(groups, len(weight) // groups, -1).swapaxes(1, 2)
    depth, places = groups * matrix.shape[1], math.prod(windows.out)
    out = np.empty((n, channels, *size), input.dtype)
    for block in _blocks(n, depth * places * input.itemsize):
        part = input[block].reshape(-1, input.shape[1], places)
        columns = np.empty((len(part), depth, places), input.dtype)
        _products(columns, matrix, part)
        fold(out[block], columns, windows)
    return _finished(out, bias, kind)


@op(
    "_conv_weight",
    node="ConvolutionBackwardBackward0",
    method=False,
    quiet=True,
    output=lambda grad, output_shape, input, stride, padding, dilation, groups: _cut(
        conv(input, grad, None, stride, padding, dilation, groups), output_shape
    ),
    input=lambda grad, output, input_shape, stride, padding, dilation, groups: conv_transpose(
        output, grad, None, tuple(input_shape[2:]), stride, padding, dilation, groups
    ),
)
def conv_weight(
    output: Array,
    input: Array,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    """Return the weight (O, C / groups, *kernel) that the adjoint in it gives."""
    n, size = len(output), output.shape[2:]
    windows = Windows(kernel, stride, padding, dilation, size)
    kind, channels = input.dtype, input.shape[1] // groups
    output, input = _widened(output, input)
    rows, depth, places = output.shape[1] // groups, channels * math.prod(kernel), math.prod(size)
    out = np.zeros((groups, rows, depth), input.dtype)
    for block in _blocks(n, groups * depth * places * input.itemsize):
        columns = unfold(input[block], windows).reshape(-1, depth, places)
        found = np.empty((len(columns), rows, depth), input.dtype)
        _multiply(found, output[block].reshape(-1, rows, places), columns.swapaxes(1, 2))
        out += found.reshape(-1, groups, rows, depth).sum(0)
    return out.reshape(groups * rows, channels, *kernel).astype(kind, copy=False)
