"""What code that runs in a loader's worker may ask."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Generators:
    """What a worker that is a thread may draw from without disturbing the others.

    Args:
        random_generator: in the place of :mod:`random`.
        torch_generator: what the worker draws from anyway when it names no generator.
        numpy_generator: in the place of ``numpy.random``.
    """

    random_generator: random.Random
    torch_generator: Any
    numpy_generator: Any


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker knows of itself.

    Args:
        id: its number, from 0.
        num_workers: how many there are.
        seed: what its generators were seeded with: the iteration's seed plus ``id``.
        dataset: the dataset as this worker has it.
        rng: the generators of a worker that is a thread, ``None`` in a process.
        worker_method: ``"multiprocessing"`` or ``"thread"``.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: Generators | None = None
    worker_method: str | None = "multiprocessing"


_of_process: WorkerInfo | None = None


class _OfThread(threading.local):
    """What a thread knows of itself when it is a worker."""

    info: WorkerInfo | None = None


_of_thread = _OfThread()


def get_worker_info() -> WorkerInfo | None:
    """Return what the worker, a process or a thread, knows of itself; ``None`` in the main one.

    A stream asks it, to give each worker its part of the samples.

    Returns:
        The ``id``, ``num_workers``, ``seed`` and ``dataset`` of the worker that calls; of one that
        is a thread, also ``rng``: generators of its own, seeded like those of a process.

    Example:
        >>> import penlight as torch
        >>> torch.utils.data.get_worker_info() is None
        True
    """
    return _of_thread.info or _of_process


def become_worker(info: WorkerInfo) -> None:
    """Say what :func:`get_worker_info` returns in this process from now on."""
    global _of_process  # noqa: PLW0603 - one worker is one process
    _of_process = info


def become_worker_thread(info: WorkerInfo) -> None:
    """Say what :func:`get_worker_info` returns in this thread from now on."""
    _of_thread.info = info
