"""Convolution along the first of the dimensions (time, batch, channels)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array
from ._check import refuse, scalar_type
from ._op import op
from .products import multiply
from .rearrange import constant_pad_nd

__all__ = ["conv_tbc"]


def _of_input(grad: Any, weight: Any, pad: int) -> Any:
    """Return the gradient of the input: every place that a step of it went to, then the padding."""
    turned = weight.flip(0).transpose(1, 2)
    padded = conv_tbc(grad, turned, _no_bias(turned), weight.shape[0] - 1)
    return constant_pad_nd(padded, (0, 0, 0, 0, -pad, -pad)) if pad else padded


def _of_weight(grad: Any, input: Any, pad: int) -> Any:
    """Return the gradient of the weight: the steps of the input under those of the gradient."""
    return conv_tbc(input.transpose(1, 2), grad, _no_bias(grad), pad)


def _no_bias(weight: Any) -> Any:
    return weight.new_zeros(weight.shape[2])


@op(
    "conv_tbc",
    method=False,
    input=lambda grad, weight, pad: _of_input(grad, weight, pad),
    weight=lambda grad, input, pad: _of_weight(grad, input, pad),
    bias=lambda grad: grad.sum((0, 1)),
)
def conv_tbc(input: Array, weight: Array, bias: Array, pad: int = 0) -> Array:
    r"""Convolve sequences that are laid out as (time, batch, channels).

    .. math:: y_{t,b} = \beta + \sum_k x_{t + k - \text{pad},\, b}\, W_k

    where steps before the first and after the last are zero. It is :func:`conv1d` of the same
    sequences as (batch, channels, time), whose weight has the order (out, in, K).

    Args:
        input: :math:`x`, the sequences.
        weight: :math:`W`, the kernel.
        bias: :math:`\beta`.
        pad: steps of zeros to add at both ends; of a negative number so many are cut off.

    Shape:
        - input: :math:`(T, B, C_{in})`; weight: :math:`(K, C_{in}, C_{out})`; bias:
          :math:`(C_{out})`
        - output: :math:`(T + 2\,\text{pad} - K + 1, B, C_{out})`

    Raises:
        RuntimeError: a shape or dtype does not fit.
        TypeError: ``pad`` is not an int.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> steps = torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1)
        >>> F.conv_tbc(steps, torch.ones(2, 1, 1), torch.zeros(1)).flatten()
        tensor([3., 5.])
    """
    if not isinstance(pad, int):
        msg = f"conv_tbc(): argument 'pad' must be int, not {type(pad).__name__}"
        raise TypeError(msg)
    _check(input, weight, bias)
    width, channels, features = weight.shape
    padded = _padded(input, pad)
    steps, batch = len(padded) - width + 1, input.shape[1]
    if steps < 0:
        refuse(
            f"Trying to create tensor with negative dimension {steps}: "
            f"{[steps, batch, features]}: {len(padded)} steps, padding included, are fewer than a "
            f"kernel of {width} needs"
        )
    windows = np.ndarray(
        (steps, batch, width, channels),
        padded.dtype,
        padded,
        strides=(*padded.strides[:2], padded.strides[0], padded.strides[2]),
    )
    columns = windows.reshape(steps * batch, width * channels)
    product = multiply("addmm_impl_cpu_", columns, weight.reshape(-1, features))
    return product.reshape(steps, batch, features) + bias


def _padded(input: Array, pad: int) -> Array:
    """Return the steps with zeros at both ends, or without some, in memory of their own."""
    steps = len(input)
    out = np.zeros((max(0, steps + 2 * pad), *input.shape[1:]), input.dtype)
    first, last = max(0, -pad), min(steps, steps + pad)
    if last > first:
        out[first + pad : last + pad] = input[first:last]
    return out


def _check(input: Array, weight: Array, bias: Array) -> None:
    msg = ""
    if input.ndim != 3:
        msg = f"Input must have 3 dims: time, batch, in_channel; got shape {list(input.shape)}"
    elif weight.ndim != 3:
        msg = (
            "Weight tensor must have 3 dims: kernel_width, in_channels, out_channels.; got shape "
            f"{list(weight.shape)}"
        )
    elif bias.ndim != 1:
        msg = f"Bias must be 1-D, got shape {list(bias.shape)}"
    elif input.shape[2] != weight.shape[1]:
        msg = (
            "Input dim 2 (input channels) is not == dim 1 in the weight tensor: got "
            f"{input.shape[2]} and {weight.shape[1]}"
        )
    elif bias.shape[0] != weight.shape[2]:
        msg = (
            "Bias size must equal dim 2 in the weight tensor (output channels).; got "
            f"{bias.shape[0]} and {weight.shape[2]}"
        )
    elif not input.dtype == weight.dtype == bias.dtype:
        other = weight if weight.dtype != input.dtype else bias
        msg = (
            f"self and mat2 must have the same dtype, but got {scalar_type(input)} and "
            f"{scalar_type(other)}: conv_tbc takes input, weight and bias of one dtype"
        )
    if msg:
        refuse(msg)
