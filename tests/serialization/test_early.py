"""Large files are brought to the disk while they are written."""

from __future__ import annotations

import errno
import io
import os
import threading

import numpy as np
import pytest

from penlight._tensor import wrap
from penlight.serialization import archive, early, load, save

pytestmark = pytest.mark.skipif(not hasattr(os, "fdatasync"), reason="no fdatasync on this system")

VALUE = {f"w{number}": wrap(np.full(5000, number, np.float32)) for number in range(20)}


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(early, "_LARGE", 40_000)
    monkeypatch.setattr(early, "_PIECE", 7000)


@pytest.fixture
def synced(monkeypatch):
    """Return the sizes that a file had when its data were brought to the disk."""
    sizes, fdatasync = [], os.fdatasync

    def record(descriptor):
        sizes.append(os.fstat(descriptor).st_size)
        fdatasync(descriptor)

    monkeypatch.setattr(os, "fdatasync", record)
    return sizes


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def plain(f, zipped=True):
    """Return what a save writes where nothing is brought to the disk."""
    file = io.BytesIO()
    file.name = f
    save(VALUE, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("zipped", [True, False])
def test_pieces_make_the_same_file(tmp_path, zipped):
    path = tmp_path / "archive.pt"
    save(VALUE, path, _use_new_zipfile_serialization=zipped)
    assert path.read_bytes() == plain("archive", zipped)


@pytest.mark.usefixtures("small_pieces")
def test_the_disk_has_the_first_part_before_the_last_is_written(tmp_path, monkeypatch):
    begun, fdatasync, threads = threading.Event(), os.fdatasync, threading.active_count()

    def record(descriptor):
        begun.set()
        fdatasync(descriptor)

    monkeypatch.setattr(os, "fdatasync", record)
    with (
        open(tmp_path / "file", "wb") as file,  # noqa: PTH123 - as the package does
        early.synced_early(file) as write,
    ):
        write(bytes(39_999))
        assert not begun.is_set()
        assert threading.active_count() == threads
        write(bytes(1))
        assert begun.wait(60)
        write(b"the last")
    assert (tmp_path / "file").read_bytes() == bytes(40_000) + b"the last"


@pytest.mark.usefixtures("small_pieces")
def test_a_single_large_write_is_one_of_pieces(tmp_path, synced):
    data = np.random.default_rng(0).bytes(1_000_000)
    with (
        open(tmp_path / "file", "wb") as file,  # noqa: PTH123 - as the package does
        early.synced_early(file) as write,
    ):
        assert write(memoryview(data).cast("H")) == len(data)
        while not synced:
            write(b"")
    assert (tmp_path / "file").read_bytes() == data


def test_a_small_file_is_left_to_the_last_sync(tmp_path, synced):
    save(VALUE, tmp_path / "model.pt")
    assert synced == []


@pytest.fixture
def failed(monkeypatch):
    """Return what is set when the disk has failed; the sync at the end hears nothing of it."""
    event = threading.Event()

    def failing(_descriptor):
        event.set()
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", failing)
    return event


@pytest.mark.usefixtures("small_pieces")
def test_a_disk_that_fails_meanwhile_leaves_the_old_file(tmp_path, monkeypatch, failed):
    path, close = tmp_path / "model.pt", archive.ArchiveWriter.close
    save({"step": 1}, path)
    monkeypatch.setattr(archive.ArchiveWriter, "close", lambda self: (failed.wait(60), close(self)))
    with pytest.raises(OSError, match="Input/output error"):
        save(VALUE, path)
    assert load(path) == {"step": 1}
    assert [found.name for found in tmp_path.iterdir()] == ["model.pt"]


@pytest.mark.usefixtures("small_pieces")
def test_an_error_of_the_writer_goes_before_one_of_the_disk(tmp_path, monkeypatch, failed):
    def broken(_self):
        assert failed.wait(60)
        raise ZeroDivisionError

    monkeypatch.setattr(archive.ArchiveWriter, "close", broken)
    with pytest.raises(ZeroDivisionError):
        save(VALUE, tmp_path / "model.pt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_pieces")
def test_without_a_thread_the_last_sync_does_it(tmp_path, monkeypatch, synced):
    def refused(_self):
        msg = "can't start new thread"
        raise RuntimeError(msg)

    monkeypatch.setattr(threading.Thread, "start", refused)
    save(VALUE, tmp_path / "archive.pt")
    assert (tmp_path / "archive.pt").read_bytes() == plain("archive")
    assert synced == []


@pytest.mark.usefixtures("small_pieces")
def test_a_pipe_is_only_written_to(tmp_path, synced):
    path, found = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: found.append(path.read_bytes()))
    reader.start()
    save(VALUE, path)
    reader.join(60)
    assert load(io.BytesIO(found[0])).keys() == VALUE.keys()
    assert synced == []
