"""Every op of the registry is reached by the samples, or by tests that are named here."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import oracle

import penlight
import penlight.nn  # its rooms bring ops of their own
from penlight.ops._op import REGISTRY

TESTS = pathlib.Path(__file__).parents[1]


def run_all_samples() -> None:
    """Run every sample forward, in place and backward."""
    for name, dtype in oracle.cases("float32", "int64", "bool"):
        function = oracle.resolve(penlight, name)
        write = getattr(penlight.Tensor, f"{name}_", None)
        for sample in oracle.samples_of(name, dtype):
            options = {key: oracle.to_penlight(value) for key, value in sample.kwargs.items()}
            arguments = oracle.to_penlight(sample.args)
            result = oracle.run(function, arguments, options)
            for part in oracle.flat(result):
                if isinstance(part, penlight.Tensor) and part.requires_grad:
                    oracle.run(part.sum().backward, [], {})
            if write is not None and isinstance(sample.args[0], oracle.Input):
                oracle.run(write, [arguments[0] * 1, *arguments[1:]], options)


def ops_reached() -> set[str]:
    """Return the names of the ops whose generated source ran; its file name says whose it is."""
    reached: set[str] = set()

    def note(frame: Any, event: str, _: Any) -> None:
        filename = frame.f_code.co_filename
        if event == "call" and filename.startswith("<op "):
            reached.add(filename[4:-1])

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run_all_samples()
    finally:
        sys.setprofile(before)
    return reached


def test_every_public_op_has_samples() -> None:
    public = {name for name in REGISTRY if not name.startswith("_")}
    keys = {key.rpartition(".")[2] for key in oracle.SAMPLES}
    assert sorted(public - keys - set(oracle.TESTED_ELSEWHERE)) == []


def test_every_private_op_is_reached_by_a_sample() -> None:
    private = {name for name in REGISTRY if name.startswith("_")}
    assert sorted(private - ops_reached() - set(oracle.TESTED_ELSEWHERE)) == []


def test_places_of_other_tests_exist() -> None:
    for name, place in oracle.TESTED_ELSEWHERE.items():
        assert name in REGISTRY, f"{name} is no op"
        assert (TESTS.parent / place).exists(), f"{name}: no {place}"


def test_every_sample_table_names_something_that_exists() -> None:
    for name in oracle.SAMPLES:
        assert callable(oracle.resolve(penlight, name))
