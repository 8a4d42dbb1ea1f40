"""Modules that lay channels out as pixels, and back."""

from __future__ import annotations

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from .module import Module

__all__ = ["PixelShuffle", "PixelUnshuffle"]


class PixelShuffle(Module):
    r"""Make an image larger by laying groups of channels out as blocks of pixels.

    Args:
        upscale_factor: :math:`r`, by how much height and width grow.

    Shape:
        - input: :math:`(*, C r^2, H, W)`; output: :math:`(*, C, H r, W r)`

    Example:
        >>> import penlight as torch
        >>> torch.nn.PixelShuffle(3)(torch.zeros(1, 9, 4, 4)).shape
        torch.Size([1, 1, 12, 12])

    References:
        Shi et al. 2016, Real-Time Single Image and Video Super-Resolution Using an Efficient
        Sub-Pixel Convolutional Neural Network, arXiv 1609.05158.
    """

    __constants__ = ("upscale_factor",)

    def __init__(self, upscale_factor: int) -> None:
        """Keep the factor."""
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Return the larger image."""
        shuffled: Tensor = F.pixel_shuffle(input, self.upscale_factor)
        return shuffled

    def extra_repr(self) -> str:
        """Return the factor."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    r"""Undo :class:`PixelShuffle`: make groups of channels of blocks of pixels.

    Args:
        downscale_factor: :math:`r`, by how much height and width shrink.

    Shape:
        - input: :math:`(*, C, H r, W r)`; output: :math:`(*, C r^2, H, W)`

    Example:
        >>> import penlight as torch
        >>> torch.nn.PixelUnshuffle(3)(torch.zeros(1, 1, 12, 12)).shape
        torch.Size([1, 9, 4, 4])
    """

    __constants__ = ("downscale_factor",)

    def __init__(self, downscale_factor: int) -> None:
        """Keep the factor."""
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Return the smaller image."""
        shuffled: Tensor = F.pixel_unshuffle(input, self.downscale_factor)
        return shuffled

    def extra_repr(self) -> str:
        """Return the factor."""
        return f"downscale_factor={self.downscale_factor}"
