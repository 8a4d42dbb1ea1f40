"""Gradients of activations that are ops of their own: their nodes, layouts and second gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import penlight

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

CALLS = {
    "tanh": lambda lib, x: lib.tanh(x),
    "sigmoid": lambda lib, x: lib.sigmoid(x),
    "relu": lambda lib, x: lib.relu(x),
    "threshold": lambda lib, x: lib.nn.functional.threshold(x, 0.25, 2.0),
    "leaky_relu": lambda lib, x: lib.nn.functional.leaky_relu(x, 0.2),
    "hardtanh": lambda lib, x: lib.nn.functional.hardtanh(x, -0.5, 0.75),
    "hardswish": lambda lib, x: lib.nn.functional.hardswish(x),
    "elu": lambda lib, x: lib.nn.functional.elu(x, 0.7),
    "selu": lambda lib, x: lib.selu(x),
    "celu": lambda lib, x: lib.celu(x, 0.5),  # torch rounds 1 / alpha to float32
    "gelu": lambda lib, x: lib.nn.functional.gelu(x),
    "gelu tanh": lambda lib, x: lib.nn.functional.gelu(x, approximate="tanh"),
    "silu": lambda lib, x: lib.nn.functional.silu(x),
    "softplus": lambda lib, x: lib.nn.functional.softplus(x, 2, 3),
    "logsigmoid": lambda lib, x: lib.nn.functional.logsigmoid(x),
    "mish": lambda lib, x: lib.nn.functional.mish(x),
}
VALUES = np.random.default_rng(0).uniform(-2, 2, (5, 8))
WEIGHTS = np.random.default_rng(1).uniform(-2, 2, (5, 8))


def leaf(lib: Any, dtype: Any = None) -> Any:
    return lib.tensor(VALUES.tolist(), dtype=dtype or lib.float64, requires_grad=True)


@pytest.mark.parametrize("name", CALLS)
def test_gradient_and_second_gradient_are_torchs_with_its_node(name: str) -> None:
    found = []
    for lib in (penlight, torch):
        x = leaf(lib)
        weights = lib.tensor(WEIGHTS.tolist(), dtype=lib.float64, requires_grad=True)
        (grad,) = lib.autograd.grad((CALLS[name](lib, x) * weights).sum(), [x], create_graph=True)
        second = lib.autograd.grad((grad * grad).sum(), [x, weights], allow_unused=True)
        found.append([type(grad.grad_fn).__name__, grad.tolist(), [s.tolist() for s in second]])
    mine, theirs = found
    assert mine[0] == theirs[0]
    np.testing.assert_allclose(mine[1], theirs[1], rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(mine[2], theirs[2], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_layouts_and_equal_gradients_change_nothing(name: str, dtype: str) -> None:
    kind = getattr(penlight, dtype)
    plain = leaf(penlight, kind)
    CALLS[name](penlight, plain).backward(penlight.ones(5, 8, dtype=kind))
    wide = penlight.zeros(5, 16, dtype=kind)
    wide[:, ::2] = plain.detach()
    arranged = [plain.detach().t().contiguous().t(), wide[:, ::2]]
    for x in arranged:
        assert not x.is_contiguous()
        x.requires_grad_()
        out = CALLS[name](penlight, x)
        assert penlight.equal(out, CALLS[name](penlight, plain))
        out.sum().backward()
        assert penlight.equal(x.grad, plain.grad)


@pytest.mark.parametrize("name", CALLS)
def test_tensors_without_elements_have_gradients_without_elements(name: str) -> None:
    x = penlight.zeros(0, 3, requires_grad=True)
    CALLS[name](penlight, x).sum().backward()
    assert x.grad.shape == (0, 3)
