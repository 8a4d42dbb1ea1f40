"""Windows that convolution and pooling lay over an input."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._tensor import Array

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

    def view(self, around: Array) -> Array:
        """Return the windows of an array with its padding, shape (..., *kernel, *out)."""
        dims = len(self.kernel)
        steps = around.strides[-dims:]
        return as_strided(
            around,
            (*around.shape[:-dims], *self.kernel, *self.out),
            (
                *around.strides[:-dims],
                *(step * d for step, d in zip(steps, self.dilation, strict=True)),
                *(step * s for step, s in zip(steps, self.stride, strict=True)),
            ),
            writeable=False,
        )


def last_dims(places: tuple[Any, ...]) -> Any:
    """Return an index of the last dimensions."""
    return (..., *places)


def surrounded(input: Array, windows: Windows, value: Any) -> tuple[Array, tuple[slice, ...]]:
    """Return the input with a value around it, or itself where there is no room, and its place."""
    dims = len(windows.kernel)
    size = tuple(input.shape[-dims:])
    inner = tuple(slice(p, p + n) for p, n in zip(windows.padding, size, strict=True))
    reach = windows.reach(size)
    if reach == size:
        return input, inner
    around = np.full((*input.shape[:-dims], *reach), value, input.dtype)
    around[last_dims(inner)] = input
    return around, inner
