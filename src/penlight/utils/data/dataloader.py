"""The loader: batches of a dataset, in a sampler's order."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from ._fetch import Recipe
from ._iteration import _MultiProcessingDataLoaderIter, _SingleProcessDataLoaderIter
from ._utils.collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

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

    With ``num_workers``, as many processes fetch batches ahead; the batches, their order and the
    seeds of the workers are torch's. Tensors come from them through pipes, which leave nothing
    behind when a process is killed. An exception in a worker is raised here with the worker's
    traceback; a worker that dies is noticed; workers end with the iterator, with the program, and
    with Ctrl-C.

    Workers are threads on a Python without a global lock (free-threaded), and on any other with
    ``multiprocessing_context="thread"``, which torch does not have: nothing is sent or started, so
    it pays where samples are read from files or computed by what releases the lock. Each thread
    draws from a default generator of its own, seeded as that of a process, and has a shallow copy
    of the dataset, so that ``worker_init_fn`` can change its attributes; what those hold is shared.
    :mod:`random` and ``numpy.random`` belong to the whole process: they are not seeded. A sample
    that draws from them takes the generators in ``get_worker_info().rng`` instead. A thread that
    hangs cannot be ended.

    Batches of a plain :class:`TensorDataset`, or of a :class:`Subset` of one, are fetched by one
    index per tensor instead of sample by sample.

    Args:
        dataset: a dataset by index or a stream.
        batch_size: samples in a batch; ``None`` gives single samples, not collated.
        shuffle: visit the samples in a new random order each time.
        sampler: an order of indices, instead of ``shuffle``.
        batch_sampler: lists of indices, instead of ``batch_size``, ``shuffle``, ``sampler`` and
            ``drop_last``.
        num_workers: processes or threads that fetch batches; with 0 the caller's thread does.
        collate_fn: makes a batch of a list of samples.
        pin_memory: accepted; there is no accelerator to pin memory for.
        drop_last: leave out a last, smaller batch.
        timeout: with workers, seconds to wait for a batch at most; 0 is without end.
        worker_init_fn: called in each worker with its number, after its generators are seeded.
        multiprocessing_context: how workers are started: ``"fork"``, ``"spawn"``,
            ``"forkserver"``, or a context of :mod:`multiprocessing`; or ``"thread"``. By default
            the default of :mod:`multiprocessing`, and threads where no global lock is.
        generator: where shuffling, and the seed drawn for each iteration, come from.
        prefetch_factor: batches that each worker fetches ahead; 2 by default.
        persistent_workers: keep the workers, and their copies of the dataset, for the next pass.
        pin_memory_device: accepted.
        in_order: ``False`` gives the batches of workers as they come.

    Raises:
        ValueError: options exclude each other or are out of range.
        RuntimeError: while iterating: a worker died, or a batch took longer than ``timeout``.

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
    _iterator: _MultiProcessingDataLoaderIter | None = None
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
        _check_workers(num_workers, timeout, prefetch_factor, persistent=persistent_workers)
        self._is_stream = isinstance(dataset, IterableDataset)
        if self._is_stream:
            _check_stream(shuffle, sampler, batch_sampler)
        _check_exclusive(batch_size, shuffle, sampler, batch_sampler, drop_last=drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
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
        _warn_of_workers(num_workers)

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

    @property
    def multiprocessing_context(self) -> Any:
        """How workers are started: a context of :mod:`multiprocessing`, "thread", or ``None``."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, value: Any) -> None:
        self._context = None if value is None else _context(value, self.num_workers)

    def _recipe(self) -> Recipe:
        collate: Any = self.collate_fn
        return Recipe(collate, self._is_stream, self._auto_collation, self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        if self.num_workers == 0:
            return _SingleProcessDataLoaderIter(self)
        last = self._iterator
        if self.persistent_workers and last is not None and last._usable:
            last._resume()
            return last
        _warn_of_workers(self.num_workers)
        made = _MultiProcessingDataLoaderIter(self)
        if self.persistent_workers:
            self._iterator = made
        return made

    def __len__(self) -> int:
        if not self._is_stream:
            return len(self._index_sampler)
        dataset: Any = self.dataset
        length = self._stream_length = len(dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, *, persistent: bool
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
    if num_workers == 0 and prefetch_factor is not None:
        msg = (
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
        raise ValueError(msg)
    if prefetch_factor is not None and prefetch_factor < 0:
        msg = f"prefetch_factor option should be non-negative, but got {prefetch_factor}"
        raise ValueError(msg)
    if persistent and num_workers == 0:
        msg = "persistent_workers option needs num_workers > 0"
        raise ValueError(msg)


def _context(given: Any, num_workers: int) -> Any:
    """Return what a ``multiprocessing_context`` names: a context of its module, or "thread"."""
    if num_workers == 0:
        msg = (
            "multiprocessing_context can only be used with multi-process loading "
            f"(num_workers > 0), but got num_workers={num_workers}"
        )
        raise ValueError(msg)
    if isinstance(given, str):
        if given == "thread":
            return given
        methods = multiprocessing.get_all_start_methods()
        if given not in methods:
            msg = (
                "multiprocessing_context option should specify a valid start method in "
                f"{methods!r}, but got multiprocessing_context={given!r}; 'thread' is for threads"
            )
            raise ValueError(msg)
        return multiprocessing.get_context(given)
    if not isinstance(given, multiprocessing.context.BaseContext):
        msg = (
            "multiprocessing_context option should be a valid context object or a string "
            f"specifying the start method, but got multiprocessing_context={given}"
        )
        raise TypeError(msg)
    return given


def _warn_of_workers(num_workers: int) -> None:
    """Warn, as torch does, of more workers than processors."""
    has_set = hasattr(os, "sched_getaffinity")
    processors = len(os.sched_getaffinity(0)) if has_set else os.cpu_count() or 1
    if num_workers > processors:
        warnings.warn(
            f"This DataLoader will create {num_workers} worker processes in total. Our suggested "
            f"max number of worker in current system is {processors}, which is smaller than what "
            "this DataLoader is going to create. More processes than processors may be slow; "
            "lower num_workers if they are.",
            stacklevel=3,
        )


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
