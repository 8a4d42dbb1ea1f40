"""Every op on its samples gives what torch gives: value, dtype, shape, strides, node, or error."""

from __future__ import annotations

import warnings

import hypothesis
import oracle
import pytest
import strategies
from hypothesis import strategies as st

import penlight
from penlight._tensor import wrap

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")


@pytest.mark.parametrize("name, dtype", oracle.cases())
def test_op_gives_what_torch_gives(name: str, dtype: str) -> None:
    settings = oracle.SAMPLES[name]
    ours, theirs = oracle.resolve(penlight, name), oracle.resolve(torch, name)
    for sample in oracle.samples_of(name, dtype):
        sides = []
        for function, convert in ((ours, oracle.to_penlight), (theirs, oracle.to_torch)):
            options = {key: convert(value) for key, value in sample.kwargs.items()}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore" if convert is oracle.to_torch else "error")
                sides.append(oracle.run(function, convert(sample.args), options))
        context = f"{name}({sample})"
        try:
            oracle.assert_same(*sides, loose=sample.loose, terms=settings.terms)
            if not isinstance(sides[1], Exception):
                compare_metadata(*sides, settings)
        except AssertionError as error:
            msg = f"{context}: {error}"
            raise AssertionError(msg) from error


def compare_metadata(mine: object, theirs: object, settings: oracle.Samples) -> None:
    """Compare what is not in the elements."""
    for a, b in zip(oracle.flat(mine), oracle.flat(theirs), strict=True):
        if not hasattr(b, "grad_fn"):
            continue
        assert a.requires_grad == b.requires_grad
        if settings.node:
            assert oracle.node_name(a) == oracle.node_name(b)
        if settings.strides and b.numel():
            assert oracle.steps(a) == oracle.steps(b)


@hypothesis.given(st.data())
@pytest.mark.parametrize("name", ["add", "sub", "mul", "maximum", "eq", "lt", "where"])
def test_operands_broadcast_and_promote_as_in_torch(name: str, data: st.DataObject) -> None:
    shapes = data.draw(strategies.broadcastable_pairs)
    arrays = [data.draw(strategies.values(data.draw(strategies.dtypes), shape)) for shape in shapes]
    arranged = [data.draw(strategies.layouts)(array) for array in arrays]
    mine, theirs = [wrap(array) for array in arranged], [torch.tensor(array) for array in arrays]
    if name == "where":
        mine, theirs = [mine[0] > 0, *mine], [theirs[0] > 0, *theirs]
    oracle.assert_same(
        oracle.run(getattr(penlight, name), mine, {}), oracle.run(getattr(torch, name), theirs, {})
    )
