"""Modules of power-average pooling."""

from __future__ import annotations

from collections.abc import Sequence

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from .module import Module

__all__ = ["LPPool1d", "LPPool2d", "LPPool3d"]

Size = int | Sequence[int]


class _LPPoolNd(Module):
    """What power-average pooling of all dimensions shares."""

    __constants__ = ("norm_type", "kernel_size", "stride", "ceil_mode")
    _dims: int

    def __init__(
        self,
        norm_type: float,
        kernel_size: Size,
        stride: Size | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """Return the norms."""
        function = getattr(F, f"lp_pool{self._dims}d")
        pooled: Tensor = function(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )
        return pooled

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    r"""Take the norm of each window; see :func:`torch.nn.functional.lp_pool1d`.

    Args:
        norm_type: the power; infinity takes the largest magnitude.
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        ceil_mode: let the last windows reach beyond the input.

    Shape:
        - input: (N, C, L) or (C, L); output the same with as many as there are windows

    Example:
        >>> import penlight as torch
        >>> torch.nn.LPPool1d(2, 2)(torch.zeros(1, 1, 8)).shape
        torch.Size([1, 1, 4])
    """

    _dims = 1


class LPPool2d(_LPPoolNd):
    r"""Take the norm of each window; see :func:`torch.nn.functional.lp_pool2d`.

    Args:
        norm_type: the power; infinity takes the largest magnitude.
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        ceil_mode: let the last windows reach beyond the input.

    Shape:
        - input: (N, C, H, W) or (C, H, W); output the same with as many as there are windows

    Example:
        >>> import penlight as torch
        >>> torch.nn.LPPool2d(2, 2)(torch.zeros(1, 1, 8, 8)).shape
        torch.Size([1, 1, 4, 4])
    """

    _dims = 2


class LPPool3d(_LPPoolNd):
    r"""Take the norm of each window; see :func:`torch.nn.functional.lp_pool3d`.

    Args:
        norm_type: the power; infinity takes the largest magnitude.
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        ceil_mode: let the last windows reach beyond the input.

    Shape:
        - input: (N, C, D, H, W) or (C, D, H, W); output the same with as many as there are windows

    Example:
        >>> import penlight as torch
        >>> torch.nn.LPPool3d(2, 2)(torch.zeros(1, 1, 8, 8, 8)).shape
        torch.Size([1, 1, 4, 4, 4])
    """

    _dims = 3
