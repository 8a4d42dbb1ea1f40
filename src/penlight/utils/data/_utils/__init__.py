"""Rooms of `torch.utils.data` that programs reach into: collation and its table."""

from __future__ import annotations

from . import collate

__all__ = ["collate"]
