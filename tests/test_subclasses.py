"""Subclasses of Tensor: what comes out of their ops, and ``__torch_function__``, as in torch."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import penlight
import penlight.nn
from penlight import _overrides

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")


@pytest.fixture(autouse=True)
def functions_as_before() -> Any:
    """Put the functions back that the first subclass replaces."""
    saved = {module: dict(vars(module)) for module in (penlight, penlight.nn.functional)}
    yield
    for module, names in saved.items():
        for name in set(vars(module)) - set(names):
            delattr(module, name)
        vars(module).update(names)
    _overrides._taking_part.clear()


PLAIN = """
class Named(torch.Tensor):
    pass

x = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).as_subclass(Named)
y = torch.ones(2, 2)
p = torch.nn.Parameter(torch.ones(2, 2))
"""

LOGGING = """
log = []

class Logged(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        log.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs or {})

x = torch.tensor([1.0, 2.0]).as_subclass(Logged)
"""

HANDLED = """
class Diagonal(torch.Tensor):
    handled = {}

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func in cls.handled:
            return cls.handled[func](*args, **(kwargs or {}))
        return NotImplemented

Diagonal.handled[torch.mean] = lambda x: "the mean"
Diagonal.handled[torch.Tensor.sum] = lambda x: "the sum"
x = torch.ones(3).as_subclass(Diagonal)
"""


def outcome(namespace: Any, setup: str, expression: str) -> str:
    """Return the text of what an expression gives after a setup, or the type of its error."""
    scope: dict[str, Any] = {"torch": namespace}
    exec(setup, scope)
    try:
        return str(eval(expression, scope))
    except Exception as error:  # noqa: BLE001 - compared
        return type(error).__name__


@needs_torch
@pytest.mark.parametrize(
    "expression",
    [
        "type(x + 1).__name__",
        "type(1 + x).__name__",
        "type(y + x).__name__",
        "type(x @ p).__name__",
        "type(p + 1).__name__",
        "type(y + 1).__name__",
        "type(torch.exp(x)).__name__",
        "type(torch.cat([y, x])).__name__",
        "type(torch.nn.functional.relu(x)).__name__",
        "type(torch.nn.functional.linear(x, p)).__name__",
        "type(torch.nn.Linear(2, 3)(x)).__name__",
        "type(x[0]).__name__",
        "type(x.T).__name__",
        "type(x.sum(0)).__name__",
        "[type(part).__name__ for part in x.split(1)]",
        "type(x.max(0)).__name__, type(x.max(0).values).__name__",
        "type(x.detach()).__name__, type(x.data).__name__",
        "type(x.add_(1)).__name__, x.tolist()",
        "type(x.to(torch.float64)).__name__",
        "type(x.clone().requires_grad_()).__name__",
        "type(x.numpy()).__name__, x.shape, type(x.shape).__name__",
        "isinstance(x, torch.Tensor)",
        "(x.requires_grad_() * 2).sum().backward(), x.grad.tolist(), type(x.grad).__name__",
        "len(x), bool((x == x).all()), float(x.sum())",
        "x",
        "type(torch.zeros_like(x)).__name__",
        "type(y.as_subclass(Named)).__name__, y.as_subclass(Named).is_set_to(y)",
    ],
)
def test_results_of_a_subclass_have_its_class(expression: str) -> None:
    assert outcome(penlight, PLAIN, expression) == outcome(torch, PLAIN, expression)


@needs_torch
@pytest.mark.parametrize(
    "expression",
    [
        "(torch.add(x, 1), log)[1]",
        "(x.mul(2), x.sum(), log)[2]",
        "(torch.stack([x, x]), log)[1]",
        "(torch.nn.functional.relu(x), 'relu' in log)[1]",
    ],
)
def test_functions_and_methods_ask_the_class(expression: str) -> None:
    assert outcome(penlight, LOGGING, expression) == outcome(torch, LOGGING, expression)


@needs_torch
@pytest.mark.parametrize("expression", ["torch.mean(x)", "x.sum()", "torch.exp(x)", "x.exp()"])
def test_a_class_may_answer_or_refuse(expression: str) -> None:
    assert outcome(penlight, HANDLED, expression) == outcome(torch, HANDLED, expression)


def test_methods_that_a_class_defines_itself_stay_its_own() -> None:
    class Doubled(penlight.Tensor):
        def add(self, other: Any) -> str:
            return f"{type(other).__name__}"

        def mul(self, other: Any) -> Any:
            return super().mul(other)

    x = penlight.ones(2).as_subclass(Doubled)
    assert x.add(1) == "int"
    assert type(x + 1) is Doubled
    assert type(x.mul(2)) is Doubled
    assert isinstance(copy.deepcopy(x), Doubled)


def test_plain_tensors_and_parameters_go_no_other_way() -> None:
    """The classes that every program uses keep the functions they have."""
    assert penlight.Tensor.__dict__["add"].__qualname__ == "add"
    assert "add" not in vars(penlight.nn.Parameter)
