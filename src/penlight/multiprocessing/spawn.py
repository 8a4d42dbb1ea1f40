"""Starting a function in several processes, and hearing of the first that fails."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from .._processes import name_process

__all__ = [
    "ProcessContext",
    "ProcessException",
    "ProcessExitedException",
    "ProcessRaisedException",
    "spawn",
    "start_processes",
]

_GRACE = 30.0  # seconds that a process is given after being told to end
_LONGEST = 10_000  # characters of a traceback: what a pipe takes when nobody reads yet


class ProcessException(Exception):  # noqa: N818 - torch's name
    """A process has failed.

    Args:
        msg: how.
        error_index: its number.
        error_pid: its id.
    """

    def __init__(self, msg: str, error_index: int, error_pid: int) -> None:
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.error_pid = error_pid

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.msg, self.error_index, self.error_pid)


class ProcessRaisedException(ProcessException):
    """A process has raised an exception, whose traceback is in the text."""


class ProcessExitedException(ProcessException):
    """A process has ended by a signal or with an exit code.

    Args:
        msg: how.
        error_index: its number.
        error_pid: its id.
        exit_code: its exit code; the signal's number, negative.
        signal_name: the signal's name, if it was one.
    """

    def __init__(
        self,
        msg: str,
        error_index: int,
        error_pid: int,
        exit_code: int,
        signal_name: str | None = None,
    ) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name

    def __reduce__(self) -> tuple[Any, ...]:
        first = self.msg, self.error_index, self.error_pid
        return type(self), (*first, self.exit_code, self.signal_name)


class ProcessContext:
    """Processes that were started together.

    Args:
        processes: the processes.
        reports: for each, where it reports the exception that ended it.
    """

    def __init__(self, processes: Sequence[BaseProcess], reports: Sequence[Connection]) -> None:
        self.processes = list(processes)
        self._reports = list(reports)
        self.sentinels = {process.sentinel: n for n, process in enumerate(self.processes)}

    def pids(self) -> list[int]:
        """Return the processes' ids."""
        return [process.pid or 0 for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait for some of the processes to end; if one failed, end the others too.

        Args:
            timeout: how long to wait, in seconds; ``None`` is without end.
            grace_period: how long the others may go on when one has failed, in seconds.

        Returns:
            Whether all have ended.

        Raises:
            ProcessRaisedException: one has raised an exception.
            ProcessExitedException: one was killed, or has ended with an exit code.
        """
        for sentinel in wait(list(self.sentinels), timeout):
            index = self.sentinels.pop(sentinel)  # type: ignore[arg-type] # sentinels are numbers
            process = self.processes[index]
            process.join()
            if process.exitcode != 0:
                self._end_all(grace_period)
                raise self._failure(index)
        return not self.sentinels

    def _end_all(self, grace_period: float | None) -> None:
        grace = _GRACE if grace_period is None else grace_period
        self._join_all(0.0 if grace_period is None else grace)
        for end in (BaseProcess.terminate, BaseProcess.kill):
            for process in self.processes:
                if process.is_alive():
                    end(process)
            self._join_all(grace)

    def _join_all(self, timeout: float) -> None:
        last = time.monotonic() + timeout
        for process in self.processes:
            process.join(max(0.0, last - time.monotonic()))

    def _failure(self, index: int) -> ProcessException:
        process, report = self.processes[index], self._reports[index]
        pid, code = process.pid or 0, process.exitcode or 0
        try:
            trace = report.recv() if report.poll() else None
        except EOFError:  # it ended without a word
            trace = None
        if trace is not None:
            text = f"\n\n-- Process {index:d} terminated with the following error:\n{trace}"
            return ProcessRaisedException(text, index, pid)
        if code >= 0:
            text = f"process {index:d} terminated with exit code {code:d}"
            return ProcessExitedException(text, index, pid, code)
        known = {int(each): each.name for each in signal.Signals}
        name = known.get(-code, f"<Unknown signal {-code}>")
        text = f"process {index:d} terminated with signal {name}"
        return ProcessExitedException(text, index, pid, code, name)


def _run(function: Callable[..., Any], index: int, args: tuple[Any, ...], report: Any) -> None:
    try:
        function(index, *args)
    except KeyboardInterrupt:
        return  # the process that started this one is interrupted too
    except Exception:  # noqa: BLE001 - whatever it is, that process is to hear of it
        report.send(traceback.format_exc()[-_LONGEST:])
        sys.exit(1)


def start_processes(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Run ``fn(i, *args)`` in processes numbered by ``i``.

    Args:
        fn: a function; unless forked, it must be importable by name.
        args: its further arguments.
        nprocs: how many processes.
        join: whether to wait until all have ended.
        daemon: whether they end with this process.
        start_method: ``"spawn"``, ``"fork"`` or ``"forkserver"``.

    Returns:
        The processes, unless they are waited for.

    Raises:
        ProcessException: one failed; the others are ended.
    """
    context: Any = multiprocessing.get_context(start_method)
    processes, reports = [], []
    for index in range(nprocs):
        report, end = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(fn, index, args, end), daemon=daemon)
        name_process(process)
        process.start()
        end.close()
        processes.append(process)
        reports.append(report)
    started = ProcessContext(processes, reports)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Run ``fn(i, *args)`` in new processes numbered by ``i``: :func:`start_processes` by spawn.

    Args:
        fn: a function that is importable by name.
        args: its further arguments.
        nprocs: how many processes.
        join: whether to wait until all have ended.
        daemon: whether they end with this process.
        start_method: another one is warned of and not used.

    Returns:
        The processes, unless they are waited for.

    Raises:
        ProcessException: one failed; the others are ended.
    """
    if start_method != "spawn":
        warnings.warn(
            f"This method only supports start_method=spawn (got: {start_method}).\n"
            "To use a different start_method use:\n\t\t"
            " torch.multiprocessing.start_processes(...)",
            FutureWarning,
            stacklevel=2,
        )
    return start_processes(fn, args, nprocs, join, daemon, start_method="spawn")
