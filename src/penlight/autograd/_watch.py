"""Who looks at nodes as they are made: hooks on what is saved, and anomaly mode.

As a rule nobody does, and then a call pays nothing for it: the native call paths stand in the ops'
functions as they are, and the generated ones look at an empty list. The first watcher has the ops
put :func:`note` behind each, the last has them take it away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ._mode import mode

# One entry for every watcher, in whatever thread.
WATCHED: list[None] = []

_lock = threading.RLock()
_switches: list[Callable[[], None]] = []


class _Anomaly:
    """Whether anomaly mode is on, in all threads, and what it does (``anomaly_mode`` says).

    Attributes:
        enabled: whether it is on.
        check_nan: whether it looks for NaN in what backward computes.
        remember: called with each node that is made.
        run: called in place of a node's ``backward``, with the node, the gradients and the edges.
    """

    enabled = False
    check_nan = True
    remember: Any = None
    run: Any = None


anomaly = _Anomaly()


def on_switch(switch: Callable[[], None]) -> None:
    """Have ``switch`` called whenever the first watcher comes and the last goes."""
    _switches.append(switch)


def begin() -> None:
    """Count one more watcher."""
    with _lock:
        WATCHED.append(None)
        if len(WATCHED) == 1:
            for switch in _switches:
                switch()


def end() -> None:
    """Count one watcher less."""
    with _lock:
        WATCHED.pop()
        if not WATCHED:
            for switch in _switches:
                switch()


def note(node: Any) -> None:
    """Show a node that was just made, all saved, to those who watch in this thread."""
    if anomaly.enabled:
        anomaly.remember(node)
    if mode.saving is not None:
        mode.saving.pack_node(node)
