"""Reading word2vec's text and binary forms as streams that may be cut off, damaged, or lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from ._files import refuse
from ._vector_store import Array, floating

_LONGEST_HEADER = 256
_LONGEST_VECTOR = 2**31 - 1
_LONGEST_WORD = 1 << 16
_TEXT_BLOCK = 1 << 20  # bytes of lines whose numbers are read in one go
_FIRST_BYTES = 1 << 22  # of a table that may become of any size
_SHOWN = 40  # bytes of what was found that a message shows


@dataclass(frozen=True)
class Reading:
    """How a file is read; see :meth:`KeyedVectors.load_word2vec_format`."""

    binary: bool
    no_header: bool
    encoding: str
    errors: str
    limit: int | None
    dtype: npt.DTypeLike
    chunk: int

    def __post_init__(self) -> None:
        floating(self.dtype, "datatype")
        for name, value in (("limit", self.limit), ("binary_chunk_size", self.chunk)):
            if value is not None and value < 1:
                msg = f"{name}={value}; 1 or more is expected"
                raise ValueError(msg)
        if self.binary and self.no_header:
            msg = (
                "no_header=True with binary=True: only the header says how long the vectors of the "
                "binary form are"
            )
            raise ValueError(msg)

    def decoded(self, word: bytes, name: str, place: str) -> str:
        """Return a word, or refuse the file ``name`` at a place."""
        try:
            return word.decode(self.encoding, self.errors)
        except UnicodeDecodeError as error:
            refuse(
                name,
                place,
                f"expected a word in {self.encoding}, found {shown(word)} ({error.reason} at "
                f"{error.start}); unicode_errors='replace' reads it",
            )


class Table:
    """The words and vectors read so far.

    The memory is that of vectors that were read, or of as many as the rest of the file can hold.

    Args:
        size: length of the vectors.
        room: how many there can be, ``None`` where only the end of the file says so.
        dtype: of the vectors.
    """

    def __init__(self, size: int, room: int | None, dtype: npt.DTypeLike) -> None:
        self.size = size
        self.words: dict[str, int] = {}
        self.repeated: list[str] = []
        self._dtype = np.dtype(dtype)
        self._room = room
        self._vectors = np.empty((0, size), dtype=self._dtype)

    def add(self, words: list[str], places: list[str], rows: Array) -> None:
        """Take in vectors and their words; the first vector of a word is kept."""
        fresh = []
        for number, word in enumerate(words):
            if word in self.words:
                self.repeated.append(f"{word!r} ({places[number]})")
            else:
                self.words[word] = len(self.words)
                fresh.append(number)
        end = len(self.words)
        if end > len(self._vectors):
            self._grow(end)
        kept = rows if len(fresh) == len(rows) else rows[fresh]
        self._vectors[end - len(fresh) : end] = kept

    def _grow(self, least: int) -> None:
        if self._room is not None:
            capacity = max(least, self._room)
        else:
            first = _FIRST_BYTES // (self.size * self._dtype.itemsize)
            capacity = max(least, first, len(self._vectors) * 3 // 2)
        self._vectors.resize((capacity, self.size), refcheck=False)

    def finished(self) -> Array:
        """Return the vectors, (N, D)."""
        self._vectors.resize((len(self.words), self.size), refcheck=False)
        return self._vectors


def shown(found: bytes) -> str:
    """Return bytes as a message shows them."""
    return repr(found if len(found) <= _SHOWN else found[:_SHOWN] + b"...").removeprefix("b")


def _header(file: Any, name: str) -> tuple[int, int, int]:
    """Read the first line; return the number of the vectors, their length, and its own."""
    line = file.readline(_LONGEST_HEADER)
    fields = line.split()
    right = len(fields) == 2 and all(field.isdigit() for field in fields)
    if not right or not 1 <= int(fields[1]) <= _LONGEST_VECTOR:
        found = shown(line) if line else "an empty file"
        hint = "; no_header=True reads text without that line" if len(fields) > 2 else ""
        refuse(
            name,
            "line 1",
            "expected the number of vectors and their length, two whole numbers, found "
            f"{found}{hint}",
        )
    if not line.endswith(b"\n"):
        refuse(name, "line 1", f"expected the end of the line behind {shown(line)}")
    return int(fields[0]), int(fields[1]), len(line)


def _wanted(promised: int, limit: int | None) -> int:
    return promised if limit is None else min(promised, limit)


def _room(wanted: int, left: int | None, least: int) -> int | None:
    """Return how many vectors there can be, by what the file holds: ``least`` bytes for each."""
    return None if left is None else min(wanted, left // least + 1)


# The text form.


def read_text(file: Any, name: str, left: int | None, options: Reading) -> Table:
    """Read the text form: a word and its numbers on each line."""
    if options.no_header:
        first = file.readline()
        size = len(first.split()) - 1
        if size < 1:
            refuse(name, "line 1", f"expected a word and numbers, found {shown(first)}")
        lines = _Lines(file, name, options, Table(size, None, options.dtype), 0)
        lines.read(options.limit, None, first)
        return lines.table
    promised, size, _ = _header(file, name)
    wanted = _wanted(promised, options.limit)
    table = Table(size, _room(wanted, left, 2 * size + 1), options.dtype)
    lines = _Lines(file, name, options, table, 1)
    lines.read(wanted, promised)
    if wanted == promised:
        lines.check_end(f"the header's {promised} vectors")
    return table


class _Lines:
    """The lines of the text form, and the table that is made of them."""

    def __init__(self, file: Any, name: str, options: Reading, table: Table, number: int) -> None:
        self.table = table
        self._file = file
        self._name = name
        self._options = options
        self._number_type = np.float32 if np.dtype(options.dtype) == np.float32 else np.float64
        self._number = number
        self._words: list[str] = []
        self._places: list[str] = []
        self._numbers: list[bytes] = []

    def read(self, wanted: int | None, promised: int | None, first: bytes = b"") -> None:
        """Read as many lines as wanted, or, where none are promised, up to the end of the file."""
        done = held = 0
        while wanted is None or done < wanted:
            line = first if first and not done else self._file.readline()
            self._number += 1
            if promised is None and not line.strip():
                self.check_end("a blank line")
                break
            if not line:
                self._flush()
                self._refuse(
                    f"expected another vector, for the header promises {promised}, found the end "
                    f"of the file after {done}"
                )
            self._take(line)
            done += 1
            held += len(line)
            if held > _TEXT_BLOCK:
                self._flush()
                held = 0
        self._flush()

    def _take(self, line: bytes) -> None:
        word, _, numbers = line.partition(b" ")
        numbers = numbers.strip()
        if not line.endswith(b"\n"):
            self._flush()
            self._refuse(
                f"expected {self.table.size} numbers and the end of the line, found the end of the "
                f"file behind {len(numbers.split())}, the last of which may be cut short"
            )
        if not numbers:
            self._flush()
            self._refuse(
                f"expected a word and {self.table.size} numbers, found {shown(line.rstrip())}"
            )
        place = f"line {self._number}"
        self._words.append(self._options.decoded(word, self._name, place))
        self._places.append(place)
        self._numbers.append(numbers)

    def _flush(self) -> None:
        """Put the lines that were read into the table, or refuse the first bad one of them."""
        if not self._words:
            return
        expected = (len(self._words), self.table.size)
        try:
            rows = np.loadtxt(self._numbers, dtype=self._number_type, comments=None, ndmin=2)
        except ValueError as error:
            self._refuse_one_of_the_lines(str(error))
        if rows.shape != expected:
            self._refuse_one_of_the_lines(f"expected numbers of shape {expected}, {rows.shape}")
        self.table.add(self._words, self._places, rows)
        self._words, self._places, self._numbers = [], [], []

    def _refuse_one_of_the_lines(self, reason: str) -> NoReturn:
        size = self.table.size
        for place, numbers in zip(self._places, self._numbers, strict=True):
            fields = numbers.split()
            if len(fields) != size:
                refuse(self._name, place, f"expected {size} numbers, found {len(fields)}")
            for count, field in enumerate(fields, 1):
                if not _is_number(field):
                    reason = f"expected a number, found {shown(field)}, number {count} of {size}"
                    refuse(self._name, place, reason)
        refuse(self._name, f"{self._places[0]} to {self._places[-1]}", reason)

    def check_end(self, behind: str) -> None:
        """Refuse anything but blank lines."""
        while line := self._file.readline(_LONGEST_WORD):
            self._number += 1
            if line.strip():
                self._refuse(f"expected the end of the file behind {behind}, found {shown(line)}")

    def _refuse(self, reason: str) -> NoReturn:
        refuse(self._name, f"line {self._number}", reason)


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return b"_" not in field


# The binary form.


def read_binary(file: Any, name: str, left: int | None, options: Reading) -> Table:
    """Read the binary form: a word, a space and float32 numbers, then the next word.

    The original program ends each vector with a line end, gensim does not; both are read.
    """
    promised, size, offset = _header(file, name)
    wanted = _wanted(promised, options.limit)
    table = Table(size, _room(wanted, left, 4 * size + 1), options.dtype)
    records = _Records(file, name, options, table, promised)
    records.offset = offset
    done = 0
    while done < wanted:
        if not records.fill():
            records.refuse_end(done)
        done += records.take(wanted - done)
    if wanted == promised:
        records.check_end()
    return table


class _Records:
    """The records of the binary form, read piece by piece."""

    def __init__(self, file: Any, name: str, options: Reading, table: Table, promised: int) -> None:
        self._file = file
        self._name = name
        self._options = options
        self._table = table
        self._promised = promised
        self._buffer = b""
        self.offset = 0  # of the buffer, from where reading began

    def fill(self) -> bool:
        """Read more; return whether there was more. Twice as much each time none was used."""
        more = self._file.read(max(self._options.chunk, len(self._buffer)))
        self._buffer += more
        return bool(more)

    def take(self, most: int) -> int:
        """Move whole records from the buffer to the table; return how many."""
        size = self._table.size
        words: list[str] = []
        places: list[str] = []
        rows: list[Array] = []
        start = 0
        while len(words) < most:
            space = self._buffer.find(b" ", start, start + _LONGEST_WORD)
            if space < 0 and len(self._buffer) - start >= _LONGEST_WORD:
                self._refuse(start, f"expected a word and a space within {_LONGEST_WORD} bytes")
            if space < 0 or len(self._buffer) < space + 1 + 4 * size:
                break
            words.append(self._word(start, space))
            places.append(f"byte {self.offset + start}")
            rows.append(np.frombuffer(self._buffer, "<f4", size, space + 1))
            start = space + 1 + 4 * size
        if words:
            self._table.add(words, places, np.stack(rows))
            self._buffer = self._buffer[start:]
            self.offset += start
        return len(words)

    def _word(self, start: int, space: int) -> str:
        word = self._buffer[start:space].lstrip(b"\n")
        place = f"byte {self.offset + start}"
        if b"\n" in word:
            refuse(self._name, place, f"expected a word, found a line end in {shown(word)}")
        return self._options.decoded(word, self._name, place)

    def refuse_end(self, done: int) -> NoReturn:
        """Refuse the file for ending after ``done`` vectors, or within the next."""
        after = f"after {done} of the {self._promised} vectors that the header promises"
        word, space, numbers = self._buffer.partition(b" ")
        if space:
            expected = f"{4 * self._table.size} bytes of numbers for {shown(word.lstrip())}"
            self._refuse(len(word) + 1, f"expected {expected}, found {len(numbers)} {after}")
        found = shown(word) if word.strip() else "the end of the file"
        self._refuse(0, f"expected a word and a space, found {found} {after}")

    def check_end(self) -> None:
        """Refuse anything but white space behind the vectors."""
        while not self._buffer.strip():
            self.offset += len(self._buffer)
            self._buffer = b""
            if not self.fill():
                return
        rest = self._buffer.lstrip()
        self._refuse(
            len(self._buffer) - len(rest),
            f"expected the end of the file behind the header's {self._promised} vectors, found "
            f"{shown(rest)}",
        )

    def _refuse(self, start: int, reason: str) -> NoReturn:
        refuse(self._name, f"byte {self.offset + start}", reason)
