"""Whole programs with workers: started by spawn, interrupted, killed, ended midway."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import penlight

SOURCE = str(Path(penlight.__file__).parent.parent)
PATIENCE = 300  # seconds, on a machine that does something else as well

PRELUDE = """\
import os, sys, time, warnings
warnings.simplefilter("ignore")
import torch
from torch.utils.data import DataLoader, Dataset

class Squares(Dataset):
    def __len__(self):
        return 40
    def __getitem__(self, index):
        return index, torch.full((60_000,), index**2), os.getpid()
"""


@pytest.fixture
def start(tmp_path):
    """Start a program with penlight standing in for torch; it is over when the test is."""
    started = []

    def start(body, *, before=""):
        program = tmp_path / "program.py"
        program.write_text(
            PRELUDE
            + textwrap.dedent(before)
            + "\n"
            + 'if __name__ == "__main__":\n'
            + textwrap.indent(textwrap.dedent(body), "    ")
        )
        path = os.pathsep.join([SOURCE, os.environ.get("PYTHONPATH", "")])
        process = subprocess.Popen(
            [sys.executable, "-m", "penlight", "run", str(program)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)


def _is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # Dead, but not yet collected by whoever adopted it.
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def _wait_until_gone(pids):
    end = time.monotonic() + PATIENCE
    while not all(map(_is_gone, pids)):
        assert time.monotonic() < end, f"still there: {[pid for pid in pids if not _is_gone(pid)]}"
        time.sleep(0.05)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_need_not_be_forked(start, method):
    process = start(
        f"""
        loader = DataLoader(Squares(), 8, shuffle=True, num_workers=2,
                            generator=torch.Generator().manual_seed(1),
                            multiprocessing_context={method!r})
        seen = []
        for index, squares, pid in loader:
            assert (squares == index[:, None] ** 2).all() and os.getpid() not in pid
            seen += index.tolist()
        generator = torch.Generator().manual_seed(1)
        plain = DataLoader(Squares(), 8, shuffle=True, generator=generator)
        assert seen == [i for index, _, _ in plain for i in index.tolist()]
        print("fine", torch.__version__)
        """
    )
    out, err = process.communicate(timeout=PATIENCE)
    assert (out, err) == ("fine 2.13.0+penlight\n", "")


BODY = """
loader = DataLoader(Squares(), 2, num_workers=2, persistent_workers=True, {options})
iterator = iter(loader)
pids = {{int(p) for _ in range(4) for p in next(iterator)[2]}}
print(*pids, flush=True)
{rest}
"""
FORKED = 'multiprocessing_context="fork"'


def _pids(process):
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) == 2, process.communicate(timeout=PATIENCE)[1]
    return pids


@pytest.mark.parametrize(
    "rest", ["", "sys.exit(0)", "del iterator, loader"], ids=["end", "exit", "del"]
)
def test_a_program_ends_with_an_iterator_midway(start, rest):
    process = start(BODY.format(options=FORKED, rest=rest))
    pids = _pids(process)
    assert process.communicate(timeout=PATIENCE)[1] == ""
    assert process.returncode == 0
    assert all(map(_is_gone, pids))


def test_a_program_that_fails_midway_shows_its_own_error_only(start):
    process = start(BODY.format(options=FORKED, rest="raise ValueError('mine')"))
    pids = _pids(process)
    error = process.communicate(timeout=PATIENCE)[1]
    assert error.count("Traceback") == 1
    assert error.endswith("ValueError: mine\n")
    assert all(map(_is_gone, pids))


@pytest.mark.parametrize(
    "options", [FORKED, 'multiprocessing_context="spawn"'], ids=["fork", "spawn"]
)
def test_workers_end_when_the_program_is_killed(start, options):
    process = start(BODY.format(options=options, rest="time.sleep(1000)"))
    pids = _pids(process)
    process.kill()
    _wait_until_gone(pids)


def test_ctrl_c_ends_the_program_and_its_workers_without_their_tracebacks(start):
    process = start(BODY.format(options=FORKED, rest="while True:\n    list(iter(loader))"))
    pids = _pids(process)
    os.killpg(process.pid, signal.SIGINT)
    error = process.communicate(timeout=PATIENCE)[1]
    assert error.count("Traceback") == 1
    assert error.rstrip().endswith("KeyboardInterrupt")
    assert "Process " not in error
    _wait_until_gone(pids)
