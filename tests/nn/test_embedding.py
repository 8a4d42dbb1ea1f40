"""Embedding and EmbeddingBag: every option against torch, and what needs no torch."""

from __future__ import annotations

import copy
import itertools
import pickle

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


def modules(name, *args, seed=5, **options):
    """Return the same module on both sides, from the same seed."""
    made = []
    for library in (penlight, torch):
        library.manual_seed(seed)
        named = {
            key: getattr(library, value) if key == "dtype" else value
            for key, value in options.items()
        }
        made.append(getattr(library.nn, name)(*args, **named))
    return made


def assert_same_gradient(mine, theirs):
    if theirs.is_sparse:
        theirs = theirs.to_dense()
    oracle.assert_close(mine, theirs, loose=2)


# ---- Embedding ----------------------------------------------------------------------------------

INDICES = [[[0, 2, 2], [4, 0, 2]], [3], 1, [[1, 1, 1, 1]]]
PADDING = [None, 0, 2, -1]
NORMS = [
    {},
    {"max_norm": 1.0},
    {"max_norm": 0.7, "norm_type": 1.0},
    {"max_norm": 0.5, "norm_type": float("inf")},
]


@needs_oracle
@pytest.mark.parametrize("norm", NORMS, ids=str)
@pytest.mark.parametrize("padding_idx", PADDING)
@pytest.mark.parametrize("scale_grad_by_freq", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_embedding_is_torch_s_for_every_option(norm, padding_idx, scale_grad_by_freq, dtype):
    options = {**norm, "padding_idx": padding_idx, "scale_grad_by_freq": scale_grad_by_freq}
    for indices, kind in itertools.product(INDICES, ["int64", "int32"]):
        pair = modules("Embedding", 5, 3, dtype=dtype, **options)
        assert repr(pair[0]) == repr(pair[1])
        outs = [
            module(library.tensor(indices, dtype=getattr(library, kind)))
            for module, library in zip(pair, (penlight, torch), strict=True)
        ]
        oracle.assert_close(*outs)
        assert oracle.node_name(outs[0]) == oracle.node_name(outs[1])
        for out in outs:
            (out * out).sum().backward()
        # max_norm writes the table.
        oracle.assert_close(pair[0].weight, pair[1].weight)
        assert_same_gradient(pair[0].weight.grad, pair[1].weight.grad)


@needs_oracle
def test_sparse_gradients_are_accepted_and_have_the_same_values():
    pair = modules("Embedding", 5, 3, sparse=True)
    assert repr(pair[0]) == repr(pair[1])
    for module, library in zip(pair, (penlight, torch), strict=True):
        module(library.tensor([1, 1, 4])).sum().backward()
    assert_same_gradient(pair[0].weight.grad, pair[1].weight.grad)


@needs_oracle
@pytest.mark.parametrize("padding_idx", PADDING)
@pytest.mark.parametrize("size", [(3, 2), (4, 4), (6, 5)])
def test_the_table_is_drawn_as_torch_draws_it(size, padding_idx):
    mine, theirs = modules("Embedding", *size, padding_idx=padding_idx)
    np.testing.assert_array_max_ulp(mine.weight.detach().numpy(), theirs.weight.detach().numpy(), 2)
    assert penlight.rand(1).item() == torch.rand(1).item()


@needs_oracle
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_tables_add_up_gradients_as_torch_does(dtype):
    table = np.random.RandomState(0).randn(4, 3)
    pair = []
    for library in (penlight, torch):
        weight = library.tensor(table).to(getattr(library, dtype)).requires_grad_()
        out = library.nn.functional.embedding(library.tensor([1, 1, 1, 2, 0]), weight)
        out.sum().backward()
        pair.append((out, weight.grad))
    oracle.assert_close(pair[0][0], pair[1][0])
    oracle.assert_close(pair[0][1], pair[1][1])


def test_the_padding_row_starts_at_zero_and_gets_no_gradient():
    module = nn.Embedding(4, 3, padding_idx=-1)
    assert module.padding_idx == 3
    assert module.weight[3].tolist() == [0.0] * 3
    module(penlight.tensor([0, 3, 3])).sum().backward()
    assert module.weight.grad.tolist() == [[1.0] * 3, [0.0] * 3, [0.0] * 3, [0.0] * 3]


def test_gradients_of_repeated_indices_add_up():
    weight = penlight.zeros(3, 2, requires_grad=True)
    F.embedding(penlight.tensor([1, 1, 2]), weight).sum().backward()
    assert weight.grad.tolist() == [[0.0, 0.0], [2.0, 2.0], [1.0, 1.0]]


def test_rows_longer_than_max_norm_are_scaled_in_place_when_used():
    weight = penlight.tensor([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]])
    out = F.embedding(penlight.tensor([0, 1]), weight, max_norm=1.0)
    np.testing.assert_allclose(out.numpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)
    np.testing.assert_allclose(weight.numpy()[0], [0.6, 0.8], rtol=1e-6)
    assert weight[2].tolist() == [6.0, 8.0]


def test_a_row_rescaled_after_being_saved_is_noticed():
    module = nn.Embedding(3, 2, max_norm=0.1)
    squared = module.weight.square()
    module(penlight.tensor([0]))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        squared.sum().backward()


def test_pretrained_tables_are_shared_and_frozen_unless_asked():
    table = penlight.tensor([[1.0, 2.0], [3.0, 4.0]])
    module = nn.Embedding.from_pretrained(table, padding_idx=0)
    assert not module.weight.requires_grad
    assert module.weight[0].tolist() == [1.0, 2.0]
    table[1, 1] = 9.0
    assert module(penlight.tensor(1)).tolist() == [3.0, 9.0]
    assert nn.Embedding.from_pretrained(table, freeze=False).weight.requires_grad
    assert nn.EmbeddingBag.from_pretrained(table, freeze=False).weight.requires_grad
    assert not nn.EmbeddingBag.from_pretrained(table, mode="sum").weight.requires_grad


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_look_up_the_same(copied):
    module = nn.Embedding(4, 3, padding_idx=1)
    twin = copied(module)
    indices = penlight.tensor([0, 3, 1])
    assert twin(indices).tolist() == module(indices).tolist()
    assert repr(twin) == repr(module)


@needs_oracle
def test_state_goes_to_torch_and_back():
    mine, theirs = modules("Embedding", 4, 3)
    state = {key: torch.tensor(value.numpy()) for key, value in mine.state_dict().items()}
    theirs.load_state_dict(state)
    oracle.assert_close(mine.weight, theirs.weight)
    assert list(mine.state_dict()) == list(theirs.state_dict()) == ["weight"]


def test_second_gradients_leave_padding_out():
    weight = penlight.randn(4, 2, dtype=penlight.float64, requires_grad=True)
    indices = penlight.tensor([0, 2, 2, 1])

    def rows(weight):
        return F.embedding(indices, weight, scale_grad_by_freq=False) ** 3

    assert penlight.autograd.gradgradcheck(rows, (weight,))


# ---- EmbeddingBag -------------------------------------------------------------------------------

BAGS = [
    ([[0, 2, 2], [4, 0, 1]], None),
    ([0, 2, 2, 4, 1], [0, 2, 2]),
    ([0, 2, 2, 4, 1], [0]),
    ([1], [0, 1]),
]


@needs_oracle
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding_idx", PADDING)
@pytest.mark.parametrize("norm", NORMS[:3], ids=str)
def test_embedding_bag_is_torch_s_for_every_option(mode, padding_idx, norm):
    options = {"mode": mode, "padding_idx": padding_idx}
    for (indices, offsets), kind in itertools.product(BAGS, ["int64", "int32"]):
        pair = modules("EmbeddingBag", 5, 3, **options, **norm)
        assert repr(pair[0]) == repr(pair[1])
        outs = []
        for module, library in zip(pair, (penlight, torch), strict=True):
            dtype = getattr(library, kind)
            starts = None if offsets is None else library.tensor(offsets, dtype=dtype)
            outs.append(module(library.tensor(indices, dtype=dtype), starts))
        oracle.assert_close(*outs)
        assert oracle.node_name(outs[0]) == oracle.node_name(outs[1])
        for out in outs:
            (out * out).sum().backward()
        oracle.assert_close(pair[0].weight, pair[1].weight)
        assert_same_gradient(pair[0].weight.grad, pair[1].weight.grad)


@pytest.mark.parametrize("padding_idx", [None, 1])
@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_a_bag_s_gradient_is_divided_by_the_frequency_of_its_own_index(mode, padding_idx):
    # torch 2.13 divides by that of another index wherever one occurs twice before it.
    gradients = []
    for scaled in (False, True):
        weight = penlight.ones(5, 2, requires_grad=True)
        indices, offsets = penlight.tensor([0, 2, 2, 4, 1, 0]), penlight.tensor([0, 4])
        F.embedding_bag(
            indices,
            weight,
            offsets,
            mode=mode,
            scale_grad_by_freq=scaled,
            padding_idx=padding_idx,
        ).sum().backward()
        gradients.append(weight.grad)
    frequency = penlight.tensor([[2.0], [1.0], [2.0], [1.0], [1.0]])
    assert gradients[1].tolist() == (gradients[0] / frequency).tolist()


@needs_oracle
@pytest.mark.parametrize("padding_idx", PADDING)
@pytest.mark.parametrize("last", [False, True])
def test_weighted_bags_have_torch_s_sums_and_gradients(padding_idx, last):
    results = []
    for library in (penlight, torch):
        library.manual_seed(0)
        table = library.randn(5, 3, requires_grad=True)
        factors = library.tensor([0.5, -1.0, 2.0, 0.1, 3.0], requires_grad=True)
        out = library.nn.functional.embedding_bag(
            library.tensor([0, 2, 2, 4, 1]),
            table,
            library.tensor([0, 2, 2, 5] if last else [0, 2, 2]),
            mode="sum",
            per_sample_weights=factors,
            include_last_offset=last,
            padding_idx=padding_idx,
        )
        (out * out).sum().backward()
        results.append((out, table.grad, factors.grad))
    for mine, theirs in zip(*results, strict=True):
        oracle.assert_close(mine, theirs, loose=2)


@pytest.mark.parametrize(
    "mode, expected", [("sum", [4.0, 6.0]), ("mean", [2.0, 3.0]), ("max", [3.0, 4.0])]
)
def test_bags_combine_rows_and_an_empty_bag_is_zero(mode, expected):
    table = penlight.tensor([[1.0, 2.0], [3.0, 4.0]])
    out = F.embedding_bag(penlight.tensor([0, 1]), table, penlight.tensor([0, 2]), mode=mode)
    assert out.tolist() == [expected, [0.0, 0.0]]


def test_a_bag_s_maximum_sends_its_gradient_to_the_first_row_that_has_it():
    table = penlight.tensor([[1.0, 5.0], [3.0, 5.0]], requires_grad=True)
    F.embedding_bag(penlight.tensor([[0, 1]]), table, mode="max").sum().backward()
    assert table.grad.tolist() == [[0.0, 1.0], [1.0, 0.0]]


@needs_oracle
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_the_maximum_of_a_bag_takes_nan_where_torch_does(dtype):
    nan, inf = float("nan"), float("inf")
    results = []
    for library in (penlight, torch):
        values = [[nan, 1.0, -inf], [2.0, nan, -inf], [2.0, 3.0, nan]]
        table = library.tensor(values, dtype=getattr(library, dtype), requires_grad=True)
        bags = library.tensor([[0, 1, 2], [1, 1, 2], [2, 1, 0]])
        out = library.nn.functional.embedding_bag(bags, table, mode="max")
        out.sum().backward()
        results.append((out.detach().float().numpy(), table.grad.float().numpy()))
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@needs_oracle
def test_swapped_arguments_warn_and_work():
    for library in (penlight, torch):
        with pytest.warns(UserWarning, match="Argument order of nn.functional.embedding_bag"):
            out = library.nn.functional.embedding_bag(library.ones(3, 2), library.tensor([[1]]))
        assert out.tolist() == [[1.0, 1.0]]


def test_one_hot_marks_the_index():
    assert F.one_hot(penlight.tensor([1, 0]), 3).tolist() == [[0, 1, 0], [1, 0, 0]]
    assert F.one_hot(penlight.tensor(2)).tolist() == [0, 0, 1]
