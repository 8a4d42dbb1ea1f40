"""Numbers as they are made: mantissas and exponents, neighbours, common divisors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY, get_default_dtype
from .._tensor import Array, Tensor, wrap
from . import _check
from ._elementwise import dtype_of, refuse, widened
from ._families import DEFAULT, binary
from ._lapack import require_tensor
from ._op import ZERO, Saving, attach, op
from ._results import named_result, written
from .powers import pow
from .ternary import where

__all__ = ["frexp", "gcd", "lcm", "ldexp", "nextafter"]


@op(
    "_frexp",
    node="FrexpBackward0",
    method=False,
    outputs=2,
    saves=("power",),
    result=named_result("frexp", "mantissa", "exponent"),
    input=lambda grads, power: grads[0] / power,
)
def _frexp(input: Array) -> Any:
    mantissa, exponent = np.frexp(widened(input))
    power = np.ldexp(np.ones((), mantissa.dtype), exponent).astype(input.dtype)
    found = (mantissa.astype(input.dtype, copy=False), exponent.astype(np.int32, copy=False))
    return Saving(found, power=wrap(power))


def frexp(input: Tensor, *, out: Any = None) -> Any:
    r"""Take numbers apart: :math:`x = m \cdot 2^e` with :math:`1/2 \le |m| < 1`.

    Args:
        input: a floating tensor.
        out: where to write the pair.

    Returns:
        A named pair ``(mantissa, exponent)``; the exponents are int32.

    Raises:
        RuntimeError: the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.frexp(torch.tensor([3.0])).exponent
        tensor([2], dtype=torch.int32)
    """
    if not FROM_NUMPY[input._array.dtype].is_floating_point:
        msg = (
            "torch.frexp() only supports floating-point dtypes, got "
            f"{_check.scalar_type(input._array)}"
        )
        raise RuntimeError(msg)
    return written(out, _frexp(input))


def ldexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""Multiply by powers of two: :math:`x \cdot 2^y`.

    Args:
        input: a tensor.
        other: the exponents; the shapes broadcast.
        out: where to write the result.

    Example:
        >>> import penlight as torch
        >>> torch.ldexp(torch.tensor([1.0]), torch.tensor([3]))
        tensor([8.])
    """
    return _ldexp(*_settled(input, other), out=out)


def ldexp_(input: Tensor, other: Tensor) -> Tensor:
    """Multiply by powers of two in place; see :func:`ldexp`."""
    out: Tensor = _ldexp.op.call_(input, _settled(input, other)[1])
    return out


def _settled(input: Any, other: Any) -> tuple[Any, Any]:
    """Return both as tensors, the exponents as floating ones where neither is."""
    for name, value in (("input", input), ("other", other)):
        require_tensor("ldexp", name, value)
    if not other.is_floating_point():
        kind = input.dtype if input.is_floating_point() else get_default_dtype()
        other = other.to(kind)
    return input, other


_ldexp = binary(
    "_ldexp",
    lambda input, other: np.multiply(input, np.exp2(other)),
    DEFAULT,
    node="LdexpBackward0",
    method=False,
    input=lambda grad, other: grad * pow(2.0, other),
    other=lambda grad, out: grad * out * math.log(2.0),
)


def _next(input: Any, other: Any) -> Array:
    refuse("nextafter_cpu", input, other, kinds="bi")
    return np.nextafter(input, other)


nextafter = binary(
    "nextafter",
    _next,
    DEFAULT,
    "Return the next number of the dtype after ``input`` in the direction of ``other``.",
    # torch: a number that is not moved has no slope.
    input=lambda grad, input, other: where(input == other, 0, grad),
    other=ZERO,
)


def _whole(name: str, function: Any) -> Any:
    def forward(input: Any, other: Any) -> Array:
        for place, operand in enumerate((input, other)):
            if not isinstance(operand, np.ndarray):
                msg = (
                    f"{name}(): argument '{'other' if place else 'input'}' (position {place + 1}) "
                    f"must be Tensor, not {type(operand).__name__}"
                )
                raise TypeError(msg)
        refuse(f"{name}_cpu", input, other, kinds="bf")
        out = function(input, other)
        return np.asarray(out).astype(dtype_of(input, other), copy=False)

    return forward


gcd = binary(
    "gcd",
    _whole("gcd", np.gcd),
    DEFAULT,
    "Return the greatest common divisor, 0 of two zeros.",
)
lcm = binary(
    "lcm",
    _whole("lcm", np.lcm),
    DEFAULT,
    "Return the least common multiple, 0 where one is 0.",
)

for _function in (frexp, ldexp, ldexp_):
    attach(_function)
