"""Power-average pooling: norms of windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..._tensor import Tensor
from . import pooling
from .activation import relu

__all__ = ["lp_pool1d", "lp_pool2d", "lp_pool3d"]

Size = int | Sequence[int]


def _lp_pool(
    dims: int,
    input: Any,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None,
    ceil_mode: bool,
) -> Tensor:
    if isinstance(norm_type, (int, float)) and math.isinf(norm_type):
        largest, magnitude = getattr(pooling, f"max_pool{dims}d"), input.abs()
        if norm_type < 0:
            magnitude = -magnitude
        found: Any = largest(magnitude, kernel_size, stride, 0, 1, ceil_mode)
        return -found if norm_type < 0 else found  # type: ignore[no-any-return]
    mean = getattr(pooling, f"avg_pool{dims}d")
    means: Any = mean(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    count = kernel_size**dims if isinstance(kernel_size, int) else math.prod(kernel_size)
    # torch: the sign times the rectified magnitude, so that zero has gradient zero.
    sums = (means.sign() * relu(means.abs())).mul(count)
    return sums.pow(1.0 / norm_type)  # type: ignore[no-any-return]


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    r"""Return the norm of each window of 1 dimension: :math:`\sqrt[p]{\sum x^p}`.

    Args:
        input: floating, shape (N, C, L) or (C, L).
        norm_type: :math:`p`; infinity takes the largest magnitude.
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        ceil_mode: let the last windows reach beyond the input.

    Raises:
        RuntimeError: shapes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.lp_pool1d(torch.zeros(1, 1, 4), 2, 2).shape
        torch.Size([1, 1, 2])
    """
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    r"""Return the norm of each window of 2 dimensions: :math:`\sqrt[p]{\sum x^p}`.

    Args:
        input: floating, shape (N, C, H, W) or (C, H, W).
        norm_type: :math:`p`; infinity takes the largest magnitude.
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        ceil_mode: let the last windows reach beyond the input.

    Raises:
        RuntimeError: shapes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.lp_pool2d(torch.zeros(1, 1, 4, 4), 2, 2).shape
        torch.Size([1, 1, 2, 2])
    """
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    r"""Return the norm of each window of 3 dimensions: :math:`\sqrt[p]{\sum x^p}`.

    Args:
        input: floating, shape (N, C, D, H, W) or (C, D, H, W).
        norm_type: :math:`p`; infinity takes the largest magnitude.
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        ceil_mode: let the last windows reach beyond the input.

    Raises:
        RuntimeError: shapes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.lp_pool3d(torch.zeros(1, 1, 4, 4, 4), 2, 2).shape
        torch.Size([1, 1, 2, 2, 2])
    """
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)
