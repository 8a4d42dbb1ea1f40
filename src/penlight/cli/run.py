"""``penlight run``: run a program as ``python`` would, with penlight standing in for torch."""

from __future__ import annotations

import argparse
import builtins
import io
import runpy
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from .._alias import install_as_torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

_RUNNER_FILES = (__file__, runpy.__file__, "<frozen runpy>")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: everything after the program's name is the program's own."""
    parser.usage = "penlight run [-h] (SCRIPT | -m MODULE) [ARGUMENT ...]"
    parser.add_argument(
        "-m", action="store_true", dest="as_module", help="run a module by its name"
    )
    parser.add_argument(
        "program",
        nargs=argparse.REMAINDER,
        help="a script, or a directory or zip file with a __main__.py; then its arguments",
    )


def execute(options: argparse.Namespace) -> int:
    """Run the program; like ``python``, end with 0, with its SystemExit or with its traceback."""
    if not options.program:
        print("penlight run: which program? give a script, or -m and a module", file=sys.stderr)
        return 2
    try:
        install_as_torch()
    except RuntimeError as error:
        print(f"penlight run: {error}", file=sys.stderr)
        return 1
    program, *arguments = options.program
    if options.as_module:
        _as_python_does(program, arguments, str(Path.cwd()))
        return _run(lambda: runpy.run_module(program, run_name="__main__", alter_sys=True))
    path = Path(program)
    if path.is_dir() or _is_zip(path):
        _as_python_does(program, arguments, program)
        return _run(lambda: runpy.run_path(program, run_name="__main__"))
    return _run_script(program, arguments)


def _run_script(script: str, arguments: Sequence[str]) -> int:
    """Run one file of source."""
    path = str(Path(script).absolute())
    try:
        with io.open_code(path) as file:
            source = file.read()
    except OSError as error:
        reason = f"[Errno {error.errno}] {error.strerror}"
        print(f"penlight run: can't open file {path!r}: {reason}", file=sys.stderr)
        return 2
    _as_python_does(script, arguments, str(Path(script).resolve().parent))
    main = ModuleType("__main__")
    vars(main).update(
        __file__=path,
        __cached__=None,
        __loader__=SourceFileLoader("__main__", path),
        __builtins__=builtins,
    )
    sys.modules["__main__"] = main
    return _run(lambda: exec(compile(source, path, "exec", dont_inherit=True), vars(main)))  # noqa: S102


def _as_python_does(program: str, arguments: Sequence[str], directory: str) -> None:
    """Set what a program can see of how it was started."""
    sys.argv[:] = [program, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = directory


def _run(program: Callable[[], object]) -> int:
    """Call the program; a traceback that ends it is shown without the frames of the runner."""
    try:
        program()
    except SystemExit:
        raise
    except BaseException as error:
        trace = _without_runner(error.__traceback__)
        show = sys.excepthook  # the program may have set its own

        def hook(kind: type[BaseException], value: BaseException, _: TracebackType | None) -> None:
            show(kind, value.with_traceback(trace), trace)

        sys.excepthook = hook
        raise  # to the interpreter, which knows the exit status of each error
    return 0


def _without_runner(trace: TracebackType | None) -> TracebackType | None:
    """Drop the first frames, those of this file and of runpy."""
    while trace is not None and trace.tb_frame.f_code.co_filename in _RUNNER_FILES:
        trace = trace.tb_next
    return trace


def _is_zip(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"
