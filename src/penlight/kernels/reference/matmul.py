"""The product of two matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def matmul(out: Array, a: Array, b: Array, bias: Array | None = None) -> None:
    """Write ``a @ b + bias``; the inputs may be strided, ``out`` shares no memory with them.

    The compiled form adds products in the order of the inner dimension, whatever the number of
    threads; BLAS, which is this one, does as it likes.

    Args:
        out: written, shape (M, N), contiguous; float32 or float64, as all.
        a: shape (M, K).
        b: shape (K, N).
        bias: shape (N), or ``None``.

    Raises:
        ValueError: the shapes do not fit.
    """
    rows, inner = a.shape
    columns = b.shape[1]
    _check("b", b, (inner, columns))
    _check("out", out, (rows, columns))
    if bias is not None:
        _check("bias", bias, (columns,))
    np.matmul(a, b, out=out)
    if bias is not None:
        out += bias


def batch_matmul(out: Array, a: Array, b: Array) -> None:
    """Write ``a[i] @ b[i]`` for each of a batch, as :func:`matmul`.

    Args:
        out: written, shape (B, M, N), contiguous; float32 or float64, as all.
        a: shape (B, M, K).
        b: shape (B, K, N).

    Raises:
        ValueError: the shapes do not fit.
    """
    batch, rows, inner = a.shape
    columns = b.shape[2]
    _check("b", b, (batch, inner, columns))
    _check("out", out, (batch, rows, columns))
    np.matmul(a, b, out=out)


def _check(name: str, array: Array, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        message = f"{name}: expected shape {shape}, got {array.shape}"
        raise ValueError(message)
