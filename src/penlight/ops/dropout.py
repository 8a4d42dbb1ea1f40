"""Dropout of elements in one pass: drawing, masking and scaling."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Array
from ..random import current_generator
from . import _draw
from ._by_kernel import NATIVE, one_or_contiguous
from ._op import Saving, contiguous, op


def _factors(mask: Array, scale: float, dtype: Any) -> Array:
    return np.where(mask, dtype.type(scale), dtype.type(0))


@op(
    "_masked_scale",
    node="MulBackward0",
    method=False,
    grad_output=lambda grad, mask, scale: masked_scale(grad, mask, scale),
)
def masked_scale(grad_output: Array, mask: Any, scale: float) -> Array:
    """Return the gradient times ``scale`` where the mask, an array, is set, times 0 elsewhere."""
    if grad_output.dtype.char not in NATIVE:
        return grad_output * _factors(mask, scale, grad_output.dtype)
    out = np.empty(mask.shape, grad_output.dtype)
    mask = mask if mask.flags.c_contiguous else contiguous(mask)
    kernels.dropout_backward(out, one_or_contiguous(grad_output), mask, scale)
    return out


# torch: a product with noise, so the node is a product's.
@op(
    "_dropped",
    node="MulBackward0",
    saves=("mask", "scale"),
    inplace=True,
    method=False,
    input=lambda grad, mask, scale: masked_scale(grad, mask, scale),
)
def dropped(input: Array, p: float) -> Saving:
    """Return a floating array with elements set to zero with probability ``p``.

    The others are multiplied by 1 / (1 - p), rounded to the dtype; torch divides 16-bit numbers in
    float32. Numbers are drawn in the order of memory.
    """
    kind = np.float64 if input.dtype == np.float64 else np.float32
    scale = float(kind(1) / kind(1 - p))
    if input.dtype.char not in NATIVE or not input.flags.c_contiguous:
        mask = np.empty_like(input, dtype=np.bool_)
        _draw.bernoulli(current_generator(), mask, 1 - p)
        out = input * _factors(mask, scale, input.dtype)
        return Saving(out, mask=mask, scale=scale)
    out, mask = np.empty(input.shape, kind), np.empty(input.shape, np.bool_)
    generator = current_generator()
    with generator._lock:
        kernels.dropout(generator._state, out, mask, input, 1 - p, scale)
    return Saving(out, mask=mask, scale=scale)
