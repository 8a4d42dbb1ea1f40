"""New processes, in which penlight stands in for torch if it does here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from multiprocessing.process import BaseProcess

_PACKAGE = __name__.partition(".")[0]


def name_process(process: BaseProcess) -> None:
    """Give a process that is about to start a name by which penlight stands in for torch there.

    A process that is not forked runs the program's imports before it unpickles its target, but
    after its name.
    """
    if type(sys.modules.get("torch")).__name__ == "StandIn":
        process.name = _StandInName(process.name)


class _StandInName(str):
    """A name that puts up the stand-in where it is unpickled."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Callable[[str], str], tuple[str]]:
        return _put_up, (str(self),)


def _put_up(name: str) -> str:
    import_module(_PACKAGE).install_as_torch()
    return name
