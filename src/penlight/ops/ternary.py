"""Ops on three operands that broadcast: where, clamp, lerp, addcmul, addcdiv."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._promotion import result_dtype
from .._tensor import Array, Tensor, wrap
from . import _check, _elementwise as elementwise
from ._op import attach, op
from ._runtime import check_result_type

__all__ = [
    "addcdiv",
    "addcmul",
    "clamp",
    "clamp_",
    "clamp_max",
    "clamp_max_",
    "clamp_min",
    "clamp_min_",
    "clip",
    "clip_",
    "lerp",
    "where",
]

Number = bool | int | float

# ---- where --------------------------------------------------------------------------------------


@op(
    "_where",
    node="WhereBackward0",
    promotion="default",
    broadcast=True,
    quiet=True,
    method=False,
    input=lambda grad, condition: where(condition, grad, 0),
    other=lambda grad, condition: where(condition, 0, grad),
)
def _where(condition: Array, input: Array | Number, other: Array | Number) -> Array:
    out = np.where(condition, input, other)
    return out.astype(elementwise.dtype_of(input, other), copy=False)


def where(
    condition: Any, input: Any = None, other: Any = None, *, out: Tensor | None = None
) -> Any:
    """Choose elementwise: ``input`` where ``condition`` is true, ``other`` elsewhere.

    With the condition alone, return the indices of its true elements, one tensor per dimension.

    Args:
        condition: a bool tensor.
        input: a tensor or a number.
        other: a tensor or a number; the three broadcast, and these two promote.
        out: where to write the result.

    Raises:
        RuntimeError: the condition is not bool, or the shapes do not broadcast.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([-1.0, 2.0])
        >>> torch.where(x > 0, x, 0.0)
        tensor([0., 2.])
    """
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    _check_condition(condition, input, other)
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        dtype = result_dtype((input, other)).numpy
        other = wrap(np.asarray(other, dtype))
    result = _where(condition, input, other)
    if out is None:
        return result
    return out.copy_(result)


def _check_condition(condition: Any, input: Any, other: Any) -> None:
    if not isinstance(condition, Tensor) or input is None or other is None:
        kinds = ", ".join(type(value).__name__ for value in (condition, input, other))
        msg = (
            f"where() received an invalid combination of arguments - got ({kinds}), but expected a "
            "bool tensor and two tensors or numbers, or a tensor alone"
        )
        raise TypeError(msg)
    if condition._array.dtype.kind != "b" and condition._array.dtype != np.uint8:
        msg = (
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype.scalar_type}"
        )
        raise RuntimeError(msg)


def where_method(self: Tensor, condition: Any, other: Any) -> Any:
    """Return ``self`` where ``condition`` is true and ``other`` elsewhere; see :func:`where`."""
    return where(condition, self, other)


attach(where_method, "where")

# ---- clamp --------------------------------------------------------------------------------------


def _limit(input: Array, min: Any, max: Any) -> Array:
    """Bring into the limits; the upper one wins where they cross, and NaN stays."""
    out = input if min is None else np.maximum(input, min)
    return out if max is None else np.minimum(out, max)


def _inside(input: Any, min: Any, max: Any) -> Any:
    """Return where the input lies within the limits, which the gradient passes."""
    if min is None:
        return input <= max
    return input >= min if max is None else (input >= min) & (input <= max)


def _below(input: Any, min: Any, max: Any) -> Any:
    return input < min if max is None else (input < min) & (min < max)


def _above(input: Any, min: Any, max: Any) -> Any:
    return input > max if min is None else (input > max) | (max < min)


def _number_record(name: str, node: str) -> Any:
    @op(
        name,
        node=node,
        promotion="default",
        inplace=True,
        out=True,
        method=False,
        input=lambda grad, input, min, max: where(_inside(input, min, max), grad, 0),
    )
    def forward(input: Array, min: Any, max: Any) -> Array:
        low, high = (
            None if limit is None else _check.number(limit, input.dtype) for limit in (min, max)
        )
        return _limit(input, low, high)

    return forward


def _tensor_record(name: str, node: str) -> Any:
    @op(
        name,
        node=node,
        promotion="default",
        broadcast=True,
        inplace=True,
        out=True,
        method=False,
        input=lambda grad, input, min, max: where(_inside(input, min, max), grad, 0),
        min=lambda grad, input, min, max: where(_below(input, min, max), grad, 0),
        max=lambda grad, input, min, max: where(_above(input, min, max), grad, 0),
    )
    def forward(input: Array, min: Array | None, max: Array | None) -> Array:
        if min is not None and max is not None:
            elementwise.refuse("clamp_cpu", input, kinds="b")
        return _limit(input, min, max)

    return forward


_clamp_number = _number_record("_clamp_number", "ClampBackward1")
_clamp_tensor = _tensor_record("_clamp_tensor", "ClampBackward0")
_clamp_min_number = _number_record("_clamp_min_number", "ClampMinBackward0")
_clamp_min_tensor = _tensor_record("_clamp_min_tensor", "ClampMinBackward1")
_clamp_max_number = _number_record("_clamp_max_number", "ClampMaxBackward0")
_clamp_max_tensor = _tensor_record("_clamp_max_tensor", "ClampMaxBackward1")


def _limited(
    records: tuple[Any, Any], arguments: tuple[Any, Any, Any], out: Any, *, write: bool
) -> Any:
    """Run the record for numbers or for tensors; numbers take part in promotion."""
    input, *limits = arguments
    number, tensor = records
    given = [limit for limit in limits if limit is not None]
    if not given:
        msg = "torch.clamp: At least one of 'min' or 'max' must not be None"
        raise RuntimeError(msg)
    tensors = [isinstance(limit, Tensor) for limit in given]
    if any(tensors) and not all(tensors):
        kinds = ", ".join(type(argument).__name__ for argument in arguments)
        msg = (
            f"clamp() received an invalid combination of arguments - got ({kinds}), but expected "
            "the limits to be two tensors or two numbers"
        )
        raise TypeError(msg)
    record = tensor if all(tensors) else number
    if record is number and isinstance(input, Tensor):
        dtype = result_dtype((input._array, *given))
        if write:
            check_result_type(dtype.numpy, input._array.dtype)
        else:
            input = input.to(dtype)
    if write:
        return record.op.call_(*arguments)
    return record(input, *limits, out=out)


_BOTH = (_clamp_number, _clamp_tensor)
_LOWER = (_clamp_min_number, _clamp_min_tensor)
_UPPER = (_clamp_max_number, _clamp_max_tensor)


def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Any:
    """Bring every element into [min, max]; where the limits cross, ``max`` wins.

    Args:
        input: a tensor.
        min: the lower limit, a number or a tensor; ``None`` for none.
        max: the upper limit.
        out: where to write the result.

    Raises:
        RuntimeError: neither limit is given.

    Example:
        >>> import penlight as torch
        >>> torch.clamp(torch.tensor([-1.0, 0.5, 2.0]), 0, 1)
        tensor([0.0000, 0.5000, 1.0000])
    """
    return _limited(_BOTH, (input, min, max), out, write=False)


def clamp_(input: Tensor, min: Any = None, max: Any = None) -> Any:
    """Bring every element into [min, max], in place."""
    return _limited(_BOTH, (input, min, max), None, write=True)


def clamp_min(input: Tensor, min: Any, *, out: Tensor | None = None) -> Any:
    """Raise every element to at least ``min``."""
    return _limited(_LOWER, (input, min, None), out, write=False)


def clamp_min_(input: Tensor, min: Any) -> Any:
    """Raise every element to at least ``min``, in place."""
    return _limited(_LOWER, (input, min, None), None, write=True)


def clamp_max(input: Tensor, max: Any, *, out: Tensor | None = None) -> Any:
    """Lower every element to at most ``max``."""
    return _limited(_UPPER, (input, None, max), out, write=False)


def clamp_max_(input: Tensor, max: Any) -> Any:
    """Lower every element to at most ``max``, in place."""
    return _limited(_UPPER, (input, None, max), None, write=True)


clip, clip_ = clamp, clamp_
attach(clamp, "clamp", "clip")
attach(clamp_, "clamp_", "clip_")
for _function in (clamp_min, clamp_min_, clamp_max, clamp_max_):
    attach(_function)

# ---- lerp, addcmul, addcdiv ---------------------------------------------------------------------


def _interpolated(input: Array, end: Array, weight: Any) -> Array:
    """Return the point between, worked out from the nearer end: both ends are met exactly."""
    elementwise.refuse("lerp_kernel_scalar", input, kinds="bi")
    dtype = input.dtype
    input, end, weight = (elementwise.widened(operand) for operand in (input, end, weight))
    way = end - input
    out = np.where(np.abs(weight) < 0.5, input + weight * way, end - way * (1 - weight))
    return out.astype(dtype, copy=False)


def _check_lerp(input: Array, **others: Any) -> None:
    for name, other in others.items():
        if other.dtype != input.dtype:
            msg = f"expected dtype {input.dtype} for `{name}` but got dtype {other.dtype}"
            raise RuntimeError(msg)


@op(
    "_lerp_number",
    node="LerpBackward0",
    broadcast=True,
    inplace=True,
    out=True,
    method=False,
    input=lambda grad, weight: grad * (1 - weight),
    end=lambda grad, weight: grad * weight,
)
def _lerp_number(input: Array, end: Array, weight: Any) -> Array:
    _check_lerp(input, end=end)
    return _interpolated(input, end, weight)


@op(
    "_lerp_tensor",
    node="LerpBackward1",
    broadcast=True,
    inplace=True,
    out=True,
    method=False,
    input=lambda grad, weight: grad * (1 - weight),
    end=lambda grad, weight: grad * weight,
    weight=lambda grad, input, end: grad * (end - input),
)
def _lerp_tensor(input: Array, end: Array, weight: Array) -> Array:
    _check_lerp(input, end=end, weight=weight)
    return _interpolated(input, end, weight)


def lerp(input: Tensor, end: Tensor, weight: Any, *, out: Tensor | None = None) -> Any:
    """Return ``input + weight * (end - input)``.

    Args:
        input: where weight 0 leads.
        end: where weight 1 leads; same dtype.
        weight: a number or a tensor.
        out: where to write the result.

    Raises:
        RuntimeError: the dtypes differ.

    Example:
        >>> import penlight as torch
        >>> torch.lerp(torch.tensor([0.0, 1.0]), torch.tensor([10.0, 3.0]), 0.5)
        tensor([5., 2.])
    """
    return (_lerp_tensor if isinstance(weight, Tensor) else _lerp_number)(
        input, end, weight, out=out
    )


def lerp_(self: Tensor, end: Tensor, weight: Any) -> Tensor:
    """Move towards ``end`` in place; see :func:`lerp`."""
    record = _lerp_tensor if isinstance(weight, Tensor) else _lerp_number
    written: Tensor = record.op.call_(self, end, weight)
    return written


attach(lerp)
attach(lerp_)


@op(
    "addcmul",
    promotion="default",
    broadcast=True,
    inplace=True,
    out=True,
    input=lambda grad: grad,
    tensor1=lambda grad, tensor2, value: grad * (tensor2 * value),
    tensor2=lambda grad, tensor1, value: grad * (tensor1 * value),
)
def addcmul(input: Array, tensor1: Array, tensor2: Array, *, value: Number = 1) -> Array:
    """Return ``input + value * tensor1 * tensor2``.

    Args:
        input: a tensor.
        tensor1: a factor.
        tensor2: the other; the three broadcast.
        value: a number.

    Example:
        >>> import penlight as torch
        >>> x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
        >>> torch.addcmul(torch.ones(2), x, y, value=0.5)
        tensor([2.5000, 5.0000])
    """
    elementwise.refuse("addcmul_cpu_out", input, kinds="b")
    dtype = input.dtype
    if elementwise.is_half(input):
        input, tensor1, tensor2 = (elementwise.widened(x) for x in (input, tensor1, tensor2))
    scaled = tensor1 if value == 1 else elementwise.number(value, input.dtype) * tensor1
    product = scaled * tensor2
    return np.asarray(input + product).astype(dtype, copy=False)


@op(
    "addcdiv",
    promotion="default",
    broadcast=True,
    inplace=True,
    out=True,
    input=lambda grad: grad,
    tensor1=lambda grad, tensor2, value: grad * (value / tensor2),
    tensor2=lambda grad, tensor1, tensor2, value: -grad * ((value * tensor1) / (tensor2 * tensor2)),
)
def addcdiv(input: Array, tensor1: Array, tensor2: Array, *, value: Number = 1) -> Array:
    """Return ``input + value * tensor1 / tensor2``.

    Args:
        input: a tensor.
        tensor1: the numerator.
        tensor2: the denominator; the three broadcast.
        value: a number.

    Raises:
        RuntimeError: the dtypes are integral.

    Example:
        >>> import penlight as torch
        >>> torch.addcdiv(torch.ones(2), torch.tensor([1.0, 2.0]), torch.tensor([4.0, 4.0]))
        tensor([1.2500, 1.5000])
    """
    if elementwise.kind_of(input) != "f":
        msg = (
            "Integer division with addcdiv is no longer supported: divide with torch.div and a "
            f"rounding_mode, or convert to a floating dtype first (the operands are {input.dtype})"
        )
        raise RuntimeError(msg)
    dtype = input.dtype
    if elementwise.is_half(input):
        input, tensor1, tensor2 = (elementwise.widened(x) for x in (input, tensor1, tensor2))
    scaled = tensor1 if value == 1 else input.dtype.type(value) * tensor1
    return np.asarray(input + scaled / tensor2).astype(dtype, copy=False)
