"""Windows over an input: the columns of a convolution, their adjoint, and the maxima of pooling.

Inputs are (planes, D, H, W); a dimension that is not there has the size one. The numbers of a
window, ``kernel``, ``stride``, ``padding`` and ``dilation``, are three each. Windows may reach into
the padding and beyond it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Sizes = Sequence[int]
Place = tuple[Any, ...]


def _runs(
    size: Sizes, out: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Iterator[tuple[Place, Place]]:
    """Yield for each element of the kernel the windows where it is inside, and where it stands.

    Both are indices of all planes.
    """
    for element in itertools.product(*map(range, kernel)):
        windows: list[slice] = []
        places: list[slice] = []
        rows = zip(element, size, out, stride, padding, dilation, strict=True)
        for at, n, count, step, pad, gap in rows:
            shift = at * gap - pad
            first = max(0, -(shift // step))
            last = max(first, min(count, (n - 1 - shift) // step + 1))
            windows.append(slice(first, last))
            begin = first * step + shift
            places.append(slice(begin, max(begin, begin + (last - first - 1) * step + 1), step))
        yield (slice(None), *windows), (slice(None), *places)


def unfold_windows(
    columns: Array, input: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> None:
    """Write what each element of the kernel meets in each window, zero in the padding.

    Args:
        columns: written, shape (planes * kernel elements, D', H', W').
        input: shape (planes, D, H, W).
        kernel: sizes of a window.
        stride: steps between windows.
        padding: on both sides of the input.
        dilation: distance between the elements of a window.
    """
    columns[...] = 0
    each = columns.reshape(input.shape[0], math.prod(kernel), *columns.shape[1:])
    runs = _runs(input.shape[1:], columns.shape[1:], kernel, stride, padding, dilation)
    for number, (windows, places) in enumerate(runs):
        each[:, number][windows] = input[places]


def fold_windows(
    input: Array, columns: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> None:
    """Write for each element of the input the sum of what stands for it in the columns.

    Args:
        input: written, shape (planes, D, H, W).
        columns: shape (planes * kernel elements, D', H', W').
        kernel: sizes of a window.
        stride: steps between windows.
        padding: on both sides of the input.
        dilation: distance between the elements of a window.
    """
    input[...] = 0
    each = columns.reshape(input.shape[0], math.prod(kernel), *columns.shape[1:])
    runs = _runs(input.shape[1:], columns.shape[1:], kernel, stride, padding, dilation)
    for number, (windows, places) in enumerate(runs):
        input[places] += each[:, number][windows]


def _least(kind: np.dtype[Any]) -> Any:
    return np.iinfo(kind).min if kind.kind in "iu" else -np.inf


def max_pool(
    out: Array,
    indices: Array,
    input: Array,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
) -> None:
    """Write the largest of each window, and its place in the flat plane.

    The first of equals is taken, and the last NaN, which is larger than all.

    Args:
        out: written, shape (planes, D', H', W').
        indices: written, int64, the same shape.
        input: shape (planes, D, H, W).
        kernel: sizes of a window, each of which has an element inside the input.
        stride: steps between windows.
        padding: on both sides of the input.
        dilation: distance between the elements of a window.
    """
    sources = np.arange(math.prod(input.shape[1:])).reshape(1, *input.shape[1:])
    out[...] = _least(out.dtype)
    indices[...] = -1
    runs = _runs(input.shape[1:], out.shape[1:], kernel, stride, padding, dilation)
    for windows, places in runs:
        values, here, before = input[places], sources[places], indices[windows]
        better = (values > out[windows]) | np.not_equal(values, values) | (before < 0)
        out[windows] = np.where(better, values, out[windows])
        indices[windows] = np.where(better, here, before)


def max_pool_backward(grad_input: Array, grad: Array, indices: Array) -> None:
    """Write the sum of the gradients whose maximum each element of the input was.

    Args:
        grad_input: written, shape (planes, D * H * W).
        grad: shape (planes, D' * H' * W').
        indices: int64, the same shape.

    Raises:
        IndexError: an index is outside the plane.
    """
    bad = (indices < 0) | (indices >= grad_input.shape[1])
    if bad.any():
        msg = f"indices: expected 0 to {grad_input.shape[1] - 1}, got {indices[bad][0]}"
        raise IndexError(msg)
    grad_input[...] = 0
    planes = np.arange(grad_input.shape[0])[:, None]
    np.add.at(grad_input, (planes, indices), grad)
