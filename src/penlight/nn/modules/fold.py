"""Modules of sliding blocks."""

from __future__ import annotations

from collections.abc import Sequence

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from .module import Module

__all__ = ["Fold", "Unfold"]

Sizes = int | Sequence[int]


class Fold(Module):
    r"""Add sliding blocks, given as columns, into images; see :func:`torch.nn.functional.fold`.

    Args:
        output_size: of the images.
        kernel_size: the size of a block.
        dilation: distance between the elements of a block.
        padding: what is cut off on all sides.
        stride: between blocks.

    Shape:
        - input: :math:`(N, C \prod \text{kernel\_size}, L)`, or without N
        - output: (N, C, \*output_size), or without N

    Example:
        >>> import penlight as torch
        >>> torch.nn.Fold((4, 5), 2)(torch.zeros(1, 12, 12)).shape
        torch.Size([1, 3, 4, 5])
    """

    __constants__ = ("output_size", "kernel_size", "dilation", "padding", "stride")

    def __init__(
        self,
        output_size: Sizes,
        kernel_size: Sizes,
        dilation: Sizes = 1,
        padding: Sizes = 0,
        stride: Sizes = 1,
    ) -> None:
        """Keep the sizes."""
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """Return the images."""
        return F.fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )

    def extra_repr(self) -> str:
        """Return the sizes."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, "
            f"dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )


class Unfold(Module):
    r"""Return sliding blocks of images as columns; see :func:`torch.nn.functional.unfold`.

    Args:
        kernel_size: the size of a block.
        dilation: distance between the elements of a block.
        padding: zeros on all sides.
        stride: between blocks.

    Shape:
        - input: (N, C, H, W) or (C, H, W)
        - output: :math:`(N, C \prod \text{kernel\_size}, L)` with :math:`L` blocks

    Example:
        >>> import penlight as torch
        >>> torch.nn.Unfold((2, 3))(torch.zeros(2, 5, 3, 4)).shape
        torch.Size([2, 30, 4])
    """

    __constants__ = ("kernel_size", "dilation", "padding", "stride")

    def __init__(
        self, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
    ) -> None:
        """Keep the sizes."""
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """Return the columns."""
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )
