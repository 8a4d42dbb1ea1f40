"""Unpooling: the partial inverse of max pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._dtype import int64
from ..._tensor import Tensor
from ...ops.unpooling import MAX_UNPOOLS
from ._reduction import check_tensors

__all__ = ["max_unpool1d", "max_unpool2d", "max_unpool3d"]

Size = int | Sequence[int]


def _each(value: Size, dims: int) -> tuple[int, ...]:
    return (value,) * dims if isinstance(value, int) else tuple(value)


def _wanted(
    input: Tensor,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    output_size: Sequence[int] | None,
) -> tuple[int, ...]:
    """Return the output's size: the least that pools to the input, or the one asked for."""
    dims = len(kernel)
    rows = zip(input.shape[-dims:], kernel, stride, padding, strict=True)
    usual = tuple((n - 1) * s + k - 2 * p for n, k, s, p in rows)
    if output_size is None:
        return usual
    wanted = tuple(output_size)
    if len(wanted) == dims + 2:
        wanted = wanted[2:]
    if len(wanted) != dims:
        msg = (
            f"output_size should be a sequence containing {dims} or {dims + 2} elements, but it "
            f"has a length of '{len(wanted)}'"
        )
        raise ValueError(msg)
    for dim, (n, middle, step) in enumerate(zip(wanted, usual, stride, strict=True)):
        if not middle - step < n < middle + step:
            msg = (
                f'invalid output_size "{wanted}" (dim {dim} must be between {middle - step} and '
                f"{middle + step})"
            )
            raise ValueError(msg)
    return wanted


def _check(function: str, input: Tensor, indices: Tensor, dims: int) -> None:
    check_tensors(function, input=input, indices=indices)
    if indices.dtype is not int64:
        msg = f"elements in indices should be type int64 but got: {indices.dtype.scalar_type}"
        raise RuntimeError(msg)
    if input.dim() not in {dims + 1, dims + 2}:
        msg = (
            f"Input to {function} should be a {dims + 1}d or {dims + 2}d Tensor, but got a tensor "
            f"with {input.dim()} dimensions."
        )
        raise RuntimeError(msg)
    if indices.shape != input.shape:
        msg = (
            "Expected shape of indices to be same as that of the input tensor "
            f"({list(input.shape)}) but got indices tensor with shape: {list(indices.shape)}"
        )
        raise RuntimeError(msg)


def _unpool(
    dims: int,
    input: Any,
    indices: Any,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    output_size: Sequence[int] | None,
) -> Tensor:
    _check(f"max_unpooling{dims}d", input, indices, dims)
    kernel = _each(kernel_size, dims)
    steps = kernel if stride is None else _each(stride, dims)
    size = _wanted(input, kernel, steps, _each(padding, dims), output_size)
    if min(size) < 0:
        msg = f"max_unpooling: output_size must contain non-negative spatial dimensions, got {size}"
        raise ValueError(msg)
    if dims == 1:
        # torch: one dimension is two of which the last has one element.
        out: Any = MAX_UNPOOLS[2](input.unsqueeze(-1), indices.unsqueeze(-1), (*size, 1))
        return out.squeeze(-1)  # type: ignore[no-any-return]
    unpooled: Tensor = MAX_UNPOOLS[dims](input, indices, size)
    return unpooled


def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Put maxima of windows of 1 dimension back where they stood, and zeros elsewhere.

    Args:
        input: shape (N, C, L) or (C, L).
        indices: where they stood, as :func:`max_pool1d` returned them; int64.
        kernel_size: of the windows.
        stride: between windows; the kernel's size when left out.
        padding: that the input of the pooling had.
        output_size: the size of that input, where several pool to one size; its spatial
            dimensions, or all.

    Raises:
        RuntimeError: shapes do not fit, the indices are not int64, or one is outside the output.
        ValueError: ``output_size`` cannot have been that size.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> pooled, indices = F.max_pool1d(torch.rand(1, 1, 4), 2, return_indices=True)
        >>> F.max_unpool1d(pooled, indices, 2).shape
        torch.Size([1, 1, 4])
    """
    return _unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Put maxima of windows of 2 dimensions back where they stood, and zeros elsewhere.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        indices: where they stood, as :func:`max_pool2d` returned them; int64.
        kernel_size: of the windows.
        stride: between windows; the kernel's size when left out.
        padding: that the input of the pooling had.
        output_size: the size of that input, where several pool to one size; its spatial
            dimensions, or all.

    Raises:
        RuntimeError: shapes do not fit, the indices are not int64, or one is outside the output.
        ValueError: ``output_size`` cannot have been that size.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> pooled, indices = F.max_pool2d(torch.rand(1, 1, 4, 4), 2, return_indices=True)
        >>> F.max_unpool2d(pooled, indices, 2).shape
        torch.Size([1, 1, 4, 4])
    """
    return _unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Put maxima of windows of 3 dimensions back where they stood, and zeros elsewhere.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        indices: where they stood, as :func:`max_pool3d` returned them; int64.
        kernel_size: of the windows.
        stride: between windows; the kernel's size when left out.
        padding: that the input of the pooling had.
        output_size: the size of that input, where several pool to one size; its spatial
            dimensions, or all.

    Raises:
        RuntimeError: shapes do not fit, the indices are not int64, or one is outside the output.
        ValueError: ``output_size`` cannot have been that size.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> pooled, indices = F.max_pool3d(torch.rand(1, 1, 4, 4, 4), 2, return_indices=True)
        >>> F.max_unpool3d(pooled, indices, 2).shape
        torch.Size([1, 1, 4, 4, 4])
    """
    return _unpool(3, input, indices, kernel_size, stride, padding, output_size)
