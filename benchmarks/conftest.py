"""Print the ratios that the benchmarks measured, after pytest-benchmark's own tables."""

from __future__ import annotations

import _pairs
import pytest

MEDIANS = pytest.StashKey()


def pytest_configure(config):
    config.stash[MEDIANS] = {}


def pytest_terminal_summary(terminalreporter, config):
    medians = config.stash[MEDIANS]
    for name in _pairs.PROGRAMS:
        ours, theirs = medians.get((name, "penlight")), medians.get((name, "torch"))
        if ours and theirs:
            figures = f"penlight {ours * 1e6:.2f} µs, torch {theirs * 1e6:.2f} µs"
            terminalreporter.write_line(f"{name}: {figures}, ratio {theirs / ours:.2f}")


@pytest.fixture
def keep_median(benchmark, pytestconfig):
    """Return a function that keeps what the benchmark measured under a name and a library."""

    def keep(name, library):
        if benchmark.stats is not None:
            pytestconfig.stash[MEDIANS][name, library] = benchmark.stats.stats.median

    return keep
