"""Arithmetic, powers, rounding, the larger and the smaller, element by element: a table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._promotion import result_dtype
from .._tensor import Tensor
from . import _check, _elementwise as elementwise
from ._families import DEFAULT, INT_TO_FLOAT, binary, unary
from ._op import REGISTRY, ZERO, attach, op
from ._overloads import giving_way, no_derivative, overloaded
from .comparison import isnan
from .powers import float_power, pow, square
from .ternary import where

__all__ = [
    "abs",
    "absolute",
    "add",
    "ceil",
    "copysign",
    "div",
    "divide",
    "fix",
    "float_power",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "frac",
    "heaviside",
    "maximum",
    "minimum",
    "mul",
    "multiply",
    "nan_to_num",
    "neg",
    "negative",
    "positive",
    "pow",
    "reciprocal",
    "remainder",
    "round",
    "rsub",
    "sgn",
    "sign",
    "square",
    "sub",
    "subtract",
    "true_divide",
    "trunc",
]

Array = np.ndarray[Any, Any]
Number = bool | int | float


# ---- arithmetic ---------------------------------------------------------------------------------

add = binary(
    "add",
    np.add,
    DEFAULT,
    "Add ``other``, times ``alpha``, elementwise.",
    aliases=("__add__", "__radd__"),
    variants={"alpha": (1, lambda input, other, alpha: (add, input, _scaled(input, other, alpha)))},
    input=lambda grad: grad,
    other=lambda grad: grad,
)
sub = binary(
    "sub",
    np.subtract,
    DEFAULT,
    "Subtract ``other``, times ``alpha``, elementwise.",
    aliases=("subtract", "__sub__"),
    variants={
        "alpha": (
            1,
            lambda input, other, alpha: (sub, input, _scaled_for_sub(input, other, alpha)),
        )
    },
    input=lambda grad: grad,
    other=lambda grad: -grad,
)
mul = binary(
    "mul",
    np.multiply,
    DEFAULT,
    "Multiply elementwise.",
    aliases=("multiply", "__mul__", "__rmul__"),
    input=lambda grad, other: grad * other,
    other=lambda grad, input: grad * input,
)
div = binary(
    "div",
    np.true_divide,
    INT_TO_FLOAT,
    "Divide elementwise; ``rounding_mode`` is ``None``, ``'trunc'`` or ``'floor'``.",
    aliases=("divide", "true_divide", "__truediv__"),
    variants={
        "rounding_mode": (
            None,
            lambda input, other, rounding_mode: (_rounded_divide(rounding_mode), input, other),
        )
    },
    input=lambda grad, other: grad / other,
    other=lambda grad, input, other: -grad * ((input / other) / other),
)
_div_floor = binary(
    "_div_floor",
    elementwise.floor_divide,
    node="DivBackward2",
    method=False,
    input=ZERO,
    other=ZERO,
)
_div_trunc = binary(
    "_div_trunc",
    elementwise.trunc_divide,
    node="DivBackward2",
    method=False,
    input=ZERO,
    other=ZERO,
)
floor_divide = binary(
    "floor_divide",
    elementwise.floor_divide,
    DEFAULT,
    "Divide elementwise and round down; torch gives it no gradient.",
    node="NotImplemented",
    aliases=("__floordiv__",),
    input=no_derivative("floor_divide"),
    other=no_derivative("floor_divide"),
)
_rsub_tensor = binary(
    "_rsub_tensor",
    elementwise.reversed_subtract,
    node="RsubBackward0",
    inplace=False,
    out=False,
    method=False,
    input=lambda grad: -grad,
    other=lambda grad: grad,
)
_rsub_number = binary(
    "_rsub_number",
    elementwise.reversed_subtract,
    node="RsubBackward1",
    inplace=False,
    out=False,
    method=False,
    input=lambda grad: -grad,
    other=lambda grad: grad,
)


def _scaled(input: Any, other: Any, alpha: Number) -> Any:
    """Return ``alpha * other`` for add and sub."""
    whole = not any(
        isinstance(x, float) or (isinstance(x, Tensor) and x.is_floating_point())
        for x in (input, other)
    )
    if isinstance(alpha, float) and whole:
        msg = "For integral input tensors, argument alpha must not be a floating point number."
        raise RuntimeError(msg)
    if isinstance(other, Tensor):
        # torch: the product is in the dtype of the result.
        common = result_dtype(x._array if isinstance(x, Tensor) else x for x in (input, other))
        other = other if other.dtype is common else other._cast(common.numpy)
    if _both_bool(input, other):
        return other & bool(alpha)
    return other * alpha


def _scaled_for_sub(input: Any, other: Any, alpha: Number) -> Any:
    """As :func:`_scaled`, refusing bool, which the product would not be any more."""
    bools = [_both_bool(operand) for operand in (input, other)]
    if any(bools):
        _check.no_bool("sub" if all(bools) else "rsub")
    return _scaled(input, other, alpha)


def _both_bool(*operands: Any) -> bool:
    return all(
        x._array.dtype.kind == "b" if isinstance(x, Tensor) else isinstance(x, bool)
        for x in operands
    )


def _rounded_divide(mode: Any) -> Any:
    if mode not in {"floor", "trunc"}:
        msg = (
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{mode}'"
        )
        raise RuntimeError(msg)
    return _div_floor if mode == "floor" else _div_trunc


def rsub(input: Any, other: Any, alpha: Number = 1) -> Any:
    """Return ``other - alpha * input``."""
    if alpha != 1:
        input = _scaled(other, input, alpha)
    return (_rsub_tensor if isinstance(other, Tensor) else _rsub_number)(input, other)


remainder = overloaded(
    "remainder",
    binary(
        "_remainder",
        elementwise.remainder,
        DEFAULT,
        "Return what floor division leaves, elementwise; it has the divisor's sign.",
        node="RemainderBackward1",
        method=False,
        input=lambda grad: grad,
        other=lambda grad, input, other: -grad * div(input, other, rounding_mode="floor"),
    ),
    binary(
        "_remainder_number",
        elementwise.remainder,
        node="RemainderBackward0",
        method=False,
        input=lambda grad: grad,
        other=ZERO,
    ),
    binary(
        "_remainder_reversed",
        elementwise.remainder,
        node="NotImplemented",
        method=False,
        input=no_derivative("remainder"),
        other=no_derivative("remainder"),
    ),
)
fmod = overloaded(
    "fmod",
    binary(
        "_fmod",
        elementwise.fmod,
        DEFAULT,
        "Return what truncating division leaves, elementwise; it has the dividend's sign.",
        node="FmodBackward1",
        method=False,
        input=lambda grad: grad,
        other=lambda grad, input, other: -grad * div(input, other, rounding_mode="trunc"),
    ),
    binary(
        "_fmod_number",
        elementwise.fmod,
        node="FmodBackward0",
        method=False,
        input=lambda grad: grad,
        other=ZERO,
    ),
)
neg = unary(
    "neg",
    elementwise.negative,
    DEFAULT,
    "Negate.",
    aliases=("negative", "__neg__"),
    input=lambda grad: -grad,
)
abs = unary(
    "abs",
    elementwise.absolute,
    DEFAULT,
    "Return the size of each element.",
    aliases=("absolute", "__abs__"),
    input=lambda grad, input: grad * sgn(input),
)
sign = unary("sign", elementwise.sign, DEFAULT, "Return -1, 0 or 1 by sign.", input=ZERO)
sgn = unary(
    "sgn",
    elementwise.sign,
    DEFAULT,
    "Return -1, 0 or 1 by sign; for real numbers :func:`sign`.",
    input=ZERO,
)
reciprocal = unary(
    "reciprocal",
    elementwise.reciprocal,
    INT_TO_FLOAT,
    "Return 1 / x.",
    input=lambda grad, out: -grad * (out * out),
)


def positive(input: Tensor) -> Tensor:
    """Return the tensor itself, which must not be bool."""
    elementwise.positive(input._array)
    return input


def reverse_divide(self: Tensor, other: Any) -> Any:
    """Return ``other / self``."""
    return reciprocal(self) * other


# ---- rounding -----------------------------------------------------------------------------------

ceil = unary("ceil", elementwise.ceil, DEFAULT, "Round up.", input=ZERO)
floor = unary("floor", elementwise.floor, DEFAULT, "Round down.", input=ZERO)
trunc = unary(
    "trunc", elementwise.trunc, DEFAULT, "Round towards zero.", aliases=("fix",), input=ZERO
)
frac = unary(
    "frac", elementwise.frac, DEFAULT, "Return what truncation takes away.", input=lambda grad: grad
)
_round = unary("_round", elementwise.round, node="RoundBackward0", method=False, input=ZERO)
_round_decimals = unary(
    "_round_decimals", elementwise.round_decimals, node="RoundBackward1", method=False, input=ZERO
)


def round(input: Tensor, *, decimals: int = 0, out: Tensor | None = None) -> Any:
    """Round to the nearest integer, or to a number of decimals; halves go to the even neighbour.

    Args:
        input: a tensor.
        decimals: how many digits to keep after the point; negative ones count before it.
        out: where to write the result.

    Example:
        >>> import penlight as torch
        >>> torch.round(torch.tensor([0.5, 1.5, 2.5]))
        tensor([0., 2., 2.])
    """
    return _round(input, out=out) if decimals == 0 else _round_decimals(input, decimals, out=out)


def round_(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Round in place; see :func:`round`."""
    written: Tensor = (
        _round.op.call_(input) if decimals == 0 else _round_decimals.op.call_(input, decimals)
    )
    return written


# ---- larger and smaller -------------------------------------------------------------------------


def _winner(grad: Any, wins: Any, ties: Any) -> Any:
    """Return the gradient where an operand wins, half of it where the operands tie."""
    return where(wins, grad, where(ties, grad / 2, 0))


maximum = binary(
    "maximum",
    np.maximum,
    DEFAULT,
    "Return the larger of two; NaN if one is.",
    inplace=False,
    input=lambda grad, input, other: _winner(grad, input > other, input == other),
    other=lambda grad, input, other: _winner(grad, other > input, input == other),
)
minimum = binary(
    "minimum",
    np.minimum,
    DEFAULT,
    "Return the smaller of two; NaN if one is.",
    inplace=False,
    input=lambda grad, input, other: _winner(grad, input < other, input == other),
    other=lambda grad, input, other: _winner(grad, other < input, input == other),
)
fmax = binary(
    "fmax",
    np.fmax,
    DEFAULT,
    "Return the larger of two; NaN only if both are.",
    inplace=False,
    input=lambda grad, input, other: where((input >= other) | (isnan(other)), grad, 0),
    other=lambda grad, input, other: where((input >= other) | (isnan(other)), 0, grad),
)
fmin = binary(
    "fmin",
    np.fmin,
    DEFAULT,
    "Return the smaller of two; NaN only if both are.",
    inplace=False,
    input=lambda grad, input, other: where((input <= other) | (isnan(other)), grad, 0),
    other=lambda grad, input, other: where((input <= other) | (isnan(other)), 0, grad),
)


@op(
    "heaviside",
    node="NotImplemented",
    promotion=DEFAULT,
    broadcast=True,
    inplace=True,
    out=True,
    input=no_derivative("heaviside"),
    values=no_derivative("heaviside"),
)
def heaviside(input: Array | Number, values: Array | Number) -> Array:
    """Return 0 below zero, 1 above it, ``values`` at it.

    Args:
        input: a tensor or a number.
        values: a tensor or a number; the shapes broadcast. The result has the inputs' common dtype.

    Returns:
        A tensor of the broadcast shape.

    Raises:
        RuntimeError: the shapes do not broadcast.
    """
    return elementwise.heaviside(input, values)


nan_to_num = unary(
    "nan_to_num",
    elementwise.nan_to_num,
    DEFAULT,
    "Replace NaN (by 0) and the infinities (by the largest numbers).",
    input=lambda grad, input: grad * (abs(input) < math.inf),
)


def _copysign_record(name: str, node: str) -> Any:
    return binary(
        name,
        np.copysign,
        INT_TO_FLOAT,
        "Return ``input`` with the sign of ``other``.",
        node=node,
        method=False,
        input=lambda grad, input, out: where(input == 0, 0, grad * (out / input)),
        other=ZERO,
    )


copysign = overloaded(
    "copysign",
    _copysign_record("_copysign", "CopysignBackward0"),
    _copysign_record("_copysign_number", "CopysignBackward1"),
)

# ---- names and operators ------------------------------------------------------------------------

true_divide = divide = div
multiply, subtract, negative, absolute, fix = mul, sub, neg, abs, trunc

for _function in (positive, round, round_):
    attach(_function)
attach(positive, "__pos__")
attach(rsub, "__rsub__")
attach(giving_way(remainder), "__mod__")
attach(reverse_divide, "__rtruediv__")
attach(lambda self, other: floor_divide(other, self), "__rfloordiv__")
attach(lambda self, other: remainder(other, self), "__rmod__")
for _name, _operator in (
    ("add", "__iadd__"),
    ("sub", "__isub__"),
    ("mul", "__imul__"),
    ("div", "__itruediv__"),
    ("floor_divide", "__ifloordiv__"),
):
    attach(REGISTRY[_name].call_, _operator)
attach(Tensor.remainder_, "__imod__")
