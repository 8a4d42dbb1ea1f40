"""The in-place form and ``out=`` of every op give what the op gives, and say that they wrote."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import oracle
import pytest

import penlight
from penlight._promotion import can_cast


def inplace_of(name: str) -> Any:
    """Return the method that writes, if the op has one and takes the same arguments."""
    found = getattr(penlight.Tensor, f"{name}_", None)
    return found if found is not None and not name.startswith("_") else None


def has_out(name: str) -> bool:
    """Return whether the function takes ``out=``."""
    try:
        function = oracle.resolve(penlight, name)
    except AttributeError:
        return False  # test_complete.py says so
    record = getattr(function, "op", None)
    if record is not None:
        return bool(record.has_out)
    return "out" in inspect.signature(function).parameters


WRITING = [
    (name, dtype) for name, dtype in oracle.cases("float64", "int64", "bool") if inplace_of(name)
]
WITH_OUT = [(name, dtype) for name, dtype in oracle.cases("float64", "int64") if has_out(name)]


def arguments_of(sample: Any) -> tuple[Any, Any]:
    """Return a sample's arguments as fresh tensors."""
    options = {key: oracle.to_penlight(value) for key, value in sample.kwargs.items()}
    return list(oracle.to_penlight(sample.args)), options


def gradients(result: Any, leaves: list[Any]) -> list[Any]:
    """Return the gradients of a weighted sum of a result."""
    if not result.requires_grad or not result.is_floating_point():
        return []
    weights = penlight.arange(1, result.numel() + 1, dtype=result.dtype).reshape(result.shape)
    total = (result * weights).sum()
    return list(penlight.autograd.grad(total, leaves, allow_unused=True))


@pytest.mark.parametrize("name, dtype", WRITING)
def test_inplace_form_writes_what_the_op_returns(name: str, dtype: str) -> None:
    function, write = oracle.resolve(penlight, name), inplace_of(name)
    for sample in oracle.samples_of(name, dtype):
        if not sample.inplace or not isinstance(sample.args[0], oracle.Input):
            continue
        arguments, options = arguments_of(sample)
        expected = oracle.run(function, arguments, options)
        own, own_options = arguments_of(sample)
        start = own[0] * 1 if own[0].requires_grad else own[0].clone()
        before = start._version
        written = oracle.run(write, [start, *own[1:]], own_options)
        if isinstance(expected, Exception):
            assert type(written) is type(expected), f"{name}({sample})"
        elif expected.shape != start.shape or not can_cast(expected.dtype, start.dtype):
            assert isinstance(written, RuntimeError), f"{name}({sample}): {written!r}"
        else:
            compare_written(name, sample, (expected, written), start, before)
            if sample.grad:
                compare_gradients((expected, written), (arguments, options), (own, own_options))


def compare_written(name: str, sample: Any, pair: Any, start: Any, before: int) -> None:
    """Compare the elements, and that the input itself was written and knows it."""
    expected, written = pair
    assert written is start, f"{name}({sample}): {written!r}"
    assert written._version == before + 1
    assert written.dtype == getattr(penlight, sample.args[0].dtype)
    oracle.assert_close(written, expected.to(written.dtype))


def compare_gradients(pair: Any, arguments: Any, own: Any) -> None:
    """Compare the gradients of all leaves."""
    expected, written = pair
    assert written.requires_grad == expected.requires_grad or not expected.is_floating_point()
    if not expected.requires_grad or expected.dtype != written.dtype:
        return
    if oracle.node_name(expected) == "NotImplemented":
        return
    found = gradients(written, oracle.leaves_of(own))
    for mine, wanted in zip(found, gradients(expected, oracle.leaves_of(arguments)), strict=True):
        if wanted is not None:
            oracle.assert_close(mine, wanted)


@pytest.mark.parametrize("name, dtype", WITH_OUT)
def test_out_receives_what_the_op_returns(name: str, dtype: str) -> None:
    function = oracle.resolve(penlight, name)
    for sample in oracle.samples_of(name, dtype):
        arguments, options = arguments_of(sample)
        with penlight.no_grad():
            expected = oracle.run(function, arguments, options)
            if not isinstance(expected, penlight.Tensor):
                continue
            out = penlight.zeros_like(expected)
            assert function(*arguments, **options, out=out) is out
        oracle.assert_close(out, expected)


def test_out_is_resized_with_a_warning() -> None:
    out = penlight.ones(2)
    with pytest.warns(UserWarning, match="An output with one or more elements was resized"):
        penlight.exp(penlight.zeros(3), out=out)
    assert out.tolist() == [1.0, 1.0, 1.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        penlight.exp(penlight.zeros(3), out=penlight.ones(0))


def test_out_refuses_to_be_differentiated() -> None:
    x = penlight.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        penlight.exp(x, out=penlight.empty(2))


def test_inplace_form_refuses_a_leaf_that_requires_grad() -> None:
    x = penlight.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x.add_(1)
