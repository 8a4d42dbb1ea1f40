"""Words are counted and chosen, and drawn with the chances they should have."""

from __future__ import annotations

import heapq
import io

import numpy as np
import pytest

from penlight.text import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP, LineSentence
from penlight.text.vocabulary import (
    alias_table,
    count_words,
    huffman_paths,
    keep_thresholds,
    keeps,
    least_count,
)


def test_words_are_counted_in_the_order_of_their_first_appearance():
    count = count_words([["b", "a", "b"], [], ["c", "b"]])
    assert count == ({"b": 3, "a": 1, "c": 1}, 5, 3)
    assert list(count.words) == ["b", "a", "c"]
    assert count_words(LineSentence(io.BytesIO(b"b a b\n\nc b\n"))) == count


def test_rare_words_go_while_there_are_too_many():
    corpus = [["often"] * 3, *([f"w{number}", "often"] for number in range(50))]
    count = count_words(corpus, most=5)
    assert len(count.words) <= 6
    assert count.words["often"] == 53
    assert count.total == 103
    held = count_words(corpus, most=5, trim_rule=lambda word, n, least: RULE_KEEP)
    assert len(held.words) == 51


@pytest.mark.parametrize(
    ("answer", "kept"), [(RULE_KEEP, True), (RULE_DISCARD, False), (RULE_DEFAULT, True)]
)
def test_a_rule_decides(answer, kept):
    assert keeps("a", 5, 5, lambda word, count, least: answer) is kept
    assert not keeps("a", 4, 5, None)


def test_an_answer_that_is_none_is_refused():
    with pytest.raises(ValueError, match="trim_rule returned None for 'a'"):
        keeps("a", 5, 5, lambda word, count, least: None)


@pytest.mark.parametrize(("most", "least"), [(None, 2), (9, 2), (4, 2), (3, 4), (2, 4), (1, 8)])
def test_at_most_so_many_words_have_the_least_count(most, least):
    counts = dict(zip("abcd", [9, 7, 3, 3], strict=True))
    assert least_count(counts, 2, most) == least
    assert most is None or sum(count >= least for count in counts.values()) <= most


def test_frequent_words_are_left_out_by_the_formula():
    counts = np.array([100_000, 10_000, 1000, 10, 1])
    total = counts.sum()
    share = counts / total
    expected = np.minimum(1, np.sqrt(1e-3 / share) + 1e-3 / share)
    found = (keep_thresholds(counts, 1e-3).astype(np.float64) + 1) / 2**32
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    assert (keep_thresholds(counts, 0) == 2**32 - 1).all()
    by_count = keep_thresholds(counts, 1000.0)
    assert by_count[0] < by_count[1] < 2**32 - 1
    assert (by_count[2:] == 2**32 - 1).all()


@pytest.mark.parametrize("size", [1, 2, 3, 100, 5000])
def test_words_are_drawn_in_proportion_to_their_weights(size):
    weights = np.random.default_rng(0).pareto(1.0, size) + 1e-3
    thresholds, aliases = alias_table(weights)
    itself = thresholds.astype(np.float64) / 2**32
    # A threshold just below 2**32 stands for one, as its alias is the word itself.
    chance = itself + 0.0
    np.add.at(chance, aliases, 1 - itself)
    np.testing.assert_allclose(chance / size, weights / weights.sum(), atol=1e-9)


def cost_of_huffman(counts):
    heap = list(counts)
    heapq.heapify(heap)
    cost = 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        cost += both
        heapq.heappush(heap, both)
    return cost


@pytest.mark.parametrize("size", [2, 3, 10, 1000])
def test_paths_are_those_of_the_best_tree(size):
    counts = np.random.default_rng(1).zipf(1.5, size).astype(np.int64)
    paths = huffman_paths(counts)
    lengths = np.diff(paths.starts)
    assert (lengths * counts).sum() == cost_of_huffman(counts.tolist())
    codes, children = set(), {}
    for word in range(size):
        span = slice(paths.starts[word], paths.starts[word + 1])
        nodes, turns = paths.nodes[span].tolist(), paths.turns[span].tolist()
        assert nodes[0] == size - 2, "the root comes first"
        for node, turn, child in zip(nodes, turns, [*nodes[1:], ~word], strict=True):
            assert children.setdefault((node, turn), child) == child
        codes.add(tuple(turns))
    assert len(codes) == size
    assert len(children) == 2 * (size - 1)


def test_a_tree_of_one_word_has_no_path():
    paths = huffman_paths(np.array([5]))
    assert paths.starts.tolist() == [0, 0]
    assert not paths.nodes.size
