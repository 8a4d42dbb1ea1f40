"""Time one family's cases with one library, in this process; prints JSON.

``python -m benchmarks.measure penlight recurrent`` gives seconds a call by case, with
``--memory`` the bytes by which the first call raises the process's peak; there the family's first
case runs beforehand, so that what a library loads when it is first used does not count.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import statistics
import time
from pathlib import Path

from benchmarks.case import load_family

LOOPS = 5


def seconds_per_call(call, budget):
    """Return the median of loops that take ``budget`` seconds together."""
    call()
    count, spent = 1, _loop(call, 1)
    while spent < budget / LOOPS:
        count = max(count + 1, min(count * 8, round(count * budget / LOOPS / max(spent, 1e-9))))
        spent = _loop(call, count)
    return statistics.median(_loop(call, count) for _ in range(LOOPS)) / count


def _loop(call, count):
    start = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - start


def peak_of_one_call(call):
    """Return by how many bytes the first call raises the process's resident memory at its peak."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    before = _resident("VmRSS")
    call()
    return max(0, _resident("VmHWM") - before)


def _resident(name):
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("library", choices=["penlight", "torch"])
    parser.add_argument("family")
    parser.add_argument("--case", default="", help="only cases whose name contains this")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.4, help="spent on each case")
    parser.add_argument("--memory", action="store_true", help="measure memory, not time")
    options = parser.parse_args()
    library = importlib.import_module(options.library)
    library.set_num_threads(options.threads)
    found = {}
    cases = load_family(options.family).cases
    if options.memory:
        cases[0].make(library)()
    for case in cases:
        if options.case in case.name:
            call = case.make(library)
            found[case.name] = (
                peak_of_one_call(call)
                if options.memory
                else seconds_per_call(call, options.seconds)
            )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
