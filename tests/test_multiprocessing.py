"""Starting a function in several processes, beside torch's where it is installed."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import penlight as pl
from penlight import multiprocessing as mp

try:
    import torch.multiprocessing as torch_mp
except ImportError:
    torch_mp = None

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)
LIBRARIES = [pytest.param(mp, id="penlight")]
if torch_mp is not None:
    LIBRARIES.append(pytest.param(torch_mp, id="torch"))


def _send(index, queue):
    queue.put((index, os.getpid()))


def _fail(index):
    if index == 1:
        msg = "this one"
        raise ValueError(msg)


def _kill(index):
    if index == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def _exit(index):
    if index == 1:
        os._exit(7)


def _wait(index):
    signal.pause()


@pytest.mark.parametrize("lib", LIBRARIES)
def test_each_process_gets_its_number(lib):
    queue = multiprocessing.get_context("fork").SimpleQueue()
    assert lib.start_processes(_send, (queue,), nprocs=3, start_method="fork") is None
    found = [queue.get() for _ in range(3)]
    assert sorted(index for index, _ in found) == [0, 1, 2]
    assert len({pid for _, pid in found} | {os.getpid()}) == 4


@pytest.mark.parametrize("lib", LIBRARIES)
def test_an_exception_arrives_with_its_traceback(lib):
    with pytest.raises(
        lib.ProcessRaisedException,
        match=r"(?s)-- Process 1 terminated with the following error:.*ValueError: this one",
    ) as caught:
        lib.start_processes(_fail, nprocs=2, start_method="fork")
    assert caught.value.error_index == 1
    assert pickle.loads(pickle.dumps(caught.value)).error_pid == caught.value.error_pid


@pytest.mark.parametrize("lib", LIBRARIES)
@pytest.mark.parametrize(
    "function, text, code, name",
    [
        (_kill, "process 0 terminated with signal SIGKILL", -9, "SIGKILL"),
        (_exit, "process 1 terminated with exit code 7", 7, None),
    ],
)
def test_a_process_that_ends_by_itself_is_named(lib, function, text, code, name):
    with pytest.raises(lib.ProcessExitedException, match=text) as caught:
        lib.start_processes(function, nprocs=2, start_method="fork")
    again = copy.copy(caught.value)
    assert (again.exit_code, again.signal_name) == (code, name)


@pytest.mark.parametrize("lib", LIBRARIES)
def test_the_others_are_ended_when_one_fails(lib):
    context = lib.start_processes(_wait, nprocs=2, join=False, start_method="fork")
    assert len(context.pids()) == 2
    assert context.join(timeout=0.01) is False
    os.kill(context.pids()[0], signal.SIGKILL)
    with pytest.raises(
        lib.ProcessExitedException, match="process 0 terminated with signal SIGKILL"
    ):
        context.join()
    assert not any(process.is_alive() for process in context.processes)


@pytest.mark.parametrize("lib", LIBRARIES)
def test_the_standard_names_are_here(lib):
    assert lib.get_context("fork").Process
    assert lib.cpu_count() == multiprocessing.cpu_count()
    before = lib.get_sharing_strategy()
    for strategy in lib.get_all_sharing_strategies():
        lib.set_sharing_strategy(strategy)
        assert lib.get_sharing_strategy() == strategy
    lib.set_sharing_strategy(before)
    with pytest.raises(AssertionError, match="invalid sharing strategy 'paper'"):
        lib.set_sharing_strategy("paper")


def test_tensors_go_by_value():
    context = mp.get_context("fork")
    queue, tensor = context.SimpleQueue(), pl.ones(3)
    queue.put(tensor)
    tensor.zero_()
    assert queue.get().tolist() == [1, 1, 1]


def test_a_spawned_program_has_the_stand_in(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import torch\n"
        "import torch.multiprocessing as mp\n"
        "def work(index, scale):\n"
        "    print(index, (torch.ones(2) * scale).tolist(), torch.__version__, flush=True)\n"
        "if __name__ == '__main__':\n"
        "    mp.spawn(work, args=(3,), nprocs=1)\n",
        encoding="utf-8",
    )
    path = os.pathsep.join([str(Path(pl.__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "penlight", "run", str(program)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (done.stdout, done.stderr) == ("0 [3.0, 3.0] 2.13.0+penlight\n", "")


def test_spawn_spawns_whatever_it_is_told():
    with pytest.warns(FutureWarning, match=r"only supports start_method=spawn \(got: fork\)"):
        assert mp.spawn(os.getpgid, nprocs=1, start_method="fork") is None
