"""Dropout: the masks of torch for the same seed, and what every mask must be."""

from __future__ import annotations

import copy

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

# Class, and shapes that it takes without a warning; both sides of the samplers' block of 16.
CASES = [
    ("Dropout", [(), (3,), (4, 5), (15,), (16,), (17,), (3, 1, 70), (0, 3)]),
    ("AlphaDropout", [(), (3,), (4, 5), (40,)]),
    ("FeatureAlphaDropout", [(4, 5), (2, 3, 4), (40, 2, 3)]),
    ("Dropout1d", [(4, 5), (2, 3, 4), (40, 3, 2)]),
    ("Dropout2d", [(2, 3, 2, 2), (30, 2, 1, 3)]),
    ("Dropout3d", [(3, 2, 2, 2), (2, 3, 2, 1, 2)]),
]
SHAPED = [(name, shape) for name, shapes in CASES for shape in shapes]


def dropped(library, name, shape, p, dtype, *, inplace=False):
    """Return the input, the output and the gradient of a dropout in training, seeded."""
    values = np.arange(1, 1 + int(np.prod(shape)), dtype=np.float64).reshape(shape)
    leaf = library.tensor(values, dtype=getattr(library, dtype)).requires_grad_()
    given = leaf * 1 if inplace else leaf
    library.manual_seed(7)
    out = getattr(library.nn, name)(p, inplace)(given)
    after = library.rand(3)
    out.sum().backward()
    return out, leaf.grad, after, given


@needs_oracle
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("name, shape", SHAPED, ids=str)
def test_mask_output_gradient_and_generator_are_torch_s(name, shape, p, dtype):
    mine, theirs = (dropped(library, name, shape, p, dtype) for library in (penlight, torch))
    for a, b in zip(mine[:3], theirs[:3], strict=True):
        oracle.assert_close(a, b)
    assert oracle.node_name(mine[0]) == oracle.node_name(theirs[0])


@needs_oracle
@pytest.mark.parametrize("name, shape", [case for case in SHAPED if case[1]], ids=str)
def test_writing_the_input_gives_the_same(name, shape):
    mine, theirs = (
        dropped(library, name, shape, 0.4, "float32", inplace=True) for library in (penlight, torch)
    )
    oracle.assert_close(mine[0], theirs[0])
    oracle.assert_close(mine[1], theirs[1])
    # The alpha modules never write their input.
    assert (mine[0] is mine[3]) == (theirs[0] is theirs[3])


@needs_oracle
@pytest.mark.parametrize(
    "name, shape", [("dropout2d", (2, 3, 4)), ("dropout2d", (2, 3)), ("dropout3d", (4, 5))]
)
def test_other_dimensions_warn_and_drop_what_torch_drops(name, shape):
    results = []
    for library in (penlight, torch):
        library.manual_seed(0)
        with pytest.warns(UserWarning, match=f"{name}: Received a"):
            results.append(getattr(library.nn.functional, name)(library.ones(shape)))
    oracle.assert_close(*results)


def test_the_mask_for_seed_zero_is_the_recorded_one():
    penlight.manual_seed(0)
    kept = F.dropout(penlight.ones(12), 0.5) != 0
    # Recorded from torch 2.13.
    assert kept.tolist() == [
        False,
        False,
        True,
        False,
        False,
        False,
        True,
        True,
        False,
        True,
        True,
        True,
    ]


def test_kept_elements_are_divided_by_the_probability_to_keep():
    out = nn.Dropout(0.2)(penlight.ones(1000))
    assert set(out.tolist()) == {0.0, 1.25}
    assert 700 < int((out != 0).sum().item()) < 900


def test_channels_are_dropped_whole():
    out = nn.Dropout2d(0.5)(penlight.ones(8, 16, 3, 3))
    per_channel = out.flatten(2)
    assert bool((per_channel == per_channel[:, :, :1]).all().item())


def test_alpha_dropout_keeps_mean_and_variance():
    x = penlight.randn(200_000)
    out = nn.AlphaDropout(0.3)(x)
    assert abs(out.mean().item()) < 0.01
    assert abs(out.var().item() - 1) < 0.02


@pytest.mark.parametrize("name", [name for name, _ in CASES])
def test_evaluation_returns_the_input_itself(name):
    x = penlight.ones(2, 3, 2, 2)
    x = x[0] if name == "Dropout1d" and x.dim() > 3 else x
    x = x[..., 0] if name == "Dropout1d" else x
    module = getattr(nn, name)(0.5).eval()
    assert bool((module(x) == x).all().item())
    if name in {"Dropout", "AlphaDropout"}:
        assert module(x) is x


@pytest.mark.parametrize("name", [name for name, _ in CASES])
def test_no_state_and_a_plain_repr(name):
    module = getattr(nn, name)(0.25, inplace=True)
    assert repr(module) == f"{name}(p=0.25, inplace=True)"
    assert list(module.state_dict()) == []
    assert repr(copy.deepcopy(module)) == repr(module)


def test_functions_train_by_default_only_where_torch_s_do():
    x = penlight.ones(100, 2)
    assert F.alpha_dropout(x) is x
    assert F.feature_alpha_dropout(x) is x
    assert int((F.dropout(x) == 0).sum().item()) > 0


def test_a_tensor_as_probability_draws_what_a_number_draws():
    results = []
    for p in (0.5, penlight.tensor(0.5)):
        penlight.manual_seed(1)
        results.append(F.dropout(penlight.ones(20), p).tolist())
    assert results[0] == results[1]


SPECIAL = [1.0, -1.0, 0.0, -0.0, float("inf"), -float("inf"), float("nan"), 1e-45]


@needs_oracle
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("p", [0.3, 0.5])
def test_signs_infinities_and_nan_are_torch_s(dtype, p):
    results = []
    for library in (penlight, torch):
        x = library.tensor(SPECIAL * 40, dtype=getattr(library, dtype))
        library.manual_seed(3)
        out = library.nn.functional.dropout(x, p).double()
        results.append([out.numpy(), library.signbit(out).numpy() & ~np.isnan(out.numpy())])
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@needs_oracle
@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_numbers_are_drawn_in_the_order_of_memory(dtype, inplace):
    results = []
    for library in (penlight, torch):
        base = library.arange(1, 61, dtype=getattr(library, dtype)).view(3, 4, 5)
        for view in (base.permute(2, 0, 1), base[:, ::2], base.clone()[:, 1:3].transpose(0, 2)):
            library.manual_seed(5)
            given = view.clone().requires_grad_() if not inplace else view
            out = library.nn.functional.dropout(given, 0.4, inplace=inplace)
            results.append(out.detach().double().numpy().tolist())
            if not inplace:
                out.sum().backward()
                results.append(given.grad.double().numpy().tolist())
    half = len(results) // 2
    assert results[:half] == results[half:]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equal_gradients_and_different_ones_meet_the_same_mask(dtype):
    x = penlight.ones(9, 50, dtype=getattr(penlight, dtype), requires_grad=True)
    out = F.dropout(x, 0.3)
    out.sum().backward(retain_graph=True)
    assert penlight.equal(x.grad, out.detach())
    weights = penlight.randn(50, 9, dtype=x.dtype).t()
    x.grad = None
    out.backward(weights)
    assert penlight.equal(x.grad, weights * out.detach())


def test_second_gradients_go_through_the_same_mask():
    x = penlight.ones(5, requires_grad=True)
    (first,) = penlight.autograd.grad((F.dropout(x) ** 2).sum(), x, create_graph=True)
    first.sum().backward()
    assert x.grad.tolist() == first.detach().tolist()
