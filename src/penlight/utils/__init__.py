"""Tools beside the tensors: data loading and hook handles, under torch.utils's names."""

from __future__ import annotations

from . import data, hooks

__all__ = ["data", "hooks"]
