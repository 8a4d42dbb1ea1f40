"""The processor, under `torch.backends.cpu`'s names."""

from __future__ import annotations

from .. import kernels

__all__ = ["get_cpu_capability"]


def get_cpu_capability() -> str:
    """Return the instruction level that the kernels use.

    Returns:
        ``"DEFAULT"``, ``"AVX2"`` or ``"AVX512"``; ``"DEFAULT"`` also for the NumPy kernels.

    Example:
        >>> import penlight as torch
        >>> torch.backends.cpu.get_cpu_capability() in {"DEFAULT", "AVX2", "AVX512"}
        True
    """
    return kernels.get_cpu_capability().upper()
