"""TorchScript archives: their tensors are a state dict, their code is not looked at."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest

import penlight
from penlight.serialization import CheckpointError, load
from penlight.serialization.archive import ArchiveWriter
from penlight.serialization.emitter import Emitter

try:
    import torch
except ImportError:
    torch = None

needs_oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")


def scripted(state: dict[str, object], name: bytes = b"__torch__.Net") -> io.BytesIO:
    """Put together what torch.jit.save writes for a module with this state."""
    emitter = Emitter()
    stream = emitter.dump(state)[2:-1]
    module, _, qualname = name.rpartition(b".")
    file = io.BytesIO()
    archive = ArchiveWriter(file.write, "net")
    head = b"\x80\x02c" + module + b"\n" + qualname + b"\n)\x81"
    archive.add("data.pkl", head + stream + b"b.")
    archive.add("code/__torch__.py", b"raise SystemExit")
    for number, block in enumerate(emitter.storages.blocks):
        archive.add(f"data/{number}", block.data)
    archive.add("constants.pkl", b"\x80\x02).")
    archive.add("version", b"3\n")
    archive.close()
    file.seek(0)
    return file


def test_the_tensors_of_an_archive_are_a_state_dict():
    file = scripted({"training": True, "weight": penlight.ones(2), "note": "text"})
    with pytest.warns(UserWarning, match="a TorchScript archive.*its code is not read"):
        state = load(file)
    assert list(state) == ["weight"]
    assert state["weight"].tolist() == [1, 1]


def test_strict_does_not_mind_the_classes_of_the_program():
    with pytest.warns(UserWarning, match="TorchScript"):
        assert list(load(scripted({"w": penlight.ones(1)}), strict=True)) == ["w"]


def test_an_archive_without_a_module_is_refused():
    file = io.BytesIO()
    archive = ArchiveWriter(file.write, "net")
    archive.add("data.pkl", b"\x80\x02K\x01.")
    archive.add("constants.pkl", b"\x80\x02).")
    archive.close()
    file.seek(0)
    with pytest.raises(CheckpointError, match="holds no module"):
        load(file)


def test_an_archive_from_before_torch_1_2_is_refused_by_name():
    file = io.BytesIO()
    archive = ArchiveWriter(file.write, "net")
    archive.add("model.json", b"{}")
    archive.close()
    file.seek(0)
    with pytest.raises(CheckpointError, match=r"before torch 1\.2"):
        load(file)


@needs_oracle
@pytest.mark.parametrize("mmap", [False, True])
def test_an_archive_of_torch_loads_into_a_model_of_penlight(tmp_path, mmap):
    tail = torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.BatchNorm1d(6))
    model = torch.nn.Sequential(tail, torch.nn.ReLU()).eval()
    path = tmp_path / "scripted.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(model).save(path)
    with pytest.warns(UserWarning, match="TorchScript"):
        state = load(path, mmap=mmap)
    assert list(state) == list(model.state_dict())
    for name, tensor in model.state_dict().items():
        np.testing.assert_array_equal(state[name].detach().numpy(), tensor.detach().numpy())
    ours = penlight.nn.Sequential(
        penlight.nn.Sequential(penlight.nn.Linear(6, 6), penlight.nn.BatchNorm1d(6)),
        penlight.nn.ReLU(),
    ).eval()
    ours.load_state_dict(state)
    x = np.ones((2, 6), np.float32)
    np.testing.assert_allclose(
        ours(penlight.from_numpy(x)).detach().numpy(),
        model(torch.from_numpy(x)).detach().numpy(),
        rtol=1e-6,
    )
