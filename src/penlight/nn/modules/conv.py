"""Convolutions and transposed convolutions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ...ops.creation import empty
from .. import (
    functional as F,  # noqa: N812 - the name everybody knows
    init,
)
from ..parameter import Parameter
from .module import Module

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
]

Size = int | Sequence[int]

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def _each(value: Size, dims: int) -> tuple[int, ...]:
    """Return one number a dimension."""
    return (value,) * dims if isinstance(value, int) else tuple(value)


class _ConvNd(Module):
    """What all convolutions share: parameters, their initial values, and the printed form."""

    __constants__ = (
        "stride",
        "padding",
        "dilation",
        "groups",
        "padding_mode",
        "output_padding",
        "in_channels",
        "out_channels",
        "kernel_size",
    )
    _dims: int
    _transposed = False
    weight: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size,
        padding: Size | str,
        dilation: Size,
        output_padding: Size,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: _dtype | None,
    ) -> None:
        super().__init__()
        dims = self._dims
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _each(kernel_size, dims)
        self.stride = _each(stride, dims)
        self.padding = padding if isinstance(padding, str) else _each(padding, dims)
        self.dilation = _each(dilation, dims)
        self.transposed = self._transposed
        self.output_padding = _each(output_padding, dims)
        self.groups = groups
        self.padding_mode = padding_mode
        self._check()
        self._reversed_padding_repeated_twice = self._widths()
        shape = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        size = (shape[0], shape[1] // groups, *self.kernel_size)
        self.weight = Parameter(empty(size, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _check(self) -> None:
        if self.groups <= 0:
            msg = f"groups must be a positive integer, got {self.groups}"
            raise ValueError(msg)
        for name in ("in_channels", "out_channels"):
            if getattr(self, name) % self.groups:
                msg = (
                    f"{name} must be divisible by groups: got {name}={getattr(self, name)}, "
                    f"groups={self.groups}"
                )
                raise ValueError(msg)
        if isinstance(self.padding, str):
            if self.padding not in {"same", "valid"}:
                msg = (
                    f"Invalid padding string {self.padding!r}, should be one of {{'valid', 'same'}}"
                )
                raise ValueError(msg)
            if self.padding == "same" and any(step != 1 for step in self.stride):
                msg = (
                    "padding='same' is not supported for strided convolutions: got "
                    f"stride={self.stride}"
                )
                raise ValueError(msg)
        if self.padding_mode not in _PADDING_MODES:
            msg = (
                f"padding_mode must be one of {set(_PADDING_MODES)}, but got "
                f"padding_mode='{self.padding_mode}'"
            )
            raise ValueError(msg)

    def _widths(self) -> list[int]:
        """Return the padding as ``F.pad`` takes it: both sides, last dimension first."""
        if self.padding == "valid":
            return [0] * (2 * self._dims)
        if isinstance(self.padding, str):
            total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            sides = [(n // 2, n - n // 2) for n in total]
        else:
            sides = [(width, width) for width in self.padding]
        return [width for pair in reversed(sides) for width in pair]

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        # torch: a = sqrt(5) makes He's bound 1 / sqrt(fan in).
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """Return the sizes, and the options that are not as usual."""
        shown = [
            f"{self.in_channels}",
            f"{self.out_channels}",
            f"kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        nothing, ones = (0,) * self._dims, (1,) * self._dims
        if self.padding != nothing:
            shown.append(f"padding={self.padding}")
        if self.dilation != ones:
            shown.append(f"dilation={self.dilation}")
        if self.output_padding != nothing:
            shown.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            shown.append(f"groups={self.groups}")
        if self.bias is None:
            shown.append("bias=False")
        if self.padding_mode != "zeros":
            shown.append(f"padding_mode={self.padding_mode}")
        return ", ".join(shown)


class _Conv(_ConvNd):
    """A convolution; subclasses say of how many dimensions."""

    def __init__(
        self,
        in_channels: int,
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
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            0,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Convolve with any weight and bias; subclasses that hook in here are many."""
        padding: Size | str = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = 0
        function = getattr(F, f"conv{self._dims}d")
        out: Tensor = function(
            input, weight, bias, self.stride, padding, self.dilation, self.groups
        )
        return out

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution of ``input``."""
        return self._conv_forward(input, self.weight, self.bias)


class _ConvTransposed(_ConvNd):
    """A transposed convolution; subclasses say of how many dimensions."""

    _transposed = True

    def __init__(
        self,
        in_channels: int,
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
        if padding_mode != "zeros":
            msg = (
                f'Only "zeros" padding mode is supported for {type(self).__name__}, got '
                f"{padding_mode!r}"
            )
            raise ValueError(msg)
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _output_padding(self, input: Tensor, output_size: Sequence[int] | None) -> tuple[int, ...]:
        """Return what makes the output of a wanted size, which a stride leaves open."""
        if output_size is None:
            return self.output_padding
        dims = self._dims
        wanted = tuple(output_size)
        if len(wanted) == input.dim():
            wanted = wanted[-dims:]
        if len(wanted) != dims:
            msg = (
                f"ConvTranspose{dims}D: for {input.dim()}D input, output_size must have {dims} or "
                f"{input.dim()} elements (got {len(output_size)})"
            )
            raise ValueError(msg)
        padding = _each(self.padding, dims) if not isinstance(self.padding, str) else ()
        rows = zip(
            input.shape[-dims:], self.kernel_size, self.stride, padding, self.dilation, strict=True
        )
        least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in rows]
        most = [n + s - 1 for n, s in zip(least, self.stride, strict=True)]
        if any(not a <= n <= b for n, a, b in zip(wanted, least, most, strict=True)):
            msg = (
                f"requested an output size of {list(wanted)}, but valid sizes range from {least} "
                f"to {most} (for an input of {list(input.shape[-dims:])})"
            )
            raise ValueError(msg)
        return tuple(n - a for n, a in zip(wanted, least, strict=True))

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Return the transposed convolution of ``input``, of a wanted spatial size if given."""
        function = getattr(F, f"conv_transpose{self._dims}d")
        out: Tensor = function(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self._output_padding(input, output_size),
            self.groups,
            self.dilation,
        )
        return out


class Conv1d(_Conv):
    r"""Convolve signals of 1 dimension; see :func:`torch.nn.functional.conv1d`.

    Weight and bias start uniform in :math:`(-\sqrt{k}, \sqrt{k})` with :math:`k =
    \text{groups} / (C_{in} \prod \text{kernel\_size})`.

    Args:
        in_channels: channels of the input.
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

    Attributes:
        weight: shape (out_channels, in_channels / groups, kernel)
        bias: shape (out_channels), or ``None``

    Raises:
        ValueError: the channels do not fall into the groups, or the padding is none of these.

    Example:
        >>> import penlight as torch
        >>> torch.nn.Conv1d(3, 5, 3)(torch.zeros(2, 3, 8)).shape
        torch.Size([2, 5, 6])
    """

    _dims = 1


class Conv2d(_Conv):
    r"""Convolve signals of 2 dimensions; see :func:`torch.nn.functional.conv2d`.

    Weight and bias start uniform in :math:`(-\sqrt{k}, \sqrt{k})` with :math:`k =
    \text{groups} / (C_{in} \prod \text{kernel\_size})`.

    Args:
        in_channels: channels of the input.
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

    Attributes:
        weight: shape (out_channels, in_channels / groups, kernel)
        bias: shape (out_channels), or ``None``

    Raises:
        ValueError: the channels do not fall into the groups, or the padding is none of these.

    Example:
        >>> import penlight as torch
        >>> torch.nn.Conv2d(3, 5, 3)(torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 5, 6, 6])
    """

    _dims = 2


class Conv3d(_Conv):
    r"""Convolve signals of 3 dimensions; see :func:`torch.nn.functional.conv3d`.

    Weight and bias start uniform in :math:`(-\sqrt{k}, \sqrt{k})` with :math:`k =
    \text{groups} / (C_{in} \prod \text{kernel\_size})`.

    Args:
        in_channels: channels of the input.
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

    Attributes:
        weight: shape (out_channels, in_channels / groups, kernel)
        bias: shape (out_channels), or ``None``

    Raises:
        ValueError: the channels do not fall into the groups, or the padding is none of these.

    Example:
        >>> import penlight as torch
        >>> torch.nn.Conv3d(3, 5, 3)(torch.zeros(2, 3, 8, 8, 8)).shape
        torch.Size([2, 5, 6, 6, 6])
    """

    _dims = 3


class ConvTranspose1d(_ConvTransposed):
    r"""The adjoint of :class:`Conv1d` in its input, which enlarges signals by the stride.

    Weight and bias start as those of :class:`Conv1d` with the channels of the output.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: of the kernel.
        stride: of the convolution whose adjoint this is.
        padding: its padding: cut off on both sides.
        output_padding: added at the end of the output.
        groups: parts into which the channels fall.
        bias: whether to add a trained bias.
        dilation: distance between the elements of the kernel.
        padding_mode: ``"zeros"``.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input: (N, C_in, L) or (C_in, L); output the same with C_out channels

    Attributes:
        weight: shape (in_channels, out_channels / groups, kernel)
        bias: shape (out_channels), or ``None``

    Raises:
        ValueError: the channels do not fall into the groups, or another padding mode.

    Example:
        >>> import penlight as torch
        >>> torch.nn.ConvTranspose1d(3, 5, 3, stride=2)(torch.zeros(2, 3, 4)).shape
        torch.Size([2, 5, 9])
    """

    _dims = 1


class ConvTranspose2d(_ConvTransposed):
    r"""The adjoint of :class:`Conv2d` in its input, which enlarges signals by the stride.

    Weight and bias start as those of :class:`Conv2d` with the channels of the output.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: of the kernel.
        stride: of the convolution whose adjoint this is.
        padding: its padding: cut off on both sides.
        output_padding: added at the end of the output.
        groups: parts into which the channels fall.
        bias: whether to add a trained bias.
        dilation: distance between the elements of the kernel.
        padding_mode: ``"zeros"``.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input: (N, C_in, H, W) or (C_in, H, W); output the same with C_out channels

    Attributes:
        weight: shape (in_channels, out_channels / groups, kernel)
        bias: shape (out_channels), or ``None``

    Raises:
        ValueError: the channels do not fall into the groups, or another padding mode.

    Example:
        >>> import penlight as torch
        >>> torch.nn.ConvTranspose2d(3, 5, 3, stride=2)(torch.zeros(2, 3, 4, 4)).shape
        torch.Size([2, 5, 9, 9])
    """

    _dims = 2


class ConvTranspose3d(_ConvTransposed):
    r"""The adjoint of :class:`Conv3d` in its input, which enlarges signals by the stride.

    Weight and bias start as those of :class:`Conv3d` with the channels of the output.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: of the kernel.
        stride: of the convolution whose adjoint this is.
        padding: its padding: cut off on both sides.
        output_padding: added at the end of the output.
        groups: parts into which the channels fall.
        bias: whether to add a trained bias.
        dilation: distance between the elements of the kernel.
        padding_mode: ``"zeros"``.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input: (N, C_in, D, H, W) or (C_in, D, H, W); output the same with C_out channels

    Attributes:
        weight: shape (in_channels, out_channels / groups, kernel)
        bias: shape (out_channels), or ``None``

    Raises:
        ValueError: the channels do not fall into the groups, or another padding mode.

    Example:
        >>> import penlight as torch
        >>> torch.nn.ConvTranspose3d(3, 5, 3, stride=2)(torch.zeros(2, 3, 4, 4, 4)).shape
        torch.Size([2, 5, 9, 9, 9])
    """

    _dims = 3
