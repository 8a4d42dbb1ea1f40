"""The command ``penlight``: programs run as ``python`` would run them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import penlight
from penlight import kernels

RUN = ("-m", "penlight", "run")


@pytest.fixture
def python(tmp_path: Path):
    """Run Python in a directory of its own; return the finished process."""

    def run(*command: str, **changes: str) -> subprocess.CompletedProcess[str]:
        path = [str(Path(penlight.__file__).parent.parent), os.environ.get("PYTHONPATH")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path)), **changes}
        return subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env=environment,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def program(tmp_path: Path):
    """Write a file, its directory included, and return its name."""

    def write(source: str, name: str = "program.py") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        return name

    return write


def test_import_torch_gives_penlight(python, program) -> None:
    done = python(*RUN, program("import torch, penlight; print(torch.nn is penlight.nn)"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


@pytest.mark.parametrize("arguments", [[], ["a", "b c"], ["--help", "-m", "x"], ["--", "-1"]])
def test_script_sees_what_python_would_show_it(python, program, arguments: list[str]) -> None:
    name = program(
        "import sys, __main__\n"
        "print(__name__, __file__, sys.argv, sys.path[0], __spec__, __package__, __doc__,\n"
        "      type(__builtins__), __main__.__dict__ is globals(),\n"
        "      sorted(set(globals()) - {'__annotations__', '__cached__'}))\n",
        "sub/program.py",
    )
    ours, theirs = python(*RUN, name, *arguments), python(name, *arguments)
    assert ours.stdout == theirs.stdout
    assert ours.stdout.startswith("__main__ ")


def test_module_sees_what_python_would_show_it(python, program) -> None:
    program("", "package/__init__.py")
    program("import sys\nprint(__name__, __package__, sys.argv, sys.path[0])", "package/tool.py")
    ours = python(*RUN, "-m", "package.tool", "-m", "--help")
    theirs = python("-m", "package.tool", "-m", "--help")
    assert (ours.stdout, ours.stderr) == (theirs.stdout, "")


def test_directory_and_zip_file_run_their_main(python, program, tmp_path: Path) -> None:
    program("import torch, beside; print(beside.x)", "app/__main__.py")
    program("x = 3", "app/beside.py")
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        for name in ("__main__.py", "beside.py"):
            archive.write(tmp_path / "app" / name, name)
    for name in ("app", "app.zip"):
        done = python(*RUN, name)
        assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


@pytest.mark.parametrize(
    "statement",
    [
        "pass",
        "raise SystemExit",
        "raise SystemExit(0)",
        "raise SystemExit(7)",
        "raise SystemExit('the reason')",
        "import os; os._exit(9)",
        "1 / 0",
        "def f(:",
        "raise KeyboardInterrupt",
        "import sys; sys.excepthook = lambda kind, value, trace: print('mine', value); 1 / 0",
    ],
)
def test_end_of_the_program_is_pythons(python, program, statement: str) -> None:
    name = program(f"print('first')\n{statement}\n")
    ours, theirs = python(*RUN, name), python(name)
    assert ours.returncode == theirs.returncode
    assert ours.stdout == theirs.stdout
    assert ours.stderr == theirs.stderr


def test_traceback_of_a_module_has_no_frame_of_the_runner(python, program) -> None:
    program("def f():\n    raise ValueError('deep')\nf()\n")
    done = python(*RUN, "-m", "program")
    assert done.returncode == 1
    assert "penlight" not in done.stderr.replace("test_traceback", "")
    assert done.stderr.splitlines()[-1] == "ValueError: deep"


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_interrupted_program_ends_as_python_ends_it(python, program) -> None:
    done = python(*RUN, program("raise KeyboardInterrupt"))
    assert done.returncode == -signal.SIGINT


def test_what_a_program_registered_still_runs_at_its_end(python, program) -> None:
    name = program(
        "import atexit, torch\nx = 'late'\natexit.register(lambda: print(x, torch.nn))\n"
    )
    done = python(*RUN, name)
    assert done.stdout.startswith("late <module")


def test_missing_script_is_reported_as_python_does(python) -> None:
    done = python(*RUN, "nowhere.py")
    assert done.returncode == 2
    assert "can't open file" in done.stderr
    assert "nowhere.py" in done.stderr
    assert "No such file" in done.stderr


def test_missing_module_is_reported(python) -> None:
    done = python(*RUN, "-m", "nowhere")
    assert done.returncode == 1
    assert done.stderr.strip().endswith("No module named nowhere")


def test_real_torch_loaded_before_is_refused(python, program) -> None:
    program("", "torch.py")
    program("import torch", "sitecustomize.py")
    name = program("import torch")
    package = str(Path(penlight.__file__).parent.parent)
    done = python(*RUN, name, PYTHONPATH=os.pathsep.join([".", package]))
    assert done.returncode == 1
    assert "already imported" in done.stderr


def test_no_program_and_no_command_end_with_2(python) -> None:
    for command in (RUN, ("-m", "penlight")):
        assert python(*command).returncode == 2


def test_help_names_the_commands(python) -> None:
    done = python("-m", "penlight", "--help")
    assert done.returncode == 0
    assert "run" in done.stdout
    assert "info" in done.stdout


def test_unknown_command_is_refused(python) -> None:
    done = python("-m", "penlight", "rum")
    assert done.returncode == 2
    assert "rum" in done.stderr


def test_info_names_versions_and_kernels(python) -> None:
    done = python("-m", "penlight", "info")
    assert (done.returncode, done.stderr) == (0, "")
    facts = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    assert facts["stands in for"].strip() == "torch 2.13.0 (CPU)"
    assert {"penlight", "python", "numpy", "kernels"} <= {name.strip() for name in facts}


def test_info_tells_the_kernels_instruction_level_and_threads(python) -> None:
    def kernels_line(**changes: str) -> str:
        lines = python("-m", "penlight", "info", **changes).stdout.splitlines()
        return next(line for line in lines if line.startswith("kernels")).partition(" ")[2].strip()

    assert kernels_line(PENLIGHT_KERNELS="reference").startswith("NumPy")
    if kernels.is_native:
        asked = {"PENLIGHT_CPU_CAPABILITY": "default", "OMP_NUM_THREADS": "1"}
        assert kernels_line(**asked) == "compiled, DEFAULT, 1 thread"


def test_version(python) -> None:
    assert python("-m", "penlight", "--version").stdout.startswith("penlight ")
