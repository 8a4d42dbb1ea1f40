"""Checkpoints whose archive or old-format stream lies: refused with the entry or the storage."""

from __future__ import annotations

import io
import resource
import struct
import zipfile

import numpy as np
import pytest

import penlight
from penlight._tensor import wrap
from penlight.serialization import CheckpointError, load, save

ELEMENTS = 1000


def checkpoint(*, new: bool = True) -> bytearray:
    """Return a file with two storages."""
    file = io.BytesIO()
    value = {
        "w": wrap(np.arange(ELEMENTS, dtype=np.float32)),
        "v": wrap(np.arange(ELEMENTS, dtype=np.int64)),
    }
    save(value, file, _use_new_zipfile_serialization=new)
    return bytearray(file.getvalue())


def entries() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(checkpoint())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(content: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    file.seek(0)
    return file


def record(data: bytearray, name: bytes) -> int:
    """Return where the directory's record of an entry begins."""
    return data.rindex(name) - 46


def test_the_file_itself_is_read():
    assert load(zipped(entries()))["w"].tolist() == list(range(ELEMENTS))
    assert load(io.BytesIO(checkpoint()))["v"].tolist() == list(range(ELEMENTS))


@pytest.mark.parametrize("entry", ["data.pkl", "data/0", "byteorder"])
def test_a_compressed_entry_is_refused_before_it_is_unpacked(entry):
    content = entries()
    root = next(iter(content)).partition("/")[0]
    stored, bomb = dict(content), {f"{root}/{entry}": b"\0" * 60_000_000}
    del stored[f"{root}/{entry}"]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in stored.items():
            archive.writestr(name, data)
        for name, data in bomb.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match=rf"entry '{entry}' is compressed|by the pickle, but"):
        load(io.BytesIO(file.getvalue()))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # KiB


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "..", "archive/../../x", "C:\\x"]
)
def test_names_that_lead_elsewhere_lead_nowhere(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = entries()
    assert load(zipped({**content, name: b"x"}))["w"].shape == (ELEMENTS,)
    moved = {name if key.endswith("data/0") else key: data for key, data in content.items()}
    with pytest.raises(CheckpointError, match="no entry 'data/0'"):
        load(zipped(moved))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("root", ["..", "../..", "/", ".", "a/../.."])
def test_a_folder_that_leads_elsewhere_is_only_a_name(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = {f"{root}/{name.partition('/')[2]}": data for name, data in entries().items()}
    try:
        assert load(zipped(content))["w"].shape == (ELEMENTS,)
    except CheckpointError as error:
        assert "no entry" in str(error)  # noqa: PT017 - of a root with more than one part
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_second_pickle_of_the_same_name_is_refused():
    content = entries()
    file = zipped(content)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02N.")
    file.seek(0)
    with pytest.raises(CheckpointError, match=r"two entries have the same name, 'data\.pkl'"):
        load(file)


@pytest.mark.parametrize("size", [0, 1, 3999, 4001, 2**31, 2**32 - 2])
def test_a_storage_of_another_size_than_the_directory_says_is_refused(size):
    data = checkpoint()
    at = record(data, b"archive/data/0")
    struct.pack_into("<2I", data, at + 20, size, size)
    with pytest.raises(CheckpointError, match="data/0"):
        load(io.BytesIO(data))


@pytest.mark.parametrize("offset", [0, 1, 64, 2**31, 2**32 - 2])
def test_a_storage_that_lies_over_another_entry_is_refused(offset):
    data = checkpoint()
    struct.pack_into("<I", data, record(data, b"archive/data/0") + 42, offset)
    with pytest.raises(CheckpointError, match=r"overlap|data/0"):
        load(io.BytesIO(data))


@pytest.mark.parametrize("mmap", [False, True])
def test_a_storage_of_odd_length_is_refused_with_and_without_mmap(tmp_path, mmap):
    content = entries()
    name = next(name for name in content if name.endswith("data/0"))
    for data in (content[name][:-1], content[name] + b"\0", b"", content[name] * 2):
        path = tmp_path / "model.pt"
        path.write_bytes(zipped({**content, name: data}).getvalue())
        with pytest.raises(CheckpointError, match=f"4000 bytes by the pickle.*has {len(data)}"):
            load(path, mmap=mmap)


@pytest.mark.parametrize("order", [b"", b"Little", b"little\n", b"\xff" * 100_000])
def test_an_odd_byte_order_is_refused(order):
    content = entries()
    name = next(name for name in content if name.endswith("byteorder"))
    with pytest.raises(CheckpointError, match="the record of the byte order says"):
        load(zipped({**content, name: order}))


def test_a_directory_that_counts_more_entries_than_it_has_room_for_is_refused():
    data = checkpoint()
    at = data.rindex(b"PK\x06\x06")
    struct.pack_into("<Q", data, at + 32, 2**60)
    with pytest.raises(CheckpointError, match="directory would be"):
        load(io.BytesIO(data))


# ---- the format before torch 1.6 ---------------------------------------------------------------


def counts(data: bytearray) -> list[int]:
    """Return where the numbers of elements stand."""
    found = data.index(ELEMENTS.to_bytes(8, "little"), data.rindex(b"."[:1], 0, 1000))
    second = data.index(ELEMENTS.to_bytes(8, "little"), found + 8 + 4 * ELEMENTS)
    return [found, second]


@pytest.mark.parametrize("count", [0, -1, 999, 1001, 2**31, 2**62, -(2**63)])
@pytest.mark.parametrize("which", [0, 1])
def test_an_old_storage_of_another_size_is_refused(count, which):
    data = checkpoint(new=False)
    struct.pack_into("<q", data, counts(data)[which], count)
    with pytest.raises(CheckpointError, match=f"storage '{which}' has {count} elements where its"):
        load(io.BytesIO(data))


def old(*pickles: bytes, tail: bytes = b"") -> io.BytesIO:
    """Return a file of the old format with these pickles behind the two numbers."""
    head = checkpoint(new=False)
    begin = head.index(b"\x80\x02", head.index(b"\x80\x02", 2) + 2)
    return io.BytesIO(bytes(head[:begin]) + b"".join(pickles) + tail)


FACTS = b"\x80\x02}X\x0d\0\0\0little_endian\x88s."


@pytest.mark.parametrize(
    "file, reason",
    [
        (old(b"\x80\x02N."), "does not say the byte order"),
        (old(b"\x80\x02}X\x0d\0\0\0little_endianK\x01s."), "does not say the byte order"),
        (old(FACTS, b"\x80\x02N.", b"\x80\x02N."), "does not list its storages"),
        (old(FACTS, b"\x80\x02N.", b"\x80\x02]K\x01a."), "lists storage 1, which no tensor uses"),
        (old(FACTS, b"\x80\x02N.", b"\x80\x02]X\x01\0\0\0xa."), "lists storage 'x', which no"),
        (old(FACTS, b"\x80\x02N."), "cut off"),
        (old(FACTS), "cut off"),
        (old(FACTS, b"\x80\x02cos\nsystem\nX\x01\0\0\0x\x85R(N"), "cut off"),
    ],
)
def test_an_old_file_that_lies_is_refused(file, reason):
    with pytest.raises(CheckpointError, match=reason):
        load(file)


def test_an_old_storage_listed_twice_is_refused():
    data = checkpoint(new=False)
    at = data.rindex(b"X\x01\0\0\0" + b"1", 0, counts(data)[0])
    data[at + 5] = ord("0")
    with pytest.raises(
        CheckpointError, match="lists storage '0', which no tensor uses, or which it"
    ):
        load(io.BytesIO(data))


def test_an_old_tensor_over_a_storage_that_is_not_listed_is_refused():
    data = checkpoint(new=False)
    at = data.rindex(b"\x80\x02", 0, counts(data)[0])
    file = io.BytesIO(bytes(data[:at]) + b"\x80\x02].")
    with pytest.raises(CheckpointError, match=r"storage '0' would be 4000 bytes, which the file"):
        load(file)


def test_an_old_storage_of_gigantic_length_takes_no_memory():
    name = b"ctorch\nFloatStorage\n"
    text = [b"X" + len(t).to_bytes(4, "little") + t for t in (b"storage", b"0", b"cpu")]
    for count in (2**40, 2**62, 2**63 - 1):
        number = b"\x8a\x09" + count.to_bytes(9, "little")
        identity = b"(" + text[0] + name + text[1] + text[2] + number + b"NtQ."
        listed = b"\x80\x02]" + text[1] + b"a."
        with pytest.raises(CheckpointError, match="cut off: storage '0' ends at byte"):
            load(old(FACTS, b"\x80\x02" + identity, listed, tail=count.to_bytes(8, "little")))


def test_strict_names_what_it_refuses_in_every_format():
    for new in (True, False):
        file = io.BytesIO()
        penlight.save(penlight.nn.Linear(1, 1), file, _use_new_zipfile_serialization=new)
        file.seek(0)
        with pytest.raises(CheckpointError, match=r"torch\.nn\.modules\.linear\.Linear"):
            load(file, strict=True)
