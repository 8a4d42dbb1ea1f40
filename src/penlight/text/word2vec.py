"""Word2Vec: vectors of words from the words around them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from . import _model_file
from ._files import Path
from ._training import Epoch, Progress, Rule, Tables, read_ahead
from ._word_tables import WordTables
from .callbacks import ProgressBar
from .corpus import (
    Encoder,
    LineSentence,
    Sentence,
    TextEncoder,
    TokenEncoder,
    check_restartable,
    corpus_of,
)
from .vocabulary import TrimRule


class Word2Vec(WordTables):
    """Learns a vector for each word of a corpus: by skip-gram or CBOW.

    Skip-gram predicts the words around a word, CBOW a word from those around it; either by
    negative sampling, by hierarchical softmax, or by both. Constructor and methods have gensim 4's
    names and meanings. Sources: Mikolov et al. 2013, arXiv 1301.3781 and arXiv 1310.4546.

    The corpus is read once for the vocabulary and once an epoch, and never held in memory. With
    one worker, or with ``deterministic``, the seed and the corpus decide every bit of the result.
    Several workers train different sentences at the same time and write to the same vectors
    (Recht et al. 2011, arXiv 1106.5730): what they find differs a little from run to run.

    Args:
        sentences: the corpus, lists of words; something that can be iterated again and again. The
            model is trained at once where a corpus is given.
        corpus_file: the path of a text instead, a sentence a line, words between white space,
            UTF-8, plain or ``.gz``, ``.bz2``, ``.xz``: the fastest way.
        vector_size: the numbers of a vector.
        alpha: the learning rate at the beginning; it falls to ``min_alpha`` in a straight line.
        window: how many words on each side count at most.
        min_count: rarer words are ignored.
        max_vocab_size: words held while counting at most, the rarest going first; all by default.
        sample: how strongly frequent words are left out at random, ``1e-3`` to ``1e-5``; 0 for not
            at all; 1 and more is a count above which they are.
        seed: decides the first vectors and all draws; no environment variable does.
        workers: threads.
        min_alpha: the learning rate at the end.
        sg: 1 for skip-gram, 0 for CBOW.
        hs: 1 for hierarchical softmax.
        negative: words drawn a window for negative sampling; 0 for none.
        ns_exponent: a word is drawn in proportion to its count to this power.
        cbow_mean: 1 for the mean of the words of a window, 0 for their sum. As in gensim and the
            original program, the change of a mean is added to each of its words whole, and that of
            a sum is divided by their number.
        epochs: passes over the corpus.
        trim_rule: ``trim_rule(word, count, min_count)`` returns ``RULE_KEEP``, ``RULE_DISCARD`` or
            ``RULE_DEFAULT`` for each word.
        sorted_vocab: 1 to number words by descending count, 0 by first appearance.
        batch_words: words of a batch at least, of a corpus that is not a file.
        compute_loss: add up the loss; see ``epoch_losses``.
        callbacks: objects with any of the methods of :class:`CallbackAny2Vec`.
        max_final_vocab: the vocabulary has this many words at most.
        shrink_windows: draw each window's size from 1 to ``window``.
        deterministic: train the sentences in order, by one thread, while another reads ahead if
            there are several workers. The result is that of one worker, whatever their number; it
            costs what more threads would gain.
        show_progress: show a bar with words a second, the loss and the time left (needs tqdm).

    Attributes:
        wv: the vectors, :class:`KeyedVectors`.
        epoch_losses: the mean loss of an example for each epoch trained, in nats, added up in
            double precision; NaN where it was not computed. An example is a pair of words for
            skip-gram, a window for CBOW.
        corpus_count: sentences of the corpus that the vocabulary was built from.
        corpus_total_words: its words.
        effective_min_count: ``min_count``, or more because of ``max_final_vocab``.

    Raises:
        TypeError: the corpus is not lists of words, or can be read only once.
        ValueError: an argument is out of its range.
        RuntimeError: no word is frequent enough.

    Example:
        >>> from penlight.text import Word2Vec
        >>> sentences = [["cats", "like", "milk"], ["dogs", "like", "bones"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, workers=1)
        >>> model.wv["milk"].shape
        (16,)
        >>> model.wv.index_to_key[0]
        'like'
    """

    def __init__(
        self,
        sentences: Iterable[Sentence] | None = None,
        corpus_file: Path | None = None,
        vector_size: int = 100,
        alpha: float = 0.025,
        window: int = 5,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        sample: float = 1e-3,
        seed: int = 1,
        workers: int = 3,
        min_alpha: float = 1e-4,
        sg: int = 0,
        hs: int = 0,
        negative: int = 5,
        ns_exponent: float = 0.75,
        cbow_mean: int = 1,
        epochs: int = 5,
        *,
        trim_rule: TrimRule | None = None,
        sorted_vocab: int = 1,
        batch_words: int = 10_000,
        compute_loss: bool = False,
        callbacks: Iterable[Any] = (),
        max_final_vocab: int | None = None,
        shrink_windows: bool = True,
        deterministic: bool = False,
        show_progress: bool = False,
    ) -> None:
        self.vector_size = vector_size
        self.alpha = float(alpha)
        self.window = window
        self.min_count = min_count
        self.max_vocab_size = max_vocab_size
        self.sample = float(sample)
        self.seed = seed
        self.workers = workers
        self.min_alpha = float(min_alpha)
        self.sg = int(sg)
        self.hs = int(hs)
        self.negative = negative
        self.ns_exponent = float(ns_exponent)
        self.cbow_mean = int(cbow_mean)
        self.epochs = epochs
        self.sorted_vocab = int(sorted_vocab)
        self.batch_words = batch_words
        self.compute_loss = compute_loss
        self.max_final_vocab = max_final_vocab
        self.shrink_windows = bool(shrink_windows)
        self.deterministic = deterministic
        self._check_settings()
        self._begin()
        if sentences is not None or corpus_file is not None:
            corpus = corpus_of(sentences, corpus_file)
            check_restartable(corpus)
            self.build_vocab(corpus, trim_rule=trim_rule)
            self.train(corpus, callbacks=callbacks, show_progress=show_progress)
        elif trim_rule is not None or callbacks:
            msg = "trim_rule and callbacks: expected with a corpus; else give them to " + (
                "build_vocab" if trim_rule is not None else "train"
            )
            raise ValueError(msg)

    def _check_settings(self) -> None:
        for name, least in (
            ("vector_size", 1),
            ("window", 1),
            ("min_count", 0),
            ("max_vocab_size", 1),
            ("max_final_vocab", 1),
            ("seed", 0),
            ("workers", 1),
            ("negative", 0),
            ("epochs", 1),
            ("batch_words", 1),
        ):
            value = getattr(self, name)
            if value is None and name.startswith("max_"):
                continue
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                msg = f"{name}: expected a whole number of {least} or more, got {value!r}"
                raise ValueError(msg)
        for name in ("sg", "hs", "cbow_mean", "sorted_vocab"):
            if getattr(self, name) not in {0, 1}:
                msg = f"{name}: expected 0 or 1, got {getattr(self, name)!r}"
                raise ValueError(msg)
        for name in ("alpha", "min_alpha", "sample", "ns_exponent"):
            value = getattr(self, name)
            if not np.isfinite(value) or (value < 0 and name != "ns_exponent"):
                msg = f"{name}: expected a number of 0 or more, got {value!r}"
                raise ValueError(msg)
        if not self.hs and not self.negative:
            msg = "hs=0 and negative=0: expected hs=1, a positive negative, or both"
            raise ValueError(msg)

    # ---- training --------------------------------------------------------------------------------

    def train(
        self,
        corpus_iterable: Iterable[Sentence] | None = None,
        corpus_file: Path | None = None,
        total_examples: int | None = None,
        total_words: int | None = None,
        epochs: int | None = None,
        start_alpha: float | None = None,
        end_alpha: float | None = None,
        *,
        compute_loss: bool | None = None,
        callbacks: Iterable[Any] = (),
        show_progress: bool = False,
        first_epoch: int = 0,
    ) -> tuple[int, int]:
        """Train on a corpus.

        Args:
            corpus_iterable: sentences.
            corpus_file: or a text file.
            total_examples: its sentences, for the learning rate; by default its words count.
            total_words: its words; by default those of the corpus of the vocabulary.
            epochs: passes over it; the constructor's by default.
            start_alpha: the learning rate at the beginning; the constructor's by default.
            end_alpha: and at the end.
            compute_loss: whether to add up the loss; the constructor's by default.
            callbacks: objects with any of the methods of :class:`CallbackAny2Vec`.
            show_progress: show a bar (needs tqdm).
            first_epoch: epochs that were trained before, to go on after them as if without a
                break.

        Returns:
            Words trained, after sub-sampling and without unknown ones, and words read.

        Raises:
            RuntimeError: there is no vocabulary.
            TypeError: there is no corpus, or it can be read only once and is to be more often.
            ValueError: ``first_epoch`` is not below ``epochs``.
        """
        corpus = corpus_of(corpus_iterable, corpus_file)
        epochs = self.epochs if epochs is None else epochs
        if not 0 <= first_epoch < epochs:
            msg = f"first_epoch: expected 0 to {epochs - 1}, as there are {epochs}; {first_epoch=}"
            raise ValueError(msg)
        if epochs - first_epoch > 1:
            check_restartable(corpus)
        self._check_vocabulary()
        self._adopt_vectors()
        if compute_loss is not None:
            self.compute_loss = compute_loss
        if not first_epoch:
            self.train_calls += 1
            self.epochs_done = 0
        rate = _LearningRate(
            self.alpha if start_alpha is None else start_alpha,
            self.min_alpha if end_alpha is None else end_alpha,
            epochs,
            total_examples,
            total_words or self.corpus_total_words,
        )
        encoder = self._encoder(corpus)
        callbacks = tuple(callbacks)
        bar = ProgressBar(rate.words * (epochs - first_epoch)) if show_progress else None
        words = kept = 0
        _tell(callbacks, "on_train_begin", self)
        try:
            for epoch in range(first_epoch, epochs):
                _tell(callbacks, "on_epoch_begin", self)
                done = self._train_epoch(encoder, epoch, rate, bar)
                words, kept = words + done.words, kept + done.kept
                _tell(callbacks, "on_epoch_end", self)
        finally:
            if bar is not None:
                bar.close()
        _tell(callbacks, "on_train_end", self)
        return kept, words

    def _check_vocabulary(self) -> None:
        if len(self.wv):
            return
        msg = "you must first build vocabulary before training the model"
        if self.corpus_total_words:
            msg = (
                f"none of the corpus's {self.corpus_total_words} words occurs "
                f"{self.effective_min_count} times (min_count) or is kept by a trim_rule: "
                "expected a larger corpus or a smaller min_count"
            )
        raise RuntimeError(msg)

    def _encoder(self, corpus: Iterable[Sentence]) -> Encoder:
        if isinstance(corpus, LineSentence):
            return TextEncoder(corpus, self.wv.index_to_key)
        return TokenEncoder(corpus, self.wv.key_to_index, self.batch_words)

    def _train_epoch(
        self, encoder: Encoder, epoch: int, rate: _LearningRate, bar: ProgressBar | None
    ) -> Progress:
        batches = encoder.batches()
        threads = self.workers
        if self.deterministic:
            threads = 1
            if self.workers > 1:
                batches = read_ahead(batches)
        run = Epoch(
            Tables(self._inputs, self._outputs, self._nodes, self._keep, self._noise, self._paths),
            Rule(
                self.window,
                self.shrink_windows,
                not self.sg,
                bool(self.cbow_mean),
                self.negative,
                self.compute_loss,
            ),
            batches,
            alpha=lambda words, sentences: rate.at(epoch, words, sentences),
            seed=f"{self.seed} {self.train_calls} {epoch} ".encode(),
            report=lambda progress: bar.show(progress) if bar is not None else None,
        )
        done = run.run(threads)
        if bar is not None:
            bar.end_epoch(done)
        self.epoch_losses.append(done.mean_loss)
        self._total_loss += done.loss
        self.epochs_done = epoch + 1
        self.wv.norms = None
        return done

    def get_latest_training_loss(self) -> float:
        """Return the loss summed over all examples trained so far, in double precision, in nats."""
        return self._total_loss

    # ---- files -----------------------------------------------------------------------------------

    def save(self, fname: Path) -> None:
        """Save the whole model, to train it further; callbacks are not part of it.

        The file is one of ``penlight.save``. To keep only the vectors, save ``wv``.

        Args:
            fname: a path; what was there stays until the new file is whole.

        Raises:
            TypeError: a word is neither a string nor a number.
        """
        self._adopt_vectors()
        _model_file.save(self, fname)

    @classmethod
    def load(cls, fname: Path) -> Word2Vec:
        """Load a model that :meth:`save` wrote.

        Raises:
            CheckpointError: the file is damaged.
            ValueError: it holds something else.

        Example:
            >>> import pathlib, tempfile
            >>> from penlight.text import Word2Vec
            >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.pt"
            >>> Word2Vec([["a", "b"]], min_count=1, workers=1).save(path)
            >>> Word2Vec.load(path).wv.index_to_key
            ['a', 'b']
        """
        return _model_file.load(cls, fname)

    def __repr__(self) -> str:
        kind = "skip-gram" if self.sg else "CBOW"
        return (
            f"Word2Vec<{kind}, vocab={len(self.wv)}, vector_size={self.vector_size}, "
            f"alpha={self.alpha}>"
        )


class _LearningRate:
    """The learning rate, falling in a straight line from the first word to the last."""

    def __init__(
        self, first: float, last: float, epochs: int, sentences: int | None, words: int
    ) -> None:
        self._first, self._last, self._epochs, self._sentences = first, last, epochs, sentences
        self.words = words

    def at(self, epoch: int, words: int, sentences: int) -> float:
        """Return the rate after so many words and sentences of an epoch."""
        if self._sentences:
            share = sentences / self._sentences
        else:
            share = words / self.words if self.words else 0.0
        progress = (epoch + min(share, 1.0)) / self._epochs
        return self._first - (self._first - self._last) * progress


def _tell(callbacks: Iterable[Any], event: str, model: Word2Vec) -> None:
    for callback in callbacks:
        method = getattr(callback, event, None)
        if method is not None:
            method(model)
