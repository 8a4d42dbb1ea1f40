"""Functions behind the modules, one file per family."""

from __future__ import annotations

from .linear import bilinear, linear

__all__ = ["bilinear", "linear"]
