"""CUDA's libraries, under `torch.backends.cuda`'s names: they are not here."""

from __future__ import annotations

__all__ = ["is_built", "matmul"]


class _MatmulSwitches:
    """What programs set for products on CUDA devices, with torch's defaults; it changes nothing."""

    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = True
    allow_bf16_reduced_precision_reduction = True
    allow_fp16_accumulation = False


matmul = _MatmulSwitches()


def is_built() -> bool:
    """Return ``False``: penlight computes on the CPU."""
    return False
