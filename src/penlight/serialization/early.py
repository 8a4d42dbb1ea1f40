"""Bringing a large file to the disk while more of it is written: less is left to wait for."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from threading import Event, Thread
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .source import Bytes

_LARGE = 32 << 20  # bytes from which on a thread is worth its start
_PIECE = 8 << 20  # bytes after which the thread is told of more


@contextmanager
def synced_early(file: IO[bytes]) -> Iterator[Callable[[Bytes], int]]:
    """Give a function that writes to a file, of which the disk has the first part early.

    Its last part and its name are still to be brought there. What is no regular file is only
    written to, and so is every file where the system cannot sync its data alone.

    Args:
        file: open for writing; it stays open.

    Raises:
        OSError: the file cannot be written, or not to the disk.
    """
    if not hasattr(os, "fdatasync") or not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        yield file.write
        return
    writer = _Writer(file)
    try:
        yield writer.write
    finally:
        writer.stop()
    if writer.error is not None:
        # The system tells of a failed write once: the sync that follows would not hear of it.
        raise writer.error


class _Writer:
    """Writes piece by piece, and has a thread sync what is written once that is much."""

    def __init__(self, file: IO[bytes]) -> None:
        self.error: OSError | None = None
        self._file = file
        self._until_told = _LARGE
        self._thread: Thread | None = None
        self._told = Event()
        self._stopped = False

    def write(self, data: Bytes) -> int:
        view = memoryview(data).cast("B")
        for begin in range(0, len(view), _PIECE):
            piece = view[begin : begin + _PIECE]
            self._file.write(piece)
            self._until_told -= len(piece)
            if self._until_told <= 0:
                self._until_told = _PIECE
                self._tell()
        return len(view)

    def stop(self) -> None:
        self._stopped = True
        if self._thread is not None:
            self._told.set()
            self._thread.join()

    def _tell(self) -> None:
        if self._thread is None:
            thread = Thread(target=self._sync, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no thread is left, or Python is ending: the last sync does it
                return
            self._thread = thread
        self._told.set()

    def _sync(self) -> None:
        while True:
            self._told.wait()
            self._told.clear()
            if self._stopped:
                return
            try:
                os.fdatasync(self._file.fileno())
            except OSError as error:
                self.error = error
                return
