"""What computes, under `torch.backends`' names."""

from __future__ import annotations

from . import cpu, cuda, cudnn, mha, mps

__all__ = ["cpu", "cuda", "cudnn", "mha", "mps"]
