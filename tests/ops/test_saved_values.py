"""Every op computes the same gradients when what it saved went through hooks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracle import cases, flat, leaves_of, resolve, run, samples_of, to_penlight

import penlight
from penlight.autograd.graph import saved_tensors_hooks


def differentiable(name: str) -> Any:
    """Return the first sample of an op with a leaf, or ``None``."""
    for sample in samples_of(name, "float64"):
        if sample.grad and leaves_of(to_penlight([*sample.args, *sample.kwargs.values()])):
            return sample
    return None


CASES = {
    name: sample for name, _ in cases("float64") if (sample := differentiable(name)) is not None
}


def gradients(name: str, sample: Any, context: Any) -> list[Any]:
    penlight.manual_seed(0)
    args = [to_penlight(arg) for arg in sample.args]
    kwargs = {key: to_penlight(value) for key, value in sample.kwargs.items()}
    with context:
        result = run(resolve(penlight, name), args, kwargs)
    if isinstance(result, Exception):
        # What torch has no floating form of, test_values.py looks at.
        assert isinstance(result, NotImplementedError)
        return []
    outputs = [out for out in flat(result) if getattr(out, "requires_grad", False)]
    if not outputs:
        return []
    found = penlight.autograd.grad(
        outputs,
        leaves_of([args, kwargs]),
        [penlight.ones_like(out) for out in outputs],
        allow_unused=True,
    )
    return [None if grad is None else grad.numpy() for grad in found]


@pytest.mark.parametrize("name", CASES)
def test_hooks_that_copy_change_no_gradient(name: str) -> None:
    plain = gradients(name, CASES[name], penlight.enable_grad())
    copying = saved_tensors_hooks(lambda t: t.detach().clone(), lambda t: t)
    for one, other in zip(plain, gradients(name, CASES[name], copying), strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)
