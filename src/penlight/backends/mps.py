"""Apple's GPUs, under `torch.backends.mps`' names: there are none for penlight."""

from __future__ import annotations

__all__ = ["is_available", "is_built"]


def is_built() -> bool:
    """Return ``False``: penlight computes on the CPU."""
    return False


def is_available() -> bool:
    """Return ``False``: penlight computes on the CPU.

    Example:
        >>> import penlight as torch
        >>> torch.backends.mps.is_available()
        False
    """
    return False
