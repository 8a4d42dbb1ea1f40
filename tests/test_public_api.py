"""The public face: names, signatures, docstrings and the list of differences from torch."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import penlight

ROOT = Path(__file__).resolve().parent.parent

_spec = importlib.util.spec_from_file_location("parity", ROOT / "tools" / "parity.py")
parity = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(parity)

try:
    import torch
except ImportError:
    torch = None

PACKAGES = [
    module.name
    for module in pkgutil.walk_packages(penlight.__path__, "penlight.")
    if module.ispkg and not any(part.startswith("_") for part in module.name.split("."))
]
NAMES = [
    (namespace, name) for namespace in parity.NAMESPACES for name in parity.public_names(namespace)
]
TORCH_NAMES = parity.torch_names()

# Where penlight's signature differs from torch's on purpose: the name, and why.
SIGNATURES_OF_OUR_OWN = {
    "torch.autograd.Function": "torch's takes anything, to say that it is not to be instantiated",
    "torch.dtype": "torch's cannot be called at all",
    "torch.layout": "as dtype",
    "torch.memory_format": "as dtype",
    "torch.enable_grad": "torch names the decorated function in __new__ only; it is given by place",
    "torch.no_grad": "as enable_grad",
    "torch.autograd.enable_grad": "as enable_grad",
    "torch.autograd.no_grad": "as enable_grad",
    "torch.unique": "torch's is a dispatcher of (*args, **kwargs); ours shows what it takes",
    "torch.unique_consecutive": "as unique",
    "torch.lu": "as unique",
    **{
        f"torch.nn.functional.{kind}max_pool{dims}d": "as unique, of two forms"
        for kind in ("", "adaptive_")
        for dims in (1, 2, 3)
    },
    "torch.nn.functional.fractional_max_pool2d": "as unique, of two forms",
    "torch.nn.functional.fractional_max_pool3d": "as unique, of two forms",
    "torch.nn.Container": "inspect reads torch's __new__; __init__ takes keywords alone in both",
}


def parameters_of(function, *, method):
    """Return what a caller can rely on: names, kinds and defaults, without annotations or self."""
    parameters = list(inspect.signature(function).parameters.values())
    return [
        (parameter.name, parameter.kind.name, _comparable(parameter.default))
        for parameter in parameters[1 if method else 0 :]
    ]


def _comparable(default):
    """Return a default so that equal ones of torch and penlight compare equal."""
    if isinstance(default, (bool, int, float, str, tuple, type(None))):
        return default
    if isinstance(default, type):
        return default.__name__
    text = str(default)
    return type(default).__name__ if " at 0x" in text else text.replace("penlight.", "torch.")


def sorting_key(name):
    """Return the key of ruff's order (RUF022): constants, classes, the rest, numbers by value."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def signature_pairs():
    if torch is None:
        return []
    pairs = []
    for namespace, name in NAMES:
        theirs_in = (
            torch.Tensor if namespace == "torch.Tensor" else importlib.import_module(namespace)
        )
        theirs = getattr(theirs_in, name, None)
        ours = getattr(parity.namespace_object(namespace), name)
        if name not in TORCH_NAMES[namespace] or not (callable(theirs) and callable(ours)):
            continue
        try:
            inspect.signature(theirs)
        except (ValueError, TypeError):
            continue
        pairs.append(pytest.param(ours, theirs, f"{namespace}.{name}", id=f"{namespace}.{name}"))
    return pairs


@pytest.mark.parametrize("package", ["penlight", *PACKAGES])
def test_all_is_sorted_and_every_name_in_it_resolves(package):
    owner = importlib.import_module(package)
    listed = getattr(owner, "__all__", [])
    # A list that gathers those of other rooms is sorted when it is made, a literal one by ruff.
    assert list(listed) in (sorted(set(listed), key=sorting_key), sorted(set(listed)))
    assert [name for name in listed if not hasattr(owner, name)] == []


@pytest.mark.parametrize("namespace, name", NAMES, ids=str)
def test_public_name_has_a_docstring(namespace, name):
    value = getattr(parity.namespace_object(namespace), name)
    if inspect.ismodule(value) or callable(value) or isinstance(value, property):
        assert (inspect.getdoc(value) or "").strip(), f"{namespace}.{name}"


def test_the_list_of_differences_is_right_in_both_directions():
    assert parity.problems() == []


@pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")
def test_recorded_names_are_names_of_torch():
    for namespace, names in TORCH_NAMES.items():
        owner = torch.Tensor if namespace == "torch.Tensor" else importlib.import_module(namespace)
        assert [name for name in names if not hasattr(owner, name)] == []


@pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")
@pytest.mark.parametrize("ours, theirs, name", signature_pairs())
def test_signature_is_that_of_torch(ours, theirs, name):
    method = name.startswith("torch.Tensor.")
    same = parameters_of(ours, method=method) == parameters_of(theirs, method=method)
    if name in SIGNATURES_OF_OUR_OWN:
        assert not same, f"{name} need not be an exception"
    else:
        assert parameters_of(ours, method=method) == parameters_of(theirs, method=method)
