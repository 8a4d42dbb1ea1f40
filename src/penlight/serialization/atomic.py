"""Replacing a file whole: whoever looks finds the old content or the new, never a part of it."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEFAULT_MODE = 0o666  # less the umask, as open() does


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a new file beside ``path`` that takes its place when the block ends without an error.

    The content is on the disk before the name points to it. After an error the old file is as it
    was and the new one is gone. A symbolic link stays one; the file it leads to is replaced. What
    is no regular file (a pipe, a device) is written to directly.

    Args:
        path: the file to replace; it need not exist.

    Raises:
        RuntimeError: its directory does not exist.
        OSError: the file cannot be written.
    """
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    if not os.path.isdir(folder):
        msg = f"Parent directory {os.path.dirname(os.fspath(path))} does not exist."
        raise RuntimeError(msg)
    mode = os.stat(target).st_mode if os.path.exists(target) else None
    if mode is not None and stat.S_ISDIR(mode):
        msg = f"{os.fspath(path)} is a directory"
        raise IsADirectoryError(msg)
    if mode is not None and not stat.S_ISREG(mode):
        with open(target, "wb") as file:
            yield file
        return
    # The name is cut so that a long one plus the suffix still is a valid one.
    beside = os.path.join(folder, f".{name[:100]}.{os.getpid()}.{os.urandom(6).hex()}.tmp")
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, _DEFAULT_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.chmod(beside, stat.S_IMODE(mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        os.unlink(beside)
        raise
    _sync_folder(folder)


_BINARY = getattr(os, "O_BINARY", 0)  # Windows would translate line ends


def _sync_folder(folder: str) -> None:
    """Make the new name last; where directories cannot be opened, the system does so itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
