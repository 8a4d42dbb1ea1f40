"""First and second gradients of every op, in float64, against finite differences."""

from __future__ import annotations

from typing import Any

import oracle
import pytest

import penlight
from penlight.autograd import gradcheck, gradgradcheck

CASES = [name for name, dtype in oracle.cases("float64")]


def differentiable(name: str, *, second: bool) -> list[tuple[Any, Any]]:
    """Return the function of the leaves, and the leaves, of each sample that has a gradient."""
    function = oracle.resolve(penlight, name)
    found = []
    for sample in oracle.samples_of(name, "float64"):
        if not sample.grad or (second and not sample.second):
            continue
        arguments = oracle.to_penlight(sample.args)
        options = {key: oracle.to_penlight(value) for key, value in sample.kwargs.items()}
        leaves = oracle.leaves_of([arguments, options])
        if any(leaf.numel() for leaf in leaves):
            of_leaves = _of_leaves(function, arguments, options)
            # What torch has no floating form of, test_values.py looks at.
            if not isinstance(oracle.run(of_leaves, [], {}), NotImplementedError):
                found.append((of_leaves, leaves))
    return found


def _of_leaves(function: Any, arguments: Any, options: Any) -> Any:
    def call(*_: Any) -> Any:
        result = [
            part
            for part in oracle.flat(function(*arguments, **options))
            if hasattr(part, "grad_fn")
        ]
        return tuple(part for part in result if part.is_floating_point())

    return call


@pytest.mark.parametrize("name", CASES)
def test_gradient_is_the_slope(name: str) -> None:
    for function, leaves in differentiable(name, second=False):
        if any(result.requires_grad for result in function()):
            assert gradcheck(function, tuple(leaves), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_second_gradient_is_the_slope_of_the_first(name: str) -> None:
    for function, leaves in differentiable(name, second=True):
        if any(result.requires_grad for result in function()):
            assert gradgradcheck(function, tuple(leaves), atol=1e-5, rtol=1e-4)
