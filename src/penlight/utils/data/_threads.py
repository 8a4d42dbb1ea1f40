"""A loader's workers as threads: the same tasks and answers as those of `_workers`, handed over.

Nothing is copied and nothing is sent. A thread cannot be ended from outside, so one that hangs is
left behind; it is a daemon, and does not keep the program from ending.
"""

from __future__ import annotations

import copy
import os
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...random import Generator, use_in_this_thread
from ._worker import STATUS_INTERVAL, Answer, Job, Mark, serve
from ._worker_info import Generators, WorkerInfo, become_worker_thread

_Queue = queue.SimpleQueue[Any]


class ThreadWorkers:
    """Worker threads, running until :meth:`stop`.

    Args:
        count: how many.
        job: makes a worker's job of its number.
    """

    def __init__(self, count: int, job: Callable[[int], Job]) -> None:
        self._owner = os.getpid()
        self._stopping = threading.Event()
        self._results: _Queue = queue.SimpleQueue()
        self._arrived: list[deque[Answer | BaseException]] = [deque() for _ in range(count)]
        self._tasks: list[_Queue] = [queue.SimpleQueue() for _ in range(count)]
        self._threads = [
            threading.Thread(
                target=_work,
                args=(_with_own_dataset(job(worker)), tasks, self._results, self._stopping),
                name=f"DataLoader worker {worker}",
                daemon=True,
            )
            for worker, tasks in enumerate(self._tasks)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def stopped(self) -> bool:
        """Whether they have been told to stop."""
        return self._stopping.is_set()

    def send(self, worker: int, message: Any) -> None:
        """Give a worker a task, or the mark of a new pass."""
        self._tasks[worker].put(message)

    def receive(self, candidates: Sequence[int], timeout: float) -> tuple[int, Answer]:
        """Return the next answer of one of the workers ``candidates``, and whose it is.

        Args:
            candidates: the workers, all of which have tasks.
            timeout: how long to wait, in seconds; 0 is without end.

        Raises:
            RuntimeError: a worker has ended before its time, or the time is over.
        """
        if self.stopped:
            msg = "the workers of this pass have been stopped after an error; begin a new pass"
            raise RuntimeError(msg)
        end = time.monotonic() + timeout if timeout else float("inf")
        while True:
            for worker in candidates:
                if self._arrived[worker]:
                    return worker, self._checked(worker, self._arrived[worker].popleft())
            left = min(STATUS_INTERVAL, max(0.0, end - time.monotonic()))
            try:
                worker, answer = self._results.get(timeout=left)
            except queue.Empty:
                if time.monotonic() >= end:
                    msg = f"DataLoader timed out after {timeout} seconds"
                    raise RuntimeError(msg) from None
            else:
                self._arrived[worker].append(answer)

    def _checked(self, worker: int, answer: Answer | BaseException) -> Answer:
        """Return an answer; what ended the thread is none."""
        if isinstance(answer, Answer):
            return answer
        self.stop()
        msg = f"DataLoader worker (thread {worker}) exited unexpectedly"
        raise RuntimeError(msg) from answer

    def stop(self) -> None:
        """Tell all workers to stop, and wait a while for those that are at a sample."""
        if self.stopped or os.getpid() != self._owner:
            return  # a forked process has a copy of this object, but not of the threads
        self._stopping.set()
        for tasks in self._tasks:
            tasks.put(None)
        last = time.monotonic() + STATUS_INTERVAL
        for thread in self._threads:
            # Garbage may be collected, and an iterator with it, in a worker as well.
            if thread is not threading.current_thread():
                thread.join(max(0.0, last - time.monotonic()))


def _with_own_dataset(job: Job) -> Job:
    """Return the job with a shallow copy of the dataset, whose attributes are the worker's own.

    A tensor, and what has no attributes, would be copied whole.
    """
    if isinstance(job.dataset, Tensor) or not hasattr(job.dataset, "__dict__"):
        return job
    return replace(job, dataset=copy.copy(job.dataset))


class _Outbox:
    """Hands over answers as they are."""

    def __init__(self, worker: int, results: _Queue) -> None:
        self._worker = worker
        self._results = results

    def put(self, answer: Answer) -> bool:
        """Hand over an answer; return whether it says that the stream ended."""
        self._results.put((self._worker, answer))
        return answer.value is Mark.ENDED

    def flush(self) -> None:
        """Do nothing: all is handed over."""


def _work(job: Job, tasks: _Queue, results: _Queue, stopping: threading.Event) -> None:
    generator = Generator().manual_seed(job.seed)
    use_in_this_thread(generator)
    of_numpy = np.random.default_rng(job.numpy_words())
    own = Generators(random.Random(job.seed), generator, of_numpy)  # noqa: S311 - no secret
    become_worker_thread(
        WorkerInfo(job.worker, job.num_workers, job.seed, job.dataset, own, "thread")
    )
    try:
        serve(job, _Outbox(job.worker, results), _messages(tasks, stopping))
    except BaseException as error:  # noqa: BLE001 - SystemExit and the like, which end a worker
        results.put((job.worker, error))


def _messages(tasks: _Queue, stopping: threading.Event) -> Iterator[Any]:
    while (message := tasks.get()) is not None and not stopping.is_set():
        yield message
