"""Anomaly mode: errors of backward name the line of forward that they come from."""

from __future__ import annotations

import warnings

import pytest

import penlight


def fails(pt, x):
    return (x.sqrt() * 0).sum()


def caught(pt, run, *, enabled=True, **options):
    """Return the error and the warnings of a backward in anomaly mode."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with (
            pt.autograd.set_detect_anomaly(enabled, **options),
            pytest.raises(RuntimeError) as error,
        ):
            run()
    return str(error.value), [str(each.message) for each in seen]


def test_nan_names_the_node_and_the_line_of_forward(pt):
    x = pt.zeros(2, requires_grad=True)
    said, seen = caught(pt, lambda: fails(pt, x).backward())
    assert said == "Function 'SqrtBackward0' returned nan values in its 0th output."
    assert seen[0].startswith(
        "Error detected in SqrtBackward0. Traceback of forward call that caused the error:\n"
    )
    assert "return (x.sqrt() * 0).sum()" in seen[0]


def test_a_node_made_before_knows_no_line(pt):
    x = pt.zeros(2, requires_grad=True)
    y = fails(pt, x)
    said, seen = caught(pt, y.backward)
    assert "SqrtBackward0" in said
    assert "No forward pass information available" in seen[0]


def test_an_error_in_backward_names_the_line_too(pt):
    class Bad(pt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            msg = "on purpose"
            raise RuntimeError(msg)

    x = pt.ones(1, requires_grad=True)
    said, seen = caught(pt, lambda: Bad.apply(x).backward(), check_nan=False)
    assert "on purpose" in said
    assert "Error detected in BadBackward" in seen[0]
    assert "Bad.apply(x)" in seen[0]


def test_a_node_made_in_backward_names_both_lines(pt):
    x = pt.zeros(1, requires_grad=True)

    def run():
        y = x.sqrt() * x
        (grad,) = pt.autograd.grad(y.sum() * 1, x, create_graph=True, allow_unused=True)
        grad.sum().backward()

    said, seen = caught(pt, run)
    assert "returned nan values" in said
    assert seen


def test_nan_is_not_looked_for_when_that_is_off(pt):
    x = pt.zeros(2, requires_grad=True)
    with pt.autograd.set_detect_anomaly(True, check_nan=False):
        fails(pt, x).backward()
    assert x.grad.isnan().all()


def test_the_mode_is_put_back(pt):
    assert not pt.is_anomaly_enabled()
    with pt.autograd.set_detect_anomaly(True, check_nan=False):
        assert pt.is_anomaly_enabled()
        assert not pt.is_anomaly_check_nan_enabled()
        with pt.autograd.set_detect_anomaly(False):
            assert not pt.is_anomaly_enabled()
    assert not pt.is_anomaly_enabled()
    assert pt.is_anomaly_check_nan_enabled()
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        context = pt.autograd.detect_anomaly()
    with context:
        assert pt.is_anomaly_enabled()
    pt.set_anomaly_enabled(True)
    assert pt.is_anomaly_enabled()
    pt.set_anomaly_enabled(False)
    assert not pt.is_anomaly_enabled()


def test_gradients_are_those_of_an_ordinary_walk(pt):
    grads = []
    for enabled in (False, True):
        pt.manual_seed(0)
        model = pt.nn.Sequential(pt.nn.Linear(3, 4), pt.nn.Tanh(), pt.nn.Linear(4, 2))
        with pt.autograd.set_detect_anomaly(enabled):
            loss = pt.nn.functional.cross_entropy(model(pt.ones(2, 3)), pt.tensor([0, 1]))
            loss.backward()
        grads.append([p.grad.tolist() for p in model.parameters()])
    assert grads[0] == grads[1]


def test_calls_are_as_they_were_when_the_mode_ends():
    x = penlight.ones(1, requires_grad=True)
    x.exp()
    exp = penlight.exp.__globals__
    before = exp.get("native")
    with penlight.autograd.set_detect_anomaly(True):
        assert "traceback_" in x.exp().grad_fn.metadata
    assert exp.get("native") is before
    assert "traceback_" not in x.exp().grad_fn.metadata
