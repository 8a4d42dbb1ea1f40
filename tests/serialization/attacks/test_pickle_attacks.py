"""Hostile pickles: nothing in them runs; each is refused with its place or read as inert data."""

from __future__ import annotations

import builtins
import importlib
import io
import operator
import os
import pickle
import struct
import subprocess
import sys
import warnings

import numpy as np
import pytest

from penlight._tensor import Tensor
from penlight.serialization import CheckpointError, UnknownObject, load
from penlight.serialization.archive import ArchiveWriter
from penlight.serialization.inert import UnknownName

REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"


def archive(stream: bytes, **entries: bytes) -> io.BytesIO:
    file = io.BytesIO()
    writer = ArchiveWriter(file.write, "archive")
    writer.add("data.pkl", stream)
    for name, data in entries.items():
        writer.add(f"data/{name.removeprefix('_')}", data)
    writer.close()
    file.seek(0)
    return file


def read(stream: bytes, **entries: bytes) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load(archive(stream, **entries))


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    return pickle.dumps(value, 2)[2:-1]


def storage(count: int = 4, key: str = "0", kind: str = "FloatStorage") -> bytes:
    """Return the opcodes of a storage's persistent id."""
    name = f"ctorch\n{kind}\n".encode()
    return b"(" + text("storage") + name + text(key) + text("cpu") + number(count) + b"tQ"


def tensor(offset: int = 0, size: bytes = b"K\x04\x85", stride: bytes = b"K\x01\x85") -> bytes:
    return (
        b"\x80\x02" + REBUILD + b"(" + storage() + number(offset) + size + stride
        + b"\x89ccollections\nOrderedDict\n)RtR."
    )  # fmt: skip


FLOATS = np.arange(4, dtype=np.float32).tobytes()


class Calls:
    """Pickles as a call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.fixture
def trap(tmp_path):
    """Return a path that must not come into being."""
    path = tmp_path / "executed"
    yield path
    assert not path.exists()


def executions(path):
    command = f"touch {path}"
    code = f"open({str(path)!r}, 'w').close()"
    return [
        Calls(os.system, command),
        Calls(eval, code),
        Calls(exec, code),
        Calls(builtins.__import__, "os"),
        Calls(importlib.import_module, "os"),
        Calls(subprocess.Popen, ["touch", str(path)]),
        Calls(operator.attrgetter, "system"),
        Calls(pickle.loads, pickle.dumps(Calls(os.system, command))),
        Calls(open, str(path), "w"),
        Calls(np.fromfile, str(path)),
        Calls(np.load, str(path)),
        Calls(Calls, Calls(os.system, command)),
    ]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("which", range(12))
def test_a_call_of_anything_stays_a_name(trap, which, protocol):
    attack = executions(trap)[which]
    loaded = read(pickle.dumps({"weights": [1, attack]}, protocol))
    assert loaded["weights"][0] == 1
    assert isinstance(loaded["weights"][1], UnknownObject)


@pytest.mark.parametrize("which", range(12))
def test_strict_refuses_a_call_of_anything_by_its_name(trap, which):
    attack = executions(trap)[which]
    name = attack.call[0].__name__
    with pytest.raises(CheckpointError, match=rf"byte \d+: the file refers to .*{name}, which is"):
        load(archive(pickle.dumps({"weights": [1, attack]}, 2)), strict=True)


@pytest.mark.parametrize(
    "call",
    [
        b"cos\nsystem\nq\x000h\x00" + text("true") + b"\x85R",
        b"cos\nsystem\n" + text("true") + b"\x85\x81",
        b"cos\nsystem\n" + text("true") + b"\x85}\x92",
        text("os") + text("system") + b"\x93" + text("true") + b"\x85R",
        text("os") + text("path.os.system") + b"\x93" + text("true") + b"\x85R",
        text("torch.serialization") + text("os.system") + b"\x93" + text("true") + b"\x85R",
        text("") + text("") + b"\x93" + text("true") + b"\x85R",
        b"c__builtin__\neval\n" + text("1") + b"\x85R",
        b"cbuiltins\ngetattr\ncos\nsystem\n" + text("__call__") + b"\x86R",
        b"coperator\nmethodcaller\n" + text("system") + text("true") + b"\x86R",
        b"cfunctools\npartial\ncos\nsystem\n" + text("true") + b"\x86R",
        b"ccopyreg\n_reconstructor\ncos\nsystem\nN\x86R",
        b"ccopyreg\n__newobj__\ncos\nsystem\n" + text("true") + b"\x86R",
    ],
)
def test_a_name_by_any_way_stays_a_name(call):
    loaded = read(b"\x80\x04]" + call + b"a.")
    assert isinstance(loaded[0], UnknownObject)


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_call_on_the_result_of_a_call_is_refused(trap, protocol):
    # getattr(os, "system")("touch …"): what is called is not a name but a built object.
    inner = b"cbuiltins\ngetattr\n(cos\nsystem\n" + text("__call__") + b"tR"
    stream = bytes([0x80, protocol]) + inner + text(f"touch {trap}") + b"\x85R."
    with pytest.raises(CheckpointError, match="UnknownObject is called, which is not a name"):
        read(stream)


@pytest.mark.parametrize(
    "name",
    [b"ctorch\nload\n", b"ctorch.hub\nload\n", b"ctorch.serialization\nload\n", b"cnumpy\nload\n",
     b"ctorch._utils\n__builtins__\n", b"ccollections\nOrderedDict.__init__\n",
     b"cpenlight\nload\n", b"c\n\n", b"ctorch._utils\n_rebuild_tensor_v2.__globals__\n"],
)  # fmt: skip
def test_a_name_beside_a_known_one_is_unknown(name):
    assert isinstance(read(b"\x80\x02" + name + b")R."), UnknownObject)
    assert isinstance(read(b"\x80\x02" + name + b"."), UnknownName)


def test_a_known_name_is_not_handed_out_as_a_function():
    assert isinstance(read(b"\x80\x02" + REBUILD + b"."), UnknownName)


def test_nothing_is_imported_for_a_name():
    name = "this_module_is_not_there"
    assert isinstance(read(b"\x80\x02c" + name.encode() + b"\nf\n)R."), UnknownObject)
    before = set(sys.modules)
    read(b"\x80\x02cantigravity\nfly\n)R.")
    assert set(sys.modules) == before


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"\x80\x02.", "the stack is empty"),
        (b"\x80\x02(.", "the stack is empty"),
        (b"\x80\x02K\x01K\x02.", "1 objects left over"),
        (b"\x80\x02K\x01(K\x02.", "left over"),
        (b"\x80\x02\x85.", "the stack is empty"),
        (b"\x80\x02(\x86.", "the stack is empty"),
        (b"\x80\x02t.", "no mark"),
        (b"\x80\x02e.", "no mark"),
        (b"\x80\x02R.", "the stack is empty"),
        (b"\x80\x02a.", "the stack is empty"),
        (b"\x80\x02]a.", "the stack is empty"),
        (b"\x80\x02](K\x01a.", "the stack is empty"),
        (b"\x80\x02h\x07.", "memo entry 7 was never written"),
        (b"\x80\x02q\x00.", "the stack is empty"),
        (b"\x80\x02K\x01K\x02a.", "items are appended to 1"),
        (b"\x80\x02)K\x02a.", "items are appended to a tuple"),
        (b"\x80\x02]K\x01K\x02s.", "keys are set in a list"),
        (b"\x80\x02cos\nenviron\nK\x01K\x02s.", "keys are set in the name os.environ"),
        (b"\x80\x02}(K\x01u.", "a key has no value"),
        (b"\x80\x02}]K\x02s.", "a list cannot be a dict key"),
        (b"\x80\x02}]\x85K\x02s.", "a list cannot be a dict key"),
        (b"\x80\x04\x8f(]\x90.", "a list cannot be a dict key or set item"),
        (b"\x80\x04(]\x91.", "a list cannot be a dict key or set item"),
        (b"\x80\x04](K\x01\x90.", "items are added to a list"),
        (b"\x80\x02]}b.", "a state is set on a list"),
        (b"\x80\x02cos\nsystem\n}b.", "a state is set on the name os.system"),
        (b"\x80\x02K\x01)R.", "1 is called"),
        (b"\x80\x02cos\nsystem\nK\x01R.", "arguments are 1, not a tuple"),
        (b"\x80\x02cos\nsystem\n)K\x01\x92.", "keyword arguments are 1, not a dict"),
        (b"\x80\x02ctorch\nSize\n)}" + text("a") + b"K\x01s\x92.", "called with keyword arguments"),
        (b"\x80\x04K\x01K\x02\x93.", "a name is not a string"),
        (b"\x80\x02K\x01Q.", "does not name a storage"),
        (b"\x80\x00.", "pickle protocol 0"),
        (b"\x80\x06.", "pickle protocol 6"),
        (b"\x80\x02I1\n.", "opcode 0x49"),
        (b"\x80\x02ios\nsystem\n.", "opcode 0x69"),
        (b"\x80\x02(cos\nsystem\no.", "opcode 0x6f"),
        (b"\x80\x02\x82\x01.", "opcode 0x82"),
        (b"\x80\x05\x97.", "opcode 0x97"),
        (b"\x80\x02P0\n.", "opcode 0x50"),
        (b"\x80\x02X\xff\xff\xff\xffabc.", "cut off: 4294967295 bytes are wanted"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.", "cut off"),
        (b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff.", "a frame of"),
        (b"\x80\x02\x8b\xff\xff\xff\x7f.", "an integer of 2147483647 bytes"),
        (b"\x80\x02X\x01\x00\x00\x00\xff.", "utf-8"),
        (b"\x80\x02cos\nsys", "a name does not end"),
        (b"\x80\x02c" + b"a" * 5000 + b"\nb\n.", "a name does not end within 1024 bytes"),
        (b"", "cut off"),
    ],
)
def test_a_malformed_stream_is_refused_with_its_place(stream, reason):
    with pytest.raises(CheckpointError, match=r"data\.pkl, byte \d+: .*" + reason):
        read(stream)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (b"ctorch\nSize\nK\x01\x85R", "torch.Size"),
        (b"ctorch\nSize\n]\x8a\x01\xffa\x85R]a", "items are appended"),
        (b"ctorch\ndevice\n" + text("gpu") + b"\x85R", "torch.device refuses"),
        (b"ctorch\ndevice\nK\x01\x85R", "torch.device"),
        (b"c_codecs\nencode\n" + text("a") + text("zlib_codec") + b"\x86R", "the encoding is"),
        (b"c_codecs\nencode\nNN\x86R", "the encoding is"),
        (b"c__builtin__\ncomplex\n" + text("1") + b"K\x01\x86R", "a real part"),
        (b"c__builtin__\nbytearray\n\x8a\x05\xff\xff\xff\xff\x7f\x85R", "a text to encode"),
        (b"c__builtin__\nset\n\x8a\x05\xff\xff\xff\xff\x7f\x85R", "items of a set"),
        (b"c__builtin__\nset\n]]a\x85R", "a list cannot be"),
        (b"ccollections\nCounter\n]\x85R", "Counter"),
        (b"ccollections\nOrderedDict\n]K\x01a\x85R", "OrderedDict"),
        (b"ccollections\nOrderedDict\n)R}" + text("keys") + b"K\x01sb", "sets 'keys'"),
        (b"ccollections\nOrderedDict\n)R}" + text("__class__") + b"K\x01sb", "sets '__class__'"),
        (b"ccollections\nOrderedDict\n)RK\x01b", "the state"),
        (b"cnumpy\ndtype\n" + text("V8") + b"\x85R", "NumPy type"),
        (b"cnumpy\ndtype\n" + text("f8,i4") + b"\x85R", "NumPy type"),
        (b"cnumpy\ndtype\n" + text("U99999999999999999999") + b"\x85R", "dtype"),
        (b"ctorch._utils\n_rebuild_parameter\nK\x01\x88N\x87R", "is no tensor"),
        (b"ctorch._utils\n_rebuild_tensor_v2\nK\x01\x85R", "refuses its arguments"),
        (REBUILD + b"(NK\x00))\x89NtR", "which is no storage"),
        (b"ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nctorch\nTensor\n)NtR",
         "a tensor is built by"),
    ],
)  # fmt: skip
def test_a_builder_refuses_wrong_arguments(call, reason):
    with pytest.raises(CheckpointError, match=reason):
        read(b"\x80\x02" + call + b".")


def test_a_tensor_may_not_shadow_its_own_methods():
    state = b"}" + text("backward") + b"K\x01s"
    inner = REBUILD + b"ctorch\nTensor\n(" + storage() + b"K\x00)" + b")\x89Nt" + state
    stream = b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(" + inner + b"tR."
    if not hasattr(Tensor, "backward"):
        stream = stream.replace(text("backward"), text("detach"))
    with pytest.raises(CheckpointError, match="not a plain attribute"):
        read(stream, _0=FLOATS)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"offset": 1}, "out of bounds for storage of size 16"),
        ({"offset": 2**62}, "out of bounds"),
        ({"offset": -1}, "the storage offset of a tensor"),
        ({"offset": 2**70}, "the storage offset of a tensor"),
        ({"size": number(5) + b"\x85"}, "out of bounds"),
        ({"size": number(-1) + b"\x85"}, "the size of a tensor"),
        ({"size": number(2**62) + b"\x85"}, "out of bounds"),
        ({"size": number(2**62) + number(2**62) + b"\x86", "stride": b"K\x00K\x00\x86"},
         "out of bounds"),
        ({"size": b"G" + struct.pack(">d", 4) + b"\x85"}, "the size of a tensor"),
        ({"size": b"\x88\x85"}, "the size of a tensor"),
        ({"size": b"K\x04"}, "not a tuple"),
        ({"stride": number(-1) + b"\x85"}, "the stride of a tensor"),
        ({"stride": number(2**62) + b"\x85"}, "out of bounds"),
        ({"stride": number(2) + b"\x85"}, "out of bounds"),
        ({"stride": b")"}, "1 dimensions has 0 strides"),
        ({"size": b"(" + b"K\x01" * 65 + b"t", "stride": b"(" + b"K\x01" * 65 + b"t"},
         "65 dimensions"),
    ],
)  # fmt: skip
def test_a_layout_outside_the_storage_is_refused(arguments, reason):
    with pytest.raises(CheckpointError, match=reason):
        read(tensor(**arguments), _0=FLOATS)


def test_the_layout_itself_is_fine():
    assert read(tensor(), _0=FLOATS)._array.tolist() == [0, 1, 2, 3]


def test_huge_strides_along_dimensions_of_length_one_are_harmless():
    loaded = read(tensor(size=b"K\x01K\x04\x86", stride=number(2**62) + b"K\x01\x86"), _0=FLOATS)
    assert loaded._array.tolist() == [[0, 1, 2, 3]]


def test_an_empty_tensor_far_outside_is_harmless():
    loaded = read(
        tensor(offset=2**40, size=b"K\x00\x85", stride=number(2**60) + b"\x85"), _0=FLOATS
    )
    assert loaded._array.shape == (0,)


@pytest.mark.parametrize("data", [FLOATS[:-1], FLOATS + b"\0", b"", FLOATS * 2])
def test_a_storage_shorter_or_longer_than_declared_is_refused(data):
    with pytest.raises(CheckpointError, match=f"16 bytes by the pickle, but .* has {len(data)}"):
        read(tensor(), _0=data)


def test_a_storage_that_is_not_there_is_refused():
    with pytest.raises(CheckpointError, match="no entry 'data/0'"):
        read(tensor())


@pytest.mark.parametrize("key", ["../data.pkl", "0/../0", "", "data.pkl"])
def test_a_storage_key_reaches_no_other_entry(key):
    stream = b"\x80\x02" + storage(1, key) + b"."
    with pytest.raises(CheckpointError, match="no entry"):
        read(stream, _0=FLOATS)


@pytest.mark.parametrize("count", [-1, 2**63, 2**80])
def test_a_storage_of_impossible_length_is_refused(count):
    with pytest.raises(CheckpointError, match="storage size"):
        read(b"\x80\x02" + storage(count) + b".", _0=FLOATS)


def test_a_gigantic_storage_takes_no_memory():
    with pytest.raises(CheckpointError, match="has 16"):
        read(b"\x80\x02" + storage(2**50) + b".", _0=FLOATS)


def test_one_storage_of_two_types_is_refused():
    stream = b"\x80\x02" + storage() + storage(kind="IntStorage") + b"\x86."
    with pytest.raises(CheckpointError, match="in one place"):
        read(stream, _0=FLOATS)


@pytest.mark.parametrize("shape", [(2**62,), (2**40, 2**40), (-1,), (3,), (1.0,)])
def test_an_array_whose_shape_and_bytes_differ_is_refused(shape):
    array = np.arange(2.0)
    function, args, state = array.__reduce__()
    forged = Forged(function, args, (state[0], shape, *state[2:]))
    with pytest.raises(CheckpointError, match="array"):
        read(pickle.dumps(forged, 2))


class Forged:
    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def test_a_memo_index_costs_no_memory():
    assert read(b"\x80\x02K\x05r\xff\xff\xff\xff0j\xff\xff\xff\xff.") == 5


@pytest.mark.parametrize("build", [b"\x85", b"]a", b"}K\x01s"])
def test_deep_nesting_is_refused(build):
    wrap_up = {b"\x85": b"K\x01" + b"\x85" * 100_000}.get(build)
    if wrap_up is None:
        opening = b"]" if build == b"]a" else b"}K\x01"
        closing = b"a" if build == b"]a" else b"s"
        wrap_up = opening * 100_000 + (b"]" if build == b"]a" else b"}") + closing * 100_000
    with pytest.raises(CheckpointError, match="nested more than 200 deep"):
        read(b"\x80\x02" + wrap_up + b".")


def test_nesting_hidden_in_unknown_objects_is_refused():
    count = 100_000
    stream = b"\x80\x02" + b"cmine\nNode\n" * count + b")R" + b"\x85R" * (count - 1) + b"."
    with pytest.raises(CheckpointError, match="nested more than 200 deep"):
        read(stream)


def test_shared_nesting_is_walked_once():
    # Billion laughs: each list holds the one before twice, 2**100 paths to the innermost.
    stream = b"\x80\x02]q\x00" + b"".join(
        b"0](" + b"h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(100)
    )
    loaded = read(stream + b".")
    assert loaded[0] is loaded[1]


def test_a_shared_tuple_as_a_key_is_refused_before_it_is_hashed():
    stream = b"\x80\x02}K\x01\x85q\x000" + b"".join(
        b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86q" + bytes([i + 1]) + b"0" for i in range(100)
    )
    with pytest.raises(CheckpointError, match="holds more than 1000 objects"):
        read(stream + b"h\x64K\x01s.")


@pytest.mark.parametrize("use", [b"\x85ctorch\nSize\nh\x64\x85R", storage()[:-2] + b"h\x64tQ"])
def test_shared_nesting_in_an_argument_is_not_printed(use):
    stream = b"\x80\x02K\x01\x85q\x000" + b"".join(
        b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86q" + bytes([i + 1]) + b"0" for i in range(100)
    )
    with pytest.raises(CheckpointError):
        read(stream + b"K\x01" + use + b".", _0=FLOATS)


def test_an_array_in_place_of_the_word_storage_is_refused():
    array = pickle.dumps(np.arange(3.0), 2)[2:-1]
    stream = b"\x80\x02(" + array + b"NNNNtQ."
    with pytest.raises(CheckpointError, match="does not name a storage"):
        read(stream)
