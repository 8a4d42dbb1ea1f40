"""A graph is freed when nobody refers to it: no cycles, no recursion, nothing kept."""

from __future__ import annotations

import gc
import weakref

import pytest

import penlight as pl


@pytest.fixture(autouse=True)
def without_collector():
    """Let reference counts alone free things."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Exponential(pl.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        out = x.exp()
        ctx.save_for_backward(x, out)
        ctx.note = out
        del ctx.note
        return out

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[1]


def multiplied_by_itself(x):
    y = x * 1
    return y.mul_(y)


def written_by_its_view(x):
    y = x * 1
    y.mul_(y[0])
    return y


def written_view(x):
    y = x * 1
    y[0].mul_(2)
    y[0:1].exp_()
    return y


def retained(x):
    y = x * 2
    y.retain_grad()
    return y * 2


GRAPHS = {
    "saved output": lambda x: x.exp(),
    "saved input": lambda x: x * x,
    "in place, saved output": lambda x: (x * 1).exp_(),
    "in place, saved input": lambda x: (x * 1).mul_(x),
    "in place by itself": multiplied_by_itself,
    "in place by its view": lambda x: written_view(x) * 2,
    "view": lambda x: (x * 1)[0],
    "written view": written_view,
    "several outputs": lambda x: sum((x * 1).unbind(0)),
    "function": Exponential.apply,
    "retained": retained,
}


@pytest.mark.parametrize("walk", [False, True])
@pytest.mark.parametrize("graph", GRAPHS)
def test_a_graph_goes_with_its_last_tensor(graph, walk):
    x = pl.ones(2, 2, requires_grad=True)
    out = GRAPHS[graph](x)
    node = weakref.ref(out.grad_fn)
    array = weakref.ref(out)
    if walk and graph != "in place by itself":
        out.sum().backward()
    assert node() is not None
    del out
    assert node() is None
    assert array() is None


def test_a_leaf_with_hooks_goes_with_its_last_reference():
    x = pl.ones(2, requires_grad=True)
    x.register_hook(lambda grad: grad)
    x.register_post_accumulate_grad_hook(lambda leaf: None)
    reference = weakref.ref(x)
    del x
    assert reference() is None


def test_a_hook_of_a_leaf_that_is_gone_still_runs():
    x = pl.ones(2, requires_grad=True)
    seen = []
    x.register_hook(seen.append)
    y = (x * 2).sum()
    del x
    y.backward()
    assert seen[0].tolist() == [2, 2]


def test_backward_frees_what_was_saved():
    x = pl.ones(2, requires_grad=True)
    w = pl.ones(2)
    loss = (x * w).sum()
    kept = weakref.ref(w)
    del w
    assert kept() is not None
    loss.backward()
    assert kept() is None


def test_a_first_gradient_is_not_copied():
    x = pl.ones(1000, requires_grad=True)
    came = []
    y = x * 2
    y.grad_fn.register_hook(lambda to, _: came.append(to[0].data_ptr()))
    y.sum().backward()
    assert x.grad.data_ptr() != came[0]  # a hook has seen it
    x.grad = None
    loss = (x * 2).sum()
    loss.backward()
    assert x.grad._array.base is None


@pytest.mark.parametrize("step", [lambda y: y + 1, lambda y: y * 1.0, lambda y: y.sin()])
def test_deep_graphs_are_walked_and_freed(step):
    x = pl.ones(1, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = step(y)
    y.backward(retain_graph=True)
    assert x.grad is not None
    del y


def test_deep_graphs_of_written_tensors_are_freed():
    x = pl.ones(2, requires_grad=True)
    y = x * 1
    for _ in range(20_000):
        y[0].add_(1)
    y.sum().backward()
    assert x.grad.tolist() == [1, 1]
    del y


def test_two_leaves_of_one_gradient_do_not_share_it():
    x, y = (pl.ones(3, requires_grad=True) for _ in range(2))
    ((x + y) * 2).sum().backward()
    x.grad.mul_(5)
    assert x.grad.tolist() == [10, 10, 10]
    assert y.grad.tolist() == [2, 2, 2]
