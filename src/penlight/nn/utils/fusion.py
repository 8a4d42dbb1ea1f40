"""A batch norm in evaluation mode, folded into the convolution or linear layer before it."""

from __future__ import annotations

import copy
from typing import Any

from ..._tensor import Tensor
from ...ops.creation import ones_like, zeros_like
from ..parameter import Parameter

__all__ = [
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
]


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """Return a convolution that does what ``conv`` and then ``bn`` do in evaluation mode.

    Args:
        conv: a convolution.
        bn: a batch norm with running statistics.
        transpose: the convolution is a transposed one: its outputs are dimension 1 of the weight.

    Raises:
        AssertionError: one of them is in training mode, or there are no running statistics.

    Example:
        >>> import penlight as torch
        >>> _ = torch.manual_seed(0)
        >>> conv, norm = torch.nn.Conv2d(1, 2, 3).eval(), torch.nn.BatchNorm2d(2).eval()
        >>> fused = torch.nn.utils.fuse_conv_bn_eval(conv, norm)
        >>> x = torch.rand(1, 1, 5, 5)
        >>> torch.allclose(fused(x), norm(conv(x)), atol=1e-6)
        True
    """
    _check_modes(conv, bn)
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight,
        fused.bias,
        bn.running_mean,
        bn.running_var,
        bn.eps,
        bn.weight,
        bn.bias,
        transpose,
    )
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Return weight and bias of a convolution that does the batch norm after it too.

    Args:
        conv_w: the convolution's weight.
        conv_b: its bias.
        bn_rm: the running mean.
        bn_rv: the running variance.
        bn_eps: what is added to it.
        bn_w: the batch norm's weight.
        bn_b: its bias.
        transpose: the outputs are dimension 1 of the weight.
    """
    weight: Any = conv_w
    bias: Any = zeros_like(bn_rm) if conv_b is None else conv_b
    bias_dtype = weight.dtype if conv_b is None else bias.dtype
    mean: Any = bn_rm
    variance: Any = bn_rv
    scale: Any = ones_like(bn_rm) if bn_w is None else bn_w
    shift = zeros_like(bn_rm) if bn_b is None else bn_b
    rstd = (variance + bn_eps).rsqrt()
    shape = [1] * weight.dim()
    shape[1 if transpose else 0] = -1
    fused_weight = (weight * (scale * rstd).reshape(shape)).to(dtype=weight.dtype)
    fused_bias = ((bias - mean) * rstd * scale + shift).to(dtype=bias_dtype)
    return (
        Parameter(fused_weight, weight.requires_grad),
        Parameter(fused_bias, bias.requires_grad),
    )


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """Return a linear layer that does what ``linear`` and then ``bn`` do in evaluation mode.

    Args:
        linear: a linear layer.
        bn: a batch norm with running statistics, of as many features as the layer's outputs or one.

    Raises:
        AssertionError: one of them is in training mode, the features do not fit, or there are no
            running statistics.

    Example:
        >>> import penlight as torch
        >>> _ = torch.manual_seed(0)
        >>> linear, norm = torch.nn.Linear(3, 2).eval(), torch.nn.BatchNorm1d(2).eval()
        >>> fused = torch.nn.utils.fuse_linear_bn_eval(linear, norm)
        >>> x = torch.rand(4, 3)
        >>> torch.allclose(fused(x), norm(linear(x)), atol=1e-6)
        True
    """
    if linear.training or bn.training:
        _refuse_training()
    if bn.num_features not in {linear.out_features, 1}:
        msg = (
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
        )
        raise AssertionError(msg)
    _check_modes(linear, bn)
    fused = copy.deepcopy(linear)
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor,
    bn_b: Tensor,
) -> tuple[Parameter, Parameter]:
    """Return weight and bias of a linear layer that does the batch norm after it too.

    Args:
        linear_w: the layer's weight.
        linear_b: its bias.
        bn_rm: the running mean.
        bn_rv: the running variance.
        bn_eps: what is added to it.
        bn_w: the batch norm's weight.
        bn_b: its bias.
    """
    weight: Any = linear_w
    bias: Any = zeros_like(bn_rm) if linear_b is None else linear_b
    bias_dtype = weight.dtype if linear_b is None else bias.dtype
    scale: Any = bn_w * (bn_rv + bn_eps).rsqrt()
    fused_weight = weight * scale.unsqueeze(-1).to(dtype=weight.dtype)
    fused_bias = ((bias - bn_rm) * scale + bn_b).to(dtype=bias_dtype)
    return (
        Parameter(fused_weight, weight.requires_grad),
        Parameter(fused_bias, bias.requires_grad),
    )


def _check_modes(layer: Any, bn: Any) -> None:
    if layer.training or bn.training:
        _refuse_training()
    if bn.running_mean is None or bn.running_var is None:
        msg = "bn.running_mean and bn.running_var must not be None"
        raise AssertionError(msg)


def _refuse_training() -> None:
    msg = "Fusion only for eval!: call eval() on both modules first"
    raise AssertionError(msg)
