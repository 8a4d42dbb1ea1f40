"""Normalisation of each sample: LayerNorm, RMSNorm, GroupNorm, and by neighbouring channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ...ops.creation import empty
from ...ops.from_data import tensor
from .. import (
    functional as F,  # noqa: N812 - the name everybody knows
    init,
)
from ..parameter import Parameter
from .module import Module

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class _Affine(Module):
    """What the classes share: a scale that starts at one and a shift that starts at zero."""

    weight: Tensor | None
    bias: Tensor | None

    def _make_parameters(self, shape: Any, names: dict[str, bool], options: Any) -> None:
        for name, wanted in names.items():
            parameter = Parameter(empty(shape, **options)) if wanted else None
            self.register_parameter(name, parameter)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the scale to one and the shift to zero."""
        if self.weight is not None:
            init.ones_(self.weight)
        bias = self._parameters.get("bias")
        if bias is not None:
            init.zeros_(bias)


class LayerNorm(_Affine):
    r"""Normalise over the last dimensions, then scale and shift by trained parameters.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot w + b

    Args:
        normalized_shape: the dimensions that share a mean; an int for the last one alone.
        eps: added to the variance.
        elementwise_affine: whether there is a weight, which starts at one.
        bias: whether there is a bias with it, which starts at zero.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input: :math:`(*, \text{normalized\_shape})`; output: the same

    Attributes:
        weight: ``normalized_shape``, or ``None``
        bias: ``normalized_shape``, or ``None``

    Example:
        >>> import penlight as torch
        >>> torch.nn.LayerNorm(2)(torch.tensor([[1.0, 3.0]])).tolist()
        [[-0.9999949932098389, 0.9999949932098389]]

    References:
        Ba et al. 2016, Layer Normalization, arXiv 1607.06450.
    """

    __constants__ = ("normalized_shape", "eps", "elementwise_affine")
    normalized_shape: tuple[int, ...]
    eps: float
    elementwise_affine: bool

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make weight and bias."""
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        names = {"weight": elementwise_affine, "bias": elementwise_affine and bias}
        options = {"device": device, "dtype": dtype}
        self._make_parameters(self.normalized_shape, names, options)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(_Affine):
    r"""Divide by the root of the mean square over the last dimensions, then scale.

    .. math:: y = \frac{x}{\sqrt{\mathrm{E}[x^2] + \epsilon}} \cdot w

    Args:
        normalized_shape: the dimensions that share a mean square; an int for the last one alone.
        eps: added to the mean square; left out, the machine epsilon of the dtype computed in.
        elementwise_affine: whether there is a weight, which starts at one.
        device: the CPU.
        dtype: of the weight; the default dtype when left out.

    Shape:
        - input: :math:`(*, \text{normalized\_shape})`; output: the same

    Attributes:
        weight: ``normalized_shape``, or ``None``

    Example:
        >>> import penlight as torch
        >>> torch.nn.RMSNorm(2)(torch.tensor([[3.0, 3.0]])).detach()
        tensor([[1., 1.]])

    References:
        Zhang and Sennrich 2019, Root Mean Square Layer Normalization, arXiv 1910.07467.
    """

    __constants__ = ("normalized_shape", "eps", "elementwise_affine")
    normalized_shape: tuple[int, ...]
    eps: float | None
    elementwise_affine: bool

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make the weight."""
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        options = {"device": device, "dtype": dtype}
        self._make_parameters(self.normalized_shape, {"weight": elementwise_affine}, options)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(_Affine):
    r"""Normalise each group of channels of each sample, then scale and shift each channel.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot w_c + b_c

    Args:
        num_groups: how many groups the channels are cut into; a divisor of ``num_channels``.
        num_channels: :math:`C`.
        eps: added to the variance.
        affine: whether there is a weight, which starts at one.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.
        bias: whether there is a bias with it, which starts at zero.

    Shape:
        - input: :math:`(N, C, *)`; output: the same

    Attributes:
        weight: :math:`(C)`, or ``None``
        bias: :math:`(C)`, or ``None``

    Raises:
        ValueError: ``num_groups`` does not divide ``num_channels``.

    Example:
        >>> import penlight as torch
        >>> torch.nn.GroupNorm(2, 4)(torch.tensor([[1.0, 3.0, 5.0, 9.0]])).detach()
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])

    References:
        Wu and He 2018, Group Normalization, arXiv 1803.08494.
    """

    __constants__ = ("num_groups", "num_channels", "eps", "affine")
    num_groups: int
    num_channels: int
    eps: float
    affine: bool

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        """Make weight and bias."""
        super().__init__()
        if num_channels % num_groups:
            msg = f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            raise ValueError(msg)
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        options = {"device": device, "dtype": dtype}
        self._make_parameters(num_channels, {"weight": affine, "bias": affine and bias}, options)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


def _shape(given: int | Sequence[int]) -> tuple[int, ...]:
    return tuple(given) if isinstance(given, Sequence) else (given,)


class _ResponseNorm(Module):
    """The options of normalisation by neighbouring channels."""

    size: int
    alpha: float
    beta: float
    k: float

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def extra_repr(self) -> str:
        """Return the options."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class LocalResponseNorm(_ResponseNorm):
    r"""Divide each element by a power of the mean square of its neighbours in other channels.

    .. math:: y_c = x_c \left( k + \frac{\alpha}{n} \sum_{c'} x_{c'}^2 \right)^{-\beta}

    Args:
        size: :math:`n`, how many channels around its own are summed over.
        alpha: the factor of the mean square.
        beta: the power.
        k: added to it.

    Shape:
        - input: :math:`(N, C, *)`; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.LocalResponseNorm(2)(torch.zeros(2, 4, 3)).shape
        torch.Size([2, 4, 3])

    References:
        Krizhevsky et al. 2012, ImageNet Classification with Deep Convolutional Neural Networks.
    """

    __constants__ = ("size", "alpha", "beta", "k")

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)


class CrossMapLRN2d(_ResponseNorm):
    """:class:`LocalResponseNorm` of images as Lua Torch computed it.

    The sum of a channel's neighbours is moved along the channels, and never lets go of the first
    channel. The gradient is that of these values; torch's own looks one channel aside.

    Args:
        size: how many channels around its own are summed over.
        alpha: the factor of the mean square.
        beta: the power.
        k: added to it.

    Shape:
        - input: (N, C, H, W); output: the same

    Raises:
        ValueError: the input has not four dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.nn.CrossMapLRN2d(3)(torch.zeros(2, 4, 3, 3)).shape
        torch.Size([2, 4, 3, 3])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__(size, alpha, beta, k)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input."""
        if input.dim() != 4:
            msg = f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead."
            raise ValueError(msg)
        reach = int((self.size - 1) / 2 + 1)
        channels = range(input.shape[1])
        # torch: the first channel stays in the running sum.
        near = [[float(abs(a - b) < reach or b == 0) for b in channels] for a in channels]
        squares: Any = input.pow(2).flatten(2)
        sums = (tensor(near, dtype=input.dtype) @ squares).view(input.shape)
        scale = sums * (self.alpha / self.size) + self.k
        normalized: Tensor = scale.pow(-self.beta) * input
        return normalized
