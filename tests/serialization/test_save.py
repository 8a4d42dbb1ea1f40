"""Writing: what is refused, what is shared, and that a file is replaced whole or not at all."""

from __future__ import annotations

import io
import os
import pickle
import signal
import stat
import subprocess
import sys
import zipfile
from collections import OrderedDict, namedtuple
from pathlib import Path

import numpy as np
import pytest

import penlight
from penlight._tensor import root_of, wrap
from penlight.nn.parameter import Parameter
from penlight.serialization import archive, load, save


def saved(obj: object, **kwargs: object) -> io.BytesIO:
    file = io.BytesIO()
    save(obj, file, **kwargs)
    file.seek(0)
    return file


def back(obj: object, **kwargs: object) -> object:
    return load(saved(obj, **kwargs))


@pytest.mark.parametrize("new", [True, False])
def test_everything_comes_back(new):
    state = OrderedDict(w=wrap(np.arange(6.0).reshape(2, 3)))
    state._metadata = OrderedDict({"": {"version": 1}})
    value = {
        "state": state,
        "numbers": [0, 255, 256, 65535, 65536, -1, 2**31, -(2**31) - 1, 2**64, -(2**3000), 1.5],
        "others": (None, True, False, "ä\ud800", b"", b"\x00\xff", bytearray(b"a"), 1 + 2j),
        "sets": [set(), {1}, frozenset({2})],
        3: (1, 2, 3, 4, 5),
        None: slice(1, None),
        "empty": [[], {}, ()],
    }
    loaded = back(value, _use_new_zipfile_serialization=new)
    state_back = loaded["state"]
    assert state_back._metadata == state._metadata
    np.testing.assert_array_equal(state_back["w"]._array, state["w"]._array)
    del value["state"], loaded["state"]
    assert loaded == value
    assert repr(loaded) == repr(value)


def test_views_share_their_storage_and_only_it_is_written():
    base = np.arange(1000, dtype=np.float32)
    file = saved([wrap(base), wrap(base[10:20]), wrap(base.reshape(10, 100).T), wrap(base[::3])])
    names = [name for name in zipfile.ZipFile(file).namelist() if "/data/" in name]
    file.seek(0)
    assert names == ["archive/data/0"]
    whole, part, transposed, stepped = load(file)
    np.testing.assert_array_equal(part._array, base[10:20])
    np.testing.assert_array_equal(transposed._array, base.reshape(10, 100).T)
    np.testing.assert_array_equal(stepped._array, base[::3])
    whole._array[10] = -1
    assert part._array[0] == -1


def test_a_tied_parameter_stays_one_object():
    parameter = Parameter(wrap(np.ones(2, np.float32)))
    first, second = back([parameter, parameter])
    assert first is second
    assert type(first) is Parameter


def test_a_frozen_parameter_stays_frozen():
    assert not back(Parameter(wrap(np.ones(2)), requires_grad=False)).requires_grad


def test_a_leaf_that_requires_grad_still_does():
    tensor = wrap(np.ones(2))
    tensor.requires_grad = True
    assert back(tensor).requires_grad


def test_attributes_of_tensors_are_kept():
    tensor, parameter = wrap(np.ones(2)), Parameter(wrap(np.ones(2)))
    tensor.note, parameter.note = "a", ["b"]
    first, second = back([tensor, parameter])
    assert (first.note, second.note) == ("a", ["b"])


@pytest.mark.parametrize(
    "array",
    [
        np.array(3.0),
        np.empty((0, 3)),
        np.broadcast_to(np.float32(2), (2, 3)),
        np.arange(6.0)[::-1],
        np.arange(24).reshape(2, 3, 4).transpose(1, 2, 0),
        np.frombuffer(bytes(range(16)), np.int32)[1:],
        np.arange(12, dtype=np.int16)[1::2],
        np.zeros(3, [("a", "<i2"), ("b", "<f4")])["b"],
    ],
    ids=["0-d", "empty", "expanded", "reversed", "permuted", "buffer", "stepped", "field"],
)
def test_any_memory_layout_is_saved(array):
    loaded = back(wrap(array))
    np.testing.assert_array_equal(loaded._array, array)
    assert loaded._array.dtype == array.dtype


def test_a_loaded_view_is_saved_with_its_storage_again():
    base = np.arange(6.0)
    again = back(back([wrap(base), wrap(base[1:3])]))
    assert root_of(again[0]._array) is root_of(again[1]._array)


def test_memory_seen_as_two_types_is_refused_as_in_torch():
    base = np.zeros(4, np.float32)
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        saved([wrap(base), wrap(base.view(np.int32))])


def test_the_same_object_gives_the_same_bytes():
    value = {"w": wrap(np.arange(6.0)), "n": 1}
    assert saved(value).getvalue() == saved(value).getvalue()


def test_different_content_gives_a_different_serialization_id():
    def identity(value):
        return zipfile.ZipFile(saved(value)).read("archive/.data/serialization_id")

    assert identity(wrap(np.zeros(2))) != identity(wrap(np.ones(2)))


def test_storages_are_aligned_and_the_archive_is_sound(tmp_path):
    path = tmp_path / "my model.v2.pt"
    save([wrap(np.arange(n, dtype=np.uint8)) for n in (1, 100, 3)], path)
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
        assert {name.partition("/")[0] for name in opened.namelist()} == {"my model.v2"}
        for info in opened.infolist():
            opened.fp.seek(info.header_offset + 26)
            lengths = opened.fp.read(4)
            begin = info.header_offset + 30 + sum(np.frombuffer(lengths, "<u2"))
            assert begin % 64 == 0


class Mine:
    pass


class MyDict(dict):  # type: ignore[type-arg]
    pass


Point = namedtuple("Point", "x y")  # noqa: PYI024 - as users write them


@pytest.mark.parametrize("thing", [Mine(), MyDict(), Point(1, 2), Mine, len, np.array([Mine()])])
def test_what_is_not_data_is_refused_with_its_place(thing):
    with pytest.raises(TypeError, match=r"cannot pickle .* object: obj\['a'\]\[1\]\['b'\] is a"):
        saved({"a": [0, {"b": thing}]})


def test_an_object_with_a_state_dict_gets_advice():
    class Model:
        def state_dict(self):
            return {}

    with pytest.raises(TypeError, match=r"save its state_dict\(\) instead"):
        saved(Model())


def test_a_tuple_that_contains_itself_is_refused():
    inner: list[object] = []
    value = (inner,)
    inner.append(value)
    with pytest.raises(ValueError, match="contains itself"):
        saved(value)


def test_deep_nesting_is_refused():
    value: list[object] = []
    for _ in range(1000):
        value = [value]
    with pytest.raises(ValueError, match="nested more than 200 deep"):
        saved(value)


def test_another_pickle_module_or_protocol_is_refused():
    with pytest.raises(ValueError, match="penlight writes checkpoints itself"):
        saved(1, pickle_module=io)
    with pytest.raises(ValueError, match="pickle_protocol=1"):
        saved(1, pickle_protocol=1)
    assert back(1, pickle_module=pickle, pickle_protocol=4) == 1


def test_something_that_is_no_file_is_refused():
    with pytest.raises(AttributeError, match="file-like object with a 'write' attribute"):
        save(1, 5)


# ---- replacing files ---------------------------------------------------------------------------


def test_a_failing_save_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "model.pt"
    save(1, path)
    with pytest.raises(TypeError):
        save([wrap(np.ones(100)), Mine()], path)
    assert load(path) == 1
    assert [found.name for found in tmp_path.iterdir()] == ["model.pt"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("after", range(8))
def test_an_error_at_any_write_leaves_the_old_file(tmp_path, monkeypatch, error, after):
    path = tmp_path / "model.pt"
    save({"step": 1}, path)
    write, left = archive.ArchiveWriter._write, [after]

    def failing(self, data):
        if not left[0]:
            raise error
        left[0] -= 1
        write(self, data)

    monkeypatch.setattr(archive.ArchiveWriter, "_write", failing)
    with pytest.raises(type(error)):
        save({"step": 2, "w": wrap(np.ones(1000))}, path)
    assert load(path) == {"step": 1}
    assert [found.name for found in tmp_path.iterdir()] == ["model.pt"]


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_an_error_when_finishing_leaves_the_old_file(tmp_path, monkeypatch, function):
    path = tmp_path / "model.pt"
    save(1, path)

    def failing(*_args):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, function, failing)
    with pytest.raises(OSError, match="Input/output error"):
        save(2, path)
    assert load(path) == 1
    assert [found.name for found in tmp_path.iterdir()] == ["model.pt"]


def test_the_content_is_on_the_disk_before_the_name(tmp_path, monkeypatch):
    events = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append("fsync"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda *a: (events.append("replace"), replace(*a)))
    save(1, tmp_path / "model.pt")
    assert events == ["fsync", "replace", "fsync"]


SAVER = """
import sys
import numpy as np
from penlight._tensor import wrap
from penlight.serialization import save
for step in range(1_000_000):
    save({"step": step, "w": wrap(np.full(200_000, step, np.float32))}, sys.argv[1])
    print(step, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize("delay", [0.0, 0.003, 0.007])
def test_a_killed_process_leaves_a_whole_file(tmp_path, delay):
    path = tmp_path / "model.pt"
    source = str(Path(penlight.__file__).parent.parent)
    process = subprocess.Popen(
        [sys.executable, "-c", SAVER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
    )
    with process:
        for _ in range(3):
            done = int(process.stdout.readline())
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        printed = [int(line) for line in process.stdout.read().split()]
    last = max([done, *printed])
    loaded = load(path)
    assert last <= loaded["step"] <= last + 1
    np.testing.assert_array_equal(loaded["w"]._array, np.full(200_000, loaded["step"], "f4"))


def test_a_missing_directory_raises_the_sentence_of_torch(tmp_path):
    with pytest.raises(RuntimeError, match=r"Parent directory .*nowhere does not exist\."):
        save(1, tmp_path / "nowhere" / "model.pt")


@pytest.mark.skipif(os.name == "nt", reason="modes and links are those of POSIX")
def test_a_replaced_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path):
    path, link = tmp_path / "model.pt", tmp_path / "latest.pt"
    save(1, path)
    path.chmod(0o640)
    link.symlink_to(path)
    save(2, link)
    assert link.is_symlink()
    assert load(path) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="the umask is that of POSIX")
def test_a_new_file_has_the_mode_of_any_new_file(tmp_path):
    (tmp_path / "other").touch()
    save(1, tmp_path / "model.pt")
    assert (tmp_path / "model.pt").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.skipif(os.name == "nt", reason="there is no /dev/null")
def test_a_device_is_written_to_directly():
    save(1, os.devnull)
    assert not stat.S_ISREG(Path(os.devnull).stat().st_mode)
