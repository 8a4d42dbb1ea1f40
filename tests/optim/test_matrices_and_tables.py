"""Muon's steps of matrices and SparseAdam's of tables, beside torch."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import penlight as pl

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")


def converted(value, library):
    """Return a state dict with the other library's tensors as this one's."""
    other = torch.Tensor if library is pl else pl.Tensor
    if isinstance(value, other):
        return library.tensor(value.detach().numpy())
    if isinstance(value, dict):
        return {key: converted(entry, library) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(converted(entry, library) for entry in value)
    return value


# ---- Muon ----------------------------------------------------------------------------------------

MUON = [
    {},
    {"nesterov": False},
    {"momentum": 0.5, "weight_decay": 0.0},
    {"adjust_lr_fn": "match_rms_adamw"},
    {"adjust_lr_fn": "original", "ns_steps": 3, "eps": 1e-3},
    {"ns_coefficients": (2.0, -1.5, 0.5)},
]


@pytest.mark.parametrize("options", MUON, ids=str)
@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5)])
def test_a_step_of_muon_is_torchs_to_the_roundings_of_bfloat16(shape, options):
    draws = np.random.default_rng(0)
    start = draws.normal(size=shape).astype(np.float32)
    grads = draws.normal(size=(2, *shape)).astype(np.float32)
    seen = []
    for library in (pl, torch):
        param = library.tensor(start, requires_grad=True)
        optimizer = library.optim.Muon([param], lr=0.1, **options)
        for grad in grads:
            param.grad = library.tensor(grad)
            optimizer.step()
        seen.append((param.detach().numpy(), optimizer.state_dict()))
    (ours, our_state), (theirs, their_state) = seen
    # Two updates near 1, of which each is the rate times a matrix known to some units of 2**-8.
    factor = 0.2 * 7**0.5 if options.get("adjust_lr_fn") == "match_rms_adamw" else 7**0.5 / 2
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2 * 0.1 * max(factor, 1) * 2**-5)
    assert our_state["param_groups"] == their_state["param_groups"]
    buffers = [state["state"][0]["momentum_buffer"].numpy() for state in (our_state, their_state)]
    np.testing.assert_allclose(*buffers, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("first, second", [(pl, torch), (torch, pl)])
def test_muon_goes_on_in_the_other_library(first, second):
    grads = np.random.default_rng(0).normal(size=(4, 5, 3)).astype(np.float32)

    def steps(library, optimizer, param, given):
        for grad in given:
            param.grad = library.tensor(grad)
            optimizer.step()
        return param.detach().numpy()

    param = first.ones((5, 3), requires_grad=True)
    optimizer = first.optim.Muon([param], lr=0.05)
    values = steps(first, optimizer, param, grads[:2])
    other = second.tensor(values.copy(), requires_grad=True)
    resumed = second.optim.Muon([other])
    resumed.load_state_dict(converted(copy.deepcopy(optimizer.state_dict()), second))
    ours = steps(second, resumed, other, grads[2:])
    np.testing.assert_allclose(
        ours, steps(first, optimizer, param, grads[2:]), rtol=0, atol=2 * 0.05 * 2**-5
    )


def test_muon_makes_singular_values_near_one():
    param = pl.zeros(6, 4, requires_grad=True)
    optimizer = pl.optim.Muon([param], lr=1.0, weight_decay=0, adjust_lr_fn="original")
    param.grad = pl.randn(6, 4)
    optimizer.step()
    values = np.linalg.svd(param.detach().numpy() / 1.5**0.5, compute_uv=False)
    assert values.min() > 0.4
    assert values.max() < 1.4


def test_muon_refuses_what_torch_refuses_in_a_step():
    for library in (pl, torch):
        for options, phrase in (
            ({"ns_steps": 100}, "Number of steps must be less than 100"),
            ({"ns_coefficients": (1, 2)}, "Coefficients must be a tuple of exactly 3 values"),
        ):
            param = library.ones((2, 2), requires_grad=True)
            optimizer = library.optim.Muon([param], **options)
            param.grad = library.ones((2, 2))
            with pytest.raises(ValueError, match=phrase):
                optimizer.step()


# ---- SparseAdam ----------------------------------------------------------------------------------

LOOKUPS = [[1, 3, 3], [0], [1, 2], [3, 4], [1, 1]]


def train(library, table, optimizer, lookups):
    for rows in lookups:
        optimizer.zero_grad()
        (table(library.tensor(rows)) ** 3).sum().backward()
        optimizer.step()


def table_of(library, rows=6, **options):
    library.manual_seed(0)
    table = library.nn.Embedding(rows, 3, sparse=True)
    return table, library.optim.SparseAdam(table.parameters(), lr=0.1, **options)


@pytest.mark.parametrize("options", [{}, {"betas": (0.5, 0.7), "eps": 1e-3}, {"maximize": True}])
def test_a_tables_rows_are_moved_as_by_torch(options):
    results, states = [], []
    for library in (pl, torch):
        table, optimizer = table_of(library, **options)
        train(library, table, optimizer, LOOKUPS)
        results.append(table.weight.detach().numpy())
        states.append(optimizer.state_dict())
    np.testing.assert_allclose(*results, rtol=2e-6, atol=1e-7)
    ours, theirs = states
    assert ours["param_groups"] == theirs["param_groups"]
    assert list(ours["state"][0]) == list(theirs["state"][0])
    assert ours["state"][0]["step"] == theirs["state"][0]["step"] == len(LOOKUPS)
    for name in ("exp_avg", "exp_avg_sq"):
        values = ours["state"][0][name].numpy(), theirs["state"][0][name].numpy()
        np.testing.assert_allclose(*values, rtol=2e-6, atol=1e-9)


@pytest.mark.parametrize("first, second", [(pl, torch), (torch, pl)])
def test_training_of_a_table_goes_on_in_the_other_library(first, second):
    table, optimizer = table_of(first)
    train(first, table, optimizer, LOOKUPS[:2])
    other, resumed = table_of(second)
    other.load_state_dict(converted(dict(table.state_dict()), second))
    resumed.load_state_dict(converted(copy.deepcopy(optimizer.state_dict()), second))
    train(first, table, optimizer, LOOKUPS[2:])
    train(second, other, resumed, LOOKUPS[2:])
    np.testing.assert_allclose(
        table.weight.detach().numpy(), other.weight.detach().numpy(), rtol=2e-6, atol=1e-7
    )


def test_rows_without_gradient_keep_value_and_moments():
    table, optimizer = table_of(pl)
    before = table.weight.tolist()
    train(pl, table, optimizer, [[1], [2]])
    assert [row for row in (0, 3, 4, 5) if table.weight[row].tolist() != before[row]] == []
    assert (optimizer.state[table.weight]["exp_avg"] != 0).any(1).tolist() == [
        row in {1, 2} for row in range(6)
    ]


def test_the_rows_of_a_large_table_are_those_looked_up():
    """A row that is looked up and has no gradient is moved by its moments, as in torch."""
    table, optimizer = table_of(pl, rows=400_000)
    train(pl, table, optimizer, [[7, 9]])
    moved = table.weight[7].tolist()
    optimizer.zero_grad()
    (0 * table(pl.tensor([7]))).sum().backward()
    optimizer.step()
    assert table.weight[7].tolist() != moved


@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 2)])
def test_parameters_of_any_shape_are_stepped(shape):
    param = pl.ones(shape, requires_grad=True)
    param.grad = pl.ones(shape)
    pl.optim.SparseAdam([param], lr=0.5).step()
    np.testing.assert_allclose(param.detach().numpy(), np.full(shape, 0.5), rtol=1e-6)
