"""The handle that registering a hook returns, under torch's import path."""

from __future__ import annotations

from ..autograd.graph import RemovableHandle

__all__ = ["RemovableHandle"]
