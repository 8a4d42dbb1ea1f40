# ruff: noqa: E501 - one expression a line is what makes the tables readable
"""Parametrizations: what one table of expressions gives, compared with torch; and checkpoints."""

from __future__ import annotations

import copy
import importlib

import numpy as np
import pytest
from expressions import compare

import penlight as pl
from penlight.nn.utils import parametrizations, parametrize

SETUP = """
import importlib, warnings
P = importlib.import_module(torch.__name__ + ".nn.utils.parametrize")
N = importlib.import_module(torch.__name__ + ".nn.utils.parametrizations")
class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).t()
    def right_inverse(self, x):
        return x.triu()
class Double(nn.Module):
    def forward(self, x):
        return 2 * x
    def right_inverse(self, x):
        return x / 2
class OneWay(nn.Module):
    def forward(self, x):
        return x.exp()
class Unable(OneWay):
    def right_inverse(self, x):
        raise NotImplementedError
class Sum(nn.Module):
    def forward(self, x, y):
        return x + y
    def right_inverse(self, x):
        return x - 1, torch.ones_like(x)
class Returns(nn.Module):
    def __init__(self, forward=lambda x: x, inverse=lambda x: x):
        super().__init__()
        self.there, self.back = forward, inverse
    def forward(self, *x):
        return self.there(*x)
    def right_inverse(self, x):
        return self.back(x)
class Noise(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(2))
def made(*kinds, name="weight", unsafe=False, size=3):
    torch.manual_seed(0)
    layer = nn.Linear(size, size)
    for kind in kinds:
        P.register_parametrization(layer, name, kind(), unsafe=unsafe)
    return layer
def run(*steps):
    return [step() if callable(step) else step for step in steps][-1]
def after(layer, change):
    change(layer)
    return layer.weight, layer.state_dict()
A = torch.tensor([[1.0, 2.0, 3.0], [2.0, 5.0, 6.0], [3.0, 6.0, 9.0]])
"""

ALIKE = [
    "made(Symmetric)",
    "made(Symmetric, Double)",
    "made(Symmetric, Double).weight",
    "made(Symmetric, Double).parametrizations.weight.original",
    "made(Double, OneWay).weight",
    "made(Unable).weight",
    "made(Sum).weight",
    "made(Sum).state_dict()",
    "made(Sum).parametrizations.weight.is_tensor, made(Sum).parametrizations.weight.ntensors",
    "list(made(Sum, Double).state_dict())",
    "[(n, p.requires_grad) for n, p in made(Sum).named_parameters()]",
    "made(Symmetric)(A)",
    "made(Double)(A).sum().backward()",
    "(lambda m: (m(A).sum().backward(), m.parametrizations.weight.original.grad))(made(Double))",
    "type(made(Double)).__name__, type(made(Double)).__mro__[1].__name__",
    "made(Double).eval().parametrizations.weight[0].training",
    "P.is_parametrized(made(Double)), P.is_parametrized(made(Double), 'weight'), P.is_parametrized(made(Double), 'bias')",
    "P.is_parametrized(made())",
    "P.type_before_parametrizations(made(Double)), P.type_before_parametrizations(made())",
    # assigning
    "after(made(Symmetric), lambda m: setattr(m, 'weight', A))",
    "after(made(Symmetric, Double), lambda m: setattr(m, 'weight', A))",
    "after(made(Sum), lambda m: setattr(m, 'weight', A))",
    "after(made(OneWay), lambda m: setattr(m, 'weight', A))",
    "after(made(Double), lambda m: setattr(m, 'weight', nn.Parameter(A)))",
    "after(made(Double), lambda m: setattr(m, 'weight', A.double()))",
    "after(made(Sum), lambda m: setattr(m, 'weight', A.double()))",
    # removing
    "P.remove_parametrizations(made(Double), 'weight')",
    "P.remove_parametrizations(made(Double), 'weight').weight",
    "P.remove_parametrizations(made(Double), 'weight', leave_parametrized=False).weight",
    "P.remove_parametrizations(made(Sum), 'weight').state_dict()",
    "P.remove_parametrizations(made(Sum), 'weight', leave_parametrized=False)",
    "P.remove_parametrizations(made(Double), 'bias')",
    "P.remove_parametrizations(made(), 'weight')",
    "(lambda m: (P.register_parametrization(m, 'bias', Double()), P.remove_parametrizations(m, 'weight'), m))(made(Double))[2]",
    # buffers
    "P.register_parametrization(Noise(), 'mean', Double())",
    "P.register_parametrization(Noise(), 'mean', Double()).state_dict()",
    "P.remove_parametrizations(P.register_parametrization(Noise(), 'mean', Double()), 'mean').state_dict()",
    "P.register_parametrization(Noise(), 'mean', Sum()).state_dict()",
    # what is refused
    "P.register_parametrization(made(), 'nothing', Double())",
    "P.register_parametrization(made(), 'weight', Returns(lambda x: 3))",
    "P.register_parametrization(made(), 'weight', Returns(lambda x: x.double()))",
    "P.register_parametrization(made(), 'weight', Returns(lambda x: x[0]))",
    "P.register_parametrization(made(), 'weight', Returns(inverse=lambda x: 3))",
    "P.register_parametrization(made(), 'weight', Returns(inverse=lambda x: x.double()))",
    "P.register_parametrization(made(), 'weight', Returns(inverse=lambda x: (x, 3)))",
    "P.register_parametrization(made(), 'weight', Returns(lambda x: x[0]), unsafe=True).weight",
    "P.register_parametrization(made(Double), 'weight', Returns(lambda x: 3))",
    "P.register_parametrization(made(Double), 'weight', Returns(lambda x: x.double()))",
    "P.register_parametrization(made(Double), 'weight', Returns(lambda x: x[0]))",
    "P.register_parametrization(made(Double), 'weight', Returns(inverse=lambda x: 3))",
    "P.register_parametrization(made(Double), 'weight', Returns(inverse=lambda x: x.double()))",
    "P.register_parametrization(made(Double), 'weight', Returns(inverse=lambda x: x[0]))",
    "P.register_parametrization(made(Double), 'weight', Returns(lambda x: x[0]), unsafe=True).weight",
    "P.ParametrizationList([], torch.ones(1))",
    "pickle.dumps(made(Double))",
    "copy.copy(made(Double))",
    # copies and transfers
    "copy.deepcopy(made(Symmetric, Double))",
    "copy.deepcopy(made(Double)).weight",
    "P.transfer_parametrizations_and_params(made(Double), made()).weight",
    "P.transfer_parametrizations_and_params(made(Sum), nn.Identity())",
    "P.transfer_parametrizations_and_params(made(Sum), nn.Identity()).weight",
    "P.transfer_parametrizations_and_params(made(), nn.Identity())",
    "P.transfer_parametrizations_and_params(made(Double), made(), 'weight').state_dict()",
    "(lambda a: (lambda b: a.parametrizations.weight.original is b.parametrizations.weight.original)(P.transfer_parametrizations_and_params(a, made())))(made(Double))",
    # weight norm and spectral norm
    *(
        f"(lambda m: (m, m.state_dict(), m.weight))(N.weight_norm(made(), dim={dim}))"
        for dim in (0, 1, None, -1)
    ),
    "run(lambda: torch.manual_seed(1), lambda: N.weight_norm(nn.Conv2d(2, 3, 2), dim=1).state_dict())",
    "P.remove_parametrizations(N.weight_norm(made()), 'weight')",
    "N.weight_norm(made(), 'nothing')",
    "(lambda m: (m, m.state_dict(), m.weight, m.weight, m.eval().weight))(N.spectral_norm(made(size=20)))",
    "N.spectral_norm(made(), n_power_iterations=3, eps=1e-3, dim=1).weight",
    "N.spectral_norm(made(), 'bias').bias",
    "N.spectral_norm(made(), dim=-1).weight",
    "N.spectral_norm(made(), dim=2)",
    "N.spectral_norm(made(), n_power_iterations=0)",
    "N.spectral_norm(made(), 'nothing')",
    "run(lambda: torch.manual_seed(1), lambda: N.spectral_norm(nn.ConvTranspose2d(2, 3, 2)).weight)",
    "run(lambda: torch.manual_seed(1), lambda: N.spectral_norm(nn.Conv1d(2, 3, 2)).state_dict())",
    # orthogonal matrices
    "N.orthogonal(made())",
    "N.orthogonal(made(), orthogonal_map='x')",
    "N.orthogonal(made(), 'bias')",
    "N.orthogonal(made(), 'nothing')",
    "N.orthogonal(made(), orthogonal_map='cayley', use_trivialization=False).parametrizations.weight.original",
    "setattr(N.orthogonal(made(), orthogonal_map='cayley', use_trivialization=False), 'weight', A)",
    "setattr(N.orthogonal(made()), 'weight', A[0])",
]


@pytest.mark.parametrize("expression", ALIKE)
def test_an_expression_gives_what_torch_gives(expression: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    compare(expression, torch, SETUP)


def _trained(library, register):
    """Return a layer, its losses over some steps, and the state dict after them."""
    library.manual_seed(4)
    net = library.nn.Sequential(
        register(library)(library.nn.Linear(6, 5)), library.nn.Tanh(), library.nn.Linear(5, 2)
    )
    optimizer = library.optim.SGD(net.parameters(), lr=0.1)
    x, losses = library.randn(8, 6), []
    for _ in range(5):
        optimizer.zero_grad()
        loss = (net(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return net, losses


NORMS = [
    lambda library: library.nn.utils.parametrizations.weight_norm,
    lambda library: library.nn.utils.parametrizations.spectral_norm,
    lambda library: library.nn.utils.spectral_norm,
]


@pytest.mark.parametrize("register", NORMS)
def test_training_and_checkpoints_are_torchs(register) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    ours, our_losses = _trained(pl, register)
    theirs, their_losses = _trained(torch, register)
    np.testing.assert_allclose(our_losses, their_losses, rtol=1e-5)
    mine, its = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(its)
    for key, value in its.items():
        np.testing.assert_allclose(mine[key].numpy(), value.numpy(), rtol=1e-4, atol=1e-6)
    ours.load_state_dict({key: pl.tensor(value.numpy()) for key, value in its.items()})
    theirs.load_state_dict({key: torch.tensor(value.numpy()) for key, value in mine.items()})


SHAPES = [(4, 4), (5, 3), (3, 5), (2, 4, 3), (2, 3, 3)]


@pytest.mark.parametrize("use_trivialization", [True, False])
@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder", None])
@pytest.mark.parametrize("shape", SHAPES)
def test_orthogonal_matrices_are_torchs(shape, orthogonal_map, use_trivialization) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    start = np.random.default_rng(0).normal(size=shape)
    keys, results = [], []
    for library in (pl, torch):
        library.manual_seed(5)
        holder = library.nn.Module()
        holder.weight = library.nn.Parameter(library.tensor(start))
        library.nn.utils.parametrizations.orthogonal(
            holder, orthogonal_map=orthogonal_map, use_trivialization=use_trivialization
        )
        optimizer = library.optim.SGD(holder.parameters(), lr=0.1)
        seen = [holder.weight.detach().numpy()]
        for _ in range(3):
            optimizer.zero_grad()
            (holder.weight * library.tensor(start)).pow(2).sum().backward()
            optimizer.step()
        seen += [holder.weight.detach().numpy()]
        if use_trivialization or orthogonal_map == "householder":
            holder.weight = library.tensor(start[..., ::-1].copy())
            seen.append(holder.weight.detach().numpy())
        seen += [value.numpy() for value in holder.state_dict().values()]
        keys.append(list(holder.state_dict()))
        results.append(seen)
    assert keys[0] == keys[1]
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9)
    square = results[0][1] if shape[-2] >= shape[-1] else np.swapaxes(results[0][1], -1, -2)
    product = np.swapaxes(square, -1, -2) @ square
    np.testing.assert_allclose(
        product, np.broadcast_to(np.eye(product.shape[-1]), product.shape), atol=1e-10
    )


RECURRENT = [
    lambda nn: nn.utils.parametrizations.weight_norm,
    lambda nn: nn.utils.parametrizations.spectral_norm,
    lambda nn: nn.utils.spectral_norm,
    lambda nn: lambda module, name: prune_of(nn).l1_unstructured(module, name, 0.5),
]


def prune_of(nn):
    return importlib.import_module(f"{nn.__name__}.utils.prune")


@pytest.mark.parametrize("register", RECURRENT)
def test_a_recurrent_weight_is_computed_as_by_torch(register) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    results = []
    for library in (pl, torch):
        library.manual_seed(0)
        module = library.nn.LSTM(4, 3, num_layers=2)
        register(library.nn)(module, "weight_hh_l0")
        optimizer = library.optim.SGD(module.parameters(), lr=0.5)
        x = library.arange(24.0).reshape(2, 3, 4) / 10
        for _ in range(3):
            optimizer.zero_grad()
            (module(x)[0] ** 2).sum().backward()
            optimizer.step()
        results.append((module(x)[0].detach().numpy(), list(module.state_dict())))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-5, atol=1e-6)
    assert results[0][1] == results[1][1]


def test_the_older_weight_norms_checkpoint_is_taken_over() -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    results = []
    for library in (pl, torch):
        library.manual_seed(0)
        layer = library.nn.Sequential(library.nn.Linear(3, 2))
        with pytest.warns(FutureWarning, match="`torch.nn.utils.weight_norm` is deprecated"):
            library.nn.utils.weight_norm(layer[0])
        newer = library.nn.Sequential(
            library.nn.utils.parametrizations.weight_norm(library.nn.Linear(3, 2))
        )
        newer.load_state_dict(layer.state_dict())
        results.append(newer[0].weight.detach().numpy())
    np.testing.assert_allclose(*results, rtol=1e-6)


def test_gradients_flow_through_two_forwards_of_spectral_norm() -> None:
    layer = parametrizations.spectral_norm(pl.nn.Linear(4, 3))
    x = pl.randn(2, 4)
    (layer(x).sum() - layer(2 * x).sum()).backward()
    assert layer.parametrizations.weight.original.grad is not None


def test_an_optimizer_goes_on_with_a_parameter_whose_parametrization_is_removed() -> None:
    layer = pl.nn.Linear(2, 1)
    optimizer = pl.optim.SGD(layer.parameters(), lr=0.5)
    weight = layer.weight

    class Negated(pl.nn.Module):
        def forward(self, x):
            return -x

    parametrize.register_parametrization(layer, "weight", Negated())
    parametrize.remove_parametrizations(layer, "weight")
    assert layer.weight is weight
    before = weight.tolist()
    layer(pl.ones(1, 2)).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(layer.weight.tolist(), [[value - 0.5 for value in before[0]]])


def test_removing_a_parametrization_leaves_copies_alone() -> None:
    layer = parametrizations.weight_norm(pl.nn.Linear(2, 2))
    twin = copy.deepcopy(layer)
    with parametrize.cached():
        assert twin.weight is not layer.weight
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is pl.nn.Linear
    assert pl.equal(twin.weight, layer.weight)
    assert not pl.equal(twin.weight, 2 * layer.weight)


def test_a_cached_value_is_computed_once_and_forgotten_afterwards() -> None:
    calls = []

    class Counted(pl.nn.Module):
        def forward(self, x):
            calls.append(1)
            return x * 1

    layer = parametrize.register_parametrization(pl.nn.Linear(2, 2), "weight", Counted())
    calls.clear()
    with parametrize.cached():
        with parametrize.cached():
            first = layer.weight
        assert layer.weight is first
    assert layer.weight is not first
    assert len(calls) == 2
