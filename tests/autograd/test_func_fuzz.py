"""Random functions through random transforms of torch.func, beside torch."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import penlight

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

pytestmark = pytest.mark.usefixtures("forward_mode")

PROGRAMS = 240
POINTWISE = ("sin", "exp", "tanh", "square", "neg", "sigmoid", "cos")
BINARY = ("add", "mul", "sub")


def expression(rng: random.Random, depth: int) -> Any:
    """Return a random expression in x, y and c, which the function captures."""
    kind = rng.choices(["leaf", "pointwise", "binary", "flip", "take", "sum"], [1, 3, 3, 1, 1, 1])[
        0
    ]
    if kind == "leaf" or not depth:
        return rng.choice("xyc")
    if kind == "binary":
        parts = expression(rng, depth - 1), expression(rng, depth - 1)
        return kind, rng.choice(BINARY), *parts
    return kind, rng.choice(POINTWISE), expression(rng, depth - 1)


def value(pt: Any, tree: Any, names: dict[str, Any]) -> Any:
    if isinstance(tree, str):
        return names[tree]
    kind, name, *parts = tree
    first, *others = (value(pt, part, names) for part in parts)
    if kind == "pointwise":
        return getattr(pt, name)(first * 0.5)
    if kind == "binary":
        return getattr(pt, name)(first, others[0])
    if kind == "flip":
        return first.flip(-1)
    return first[..., [0, 0, 1]] if kind == "take" else first.sum(-1, keepdim=True) + first


TRANSFORMS = {
    "grad": lambda pt, f, s, rows, y: pt.func.grad(s, (0, 1))(rows[0], y),
    "grad of grad": lambda pt, f, s, rows, y: pt.func.grad(
        lambda x, y: pt.func.grad(s)(x, y).square().sum(), (0, 1)
    )(rows[0], y),
    "grad and value": lambda pt, f, s, rows, y: pt.func.grad_and_value(s)(rows[0], y),
    "jacrev": lambda pt, f, s, rows, y: pt.func.jacrev(f, (0, 1))(rows[0], y),
    "jacfwd": lambda pt, f, s, rows, y: pt.func.jacfwd(f, (0, 1))(rows[0], y),
    "hessian": lambda pt, f, s, rows, y: pt.func.hessian(s)(rows[0], y),
    "jvp": lambda pt, f, s, rows, y: pt.func.jvp(f, (rows[0], y), (y, rows[0])),
    "jvp of grad": lambda pt, f, s, rows, y: pt.func.jvp(
        pt.func.grad(s), (rows[0], y), (y, rows[0])
    ),
    "vjp": lambda pt, f, s, rows, y: pt.func.vjp(f, rows[0], y)[1](rows[0]),
    "vmap of grad": lambda pt, f, s, rows, y: pt.vmap(pt.func.grad(s), (0, None))(rows, y),
    "vmap of jacrev": lambda pt, f, s, rows, y: pt.vmap(pt.func.jacrev(f), (0, None))(rows, y),
    "grad of vmap": lambda pt, f, s, rows, y: pt.func.grad(
        lambda rows: pt.vmap(s, (0, None))(rows, y).square().sum()
    )(rows),
    "vmap of vmap": lambda pt, f, s, rows, y: pt.vmap(lambda a: pt.vmap(lambda b: f(a, b))(rows))(
        rows
    ),
}
# torch's tangents that are zero have a history; two walks give a zero without one.
PUSHED = {"jacfwd", "hessian", "jvp", "jvp of grad"}


def flat(found: Any) -> list[Any]:
    return [t for part in found for t in flat(part)] if isinstance(found, tuple) else [found]


def outcome(pt: Any, seed: int) -> tuple[list[Any], list[bool]]:
    """Return what a program computes, with the gradients of it, and what requires grad."""
    rng, draw = random.Random(seed), np.random.RandomState(seed)
    tree, transform = expression(rng, 4), rng.choice(list(TRANSFORMS))
    rows, y, c = (
        pt.tensor(draw.randn(*shape).tolist(), dtype=pt.float64) for shape in ((3, 3), (3,), (3,))
    )
    if rng.random() < 0.5:
        y.requires_grad_()
        c.requires_grad_()

    def f(x: Any, y: Any) -> Any:
        # Of x's shape, whatever the expression leaves out.
        return value(pt, tree, {"x": x, "y": y, "c": c}) + x * 0

    found = flat(TRANSFORMS[transform](pt, f, lambda x, y: f(x, y).sum(), rows, y))
    recorded = [each for each in found if each.requires_grad]
    grads: list[Any] = [None, None]
    if recorded:
        loss = sum((each * each).sum() for each in recorded)
        grads = list(pt.autograd.grad(loss, (y, c), allow_unused=True))
    arrays = [np.zeros(3) if each is None else each.detach().numpy() for each in (*found, *grads)]
    wanted = [] if transform in PUSHED else [each.requires_grad for each in found]
    return arrays, wanted


@pytest.mark.parametrize("first", range(0, PROGRAMS, 40))
def test_random_functions_through_random_transforms(first: int) -> None:
    for seed in range(first, first + 40):
        (mine, ours), (theirs, torchs) = outcome(penlight, seed), outcome(torch, seed)
        assert ours == torchs, seed
        for one, other in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(one, other, 1e-9, 1e-11, err_msg=f"seed {seed}")
