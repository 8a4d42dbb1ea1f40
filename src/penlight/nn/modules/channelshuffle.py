"""The module that deals channels out between groups."""

from __future__ import annotations

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from .module import Module

__all__ = ["ChannelShuffle"]


class ChannelShuffle(Module):
    """Deal the channels of groups out in turn; see :func:`torch.channel_shuffle`.

    Args:
        groups: into how many the channels fall.

    Shape:
        - input: (N, C, *); output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.ChannelShuffle(2)(torch.arange(4).view(1, 4, 1)).flatten()
        tensor([0, 2, 1, 3])

    References:
        Zhang et al. 2018, ShuffleNet, arXiv 1707.01083.
    """

    __constants__ = ("groups",)

    def __init__(self, groups: int) -> None:
        """Keep the number of groups."""
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with its channels shuffled."""
        shuffled: Tensor = F.channel_shuffle(input, self.groups)
        return shuffled

    def extra_repr(self) -> str:
        """Return the number of groups."""
        return f"groups={self.groups}"
