"""``torch.multiprocessing``: the standard module, with torch's way of starting several processes.

Tensors go to other processes by value: what one writes, others do not see. torch shares their
memory; ``Tensor.share_memory_`` is refused rather than pretended.
"""

from __future__ import annotations

import multiprocessing as _standard
import sys
from multiprocessing import *

from .spawn import (
    ProcessContext,
    ProcessException,
    ProcessExitedException,
    ProcessRaisedException,
    spawn,
    start_processes,
)

__all__ = [
    "ProcessContext",
    "ProcessException",
    "ProcessExitedException",
    "ProcessRaisedException",
    "get_all_sharing_strategies",
    "get_sharing_strategy",
    "set_sharing_strategy",
    "spawn",
    "start_processes",
]
__all__ += _standard.__all__
__all__.sort()

_strategies = {"file_system"} if sys.platform == "darwin" else {"file_descriptor", "file_system"}
_strategy = min(_strategies)


def get_all_sharing_strategies() -> set[str]:
    """Return the names that :func:`set_sharing_strategy` takes."""
    return set(_strategies)


def get_sharing_strategy() -> str:
    """Return what :func:`set_sharing_strategy` was last told; torch's default before."""
    return _strategy


def set_sharing_strategy(new_strategy: str) -> None:
    """Remember by what torch would share memory; tensors are sent by value here.

    Args:
        new_strategy: ``"file_system"`` or ``"file_descriptor"``.

    Raises:
        AssertionError: another name.
    """
    global _strategy  # noqa: PLW0603 - of the whole process, as torch's
    if new_strategy not in _strategies:
        msg = f"invalid sharing strategy {new_strategy!r}, expected one of {_strategies}"
        raise AssertionError(msg)
    _strategy = new_strategy
