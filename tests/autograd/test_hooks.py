"""Hooks on leaves, on results, on nodes; retained gradients."""

from __future__ import annotations

import pytest


def ones(pt, *shape):
    return pt.ones(*(shape or (2,)), requires_grad=True)


def test_hooks_run_in_order_each_seeing_what_the_last_made_of_it(pt):
    seen = []
    x = ones(pt)
    y = x * 2
    y.register_hook(lambda grad: seen.append(("first", grad.tolist())))
    y.register_hook(lambda grad: grad * 3)
    y.register_hook(lambda grad: seen.append(("third", grad.tolist())))
    y.retain_grad()
    y.grad_fn.register_prehook(lambda grads: seen.append(("before", grads[0].tolist())))
    y.grad_fn.register_hook(lambda to, came: seen.append(("after", to[0].tolist(), to[1])))
    x.register_hook(lambda grad: seen.append(("leaf", grad.tolist())))
    x.register_post_accumulate_grad_hook(lambda leaf: seen.append(("added", leaf.grad.tolist())))
    y.sum().backward()
    assert seen == [
        ("first", [1, 1]),
        ("third", [3, 3]),
        ("before", [3, 3]),
        ("after", [6, 6], None),
        ("leaf", [6, 6]),
        ("added", [6, 6]),
    ]
    assert y.grad.tolist() == [3, 3]


def test_a_removed_hook_does_not_run(pt):
    x = ones(pt)
    handle = x.register_hook(lambda grad: grad * 2)
    handle.remove()
    handle.remove()
    with x.register_hook(lambda grad: grad * 5):
        x.sum().backward()
    x.sum().backward()
    assert x.grad.tolist() == [6, 6]


def test_node_hooks_replace_gradients(pt):
    x = ones(pt)
    y = x * 2
    y.grad_fn.register_prehook(lambda came: (came[0] * 10,))
    y.grad_fn.register_hook(lambda to, came: (to[0] * 10, *to[1:]))
    y.sum().backward()
    assert x.grad.tolist() == [200, 200]


def test_a_hook_on_one_of_several_outputs_changes_that_one(pt):
    x = ones(pt, 2, 2)
    a, b = x.unbind(0)
    a.register_hook(lambda grad: grad * 5)
    b.retain_grad()
    (a + b).sum().backward()
    assert x.grad.tolist() == [[5, 5], [1, 1]]
    assert b.grad.tolist() == [1, 1]


def test_a_leaf_hook_shows_in_autograd_grad(pt):
    x = ones(pt)
    x.register_hook(lambda grad: grad * 7)
    assert pt.autograd.grad(x.sum(), x)[0].tolist() == [7, 7]


def test_a_post_accumulate_hook_runs_for_backward_only_and_may_clear_grad(pt):
    x, calls = ones(pt), []

    def clear(leaf):
        calls.append(leaf.grad.tolist())
        leaf.grad = None

    x.register_post_accumulate_grad_hook(clear)
    (x * 2).sum().backward(inputs=[x])
    pt.autograd.grad((x * 2).sum(), x)
    x.sum().backward()
    assert calls == [[2, 2], [1, 1]]
    assert x.grad is None


def test_hooks_stay_with_the_value_and_retained_gradients_with_the_tensor(pt):
    seen = []
    x = ones(pt)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda grad: seen.append(("before the write", grad.tolist())))
    y.mul_(3)
    y.register_hook(lambda grad: seen.append(("after it", grad.tolist())))
    y.sum().backward()
    assert seen == [("after it", [1, 1]), ("before the write", [3, 3])]
    assert y.grad.tolist() == [1, 1]
    assert x.grad.tolist() == [6, 6]


@pytest.mark.filterwarnings("ignore:The .grad attribute")
def test_a_base_keeps_retaining_when_its_view_is_written(pt):
    x = ones(pt, 2, 2)
    y = x * 2
    y.retain_grad()
    view = y[0]
    view.retain_grad()
    view.mul_(3)
    y.sum().backward()
    assert y.grad.tolist() == [[1, 1], [1, 1]]
    assert view.grad is None
    assert x.grad.tolist() == [[6, 6], [2, 2]]


def test_retained_gradients_of_two_walks_add_up(pt):
    x = ones(pt)
    y = x * 2
    y.retain_grad()
    loss = y.sum()
    loss.backward(retain_graph=True)
    loss.backward()
    assert y.grad.tolist() == [2, 2]


def test_retain_grad_of_a_leaf_changes_nothing(pt):
    x = ones(pt)
    x.retain_grad()
    assert not x.retains_grad


@pytest.mark.parametrize(
    "hook, kind, phrase",
    [
        (lambda grad: 3, TypeError, "expected Variable, but hook returned 'int'"),
        (lambda grad: grad[:1], RuntimeError, "hook '<lambda>' has changed the size of value"),
        (
            lambda grad: grad.double(),
            RuntimeError,
            r"changed the type of value \(was torch.FloatTensor got torch.DoubleTensor\)",
        ),
    ],
)
def test_a_hook_must_return_a_gradient_of_the_same_kind(pt, hook, kind, phrase):
    x = ones(pt)
    x.register_hook(hook)
    with pytest.raises(kind, match=phrase):
        x.sum().backward()


@pytest.mark.parametrize(
    "program, phrase",
    [
        (lambda pt: pt.ones(2).retain_grad(), "can't retain_grad on Tensor that has requires_grad"),
        (lambda pt: pt.ones(2).register_hook(print), "cannot register a hook on a tensor that"),
        (
            lambda pt: pt.ones(2).register_post_accumulate_grad_hook(print),
            "cannot register a hook on a tensor that doesn't require gradient",
        ),
        (
            lambda pt: (ones(pt) * 2).register_post_accumulate_grad_hook(print),
            "post accumulate grad hooks cannot be registered on non-leaf tensors",
        ),
    ],
)
def test_hooks_need_a_gradient_to_wait_for(pt, program, phrase):
    with pytest.raises(RuntimeError, match=phrase):
        program(pt)
