"""Cross-entropy of a linear map's rows in chunks: torch's values, the memory of one chunk."""

from __future__ import annotations

import dataclasses
import pickle
import re
import warnings

import numpy as np
import pytest

import penlight
from penlight import kernels
from penlight.autograd import gradcheck, gradgradcheck

try:
    import torch
except ImportError:
    torch = None

oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")

Options = penlight.nn.LinearCrossEntropyOptions
REDUCTIONS = ("mean", "sum", "none")
ROWS, FEATURES, CLASSES = 13, 5, 40


def inputs(side, *, dtype="float32", grad=True):
    """Return input, weight, bias, class weights and targets, some of which are ignored."""
    draw = np.random.default_rng(3)
    shapes = (ROWS, FEATURES), (CLASSES, FEATURES), (CLASSES,), (CLASSES,)
    made = [
        side.tensor(draw.standard_normal(shape).tolist()).to(getattr(side, dtype))
        for shape in shapes
    ]
    for tensor in made[:3]:
        tensor.requires_grad_(grad)
    made[3].abs_()
    target = draw.integers(0, CLASSES, ROWS)
    target[[2, 7]] = -100
    return *made, side.tensor(target.tolist())


def loss_of(side, made, reduction, options):
    x, weight, bias, factors, target = made
    return side.nn.functional.linear_cross_entropy(
        x, weight, target, linear_bias=bias, weight=factors, reduction=reduction, options=options
    )


def both_options(**named):
    """Return the same options for both sides."""
    kind = named.pop("acc_dtype", None)
    return [
        side.nn.LinearCrossEntropyOptions(
            **named, acc_dtype=None if kind is None else getattr(side, kind)
        )
        for side in (penlight, torch)
    ]


CHOICES = [
    {},
    {"batch_chunk_size": 1},
    {"batch_chunk_size": 4},
    {"batch_chunk_size": 100, "acc_policy": "balanced"},
    {"chunking_method": None, "acc_policy": "accurate"},
    {"chunking_method": "aspect_ratio"},
    {"chunking_method": "aspect_ratio:3", "acc_policy": "compact", "allow_retain_graph": True},
]


# ---- values -------------------------------------------------------------------------------------


@oracle
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("named", CHOICES, ids=str)
def test_chunks_give_what_torch_gives(named, reduction):
    results = []
    for side, options in zip((penlight, torch), both_options(**named), strict=True):
        made = inputs(side)
        loss = loss_of(side, made, reduction, options)
        (loss * 3).sum().backward()
        results.append([loss.detach().numpy(), *(part.grad.numpy() for part in made[:3])])
        assert type(loss.grad_fn).__name__.startswith("GeneratedBackwardFor_torch_nn__linear_")
    for mine, other in zip(*results, strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-5, atol=2e-6)


@oracle
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(
    "named",
    [
        {},
        {"batch_chunk_size": 3, "acc_dtype": "float32", "acc_policy": "balanced"},
        {"batch_chunk_size": 3, "acc_policy": "accurate"},
    ],
    ids=str,
)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_halves_are_as_near_to_the_whole_as_their_dtype_allows(reduction, named, dtype):
    wide = inputs(torch, dtype=dtype)
    wide = [part.detach().double() if part.is_floating_point() else part for part in wide]
    for tensor in wide[:3]:
        tensor.requires_grad_()
    exact = loss_of(torch, wide, reduction, None)
    exact.sum().backward()
    step = {"float16": 2**-11, "bfloat16": 2**-8}[dtype]
    made = inputs(penlight, dtype=dtype)
    loss = loss_of(penlight, made, reduction, both_options(**named)[0])
    loss.sum().backward()
    trained = zip(made[:3], wide[:3], strict=True)
    pairs = [(loss, exact), *((mine.grad, other.grad) for mine, other in trained)]
    # Sums in half precision round once for each of five chunks, others once.
    rounds = 6 if named.get("acc_policy") == "accurate" else 2
    for mine, other in pairs:
        assert mine.dtype is getattr(penlight, dtype)
        expected = other.detach().numpy()
        bound = rounds * step * np.abs(expected).max()
        assert np.abs(mine.detach().double().numpy() - expected).max() <= bound


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_chunks_can_be_differentiated_twice(reduction):
    x, weight, bias, factors, target = inputs(penlight, dtype="float64")
    options = Options(batch_chunk_size=5, allow_retain_graph=True)

    def loss(x, weight, bias):
        return loss_of(penlight, (x, weight, bias, factors, target), reduction, options)

    given = (x, weight[:6].detach().requires_grad_(), bias[:6].detach().requires_grad_())
    factors, target = factors[:6], target.remainder(6)
    assert gradcheck(loss, given)
    assert gradgradcheck(loss, given)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("trained", [(0,), (1,), (2,), (0, 2), ()], ids=str)
def test_only_what_is_trained_has_a_gradient(trained, reduction):
    options = Options(batch_chunk_size=4)
    whole, chunked = inputs(penlight, grad=False), inputs(penlight, grad=False)
    for made, how in ((whole, None), (chunked, options)):
        for place in trained:
            made[place].requires_grad_()
        loss = loss_of(penlight, made, reduction, how)
        assert loss.requires_grad is bool(trained)
        if trained:
            loss.sum().backward()
    for mine, other in zip(chunked[:3], whole[:3], strict=True):
        assert (mine.grad is None) == (other.grad is None)
        if mine.grad is not None:
            np.testing.assert_allclose(mine.grad.numpy(), other.grad.numpy(), rtol=1e-4, atol=1e-6)


@oracle
@pytest.mark.parametrize("rows", [0, ROWS])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_no_rows_and_none_that_count_are_as_in_torch(reduction, rows):
    results = []
    for side, options in zip((penlight, torch), both_options(batch_chunk_size=4), strict=True):
        x, weight, bias, _, target = inputs(side)
        made = (x[:rows], weight, bias, None, target[:rows] * 0 - 100)
        loss = loss_of(side, made, reduction, options)
        loss.sum().backward()
        results.append([loss.detach().numpy(), *(part.grad.numpy() for part in (x, weight, bias))])
    for mine, other in zip(*results, strict=True):
        np.testing.assert_array_equal(mine, other)


# ---- chunks -------------------------------------------------------------------------------------


@oracle
@pytest.mark.parametrize("named", CHOICES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_no_more_logits_exist_than_those_of_torchs_chunk(named, dtype, monkeypatch):
    seen = []
    kernel = kernels.cross_entropy

    def watched(out, grad_input, input, *rest):
        seen.append(input.shape)
        kernel(out, grad_input, input, *rest)

    monkeypatch.setattr(kernels, "cross_entropy", watched)
    mine, other = both_options(**named)
    loss_of(penlight, inputs(penlight, dtype=dtype), "mean", mine)
    size = other._adjust(
        ROWS, FEATURES, CLASSES, getattr(torch, dtype), torch.device("cpu")
    ).batch_chunk_size
    rows = [min(size, ROWS - first) for first in range(0, ROWS, size)]
    assert seen == [(count, CLASSES) for count in rows]


def test_a_second_walk_back_must_have_been_allowed():
    made = inputs(penlight)
    loss = loss_of(penlight, made, "sum", Options())
    loss.backward(retain_graph=True)
    first = made[1].grad.clone()
    with pytest.raises(RuntimeError, match="chunked backward called twice"):
        loss.backward()
    for reduction, options in (("sum", Options(allow_retain_graph=True)), ("none", Options())):
        again = inputs(penlight)
        loss = loss_of(penlight, again, reduction, options).sum()
        loss.backward(retain_graph=True)
        loss.backward()
        np.testing.assert_allclose(again[1].grad.numpy(), 2 * first.numpy(), rtol=1e-5, atol=1e-6)


# ---- options ------------------------------------------------------------------------------------


WRONG = [
    (ValueError, "invalid acc_policy: 'exact'", {"acc_policy": "exact"}),
    (ValueError, "invalid chunking_method: 'rows'", {"chunking_method": "rows"}),
    (ValueError, "invalid chunking_method: 'aspect_ratio:'", {"chunking_method": "aspect_ratio:"}),
    (
        ValueError,
        "invalid chunking_method: 'aspect_ratio:0'",
        {"chunking_method": "aspect_ratio:0"},
    ),
    (
        ValueError,
        "batch_chunk_size must be positive int or None, got 0",
        {"batch_chunk_size": 0},
    ),
    (ValueError, "acc_dtype must be one of {None, torch.float16", {"acc_dtype": "int64"}),
    (
        ValueError,
        "give different chunk sizes (3 vs 2)",
        {"batch_chunk_size": 3, "chunking_method": "aspect_ratio"},
    ),
    (
        RuntimeError,
        "inputs, but got torch.float64 acc_dtype and torch.float32 inputs.",
        {"acc_dtype": "float64"},
    ),
]


@oracle
@pytest.mark.parametrize("error, phrase, named", WRONG, ids=str)
def test_options_that_do_not_fit_are_refused_as_by_torch(error, phrase, named):
    for place, side in enumerate((penlight, torch)):
        with pytest.raises(error, match=re.escape(phrase)):
            loss_of(side, inputs(side), "mean", both_options(**named)[place])


@oracle
@pytest.mark.parametrize(
    "named, outer, soft",
    [({"label_smoothing": 0.1}, (), False), ({}, (2,), False), ({}, (), True)],
    ids=str,
)
def test_what_chunks_do_not_serve_is_computed_at_once_with_a_warning(named, outer, soft):
    found = []
    for side in (penlight, torch):
        side.manual_seed(0)
        options = side.nn.LinearCrossEntropyOptions(batch_chunk_size=2)
        module = side.nn.LinearCrossEntropyLoss(3, 4, out_features=outer, options=options, **named)
        target = side.full((5, 4), 0.25) if soft else side.ones((5, *outer), dtype=side.int64)
        with pytest.warns(UserWarning, match="linear_cross_entropy: ``options`` ignored"):
            found.append(module(side.ones(5, 3), target).item())
    assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_options_are_values():
    options = Options(batch_chunk_size=2, acc_dtype=penlight.float32)
    assert pickle.loads(pickle.dumps(options)) == options
    assert options != Options()
    assert len({options, dataclasses.replace(options)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.batch_chunk_size = 3
    with pytest.raises(TypeError, match="must be LinearCrossEntropyOptions or None, got str"):
        loss_of(penlight, inputs(penlight), "mean", "aspect_ratio")


def test_arguments_of_chunks_are_checked_as_those_of_the_whole():
    x, weight, bias, factors, target = inputs(penlight, grad=False)
    wrong = [
        ((x.double(), weight, bias, factors, target), RuntimeError, "the same dtype"),
        ((x, weight, bias.half(), factors, target), RuntimeError, "the same dtype"),
        ((x, weight, bias, factors[1:], target), RuntimeError, "for all 40 classes"),
        ((x, weight, bias, factors, target[1:]), ValueError, r"batch_size \(13\) to match"),
        ((x, weight, bias, factors, target + 100), IndexError, "Target .* is out of bounds"),
        ((x.long(), weight.long(), None, None, target), NotImplementedError, "'Long'"),
    ]
    for made, error, phrase in wrong:
        with pytest.raises(error, match=phrase):
            loss_of(penlight, made, "mean", Options(batch_chunk_size=4))


def test_a_single_row_has_no_batch_dimension():
    x, weight, bias, _, target = inputs(penlight, grad=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss = loss_of(penlight, (x[0], weight, bias, None, target[0]), "none", Options())
    assert loss.shape == ()
    whole = loss_of(penlight, (x[0], weight, bias, None, target[0]), "none", None)
    assert loss.item() == pytest.approx(whole.item(), rel=1e-6)
