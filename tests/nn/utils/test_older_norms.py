# ruff: noqa: E501 - one expression a line is what makes the tables readable
"""Weight norm and spectral norm by hooks: the older forms, beside torch."""

from __future__ import annotations

import numpy as np
import pytest
from expressions import compare

import penlight as pl
from penlight.nn.utils.spectral_norm import SpectralNorm
from penlight.ops.weight_norm import weight_norm

SETUP = """
import warnings
U = nn.utils
def quiet(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return call()
def layer(*sizes, kind=nn.Linear):
    torch.manual_seed(0)
    return kind(*(sizes or (4, 3)))
def weighted(dim=0, **options):
    return quiet(lambda: U.weight_norm(layer(**options), dim=dim))
def loaded(change, target=None):
    source = U.spectral_norm(layer())
    source(x)
    target = target or U.spectral_norm(layer())
    state = source.state_dict()
    change(state)
    return target.load_state_dict(state)
def old_layout(state):
    del state._metadata
    state["weight"] = state["weight_orig"] / 2
    del state["weight_v"]
x = torch.arange(8.0).reshape(2, 4)
"""

ALIKE = [
    "U.weight_norm(layer())",
    "weighted(), list(weighted().state_dict())",
    *(f"weighted({dim}).state_dict(), weighted({dim})(x)" for dim in (0, 1, None, -1)),
    "quiet(lambda: U.weight_norm(nn.Conv2d(2, 3, 2))).weight_g.shape",
    "quiet(lambda: U.weight_norm(weighted()))",
    "quiet(lambda: U.weight_norm(layer(), 'nothing'))",
    "[n for n, _ in weighted().named_parameters()]",
    "(lambda m: (m(x).sum().backward(), m.weight_g.grad, m.weight_v.grad))(weighted())",
    "(lambda m: (m(x).sum().backward(), m.weight_g.grad, m.weight_v.grad))(weighted(None))",
    "U.remove_weight_norm(weighted()), U.remove_weight_norm(weighted()).state_dict()",
    "U.remove_weight_norm(layer())",
    "U.remove_weight_norm(weighted(), 'bias')",
    # spectral norm
    "U.spectral_norm(layer())",
    "(lambda m: (m.weight, m.state_dict(), m(x), m.state_dict(), m.eval()(x), m.weight))(U.spectral_norm(layer()))",
    "(lambda m: (m(x).sum().backward(), m.weight_orig.grad))(U.spectral_norm(layer()))",
    "U.spectral_norm(layer(), n_power_iterations=3, eps=1e-3, dim=1)(x)",
    "U.spectral_norm(layer(2, 3, 2, kind=nn.ConvTranspose2d)).weight_u.shape",
    "U.spectral_norm(layer(2, 3, 2, kind=nn.Conv2d)).state_dict()",
    "U.spectral_norm(layer(), n_power_iterations=0)",
    "U.spectral_norm(U.spectral_norm(layer()))",
    "U.spectral_norm(nn.Linear(2, 2, bias=False), 'bias')",
    "(lambda m: (m(x), U.remove_spectral_norm(m).state_dict()))(U.spectral_norm(layer()))",
    "list(U.remove_spectral_norm(U.spectral_norm(layer()))._state_dict_hooks)",
    "U.remove_spectral_norm(layer())",
    "loaded(lambda state: None)",
    "loaded(lambda state: state.pop('weight_u'))",
    "loaded(lambda state: delattr(state, '_metadata'))",
    "loaded(lambda state: [delattr(state, '_metadata'), state.pop('weight_v')])",
    # the layout before PyTorch 1.0
    "loaded(old_layout)",
    "(lambda m: (loaded(old_layout, m), m.state_dict(), m(x)))(U.spectral_norm(layer()))",
    "U.spectral_norm(layer()).state_dict()._metadata",
    "torch.norm_except_dim(torch.arange(24.0).reshape(2, 3, 4) - 12, 2, 1)",
    "torch.norm_except_dim(torch.arange(24.0).reshape(2, 3, 4) - 12, 3, 2)",
]


@pytest.mark.parametrize("expression", ALIKE)
def test_an_expression_gives_what_torch_gives(expression: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    compare(expression, torch, SETUP)


def test_the_vectors_stay_the_same_memory() -> None:
    layer = pl.nn.utils.spectral_norm(pl.nn.Linear(3, 2))
    u = layer.weight_u
    before = u.tolist()
    layer(pl.ones(1, 3))
    assert layer.weight_u is u
    assert u.tolist() != before
    assert any(isinstance(hook, SpectralNorm) for hook in layer._forward_pre_hooks.values())


@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize("shape", [(3, 4), (4,), (2, 3, 2)])
def test_the_op_has_torchs_gradients_and_right_second_ones(shape, dim) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    dim = 0 if dim == 0 else len(shape) - 1
    draws = np.random.default_rng(0)
    weight = draws.normal(size=shape)
    length = draws.normal(size=[size if at == dim else 1 for at, size in enumerate(shape)])
    results = []
    for library, function in ((pl, weight_norm), (torch, torch._weight_norm)):
        v, g = (library.tensor(array, requires_grad=True) for array in (weight, length))
        out = function(v, g, dim)
        assert type(out.grad_fn).__name__ == "WeightNormInterfaceBackward0"
        grads = library.autograd.grad((out**3).sum(), (v, g), create_graph=True)
        results.append([tensor.detach().numpy() for tensor in (out, *grads)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)
    # torch's own second gradient holds the norm constant, and fails its own gradgradcheck.
    inputs = [pl.tensor(array, requires_grad=True) for array in (weight, length)]
    assert pl.autograd.gradgradcheck(lambda v, g: weight_norm(v, g, dim), inputs)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_types_are_rounded_once(dtype) -> None:
    v, g = pl.randn(3, 50), pl.rand(3, 1)
    halves = [tensor.to(getattr(pl, dtype)) for tensor in (v, g)]
    exact = weight_norm(*[half.float() for half in halves], 0)
    assert pl.equal(weight_norm(*halves, 0), exact.to(getattr(pl, dtype)))
