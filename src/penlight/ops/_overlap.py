"""Whether a write meets memory that it must not: shared elements, sources in part."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array


def check_overlap(target: Array, *sources: Any) -> None:
    """Refuse to write an array whose elements share memory, or that a source overlaps.

    As in torch, only dense arrays are compared: between strided ones an overlap is not looked for,
        and
    reading is done before writing.
    """
    if 0 in target.strides and _repeats(target):
        msg = (
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single "
            "memory location. Please clone() the tensor before performing the operation."
        )
        raise RuntimeError(msg)
    for source in sources:
        if (
            isinstance(source, np.ndarray)
            and np.may_share_memory(target, source)
            and not _is_same(target, source)
            and _is_dense(target)
            and _is_dense(source)
        ):
            msg = (
                "unsupported operation: some elements of the input tensor and the written-to "
                "tensor refer "
                "to a single memory location. Please clone() the tensor before performing the "
                "operation."
            )
            raise RuntimeError(msg)


def _repeats(array: Array) -> bool:
    pairs = zip(array.shape, array.strides, strict=True)
    return array.size > 0 and any(not step and size > 1 for size, step in pairs)


def _is_same(a: Array, b: Array) -> bool:
    return a is b or (
        a.shape == b.shape
        and a.strides == b.strides
        and a.__array_interface__["data"] == b.__array_interface__["data"]
    )


def _is_dense(array: Array) -> bool:
    """Return whether the elements fill their memory without gaps, in any order of dimensions."""
    expected = array.itemsize
    dims = [(step, size) for size, step in zip(array.shape, array.strides, strict=True) if size > 1]
    for step, size in sorted(dims):
        if step != expected:
            return False
        expected *= size
    return True
