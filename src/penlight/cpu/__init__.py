"""``torch.cpu``: the device that penlight computes on, asked as others are."""

from __future__ import annotations

from typing import Any

from . import amp

__all__ = [
    "amp",
    "current_device",
    "device_count",
    "is_available",
    "is_initialized",
    "set_device",
    "synchronize",
]


def is_available() -> bool:
    """Return ``True``.

    Example:
        >>> import penlight as torch
        >>> torch.cpu.is_available(), torch.cpu.device_count()
        (True, 1)
    """
    return True


def is_initialized() -> bool:
    """Return ``True``: there is nothing to prepare."""
    return True


def device_count() -> int:
    """Return 1."""
    return 1


def current_device() -> str:
    """Return ``"cpu"``."""
    return "cpu"


def set_device(device: Any) -> None:
    """Do nothing: there is one CPU.

    Args:
        device: accepted.
    """


def synchronize(device: Any = None) -> None:
    """Do nothing: an operation has ended when it returns.

    Args:
        device: accepted.
    """
