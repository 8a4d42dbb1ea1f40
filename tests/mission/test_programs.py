"""The mission's own programs, unmodified and seeded 0, print what PyTorch 2.13 prints."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import penlight

HERE = Path(__file__).resolve().parent
PROGRAMS = sorted(path.stem for path in (HERE / "programs").glob("*.py"))


def printed_by(*command: str | Path) -> str:
    """Return what a Python process prints; it must end well and write nothing to stderr."""
    path = [str(Path(penlight.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONIOENCODING": "utf-8",
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
    }
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def expected(program: str) -> str:
    """Return the text recorded from PyTorch 2.13 (CPU) under Python 3.11."""
    text = (HERE / "expected" / f"{program}.txt").read_text(encoding="utf-8")
    if program == "register_buffer" and sys.version_info >= (3, 12):
        # Python prints an OrderedDict as OrderedDict({key: value}) since 3.12.
        assert text.startswith("OrderedDict([('my_buffer', ")
        text = text.replace("([('my_buffer', ", "({'my_buffer': ").replace(")])\n", "})\n")
    return text


def test_every_program_has_its_expected_text() -> None:
    texts = sorted(path.stem for path in (HERE / "expected").glob("*.txt"))
    assert texts == PROGRAMS
    assert len(PROGRAMS) == 7


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_prints_what_torch_prints(program: str) -> None:
    source = HERE / "programs" / f"{program}.py"
    printed = printed_by("-m", "penlight", "run", HERE / "seeded.py", source)
    assert printed == expected(program)


@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="the oracle: pip install torch==2.13.0"
)
@pytest.mark.parametrize("program", PROGRAMS)
def test_expected_text_is_what_real_torch_prints(program: str) -> None:
    assert printed_by(HERE / "seeded.py", HERE / "programs" / f"{program}.py") == expected(program)
