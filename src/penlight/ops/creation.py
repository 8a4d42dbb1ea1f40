"""Making tensors: from data, of one value, in ranges, and like another tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from .. import _dtype
from .._device import check_device
from .._dtype import FROM_NUMPY, dtype
from .._tensor import Array, Tensor, as_class, wrap
from ..autograd.views import storage_of
from . import _check
from ._op import attach

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "arange",
    "as_tensor",
    "asarray",
    "empty",
    "empty_like",
    "empty_strided",
    "eye",
    "from_numpy",
    "frombuffer",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "tensor",
    "zeros",
    "zeros_like",
]

Number = bool | int | float


def made(
    array: Array,
    *,
    out: Tensor | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Return a new tensor around a fresh array, with the options every creation function takes."""
    if device is not None:
        check_device(device)
    if out is not None:
        out._array = array.astype(out._array.dtype)
        storage_of(out).version += 1
        return out
    tensor = wrap(array)
    if requires_grad:
        tensor.requires_grad = True
    return tensor


def numpy_dtype_of(wanted: Any, default: Any = None) -> Any:
    """Return the NumPy dtype of a ``dtype=`` argument, of ``default`` or the default floating one."""
    if wanted is None:
        return _dtype.default_numpy() if default is None else default
    if isinstance(wanted, dtype):
        return wanted.numpy
    if wanted in _PYTHON_TYPES:
        return _PYTHON_TYPES[wanted].numpy
    msg = f"dtype must be torch.dtype, not {type(wanted).__name__}"
    raise TypeError(msg)


_PYTHON_TYPES = {float: _dtype.float64, int: _dtype.int64, bool: _dtype.bool}


def shape_of(function: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """Return the shape meant by ``f(2, 3)`` or ``f((2, 3))``, refusing negative lengths."""
    if len(size) == 1 and not hasattr(size[0], "__index__"):
        size = tuple(size[0])
    elif len(size) == 1 and isinstance(size[0], (Tensor, np.ndarray)) and size[0].ndim:
        size = tuple(size[0].tolist())
    shape = tuple(_check.integer(function, "size", length) for length in size)
    for length in shape:
        if length < 0:
            msg = f"Trying to create tensor with negative dimension {length}: {list(shape)}"
            raise RuntimeError(msg)
    return shape


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
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
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
        return data
    if isinstance(data, Tensor):
        return data._array
    if isinstance(data, np.generic):
        return np.asarray(data)
    try:
        array = np.array(data)
    except (ValueError, RuntimeError):
        array = np.array(_numbers(data, 0))
    except OverflowError:
        _refuse_overflow()
    if array.dtype.kind in "OUSV" and array.dtype not in FROM_NUMPY:
        array = np.array(_numbers(data, 0))
        if array.dtype.kind == "O":
            _refuse_overflow()
    if array.dtype == np.uint64 or (
        array.dtype.kind == "f" and wanted is not None and wanted.kind == "f"
    ):
        return array.astype(wanted) if wanted is not None else _refuse_overflow()
    return _as_inferred(array, data)


def _refuse_overflow() -> NoReturn:
    msg = "Overflow when unpacking long long"
    raise RuntimeError(msg)


def _as_inferred(array: Array, data: Any) -> Array:
    """Give an array that NumPy made of Python numbers the dtype that torch infers."""
    if array.size == 0 and array.dtype == np.float64:
        return array.astype(_dtype.default_numpy())
    if array.dtype != np.float64 or _holds_float64(data):
        return array
    return array.astype(_dtype.default_numpy())


def _holds_float64(data: Any) -> bool:
    """Return whether the first number in nested data is a NumPy or tensor value that brings float64."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic, Tensor)) and data.dtype in {
        np.dtype(np.float64),
        _dtype.float64,
    }


def _numbers(data: Any, depth: int) -> Any:
    """Return nested sequences with tensors made numbers, refusing ragged ones and what is no number."""
    if isinstance(data, Tensor):
        return data.detach().tolist()
    if (
        isinstance(data, (list, tuple, range))
        or (hasattr(data, "__len__")
        and not isinstance(data, (str, bytes)))
    ):
        items = [_numbers(item, depth + 1) for item in data]
        lengths = [len(item) if isinstance(item, list) else -1 for item in items]
        for length in lengths:
            if length != lengths[0]:
                if length < 0:
                    msg = f"expected sequence of length {lengths[0]} at dim {depth + 1} (got a number)"
                    raise TypeError(msg)
                msg = f"expected sequence of length {lengths[0]} at dim {depth + 1} (got {length})"
                raise ValueError(msg)
        return items
    if isinstance(data, (bool, int, float, np.generic)):
        return data
    if isinstance(data, complex):
        return data
    if isinstance(data, str):
        msg = "new(): invalid data type 'str'"
        raise TypeError(msg)
    msg = f"must be real number, not {type(data).__name__}"
    raise TypeError(msg)


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
    if any(step < 0 for step in ndarray.strides):
        msg = (
            "At least one stride in the given numpy array is negative, and tensors with negative strides "
            "are not currently supported. (You can probably work around this by making a copy of your "
            "array  with array.copy().) "
        )
        raise ValueError(msg)
    if ndarray.__class__ is not np.ndarray:
        ndarray = ndarray.view(np.ndarray)
    if not ndarray.flags.writeable:
        import warnings  # noqa: PLC0415 - only for what torch warns about

        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. "
            "This means writing to this tensor will result in undefined behavior. You may want to copy "
            "the array to protect its data or make it writable before converting it to a tensor. This "
            "type of warning will be suppressed for the rest of this program.",
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
        return data if dtype is None or data.dtype is dtype else data.to(dtype)  # type: ignore[attr-defined, no-any-return]
    if isinstance(data, np.ndarray):
        shared = from_numpy(data)
        return shared if dtype is None or shared.dtype is dtype else shared.to(dtype)  # type: ignore[attr-defined, no-any-return]
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
    shares = isinstance(obj, Tensor) or isinstance(obj, np.ndarray)
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
    """Make a 1-d tensor that shares the memory of a Python buffer.

    Example:
        >>> import penlight as torch
        >>> torch.frombuffer(bytearray(b"\\x01\\x02"), dtype=torch.uint8)
        tensor([1, 2], dtype=torch.uint8)
    """
    array = np.frombuffer(buffer, numpy_dtype_of(dtype), count, offset)
    return made(array, requires_grad=requires_grad)


# ---- of one value --------------------------------------------------------------------------------


def zeros(*size: Any, dtype: dtype | None = None, **options: Any) -> Tensor:
    """Make a tensor of zeros.

    Args:
        size: the lengths, as numbers or one sequence.
        dtype: the elements' type; the default floating one when not given.
        options: ``out``, ``layout``, ``device``, ``pin_memory``, ``requires_grad``.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2, 3)
        tensor([[0., 0., 0.],
                [0., 0., 0.]])
    """
    size = _size_argument(size, options)
    return made(np.zeros(shape_of("zeros", size), numpy_dtype_of(dtype)), **options)


def ones(*size: Any, dtype: dtype | None = None, **options: Any) -> Tensor:
    """Make a tensor of ones; arguments as for :func:`zeros`.

    Example:
        >>> import penlight as torch
        >>> torch.ones(2)
        tensor([1., 1.])
    """
    size = _size_argument(size, options)
    return made(np.ones(shape_of("ones", size), numpy_dtype_of(dtype)), **options)


def empty(
    *size: Any, dtype: dtype | None = None, memory_format: Any = None, **options: Any
) -> Tensor:
    """Make a tensor of whatever is in memory; arguments as for :func:`zeros`.

    Example:
        >>> import penlight as torch
        >>> torch.empty(2, 3).shape
        torch.Size([2, 3])
    """
    size = _size_argument(size, options)
    return made(np.empty(shape_of("empty", size), numpy_dtype_of(dtype)), **options)


def _size_argument(size: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
    return (options.pop("size"),) if not size and "size" in options else size


def full(size: Any, fill_value: Any, *, dtype: dtype | None = None, **options: Any) -> Tensor:
    """Make a tensor of one value, in that value's dtype when none is given.

    Example:
        >>> import penlight as torch
        >>> torch.full((2,), 7)
        tensor([7, 7])
    """
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    inferred = {bool: np.dtype(bool), int: np.dtype(np.int64)}.get(type(value))
    numpy_dtype = numpy_dtype_of(dtype, inferred)
    return made(np.full(shape_of("full", (size,)), value, numpy_dtype), **options)


def empty_strided(
    size: Sequence[int], stride: Sequence[int], *, dtype: dtype | None = None, **options: Any
) -> Tensor:
    """Make a tensor of whatever is in memory with the given steps between elements.

    Example:
        >>> import penlight as torch
        >>> torch.empty_strided((2, 3), (1, 2)).stride()
        (1, 2)
    """
    numpy_dtype = numpy_dtype_of(dtype)
    shape = shape_of("empty_strided", (size,))
    if len(shape) != len(stride) or any(step < 0 for step in stride):
        msg = (
            f"empty_strided: size {list(shape)} and stride {list(stride)} do not describe a tensor"
        )
        raise RuntimeError(msg)
    length = (
        1 + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
        if math.prod(shape)
        else 0
    )
    memory = np.empty(length, numpy_dtype)
    strides = tuple(step * numpy_dtype.itemsize for step in stride)
    return made(np.ndarray(shape, numpy_dtype, memory, 0, strides), **options)


# ---- ranges --------------------------------------------------------------------------------------


def arange(*bounds: Any, dtype: dtype | None = None, **options: Any) -> Tensor:
    """Make the numbers from ``start`` (0) to before ``end`` in steps of ``step`` (1).

    Args:
        bounds: ``end``; ``start, end``; or ``start, end, step``.
        dtype: int64 when all bounds are ints, else the default floating dtype.
        options: as for :func:`zeros`, and ``start``, ``end``, ``step`` by name.

    Raises:
        RuntimeError: ``step`` is zero or leads away from ``end``.

    Example:
        >>> import penlight as torch
        >>> torch.arange(1, 2, 0.5)
        tensor([1.0000, 1.5000])
    """
    start, end, step = _bounds(bounds, options)
    inferred = np.dtype(np.int64) if all(isinstance(b, int) for b in (start, end, step)) else None
    if step == 0:
        msg = "step must be nonzero"
        raise RuntimeError(msg)
    if not (math.isfinite(start) and math.isfinite(end)):
        msg = f"unsupported range: {start} -> {end}"
        raise RuntimeError(msg)
    if (end - start) * (1 if step > 0 else -1) < 0:
        msg = "upper bound and lower bound inconsistent with step sign"
        raise RuntimeError(msg)
    numpy_dtype = numpy_dtype_of(dtype, inferred)
    count = math.ceil((end - start) / step)
    if numpy_dtype.kind in "iu":
        array = np.arange(
            int(start), int(start) + count * int(step) if int(step) else count, int(step) or 1
        )
        return made(array[:count].astype(numpy_dtype, copy=False), **options)
    # torch: start + step * i, computed in the accumulation type and rounded once.
    array = start + step * np.arange(count, dtype=np.float64)
    return made(array.astype(numpy_dtype), **options)


def _bounds(bounds: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, Any, Any]:
    values = [b.item() if isinstance(b, (Tensor, np.generic)) else b for b in bounds]
    named = {name: options.pop(name) for name in ("start", "end", "step") if name in options}
    if len(values) == 1 and "end" not in named:
        values = [0, *values]
    order = ("start", "end", "step")
    given = dict(zip(order, values, strict=False)) | named
    if "end" not in given or len(values) > len(order):
        msg = "arange() received an invalid combination of arguments: it takes end; start, end; or start, end, step"
        raise TypeError(msg)
    return given.get("start", 0), given["end"], given.get("step", 1)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: dtype | None = None, **options: Any
) -> Tensor:
    """Make ``steps`` numbers evenly spaced from ``start`` to ``end``, both included.

    Example:
        >>> import penlight as torch
        >>> torch.linspace(0, 1, 5)
        tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    start, end = float(start), float(end)
    if steps < 0:
        msg = "number of steps must be non-negative"
        raise RuntimeError(msg)
    numpy_dtype = numpy_dtype_of(dtype)
    return made(_spaced(start, end, steps, numpy_dtype), **options)


def _spaced(start: float, end: float, steps: int, numpy_dtype: Any) -> Array:
    # torch: counts from start in the first half and from end in the second, in the result's type.
    kind = numpy_dtype if numpy_dtype.kind == "f" else np.dtype(np.float64)
    low, high = kind.type(start), kind.type(end)
    step = kind.type((high - low) / kind.type(max(steps - 1, 1)))
    index = np.arange(steps).astype(kind)
    half = steps // 2
    up = low + step * index[:half]
    down = high - step * index[: steps - half][::-1]
    array = np.concatenate([up, down])
    if steps == 1:
        array[0] = low
    return array.astype(numpy_dtype)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: dtype | None = None,
    **options: Any,
) -> Tensor:
    """Make ``base`` to the powers of :func:`linspace`.

    Example:
        >>> import penlight as torch
        >>> torch.logspace(0, 2, 3)
        tensor([  1.,  10., 100.])
    """
    numpy_dtype = numpy_dtype_of(dtype)
    powers = _spaced(float(start), float(end), steps, np.dtype(np.float64))
    return made((float(base) ** powers).astype(numpy_dtype), **options)


def eye(n: int, m: int | None = None, *, dtype: dtype | None = None, **options: Any) -> Tensor:
    """Make a matrix with ones on the diagonal.

    Example:
        >>> import penlight as torch
        >>> torch.eye(2)
        tensor([[1., 0.],
                [0., 1.]])
    """
    for name, value in (("n", n), ("m", n if m is None else m)):
        if value < 0:
            msg = f"{name} must be greater or equal to 0, got {value}"
            raise RuntimeError(msg)
    return made(np.eye(n, m, dtype=numpy_dtype_of(dtype)), **options)


# ---- like another tensor -------------------------------------------------------------------------


def _like(input: Tensor, dtype: Any) -> Array:
    """Return uninitialised memory in the layout of ``input``."""
    return np.empty_like(input._array, dtype=numpy_dtype_of(dtype, input._array.dtype), order="K")


def empty_like(
    input: Tensor, *, dtype: dtype | None = None, memory_format: Any = None, **options: Any
) -> Tensor:
    """Make uninitialised memory of the shape, dtype and layout of ``input``."""
    return made(_like(input, dtype), **options)


def zeros_like(
    input: Tensor, *, dtype: dtype | None = None, memory_format: Any = None, **options: Any
) -> Tensor:
    """Make zeros of the shape and dtype of ``input``.

    Example:
        >>> import penlight as torch
        >>> torch.zeros_like(torch.ones(2))
        tensor([0., 0.])
    """
    array = input._array
    wanted = numpy_dtype_of(dtype, array.dtype)
    filled = (
        np.zeros(array.shape, wanted) if array.flags.c_contiguous else np.zeros_like(array, wanted)
    )
    return made(filled, **options)


def ones_like(
    input: Tensor, *, dtype: dtype | None = None, memory_format: Any = None, **options: Any
) -> Tensor:
    """Make ones of the shape and dtype of ``input``.

    Example:
        >>> import penlight as torch
        >>> torch.ones_like(torch.zeros(2))
        tensor([1., 1.])
    """
    return full_like(input, 1, dtype=dtype, **options)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: dtype | None = None,
    memory_format: Any = None,
    **options: Any,
) -> Tensor:
    """Make a tensor of one value with the shape and dtype of ``input``.

    Example:
        >>> import penlight as torch
        >>> torch.full_like(torch.zeros(2), 3)
        tensor([3., 3.])
    """
    array = _like(input, dtype)
    array[...] = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    return made(array, **options)


# ---- methods -------------------------------------------------------------------------------------


def new_tensor(
    self: Tensor,
    data: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor of ``data`` in this tensor's dtype unless another is given."""
    return tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


def new_zeros(self: Tensor, *size: Any, dtype: dtype | None = None, **options: Any) -> Tensor:
    """Make zeros in this tensor's dtype unless another is given."""
    return zeros(*size, dtype=dtype or self.dtype, **options)


def new_ones(self: Tensor, *size: Any, dtype: dtype | None = None, **options: Any) -> Tensor:
    """Make ones in this tensor's dtype unless another is given."""
    return ones(*size, dtype=dtype or self.dtype, **options)


def new_empty(self: Tensor, *size: Any, dtype: dtype | None = None, **options: Any) -> Tensor:
    """Make uninitialised memory in this tensor's dtype unless another is given."""
    return empty(*size, dtype=dtype or self.dtype, **options)


def new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: dtype | None = None, **options: Any
) -> Tensor:
    """Make a tensor of one value in this tensor's dtype unless another is given."""
    return full(size, fill_value, dtype=dtype or self.dtype, **options)


for _method in (new_tensor, new_zeros, new_ones, new_empty, new_full):
    attach(_method)


class _LegacyType(type):
    """Lets ``isinstance(x, torch.FloatTensor)`` look at the dtype, as torch's tensor types do."""

    _torch_dtype: dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls._torch_dtype


def _legacy(name: str, kind: dtype) -> Any:
    """Return one of torch's old tensor types: ``FloatTensor(2, 3)``, ``LongTensor([1, 2])``."""

    def __new__(cls: Any, *args: Any, device: Any = None) -> Tensor:  # noqa: N807
        from .._tensor import legacy_array  # noqa: PLC0415

        if device is not None:
            check_device(device)
        if len(args) == 1 and isinstance(args[0], (list, tuple)) and not hasattr(args[0], "numel"):
            return wrap(array_from(list(args[0]), kind.numpy).astype(kind.numpy, copy=False))
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


FloatTensor = _legacy("FloatTensor", _dtype.float32)
DoubleTensor = _legacy("DoubleTensor", _dtype.float64)
HalfTensor = _legacy("HalfTensor", _dtype.float16)
LongTensor = _legacy("LongTensor", _dtype.int64)
IntTensor = _legacy("IntTensor", _dtype.int32)
ShortTensor = _legacy("ShortTensor", _dtype.int16)
CharTensor = _legacy("CharTensor", _dtype.int8)
ByteTensor = _legacy("ByteTensor", _dtype.uint8)
BoolTensor = _legacy("BoolTensor", _dtype.bool)
