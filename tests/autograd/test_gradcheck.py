"""gradcheck and gradgradcheck: right rules pass, wrong ones do not."""

from __future__ import annotations

import pytest


def double(pt, *values):
    return pt.tensor(values, dtype=pt.float64, requires_grad=True)


def wrong(pt, slope):
    class Wrong(pt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            return slope(grad, ctx.saved_tensors[0])

    return Wrong.apply


def test_right_rules_pass(pt):
    x, y = double(pt, 0.3, 0.7), double(pt, 2.0, -1.5)
    assert pt.autograd.gradcheck(lambda x, y: (x * y, x.sin() / y), (x, y))
    assert pt.autograd.gradgradcheck(lambda x, y: (x * y, x.sin() / y), (x, y))
    assert pt.autograd.gradcheck(pt.exp, x)


def test_a_wrong_first_derivative_is_found(pt):
    function, x = wrong(pt, lambda grad, x: 3 * grad * x), double(pt, 0.3, 0.7)
    with pytest.raises(
        RuntimeError, match="Jacobian mismatch for output 0 with respect to input 0"
    ):
        pt.autograd.gradcheck(function, (x,))
    assert not pt.autograd.gradcheck(function, (x,), raise_exception=False)
    assert pt.autograd.gradcheck(function, (x,), atol=10)


def test_a_wrong_second_derivative_is_found(pt):
    function = wrong(pt, lambda grad, x: 2 * grad * x.detach())
    x = double(pt, 0.3, 0.7)
    assert pt.autograd.gradcheck(function, (x,))
    with pytest.raises(RuntimeError, match="mismatch"):
        pt.autograd.gradgradcheck(function, (x,))


def test_a_gradient_that_changes_is_found(pt):
    calls = []

    def slope(grad, x):
        calls.append(1)
        return 2 * grad * x * (1 + 1e-9 * len(calls))

    with pytest.raises(RuntimeError, match="not reentrant"):
        pt.autograd.gradcheck(wrong(pt, slope), (double(pt, 0.3, 0.7),))
    assert pt.autograd.gradcheck(wrong(pt, slope), (double(pt, 0.3),), nondet_tol=1e-3)


def test_a_gradient_out_of_nothing_is_found(pt):
    function = wrong(pt, lambda grad, x: 2 * grad * x + 1e-7)
    with pytest.raises(RuntimeError, match="backward not multiplied by grad_output"):
        pt.autograd.gradcheck(function, (double(pt, 0.3, 0.7),))


def test_gradients_of_constants_are_not_asked_for(pt):
    x, constant = double(pt, 0.3), pt.tensor([2.0], dtype=pt.float64)
    assert pt.autograd.gradcheck(lambda x, c, k: x * c * k, (x, constant, 3))


def test_inputs_without_elements_pass(pt):
    empty = pt.zeros(0, 3, dtype=pt.float64, requires_grad=True)
    assert pt.autograd.gradcheck(pt.exp, (empty,))


def test_inputs_that_cannot_be_checked_are_refused(pt):
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        pt.autograd.gradcheck(pt.exp, (pt.ones(2, dtype=pt.float64),))
    expanded = pt.ones(1, dtype=pt.float64).expand(3).requires_grad_()
    with pytest.raises(RuntimeError, match="The 0th input has a dimension with stride 0"):
        pt.autograd.gradcheck(pt.exp, (expanded,))


def test_single_precision_is_warned_of(pt):
    x = pt.ones(2, requires_grad=True)
    with pytest.warns(
        UserWarning, match="Input #0 requires gradient and is not a double precision"
    ):
        pt.autograd.gradcheck(lambda x: x * 2, (x,), eps=1e-2, atol=1e-2)


def test_batched_gradients_are_checked_with_the_others(pt):
    x = pt.tensor([0.3, 0.7], dtype=pt.float64, requires_grad=True)
    assert pt.autograd.gradcheck(pt.sin, (x,), check_batched_grad=True)
