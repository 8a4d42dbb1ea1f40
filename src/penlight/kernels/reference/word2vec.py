"""Word2Vec: skip-gram and CBOW, each with negative sampling, hierarchical softmax or both.

Sources: Mikolov et al. 2013 (arXiv 1301.3781, arXiv 1310.4546); the product of a window's words
with negatives that they share is of Ji et al. 2016 (arXiv 1604.04661).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

ROW_FLOATS = 16
_FARTHEST = 6  # a product beyond it changes nothing
_TOGETHER = 16  # words of a window that meet its targets at once


def train_words(
    inputs: Array,
    outputs: Array | None,
    nodes: Array | None,
    tokens: Array,
    keep: Array,
    *,
    noise_thresholds: Array | None = None,
    noise_aliases: Array | None = None,
    negative: int = 0,
    path_starts: Array | None = None,
    path_nodes: Array | None = None,
    path_turns: Array | None = None,
    window: int,
    shrink: bool,
    cbow: bool,
    mean: bool,
    alpha: float,
    with_loss: bool,
    seed: int,
) -> tuple[float, int, int]:
    """Train word vectors on sentences, in place: a step of SGD for each window, in order.

    A window's words are inputs, each for itself (sixteen of them a step at most) or (``cbow``) as
    their mean or sum; its targets
    are the centre and negatives drawn for the window, and the inner nodes on the centre's path. An
    input ``v`` and a target ``u`` with label ``y`` have the loss ``-log sigmoid(u . v)`` if y is 1,
    else ``-log sigmoid(-u . v)``; where ``u . v`` is beyond 6 on either side nothing changes, as in
    the original program. Where words act together the hidden layer's change is added to
    each word whole for the mean and divided by their number for the sum, as in the original
    program.

    Args:
        inputs: word vectors, written, float32, shape (V, stride), rows filled up with zeros to a
            multiple of 16.
        outputs: what negative sampling predicts with, written, shape (V, stride), or None.
        nodes: what hierarchical softmax predicts with, written, shape (V - 1, stride), or None.
        tokens: int32, shape (N): words, and -1 behind each sentence.
        keep: uint32, shape (V): a word stays if a number below 2**32 is at most this.
        noise_thresholds: uint32, shape (V), with ``noise_aliases`` the noise distribution (Walker's
            alias method).
        noise_aliases: int32, shape (V).
        negative: words drawn a window; one that is the centre is left out.
        path_starts: int64, shape (V + 1): where each word's path begins in the next two.
        path_nodes: int32: inner nodes from the root on.
        path_turns: uint8: 0 or 1 at each of them; a turn of 0 has the label 1.
        window: words on each side at most.
        shrink: their number is drawn from 1 to ``window`` for each window.
        cbow: a window's words act together.
        mean: they do so by their mean rather than their sum.
        alpha: the learning rate.
        with_loss: whether to add up the loss.
        seed: decides all draws, by SplitMix64.

    Returns:
        The loss summed over examples (0.0 unless wanted), the examples (pairs of a word and a
        centre, or windows with ``cbow``), and the words that sub-sampling kept.

    Raises:
        IndexError: a word or node is out of range.
        ValueError: shapes do not fit, or a table is missing.
    """
    _check(inputs, outputs, nodes, tokens, keep, window)
    size = inputs.shape[0]
    tables: list[_Noise | _Paths] = []
    if outputs is not None:
        tables.append(_Noise(outputs, noise_thresholds, noise_aliases, negative))
    if nodes is not None:
        tables.append(_Paths(nodes, path_starts, path_nodes, path_turns, size))
    draws = _Draws(seed)
    sentences = [
        [word for word in sentence if draws.word() >> 32 <= keep[word]]
        for sentence in _sentences(tokens)
    ]
    step = _Step(inputs, cbow, mean, alpha, with_loss)
    for sentence, at in ((one, at) for one in sentences for at in range(len(one))):
        reach = window - (draws.below(window) if shrink else 0)
        words = sentence[max(0, at - reach) : at] + sentence[at + 1 : at + reach + 1]
        if words:
            targets = [made for table in tables for made in table.targets(sentence[at], draws)]
            together = len(words) if cbow else _TOGETHER
            for first in range(0, len(words), together):
                step.take(_Window(words[first : first + together], targets))
    return step.loss, step.examples, sum(map(len, sentences))


class _Draws:
    """Numbers from a counter (Steele, Lea and Flood 2014, SplitMix64)."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def word(self) -> int:
        """Return the next 64 bits."""
        mask = (1 << 64) - 1
        self._state = (self._state + 0x9E3779B97F4A7C15) & mask
        z = (self._state ^ self._state >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        return z ^ z >> 31

    def below(self, bound: int) -> int:
        """Return a number from [0, bound)."""
        return (self.word() >> 32) * bound >> 32


Target = tuple[Array, int, int]
"""A table, the row of it that is predicted with, and its label."""


class _Noise:
    """Negative sampling: the centre, and words of the noise distribution."""

    def __init__(
        self, table: Array, thresholds: Array | None, aliases: Array | None, negative: int
    ) -> None:
        if negative < 1 or thresholds is None or aliases is None:
            msg = "outputs: expected noise_thresholds, noise_aliases and negative > 0 with them"
            raise ValueError(msg)
        size = table.shape[0]
        _check_shape("noise_thresholds", thresholds, (size,))
        _check_shape("noise_aliases", aliases, (size,))
        _check_range("noise_aliases", aliases, 0, size)
        self._table, self._negative = table, negative
        self._thresholds, self._aliases = thresholds, aliases

    def targets(self, centre: int, draws: _Draws) -> list[Target]:
        """Return the centre with the label 1 and what is drawn with 0."""
        made = [(self._table, centre, 1)]
        for _ in range(self._negative):
            word = draws.word()
            drawn = (word >> 32) * self._table.shape[0] >> 32
            itself = word & 0xFFFFFFFF < int(self._thresholds[drawn])
            negative = drawn if itself else int(self._aliases[drawn])
            if negative != centre:
                made.append((self._table, negative, 0))
        return made


class _Paths:
    """Hierarchical softmax: the inner nodes of a tree whose leaves are the words."""

    def __init__(
        self,
        table: Array,
        starts: Array | None,
        nodes: Array | None,
        turns: Array | None,
        size: int,
    ) -> None:
        if starts is None or nodes is None or turns is None:
            msg = "nodes: expected path_starts, path_nodes and path_turns with them"
            raise ValueError(msg)
        _check_shape("path_starts", starts, (size + 1,))
        _check_shape("path_turns", turns, nodes.shape)
        if starts[0] != 0 or starts[-1] != nodes.size or (np.diff(starts) < 0).any():
            msg = f"path_starts: expected positions that rise from 0 to {nodes.size}"
            raise IndexError(msg)
        _check_range("path_nodes", nodes, 0, table.shape[0])
        _check_range("path_turns", turns, 0, 2)
        self._table, self._starts, self._nodes, self._turns = table, starts, nodes, turns

    def targets(self, centre: int, draws: _Draws) -> list[Target]:
        """Return the nodes on the centre's path, a turn of 0 having the label 1."""
        del draws
        path = range(int(self._starts[centre]), int(self._starts[centre + 1]))
        return [(self._table, int(self._nodes[k]), 1 - int(self._turns[k])) for k in path]


class _Window:
    """The words beside a centre, and its targets."""

    def __init__(self, words: list[int], targets: list[Target]) -> None:
        self.words = words
        self.targets = targets
        self.labels = np.array([label for _, _, label in targets], np.float32)

    def rows(self) -> Array:
        """Return the targets' rows as they are now, shape (targets, stride)."""
        return np.stack([table[row] for table, row, _ in self.targets])


class _Step:
    """Takes steps, and counts what it did."""

    def __init__(
        self, inputs: Array, cbow: bool, mean: bool, alpha: float, with_loss: bool
    ) -> None:
        self._inputs = inputs
        self._cbow, self._mean = cbow, mean
        self._alpha, self._with_loss = np.float32(alpha), with_loss
        self.loss, self.examples = 0.0, 0

    @np.errstate(over="ignore")
    def take(self, window: _Window) -> None:
        """Take the step of one window."""
        hidden = self._hidden(window)
        self._apply(window, hidden, self._gradient(window, hidden))

    def _hidden(self, window: _Window) -> Array:
        """Return the inputs' rows, or what they are together, shape (inputs, stride)."""
        rows: Array = self._inputs[window.words]
        if self._cbow:
            rows = rows.sum(0, keepdims=True)
            rows *= np.float32(1 / len(window.words)) if self._mean else np.float32(1)
        return rows

    def _gradient(self, window: _Window, hidden: Array) -> Array:
        """Return ``alpha (label - sigmoid(input . target))``, shape (inputs, targets).

        It is 0 for a product beyond 6.
        """
        products = hidden @ window.rows().T
        if self._with_loss:
            signed = np.where(window.labels > 0, -products, products)
            self.loss += float(np.logaddexp(0, signed.astype(np.float64)).sum())
        self.examples += products.shape[0]
        gradient = self._alpha * (window.labels - 1 / (1 + np.exp(-products)))
        return np.where(np.abs(products) < _FARTHEST, gradient, np.float32(0))

    def _apply(self, window: _Window, hidden: Array, gradient: Array) -> None:
        change = gradient @ window.rows()
        if self._cbow and not self._mean:
            change = change / np.float32(len(window.words))
        for (table, row, _), value in zip(window.targets, gradient.T @ hidden, strict=True):
            table[row] += value
        np.add.at(
            self._inputs,
            window.words,
            np.broadcast_to(change, (len(window.words), change.shape[1])),
        )


def _sentences(tokens: Array) -> Iterator[list[int]]:
    sentence: list[int] = []
    for token in tokens.tolist():
        if token < 0:
            yield sentence
            sentence = []
        else:
            sentence.append(token)
    yield sentence


def _check(
    inputs: Array,
    outputs: Array | None,
    nodes: Array | None,
    tokens: Array,
    keep: Array,
    window: int,
) -> None:
    size, stride = inputs.shape
    if stride % ROW_FLOATS:
        msg = f"inputs: expected rows of a multiple of {ROW_FLOATS} floats, got {stride}"
        raise ValueError(msg)
    if not 1 <= window < 1 << 31:
        msg = f"window: expected 1 to 2147483647, got {window}"
        raise ValueError(msg)
    if outputs is None and nodes is None:
        msg = "expected outputs, nodes or both"
        raise ValueError(msg)
    if outputs is not None:
        _check_shape("outputs", outputs, (size, stride))
    if nodes is not None:
        _check_shape("nodes", nodes, (nodes.shape[0], stride))
    _check_shape("keep", keep, (size,))
    _check_range("tokens", tokens, -1, size)


def _check_shape(name: str, array: Array, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        msg = f"{name}: expected shape {shape}, got {array.shape}"
        raise ValueError(msg)


def _check_range(name: str, values: Array, least: int, below: int) -> None:
    outside = np.flatnonzero((values < least) | (values >= below))
    if outside.size:
        msg = (
            f"{name}: expected values from {least} to {below - 1}, got {values[outside[0]]} at "
            f"position {outside[0]}"
        )
        raise IndexError(msg)
