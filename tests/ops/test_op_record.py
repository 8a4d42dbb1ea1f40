"""The record: what it refuses at import, and what is derived from it."""

from __future__ import annotations

import copy
import inspect
import pickle
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import penlight as pl
from penlight._tensor import Array, Tensor
from penlight.ops import _codegen
from penlight.ops._families import DEFAULT, binary, unary
from penlight.ops._op import REGISTRY, Op, Saving, op

X = [1.0, 2.0]


@pytest.fixture(autouse=True)
def clean_registry() -> Iterator[None]:
    """Forget the records that a test makes, and their methods."""
    names = set(REGISTRY)
    yield
    for name in set(REGISTRY) - names:
        del REGISTRY[name]


def record(**options: Any) -> Any:
    """Return a record of a plain op, not attached to Tensor."""

    def forward(input: Array, factor: float = 2.0) -> Array:
        """Scale."""
        return input * factor

    return op("_test_scale", method=False, **options)(forward)


@pytest.mark.parametrize(
    "rule, phrase",
    [
        (lambda grad, inpt: grad, "asks for 'inpt', which is neither an argument nor saved"),
        (lambda grad, view_step: grad, "asks for 'view_step'"),
        (lambda grad, out_shape: grad, "asks for 'out_shape'"),
        (lambda gradient: gradient, "takes 'grad' or 'grads' first"),
        (lambda: 0, "takes 'grad' or 'grads' first"),
    ],
)
def test_a_rule_that_names_nothing_known_is_refused_at_import(rule, phrase):
    with pytest.raises(TypeError, match=phrase):
        record(input=rule)


def test_a_rule_for_an_unknown_input_is_refused_at_import():
    with pytest.raises(TypeError, match="has no argument 'other' to give a rule to"):
        record(other=lambda grad: grad)


def test_a_rule_may_name_everything_that_can_be_saved():
    seen = {}

    def forward(input: Array, normalized_shape: tuple[int, ...], k: float = 3.0) -> Array:
        return Saving(input * k, twice=input * 2)

    def rule(grad, input, out, k, normalized_shape, input_shape, input_dtype, twice, needs):
        seen.update(input=input, out=out.tolist(), k=k, given=normalized_shape, shape=input_shape)
        seen.update(dtype=input_dtype, twice=twice.tolist(), needs=needs)
        return grad * k

    scale = op("_test_all", method=False, saves=("twice",), input=rule)(forward)
    x = pl.tensor(X, requires_grad=True)
    scale(x, (2,)).sum().backward()
    assert x.grad.tolist() == [3, 3]
    assert seen.pop("input") is x
    assert seen == {
        "out": [3, 6],
        "k": 3.0,
        "given": (2,),
        "shape": (2,),
        "dtype": np.float32,
        "twice": [2, 4],
        "needs": (True,),
    }


def test_nothing_is_saved_that_no_wanted_gradient_needs():
    x, w = pl.tensor(X, requires_grad=True), pl.tensor(X)
    node = (x * w).grad_fn
    assert node.saved_other is w
    assert node.saved_input is None
    slots = type(pl.add(x, w).grad_fn).__slots__
    assert [slot for slot in slots if slot.startswith("saved")] == []


def test_zero_and_missing_rules_differ():
    x = pl.tensor(X, requires_grad=True)
    assert x.sign().grad_fn.name() == "SignBackward0"
    assert (x == 1).grad_fn is None


def test_a_node_takes_its_name_from_the_record():
    x = pl.tensor(X, requires_grad=True)
    derived = record(input=lambda grad, factor: grad * factor)
    assert derived(x).grad_fn.name() == "TestScaleBackward0"
    named = record(node="ScaleBackward1", input=lambda grad, factor: grad * factor)
    assert repr(named(x)).endswith("grad_fn=<ScaleBackward1>)")


def test_joint_rules_give_a_gradient_per_input():
    def forward(a: Array, b: Array | None, c: Array) -> Array:
        return a * c if b is None else a * b * c

    joint = op("_test_joint", method=False)(forward)

    @joint.vjp("a", "b", "c")
    def rule(grad, a, b, c, needs):
        wanted = (b * c * grad, a * c * grad, a * b * grad)
        return tuple(g if need else None for g, need in zip(wanted, needs, strict=True))

    a, b, c = (pl.tensor([v], requires_grad=v != 3) for v in (2.0, 3.0, 5.0))
    joint(a, b, c).backward()
    assert (a.grad.item(), b.grad, c.grad.item()) == (15, None, 6)


def test_the_in_place_form_is_derived():
    both = record(inplace=True, input=lambda grad, input, factor: grad * factor + 0 * input)
    x = pl.tensor(X, requires_grad=True)
    y = x * 1
    assert both.op.call_(y, 5.0) is y
    y.sum().backward()
    assert y.tolist() == [5, 10]
    assert x.grad.tolist() == [5, 5]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        both.op.call_(x)


def test_options_are_given_by_position_and_by_name():
    scale = record()
    x = pl.tensor(X)
    assert scale(x, 3.0).tolist() == scale(input=x, factor=3.0).tolist() == [3, 6]
    assert scale(x).tolist() == [2, 4]
    with pytest.raises(TypeError, match="unexpected keyword"):
        scale(x, fctor=1)
    with pytest.raises(
        TypeError, match=r"argument 'input' \(position 1\) must be Tensor, not list"
    ):
        scale(X)


def test_messages_name_private_records_without_their_underscore():
    scale = record()
    with pytest.raises(TypeError, match=r"^test_scale\(\): argument 'input' \(position 1\)"):
        scale(X)


@pytest.mark.parametrize("name", ["add", "copysign", "exp", "fmod", "remainder", "xlogy"])
def test_functions_pickle_by_name(name):
    function = getattr(pl, name)
    assert pickle.loads(pickle.dumps(function)) is function


def test_numpys_names_of_options_work():
    x = pl.tensor([X, X])
    assert x.sum(axis=0, keepdims=True).shape == (1, 2)


def test_signatures_are_those_of_the_op_before_and_after_the_first_call():
    made = binary("_test_add", np.add, DEFAULT, "Add.", method=False)
    assert list(inspect.signature(made).parameters) == ["input", "other", "out"]
    made(pl.ones(1), 1)
    assert list(inspect.signature(made).parameters) == ["input", "other", "out"]
    alone = unary("_test_neg", np.negative, DEFAULT, "Negate.", method=False)
    assert list(inspect.signature(alone).parameters) == ["input", "out"]
    assert list(inspect.signature(pl.add).parameters) == ["input", "other", "alpha", "out"]
    assert inspect.signature(record()).parameters["factor"].default == 2.0
    assert "Add." in inspect.getdoc(made)


@pytest.mark.parametrize("function", ["add", "exp", "relu", "transpose", "where", "matmul"])
def test_ops_are_pickled_by_name_and_copied_as_themselves(function):
    found = getattr(pl, function)
    assert pickle.loads(pickle.dumps(found)) is found
    assert copy.deepcopy(found) is found
    assert found.__name__ == found.__qualname__ == function


def test_tracebacks_show_the_generated_source():
    with pytest.raises(TypeError) as error:
        pl.exp("one")
    text = "".join(traceback.format_exception(error.value))
    assert "<op exp>" in text
    assert "promote(op, input)" in text


def test_numpys_error_state_is_put_back_after_an_error():
    def forward(input: Array) -> Array:
        np.float32(1) / np.zeros(1)  # silent inside
        raise KeyError

    failing = op("_test_fail", method=False, inplace=True, input=lambda grad: grad)(forward)
    before = np.geterr()
    leaf = pl.tensor(X, requires_grad=True)
    for call, value in (
        (failing, leaf),
        (failing.op.call_, leaf * 1),
        (failing.op.call_, pl.ones(1)),
    ):
        with pytest.raises(KeyError):
            call(value)
        assert np.geterr() == before
    with pytest.raises(RuntimeWarning):
        np.ones(1) / np.zeros(1)


def test_the_first_call_from_many_threads_compiles_once():
    def forward(input: Array, *, k: float = 2.0) -> Array:
        return input * k

    for _ in range(20):
        scale = Op("_test_threads", forward, method=False).call
        barrier, results = threading.Barrier(8), []

        def work(scale=scale, barrier=barrier, results=results):
            barrier.wait()
            results.append(scale(pl.ones(1)).item())

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [2.0] * 8


def test_an_op_is_compiled_at_its_first_call_only():
    scale = record(input=lambda grad, factor: grad * factor)
    assert scale.op.node_class is None
    scale(pl.ones(1))
    node_class = scale.op.node_class
    assert _codegen.compile_op(scale.op).node_class is node_class


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_record_compiles(name):
    compiled = _codegen.compile_op(REGISTRY[name])
    assert compiled.call.__doc__ or name.startswith("_")
    assert isinstance(compiled.node_name, str)


def test_methods_and_functions_are_one():
    assert Tensor.exp is pl.exp
    assert Tensor.__add__.op is pl.add.op
