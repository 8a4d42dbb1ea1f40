"""Vocabularies: words counted and chosen, and the tables by which training draws them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .corpus import LineSentence, Sentence, checked, decoded

RULE_DEFAULT, RULE_DISCARD, RULE_KEEP = 0, 1, 2
"""What a ``trim_rule`` returns: by ``min_count``, never, always."""

TrimRule = Callable[[Any, int, int], int]


class Count(NamedTuple):
    """What a corpus holds."""

    words: dict[Any, int]
    total: int
    sentences: int


def count_words(
    corpus: Iterable[Sentence], most: int | None = None, trim_rule: TrimRule | None = None
) -> Count:
    """Count the words of a corpus.

    Args:
        corpus: sentences, or a text file.
        most: words kept in memory at a time: where there are more, the rarest go, with a limit that
            rises by one each time.
        trim_rule: which word may go so, as in :func:`keeps`.

    Returns:
        Words in the order of their first appearance, with their counts; how many words the corpus
        has in all, and how many sentences.
    """
    counts: Counter[Any] = Counter()
    total = sentences = 0
    limit = 1
    for words, number in _read(corpus):
        counts.update(words)
        total += len(words)
        sentences += number
        if most is not None and len(counts) > most:
            kept = {w: n for w, n in counts.items() if keeps(w, n, limit + 1, trim_rule)}
            counts = Counter(kept)
            limit += 1
    return Count(counts, total, sentences)


def _read(corpus: Iterable[Sentence]) -> Iterable[tuple[Sentence, int]]:
    if isinstance(corpus, LineSentence):
        for chunk, line in corpus.chunks():
            yield decoded(chunk, line, corpus.source).split(), chunk.count(b"\n")
    else:
        for sentence in checked(corpus):
            yield sentence, 1


def keeps(word: Any, count: int, min_count: int, trim_rule: TrimRule | None) -> bool:
    """Return whether a word belongs to the vocabulary.

    Raises:
        ValueError: the rule returned something else than the three answers.
    """
    answer = RULE_DEFAULT if trim_rule is None else trim_rule(word, count, min_count)
    if answer == RULE_KEEP:
        return True
    if answer == RULE_DISCARD:
        return False
    if answer == RULE_DEFAULT:
        return count >= min_count
    msg = (
        f"trim_rule returned {answer!r} for {word!r}: expected RULE_DEFAULT (0), RULE_DISCARD (1) "
        "or RULE_KEEP (2)"
    )
    raise ValueError(msg)


def least_count(counts: Mapping[Any, int], min_count: int, most: int | None) -> int:
    """Return the count a word must have so that at most ``most`` words do."""
    if most is None or len(counts) <= most:
        return min_count
    first_left_out = sorted(counts.values(), reverse=True)[most]
    return max(min_count, first_left_out + 1)


def keep_thresholds(counts: npt.NDArray[np.int64], sample: float) -> npt.NDArray[np.uint32]:
    """Return the largest number below 2**32 with which each word escapes sub-sampling.

    A word of ``n`` among ``N`` stays with probability ``(sqrt(n / t) + 1) t / n``, where ``t`` is
    ``sample * N`` (Mikolov's word2vec.c; the paper of 2013 has a coarser form), or for ``sample``
    of 1 and more ``sample`` times the square of the golden ratio, as in gensim.

    Args:
        counts: int64, shape (V).
        sample: 0 for no sub-sampling.

    Returns:
        uint32, shape (V).
    """
    if not sample:
        return np.full(counts.size, 2**32 - 1, np.uint32)
    threshold = sample * counts.sum() if sample < 1 else int(sample * (3 + np.sqrt(5)) / 2)
    ratio = threshold / np.maximum(counts, 1)
    stays = np.minimum(1.0, (np.sqrt(1 / ratio) + 1) * ratio)
    thresholds: npt.NDArray[np.uint32] = np.maximum(np.ceil(stays * 2.0**32) - 1, 0).astype(
        np.uint32
    )
    return thresholds


def alias_table(
    weights: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
    """Return thresholds and aliases by which a word is drawn in proportion to its weight.

    Walker's alias method (1977), built as by Vose (1991): a word drawn with equal chances is itself
    if a number below 2**32 is below its threshold, and its alias else.

    Args:
        weights: float64, shape (V), not all zero.

    Returns:
        uint32 and int32, shape (V).
    """
    size = weights.size
    share = (weights / weights.sum() * size).tolist()
    thresholds = np.full(size, 2**32 - 1, np.uint32)
    aliases = np.arange(size, dtype=np.int32)
    small = [i for i in range(size) if share[i] < 1]
    large = [i for i in range(size) if share[i] >= 1]
    while small and large:
        low, high = small.pop(), large[-1]
        thresholds[low] = min(int(share[low] * 2**32), 2**32 - 1)
        aliases[low] = high
        share[high] -= 1 - share[low]
        if share[high] < 1:
            small.append(large.pop())
    return thresholds, aliases


class Paths(NamedTuple):
    """Where each word stands in a tree: word i has nodes[starts[i]:starts[i + 1]], and turns."""

    starts: npt.NDArray[np.int64]
    nodes: npt.NDArray[np.int32]
    turns: npt.NDArray[np.uint8]


def huffman_paths(counts: npt.NDArray[np.int64]) -> Paths:
    """Return the path of each word in the Huffman tree of their counts (Huffman 1952).

    Args:
        counts: int64, shape (V).

    Returns:
        Inner nodes, numbered from 0 to V - 2, from the root on, and the turn at each: 0 to the
        rarer side.
    """
    size = counts.size
    heap = [(count, number) for number, count in enumerate(counts.tolist())]
    heapq.heapify(heap)
    parents, turns = [0] * (2 * size), [0] * (2 * size)
    for inner in range(size, 2 * size - 1):
        low, high = heapq.heappop(heap), heapq.heappop(heap)
        parents[low[1]] = parents[high[1]] = inner
        turns[high[1]] = 1
        heapq.heappush(heap, (low[0] + high[0], inner))
    starts, nodes, all_turns = [0], [], []
    root = 2 * size - 2
    for word in range(size):
        path, turned, at = [], [], word
        while at != root:
            turned.append(turns[at])
            at = parents[at]
            path.append(at - size)
        nodes += path[::-1]
        all_turns += turned[::-1]
        starts.append(len(nodes))
    return Paths(
        np.array(starts, np.int64), np.array(nodes, np.int32), np.array(all_turns, np.uint8)
    )
