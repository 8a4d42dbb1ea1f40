"""The example learns, and prints under penlight what it prints under real torch."""

from __future__ import annotations

import functools
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import penlight

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "transformer_classifier.py"
STEPS = 12


@functools.cache
def losses(*program: str) -> list[str]:
    """Return the loss of each of the first steps, as printed."""
    path = [str(Path(penlight.__file__).parent.parent), os.environ.get("PYTHONPATH")]
    done = subprocess.run(
        [sys.executable, *program, str(EXAMPLE), "--steps", str(STEPS)],
        capture_output=True,
        encoding="utf-8",
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
            "OMP_NUM_THREADS": "1",
        },
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[:3] for line in lines] == [["step", str(n + 1), "loss"] for n in range(STEPS)]
    return [line[3] for line in lines]


def test_loss_falls() -> None:
    found = [float(loss) for loss in losses("-m", "penlight", "run")]
    assert sum(found[-3:]) < sum(found[:3])


@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="the oracle: pip install torch==2.13.0"
)
def test_losses_are_torchs() -> None:
    ours, theirs = losses("-m", "penlight", "run"), losses()
    assert [float(loss) for loss in ours] == pytest.approx([float(x) for x in theirs], abs=2e-4)
