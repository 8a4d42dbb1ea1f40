"""Modules of unpooling, the partial inverse of max pooling."""

from __future__ import annotations

from collections.abc import Sequence

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from .module import Module

__all__ = ["MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"]

Size = int | Sequence[int]


class _MaxUnpoolNd(Module):
    """What unpooling of all dimensions shares."""

    _dims: int

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        super().__init__()
        self.kernel_size = self._each(kernel_size)
        self.stride = self._each(kernel_size if stride is None else stride)
        self.padding = self._each(padding)

    def _each(self, value: Size) -> tuple[int, ...]:
        return (value,) * self._dims if isinstance(value, int) else tuple(value)

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Tensor:
        """Return maxima where they stood, of a wanted size if given."""
        function = getattr(F, f"max_unpool{self._dims}d")
        unpooled: Tensor = function(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )
        return unpooled

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Put maxima back where they stood; see :func:`torch.nn.functional.max_unpool1d`.

    Args:
        kernel_size: of the windows that were pooled.
        stride: between windows; the kernel's size when left out.
        padding: that the input of the pooling had.

    Shape:
        - input and indices: (N, C, L) or (C, L), as pooling returned them
        - output: the same with the sizes from before

    Example:
        >>> import penlight as torch
        >>> pooled, indices = torch.nn.MaxPool1d(2, return_indices=True)(torch.rand(1, 1, 8))
        >>> torch.nn.MaxUnpool1d(2)(pooled, indices).shape
        torch.Size([1, 1, 8])
    """

    _dims = 1


class MaxUnpool2d(_MaxUnpoolNd):
    """Put maxima back where they stood; see :func:`torch.nn.functional.max_unpool2d`.

    Args:
        kernel_size: of the windows that were pooled.
        stride: between windows; the kernel's size when left out.
        padding: that the input of the pooling had.

    Shape:
        - input and indices: (N, C, H, W) or (C, H, W), as pooling returned them
        - output: the same with the sizes from before

    Example:
        >>> import penlight as torch
        >>> pooled, indices = torch.nn.MaxPool2d(2, return_indices=True)(torch.rand(1, 1, 8, 8))
        >>> torch.nn.MaxUnpool2d(2)(pooled, indices).shape
        torch.Size([1, 1, 8, 8])
    """

    _dims = 2


class MaxUnpool3d(_MaxUnpoolNd):
    """Put maxima back where they stood; see :func:`torch.nn.functional.max_unpool3d`.

    Args:
        kernel_size: of the windows that were pooled.
        stride: between windows; the kernel's size when left out.
        padding: that the input of the pooling had.

    Shape:
        - input and indices: (N, C, D, H, W) or (C, D, H, W), as pooling returned them
        - output: the same with the sizes from before

    Example:
        >>> import penlight as torch
        >>> pooled, indices = torch.nn.MaxPool3d(2, return_indices=True)(torch.rand(1, 1, 8, 8, 8))
        >>> torch.nn.MaxUnpool3d(2)(pooled, indices).shape
        torch.Size([1, 1, 8, 8, 8])
    """

    _dims = 3
