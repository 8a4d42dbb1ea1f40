"""What nodes save: hooks on it, a look at it, and several gradients at once."""

from __future__ import annotations

import gc
import importlib
import threading
import weakref

import pytest

import penlight


def graph(pt):
    return importlib.import_module(f"{pt.__name__}.autograd.graph")


def ones(pt, *shape):
    return pt.ones(*(shape or (2,)), requires_grad=True)


# ---- saved_tensors_hooks -------------------------------------------------------------------------

PROGRAMS = {
    "an input": lambda pt, x: x * x,
    "an output": lambda pt, x: x.exp().tanh(),
    "a view": lambda pt, x: x.reshape(-1)[1:] ** 3,
    "several inputs": lambda pt, x: pt.cat([x * x, x.sin()]),
    "several outputs": lambda pt, x: pt.max(x * x, 0)[0] * pt.sort(x.sin(), 0)[0],
    "arrays": lambda pt, x: pt.nn.functional.layer_norm(x * x, (2,)),
    "a number": lambda pt, x: (x + 1) ** 2.5,
    "in place": lambda pt, x: (x * 1).exp_() * (x * 1).sin_(),
    "in place through a view": lambda pt, x: written(x),
    "matrices": lambda pt, x: pt.nn.functional.linear(x, x, x[0]),
    "a loss": lambda pt, x: pt.nn.functional.cross_entropy(x * x, pt.tensor([0, 1])),
    "a recurrent layer": lambda pt, x: recurrent(pt)(x)[0],
    "windows": lambda pt, x: pt.nn.functional.max_pool1d((x * x)[None], 2),
    "embedding": lambda pt, x: pt.nn.functional.embedding(pt.tensor([0, 1, 0]), x) * x[0],
}


def written(x):
    y = x * 2
    y[0].mul_(x[1])
    return y * y


def recurrent(pt):
    pt.manual_seed(0)
    return pt.nn.LSTM(2, 3)


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_hooks_give_back_is_what_backward_computes_with(pt, name):
    program = PROGRAMS[name]
    grads = []
    packed = []
    for hooked in (False, True):
        x = pt.tensor([[0.5, 1.5], [2.0, -1.0]], requires_grad=True)
        if hooked:

            def pack(tensor):
                packed.append(tensor)
                return tensor.detach().clone().numpy().copy(), tensor.dtype

            with graph(pt).saved_tensors_hooks(pack, lambda kept: pt.tensor(kept[0])):
                y = program(pt, x)
        else:
            y = program(pt, x)
        y.square().sum().backward()
        grads.append(x.grad.tolist())
    assert packed
    assert grads[0] == grads[1]


def test_hooks_are_called_when_saving_and_when_asked(pt):
    x, calls = ones(pt), []

    def pack(tensor):
        calls.append("pack")
        return tensor.tolist()

    def unpack(kept):
        calls.append("unpack")
        return pt.tensor(kept) * 10

    x * x, pt.mul(x, x)  # compiled before anybody watches
    with graph(pt).saved_tensors_hooks(pack, unpack):
        y = (x * x).sum()
        assert calls == ["pack", "pack"]
        pt.mul(x, x)
        assert calls == ["pack"] * 4
        del calls[2:]
    y.backward()
    assert calls == ["pack", "pack", "unpack", "unpack"]
    assert x.grad.tolist() == [20, 20]


def test_the_innermost_hooks_count(pt):
    x, seen = ones(pt), []

    def hooks(name):
        return graph(pt).saved_tensors_hooks(lambda t: (seen.append(name), t)[1], lambda t: t)

    with hooks("outer"):
        x.exp()
        with hooks("inner"):
            x.exp()
        x.exp()
    x.exp()
    assert seen == ["outer", "inner", "outer"]


def test_hooks_belong_to_their_thread(pt):
    x, seen = ones(pt), []
    with graph(pt).saved_tensors_hooks(seen.append, lambda t: t):
        thread = threading.Thread(target=lambda: x.exp().sum().backward())
        thread.start()
        thread.join()
    assert seen == []
    assert x.grad is not None


def test_second_derivatives_go_through_hooks(pt):
    x = ones(pt)
    with graph(pt).saved_tensors_hooks(lambda t: t.tolist(), pt.tensor):
        y = (x.exp() * x).sum()
        (grad,) = pt.autograd.grad(y, x, create_graph=True)
        (second,) = pt.autograd.grad(grad.sum(), x, create_graph=True)
        (third,) = pt.autograd.grad(second.sum(), x)
    assert third.tolist() == pytest.approx([2.718281828 * 4] * 2)


def test_a_graph_is_kept_for_a_second_walk_and_then_freed(pt):
    x = ones(pt)
    with graph(pt).saved_tensors_hooks(lambda t: t.tolist(), pt.tensor):
        y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4, 4]
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_a_function_saves_through_hooks(pt):
    seen = []

    class Exp(pt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            out = x.exp()
            ctx.save_for_backward(x, out)
            return out

        @staticmethod
        def backward(ctx, grad):
            x, out = ctx.saved_tensors
            seen.append((x.requires_grad, out.requires_grad))
            return grad * out * x

    x = ones(pt)
    with graph(pt).saved_tensors_hooks(lambda t: t.tolist(), lambda kept: pt.tensor(kept) * 2):
        y = Exp.apply(x)
    y.sum().backward()
    assert x.grad.tolist() == pytest.approx([4 * 2.718281828] * 2)
    assert seen == [(True, True)]


def test_what_hooks_may_not_do(pt):
    x = ones(pt)
    y = x * 1
    with (
        pytest.raises(RuntimeError, match="pack hook is modifying its input in place"),
        graph(pt).saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t),
    ):
        y.exp() * y
    with graph(pt).saved_tensors_hooks(lambda t: t, lambda t: 3):
        z = (x * x).sum()
    with pytest.raises(TypeError, match="expected to be a Tensor but got result of type"):
        z.backward()


def test_hooks_can_be_refused(pt):
    tools = graph(pt)
    with tools.disable_saved_tensors_hooks("not here"):
        with pytest.raises(RuntimeError, match="not here"):
            tools.saved_tensors_hooks(lambda t: t, lambda t: t).__enter__()
        ones(pt).exp().sum().backward()
    with tools.saved_tensors_hooks(lambda t: t, lambda t: t):
        pass


def test_save_on_cpu_changes_nothing(pt):
    x = ones(pt)
    with graph(pt).save_on_cpu():
        y = (x.exp() * x).sum()
    y.backward()
    assert x.grad.tolist() == pytest.approx([2 * 2.718281828] * 2)


def test_saved_tensors_may_be_written_where_that_is_allowed(pt):
    x = ones(pt)
    with graph(pt).allow_mutation_on_saved_tensors():
        y = x * 2
        z = (y * y).sum()
        y.zero_()
        z.backward()
    assert x.grad.tolist() == [8, 8]


def test_nothing_is_left_behind_when_hooks_go():
    add = penlight.add
    penlight.ones(1, requires_grad=True) + 1
    before = add.__globals__.get("native")
    with graph(penlight).save_on_cpu():
        inside = add.__globals__.get("native")
    assert add.__globals__.get("native") is before
    assert before is None or inside is not before


def test_a_graph_with_hooks_goes_with_its_last_tensor():
    x = penlight.ones(2, requires_grad=True)
    gc.disable()
    try:
        with graph(penlight).save_on_cpu():
            y = x.exp()
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_a_deep_graph_with_hooks_is_walked_and_freed():
    x = penlight.ones(1, requires_grad=True)
    with graph(penlight).saved_tensors_hooks(lambda t: t, lambda t: t):
        y = x
        for _ in range(30_000):
            y = y * x
    y.backward(retain_graph=True)
    assert x.grad.item() == 30_001
    del y


def test_threads_set_and_leave_hooks_at_once():
    start, found = threading.Barrier(4), []

    def work(factor):
        start.wait()
        for _ in range(50):
            x = penlight.ones(2, requires_grad=True)
            with graph(penlight).saved_tensors_hooks(
                lambda t: t.detach() * factor, lambda t: t / factor
            ):
                y = (x * x).exp() * x
            y.sum().backward()
            found.append(x.grad.tolist())

    threads = [threading.Thread(target=work, args=(2.0**n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [found[0]] * 200
    assert found[0] == pytest.approx([3 * 2.718281828] * 2)
    assert penlight.mul.__globals__["WATCHED"] == []


# ---- a look at what is saved ---------------------------------------------------------------------


def test_nodes_show_what_they_saved(pt):
    x = pt.tensor([2.0, 3.0], requires_grad=True)
    w = pt.tensor([4.0, 5.0])
    node = (x * w).grad_fn
    assert node._saved_other.tolist() == [4, 5]
    assert node._saved_self is None
    assert x.exp().grad_fn._saved_result.tolist() == x.exp().tolist()
    assert (x**3).grad_fn._saved_exponent == 3
    assert x.sum(0).grad_fn._saved_self_sym_sizes == (2,)
    m = pt.ones(2, 2)
    assert pt.addmm(m[0], m, x.reshape(2, 1).expand(2, 2)).grad_fn._saved_mat1.tolist() == [
        [1, 1],
        [1, 1],
    ]
    assert "_saved_other" in dir(node)


def test_saved_values_have_their_history(pt):
    x = ones(pt)
    y = x * 2
    z = y * y
    assert z.grad_fn._saved_self.grad_fn is y.grad_fn
    out = x.exp()
    assert out.grad_fn._saved_result.grad_fn is out.grad_fn


def test_saved_values_are_gone_after_backward(pt):
    y = ones(pt).exp()
    node = y.grad_fn
    y.sum().backward()
    with pytest.raises(RuntimeError, match="directly access saved tensors after"):
        node._saved_result  # noqa: B018


def test_a_saved_value_that_was_written_is_refused(pt):
    x = ones(pt)
    y = x * 2
    z = y * y
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.grad_fn._saved_self  # noqa: B018


def test_hooks_on_one_saved_tensor(pt):
    x, calls = ones(pt), []
    y = x.exp()
    y.grad_fn._raw_saved_result.register_hooks(
        lambda t: (calls.append("pack"), t.tolist())[1],
        lambda kept: (calls.append("unpack"), pt.tensor(kept) * 2)[1],
    )
    assert calls == ["pack"]
    y.sum().backward()
    assert x.grad.tolist() == pytest.approx([2 * 2.718281828] * 2)
    assert calls == ["pack", "unpack"]


# ---- edges, several gradients --------------------------------------------------------------------


def test_an_edge_stands_for_its_tensor(pt):
    x = ones(pt)
    y = x * 3
    z = (y * y).sum()
    edge = graph(pt).get_gradient_edge(y)
    assert edge.node is y.grad_fn
    assert edge.output_nr == 0
    (grad,) = pt.autograd.grad(z, edge, retain_graph=True)
    assert grad.tolist() == [6, 6]
    leaf = graph(pt).get_gradient_edge(x)
    assert pt.autograd.grad(z, (leaf, edge), retain_graph=True)[0].tolist() == [18, 18]
    assert pt.autograd.grad(edge, x, pt.ones(2), retain_graph=True)[0].tolist() == [3, 3]
    pt.autograd.backward(edge, pt.ones(2))
    assert x.grad.tolist() == [3, 3]
    b = ones(pt).unbind(0)[1]
    assert graph(pt).get_gradient_edge(b).output_nr == 1
    with pytest.raises(RuntimeError, match="does not require gradients"):
        graph(pt).get_gradient_edge(pt.ones(1))


def test_a_hook_on_several_tensors_runs_when_all_gradients_are_there(pt):
    a, b, c = ones(pt), ones(pt), ones(pt)
    calls = []

    def seen(grads):
        calls.append([None if grad is None else grad.tolist() for grad in grads])

    handle = graph(pt).register_multi_grad_hook((a, b, c), seen)
    (a * 2 + b * 3).sum().backward()
    assert calls == [[[2, 2], [3, 3], None]]
    (a * c).sum().backward()
    assert calls[1:] == [[[1, 1], None, [1, 1]]]
    handle.remove()
    a.sum().backward()
    assert len(calls) == 2


def test_a_hook_on_any_of_several_tensors_runs_once_a_walk(pt):
    a, b, calls = ones(pt), ones(pt), []
    graph(pt).register_multi_grad_hook((a, b), lambda grad: calls.append(1), mode="any")
    (a * b).sum().backward()
    assert calls == [1]
    (a * b).sum().backward()
    assert calls == [1, 1]
    with pytest.raises(ValueError, match="mode"):
        graph(pt).register_multi_grad_hook((a,), print, mode="some")


def test_a_hook_on_several_tensors_goes_with_them():
    gc.disable()
    try:
        a = penlight.ones(2, requires_grad=True)
        b = a * 2
        graph(penlight).register_multi_grad_hook((a, b), lambda grads: None)
        (a * b).sum().backward()
        nodes = [weakref.ref(a._edge), weakref.ref(b.grad_fn)]
        del a, b
        assert [node() for node in nodes] == [None, None]
    finally:
        gc.enable()


def test_versions_can_be_raised(pt):
    x = ones(pt)
    y = x * 2
    z = y * y
    graph(pt).increment_version(y)
    assert y._version == 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


# ---- autograd.grad -------------------------------------------------------------------------------


def test_gradients_of_several_rows_at_once(pt):
    x = pt.tensor([1.0, 2.0], requires_grad=True)
    w = pt.tensor([1.0, 2.0], requires_grad=True)
    rows = pt.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 3.0]])
    y = x * x
    grad, none = pt.autograd.grad(
        y, (x, w), rows, is_grads_batched=True, allow_unused=True, retain_graph=True
    )
    assert grad.tolist() == [[2, 0], [0, 4], [4, 12]]
    assert none is None
    with pytest.raises(RuntimeError, match="If `is_grads_batched=True`, we interpret the first"):
        pt.autograd.grad(y, x, rows[:, :1], is_grads_batched=True, retain_graph=True)
    assert pt.autograd.grad(y, x, rows, is_grads_batched=True)[0].tolist() == grad.tolist()


@pytest.mark.parametrize("name", ["set_multithreading_enabled", "enforce_grad_layout_policy"])
def test_switches_that_change_nothing_are_accepted(pt, name):
    x = ones(pt)
    switch = getattr(pt.autograd, name)
    with switch(False):
        x.sum().backward()
    switch(True)
    assert x.grad.tolist() == [1, 1]
    with pytest.raises(TypeError, match="must be bool"):
        switch("no")
