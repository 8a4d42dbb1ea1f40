"""Print penlight's time against torch's for small programs, each measured in fresh processes.

    python benchmarks/compare.py          # nine pairs of processes
    python benchmarks/compare.py --quick  # three

A process times one library; processes alternate, so a slow moment of the machine meets both. Both
use one thread. The ratio is torch's median over penlight's: above 1, penlight is faster.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import time

import _pairs

SECONDS = 0.2  # how long each program runs in a process
LIBRARIES = ("penlight", "torch")


def seconds_per_call(call):
    """Return the best of five loops, each long enough for the clock."""
    call()
    count, spent = 1, 0.0
    while spent < SECONDS / 20:
        count *= 2
        spent = _loop(call, count)
    return min(_loop(call, count) for _ in range(5)) / count


def _loop(call, count):
    start = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - start


def measure(library):
    """Time every program in this process; return seconds per call by name."""
    lib = importlib.import_module(library)
    if library == "torch":  # penlight's pool is never asked for 8 elements
        lib.set_num_threads(1)
    return {name: seconds_per_call(make(lib)) for name, make in _pairs.PROGRAMS.items()}


def measure_in_fresh_process(library):
    """Run ``measure`` in a process of its own."""
    command = [sys.executable, __file__, "--library", library]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="three pairs of processes, not nine")
    parser.add_argument("--library", choices=LIBRARIES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.library:
        print(json.dumps(measure(arguments.library)))
        return
    pairs = 3 if arguments.quick else 9
    runs = {library: [] for library in LIBRARIES}
    for _ in range(pairs):
        for library in LIBRARIES:
            runs[library].append(measure_in_fresh_process(library))
    print(f"{'median of ' + str(pairs) + ' processes, one thread':<44} penlight     torch   ratio")
    for name in _pairs.PROGRAMS:
        ours, theirs = (statistics.median(run[name] for run in runs[lib]) for lib in LIBRARIES)
        print(f"{name:<44} {ours * 1e6:6.2f} µs {theirs * 1e6:6.2f} µs  {theirs / ours:5.2f}")


if __name__ == "__main__":
    main()
