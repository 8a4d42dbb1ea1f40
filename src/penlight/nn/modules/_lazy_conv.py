"""Convolutions that take the channels of their input from the first one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ..parameter import UninitializedParameter
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .lazy import LazyModuleMixin

__all__ = [
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]

Size = int | Sequence[int]


class _LazyConvNd(LazyModuleMixin):
    """What lazy convolutions share: the channels of the input from the first input."""

    _dims: int
    transposed: bool
    groups: int
    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    weight: Any
    bias: Any

    def _wait(self, out_channels: int, bias: bool, device: Any, dtype: _dtype | None) -> None:
        """Make weight and bias without a shape."""
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_channels = out_channels
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()  # type: ignore[misc] # the convolution's

    def initialize_parameters(self, input: Tensor, *_: Any, **__: Any) -> None:
        """Give weight and bias the shapes that ``input`` asks for."""
        if not self.has_uninitialized_params():
            return
        self.in_channels = self._channels_of(input)
        if self.in_channels % self.groups:
            msg = (
                f"in_channels must be divisible by groups: got in_channels={self.in_channels}, "
                f"groups={self.groups}"
            )
            raise ValueError(msg)
        first, second = self.out_channels, self.in_channels
        if self.transposed:
            first, second = second, first
        self.weight.materialize((first, second // self.groups, *self.kernel_size))
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()

    def _channels_of(self, input: Tensor) -> int:
        dims = self._dims
        if input.dim() not in {dims + 1, dims + 2}:
            msg = (
                f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
            raise RuntimeError(msg)
        channels: int = input.shape[input.dim() - dims - 1]
        return channels


class LazyConv1d(_LazyConvNd, Conv1d):
    """A :class:`Conv1d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size: of the kernel.
        stride: of the kernel.
        padding: on both sides, or ``"valid"`` or ``"same"``.
        dilation: distance between the elements of the kernel.
        groups: parts into which the channels fall.
        bias: whether to add a trained bias.
        padding_mode: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input: (N, C_in, L) or (C_in, L); output the same with C_out channels

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyConv1d(5, 3)(torch.zeros(2, 3, 8)).shape
        torch.Size([2, 5, 6])
    """

    cls_to_become = Conv1d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make weight and bias without a shape."""
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._wait(out_channels, bias, device, dtype)


class LazyConv2d(_LazyConvNd, Conv2d):
    """A :class:`Conv2d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size: of the kernel.
        stride: of the kernel.
        padding: on both sides, or ``"valid"`` or ``"same"``.
        dilation: distance between the elements of the kernel.
        groups: parts into which the channels fall.
        bias: whether to add a trained bias.
        padding_mode: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input: (N, C_in, H, W) or (C_in, H, W); output the same with C_out channels

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyConv2d(5, 3)(torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 5, 6, 6])
    """

    cls_to_become = Conv2d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make weight and bias without a shape."""
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._wait(out_channels, bias, device, dtype)


class LazyConv3d(_LazyConvNd, Conv3d):
    """A :class:`Conv3d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size: of the kernel.
        stride: of the kernel.
        padding: on both sides, or ``"valid"`` or ``"same"``.
        dilation: distance between the elements of the kernel.
        groups: parts into which the channels fall.
        bias: whether to add a trained bias.
        padding_mode: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input: (N, C_in, D, H, W) or (C_in, D, H, W); output the same with C_out channels

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyConv3d(5, 3)(torch.zeros(2, 3, 8, 8, 8)).shape
        torch.Size([2, 5, 6, 6, 6])
    """

    cls_to_become = Conv3d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make weight and bias without a shape."""
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._wait(out_channels, bias, device, dtype)


class LazyConvTranspose1d(_LazyConvNd, ConvTranspose1d):
    """A :class:`ConvTranspose1d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size: of the kernel.
        stride: of the convolution whose adjoint this is.
        padding: its padding: cut off on both sides.
        output_padding: added at the end of the output.
        groups: parts into which the channels fall.
        bias: whether to add a trained bias.
        dilation: distance between the elements of the kernel.
        padding_mode: ``"zeros"`` only.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input: (N, C_in, L) or (C_in, L); output the same with C_out channels

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyConvTranspose1d(5, 3)(torch.zeros(2, 3, 8)).shape
        torch.Size([2, 5, 10])
    """

    cls_to_become = ConvTranspose1d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make weight and bias without a shape."""
        super().__init__(
            0,
            0,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            False,
            dilation,
            padding_mode,
        )
        self._wait(out_channels, bias, device, dtype)


class LazyConvTranspose2d(_LazyConvNd, ConvTranspose2d):
    """A :class:`ConvTranspose2d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size: of the kernel.
        stride: of the convolution whose adjoint this is.
        padding: its padding: cut off on both sides.
        output_padding: added at the end of the output.
        groups: parts into which the channels fall.
        bias: whether to add a trained bias.
        dilation: distance between the elements of the kernel.
        padding_mode: ``"zeros"`` only.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input: (N, C_in, H, W) or (C_in, H, W); output the same with C_out channels

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyConvTranspose2d(5, 3)(torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 5, 10, 10])
    """

    cls_to_become = ConvTranspose2d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make weight and bias without a shape."""
        super().__init__(
            0,
            0,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            False,
            dilation,
            padding_mode,
        )
        self._wait(out_channels, bias, device, dtype)


class LazyConvTranspose3d(_LazyConvNd, ConvTranspose3d):
    """A :class:`ConvTranspose3d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size: of the kernel.
        stride: of the convolution whose adjoint this is.
        padding: its padding: cut off on both sides.
        output_padding: added at the end of the output.
        groups: parts into which the channels fall.
        bias: whether to add a trained bias.
        dilation: distance between the elements of the kernel.
        padding_mode: ``"zeros"`` only.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input: (N, C_in, D, H, W) or (C_in, D, H, W); output the same with C_out channels

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyConvTranspose3d(5, 3)(torch.zeros(2, 3, 8, 8, 8)).shape
        torch.Size([2, 5, 10, 10, 10])
    """

    cls_to_become = ConvTranspose3d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make weight and bias without a shape."""
        super().__init__(
            0,
            0,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            False,
            dilation,
            padding_mode,
        )
        self._wait(out_channels, bias, device, dtype)
