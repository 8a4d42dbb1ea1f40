"""Making tensors: from data, of one value, in ranges, and like another tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._dtype import dtype
from .._tensor import Array, Tensor
from . import _check
from ._creating import made, numpy_dtype_of, shape_of
from ._op import attach
from .from_data import tensor

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "empty_strided",
    "eye",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "range",
    "scalar_tensor",
    "zeros",
    "zeros_like",
]


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
    filled = np.full(shape_of("full", (size,)), _check.number(value, numpy_dtype))
    return made(filled, **options)


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
    _check_range(start, end, step)
    numpy_dtype = numpy_dtype_of(dtype, inferred)
    return made(_counted(start, end, step, numpy_dtype), **options)


def _check_range(start: Any, end: Any, step: Any) -> None:
    if step == 0:
        msg = "step must be nonzero"
        raise RuntimeError(msg)
    if not (math.isfinite(start) and math.isfinite(end)):
        msg = f"unsupported range: {start} -> {end}"
        raise RuntimeError(msg)
    if (end - start) * (1 if step > 0 else -1) < 0:
        msg = "upper bound and lower bound inconsistent with step sign"
        raise RuntimeError(msg)


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
    # torch: blocks as long as a vector register begin at a number in the result's dtype; what does
    # not
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
        msg = (
            "arange() received an invalid combination of arguments: it takes end; start, end; or "
            "start, end, step"
        )
        raise TypeError(msg)
    return given.get("start", 0), given["end"], given.get("step", 1)


def range(*bounds: Any, dtype: dtype | None = None, **options: Any) -> Tensor:
    """Make the numbers from ``start`` (0) to ``end``, which is included, in steps of ``step`` (1).

    torch calls it deprecated: :func:`arange` leaves ``end`` out, as Python does.

    Args:
        bounds: ``end``; ``start, end``; or ``start, end, step``.
        dtype: the default floating dtype when not given.
        options: as for :func:`zeros`, and ``start``, ``end``, ``step`` by name.

    Raises:
        RuntimeError: ``step`` is zero or leads away from ``end``.

    Example:
        >>> import penlight as torch, warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     torch.range(1, 3)
        tensor([1., 2., 3.])
    """
    import warnings  # noqa: PLC0415 - only for what torch warns about

    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is "
        "inconsistent with Python's range builtin. Instead, use torch.arange, which produces "
        "values in [start, end).",
        stacklevel=2,
    )
    start, end, step = _bounds(bounds, options)
    _check_range(start, end, step)
    kind = numpy_dtype_of(dtype)
    count = math.floor((end - start) / step) + 1
    if kind.kind in "iu":
        values = int(start) + int(step) * np.arange(count)
    else:
        values = start + step * np.arange(count).astype(np.float64)
    return made(values.astype(kind), **options)


def scalar_tensor(s: Any, *, dtype: dtype | None = None, **options: Any) -> Tensor:
    """Make a tensor of no dimensions with one value, in the default floating dtype.

    Args:
        s: the number.
        dtype: the element's type.
        options: as for :func:`zeros`.

    Example:
        >>> import penlight as torch
        >>> torch.scalar_tensor(3)
        tensor(3.)
    """
    return made(_check.number(s, numpy_dtype_of(dtype)), **options)


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
                f"{function} only supports 0-dimensional start and end tensors, but got {name} "
                "with "
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
    """Return evenly spaced numbers: from ``start`` on, back from ``end`` for the second half."""
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
    powers = np.where(
        (index < half) | (steps == 1), first + step * index, last - step * (steps - 1 - index)
    )
    # A wider power rounds as the C library's does, all but always; NumPy's own is an ulp off more
    # often.
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
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    array[...] = _check.number(value, array.dtype)
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


def new_empty_strided(
    self: Tensor,
    size: Sequence[int],
    stride: Sequence[int],
    dtype: dtype | None = None,
    **options: Any,
) -> Tensor:
    """Make uninitialised memory with given steps, in this tensor's dtype unless another is given.

    Args:
        self: a tensor.
        size: the lengths.
        stride: the steps between neighbours, in elements.
        dtype: the elements' type.
        options: as for :func:`zeros`.

    Example:
        >>> import penlight as torch
        >>> torch.ones(1, dtype=torch.int64).new_empty_strided((2, 3), (1, 2)).stride()
        (1, 2)
    """
    return empty_strided(size, stride, dtype=dtype or self.dtype, **options)


for _method in (new_tensor, new_zeros, new_ones, new_empty, new_empty_strided, new_full):
    attach(_method)
