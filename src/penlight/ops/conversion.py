"""Copies: to another dtype, to the same one, and into a tensor that is there."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _dtype
from .._device import check_device, device
from .._dtype import dtype
from .._tensor import Array, Tensor, wrap
from . import _check
from ._creating import shape_of
from ._op import REGISTRY, ZERO, attach, op

__all__ = ["clone", "fill", "zero_"]

Number = bool | int | float

# ---- dtypes -------------------------------------------------------------------------------------


@op("_cast", node="ToCopyBackward0", input=lambda grad, input_dtype: grad._cast(input_dtype))
def cast(input: Array, numpy_dtype: Any) -> Array:
    """Return a copy in another dtype."""
    return input.astype(numpy_dtype)


def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Return the tensor in another dtype: itself when nothing changes, a copy otherwise.

    Called as ``to(dtype)``, ``to(device, dtype)`` or ``to(other)``, each with
    ``non_blocking=False`` and ``copy=False`` after it. The only device is the CPU.

    Args:
        self: a tensor.
        args: what to take on.
        kwargs: the same by name; ``copy=True`` always copies; ``memory_format`` is accepted.

    Raises:
        RuntimeError: a device that is not there.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1.5, 2.5]).to(torch.int64)
        tensor([1, 2])
    """
    wanted, copy = _to_arguments(args, dict(kwargs))
    numpy_dtype = self._array.dtype if wanted is None else wanted.numpy
    if numpy_dtype == self._array.dtype and not copy:
        return self
    return converted(self, numpy_dtype)


def converted(tensor: Tensor, numpy_dtype: Any) -> Tensor:
    """Return a copy in a dtype; only floating copies have a history."""
    if numpy_dtype.kind in "biu":
        with np.errstate(invalid="ignore"):
            return wrap(tensor._array.astype(numpy_dtype))
    out: Tensor = cast(tensor, numpy_dtype)
    return out


def _to_arguments(args: tuple[Any, ...], named: dict[str, Any]) -> tuple[dtype | None, bool]:
    """Return the dtype and the ``copy`` that the arguments of ``to`` ask for."""
    rest, wanted = list(args), None
    if rest and isinstance(rest[0], Tensor):
        wanted = rest.pop(0).dtype
    elif rest and isinstance(rest[0], dtype):
        wanted = rest.pop(0)
    elif rest and (rest[0] is None or isinstance(rest[0], (str, int, device))):
        check_device(rest.pop(0))
        if rest and (rest[0] is None or _as_dtype(rest[0]) is not None):
            wanted = _as_dtype(rest.pop(0))
    elif rest:
        wanted = _as_dtype(rest.pop(0))
        if wanted is None:
            _refuse_to(args)
    if isinstance(named.get("other"), Tensor):
        wanted = named.pop("other").dtype
    check_device(named.pop("device", None))
    wanted = _as_dtype(named.pop("dtype", wanted))
    copy = named.pop("copy", rest[1] if len(rest) > 1 else False)
    for name in ("non_blocking", "memory_format"):
        named.pop(name, None)
    if named or len(rest) > 2:
        _refuse_to((*args, *named))
    return wanted, bool(copy)


_PYTHON_TYPES = {float: _dtype.float64, int: _dtype.int64, bool: _dtype.bool}


def _as_dtype(value: Any) -> dtype | None:
    """Return the dtype that ``dtype=`` means; Python's types are torch's names for theirs."""
    return value if isinstance(value, dtype) else _PYTHON_TYPES.get(value)


def _refuse_to(given: tuple[Any, ...]) -> None:
    kinds = ", ".join(type(argument).__name__ for argument in given)
    msg = (
        f"to() received an invalid combination of arguments - got ({kinds}), but expected a dtype, "
        "a device, a device and a dtype, or a tensor, then non_blocking and copy"
    )
    raise TypeError(msg)


attach(to)


def _converter(name: str, wanted: dtype) -> None:
    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        del memory_format
        target = wanted.numpy
        return self if self._array.dtype == target else converted(self, target)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"Return the tensor as {wanted}: itself when it is that already."
    attach(convert)


for _name, _wanted in (
    ("float", _dtype.float32),
    ("double", _dtype.float64),
    ("half", _dtype.float16),
    ("bfloat16", _dtype.bfloat16),
    ("long", _dtype.int64),
    ("int", _dtype.int32),
    ("short", _dtype.int16),
    ("char", _dtype.int8),
    ("byte", _dtype.uint8),
    ("bool", _dtype.bool),
):
    _converter(_name, _wanted)


def type(self: Tensor, dtype: Any = None, non_blocking: bool = False, **kwargs: Any) -> Any:
    """Return the name of the tensor's type, or the tensor in the type asked for.

    Args:
        self: a tensor.
        dtype: a dtype, or a type's name such as ``"torch.LongTensor"``.
        non_blocking: accepted; nothing is asynchronous here.
        kwargs: torch's old ``async``, accepted.

    Raises:
        ValueError: there is no type of that name.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1.0]).type()
        'torch.FloatTensor'
    """
    del non_blocking, kwargs
    if dtype is None:
        return f"torch.{self.dtype.scalar_type}Tensor"
    return to(self, _named_types().get(dtype, dtype) if isinstance(dtype, str) else dtype)


def _named_types() -> dict[str, dtype]:
    return {f"torch.{kind.scalar_type}Tensor": kind for kind in _dtype.FROM_NUMPY.values()}


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the tensor in the dtype of ``other``."""
    return to(self, other.dtype)


def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """Return the tensor itself; it is on the CPU."""
    del memory_format
    return self


def cuda(
    self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None
) -> Tensor:
    """Refuse: penlight computes on the CPU.

    Raises:
        AssertionError: always, in torch's words.
    """
    del self, non_blocking, memory_format
    check_device("cuda" if device is None else device)
    msg = "Torch not compiled with CUDA enabled"
    raise AssertionError(msg)


def array_wrap(
    self: Tensor, array: Array, context: Any = None, return_scalar: bool = False
) -> Tensor:
    """Return what a NumPy function made of tensors as a tensor: ``np.exp(x)`` is one."""
    del self, context, return_scalar
    return wrap(np.asarray(array))


attach(array_wrap, "__array_wrap__")
for _function in (type, type_as, cpu, cuda):
    attach(_function)

# ---- copies -------------------------------------------------------------------------------------


@op("clone", quiet=True, input=lambda grad: grad)
def clone(input: Array, *, memory_format: Any = None) -> Array:
    """Return a copy with the same layout in memory; gradients flow through it.

    Args:
        input: a tensor.
        memory_format: accepted.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1, 2]).clone()
        tensor([1, 2])
    """
    del memory_format
    return input.copy(order="K")


def _write_copied(input: Array, src: Array, non_blocking: bool = False) -> None:
    del non_blocking
    if src.shape != input.shape:
        _check_copied_shape(input, src)
    np.copyto(input, src, casting="unsafe")


@op(
    "_copy",
    node="CopyBackwards",
    inplace=True,
    write=_write_copied,
    broadcast=True,
    method=False,
    input=ZERO,
    src=lambda grad, src_dtype: grad._cast(src_dtype),
)
def _copy(input: Array, src: Array, non_blocking: bool = False) -> Array:
    del non_blocking
    if src.shape != input.shape:
        _check_copied_shape(input, src)
        src = np.broadcast_to(src, input.shape)
    return src.astype(input.dtype)


def _check_copied_shape(input: Array, src: Array) -> None:
    _check.broadcastable(input, src)
    wide = np.broadcast_shapes(input.shape, src.shape)
    if wide != input.shape:
        msg = (
            f"output with shape {list(input.shape)} doesn't match the broadcast shape {list(wide)}"
        )
        raise RuntimeError(msg)


_write_copy: Any = REGISTRY["_copy"].call_


def copy_(self: Tensor, other: Any, non_blocking: bool = False) -> Tensor:
    """Write ``other``, broadcast and in this tensor's dtype, into the tensor.

    Args:
        self: what is written.
        other: a tensor, or a number.
        non_blocking: accepted.

    Raises:
        RuntimeError: ``other`` does not broadcast to the tensor's shape.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2).copy_(torch.tensor([1, 2]))
        tensor([1., 2.])
    """
    if not isinstance(other, Tensor):
        return fill_(self, other)
    if not self.is_floating_point():
        other = other.detach()
    written: Tensor = _write_copy(self, other, non_blocking)
    return written


attach(copy_)

# ---- one value ----------------------------------------------------------------------------------


def _write_value(input: Array, value: Any) -> None:
    """Write one value everywhere, in the dtype of what is written."""
    if np.ndim(value):
        msg = (
            "fill_ only supports 0-dimension value tensor but got tensor with "
            f"{value.ndim} dimensions."
        )
        raise RuntimeError(msg)
    input[...] = _check.number(value, input.dtype)


@op(
    "_fill",
    node="FillBackward2",
    inplace=True,
    write=_write_value,
    method=False,
    input=ZERO,
)
def _fill(input: Array, value: Any) -> Array:
    return np.full(input.shape, _check.number(value, input.dtype))


@op(
    "_fill_tensor",
    node="FillBackward3",
    inplace=True,
    write=_write_value,
    method=False,
    input=ZERO,
    value=lambda grad, value_dtype: grad.sum()._cast(value_dtype),
)
def _fill_tensor(input: Array, value: Array) -> Array:
    out = np.empty_like(input)
    _write_value(out, value)
    return out


def _write_zeros(input: Array) -> None:
    input[...] = 0


@op(
    "_zero",
    node="ZeroBackward0",
    inplace=True,
    write=_write_zeros,
    method=False,
    quiet=True,
    input=ZERO,
)
def _zero(input: Array) -> Array:
    return np.zeros(input.shape, input.dtype)


_write_number: Any = REGISTRY["_fill"].call_
_write_tensor: Any = REGISTRY["_fill_tensor"].call_
_write_zero: Any = REGISTRY["_zero"].call_


def fill_(input: Tensor, value: Any) -> Tensor:
    """Write one value everywhere.

    Args:
        input: what is written.
        value: a number, or a 0-d tensor, which then gets a gradient.

    Raises:
        RuntimeError: ``value`` has dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2).fill_(3)
        tensor([3., 3.])
    """
    if not isinstance(value, (Tensor, bool, int, float, np.generic, np.ndarray)):
        msg = (
            f"fill_(): argument 'value' (position 1) must be Number, not {value.__class__.__name__}"
        )
        raise TypeError(msg)
    if isinstance(value, np.ndarray):
        value = wrap(value)
    write = _write_tensor if isinstance(value, Tensor) else _write_number
    written: Tensor = write(input, value)
    return written


def fill(input: Tensor, value: Any) -> Tensor:
    """Return a tensor like ``input`` with one value everywhere; see :meth:`Tensor.fill_`."""
    return fill_(clone(input), value)


def zero_(input: Tensor) -> Tensor:
    """Write zeros everywhere."""
    written: Tensor = _write_zero(input)
    return written


attach(fill_)
attach(zero_)


@op("_zeros_like", method=True, quiet=True)
def zeros_like(input: Array) -> Array:
    """Return zeros of the shape and dtype of ``input``."""
    return np.zeros(input.shape, input.dtype)


@op(
    "_sum_to",
    node="SumBackward1",
    input=lambda grad, input_shape: grad.expand(input_shape),
)
def sum_to(input: Array, shape: tuple[int, ...]) -> Array:
    """Return the sum over the dimensions along which ``shape`` was broadcast to the input's."""
    extra = input.ndim - len(shape)
    out = input.sum(axis=tuple(range(extra)), dtype=input.dtype) if extra else input
    dims = tuple(i for i, n in enumerate(shape) if n == 1 and out.shape[i] != 1)
    return out.sum(axis=dims, keepdims=True, dtype=input.dtype) if dims else out


def sum_to_size(self: Tensor, *sizes: Any, size: Any = None) -> Tensor:
    """Return the sums over the dimensions along which the sizes would be broadcast to this shape.

    Args:
        self: a tensor.
        sizes: a shape, as numbers or one sequence.
        size: the shape by name.

    Raises:
        RuntimeError: the sizes do not broadcast to the tensor's shape.

    Example:
        >>> import penlight as torch
        >>> torch.ones(2, 3).sum_to_size(1, 3)
        tensor([[2., 2., 2.]])
    """
    sizes = sizes if size is None else (*sizes, size)
    wanted, shape = shape_of("sum_to_size", sizes), self._array.shape
    pairs = zip(reversed(wanted), reversed(shape), strict=False)
    if len(wanted) > len(shape) or any(a not in {1, b} for a, b in pairs):
        msg = f"size {{{list(wanted)}}} is not expandable to size {{{list(shape)}}}."
        raise RuntimeError(msg)
    if wanted == shape and (shape or self._array.dtype.kind != "b"):
        return self
    out: Tensor = sum_to(self.to(_dtype.int64) if self._array.dtype.kind in "biu" else self, wanted)
    return out


attach(sum_to_size)
