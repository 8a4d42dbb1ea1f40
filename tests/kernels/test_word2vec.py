"""Word vectors: one step of SGD for each window of each sentence."""

from __future__ import annotations

import numpy as np
import pytest

WORDS = 23
ALWAYS = np.full(WORDS, 2**32 - 1, np.uint32)


def tables(rng, stride, width=None):
    made = rng.standard_normal((3, WORDS, stride)).astype(np.float32) * np.float32(0.3)
    made[..., stride if width is None else width :] = 0
    return made[0], made[1], made[2, :-1].copy()


def paths(rng):
    lengths = rng.integers(1, 20, WORDS)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    nodes = np.concatenate([rng.permutation(WORDS - 1)[:length] for length in lengths])
    return {
        "path_starts": starts,
        "path_nodes": nodes.astype(np.int32),
        "path_turns": rng.integers(0, 2, starts[-1]).astype(np.uint8),
    }


def noise(rng, negative):
    return {
        "noise_thresholds": rng.integers(0, 2**32, WORDS, dtype=np.uint32),
        "noise_aliases": rng.integers(0, WORDS, WORDS).astype(np.int32),
        "negative": negative,
    }


def sentences(rng, count):
    tokens = rng.integers(0, WORDS, count).astype(np.int32)
    tokens[rng.random(count) < 0.1] = -1
    return tokens


RULE = {
    "window": 4,
    "shrink": True,
    "cbow": False,
    "mean": True,
    "alpha": 0.05,
    "with_loss": True,
    "seed": 7,
}


def train(kernels, rng_seed=0, *, stride=32, width=None, count=400, objective="negative", **rule):
    rng = np.random.default_rng(rng_seed)
    inputs, outputs, nodes = tables(rng, stride, width)
    negative = rule.pop("negative", 5)
    extra = noise(rng, negative) if objective != "softmax" else {}
    extra |= paths(rng) if objective != "negative" else {}
    found = kernels.train_words(
        inputs,
        None if objective == "softmax" else outputs,
        None if objective == "negative" else nodes,
        sentences(rng, count),
        rng.integers(2**31, 2**32, WORDS, dtype=np.uint32),
        **extra,
        **(RULE | rule),
    )
    return inputs, outputs, nodes, found


@pytest.mark.parametrize("objective", ["negative", "softmax", "both"])
@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"cbow": True},
        {"cbow": True, "mean": False},
        {"shrink": False, "window": 1},
        {"window": 12, "negative": 1},
        {"negative": 13, "stride": 16},
        {"stride": 112, "width": 100, "count": 900},
        {"count": 0},
        {"count": 1},
    ],
    ids=repr,
)
def test_levels_agree_with_the_numpy_form(native, specification, objective, rule):
    options = {"objective": objective, **rule}
    *expected, (loss, examples, words) = train(specification, **options)
    *found, (found_loss, found_examples, found_words) = train(native, **options)
    assert (found_examples, found_words) == (examples, words)
    np.testing.assert_allclose(found_loss, loss, rtol=2e-6)
    for table, like in zip(found, expected, strict=True):
        np.testing.assert_allclose(table, like, rtol=2e-5, atol=2e-6)
        assert not table[:, options.get("width", table.shape[1]) :].any()


def test_the_seed_decides_all_draws(kernels):
    first, again, other = (train(kernels, count=100, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first[0], again[0])
    assert first[-1] == again[-1]
    assert (first[0] != other[0]).any()


def test_the_loss_is_counted_only_if_wanted(kernels):
    with_loss = train(kernels, count=100)
    without = train(kernels, count=100, with_loss=False)
    np.testing.assert_array_equal(with_loss[0], without[0])
    assert with_loss[-1][0] > 0
    assert without[-1] == (0.0, *with_loss[-1][1:])


def test_large_products_give_finite_gradients_and_losses(kernels, rng):
    inputs = np.full((WORDS, 16), 30, np.float32)
    outputs = np.full((WORDS, 16), -30, np.float32)
    loss, examples, _ = kernels.train_words(
        inputs,
        outputs,
        None,
        np.array([1, 2], np.int32),
        ALWAYS,
        **noise(rng, 1),
        **(RULE | {"window": 1}),
    )
    assert np.isfinite(inputs).all()
    assert np.isfinite(outputs).all()
    assert examples == 2
    assert loss == pytest.approx(2 * 14400, rel=1e-6)


@pytest.mark.parametrize(("product", "changes"), [(5.9, True), (6.1, False), (-6.1, False)])
def test_a_product_beyond_six_changes_nothing(kernels, rng, product, changes):
    inputs, outputs = np.zeros((2, WORDS, 16), np.float32)
    inputs[:, 0], outputs[:, 0] = product, 1
    kernels.train_words(
        inputs,
        outputs,
        None,
        np.array([1, 2], np.int32),
        ALWAYS,
        **noise(rng, 1),
        **(RULE | {"window": 1}),
    )
    assert (outputs[:, 0] != 1).any() == changes
    assert (inputs[:, 0] != np.float32(product)).any() == changes


def test_words_stay_as_often_as_they_should(kernels, rng):
    share = np.linspace(0.05, 1, WORDS)
    keep = np.ceil(share * 2**32 - 1).astype(np.uint32)
    tokens = np.tile(np.arange(WORDS, dtype=np.int32), 200)
    _, outputs, _ = tables(rng, 16)
    *_, words = kernels.train_words(
        outputs.copy(), outputs, None, tokens, keep, **noise(rng, 1), **RULE
    )
    spread = np.sqrt(200 * (share * (1 - share)).sum())
    assert abs(words - 200 * share.sum()) < 5 * spread


ARGUMENTS = {"inputs": (WORDS, 16), "outputs": (WORDS, 16), "nodes": (WORDS - 1, 16)}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"inputs": (WORDS, 20)}, ValueError, "inputs: expected rows of a multiple of 16 floats"),
        ({"outputs": (WORDS, 32)}, ValueError, r"outputs: expected shape \(23, 16\), got"),
        ({"nodes": (WORDS - 1, 32)}, ValueError, r"nodes: expected shape \(22, 16\), got"),
        ({"outputs": None, "nodes": None}, ValueError, "expected outputs, nodes or both"),
        ({"keep": ALWAYS[1:]}, ValueError, r"keep: expected shape \(23,?\), got"),
        ({"tokens": [0, 23]}, IndexError, "tokens: .* -1 to 22, got 23 at position 1"),
        ({"tokens": [-2]}, IndexError, "tokens: expected values from -1 to 22, got -2"),
        ({"window": 0}, ValueError, "window: expected 1 to 2147483647, got 0"),
        ({"negative": 0}, ValueError, "outputs: expected noise_thresholds"),
        ({"noise_aliases": None}, ValueError, "outputs: expected noise_thresholds"),
        ({"noise_aliases": 23}, IndexError, "noise_aliases: expected values from 0 to 22, got 23"),
        ({"path_starts": None}, ValueError, "nodes: expected path_starts"),
        ({"path_starts": 1}, IndexError, "path_starts: expected positions that rise from 0"),
        ({"path_nodes": 22}, IndexError, "path_nodes: expected values from 0 to 21, got 22"),
        ({"path_turns": 2}, IndexError, "path_turns: expected values from 0 to 1, got 2"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else "",
)
def test_what_does_not_fit_is_refused(kernels, rng, change, error, message):
    arguments = noise(rng, 2) | paths(rng) | RULE | {"tokens": [0, 1, 2], "keep": ALWAYS}
    for name, usual in ARGUMENTS.items():
        shape = change.get(name, usual)
        arguments[name] = None if shape is None else np.zeros(shape, np.float32)
    for name, value in change.items():
        if name in ARGUMENTS:
            continue
        if isinstance(value, int) and isinstance(arguments[name], np.ndarray):
            arguments[name][0] = value
        else:
            arguments[name] = value
    arguments["tokens"] = np.array(arguments["tokens"], np.int32)
    places = [arguments.pop(name) for name in ("inputs", "outputs", "nodes", "tokens", "keep")]
    with pytest.raises(error, match=message):
        kernels.train_words(*places, **arguments)
