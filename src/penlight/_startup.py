"""What an import does about the garbage collector."""

from __future__ import annotations

import gc


class PausedCollector:
    """Keeps cyclic garbage collection off while it lives, if it was on.

    Hundreds of records and functions are made at import, and none of them is garbage: looking for
    some takes a sixth of the time. An import that fails drops its namespace, and this with it.
    """

    def __init__(self) -> None:
        self._was_on = gc.isenabled()
        gc.disable()

    def __del__(self) -> None:
        if self._was_on:
            gc.enable()
