"""The masks of attention modules: bool where attention must not look, or added to the scores."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..._dtype import bool as _bool, dtype
from ..._tensor import Tensor
from ...ops.creation import zeros_like


def as_addend(
    mask: Tensor | None,
    name: str,
    kind: dtype,
    other: Tensor | None = None,
    other_name: str = "",
) -> Any:
    """Return what a mask adds to the scores: of a bool one, minus infinity where it is set.

    Args:
        mask: bool or floating, or ``None``, which comes back.
        name: the mask's name, for messages.
        kind: the dtype that a bool mask becomes.
        other: the mask that goes with it; where the types differ, there is torch's warning.
        other_name: its name.

    Raises:
        AssertionError: the mask holds integers.
    """
    if mask is None:
        return None
    if mask.dtype is not _bool and not mask.is_floating_point():
        msg = f"only bool and floating types of {name} are supported, got {mask.dtype}"
        raise AssertionError(msg)
    if other is not None and other.dtype is not mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for "
            "both instead.",
            stacklevel=3,
        )
    if mask.is_floating_point():
        return mask
    addend: Any = zeros_like(mask, dtype=kind)
    return addend.masked_fill_(mask, -math.inf)
