"""The count of steps that state holds: a tensor of one element, as torch's checkpoints have it."""

from __future__ import annotations

from typing import Any

from .. import tensor
from .._dtype import float32, float64, get_default_dtype
from .._tensor import Tensor

__all__ = ["as_tensors", "new_count"]


def new_count(value: float = 0.0) -> Tensor:
    """Return a count: float32, and float64 where that is the default dtype."""
    made: Tensor = tensor(value, dtype=float64 if get_default_dtype() == float64 else float32)
    return made


def as_tensors(state: dict[Any, Any], *names: str) -> None:
    """Turn the counts of old checkpoints, which are Python numbers, into tensors.

    Args:
        state: of an optimiser.
        names: of further numbers than ``"step"``.
    """
    for entry in state.values():
        for name in ("step", *names) if isinstance(entry, dict) else ():
            if isinstance(entry.get(name), int | float):
                entry[name] = new_count(float(entry[name]))
