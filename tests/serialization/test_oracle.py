"""Checkpoints go between penlight and torch, both ways, and come back the same."""

from __future__ import annotations

import inspect
import io
from collections import Counter, OrderedDict

import numpy as np
import pytest

from penlight import _dtype
from penlight._size import Size
from penlight._tensor import Tensor, root_of, wrap
from penlight.nn.parameter import Parameter
from penlight.serialization import CheckpointError, UnknownObject, load, save

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

DTYPES = [
    *("uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool"),
    *("float16", "float32", "float64", "complex64", "complex128"),
]
BOTH_FORMATS = pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])


def to_torch(obj: object, **kwargs: object) -> object:
    """Save with penlight and load with torch, which refuses what is not weights."""
    file = io.BytesIO()
    save(obj, file, **kwargs)
    file.seek(0)
    return torch.load(file, weights_only=True)


def from_torch(obj: object, **kwargs: object) -> object:
    file = io.BytesIO()
    torch.save(obj, file, **kwargs)
    file.seek(0)
    return load(file)


def assert_same(ours: object, theirs: object) -> None:
    """Compare value, dtype, shape, strides, offset and requires_grad, and containers by type."""
    if isinstance(ours, Tensor):
        assert str(ours.dtype) == str(theirs.dtype)
        assert tuple(ours.shape) == tuple(theirs.shape)
        if ours.numel():
            assert ours.stride() == theirs.stride()
            assert ours.storage_offset() == theirs.storage_offset()
        assert ours.requires_grad == theirs.requires_grad
        assert isinstance(ours, Parameter) == isinstance(theirs, torch.nn.Parameter)
        assert ours._array.tobytes() == theirs.detach().resolve_conj().numpy().tobytes()
    elif isinstance(ours, dict):
        assert type(ours) is type(theirs)
        assert list(ours) == list(theirs)
        for key in ours:
            assert_same(ours[key], theirs[key])
        assert_same(getattr(ours, "_metadata", None), getattr(theirs, "_metadata", None))
    elif isinstance(ours, (list, tuple)):
        assert type(ours).__name__ == type(theirs).__name__
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other)
    else:
        assert repr(ours) == repr(theirs)


def torch_content() -> dict[str, object]:
    base = torch.arange(24.0).reshape(2, 3, 4)
    model = torch.nn.Sequential(
        torch.nn.Embedding(5, 3), torch.nn.GRU(3, 4, 2, bidirectional=True), torch.nn.BatchNorm1d(4)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, amsgrad=True)
    model[1](model[0](torch.tensor([1, 2])))[0].sum().backward()
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 4])
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "views": [base, base[1:], base.permute(2, 0, 1), base[:, ::2], base[0, 0, 0]],
        "expanded": torch.ones(1).expand(3, 2),
        "empty": torch.empty(0, 3),
        "parameter": torch.nn.Parameter(torch.randn(3)),
        "frozen": torch.nn.Parameter(torch.randn(3), requires_grad=False),
        "leaf": torch.randn(2, requires_grad=True),
        "integers": [0, 255, 256, 65536, -1, 2**31, 2**63, -(2**70), 2**1500],
        "plain": (None, True, 1.5, float("inf"), "ä", b"\0\xff", 1 + 2j, set(), Counter("aab")),
        "torch": [torch.Size([1, 2]), torch.float32, torch.int64, torch.device("cpu")],
        "generator": torch.get_rng_state(),
        7: {"seven": [[], (), {}]},
    }


@BOTH_FORMATS
def test_torch_to_penlight(new):
    content = torch_content()
    assert_same(from_torch(content, _use_new_zipfile_serialization=new), content)


@BOTH_FORMATS
def test_torch_to_penlight_to_torch(new):
    content = torch_content()
    ours = from_torch(content, _use_new_zipfile_serialization=new)
    assert_same(ours, to_torch(ours, _use_new_zipfile_serialization=new))


@BOTH_FORMATS
def test_penlight_to_torch(new):
    base = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    content = {
        "views": [wrap(base), wrap(base[1:]), wrap(base.transpose(2, 0, 1)), wrap(base[:, ::2])],
        "parameter": Parameter(wrap(np.ones(3, np.float32))),
        "plain": OrderedDict(a=1, b=(2.5, None), c={"x"}, d=b"\0\xff", e=Size([2, 3])),
        "dtype": _dtype.int32,
    }
    content["plain"]._metadata = {"": {"version": 2}}
    theirs = to_torch(content, _use_new_zipfile_serialization=new)
    assert_same(content, theirs)
    assert len({tensor.untyped_storage().data_ptr() for tensor in theirs["views"]}) == 1


@pytest.mark.parametrize("name", DTYPES)
def test_each_dtype_goes_both_ways(name):
    array = np.array([0, 1, 3]).astype(name)
    theirs = to_torch(wrap(array))
    assert_same(wrap(array), theirs)
    assert_same(from_torch(theirs), theirs)


def test_bfloat16_goes_both_ways():
    pytest.importorskip("ml_dtypes", reason="the extra for bfloat16")
    theirs = torch.tensor([1.5, -3.0, float("nan")], dtype=torch.bfloat16)
    ours = from_torch({"a": theirs, "b": theirs[1:]})
    assert ours["a"].dtype is _dtype.bfloat16
    again = to_torch(ours)
    assert again["a"].dtype is torch.bfloat16
    assert torch.equal(again["a"].view(torch.int16), theirs.view(torch.int16))
    assert again["b"].storage_offset() == 1


def test_conjugated_and_negated_tensors_get_their_values():
    value = torch.tensor([1 + 2j, 3 - 4j])
    ours = [from_torch(value.conj()), from_torch(value.conj().imag)]
    assert ours[0]._array.tolist() == [1 - 2j, 3 + 4j]
    assert ours[1]._array.tolist() == [-2.0, 4.0]


def test_sharing_and_tying_survive_both_ways():
    weight = torch.nn.Parameter(torch.randn(3, 2))
    content = {"encoder": weight, "decoder": weight, "row": weight.detach()[1]}
    ours = from_torch(content)
    assert ours["encoder"] is ours["decoder"]
    assert root_of(ours["row"]._array) is root_of(ours["encoder"]._array)
    theirs = to_torch(ours)
    assert theirs["encoder"] is theirs["decoder"]
    assert theirs["row"].data_ptr() == theirs["encoder"][1].data_ptr()


def test_attributes_of_tensors_go_both_ways():
    tensor, parameter = torch.ones(2), torch.nn.Parameter(torch.ones(2))
    tensor.note, parameter.note = "a", "b"
    ours = from_torch([tensor, parameter, torch.nn.Buffer(torch.ones(1))])
    assert (ours[0].note, ours[1].note) == ("a", "b")
    theirs = to_torch(ours)
    assert (theirs[0].note, theirs[1].note) == ("a", "b")


def test_numpy_values_go_both_ways():
    content = [np.arange(6.0).reshape(2, 3), np.float32(2.5), np.int64(3), np.dtype("int16")]
    ours = from_torch(content)
    assert repr(ours) == repr(content)
    file = io.BytesIO()
    save(ours, file)
    file.seek(0)
    # torch: numpy is not among the weights_only types without add_safe_globals.
    assert repr(torch.load(file, weights_only=False)) == repr(content)


def test_a_whole_module_of_torch_becomes_inert_with_its_weights():
    model = torch.nn.Linear(2, 1)
    with pytest.warns(UserWarning, match=r"obj \(torch\.nn\.modules\.linear\.Linear\)"):
        ours = from_torch(model)
    assert isinstance(ours, UnknownObject)
    weight = ours.state["_parameters"]["weight"]
    assert_same(weight, model.weight)


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
@BOTH_FORMATS
@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "complex32"])
def test_a_tensor_of_a_dtype_that_penlight_lacks_does_not_block_the_others(dtype, new):
    content = {"odd": torch.zeros(2).to(getattr(torch, dtype)), "weight": torch.ones(2)}
    with pytest.warns(UserWarning, match=r"obj\['odd'\]"):
        ours = from_torch(content, _use_new_zipfile_serialization=new)
    assert isinstance(ours["odd"], UnknownObject)
    assert_same(ours["weight"], content["weight"])


def test_torch_maps_our_file(tmp_path):
    path = tmp_path / "model.pt"
    save({"a": wrap(np.arange(3.0)), "b": wrap(np.ones(100))}, path)
    theirs = torch.load(path, mmap=True, weights_only=True)
    assert theirs["a"].tolist() == [0, 1, 2]


def test_our_mmap_reads_their_file(tmp_path):
    path = tmp_path / "model.pt"
    content = torch_content()
    torch.save(content, path)
    assert_same(load(path, mmap=True), content)


def test_a_module_of_torch_loads_our_state_dict():
    model = torch.nn.GRU(3, 4)
    fresh = torch.nn.GRU(3, 4)
    fresh.load_state_dict(to_torch(from_torch(model.state_dict())))
    assert torch.equal(fresh.weight_hh_l0, model.weight_hh_l0)


def parameters(function):
    return [
        (name, parameter.kind, parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
    ]


def test_the_signatures_are_those_of_torch():
    assert parameters(save) == parameters(torch.save)
    assert parameters(load) == parameters(torch.load)


def test_files_that_torch_refuses_are_refused_with_a_type_it_raises():
    data = io.BytesIO()
    torch.save(torch.ones(3), data)
    cut = data.getvalue()[:-30]
    with pytest.raises(RuntimeError):
        torch.load(io.BytesIO(cut))
    with pytest.raises(CheckpointError, match="failed reading zip archive"):
        load(io.BytesIO(cut))
