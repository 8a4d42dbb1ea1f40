"""The switch of attention's fast path in inference, under `torch.backends.mha`'s names.

There is one path here; what the switch changes is what torch's fast path gives and the other does
not: zeros in place of padding behind a ``TransformerEncoder``.
"""

from __future__ import annotations

__all__ = ["get_fastpath_enabled", "set_fastpath_enabled"]

_is_enabled = True


def get_fastpath_enabled() -> bool:
    """Return whether the switch is on.

    Example:
        >>> import penlight as torch
        >>> torch.backends.mha.get_fastpath_enabled()
        True
    """
    return _is_enabled


def set_fastpath_enabled(value: bool) -> None:
    """Turn the switch on or off, for all threads.

    Args:
        value: whether it is on.
    """
    global _is_enabled  # noqa: PLW0603 - torch's switch is one for the process
    _is_enabled = value
