"""Families of ops are imported when a program asks for one of their names, and only then."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import penlight
from penlight import _functions
from penlight.ops import _lazy
from penlight.ops._index import FUNCTIONS, METHODS


def in_new_process(program: str) -> object:
    """Return what a program prints, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_import_reads_no_family() -> None:
    program = "import json, sys, penlight; print(json.dumps(sorted(sys.modules)))"
    loaded = in_new_process(program)
    families = {f"penlight.ops.{name}" for name in {*FUNCTIONS, *METHODS}}
    assert isinstance(loaded, list)
    assert len(families) > 30
    assert not families & set(loaded)


@pytest.mark.parametrize("family", sorted({*FUNCTIONS, *METHODS}))
def test_a_family_comes_by_any_of_its_names(family: str) -> None:
    functions = FUNCTIONS.get(family, "").split()
    methods = METHODS.get(family, "").split()
    program = f"""
import json, sys, penlight
first = []
for owner, names in ((penlight.Tensor, {methods}), (penlight, {functions})):
    for name in names:
        found = getattr(owner, name)
        assert found is getattr(owner, name), name
        assert callable(found) or isinstance(found, property), name
        first.append(type(found).__name__)
print(json.dumps([first, "penlight.ops.{family}" in sys.modules]))
"""
    kinds, imported = in_new_process(program)  # type: ignore[misc] - a list of two
    assert imported
    assert "LazyMethod" not in kinds
    assert len(kinds) == len(functions) + len(methods)


def test_the_namespace_names_what_is_not_imported_yet() -> None:
    program = """
import json, penlight
before = dir(penlight)
from penlight import *
print(json.dumps([before, sorted(globals())]))
"""
    before, star = in_new_process(program)  # type: ignore[misc] - a list of two
    assert set(penlight.__all__) <= set(before)
    assert set(penlight.__all__) <= set(star)
    in_families = {name for name, family in _lazy.FAMILY_OF.items() if family is not None}
    assert set(_functions.__all__) == in_families
    assert all(hasattr(penlight.Tensor, name) for name in set(_lazy.FAMILY_OF) - in_families)


def test_threads_may_ask_at_once() -> None:
    program = """
import json, threading, penlight
names = ["cumsum", "sort", "where", "std", "gather", "tril", "bincount", "eq"]
results, start = [], threading.Barrier(len(names) * 2)
def ask(name):
    start.wait()
    results.append([name, callable(getattr(penlight.Tensor, name))])
threads = [threading.Thread(target=ask, args=[name]) for name in names * 2]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps(results))
"""
    results = in_new_process(program)
    assert isinstance(results, list)
    assert len(results) == 16
    assert all(found for _, found in results)


def test_a_method_that_its_family_does_not_make_is_an_error() -> None:
    class Owner:
        method = _lazy.LazyMethod("no_such_method", "view")

    with pytest.raises(AttributeError, match="has not made Tensor"):
        _ = Owner.method


@pytest.mark.parametrize("freeze", [False, True])
@pytest.mark.parametrize("enabled", [False, True])
def test_an_import_leaves_the_collector_as_it_was(freeze: bool, enabled: bool) -> None:
    program = f"""
import gc, json, numpy
if {freeze}: gc.freeze()
if not {enabled}: gc.disable()
before = gc.get_freeze_count()
import penlight
print(json.dumps([gc.isenabled(), gc.get_freeze_count() > 0]))
"""
    assert in_new_process(program) == [enabled, freeze]
