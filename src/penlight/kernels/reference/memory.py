"""The cache of memory blocks, where there are no compiled kernels: none."""

from __future__ import annotations


def use_block_cache() -> bool:
    """Let this thread's arrays take their memory from the cache; return whether they now do."""
    return False


def cached_bytes() -> int:
    """Return how much freed memory waits to be used again."""
    return 0


def release_cached() -> None:
    """Give cached memory back to the system."""
