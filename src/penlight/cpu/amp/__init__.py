"""The older name of `torch.amp` for the CPU."""

from __future__ import annotations

import warnings

from ... import bfloat16, dtype
from ...amp import autocast as _autocast

__all__ = ["autocast"]


class autocast(_autocast):  # noqa: N801 - torch's name
    """``torch.amp.autocast("cpu", …)``, which torch deprecates under this name.

    Args:
        enabled: as there.
        dtype: as there.
        cache_enabled: as there.
    """

    def __init__(
        self, enabled: bool = True, dtype: dtype = bfloat16, cache_enabled: bool = True
    ) -> None:
        warnings.warn(
            "`torch.cpu.amp.autocast(args...)` is deprecated. "
            "Please use `torch.amp.autocast('cpu', args...)` instead.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__("cpu", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)
