"""The walk: what it adds where, what it frees, what it returns, what it refuses."""

from __future__ import annotations

import threading
import warnings

import pytest

import penlight
from penlight.autograd import engine
from penlight.autograd.graph import FREED


def ones(pt, *shape):
    return pt.ones(*(shape or (2,)), requires_grad=True)


def test_gradients_of_two_walks_add_up_in_place(pt):
    x = ones(pt)
    x.sum().backward()
    first = x.grad
    x.sum().backward()
    assert x.grad is first
    assert first.tolist() == [2, 2]


def test_create_graph_adds_out_of_place_and_records_the_sum(pt):
    x = ones(pt)
    x.sum().backward()
    first = x.grad
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch: of the reference cycle that this makes
        (x * x).sum().backward(create_graph=True)
    assert x.grad is not first
    assert first.tolist() == [1, 1]
    assert x.grad.tolist() == [3, 3]
    assert x.grad.requires_grad
    x.grad = None


def test_a_gradient_never_shares_memory_with_what_the_caller_gave(pt):
    x, given = ones(pt), pt.ones(2)
    (x + 0).backward(given)
    x.grad.add_(5)
    assert given.tolist() == [1, 1]


def test_two_leaves_never_share_a_gradient(pt):
    x, y = ones(pt), ones(pt)
    (x + y).sum().backward()
    x.grad.add_(5)
    assert y.grad.tolist() == [1, 1]


def test_a_gradient_that_a_hook_kept_is_not_written_later(pt):
    x, kept = ones(pt), []
    x.register_hook(kept.append)
    for _ in range(2):
        (x * 2).sum().backward()
    assert [grad.tolist() for grad in kept] == [[2, 2], [2, 2]]
    assert x.grad.tolist() == [4, 4]


def test_a_tensor_that_a_hook_returned_is_not_written_later(pt):
    x, fixed = ones(pt), pt.zeros(2)
    x.register_hook(lambda grad: fixed)
    (x * 2).sum().backward()
    x.grad.add_(1)
    assert fixed.tolist() == [0, 0]


def test_a_retained_gradient_is_not_the_leafs(pt):
    x = ones(pt)
    y = x + 0
    y.retain_grad()
    y.sum().backward()
    x.grad.add_(4)
    assert y.grad.tolist() == [1, 1]


def test_a_gradient_set_by_the_user_is_added_to_in_place(pt):
    x, buffer = ones(pt), pt.zeros(4)
    x.grad = buffer[:2]
    x.sum().backward()
    assert buffer.tolist() == [1, 1, 0, 0]


def test_grad_has_the_layout_of_its_leaf(pt):
    transposed = pt.ones(3, 2).t().requires_grad_()
    (transposed * pt.ones(2, 3)).sum().backward()
    assert transposed.grad.stride() == transposed.stride() == (1, 2)
    plain = ones(pt, 3, 2)
    (plain.t() * pt.ones(2, 3)).sum().backward()
    assert plain.grad.stride() == (2, 1)
    expanded = pt.ones(1, 2).expand(3, 2).requires_grad_()
    (expanded * 2).sum().backward()
    assert expanded.grad.stride() == (2, 1)


def test_grad_has_the_dtype_of_its_leaf(pt):
    x = pt.ones(2, dtype=pt.float64, requires_grad=True)
    w = ones(pt)
    (x * w).sum().backward()
    assert (x.grad.dtype, w.grad.dtype) == (pt.float64, pt.float32)
    y = ones(pt)
    (y * 2).backward(pt.ones(2, dtype=pt.float64))
    assert y.grad.dtype == pt.float32


def test_a_leaf_that_no_longer_requires_grad_gets_none(pt):
    x = ones(pt)
    y = x.sum()
    x.requires_grad_(False)
    y.backward()
    assert x.grad is None


def test_a_leaf_that_requires_grad_again_gets_the_gradient_and_runs_its_hooks(pt):
    x, calls = ones(pt), []
    x.register_hook(lambda grad: calls.append(1))
    y = x.sum()
    for flag in (False, False, True):
        x.requires_grad_(flag)
    y.backward()
    assert x.grad.tolist() == [1, 1]
    assert calls == [1]


def test_a_leaf_can_be_the_root(pt):
    x = pt.ones((), requires_grad=True)
    x.backward()
    x.backward()
    assert x.grad.item() == 2
    assert pt.autograd.grad(x, x)[0].item() == 1


def test_several_roots_may_lie_above_each_other(pt):
    x = ones(pt)
    y = x * 2
    pt.autograd.backward([(y * 3).sum(), y.sum(), y.sum()])
    assert x.grad.tolist() == [10, 10]


def test_only_nodes_that_saved_something_refuse_a_second_walk(pt):
    x = ones(pt)
    nothing_saved = (x + 1).sum()
    nothing_saved.backward()
    nothing_saved.backward()
    assert x.grad.tolist() == [2, 2]
    saved = x.exp().sum()
    saved.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        saved.backward()


def test_a_walk_that_shares_a_freed_part_is_refused(pt):
    y = ones(pt).exp()
    first, second = y.sum(), (y * 2).sum()
    first.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        second.backward()


def test_retain_graph_keeps_what_was_saved(pt):
    x = ones(pt)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4, 4]


def test_grad_of_an_input_reached_by_several_paths_adds_them(pt):
    x = ones(pt)
    y = x * 2
    z = y * 3 + y
    grads = pt.autograd.grad(z.sum(), [y, x, y])
    assert [grad.tolist() for grad in grads] == [[4, 4], [8, 8], [4, 4]]
    assert x.grad is None


def test_grad_of_outputs_of_a_node_with_several(pt):
    x = ones(pt, 3, 2)
    a, b, c = x.unbind(0)
    loss = (a * 2 + c).sum()
    assert [g.tolist() for g in pt.autograd.grad(loss, [c, a], retain_graph=True)] == [
        [1, 1],
        [2, 2],
    ]
    assert pt.autograd.grad(loss, [x, b], materialize_grads=True, retain_graph=True)[
        1
    ].tolist() == [
        0,
        0,
    ]
    assert pt.autograd.grad(loss, [b, x], allow_unused=True)[0] is None


def test_backward_into_inputs_touches_nothing_else(pt):
    x, w = ones(pt), ones(pt)
    y = x * 2
    (y * w).sum().backward(inputs=[y, w])
    assert y.grad.tolist() == [1, 1]
    assert w.grad.tolist() == [2, 2]
    assert x.grad is None


def test_second_derivatives(pt):
    x = pt.tensor([1.0, 2.0], requires_grad=True)
    (first,) = pt.autograd.grad((x**3).sum(), x, create_graph=True)
    (second,) = pt.autograd.grad(first.sum(), x, create_graph=True)
    (third,) = pt.autograd.grad(second.sum(), x)
    assert first.tolist() == [3, 12]
    assert second.tolist() == [6, 12]
    assert third.tolist() == [6, 6]


def test_create_graph_records_under_no_grad_too(pt):
    x = ones(pt)
    y = (x * x).sum()
    with pt.no_grad():
        (grad,) = pt.autograd.grad(y, x, create_graph=True)
    assert grad.requires_grad


REFUSALS = {
    "no history": (
        lambda pt: pt.ones(2).sum().backward(),
        RuntimeError,
        "element 0 of tensors does not require grad and does not have a grad_fn",
    ),
    "no scalar": (
        lambda pt: (ones(pt) * 2).backward(),
        RuntimeError,
        "grad can be implicitly created only for scalar outputs",
    ),
    "shape": (
        lambda pt: (ones(pt) * 2).backward(pt.ones(3)),
        RuntimeError,
        r"Mismatch in shape: grad_output\[0\] has a shape of torch.Size\(\[3\]\)",
    ),
    "count": (
        lambda pt: pt.autograd.backward([ones(pt).sum()] * 2, [pt.ones(())]),
        RuntimeError,
        "got 2 tensors and 1 gradients",
    ),
    "no inputs": (
        lambda pt: ones(pt).sum().backward(inputs=[]),
        RuntimeError,
        "`inputs` argument to `backward\\(\\)` cannot be empty",
    ),
    "constant": (
        lambda pt: pt.autograd.grad(ones(pt).sum(), pt.ones(2)),
        RuntimeError,
        "One of the differentiated Tensors does not require grad",
    ),
    "unused": (
        lambda pt: pt.autograd.grad(ones(pt).sum(), ones(pt)),
        RuntimeError,
        "index 0 appears to not have been used in the graph. Set allow_unused=True",
    ),
    "both": (
        lambda pt: pt.autograd.grad(
            ones(pt).sum(), ones(pt), materialize_grads=True, allow_unused=False
        ),
        ValueError,
        "Expected allow_unused to be True or not passed",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_differentiated_is_refused(pt, case):
    program, kind, phrase = REFUSALS[case]
    with pytest.raises(kind, match=phrase):
        program(pt)


def test_threads_share_leaves_without_losing_gradients(pt):
    x = ones(pt, 1000)

    def work():
        for _ in range(50):
            (x * 2).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert x.grad.unique().tolist() == [400]


def test_a_graph_shows_its_nodes(pt):
    x = ones(pt)
    node = (x * 2 + 1).grad_fn
    assert node.name() == "AddBackward0"
    below = node.next_functions[0][0]
    assert below.name() == "MulBackward0"
    assert below.next_functions[0][0].variable is x
    assert node.next_functions[1] == (None, 0)
    node.metadata["note"] = 1
    assert node.metadata == {"note": 1}


@pytest.mark.skipif(engine.run_nodes is None, reason="the compiled loop is not here")
@pytest.mark.parametrize("keep", [False, True])
def test_both_loops_visit_the_same_nodes_in_the_same_order(monkeypatch, keep):
    def visit():
        penlight.manual_seed(0)
        x, y = penlight.randn(3, 4, requires_grad=True), penlight.randn(4, requires_grad=True)
        seen = []
        a, b = (x * y).split(2, dim=1)
        c = (a + b).tanh()
        c.register_hook(lambda grad: seen.append(("hook", grad.clone())))
        total = (c * c + a.max(1).values.unsqueeze(1) + x[:, :2]).sum()
        for node in (total.grad_fn, c.grad_fn, a.grad_fn):
            node.register_hook(lambda *grads, node=node: seen.append((node.name(), grads)))
        total.backward(retain_graph=keep)
        return seen, x.grad, y.grad, c.grad_fn

    ours = visit()
    monkeypatch.setattr(engine, "run_nodes", None)
    theirs = visit()
    assert [name for name, _ in ours[0]] == [name for name, _ in theirs[0]]
    assert penlight.equal(ours[1], theirs[1])
    assert penlight.equal(ours[2], theirs[2])
    for node in (ours[3], theirs[3]):
        assert (node.saved_out is not FREED) is keep


@pytest.mark.skipif(engine.run_nodes is None, reason="the compiled loop is not here")
def test_an_error_in_a_rule_leaves_the_loop_as_it_came():
    class Fails(penlight.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            raise KeyError(grad.shape)

    x = penlight.ones(2, requires_grad=True)
    with pytest.raises(KeyError, match="2"):
        Fails.apply(x * 1).sum().backward()
    assert x.grad is None
