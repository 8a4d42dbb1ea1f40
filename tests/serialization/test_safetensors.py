"""Safetensors files: through the library, whole, without copies, and refused when they lie."""

from __future__ import annotations

import io
import json
import struct
import sys

import numpy as np
import pytest

import penlight
from penlight._tensor import root_of
from penlight.serialization import CheckpointError, UnknownObject, load

safetensors = pytest.importorskip("safetensors", reason="the extra: pip install safetensors")
safetensors_numpy = pytest.importorskip("safetensors.numpy")

DTYPES = [
    *("uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool"),
    *("float16", "float32", "float64", "complex64"),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def forged(header: object, data: bytes = b"") -> io.BytesIO:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return io.BytesIO(struct.pack("<Q", len(text)) + text + data)


@pytest.mark.parametrize("name", DTYPES)
def test_each_dtype_goes_both_ways_bit_for_bit(path, name):
    array = np.array([[0, 1, 3], [5, 7, 11]]).astype(name)
    penlight.save_file({"a": penlight.from_numpy(array)}, path)
    np.testing.assert_array_equal(safetensors_numpy.load_file(path)["a"], array)
    safetensors_numpy.save_file({"a": array}, path)
    loaded = penlight.load_file(path)["a"]
    assert loaded.numpy().dtype == array.dtype
    np.testing.assert_array_equal(loaded.numpy(), array)


def test_bfloat16_goes_both_ways(path):
    pytest.importorskip("ml_dtypes", reason="the extra for bfloat16")
    tensor = penlight.tensor([1.5, -3.0, float("inf")]).to(penlight.bfloat16)
    penlight.save_file({"a": tensor}, path)
    assert penlight.load_file(path)["a"].dtype is penlight.bfloat16
    assert penlight.load_file(path)["a"].float().tolist() == [1.5, -3.0, float("inf")]


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3), (1,)])
def test_each_shape_and_layout_is_kept(path, shape):
    tensor = penlight.arange(6.0)[: int(np.prod(shape))].reshape(shape)
    penlight.save_file({"a": tensor, "b": tensor.t() if tensor.dim() == 2 else tensor}, path)
    loaded = penlight.load_file(path)
    assert loaded["a"].shape == tensor.shape
    assert penlight.equal(loaded["a"], tensor)
    if tensor.dim() == 2:
        assert penlight.equal(loaded["b"], tensor.t())


def test_load_recognises_the_format_and_warns_of_nothing(path, recwarn):
    penlight.save_file({"a": penlight.ones(2), "b": penlight.zeros(1)}, path, {"note": "x"})
    expected = {"a": [1.0, 1.0], "b": [0.0]}
    for loaded in (load(path), load(io.BytesIO(path.read_bytes())), load(path, mmap=True)):
        assert {name: tensor.tolist() for name, tensor in loaded.items()} == expected
    assert not recwarn


def test_reading_begins_where_the_file_stands(path):
    penlight.save_file({"a": penlight.ones(2)}, path)
    file = io.BytesIO(b"before" + path.read_bytes())
    file.seek(6)
    assert load(file)["a"].tolist() == [1, 1]
    path.write_bytes(b"before" + path.read_bytes())
    with path.open("rb") as opened:
        opened.seek(6)
        assert load(opened)["a"].tolist() == [1, 1]


def test_mmap_leaves_the_tensors_in_the_file(path):
    penlight.save_file({"a": penlight.zeros(1000), "b": penlight.ones(3)}, path)
    loaded = load(path, mmap=True)
    assert not root_of(loaded["a"]._array).flags.owndata
    loaded["a"][0] = 5
    assert load(path)["a"][0] == 0


def test_a_state_dict_goes_into_a_model(path):
    model, fresh = penlight.nn.GRU(3, 4), penlight.nn.GRU(3, 4)
    penlight.save_file(model.state_dict(), path)
    fresh.load_state_dict(load(path))
    x = penlight.ones(2, 1, 3)
    assert penlight.equal(fresh(x)[0], model(x)[0])


@pytest.mark.parametrize(
    "tensors, metadata, reason",
    [
        ({"a": 1}, None, "holds tensors by names, got 1 by 'a'"),
        ({1: penlight.ones(1)}, None, "got a Tensor by 1"),
        ({"a": penlight.ones(1, dtype=penlight.complex128)}, None, "which the safetensors format"),
        ({"a": penlight.ones(1)}, {"epoch": 3}, "strings by strings"),
    ],
)
def test_what_the_format_cannot_hold_is_refused_and_the_old_file_stays(
    path, tensors, metadata, reason
):
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match=reason):
        penlight.save_file(tensors, path, metadata)
    assert path.read_bytes() == b"old"


def test_an_error_while_writing_leaves_the_old_file(path, monkeypatch):
    path.write_bytes(b"old")

    def failing(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(safetensors, "serialize_file", failing)
    with pytest.raises(OSError, match="No space"):
        penlight.save_file({"a": penlight.ones(1)}, path)
    assert path.read_bytes() == b"old"
    assert len(list(path.parent.iterdir())) == 1


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


LIES = {
    "no header": b"\x02\0\0\0\0\0\0\0{",
    "a header that is no JSON": forged(b"{abc}"),
    "a header of another kind": forged(b'{"a": 1}'),
    "a header that is cut off": io.BytesIO(struct.pack("<Q", 500) + b"{" + b" " * 498),
    "a gigantic header": io.BytesIO(struct.pack("<Q", 2**62) + b"{}" + b" " * 500),
    "deep nesting": forged(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "tensors that overlap": forged({"a": entry(), "b": entry(offsets=(4, 12))}, b"\0" * 12),
    "a gap": forged({"a": entry(), "b": entry(offsets=(12, 20))}, b"\0" * 20),
    "bytes that nothing uses": forged({"a": entry()}, b"\0" * 9),
    "a tensor past the end": forged({"a": entry()}, b"\0" * 7),
    "a shape of another size": forged({"a": entry(shape=(3,))}, b"\0" * 8),
    "a huge shape": forged({"a": entry(shape=(2**62, 2**62))}, b"\0" * 8),
    "a negative shape": forged({"a": entry(shape=(-2,))}, b"\0" * 8),
    "offsets in the wrong order": forged({"a": entry(offsets=(8, 0))}, b"\0" * 8),
    "a negative offset": forged({"a": entry(offsets=(-8, 0))}, b"\0" * 8),
    "a fraction as offset": forged({"a": entry(offsets=(0.5, 8))}, b"\0" * 8),
    "an unheard-of type": forged({"a": entry("F33")}, b"\0" * 8),
    "a name twice": forged(
        b'{"a":%b,"a":%b}' % ((json.dumps(entry(offsets=(0, 4), shape=(1,))).encode(),) * 2),
        b"\0" * 4,
    ),
    "metadata that are no text": forged({"__metadata__": {"a": 1}, "a": entry()}, b"\0" * 8),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_file_that_lies_is_refused_by_name(lie, path):
    data = LIES[lie] if isinstance(LIES[lie], bytes) else LIES[lie].getvalue()
    path.write_bytes(data)
    for source in (path, io.BytesIO(data)):
        try:
            loaded = load(source)
        except CheckpointError as error:
            text = str(error)
            assert "safetensors" in text or "not a checkpoint" in text
        else:
            # The library takes the last of two equal entries; nothing of it is out of bounds.
            assert lie == "a name twice"
            assert list(loaded) == ["a"]


def test_a_tensor_of_a_type_that_penlight_lacks_does_not_block_the_others(path):
    header = {"a": entry("F8_E4M3", (4,), (0, 4)), "b": entry("F32", (1,), (4, 8))}
    path.write_bytes(forged(header, b"\0" * 8).getvalue())
    with pytest.warns(UserWarning, match=r"obj\['a'\] \(safetensors\.F8_E4M3\)"):
        loaded = load(path)
    assert isinstance(loaded["a"], UnknownObject)
    assert loaded["b"].tolist() == [0]
    with pytest.raises(CheckpointError, match="'a' is of the type F8_E4M3"):
        penlight.load_file(path)


def test_without_the_library_the_error_says_how_to_get_it(path, monkeypatch):
    penlight.save_file({"a": penlight.ones(1)}, path)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for call in (
        lambda: load(path),
        lambda: penlight.load_file(path),
        lambda: penlight.save_file({}, path),
    ):
        with pytest.raises(ModuleNotFoundError, match=r"pip install 'penlight.safetensors.'"):
            call()
