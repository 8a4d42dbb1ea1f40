"""The order in which a convolution's weight lies in memory."""

from __future__ import annotations

from typing import Any

from ..._layout import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    memory_format as _memory_format,
)
from ..modules import conv

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

# How many dimensions a weight has that can lie with its channels last, and the format's name.
_RANKS = {channels_last: (4, "channels_last"), channels_last_3d: (5, "channels_last_3d")}


def convert_conv2d_weight_memory_format(module: Any, memory_format: _memory_format) -> Any:
    """Lay the weights of 2d convolutions, also transposed, in another order; returns the module.

    Values and results stay; penlight's kernels are no faster for it.

    Args:
        module: a convolution, or any module, in which they are looked for.
        memory_format: ``torch.channels_last`` or ``torch.contiguous_format``.

    Raises:
        RuntimeError: the format is for weights of another number of dimensions.

    Example:
        >>> import penlight as torch
        >>> layer = torch.nn.Conv2d(2, 4, 3)
        >>> _ = torch.nn.utils.convert_conv2d_weight_memory_format(layer, torch.channels_last)
        >>> layer.weight.stride()
        (18, 1, 6, 2)
    """
    return _convert(module, (conv.Conv2d, conv.ConvTranspose2d), memory_format)


def convert_conv3d_weight_memory_format(module: Any, memory_format: _memory_format) -> Any:
    """Lay the weights of 3d convolutions, also transposed, in another order; returns the module.

    Args:
        module: a convolution, or any module, in which they are looked for.
        memory_format: ``torch.channels_last_3d`` or ``torch.contiguous_format``.

    Raises:
        RuntimeError: the format is for weights of another number of dimensions.
    """
    return _convert(module, (conv.Conv3d, conv.ConvTranspose3d), memory_format)


def _convert(module: Any, kinds: tuple[Any, ...], memory_format: Any) -> Any:
    for each in module.modules():
        if isinstance(each, kinds):
            each.weight.data = _laid(each.weight.detach(), memory_format)
    return module


def _laid(weight: Any, memory_format: Any) -> Any:
    """Return a copy of a weight in a memory format."""
    if memory_format is contiguous_format:
        return weight.clone().contiguous()
    if memory_format not in _RANKS:
        msg = f"Unsupported memory formatPreserve: {memory_format} says no order of dimensions"
        raise RuntimeError(msg)
    rank, name = _RANKS[memory_format]
    if weight.dim() != rank:
        msg = (
            f"required rank {rank} tensor to use {name} format; this weight has rank {weight.dim()}"
        )
        raise RuntimeError(msg)
    return weight.movedim(1, -1).clone().contiguous().movedim(-1, 1)
