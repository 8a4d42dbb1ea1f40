"""``torch.cuda`` of a build without CUDA: it says so, and seeding does nothing."""

from __future__ import annotations

from typing import Any, NoReturn

from . import amp

__all__ = [
    "amp",
    "current_device",
    "device_count",
    "empty_cache",
    "is_available",
    "manual_seed",
    "manual_seed_all",
    "synchronize",
]


def is_available() -> bool:
    """Return ``False``: penlight computes on the CPU.

    Example:
        >>> import penlight as torch
        >>> torch.cuda.is_available()
        False
    """
    return False


def device_count() -> int:
    """Return 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Do nothing, as torch does without CUDA."""


def manual_seed_all(seed: int) -> None:
    """Do nothing, as torch does without CUDA."""


def empty_cache() -> None:
    """Do nothing, as torch does without CUDA."""


def _refuse() -> NoReturn:
    msg = "Torch not compiled with CUDA enabled"
    raise AssertionError(msg)


def current_device() -> int:
    """Refuse, in torch's words: there is no CUDA device."""
    _refuse()


def synchronize(device: Any = None) -> None:  # noqa: ARG001 - torch's signature
    """Refuse, in torch's words: there is no CUDA device."""
    _refuse()
