"""The older names of `torch.amp` for CUDA: without it, they do nothing and say so."""

from __future__ import annotations

import warnings

from ... import dtype, float16
from ...amp import GradScaler as _GradScaler, autocast as _autocast

__all__ = ["GradScaler", "autocast"]


class autocast(_autocast):  # noqa: N801 - torch's name
    """``torch.amp.autocast("cuda", …)``, which torch deprecates under this name.

    Args:
        enabled: whether to warn that there is no CUDA.
        dtype: accepted.
        cache_enabled: accepted.
    """

    def __init__(
        self, enabled: bool = True, dtype: dtype = float16, cache_enabled: bool = True
    ) -> None:
        _deprecated("autocast")
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


class GradScaler(_GradScaler):
    """``torch.amp.GradScaler("cuda", …)``, which torch deprecates under this name.

    Args:
        init_scale: accepted.
        growth_factor: accepted.
        backoff_factor: accepted.
        growth_interval: accepted.
        enabled: whether to warn that there is no CUDA.
    """

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        _deprecated("GradScaler")
        super().__init__(
            "cuda",
            init_scale=init_scale,
            growth_factor=growth_factor,
            backoff_factor=backoff_factor,
            growth_interval=growth_interval,
            enabled=enabled,
        )


def _deprecated(name: str) -> None:
    warnings.warn(
        f"`torch.cuda.amp.{name}(args...)` is deprecated. "
        f"Please use `torch.amp.{name}('cuda', args...)` instead.",
        FutureWarning,
        stacklevel=3,
    )
