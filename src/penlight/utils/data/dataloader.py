"""The loader: batches of a dataset, in a sampler's order."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from ._collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset, rows_fetcher
from .sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    draw_seed,
    index_batches,
)

__all__ = ["DataLoader", "default_collate", "default_convert"]

T_co = TypeVar("T_co", covariant=True)

_FIXED = frozenset(
    {
        "batch_size",
        "batch_sampler",
        "sampler",
        "drop_last",
        "dataset",
        "persistent_workers",
    }
)


class _InfiniteConstantSampler(Sampler[None]):
    """The sampler of a stream: no index, for ever."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


class DataLoader(Generic[T_co]):
    """Iterate over a dataset in batches.

    Batches of a plain :class:`TensorDataset`, or of a :class:`Subset` of one, are fetched by one
    index per tensor instead of sample by sample.

    Args:
        dataset: a dataset by index or a stream.
        batch_size: samples in a batch; ``None`` gives single samples, not collated.
        shuffle: visit the samples in a new random order each time.
        sampler: an order of indices, instead of ``shuffle``.
        batch_sampler: lists of indices, instead of ``batch_size``, ``shuffle``, ``sampler`` and
            ``drop_last``.
        num_workers: 0; loading in worker processes is not supported yet.
        collate_fn: makes a batch of a list of samples.
        pin_memory: accepted; there is no accelerator to pin memory for.
        drop_last: leave out a last, smaller batch.
        timeout: for workers.
        worker_init_fn: for workers.
        multiprocessing_context: for workers.
        generator: where shuffling, and the seed drawn for each iteration, come from.
        prefetch_factor: for workers.
        persistent_workers: for workers.
        pin_memory_device: accepted.
        in_order: for workers.

    Raises:
        ValueError: options exclude each other or are out of range.
        NotImplementedError: ``num_workers`` is not 0.

    Example:
        >>> import penlight as torch
        >>> data = torch.utils.data.TensorDataset(torch.arange(5))
        >>> for (batch,) in torch.utils.data.DataLoader(data, batch_size=2):
        ...     print(batch)
        tensor([0, 1])
        tensor([2, 3])
        tensor([4])
    """

    _initialized = False
    _stream_length: int | None = None

    def __init__(
        self,
        dataset: Dataset[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, multiprocessing_context)
        if persistent_workers:
            msg = "persistent_workers option needs num_workers > 0"
            raise ValueError(msg)
        self._is_stream = isinstance(dataset, IterableDataset)
        if self._is_stream:
            _check_stream(shuffle, sampler, batch_sampler)
        _check_exclusive(batch_size, shuffle, sampler, batch_sampler, drop_last=drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.persistent_workers = persistent_workers
        self.generator = generator
        if sampler is None:
            sampler = self._default_sampler(shuffle=bool(shuffle))
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        if collate_fn is None:
            collate_fn = default_collate if self._auto_collation else default_convert
        self.collate_fn = collate_fn
        self._initialized = True

    def _default_sampler(self, *, shuffle: bool) -> Sampler[Any]:
        if self._is_stream:
            return _InfiniteConstantSampler()
        sized: Any = self.dataset
        return (
            RandomSampler(sized, generator=self.generator) if shuffle else SequentialSampler(sized)
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if self._initialized and name in _FIXED:
            msg = f"{name} attribute should not be set after {type(self).__name__} is initialized"
            raise ValueError(msg)
        super().__setattr__(name, value)

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        return _SingleProcessDataLoaderIter(self)

    def __len__(self) -> int:
        if not self._is_stream:
            return len(self._index_sampler)
        dataset: Any = self.dataset
        length = self._stream_length = len(dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)


class _SingleProcessDataLoaderIter:
    """One pass over a loader's batches."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        if loader.timeout != 0:
            msg = f"_SingleProcessDataLoaderIter requires timeout == 0, but got {loader.timeout}"
            raise AssertionError(msg)
        if loader.pin_memory:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, "
                "then device pinned memory won't be used.",
                stacklevel=3,
            )
        self._loader = loader
        self._index_sampler = loader._index_sampler
        fetch_rows = self._rows_fetcher()
        batches = None if fetch_rows is None else index_batches(self._index_sampler)
        self._sampler_iter = iter(self._index_sampler) if batches is None else batches
        # torch: each iteration draws a seed for its workers, also when there are none; the random
        # numbers after it depend on that.
        self._base_seed = draw_seed(loader.generator)
        self._num_yielded = 0
        self._fetch = self._fetcher() if fetch_rows is None else fetch_rows

    def __iter__(self) -> _SingleProcessDataLoaderIter:
        return self

    def __next__(self) -> Any:
        batch = self._fetch(next(self._sampler_iter))
        self._num_yielded += 1
        length = self._loader._stream_length
        if length is not None and self._num_yielded > length:
            warnings.warn(
                f"Length of IterableDataset {self._loader.dataset} was reported to be {length}"
                f"(when accessing len(dataloader)), but {self._num_yielded} samples have been "
                "fetched. ",
                stacklevel=2,
            )
        return batch

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __getstate__(self) -> Any:
        msg = f"{type(self).__name__} cannot be pickled"
        raise NotImplementedError(msg)

    def _rows_fetcher(self) -> Callable[[Any], Any] | None:
        """Return how whole batches are fetched from tensors in memory, if that is what this is."""
        loader = self._loader
        plain = loader._auto_collation and loader.collate_fn is default_collate
        return rows_fetcher(loader.dataset) if plain and not loader._is_stream else None

    def _fetcher(self) -> Callable[[Any], Any]:
        """Return how an index, or a list of them, becomes a batch."""
        loader = self._loader
        dataset: Any = loader.dataset
        collate: Any = loader.collate_fn
        batched = loader._auto_collation
        if loader._is_stream:
            stream = iter(dataset)
            if batched:
                return lambda indices: collate(_take(stream, len(indices), loader.drop_last))
            return lambda _: collate(next(stream))
        if not batched:
            return lambda index: collate(dataset[index])
        return lambda indices: collate(_samples(dataset, indices))


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


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, multiprocessing_context: Any
) -> None:
    if num_workers < 0:
        msg = (
            "num_workers option should be non-negative; use num_workers=0 to disable "
            f"multiprocessing. Got {num_workers}"
        )
        raise ValueError(msg)
    if timeout < 0:
        msg = f"timeout option should be non-negative, but got {timeout}"
        raise ValueError(msg)
    if num_workers > 0:
        msg = (
            f"DataLoader: num_workers={num_workers} asks for worker processes, which penlight does "
            "not have yet; use num_workers=0, which loads the same batches in this process"
        )
        raise NotImplementedError(msg)
    if prefetch_factor is not None:
        msg = (
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
        raise ValueError(msg)
    if multiprocessing_context is not None:
        msg = (
            "multiprocessing_context can only be used with multi-process loading "
            f"(num_workers > 0), but got num_workers={num_workers}"
        )
        raise ValueError(msg)


def _check_stream(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    given = {
        "shuffle": shuffle or None,
        "sampler": sampler,
        "batch_sampler": batch_sampler,
    }
    for name, value in given.items():
        if value is not None:
            msg = (
                f"DataLoader with IterableDataset: expected unspecified {name} option, "
                f"but got {name}={value}"
            )
            raise ValueError(msg)


def _check_exclusive(
    batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, *, drop_last: Any
) -> None:
    if sampler is not None and shuffle:
        msg = "sampler option is mutually exclusive with shuffle"
        raise ValueError(msg)
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            msg = (
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
                "and drop_last"
            )
            raise ValueError(msg)
    elif batch_size is None and drop_last:
        msg = (
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )
        raise ValueError(msg)
