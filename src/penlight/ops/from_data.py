"""From data: tensor, as_tensor, from_numpy and torch's old constructors."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .. import _dtype
from .._device import check_device
from .._dtype import FROM_NUMPY, dtype
from .._tensor import Array, Tensor, as_class, wrap
from .._tensor_memory import legacy_array
from ._creating import made, numpy_dtype_of

__all__ = [
    "BFloat16Tensor",
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "as_tensor",
    "asarray",
    "from_numpy",
    "frombuffer",
    "tensor",
]


# ---- from data -----------------------------------------------------------------------------------


def tensor(
    data: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Make a tensor that copies ``data``.

    Args:
        data: a number, nested sequences of numbers, an array, or a tensor.
        dtype: the elements' type; without it floats give the default dtype, ints int64, bools bool,
            and arrays keep theirs.
        device: only ``"cpu"``.
        requires_grad: record operations on the result.
        pin_memory: accepted, changes nothing.

    Raises:
        ValueError: the sequences have different lengths at one depth.
        TypeError: something in ``data`` is not a number.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([[1.0, 2], [3, 4]])
        tensor([[1., 2.],
                [3., 4.]])
    """
    if isinstance(data, Tensor):
        import warnings  # noqa: PLC0415 - only for what torch warns about

        warnings.warn(
            "To copy construct from a tensor, it is recommended to use "
            "sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than "
            "torch.tensor(sourceTensor).",
            stacklevel=2,
        )
        array = data._array.copy()
    else:
        array = array_from(data, None if dtype is None else numpy_dtype_of(dtype))
        if isinstance(data, np.ndarray) and array is data:
            array = array.copy()
    if dtype is not None:
        array = array.astype(numpy_dtype_of(dtype), copy=False)
    return made(array, device=device, requires_grad=requires_grad, pin_memory=pin_memory)


def array_from(data: Any, wanted: Any = None) -> Array:
    """Return the array of data as torch reads it; ``wanted`` is the NumPy dtype it will have."""
    if isinstance(data, np.ndarray):
        FROM_NUMPY[data.dtype]  # refuses what torch refuses
        _refuse_negative_strides(data)
        return data
    if isinstance(data, Tensor):
        return data._array
    if isinstance(data, np.generic):
        return np.asarray(data)
    if not isinstance(data, (list, tuple, range, bool, int, float, complex)):
        data = _numbers(data, wanted)
    if isinstance(_first_of(data), Tensor):
        data = _numbers(data, wanted)
    try:
        array = np.array(data)
    except (ValueError, RuntimeError, OverflowError):
        array = np.array(_numbers(data, wanted))
    if array.dtype not in FROM_NUMPY:
        array = np.array(_numbers(data, wanted))
    if wanted is not None:
        _refuse_loss(array, wanted)
    return _as_inferred(array, data, wanted)


def _first_of(data: Any) -> Any:
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return data


def _refuse_loss(array: Array, wanted: Any) -> None:
    """Refuse Python numbers that an integer dtype does not hold."""
    if wanted.kind not in "iu" or not array.size or array.dtype.kind not in "iufO":
        return
    if array.dtype.kind == "O" or (array.dtype == np.uint64 and array.max() >= 2**63):
        _refuse_overflow()
    limits = np.iinfo(wanted)
    inside = (array >= limits.min) & (array <= limits.max)
    if array.dtype.kind == "f":
        inside &= array < 2.0**63
    if not inside.all():
        bad = array[~inside].flat[0]
        msg = f"value cannot be converted to type {wanted.name} without overflow: {bad}"
        raise RuntimeError(msg)


def _refuse_overflow() -> NoReturn:
    msg = "Overflow when unpacking long long: the number needs more than 64 bits"
    raise ValueError(msg)


def _as_inferred(array: Array, data: Any, wanted: Any) -> Array:
    """Give an array that NumPy made of Python numbers the dtype that torch infers."""
    if wanted is not None and wanted.kind not in "iu":
        return array.astype(wanted)
    if array.dtype.kind == "O" or array.dtype == np.uint64:
        if not any(isinstance(number, float) for number in array.flat):
            _refuse_overflow()
        array = array.astype(np.float64)
    if array.size == 0 and array.dtype == np.float64:
        return array.astype(_dtype.default_numpy())
    if array.dtype != np.float64 or _holds_float64(data):
        return array
    return array.astype(_dtype.default_numpy())


def _holds_float64(data: Any) -> bool:
    """Return whether nested data holds a NumPy or tensor value that brings float64."""
    while isinstance(data, (list, tuple)) and data:
        if any(isinstance(item, np.float64) for item in data):
            return True
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic, Tensor)) and data.dtype in {
        np.dtype(np.float64),
        _dtype.float64,
    }


def _numbers(data: Any, wanted: Any, dim: int = 0) -> Any:
    """Return nested sequences with tensors made numbers; refuse ragged ones and other values."""
    if isinstance(data, Tensor):
        return _number_of(data, dim)
    if isinstance(data, (bool, int, float, complex, np.generic)):
        return data
    if isinstance(data, np.ndarray):
        return data.tolist()
    if isinstance(data, (str, bytes)):
        kind = type(data).__name__
        if dim:
            msg = f"too many dimensions '{kind}'"
            raise ValueError(msg)
        msg = f"new(): invalid data type '{kind}'"
        raise TypeError(msg)
    if not hasattr(data, "__getitem__") or not hasattr(data, "__len__") or hasattr(data, "keys"):
        _refuse_data(data, wanted)
    items = [_numbers(item, wanted, dim + 1) for item in data]
    lengths = [len(item) if isinstance(item, list) else None for item in items]
    for length in lengths:
        if length != lengths[0]:
            _refuse_ragged(lengths[0], length, dim + 1)
    return items


def _number_of(data: Tensor, dim: int) -> Any:
    if dim and data._array.size != 1:
        msg = (
            "only one element tensors can be converted to Python scalars, but one in the list has "
            f"shape {list(data.shape)}; torch.stack joins tensors"
        )
        raise ValueError(msg)
    return data._array.tolist()


def _refuse_data(data: Any, wanted: Any) -> NoReturn:
    kind = type(data).__name__
    if wanted is None:
        msg = f"Could not infer dtype of {kind}"
        raise RuntimeError(msg)
    msg = (
        f"'{kind}' object cannot be interpreted as an integer"
        if wanted.kind in "iub"
        else f"must be real number, not {kind}"
    )
    raise TypeError(msg)


def _refuse_ragged(first: int | None, other: int | None, dim: int) -> NoReturn:
    if first is None:
        msg = "'list' object cannot be interpreted as an integer: numbers and sequences are mixed"
        raise TypeError(msg)
    if other is None:
        msg = f"not a sequence: expected sequence of length {first} at dim {dim} (got a number)"
        raise TypeError(msg)
    msg = f"expected sequence of length {first} at dim {dim} (got {other})"
    raise ValueError(msg)


def _refuse_negative_strides(array: Array) -> None:
    if any(step < 0 for step in array.strides):
        msg = (
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().) "
        )
        raise ValueError(msg)


def from_numpy(ndarray: Array) -> Tensor:
    """Make a tensor that shares an array's memory.

    Raises:
        TypeError: the argument is no array, or torch has no such dtype.
        ValueError: a stride is negative.

    Example:
        >>> import numpy as np, penlight as torch
        >>> torch.from_numpy(np.arange(3))
        tensor([0, 1, 2])
    """
    if not isinstance(ndarray, np.ndarray):
        msg = f"expected np.ndarray (got {type(ndarray).__name__})"
        raise TypeError(msg)
    FROM_NUMPY[ndarray.dtype]
    _refuse_negative_strides(ndarray)
    if ndarray.__class__ is not np.ndarray:
        ndarray = ndarray.view(np.ndarray)
    if not ndarray.flags.writeable:
        import warnings  # noqa: PLC0415 - only for what torch warns about

        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable "
            "tensors. This means writing to this tensor will result in undefined behavior. You may "
            "want to copy the array to protect its data or make it writable before converting it "
            "to a tensor. This type of warning will be suppressed for the rest of this program.",
            stacklevel=2,
        )
    return wrap(ndarray)


def as_tensor(data: Any, dtype: dtype | None = None, device: Any = None) -> Tensor:
    """Make a tensor of ``data`` that shares its memory where dtype and kind allow.

    Example:
        >>> import penlight as torch
        >>> torch.as_tensor([1, 2])
        tensor([1, 2])
    """
    if device is not None:
        check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype is dtype else data.to(dtype)
    if isinstance(data, np.ndarray):
        shared = from_numpy(data)
        return shared if dtype is None or shared.dtype is dtype else shared.to(dtype)
    return tensor(data, dtype=dtype)


def asarray(
    obj: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor of ``obj``, sharing its memory unless ``copy`` or the dtype asks for a copy.

    Example:
        >>> import penlight as torch
        >>> torch.asarray([1.5])
        tensor([1.5000])
    """
    out = as_tensor(obj, dtype=dtype, device=device)
    shares = isinstance(obj, (Tensor, np.ndarray))
    if copy and shares:
        out = wrap(out._array.copy())
    elif copy is False and not (shares and np.shares_memory(out._array, _array_of(obj))):
        msg = "can't alias arbitrary sequence into a tensor."
        raise ValueError(msg)
    elif isinstance(obj, Tensor) and not requires_grad:
        return out.detach()
    if requires_grad:
        out = out.detach()
        out.requires_grad = True
    return out


def _array_of(value: Any) -> Array:
    return value._array if isinstance(value, Tensor) else value


def frombuffer(
    buffer: Any, *, dtype: dtype, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    r"""Make a 1-d tensor that shares the memory of a Python buffer.

    Example:
        >>> import penlight as torch
        >>> torch.frombuffer(bytearray(b"\x01\x02"), dtype=torch.uint8)
        tensor([1, 2], dtype=torch.uint8)
    """
    array = np.frombuffer(buffer, numpy_dtype_of(dtype), count, offset)
    return made(array, requires_grad=requires_grad)


# ---- torch's old types --------------------------------------------------------------------------


class _LegacyType(type):
    """Lets ``isinstance(x, torch.FloatTensor)`` look at the dtype, as torch's tensor types do."""

    _torch_dtype: dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls._torch_dtype


def _legacy(name: str, kind: dtype) -> Any:
    """Return one of torch's old tensor types: ``FloatTensor(2, 3)``, ``LongTensor([1, 2])``."""

    def __new__(cls: Any, *args: Any, device: Any = None) -> Tensor:  # noqa: N807
        if device is not None:
            check_device(device)
        if (
            len(args) == 1
            and isinstance(args[0], (list, tuple, range))
            and not hasattr(args[0], "numel")
        ):
            return wrap(array_from(list(args[0]), kind.numpy).astype(kind.numpy, copy=False))
        if len(args) == 1 and isinstance(args[0], np.ndarray) and args[0].ndim:
            return wrap(array_from(args[0]).astype(kind.numpy))
        return as_class(legacy_array(args, kind.numpy), Tensor)

    doc = f"Make a {kind} tensor of sizes or data, the way torch did before ``torch.tensor``."
    return _LegacyType(
        name,
        (),
        {
            "__new__": __new__,
            "_torch_dtype": kind,
            "dtype": kind,
            "__doc__": doc,
            "__module__": "torch",
        },
    )


BFloat16Tensor = _legacy("BFloat16Tensor", _dtype.bfloat16)
FloatTensor = _legacy("FloatTensor", _dtype.float32)
DoubleTensor = _legacy("DoubleTensor", _dtype.float64)
HalfTensor = _legacy("HalfTensor", _dtype.float16)
LongTensor = _legacy("LongTensor", _dtype.int64)
IntTensor = _legacy("IntTensor", _dtype.int32)
ShortTensor = _legacy("ShortTensor", _dtype.int16)
CharTensor = _legacy("CharTensor", _dtype.int8)
ByteTensor = _legacy("ByteTensor", _dtype.uint8)
BoolTensor = _legacy("BoolTensor", _dtype.bool)
