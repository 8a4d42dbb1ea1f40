"""Functions of one element, and their gradients, and arithmetic.

A gradient is given the gradient of the output and what was saved, the input or the output; where
the gradient has no dimensions, it is that of every element.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import special

Array = np.ndarray[Any, Any]

_ROOT_HALF = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)
_GELU_SCALE, _GELU_CUBE = math.sqrt(2 / math.pi), 0.044715


def _quietly(function: Any) -> Any:
    """Return a kernel that writes what a function of the elements gives, without warnings."""

    def kernel(out: Array, *arguments: Any) -> None:
        with np.errstate(all="ignore"):
            out[...] = function(*arguments)

    kernel.__name__ = kernel.__qualname__ = function.__name__
    kernel.__doc__ = function.__doc__
    return kernel


# ---- functions ----------------------------------------------------------------------------------


@_quietly
def exp(input: Array) -> Any:
    """Write e to the power of each element."""
    return np.exp(input)


@_quietly
def expm1(input: Array) -> Any:
    """Write exp(x) - 1."""
    return np.expm1(input)


@_quietly
def log(input: Array) -> Any:
    """Write the natural logarithm."""
    return np.log(input)


@_quietly
def log1p(input: Array) -> Any:
    """Write log(1 + x)."""
    return np.log1p(input)


@_quietly
def tanh(input: Array) -> Any:
    """Write the hyperbolic tangent."""
    return np.tanh(input)


def _sigmoid(input: Array) -> Any:
    return 1 / (1 + np.exp(-input))


@_quietly
def sigmoid(input: Array) -> Any:
    """Write 1 / (1 + exp(-x))."""
    return _sigmoid(input)


@_quietly
def relu(input: Array) -> Any:
    """Write x where it is positive or NaN, 0 elsewhere."""
    return np.where(input <= 0, 0, input)


@_quietly
def leaky_relu(input: Array, negative_slope: float) -> Any:
    """Write x where it is positive, ``negative_slope`` times x elsewhere."""
    return np.where(input > 0, input, input * negative_slope)


@_quietly
def hardtanh(input: Array, min_val: float, max_val: float) -> Any:
    """Write x brought into [min_val, max_val]."""
    return np.minimum(np.maximum(input, min_val), max_val)


@_quietly
def hardsigmoid(input: Array) -> Any:
    """Write x + 3 brought into [0, 6], over 6."""
    return np.minimum(np.maximum(input + 3, 0), 6) / 6


@_quietly
def hardswish(input: Array) -> Any:
    """Write x times its hardsigmoid."""
    return input * np.minimum(np.maximum(input + 3, 0), 6) / 6


@_quietly
def elu(input: Array, alpha: float, scale: float, input_scale: float) -> Any:
    """Write ``scale`` x where positive, ``alpha scale (exp(input_scale x) - 1)`` elsewhere."""
    left = np.expm1(np.minimum(input, 0) * input_scale) * (alpha * scale)
    return np.where(input <= 0, left, input * scale)


def _below(input: Array) -> Any:
    """Return the normal distribution's share below each element."""
    bent = np.empty_like(input)
    special.erf(bent, input * input.dtype.type(_ROOT_HALF))
    return 0.5 * (1 + bent)


@_quietly
def gelu(input: Array) -> Any:
    """Write x times the normal distribution's share below it."""
    return input * _below(input)


def _gelu_bend(input: Array) -> Any:
    return np.tanh(_GELU_SCALE * (input + _GELU_CUBE * input * input * input))


@_quietly
def gelu_tanh(input: Array) -> Any:
    """Write gelu's approximation by tanh."""
    return 0.5 * input * (1 + _gelu_bend(input))


@_quietly
def silu(input: Array) -> Any:
    """Write x times its sigmoid."""
    return input / (1 + np.exp(-input))


def _mish_bend(input: Array) -> Any:
    return np.tanh(np.log1p(np.exp(np.minimum(input, 40))))


@_quietly
def mish(input: Array) -> Any:
    """Write x times the tanh of its softplus."""
    return input * _mish_bend(input)


def _log_of_sum(input: Array) -> Any:
    return np.maximum(input, 0) + np.log1p(np.exp(-np.abs(input)))


@_quietly
def softplus(input: Array, beta: float, threshold: float) -> Any:
    """Write log(1 + exp(beta x)) / beta, x itself where ``beta x`` is above the threshold."""
    scaled = input * beta
    return np.where(scaled > threshold, input, _log_of_sum(scaled) / beta)


@_quietly
def log_sigmoid(input: Array) -> Any:
    """Write the logarithm of the sigmoid."""
    return -_log_of_sum(-input)


# ---- arithmetic ---------------------------------------------------------------------------------

# The result may be written into an operand, but must not overlap one in another way. An operand
# without dimensions is that of every element.


@_quietly
def add(input: Array, other: Array) -> Any:
    """Write the sums."""
    return np.add(input, other)


@_quietly
def sub(input: Array, other: Array) -> Any:
    """Write the differences."""
    return np.subtract(input, other)


@_quietly
def mul(input: Array, other: Array) -> Any:
    """Write the products."""
    return np.multiply(input, other)


@_quietly
def div(input: Array, other: Array) -> Any:
    """Write the quotients."""
    return np.true_divide(input, other)


# ---- gradients ----------------------------------------------------------------------------------


@_quietly
def tanh_backward(grad: Array, output: Array) -> Any:
    """Write the gradient of tanh's input."""
    return grad * (1 - output * output)


@_quietly
def sigmoid_backward(grad: Array, output: Array) -> Any:
    """Write the gradient of sigmoid's input."""
    return grad * ((1 - output) * output)


@_quietly
def threshold_backward(grad: Array, input: Array, threshold: float) -> Any:
    """Write 0 where the input is at or below the threshold, the gradient elsewhere."""
    return np.where(input <= threshold, 0, grad)


@_quietly
def leaky_relu_backward(grad: Array, input: Array, negative_slope: float) -> Any:
    """Write the gradient of leaky_relu's input."""
    return np.where(input > 0, grad, grad * negative_slope)


@_quietly
def hardtanh_backward(grad: Array, input: Array, min_val: float, max_val: float) -> Any:
    """Write the gradient of hardtanh's input."""
    return np.where((input <= min_val) | (input >= max_val), 0, grad)


@_quietly
def hardsigmoid_backward(grad: Array, input: Array) -> Any:
    """Write the gradient of hardsigmoid's input."""
    return np.where((input > -3) & (input < 3), grad / 6, 0)


@_quietly
def hardswish_backward(grad: Array, input: Array) -> Any:
    """Write the gradient of hardswish's input."""
    return np.where(input < -3, 0, np.where(input <= 3, grad * (input / 3 + 0.5), grad))


@_quietly
def elu_backward(grad: Array, input: Array, alpha: float, scale: float, input_scale: float) -> Any:
    """Write the gradient of elu's input."""
    slope = (alpha * scale * input_scale) * np.exp(input * input_scale)
    return np.where(input <= 0, grad * slope, grad * scale)


@_quietly
def gelu_backward(grad: Array, input: Array) -> Any:
    """Write the gradient of gelu's input."""
    return grad * (_below(input) + input * (np.exp(-0.5 * input * input) * _DENSITY))


@_quietly
def gelu_tanh_backward(grad: Array, input: Array) -> Any:
    """Write the gradient of gelu_tanh's input."""
    bent = _gelu_bend(input)
    inner = _GELU_SCALE * (1 + 3 * _GELU_CUBE * input * input)
    return grad * (0.5 * (1 + bent) + 0.5 * input * (1 - bent * bent) * inner)


@_quietly
def silu_backward(grad: Array, input: Array) -> Any:
    """Write the gradient of silu's input."""
    gate = _sigmoid(input)
    return grad * (gate * (1 + input * (1 - gate)))


@_quietly
def mish_backward(grad: Array, input: Array) -> Any:
    """Write the gradient of mish's input."""
    bent = _mish_bend(input)
    return grad * (bent + input * _sigmoid(input) * (1 - bent * bent))


@_quietly
def softplus_backward(grad: Array, input: Array, beta: float, threshold: float) -> Any:
    """Write the gradient of softplus's input."""
    scaled = input * beta
    return np.where(scaled > threshold, grad, grad * _sigmoid(scaled))


@_quietly
def dropout_backward(grad: Array, mask: Array, scale: float) -> Any:
    """Write the gradient times ``scale`` where the mask is set, times zero elsewhere."""
    return grad * (mask * grad.dtype.type(scale))


@_quietly
def log_sigmoid_backward(grad: Array, input: Array) -> Any:
    """Write the gradient of log_sigmoid's input."""
    return grad * _sigmoid(-input)
