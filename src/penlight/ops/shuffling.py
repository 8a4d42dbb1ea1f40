"""Shuffling of channels: with the pixels of an image, and between groups."""

from __future__ import annotations

import math

from .._tensor import Array, Tensor
from . import _check
from ._op import op

__all__ = ["channel_shuffle", "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]


def _check_factor(function: str, kind: str, input: Array, factor: int) -> None:
    if input.ndim < 3:
        _check.refuse(
            f"{function} expects input to have at least 3 dimensions, but got input with "
            f"{input.ndim} dimension(s)"
        )
    if factor <= 0:
        _check.refuse(f"{function} expects a positive {kind}, but got {factor}")


@op(
    "pixel_shuffle",
    method=False,
    quiet=True,
    input=lambda grad, upscale_factor: pixel_unshuffle(grad, upscale_factor),
)
def pixel_shuffle(input: Array, upscale_factor: int) -> Array:
    r"""Make an image larger by laying groups of channels out as blocks of pixels.

    Args:
        input: shape :math:`(*, C r^2, H, W)`.
        upscale_factor: :math:`r`.

    Returns:
        Shape :math:`(*, C, H r, W r)`.

    Raises:
        RuntimeError: there are fewer than three dimensions, or :math:`r^2` does not divide the
            number of channels.

    Example:
        >>> import penlight as torch
        >>> torch.pixel_shuffle(torch.arange(4).view(4, 1, 1), 2)
        tensor([[[0, 1],
                 [2, 3]]])

    References:
        Shi et al. 2016, Real-Time Single Image and Video Super-Resolution Using an Efficient
        Sub-Pixel Convolutional Neural Network, arXiv 1609.05158.
    """
    r = upscale_factor
    _check_factor("pixel_shuffle", "upscale_factor", input, r)
    *lead, channels, height, width = input.shape
    if channels % (r * r):
        _check.refuse(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    n = math.prod(lead)
    blocks = input.reshape(n, channels // (r * r), r, r, height, width)
    laid = blocks.transpose(0, 1, 4, 2, 5, 3)
    return laid.copy().reshape(*lead, channels // (r * r), height * r, width * r)


@op(
    "pixel_unshuffle",
    method=False,
    quiet=True,
    input=lambda grad, downscale_factor: pixel_shuffle(grad, downscale_factor),
)
def pixel_unshuffle(input: Array, downscale_factor: int) -> Array:
    r"""Undo :func:`pixel_shuffle`: make groups of channels of blocks of pixels.

    Args:
        input: shape :math:`(*, C, H r, W r)`.
        downscale_factor: :math:`r`.

    Returns:
        Shape :math:`(*, C r^2, H, W)`.

    Raises:
        RuntimeError: there are fewer than three dimensions, or :math:`r` does not divide the
            height and the width.

    Example:
        >>> import penlight as torch
        >>> torch.pixel_unshuffle(torch.arange(4).view(1, 2, 2), 2).flatten()
        tensor([0, 1, 2, 3])
    """
    r = downscale_factor
    _check_factor("pixel_unshuffle", "downscale_factor", input, r)
    *lead, channels, height, width = input.shape
    for name, size in (("height", height), ("width", width)):
        if size % r:
            _check.refuse(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                f"input.size({-2 if name == 'height' else -1})={size} is not divisible by {r}"
            )
    n = math.prod(lead)
    pixels = input.reshape(n, channels, height // r, r, width // r, r)
    laid = pixels.transpose(0, 1, 3, 5, 2, 4)
    return laid.copy().reshape(*lead, channels * r * r, height // r, width // r)


def _shuffled(input: Array, groups: int) -> Array:
    channels = input.shape[1]
    places = math.prod(input.shape[2:])
    apart = input.reshape(input.shape[0], groups, channels // groups, places).swapaxes(1, 2)
    return apart.copy().reshape(input.shape)


def _check_groups(input: Array, groups: int) -> None:
    if input.ndim < 3:
        _check.refuse(
            "channel_shuffle expects input with > 2 dims, but got input with sizes "
            f"{list(input.shape)}"
        )
    if groups <= 0:
        _check.refuse(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    if input.shape[1] % groups:
        _check.refuse(
            "Number of channels must be divisible by groups. Got "
            f"{input.shape[1]} channels and {groups} groups."
        )


@op(
    "channel_shuffle",
    method=False,
    quiet=True,
    input=lambda grad, input_shape, groups: channel_shuffle(grad, input_shape[1] // groups),
)
def channel_shuffle(input: Array, groups: int) -> Array:
    """Deal the channels of groups out in turn, so that neighbours come from different groups.

    Args:
        input: shape (N, C, *).
        groups: into how many the channels fall.

    Raises:
        RuntimeError: there are fewer than three dimensions, or the channels do not fall into so
            many groups.

    Example:
        >>> import penlight as torch
        >>> torch.channel_shuffle(torch.arange(4).view(1, 4, 1), 2).flatten()
        tensor([0, 2, 1, 3])

    References:
        Zhang et al. 2018, ShuffleNet, arXiv 1707.01083.
    """
    _check_groups(input, groups)
    return _shuffled(input, groups)


def native_channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Do what :func:`channel_shuffle` does; torch has a second name for its fast form.

    Example:
        >>> import penlight as torch
        >>> torch.native_channel_shuffle(torch.arange(4).view(1, 4, 1), 2).flatten()
        tensor([0, 2, 1, 3])
    """
    shuffled: Tensor = channel_shuffle(input, groups)
    return shuffled
