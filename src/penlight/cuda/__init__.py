"""``torch.cuda`` of a build without CUDA: it says so, and seeding does nothing."""

from __future__ import annotations

from typing import Any, NoReturn

from . import amp

__all__ = [
    "OutOfMemoryError",
    "amp",
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "synchronize",
]


class OutOfMemoryError(RuntimeError):
    """A CUDA device has no memory left, which cannot happen here; programs name it to catch it."""

    __module__ = "torch"


def is_available() -> bool:
    """Return ``False``: penlight computes on the CPU.

    Example:
        >>> import penlight as torch
        >>> torch.cuda.is_available()
        False
    """
    return False


def is_initialized() -> bool:
    """Return ``False``."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:  # noqa: ARG001 - torch's signature
    """Return ``False``: there is no CUDA device."""
    return False


def memory_allocated(device: Any = None) -> int:  # noqa: ARG001
    """Return 0, as torch does without CUDA."""
    return 0


def max_memory_allocated(device: Any = None) -> int:  # noqa: ARG001
    """Return 0, as torch does without CUDA."""
    return 0


def memory_reserved(device: Any = None) -> int:  # noqa: ARG001
    """Return 0, as torch does without CUDA."""
    return 0


def max_memory_reserved(device: Any = None) -> int:  # noqa: ARG001
    """Return 0, as torch does without CUDA."""
    return 0


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


def get_device_name(device: Any = None) -> str:  # noqa: ARG001
    """Refuse, in torch's words: there is no CUDA device."""
    _refuse()


def get_device_properties(device: Any = None) -> Any:  # noqa: ARG001
    """Refuse, in torch's words: there is no CUDA device."""
    _refuse()


def get_device_capability(device: Any = None) -> tuple[int, int]:  # noqa: ARG001
    """Refuse, in torch's words: there is no CUDA device."""
    _refuse()
