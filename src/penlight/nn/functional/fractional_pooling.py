"""Fractional max pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._tensor import Tensor
from ...ops.creation import empty
from ...ops.fractional_pooling import FRACTIONAL_MAX_POOLS
from ._reduction import check_tensors

__all__ = [
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]

Size = int | Sequence[int]
Ratio = float | Sequence[float]


def _each(function: str, name: str, value: Any, dims: int) -> tuple[Any, ...]:
    found = (value,) * dims if isinstance(value, (int, float)) else tuple(value)
    if len(found) == 1:
        found *= dims
    if len(found) != dims:
        msg = f"{function}: {name} must either be a single Int or tuple of Ints, got {value}"
        raise ValueError(msg) if name == "output_ratio" else RuntimeError(msg)
    return found


def _out_size(
    function: str, input: Tensor, output_size: Size | None, output_ratio: Ratio | None
) -> tuple[int, ...]:
    dims = int(function[-2])
    if output_size is not None:
        return _each(function, "output_size", output_size, dims)
    if output_ratio is None:
        msg = f"{function} requires specifying either an output_size or an output_ratio"
        raise ValueError(msg)
    ratios = _each(function, "output_ratio", output_ratio, dims)
    return tuple(int(n * ratio) for n, ratio in zip(input.shape[-dims:], ratios, strict=True))


def _check(function: str, input: Tensor, out: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    dims = len(out)
    if input.dim() not in {dims + 1, dims + 2}:
        msg = (
            f"{function}: Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with optional 0 "
            f"dim batch size for input, but got: {list(input.shape)}"
        )
        raise RuntimeError(msg)
    names = ("time", "height", "width")[-dims:]
    for name, n, k, o in zip(names, input.shape[-dims:], kernel, out, strict=True):
        # torch: volumes need one element more than images.
        if min(k, o) < 1 or o + k - 1 > n - (dims == 3):
            msg = (
                f"{function}: pool {name} {k} too large relative to input {name} {n}: {o} windows "
                "need sizes above zero and one element each beside the first window's"
            )
            raise RuntimeError(msg)


def _pool(
    function: str,
    input: Tensor,
    kernel_size: Size,
    output_size: Size | None,
    output_ratio: Ratio | None,
    samples: Tensor | None,
) -> Any:
    check_tensors(function, input=input)
    dims = int(function[-2])
    out = _out_size(function, input, output_size, output_ratio)
    kernel = _each(function, "kernel_size", kernel_size, dims)
    _check(function, input, out, kernel)
    planes = (1 if input.dim() == dims + 1 else input.shape[0], input.shape[-dims - 1], dims)
    if samples is None:
        samples = empty(planes, dtype=input.dtype).uniform_()
    elif tuple(samples.shape) != planes or samples.dtype is not input.dtype:
        msg = (
            f"Expect _random_samples to have the shape {planes} and dtype {input.dtype}, got "
            f"{list(samples.shape)} and {samples.dtype}"
        )
        raise RuntimeError(msg)
    return tuple(FRACTIONAL_MAX_POOLS[dims](input, samples, out, kernel))


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Size,
    output_size: Size | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,  # noqa: ARG001 - torch's signature
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Do what :func:`fractional_max_pool2d` does, and return where the largest stand, too.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.fractional_max_pool2d_with_indices(torch.zeros(1, 1, 6, 6), 2, 4)[1].shape
        torch.Size([1, 1, 4, 4])
    """
    function = "fractional_max_pool2d"
    found: tuple[Tensor, Tensor] = _pool(
        function, input, kernel_size, output_size, output_ratio, _random_samples
    )
    return found


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Size,
    output_size: Size | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """Return the largest element of each of so many windows, whose places are drawn.

    Args:
        input: floating, shape (N, C, H, W) or (C, H, W).
        kernel_size: of a window.
        output_size: the number of windows of each dimension.
        output_ratio: that number as a fraction of the input's size, instead.
        return_indices: return where the largest stand, too, in the flat spatial input.
        _random_samples: numbers in [0, 1) that move the windows of each plane, shape (N, C, 2);
            drawn when left out.

    Raises:
        ValueError: neither ``output_size`` nor ``output_ratio`` is given.
        RuntimeError: the windows do not fit into the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.fractional_max_pool2d(torch.zeros(1, 1, 6, 6), 2, output_ratio=0.7).shape
        torch.Size([1, 1, 4, 4])

    References:
        Graham 2014, Fractional Max-Pooling, arXiv 1412.6071.
    """
    function = "fractional_max_pool2d"
    found = _pool(function, input, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Size,
    output_size: Size | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,  # noqa: ARG001 - torch's signature
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Do what :func:`fractional_max_pool3d` does, and return where the largest stand, too.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.fractional_max_pool3d_with_indices(torch.zeros(1, 1, 6, 6, 6), 2, 4)[1].shape
        torch.Size([1, 1, 4, 4, 4])
    """
    function = "fractional_max_pool3d"
    found: tuple[Tensor, Tensor] = _pool(
        function, input, kernel_size, output_size, output_ratio, _random_samples
    )
    return found


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Size,
    output_size: Size | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """Return the largest element of each of so many windows, whose places are drawn.

    Args:
        input: floating, shape (N, C, D, H, W) or (C, D, H, W).
        kernel_size: of a window.
        output_size: the number of windows of each dimension.
        output_ratio: that number as a fraction of the input's size, instead.
        return_indices: return where the largest stand, too, in the flat spatial input.
        _random_samples: numbers in [0, 1) that move the windows of each plane, shape (N, C, 3);
            drawn when left out.

    Raises:
        ValueError: neither ``output_size`` nor ``output_ratio`` is given.
        RuntimeError: the windows do not fit into the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.fractional_max_pool3d(torch.zeros(1, 1, 6, 6, 6), 2, output_ratio=0.7).shape
        torch.Size([1, 1, 4, 4, 4])

    References:
        Graham 2014, Fractional Max-Pooling, arXiv 1412.6071.
    """
    function = "fractional_max_pool3d"
    found = _pool(function, input, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]
