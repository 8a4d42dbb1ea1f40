"""The number of threads and the instruction level, where there are no compiled kernels."""

from __future__ import annotations

import os

_count = [0]


def get_num_threads() -> int:
    """Return how many threads a kernel may use: by default the cores this process may run on."""
    if _count[0]:
        return _count[0]
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def set_num_threads(count: int) -> None:
    """Let kernels use ``count`` threads, at least one and at most 256."""
    _count[0] = min(max(count, 1), 256)


def get_cpu_capability() -> str:
    """Return the instruction level in use."""
    return "default"


def cpu_capabilities() -> list[str]:
    """Return the levels this machine can run, narrowest first."""
    return ["default"]


def force_cpu_capability(name: str) -> None:
    """Use the instruction level ``name`` from now on.

    Raises:
        ValueError: it is not one of `cpu_capabilities`.
    """
    if name != "default":
        message = (
            f'CPU capability "{name}" is not one that runs here: expected one of default '
            "(the NumPy kernels are in use)"
        )
        raise ValueError(message)
