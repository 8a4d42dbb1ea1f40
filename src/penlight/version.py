"""``torch.version``: the version of torch that penlight stands for, and what it was built with."""

from __future__ import annotations

from ._alias import TORCH_VERSION

__all__ = ["__version__", "cuda", "debug", "git_version", "hip", "rocm", "xpu"]

__version__ = f"{TORCH_VERSION}+{__name__.partition('.')[0]}"
debug = False
cuda: str | None = None
git_version: str = "unknown"
hip: str | None = None
rocm: str | None = None
xpu: str | None = None
