"""Normalisation: modules, running moments and second gradients."""

from __future__ import annotations

import numpy as np
import oracle
import pytest

import penlight
import penlight.nn.functional as F
from penlight import nn

try:
    import torch
except ImportError:
    torch = None

needs_oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")

MODULES = [
    ("LayerNorm(6)", (3, 6)),
    ("LayerNorm((5, 6), eps=0.1)", (3, 5, 6)),
    ("LayerNorm([6], bias=False)", (3, 6)),
    ("LayerNorm(6, elementwise_affine=False)", (3, 6)),
    ("RMSNorm(6)", (3, 6)),
    ("RMSNorm((5, 6), eps=0.1, elementwise_affine=False)", (3, 5, 6)),
    ("GroupNorm(2, 6)", (3, 6, 4)),
    ("GroupNorm(3, 6, eps=0.1, affine=False)", (3, 6, 4, 2)),
    ("GroupNorm(2, 6, bias=False)", (3, 6, 4)),
    ("BatchNorm1d(6)", (5, 6)),
    ("BatchNorm1d(6, bias=False)", (5, 6, 3)),
    ("BatchNorm1d(6, momentum=None)", (5, 6)),
    ("BatchNorm1d(6, track_running_stats=False)", (5, 6)),
    ("BatchNorm2d(6, affine=False)", (5, 6, 3, 2)),
    ("BatchNorm2d(6, eps=0.1, momentum=0.3)", (5, 6, 3, 2)),
    ("BatchNorm3d(6)", (2, 6, 3, 2, 2)),
]


def made(library, constructor):
    """Return a module whose parameters are not the trivial ones."""
    module = eval(f"nn.{constructor}", {"nn": library.nn})
    with library.no_grad():
        for number, parameter in enumerate(module.parameters()):
            values = library.arange(parameter.numel(), dtype=parameter.dtype)
            parameter.copy_((values + number).cos().reshape(parameter.shape))
    return module


@needs_oracle
@pytest.mark.parametrize("constructor, shape", MODULES)
def test_module_prints_computes_and_saves_what_torch_s_does(constructor, shape):
    mine, theirs = made(penlight, constructor), made(torch, constructor)
    assert repr(mine) == repr(theirs)
    draw = np.random.RandomState(0)
    for _ in range(3):
        values = draw.randn(*shape).astype(np.float32) + 1
        for training in (True, False):
            sides = []
            for library, module in ((penlight, mine), (torch, theirs)):
                x = library.tensor(values, requires_grad=True)
                out = module.train(training)(x)
                module.zero_grad()
                (out * library.arange(out.numel()).reshape(out.shape).sin()).sum().backward()
                sides.append([out, x.grad, *(p.grad for p in module.parameters())])
                assert (oracle.node_name(out) or "").endswith("Backward0")
            assert oracle.node_name(sides[0][0]) == oracle.node_name(sides[1][0])
            for a, b in zip(*sides, strict=True):
                # Gradients are sums whose terms cancel: compare with the largest.
                expected = oracle.numbers(b)
                close = 16 * oracle.MACHINE_EPSILON["float32"] * np.abs(expected).max(initial=1)
                np.testing.assert_allclose(oracle.numbers(a), expected, rtol=0, atol=close)
    for (name, a), (other, b) in zip(
        mine.state_dict().items(), theirs.state_dict().items(), strict=True
    ):
        assert name == other
        oracle.assert_close(a, b)


@needs_oracle
@pytest.mark.parametrize("function", ["layer_norm", "rms_norm", "group_norm", "batch_norm"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("parameters", ["same", "float32"])
def test_half_types_compute_in_single_precision(function, dtype, parameters):
    draw = np.random.RandomState(0)
    values, weight = draw.randn(4, 6, 5), draw.randn(6)
    rest = {
        "layer_norm": lambda library: ((5,), None),
        "rms_norm": lambda library: ((5,),),
        "group_norm": lambda library: (2,),
        # torch takes parameters of the input's dtype only with moments of that dtype, or none.
        "batch_norm": lambda library: (
            (None, None) if parameters == "same" else (library.zeros(6), library.ones(6))
        ),
    }[function]
    named = {"training": True} if function == "batch_norm" else {}
    sides = []
    for library in (penlight, torch):
        x = library.tensor(values, dtype=getattr(library, dtype), requires_grad=True)
        if function in {"group_norm", "batch_norm"}:
            kind = dtype if parameters == "same" else parameters
            named["weight"] = library.tensor(weight, dtype=getattr(library, kind))
        out = getattr(library.nn.functional, function)(x, *rest(library), **named)
        sides.append(out)
    assert str(sides[0].dtype) == str(sides[1].dtype)
    oracle.assert_close(*sides, loose=2)


def test_running_moments_move_by_momentum_and_not_in_evaluation():
    module = nn.BatchNorm1d(1, momentum=0.5, dtype=penlight.float64)
    x = penlight.tensor([[1.0], [3.0]], dtype=penlight.float64)
    module(x)
    assert module.running_mean.tolist() == [1.0]
    assert module.running_var.tolist() == [1.5]
    assert module.num_batches_tracked.item() == 1
    module.eval()(x)
    assert module.running_mean.tolist() == [1.0]
    assert module.num_batches_tracked.item() == 1


def test_no_momentum_averages_over_all_batches():
    module = nn.BatchNorm1d(1, momentum=None, dtype=penlight.float64)
    for values in ([[1.0], [3.0]], [[5.0], [7.0]]):
        module(penlight.tensor(values, dtype=penlight.float64))
    assert module.running_mean.tolist() == [4.0]


def test_moving_the_moments_counts_as_writing_them():
    mean = penlight.zeros(2)
    before = mean._version
    F.batch_norm(penlight.randn(3, 2), mean, penlight.ones(2), training=True)
    assert mean._version > before


def test_an_empty_batch_leaves_the_moments():
    module = nn.BatchNorm1d(2)
    assert module(penlight.zeros(0, 2)).shape == (0, 2)
    assert module.running_mean.tolist() == [0.0, 0.0]
    assert module.running_var.tolist() == [1.0, 1.0]


def test_moments_may_move_between_evaluation_and_its_backward():
    module = nn.BatchNorm1d(2).eval()
    x = penlight.randn(3, 2, requires_grad=True)
    out = module(x)
    module.running_mean.add_(1)
    out.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 1 / np.sqrt(1 + 1e-5), rtol=1e-6)


def test_a_checkpoint_of_the_first_version_has_no_count():
    module = nn.BatchNorm1d(3)
    state = module.state_dict()
    del state["num_batches_tracked"]
    with pytest.raises(RuntimeError, match="num_batches_tracked"):
        module.load_state_dict(state)
    state._metadata[""]["version"] = 1
    module.load_state_dict(state)
    assert module.num_batches_tracked.item() == 0


def test_parameters_and_moments_can_be_reset():
    module = nn.BatchNorm1d(3)
    module(penlight.randn(4, 3))
    module.reset_running_stats()
    assert module.running_mean.tolist() == [0.0] * 3
    assert module.num_batches_tracked.item() == 0
    for other in (nn.LayerNorm(3), nn.GroupNorm(1, 3), module):
        with penlight.no_grad():
            other.weight.fill_(5)
            other.bias.fill_(5)
        other.reset_parameters()
        assert other.weight.tolist() == [1.0] * 3
        assert other.bias.tolist() == [0.0] * 3


@pytest.mark.parametrize(
    "module, shape, message",
    [
        (nn.BatchNorm1d(3), (3,), "expected 2D or 3D input \\(got 1D input\\)"),
        (nn.BatchNorm2d(3), (2, 3, 4), "expected 4D input \\(got 3D input\\)"),
        (nn.BatchNorm3d(3), (2, 3, 4, 4), "expected 5D input \\(got 4D input\\)"),
    ],
)
def test_another_number_of_dimensions_is_refused(module, shape, message):
    with pytest.raises(ValueError, match=message):
        module(penlight.zeros(*shape))


def test_groups_must_divide_the_channels():
    with pytest.raises(ValueError, match=r"num_channels \(6\) must be divisible by num_groups"):
        nn.GroupNorm(4, 6)


def test_moments_that_require_grad_are_refused():
    mean = penlight.zeros(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"not differentiable with respect to .* 'running_mean'"):
        F.batch_norm(penlight.ones(3, 2), mean, penlight.ones(2), training=True)


def test_instance_norm_moves_the_moments_towards_the_samples():
    mean, var = penlight.zeros(1), penlight.ones(1)
    x = penlight.tensor([[[1.0, 3.0]], [[5.0, 7.0]]])
    F.instance_norm(x, mean, var, momentum=0.5)
    assert mean.tolist() == [2.0]
    assert var.tolist() == [1.5]


@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_gradients_flow_to_those_that_want_them(frozen):
    arguments = [penlight.randn(4, 6), penlight.randn(6), penlight.randn(6)]
    for number, argument in enumerate(arguments):
        argument.requires_grad_(number != frozen)
    x, weight, bias = arguments
    for out in (
        F.layer_norm(x, (6,), weight, bias),
        F.group_norm(x, 2, weight, bias),
        F.batch_norm(x, None, None, weight, bias, training=True),
    ):
        out.sum().backward(create_graph=False, retain_graph=True)
        assert [argument.grad is None for argument in arguments] == [
            number == frozen for number in range(3)
        ]
        for argument in arguments:
            argument.grad = None
