"""Samplers: in which order, and in which batches, a loader visits a dataset."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np

from ... import Generator, as_tensor, empty, float64, int64, multinomial, randint, randperm
from ..._tensor import Array, Tensor

T_co = TypeVar("T_co", covariant=True)

# torch: draws with replacement are made in blocks of this many; the block size decides the numbers.
_BLOCK = 32


def draw_seed(generator: Any = None) -> int:
    """Draw a seed as torch does: one 63-bit number from ``generator``."""
    return int(empty((), dtype=int64).random_(generator=generator).item())


class Sampler(Generic[T_co]):
    """Base class of the samplers: a subclass defines ``__iter__`` and, if it can, ``__len__``.

    Example:
        >>> import penlight as torch
        >>> class EverySecond(torch.utils.data.Sampler):
        ...     def __init__(self, data):
        ...         self.data = data
        ...
        ...     def __iter__(self):
        ...         return iter(range(0, len(self.data), 2))
        >>> list(EverySecond("abcde"))
        [0, 2, 4]
    """

    # torch: no __len__ here, so that len() of a sampler without one raises TypeError.

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """Visit the samples in order.

    Args:
        data_source: what is sampled; its length counts.
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Visit the samples in random order, or draw them with replacement.

    Args:
        data_source: what is sampled; its length counts.
        replacement: whether a sample may come again.
        num_samples: how many to draw; by default as many as there are. Without replacement, more
            than there are come as several shuffles.
        generator: where the random numbers come from; by default a generator seeded from the
            global one at each iteration.

    Raises:
        TypeError: ``replacement`` is no bool.
        ValueError: ``num_samples`` is no positive integer.

    Example:
        >>> import penlight as torch
        >>> sampler = torch.utils.data.RandomSampler(range(5))
        >>> sorted(sampler)
        [0, 1, 2, 3, 4]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Any = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        _check_bool("replacement", replacement, TypeError)
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            msg = (
                "num_samples should be a positive integer value, "
                f"but got num_samples={self.num_samples}"
            )
            raise ValueError(msg)

    @property
    def num_samples(self) -> int:
        """How many samples an iteration gives; the dataset's size now, if not told."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        for block in self._blocks():
            yield from block.tolist()

    def _blocks(self) -> Iterator[Tensor]:
        """Draw the indices as torch does, a vector at a time."""
        size = len(self.data_source)
        generator = self.generator
        if generator is None:
            generator = Generator()
            generator.manual_seed(draw_seed())
        if self.replacement:
            for begin in range(0, self.num_samples, _BLOCK):
                count = min(_BLOCK, self.num_samples - begin)
                yield randint(high=size, size=(count,), dtype=int64, generator=generator)
            return
        for _ in range(self.num_samples // size):
            yield randperm(size, generator=generator)
        # torch: the last, partial shuffle is drawn even when nothing of it is needed.
        yield randperm(size, generator=generator)[: self.num_samples % size]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """Visit the given indices in random order.

    Args:
        indices: the indices.
        generator: where the random numbers come from; by default the global generator.
    """

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for place in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[place]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Draw indices with the given probabilities.

    Args:
        weights: a weight for each index; they need not sum to one.
        num_samples: how many to draw.
        replacement: whether an index may come again.
        generator: where the random numbers come from; by default the global generator.

    Raises:
        ValueError: ``num_samples`` is no positive integer, ``replacement`` no bool, or ``weights``
            not one-dimensional.
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Any = None,
    ) -> None:
        _check_positive("num_samples", num_samples)
        _check_bool("replacement", replacement, ValueError)
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.dim() != 1:
            msg = (
                "weights should be a 1d sequence but given weights have shape "
                f"{tuple(self.weights.shape)}"
            )
            raise ValueError(msg)
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        yield from multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        ).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Group another sampler's indices into batches.

    Args:
        sampler: a sampler, or any iterable.
        batch_size: indices in a batch.
        drop_last: whether a last, smaller batch is left out.

    Raises:
        ValueError: ``batch_size`` is no positive integer, or ``drop_last`` no bool.

    Example:
        >>> import penlight as torch
        >>> list(torch.utils.data.BatchSampler(range(5), batch_size=2, drop_last=False))
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        sampler: Sampler[int] | Iterable[int],
        batch_size: int,
        drop_last: bool,
    ) -> None:
        _check_positive("batch_size", batch_size)
        _check_bool("drop_last", drop_last, ValueError)
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield batch

    def __len__(self) -> int:
        size = len(self.sampler)  # type: ignore[arg-type]
        return size // self.batch_size if self.drop_last else -(-size // self.batch_size)


def index_batches(sampler: Any) -> Iterator[Array | slice] | None:
    """Return a plain batch sampler's batches over a plain order as index arrays or as slices.

    ``None`` if either is of another class, whose iteration must be asked.
    """
    if type(sampler) is not BatchSampler:
        return None
    if type(sampler.sampler) is SequentialSampler:
        return _slices(sampler, len(sampler.sampler))
    if type(sampler.sampler) is RandomSampler:
        return _cut(sampler, sampler.sampler._blocks())
    return None


def _slices(sampler: BatchSampler, length: int) -> Iterator[slice]:
    step = sampler.batch_size
    for begin in range(0, length - length % step if sampler.drop_last else length, step):
        yield slice(begin, min(begin + step, length))


def _cut(sampler: BatchSampler, blocks: Iterator[Tensor]) -> Iterator[Array]:
    """Cut blocks of indices into batches; a batch may begin in one block and end in another."""
    size, rest = sampler.batch_size, np.empty(0, np.int64)
    for block in blocks:
        indices = block.numpy()
        if rest.size:
            indices = np.concatenate([rest, indices])
        whole = len(indices) - len(indices) % size
        for begin in range(0, whole, size):
            yield indices[begin : begin + size]
        rest = indices[whole:]
    if rest.size and not sampler.drop_last:
        yield rest


def _check_positive(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        msg = f"{name} should be a positive integer value, but got {name}={value}"
        raise ValueError(msg)


def _check_bool(name: str, value: Any, error: type[Exception]) -> None:
    if not isinstance(value, bool):
        msg = f"{name} should be a boolean value, but got {name}={value}"
        raise error(msg)
