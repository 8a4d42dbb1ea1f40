"""Pooling modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from .module import Module

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
]

Size = int | Sequence[int]
OutputSize = int | None | Sequence[int | None]


class _MaxPoolNd(Module):
    """What max pooling of all dimensions shares."""

    __constants__ = (
        "kernel_size",
        "stride",
        "padding",
        "dilation",
        "return_indices",
        "ceil_mode",
    )

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with where they stand if that is wanted."""
        function = getattr(F, self._function)
        return function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    _function: str

    def extra_repr(self) -> str:
        """Return the sizes."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class _AvgPoolNd(Module):
    """What average pooling of all dimensions shares."""

    __constants__ = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
    kernel_size: Size
    stride: Size
    padding: Size

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPoolOverridable(_AvgPoolNd):
    """Average pooling of two and three dimensions."""

    __constants__ = (*_AvgPoolNd.__constants__, "divisor_override")  # type: ignore[assignment]
    _function: str

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        pooled: Tensor = getattr(F, self._function)(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )
        return pooled


class _AdaptivePoolNd(Module):
    """What adaptive pooling shares."""

    __constants__ = ("output_size",)
    output_size: OutputSize

    def extra_repr(self) -> str:
        """Return the output's size."""
        return f"output_size={self.output_size}"


class _AdaptiveMaxPoolNd(_AdaptivePoolNd):
    """What adaptive max pooling of all dimensions shares."""

    _function: str

    def __init__(self, output_size: OutputSize, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with where they stand if that is wanted."""
        return getattr(F, self._function)(input, self.output_size, self.return_indices)


class _AdaptiveAvgPoolNd(_AdaptivePoolNd):
    """What adaptive average pooling of all dimensions shares."""

    _function: str

    def __init__(self, output_size: OutputSize) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        pooled: Tensor = getattr(F, self._function)(input, self.output_size)
        return pooled


class MaxPool1d(_MaxPoolNd):
    """Take the largest of each window; see :func:`torch.nn.functional.max_pool1d`.

    Args:
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        padding: on both sides, at most half the kernel; never the largest.
        dilation: distance between the elements of a window.
        return_indices: return where the largest stand, too.
        ceil_mode: let the last windows reach beyond the input.

    Shape:
        - input: (N, C, L) or (C, L); output the same with as many as there are windows

    Example:
        >>> import penlight as torch
        >>> torch.nn.MaxPool1d(2)(torch.zeros(2, 3, 8)).shape
        torch.Size([2, 3, 4])
    """

    _function = "max_pool1d"


class MaxPool2d(_MaxPoolNd):
    """Take the largest of each window; see :func:`torch.nn.functional.max_pool2d`.

    Args:
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        padding: on both sides, at most half the kernel; never the largest.
        dilation: distance between the elements of a window.
        return_indices: return where the largest stand, too.
        ceil_mode: let the last windows reach beyond the input.

    Shape:
        - input: (N, C, H, W) or (C, H, W); output the same with as many as there are windows

    Example:
        >>> import penlight as torch
        >>> torch.nn.MaxPool2d(2)(torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 3, 4, 4])
    """

    _function = "max_pool2d"


class MaxPool3d(_MaxPoolNd):
    """Take the largest of each window; see :func:`torch.nn.functional.max_pool3d`.

    Args:
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        padding: on both sides, at most half the kernel; never the largest.
        dilation: distance between the elements of a window.
        return_indices: return where the largest stand, too.
        ceil_mode: let the last windows reach beyond the input.

    Shape:
        - input: (N, C, D, H, W) or (C, D, H, W); output the same with as many as there are windows

    Example:
        >>> import penlight as torch
        >>> torch.nn.MaxPool3d(2)(torch.zeros(2, 3, 8, 8, 8)).shape
        torch.Size([2, 3, 4, 4, 4])
    """

    _function = "max_pool3d"


class AvgPool1d(_AvgPoolNd):
    """Take the mean of each window; see :func:`torch.nn.functional.avg_pool1d`.

    Args:
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        padding: zeros on both sides, at most half the kernel.
        ceil_mode: let the last windows reach beyond the input.
        count_include_pad: divide by the window's size, zeros of the padding among it.

    Shape:
        - input: (N, C, L) or (C, L); output the same with as many as there are windows

    Example:
        >>> import penlight as torch
        >>> torch.nn.AvgPool1d(2)(torch.zeros(2, 3, 8)).shape
        torch.Size([2, 3, 4])
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = _single(kernel_size)
        self.stride = _single(stride if stride is not None else kernel_size)
        self.padding = _single(padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.avg_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
        )


def _single(size: Size) -> tuple[int, ...]:
    """Return a size as torch keeps it here: one number, in a tuple."""
    return (size,) if isinstance(size, int) else tuple(size)


class AvgPool2d(_AvgPoolOverridable):
    """Take the mean of each window; see :func:`torch.nn.functional.avg_pool2d`.

    Args:
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        padding: zeros on both sides, at most half the kernel.
        ceil_mode: let the last windows reach beyond the input.
        count_include_pad: divide by the window's size, zeros of the padding among it.
        divisor_override: divide by this instead.

    Shape:
        - input: (N, C, H, W) or (C, H, W); output the same with as many as there are windows

    Example:
        >>> import penlight as torch
        >>> torch.nn.AvgPool2d(2)(torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 3, 4, 4])
    """

    _function = "avg_pool2d"


class AvgPool3d(_AvgPoolOverridable):
    """Take the mean of each window; see :func:`torch.nn.functional.avg_pool3d`.

    Args:
        kernel_size: of a window.
        stride: between windows; the kernel's size when left out.
        padding: zeros on both sides, at most half the kernel.
        ceil_mode: let the last windows reach beyond the input.
        count_include_pad: divide by the window's size, zeros of the padding among it.
        divisor_override: divide by this instead.

    Shape:
        - input: (N, C, D, H, W) or (C, D, H, W); output the same with as many as there are windows

    Example:
        >>> import penlight as torch
        >>> torch.nn.AvgPool3d(2)(torch.zeros(2, 3, 8, 8, 8)).shape
        torch.Size([2, 3, 4, 4, 4])
    """

    _function = "avg_pool3d"


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """Take the largest of so many parts; see :func:`torch.nn.functional.adaptive_max_pool1d`.

    Args:
        output_size: the number of parts.
        return_indices: return where the largest stand, too.

    Example:
        >>> import penlight as torch
        >>> torch.nn.AdaptiveMaxPool1d(5)(torch.zeros(2, 3, 8)).shape
        torch.Size([2, 3, 5])
    """

    _function = "adaptive_max_pool1d"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """Take the mean of so many parts; see :func:`torch.nn.functional.adaptive_avg_pool1d`.

    Args:
        output_size: the number of parts.

    Example:
        >>> import penlight as torch
        >>> torch.nn.AdaptiveAvgPool1d(5)(torch.zeros(2, 3, 8)).shape
        torch.Size([2, 3, 5])
    """

    _function = "adaptive_avg_pool1d"


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """Take the largest of so many parts; see :func:`torch.nn.functional.adaptive_max_pool2d`.

    Args:
        output_size: the number of parts of each dimension; None for one an element.
        return_indices: return where the largest stand, too.

    Example:
        >>> import penlight as torch
        >>> torch.nn.AdaptiveMaxPool2d(5)(torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 3, 5, 5])
    """

    _function = "adaptive_max_pool2d"


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """Take the mean of so many parts; see :func:`torch.nn.functional.adaptive_avg_pool2d`.

    Args:
        output_size: the number of parts of each dimension; None for one an element.

    Example:
        >>> import penlight as torch
        >>> torch.nn.AdaptiveAvgPool2d(5)(torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 3, 5, 5])
    """

    _function = "adaptive_avg_pool2d"


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """Take the largest of so many parts; see :func:`torch.nn.functional.adaptive_max_pool3d`.

    Args:
        output_size: the number of parts of each dimension; None for one an element.
        return_indices: return where the largest stand, too.

    Example:
        >>> import penlight as torch
        >>> torch.nn.AdaptiveMaxPool3d(5)(torch.zeros(2, 3, 8, 8, 8)).shape
        torch.Size([2, 3, 5, 5, 5])
    """

    _function = "adaptive_max_pool3d"


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """Take the mean of so many parts; see :func:`torch.nn.functional.adaptive_avg_pool3d`.

    Args:
        output_size: the number of parts of each dimension; None for one an element.

    Example:
        >>> import penlight as torch
        >>> torch.nn.AdaptiveAvgPool3d(5)(torch.zeros(2, 3, 8, 8, 8)).shape
        torch.Size([2, 3, 5, 5, 5])
    """

    _function = "adaptive_avg_pool3d"
