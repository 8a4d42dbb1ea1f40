"""Normalisation: layer_norm, rms_norm, group_norm, batch_norm and instance_norm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..._dtype import float64
from ..._tensor import Tensor
from ...ops import normalization as ops
from ._reduction import check_tensors
from .padding import pad
from .pooling import avg_pool2d, avg_pool3d

__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "rms_norm",
]

# The machine epsilons that rms_norm adds when it is told none; half types compute in single.
_EPSILON = {float64: 2.0**-52}
_SINGLE_EPSILON = 2.0**-23


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalise over the last dimensions: mean 0 and variance 1, then scale and shift.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot w + b

    Args:
        input: floating, any shape that ends in ``normalized_shape``.
        normalized_shape: the dimensions that share a mean.
        weight: :math:`w`, of that shape.
        bias: :math:`b`, of that shape.
        eps: added to the variance.

    Raises:
        RuntimeError: the shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.layer_norm(torch.tensor([[1.0, 3.0]]), [2])
        tensor([[-1.0000,  1.0000]])

    References:
        Ba et al. 2016, Layer Normalization, arXiv 1607.06450.
    """
    check_tensors("layer_norm", input=input)
    shape = _normalized_shape("layer_norm", input, normalized_shape, "*, ")
    _check_shape("weight", weight, shape)
    _check_shape("bias", bias, shape)
    out: Tensor = ops.layer_norm(input, weight, bias, len(shape), eps)
    return out


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    r"""Divide by the root of the mean square over the last dimensions, then scale.

    .. math:: y = \frac{x}{\sqrt{\mathrm{E}[x^2] + \epsilon}} \cdot w

    Args:
        input: floating, any shape that ends in ``normalized_shape``.
        normalized_shape: the dimensions that share a mean square.
        weight: :math:`w`, of that shape.
        eps: added to the mean square; left out, the machine epsilon of the dtype computed in.

    Raises:
        RuntimeError: the shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.rms_norm(torch.tensor([[3.0, 4.0]]), [2])
        tensor([[0.8485, 1.1314]])

    References:
        Zhang and Sennrich 2019, Root Mean Square Layer Normalization, arXiv 1910.07467.
    """
    check_tensors("rms_norm", input=input)
    shape = _normalized_shape("rms_norm", input, normalized_shape, "*")
    _check_shape("weight", weight, shape)
    if eps is None:
        eps = _EPSILON.get(input.dtype, _SINGLE_EPSILON)
    out: Tensor = ops.rms_norm(input, weight, len(shape), eps)
    return out


def _normalized_shape(function: str, input: Tensor, given: Any, star: str) -> tuple[int, ...]:
    """Return the shape that is normalised over, which must be the end of the input's."""
    if hasattr(given, "__index__") or not isinstance(given, Sequence):
        msg = (
            f"{function}(): argument 'normalized_shape' (position 2) must be tuple of ints, not "
            f"{type(given).__name__}"
        )
        raise TypeError(msg)
    shape = tuple(given)
    if not shape:
        msg = (
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
            "element, but got normalized_shape = []"
        )
        raise RuntimeError(msg)
    if tuple(input.shape[-len(shape) :]) != shape:
        sizes = ", ".join(map(str, shape))
        msg = (
            f"Given normalized_shape=[{sizes}], expected input with shape [{star}{sizes}], but got "
            f"input of size{list(input.shape)}"
        )
        raise RuntimeError(msg)
    return shape


def _check_shape(name: str, parameter: Tensor | None, shape: tuple[int, ...]) -> None:
    if parameter is not None and tuple(parameter.shape) != shape:
        msg = (
            f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
            f"{list(parameter.shape)} and normalized_shape = {list(shape)}"
        )
        raise RuntimeError(msg)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalise each group of channels of each sample, then scale and shift each channel.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot w_c + b_c

    Args:
        input: floating, shape :math:`(N, C, *)`.
        num_groups: how many groups the channels are cut into; a divisor of :math:`C`.
        weight: :math:`w`, shape (C).
        bias: :math:`b`, shape (C).
        eps: added to the variance.

    Raises:
        RuntimeError: the shapes, dtypes or ``num_groups`` do not fit.
        ValueError: a group has one value only.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.group_norm(torch.tensor([[1.0, 3.0, 5.0, 9.0]]), 2)
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])

    References:
        Wu and He 2018, Group Normalization, arXiv 1803.08494.
    """
    check_tensors("group_norm", input=input)
    if input.dim() < 2:
        msg = f"Expected at least 2 dimensions for input tensor but received {input.dim()}"
        raise RuntimeError(msg)
    batch, channels, *rest = input.shape
    _refuse_single_values([batch * channels // num_groups, num_groups, *rest])
    if num_groups <= 0:
        msg = f"Expected num groups to be greater than 0, got {num_groups}"
        raise RuntimeError(msg)
    if channels % num_groups:
        msg = (
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(input.shape)} and num_groups={num_groups}"
        )
        raise RuntimeError(msg)
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and (parameter.dim() != 1 or parameter.numel() != channels):
            msg = (
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {name} of shape {list(parameter.shape)} and input of shape "
                f"{list(input.shape)}"
            )
            raise RuntimeError(msg)
    out: Tensor = ops.group_norm(input, weight, bias, num_groups, eps)
    return out


def _refuse_single_values(size: Any) -> None:
    """Refuse sizes (N, C, ...) in which each channel has one value: it would become zero."""
    if math.prod([size[0], *size[2:]]) == 1:
        msg = f"Expected more than 1 value per channel when training, got input size {size}"
        raise ValueError(msg)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalise each channel over the batch, or by running moments, then scale and shift it.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot w_c + b_c

    Args:
        input: floating, shape :math:`(N, C, *)`.
        running_mean: shape (C); in training it moves towards the batch's mean.
        running_var: shape (C); in training it moves towards the batch's unbiased variance.
        weight: :math:`w`, shape (C).
        bias: :math:`b`, shape (C).
        training: whether the batch's own moments are used.
        momentum: by how much the running moments move.
        eps: added to the variance.

    Raises:
        RuntimeError: the shapes or dtypes do not fit, or running moments are missing.
        ValueError: in training, each channel has one value only.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.batch_norm(torch.tensor([[1.0], [3.0]]), None, None, training=True)
        tensor([[-1.0000],
                [ 1.0000]])

    References:
        Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167.
    """
    check_tensors("batch_norm", input=input)
    if eps < 0 or (training and eps == 0):
        allowed = "positive during training" if training else "non-negative"
        msg = f"batch_norm eps must be {allowed}, but got {eps}"
        raise ValueError(msg)
    if training:
        _refuse_single_values(input.shape)
    channels = input.shape[1] if input.dim() > 1 else 0
    running = {"running_mean": running_mean, "running_var": running_var}
    for name, moment in running.items():
        if moment is None and not training:
            msg = f"{name} must be defined in evaluation mode"
            raise RuntimeError(msg)
    if (running_mean is None) != (running_var is None):
        msg = "running_mean and running_var must either both be None or neither be None"
        raise ValueError(msg)
    for name, parameter in {**running, "weight": weight, "bias": bias}.items():
        if parameter is not None and parameter.numel() != channels:
            msg = f"{name} should contain {channels} elements not {parameter.numel()}"
            raise RuntimeError(msg)
    for name, moment in running.items():
        if moment is not None and moment.requires_grad:
            msg = (
                "The function 'native_batch_norm' is not differentiable with respect to argument "
                f"'{name}'. This input cannot have requires_grad True."
            )
            raise RuntimeError(msg)
    return ops.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalise each channel of each sample, or by running moments, then scale and shift it.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot w_c + b_c

    Args:
        input: floating, shape :math:`(N, C, *)`.
        running_mean: shape (C); with ``use_input_stats`` it moves towards the samples' mean.
        running_var: shape (C); the same with their variance.
        weight: :math:`w`, shape (C).
        bias: :math:`b`, shape (C).
        use_input_stats: whether each sample's own moments are used.
        momentum: by how much the running moments move.
        eps: added to the variance.

    Raises:
        ValueError: each channel of a sample has one value only.
        RuntimeError: the shapes or dtypes do not fit, or running moments are missing.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.instance_norm(torch.tensor([[[1.0, 3.0]]]))
        tensor([[[-1.0000,  1.0000]]])

    References:
        Ulyanov et al. 2016, Instance Normalization, arXiv 1607.08022.
    """
    check_tensors("instance_norm", input=input)
    if use_input_stats and math.prod(input.shape[2:]) == 1:
        msg = f"Expected more than 1 spatial element when training, got input size {input.shape}"
        raise ValueError(msg)
    if not use_input_stats and (running_mean is None or running_var is None):
        msg = "Expected running_mean and running_var to be defined when use_input_stats is false"
        raise RuntimeError(msg)
    batch, channels, *rest = input.shape
    # Each sample's channels are channels of one large sample.
    means, variances, scale, shift = (
        None if given is None else given.repeat(batch)
        for given in (running_mean, running_var, weight, bias)
    )
    folded = input.contiguous().view(1, batch * channels, *rest)
    out = ops.batch_norm(folded, means, variances, scale, shift, use_input_stats, momentum, eps)
    if use_input_stats:
        for moment, moved in ((running_mean, means), (running_var, variances)):
            if moment is not None and moved is not None:
                moment.copy_(moved.view(batch, channels).mean(0))
    return out.view(input.shape)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    r"""Divide each element by a power of the mean square of its neighbours in other channels.

    .. math:: y_c = x_c \left( k + \frac{\alpha}{n} \sum_{c'} x_{c'}^2 \right)^{-\beta}

    Args:
        input: floating, shape :math:`(N, C, *)` with at least three dimensions.
        size: :math:`n`, how many channels around its own are summed over.
        alpha: the factor of the mean square.
        beta: the power.
        k: added to it.

    Raises:
        ValueError: there are fewer than three dimensions.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.local_response_norm(torch.ones(1, 2, 1), 2, alpha=1.0, beta=1.0)
        tensor([[[0.6667],
                 [0.5000]]])

    References:
        Krizhevsky et al. 2012, ImageNet Classification with Deep Convolutional Neural Networks.
    """
    check_tensors("local_response_norm", input=input)
    if input.dim() < 3:
        msg = (
            "Expected 3D or higher dimensionality input (got "
            f"{input.dim()} dimensions): local_response_norm takes (N, C, *)"
        )
        raise ValueError(msg)
    if not input.numel():
        return input
    squares: Any = input.mul(input)
    around = (size // 2, (size - 1) // 2)
    if input.dim() == 3:
        squares = pad(squares.unsqueeze(1), (0, 0, *around))
        means: Any = avg_pool2d(squares, (size, 1), stride=1).squeeze(1)
    else:
        batch, channels, first = input.shape[:3]
        squares = pad(squares.view((batch, 1, channels, first, -1)), (0, 0, 0, 0, *around))
        means = avg_pool3d(squares, (size, 1, 1), stride=1).squeeze(1).view(input.shape)
    divided: Tensor = input / means.mul(alpha).add(k).pow(beta)
    return divided
