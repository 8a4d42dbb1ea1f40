"""How an index, or a list of them, becomes a batch: in the loader's process and in its workers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ._utils.collate import default_collate
from .dataset import rows_fetcher


@dataclass(frozen=True)
class Recipe:
    """What a loader does with indices.

    Args:
        collate: makes a batch of a list of samples.
        stream: whether the dataset is a stream, whose indices only count.
        batched: whether samples are fetched a batch at a time.
        drop_last: of a stream, whether a last, smaller batch is left out.
    """

    collate: Callable[[Any], Any]
    stream: bool
    batched: bool
    drop_last: bool

    def rows_fetcher(self, dataset: Any) -> Callable[[Any], Any] | None:
        """Return how whole batches are taken from tensors in memory, if that is what this is."""
        plain = self.batched and not self.stream and self.collate is default_collate
        return rows_fetcher(dataset) if plain else None

    def fetcher(self, dataset: Any) -> Callable[[Any], Any]:
        """Return how an index, or a list of them, becomes a batch; a stream begins anew."""
        collate = self.collate
        if self.stream:
            stream = iter(dataset)
            if self.batched:
                return lambda indices: collate(_take(stream, len(indices), self.drop_last))
            return lambda _: collate(next(stream))
        if not self.batched:
            return lambda index: collate(dataset[index])
        return self.rows_fetcher(dataset) or (lambda indices: collate(_samples(dataset, indices)))


def _take(stream: Iterator[Any], count: int, drop_last: bool) -> list[Any]:
    samples = list(itertools.islice(stream, count))
    if not samples or (drop_last and len(samples) < count):
        raise StopIteration
    return samples


def _samples(dataset: Any, indices: Any) -> list[Any]:
    fetch = getattr(dataset, "__getitems__", None)
    if fetch:
        samples: list[Any] = fetch(indices)
        return samples
    return [dataset[index] for index in indices]
