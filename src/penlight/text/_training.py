"""An epoch of training: batches read under a lock, and trained by threads."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import kernels
from .corpus import Batch
from .vocabulary import Paths

Array = npt.NDArray[Any]


@dataclass
class Tables:
    """What is trained, and what draws words: the arguments of the kernel.

    Attributes:
        inputs: word vectors, float32, shape (V, stride).
        outputs: of negative sampling, shape (V, stride), or None.
        nodes: of hierarchical softmax, shape (V - 1, stride), or None.
        keep: thresholds of sub-sampling, uint32, shape (V).
        noise: thresholds and aliases of the noise distribution, or None.
        paths: of the Huffman tree, or None.
    """

    inputs: Array
    outputs: Array | None
    nodes: Array | None
    keep: Array
    noise: tuple[Array, Array] | None
    paths: Paths | None


@dataclass(frozen=True)
class Rule:
    """How a window is trained; see :func:`penlight.kernels.train_words`."""

    window: int
    shrink: bool
    cbow: bool
    mean: bool
    negative: int
    with_loss: bool


@dataclass
class Progress:
    """What an epoch did so far.

    Attributes:
        words: words read, known or not.
        sentences: sentences read.
        kept: words that sub-sampling kept.
        loss: summed over ``examples``, in nats; 0.0 unless it is computed.
        examples: pairs of a word and a centre, or windows for CBOW.
    """

    words: int = 0
    sentences: int = 0
    kept: int = 0
    loss: float = 0.0
    examples: int = 0

    def add(self, batch: Batch, loss: float, examples: int, kept: int) -> None:
        """Count a batch that was trained."""
        self.words += batch.words
        self.sentences += batch.sentences
        self.kept += kept
        self.loss += loss
        self.examples += examples

    @property
    def mean_loss(self) -> float:
        """The mean loss of an example, in nats; NaN where none was trained or none computed."""
        return self.loss / self.examples if self.examples and self.loss else float("nan")


class Epoch:
    """One pass over a corpus.

    Args:
        tables: what is trained.
        rule: how.
        batches: the corpus.
        alpha: the learning rate of a batch, given the words and sentences read before it.
        seed: with a batch's number, decides its draws.
        report: called now and then by the thread that called :meth:`run`, and at the end.
    """

    def __init__(
        self,
        tables: Tables,
        rule: Rule,
        batches: Iterator[Batch],
        *,
        alpha: Callable[[int, int], float],
        seed: bytes,
        report: Callable[[Progress], None],
    ) -> None:
        self._tables, self._rule = tables, rule
        self._batches, self._alpha, self._seed = batches, alpha, seed
        self._report = report
        self._reading, self._counting = threading.Lock(), threading.Lock()
        self._number = self._words = self._sentences = 0
        self._failure: BaseException | None = None
        self.done = Progress()

    def run(self, workers: int) -> Progress:
        """Train by ``workers`` threads, of which this is one.

        Raises:
            Exception: what reading the corpus, or a report, raised; no thread goes on then.
        """
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(workers - 1)]
        for thread in threads:
            thread.start()
        try:
            self._work(report=True)
        finally:
            # What came here by an exception, Ctrl-C among them, ends the others too.
            for thread in threads:
                thread.join()
        if self._failure is not None:
            raise self._failure
        self._report(self.done)
        return self.done

    def _work(self, *, report: bool = False) -> None:
        kernels.enter_thread()
        try:
            while (job := self._next()) is not None:
                batch, alpha, seed = job
                trained = self._train(batch, alpha, seed)
                with self._counting:
                    self.done.add(batch, *trained)
                if report:
                    self._report(self.done)
        except BaseException as error:
            self._failure = error
            if report:
                raise

    def _next(self) -> tuple[Batch, float, int] | None:
        """Read the next batch; None at the end and after a failure."""
        with self._reading:
            batch = None if self._failure is not None else next(self._batches, None)
            if batch is None:
                return None
            alpha = self._alpha(self._words, self._sentences)
            seed = hashlib.blake2b(self._seed + self._number.to_bytes(8, "little"), digest_size=8)
            self._number += 1
            self._words += batch.words
            self._sentences += batch.sentences
            return batch, alpha, int.from_bytes(seed.digest(), "little")

    def _train(self, batch: Batch, alpha: float, seed: int) -> tuple[float, int, int]:
        tables, rule = self._tables, self._rule
        thresholds, aliases = tables.noise or (None, None)
        starts, nodes, turns = tables.paths or (None, None, None)
        return kernels.train_words(
            tables.inputs,
            tables.outputs,
            tables.nodes,
            batch.tokens,
            tables.keep,
            noise_thresholds=thresholds,
            noise_aliases=aliases,
            negative=rule.negative,
            path_starts=starts,
            path_nodes=nodes,
            path_turns=turns,
            window=rule.window,
            shrink=rule.shrink,
            cbow=rule.cbow,
            mean=rule.mean,
            alpha=alpha,
            with_loss=rule.with_loss,
            seed=seed,
        )


def read_ahead(batches: Iterator[Batch], most: int = 4) -> Iterator[Batch]:
    """Yield what an iterator yields, read by a thread of its own, up to ``most`` ahead."""
    ready: list[Batch] = []
    changed = threading.Condition()
    ended = stopped = False
    failure: BaseException | None = None

    def read() -> None:
        nonlocal ended, failure
        kernels.enter_thread()
        try:
            for batch in batches:
                with changed:
                    changed.wait_for(lambda: stopped or len(ready) < most)
                    if stopped:
                        return
                    ready.append(batch)
                    changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - raised again where the batches are used
            failure = error
        finally:
            with changed:
                ended = True
                changed.notify_all()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        while True:
            with changed:
                changed.wait_for(lambda: ready or ended)
                if not ready:
                    break
                batch = ready.pop(0)
                changed.notify_all()
            yield batch
    finally:
        with changed:
            stopped = True
            changed.notify_all()
        thread.join()
    if failure is not None:
        raise failure


def padded(rows: Array) -> Array:
    """Return rows filled up with zeros to the width that the kernel takes."""
    wide = np.zeros((rows.shape[0], stride_of(rows.shape[1])), np.float32)
    wide[:, : rows.shape[1]] = rows
    return wide


def stride_of(width: int) -> int:
    """Return the floats of a row of ``width`` numbers: a multiple of 16."""
    return -(-width // 16) * 16
