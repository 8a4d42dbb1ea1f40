"""Activations: torch's arguments in front of the ops, and the ones made of other ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._tensor import Tensor
from ...ops import activation as ops, piecewise
from ...ops.activation import (
    celu_,
    elu_,
    gelu,
    glu as _glu,
    hardtanh_,
    leaky_relu_,
    log_sigmoid as logsigmoid,
    prelu,
    relu_,
    selu_,
    softplus,
    threshold_,
)
from ...ops.piecewise import hardshrink, softshrink

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
]


# ---- rectifiers ---------------------------------------------------------------------------------


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    r"""Replace what is not above a threshold.

    .. math:: y = \begin{cases} x & x > \text{threshold} \\
                                 \text{value} & \text{otherwise} \end{cases}

    Args:
        input: any shape.
        threshold: up to which elements are replaced.
        value: what they are replaced by.
        inplace: write the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.threshold(torch.tensor([0.5, 2.0]), 1.0, -1.0)
        tensor([-1.,  2.])
    """
    return _choose(ops.threshold, inplace)(input, threshold, value)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Rectify: :math:`\max(0, x)`.

    Args:
        input: any shape.
        inplace: write the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.relu(torch.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    return _choose(ops.relu, inplace)(input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Rectify and cap: :math:`\min(\max(0, x), 6)`; arguments as for :func:`relu`.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.relu6(torch.tensor([-1.0, 2.0, 8.0]))
        tensor([0., 2., 6.])

    References:
        Krizhevsky 2010, Convolutional Deep Belief Networks on CIFAR-10.
    """
    return _choose(ops.hardtanh, inplace)(input, 0, 6)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    r"""Rectify with a slope below zero: :math:`\max(0, x) + \text{negative\_slope} \min(0, x)`.

    Args:
        input: any shape, floating.
        negative_slope: the slope below zero.
        inplace: write the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.leaky_relu(torch.tensor([-1.0, 2.0]), 0.5)
        tensor([-0.5000,  2.0000])

    References:
        Maas et al. 2013, Rectifier Nonlinearities Improve Neural Network Acoustic Models.
    """
    return _choose(ops.leaky_relu, inplace)(input, negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    r"""Exponential below zero: :math:`\max(0, x) + \min(0, \alpha (e^x - 1))`.

    Args:
        input: any shape, floating.
        alpha: minus the limit towards negative infinity.
        inplace: write the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.elu(torch.tensor([-1.0, 2.0]))
        tensor([-0.6321,  2.0000])

    References:
        Clevert et al. 2015, Fast and Accurate Deep Network Learning by ELUs, arXiv 1511.07289.
    """
    return _choose(ops.elu, inplace)(input, alpha)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    r"""ELU that is smooth for every ``alpha``.

    .. math:: \max(0, x) + \min(0, \alpha (e^{x/\alpha} - 1))

    Args:
        input: any shape, floating.
        alpha: minus the limit towards negative infinity; not zero.
        inplace: write the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.celu(torch.tensor([-1.0, 2.0]), 2.0)
        tensor([-0.7869,  2.0000])

    References:
        Barron 2017, Continuously Differentiable Exponential Linear Units, arXiv 1704.07483.
    """
    return _choose(ops.celu, inplace)(input, alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""ELU scaled so that activations keep mean zero and variance one.

    .. math:: s (\max(0, x) + \min(0, \alpha (e^x - 1))),
              \qquad \alpha \approx 1.6733, s \approx 1.0507

    Args:
        input: any shape, floating.
        inplace: write the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.selu(torch.tensor([-1.0, 2.0]))
        tensor([-1.1113,  2.1014])

    References:
        Klambauer et al. 2017, Self-Normalizing Neural Networks, arXiv 1706.02515.
    """
    return _choose(ops.selu, inplace)(input)


def _choose(function: Any, inplace: bool) -> Callable[..., Tensor]:
    """Return an op, or its form that writes its input."""
    chosen: Callable[..., Tensor] = function.op.call_ if inplace else function
    return chosen


# ---- smooth ones --------------------------------------------------------------------------------


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Weigh by the sigmoid: :math:`x \sigma(x)`, also called swish.

    Args:
        input: any shape, floating.
        inplace: write the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.silu(torch.tensor([-1.0, 2.0]))
        tensor([-0.2689,  1.7616])

    References:
        Elfwing et al. 2017, Sigmoid-Weighted Linear Units, arXiv 1702.03118.
    """
    return _choose(ops.silu, inplace)(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Weigh by tanh of softplus: :math:`x \tanh(\log(1 + e^x))`.

    Args:
        input: any shape, floating.
        inplace: write the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.mish(torch.tensor([-1.0, 2.0]))
        tensor([-0.3034,  1.9440])

    References:
        Misra 2019, Mish: A Self Regularized Non-Monotonic Activation Function, arXiv 1908.08681.
    """
    return _choose(ops.mish, inplace)(input)


def softsign(input: Tensor) -> Tensor:
    r"""Squash between -1 and 1: :math:`\frac{x}{1 + |x|}`.

    Args:
        input: any shape.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.softsign(torch.tensor([-1.0, 3.0]))
        tensor([-0.5000,  0.7500])
    """
    return input / (input.abs() + 1)


def tanh(input: Tensor) -> Tensor:
    r"""Squash between -1 and 1: :math:`\tanh x`.

    Args:
        input: any shape.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.tanh(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7616])
    """
    return input.tanh()


def sigmoid(input: Tensor) -> Tensor:
    r"""Squash between 0 and 1: :math:`\frac{1}{1 + e^{-x}}`.

    Args:
        input: any shape.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.sigmoid(torch.tensor([0.0, 1.0]))
        tensor([0.5000, 0.7311])
    """
    return input.sigmoid()


# ---- in pieces ----------------------------------------------------------------------------------


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """Cut off below ``min_val`` and above ``max_val``.

    Args:
        input: any shape.
        min_val: the least value.
        max_val: the greatest value.
        inplace: write the input.

    Raises:
        ValueError: ``min_val`` is above ``max_val``.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.hardtanh(torch.tensor([-3.0, 0.5, 2.0]))
        tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        msg = f"min_val cannot be greater than max_val: got {min_val} and {max_val}"
        raise ValueError(msg)
    return _choose(ops.hardtanh, inplace)(input, min_val, max_val)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    r"""A sigmoid in three straight pieces: :math:`\min(\max(0, x + 3), 6) / 6`.

    Args:
        input: any shape, floating.
        inplace: write the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.hardsigmoid(torch.tensor([-4.0, 0.0, 4.0]))
        tensor([0.0000, 0.5000, 1.0000])

    References:
        Howard et al. 2019, Searching for MobileNetV3, arXiv 1905.02244.
    """
    return _choose(piecewise.hardsigmoid, inplace)(input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Weigh by the hard sigmoid: :math:`x \min(\max(0, x + 3), 6) / 6`.

    Args:
        input: any shape, floating.
        inplace: write the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.hardswish(torch.tensor([-4.0, 3.0]))
        tensor([-0.,  3.])

    References:
        Howard et al. 2019, Searching for MobileNetV3, arXiv 1905.02244.
    """
    return _choose(piecewise.hardswish, inplace)(input)


def tanhshrink(input: Tensor) -> Tensor:
    r"""Subtract tanh: :math:`x - \tanh x`.

    Args:
        input: any shape.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.tanhshrink(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.2384])
    """
    return input - input.tanh()


def glu(input: Tensor, dim: int = -1) -> Tensor:
    r"""Halve a dimension: the first half times the sigmoid of the second.

    Args:
        input: any shape, floating; the length of ``dim`` is even.
        dim: the dimension to halve.

    Raises:
        RuntimeError: the length of ``dim`` is odd.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.glu(torch.tensor([2.0, 0.0]))
        tensor([1.])

    References:
        Dauphin et al. 2016, Language Modeling with Gated Convolutional Networks, arXiv 1612.08083.
    """
    out: Tensor = _glu(input, dim)
    return out
