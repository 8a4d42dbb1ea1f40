"""Every kind of content goes penlight → torch → penlight and back, and is the same bit for bit."""

from __future__ import annotations

import io
import math
import struct
from collections import Counter, OrderedDict

import numpy as np
import pytest

import penlight
from penlight.serialization import load, save

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

DTYPES = [
    *("uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool"),
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
]
WIDE = ("uint16", "uint32", "uint64")
# Patterns that arithmetic would not keep: signalling NaNs, negative zeros, subnormals.
BITS = (
    bytes(range(256)) + b"\xff\xff\xff\x7f" * 4 + b"\x01\0\0\0\0\0\xf0\x7f" * 4 + b"\0\0\0\x80" * 4
)


def of_bits(library, name):
    """Return a tensor whose memory holds every byte there is."""
    if name == "bool":
        return library.tensor([True, False, True])
    raw = library.frombuffer(bytearray(BITS), dtype=library.uint8).clone()
    return raw.view(getattr(library, name))


def tied(library):
    weight = library.nn.Parameter(library.ones(2, 3))
    return OrderedDict(encoder=weight, decoder=weight, row=weight.detach()[1])


def with_metadata(library):
    return library.nn.Sequential(library.nn.BatchNorm1d(2), library.nn.Linear(2, 2)).state_dict()


def optimizer(library):
    parameter = library.nn.Parameter(library.ones(3))
    made = library.optim.Adam([parameter], amsgrad=True)
    (parameter * 2).sum().backward()
    made.step()
    return made.state_dict()


def marked(library):
    tensor = library.ones(2)
    tensor.note = {"a": [1]}
    return tensor


KINDS = {
    **{name: lambda lib, name=name: of_bits(lib, name) for name in DTYPES},
    "scalar": lambda lib: lib.tensor(3.0),
    "empty": lambda lib: [lib.empty(0), lib.empty(2, 0, 3)],
    "views": lambda lib: [(t := lib.arange(24.0).reshape(2, 3, 4)), t[1:], t[:, ::2], t[0, 1, 2]],
    "permuted": lambda lib: lib.arange(24).reshape(2, 3, 4).permute(2, 0, 1),
    "expanded": lambda lib: lib.ones(1).expand(3, 2),
    "overlapping": lambda lib: lib.arange(6.0).as_strided((3, 2), (1, 2), 1),
    "tied": tied,
    "parameter": lambda lib: lib.nn.Parameter(lib.ones(2)),
    "frozen": lambda lib: lib.nn.Parameter(lib.ones(2), requires_grad=False),
    "leaf": lambda lib: lib.ones(2, requires_grad=True),
    "buffer": lambda lib: lib.nn.Buffer(lib.ones(1), persistent=False),
    "attributes": marked,
    "state dict with metadata": with_metadata,
    "optimiser": optimizer,
    "generator state": lambda lib: lib.get_rng_state(),
    "Size": lambda lib: [lib.Size([2, 3]), lib.Size([])],
    "dtype": lambda lib: [lib.float32, lib.bfloat16, lib.bool],
    "device": lambda lib: [lib.device("cpu"), lib.device("cuda", 1)],
    "layout": lambda lib: lib.strided,
    "integers": lambda _: [0, 255, 256, 65535, 65536, -1, 2**31 - 1, 2**31, -(2**63), 2**2000],
    "floats": lambda _: [0.0, -0.0, 5e-324, math.inf, -math.inf, 1.1],
    "nan": lambda _: math.nan,
    "text": lambda _: ["", "ä", "\U0001d518", "a" * 300, "\ud800"],
    "bytes": lambda _: [b"", b"\0\xff", b"x" * 70_000, bytearray(b"y")],
    "constants": lambda _: [None, True, False],
    "complex": lambda _: 1 - 2j,
    "nested": lambda _: {"a": [{"b": ({"c": [()]},)}], 3: {None: {(1, "x"): {}}}, 1.5: [[]]},
    "ordered": lambda _: OrderedDict([("b", 1), ("a", OrderedDict(c=2))]),
    "sets": lambda _: [set(), {1, "a"}],
    "counter": lambda _: Counter("aab"),
    "one list twice": lambda _: [(one := [1]), one],
}
UNSAFE = {
    "array": lambda: np.arange(6.0).reshape(2, 3),
    "fortran": lambda: np.asfortranarray(np.arange(6).reshape(2, 3)),
    "strings": lambda: np.array(["ab", "c"]),
    "scalars": lambda: [np.float32(1.5), np.int64(3), np.bool_(True), np.complex64(1j)],
    "types": lambda: [np.dtype("int16"), np.dtype(">f4")],
    "empty": lambda: np.empty((0, 3)),
    "frozenset": lambda: frozenset({2, "b"}),
    "objects": lambda: np.array([None, "a", {"b": 1}], dtype=object),
}


def saved_by(library, value):
    file = io.BytesIO()
    library.save(value, file)
    file.seek(0)
    return file


def bits(value):
    """Return something to compare by that tells every bit, type, layout and sharing."""
    seen: dict[object, int] = {}
    return _bits(value, seen)


def _bits(value, seen):
    kind = type(value).__name__
    if hasattr(value, "storage_offset"):
        name = str(value.dtype).removeprefix("torch.")
        flat = value.detach().contiguous().reshape(-1)
        byte = penlight.uint8 if isinstance(value, penlight.Tensor) else torch.uint8
        raw = flat.view(byte) if value.numel() else flat
        attributes = {
            k: _bits(v, seen) for k, v in vars(value).items() if not k.startswith("_backward")
        }
        stored = value.data_ptr() - value.storage_offset() * value.element_size()
        where = seen.setdefault(("memory", stored), len(seen)) if value.numel() else None
        layout = (
            (tuple(value.shape), value.stride(), value.storage_offset())
            if value.numel()
            else (tuple(value.shape))
        )
        one = seen.setdefault(id(value), len(seen))
        return kind, name, layout, value.requires_grad, bytes(raw.tolist()), where, one, attributes
    if isinstance(value, dict):
        pairs = [(_bits(key, seen), _bits(item, seen)) for key, item in value.items()]
        return (
            kind,
            pairs,
            _bits(dict(getattr(value, "__dict__", {})), seen) if kind != "dict" else 0,
        )
    if isinstance(value, (set, frozenset)):
        return kind, sorted(map(repr, value))
    if isinstance(value, list):
        return kind, seen.setdefault(id(value), len(seen)), [_bits(item, seen) for item in value]
    if isinstance(value, tuple):
        return kind, [_bits(item, seen) for item in value]
    if isinstance(value, float):
        return kind, struct.pack("d", value)
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return kind, value.dtype.str, value.shape, value.flags.fnc, value.tobytes()
    if isinstance(value, np.ndarray):
        return kind, value.shape, [_bits(item, seen) for item in value.flat]
    return kind, repr(value)


@pytest.mark.parametrize("kind", KINDS)
def test_content_goes_there_and_back_bit_for_bit(kind):
    ours, theirs = KINDS[kind](penlight), KINDS[kind](torch)
    to_torch = torch.load(saved_by(penlight, ours), weights_only=True)
    assert bits(to_torch) == bits(ours)
    assert bits(to_torch) == bits(theirs)
    back = load(saved_by(torch, to_torch))
    assert bits(back) == bits(ours)
    from_torch = load(saved_by(torch, theirs))
    assert bits(from_torch) == bits(theirs)
    again = torch.load(saved_by(penlight, from_torch), weights_only=True)
    assert bits(again) == bits(theirs)


# torch: it cannot read its own files of these in the old format.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in WIDE])
def test_content_is_the_same_in_the_old_format(kind):
    ours = KINDS[kind](penlight)
    file = io.BytesIO()
    save(ours, file, _use_new_zipfile_serialization=False)
    file.seek(0)
    to_torch = torch.load(file, weights_only=True)
    assert bits(to_torch) == bits(ours)
    file = io.BytesIO()
    torch.save(to_torch, file, _use_new_zipfile_serialization=False)
    file.seek(0)
    assert bits(load(file)) == bits(ours)


@pytest.mark.parametrize("kind", UNSAFE)
def test_content_that_torch_does_not_call_safe_goes_there_and_back_bit_for_bit(kind):
    ours = UNSAFE[kind]()
    # torch: with weights_only=True it wants add_safe_globals for these names.
    back = load(saved_by(torch, ours))
    assert bits(back) == bits(ours)
    if kind != "objects":
        to_torch = torch.load(saved_by(penlight, ours), weights_only=False)
        assert bits(to_torch) == bits(ours)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_each_protocol_of_torch_is_read(protocol, new):
    content = {"state": tied(torch), "array": np.arange(3.0), "text": "ä", "bytes": b"\0" * 300}
    file = io.BytesIO()
    torch.save(content, file, pickle_protocol=protocol, _use_new_zipfile_serialization=new)
    file.seek(0)
    assert bits(load(file)) == bits(content)
