"""Activation modules: each keeps the options of a function of ``nn.functional`` and applies it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ...ops.creation import empty
from .. import (
    functional as F,  # noqa: N812 - the name everybody knows
    init as _init,
)
from ..parameter import Parameter
from ._multihead_attention import MultiheadAttention
from .module import Module

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "MultiheadAttention",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class _Activation(Module):
    """A function of ``nn.functional``, called with the options that the constructor kept.

    Attributes:
        __constants__: the options' names, in the order of constructor and function.
    """

    __constants__: ClassVar[tuple[str, ...]] = ()
    _function: ClassVar[Callable[..., Tensor]]

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of ``input``."""
        options = [getattr(self, name) for name in self.__constants__]
        return type(self)._function(input, *options)

    def extra_repr(self) -> str:
        """Return the options; ``inplace`` only where it is on."""
        options = {name: getattr(self, name) for name in self.__constants__}
        if not options.get("inplace", True):
            del options["inplace"]
        return ", ".join(f"{name}={value}" for name, value in options.items())


class _MaybeInplace(_Activation):
    """A function whose only option is to write its input."""

    __constants__ = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


# ---- rectifiers ---------------------------------------------------------------------------------


class Threshold(_Activation):
    r"""Replace what is not above a threshold.

    .. math:: y = \begin{cases} x & x > \text{threshold} \\
                                 \text{value} & \text{otherwise} \end{cases}

    Args:
        threshold: up to which elements are replaced.
        value: what they are replaced by.
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.Threshold(1.0, -1.0)(torch.tensor([0.5, 2.0]))
        tensor([-1.,  2.])
    """

    __constants__ = ("threshold", "value", "inplace")
    _function = F.threshold

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace


class ReLU(_MaybeInplace):
    r"""Rectify: :math:`\max(0, x)`.

    Args:
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.ReLU()(torch.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """

    _function = F.relu


class Hardtanh(_Activation):
    """Cut off below ``min_val`` and above ``max_val``.

    Args:
        min_val: the least value.
        max_val: the greatest value; above ``min_val``.
        inplace: write the input.
        min_value: deprecated name of ``min_val``.
        max_value: deprecated name of ``max_val``.

    Shape:
        - input: any; output: the same

    Raises:
        AssertionError: ``max_val`` is not above ``min_val``.

    Example:
        >>> import penlight as torch
        >>> torch.nn.Hardtanh(-2, 2)(torch.tensor([-3.0, 0.5]))
        tensor([-2.0000,  0.5000])
    """

    __constants__ = ("min_val", "max_val", "inplace")
    _function = F.hardtanh

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        self.min_val = self._renamed("min", min_val, min_value)
        self.max_val = self._renamed("max", max_val, max_value)
        self.inplace = inplace
        if not self.max_val > self.min_val:
            msg = f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})"
            raise AssertionError(msg)

    @staticmethod
    def _renamed(end: str, value: float, old: float | None) -> float:
        if old is None:
            return value
        warnings.warn(
            f"keyword argument `{end}_value` is deprecated and renamed to `{end}_val`",
            FutureWarning,
            stacklevel=3,
        )
        return old


class ReLU6(Hardtanh):
    r"""Rectify and cap: :math:`\min(\max(0, x), 6)`.

    Args:
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.ReLU6()(torch.tensor([-1.0, 2.0, 8.0]))
        tensor([0., 2., 6.])

    References:
        Krizhevsky 2010, Convolutional Deep Belief Networks on CIFAR-10.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """Return ``inplace=True`` where it is on; the limits are in the name."""
        return "inplace=True" if self.inplace else ""


class LeakyReLU(_Activation):
    r"""Rectify with a slope below zero: :math:`\max(0, x) + \text{negative\_slope} \min(0, x)`.

    Args:
        negative_slope: the slope below zero.
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.LeakyReLU(0.5)(torch.tensor([-1.0, 2.0]))
        tensor([-0.5000,  2.0000])

    References:
        Maas et al. 2013, Rectifier Nonlinearities Improve Neural Network Acoustic Models.
    """

    __constants__ = ("negative_slope", "inplace")
    _function = F.leaky_relu

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace


class PReLU(Module):
    r"""Rectify with a trained slope below zero: :math:`\max(0, x) + a \min(0, x)`.

    Args:
        num_parameters: 1, or the number of channels (dimension 1), each with its slope.
        init: where the slopes start.
        device: the CPU.
        dtype: of the slopes; the default dtype when left out.

    Shape:
        - input: :math:`(N, C, *)` or any; output: the same

    Attributes:
        weight: the slopes, :math:`(\text{num\_parameters})`

    Example:
        >>> import penlight as torch
        >>> torch.nn.PReLU()(torch.tensor([-1.0, 2.0]))
        tensor([-0.2500,  2.0000], grad_fn=<PreluKernelBackward0>)

    References:
        He et al. 2015, Delving Deep into Rectifiers, arXiv 1502.01852.
    """

    __constants__ = ("num_parameters",)
    num_parameters: int
    weight: Tensor

    def __init__(
        self,
        num_parameters: int = 1,
        init: float = 0.25,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Put the slopes where they started."""
        _init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of ``input``."""
        out: Tensor = F.prelu(input, self.weight)
        return out

    def extra_repr(self) -> str:
        """Return the number of slopes."""
        return f"num_parameters={self.num_parameters}"


class ELU(_Activation):
    r"""Exponential below zero: :math:`\max(0, x) + \min(0, \alpha (e^x - 1))`.

    Args:
        alpha: minus the limit towards negative infinity.
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.ELU()(torch.tensor([-1.0, 2.0]))
        tensor([-0.6321,  2.0000])

    References:
        Clevert et al. 2015, Fast and Accurate Deep Network Learning by ELUs, arXiv 1511.07289.
    """

    __constants__ = ("alpha", "inplace")
    _function = F.elu

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace


class CELU(_Activation):
    r"""ELU that is smooth for every ``alpha``.

    .. math:: \max(0, x) + \min(0, \alpha (e^{x/\alpha} - 1))

    Args:
        alpha: minus the limit towards negative infinity; not zero.
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.CELU(2.0)(torch.tensor([-1.0, 2.0]))
        tensor([-0.7869,  2.0000])

    References:
        Barron 2017, Continuously Differentiable Exponential Linear Units, arXiv 1704.07483.
    """

    __constants__ = ("alpha", "inplace")
    _function = F.celu

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace


class SELU(_MaybeInplace):
    r"""ELU scaled so that activations keep mean zero and variance one.

    .. math:: s (\max(0, x) + \min(0, \alpha (e^x - 1))),
              \qquad \alpha \approx 1.6733, s \approx 1.0507

    Args:
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.SELU()(torch.tensor([-1.0, 2.0]))
        tensor([-1.1113,  2.1014])

    References:
        Klambauer et al. 2017, Self-Normalizing Neural Networks, arXiv 1706.02515.
    """

    _function = F.selu


# ---- smooth ones --------------------------------------------------------------------------------


class GELU(_Activation):
    r"""Weigh by the normal distribution: :math:`x \Phi(x)`.

    Args:
        approximate: ``"none"``, or ``"tanh"`` for
            :math:`0.5 x (1 + \tanh(\sqrt{2 / \pi} (x + 0.044715 x^3)))`.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.GELU()(torch.tensor([-1.0, 2.0]))
        tensor([-0.1587,  1.9545])

    References:
        Hendrycks and Gimpel 2016, Gaussian Error Linear Units, arXiv 1606.08415.
    """

    __constants__ = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of ``input``."""
        out: Tensor = F.gelu(input, approximate=self.approximate)
        return out

    def extra_repr(self) -> str:
        """Return the approximation, quoted."""
        return f"approximate={self.approximate!r}"


class SiLU(_MaybeInplace):
    r"""Weigh by the sigmoid: :math:`x \sigma(x)`, also called swish.

    Args:
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.SiLU()(torch.tensor([-1.0, 2.0]))
        tensor([-0.2689,  1.7616])

    References:
        Elfwing et al. 2017, Sigmoid-Weighted Linear Units, arXiv 1702.03118.
    """

    _function = F.silu


class Mish(_MaybeInplace):
    r"""Weigh by tanh of softplus: :math:`x \tanh(\log(1 + e^x))`.

    Args:
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.Mish()(torch.tensor([-1.0, 2.0]))
        tensor([-0.3034,  1.9440])

    References:
        Misra 2019, Mish: A Self Regularized Non-Monotonic Activation Function, arXiv 1908.08681.
    """

    _function = F.mish


class Softplus(_Activation):
    r"""Rectify smoothly: :math:`\frac{1}{\beta} \log(1 + e^{\beta x})`.

    Args:
        beta: sharpness.
        threshold: where :math:`\beta x` is above it, the input itself is the result.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.Softplus()(torch.tensor([-1.0, 2.0]))
        tensor([0.3133, 2.1269])
    """

    __constants__ = ("beta", "threshold")
    _function = F.softplus

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold


class Softsign(_Activation):
    r"""Squash between -1 and 1: :math:`\frac{x}{1 + |x|}`.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.Softsign()(torch.tensor([-1.0, 3.0]))
        tensor([-0.5000,  0.7500])
    """

    _function = F.softsign


class Tanh(_Activation):
    r"""Squash between -1 and 1: :math:`\tanh x`.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.Tanh()(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7616])
    """

    _function = F.tanh


class Sigmoid(_Activation):
    r"""Squash between 0 and 1: :math:`\frac{1}{1 + e^{-x}}`.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.Sigmoid()(torch.tensor([0.0, 1.0]))
        tensor([0.5000, 0.7311])
    """

    _function = F.sigmoid


class LogSigmoid(_Activation):
    r"""Return :math:`\log \frac{1}{1 + e^{-x}}`, finite where the sigmoid itself would underflow.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.LogSigmoid()(torch.tensor([0.0, 1.0]))
        tensor([-0.6931, -0.3133])
    """

    _function = F.logsigmoid


class GLU(_Activation):
    r"""Gate: the first half along a dimension times the sigmoid of the second, :math:`a \sigma(b)`.

    Args:
        dim: the dimension that is halved.

    Shape:
        - input: :math:`(*, 2 N, *)`; output: :math:`(*, N, *)`

    Example:
        >>> import penlight as torch
        >>> torch.nn.GLU()(torch.tensor([4.0, 0.0]))
        tensor([2.])

    References:
        Dauphin et al. 2016, Language Modeling with Gated Convolutional Networks, arXiv 1612.08083.
    """

    __constants__ = ("dim",)
    _function = F.glu

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim


# ---- in pieces ----------------------------------------------------------------------------------


class Hardsigmoid(_MaybeInplace):
    r"""A sigmoid in three straight pieces: :math:`\min(\max(0, x + 3), 6) / 6`.

    Args:
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.Hardsigmoid()(torch.tensor([-4.0, 0.0, 4.0]))
        tensor([0.0000, 0.5000, 1.0000])

    References:
        Howard et al. 2019, Searching for MobileNetV3, arXiv 1905.02244.
    """

    _function = F.hardsigmoid

    def extra_repr(self) -> str:
        """Return nothing, as torch does."""
        return ""


class Hardswish(_MaybeInplace):
    r"""Weigh by the hard sigmoid: :math:`x \min(\max(0, x + 3), 6) / 6`.

    Args:
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.Hardswish()(torch.tensor([-4.0, 3.0]))
        tensor([-0.,  3.])

    References:
        Howard et al. 2019, Searching for MobileNetV3, arXiv 1905.02244.
    """

    _function = F.hardswish

    def extra_repr(self) -> str:
        """Return nothing, as torch does."""
        return ""


class _Shrink(_Activation):
    """A distance from zero, printed without its name."""

    __constants__ = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        """Return the distance."""
        return str(self.lambd)


class Hardshrink(_Shrink):
    """Zero what is within ``lambd`` of zero.

    Args:
        lambd: the distance.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.Hardshrink()(torch.tensor([-1.0, 0.25]))
        tensor([-1.,  0.])
    """

    _function = F.hardshrink


class Softshrink(_Shrink):
    """Move towards zero by ``lambd``, and stop there.

    Args:
        lambd: the distance; not negative.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.Softshrink()(torch.tensor([-1.0, 0.25]))
        tensor([-0.5000,  0.0000])
    """

    _function = F.softshrink


class Tanhshrink(_Activation):
    r"""Subtract tanh: :math:`x - \tanh x`.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.Tanhshrink()(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.2384])
    """

    _function = F.tanhshrink


# ---- along a dimension --------------------------------------------------------------------------

# From the function that warns of a missing dim, through forward and the module call, to the caller.
_CALLER = 5


class _AlongDim(_Activation):
    """A function along a dimension, which torch once chose by itself."""

    __constants__ = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim


class Softmax(_AlongDim):
    r"""Turn the numbers along a dimension into probabilities that sum to one.

    .. math:: \text{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}

    Args:
        dim: the dimension along which the result sums to one. Left out, it is 0 for an input of
            0, 1 or 3 dimensions and 1 for others, with a warning.

    Shape:
        - input: any; output: the same

    Raises:
        IndexError: on a call, ``dim`` is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.nn.Softmax(dim=1)(torch.zeros(1, 2))
        tensor([[0.5000, 0.5000]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the softmax of ``input``."""
        return F.softmax(input, self.dim, _stacklevel=_CALLER)


class Softmin(_AlongDim):
    """Turn numbers along a dimension into probabilities, the smallest getting the largest.

    Args:
        dim: as for :class:`Softmax`.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.Softmin(dim=0)(torch.tensor([0.0, 1.0]))
        tensor([0.7311, 0.2689])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the softmin of ``input``."""
        return F.softmin(input, self.dim, _stacklevel=_CALLER)


class Softmax2d(_Activation):
    """Softmax over the channels of each place of an image.

    Shape:
        - input: :math:`(N, C, H, W)` or :math:`(C, H, W)`; output: the same

    Raises:
        ValueError: on a call, the input has neither 3 nor 4 dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.nn.Softmax2d()(torch.zeros(2, 1, 1))
        tensor([[[0.5000]],
        <BLANKLINE>
                [[0.5000]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the softmax of ``input`` over its channels."""
        if input.dim() not in {3, 4}:
            msg = f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead"
            raise ValueError(msg)
        return F.softmax(input, -3)


class LogSoftmax(_AlongDim):
    r"""Return the logarithm of the softmax along a dimension.

    .. math:: \text{log\_softmax}(x)_i = x_i - \log \sum_j e^{x_j}

    Args:
        dim: as for :class:`Softmax`.

    Shape:
        - input: any; output: the same, with values up to 0

    Raises:
        IndexError: on a call, ``dim`` is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.nn.LogSoftmax(dim=-1)(torch.zeros(2))
        tensor([-0.6931, -0.6931])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the log-softmax of ``input``."""
        return F.log_softmax(input, self.dim, _stacklevel=_CALLER)
