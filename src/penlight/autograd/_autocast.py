"""Whether autocast is on in this thread, and what it remembers; ``amp`` says what is cast.

While no thread casts, nothing looks here. The first to begin has ``amp`` put the casts in front of
the functions concerned, the last to end has it take them away again.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .._dtype import bfloat16, dtype as _dtype, float16
from ._mode import mode

# What each device type casts to in torch, unless told.
FAST = {
    "cpu": bfloat16,
    "cuda": float16,
    "hpu": bfloat16,
    "maia": bfloat16,
    "mps": float16,
    "mtia": float16,
    "privateuseone": float16,
    "xpu": float16,
}

# Of a device type: enabled, dtype, whether casts are kept, and the backward walk of its block.
Snapshot = tuple[bool, _dtype, bool, Any]


class _State(threading.local):
    """What autocast does in this thread.

    Attributes:
        enabled: the device types that it is on for.
        dtypes: what each casts to.
        cache_enabled: whether casts of weights are kept.
        casts: kept casts by a tensor's identity and the dtype: the tensor and its cast.
        nesting: how many blocks the program is in.
        walk: the backward walk in which casting was switched on. A walk that begins inside a block
            is not cast: its gradients have the dtypes of what they belong to.
        busy: a function runs whose arguments have been cast; what it calls is left as it is.
    """

    cache_enabled = True
    nesting = 0
    walk: Any = None
    busy = False

    def __init__(self) -> None:
        self.enabled: set[str] = set()
        self.dtypes: dict[str, _dtype] = dict(FAST)
        self.casts: dict[tuple[int, _dtype], tuple[Any, Any]] = {}


state = _State()
_lock = threading.RLock()
_casting: list[None] = []
_switches: list[Callable[[bool], None]] = []


def on_switch(switch: Callable[[bool], None]) -> None:
    """Have ``switch`` called with True when the first thread casts, with False after the last."""
    _switches.append(switch)


def set_enabled(device_type: str, enabled: bool) -> None:
    """Switch casting for a device type on or off in this thread."""
    if enabled:
        state.walk = mode.walk
    if enabled == (device_type in state.enabled):
        return
    (state.enabled.add if enabled else state.enabled.discard)(device_type)
    if device_type == "cpu":
        _count(enabled)


def _count(enabled: bool) -> None:
    with _lock:
        if enabled:
            _casting.append(None)
        else:
            _casting.pop()
        if len(_casting) == int(enabled):
            for switch in _switches:
                switch(enabled)


def enter(device_type: str, enabled: bool, dtype: _dtype, *, cache_enabled: bool) -> Snapshot:
    """Begin a block; returns what :func:`leave` puts back."""
    before = snapshot(device_type)
    state.dtypes[device_type] = dtype
    state.cache_enabled = cache_enabled
    state.nesting += 1
    set_enabled(device_type, enabled)
    return before


def leave(device_type: str, before: Snapshot) -> None:
    """End a block; the outermost forgets the casts."""
    state.nesting -= 1
    if not state.nesting:
        state.casts.clear()
    enabled, state.dtypes[device_type], state.cache_enabled, walk = before
    set_enabled(device_type, enabled)
    state.walk = walk


def snapshot(device_type: str) -> Snapshot:
    """Return what a block changes."""
    return (
        device_type in state.enabled,
        state.dtypes[device_type],
        state.cache_enabled,
        state.walk,
    )


@contextlib.contextmanager
def as_in(snapshot: Snapshot) -> Iterator[None]:
    """Cast on the CPU as where a snapshot was taken."""
    enabled, dtype, cache_enabled, _ = snapshot
    before = enter("cpu", enabled, dtype, cache_enabled=cache_enabled)
    try:
        yield
    finally:
        leave("cpu", before)


def casts_here() -> bool:
    """Return whether the CPU's casts apply to what is called now."""
    return "cpu" in state.enabled and not state.busy and mode.walk is state.walk
