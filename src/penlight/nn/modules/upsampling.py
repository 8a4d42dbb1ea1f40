"""Upsampling modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from .module import Module

__all__ = ["Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]

Sizes = int | Sequence[int]
Factors = float | Sequence[float]


class Upsample(Module):
    r"""Resample a signal, image or volume; see :func:`torch.nn.functional.interpolate`.

    Args:
        size: of the spatial dimensions afterwards.
        scale_factor: by how much they grow, instead of ``size``.
        mode: ``"nearest"``, ``"linear"``, ``"bilinear"``, ``"bicubic"``, ``"trilinear"``, …
        align_corners: keep the middles of the corner elements where they are.
        recompute_scale_factor: take the step from the sizes and not from ``scale_factor``.

    Shape:
        - input: (N, C, L), (N, C, H, W) or (N, C, D, H, W); output: (N, C, \*size)

    Example:
        >>> import penlight as torch
        >>> torch.nn.Upsample(scale_factor=2)(torch.zeros(1, 3, 4, 5)).shape
        torch.Size([1, 3, 8, 10])
    """

    __constants__ = (
        "size",
        "scale_factor",
        "mode",
        "align_corners",
        "name",
        "recompute_scale_factor",
    )

    def __init__(
        self,
        size: Sizes | None = None,
        scale_factor: Factors | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        """Keep the options."""
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        self.scale_factor: Any = None
        if isinstance(scale_factor, tuple):
            self.scale_factor = tuple(float(each) for each in scale_factor)
        elif scale_factor:
            self.scale_factor = float(scale_factor)  # type: ignore[arg-type] # a number
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` resampled."""
        return F.interpolate(
            input,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            self.recompute_scale_factor,
        )

    def extra_repr(self) -> str:
        """Return the size or the factor, and the mode."""
        if self.scale_factor is not None:
            return f"scale_factor={self.scale_factor!r}, mode={self.mode!r}"
        return f"size={self.size!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Resample an image by its nearest elements; :class:`Upsample` of this mode.

    Args:
        size: of the image afterwards.
        scale_factor: by how much it grows, instead of ``size``.

    Example:
        >>> import penlight as torch
        >>> torch.nn.UpsamplingNearest2d(scale_factor=2)(torch.tensor([[[[1.0, 3.0]]]]))
        tensor([[[[1., 1., 3., 3.],
                  [1., 1., 3., 3.]]]])
    """

    def __init__(self, size: Sizes | None = None, scale_factor: Factors | None = None) -> None:
        """Keep the size or the factor."""
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Resample an image linearly, the corners kept; :class:`Upsample` of this mode.

    Args:
        size: of the image afterwards.
        scale_factor: by how much it grows, instead of ``size``.

    Example:
        >>> import penlight as torch
        >>> torch.nn.UpsamplingBilinear2d(size=(1, 3))(torch.tensor([[[[1.0, 3.0]]]]))
        tensor([[[[1., 2., 3.]]]])
    """

    def __init__(self, size: Sizes | None = None, scale_factor: Factors | None = None) -> None:
        """Keep the size or the factor."""
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
