"""Sliding blocks of images as columns, and their sum back into images: each other's adjoint."""

from __future__ import annotations

import math

import numpy as np

from .._tensor import Array
from ._elementwise import refuse
from ._op import op
from ._windows import Sizes, Windows, fold, unfold

__all__: list[str] = []


def blocks(size: Sizes, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> Windows:
    """Return where the blocks of an image of a size stand."""
    rows = zip(size, kernel, dilation, padding, stride, strict=True)
    out = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in rows)
    return Windows(kernel, stride, padding, dilation, out)


@op(
    "_im2col",
    node="Im2ColBackward0",
    method=False,
    quiet=True,
    input=lambda grad, input_shape, kernel, dilation, padding, stride: col2im(
        grad, tuple(input_shape[-2:]), kernel, dilation, padding, stride
    ),
)
def im2col(input: Array, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> Array:
    """Return the blocks of (…, C, H, W) as columns, shape (…, C * kernel, blocks)."""
    refuse("im2col_out_cpu", input, kinds="i")
    windows = blocks(input.shape[-2:], kernel, dilation, padding, stride)
    images = input.reshape(-1, *input.shape[-3:])
    columns = unfold(images, windows)
    return columns.reshape(*input.shape[:-3], *columns.shape[1:])


@op(
    "_col2im",
    node="Col2ImBackward0",
    method=False,
    quiet=True,
    input=lambda grad, kernel, dilation, padding, stride: im2col(
        grad, kernel, dilation, padding, stride
    ),
)
def col2im(
    input: Array, size: Sizes, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes
) -> Array:
    """Return images (…, C, *size) that are the sums of their blocks, given as columns."""
    refuse("col2im_out_cpu", input, kinds="i")
    windows = blocks(size, kernel, dilation, padding, stride)
    *lead, rows, places = input.shape
    sums = np.empty((math.prod(lead), rows // math.prod(kernel), *size), input.dtype)
    fold(sums, np.ascontiguousarray(input).reshape(-1, places), windows)
    return sums.reshape(*lead, *sums.shape[1:])
