"""Files of words and vectors: opened, compressed or not, and refused."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Literal, NoReturn

Path = str | os.PathLike[str]


class WordFileError(ValueError, EOFError):
    """A file of words or vectors cannot be read; the message names the place and the reason.

    It is a :class:`ValueError` and an :class:`EOFError`, the two types that gensim raises for such
    files.
    """


def refuse(name: str, place: str, reason: str) -> NoReturn:
    """Raise the error for a place in a file."""
    msg = f"{name}, {place}: {reason}"
    raise WordFileError(msg)


def name_of(file: Path | IO[bytes]) -> str:
    """Return what a message calls a path or an open file."""
    if isinstance(file, (str, os.PathLike)):
        return os.fspath(file)
    return str(getattr(file, "name", None) or "the file")


@contextmanager
def opened(file: Path | IO[bytes]) -> Iterator[Any]:
    """Open a path for reading, decompressed by its ending, or pass on an open file.

    Raises:
        WordFileError: what is compressed is damaged or cut off.
        TypeError: it is no path and no file open in binary mode.
    """
    if not isinstance(file, (str, os.PathLike)):
        check_binary(file, "read")
        yield file
        return
    with open(file, "rb") as plain:  # noqa: PTH123 - what os accepts
        suffix = suffix_of(file)
        if suffix is None:
            yield plain
            return
        unpacked, damage = compressed(suffix, plain, "rb")
        with unpacked:
            try:
                yield unpacked
            except (EOFError, OSError, damage) as error:
                # The decompressors' own complaints have no number of the system's.
                if isinstance(error, WordFileError) or getattr(error, "errno", None) is not None:
                    raise
                refuse(
                    name_of(file),
                    f"byte {unpacked.tell()} of what is unpacked",
                    f"expected more of the {suffix} data, which is damaged or cut off: {error}",
                )


def suffix_of(path: Path) -> str | None:
    """Return the ending of a path if it is that of a compressed file."""
    suffix = os.path.splitext(os.fspath(path))[1].lower()  # noqa: PTH122 - as above
    return suffix if suffix in {".gz", ".bz2", ".xz"} else None


def compressed(suffix: str, plain: Any, mode: Literal["rb", "wb"]) -> tuple[Any, type[Exception]]:
    """Return a compressed file over a plain one, and the error of damaged data beside OSError."""
    if suffix == ".gz":
        import gzip  # noqa: PLC0415 - as the others, for those who need it
        import zlib  # noqa: PLC0415

        # The time is left out of the header, so that equal vectors make equal files; level 9 takes
        # several times as long as 6 for hardly smaller ones.
        return gzip.GzipFile("", mode, compresslevel=6, fileobj=plain, mtime=0), zlib.error
    if suffix == ".bz2":
        import bz2  # noqa: PLC0415

        return bz2.open(plain, mode), EOFError
    import lzma  # noqa: PLC0415

    return lzma.open(plain, mode), lzma.LZMAError


def check_binary(file: Any, method: str) -> None:
    if not hasattr(file, method) or isinstance(file, io.TextIOBase):
        msg = f"expected a path, or a file open in binary mode with {method}(), got {file!r}"
        raise TypeError(msg)
