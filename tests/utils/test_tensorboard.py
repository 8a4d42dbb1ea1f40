"""`SummaryWriter`, read back from its files."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

import penlight as pl
from penlight.utils.tensorboard import SummaryWriter


def _without(monkeypatch, missing):
    real = builtins.__import__

    def load(name, *args, **kwargs):
        if name.partition(".")[0] == missing:
            msg = f"No module named {missing!r}"
            raise ModuleNotFoundError(msg, name=missing)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", load)


def test_without_tensorboardx_the_error_says_how_to_install_it(monkeypatch, tmp_path):
    _without(monkeypatch, "tensorboardX")
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'penlight\[tensorboard\]'"):
        SummaryWriter(tmp_path)


# ---- what is written ----------------------------------------------------------------------------


@pytest.fixture
def library():
    return pytest.importorskip("tensorboardX", reason="pip install 'penlight[tensorboard]'")


def _events(library, directory):
    """All values in a directory's files, by tag."""
    from tensorboardX.event_file_writer import EventsWriter  # noqa: F401 - it is the right package
    from tensorboardX.proto.event_pb2 import Event

    values = {}
    for path in sorted(directory.rglob("events.out.*")):
        rest = path.read_bytes()
        while rest:
            # A record: length, its checksum, the event, its checksum.
            size = int.from_bytes(rest[:8], "little")
            event = Event.FromString(rest[12 : 12 + size])
            rest = rest[16 + size :]
            for value in event.summary.value:
                values.setdefault(value.tag, []).append((event.step, value))
    return values


def test_numbers_are_written_as_they_are(library, tmp_path):
    with SummaryWriter(tmp_path) as writer:
        assert writer.get_logdir() == writer.log_dir == str(tmp_path)
        for step in range(3):
            writer.add_scalar("loss", pl.tensor(1.5, requires_grad=True) * step, step)
        writer.add_scalar("half", pl.tensor([0.5], dtype=pl.bfloat16), 7)
        writer.add_scalars("both", {"a": pl.tensor(1.0), "b": 2}, 1)
    values = _events(library, tmp_path)
    assert [(step, v.simple_value) for step, v in values["loss"]] == [(0, 0), (1, 1.5), (2, 3)]
    assert [(step, v.simple_value) for step, v in values["half"]] == [(7, 0.5)]
    assert {tag for tag in values if "both" in tag}


def test_distributions_texts_and_curves_are_written(library, tmp_path):
    writer = SummaryWriter(str(tmp_path))
    writer.add_histogram("weights", pl.arange(10.0), 1)
    writer.add_histogram_raw("raw", 0, 2, 3, 3, 5, [0, 1, 2], [1, 1, 1], 1)
    writer.add_text("note", "hello", 1)
    writer.add_pr_curve("pr", pl.tensor([0, 1, 1]), pl.tensor([0.1, 0.8, 0.7]), 1)
    writer.add_hparams({"lr": 0.1}, {"accuracy": pl.tensor(0.5)}, run_name="one")
    writer.add_custom_scalars({"losses": {"all": ["Multiline", ["loss"]]}})
    writer.flush()
    writer.close()
    values = _events(library, tmp_path)
    assert values["weights"][0][1].histo.num == 10
    assert values["weights"][0][1].histo.sum == 45
    assert values["raw"][0][1].histo.num == 3
    assert values["note/text_summary"][0][1].tensor.string_val == [b"hello"]
    assert values["accuracy"][0][1].simple_value == 0.5
    assert {"pr", "custom_scalars__config__"} <= set(values)


def test_images_and_vectors_are_written(library, tmp_path):
    pytest.importorskip("PIL", reason="pip install Pillow")
    with SummaryWriter(tmp_path) as writer:
        writer.add_image("one", pl.rand(3, 4, 5), 0)
        writer.add_images("many", pl.zeros(2, 3, 4, 5, dtype=pl.uint8), 0)
        writer.add_mesh("mesh", pl.rand(1, 4, 3))
        writer.add_embedding(pl.rand(3, 2), metadata=["a", "b", "c"], tag="words")
    values = _events(library, tmp_path)
    image = values["one"][0][1].image
    assert (image.height, image.width, image.colorspace) == (4, 5, 3)
    assert values["many"][0][1].image.width == 10
    assert any("mesh" in tag for tag in values)
    (table,) = tmp_path.rglob("tensors.tsv")
    assert np.loadtxt(table).shape == (3, 2)


def test_what_there_is_no_way_to_write_is_refused(library, tmp_path):
    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(NotImplementedError, match="does not trace modules"):
            writer.add_graph(pl.nn.Linear(1, 1))
        with pytest.raises(NotImplementedError, match="float32"):
            writer.add_scalar("x", 1.0, double_precision=True)
        with pytest.raises(NotImplementedError, match="does not write it"):
            writer.add_hparams({}, {}, {"lr": [0.1]})
