"""cuDNN, under `torch.backends.cudnn`'s names: it is not here, and its switches change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "allow_tf32",
    "benchmark",
    "benchmark_limit",
    "deterministic",
    "enabled",
    "flags",
    "is_available",
    "version",
]

# Switches that programs set, with torch's defaults. penlight's results are the same each time.
enabled = True
benchmark = False
benchmark_limit: int | None = None
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Return ``False``: penlight computes on the CPU."""
    return False


def version() -> int | None:
    """Return ``None``: there is no cuDNN."""
    return None


@contextmanager
def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int = 10,
    deterministic: bool = False,
    allow_tf32: bool = True,
    fp32_precision: str = "none",
) -> Iterator[None]:
    """Set the switches in a block.

    Args:
        enabled: accepted.
        benchmark: accepted.
        benchmark_limit: accepted.
        deterministic: accepted.
        allow_tf32: accepted.
        fp32_precision: accepted.

    Example:
        >>> import penlight as torch
        >>> with torch.backends.cudnn.flags(deterministic=True):
        ...     torch.backends.cudnn.deterministic
        True
    """
    del fp32_precision
    given = {
        "enabled": enabled,
        "benchmark": benchmark,
        "benchmark_limit": benchmark_limit,
        "deterministic": deterministic,
        "allow_tf32": allow_tf32,
    }
    before = {name: globals()[name] for name in given}
    globals().update(given)
    try:
        yield
    finally:
        globals().update(before)
