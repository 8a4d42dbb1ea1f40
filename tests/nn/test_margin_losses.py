"""Modules of losses and distances against torch, gumbel_softmax, and softmax by clusters."""

from __future__ import annotations

import re

import numpy as np
import pytest

import penlight

try:
    import torch
except ImportError:
    torch = None

oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")


def values(side, seed, *shape, low=None):
    numbers = np.random.RandomState(seed).randn(*shape).astype(np.float32)
    if low is not None:
        numbers = np.abs(numbers) + np.float32(low)
    return side.tensor(numbers, requires_grad=True)


def signs(side, *shape):
    numbers = np.where(np.random.RandomState(9).rand(*shape) > 0.5, 1, -1)
    return side.tensor(numbers.astype(np.float32))


def three(side):
    return [values(side, seed, 6, 4) for seed in range(3)]


MODULES = {
    "HingeEmbeddingLoss": ({"margin": 0.7}, lambda s: [values(s, 0, 6, 4), signs(s, 6, 4)]),
    "MarginRankingLoss": ({"margin": 0.3}, lambda s: [*three(s)[:2], signs(s, 6, 4)]),
    "CosineEmbeddingLoss": ({"margin": 0.1}, lambda s: [*three(s)[:2], signs(s, 6)]),
    "SoftMarginLoss": ({}, lambda s: [values(s, 0, 6, 4), signs(s, 6, 4)]),
    "TripletMarginLoss": ({"margin": 2.0, "p": 1.5, "swap": True}, three),
    "TripletMarginWithDistanceLoss": ({"margin": 2.0, "swap": True}, three),
    "MultiMarginLoss": (
        {"p": 2, "margin": 0.5, "weight": [0.5, 1.0, 2.0, 0.1]},
        lambda s: [values(s, 0, 6, 4), s.tensor([0, 1, 2, 3, 0, 1])],
    ),
    "MultiLabelMarginLoss": (
        {},
        lambda s: [values(s, 0, 2, 4), s.tensor([[3, 0, -1, 1], [2, -1, 0, 0]])],
    ),
    "MultiLabelSoftMarginLoss": (
        {"weight": [0.5, 1.0, 2.0, 0.1]},
        lambda s: [values(s, 0, 6, 4), (signs(s, 6, 4) + 1) / 2],
    ),
    "PoissonNLLLoss": (
        {"full": True, "log_input": False},
        lambda s: [values(s, 0, 6, 4, low=0.1), values(s, 1, 6, 4, low=0.5).detach() * 3],
    ),
    "GaussianNLLLoss": ({"full": True}, lambda s: [*three(s)[:2], values(s, 5, 6, 1, low=0.2)]),
    "PairwiseDistance": ({"p": 1.0, "keepdim": True}, lambda s: three(s)[:2]),
    "CosineSimilarity": ({"dim": 0, "eps": 0.1}, lambda s: three(s)[:2]),
}


@oracle
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("name", MODULES)
def test_module_is_torchs(name, reduction):
    options, inputs = MODULES[name]
    named = {} if name.endswith(("Distance", "Similarity")) else {"reduction": reduction}
    results = []
    for side in (penlight, torch):
        given = {
            key: side.tensor(value) if isinstance(value, list) else value
            for key, value in {**options, **named}.items()
        }
        module, tensors = getattr(side.nn, name)(**given), inputs(side)
        out = module(*tensors)
        numbers = np.cos(np.arange(out.numel())).reshape(tuple(out.shape)).astype(np.float32)
        (out * side.tensor(numbers)).sum().backward()
        leaves = [x for x in tensors if x.requires_grad]
        arrays = [out.detach().numpy(), *(x.grad.numpy() for x in leaves)]
        results.append(
            (repr(module), list(module.state_dict()), type(out.grad_fn).__name__, arrays)
        )
    (*ours, our_arrays), (*theirs, their_arrays) = results
    assert ours == theirs
    for mine, other in zip(our_arrays, their_arrays, strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-5, atol=2e-6)


@oracle
@pytest.mark.parametrize("name", [n for n in MODULES if n.endswith("Loss")])
def test_old_arguments_mean_what_they_mean_in_torch(name):
    options, inputs = MODULES[name]
    if name in {"TripletMarginWithDistanceLoss", "GaussianNLLLoss"}:
        for side in (penlight, torch):
            with pytest.raises(TypeError):
                getattr(side.nn, name)(size_average=False)
        return
    outs = []
    for side in (penlight, torch):
        given = {
            key: side.tensor(value) if isinstance(value, list) else value
            for key, value in options.items()
        }
        with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
            module = getattr(side.nn, name)(**given, size_average=False)
        assert module.reduction == "sum"
        outs.append(module(*inputs(side)).item())
    assert outs[0] == pytest.approx(outs[1], rel=1e-5)


REFUSED = [
    ("MultiMarginLoss", {"p": 3}, "only p == 1 and p == 2 supported"),
    ("TripletMarginLoss", {"margin": 0}, "TripletMarginLoss: expected margin to be greater than 0"),
    (
        "TripletMarginWithDistanceLoss",
        {"margin": -1},
        "TripletMarginWithDistanceLoss: expected margin to be greater than 0, got -1 instead",
    ),
]


@oracle
@pytest.mark.parametrize("name, options, phrase", REFUSED)
def test_an_option_is_refused_as_by_torch(name, options, phrase):
    for side in (penlight, torch):
        with pytest.raises(ValueError, match=re.escape(phrase)):
            getattr(side.nn, name)(**options)


@oracle
def test_a_distance_that_is_a_module_is_a_part():
    texts = []
    for side in (penlight, torch):
        distance = side.nn.CosineSimilarity()
        loss = side.nn.TripletMarginWithDistanceLoss(distance_function=distance)
        texts.append((repr(loss), loss(*three(side)).item()))
    assert texts[0][0] == texts[1][0]
    assert texts[0][1] == pytest.approx(texts[1][1], rel=1e-5)


# ---- LinearCrossEntropyLoss ---------------------------------------------------------------------


BEHIND = [
    ({}, [0, 2, 1, -100]),
    ({"bias": True, "ignore_index": 1, "weight": [0.5, 1.0, 2.0]}, [0, 2, 1, 1]),
    (
        {"out_features": (2,), "bias": True, "label_smoothing": 0.1},
        [[0, 2], [1, 1], [2, 0], [0, 0]],
    ),
    ({"reduction": "none"}, [[0.5, 0.25, 0.25]] * 4),
    ({"reduction": "sum"}, 2),
]


@oracle
@pytest.mark.parametrize("options, target", BEHIND, ids=str)
def test_cross_entropy_behind_a_linear_map_is_torchs(options, target):
    results = []
    for side in (penlight, torch):
        side.manual_seed(1)
        named = {k: side.tensor(v) if isinstance(v, list) else v for k, v in options.items()}
        module = side.nn.LinearCrossEntropyLoss(5, 3, **named)
        x = values(side, 0, 5) if isinstance(target, int) else values(side, 0, 4, 5)
        loss = module(x, side.tensor(target))
        loss.sum().backward()
        arrays = [loss, x.grad, *(p.grad for p in module.parameters())]
        texts = repr(module), list(module.state_dict()), type(loss.grad_fn).__name__
        results.append((texts, [each.detach().numpy() for each in arrays]))
    assert results[0][0] == results[1][0]
    for mine, other in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-5, atol=2e-6)


UNFIT = [
    ((2, 3, 4), (5, 4), (2,), {}, "expected input with dimensionality 1 or 2, got 3"),
    ((2, 4), (4,), (2,), {}, "expected linear_weight with dimensionality at least 2, got 1"),
    ((2, 4), (5, 3), (2,), {}, "expected equal input and linear_weight last dimensions"),
    ((4,), (5, 2, 4), (2,), {}, "K-dimensional loss defined by linear_weight shape (5, 2, 4)"),
    ((2, 4), (5, 4), (2, 5), {"ignore_index": 1}, "ignore_index cannot be specified when target"),
    ((2, 4), (5, 4), (2,), {"linear_bias": (4,)}, "expected linear_bias shape (5,), got (4,)"),
]


@oracle
@pytest.mark.parametrize("input, weight, target, options, phrase", UNFIT, ids=str)
def test_a_linear_map_that_does_not_fit_is_refused_as_by_torch(
    input, weight, target, options, phrase
):
    for side in (penlight, torch):
        named = {k: side.zeros(v) if isinstance(v, tuple) else v for k, v in options.items()}
        loss = side.nn.functional.linear_cross_entropy
        with pytest.raises(RuntimeError, match=re.escape(phrase)):
            loss(side.zeros(input), side.zeros(weight), side.zeros(target), **named)


# ---- gumbel_softmax -----------------------------------------------------------------------------


@oracle
@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("dim", [-1, 0])
def test_gumbel_softmax_draws_as_torch(hard, dim):
    results = []
    for side in (penlight, torch):
        logits = values(side, 0, 5, 7)
        side.manual_seed(4)
        out = side.nn.functional.gumbel_softmax(logits, tau=0.7, hard=hard, dim=dim)
        (out * values(side, 1, 5, 7).detach()).sum().backward()
        results.append((out, logits.grad, side.rand(1)))
    assert type(results[0][0].grad_fn).__name__ == type(results[1][0].grad_fn).__name__
    for mine, other in zip(*results, strict=True):
        np.testing.assert_allclose(mine.detach(), other.detach(), rtol=2e-5, atol=1e-6)


def test_gumbel_softmax_warns_of_eps():
    with pytest.warns(UserWarning, match="`eps` parameter is deprecated and has no effect"):
        penlight.nn.functional.gumbel_softmax(penlight.zeros(2), eps=0.1)


# ---- AdaptiveLogSoftmaxWithLoss -----------------------------------------------------------------

CLUSTERS = [
    {"cutoffs": [5, 10, 15], "div_value": 2.0},
    {"cutoffs": [4, 12], "head_bias": True},
    {"cutoffs": [19], "div_value": 1.5},
]


def clusters(side, options):
    side.manual_seed(3)
    return side.nn.AdaptiveLogSoftmaxWithLoss(16, 20, **options)


@oracle
@pytest.mark.parametrize("options", CLUSTERS, ids=str)
def test_softmax_by_clusters_is_torchs(options):
    ours, theirs = (clusters(side, options) for side in (penlight, torch))
    assert repr(ours) == repr(theirs)
    for (key, mine), (other, parameter) in zip(
        ours.state_dict().items(), theirs.state_dict().items(), strict=True
    ):
        assert key == other
        np.testing.assert_array_equal(mine.numpy(), parameter.numpy())
    for target in ([0, 7, 13, 19, 4, 5], [1, 2, 0, 3, 1, 2], 17):
        results = []
        for side, module in ((penlight, ours), (torch, theirs)):
            x = values(side, 0, 16) if isinstance(target, int) else values(side, 0, 6, 16)
            module.zero_grad()
            out = module(x, side.tensor(target))
            out.loss.backward()
            grads = [p.grad for p in module.parameters() if p.grad is not None]
            node = type(out.loss.grad_fn).__name__
            results.append(([out.output, out.loss, x.grad, *grads], node, len(grads)))
        assert results[0][1:] == results[1][1:]
        for mine, other in zip(results[0][0], results[1][0], strict=True):
            np.testing.assert_allclose(mine.detach(), other.detach(), rtol=2e-5, atol=2e-6)
    for method in ("log_prob", "predict"):
        for rows in (1, 6):
            mine, other = (
                getattr(module, method)(values(side, 1, rows, 16)).detach().numpy()
                for side, module in ((penlight, ours), (torch, theirs))
            )
            np.testing.assert_allclose(mine, other, rtol=2e-5, atol=2e-6)


@oracle
def test_clusters_refuse_what_torch_refuses():
    for side in (penlight, torch):
        make = side.nn.AdaptiveLogSoftmaxWithLoss
        with pytest.raises(ValueError, match="should be a sequence of length larger than 0"):
            make(4, 10, [])
        for cutoffs in ([5, 5], [0, 3], [3, 2], [10], [2.5]):
            with pytest.raises(ValueError, match="should be a sequence of unique, positive"):
                make(4, 10, cutoffs)
        module = make(16, 20, [5])
        with pytest.raises(RuntimeError, match=re.escape("Target values should be in [0, 19]")):
            module(side.zeros(2, 16), side.tensor([1, 20]))
        with pytest.raises(RuntimeError, match="same size in the batch dimension"):
            module(side.zeros(3, 16), side.tensor([1, 2]))
        with pytest.raises(RuntimeError, match="0D target tensor expects 1D input tensors"):
            module(side.zeros(3, 16), side.tensor(1))
