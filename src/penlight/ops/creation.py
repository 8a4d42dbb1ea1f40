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
        if not isinstance(size[0], (list, tuple)):
            msg = (
                f"{function}(): argument 'size' (position 1) must be tuple of ints, "
                f"not {type(size[0]).__name__}"
            )
            raise TypeError(msg)
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
    """Return nested sequences with tensors made numbers; refuse ragged ones and what is no number."""
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
            "only one element tensors can be converted to Python scalars, but one in the list has shape "
            f"{list(data.shape)}; torch.stack joins tensors"
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
            "At least one stride in the given numpy array is negative, and tensors with negative strides "
            "are not currently supported. (You can probably work around this by making a copy of your "
            "array  with array.copy().) "
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
            f"dimensionality of sizes ({len(shape)}) must match dimensionality of strides "
            f"({len(stride)}), and no stride may be negative: {list(stride)}"
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
    return made(_counted(start, end, step, numpy_dtype), **options)


def _counted(start: Any, end: Any, step: Any, kind: Any) -> Array:
    """Return ``start + step * i`` for each i, rounded where torch rounds."""
    if kind.kind == "b":
        msg = "\"arange_cpu\" not implemented for 'Bool'"
        raise NotImplementedError(msg)
    count = math.ceil((end - start) / step)
    if kind.kind in "iu":
        start, end, whole = int(start), int(end), int(step)
        if not whole and kind == np.int64:
            msg = f"step must be nonzero, but as an integer {step} is 0"
            raise ValueError(msg)
        count = -(-(end - start) // whole) if kind == np.int64 else count
        return (start + whole * np.arange(count)).astype(kind)
    wide = np.dtype(np.float64 if kind.itemsize > 2 else np.float32)
    # torch: blocks as long as a vector register begin at a number in the result's dtype; what does not
    # fill two of them is computed one by one. Each with one rounding (a fused multiply-add).
    block = 32 // kind.itemsize
    index = np.arange(count)
    begins = _fused(start, step, index // block * block, wide).astype(kind).astype(wide)
    blocks = _fused(begins, step, index % block, wide).astype(kind)
    rest = count // (2 * block) * 2 * block
    blocks[rest:] = _fused(start, step, index[rest:], wide).astype(kind)
    return blocks


def _fused(start: Any, step: Any, index: Array, kind: Any) -> Array:
    """Return ``start + step * index`` rounded to ``kind`` once."""
    wider = np.float64 if kind.itemsize == 4 else np.longdouble
    first, factor = (np.asarray(value).astype(kind).astype(wider) for value in (start, step))
    return (first + factor * index.astype(wider)).astype(kind)


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
    return made(_spaced("linspace", start, end, steps, numpy_dtype_of(dtype)), **options)


def _ends(function: str, start: Any, end: Any, steps: int, kind: Any) -> tuple[Any, Any]:
    """Return both ends as the result's dtype has them, in double."""
    for name, value in (("start", start), ("end", end)):
        if isinstance(value, Tensor) and value._array.ndim:
            msg = (
                f"{function} only supports 0-dimensional start and end tensors, but got {name} with "
                f"{value._array.ndim} dimension(s)."
            )
            raise RuntimeError(msg)
    if steps < 0:
        msg = "number of steps must be non-negative"
        raise RuntimeError(msg)
    first, last = (
        np.asarray(float(value)).astype(kind).astype(np.float64) for value in (start, end)
    )
    return first, last


def _spaced(function: str, start: Any, end: Any, steps: int, kind: Any) -> Array:
    """Return numbers evenly spaced, from ``start`` in the first half and from ``end`` in the second."""
    first, last = _ends(function, start, end, steps, kind)
    # torch: the ends and the step are in the result's dtype; integers count in double.
    wide = np.dtype(np.float64) if kind.kind in "iub" else kind
    low, high = (np.asarray(value).astype(wide) for value in (first, last))
    if steps == 1:
        return np.full(1, low).astype(kind)
    step = ((high - low) / np.asarray(steps - 1).astype(wide)).astype(wide)
    index, half = np.arange(steps), steps // 2
    if wide.itemsize == 2:
        up = low + step * index[:half].astype(wide)
        down = high - step * index[: steps - half][::-1].astype(wide)
    else:
        up = _fused(low, step, index[:half], wide)
        down = _fused(high, -step, index[: steps - half][::-1], wide)
    return np.concatenate([up, down]).astype(kind)


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
    kind = numpy_dtype_of(dtype)
    first, last = _ends("logspace", start, end, steps, kind)
    step = (last - first) / max(steps - 1, 1)
    index, half = np.arange(steps), steps // 2
    powers = np.where(index < half, first + step * index, last - step * (steps - 1 - index))
    # A wider power rounds as the C library's does, all but always; NumPy's own is an ulp off more often.
    values = np.power(np.longdouble(base), powers.astype(np.longdouble))
    return made(values.astype(np.float64).astype(kind), **options)


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


FloatTensor = _legacy("FloatTensor", _dtype.float32)
DoubleTensor = _legacy("DoubleTensor", _dtype.float64)
HalfTensor = _legacy("HalfTensor", _dtype.float16)
LongTensor = _legacy("LongTensor", _dtype.int64)
IntTensor = _legacy("IntTensor", _dtype.int32)
ShortTensor = _legacy("ShortTensor", _dtype.int16)
CharTensor = _legacy("CharTensor", _dtype.int8)
ByteTensor = _legacy("ByteTensor", _dtype.uint8)
BoolTensor = _legacy("BoolTensor", _dtype.bool)
