"""Max pooling that always returns where the largest elements stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._tensor import Tensor
from . import pooling

__all__ = [
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d_with_indices",
    "max_pool1d_with_indices",
    "max_pool2d_with_indices",
    "max_pool3d_with_indices",
]

Size = int | Sequence[int]
OutputSize = int | None | Sequence[int | None]
Pair = tuple[Tensor, Tensor]


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,  # noqa: ARG001 - torch's signature
) -> Pair:
    """Do what :func:`max_pool1d` does, and return where the largest stand, too.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.max_pool1d_with_indices(torch.zeros(1, 1, 4), 2)[1].shape
        torch.Size([1, 1, 2])
    """
    found: Any = pooling.max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)
    return found  # type: ignore[no-any-return]


def adaptive_max_pool1d_with_indices(
    input: Tensor,
    output_size: OutputSize,
    return_indices: bool = False,  # noqa: ARG001 - torch's signature
) -> Pair:
    """Do what :func:`adaptive_max_pool1d` does, and return where the largest stand, too.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.adaptive_max_pool1d_with_indices(torch.zeros(1, 1, 4), 2)[1].shape
        torch.Size([1, 1, 2])
    """
    found: Any = pooling.adaptive_max_pool1d(input, output_size, True)
    return found  # type: ignore[no-any-return]


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,  # noqa: ARG001 - torch's signature
) -> Pair:
    """Do what :func:`max_pool2d` does, and return where the largest stand, too.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.max_pool2d_with_indices(torch.zeros(1, 1, 4, 4), 2)[1].shape
        torch.Size([1, 1, 2, 2])
    """
    found: Any = pooling.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)
    return found  # type: ignore[no-any-return]


def adaptive_max_pool2d_with_indices(
    input: Tensor,
    output_size: OutputSize,
    return_indices: bool = False,  # noqa: ARG001 - torch's signature
) -> Pair:
    """Do what :func:`adaptive_max_pool2d` does, and return where the largest stand, too.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.adaptive_max_pool2d_with_indices(torch.zeros(1, 1, 4, 4), 2)[1].shape
        torch.Size([1, 1, 2, 2])
    """
    found: Any = pooling.adaptive_max_pool2d(input, output_size, True)
    return found  # type: ignore[no-any-return]


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,  # noqa: ARG001 - torch's signature
) -> Pair:
    """Do what :func:`max_pool3d` does, and return where the largest stand, too.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.max_pool3d_with_indices(torch.zeros(1, 1, 4, 4, 4), 2)[1].shape
        torch.Size([1, 1, 2, 2, 2])
    """
    found: Any = pooling.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)
    return found  # type: ignore[no-any-return]


def adaptive_max_pool3d_with_indices(
    input: Tensor,
    output_size: OutputSize,
    return_indices: bool = False,  # noqa: ARG001 - torch's signature
) -> Pair:
    """Do what :func:`adaptive_max_pool3d` does, and return where the largest stand, too.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.adaptive_max_pool3d_with_indices(torch.zeros(1, 1, 4, 4, 4), 2)[1].shape
        torch.Size([1, 1, 2, 2, 2])
    """
    found: Any = pooling.adaptive_max_pool3d(input, output_size, True)
    return found  # type: ignore[no-any-return]
