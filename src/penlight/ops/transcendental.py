"""Exponentials, logarithms, trigonometry and error functions, element by element: a table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Tensor
from . import _elementwise as elementwise
from ._by_kernel import by_kernel
from ._families import DEFAULT, INT_TO_FLOAT, binary, unary
from ._overloads import overloaded
from .activation_backward import sigmoid_backward, tanh_backward
from .ternary import where

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expm1",
    "hypot",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "logit",
    "rad2deg",
    "rsqrt",
    "sigmoid",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "xlogy",
]

LN2, LN10 = math.log(2), math.log(10)

# ---- exponentials and logarithms ----------------------------------------------------------------

exp = unary(
    "exp",
    by_kernel(kernels.exp, np.exp),
    INT_TO_FLOAT,
    "Return e to the power of each element.",
    input=lambda grad, out: grad * out,
)
exp2 = unary(
    "exp2",
    np.exp2,
    INT_TO_FLOAT,
    "Return 2 to the power of each element.",
    input=lambda grad, out: grad * out * LN2,
)
expm1 = unary(
    "expm1",
    by_kernel(kernels.expm1, np.expm1),
    INT_TO_FLOAT,
    "Return exp(x) - 1, accurate near 0.",
    input=lambda grad, out: grad * (out + 1),
)
log = unary(
    "log",
    by_kernel(kernels.log, np.log),
    INT_TO_FLOAT,
    "Return the natural logarithm.",
    input=lambda grad, input: grad / input,
)
log2 = unary(
    "log2",
    np.log2,
    INT_TO_FLOAT,
    "Return the logarithm to base 2.",
    input=lambda grad, input: grad / (input * LN2),
)
log10 = unary(
    "log10",
    np.log10,
    INT_TO_FLOAT,
    "Return the logarithm to base 10.",
    input=lambda grad, input: grad / (input * LN10),
)
log1p = unary(
    "log1p",
    by_kernel(kernels.log1p, np.log1p),
    INT_TO_FLOAT,
    "Return log(1 + x), accurate near 0.",
    node="Log1PBackward0",
    input=lambda grad, input: grad / (input + 1),
)
sqrt = unary(
    "sqrt",
    np.sqrt,
    INT_TO_FLOAT,
    "Return the square root.",
    input=lambda grad, out: grad / (2 * out),
)
rsqrt = unary(
    "rsqrt",
    elementwise.rsqrt,
    INT_TO_FLOAT,
    "Return 1 / sqrt(x).",
    input=lambda grad, out: -0.5 * grad * (out * out * out),
)
sigmoid = unary(
    "sigmoid",
    by_kernel(kernels.sigmoid, elementwise.sigmoid),
    INT_TO_FLOAT,
    "Return 1 / (1 + exp(-x)).",
    input=lambda grad, out: sigmoid_backward(grad, out),
)
logit = unary(
    "logit",
    elementwise.logit,
    INT_TO_FLOAT,
    "Return log(x / (1 - x)), with x brought into [eps, 1 - eps] first.",
    input=lambda grad, input, eps: _logit_rule(grad, input, eps),
)
logaddexp = binary(
    "logaddexp",
    elementwise.logaddexp,
    DEFAULT,
    "Return log(exp(x) + exp(y)), without overflow.",
    inplace=False,
    input=lambda grad, input, other: grad / (1 + exp(other - input)),
    other=lambda grad, input, other: grad / (1 + exp(input - other)),
)
logaddexp2 = binary(
    "logaddexp2",
    elementwise.logaddexp2,
    DEFAULT,
    "Return log2(2 ** x + 2 ** y), without overflow.",
    inplace=False,
    input=lambda grad, input, other: grad / (1 + exp2(other - input)),
    other=lambda grad, input, other: grad / (1 + exp2(input - other)),
)


def _logit_rule(grad: Any, input: Any, eps: float | None) -> Any:
    inner = grad / (input * (1 - input))
    if eps is None:
        return where((input < 0) | (input > 1), math.nan, inner)
    return where((input < eps) | (input > 1 - eps), 0, inner)


def _xlogy_rule(grad: Any, input: Any, other: Any) -> Any:
    logarithm = (
        log(other) if isinstance(other, Tensor) else math.log(other) if other > 0 else -math.inf
    )
    return where((input == 0) & (other <= 0), 0, grad * logarithm)


def _xlogy_record(name: str, node: str, *, inplace: bool) -> Any:
    return binary(
        name,
        elementwise.xlogy,
        INT_TO_FLOAT,
        "Return x log(y), 0 where x is 0.",
        node=node,
        method=False,
        inplace=inplace,
        input=_xlogy_rule,
        other=lambda grad, input, other: grad * input / other,
    )


xlogy = overloaded(
    "xlogy",
    _xlogy_record("_xlogy", "XlogyBackward0", inplace=True),
    _xlogy_record("_xlogy_number", "XlogyBackward2", inplace=True),
    _xlogy_record("_xlogy_reversed", "XlogyBackward1", inplace=False),
)

# ---- trigonometry -------------------------------------------------------------------------------

sin = unary(
    "sin", np.sin, INT_TO_FLOAT, "Return the sine.", input=lambda grad, input: grad * cos(input)
)
cos = unary(
    "cos", np.cos, INT_TO_FLOAT, "Return the cosine.", input=lambda grad, input: grad * -sin(input)
)
tan = unary(
    "tan",
    np.tan,
    INT_TO_FLOAT,
    "Return the tangent.",
    input=lambda grad, out: grad * (1 + out * out),
)
asin = unary(
    "asin",
    np.arcsin,
    INT_TO_FLOAT,
    "Return the arcsine.",
    aliases=("arcsin",),
    input=lambda grad, input: grad * rsqrt(1 - input * input),
)
acos = unary(
    "acos",
    np.arccos,
    INT_TO_FLOAT,
    "Return the arccosine.",
    aliases=("arccos",),
    input=lambda grad, input: grad * -rsqrt(1 - input * input),
)
atan = unary(
    "atan",
    np.arctan,
    INT_TO_FLOAT,
    "Return the arctangent.",
    aliases=("arctan",),
    input=lambda grad, input: grad / (input * input + 1),
)
sinh = unary(
    "sinh",
    np.sinh,
    INT_TO_FLOAT,
    "Return the hyperbolic sine.",
    input=lambda grad, input: grad * cosh(input),
)
cosh = unary(
    "cosh",
    np.cosh,
    INT_TO_FLOAT,
    "Return the hyperbolic cosine.",
    input=lambda grad, input: grad * sinh(input),
)
tanh = unary(
    "tanh",
    by_kernel(kernels.tanh, np.tanh),
    INT_TO_FLOAT,
    "Return the hyperbolic tangent.",
    input=lambda grad, out: tanh_backward(grad, out),
)
asinh = unary(
    "asinh",
    np.arcsinh,
    INT_TO_FLOAT,
    "Return the inverse hyperbolic sine.",
    aliases=("arcsinh",),
    input=lambda grad, input: grad * rsqrt(input * input + 1),
)
acosh = unary(
    "acosh",
    np.arccosh,
    INT_TO_FLOAT,
    "Return the inverse hyperbolic cosine.",
    aliases=("arccosh",),
    input=lambda grad, input: grad * rsqrt(input * input - 1),
)
atanh = unary(
    "atanh",
    np.arctanh,
    INT_TO_FLOAT,
    "Return the inverse hyperbolic tangent.",
    aliases=("arctanh",),
    input=lambda grad, input: grad / (1 - input * input),
)
deg2rad = unary(
    "deg2rad",
    elementwise.deg2rad,
    INT_TO_FLOAT,
    "Turn degrees into radians.",
    node="Deg2RadBackward0",
    input=lambda grad: grad * (math.pi / 180),
)
rad2deg = unary(
    "rad2deg",
    elementwise.rad2deg,
    INT_TO_FLOAT,
    "Turn radians into degrees.",
    node="Rad2DegBackward0",
    input=lambda grad: grad * (180 / math.pi),
)
atan2 = binary(
    "atan2",
    np.arctan2,
    INT_TO_FLOAT,
    "Return the angle of the point (other, input).",
    aliases=("arctan2",),
    input=lambda grad, input, other: _turn(grad * other, input, other),
    other=lambda grad, input, other: _turn(grad * -input, input, other),
)
hypot = binary(
    "hypot",
    elementwise.hypot,
    DEFAULT,
    "Return the length of the hypotenuse.",
    input=lambda grad, input, out: grad * (input / out),
    other=lambda grad, other, out: grad * (other / out),
)


def _turn(numerator: Any, input: Any, other: Any) -> Any:
    length = input * input + other * other
    return where(length == 0, 0, numerator / length)


# ---- error functions ----------------------------------------------------------------------------

erf = unary(
    "erf",
    by_kernel(kernels.erf, elementwise.erf),
    INT_TO_FLOAT,
    "Return the error function.",
    input=lambda grad, input: 2 / math.sqrt(math.pi) * exp(-(input * input)) * grad,
)
erfc = unary(
    "erfc",
    elementwise.erfc,
    INT_TO_FLOAT,
    "Return 1 - erf(x), accurate where that is small.",
    input=lambda grad, input: -2 / math.sqrt(math.pi) * exp(-(input * input)) * grad,
)
erfinv = unary(
    "erfinv",
    elementwise.erfinv,
    INT_TO_FLOAT,
    "Return the inverse of the error function.",
    input=lambda grad, out: 0.5 * math.sqrt(math.pi) * exp(out * out) * grad,
)

arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
