"""``make_tensor``: random tensors for tests."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from .. import (
    bfloat16,
    bool as bool_,
    device as device_,
    dtype as dtype_,
    empty,
    finfo,
    float16,
    float32,
    float64,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    randint,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .._device import check_device
from .._tensor import Tensor

__all__ = ["make_tensor"]

_FLOATS = (float16, bfloat16, float32, float64)
_INTEGERS = (uint8, int8, int16, int32, int64, uint16, uint32, uint64)


def make_tensor(
    *shape: int | Sequence[int],
    dtype: dtype_,
    device: str | device_,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Make a tensor of random numbers of ``[low, high)``, all equally likely.

    Args:
        shape: the sizes, or a sequence of them.
        dtype: of the tensor.
        device: the CPU.
        low: the least number; by default -9, 0 for unsigned and boolean dtypes.
        high: what all numbers are below; by default 9 for floats, 10 for integers, 2 for booleans.
        requires_grad: whether to record what is done with it.
        noncontiguous: whether its elements are to stand apart in memory.
        exclude_zero: whether 1, or the smallest normal number of a float, stands for 0.
        memory_format: ``None``, or the one that there is.

    Raises:
        ValueError: ``low`` is not below ``high``, either is NaN or out of the dtype's range;
            integers are to require grad; or ``noncontiguous`` is given with ``memory_format``.
        TypeError: the dtype is another one.

    Example:
        >>> import penlight as torch
        >>> made = torch.testing.make_tensor(2, 3, dtype=torch.int64, device="cpu", low=1)
        >>> made.shape, bool((made >= 1).all())
        (torch.Size([2, 3]), True)
    """
    check_device(device, "make_tensor")
    given: Any = shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    sizes: list[int] = [*given]
    if noncontiguous and memory_format is not None:
        msg = (
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got "
            f"{noncontiguous=} and {memory_format=}"
        )
        raise ValueError(msg)
    if dtype not in (*_FLOATS, *_INTEGERS, bool_):
        msg = f"The requested dtype '{dtype}' is not supported by torch.testing.make_tensor()."
        raise TypeError(msg)
    if requires_grad and dtype not in _FLOATS:
        msg = (
            "`requires_grad=True` is not supported for boolean and integral dtypes, "
            f"but got {dtype=}"
        )
        raise ValueError(msg)
    apart = noncontiguous and math.prod(sizes) > 1
    if apart:
        sizes[-1] *= 2
    made: Any = _filled(sizes, dtype, low, high)
    if apart:
        made = made[..., 1::2]  # torch: not from the first element
    if exclude_zero:
        made[made == 0] = finfo(dtype).tiny if dtype in _FLOATS else 1
    if memory_format is not None:
        made = made.clone(memory_format=memory_format)
    return made.requires_grad_() if requires_grad else made  # type: ignore[no-any-return]


def _filled(sizes: list[int], dtype: dtype_, low: Any, high: Any) -> Any:
    """Draw the numbers, in torch's order."""
    if dtype in _FLOATS:
        low, high = _limits(dtype, low, high, (finfo(dtype).min, finfo(dtype).max), (-9, 9))
        made: Any = empty(sizes, dtype=dtype)
        if high - low >= finfo(dtype).max:
            return made.uniform_(low / 2, high / 2).mul_(2)
        return made.uniform_(low, high)
    if dtype is bool_:
        low, high = _limits(dtype, low, high, (0, 2), (0, 2))
    else:
        least, most = iinfo(dtype).min, iinfo(dtype).max + (dtype is not int64)
        low, high = _limits(dtype, low, high, (least, most), (-9, 10))
    return randint(math.ceil(low), math.ceil(high), sizes, dtype=dtype)


def _limits(
    dtype: dtype_, low: Any, high: Any, supported: tuple[Any, Any], default: tuple[int, int]
) -> tuple[Any, Any]:
    """Return the limits to draw between: those given, within what the dtype can hold."""
    low = default[0] if low is None else low
    high = default[1] if high is None else high
    least, most = supported
    if math.isnan(low) or math.isnan(high):
        msg = f"`low` and `high` cannot be NaN, but got {low=} and {high=}"
        raise ValueError(msg)
    if low == high and dtype in _FLOATS:
        warnings.warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is "
            "deprecated since 2.1 and will be removed in 2.3. Use `torch.full(...)` instead.",
            FutureWarning,
            stacklevel=4,
        )
    elif low >= high:
        msg = f"`low` must be less than `high`, but got {low} >= {high}"
        raise ValueError(msg)
    elif high < least or low >= most:
        msg = (
            f"The value interval specified by `low` and `high` is [{low}, {high}), "
            f"but {dtype} only supports [{least}, {most})"
        )
        raise ValueError(msg)
    return min(max(low, least), most), min(max(high, least), most)
