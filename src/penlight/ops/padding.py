"""Padding with what a tensor holds: reflected, replicated or repeated around."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array
from ._op import op

__all__: list[str] = []

Widths = tuple[int, ...]


def _positions(kind: str, size: int, before: int, after: int) -> Array:
    """Return which element of a dimension stands at each place of the padded one."""
    places = np.arange(-before, size + after)
    if kind == "replicate":
        return places.clip(0, size - 1)
    if kind == "circular":
        return places % size
    last = size - 1
    return last - np.abs(last - np.abs(places))


def _each_dim(shape: tuple[int, ...], widths: Widths, kind: str) -> list[tuple[int, Array]]:
    """Return the padded dimensions, last first as the widths are, with their positions."""
    pairs = zip(widths[::2], widths[1::2], strict=True)
    dims = range(len(shape) - 1, -1, -1)
    return [
        (dim, _positions(kind, shape[dim], *pair)) for dim, pair in zip(dims, pairs, strict=False)
    ]


def _pad(input: Array, widths: Widths, kind: str) -> Array:
    """Pad the last dimensions: widths before and after the last one, then the one before it."""
    out = input
    for dim, positions in _each_dim(input.shape, widths, kind):
        out = np.take(out, positions, axis=dim)
    return out


@op(
    "_fold_padding",
    node="PadBackwardBackward0",
    method=False,
    quiet=True,
    input=lambda grad, widths, kind: pads(kind, len(widths) // 2)(grad, widths, kind),
)
def fold_padding(input: Array, shape: tuple[int, ...], widths: Widths, kind: str) -> Array:
    """Add each element of a padded tensor to where it came from: the adjoint of padding."""
    out = input
    for dim, positions in _each_dim(shape, widths, kind):
        folded = np.zeros((*out.shape[:dim], shape[dim], *out.shape[dim + 1 :]), out.dtype)
        np.add.at(np.moveaxis(folded, dim, 0), positions, np.moveaxis(out, dim, 0))
        out = folded
    return out


def _made(name: str, node: str) -> Any:
    return op(
        name,
        node=node,
        method=False,
        quiet=True,
        input=lambda grad, input_shape, widths, kind: fold_padding(
            grad, tuple(input_shape), widths, kind
        ),
    )(_pad)


_PADS = {
    **{
        ("reflect", n): _made(f"_reflection_pad{n}d", f"ReflectionPad{n}DBackward0")
        for n in (1, 2, 3)
    },
    **{
        ("replicate", n): _made(f"_replication_pad{n}d", f"ReplicationPad{n}DBackward0")
        for n in (1, 2, 3)
    },
    # torch writes the parts into a tensor made before; hence the printed name.
    **{("circular", n): _made(f"_circular_pad{n}d", "CopySlices") for n in (1, 2, 3)},
}


def pads(kind: str, dims: int) -> Any:
    """Return the op that pads so many dimensions so."""
    return _PADS[kind, dims]
