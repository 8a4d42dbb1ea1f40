"""What an import does about the garbage collector."""

from __future__ import annotations

import gc


class PausedCollector:
    """Keeps cyclic garbage collection off while it lives, if it was on.

    Tens of thousands of objects are made at import, and none of them is garbage: looking for some
    takes a third of the time. When it ends they are counted among the old objects without being
    walked, by freezing and thawing, unless the program keeps frozen objects of its own. An import
    that fails drops its namespace, and this with it.
    """

    def __init__(self) -> None:
        self._was_on = gc.isenabled()
        gc.disable()

    def __del__(self) -> None:
        if not self._was_on:
            return
        if gc.get_freeze_count() == 0:
            gc.freeze()
            gc.unfreeze()
        gc.enable()
