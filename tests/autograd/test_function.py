"""autograd.Function: what a user's forward and backward may do, and what they get."""

from __future__ import annotations

import importlib

import pytest


def ones(pt, *shape):
    return pt.ones(*(shape or (2,)), requires_grad=True)


def make(pt, forward, backward, **members):
    body = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    body |= {name: staticmethod(member) for name, member in members.items()}
    return type("Scale", (pt.autograd.Function,), body).apply


def test_backward_gets_what_forward_saved(pt):
    def forward(ctx, x, factor):
        ctx.save_for_backward(x, None)
        ctx.factor = factor
        return x * factor

    def backward(ctx, grad):
        assert ctx.saved_tensors[0] is x
        assert ctx.saved_tensors[1] is None
        return grad * ctx.factor, None

    x = ones(pt)
    y = make(pt, forward, backward)(x, 3)
    assert repr(y).endswith("grad_fn=<ScaleBackward>)")
    assert y.grad_fn.factor == 3
    assert y.grad_fn.name() == "ScaleBackward"
    y.sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_forward_and_backward_are_not_recorded(pt):
    modes = []

    def forward(ctx, x):
        modes.append(pt.is_grad_enabled())
        return x * 2

    def backward(ctx, grad):
        modes.append(pt.is_grad_enabled())
        return grad

    make(pt, forward, backward)(ones(pt)).sum().backward()
    assert modes == [False, False]


def test_needs_input_grad_has_an_entry_per_argument(pt):
    def forward(ctx, x, k, y):
        assert ctx.needs_input_grad == (True, False, False)
        assert ctx.saved_tensors == ()
        return x * k

    make(pt, forward, lambda ctx, grad: (grad, None, None))(ones(pt), 2, pt.ones(2))


def test_setup_context_gets_bound_arguments(pt):
    seen = []

    def setup(ctx, inputs, output):
        seen.append((inputs[1], output.tolist()))
        ctx.k = inputs[1]

    x = ones(pt)
    apply = make(
        pt, lambda x, k=4: x * k, lambda ctx, grad: (grad * ctx.k, None), setup_context=setup
    )
    (apply(x).sum() + apply(x, k=5).sum()).backward()
    assert seen == [(4, [4, 4]), (5, [5, 5])]
    assert x.grad.tolist() == [9, 9]


def test_second_derivatives_go_through_backward(pt):
    def forward(ctx, x):
        out = x.exp()
        ctx.save_for_backward(x, out)
        return out

    def backward(ctx, grad):
        _, out = ctx.saved_tensors
        return grad * out

    x = pt.zeros(2, requires_grad=True)
    (first,) = pt.autograd.grad(make(pt, forward, backward)(x).sum(), x, create_graph=True)
    assert pt.autograd.grad(first.sum(), x)[0].tolist() == [1, 1]


def test_once_differentiable_refuses_a_second_derivative(pt):
    function = importlib.import_module(f"{pt.__name__}.autograd.function")

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @function.once_differentiable
    def backward(ctx, grad):
        return 2 * grad * ctx.saved_tensors[0]

    x, w = ones(pt), ones(pt)
    loss = (make(pt, forward, backward)(x) * w).sum()
    (first,) = pt.autograd.grad(loss, x, create_graph=True)
    assert first.tolist() == [2, 2]
    with pytest.raises(
        RuntimeError, match="trying to differentiate twice a function that was marked"
    ):
        first.sum().backward()


def test_unused_outputs_count_as_zeros_or_none(pt):
    seen = []
    for materialize in (True, False):

        def forward(ctx, x, materialize=materialize):
            ctx.set_materialize_grads(materialize)
            return x * 2, x * 3, (x > 0), "text"

        def backward(ctx, first, second, third, fourth):
            seen.append((second if second is None else second.tolist(), fourth))
            return first

        a, b, c, d = make(pt, forward, backward)(ones(pt))
        assert (b.requires_grad, c.requires_grad, d) == (True, False, "text")
        a.sum().backward()
    assert seen == [([0, 0], None), (None, None)]


def test_outputs_marked_not_differentiable_have_no_history(pt):
    def forward(ctx, x):
        fixed = x * 3
        ctx.mark_non_differentiable(fixed)
        return x * 2, fixed

    _, fixed = make(pt, forward, lambda ctx, grad, unused: grad)(ones(pt))
    assert not fixed.requires_grad


def test_a_dirty_input_keeps_its_identity(pt):
    def forward(ctx, x):
        ctx.mark_dirty(x)
        x.mul_(2)
        return x

    leaf = ones(pt)
    x = leaf * 1
    apply = make(pt, forward, lambda ctx, grad: grad * 2)
    assert apply(x) is x
    assert x._version == 2
    x.sum().backward()
    assert leaf.grad.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        apply(ones(pt))


def test_a_dirty_view_changes_the_history_of_its_base(pt):
    def forward(ctx, x):
        ctx.mark_dirty(x)
        x.mul_(2)
        return x

    leaf = ones(pt, 2, 2)
    base = leaf * 1
    make(pt, forward, lambda ctx, grad: grad * 5)(base[0])
    base.sum().backward()
    assert leaf.grad.tolist() == [[5, 5], [1, 1]]


def test_an_input_that_is_returned_becomes_a_view(pt):
    x = ones(pt)
    y = make(pt, lambda ctx, x: x, lambda ctx, grad: grad * 3)(x)
    assert y is not x
    assert y._is_view()
    y.sum().backward()
    assert x.grad.tolist() == [3, 3]
    constant = pt.ones(2)
    same = make(pt, lambda ctx, x: x, None)(constant)
    assert same is not constant
    assert same.data_ptr() == constant.data_ptr()


@pytest.mark.parametrize("forward", [lambda ctx, x: x, lambda ctx, x: x.view(-1)])
def test_views_made_by_a_function_are_not_written(pt, forward):
    y = make(pt, forward, lambda ctx, grad: grad)(ones(pt) * 1)
    with pytest.raises(RuntimeError, match="This view was created inside a custom Function"):
        y.add_(1)


def test_a_tensor_returned_twice_stays_one(pt):
    def forward(ctx, x):
        y = x * 2
        return y, y

    x = ones(pt)
    a, b = make(pt, forward, lambda ctx, first, second: first + 2 * second)(x)
    assert a is b
    (a + b).sum().backward()
    assert x.grad.tolist() == [4, 4]


def test_a_function_that_saved_nothing_runs_twice(pt):
    x, grad = ones(pt), pt.ones(2)
    y = make(pt, lambda ctx, x: x * 2, lambda ctx, grad: grad)(x)
    y.backward(grad)
    y.backward(grad)
    assert x.grad.tolist() == [2, 2]


def test_what_a_function_saved_is_freed(pt):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0]

    y = make(pt, forward, backward)(ones(pt)).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_what_a_function_saved_must_not_be_written(pt):
    def forward(ctx, x, w):
        ctx.save_for_backward(w)
        return x * w

    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0], None

    w = pt.ones(2)
    y = make(pt, forward, backward)(ones(pt), w).sum()
    w.add_(1)
    with pytest.raises(
        RuntimeError, match=r"\[torch.FloatTensor \[2\]\] is at version 1; expected"
    ):
        y.backward()


def test_backward_inside_backward(pt):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        with pt.enable_grad():
            inner = x.detach().requires_grad_()
            (inner * inner).sum().backward()
        return grad * inner.grad

    x = ones(pt)
    make(pt, forward, backward)(x).sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_gradients_are_summed_and_cast_to_what_the_input_is(pt):
    x = ones(pt)
    make(pt, lambda ctx, x: x * 2, lambda ctx, grad: (pt.ones(3, 2).double(), None, None))(
        x
    ).sum().backward()
    assert x.grad.tolist() == [3, 3]
    assert x.grad.dtype == pt.float32


@pytest.mark.parametrize(
    "arguments, backward, phrase",
    [
        (1, lambda pt, grad: (grad, grad), r"incorrect number of gradients \(expected 1, got 2\)"),
        (2, lambda pt, grad: grad, r"incorrect number of gradients \(expected 2, got 1\)"),
        (1, lambda pt, grad: 3, r"expected Variable or None \(got int\)"),
        (1, lambda pt, grad: pt.ones(5), r"got \[5\] but expected shape compatible with \[2\]"),
        (1, lambda pt, grad: pt.ones(1), r"got \[1\] but expected shape compatible with \[2\]"),
    ],
)
def test_backward_must_return_a_gradient_per_argument(pt, arguments, backward, phrase):
    apply = make(pt, lambda ctx, x, *rest: x * 2, lambda ctx, grad: backward(pt, grad))
    y = apply(*(ones(pt) for _ in range(arguments)))
    with pytest.raises(RuntimeError, match=phrase):
        y.sum().backward()


def test_a_gradient_for_a_number_is_refused(pt):
    y = make(pt, lambda ctx, x, k: x * k, lambda ctx, grad: (grad, grad))(ones(pt), 3)
    with pytest.raises(RuntimeError, match="a gradient different than None at position 2"):
        y.sum().backward()


def test_dirty_inputs_must_be_returned(pt):
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x * 1

    with pytest.raises(
        RuntimeError, match="marked as dirty during the forward method were not returned"
    ):
        make(pt, forward, None)(ones(pt) * 1)


def test_only_tensors_can_be_saved(pt):
    apply = make(pt, lambda ctx, x: ctx.save_for_backward(3), None)
    with pytest.raises(
        TypeError, match="save_for_backward can only save variables, but argument 0"
    ):
        apply(ones(pt))


def test_what_is_not_written_is_said(pt):
    class Empty(pt.autograd.Function):
        pass

    class Forward(pt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    with pytest.raises(NotImplementedError, match="You must implement the forward function"):
        Empty.apply(ones(pt))
    y = Forward.apply(ones(pt)).sum()
    with pytest.raises(NotImplementedError, match="either the backward or vjp method"):
        y.backward()
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        Forward()


def test_vjp_is_another_name_for_backward(pt):
    class Double(pt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def vjp(ctx, grad):
            return grad * 2

    x = ones(pt)
    Double.apply(x).sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_nothing_is_recorded_without_need(pt):
    apply = make(pt, lambda ctx, x: x * 2, None)
    assert not apply(pt.ones(2)).requires_grad
    with pt.no_grad():
        assert not apply(ones(pt)).requires_grad
    assert make(pt, lambda ctx, x: 3, None)(ones(pt)) == 3


def test_what_penlight_never_calls_is_refused_in_torchs_words(pt):
    function = pt.autograd.Function
    assert function.generate_vmap_rule is False
    with pytest.raises(NotImplementedError, match="forward mode AD"):
        function.jvp(None, None)
    with pytest.raises(NotImplementedError, match="override the vmap staticmethod"):
        function.vmap(None, None)


def test_tensors_for_forward_mode_are_accepted(pt):
    def forward(ctx, x):
        ctx.save_for_forward(x, None)
        return x * 2

    x = ones(pt)
    make(pt, forward, lambda ctx, grad: grad * 2)(x).sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_the_old_class_for_work_in_place(pt):
    base = importlib.import_module(f"{pt.__name__}.autograd.function").InplaceFunction

    class AddOne(base):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.add_(1)

        @staticmethod
        def backward(ctx, grad):
            return grad

    x = ones(pt)
    y = x * 2
    assert AddOne.apply(y) is y
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_a_function_in_a_map_and_a_transform():
    import penlight

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    def backward(ctx, grad):
        return grad * 2 * ctx.saved_tensors[0]

    square = make(penlight, forward, backward)
    x = penlight.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert penlight.vmap(square)(x).tolist() == (x * x).tolist()
    each = penlight.vmap(penlight.func.grad(lambda row: square(row).sum()))(x)
    assert each.tolist() == (2 * x).tolist()
