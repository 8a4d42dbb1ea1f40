"""The examples with word vectors run, and what they learn makes sense."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import penlight

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"


def example(name, *arguments):
    """Run an example to its end; return what it printed."""
    paths = [str(Path(penlight.__file__).parent.parent), os.environ.get("PYTHONPATH")]
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-m", "penlight", "run", str(EXAMPLES / name), *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        timeout=300,
        check=False,
    )


def test_both_ways_of_skip_gram_put_vowels_beside_vowels():
    done = example("skip_gram.py", "--words", "a", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert "nn, epoch 1: loss 0." in done.stdout
    by_nn, by_word2vec = (line for line in done.stdout.splitlines() if " by " in line)
    assert "a: by nn" in by_nn
    for line in (by_nn, by_word2vec):
        nearest = line.split()[-6:]
        assert len(set(nearest) & set("eiouyäöüáéíóúåøæ")) >= 3, line


def test_an_unknown_word_is_named():
    done = example("skip_gram.py", "--words", "a", "nonsense")
    assert done.returncode == 2
    assert "--words: nonsense: not among the " in done.stderr


def test_the_classifier_starts_from_trained_vectors():
    done = example("city_vectors.py", "--labelled", "300", "--epochs", "2", "--hidden", "16")
    assert done.returncode == 0, done.stderr
    shares = [
        float(line.split(":")[1].split("%")[0])
        for line in done.stdout.splitlines()
        if line.startswith("from ")
    ]
    assert len(shares) == 2
    assert min(shares) > 5
