"""Print penlight's time beside torch's for the programs in ``benchmarks/cases``.

    python -m benchmarks                          # everything, 1 and 2 threads; about half an hour
    python -m benchmarks recurrent --threads 1    # one family
    python -m benchmarks --markdown table.md --png figure.png

A process times one family with one library; processes alternate between the libraries, so that a
slow moment of the machine meets both. Each figure is the median over the processes. The ratio is
torch's time over penlight's: above 1, penlight is faster.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.case import FAMILIES, load_family

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("penlight", "torch")


def run_in_fresh_process(library, family, threads, *extra):
    """Run ``benchmarks.measure`` in a process of its own; return what it printed."""
    command = [sys.executable, "-m", "benchmarks.measure", library, family]
    command += ["--threads", str(threads), *extra]
    limit = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    limit["OPENBLAS_NUM_THREADS"] = str(threads)
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, **limit, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def compare(family, threads, pairs, *extra):
    """Return the median figures of both libraries by case."""
    runs = {library: [] for library in LIBRARIES}
    for pair in range(pairs):
        for library in LIBRARIES if pair % 2 == 0 else LIBRARIES[::-1]:
            runs[library].append(run_in_fresh_process(library, family, threads, *extra))
    return {
        name: tuple(statistics.median(run[name] for run in runs[lib]) for lib in LIBRARIES)
        for name in runs["penlight"][0]
    }


def compare_memory(family, names):
    """Return the bytes that one call of each case takes, every case in processes of its own."""
    found = {}
    for name in names:
        found |= compare(family, 1, 1, "--memory", "--case", name)
    return found


def _options():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=", ".join(FAMILIES))
    parser.add_argument("--case", default="", help="only cases whose name contains this")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--pairs", type=int, default=5, help="pairs of processes (default 5)")
    parser.add_argument("--seconds", type=float, default=0.4, help="spent on each case")
    parser.add_argument("--quick", action="store_true", help="1 thread, 1 pair, short loops")
    parser.add_argument("--markdown", type=Path, help="write the table here too")
    parser.add_argument("--png", type=Path, help="write the ratios as a figure")
    options = parser.parse_args()
    unknown = set(options.families) - set(FAMILIES)
    if unknown:
        parser.error(f"unknown family {', '.join(sorted(unknown))}: expected {', '.join(FAMILIES)}")
    if options.quick:
        options.threads, options.pairs, options.seconds = [1], 1, 0.1
    return options


def main():
    """Measure, print as it goes, and write what was asked for."""
    options = _options()
    print(report.machine(), flush=True)
    results = []
    for threads in options.threads:
        for name in options.families or FAMILIES:
            family = load_family(name)
            extra = ["--seconds", str(options.seconds), "--case", options.case]
            times = compare(name, threads, options.pairs, *extra)
            if not times:
                continue
            memory = {}
            if family.memory and threads == options.threads[0] and not options.quick:
                memory = compare_memory(name, times)
            result = report.Result(family, threads, options.pairs, times, memory)
            results.append(result)
            print(result.as_text(), flush=True)
    if options.markdown:
        report.write_markdown(options.markdown, results)
    if options.png:
        report.write_png(options.png, results)


if __name__ == "__main__":
    main()
