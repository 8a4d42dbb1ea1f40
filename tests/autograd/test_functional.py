"""torch.autograd.functional: products with Jacobians and Hessians, beside torch."""

from __future__ import annotations

import importlib

import pytest
from oracle import assert_close, flat

import penlight

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

pytestmark = pytest.mark.usefixtures("forward_mode")


def functional(pt):
    return importlib.import_module(f"{pt.__name__}.autograd.functional")


def matrix(pt, *shape, start=0.5, step=0.25):
    count = 1
    for size in shape:
        count *= size
    return pt.tensor([start + step * i for i in range(count)], dtype=pt.float64).reshape(shape)


def scalar(x, y):
    return (x.sin() * y).sum() + (x * x * x).sum()


def several(x, y):
    return x.sin() * y, (x * y).sum()


def unused(x, y):
    return (x * x).sum()


CALLS = {
    "vjp": lambda pt, f, x, y: f.vjp(several, (x, y), (x * 0 + 1, pt.tensor(2.0).double())),
    "vjp of one element": lambda pt, f, x, y: f.vjp(scalar, (x, y)),
    "vjp of a single input": lambda pt, f, x, y: f.vjp(pt.exp, x, y),
    "vjp of an unused input": lambda pt, f, x, y: f.vjp(unused, (x, y)),
    "jvp": lambda pt, f, x, y: f.jvp(several, (x, y), (y, x)),
    "jvp of one element": lambda pt, f, x, y: f.jvp(lambda x: x * y, pt.tensor(3.0).double()),
    "jvp that depends on nothing": lambda pt, f, x, y: f.jvp(lambda x: y, x, y),
    "jacobian": lambda pt, f, x, y: f.jacobian(pt.sin, x),
    "jacobian of several": lambda pt, f, x, y: f.jacobian(several, (x, y)),
    "jacobian of several by columns": lambda pt, f, x, y: f.jacobian(
        several, (x, y), vectorize=True, strategy="forward-mode"
    ),
    "jacobian vectorized": lambda pt, f, x, y: f.jacobian(several, (x, y), vectorize=True),
    "jacobian of an unused input": lambda pt, f, x, y: f.jacobian(unused, (x, y)),
    "jacobian of a constant": lambda pt, f, x, y: f.jacobian(lambda x: y * 2, x),
    "hessian": lambda pt, f, x, y: f.hessian(scalar, (x, y)),
    "hessian of a single input": lambda pt, f, x, y: f.hessian(lambda x: (x**3).sum(), x),
    "hessian by columns": lambda pt, f, x, y: f.hessian(
        scalar, (x, y), vectorize=True, outer_jacobian_strategy="forward-mode"
    ),
    "hessian of something linear": lambda pt, f, x, y: f.hessian(lambda x: x.sum(), x),
    "vhp": lambda pt, f, x, y: f.vhp(scalar, (x, y), (y, x)),
    "hvp": lambda pt, f, x, y: f.hvp(scalar, (x, y), (y, x)),
    "hvp of one element": lambda pt, f, x, y: f.hvp(lambda x: x**3, pt.tensor(2.0).double()),
    "vhp of something linear": lambda pt, f, x, y: f.vhp(lambda x: x.sum(), x, y),
}


@pytest.mark.parametrize("name", CALLS)
def test_values_are_torchs(name):
    results = []
    for pt in (penlight, torch):
        x, y = matrix(pt, 2, 3), matrix(pt, 2, 3, start=1.0, step=-0.5)
        results.append(CALLS[name](pt, functional(pt), x, y))
        assert x.grad is None
        assert not x.requires_grad
    mine, theirs = results
    assert structure(mine) == structure(theirs)
    for a, b in zip(flat(mine), flat(theirs), strict=True):
        # torch leaves a history on the columns of a Hessian; nobody asked for it.
        assert a.requires_grad == (b.requires_grad and name != "hessian by columns")
        assert_close(a, b)


def structure(value):
    # torch's columns come in lists.
    return tuple(map(structure, value)) if isinstance(value, (tuple, list)) else None


def test_a_jacobian_of_nothing_has_its_shape():
    found = functional(penlight).jacobian(lambda x: x[:0], penlight.ones(2))
    assert found.shape == (0, 2)


RECORDED = {
    "vjp": lambda pt, f, x, y: f.vjp(several, (x, y), (y, y.sum()), create_graph=True),
    "jvp": lambda pt, f, x, y: f.jvp(several, (x, y), (y, x), create_graph=True),
    "jacobian": lambda pt, f, x, y: f.jacobian(several, (x, y), create_graph=True),
    "hessian": lambda pt, f, x, y: f.hessian(scalar, (x, y), create_graph=True),
    "vhp": lambda pt, f, x, y: f.vhp(scalar, (x, y), (y, x), create_graph=True),
    "hvp": lambda pt, f, x, y: f.hvp(scalar, (x, y), (y, x), create_graph=True),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_results_are_differentiated(name):
    grads = []
    for pt in (penlight, torch):
        x = matrix(pt, 2, 2).requires_grad_()
        y = matrix(pt, 2, 2, start=1.0, step=-0.5).requires_grad_()
        found = flat(RECORDED[name](pt, functional(pt), x, y))
        sum((each * each).sum() for each in found).backward()
        grads.append((x.grad, y.grad))
    for a, b in zip(*grads, strict=True):
        assert_close(a, b, loose=4)


REFUSED = {
    "an input that is no tensor": lambda pt, f, x: f.vjp(pt.sin, 3.0),
    "one of several inputs": lambda pt, f, x: f.vjp(pt.add, (x, 3.0)),
    "an output that is no tensor": lambda pt, f, x: f.vjp(lambda x: 3.0, x),
    "no vector for several outputs": lambda pt, f, x: f.vjp(pt.sin, x),
    "no vector for several inputs": lambda pt, f, x: f.jvp(pt.sin, x),
    "a vector of another shape": lambda pt, f, x: f.vjp(pt.sin, x, x[:1]),
    "vectors of another number": lambda pt, f, x: f.vjp(pt.sin, x, (x, x)),
    "one of several vectors": lambda pt, f, x: f.jvp(pt.add, (x, x), (x, x[0])),
    "a hessian of several elements": lambda pt, f, x: f.hessian(pt.sin, x),
    "a hessian of several outputs": lambda pt, f, x: f.hessian(lambda x: (x.sum(), x.sum()), x),
    "a product of several elements": lambda pt, f, x: f.vhp(pt.sin, x, x),
    "a product by no vector": lambda pt, f, x: f.hvp(lambda x: x.sum(), x),
    "an unknown strategy": lambda pt, f, x: f.jacobian(pt.sin, x, strategy="sideways"),
    "columns that are not vectorized": lambda pt, f, x: f.jacobian(
        pt.sin, x, strategy="forward-mode"
    ),
    "recorded columns": lambda pt, f, x: f.jacobian(
        pt.sin, x, create_graph=True, vectorize=True, strategy="forward-mode"
    ),
    "strict and vectorized": lambda pt, f, x: f.jacobian(pt.sin, x, strict=True, vectorize=True),
    "strict vjp": lambda pt, f, x: f.vjp(lambda x: x.detach().sum(), x, strict=True),
    "strict vjp of an unused input": lambda pt, f, x: f.vjp(
        lambda x, y: y.sum(), (x, x), strict=True
    ),
    "strict jvp": lambda pt, f, x: f.jvp(lambda x: x.detach(), x, x, strict=True),
    "strict jvp of an unused input": lambda pt, f, x: f.jvp(
        lambda x, y: y.sum(), (x, x), (x, x), strict=True
    ),
    "strict jacobian": lambda pt, f, x: f.jacobian(lambda x: x.detach(), x, strict=True),
    "strict jacobian of an unused input": lambda pt, f, x: f.jacobian(
        lambda x, y: y.sum(), (x, x), strict=True
    ),
    "strict recorded jacobian": lambda pt, f, x: f.jacobian(
        lambda x: x * 2, x.requires_grad_(), strict=True, create_graph=True
    ),
    "strict hessian": lambda pt, f, x: f.hessian(lambda x: x.sum(), x, strict=True),
    "strict vhp": lambda pt, f, x: f.vhp(lambda x: x.sum(), x, x, strict=True),
    "strict hvp": lambda pt, f, x: f.hvp(lambda x: x.sum(), x, x, strict=True),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_are_torchs(name):
    errors = []
    for pt in (penlight, torch):
        with pytest.raises(Exception) as caught:
            REFUSED[name](pt, functional(pt), matrix(pt, 2))
        errors.append(caught.value)
    mine, theirs = errors
    assert type(mine) is type(theirs)
    assert str(mine).startswith(str(theirs)[:60].rstrip("."))
