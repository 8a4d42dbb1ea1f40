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
    for name, array, shape in (
        ("b", b, (inner, columns)),
        ("out", out, (rows, columns)),
        ("bias", bias, (columns,)),
    ):
        if array is not None and array.shape != shape:
            message = f"{name}: expected shape {shape}, got {array.shape}"
            raise ValueError(message)
    np.matmul(a, b, out=out)
    if bias is not None:
        out += bias
