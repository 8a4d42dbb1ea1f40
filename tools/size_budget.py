"""Check the size budgets: lines per file, the installed package, import time and memory.

Prints a report and exits with status 1 when something is over its limit::

    python tools/size_budget.py               # everything
    python tools/size_budget.py --lines-only  # the files alone, without importing the package
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path("src/penlight")

# Lines of code a file may have, docstrings not counted (decision 0006). The first pattern that
# matches decides; paths are relative to src/penlight, or start with cpp/. A file at its limit is
# asking for a second room. No file passes ANY_FILE lines in all.
LINE_LIMITS: tuple[tuple[str, int], ...] = (
    ("__init__.py", 250),
    ("_dtype.py", 300),
    ("_device.py", 150),
    ("_size.py", 100),
    ("_storage.py", 100),
    ("_tensor.py", 500),
    ("_tensor_str.py", 300),
    ("random.py", 300),
    ("_alias.py", 250),
    ("serialization/opcodes.py", 450),
    ("serialization/*.py", 400),
    ("cli/*.py", 200),
    ("autograd/graph.py", 350),
    ("autograd/engine.py", 250),
    ("autograd/views.py", 250),
    ("autograd/grad_mode.py", 150),
    ("autograd/function.py", 250),
    ("autograd/*.py", 350),
    ("ops/_op.py", 400),
    ("ops/_families.py", 300),
    ("ops/_check.py", 250),
    ("ops/pointwise.py", 500),
    ("ops/indexing.py", 500),
    ("ops/[a-z]*.py", 400),
    ("kernels/__init__.py", 300),
    ("kernels/reference/*.py", 300),
    ("nn/functional/*.py", 500),
    ("optim/*.py", 250),
    ("text/*.py", 400),
    ("utils/data/*.py", 400),
)
ANY_FILE = 800

INSTALLED_MIB = 8.0
IMPORT_MS = 50.0
IMPORT_MIB = 15.0
IMPORT_PAIRS = 9

# Prints the seconds of an import after NumPy's, and the process's peak memory in KiB.
_PROBE = """
import resource, time
import numpy
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
import json
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


class Row(NamedTuple):
    """One measured thing beside its limit."""

    what: str
    value: float
    limit: float
    unit: str

    @property
    def over(self) -> bool:
        """Whether the limit is passed."""
        return self.value > self.limit

    def __str__(self) -> str:
        mark = "OVER" if self.over else "ok"
        value = f"{self.value:.0f}" if self.unit == "lines" else f"{self.value:.1f}"
        return f"{mark:>5}  {self.what:<48} {value:>7} of {self.limit:.0f} {self.unit}"


def line_limit(path: str) -> int:
    """Return the limit for a path relative to ``src/penlight`` (or starting with ``cpp/``)."""
    for pattern, limit in LINE_LIMITS:
        # Component by component: a pattern names one folder, `*` does not reach into the next.
        if pattern.count("/") == path.count("/") and Path(path).match(pattern):
            return limit
    return ANY_FILE


def count_lines(path: Path) -> int:
    """Return the number of lines of a file."""
    return path.read_text(encoding="utf-8").count("\n")


def count_code(path: Path) -> int:
    """Return the number of lines of a Python file that are not in docstrings."""
    text = path.read_text(encoding="utf-8")
    documented = sum(
        node.body[0].end_lineno - node.body[0].lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and ast.get_docstring(node, clean=False) is not None
    )
    return text.count("\n") - documented


def line_rows() -> list[Row]:
    """Measure every source file."""
    rows = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        name = path.relative_to(ROOT / PACKAGE).as_posix()
        rows.append(Row(name, count_code(path), line_limit(name), "lines"))
        if count_lines(path) > ANY_FILE:
            rows.append(Row(f"{name}, docstrings and all", count_lines(path), ANY_FILE, "lines"))
    for path in sorted((ROOT / "cpp").rglob("*.[ch]pp")):
        name = path.relative_to(ROOT).as_posix()
        rows.append(Row(name, count_lines(path), line_limit(name), "lines"))
    return rows


def installed_row() -> Row:
    """Measure the installed package: files as they lie on disk, without byte code."""
    spec = importlib.util.find_spec("penlight")
    if spec is None or spec.origin is None:
        message = "penlight is not installed; its size cannot be measured"
        raise SystemExit(message)
    folder = Path(spec.origin).parent
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return Row(
        "installed package",
        sum(path.stat().st_size for path in files) / 2**20,
        INSTALLED_MIB,
        "MiB",
    )


def probe(statement: str) -> tuple[float, float]:
    """Return milliseconds and peak MiB of a fresh process that runs ``statement`` after NumPy."""
    command = [sys.executable, "-c", _PROBE.format(statement=statement)]
    # An installed package has its byte code, so a checkout is measured with it too.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    seconds, kib = json.loads(done.stdout)
    return seconds * 1e3, kib / 2**10


def import_rows() -> list[Row]:
    """Measure the import over NumPy's: the median of pairs of fresh processes."""
    probe("import penlight")
    pairs = [(probe("import penlight"), probe("pass")) for _ in range(IMPORT_PAIRS)]
    return [
        Row(
            "import time over NumPy",
            statistics.median(ours[0] - bare[0] for ours, bare in pairs),
            IMPORT_MS,
            "ms",
        ),
        Row(
            "import memory over NumPy",
            statistics.median(ours[1] - bare[1] for ours, bare in pairs),
            IMPORT_MIB,
            "MiB",
        ),
    ]


def folder_totals(rows: list[Row]) -> dict[str, tuple[int, int]]:
    """Return files and lines of each room."""
    totals: dict[str, tuple[int, int]] = {}
    for row in rows:
        room = row.what.rpartition("/")[0] or "."
        files, lines = totals.get(room, (0, 0))
        totals[room] = (files + 1, lines + int(row.value))
    return totals


def main() -> int:
    """Print the report; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines-only", action="store_true", help="do not import the package")
    parser.add_argument(
        "--all", action="store_true", help="print every file, not those near a limit"
    )
    arguments = parser.parse_args()

    files = line_rows()
    for room, (count, lines) in sorted(folder_totals(files).items()):
        print(f"{room:<28} {count:>4} files {lines:>6} lines")
    near = [row for row in files if arguments.all or row.value > 0.9 * row.limit]
    rows = near if arguments.lines_only else [*near, installed_row(), *import_rows()]
    print(f"\nfiles at nine tenths of their limit or more, of {len(files)}:" if near else "")
    print(*rows, sep="\n")
    over = sum(row.over for row in rows)
    print(f"\n{over} over their limit" if over else "\nwithin the limits")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
