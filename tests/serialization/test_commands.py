"""``penlight inspect`` and ``penlight convert``."""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

import penlight
from penlight import nn
from penlight.cli import main
from penlight.serialization import UnknownObject
from penlight.serialization.summary import summarize


@pytest.fixture
def run(capsys):
    """Run the command in this process; return its status, output and errors."""

    def call(*arguments):
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def checkpoint(tmp_path):
    """A training checkpoint."""
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    optimizer = penlight.optim.Adam(model.parameters())
    model(penlight.ones(4, 3)).sum().backward()
    optimizer.step()
    path = tmp_path / "checkpoint.pt"
    value = {
        "epoch": 3,
        "state_dict": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "array": np.arange(3),
    }
    penlight.save(value, path)
    return path


def test_inspect_lists_tensors_and_what_is_beside_them(run, checkpoint):
    status, out, err = run("inspect", checkpoint)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"{checkpoint}: torch archive, ")
    assert "20 tensors of 48 numbers, " in lines[1]
    rows = [line.split() for line in lines[2:]]
    assert ["state_dict.0.weight", "float32", "2x3", "24", "bytes"] in rows
    assert ["state_dict.1.num_batches_tracked", "int64", "scalar", "8", "bytes"] in rows
    assert ["array", "int64", "3", "24", "bytes", "array"] in rows
    assert ["epoch", "int", "3"] in rows
    assert any(row[:1] == ["optimizer.state.0.exp_avg"] for row in rows)


def test_inspect_prints_the_same_as_json(run, checkpoint):
    status, out, _ = run("inspect", checkpoint, "--json")
    assert status == 0
    content = json.loads(out)
    assert content["format"] == "torch archive"
    assert content["bytes"] == checkpoint.stat().st_size
    weight = next(entry for entry in content["tensors"] if entry["name"] == "state_dict.0.weight")
    assert weight == {
        "name": "state_dict.0.weight",
        "kind": "tensor",
        "dtype": "float32",
        "shape": [2, 3],
        "bytes": 24,
        "same_memory_as": None,
    }
    assert {"name": "epoch", "type": "int", "value": "3", "inert": False} in content["others"]


@pytest.mark.parametrize("new", [True, False])
def test_inspect_tells_shared_memory_and_inert_objects(run, tmp_path, new):
    path = tmp_path / "model.pt"
    weight = nn.Parameter(penlight.ones(2, 2))

    class Holder(nn.Module):
        pass

    Holder.__qualname__ = "Holder"
    globals()["Holder"] = Holder
    holder = Holder()
    holder.args = argparse.Namespace(lr=1)
    holder.first = holder.second = nn.Linear(2, 2)
    holder.first.weight = weight
    penlight.save(
        {"model": holder, "row": weight.detach()[0]},
        path,
        _use_new_zipfile_serialization=new,
    )
    _, out, _ = run("inspect", path)
    assert "parameter" in out
    assert "same memory as model.state._modules.first.state._parameters.weight" in out
    assert re.search(r"model\.state\.args +argparse\.Namespace +kept as an inert object", out)


def test_inspect_prints_no_control_characters_of_a_file(run, tmp_path):
    path = tmp_path / "model.pt"
    penlight.save({"\x1b[2Jevil\n": penlight.ones(1), "n" * 5000: "\x07"}, path)
    _, out, _ = run("inspect", path)
    assert "\\x1b[2Jevil\\n" in out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert max(map(len, out.splitlines())) < 600


def test_inspect_lists_a_shared_container_once(tmp_path):
    value = ["x"]
    for _ in range(40):
        value = [value, value]
    path = tmp_path / "model.pt"
    penlight.save(value, path)
    assert len(summarize(path).others) < 100


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04", None])
@pytest.mark.parametrize("command", [["inspect"], ["convert"]])
def test_a_file_that_cannot_be_read_ends_with_one_line(run, tmp_path, content, command):
    path = tmp_path / "file.pt"
    if content is not None:
        path.write_bytes(content)
    output = [tmp_path / "out.pt"] if command == ["convert"] else []
    status, out, err = run(*command, path, *output)
    assert status == 1
    assert out == ""
    assert err.startswith(f"penlight {command[0]}: ")
    assert err.count("\n") == 1


# ---- convert -----------------------------------------------------------------------------------

needs_library = pytest.mark.skipif(
    importlib.util.find_spec("safetensors") is None, reason="the extra: pip install safetensors"
)


def state():
    weight = penlight.arange(6.0).reshape(2, 3)
    return OrderedDict(weight=weight, turned=weight.t(), count=penlight.tensor(3))


@needs_library
def test_convert_goes_to_safetensors_and_back(run, tmp_path):
    first, middle, last = (tmp_path / name for name in ("a.pt", "b.safetensors", "c.pth"))
    penlight.save(state(), first)
    assert run("convert", first, middle) == (0, "", "")
    assert run("convert", middle, last) == (0, "", "")
    loaded = penlight.load(last)
    assert set(loaded) == set(state())
    for name, tensor in state().items():
        assert penlight.equal(loaded[name], tensor)
        assert loaded[name].dtype is tensor.dtype


def test_convert_turns_the_old_format_into_the_new_one_with_everything(run, tmp_path):
    first, last = tmp_path / "a.pt", tmp_path / "b.pt"
    value = {"epoch": 3, "state": state(), "lr": 0.1}
    penlight.save(value, first, _use_new_zipfile_serialization=False)
    assert run("convert", first, last) == (0, "", "")
    assert last.read_bytes()[:2] == b"PK"
    loaded = penlight.load(last)
    assert (loaded["epoch"], loaded["lr"]) == (3, 0.1)
    assert loaded["state"]["turned"].stride() == (1, 3)
    assert loaded["state"]["turned"].data_ptr() == loaded["state"]["weight"].data_ptr()


@needs_library
def test_convert_takes_one_part_of_a_checkpoint(run, checkpoint, tmp_path):
    path = tmp_path / "model.safetensors"
    status, _, err = run("convert", checkpoint, path)
    assert status == 1
    assert "--key takes what is under one of them (state_dict, optimizer)" in err
    assert not path.exists()
    assert run("convert", checkpoint, path, "--key", "state_dict") == (0, "", "")
    assert "0.weight" in penlight.load(path)
    status, _, err = run("convert", checkpoint, path, "--key", "nothing")
    assert (status, "epoch, state_dict" in err) == (1, True)


@needs_library
def test_convert_leaves_out_what_is_no_tensor_when_it_is_told_to(run, tmp_path):
    first, last = tmp_path / "a.pt", tmp_path / "b.safetensors"
    penlight.save({**state(), "epoch": 3}, first)
    status, _, err = run("convert", first, last, "--tensors-only")
    assert (status, err) == (0, "left out, since they are no tensors: epoch\n")
    assert set(penlight.load(last)) == set(state())


@needs_library
def test_convert_takes_the_weights_out_of_a_whole_module(run, tmp_path):
    first, last = tmp_path / "a.pt", tmp_path / "b.safetensors"
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    penlight.save(model, first)
    assert run("convert", first, last)[0] == 0
    fresh = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    fresh.load_state_dict(penlight.load(last))
    assert penlight.equal(fresh[0].weight, model[0].weight)


def test_convert_refuses_an_ending_that_names_no_format(run, tmp_path):
    penlight.save(1, tmp_path / "a.pt")
    status, _, err = run("convert", tmp_path / "a.pt", tmp_path / "b.onnx")
    assert status == 1
    assert ".safetensors, .pt" in err


def test_convert_does_not_write_inert_objects(run, tmp_path):
    file = io.BytesIO()
    penlight.save(nn.Linear(1, 1), file)
    first = tmp_path / "a.pt"
    first.write_bytes(file.getvalue())
    status, _, err = run("convert", first, tmp_path / "b.pt")
    assert status == 1
    assert UnknownObject.__name__ in err


# 72 MB of tensors, with room for 45 MB more than Python and NumPy have.
LIMITED = """
import resource, sys
from penlight.cli import main
import penlight.serialization.summary, penlight.optim
first, middle, last = sys.argv[1:]
taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
resource.setrlimit(resource.RLIMIT_DATA, (taken + (45 << 20), resource.RLIM_INFINITY))
for arguments in (["inspect", first], ["convert", first, middle], ["convert", middle, last]):
    if main(arguments):
        sys.exit(1)
"""


@needs_library
@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_a_file_larger_than_memory_is_inspected_and_converted(tmp_path, new):
    paths = first, _, last = [tmp_path / name for name in ("a.pt", "b.safetensors", "c.pt")]
    part = np.zeros(3_000_000, np.float32)
    tensors = {f"t{i}": penlight.from_numpy(part + i) for i in range(6)}
    penlight.save(tensors, first, _use_new_zipfile_serialization=new)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *map(str, paths)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(penlight.__file__).parent.parent)},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = penlight.load(last, mmap=True)
    assert [loaded[f"t{i}"][-1].item() for i in range(6)] == list(range(6))
