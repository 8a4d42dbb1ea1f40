"""Lazy modules: sizes at the first input, state dicts of what waits, and the class afterwards."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import penlight as pl
from penlight import nn
from penlight.nn.parameter import is_lazy

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

MODULES = [
    ("LazyLinear(3)", (5, 4)),
    ("LazyLinear(3, bias=False)", (2, 5, 4)),
    ("LazyConv1d(4, 3)", (2, 3, 8)),
    ("LazyConv2d(4, 3, stride=2, padding=1, groups=2)", (2, 4, 6, 5)),
    ("LazyConv3d(4, (1, 2, 2), bias=False, padding_mode='circular', padding=1)", (2, 3, 3, 4, 4)),
    ("LazyConv2d(4, 3)", (3, 6, 5)),
    ("LazyConvTranspose1d(4, 3, 2)", (2, 3, 8)),
    ("LazyConvTranspose2d(4, 3, stride=2, output_padding=1, groups=2)", (2, 4, 3, 3)),
    ("LazyConvTranspose3d(2, 2)", (1, 3, 2, 3, 2)),
    ("LazyBatchNorm1d()", (5, 3)),
    ("LazyBatchNorm2d(eps=0.1, momentum=None)", (2, 3, 4, 4)),
    ("LazyBatchNorm3d(affine=False)", (2, 3, 2, 2, 3)),
    ("LazyBatchNorm1d(track_running_stats=False, bias=False)", (5, 3)),
    ("LazyInstanceNorm1d()", (2, 3, 5)),
    ("LazyInstanceNorm2d(affine=False)", (2, 3, 4, 4)),
    ("LazyInstanceNorm3d(track_running_stats=False)", (2, 3, 2, 2, 3)),
]


def made(library, constructor):
    """Return the module of a library."""
    return eval(f"nn.{constructor}", {"nn": library.nn})


@pytest.mark.parametrize("constructor, shape", MODULES)
def test_module_becomes_what_torch_s_becomes(constructor, shape):
    sides = []
    for library in (pl, torch):
        library.manual_seed(2)
        module = made(library, constructor)
        before = repr(module), list(module.state_dict()), module.has_uninitialized_params()
        x = library.randn(shape, requires_grad=True)
        out = module(x)
        out.square().sum().backward()
        saved = {name: each.numpy() for name, each in module.state_dict().items()}
        arrays = [out.detach().numpy(), x.grad.numpy(), *saved.values()]
        after = repr(module), type(module).__name__, list(saved), hasattr(module, "_load_hook")
        sides.append((before, after, arrays))
    assert sides[0][:2] == sides[1][:2]
    for ours, theirs in zip(sides[0][2], sides[1][2], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("constructor, shape", MODULES)
def test_loading_gives_the_sizes_of_what_is_loaded(constructor, shape):
    for library in (pl, torch):
        first, second = made(library, constructor), made(library, constructor)
        x = library.randn(shape)
        out = first(x)
        first.eval()
        assert str(second.load_state_dict(first.state_dict())) == "<All keys matched successfully>"
        assert not any(map(is_lazy, second.parameters()))
        second.eval()
        if "InstanceNorm" not in constructor:  # torch: it does not know its channels yet
            np.testing.assert_allclose(second(x).detach(), first(x).detach(), rtol=1e-5, atol=1e-6)
        assert type(second).__name__ in constructor if library is pl else out is not None


def test_state_dict_of_what_waits_holds_what_waits():
    for library in (pl, torch):
        lazy = library.nn.LazyLinear(3)
        state = lazy.state_dict()
        assert repr(state["weight"]) == "<UninitializedParameter>"
        again = library.nn.LazyLinear(3)
        again.load_state_dict(state)
        assert again.has_uninitialized_params()
        with pytest.raises(
            RuntimeError, match="Can't access the shape of an uninitialized parameter"
        ):
            library.nn.Linear(2, 3).load_state_dict(state)


USES = [
    "w + 1",
    "w @ w",
    "w.sum()",
    "w.view(-1)",
    "w.numel()",
    "w.detach()",
    "w.clone()",
    "w.zero_()",
    "library.cat([w, w])",
    "library.relu(w)",
    "library.nn.init.ones_(w)",
    "len(w)",
    "w[0]",
    "w.dim()",
]


@pytest.mark.parametrize("use", USES)
def test_functions_of_what_waits_refuse(use):
    for library in (pl, torch):
        w = library.nn.LazyLinear(3).weight
        with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter"):
            eval(use, {"w": w, "library": library})


def test_what_waits_answers_what_torch_s_answers():
    sides = []
    for library in (pl, torch):
        w = library.nn.UninitializedParameter(dtype=library.float64)
        b = library.nn.UninitializedBuffer(persistent=False)
        answers = [
            repr(w),
            repr(b),
            str(w.dtype),
            str(w.device),
            w.requires_grad,
            b.requires_grad,
            w.is_leaf,
            w.grad,
            tuple(w.size()),
            w.is_floating_point(),
            w.is_complex(),
            isinstance(w, library.nn.Parameter),
            isinstance(b, library.nn.Buffer),
            tuple(w.data.shape),
            b.persistent,
            str(w.half().dtype),
            str(w.float().dtype),
            repr(copy.deepcopy(w)),
            str(copy.deepcopy(w).dtype),
            w.to(library.float64) is w,
        ]
        with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized"):
            w.shape  # noqa: B018 - the property raises
        with pytest.raises(RuntimeError, match="Can't share memory on an uninitialized"):
            w.share_memory_()
        w.materialize((2, 3))
        b.materialize([4], dtype=library.float16)
        answers += [type(w).__name__, type(b).__name__, tuple(w.shape), str(w.dtype), str(b.dtype)]
        answers += [w.requires_grad, w.is_leaf, b.persistent]
        (w * w).sum().backward()
        sides.append([*answers, tuple(w.grad.shape)])
    assert sides[0] == sides[1]


def test_casting_before_the_first_input_is_kept():
    for library in (pl, torch):
        net = library.nn.Sequential(library.nn.LazyLinear(3), library.nn.LazyBatchNorm1d()).double()
        assert repr(net[1].running_mean) == "<UninitializedBuffer>"
        x = library.zeros(4, 2, dtype=library.float64)
        assert net(x).dtype is library.float64
        assert net[1].running_mean.dtype is library.float64


def test_optimiser_made_before_the_first_input_trains():
    results = []
    for library in (pl, torch):
        library.manual_seed(0)
        net = library.nn.Sequential(
            library.nn.LazyLinear(4), library.nn.ReLU(), library.nn.LazyLinear(1)
        )
        optimizer = library.optim.SGD(net.parameters(), lr=0.1)
        x = library.randn(6, 3)
        for _ in range(3):
            loss = net(x).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        results.append([each.detach().numpy() for each in net.parameters()])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_copies_and_pickles_wait_too():
    lazy = nn.LazyLinear(3, dtype=pl.float64)
    copied = copy.deepcopy(lazy)
    copied(pl.zeros(2, 5, dtype=pl.float64))
    assert repr(copied) == "Linear(in_features=5, out_features=3, bias=True)"
    assert lazy.has_uninitialized_params()
    assert pickle.loads(pickle.dumps(lazy.weight)).dtype is pl.float64


def test_modules_without_sizes_say_so():
    class Unfinished(nn.modules.lazy.LazyModuleMixin, nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.UninitializedParameter()

        def forward(self, x):
            return x

    with pytest.raises(
        NotImplementedError, match="initialize_parameters is not implemented for Unf"
    ):
        Unfinished()(pl.zeros(1))
    Unfinished.initialize_parameters = lambda self, x: None
    with pytest.raises(RuntimeError, match="module Unfinished has not been fully initialized"):
        Unfinished()(pl.zeros(1))


REFUSED = [
    ("LazyConv2d(4, 3)(zeros(2, 3))", RuntimeError, "input to LazyConv2d, but got input of size"),
    ("LazyConv1d(4, 3, groups=2)(zeros(2, 3, 8))", ValueError, "in_channels must be divisible by"),
    ("LazyBatchNorm2d()(zeros(2, 3))", ValueError, "expected 4D input (got 2D input)"),
]


@pytest.mark.parametrize("expression, error, phrase", REFUSED)
def test_module_refuses_what_torch_s_refuses(expression, error, phrase):
    for library in (pl, torch):
        with pytest.raises(error) as caught:
            eval(expression, {"zeros": library.zeros, **vars(library.nn)})
        assert phrase in str(caught.value)
