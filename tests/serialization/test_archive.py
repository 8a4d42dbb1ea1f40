"""Archives that lie: each is refused, naming the entry, before memory is taken for it."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from penlight.serialization import CheckpointError, archive
from penlight.serialization.archive import ArchiveReader, ArchiveWriter
from penlight.serialization.source import Source


def opened(data: bytes) -> ArchiveReader:
    return ArchiveReader(Source(io.BytesIO(data)))


def written(**entries: bytes) -> bytearray:
    file = io.BytesIO()
    writer = ArchiveWriter(file.write, "archive")
    for name, content in entries.items():
        writer.add(name, content)
    writer.close()
    return bytearray(file.getvalue())


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytearray:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in entries:
            made.writestr(name, content)
    return bytearray(file.getvalue())


def test_what_is_written_is_read():
    reader = opened(written(a=b"one", b=b"", c=b"x" * 1000))
    assert list(reader) == ["a", "b", "c"]
    assert [reader.read(name) for name in reader] == [b"one", b"", b"x" * 1000]


def test_what_zipfile_writes_is_read():
    reader = opened(zipped(("model/data.pkl", b"one"), ("other/x", b"two")))
    assert list(reader) == ["data.pkl"]
    assert reader.read("data.pkl") == b"one"


def test_numbers_too_large_for_32_bits_go_to_the_zip64_fields(monkeypatch):
    # The limit, lowered: every size and offset of this archive is beyond it.
    monkeypatch.setattr(archive, "_LARGEST_SHORT", 0)
    data = written(a=b"one", b=b"two")
    assert opened(data).read("b") == b"two"
    assert zipfile.ZipFile(io.BytesIO(data)).read("archive/b") == b"two"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_repeated_name_is_refused():
    with pytest.raises(CheckpointError, match="two entries have the same name, 'a'"):
        opened(zipped(("archive/a", b"one"), ("archive/a", b"two")))


def test_a_compressed_entry_is_refused_when_it_is_wanted():
    data = zipped(("archive/a", b"0" * 10_000_000), method=zipfile.ZIP_DEFLATED)
    reader = opened(data)
    with pytest.raises(CheckpointError, match="entry 'a' is compressed"):
        reader.read("a")


def test_a_wrong_checksum_is_refused():
    data = written(a=b"content")
    data[data.find(b"content")] ^= 1
    with pytest.raises(CheckpointError, match="entry 'a' is damaged: its checksum is"):
        opened(data).read("a")


def test_a_missing_entry_is_named():
    with pytest.raises(CheckpointError, match="no entry 'b'"):
        opened(written(a=b"")).read("b")


def directory(data: bytearray, number: int = 0) -> int:
    """Return where the directory's record of an entry begins."""
    position = -1
    for _ in range(number + 1):
        position = data.find(b"PK\x01\x02", position + 1)
    return position


@pytest.mark.parametrize("size", [0, 6, 8, 100, 2**31, 2**32 - 2])
def test_a_size_that_is_not_the_entrys_is_refused(size):
    data = written(a=b"content", b=b"more")
    at = directory(data)
    struct.pack_into("<2I", data, at + 20, size, size)
    with pytest.raises(CheckpointError):
        opened(data).read("a")


def test_overlapping_entries_are_refused():
    data = written(a=b"x" * 100, b=b"y" * 100)
    struct.pack_into("<I", data, directory(data, 1) + 42, 10)
    with pytest.raises(CheckpointError, match="overlap"):
        opened(data)


def test_two_entries_at_one_place_are_refused():
    data = written(a=b"x" * 100, b=b"y" * 100)
    struct.pack_into("<I", data, directory(data, 1) + 42, 0)
    with pytest.raises(CheckpointError, match="overlap"):
        opened(data)


def test_a_local_header_with_another_name_is_refused():
    data = written(a=b"content")
    data[data.find(b"archive/a") + 8] = ord("b")
    with pytest.raises(CheckpointError, match="not what the directory says"):
        opened(data).read("a")


def test_a_local_header_that_points_elsewhere_is_refused():
    data = written(a=b"content", b=b"more")
    struct.pack_into("<H", data, 28, 0xFFFF)
    with pytest.raises(CheckpointError, match=r"runs into the next|would be"):
        opened(data).read("a")


def test_an_encrypted_entry_is_refused():
    data = written(a=b"content")
    data[directory(data) + 8] |= 1
    with pytest.raises(CheckpointError, match="entry 'a' is encrypted"):
        opened(data).read("a")


@pytest.mark.parametrize("field", range(4))
def test_an_end_record_that_lies_is_refused(field):
    data = written(a=b"content", b=b"more")
    at = data.find(b"PK\x06\x06") + 24
    struct.pack_into("<Q", data, at + 8 * field, 2**62)
    reader = None
    try:
        reader = opened(data)
    except CheckpointError:
        return
    # torch: the number of entries on this disk is not looked at.
    assert field == 0
    assert list(reader) == ["a", "b"]


def test_an_empty_archive_is_refused():
    with pytest.raises(CheckpointError, match="empty"):
        opened(zipped())


def test_an_archive_without_a_folder_is_refused():
    with pytest.raises(CheckpointError, match=r"'data\.pkl', is not in a folder"):
        opened(zipped(("data.pkl", b"")))


def test_bytes_behind_the_end_are_refused():
    with pytest.raises(CheckpointError, match="does not end where its end record"):
        opened(written(a=b"") + b"more")


def test_a_write_that_takes_less_is_repeated():
    file = io.BytesIO()

    def write(data):
        return file.write(data[:5])

    writer = ArchiveWriter(write, "archive")
    writer.add("a", b"content" * 3)
    writer.close()
    assert opened(file.getvalue()).read("a") == b"content" * 3
