"""Processes that are killed, or run out of disk, while they save over a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import penlight

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked and killed")

# A child saves 0, 1, 2, … over one file; it tells before and after each. The parent kills it at
# some moment and looks at the file: the last that was done, or the one that had been begun.
KILLER = """
import os, random, resource, signal, sys, time
import numpy as np
import penlight
from penlight._tensor import wrap
from penlight.serialization import early

folder, count, early._LARGE = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
early._PIECE = early._LARGE // 2
path = os.path.join(folder, "model.pt")
choose = random.Random(7)
step, most_left = 0, 0
penlight.save({"step": step, "w": wrap(np.full(50_000, step, np.float32))}, path)
for number in range(count):
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(read)
            for step in range(step + 1, step + 1_000_000):
                value = {"step": step, "w": wrap(np.full(50_000, step, np.float32))}
                os.write(write, b"b%d " % step)
                penlight.save(value, path)
                os.write(write, b"d%d " % step)
        finally:
            os._exit(1)
    os.close(write)
    told = os.read(read, 1 << 16)  # it has begun
    time.sleep(choose.random() * 0.012)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while piece := os.read(read, 1 << 16):
        told += piece
    os.close(read)
    words = told.decode().split()
    begun = max([step + 1] + [int(word[1:]) for word in words if word[0] == "b"])
    done = max([step] + [int(word[1:]) for word in words if word[0] == "d"])
    loaded = penlight.load(path)
    assert loaded["step"] in (done, begun), (number, loaded["step"], done, begun)
    assert begun - done <= 1, (begun, done)
    assert (loaded["w"].numpy() == loaded["step"]).all(), number
    step = loaded["step"]
    most_left = max(most_left, len(os.listdir(folder)) - 1)
penlight.save(1, path)
print(step, most_left, os.listdir(folder))
"""

FULL = """
import os, resource, signal, sys
import penlight
from penlight.serialization import early

path = os.path.join(sys.argv[1], "model.pt")
early._LARGE = int(sys.argv[2])
early._PIECE = early._LARGE // 2
penlight.save({"step": 1}, path)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for save in (lambda: penlight.save({"step": 2, "w": penlight.zeros(100_000)}, path),
             lambda: penlight.save({"step": 2, "w": penlight.zeros(100_000)}, path,
                                   _use_new_zipfile_serialization=False)):
    try:
        save()
    except OSError as error:
        print(type(error).__name__, penlight.load(path), os.listdir(sys.argv[1]))
"""


def run(script: str, *arguments: str) -> str:
    source = str(Path(penlight.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("large", [1 << 25, 1 << 15], ids=["synced at the end", "synced early"])
def test_a_process_killed_200_times_leaves_the_old_file_or_the_new_one(tmp_path, large):
    step, most_left, left = run(KILLER, str(tmp_path), "200", str(large)).split(maxsplit=2)
    assert int(step) >= 1
    # What a killed process leaves is swept away by the next save.
    assert int(most_left) <= 1
    assert left.strip() == "['model.pt']"


@pytest.mark.parametrize("large", [1 << 25, 1 << 15], ids=["synced at the end", "synced early"])
def test_a_file_that_may_not_grow_leaves_the_old_one(tmp_path, large):
    outcome = "OSError {'step': 1} ['model.pt']"
    assert run(FULL, str(tmp_path), str(large)).splitlines() == [outcome, outcome]


def test_a_file_that_another_process_is_writing_is_not_swept(tmp_path):
    from penlight.serialization.atomic import replacing

    path = tmp_path / "model.pt"
    with replacing(path) as file:
        file.write(b"slow")
        penlight.save(1, path)
        assert len(list(tmp_path.iterdir())) == 2
    assert path.read_bytes() == b"slow"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_left_over_file_is_swept_and_one_of_another_name_is_not(tmp_path):
    from penlight.serialization import atomic

    path = tmp_path / "model.pt"
    (tmp_path / f".model.pt.0123456789abcdef{atomic._SUFFIX}").touch()
    other = tmp_path / f".other.pt.0123456789abcdef{atomic._SUFFIX}"
    other.touch()
    penlight.save(1, path)
    assert sorted(tmp_path.iterdir()) == sorted([path, other])
