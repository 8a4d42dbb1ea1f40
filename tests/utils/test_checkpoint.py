"""torch.utils.checkpoint: parts that are computed again in backward."""

from __future__ import annotations

import contextlib
import gc
import importlib
import threading
import warnings
import weakref

import pytest

import penlight

WAYS = [False, True]


@pytest.fixture(params=["penlight", "torch"])
def pt(request):
    if request.param == "penlight":
        return penlight
    return pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")


def tools(pt):
    return importlib.import_module(f"{pt.__name__}.utils.checkpoint")


def model_of(pt):
    pt.manual_seed(0)
    return pt.nn.Sequential(
        pt.nn.Linear(4, 8),
        pt.nn.LayerNorm(8),
        pt.nn.ReLU(),
        pt.nn.Dropout(0.5),
        pt.nn.Linear(8, 4),
        pt.nn.Tanh(),
    )


def gradients(pt, run):
    model = model_of(pt)
    x = pt.linspace(-1, 1, 8).reshape(2, 4).requires_grad_()
    pt.manual_seed(1)
    loss = run(model, x).square().sum()
    after_forward = pt.get_rng_state().tolist()
    loss.backward()
    assert pt.get_rng_state().tolist() == after_forward
    return [loss.item(), x.grad.tolist(), *(p.grad.tolist() for p in model.parameters())]


@pytest.mark.parametrize("reentrant", WAYS)
def test_gradients_are_those_without_a_checkpoint(pt, reentrant):
    checkpoint = tools(pt).checkpoint
    plain = gradients(pt, lambda model, x: model(x))
    again = gradients(pt, lambda model, x: checkpoint(model, x, use_reentrant=reentrant))
    assert again == plain


@pytest.mark.parametrize("reentrant", WAYS)
@pytest.mark.parametrize("segments", [1, 2, 3])
def test_a_sequence_is_cut_into_segments(pt, reentrant, segments):
    sequential = tools(pt).checkpoint_sequential
    plain = gradients(pt, lambda model, x: model(x))
    again = gradients(pt, lambda model, x: sequential(model, segments, x, use_reentrant=reentrant))
    assert again == plain


@pytest.mark.parametrize("reentrant", WAYS)
def test_the_part_runs_again_once(pt, reentrant):
    calls = []

    def part(x, y):
        calls.append(pt.is_grad_enabled())
        return x.exp() * y.sin(), y * 2

    x, y = pt.ones(2, requires_grad=True), pt.ones(2, requires_grad=True)
    a, b = tools(pt).checkpoint(part, x, y, use_reentrant=reentrant)
    assert calls == [not reentrant]
    (a * b).sum().backward()
    assert calls == [not reentrant, True]


def test_nodes_are_those_of_the_part_or_one(pt):
    x = pt.ones(2, requires_grad=True)
    checkpoint = tools(pt).checkpoint
    assert checkpoint(pt.exp, x, use_reentrant=False).grad_fn.name() == "ExpBackward0"
    one = checkpoint(lambda x: x.exp(), x, use_reentrant=True)
    assert repr(one).endswith("grad_fn=<CheckpointFunctionBackward>)")


def test_parts_nest(pt):
    checkpoint = tools(pt).checkpoint
    calls = []

    def inner(x):
        calls.append("inner")
        return x.sin().exp()

    def outer(x):
        calls.append("outer")
        return checkpoint(inner, x * x, use_reentrant=False).tanh()

    grads = []
    for run in (lambda x: (x * x).sin().exp().tanh(), None):
        x = pt.tensor([0.5, 1.0], requires_grad=True)
        y = checkpoint(outer, x, use_reentrant=False) if run is None else run(x)
        y.sum().backward()
        grads.append(x.grad.tolist())
    assert grads[0] == grads[1]
    assert calls[:2] == ["outer", "inner"]


def test_second_derivatives_and_partial_walks(pt):
    checkpoint = tools(pt).checkpoint
    x, w = pt.tensor([0.5], requires_grad=True), pt.tensor([2.0], requires_grad=True)
    y = checkpoint(lambda x, w: (x * w).sin() * w, x, w, use_reentrant=False)
    (grad,) = pt.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = pt.autograd.grad(grad.sum(), x)
    assert second.item() == pytest.approx(-0.8414709848 * 8)
    with pytest.raises(RuntimeError, match="incompatible with"):
        pt.autograd.grad(checkpoint(pt.exp, x, use_reentrant=True).sum(), x)


def test_a_part_may_go_backward_inside_itself(pt):
    def part(x):
        y = (x.exp() * x).sum()
        (grad,) = pt.autograd.grad(y, x, create_graph=True)
        return grad.sin() * x

    grads = []
    for run in (part, lambda x: tools(pt).checkpoint(part, x, use_reentrant=False)):
        x = pt.tensor([0.5, 1.0], requires_grad=True)
        run(x).sum().backward()
        grads.append(x.grad.tolist())
    assert grads[0] == pytest.approx(grads[1])


def test_keywords_and_things_that_are_no_tensors(pt):
    checkpoint = tools(pt).checkpoint
    x = pt.ones(2, requires_grad=True)
    y = checkpoint(lambda x, k, *, add: x * x * k + add, x, 3, add=1, use_reentrant=False)
    y.sum().backward()
    assert x.grad.tolist() == [6, 6]
    with pytest.raises(ValueError, match="Unexpected keyword arguments: add"):
        checkpoint(lambda x, add: x, x, add=1, use_reentrant=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: add"):
        tools(pt).checkpoint_sequential([pt.exp], 1, x, use_reentrant=False, add=1)


def test_a_program_may_refuse_the_hooks(pt):
    x = pt.ones(2, requires_grad=True)
    with (
        pt.autograd.graph.disable_saved_tensors_hooks("not here"),
        pytest.raises(RuntimeError, match="not here"),
    ):
        tools(pt).checkpoint(pt.exp, x, use_reentrant=False)


def test_without_recording_nothing_is_kept(pt):
    calls = []
    x = pt.ones(2)

    def part(x):
        calls.append(1)
        return x.exp()

    with pt.no_grad():
        tools(pt).checkpoint(part, x.requires_grad_(), use_reentrant=False)
    assert calls == [1]
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        tools(pt).checkpoint(part, pt.ones(2), use_reentrant=True)


def test_contexts_of_both_runs(pt):
    seen = []

    @contextlib.contextmanager
    def noting(name):
        seen.append(name)
        yield

    x = pt.ones(2, requires_grad=True)
    y = tools(pt).checkpoint(
        pt.exp,
        x,
        use_reentrant=False,
        context_fn=lambda: (noting("forward"), noting("again")),
    )
    y.sum().backward()
    assert seen == ["forward", "again"]
    with pytest.raises(ValueError, match="only supported when use_reentrant=False"):
        tools(pt).checkpoint(pt.exp, x, use_reentrant=True, context_fn=lambda: None)


@pytest.mark.parametrize("early", [True, False])
def test_the_second_run_ends_when_all_is_there(pt, early):
    ends = []

    def part(x):
        y = x.exp()
        ends.append(1)
        return y

    x = pt.ones(2, requires_grad=True)
    with tools(pt).set_checkpoint_early_stop(early):
        y = tools(pt).checkpoint(part, x, use_reentrant=False)
    y.sum().backward()
    assert len(ends) == (1 if early else 2)


def changing(pt, *parts):
    runs = iter(parts)
    return lambda x, *_: next(runs)(x)


def test_a_part_that_saves_something_else_is_refused(pt):
    error = tools(pt).CheckpointError
    checkpoint = tools(pt).checkpoint
    x = pt.ones(2, requires_grad=True)
    fewer = changing(pt, lambda x: x.exp().sin(), lambda x: x.exp())
    with pytest.raises(error, match="A different number of tensors was saved"):
        checkpoint(fewer, x, use_reentrant=False).sum().backward()
    other = changing(pt, lambda x: x.exp(), lambda x: x[:1].exp())
    with pytest.raises(error, match="have different metadata than during the forward pass"):
        checkpoint(other, x, use_reentrant=False).sum().backward()
    with pytest.raises(ValueError, match="determinism_check"):
        checkpoint(pt.exp, x, use_reentrant=False, determinism_check="some")


def test_determinism_is_not_checked_when_that_is_off(pt):
    x = pt.ones(2, requires_grad=True)
    other = changing(pt, lambda x: x.exp(), lambda x: x.double().exp().float() * 2)
    part = tools(pt).checkpoint(other, x, use_reentrant=False, determinism_check="none")
    part.sum().backward()
    assert x.grad is not None


def test_threads_go_backward_through_one_part_at_once():
    x = penlight.ones(64, requires_grad=True)
    y = tools(penlight).checkpoint(lambda x: (x.exp() * x).sin().tanh(), x, use_reentrant=False)
    (expected,) = penlight.autograd.grad(y.sum(), x, retain_graph=True)
    found = []

    def walk():
        for _ in range(20):
            found.extend(penlight.autograd.grad(y.sum(), x, retain_graph=True))

    threads = [threading.Thread(target=walk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80
    assert all(penlight.equal(grad, expected) for grad in found)


def test_debug_names_the_operations():
    x = penlight.ones(2, requires_grad=True)
    other = changing(penlight, lambda x: x.exp(), lambda x: x[:1].sin())
    y = tools(penlight).checkpoint(other, x, use_reentrant=False, debug=True)
    with pytest.raises(tools(penlight).CheckpointError, match="in forward: ExpBackward0"):
        y.sum().backward()


def test_what_a_part_saves_is_not_kept():
    kept = []

    def part(x):
        y = x.exp()
        kept.append(weakref.ref(y))
        return (y * y).sum()

    x = penlight.ones(2, requires_grad=True)
    gc.disable()
    try:
        y = tools(penlight).checkpoint(part, x, use_reentrant=False)
        assert kept[0]() is None
        y.backward()
        assert [each() for each in kept] == [None, None]
        node = weakref.ref(tools(penlight).checkpoint(part, x, use_reentrant=False).grad_fn)
        assert node() is None
    finally:
        gc.enable()
    assert x.grad.tolist() == pytest.approx([2 * 7.389056098930650] * 2)


@pytest.mark.parametrize("reentrant", WAYS)
def test_dropout_draws_the_same_again_unless_told_otherwise(pt, reentrant):
    checkpoint = tools(pt).checkpoint
    x = pt.ones(64, requires_grad=True)
    y = checkpoint(pt.nn.functional.dropout, x, use_reentrant=reentrant)
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()
    x.grad = None
    y = checkpoint(pt.nn.functional.dropout, x, use_reentrant=reentrant, preserve_rng_state=False)
    y.sum().backward()
    assert x.grad.tolist() != y.tolist()


def test_the_way_should_be_said(pt):
    x = pt.ones(1, requires_grad=True)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        y = tools(pt).checkpoint(pt.exp, x)
    assert any("use_reentrant parameter should be passed" in str(each.message) for each in seen)
    assert y.grad_fn.name() == "CheckpointFunctionBackward"
