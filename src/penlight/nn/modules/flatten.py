"""Flatten and Unflatten: several dimensions into one, and one into several."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from .module import Module

__all__ = ["Flatten", "Unflatten"]


class Flatten(Module):
    """Make one dimension of the dimensions ``start_dim`` to ``end_dim``.

    Args:
        start_dim: the first of them.
        end_dim: the last of them.

    Example:
        >>> import penlight as torch
        >>> torch.nn.Flatten()(torch.zeros(32, 1, 5, 5)).shape
        torch.Size([32, 25])
    """

    __constants__ = ("start_dim", "end_dim")
    start_dim: int
    end_dim: int

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        """Keep the range of dimensions."""
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with the dimensions flattened."""
        flat: Tensor = input.flatten(self.start_dim, self.end_dim)
        # an op
        return flat

    def extra_repr(self) -> str:
        """Return the range of dimensions."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Make several dimensions of the dimension ``dim``.

    Args:
        dim: the dimension.
        unflattened_size: the sizes it becomes; one of them may be -1.

    Raises:
        TypeError: the sizes are not integers in a tuple or a list.

    Example:
        >>> import penlight as torch
        >>> torch.nn.Unflatten(1, (2, 5))(torch.zeros(2, 10)).shape
        torch.Size([2, 2, 5])
    """

    __constants__ = ("dim", "unflattened_size")
    dim: int
    unflattened_size: Any

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        """Keep the dimension and the sizes."""
        super().__init__()
        if isinstance(dim, str):
            msg = f"named dimensions are not in penlight: dim must be an int, got {dim!r}"
            raise TypeError(msg)
        _require_sizes(unflattened_size)
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with the dimension unflattened."""
        unflat: Tensor = input.unflatten(self.dim, self.unflattened_size)
        return unflat

    def extra_repr(self) -> str:
        """Return the dimension and the sizes."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


def _require_sizes(sizes: Any) -> None:
    if not isinstance(sizes, (tuple, list)):
        msg = f"unflattened_size must be a tuple of ints, but found type {type(sizes).__name__}"
        raise TypeError(msg)
    for position, size in enumerate(sizes):
        if not isinstance(size, int):
            msg = (
                "unflattened_size must be tuple of ints, but found element of type "
                f"{type(size).__name__} at pos {position}"
            )
            raise TypeError(msg)
