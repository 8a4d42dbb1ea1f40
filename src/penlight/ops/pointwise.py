"""Arithmetic, exponentials, trigonometry, rounding, comparison and logic, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array
from ._families import ALWAYS_BOOL, DEFAULT, INT_TO_FLOAT, binary, unary
from ._op import ZERO, attach, op

# ---- copies -----------------------------------------------------------------------------------------


@op("_cast", node="ToCopyBackward0", input=lambda grad, input_dtype: grad._cast(input_dtype))
def cast(input: Array, numpy_dtype: Any) -> Array:
    """Return a copy in another dtype."""
    return input.astype(numpy_dtype)


@op("_zeros_like", method=True, quiet=True)
def zeros_like(input: Array) -> Array:
    """Return zeros of the shape and dtype of ``input``."""
    return np.zeros(input.shape, input.dtype)


@op("_sum_to", node="SumBackward1", quiet=True, input=lambda grad, input_shape: grad.expand(input_shape))
def sum_to(input: Array, shape: tuple[int, ...]) -> Array:
    """Return the sum over the dimensions along which ``shape`` was broadcast to the input's."""
    extra = input.ndim - len(shape)
    out = input.sum(axis=tuple(range(extra)), dtype=input.dtype) if extra else input
    dims = tuple(i for i, n in enumerate(shape) if n == 1 and out.shape[i] != 1)
    return out.sum(axis=dims, keepdims=True, dtype=input.dtype) if dims else out


# ---- arithmetic -------------------------------------------------------------------------------------

mul = binary(
    "mul",
    np.multiply,
    DEFAULT,
    "Multiply elementwise.",
    aliases=("multiply", "__mul__", "__rmul__", "__imul__"),
    input=lambda grad, other: grad * other,
    other=lambda grad, input: grad * input,
)
add = binary(
    "add",
    np.add,
    DEFAULT,
    "Add ``other``, times ``alpha``, elementwise.",
    aliases=("__add__", "__radd__"),
    variants={"alpha": (1, lambda input, other, alpha: add(input, other * alpha))},
    input=lambda grad: grad,
    other=lambda grad: grad,
)
sub = binary(
    "sub",
    np.subtract,
    DEFAULT,
    "Subtract ``other``, times ``alpha``, elementwise.",
    aliases=("subtract", "__sub__"),
    variants={"alpha": (1, lambda input, other, alpha: sub(input, other * alpha))},
    input=lambda grad: grad,
    other=lambda grad: -grad,
)
div = binary(
    "div",
    np.true_divide,
    INT_TO_FLOAT,
    "Divide elementwise.",
    aliases=("divide", "true_divide", "__truediv__"),
    input=lambda grad, other: grad / other,
    other=lambda grad, input, other: -grad * input / (other * other),
)
neg = unary("neg", np.negative, DEFAULT, "Negate.", aliases=("__neg__",), input=lambda grad: -grad)
exp = unary("exp", np.exp, INT_TO_FLOAT, "Raise e to each element.", input=lambda grad, out: grad * out)
sin = unary("sin", np.sin, INT_TO_FLOAT, "Sine.", input=lambda grad, input: grad * input.cos())
cos = unary("cos", np.cos, INT_TO_FLOAT, "Cosine.", input=lambda grad, input: grad * -input.sin())
tanh = unary("tanh", np.tanh, INT_TO_FLOAT, "Tanh.", input=lambda grad, out: grad * (1 - out * out))


def rsub(input: Any, other: Any) -> Any:
    return sub(other, input)


attach(rsub, "__rsub__")


@op("clone", quiet=True, input=lambda grad: grad)
def clone(input: Array, *, memory_format: Any = None) -> Array:
    """Return a copy."""
    return input.copy(order="K")


@op("_copy", node="CopyBackwards", inplace=True, broadcast=True, method=False, quiet=True,
    input=ZERO, src=lambda grad, src_dtype: grad._cast(src_dtype))
def _copy(input: Array, src: Array, non_blocking: bool = False) -> Array:
    return np.broadcast_to(src, input.shape).astype(input.dtype)
from ._op import REGISTRY
attach(REGISTRY["_copy"].call_, "copy_")
