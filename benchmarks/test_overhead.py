"""What a call costs beside its arithmetic, penlight and torch in one process with one thread each.

``python -m pytest benchmarks`` prints both and their ratio; ``compare.py`` uses fresh processes.
"""

from __future__ import annotations

import _pairs
import pytest

import penlight

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
torch.set_num_threads(1)
LIBRARIES = {"penlight": penlight, "torch": torch}
MEDIANS = {}


@pytest.fixture(scope="module", autouse=True)
def ratios(pytestconfig):
    """Print torch's median over penlight's for each program once both have run."""
    yield
    write = pytestconfig.get_terminal_writer().line
    write()
    for name in _pairs.PROGRAMS:
        ours, theirs = MEDIANS.get((name, "penlight")), MEDIANS.get((name, "torch"))
        if ours and theirs:
            figures = f"penlight {ours * 1e6:.2f} µs, torch {theirs * 1e6:.2f} µs"
            write(f"{name}: {figures}, ratio {theirs / ours:.2f}")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", _pairs.PROGRAMS)
def test_overhead(benchmark, name, library):
    benchmark.group = name
    benchmark(_pairs.PROGRAMS[name](LIBRARIES[library]))
    if benchmark.stats is not None:
        MEDIANS[name, library] = benchmark.stats.stats.median
