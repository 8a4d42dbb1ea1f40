"""What computes, under `torch.backends`' names."""

from __future__ import annotations

from . import cpu, mha

__all__ = ["cpu", "mha"]
