"""Powers: of a tensor by a tensor, by a number, and of a number by a tensor."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._dtype import float64, get_default_dtype, int64
from .._tensor import Array, Tensor, wrap
from . import _elementwise as elementwise
from ._families import binary
from ._op import ZERO, attach, op
from ._runtime import check_result_type
from .ternary import where
from .transcendental import log

__all__ = ["float_power", "pow", "square"]

Number = bool | int | float


@op(
    "_pow_number",
    node="PowBackward0",
    promotion="default",
    inplace=True,
    out=True,
    method=False,
    input=lambda grad, input, exponent: _power_rule(grad, input, exponent),
)
def _pow_number(input: Array, exponent: Any) -> Array:
    return elementwise.power_number(input, exponent)


def _power_rule(grad: Any, input: Any, exponent: Any) -> Any:
    if exponent == 0:
        return grad._zeros_like()
    return grad * (input * 2 if exponent == 2 else exponent * pow(input, exponent - 1))


def _base_rule(grad: Any, input: Any, other: Any) -> Any:
    return where(other == 0, 0, grad * (other * pow(input, other - 1)))


def _exponent_rule(grad: Any, input: Any, other: Any, out: Any) -> Any:
    if isinstance(input, Tensor):
        return where((other >= 0) & (input == 0), 0, grad * (out * log(input)))
    if input == 0:
        return where(other >= 0, 0, grad * (out * -math.inf))
    return grad * (out * (math.log(input) if input > 0 else math.nan))


_pow_tensor = binary(
    "_pow_tensor",
    elementwise.power,
    node="PowBackward1",
    method=False,
    input=_base_rule,
    other=_exponent_rule,
)
_pow_base = binary(
    "_pow_base",
    elementwise.power,
    node="PowBackward2",
    inplace=False,
    method=False,
    input=ZERO,
    other=_exponent_rule,
)


def _power_of_number(input: Tensor, exponent: Number) -> Tensor:
    """Return ``input`` in a floating dtype where a number of a higher kind asks for one."""
    kind = elementwise.kind_of(input._array)
    if kind != "f" and isinstance(exponent, (float, np.floating)):
        return input.to(get_default_dtype())
    return input.to(int64) if kind == "b" else input


def pow(input: Any, exponent: Any, *, out: Tensor | None = None) -> Any:
    """Raise to a power, elementwise.

    Args:
        input: a tensor or a number.
        exponent: a tensor or a number; one of the two is a tensor.
        out: where to write the result.

    Raises:
        RuntimeError: an integer tensor is raised to a negative number.

    Example:
        >>> import penlight as torch
        >>> torch.pow(torch.tensor([1.0, 2.0, 3.0]), 2)
        tensor([1., 4., 9.])
    """
    if isinstance(exponent, np.ndarray):
        exponent = wrap(exponent)
    if not isinstance(input, Tensor):
        return _pow_base(input, exponent, out=out)
    if isinstance(exponent, Tensor):
        return _pow_tensor(input, exponent, out=out)
    return _pow_number(_power_of_number(input, exponent), exponent, out=out)


def pow_(self: Tensor, exponent: Any) -> Tensor:
    """Raise to a power in place; see :func:`pow`."""
    record = _pow_tensor if isinstance(exponent, Tensor) else _pow_number
    if record is _pow_number and _power_of_number(self, exponent) is not self:
        check_result_type(pow(self, exponent)._array.dtype, self._array.dtype)
    written: Tensor = record.op.call_(self, exponent)
    return written


def power_operator(self: Tensor, exponent: Any) -> Any:
    """Return ``self ** exponent``, leaving an exponent that is no number to its class."""
    if isinstance(exponent, (Tensor, bool, int, float, complex, np.generic, np.ndarray)):
        return pow(self, exponent)
    return NotImplemented


def reverse_pow(self: Tensor, other: Any) -> Any:
    """Return ``other ** self``."""
    return pow(other, self)


def square(input: Tensor, *, out: Tensor | None = None) -> Any:
    """Return the square of each element."""
    return pow(input, 2, out=out)


def square_(input: Tensor) -> Tensor:
    """Square each element in place."""
    return pow_(input, 2)


def float_power(input: Any, exponent: Any, *, out: Tensor | None = None) -> Any:
    """Raise to a power in float64, elementwise; see :func:`pow`."""
    wide = [
        value.to(float64) if isinstance(value, Tensor) else float(value)
        for value in (input, exponent)
    ]
    return pow(*wide, out=out)


def float_power_(self: Tensor, exponent: Any) -> Tensor:
    """Raise to a power in place, which a float64 tensor alone can hold; see :func:`float_power`.

    Raises:
        RuntimeError: the tensor is not float64.
    """
    if self._array.dtype != np.float64:
        msg = (
            f"the base given to float_power_ has dtype {self.dtype.scalar_type} but the "
            "operation's result requires dtype Double"
        )
        raise RuntimeError(msg)
    return pow_(self, exponent.to(float64) if isinstance(exponent, Tensor) else float(exponent))


for _function in (pow, pow_, square, square_, float_power, float_power_):
    attach(_function)
attach(power_operator, "__pow__")
attach(reverse_pow, "__rpow__")
attach(pow_, "__ipow__")
