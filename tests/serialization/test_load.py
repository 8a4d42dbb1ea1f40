"""Reading: files that torch wrote, recorded here, so that no torch is needed to test it."""

from __future__ import annotations

import base64
import io
import pickle
import warnings
import zlib
from collections import Counter, OrderedDict

import numpy as np
import pytest

from penlight import _dtype
from penlight._device import device
from penlight._size import Size
from penlight._tensor import Tensor, root_of, wrap
from penlight.nn.parameter import Parameter
from penlight.serialization import CheckpointError, UnknownObject, load, save
from penlight.serialization.archive import ArchiveReader, ArchiveWriter
from penlight.serialization.source import Source

# torch.save of a state dict with a view and a tied tensor, and one of everything, by torch 2.13.0.
GOLDEN = """
eNqlVctvG0UYH9uJ4yyQR4EmDSUUysOlibN+xeu0qdOlOMDS1t0KyYqEls16Gq/YeP3tjh1aKVIEsgM3uHKoOHDhD0Dc2ope
C1J7QCAhceCAkJAqThzgwMys4+5uSFPakdf7+n6P+eb7ZitKbAChRALtGmPoANIdo2628VxNJ3qq+b5VlkfQSmBsRTcBJauD
FOASnWCIGIZtWdggpt1whfNODTu4dsY0iADRYyrEktU4jd3A5lqdwIBBbCqR0lrEtFxBc/Bqy7RqGsEN13a0dkaAwWSyOsTZ
bUdfwxD3IELZsnVy0XsowFA1QmNESFRj9Gw0WzCsxAkIFxSkRJVYFx5TYkqkC49/UmcuniAwosJolU4dtU28AWN1qlOP14fq
iTpHjl9QIhQZ7cIBekEJnvSQTxF4WoWDHElMXIOJ+mhrEyarw/SBto6JznIFh3jwVJUlEp7ZhMN8Dm3suDQt8KwScV13lWet
qTv6OkzvkQj+FhPsCPDcjkU+1TQcoUajBJ7nU+zAC0qkA0c9ky8SeEmFlz/mN69sQ1KFY1xs1bYtF171mHqJlOmzfh6Pc/IM
zHjksz3yFCOf88hFAmkVMjwDrnkFQ7ZHdJHeCJDz8p3vwLwKBa5aI5ebGKRe2CW2cPM5AYq8Emq4bRoYFnpvvVsBTvQX8mQH
FlU45ekR3ISSEqtG6Y3lwNJyqbJ69s6fX/3jTY+m34XTy6U/brHx3XLp7l/f/3Rw+3gXZI5v0GTCaxx980s4wzUcfQNeNzTD
rmHDFXCDXQhQ5u/QzeuwzG1aOjEbaXijC2+q8JZHZjcwKOd4oIsJvG1oGls1GqhpAn0iwNl34ZwS0TtwXoVKK1VRhhLbH37+
9yyFsKOyZ/NNoJF+86Uu2c66TrRe9ZRlwdeDacb5zd2fP2Lrxo69OadQ4R5nr5003TLXGuu4QcpyNtTaDzTmc8xAaQN+Z0mN
3tfAOCr1DaxeJthmm0NZPvEwujvDMgmxMPPQWfz1EFup+H09jKBTgV1tTizLC49gwGPdKtG/JfqjxxY9vlhijiY+/e2zSfpi
ch9HM0FH6bKcRA+uf4Np32B6CzO/3GICiX30Tgb1MmVZeugMRBBTvnb02+r+6z+KTveV+8W8+Cirv7KSFZj+7atr7+yvP40y
9xqAT93Fjkk74IrOvlaaWSvLqf9pR5RyxZwkSblCcT4v5qRCNi+ms4W0mM9LoiSKYj5XzEhFibk8XPr6vST1keQuI8xs36d/
Wxjb5Tz8HQ6j/RvARAC5GUN7bSRhEn8TTwVIbvtJdu0cYR5/I44HeNQBtHsDCMP9XTMSgP8wgEK9G8b6OyCIrQ+GsOkw1l/D
QeyPYWwmjPXX32hwynEUrvkw2F8W0wHwHR/4vwu2osTjMzvlHZvtI4dD5+Wod/5gyDtTHL+63gvwvhyDcQ8zzOO92H8BvAdd
9Q==
"""
# torch.save({"w": w, "v": w[1:]}, …, _use_new_zipfile_serialization=False), by torch 2.13.0.
GOLDEN_LEGACY = """
eNptT7tOwzAUzastGFrKa2BjDEsFbQV0ogPqYvFoWbKgKCRWY2TFvY5TBFKlTBXlGxgY+TU+AYmBm0ZIDLV8r+Tjc885N7fe
iPh5H3wfPn7eHrRy6+rLxj4Dw/WahmFMlNQylMKfMpVymYCJBK+OP4JrLZjPkogHCVivHkFQP0+Yn/IXloI9A8f1KgimsVQa
KtTybHzxREOVOp5TaMhkDDXqZNmfp4noE5ihliqMW36muUiJr9hDxkXka5akUvnTNgHLdb1aIY7MYMzALkfIQMhA35UgAcdr
IKfXPe8d9067J51O96wNlWWOcJJhjuq1htqQGtSi9hzWqE3NOawvQlxZsFDjxim5URFTLLrkoSZAjkawoWFzBPVl2Ck0YswS
2/FKr6249GgOC+nCY7v02FnEhdSuhr0R7Bf734OxSsEMWlXj/8kvsPXxYuVYH/1fvOF3GA==
"""


def unpack(text: str) -> io.BytesIO:
    return io.BytesIO(zlib.decompress(base64.b64decode(text)))


def pickled(obj: object, storages: tuple[bytes, ...] = (), **kwargs: object) -> io.BytesIO:
    """Put a pickle of Python's own making into an archive of ours."""
    file = io.BytesIO()
    archive = ArchiveWriter(file.write, "archive")
    archive.add("data.pkl", pickle.dumps(obj, **kwargs))
    for number, data in enumerate(storages):
        archive.add(f"data/{number}", data)
    archive.close()
    file.seek(0)
    return file


def test_a_state_dict_of_torch_is_read():
    loaded = load(unpack(GOLDEN))
    state = loaded["state"]
    assert type(state) is OrderedDict
    assert list(state) == ["weight", "view", "tied"]
    np.testing.assert_array_equal(state["weight"]._array, np.arange(6.0).reshape(2, 3))
    assert state["weight"].dtype is _dtype.float32
    assert state._metadata == {"": {"version": 1}}


def test_a_view_keeps_its_strides_and_shares_its_storage():
    state = load(unpack(GOLDEN))["state"]
    view = state["view"]
    np.testing.assert_array_equal(view._array, [[1, 4], [2, 5]])
    assert view.stride() == (1, 3)
    assert view.storage_offset() == 1
    assert root_of(view._array) is root_of(state["weight"]._array)


def test_a_tied_tensor_is_one_object():
    state = load(unpack(GOLDEN))["state"]
    assert state["tied"] is state["weight"]


def test_a_parameter_keeps_its_class_and_requires_grad():
    parameter = load(unpack(GOLDEN))["param"]
    assert type(parameter) is Parameter
    assert parameter.requires_grad
    assert parameter.is_leaf


def test_other_values_of_torch_are_read():
    loaded = load(unpack(GOLDEN))
    assert loaded["bools"].dtype is _dtype.bool
    assert loaded["size"] == Size([2, 3])
    assert type(loaded["size"]) is Size
    assert loaded["dtype"] is _dtype.float64
    assert loaded["device"] == device("cpu")
    assert loaded["betas"] == (0.9, 0.999)
    assert loaded["name"] == "ä"
    assert loaded["raw"] == b"\x00\xff"
    assert loaded["none"] is None
    assert loaded["set"] == {1}
    assert (loaded["step"], loaded["lr"]) == (3, 1e-3)


def test_the_format_before_torch_1_6_is_read():
    loaded = load(unpack(GOLDEN_LEGACY))
    np.testing.assert_array_equal(loaded["w"]._array, np.arange(6.0).reshape(2, 3))
    assert root_of(loaded["v"]._array) is root_of(loaded["w"]._array)


def legacy_with_view(key: str, offset: int, count: int) -> io.BytesIO:
    """Return a file of torch before 0.4: storages could be parts of others."""
    file = io.BytesIO()
    tensors = [wrap(np.arange(4, dtype=np.float32)[:2])] * 2
    save(tensors, file, _use_new_zipfile_serialization=False)
    view = b"(X\x01\0\0\0" + key.encode() + bytes([ord("K"), offset, ord("K"), count]) + b"t"
    return io.BytesIO(file.getvalue().replace(b"NtQ", view + b"tQ"))


def test_a_storage_that_was_a_part_of_another_is_read():
    first, second = load(legacy_with_view("v", 1, 3))
    assert first._array.tolist() == [1, 2]
    assert first is second


@pytest.mark.parametrize(("offset", "count"), [(2, 3), (255, 1), (0, 1)])
def test_a_part_that_reaches_outside_its_storage_is_refused(offset, count):
    with pytest.raises(CheckpointError, match=r"storage 'v' would be bytes|out of bounds"):
        load(legacy_with_view("v", offset, count))


def test_reading_begins_where_the_file_stands():
    file = io.BytesIO(b"before" + unpack(GOLDEN).getvalue())
    file.seek(6)
    assert load(file)["step"] == 3


def test_a_file_without_readinto_is_read():
    class Minimal:
        def __init__(self, file):
            self.read, self.seek, self.tell = file.read, file.seek, file.tell

    assert load(Minimal(unpack(GOLDEN)))["param"]._array.tolist() == [1.5, -2.0]


def test_mmap_gives_the_same_tensors_and_writes_do_not_reach_the_file(tmp_path):
    path = tmp_path / "golden.pt"
    path.write_bytes(unpack(GOLDEN).getvalue())
    weight = load(path, mmap=True)["state"]["weight"]
    weight._array[0, 0] = 100
    assert load(path)["state"]["weight"]._array.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_mmap_needs_a_path():
    with pytest.raises(ValueError, match="f must be a file path"):
        load(unpack(GOLDEN), mmap=True)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_each_binary_pickle_protocol_is_read(protocol):
    value = {
        "list": [1, 255, 256, 65536, -1, 2**31, 2**80, -(2**80), 1.5, True, None],
        "text": ["", "short", "ä" * 300],
        "bytes": [b"", b"abc", b"x" * 300, bytearray(b"def")],
        "sets": [{1, 2}, frozenset({3})],
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "complex": 1 + 2j,
        "counter": Counter("aab"),
        "ordered": OrderedDict(a=1),
        "array": np.arange(6.0).reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "scalar": np.float32(2.5),
        "text array": np.array(["ab", "c"]),
        "slice": slice(1, 2, None),
    }
    loaded = load(pickled(value, protocol=protocol))
    assert repr(loaded) == repr(value)
    loaded["array"][0, 0] = 1  # it is the reader's own memory


def test_an_object_array_of_plain_data_is_read():
    array = np.array([{"a": 1}, "b"], dtype=object)
    assert load(pickled(array)).tolist() == [{"a": 1}, "b"]


def test_a_list_that_contains_itself_is_read():
    value: list[object] = []
    value.append(value)
    loaded = load(pickled(value))
    assert loaded[0] is loaded


def test_byte_strings_of_python_2_are_text_or_bytes():
    stream = b"\x80\x02U\x03abc."
    assert load(archive_of(stream)) == "abc"
    assert load(archive_of(stream), encoding="bytes") == b"abc"


def archive_of(stream: bytes) -> io.BytesIO:
    file = io.BytesIO()
    archive = ArchiveWriter(file.write, "archive")
    archive.add("data.pkl", stream)
    archive.close()
    file.seek(0)
    return file


@pytest.mark.parametrize("dtype", ["float32", "int16", "complex128", "uint32"])
def test_a_file_of_the_other_byte_order_is_read(dtype):
    file = io.BytesIO()
    array = np.array([1, 2, 70], dtype)
    save(wrap(array), file)
    swapped = array.byteswap().tobytes()
    data = file.getvalue()
    old = ArchiveReader(Source(io.BytesIO(data)))
    file = io.BytesIO()
    new = ArchiveWriter(file.write, "archive")
    for name in old:
        replaced = {"byteorder": b"big", "data/0": swapped}
        new.add(name, replaced.get(name, old.read(name)))
    new.close()
    file.seek(0)
    np.testing.assert_array_equal(load(file)._array, array)


class Mine:
    """Of a class that the reader cannot know."""

    def __init__(self) -> None:
        self.rate = 0.5


class MyDict(dict):  # type: ignore[type-arg]
    pass


class MyList(list):  # type: ignore[type-arg]
    pass


@pytest.mark.parametrize("protocol", [2, 4])
def test_an_unknown_object_is_kept_inert_and_named_in_one_warning(protocol):
    value = {"a": 1, "model": [Mine(), MyDict(x=2), MyList([3])]}
    with pytest.warns(UserWarning, match=r"obj\['model'\]\[0\] \(.*Mine\)") as caught:
        loaded = load(pickled(value, protocol=protocol))
    assert len(caught) == 1
    mine, mapping, items = loaded["model"]
    assert loaded["a"] == 1
    assert isinstance(mine, UnknownObject)
    assert mine.state == {"rate": 0.5}
    assert mapping.entries == [("x", 2)]
    assert items.appended == [3]
    assert not callable(mine)


def test_strict_refuses_an_unknown_class_by_name():
    with pytest.raises(CheckpointError, match=r"Mine, which is not known \(strict=True\)"):
        load(pickled(Mine()), strict=True)


def test_strict_reads_what_is_known():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(unpack(GOLDEN), strict=True)["step"] == 3


def on_device(location: str) -> io.BytesIO:
    """Return a checkpoint whose tensor says it was saved from ``location``."""
    file = io.BytesIO()
    save({"w": wrap(np.ones(2, np.float32))}, file)
    file.seek(0)
    old = ArchiveReader(Source(file))
    file = io.BytesIO()
    new = ArchiveWriter(file.write, "archive")
    for name in old:
        data = old.read(name)
        if name == "data.pkl":
            size = len(location).to_bytes(4, "little")
            data = data.replace(b"X\x03\x00\x00\x00cpu", b"X" + size + location.encode())
        new.add(name, data)
    new.close()
    file.seek(0)
    return file


@pytest.mark.parametrize(
    "map_location",
    ["cpu", device("cpu"), {"cuda:0": "cpu"}, lambda storage, _: storage, lambda s, _: s.cpu()],
)
def test_map_location_leads_a_cuda_tensor_to_the_cpu(map_location):
    loaded = load(on_device("cuda:0"), map_location=map_location)
    assert loaded["w"]._array.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "map_location", [None, "cuda", device("cuda:1"), lambda _s, _l: None, lambda s, _: s.cuda(0)]
)
def test_a_cuda_tensor_without_cuda_raises_the_sentence_of_torch(map_location):
    sentence = "Attempting to deserialize object on a CUDA device but torch.cuda.is_available()"
    with pytest.raises(RuntimeError, match=sentence):
        load(on_device("cuda:0"), map_location=map_location)


def test_an_unheard_of_device_is_named():
    with pytest.raises(RuntimeError, match=r"tagged with npu:0\)"):
        load(on_device("npu:0"))


def test_an_error_of_the_callers_map_location_arrives_unchanged():
    def broken(_storage, _location):
        msg = "mine"
        raise KeyError(msg)

    with pytest.raises(KeyError, match="mine"):
        load(unpack(GOLDEN), map_location=broken)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Ran out of input: the file is empty"),
        (b"hello world", "begins with b'hello wo'"),
        (b"\x80\x02K\x01.", "Invalid magic number"),
        (b"\0" * 257 + b"ustar" + b"\0" * 300, "tar file"),
        (b"\x09" + b"\0" * 7 + b"{}", "neither a zip archive, nor a pickle, nor a safetensors"),
        (b"PK\x03\x04 and no more", "failed finding central directory"),
    ],
)
def test_what_is_no_checkpoint_is_refused_by_name(content, reason):
    with pytest.raises(CheckpointError, match=reason):
        load(io.BytesIO(content))


def test_the_error_is_of_both_types_that_torch_raises():
    assert issubclass(CheckpointError, RuntimeError)
    assert issubclass(CheckpointError, pickle.UnpicklingError)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing.pt")


def test_a_file_that_cannot_seek_gets_advice():
    class Stream:
        def read(self, _count=-1):
            return b""

    with pytest.raises(AttributeError, match="pre-load the data into a buffer"):
        load(Stream())


def test_an_unexpected_argument_is_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'stict'"):
        load(unpack(GOLDEN), stict=True)


def test_every_truncation_of_a_file_is_refused():
    data = unpack(GOLDEN).getvalue()
    for length in range(0, len(data), 7):
        with pytest.raises(CheckpointError):
            load(io.BytesIO(data[:length]))


def test_every_truncation_of_a_legacy_file_is_refused():
    data = unpack(GOLDEN_LEGACY).getvalue()
    for length in range(len(data)):
        with pytest.raises(CheckpointError):
            load(io.BytesIO(data[:length]))


def test_a_changed_byte_gives_an_error_or_a_value_and_nothing_else():
    data = bytearray(unpack(GOLDEN).getvalue())
    for position in range(0, len(data), 3):
        damaged = bytearray(data)
        damaged[position] ^= 0x41
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                load(io.BytesIO(bytes(damaged)))
            except CheckpointError as error:
                assert str(error)  # noqa: PT017 - either outcome is fine


def test_a_tensor_is_a_plain_one():
    assert type(load(unpack(GOLDEN))["state"]["weight"]) is Tensor
