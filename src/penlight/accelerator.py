"""``torch.accelerator`` of a machine without one."""

from __future__ import annotations

__all__ = ["current_accelerator", "device_count", "is_available"]


def is_available() -> bool:
    """Return ``False``: penlight computes on the CPU."""
    return False


def device_count() -> int:
    """Return 0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:  # noqa: ARG001 - torch's signature
    """Return ``None``: there is no accelerator."""
    return
