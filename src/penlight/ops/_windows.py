"""Windows that convolution and pooling lay over an input."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import kernels
from .._tensor import Array
from ..kernels.reference import windows as reference

Sizes = tuple[int, ...]


class Windows(NamedTuple):
    """Where windows stand in an input: one number a spatial dimension.

    Attributes:
        kernel: sizes of a window.
        stride: steps between windows.
        padding: on both sides of the input.
        dilation: distance between the elements of a window.
        out: the number of windows.
    """

    kernel: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    out: Sizes

    def reach(self, size: Sizes) -> Sizes:
        """Return the sizes of an input with padding, and what the last windows need beyond it."""
        rows = zip(*self, size, strict=True)
        return tuple(max(n + 2 * p, (o - 1) * s + d * (k - 1) + 1) for k, s, p, d, o, n in rows)

    def places(self) -> Iterator[tuple[slice, ...]]:
        """Yield, for each element of a window, where it stands for all windows."""
        for at in itertools.product(*map(range, self.kernel)):
            rows = zip(at, self.stride, self.dilation, self.out, strict=True)
            yield tuple(slice(i * d, i * d + s * (o - 1) + 1, s) for i, s, d, o in rows)

    def numbers(self) -> tuple[Sizes, Sizes, Sizes, Sizes]:
        """Return kernel, stride, padding and dilation, of three dimensions each."""
        kernel, stride, padding, dilation, _ = self
        return three(kernel), three(stride), three(padding, 0), three(dilation)


def three(numbers: Sizes, filler: int = 1) -> Sizes:
    """Return one number for each of three dimensions, of which the first may not be there."""
    return (filler,) * (3 - len(numbers)) + tuple(numbers)


def form_for(kind: np.dtype[Any]) -> Any:
    """Return the kernels of windows, in NumPy for what is not float32 or float64."""
    return kernels if kind.kind == "f" and kind.itemsize > 2 else reference


def unfold(input: Array, windows: Windows) -> Array:
    """Return what each element of the kernel meets, (N, C, *size) as (N, C * K, places)."""
    n, channels = input.shape[:2]
    planes = np.ascontiguousarray(input).reshape(n * channels, *three(input.shape[2:]))
    depth = channels * math.prod(windows.kernel)
    columns = np.empty((n * depth, *three(windows.out)), input.dtype)
    form_for(input.dtype).unfold_windows(columns, planes, *windows.numbers())
    return columns.reshape(n, depth, math.prod(windows.out))


def fold(out: Array, columns: Array, windows: Windows) -> None:
    """Write the adjoint of :func:`unfold` into a contiguous ``out``, shape (N, C, *size)."""
    n, channels = out.shape[:2]
    each = columns.reshape(-1, *three(windows.out))
    planes = out.reshape(n * channels, *three(out.shape[2:]))
    form_for(out.dtype).fold_windows(planes, each, *windows.numbers())


def last_dims(places: tuple[Any, ...]) -> Any:
    """Return an index of the last dimensions."""
    return (..., *places)


def surrounded(input: Array, windows: Windows) -> tuple[Array, tuple[slice, ...]]:
    """Return the input with zeros around it, or itself where there is no room, and its place."""
    dims = len(windows.kernel)
    size = tuple(input.shape[-dims:])
    inner = tuple(slice(p, p + n) for p, n in zip(windows.padding, size, strict=True))
    reach = windows.reach(size)
    if reach == size:
        return input, inner
    around = np.zeros((*input.shape[:-dims], *reach), input.dtype)
    around[last_dims(inner)] = input
    return around, inner
