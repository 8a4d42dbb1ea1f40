"""How elements stand in memory changes nothing, and no op writes or keeps its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle
import pytest
import strategies

import penlight
from penlight.autograd.views import Layout

CASES = [name for name, dtype in oracle.cases("float32") if oracle.SAMPLES[name].layouts]


def call(name: str, sample: Any, layout: Any = None) -> tuple[Any, list[Any]]:
    """Return an op's result and the tensors it was given."""
    arguments = list(oracle.to_penlight(sample.args, layout=layout))
    options = {
        key: oracle.to_penlight(value, layout=layout) for key, value in sample.kwargs.items()
    }
    given = [
        part
        for part in oracle.flat([arguments, *options.values()])
        if isinstance(part, penlight.Tensor)
    ]
    return oracle.run(oracle.resolve(penlight, name), arguments, options), given


def tensors(result: Any) -> list[Any]:
    """Return the tensors of a result."""
    return [part for part in oracle.flat(result) if isinstance(part, penlight.Tensor)]


@pytest.mark.parametrize("layout", strategies.LAYOUTS)
@pytest.mark.parametrize("name", CASES)
def test_layout_of_inputs_changes_nothing(name: str, layout: str) -> None:
    terms = oracle.SAMPLES[name].terms
    for sample in oracle.samples_of(name, "float32"):
        plain, _ = call(name, sample)
        arranged, given = call(name, sample, strategies.LAYOUTS[layout])
        if isinstance(arranged, RuntimeError) and name.endswith(("view", "view_as")):
            continue
        before = [tensor.detach().clone() for tensor in given]
        oracle.assert_same(arranged, plain, loose=sample.loose, terms=terms)
        for tensor, kept in zip(given, before, strict=True):
            np.testing.assert_array_equal(tensor.detach().numpy(), kept.numpy())


@pytest.mark.parametrize("name", CASES)
def test_expanded_inputs_give_what_their_copies_give(name: str) -> None:
    if name.endswith("_"):
        return  # writing to rows that are one row is refused
    for sample in oracle.samples_of(name, "float32"):
        expanded, _ = call(name, sample, strategies.expanded)
        copied, _ = call(name, sample, lambda array: strategies.expanded(array).copy())
        if isinstance(expanded, RuntimeError) and name.endswith(("view", "view_as")):
            continue
        oracle.assert_same(expanded, copied, loose=sample.loose)


@pytest.mark.parametrize("name", CASES)
def test_result_shares_memory_only_as_a_view(name: str) -> None:
    for sample in oracle.samples_of(name, "float32"):
        result, given = call(name, sample)
        for part in tensors(result):
            if part._is_view() or any(part is tensor for tensor in given):
                continue
            for tensor in given:
                assert not np.shares_memory(part._array, tensor._array), f"{name}({sample})"


def test_layout_of_a_base_survives_for_its_views() -> None:
    array = np.zeros((2, 3, 4)).transpose(2, 0, 1)
    assert Layout(array).zeros(np.float64).strides == array.strides
