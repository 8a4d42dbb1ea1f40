"""The words of a model, and the tables of numbers that it has for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ._files import Path
from ._training import padded, stride_of
from .corpus import Sentence, corpus_of
from .keyed_vectors import KeyedVectors
from .vocabulary import (
    Paths,
    TrimRule,
    alias_table,
    count_words,
    huffman_paths,
    keep_thresholds,
    keeps,
    least_count,
)

Array = npt.NDArray[Any]

_ROWS = 1024  # drawn at a time


class WordTables:
    """What :class:`Word2Vec` is made of, without its training and files."""

    vector_size: int
    min_count: int
    max_vocab_size: int | None
    max_final_vocab: int | None
    sample: float
    seed: int
    hs: int
    negative: int
    ns_exponent: float
    sorted_vocab: int

    def _begin(self) -> None:
        """Make the model one without words."""
        self.wv = KeyedVectors(self.vector_size)
        self.epoch_losses: list[float] = []
        self.effective_min_count = self.min_count
        self.corpus_count = self.corpus_total_words = 0
        self.raw_vocab: dict[Any, int] = {}
        self.train_calls = self.epochs_done = 0
        self._total_loss = 0.0
        self._inputs = np.zeros((0, stride_of(self.vector_size)), np.float32)
        self._outputs: Array | None = self._inputs.copy() if self.negative else None
        self._nodes: Array | None = self._inputs.copy() if self.hs else None
        self._keep = np.zeros(0, np.uint32)
        self._noise: tuple[Array, Array] | None = None
        self._paths: Paths | None = None

    def build_vocab(
        self,
        corpus_iterable: Iterable[Sentence] | None = None,
        corpus_file: Path | None = None,
        update: bool = False,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
    ) -> None:
        """Read a corpus once, and choose the words that get vectors.

        Args:
            corpus_iterable: sentences.
            corpus_file: or a text file.
            update: keep the vocabulary there is, add new words, and add to the counts of old ones.
            keep_raw_vocab: keep all counts in ``raw_vocab``.
            trim_rule: as for the constructor.

        Raises:
            TypeError: there is no corpus, or it is not lists of words.
            RuntimeError: ``update`` without a vocabulary.
        """
        corpus = corpus_of(corpus_iterable, corpus_file)
        count = count_words(corpus, self.max_vocab_size, trim_rule)
        self.corpus_total_words = count.total
        self._choose(count.words, count.sentences, update, keep_raw_vocab, trim_rule)

    def build_vocab_from_freq(
        self,
        word_freq: Mapping[Any, int],
        keep_raw_vocab: bool = False,
        corpus_count: int | None = None,
        trim_rule: TrimRule | None = None,
        update: bool = False,
    ) -> None:
        """Choose the words that get vectors from counts.

        Args:
            word_freq: how often each word occurs.
            keep_raw_vocab: keep all counts in ``raw_vocab``.
            corpus_count: the sentences of the corpus.
            trim_rule: as for the constructor.
            update: as for :meth:`build_vocab`.
        """
        counts = {word: int(count) for word, count in word_freq.items()}
        self.corpus_total_words = sum(counts.values())
        self._choose(counts, corpus_count or 0, update, keep_raw_vocab, trim_rule)

    def _choose(
        self,
        counts: dict[Any, int],
        sentences: int,
        update: bool,
        keep_raw_vocab: bool,
        trim_rule: TrimRule | None,
    ) -> None:
        if update and not len(self.wv):
            msg = "update=True adds to a vocabulary, and there is none: build one first"
            raise RuntimeError(msg)
        self.corpus_count = sentences
        self.raw_vocab = counts if keep_raw_vocab else {}
        least = least_count(counts, self.min_count, self.max_final_vocab)
        self.effective_min_count = least
        chosen = {w: n for w, n in counts.items() if keeps(w, n, least, trim_rule)}
        if self.sorted_vocab:
            chosen = dict(sorted(chosen.items(), key=lambda item: -item[1]))
        if not update:
            self.wv = KeyedVectors(self.vector_size)
            self._inputs = self._inputs[:0]
            self._keep = self._keep[:0]
            self._outputs = None if self._outputs is None else self._outputs[:0]
            self._nodes = None if self._nodes is None else self._nodes[:0]
        self._extend(chosen)

    def _extend(self, chosen: dict[Any, int]) -> None:
        """Give new words rows, and all words of a corpus their counts and chances."""
        self._adopt_vectors()
        known = len(self.wv)
        words = [*self.wv.index_to_key, *(w for w in chosen if w not in self.wv.key_to_index)]
        numbers = {word: number for number, word in enumerate(words)}
        counts = np.zeros(len(words), np.int64)
        if known:
            counts[:known] = self.wv.expandos["count"]
        places = [numbers[word] for word in chosen]
        added = np.fromiter(chosen.values(), np.int64, len(chosen))
        counts[places] += added
        keep = np.full(len(words), 2**32 - 1, np.uint32)
        keep[:known] = self._keep
        keep[places] = keep_thresholds(added, self.sample)
        self._keep = keep
        self._inputs = _grown(self._inputs, len(words))
        new = self._inputs[known:, : self.vector_size]
        draws = np.random.default_rng([self.seed, known] if known else self.seed)
        for begin in range(0, len(new), _ROWS):
            rows = new[begin : begin + _ROWS]
            rows[:] = (draws.random(rows.shape, dtype=np.float32) * 2 - 1) / self.vector_size
        self._place(words, counts)

    def _place(self, words: list[Any], counts: npt.NDArray[np.int64]) -> None:
        """Make the tables fit the words and their counts."""
        self.wv.index_to_key = words
        self.wv.key_to_index = {word: number for number, word in enumerate(words)}
        self.wv.expandos["count"] = counts
        self.wv.next_index = len(words)
        self._show_vectors()
        if self._outputs is not None and words:
            self._outputs = _grown(self._outputs, len(words))
            self._noise = alias_table(np.maximum(counts, 1) ** self.ns_exponent)
        if self._nodes is not None and words:
            self._nodes = _grown(self._nodes, len(words) - 1)
            self._paths = huffman_paths(counts)

    def _show_vectors(self) -> None:
        self.wv.vectors = self._inputs[:, : self.vector_size]
        self.wv.norms = None

    def _adopt_vectors(self) -> None:
        """Take the vectors that a program may have put in place of those trained here."""
        vectors = self.wv.vectors
        if vectors.shape != (len(self._inputs), self.vector_size):
            msg = (
                f"wv.vectors: expected shape {(len(self._inputs), self.vector_size)}, one row a "
                f"word, got {vectors.shape}"
            )
            raise RuntimeError(msg)
        if vectors.base is not self._inputs:
            self._inputs = padded(vectors)
            self._show_vectors()

    @property
    def syn1neg(self) -> Array:
        """What negative sampling predicts with, float32, shape (V, ``vector_size``)."""
        if self._outputs is None:
            msg = "syn1neg: there is none, as negative=0"
            raise AttributeError(msg)
        return self._outputs[:, : self.vector_size]

    @property
    def syn1(self) -> Array:
        """What hierarchical softmax predicts with, float32, shape (V - 1, ``vector_size``)."""
        if self._nodes is None:
            msg = "syn1: there is none, as hs=0"
            raise AttributeError(msg)
        return self._nodes[:, : self.vector_size]


def _grown(table: Array, size: int) -> Array:
    """Return a table with rows of zeros added."""
    grown = np.zeros((size, table.shape[1]), np.float32)
    grown[: len(table)] = table[:size]
    return grown
