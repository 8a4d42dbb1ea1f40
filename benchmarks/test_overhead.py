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


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", _pairs.PROGRAMS)
def test_overhead(benchmark, keep_median, name, library):
    benchmark.group = name
    benchmark(_pairs.PROGRAMS[name](LIBRARIES[library]))
    keep_median(name, library)
