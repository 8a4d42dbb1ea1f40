# ruff: noqa: E501 - one expression a line is what makes the tables readable
"""Pruning, beside torch."""

from __future__ import annotations

import pytest
from expressions import compare

import penlight as pl
from penlight.nn.utils import prune

SETUP = """
import importlib
prune = importlib.import_module(torch.__name__ + ".nn.utils.prune")
def layer(kind=nn.Linear, *sizes):
    torch.manual_seed(0)
    return kind(*(sizes or (4, 3)))
def conv():
    return layer(nn.Conv2d, 3, 4, 2)
def of(module, name="weight"):
    return module.state_dict(), getattr(module, name), list(module._forward_pre_hooks.values()) != []
def twice(first, second):
    module = layer()
    first(module)
    second(module)
    hook, = module._forward_pre_hooks.values()
    return of(module), type(hook).__name__, [type(method).__name__ for method in hook], len(hook)
class Odd(prune.BasePruningMethod):
    PRUNING_TYPE = "odd"
    def compute_mask(self, t, default_mask):
        return default_mask
class Lost(Odd):
    PRUNING_TYPE = "structured"
class Failing(Odd):
    def compute_mask(self, t, default_mask):
        raise RuntimeError("no mask")
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
def pairs(module):
    return [(module[0], "weight"), (module[1], "weight")]
def globally(method=prune.L1Unstructured, given=None, **options):
    module = net()
    prune.global_unstructured(pairs(module), method, given(module) if given else None, **options)
    return module.state_dict()
scores = torch.arange(12.0).reshape(3, 4)
mask = torch.tensor([[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1]])
x = torch.arange(8.0).reshape(2, 4)
"""

ALIKE = [
    "of(prune.identity(layer(), 'bias'), 'bias')",
    *(f"of(prune.random_unstructured(layer(), 'weight', {n}))" for n in (0, 5, 0.5, 12)),
    *(f"of(prune.l1_unstructured(layer(), 'weight', {n}))" for n in (0, 5, 0.26, 1.0)),
    "of(prune.l1_unstructured(layer(), 'weight', 3, importance_scores=scores))",
    "of(prune.l1_unstructured(layer(), 'weight', 3, importance_scores=scores[0]))",
    *(
        f"of(prune.random_structured(layer(), 'weight', {n}, {dim}))"
        for n, dim in ((0, 0), (1, 1), (0.5, -1), (3, 0))
    ),
    *(
        f"of(prune.ln_structured(layer(), 'weight', 1, {n}, {dim}))"
        for n, dim in ((2, 0), (1, 1), ("float('inf')", -1), ("float('-inf')", 0))
    ),
    "of(prune.ln_structured(layer(), 'weight', 0, 2, 0))",
    "of(prune.ln_structured(conv(), 'weight', 1, 1.5, 0))",
    "of(prune.ln_structured(layer(), 'weight', 1, 2, 0, importance_scores=-scores))",
    "of(prune.ln_structured(conv(), 'weight', 2, 2, 1))",
    "of(prune.random_structured(conv(), 'weight', 0.5, 0))",
    "of(prune.custom_from_mask(layer(), 'weight', mask))",
    "of(prune.custom_from_mask(layer(), 'weight', mask[0]))",
    "prune.l1_unstructured(layer(), 'weight', 5)(x)",
    "(lambda m: (m(x).sum().backward(), m.weight_orig.grad))(prune.l1_unstructured(layer(), 'weight', 5))",
    "[n for n, _ in prune.l1_unstructured(layer(), 'weight', 5).named_parameters()]",
    # again and again
    "twice(lambda m: prune.l1_unstructured(m, 'weight', 4), lambda m: prune.l1_unstructured(m, 'weight', 0.5))",
    "twice(lambda m: prune.random_unstructured(m, 'weight', 4), lambda m: prune.random_unstructured(m, 'weight', 4))",
    "twice(lambda m: prune.ln_structured(m, 'weight', 1, 2, 0), lambda m: prune.ln_structured(m, 'weight', 1, 2, 0))",
    "twice(lambda m: prune.ln_structured(m, 'weight', 1, 2, 1), lambda m: prune.random_structured(m, 'weight', 1, -1))",
    "twice(lambda m: prune.random_structured(m, 'weight', 1, 1), lambda m: prune.l1_unstructured(m, 'weight', 4))",
    "twice(lambda m: prune.custom_from_mask(m, 'weight', mask), lambda m: prune.custom_from_mask(m, 'weight', 1 - mask))",
    "twice(lambda m: prune.identity(m, 'weight'), lambda m: prune.l1_unstructured(m, 'weight', 13))",
    "twice(lambda m: prune.identity(m, 'weight'), lambda m: Odd.apply(m, 'weight'))",
    "twice(lambda m: prune.identity(m, 'weight'), lambda m: Lost.apply(m, 'weight'))",
    "twice(lambda m: prune.identity(m, 'weight'), lambda m: prune.ln_structured(m, 'weight', 1, 2, -3))",
    # removing
    "of(prune.remove(prune.l1_unstructured(layer(), 'weight', 5), 'weight'))",
    "prune.remove(prune.l1_unstructured(layer(), 'weight', 5), 'bias')",
    "prune.remove(layer(), 'weight')",
    "prune.is_pruned(layer()), prune.is_pruned(nn.Sequential(prune.identity(layer(), 'weight')))",
    "prune.is_pruned(prune.remove(prune.identity(layer(), 'weight'), 'weight'))",
    # what is refused
    *(
        f"prune.{kind}(layer(), 'weight', {amount})"
        for kind in ("l1_unstructured", "random_unstructured")
        for amount in (-1, 1.5, -0.1, 13, "'x'", "[1]")
    ),
    *(
        f"prune.random_structured(layer(), 'weight', {amount}, {dim})"
        for amount, dim in ((4, 0), (-1, 0), (1, 2), (1.5, 0))
    ),
    "prune.random_structured(layer(), 'bias', 1, 0)",
    "prune.ln_structured(layer(), 'bias', 1, 2, 0)",
    "prune.ln_structured(layer(), 'weight', 4, 2, 0)",
    "prune.ln_structured(layer(), 'weight', 1, 2, 2)",
    "prune.identity(layer(), 'nothing')",
    # without a module
    "prune.L1Unstructured(2).prune(scores)",
    "prune.L1Unstructured(2).prune(scores, default_mask=mask)",
    "prune.L1Unstructured(2).prune(scores, importance_scores=-scores)",
    "prune.L1Unstructured(2).prune(scores, importance_scores=scores[0])",
    "prune.LnStructured(1, 2).prune(scores)",
    "prune.CustomFromMask(mask).prune(scores)",
    # containers
    "prune.PruningContainer(3)",
    "len(prune.PruningContainer())",
    # over several parameters
    "globally(amount=7)",
    "globally(amount=0.3)",
    "globally(prune.RandomUnstructured, amount=5)",
    "globally(amount=6, given=lambda m: {(m[0], 'weight'): -scores})",
    "globally(prune.LnStructured, amount=1, n=2)",
    "globally(amount=7, given=lambda m: [1])",
    "prune.global_unstructured(3, prune.L1Unstructured, amount=1)",
    "(lambda m: (prune.global_unstructured(pairs(m), prune.L1Unstructured, amount=4), prune.global_unstructured(pairs(m), prune.L1Unstructured, amount=4), m.state_dict()))(net())",
]


@pytest.mark.parametrize("expression", ALIKE)
def test_an_expression_gives_what_torch_gives(expression: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    compare(expression, torch, SETUP)


def test_after_an_error_the_parameter_is_as_it_was() -> None:
    layer = pl.nn.Linear(2, 2)
    weight = layer.weight
    with pytest.raises(
        ValueError, match="amount=9 should be smaller than the number of parameters"
    ):
        prune.l1_unstructured(layer, "weight", 9)
    assert layer.weight is weight
    assert sorted(layer.state_dict()) == ["bias", "weight"]


def test_training_keeps_what_was_pruned_at_zero() -> None:
    layer = prune.l1_unstructured(pl.nn.Linear(4, 3), "weight", 0.5)
    optimizer = pl.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (layer(pl.randn(5, 4)) ** 2).sum().backward()
        optimizer.step()
    prune.remove(layer, "weight")
    assert int((layer.weight == 0).sum()) == 6
    assert isinstance(layer.weight, pl.nn.Parameter)
