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

from .._tensor import Array
from ._op import op
from ._windows import Sizes, Windows, last_dims, surrounded
from .products import multiply

__all__: list[str] = []

_BLOCK_BYTES = 1 << 23  # of columns that are made at a time


def _windows(kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, size: Sizes) -> Windows:
    """Return the windows of a convolution over an input of spatial shape ``size``."""
    rows = zip(size, kernel, stride, padding, dilation, strict=True)
    out = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in rows)
    return Windows(kernel, stride, padding, dilation, out)


def _blocks(batch: int, bytes_each: int) -> Iterator[slice]:
    size = max(1, _BLOCK_BYTES // max(1, bytes_each))
    for begin in range(0, batch, size):
        yield slice(begin, min(begin + size, batch))


def _columns(padded: Array, windows: Windows, groups: int) -> Array:
    """Return what each kernel position meets, shape (N * groups, C / groups * K, P)."""
    n, channels = padded.shape[:2]
    depth = channels // groups * math.prod(windows.kernel)
    return windows.view(padded).reshape(n * groups, depth, math.prod(windows.out))


def _each_group(weight: Array, groups: int, batch: int) -> Array:
    """Return the weight as a matrix a group and sample, shape (batch * groups, O / groups, K)."""
    matrix = weight.reshape(groups, weight.shape[0] // groups, -1)
    tiled = np.broadcast_to(matrix, (batch, *matrix.shape))
    return tiled.reshape(batch * groups, *matrix.shape[1:]) if groups > 1 else tiled[:, 0]


def _product(first: Array, second: Array) -> Array:
    return multiply("slow_conv2d_cpu", first, second)


def _add_bias(out: Array, bias: Array | None) -> Array:
    if bias is not None:
        out += bias.reshape(-1, *(1,) * (out.ndim - 2))
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
    n, size = input.shape[0], windows.out
    places = math.prod(size)
    depth = weight[0].size
    out = np.empty((n, weight.shape[0], *size), input.dtype)
    padded, _ = surrounded(input, windows, 0)
    for block in _blocks(n, groups * depth * places * input.itemsize):
        part = padded[block]
        columns = _columns(part, windows, groups)
        found = _product(_each_group(weight, groups, len(part)), columns)
        out[block] = found.reshape(out[block].shape)
    return _add_bias(out, bias)


@op(
    "_conv_transpose",
    node="ConvolutionBackward0",
    method=False,
    quiet=True,
    input=lambda grad, weight, stride, padding, dilation, groups: conv(
        grad, weight, None, stride, padding, dilation, groups
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
    n, met = input.shape[0], input.shape[2:]
    windows = Windows(weight.shape[2:], stride, padding, dilation, met)
    channels = weight.shape[1] * groups
    depth, places = weight[0].size, math.prod(met)
    padded = np.zeros((n, channels, *windows.reach(size)), input.dtype)
    for block in _blocks(n, groups * depth * places * input.itemsize):
        part = input[block].reshape(-1, weight.shape[0] // groups, places)
        turned = _each_group(weight, groups, part.shape[0] // groups).swapaxes(1, 2)
        columns = _product(turned, part).reshape(-1, channels, depth * groups // channels, *met)
        target = padded[block]
        for place, where in enumerate(windows.places()):
            target[last_dims(where)] += columns[:, :, place]
    inner = tuple(slice(p, p + length) for p, length in zip(padding, size, strict=True))
    return _add_bias(np.ascontiguousarray(padded[last_dims(inner)]), bias)


@op(
    "_conv_weight",
    node="ConvolutionBackwardBackward0",
    method=False,
    quiet=True,
    output=lambda grad, input, stride, padding, dilation, groups: conv(
        input, grad, None, stride, padding, dilation, groups
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
    n, size = output.shape[0], output.shape[2:]
    windows = Windows(kernel, stride, padding, dilation, size)
    rows, places = output.shape[1] // groups, math.prod(size)
    channels = input.shape[1] // groups
    depth = channels * math.prod(kernel)
    out = np.zeros((groups, rows, depth), input.dtype)
    padded, _ = surrounded(input, windows, 0)
    for block in _blocks(n, groups * depth * places * input.itemsize):
        part = padded[block]
        columns = _columns(part, windows, groups)
        found = _product(output[block].reshape(-1, rows, places), columns.swapaxes(1, 2))
        out += found.reshape(len(part), groups, rows, depth).sum(0)
    return out.reshape(groups * rows, channels, *kernel)
