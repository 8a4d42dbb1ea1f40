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

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._tensor import Array
from ._op import op
from .products import multiply

__all__: list[str] = []

Sizes = tuple[int, ...]

_BLOCK_BYTES = 1 << 23  # of columns that are made at a time


class _Grid(NamedTuple):
    """Where a kernel meets an input: one number a spatial dimension."""

    kernel: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes

    def padded(self, size: Sizes) -> Sizes:
        """Return the sizes of a padded input."""
        return tuple(n + 2 * p for n, p in zip(size, self.padding, strict=True))

    def out(self, size: Sizes) -> Sizes:
        """Return the sizes of the output for those of an input."""
        rows = zip(self.padded(size), self.kernel, self.stride, self.dilation, strict=True)
        return tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in rows)

    def offsets(self, out: Sizes) -> Iterator[tuple[Sizes, tuple[slice, ...]]]:
        """Yield each element of the kernel with the places of a padded input that it meets."""
        for place in itertools.product(*map(range, self.kernel)):
            rows = zip(place, out, self.stride, self.dilation, strict=True)
            yield place, tuple(slice(at * d, at * d + s * (n - 1) + 1, s) for at, n, s, d in rows)


def _spatial(places: tuple[Any, ...]) -> Any:
    """Return an index of the dimensions behind batch and channels."""
    return (slice(None), slice(None), *places)


def _blocks(batch: int, bytes_each: int) -> Iterator[slice]:
    size = max(1, _BLOCK_BYTES // max(1, bytes_each))
    for begin in range(0, batch, size):
        yield slice(begin, min(begin + size, batch))


def _padded(input: Array, grid: _Grid) -> Array:
    """Return the input with zeros around it."""
    if not any(grid.padding):
        return input
    size = input.shape[2:]
    out = np.zeros((*input.shape[:2], *grid.padded(size)), input.dtype)
    inner = tuple(slice(p, p + n) for p, n in zip(grid.padding, size, strict=True))
    out[_spatial(inner)] = input
    return out


def _columns(padded: Array, grid: _Grid, out: Sizes, groups: int) -> Array:
    """Return what each kernel position meets, shape (N, groups, C / groups * K, P)."""
    n, channels = padded.shape[:2]
    steps = padded.strides[2:]
    windows = as_strided(
        padded,
        (n, channels, *grid.kernel, *out),
        (
            *padded.strides[:2],
            *(step * d for step, d in zip(steps, grid.dilation, strict=True)),
            *(step * s for step, s in zip(steps, grid.stride, strict=True)),
        ),
        writeable=False,
    )
    depth = channels // groups * math.prod(grid.kernel)
    return windows.reshape(n, groups, depth, math.prod(out))


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
    grid = _Grid(weight.shape[2:], stride, padding, dilation)
    n, size = input.shape[0], grid.out(input.shape[2:])
    places = math.prod(size)
    depth = weight[0].size
    out = np.empty((n, weight.shape[0], *size), input.dtype)
    padded = _padded(input, grid)
    for block in _blocks(n, groups * depth * places * input.itemsize):
        part = padded[block]
        columns = _columns(part, grid, size, groups).reshape(-1, depth, places)
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
    grid = _Grid(weight.shape[2:], stride, padding, dilation)
    n, met = input.shape[0], input.shape[2:]
    channels = weight.shape[1] * groups
    depth, places = weight[0].size, math.prod(met)
    padded = np.zeros((n, channels, *grid.padded(size)), input.dtype)
    for block in _blocks(n, groups * depth * places * input.itemsize):
        part = input[block].reshape(-1, weight.shape[0] // groups, places)
        turned = _each_group(weight, groups, part.shape[0] // groups).swapaxes(1, 2)
        columns = _product(turned, part).reshape(-1, channels, *grid.kernel, *met)
        target = padded[block]
        for place, where in grid.offsets(met):
            target[_spatial(where)] += columns[_spatial(place)]
    inner = tuple(slice(p, p + length) for p, length in zip(padding, size, strict=True))
    return _add_bias(np.ascontiguousarray(padded[_spatial(inner)]), bias)


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
    grid = _Grid(kernel, stride, padding, dilation)
    n, size = output.shape[0], output.shape[2:]
    rows, places = output.shape[1] // groups, math.prod(size)
    channels = input.shape[1] // groups
    depth = channels * math.prod(kernel)
    out = np.zeros((groups, rows, depth), input.dtype)
    padded = _padded(input, grid)
    for block in _blocks(n, groups * depth * places * input.itemsize):
        part = padded[block]
        columns = _columns(part, grid, size, groups).reshape(-1, depth, places)
        found = _product(output[block].reshape(-1, rows, places), columns.swapaxes(1, 2))
        out += found.reshape(len(part), groups, rows, depth).sum(0)
    return out.reshape(groups * rows, channels, *kernel)
