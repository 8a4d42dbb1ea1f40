"""Each objective is what it is in the words of ``nn``: the steps that autograd and SGD take."""

from __future__ import annotations

import numpy as np
import pytest

import penlight as torch
from penlight import kernels, nn, optim
from penlight.text.vocabulary import huffman_paths

SIZE, WIDTH = 9, 16
NEGATIVE = 6  # the one word that the noise distribution has
SENTENCE = [3, 1, 4, 1, 5, 0, 2]
WINDOW, RATE = 2, 0.05


def tables():
    rng = np.random.default_rng(0)
    return [
        rng.standard_normal((n, WIDTH)).astype(np.float32) * 0.4 for n in (SIZE, SIZE, SIZE - 1)
    ]


def trained_by_the_kernel(cbow, mean, softmax):
    inputs, outputs, nodes = tables()
    paths = huffman_paths(np.arange(SIZE, 0, -1))
    loss, examples, words = kernels.train_words(
        inputs,
        None if softmax else outputs,
        nodes if softmax else None,
        np.array(SENTENCE, np.int32),
        np.full(SIZE, 2**32 - 1, np.uint32),
        noise_thresholds=np.zeros(SIZE, np.uint32),
        noise_aliases=np.full(SIZE, NEGATIVE, np.int32),
        negative=2,
        path_starts=paths.starts,
        path_nodes=paths.nodes,
        path_turns=paths.turns,
        window=WINDOW,
        shrink=False,
        cbow=cbow,
        mean=mean,
        alpha=RATE,
        with_loss=True,
        seed=1,
    )
    assert words == len(SENTENCE)
    return inputs, nodes if softmax else outputs, loss / examples


def together(words, mean):
    """What a window's words are together, with the gradient that the original program gives."""
    value = words.mean(0) if mean else words.sum(0)
    passed = words.sum(0) if mean else words.mean(0)
    return (value.detach() + passed - passed.detach()).unsqueeze(0)


def trained_by_nn(cbow, mean, softmax):
    inputs, outputs, nodes = map(torch.from_numpy, tables())
    words = nn.Embedding.from_pretrained(inputs, freeze=False)
    targets = nn.Embedding.from_pretrained(nodes if softmax else outputs, freeze=False)
    paths = huffman_paths(np.arange(SIZE, 0, -1))
    optimizer = optim.SGD([*words.parameters(), *targets.parameters()], lr=RATE)
    criterion = nn.BCEWithLogitsLoss(reduction="sum")
    total, examples = 0.0, 0
    for at, centre in enumerate(SENTENCE):
        context = SENTENCE[max(0, at - WINDOW) : at] + SENTENCE[at + 1 : at + WINDOW + 1]
        if softmax:
            span = slice(paths.starts[centre], paths.starts[centre + 1])
            chosen, labels = paths.nodes[span].tolist(), 1.0 - paths.turns[span]
        else:
            chosen, labels = [centre, NEGATIVE, NEGATIVE], np.array([1.0, 0.0, 0.0])
        hidden = words(torch.tensor(context))
        if cbow:
            hidden = together(hidden, mean)
        scores = hidden @ targets(torch.tensor(chosen)).T
        loss = criterion(scores, torch.tensor(labels, dtype=torch.float32).expand(scores.shape))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
        examples += len(hidden)
    return words.weight.detach().numpy(), targets.weight.detach().numpy(), total / examples


@pytest.mark.parametrize("softmax", [False, True], ids=["negative sampling", "softmax"])
@pytest.mark.parametrize(
    ("cbow", "mean"), [(False, True), (True, True), (True, False)], ids=["skip-gram", "mean", "sum"]
)
def test_a_window_is_a_step_of_sgd(cbow, mean, softmax):
    *found, loss = trained_by_the_kernel(cbow, mean, softmax)
    *expected, expected_loss = trained_by_nn(cbow, mean, softmax)
    before = tables()
    for table, like, start in zip(found, expected, [before[0], before[1 + softmax]], strict=True):
        np.testing.assert_allclose(table, like, rtol=1e-5, atol=1e-6)
        assert np.abs(table - start).max() > 0.01
    assert loss == pytest.approx(expected_loss, rel=1e-6)
