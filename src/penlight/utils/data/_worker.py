"""What runs in a loader's worker process (see `_workers` for the other side).

Workers that are threads (`_threads`) serve their tasks by the same functions.
"""

from __future__ import annotations

import contextlib
import enum
import os
import queue
import random
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple, NoReturn, Protocol, cast
from weakref import WeakSet

import numpy as np

from ... import manual_seed, set_num_threads
from ._channel import Message, packed, send
from ._fetch import Recipe
from ._worker_info import WorkerInfo, become_worker

# How often a process that waits looks whether the other one is still there, in seconds.
STATUS_INTERVAL = 5.0

# The ends of pipes that are the main process's own. A forked worker inherits and closes them:
# held here, an end that the main process closed would never look closed to another worker.
MAIN_ENDS: WeakSet[Connection] = WeakSet()


class Mark(enum.Enum):
    """What travels beside tasks and batches."""

    RESUME = "begin a new pass"
    ENDED = "the stream has ended"


class Answer(NamedTuple):
    """What a worker sends back for a task: a batch, a :class:`Failure` or a :class:`Mark`."""

    task: int
    value: Any


class Failure(NamedTuple):
    """An exception that a worker met, on its way to the main process."""

    kind: type[Exception]
    text: str

    @classmethod
    def of(cls, error: Exception, job: Job) -> Failure:
        """Return an exception with its traceback as text."""
        trace = "".join(traceback.format_exception(error))
        where = f"in DataLoader worker {job.kind} {job.worker}"
        return cls(type(error), f"Caught {type(error).__name__} {where}.\nOriginal {trace}")

    def reraise(self) -> NoReturn:
        """Raise an exception of the same class that says where it was met."""
        if self.kind is KeyError:
            raise KeyError(_Verbatim(self.text))
        try:
            error = self.kind(self.text)
        except Exception:  # noqa: BLE001 - the constructor is the program's, and may raise anything
            raise RuntimeError(self.text) from None
        raise error


class _Verbatim(str):
    """Text that a KeyError prints line by line instead of quoted."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Job:
    """All that a worker is told at its start."""

    worker: int
    num_workers: int
    base_seed: int
    dataset: Any
    recipe: Recipe
    init: Callable[[int], None] | None
    persistent: bool
    kind: str

    @property
    def seed(self) -> int:
        """What the worker's generators start from."""
        return self.base_seed + self.worker

    def numpy_words(self) -> list[int]:
        """Return what NumPy's generator starts from."""
        # torch: the same numbers from another source, lest both give the same stream.
        seeds = [self.worker, self.base_seed & 0xFFFFFFFF, self.base_seed >> 32, 0]
        words: list[int] = np.random.SeedSequence(seeds).generate_state(4).tolist()
        return words

    def begin(self) -> Callable[[Any], Any]:
        """Prepare this process and return what fetches batches."""
        if self.init is not None:
            self.init(self.worker)
        return self.fetcher()

    def fetcher(self) -> Callable[[Any], Any]:
        """Return what fetches batches; a stream begins anew."""
        return self.recipe.fetcher(self.dataset)


class Pipes(NamedTuple):
    """A worker process's ends of its pipes."""

    tasks: Connection
    results: Connection
    stop: Connection


class Outbox(Protocol):
    """Where answers go."""

    def put(self, answer: Answer) -> bool:
        """Take an answer, to be sent in its turn; return whether it says that the stream ended."""

    def flush(self) -> None:
        """Wait until all is sent."""


def work(job: Job, pipes: Pipes) -> None:
    """Fetch batches until told to stop, or until the main process is gone."""
    # torch: an interrupted worker ends silently; the main process is interrupted as well.
    with contextlib.suppress(KeyboardInterrupt):
        for end in list(MAIN_ENDS):
            end.close()
        set_num_threads(1)
        random.seed(job.seed)
        manual_seed(job.seed)
        np.random.seed(job.numpy_words())  # noqa: NPY002 - users draw of it
        become_worker(WorkerInfo(job.worker, job.num_workers, job.seed, job.dataset))
        serve(job, _Sender(job, pipes.results), _messages(pipes))


def serve(job: Job, outbox: Outbox, messages: Iterable[Any]) -> None:
    """Answer the messages, one after the other."""
    fetch = _attempt(job, job.begin)
    for message in messages:
        if message is Mark.RESUME:
            outbox.put(Answer(-1, message))
            fetch = fetch if isinstance(fetch, Failure) else _attempt(job, job.fetcher)
        elif outbox.put(_answer(job, fetch, *message)) and not job.persistent:
            outbox.flush()
            return


def _answer(job: Job, fetch: Any, task: int, index: Any) -> Answer:
    if isinstance(fetch, Failure):
        return Answer(task, fetch)

    def batch() -> Any:
        try:
            return fetch(index)
        except StopIteration:
            if not job.recipe.stream:
                raise
            return Mark.ENDED

    return Answer(task, _attempt(job, batch))


def _attempt(job: Job, function: Callable[[], Any]) -> Any:
    """Return what a function of the program returns, or how it failed."""
    try:
        return function()
    except Exception as error:  # noqa: BLE001 - whatever it is, the main process is to see it
        return Failure.of(error, job)


class _Sender:
    """Sends answers from a thread of its own: the worker fetches on while the pipe is full."""

    def __init__(self, job: Job, results: Connection) -> None:
        self._job = job
        self._results = results
        self._waiting: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def put(self, answer: Answer) -> bool:
        """Take an answer, to be sent in its turn; return whether it says that the stream ended."""
        try:
            message = packed(answer)
        except Exception as error:  # noqa: BLE001 - pickling calls the program's code
            value = answer.value
            failure = value if isinstance(value, Failure) else Failure.of(error, self._job)
            # A class that cannot be pickled is not known by name to the main process.
            message = packed(Answer(answer.task, Failure(RuntimeError, failure.text)))
        self._waiting.put(message)
        return answer.value is Mark.ENDED

    def flush(self) -> None:
        """Wait until all is sent."""
        self._waiting.put(None)
        self._thread.join()

    def _send(self) -> None:
        # OSError: the main process wants no more, or is gone.
        with contextlib.suppress(OSError):
            while (message := self._waiting.get()) is not None:
                send(self._results, message)


def _messages(pipes: Pipes) -> Iterator[Any]:
    """Yield what the main process sends, as long as it is there and does not say stop."""
    main = cast("BaseProcess", parent_process())
    # A worker of a fork server is that server's child.
    is_child = os.getppid() == main.pid
    while main.is_alive() and (not is_child or os.getppid() == main.pid):
        ready = wait([pipes.tasks, pipes.stop, main.sentinel], STATUS_INTERVAL)
        if pipes.stop in ready:
            return
        if pipes.tasks in ready:
            try:
                message = pipes.tasks.recv()
            except EOFError:
                return
            yield message
