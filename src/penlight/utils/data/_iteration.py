"""One pass over a loader's batches, fetched in this process or in workers."""

from __future__ import annotations

import itertools
import multiprocessing
import sys
import warnings
import weakref
from typing import TYPE_CHECKING, Any

from .sampler import draw_seed, index_batches

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._threads import ThreadWorkers
    from ._worker import Job
    from ._workers import Workers
    from .dataloader import DataLoader


class _BaseDataLoaderIter:
    """What both ways have in common."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        _warn_of_pinning(loader)
        self._loader = loader
        self._recipe = loader._recipe()
        self._index_sampler = loader._index_sampler
        self._sampler_iter = self._begin_sampling()
        # torch: each iteration draws a seed for its workers, also when there are none; the random
        # numbers after it depend on that.
        self._base_seed = draw_seed(loader.generator)
        self._num_yielded = 0

    def _begin_sampling(self) -> Any:
        return iter(self._index_sampler)

    def _next_data(self) -> Any:
        raise NotImplementedError

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        batch = self._next_data()
        self._num_yielded += 1
        length = self._loader._stream_length
        if length is not None and self._num_yielded > length:
            text = (
                f"Length of IterableDataset {self._loader.dataset} was reported to be {length}"
                f"(when accessing len(dataloader)), but {self._num_yielded} samples have been "
                "fetched. "
            )
            if self._loader.num_workers:
                text += (
                    "For multiprocessing data-loading, this could be caused by every worker "
                    "giving all samples: see torch.utils.data.get_worker_info, by which a stream "
                    "can give each worker its part."
                )
            warnings.warn(text, stacklevel=2)
        return batch

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __getstate__(self) -> Any:
        msg = f"{type(self).__name__} cannot be pickled"
        raise NotImplementedError(msg)


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    """Batches fetched when they are asked for."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        if loader.timeout != 0:
            msg = f"_SingleProcessDataLoaderIter requires timeout == 0, but got {loader.timeout}"
            raise AssertionError(msg)
        super().__init__(loader)
        self._fetch = self._recipe.fetcher(loader.dataset)

    def _begin_sampling(self) -> Any:
        rows = self._recipe.rows_fetcher(self._loader.dataset)
        batches = None if rows is None else index_batches(self._index_sampler)
        return super()._begin_sampling() if batches is None else batches

    def _next_data(self) -> Any:
        return self._fetch(next(self._sampler_iter))


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """Batches fetched ahead by workers, each a task that is numbered when handed out."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self._count = loader.num_workers
        self._workers = self._start()
        # Also when this is abandoned midway, or the interpreter ends.
        weakref.finalize(self, self._workers.stop)
        self._begin()

    def _start(self) -> Workers | ThreadWorkers:
        """Start the workers; only loaders that have some pay for the imports."""
        context = self._loader.multiprocessing_context
        if are_threads(context):
            from ._threads import ThreadWorkers  # noqa: PLC0415

            return ThreadWorkers(self._count, self._job)
        from ._workers import Workers  # noqa: PLC0415

        return Workers(context or multiprocessing, self._count, self._job)

    def _job(self, worker: int) -> Job:
        from ._worker import Job  # noqa: PLC0415

        loader = self._loader
        return Job(
            worker=worker,
            num_workers=self._count,
            base_seed=self._base_seed,
            dataset=loader.dataset,
            recipe=self._recipe,
            init=loader.worker_init_fn,
            persistent=loader.persistent_workers,
            kind="thread" if are_threads(loader.multiprocessing_context) else "process",
        )

    @property
    def _usable(self) -> bool:
        """Whether the workers can make another pass."""
        return not self._workers.stopped

    def _resume(self) -> None:
        """Begin a new pass with the workers of the last one."""
        from ._worker import Mark  # noqa: PLC0415

        for worker in range(self._count):
            self._workers.send(worker, Mark.RESUME)
        for worker in range(self._count):
            # What the last pass did not ask for comes first.
            while self._workers.receive([worker], self._loader.timeout)[1].value is not Mark.RESUME:
                pass
        self._begin()

    def _begin(self) -> None:
        # torch: asks the sampler for an order a second time, which counts if that draws.
        self._sampler_iter = self._begin_sampling()
        self._num_yielded = 0
        self._sent = self._received = 0
        self._owners: dict[int, int] = {}  # of the tasks that are out: their workers
        self._loads = [0] * self._count
        self._active = [True] * self._count
        self._turns = itertools.cycle(range(self._count))
        self._most = (self._loader.prefetch_factor or 0) * self._count
        for _ in range(self._most):
            self._hand_out()

    def _hand_out(self) -> None:
        """Give the next task to the worker whose turn it is."""
        worker = self._next_worker()
        if worker is None:
            return
        try:
            index = next(self._sampler_iter)
        except StopIteration:
            return
        self._workers.send(worker, (self._sent, index))
        self._owners[self._sent] = worker
        self._loads[worker] += 1
        self._sent += 1

    def _next_worker(self) -> int | None:
        """Return the next worker in turn; if the order may change, the next that is not busy."""
        share = self._most // max(1, sum(self._active))
        for worker in itertools.islice(self._turns, self._count):
            if self._active[worker] and (self._loader.in_order or self._loads[worker] < share):
                return worker
        return None

    def _next_data(self) -> Any:
        from ._worker import Failure, Mark  # noqa: PLC0415

        while candidates := self._candidates():
            worker, answer = self._workers.receive(candidates, self._loader.timeout)
            del self._owners[answer.task]
            self._loads[worker] -= 1
            if answer.value is Mark.ENDED:
                self._active[worker] = False
                self._hand_out()
                continue
            self._hand_out()
            if isinstance(answer.value, Failure):
                answer.value.reraise()
            return answer.value
        if not self._loader.persistent_workers:
            self._workers.stop()
        raise StopIteration

    def _candidates(self) -> list[int]:
        """Return the workers one of which has the next batch; none when all batches are here."""
        if not self._loader.in_order:
            pairs = zip(self._active, self._loads, strict=True)
            return [worker for worker, (active, load) in enumerate(pairs) if active and load]
        # What was handed to a worker whose stream had ended is not answered.
        while self._received < self._sent:
            worker = self._owners.get(self._received)
            if worker is not None and self._active[worker]:
                return [worker]
            self._owners.pop(self._received, None)
            self._received += 1
        return []


def are_threads(context: Any) -> bool:
    """Return whether workers are threads: where it was asked for, or where threads run at once.

    Args:
        context: ``"thread"``, a context of multiprocessing, or ``None`` for what suits the Python:
            processes, unless it has no lock that lets one thread run at a time.
    """
    if context is not None:
        return bool(context == "thread")
    is_locked: Callable[[], bool] | None = getattr(sys, "_is_gil_enabled", None)
    return is_locked is not None and not is_locked()


def _warn_of_pinning(loader: DataLoader[Any]) -> None:
    if loader.pin_memory and loader.pin_memory_device:
        warnings.warn(
            "pin_memory_device is deprecated, the current accelerator will be used as the device,"
            f"ignore pin_memory_device='{loader.pin_memory_device}'.",
            stacklevel=5,
        )
    if loader.pin_memory:
        warnings.warn(
            "'pin_memory' argument is set as true but no accelerator is found, "
            "then device pinned memory won't be used.",
            stacklevel=5,
        )
