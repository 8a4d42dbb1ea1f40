"""``penlight word2vec``: training, killed and resumed, and looking at the result."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from penlight.cli import main
from penlight.text import KeyedVectors

COMMAND = [sys.executable, "-m", "penlight", "word2vec"]
SENTENCES = [
    "the king rules the land and the queen rules the land",
    "a man and a woman walk on the street",
    "the prince is the son of the king and the queen",
]


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(SENTENCES * 200) + "\n")
    return path


def trained(corpus, output, *options):
    arguments = ["train", str(corpus), "-o", str(output), "--min-count", "1", *options]
    assert main(["word2vec", *arguments]) == 0


@pytest.mark.parametrize("name", ["vectors.bin", "vectors.txt", "vectors.vec.gz"])
def test_vectors_are_trained_and_asked(corpus, tmp_path, capsys, name):
    output = tmp_path / name
    trained(corpus, output, "--vector-size", "12", "--epochs", "3", "--sg", "--workers", "1")
    printed = capsys.readouterr().out
    assert "epoch 3 of 3: loss " in printed
    assert " words/s" in printed
    assert f"16 vectors of 12 numbers are in {output}" in printed
    assert not (tmp_path / f"{name}.checkpoint").exists()
    binary = name.endswith(".bin")
    assert len(KeyedVectors.load_word2vec_format(output, binary=binary)) == 16
    assert main(["word2vec", "similar", str(output), "king", "--topn", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(-1 <= float(line.split()[0]) <= 1 for line in lines)
    assert main(["word2vec", "analogy", str(output), "man", "woman", "king", "--topn", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert not {"man", "woman", "king"} & {line.split()[1] for line in lines}


def test_words_are_drawn(corpus, tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="drawing needs matplotlib")
    vectors, image = tmp_path / "vectors.bin", tmp_path / "plane.png"
    trained(corpus, vectors, "--epochs", "1")
    assert main(["word2vec", "plot", str(vectors), "king", "queen", "man", "-o", str(image)]) == 0
    assert "of the variance of 3 words" in capsys.readouterr().out
    assert image.read_bytes().startswith(b"\x89PNG")
    assert main(["word2vec", "plot", str(vectors), "king", "man", "-o", str(image)]) == 1
    assert "expected three vectors or more" in capsys.readouterr().err


def test_mistakes_end_with_a_line_that_names_them(corpus, tmp_path, capsys):
    vectors = tmp_path / "vectors.bin"
    assert main(["word2vec", "train", str(tmp_path / "none.txt"), "-o", str(vectors)]) == 1
    assert "none.txt" in capsys.readouterr().err
    assert main(["word2vec", "train", str(corpus), "-o", str(vectors), "--window", "0"]) == 1
    assert "window: expected a whole number of 1 or more, got 0" in capsys.readouterr().err
    assert main(["word2vec", "train", str(corpus), "-o", str(vectors), "--resume"]) == 1
    assert "--resume: there is no " in capsys.readouterr().err
    trained(corpus, vectors, "--epochs", "1")
    capsys.readouterr()
    assert main(["word2vec", "similar", str(vectors), "emperor"]) == 1
    assert "emperor" in capsys.readouterr().err
    assert main(["word2vec", "similar", str(corpus), "king"]) == 1
    assert "corpus.txt" in capsys.readouterr().err


def test_a_killed_training_keeps_its_vectors_and_goes_on(corpus, tmp_path, capsys):
    options = ["--epochs", "60", "--deterministic", "--workers", "2", "--vector-size", "50"]
    whole, output = tmp_path / "whole.bin", tmp_path / "vectors.bin"
    trained(corpus, whole, *options)
    checkpoint = tmp_path / "vectors.bin.checkpoint"
    arguments = ["train", str(corpus), "-o", str(output), "--min-count", "1", *options]
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("epoch 5 "):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert checkpoint.exists()
    assert len(KeyedVectors.load_word2vec_format(output, binary=True)) == 16
    capsys.readouterr()
    assert main(["word2vec", *arguments, "--resume", "--seed", "2"]) == 1
    assert "--resume: seed is 1 in " in capsys.readouterr().err
    assert main(["word2vec", *arguments, "--resume"]) == 0
    assert "going on after epoch " in capsys.readouterr().out
    assert output.read_bytes() == whole.read_bytes()
    assert not checkpoint.exists()
