"""Gradients of activations as ops of their own, with the rules of the second derivative.

Each takes the gradient of the result first, then what the forward saved: its input or its output.
"""

from __future__ import annotations

import math
from typing import Any

from .. import kernels
from .._tensor import Array
from ._by_kernel import run_backward
from ._op import ZERO, op
from .ternary import where

Number = bool | int | float

GELU_SCALE, GELU_CUBE = math.sqrt(2 / math.pi), 0.044715


# ---- of outputs ---------------------------------------------------------------------------------


@op(
    "_tanh_backward",
    node="TanhBackwardBackward0",
    quiet=True,
    method=False,
    grad_output=lambda grad, output: tanh_backward(grad, output),
    output=lambda grad, grad_output, output: grad * grad_output * output * -2,
)
def tanh_backward(grad_output: Array, output: Array) -> Array:
    """Return the gradient times ``1 - output ** 2``."""
    return run_backward(kernels.tanh_backward, grad_output, output)


@op(
    "_sigmoid_backward",
    node="SigmoidBackwardBackward0",
    quiet=True,
    method=False,
    grad_output=lambda grad, output: sigmoid_backward(grad, output),
    output=lambda grad, grad_output, output: grad * grad_output * (1 - 2 * output),
)
def sigmoid_backward(grad_output: Array, output: Array) -> Array:
    """Return the gradient times ``output (1 - output)``."""
    return run_backward(kernels.sigmoid_backward, grad_output, output)


# ---- in straight pieces -------------------------------------------------------------------------


@op(
    "_threshold_backward",
    node="ThresholdBackwardBackward0",
    quiet=True,
    method=False,
    grad_output=lambda grad, input, threshold: threshold_backward(grad, input, threshold),
    input=ZERO,
)
def threshold_backward(grad_output: Array, input: Array, threshold: Number) -> Array:
    """Return the gradient where ``input`` is above the threshold, or NaN, and zero elsewhere."""
    return run_backward(kernels.threshold_backward, grad_output, input, threshold)


@op(
    "_leaky_relu_backward",
    node="LeakyReluBackwardBackward0",
    quiet=True,
    method=False,
    grad_output=lambda grad, input, negative_slope: leaky_relu_backward(
        grad, input, negative_slope
    ),
    input=ZERO,
)
def leaky_relu_backward(grad_output: Array, input: Array, negative_slope: Number) -> Array:
    """Return the gradient where ``input`` is positive, and the slope times it elsewhere."""
    return run_backward(kernels.leaky_relu_backward, grad_output, input, negative_slope)


@op(
    "_hardtanh_backward",
    node="HardtanhBackwardBackward0",
    quiet=True,
    method=False,
    grad_output=lambda grad, input, min_val, max_val: hardtanh_backward(
        grad, input, min_val, max_val
    ),
    input=ZERO,
)
def hardtanh_backward(grad_output: Array, input: Array, min_val: Number, max_val: Number) -> Array:
    """Return the gradient inside the limits, and zero elsewhere."""
    return run_backward(kernels.hardtanh_backward, grad_output, input, min_val, max_val)


@op(
    "_hardsigmoid_backward",
    node="HardsigmoidBackwardBackward0",
    quiet=True,
    method=False,
    grad_output=lambda grad, input: hardsigmoid_backward(grad, input),
    input=ZERO,
)
def hardsigmoid_backward(grad_output: Array, input: Array) -> Array:
    """Return a sixth of the gradient between -3 and 3, and zero elsewhere."""
    return run_backward(kernels.hardsigmoid_backward, grad_output, input)


@op(
    "_hardswish_backward",
    node="HardswishBackwardBackward0",
    quiet=True,
    method=False,
    grad_output=lambda grad, input: hardswish_backward(grad, input),
    input=lambda grad, grad_output, input: where(
        (input > -3) & (input < 3), grad * grad_output / 3, 0
    ),
)
def hardswish_backward(grad_output: Array, input: Array) -> Array:
    """Return the gradient times ``input / 3 + 1 / 2`` between -3 and 3, times 0 or 1 elsewhere."""
    return run_backward(kernels.hardswish_backward, grad_output, input)


# ---- smooth -------------------------------------------------------------------------------------


@op(
    "_elu_backward",
    node="EluBackwardBackward0",
    quiet=True,
    method=False,
    grad_output=lambda grad, input, alpha, scale, input_scale: elu_backward(
        grad, input, alpha, scale, input_scale
    ),
    input=lambda grad, grad_output, input, alpha, scale, input_scale: where(
        input <= 0,
        grad * grad_output * (alpha * scale * input_scale**2) * (input * input_scale).exp(),
        0,
    ),
)
def elu_backward(
    grad_output: Array, input: Array, alpha: Number, scale: Number, input_scale: Number
) -> Array:
    """Return the gradient times the slope of elu."""
    return run_backward(kernels.elu_backward, grad_output, input, alpha, scale, input_scale)


def _gelu_curvature(input: Any, approximate: str) -> Any:
    square = input * input
    if approximate == "none":
        return (2 - square) * (-0.5 * square).exp() / math.sqrt(2 * math.pi)
    bent = (GELU_SCALE * (input + GELU_CUBE * input * square)).tanh()
    inner = GELU_SCALE * (1 + 3 * GELU_CUBE * square)
    bend = 3 * GELU_SCALE * GELU_CUBE * square  # half the input times the slope of inner
    return (1 - bent * bent) * (inner + bend - input * bent * inner * inner)


@op(
    "_gelu_backward",
    node="GeluBackwardBackward0",
    quiet=True,
    method=False,
    grad_output=lambda grad, input, approximate: gelu_backward(grad, input, approximate),
    input=lambda grad, grad_output, input, approximate: (
        grad * grad_output * _gelu_curvature(input, approximate)
    ),
)
def gelu_backward(grad_output: Array, input: Array, approximate: str) -> Array:
    """Return the gradient times the slope of gelu."""
    exact = approximate == "none"
    kernel = kernels.gelu_backward if exact else kernels.gelu_tanh_backward
    return run_backward(kernel, grad_output, input)


@op("_silu_backward", quiet=True, method=False)
def silu_backward(grad_output: Array, input: Array) -> Array:
    """Return the gradient times the slope of silu."""
    return run_backward(kernels.silu_backward, grad_output, input)


@op("_mish_backward", quiet=True, method=False)
def mish_backward(grad_output: Array, input: Array) -> Array:
    """Return the gradient times the slope of mish."""
    return run_backward(kernels.mish_backward, grad_output, input)


def _softplus_curvature(input: Any, beta: Number, threshold: Number) -> Any:
    scaled = input * beta
    gate = scaled.sigmoid()
    return where(scaled > threshold, 0, gate * (1 - gate) * beta)


@op(
    "_softplus_backward",
    node="SoftplusBackwardBackward0",
    quiet=True,
    method=False,
    grad_output=lambda grad, input, beta, threshold: softplus_backward(
        grad, input, beta, threshold
    ),
    input=lambda grad, grad_output, input, beta, threshold: (
        grad * grad_output * _softplus_curvature(input, beta, threshold)
    ),
)
def softplus_backward(grad_output: Array, input: Array, beta: Number, threshold: Number) -> Array:
    """Return the gradient times the sigmoid of ``beta * input``."""
    return run_backward(kernels.softplus_backward, grad_output, input, beta, threshold)


@op(
    "_log_sigmoid_backward",
    node="LogSigmoidBackwardBackward0",
    quiet=True,
    method=False,
    grad_output=lambda grad, input: log_sigmoid_backward(grad, input),
    input=lambda grad, grad_output, input: (
        grad * grad_output * (input.sigmoid() - 1) * input.sigmoid()
    ),
)
def log_sigmoid_backward(grad_output: Array, input: Array) -> Array:
    """Return the gradient times the sigmoid of ``-input``."""
    return run_backward(kernels.log_sigmoid_backward, grad_output, input)
