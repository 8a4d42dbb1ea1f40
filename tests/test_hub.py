"""`torch.hub` of what is on the disk, and the labels of `torch.profiler`."""

from __future__ import annotations

import inspect
import sys

import pytest

import penlight as pl

try:
    import torch
except ImportError:
    torch = None

LIBRARIES = [pytest.param(pl, id="penlight")]
if torch is not None:
    LIBRARIES.append(pytest.param(torch, id="torch"))

HUBCONF = """\
dependencies = ["json"{more}]
import beside

def made(scale, *, shift=0):
    return beside.VALUE * scale + shift

number = 3
"""


def _repository(tmp_path, name="repository", more=""):
    directory = tmp_path / name
    directory.mkdir()
    (directory / "hubconf.py").write_text(HUBCONF.replace("{more}", more), encoding="utf-8")
    (directory / "beside.py").write_text("VALUE = 5\n", encoding="utf-8")
    return directory


@pytest.fixture(autouse=True)
def _put_back():
    yield
    sys.modules.pop("beside", None)
    pl.hub._directory = None


@pytest.mark.parametrize("lib", LIBRARIES)
def test_a_directory_is_loaded_from(lib, tmp_path):
    directory = _repository(tmp_path)
    before = list(sys.path)
    assert lib.hub.load(str(directory), "made", 2, source="local", shift=1) == 11
    assert sys.path == before
    for name in ("number", "missing"):
        with pytest.raises(RuntimeError, match=f"Cannot find callable {name} in hubconf"):
            lib.hub.load(str(directory), name, source="local")
    with pytest.raises(ValueError, match="model should be a string of function name"):
        lib.hub.load(str(directory), 3, source="local")
    with pytest.raises(ValueError, match='Unknown source: "disk"'):
        lib.hub.load(str(directory), "made", source="disk")
    other = _repository(tmp_path, "other", ', "no_such_package_1"')
    with pytest.raises(RuntimeError, match="Missing dependencies: no_such_package_1"):
        lib.hub.load(str(other), "made", source="local")


@pytest.mark.parametrize("lib", LIBRARIES)
def test_weights_that_are_there_are_loaded(lib, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    directory = tmp_path / "hub" / "checkpoints"
    directory.mkdir(parents=True)
    pl.save({"weight": pl.ones(2)}, directory / "model-1.pth")
    assert lib.hub.get_dir() == str(tmp_path / "hub")
    load = lib.hub.load_state_dict_from_url
    state = load("https://example.com/model-1.pth?x=1", weights_only=True)
    assert state["weight"].tolist() == [1, 1]
    state = load("https://example.com/y", str(directory), file_name="model-1.pth")
    assert state["weight"].tolist() == [1, 1]


def test_the_directory_can_be_set(tmp_path, monkeypatch):
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert pl.hub.get_dir() == str(tmp_path / "torch" / "hub")
    pl.hub.set_dir(tmp_path / "mine")
    assert pl.hub.get_dir() == str(tmp_path / "mine")


def test_the_network_is_refused(tmp_path):
    hub = pl.hub
    for call in (
        lambda: hub.load("pytorch/vision", "resnet18"),
        lambda: hub.list("pytorch/vision"),
        lambda: hub.help("pytorch/vision", "resnet18"),
        lambda: hub.download_url_to_file("https://example.com/x", "x"),
        lambda: hub.load_state_dict_from_url("https://example.com/x", str(tmp_path)),
    ):
        with pytest.raises(NotImplementedError, match="it does not use the network"):
            call()


@pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")
@pytest.mark.parametrize("name", pl.hub.__all__)
def test_signatures_are_torchs(name):
    ours, theirs = (
        [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]
        for function in (getattr(pl.hub, name), getattr(torch.hub, name))
    )
    assert ours == theirs


@pytest.mark.parametrize("lib", LIBRARIES)
def test_labels_change_nothing(lib):
    with lib.profiler.record_function("part"):
        total = lib.ones(3).sum().item()

    @lib.profiler.record_function("double")
    def double(x):
        return 2 * x

    assert double(total) == 6


def test_the_profiler_is_refused():
    with pytest.raises(NotImplementedError, match="cProfile"):
        pl.profiler.profile()
