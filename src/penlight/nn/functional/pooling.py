"""Pooling: maxima and means over windows, and over as many parts as are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..._dtype import bfloat16, float16
from ..._tensor import Tensor
from ...ops.pooling import ADAPTIVE_AVG_POOLS, ADAPTIVE_MAX_POOLS, AVG_POOLS, MAX_POOLS

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
]

Size = int | Sequence[int]
OutputSize = int | None | Sequence[int | None]


def _sizes(function: str, name: str, value: Size, dims: int) -> tuple[int, ...]:
    """Return one whole number a dimension."""
    if isinstance(value, int):
        return (value,) * dims
    sizes = tuple(int(each) for each in value)
    if len(sizes) not in {1, dims}:
        msg = (
            f"{function}: {name} must either be a single int, or a tuple of {dims} ints: got "
            f"{sizes}"
        )
        raise RuntimeError(msg)
    return sizes * dims if len(sizes) == 1 else sizes


def _check_input(function: str, input: Tensor, dims: int) -> None:
    if not isinstance(input, Tensor):
        msg = (
            f"{function}(): argument 'input' (position 1) must be Tensor, not "
            f"{type(input).__name__}"
        )
        raise TypeError(msg)
    if input.dim() not in {dims + 1, dims + 2}:
        msg = (
            f"{function}(): non-empty {dims + 1}D or {dims + 2}D (batch mode) tensor expected for "
            f"input, got an input of size: {list(input.shape)}"
        )
        raise RuntimeError(msg)


def _out_size(
    function: str,
    input: Tensor,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    ceil_mode: bool,
) -> tuple[int, ...]:
    """Return how many windows there are, checking the numbers."""
    if min(stride) < 1:
        msg = f"stride should not be zero, nor below it: {function} got stride={list(stride)}"
        raise RuntimeError(msg)
    for name, numbers in (("kernel_size", kernel), ("dilation", dilation)):
        if min(numbers) < 1:
            msg = f"{function}: {name} should be greater than zero, but got {name}={list(numbers)}"
            raise RuntimeError(msg)
    dims = len(kernel)
    size, out = input.shape[-dims:], []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        if not 0 <= p <= (d * (k - 1) + 1) // 2:
            text = "pad must be non-negative, but got pad"
            if p > 0:
                text = "pad should be at most half of effective kernel size"
            msg = f"{text}, but got pad={p}, kernel_size={k} and dilation={d}"
            raise RuntimeError(msg)
        span = n + 2 * p - d * (k - 1) - 1
        count = (span + (s - 1 if ceil_mode else 0)) // s + 1
        # The last window begins within the input or the padding before it.
        out.append(count - 1 if ceil_mode and (count - 1) * s >= n + p else count)
    if min(out) < 1:
        shown = "x".join(map(str, input.shape[-dims - 1 :]))
        found = "x".join(map(str, (input.shape[-dims - 1], *out)))
        msg = (
            f"Given input size: ({shown}). Calculated output size: ({found}). Output size is too "
            "small"
        )
        raise RuntimeError(msg)
    return tuple(out)


def _in_two(input: Tensor, dims: int, pool: Callable[[Tensor], Any]) -> Any:
    """Pool one dimension as two, of which the first has one element."""
    if dims > 1:
        return pool(input)
    found = pool(input.unsqueeze(-2))
    if isinstance(found, tuple):
        return tuple(each.squeeze(-2) for each in found)
    return found.squeeze(-2)


def _wide(numbers: tuple[int, ...], filled: int) -> tuple[int, ...]:
    return numbers if len(numbers) > 1 else (filled, *numbers)


def _max_pool(
    function: str,
    input: Tensor,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    dilation: Size,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    dims = int(function[-2])
    _check_input(function, input, dims)
    kernel = _sizes(function, "kernel_size", kernel_size, dims)
    steps = kernel if stride is None or stride == () else _sizes(function, "stride", stride, dims)
    around = _sizes(function, "padding", padding, dims)
    apart = _sizes(function, "dilation", dilation, dims)
    out = _out_size(function, input, kernel, steps, around, apart, ceil_mode)

    def pool(of: Tensor) -> Any:
        return MAX_POOLS[max(dims, 2)](
            of,
            _wide(kernel, 1),
            _wide(steps, 1),
            _wide(around, 0),
            _wide(apart, 1),
            _wide(out, 1),
        )

    found = _in_two(input, dims, pool)
    return tuple(found) if return_indices else found[0]


def _avg_pool(
    function: str,
    input: Tensor,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    dims = int(function[-2])
    _check_input(function, input, dims)
    kernel = _sizes(function, "kernel_size", kernel_size, dims)
    steps = kernel if stride is None or stride == () else _sizes(function, "stride", stride, dims)
    around = _sizes(function, "padding", padding, dims)
    out = _out_size(function, input, kernel, steps, around, (1,) * dims, ceil_mode)
    if dims == 3 and input.dtype in {float16, bfloat16}:
        kind = input.dtype.scalar_type
        msg = (
            f"\"avg_pool3d_out_frame\" not implemented for '{kind}': half types have average "
            "pooling of one and two dimensions, as in torch; convert to float32"
        )
        raise NotImplementedError(msg)
    if divisor_override == 0:
        msg = f"{function}: divisor must be not zero, got divisor_override=0"
        raise RuntimeError(msg)

    def pool(of: Tensor) -> Any:
        return AVG_POOLS[max(dims, 2)](
            of,
            _wide(kernel, 1),
            _wide(steps, 1),
            _wide(around, 0),
            _wide(out, 1),
            not count_include_pad,
            divisor_override,
        )

    pooled: Tensor = _in_two(input, dims, pool)
    return pooled


def _wanted(function: str, input: Tensor, size: OutputSize, dims: int) -> tuple[int, ...]:
    """Return the output's size; ``None`` keeps the input's."""
    _check_input(function, input, dims)
    given = (size,) * dims if size is None or isinstance(size, int) else tuple(size)
    if len(given) != dims:
        msg = (
            f"Input dimension should be at least {len(given) + 1}: {function} takes {dims} numbers "
            f"as output_size, got {list(given)}"
        )
        raise ValueError(msg)
    pairs = zip(given, input.shape[-dims:], strict=True)
    sizes = tuple(n if each is None else int(each) for each, n in pairs)
    if min(sizes) < 0:
        msg = (
            f"{function}: elements of output_size must be greater than or equal to 0 but received "
            f"{list(sizes)}"
        )
        raise RuntimeError(msg)
    if 0 in input.shape[-dims:]:
        msg = (
            f"{function}(): Expected input to have non-zero size for non-batch dimensions, but "
            f"input has sizes {list(input.shape)}"
        )
        raise RuntimeError(msg)
    return sizes


def _adaptive_max_pool(
    function: str, input: Tensor, output_size: OutputSize, return_indices: bool
) -> Any:
    dims = int(function[-2])
    out = _wanted(function, input, output_size, dims)
    found = _in_two(input, dims, lambda of: ADAPTIVE_MAX_POOLS[max(dims, 2)](of, _wide(out, 1)))
    return tuple(found) if return_indices else found[0]


def _adaptive_avg_pool(function: str, input: Tensor, output_size: OutputSize) -> Tensor:
    dims = int(function[-2])
    out = _wanted(function, input, output_size, dims)
    if dims > 1 and all(count == 1 for count in out):
        # torch takes the mean itself, which a gradient's name shows.
        mean: Tensor = input.mean(tuple(range(-dims, 0)), keepdim=True)
        return mean
    pooled: Tensor = _in_two(
        input, dims, lambda of: ADAPTIVE_AVG_POOLS[max(dims, 2)](of, _wide(out, 1))
    )
    return pooled


def max_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of 1 dimension.

    Args:
        input: shape (N, C, L) or (C, L).
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        padding: on both sides, at most half the kernel; never the largest.
        dilation: distance between the elements of a window.
        ceil_mode: let the last windows reach beyond the input.
        return_indices: return where the largest stand, too, in the flat spatial input.

    Raises:
        RuntimeError: shapes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.max_pool1d(torch.zeros(1, 1, 4), 2).shape
        torch.Size([1, 1, 2])
    """
    return _max_pool(
        "max_pool1d", input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


def max_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of 2 dimensions.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        padding: on both sides, at most half the kernel; never the largest.
        dilation: distance between the elements of a window.
        ceil_mode: let the last windows reach beyond the input.
        return_indices: return where the largest stand, too, in the flat spatial input.

    Raises:
        RuntimeError: shapes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.max_pool2d(torch.zeros(1, 1, 4, 4), 2).shape
        torch.Size([1, 1, 2, 2])
    """
    return _max_pool(
        "max_pool2d", input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


def max_pool3d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of 3 dimensions.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        padding: on both sides, at most half the kernel; never the largest.
        dilation: distance between the elements of a window.
        ceil_mode: let the last windows reach beyond the input.
        return_indices: return where the largest stand, too, in the flat spatial input.

    Raises:
        RuntimeError: shapes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.max_pool3d(torch.zeros(1, 1, 4, 4, 4), 2).shape
        torch.Size([1, 1, 2, 2, 2])
    """
    return _max_pool(
        "max_pool3d", input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


def avg_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Return the mean of each window of 1 dimension.

    Args:
        input: shape (N, C, L) or (C, L).
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        padding: zeros on both sides, at most half the kernel.
        ceil_mode: let the last windows reach beyond the input.
        count_include_pad: divide by the window's size, zeros of the padding among it.

    Raises:
        RuntimeError: shapes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.avg_pool1d(torch.zeros(1, 1, 4), 2).shape
        torch.Size([1, 1, 2])
    """
    return _avg_pool(
        "avg_pool1d",
        input,
        kernel_size,
        stride,
        padding,
        ceil_mode,
        count_include_pad,
        None,
    )


def avg_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean of each window of 2 dimensions.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        padding: zeros on both sides, at most half the kernel.
        ceil_mode: let the last windows reach beyond the input.
        count_include_pad: divide by the window's size, zeros of the padding among it.
        divisor_override: divide by this instead.

    Raises:
        RuntimeError: shapes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.avg_pool2d(torch.zeros(1, 1, 4, 4), 2).shape
        torch.Size([1, 1, 2, 2])
    """
    return _avg_pool(
        "avg_pool2d",
        input,
        kernel_size,
        stride,
        padding,
        ceil_mode,
        count_include_pad,
        divisor_override,
    )


def avg_pool3d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean of each window of 3 dimensions.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        padding: zeros on both sides, at most half the kernel.
        ceil_mode: let the last windows reach beyond the input.
        count_include_pad: divide by the window's size, zeros of the padding among it.
        divisor_override: divide by this instead.

    Raises:
        RuntimeError: shapes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.avg_pool3d(torch.zeros(1, 1, 4, 4, 4), 2).shape
        torch.Size([1, 1, 2, 2, 2])
    """
    return _avg_pool(
        "avg_pool3d",
        input,
        kernel_size,
        stride,
        padding,
        ceil_mode,
        count_include_pad,
        divisor_override,
    )


def adaptive_max_pool1d(
    input: Tensor, output_size: OutputSize, return_indices: bool = False
) -> Any:
    """Return the largest elements of parts into which 1 dimension falls.

    Args:
        input: shape (N, C, L) or (C, L).
        output_size: the number of parts.
        return_indices: return where the largest stand, too, in the flat spatial input.

    Raises:
        RuntimeError: shapes or numbers do not fit.
        ValueError: there are more or fewer numbers than dimensions.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.adaptive_max_pool1d(torch.zeros(1, 1, 5), 2).shape
        torch.Size([1, 1, 2])
    """
    return _adaptive_max_pool("adaptive_max_pool1d", input, output_size, return_indices)


def adaptive_avg_pool1d(input: Tensor, output_size: OutputSize) -> Tensor:
    """Return the means of parts into which 1 dimension falls.

    Args:
        input: shape (N, C, L) or (C, L).
        output_size: the number of parts.

    Raises:
        RuntimeError: shapes or numbers do not fit.
        ValueError: there are more or fewer numbers than dimensions.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.adaptive_avg_pool1d(torch.zeros(1, 1, 5), 2).shape
        torch.Size([1, 1, 2])
    """
    return _adaptive_avg_pool("adaptive_avg_pool1d", input, output_size)


def adaptive_max_pool2d(
    input: Tensor, output_size: OutputSize, return_indices: bool = False
) -> Any:
    """Return the largest elements of parts into which 2 dimensions fall.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        output_size: the number of parts of each dimension; None for one an element.
        return_indices: return where the largest stand, too, in the flat spatial input.

    Raises:
        RuntimeError: shapes or numbers do not fit.
        ValueError: there are more or fewer numbers than dimensions.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.adaptive_max_pool2d(torch.zeros(1, 1, 5, 5), 2).shape
        torch.Size([1, 1, 2, 2])
    """
    return _adaptive_max_pool("adaptive_max_pool2d", input, output_size, return_indices)


def adaptive_avg_pool2d(input: Tensor, output_size: OutputSize) -> Tensor:
    """Return the means of parts into which 2 dimensions fall.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        output_size: the number of parts of each dimension; None for one an element.

    Raises:
        RuntimeError: shapes or numbers do not fit.
        ValueError: there are more or fewer numbers than dimensions.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.adaptive_avg_pool2d(torch.zeros(1, 1, 5, 5), 2).shape
        torch.Size([1, 1, 2, 2])
    """
    return _adaptive_avg_pool("adaptive_avg_pool2d", input, output_size)


def adaptive_max_pool3d(
    input: Tensor, output_size: OutputSize, return_indices: bool = False
) -> Any:
    """Return the largest elements of parts into which 3 dimensions fall.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        output_size: the number of parts of each dimension; None for one an element.
        return_indices: return where the largest stand, too, in the flat spatial input.

    Raises:
        RuntimeError: shapes or numbers do not fit.
        ValueError: there are more or fewer numbers than dimensions.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.adaptive_max_pool3d(torch.zeros(1, 1, 5, 5, 5), 2).shape
        torch.Size([1, 1, 2, 2, 2])
    """
    return _adaptive_max_pool("adaptive_max_pool3d", input, output_size, return_indices)


def adaptive_avg_pool3d(input: Tensor, output_size: OutputSize) -> Tensor:
    """Return the means of parts into which 3 dimensions fall.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        output_size: the number of parts of each dimension; None for one an element.

    Raises:
        RuntimeError: shapes or numbers do not fit.
        ValueError: there are more or fewer numbers than dimensions.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.adaptive_avg_pool3d(torch.zeros(1, 1, 5, 5, 5), 2).shape
        torch.Size([1, 1, 2, 2, 2])
    """
    return _adaptive_avg_pool("adaptive_avg_pool3d", input, output_size)
