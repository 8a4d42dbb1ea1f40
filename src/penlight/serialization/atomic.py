"""Replacing a file whole: whoever looks finds the old content or the new, never a part of it."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEFAULT_MODE = 0o666  # less the umask, as open() does
_SUFFIX = ".penlight-tmp"


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a new file beside ``path`` that takes its place when the block ends without an error.

    See :func:`replacing_path`, which does it.
    """
    with replacing_path(path) as beside, open(beside, "wb") as file:
        yield file


@contextmanager
def replacing_path(path: str | os.PathLike[str]) -> Iterator[str]:
    """Give the path of a new file beside ``path``, which takes its place when the block ends.

    The content is on the disk before the name points to it. After an error the old file is as it
    was and the new one is gone; what a process left that was killed meanwhile is swept away the
    next time. A symbolic link stays one; the file it leads to is replaced. What is no regular file
    (a pipe, a device) is written to directly.

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
        yield target
        return
    # The name is cut so that a long one plus the suffix still is a valid one.
    prefix = f".{name[:100]}."
    _sweep(folder, prefix)
    beside, lock = _create(folder, prefix)
    try:
        if mode is not None:
            # Never readable for more people than the old file, but writable for now.
            os.chmod(beside, stat.S_IMODE(mode) | stat.S_IRUSR | stat.S_IWUSR)
        yield beside
        _sync(beside, os.O_RDWR | _BINARY)
        if mode is not None:
            os.chmod(beside, stat.S_IMODE(mode))
        os.replace(beside, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(beside)
        raise
    finally:
        if lock is not None:
            os.close(lock)
    if os.name != "nt":  # there, directories cannot be opened, and the system does it itself
        _sync(folder, os.O_RDONLY)


_BINARY = getattr(os, "O_BINARY", 0)  # Windows would translate line ends


def _create(folder: str, prefix: str) -> tuple[str, int | None]:
    """Make a file of a new name and lock it; return its path and the descriptor with the lock.

    Where there are no locks nothing is swept either.
    """
    while True:
        beside = os.path.join(folder, f"{prefix}{os.urandom(8).hex()}{_SUFFIX}")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY
        descriptor = os.open(beside, flags, _DEFAULT_MODE)
        if fcntl is None:
            os.close(descriptor)
            return beside, None
        with suppress(OSError):  # some network file systems have none
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.path.exists(beside):
            return beside, descriptor
        os.close(descriptor)  # another process swept it away before it was locked


def _sweep(folder: str, prefix: str) -> None:
    """Remove the files that killed processes left: those that nobody holds a lock on."""
    if fcntl is None:
        return
    with os.scandir(folder) as entries:
        left = [
            entry.path
            for entry in entries
            if entry.name.startswith(prefix)
            and entry.name.endswith(_SUFFIX)
            and entry.is_file(follow_symlinks=False)
        ]
    for path in left:
        with suppress(OSError):  # it is in use, gone by now, or another user's
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
            finally:
                os.close(descriptor)


def _sync(path: str, flags: int) -> None:
    """Bring a file's content, or a directory's names, to the disk."""
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
