"""Tools beside the tensors: data loading, checkpointing, hook handles, by torch.utils's names."""

from __future__ import annotations

from . import checkpoint, data, hooks

__all__ = ["checkpoint", "data", "hooks"]
