"""Dropout: of elements, of channels, and the forms that keep mean and variance."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..._tensor import Tensor
from ...ops.creation import empty_like
from ...ops.dropout import dropped

__all__ = [
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
]

# -scale * alpha of SELU: what a dropped unit of a self-normalising network is set to.
_ALPHA = 1.7580993408473766


def check_probability(p: float) -> None:
    """Refuse what is no probability.

    Raises:
        ValueError: ``p`` is outside [0, 1].
    """
    if not 0.0 <= p <= 1.0:
        msg = f"dropout probability has to be between 0 and 1, but got {p}"
        raise ValueError(msg)


def _noise(input: Any, p: float, *, channels: bool) -> Any:
    """Return ones with probability 1 - p, one per element or one per channel."""
    if channels:
        if input.dim() < 2:
            msg = "Feature dropout requires at least 2 dimensions in the input"
            raise RuntimeError(msg)
        noise = input.new_empty((*input.shape[:2], *(1,) * (input.dim() - 2)))
    else:
        noise = empty_like(input)
    return noise.bernoulli_(1 - p)


def drop(
    input: Any, p: float, training: bool, inplace: bool, *, channels: bool, alpha: bool
) -> Tensor:
    check_probability(p)
    if not isinstance(input, Tensor):
        msg = f"dropout(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}"
        raise TypeError(msg)
    if not training or p == 0 or not input.numel():
        return input
    if p == 1:
        return _times(input, input.new_zeros(()), inplace)
    if not channels and not alpha and input.is_floating_point():
        op: Any = dropped.op.call_ if inplace else dropped
        return op(input, float(p))  # type: ignore[no-any-return]
    noise = _noise(input, float(p), channels=channels)
    if not alpha:
        return _times(input, noise.div_(1 - p), inplace)
    scale = 1 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    shift = noise.add(-1).mul_(_ALPHA * scale).add_(_ALPHA * scale * p)
    out: Any = _times(input, noise.mul_(scale), inplace)
    return out.add_(shift) if inplace else out + shift  # type: ignore[no-any-return]


def _times(input: Any, factor: Any, inplace: bool) -> Tensor:
    return input.mul_(factor) if inplace else input * factor  # type: ignore[no-any-return]


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    r"""Zero each element with probability ``p`` and divide the others by :math:`1 - p`.

    Args:
        input: a floating tensor of any shape.
        p: the probability, in [0, 1].
        training: without it, the input comes back unchanged.
        inplace: write the input.

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.dropout(torch.ones(2), training=False)
        tensor([1., 1.])

    References:
        Hinton et al. 2012, Improving neural networks by preventing co-adaptation, arXiv 1207.0580.
    """
    return drop(input, p, training, inplace, channels=False, alpha=False)


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout that keeps mean and variance, for self-normalising networks; see :func:`dropout`.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.alpha_dropout(torch.ones(2))
        tensor([1., 1.])

    References:
        Klambauer et al. 2017, Self-Normalizing Neural Networks, arXiv 1706.02515.
    """
    return drop(input, p, training, inplace, channels=False, alpha=True)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """:func:`alpha_dropout` of whole channels, dimension 1 of the input.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.feature_alpha_dropout(torch.ones(1, 2))
        tensor([[1., 1.]])
    """
    return drop(input, p, training, inplace, channels=True, alpha=True)


def _warn_dimensions(function: str, input: Tensor, expected: str) -> None:
    warnings.warn(
        f"{function}: Received a {input.dim()}-D input to {function}, which is deprecated and will "
        "result in an error in a future release. To retain the behavior and silence this warning, "
        f"please use dropout instead. Note that {function} exists to provide channel-wise dropout "
        f"on inputs with {expected}.",
        stacklevel=3,
    )


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Zero whole channels of (N, C, L) or (C, L) with probability ``p``; see :func:`dropout`.

    Raises:
        ValueError: ``p`` is outside [0, 1].
        RuntimeError: the input has neither 2 nor 3 dimensions.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.dropout1d(torch.ones(1, 1, 2), training=False)
        tensor([[[1., 1.]]])
    """
    check_probability(p)
    if input.dim() not in {2, 3}:
        msg = (
            f"dropout1d: Expected 2D or 3D input, but received a {input.dim()}D input. Note that "
            "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, "
            "a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs)."
        )
        raise RuntimeError(msg)
    return _drop_batched(input, p, training, inplace, batched=input.dim() == 3)


def _drop_batched(input: Any, p: float, training: bool, inplace: bool, *, batched: bool) -> Tensor:
    """Drop channels, with a batch dimension for the time being where the input has none."""
    if not batched:
        input = input.unsqueeze_(0) if inplace else input.unsqueeze(0)
    out: Any = drop(input, p, training, inplace, channels=True, alpha=False)
    if not batched:
        out = out.squeeze_(0) if inplace else out.squeeze(0)
    return out  # type: ignore[no-any-return]


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Zero whole channels of (N, C, H, W) with probability ``p``; see :func:`dropout`.

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.dropout2d(torch.ones(1, 1, 1, 1), training=False)
        tensor([[[[1.]]]])
    """
    check_probability(p)
    if input.dim() not in {3, 4}:
        expected = (
            "2 spatial dimensions, a channel dimension, and an optional batch dimension (i.e. 3D "
            "or 4D inputs)"
        )
        _warn_dimensions("dropout2d", input, expected)
    if input.dim() == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout "
            "behavior is desired - input is interpreted as shape (N, C, L), where C is the channel "
            "dim. This behavior will change in a future release to interpret the input as one "
            "without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise "
            "dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return drop(input, p, training, inplace, channels=True, alpha=False)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Zero whole channels of (N, C, D, H, W) or (C, D, H, W); see :func:`dropout`.

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.dropout3d(torch.ones(1, 1, 1, 1, 1), training=False)
        tensor([[[[[1.]]]]])
    """
    check_probability(p)
    if input.dim() not in {4, 5}:
        expected = (
            "3 spatial dimensions, a channel dimension, and an optional batch dimension (i.e. 4D "
            "or 5D inputs)"
        )
        _warn_dimensions("dropout3d", input, expected)
    return _drop_batched(input, p, training, inplace, batched=input.dim() == 5)
