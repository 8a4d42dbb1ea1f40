"""The files of word2vec: opening, compressed or not, reading as a stream, writing."""

from __future__ import annotations

import io
import os
import re
import stat
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import numpy.typing as npt

from ..serialization.atomic import replacing
from ._files import Path, check_binary, compressed, name_of, opened, refuse, suffix_of
from ._vector_reading import Reading, read_binary, read_text
from ._vector_store import Array

_BLOCK = 1000  # vectors that are written in one piece
_WHITE_SPACE = re.compile(r"[ \t\n\r\v\f]")
_SHOWN = 5  # words that a warning names


@dataclass(frozen=True)
class Layout:
    """How vectors are written.

    Attributes:
        binary: the binary form.
        header: begin with the line of sizes.
        total: the number of vectors in that line, ``None`` for as many as there are.
    """

    binary: bool
    header: bool
    total: int | None


def decoded_lines(file: Path | IO[bytes], encoding: str) -> list[str]:
    """Return the lines of a text, without a mark of byte order at its beginning."""
    with opened(file) as source:
        text: str = source.read().decode(encoding)
    return text.removeprefix("\ufeff").removesuffix("\n").split("\n")


def read(file: Path | IO[bytes], options: Reading) -> tuple[list[str], Array]:
    """Return the words of a file, and their vectors (N, D)."""
    with opened(file) as source:
        reader = read_binary if options.binary else read_text
        table = reader(source, name_of(file), _bytes_left(source), options)
    if table.repeated:
        shown = ", ".join(table.repeated[:_SHOWN])
        more = len(table.repeated) - _SHOWN
        warnings.warn(
            f"{name_of(file)}: words occur again, and their first vectors are kept: {shown}"
            + (f" and {more} more" if more > 0 else ""),
            UserWarning,
            stacklevel=3,
        )
    return list(table.words), table.finished()


def _bytes_left(file: Any) -> int | None:
    """Return how many bytes are still to be read, ``None`` where that cannot be known."""
    if isinstance(file, io.BytesIO):
        return file.getbuffer().nbytes - file.tell()
    if isinstance(file, io.BufferedReader) and isinstance(file.raw, io.FileIO):
        found = os.fstat(file.fileno())
        if stat.S_ISREG(found.st_mode):
            return found.st_size - file.tell()
    return None


def read_counts(file: Path | IO[bytes], words: Sequence[str], options: Reading) -> list[int]:
    """Return the counts of words from a file of ``word count`` lines."""
    name = name_of(file)
    counts: dict[str, int] = {}
    with opened(file) as source:
        for number, line in enumerate(source, 1):
            word, _, count = line.rstrip().rpartition(b" ")
            if not count.isdigit():
                refuse(name, f"line {number}", f"expected a word and its count, found {line!r}")
            counts[options.decoded(word, name, f"line {number}")] = int(count)
    missing = [word for word in words if word not in counts]
    if missing:
        refuse(
            name,
            f"line {len(counts) + 1}",
            f"expected a count for each of {len(words)} words, there is none for {len(missing)} of "
            f"them, {missing[0]!r} among them",
        )
    return [counts[word] for word in words]


def write(
    file: Path | IO[bytes],
    words: Sequence[str],
    vectors: Array,
    layout: Layout,
    *,
    append: bool,
) -> None:
    """Write words and their vectors (N, D)."""
    _check_words(words)
    total = len(words) if layout.total is None else layout.total
    if total < len(words):
        msg = f"total_vec={total}, less than the {len(words)} vectors that are written"
        raise ValueError(msg)
    with _written(file, append=append) as out:
        if layout.header:
            out.write(f"{total} {vectors.shape[1]}\n".encode())
        for start in range(0, len(words), _BLOCK):
            rows = vectors[start : start + _BLOCK]
            named = zip(words[start : start + _BLOCK], rows, strict=True)
            if layout.binary:
                records = [f"{word} ".encode() + _float32_bytes(row) for word, row in named]
            else:
                # str of a NumPy number: the fewest digits that tell it from its neighbours.
                records = [f"{word} {' '.join(map(str, row))}\n".encode() for word, row in named]
            out.write(b"".join(records))


def write_counts(
    file: Path | IO[bytes], words: Sequence[str], counts: Array, *, append: bool
) -> None:
    """Write a line ``word count`` for each word."""
    with _written(file, append=append) as out:
        out.writelines(
            f"{word} {count}\n".encode() for word, count in zip(words, counts, strict=True)
        )


def _float32_bytes(row: npt.NDArray[Any]) -> bytes:
    return row.astype("<f4").tobytes()


def _check_words(words: Sequence[str]) -> None:
    for row, word in enumerate(words):
        if not word or _WHITE_SPACE.search(word):
            what = "has white space in it" if word else "is empty"
            msg = f"the key {word!r} (number {row}) {what}: the format cannot hold it"
            raise ValueError(msg)


@contextmanager
def _written(file: Path | IO[bytes], *, append: bool) -> Iterator[Any]:
    """Open a path for writing, compressed by its ending, or pass on an open file."""
    if not isinstance(file, (str, os.PathLike)):
        check_binary(file, "write")
        yield file
        return
    suffix = suffix_of(file)
    with open(file, "ab") if append else replacing(file) as plain:  # noqa: PTH123 - as above
        if suffix is None:
            yield plain
            return
        with compressed(suffix, plain, "wb")[0] as packed:
            yield packed
