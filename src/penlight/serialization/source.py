"""The bytes of a checkpoint, read at any place and never past their end."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np

from ._errors import CheckpointError

if TYPE_CHECKING:
    import mmap

    Mapped = mmap.mmap
    Array = np.ndarray[Any, Any]

Bytes = bytes | memoryview


class Source:
    """Random access to the bytes of an open file, counted from where the file stood.

    Attributes:
        size: how many bytes there are from there on.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._start = file.tell()
        file.seek(0, os.SEEK_END)
        self.size = file.tell() - self._start
        file.seek(self._start)

    @property
    def start(self) -> int:
        """Where in the file the first byte is."""
        return self._start

    def read(self, offset: int, count: int, what: str) -> bytes:
        """Return ``count`` bytes, or refuse, naming ``what`` they were to be."""
        self._check(offset, count, what)
        self._file.seek(self._start + offset)
        data = self._file.read(count)
        if len(data) != count:
            refuse(f"{what} ends after {len(data)} of {count} bytes")
        return data

    def read_into(self, offset: int, out: memoryview, what: str) -> None:
        """Fill ``out``, or refuse, naming ``what`` was to be read."""
        self._check(offset, len(out), what)
        self._file.seek(self._start + offset)
        done = 0
        while done < len(out):
            count = self._fill(out[done:])
            if not count:
                refuse(f"{what} ends after {done} of {len(out)} bytes")
            done += count

    def _fill(self, out: memoryview) -> int:
        if hasattr(self._file, "readinto"):
            return int(self._file.readinto(out) or 0)
        data = self._file.read(len(out))
        out[: len(data)] = data
        return len(data)

    def _check(self, offset: int, count: int, what: str) -> None:
        if offset < 0 or count < 0 or offset + count > self.size:
            refuse(
                f"{what} would be {count} bytes from byte {offset} on, but the file has "
                f"{self.size} bytes: it is cut off or damaged"
            )


def map_file(file: IO[bytes], *, writable: bool) -> Mapped:
    """Return the bytes of a file, which are read when they are touched.

    Writes stay private; the system may want room for all of them, so who writes nothing says so.
    """
    import mmap  # noqa: PLC0415 - rarely wanted

    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY if writable else mmap.ACCESS_READ)


def mapped_bytes(content: Mapped, begin: int, nbytes: int) -> Array:
    """Return some bytes of a mapped file as an array that owns no memory of its own."""
    return np.frombuffer(content, np.uint8, nbytes, begin) if nbytes else np.empty(0, np.uint8)


def refuse(reason: str) -> NoReturn:
    """Raise an error with the words that torch begins with."""
    msg = f"PytorchStreamReader failed reading zip archive: {reason}"
    raise CheckpointError(msg)
