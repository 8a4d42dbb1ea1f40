"""Activations: elementwise functions with parameters; nn.functional calls them.

Branches compare as torch's do, so that NaN and the borders between them come out alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Array, Tensor
from ..autograd.grad_mode import mode
from . import _check
from ._by_kernel import NATIVE, run
from ._elementwise import number, refuse, widened
from ._op import attach, op
from .activation_backward import (
    elu_backward,
    gelu_backward,
    hardtanh_backward,
    leaky_relu_backward,
    log_sigmoid_backward,
    mish_backward,
    silu_backward,
    softplus_backward,
    threshold_backward,
)
from .join import cat
from .ternary import where
from .transcendental import sigmoid, tanh

__all__ = [
    "celu",
    "celu_",
    "prelu",
    "relu",
    "relu_",
    "selu",
    "selu_",
    "threshold",
    "threshold_",
]

Number = bool | int | float

# The fixed point of Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks"
# (2017), arXiv:1706.02515.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def narrowed(out: Any, input: Array) -> Array:
    """Return a result in the dtype of the input it was worked out from."""
    return np.asarray(out).astype(input.dtype, copy=False)


# ---- rectifiers ---------------------------------------------------------------------------------


@op(
    "relu",
    promotion="default",
    inplace=True,
    quiet=True,
    input=lambda grad, out: threshold_backward(grad, out, 0),
)
def relu(input: Array) -> Array:
    r"""Return :math:`\max(x, 0)`.

    Args:
        input: a tensor of any shape, not bool.

    Raises:
        RuntimeError: the tensor is bool.

    Example:
        >>> import penlight as torch
        >>> torch.relu(torch.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    if input.dtype.kind == "b":
        msg = "Boolean inputs not supported for relu"
        raise RuntimeError(msg)
    if input.dtype.char in NATIVE:
        return run(kernels.relu, input)
    return np.maximum(input, input.dtype.type(0))


@op(
    "threshold",
    promotion="default",
    inplace=True,
    out=True,
    quiet=True,
    method=False,
    input=lambda grad, input, threshold: threshold_backward(grad, input, threshold),
)
def threshold(input: Array, threshold: Number, value: Number) -> Array:
    r"""Return :math:`x` where it is above the threshold, and ``value`` elsewhere.

    Args:
        input: a tensor of any shape.
        threshold: the border.
        value: what replaces elements at or below it.

    Example:
        >>> import penlight as torch
        >>> torch.threshold(torch.tensor([0.1, 0.9]), 0.5, 7.0)
        tensor([7.0000, 0.9000])
    """
    refuse("threshold_cpu", input, kinds="b")
    low, value = number(threshold, input.dtype), number(value, input.dtype)
    return np.where(input <= low, value, input)


@op(
    "_hardtanh",
    node="HardtanhBackward0",
    promotion="default",
    inplace=True,
    quiet=True,
    method=False,
    input=lambda grad, input, min_val, max_val: hardtanh_backward(grad, input, min_val, max_val),
)
def hardtanh(input: Array, min_val: Number = -1, max_val: Number = 1) -> Array:
    r"""Return :math:`x` brought into ``[min_val, max_val]``.

    Args:
        input: a tensor of any shape, not bool.
        min_val: the lower limit.
        max_val: the upper limit.

    Raises:
        RuntimeError: the tensor is bool.
        ValueError: the limits cross.

    Example:
        >>> import penlight as torch
        >>> torch.nn.functional.hardtanh(torch.tensor([-3.0, 0.5]))
        tensor([-1.0000,  0.5000])
    """
    if input.dtype.kind == "b":
        msg = "Bool inputs not supported for hardtanh"
        raise RuntimeError(msg)
    if min_val > max_val:
        msg = f"min_val cannot be greater than max_val: {min_val} > {max_val}"
        raise ValueError(msg)
    if input.dtype.kind == "u" and (int(min_val) < 0 or int(max_val) < 0):
        msg = (
            "cannot do hardtanh on an unsigned type with negative limits: "
            f"{input.dtype} and [{min_val}, {max_val}]"
        )
        raise RuntimeError(msg)
    if input.dtype.char in NATIVE:
        return run(kernels.hardtanh, input, min_val, max_val)
    return np.minimum(np.maximum(input, number(min_val, input.dtype)), number(max_val, input.dtype))


@op(
    "_leaky_relu",
    node="LeakyReluBackward0",
    promotion="default",
    inplace=True,
    quiet=True,
    method=False,
    input=lambda grad, input, negative_slope: leaky_relu_backward(grad, input, negative_slope),
)
def leaky_relu(input: Array, negative_slope: Number = 0.01) -> Array:
    r"""Return :math:`x` where positive and ``negative_slope`` times :math:`x` elsewhere.

    Args:
        input: a floating tensor of any shape.
        negative_slope: the slope below zero.

    Example:
        >>> import penlight as torch
        >>> torch.nn.functional.leaky_relu(torch.tensor([-1.0, 2.0]), 0.1)
        tensor([-0.1000,  2.0000])
    """
    refuse("leaky_relu_cpu", input, kinds="bi")
    return run(kernels.leaky_relu, input, negative_slope)


@op(
    "_prelu",
    node="PreluKernelBackward0",
    broadcast=True,
    quiet=True,
    method=False,
    input=lambda grad, input, weight: where(input > 0, grad, grad * weight),
    weight=lambda grad, input: where(input > 0, 0, grad * input),
)
def prelu_kernel(input: Array, weight: Array) -> Array:
    """Return ``input`` where positive and ``weight * input`` elsewhere."""
    refuse("prelu_cpu", input, kinds="bi")
    return np.where(input > 0, input, weight * input)


def prelu(input: Tensor, weight: Tensor) -> Any:
    r"""Return :math:`x` where positive and ``weight`` times :math:`x` elsewhere.

    Args:
        input: a floating tensor; dimension 1 counts the channels.
        weight: one slope, or one per channel; same dtype.

    Raises:
        RuntimeError: the number of slopes is not that of channels, or the dtypes differ.

    Example:
        >>> import penlight as torch
        >>> torch.prelu(torch.tensor([-1.0, 2.0]), torch.tensor([0.25]))
        tensor([-0.2500,  2.0000])
    """
    x, slopes = input._array, weight._array
    _check_prelu(x, slopes)
    if slopes.ndim and x.ndim > 1 and slopes.size != 1:
        weight = weight.view(-1, *(1,) * (x.ndim - 2))
    elif x.ndim == 0 and slopes.ndim:
        weight = weight.view(())
    return prelu_kernel(input, weight)


def _check_prelu(input: Array, weight: Array) -> None:
    if input.dtype != weight.dtype:
        kinds = f"{_check.scalar_type(input)} and {_check.scalar_type(weight)}"
        msg = f"prelu: Type promoting not supported. Got {kinds}"
        raise RuntimeError(msg)
    if weight.ndim > 1:
        msg = f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}"
        raise RuntimeError(msg)
    if weight.size != 1:
        if input.ndim == 0:
            msg = "Not allow zero-dim input tensor."
            raise RuntimeError(msg)
        channels = input.shape[1] if input.ndim > 1 else 1
        if channels != weight.size:
            msg = (
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.size} and channel size = {channels}."
            )
            raise RuntimeError(msg)


# ---- exponential units --------------------------------------------------------------------------


@op(
    "_elu",
    node="EluBackward0",
    promotion="default",
    inplace=True,
    quiet=True,
    method=False,
    input=lambda grad, input, alpha, scale, input_scale: elu_backward(
        grad, input, alpha, scale, input_scale
    ),
)
def elu(input: Array, alpha: Number = 1.0, scale: Number = 1.0, input_scale: Number = 1.0) -> Array:
    r"""Return :math:`s x` where positive and :math:`s \alpha (e^{t x} - 1)` elsewhere.

    Args:
        input: a floating tensor of any shape.
        alpha: minus the limit on the left.
        scale: s.
        input_scale: t, for the left.

    Example:
        >>> import penlight as torch
        >>> torch.nn.functional.elu(torch.tensor([-1.0, 2.0]))
        tensor([-0.6321,  2.0000])
    """
    refuse("elu_cpu", input, kinds="bi")
    return run(kernels.elu, input, alpha, scale, input_scale)


@op(
    "selu",
    node="EluBackward0",
    promotion="default",
    inplace=True,
    quiet=True,
    method=False,
    input=lambda grad, input: elu_backward(grad, input, SELU_ALPHA, SELU_SCALE, 1.0),
)
def selu(input: Array) -> Array:
    """Return the self-normalising exponential unit: elu with the paper's two constants.

    Args:
        input: a floating tensor of any shape.

    Example:
        >>> import penlight as torch
        >>> torch.selu(torch.tensor([-1.0, 2.0]))
        tensor([-1.1113,  2.1014])
    """
    refuse("elu_cpu", input, kinds="bi")
    return run(kernels.elu, input, SELU_ALPHA, SELU_SCALE, 1.0)


@op(
    "celu",
    promotion="default",
    inplace=True,
    quiet=True,
    method=False,
    input=lambda grad, input, alpha: elu_backward(grad, input, alpha, 1.0, 1 / alpha),
)
def celu(input: Array, alpha: Number = 1.0) -> Array:
    r"""Return :math:`x` where positive and :math:`\alpha (e^{x / \alpha} - 1)` elsewhere.

    Args:
        input: a floating tensor of any shape.
        alpha: minus the limit on the left.

    Raises:
        RuntimeError: ``alpha`` is 0.

    Example:
        >>> import penlight as torch
        >>> torch.celu(torch.tensor([-1.0, 2.0]), 2.0)
        tensor([-0.7869,  2.0000])
    """
    if alpha == 0:
        msg = "ZeroDivisionError: alpha cannot be 0 for CELU"
        raise RuntimeError(msg)
    refuse("elu_cpu", input, kinds="bi")
    return run(kernels.elu, input, alpha, 1.0, 1 / alpha)


# ---- smooth units -------------------------------------------------------------------------------


@op(
    "_gelu",
    node="GeluBackward0",
    promotion="default",
    inplace=True,
    quiet=True,
    method=False,
    input=lambda grad, input, approximate: gelu_backward(grad, input, approximate),
)
def gelu(input: Array, *, approximate: str = "none") -> Array:
    r"""Return :math:`x \Phi(x)`, where :math:`\Phi` is normal, or its approximation by tanh.

    Args:
        input: a floating tensor of any shape.
        approximate: ``"none"`` or ``"tanh"``.

    Raises:
        RuntimeError: another approximation.

    Example:
        >>> import penlight as torch
        >>> torch.nn.functional.gelu(torch.tensor([-1.0, 2.0]))
        tensor([-0.1587,  1.9545])
    """
    if approximate not in {"none", "tanh"}:
        msg = f"approximate argument must be either none or tanh, got {approximate!r}"
        raise RuntimeError(msg)
    refuse("GeluKernelImpl", input, kinds="bi")
    return run(kernels.gelu if approximate == "none" else kernels.gelu_tanh, input)


def _silu_rule(grad: Any, input: Any) -> Any:
    # torch: one step, or where a second derivative is asked for, its parts.
    if not mode.grad:
        return silu_backward(grad, input)
    gate = sigmoid(input)
    return grad * (gate * (1 + input * (1 - gate)))


@op(
    "_silu",
    node="SiluBackward0",
    promotion="default",
    inplace=True,
    quiet=True,
    method=False,
    input=_silu_rule,
)
def silu(input: Array) -> Array:
    r"""Return :math:`x \sigma(x)`.

    Args:
        input: a floating tensor of any shape.

    Example:
        >>> import penlight as torch
        >>> torch.nn.functional.silu(torch.tensor([-1.0, 2.0]))
        tensor([-0.2689,  1.7616])
    """
    refuse("silu_cpu", input, kinds="bi")
    return run(kernels.silu, input)


def _mish_rule(grad: Any, input: Any) -> Any:
    if not mode.grad:
        return mish_backward(grad, input)
    bent = tanh(softplus(input))
    return grad * (bent + input * sigmoid(input) * (1 - bent * bent))


@op(
    "_mish",
    node="MishBackward0",
    promotion="default",
    inplace=True,
    quiet=True,
    method=False,
    input=_mish_rule,
)
def mish(input: Array) -> Array:
    r"""Return :math:`x \tanh(\log(1 + e^x))`.

    Args:
        input: a floating tensor of any shape.

    Example:
        >>> import penlight as torch
        >>> torch.nn.functional.mish(torch.tensor([-1.0, 2.0]))
        tensor([-0.3034,  1.9440])
    """
    refuse("mish_cpu", input, kinds="bi")
    return run(kernels.mish, input)


@op(
    "_softplus",
    node="SoftplusBackward0",
    promotion="default",
    quiet=True,
    method=False,
    input=lambda grad, input, beta, threshold: softplus_backward(grad, input, beta, threshold),
)
def softplus(input: Array, beta: Number = 1, threshold: Number = 20) -> Array:
    r"""Return :math:`\log(1 + e^{\beta x}) / \beta`, and :math:`x` itself where that is the same.

    Args:
        input: a floating tensor of any shape.
        beta: the sharpness.
        threshold: above ``beta * x`` of this, the function is linear.

    Example:
        >>> import penlight as torch
        >>> torch.nn.functional.softplus(torch.tensor([-1.0, 30.0]))
        tensor([ 0.3133, 30.0000])
    """
    refuse("softplus_cpu", input, kinds="bi")
    return run(kernels.softplus, input, beta, threshold)


@op(
    "_log_sigmoid",
    node="LogSigmoidBackward0",
    promotion="default",
    out=True,
    quiet=True,
    method=False,
    input=lambda grad, input: log_sigmoid_backward(grad, input),
)
def log_sigmoid(input: Array) -> Array:
    r"""Return :math:`\log \sigma(x)`, without overflow.

    Args:
        input: a floating tensor of any shape.

    Example:
        >>> import penlight as torch
        >>> torch.nn.functional.logsigmoid(torch.tensor([-1.0, 2.0]))
        tensor([-1.3133, -0.1269])
    """
    refuse("log_sigmoid_cpu", input, kinds="bi")
    return run(kernels.log_sigmoid, input)


# ---- gated --------------------------------------------------------------------------------------


def _glu_rule(grad: Any, input: Any, dim: int) -> Any:
    value, gate = input.chunk(2, dim)
    open_ = sigmoid(gate)
    return cat([grad * open_, grad * value * (1 - open_) * open_], dim)


@op("_glu", node="GluBackward0", method=False, input=_glu_rule)
def glu(input: Array, dim: int = -1) -> Array:
    r"""Return :math:`a \sigma(b)`, where a and b are the halves of the input along ``dim``.

    Args:
        input: a floating tensor.
        dim: a dimension of even length.

    Raises:
        RuntimeError: the length is odd, or the tensor has no dimension.

    Example:
        >>> import penlight as torch
        >>> torch.nn.functional.glu(torch.tensor([1.0, 2.0, 0.0, 0.0]))
        tensor([0.5000, 1.0000])
    """
    if not input.ndim:
        msg = "glu does not support scalars because halving size must be even"
        raise RuntimeError(msg)
    place = _check.dim(dim, input.ndim)
    if input.shape[place] % 2:
        msg = f"Halving dimension must be even, but dimension {place} is size {input.shape[place]}"
        raise RuntimeError(msg)
    refuse("glu_cpu", input, kinds="bi")
    value, gate = np.split(widened(input), 2, axis=place)
    return narrowed(value / (1 + np.exp(-gate)), input)


# ---- in-place forms and names -------------------------------------------------------------------

relu_, threshold_ = relu.op.call_, threshold.op.call_
celu_, selu_ = celu.op.call_, selu.op.call_
hardtanh_, leaky_relu_, elu_ = hardtanh.op.call_, leaky_relu.op.call_, elu.op.call_
gelu_, silu_, mish_ = gelu.op.call_, silu.op.call_, mish.op.call_
attach(prelu)
