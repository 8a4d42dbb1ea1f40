"""The zip archive that a checkpoint is: read with every number in it checked, and written.

Python's ``zipfile`` is not used. It accepts archives whose entries overlap, repeat a name or lie
about their sizes, it cannot align what it writes, and importing it is slow.

References:
    PKWARE, APPNOTE.TXT 6.3.10: the zip format, §4.3 to §4.5.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from ..kernels import crc32
from .source import Bytes, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .source import Source

ALIGNMENT = 64
_PIECE = 1 << 18  # bytes
MAGIC = b"PK\x03\x04"

_LOCAL = Struct("<4s5H3I2H")
_CENTRAL = Struct("<4s6H3I5H2I")
_END = Struct("<4s4H2IH")
_END64 = Struct("<4sQ2H2I4Q")
_LOCATOR64 = Struct("<4sIQI")
_EXTRA = Struct("<2H")
_QUAD = Struct("<Q")

_CENTRAL_MAGIC = b"PK\x01\x02"
_END_MAGIC = b"PK\x05\x06"
_END64_MAGIC = b"PK\x06\x06"
_LOCATOR64_MAGIC = b"PK\x06\x07"
_LONGEST_COMMENT = 0xFFFF
_ENCRYPTED, _UTF8 = 0x1, 0x800
_STORED = 0
_VERSION64 = 45
_1980_JANUARY_1 = 0x21
_ZIP64_ID = 1
_PADDING_ID = int.from_bytes(b"FB", "little")  # torch's name for the extra field that pads
_IN_ZIP64 = 0xFFFFFFFF  # stands for a number that is in the zip64 field instead
_LARGEST_SHORT = _IN_ZIP64 - 1  # what fits in 32 bits and does not say so
_IN_ZIP64_SHORT = 0xFFFF


class _Entry(NamedTuple):
    name: bytes
    offset: int  # of the local header
    size: int
    stored_size: int
    crc: int
    method: int
    flags: int


class ArchiveReader:
    """The entries of a zip archive under its first folder, by their names in that folder.

    Opening reads the directory only, and checks that it is whole, that no name repeats and that no
    two entries overlap: what is read later is never more than the size of the file.

    Raises:
        CheckpointError: the file is not such an archive.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        start, end, count = _find_directory(source)
        directory = source.read(start, end - start, "the directory of the archive")
        entries = list(_entries(directory, count, start))
        if not entries:
            refuse("the archive is empty")
        self._limits = _check_disjoint(entries, start)
        self.root, slash, _ = entries[0].name.partition(b"/")
        if not slash:
            refuse(f"its first entry, {_show(self.root)}, is not in a folder")
        self._entries: dict[str, _Entry] = {}
        for entry in entries:
            self._add(entry)

    def _add(self, entry: _Entry) -> None:
        prefix = self.root + b"/"
        if not entry.name.startswith(prefix):
            return
        try:
            name = entry.name[len(prefix) :].decode()
        except UnicodeDecodeError:
            refuse(f"the entry name {_show(entry.name)} is not UTF-8")
        if name in self._entries:
            refuse(f"two entries have the same name, {name!r}")
        self._entries[name] = entry

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def size(self, name: str) -> int:
        """Return how many bytes an entry has."""
        return self._entry(name).size

    def read(self, name: str) -> bytes:
        """Return an entry's bytes, checked against their checksum."""
        entry = self._entry(name)
        data = self._source.read(self.locate(name), entry.size, f"entry {name!r}")
        _check_crc(name, entry, crc32(data))
        return data

    def read_into(self, name: str, out: memoryview) -> None:
        """Fill ``out``, which has the entry's size, and check the checksum."""
        # Piece by piece: the checksum is of bytes that are still in the processor's cache.
        begin, found = self.locate(name), 0
        for at in range(0, len(out), _PIECE):
            piece = out[at : at + _PIECE]
            self._source.read_into(begin + at, piece, f"entry {name!r}")
            found = crc32(piece, found)
        _check_crc(name, self._entry(name), found)

    def locate(self, name: str) -> int:
        """Return where an entry's bytes begin, which its local header says."""
        entry = self._entry(name)
        if entry.flags & _ENCRYPTED:
            refuse(f"entry {name!r} is encrypted")
        if entry.method != _STORED or entry.size != entry.stored_size:
            refuse(f"entry {name!r} is compressed; torch stores tensors and pickles as they are")
        what = f"the header of entry {name!r}"
        header = self._source.read(entry.offset, _LOCAL.size, what)
        magic, _, _, method, *_, name_length, extra_length = _LOCAL.unpack(header)
        given = self._source.read(entry.offset + _LOCAL.size, name_length, what)
        if magic != MAGIC or method != entry.method or given != entry.name:
            refuse(f"{what}, at byte {entry.offset}, is not what the directory says")
        begin: int = entry.offset + _LOCAL.size + name_length + extra_length
        if begin + entry.size > self._limits[entry.offset]:
            refuse(f"entry {name!r}, {entry.size} bytes from byte {begin} on, runs into the next")
        return begin

    def _entry(self, name: str) -> _Entry:
        if name not in self._entries:
            refuse(f"the archive has no entry {name!r}")
        return self._entries[name]


def _find_directory(source: Source) -> tuple[int, int, int]:
    """Return where the directory begins and ends, and how many entries it has."""
    length = min(source.size, _END.size + _LONGEST_COMMENT)
    tail = source.read(source.size - length, length, "the end of the archive")
    found = tail.rfind(_END_MAGIC)
    if found < 0 or found + _END.size > length:
        refuse("failed finding central directory: the file is cut off, or not a zip archive")
    _, disk, first_disk, _, count, size, start, comment = _END.unpack_from(tail, found)
    end = source.size - length + found
    if end + _END.size + comment != source.size:
        refuse(f"the file does not end where its end record, at byte {end}, says")
    if end >= _LOCATOR64.size:
        where = end - _LOCATOR64.size
        locator = source.read(where, _LOCATOR64.size, "the end of the archive")
        if locator.startswith(_LOCATOR64_MAGIC):
            return _find_directory64(source, locator, where)
    if disk or first_disk:
        refuse("the archive is one part of several")
    return _check_directory(start, size, count, end)


def _find_directory64(source: Source, locator: bytes, before: int) -> tuple[int, int, int]:
    _, _, where, _ = _LOCATOR64.unpack(locator)
    record = source.read(where, _END64.size, "the zip64 end record")
    magic, _, _, _, disk, first_disk, _, count, size, start = _END64.unpack(record)
    if magic != _END64_MAGIC or where + _END64.size > before:
        refuse(f"the zip64 end record is not at byte {where}, where the archive says it is")
    if disk or first_disk:
        refuse("the archive is one part of several")
    return _check_directory(start, size, count, where)


def _check_directory(start: int, size: int, count: int, end: int) -> tuple[int, int, int]:
    if start + size > end or count * _CENTRAL.size > size:
        refuse(
            f"its directory would be {count} entries in {size} bytes from byte {start} on, "
            f"which does not fit before byte {end}"
        )
    return start, start + size, count


def _entries(directory: bytes, count: int, start: int) -> Iterator[_Entry]:
    position = 0
    for number in range(count):
        if position + _CENTRAL.size > len(directory):
            refuse(f"its directory, at byte {start}, ends before entry {number} of {count}")
        fields = _CENTRAL.unpack_from(directory, position)
        magic, _, _, flags, method, _, _, crc, stored_size, size, *rest = fields
        name_length, extra_length, comment_length, _, _, _, offset = rest
        begin = position + _CENTRAL.size
        middle = begin + name_length
        position = middle + extra_length + comment_length
        if magic != _CENTRAL_MAGIC or position > len(directory):
            refuse(f"entry {number} of its directory, at byte {start + begin}, is damaged")
        name = directory[begin:middle]
        if _IN_ZIP64 in (size, stored_size, offset):
            extra = directory[middle : middle + extra_length]
            size, stored_size, offset = _from_zip64(name, extra, (size, stored_size, offset))
        if offset + _LOCAL.size + name_length + stored_size > start:
            refuse(
                f"entry {_show(name)} would be {stored_size} bytes from byte {offset} on, "
                f"but the directory begins at byte {start}"
            )
        yield _Entry(name, offset, size, stored_size, crc, method, flags)


def _from_zip64(name: bytes, extra: bytes, numbers: tuple[int, int, int]) -> list[int]:
    """Return the numbers, with those too large for 32 bits taken from the zip64 extra field."""
    position = 0
    while position + _EXTRA.size <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, position)
        position += _EXTRA.size
        if kind == _ZIP64_ID:
            field = extra[position : position + length]
            quads = iter(quad for (quad,) in _QUAD.iter_unpack(field[: len(field) // 8 * 8]))
            found = [next(quads, -1) if n == _IN_ZIP64 else n for n in numbers]
            if min(found) >= 0:
                return found
        position += length
    return refuse(f"the sizes of entry {_show(name)} are missing")


def _check_disjoint(entries: list[_Entry], directory: int) -> dict[int, int]:
    """Return, by the offset of an entry, where the next one begins."""
    ordered = sorted(entries, key=lambda entry: entry.offset)
    limits = {}
    for entry, following in zip(ordered, [*ordered[1:], None], strict=True):
        limit = directory if following is None else following.offset
        if entry.offset + _LOCAL.size + len(entry.name) + entry.stored_size > limit:
            other = "the directory" if following is None else _show(following.name)
            refuse(f"entries {_show(entry.name)} and {other} overlap")
        limits[entry.offset] = limit
    return limits


def _check_crc(name: str, entry: _Entry, found: int) -> None:
    if found != entry.crc:
        refuse(
            f"entry {name!r} is damaged: its checksum is {found:08x}, "
            f"where the archive says {entry.crc:08x}"
        )


def _show(name: bytes) -> str:
    return repr(name.decode(errors="backslashreplace")[:80])


class ArchiveWriter:
    """Writes entries one after the other, stored and aligned, and then the directory.

    Args:
        write: takes bytes and returns how many it took, as a file's ``write`` does.
        root: the folder that all entries are in.
    """

    def __init__(self, write: Callable[[Bytes], int | None], root: str) -> None:
        self._write_once = write
        self._root = root
        self._position = 0
        self._directory: list[bytes] = []
        self._checksum = 0

    def add(self, name: str, data: Bytes) -> None:
        """Write one entry."""
        path = f"{self._root}/{name}".encode()
        size = memoryview(data).nbytes
        crc = crc32(data)
        self._checksum = crc32(crc.to_bytes(4, "little"), crc32(name.encode(), self._checksum))
        offset = self._position
        wide = size > _LARGEST_SHORT
        sizes = _EXTRA.pack(_ZIP64_ID, 16) + _QUAD.pack(size) * 2 if wide else b""
        short = _IN_ZIP64 if wide else size
        unpadded = offset + _LOCAL.size + len(path) + len(sizes) + _EXTRA.size
        padding = -unpadded % ALIGNMENT
        extra = sizes + _EXTRA.pack(_PADDING_ID, padding) + b"Z" * padding
        common = (_UTF8, _STORED, 0, _1980_JANUARY_1, crc, short, short, len(path))
        version = _VERSION64 if wide else 0
        self._write(_LOCAL.pack(MAGIC, version, *common, len(extra)) + path + extra)
        self._write(data)

        far = offset > _LARGEST_SHORT
        quads = ([size, size] if wide else []) + ([offset] if far else [])
        extra = b"".join(map(_QUAD.pack, quads))
        if extra:
            extra = _EXTRA.pack(_ZIP64_ID, len(extra)) + extra
        tail = (len(extra), 0, 0, 0, 0, _IN_ZIP64 if far else offset)
        version = _VERSION64 if extra else 0
        self._directory.append(
            _CENTRAL.pack(_CENTRAL_MAGIC, version, version, *common, *tail) + path + extra
        )

    @property
    def checksum(self) -> int:
        """A checksum of the names and the contents of the entries so far."""
        return self._checksum

    def close(self) -> None:
        """Write the directory; nothing can be added after it."""
        start = self._position
        directory = b"".join(self._directory)
        count, size = len(self._directory), len(directory)
        end = start + size
        body = _END64.size - 12  # counted from behind the field that says so
        short = (min(count, _IN_ZIP64_SHORT),) * 2
        self._write(
            directory
            + _END64.pack(
                _END64_MAGIC, body, _VERSION64, _VERSION64, 0, 0, count, count, size, start
            )
            + _LOCATOR64.pack(_LOCATOR64_MAGIC, 0, end, 1)
            + _END.pack(_END_MAGIC, 0, 0, *short, min(size, _IN_ZIP64), min(start, _IN_ZIP64), 0)
        )

    def _write(self, data: Bytes) -> None:
        view = memoryview(data).cast("B")
        self._position += len(view)
        while len(view):
            count = self._write_once(view)
            if count is None or count >= len(view):
                return
            view = view[count:]
