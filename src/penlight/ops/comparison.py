"""Comparison, logic and bits, element by element; none of them has a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from . import _elementwise as elementwise
from ._families import ALWAYS_BOOL, DEFAULT, binary, unary
from ._op import REGISTRY, attach, op

__all__ = [
    "allclose",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "eq",
    "equal",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "le",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "lt",
    "ne",
    "not_equal",
    "signbit",
]

Number = bool | int | float
_COMPARED = (Tensor, bool, int, float, np.generic, np.ndarray)

# ---- comparison ---------------------------------------------------------------------------------

eq = binary("eq", np.equal, ALWAYS_BOOL, "Return where two are equal.", quiet=True)
ne = binary(
    "ne", np.not_equal, ALWAYS_BOOL, "Return where two differ.", quiet=True, aliases=("not_equal",)
)
lt = binary("lt", np.less, ALWAYS_BOOL, "Return where ``input`` is smaller.", aliases=("less",))
le = binary(
    "le",
    np.less_equal,
    ALWAYS_BOOL,
    "Return where ``input`` is not larger.",
    aliases=("less_equal",),
)
gt = binary(
    "gt",
    np.greater,
    ALWAYS_BOOL,
    "Return where ``input`` is larger.",
    aliases=("greater",),
)
ge = binary(
    "ge",
    np.greater_equal,
    ALWAYS_BOOL,
    "Return where ``input`` is not smaller.",
    aliases=("greater_equal",),
)
not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge


def _operator(name: str, compare: Any) -> None:
    """Attach a comparison, which leaves what is no number to Python: ``x == None`` is False."""

    def operator(self: Tensor, other: Any) -> Any:
        return compare(self, other) if isinstance(other, _COMPARED) else NotImplemented

    operator.__name__ = operator.__qualname__ = name
    operator.__doc__ = compare.__doc__
    attach(operator)


for _name, _compare in (
    ("__eq__", eq),
    ("__ne__", ne),
    ("__lt__", lt),
    ("__le__", le),
    ("__gt__", gt),
    ("__ge__", ge),
):
    _operator(_name, _compare)


def equal(input: Tensor, other: Tensor) -> bool:
    """Return whether two tensors have the same shape and elements.

    Example:
        >>> import penlight as torch
        >>> torch.equal(torch.tensor([1, 2]), torch.tensor([1, 2]))
        True
    """
    _require_tensors("equal", input=input, other=other)
    return bool(np.array_equal(input._array, other._array))


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    """Return where two are close: ``|input - other| <= atol + rtol * |other|``.

    Args:
        input: a tensor.
        other: a tensor of the same dtype.
        rtol: relative tolerance.
        atol: absolute tolerance.
        equal_nan: NaN counts as close to NaN.

    Raises:
        RuntimeError: the dtypes differ, or a tolerance is negative.

    Example:
        >>> import penlight as torch
        >>> torch.isclose(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.1]))
        tensor([ True, False])
    """
    _require_tensors("isclose", input=input, other=other)
    if input.dtype != other.dtype:
        msg = f"{input.dtype.scalar_type} did not match {other.dtype.scalar_type}"
        raise RuntimeError(msg)
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            msg = f"{name} must be greater than or equal to zero, but got {value:g}"
            raise RuntimeError(msg)
    return _isclose(input, other, rtol, atol, equal_nan)


@op("_isclose", method=False)
def _isclose(input: Array, other: Array, rtol: float, atol: float, equal_nan: bool) -> Array:
    close = np.equal(input, other)
    if equal_nan and elementwise.kind_of(input) == "f":
        close |= np.isnan(input) & np.isnan(other)
    if elementwise.kind_of(input) != "f":
        input, other = input.astype(np.int64), other.astype(np.int64)
    if rtol or atol:
        allowed = atol + np.abs(rtol * other)
        error = np.abs(input - other)
        close = close | (np.isfinite(error) & (error <= allowed))
    return np.asarray(close)


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Return whether all elements are close; see :func:`isclose`.

    Example:
        >>> import penlight as torch
        >>> torch.allclose(torch.tensor([1.0]), torch.tensor([1.0 + 1e-7]))
        True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


def _require_tensors(function: str, **arguments: Any) -> None:
    for position, (name, value) in enumerate(arguments.items(), 1):
        if not isinstance(value, Tensor):
            msg = (
                f"{function}(): argument '{name}' (position {position}) must be Tensor, "
                f"not {type(value).__name__}"
            )
            raise TypeError(msg)


# ---- kinds of numbers ---------------------------------------------------------------------------


def _isnan(input: Array) -> Array:
    return np.isnan(input) if elementwise.kind_of(input) == "f" else np.zeros(input.shape, bool)


def _isinf(input: Array) -> Array:
    return np.isinf(input) if elementwise.kind_of(input) == "f" else np.zeros(input.shape, bool)


def _isfinite(input: Array) -> Array:
    return np.isfinite(input) if elementwise.kind_of(input) == "f" else np.ones(input.shape, bool)


def _isreal(input: Array) -> Array:
    return np.ones(input.shape, bool)


def _isposinf(input: Array) -> Array:
    return _isinf(input) & np.greater(input, 0)


def _isneginf(input: Array) -> Array:
    return _isinf(input) & np.less(input, 0)


def _predicate(name: str, forward: Any, summary: str, *, out: bool = False) -> Any:
    return unary(name, forward, ALWAYS_BOOL, summary, inplace=False, out=out)


isnan = _predicate("isnan", _isnan, "Return where elements are NaN.")
isinf = _predicate("isinf", _isinf, "Return where elements are infinite.")
isfinite = _predicate("isfinite", _isfinite, "Return where elements are neither infinite nor NaN.")
isreal = _predicate("isreal", _isreal, "Return where elements are real: everywhere.")
isposinf = _predicate("isposinf", _isposinf, "Return where elements are +inf.", out=True)
isneginf = _predicate("isneginf", _isneginf, "Return where elements are -inf.", out=True)
signbit = _predicate("signbit", elementwise.signbit, "Return where the sign bit is set.", out=True)

# ---- logic and bits -----------------------------------------------------------------------------

logical_and = binary("logical_and", np.logical_and, ALWAYS_BOOL, "Return where both are nonzero.")
logical_or = binary("logical_or", np.logical_or, ALWAYS_BOOL, "Return where one is nonzero.")
logical_xor = binary(
    "logical_xor", np.logical_xor, ALWAYS_BOOL, "Return where exactly one is nonzero."
)
logical_not = unary("logical_not", np.logical_not, ALWAYS_BOOL, "Return where elements are zero.")


def _bits(name: str, ufunc: Any, kinds: str = "f") -> Any:
    kernel = f"{name}_cpu"

    def forward(input: Array | Number, other: Array | Number) -> Array:
        elementwise.refuse(kernel, input, other, kinds=kinds)
        result: Array = ufunc(input, other)
        return result

    return forward


bitwise_and = binary(
    "bitwise_and",
    _bits("bitwise_and", np.bitwise_and),
    DEFAULT,
    "Return the bits that both have.",
    quiet=True,
    aliases=("__and__", "__rand__"),
)
bitwise_or = binary(
    "bitwise_or",
    _bits("bitwise_or", np.bitwise_or),
    DEFAULT,
    "Return the bits that either has.",
    quiet=True,
    aliases=("__or__", "__ror__"),
)
bitwise_xor = binary(
    "bitwise_xor",
    _bits("bitwise_xor", np.bitwise_xor),
    DEFAULT,
    "Return the bits that one has and the other not.",
    quiet=True,
    aliases=("__xor__", "__rxor__"),
)
bitwise_left_shift = binary(
    "bitwise_left_shift",
    _bits("lshift", np.left_shift, "bf"),
    DEFAULT,
    "Shift the bits of ``input`` left.",
    quiet=True,
    aliases=("__lshift__",),
)
bitwise_right_shift = binary(
    "bitwise_right_shift",
    _bits("rshift", np.right_shift, "bf"),
    DEFAULT,
    "Shift the bits of ``input`` right.",
    quiet=True,
    aliases=("__rshift__",),
)


def _invert(input: Array) -> Array:
    elementwise.refuse("bitwise_not_cpu", input, kinds="f")
    return np.invert(input)


bitwise_not = unary(
    "bitwise_not", _invert, DEFAULT, "Flip every bit; for bool, the opposite.", quiet=True
)


def invert(self: Tensor) -> Any:
    """Return ``~self``."""
    if elementwise.kind_of(self._array) == "f":
        msg = (
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors, "
            f"and this one is {self.dtype}"
        )
        raise TypeError(msg)
    return bitwise_not(self)


attach(invert, "__invert__")
attach(lambda self, other: bitwise_left_shift(other, self), "__rlshift__")
attach(lambda self, other: bitwise_right_shift(other, self), "__rrshift__")
for _name, _inplace in (
    ("bitwise_and", "__iand__"),
    ("bitwise_or", "__ior__"),
    ("bitwise_xor", "__ixor__"),
    ("bitwise_left_shift", "__ilshift__"),
    ("bitwise_right_shift", "__irshift__"),
):
    attach(REGISTRY[_name].call_, _inplace)
for _function in (equal, isclose, allclose):
    attach(_function)
