"""The signatures of autograd's rarer rooms are torch's; test_public_api compares the others."""

from __future__ import annotations

import importlib
import inspect

import pytest

import penlight

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

ROOMS = {
    "autograd.anomaly_mode": ("detect_anomaly", "set_detect_anomaly"),
    "autograd.forward_ad": ("make_dual", "unpack_dual", "dual_level"),
    "autograd.function": ("InplaceFunction", "once_differentiable"),
    "autograd.functional": ("vjp", "jvp", "jacobian", "hessian", "vhp", "hvp"),
    "autograd.graph": (
        "GradientEdge",
        "allow_mutation_on_saved_tensors",
        "disable_saved_tensors_hooks",
        "get_gradient_edge",
        "increment_version",
        "register_multi_grad_hook",
        "save_on_cpu",
        "saved_tensors_hooks",
    ),
    "func": tuple(penlight.func.__all__),
    "utils.checkpoint": tuple(
        name for name in penlight.utils.checkpoint.__all__ if not name.startswith("Checkpoint")
    ),
}


def parameters_of(function):
    """Return names, kinds and defaults; a default that is a function by its name."""
    return [
        (each.name, each.kind, getattr(each.default, "__name__", each.default))
        for each in inspect.signature(function).parameters.values()
    ]


@pytest.mark.parametrize("room, name", [(r, name) for r, names in ROOMS.items() for name in names])
def test_signature_is_torchs(room, name):
    mine, theirs = (
        getattr(importlib.import_module(f"{pt.__name__}.{room}"), name) for pt in (penlight, torch)
    )
    assert parameters_of(mine) == parameters_of(theirs)
    assert inspect.getdoc(mine)
