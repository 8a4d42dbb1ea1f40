from __future__ import annotations
from .._tensor import Array
from . import _check
from ._op import op
import numpy as np

@op("sum", node="SumBackward0", input=lambda grad, input_shape: grad.expand(input_shape))
def sum(input: Array) -> Array:
    return input.sum(dtype=np.int64 if input.dtype.kind in "biu" else input.dtype)
