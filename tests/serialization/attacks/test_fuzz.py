"""Valid files with a few places changed: read or refused, and nothing else, quickly."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

_spec = importlib.util.spec_from_file_location(
    "mutations", Path(__file__).with_name("mutations.py")
)
mutations = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(mutations)


@pytest.fixture(params=mutations.READERS)
def reader(request):
    """Return the name of a reader, what is changed, and the valid file that it is a part of."""
    if request.param == "safetensors":
        pytest.importorskip("safetensors", reason="the extra: pip install safetensors")
    return request.param, *mutations.start(request.param)


def test_the_file_itself_is_read(reader):
    name, part, whole = reader
    assert mutations.outcome(mutations.file_with(name, part, whole)) == "read"


@settings(max_examples=200)
@given(seed=st.integers(0, 2**63))
def _fuzz(name, part, whole, seed):
    data = mutations.changed(part, random.Random(seed))
    assert mutations.outcome(mutations.file_with(name, data, whole)) in ("read", "refused")


def test_a_changed_file_is_read_or_refused(reader):
    _fuzz(*reader)


@pytest.mark.parametrize("name", ["zip", "legacy", "safetensors"])
def test_every_truncation_is_refused(name):
    if name == "safetensors":
        pytest.importorskip("safetensors", reason="the extra: pip install safetensors")
    _, whole = mutations.start(name)
    for length in range(0, len(whole), 3):
        assert mutations.outcome(whole[:length]) == "refused", length
