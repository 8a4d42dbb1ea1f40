"""What code that runs in a loader's worker may ask. There are no workers yet."""

from __future__ import annotations


def get_worker_info() -> None:
    """Return the description of the worker that the caller runs in; ``None`` in the main process.

    Example:
        >>> import penlight as torch
        >>> torch.utils.data.get_worker_info() is None
        True
    """
