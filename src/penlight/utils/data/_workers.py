"""A loader's worker processes as the main process sees them (see `_worker` for their side).

Each worker has a pipe for tasks and one for results, and all hear one pipe that says stop. Nothing
is locked, so a worker that is killed leaves the others and the main process as they were.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NoReturn

from ..._processes import name_process
from ._channel import receive
from ._worker import MAIN_ENDS, STATUS_INTERVAL, Answer, Job, Pipes, work

JobMaker = Callable[[int], Job]


class Workers:
    """Worker processes, running until :meth:`stop`.

    Args:
        context: of multiprocessing: how processes are started.
        count: how many.
        job: makes a worker's job of its number.
    """

    def __init__(self, context: Any, count: int, job: JobMaker) -> None:
        self._owner = os.getpid()
        self._context = context
        self._processes: list[BaseProcess] = []
        self._tasks: list[Connection] = []
        self._results: list[Connection] = []
        self._stopped = False
        stop, self._stop = context.Pipe(duplex=False)
        MAIN_ENDS.add(self._stop)
        try:
            for worker in range(count):
                self._start(worker, job, stop)
        except BaseException:
            self.stop()
            raise
        finally:
            stop.close()
        self._running = set(range(count))

    def _start(self, worker: int, job: JobMaker, stop: Connection) -> None:
        tasks, tasks_end = self._context.Pipe(duplex=False)
        results_end, results = self._context.Pipe(duplex=False)
        MAIN_ENDS.update((tasks_end, results_end))
        self._tasks.append(tasks_end)
        self._results.append(results_end)
        process = self._context.Process(
            target=work, args=(job(worker), Pipes(tasks, results, stop)), daemon=True
        )
        name_process(process)
        try:
            process.start()
        except Exception as error:
            error.add_note(
                f"DataLoader worker process {worker} could not be started by "
                f"{self._context.get_start_method()!r}. All methods but 'fork' send the dataset, "
                "collate_fn and worker_init_fn as pickles: they must be importable by name."
            )
            raise
        finally:
            tasks.close()
            results.close()
        self._processes.append(process)

    @property
    def stopped(self) -> bool:
        """Whether they have been told to stop."""
        return self._stopped

    def send(self, worker: int, message: Any) -> None:
        """Send a worker a task, or the mark of a new pass."""
        # A worker whose stream has ended may be gone; if it died, `receive` will say so.
        with contextlib.suppress(BrokenPipeError):
            self._tasks[worker].send(message)

    def receive(self, candidates: Sequence[int], timeout: float) -> tuple[int, Answer]:
        """Return the next answer of one of the workers ``candidates``, and whose it is.

        Args:
            candidates: the workers, all of which have tasks.
            timeout: how long to wait, in seconds; 0 is without end.

        Raises:
            RuntimeError: a worker has died, now or before, or the time is over.
        """
        if self._stopped:
            msg = "the workers of this pass have been stopped after an error; begin a new pass"
            raise RuntimeError(msg)
        end = time.monotonic() + timeout if timeout else float("inf")
        while True:
            watched = [self._processes[worker].sentinel for worker in self._running]
            left = min(STATUS_INTERVAL, max(0.0, end - time.monotonic()))
            ready = wait([*(self._results[worker] for worker in candidates), *watched], left)
            for worker in candidates:
                if self._results[worker] in ready:
                    return worker, self._read(worker)
            self._look(candidates)
            if time.monotonic() >= end:
                msg = f"DataLoader timed out after {timeout} seconds"
                raise RuntimeError(msg)

    def _read(self, worker: int) -> Answer:
        try:
            answer: Answer = receive(self._results[worker])
        except (EOFError, ConnectionError):
            self._processes[worker].join(STATUS_INTERVAL)
            self._refuse([worker])
        except BaseException:
            # Half of an answer may have been read.
            self.stop()
            raise
        return answer

    def _look(self, candidates: Iterable[int]) -> None:
        """Refuse to go on if a worker is gone before its time."""
        gone = [worker for worker in self._running if self._processes[worker].exitcode is not None]
        self._running.difference_update(gone)
        failed = [worker for worker in gone if self._processes[worker].exitcode]
        failed += [
            worker
            for worker in candidates
            if worker not in self._running
            and worker not in failed
            and not self._results[worker].poll()
        ]
        if failed:
            self._refuse(failed)

    def _refuse(self, workers: Sequence[int]) -> NoReturn:
        pids = ", ".join(str(self._processes[worker].pid) for worker in workers)
        reasons = " ".join(_reason(self._processes[worker]) for worker in workers)
        self.stop()
        msg = f"DataLoader worker (pid(s) {pids}) exited unexpectedly"
        raise RuntimeError(msg) from RuntimeError(reasons)

    def stop(self) -> None:
        """Tell all workers to stop, and wait for it; one that does not is ended by a signal."""
        if self._stopped or os.getpid() != self._owner:
            return  # a forked process has a copy of this object, but not of the workers
        self._stopped = True
        with contextlib.suppress(BrokenPipeError):
            self._stop.send_bytes(b"stop")
        # One that waits for room in its pipe is woken by this.
        for end in (*self._tasks, *self._results):
            end.close()
        for end_it in (None, BaseProcess.terminate, BaseProcess.kill):
            self._join(end_it)
        self._stop.close()

    def _join(self, end_it: Callable[[BaseProcess], None] | None) -> None:
        alive = [process for process in self._processes if process.is_alive()]
        if end_it is not None:
            for process in alive:
                end_it(process)
        last = time.monotonic() + STATUS_INTERVAL
        for process in alive:
            process.join(max(0.0, last - time.monotonic()))


def _reason(process: BaseProcess) -> str:
    code = process.exitcode
    if code is not None and code < 0:
        return (
            f"DataLoader worker (pid {process.pid}) is killed by signal: {signal.strsignal(-code)}."
        )
    return (
        f"DataLoader worker (pid {process.pid}) exited unexpectedly with exit code {code}. "
        "Rerunning with num_workers=0 may give better error trace."
    )
