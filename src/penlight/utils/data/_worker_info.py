"""What code that runs in a loader's worker may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker knows of itself.

    Args:
        id: its number, from 0.
        num_workers: how many there are.
        seed: what its generators were seeded with: the iteration's seed plus ``id``.
        dataset: the dataset as this process has it.
        rng: ``None``; torch gives it to workers that are threads.
        worker_method: ``"multiprocessing"``; torch has threads as well.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: Any = None
    worker_method: str | None = "multiprocessing"


_current: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Return what the worker process knows of itself; ``None`` in the main process.

    A stream asks it, to give each worker its part of the samples.

    Returns:
        The ``id``, ``num_workers``, ``seed`` and ``dataset`` of the worker that calls.

    Example:
        >>> import penlight as torch
        >>> torch.utils.data.get_worker_info() is None
        True
    """
    return _current


def become_worker(info: WorkerInfo) -> None:
    """Say what :func:`get_worker_info` returns in this process from now on."""
    global _current  # noqa: PLW0603 - one worker is one process
    _current = info
