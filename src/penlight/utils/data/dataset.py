"""Datasets: by index or as a stream, of tensors, in parts, joined, and split at random."""

from __future__ import annotations

import itertools
import math
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from ... import default_generator, randperm, tensor
from ..._tensor import Tensor
from ...ops.gathering import rows_at

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """Base class of datasets by index: a subclass defines ``__getitem__`` and ``__len__``.

    A dataset may also define ``__getitems__(indices)``, which returns the samples of a whole batch.

    Example:
        >>> import penlight as torch
        >>> class Squares(torch.utils.data.Dataset):
        ...     def __getitem__(self, index):
        ...         return index**2
        ...
        ...     def __len__(self):
        ...         return 4
        >>> list(torch.utils.data.DataLoader(Squares(), batch_size=2))
        [tensor([0, 1]), tensor([4, 9])]
    """

    # torch: no __len__ here, so that len() of a dataset without one raises TypeError.

    def __getitem__(self, index: Any) -> T_co:
        msg = "Subclasses of Dataset should implement __getitem__."
        raise NotImplementedError(msg)

    def __add__(self, other: Dataset[Any]) -> ConcatDataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """Base class of datasets that are streams: a subclass defines ``__iter__``.

    Example:
        >>> import penlight as torch
        >>> class Countdown(torch.utils.data.IterableDataset):
        ...     def __iter__(self):
        ...         return iter([3, 2, 1])
        >>> list(torch.utils.data.DataLoader(Countdown(), batch_size=2))
        [tensor([3, 2]), tensor([1])]
    """

    def __add__(self, other: Dataset[Any]) -> ChainDataset:  # type: ignore[override]
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """The rows of one or more tensors: a sample is a tuple of one row of each.

    Args:
        tensors: tensors of the same first size.

    Raises:
        AssertionError: the first sizes differ.

    Example:
        >>> import penlight as torch
        >>> data = torch.utils.data.TensorDataset(torch.arange(3), torch.tensor([0.5, 1.5, 2.5]))
        >>> data[1]
        (tensor(1), tensor(1.5000))
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        sizes = [entry.size(0) for entry in tensors]
        if len(set(sizes)) > 1:
            msg = f"Size mismatch between tensors: their first sizes are {sizes}"
            raise AssertionError(msg)
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(entry[index] for entry in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))


class StackDataset(Dataset[Any]):
    """Several datasets side by side: a sample is a tuple, or a dict, of one sample of each.

    Args:
        args: datasets, for tuples.
        kwargs: datasets by name, for dicts.

    Raises:
        ValueError: both or neither are given, or the sizes differ.

    Example:
        >>> import penlight as torch
        >>> torch.utils.data.StackDataset(name=["a", "b"], label=[0, 1])[1]
        {'name': 'b', 'label': 1}
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            msg = (
                "Supported either ``tuple``- (via ``args``) or``dict``- (via ``kwargs``) like "
                "input/output, but both types are given."
            )
            raise ValueError(msg)
        if not args and not kwargs:
            msg = "At least one dataset should be passed"
            raise ValueError(msg)
        self.datasets = args or kwargs
        sizes = [len(entry) for entry in args or kwargs.values()]
        if len(set(sizes)) > 1:
            msg = f"Size mismatch between datasets: their sizes are {sizes}"
            raise ValueError(msg)
        self._length = sizes[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: entry[index] for name, entry in self.datasets.items()}
        return tuple(entry[index] for entry in self.datasets)

    def __getitems__(self, indices: list[int]) -> list[Any]:
        if isinstance(self.datasets, dict):
            columns = [samples_of(entry, indices) for entry in self.datasets.values()]
            return [
                dict(zip(self.datasets, row, strict=True)) for row in zip(*columns, strict=True)
            ]
        return list(zip(*(samples_of(entry, indices) for entry in self.datasets), strict=True))

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[T_co]):
    """Several datasets, one after the other; what ``+`` makes.

    Args:
        datasets: datasets by index.

    Raises:
        AssertionError: there is none, or one is a stream.
    """

    datasets: list[Dataset[T_co]]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Dataset[Any]]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            msg = "datasets should not be an empty iterable"
            raise AssertionError(msg)
        if any(isinstance(entry, IterableDataset) for entry in self.datasets):
            msg = "ConcatDataset does not support IterableDataset"
            raise AssertionError(msg)
        sizes = (len(entry) for entry in self.datasets)  # type: ignore[arg-type]
        self.cumulative_sizes = list(itertools.accumulate(sizes))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> T_co:
        size = len(self)
        if index < 0:
            if -index > size:
                msg = (
                    "absolute value of index should not exceed dataset length: "
                    f"got {index} for {size} samples"
                )
                raise ValueError(msg)
            index += size
        elif index >= size:
            msg = f"list index out of range: got {index} for {size} samples"
            raise IndexError(msg)
        part = bisect_right(self.cumulative_sizes, index)
        before = self.cumulative_sizes[part - 1] if part else 0
        return self.datasets[part][index - before]

    @property
    def cummulative_sizes(self) -> list[int]:
        """The older, misspelt name of ``cumulative_sizes``."""
        warnings.warn(
            "`cummulative_sizes` attribute is renamed to `cumulative_sizes`",
            FutureWarning,
            stacklevel=2,
        )
        return self.cumulative_sizes


class ChainDataset(IterableDataset[Any]):
    """Several streams, one after the other.

    Args:
        datasets: datasets that are streams.

    Raises:
        AssertionError: when iterated, if one of them is no stream.
    """

    def __init__(self, datasets: Iterable[Dataset[Any]]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for entry in self.datasets:
            yield from _stream(entry)

    def __len__(self) -> int:
        return sum(map(len, map(_stream, self.datasets)))  # type: ignore[arg-type]


def _stream(dataset: Dataset[Any]) -> IterableDataset[Any]:
    if not isinstance(dataset, IterableDataset):
        msg = f"ChainDataset only supports IterableDataset, but got {type(dataset).__name__}"
        raise AssertionError(msg)  # noqa: TRY004 - torch's type
    return dataset


class Subset(Dataset[T_co]):
    """The samples of a dataset that a list of indices names.

    Args:
        dataset: the whole dataset.
        indices: indices into it.

    Raises:
        NotImplementedError: a subclass defines ``__getitem__`` without ``__getitems__``.

    Example:
        >>> import penlight as torch
        >>> list(torch.utils.data.Subset("abcdef", [0, 2, 4]))
        ['a', 'c', 'e']
    """

    dataset: Dataset[T_co]
    indices: Sequence[int]

    def __init__(self, dataset: Dataset[T_co], indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices
        cls = type(self)
        whole_batches = cls.__getitems__ is Subset.__getitems__
        if cls.__getitem__ is not Subset.__getitem__ and whole_batches:
            msg = (
                f"{cls.__name__} overrides __getitem__ but not __getitems__. When subclassing "
                "Subset and overriding __getitem__, you must also override __getitems__ to ensure "
                "DataLoader works correctly with your custom logic. A simple implementation:\n\n"
                "def __getitems__(self, indices):\n"
                "    return [self.__getitem__(idx) for idx in indices]"
            )
            raise NotImplementedError(msg)

    def __getitem__(self, index: Any) -> T_co:
        if isinstance(index, list):
            return self.dataset[[self.indices[place] for place in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        return samples_of(self.dataset, [self.indices[place] for place in indices])

    def __len__(self) -> int:
        return len(self.indices)


def samples_of(dataset: Any, indices: Sequence[int]) -> list[Any]:
    """Return the samples of a batch, fetched together where the dataset can do that."""
    fetch = getattr(dataset, "__getitems__", None)
    if not callable(fetch):
        return [dataset[index] for index in indices]
    samples: list[Any] = fetch(indices)
    if len(samples) != len(indices):
        msg = f"Nested dataset's output size mismatch. Expected {len(indices)}, got {len(samples)}"
        raise ValueError(msg)
    return samples


def rows_fetcher(dataset: Any) -> Callable[[Any], list[Tensor]] | None:
    """Return how to fetch what ``default_collate`` makes of a batch, by one index per tensor.

    It takes a list of indices, or an array or a slice of ones that are inside.

    ``None`` if the dataset is not a plain :class:`TensorDataset` or a plain :class:`Subset` of one:
    then the samples must be fetched one by one.
    """
    cls = type(dataset)
    if cls is Subset:
        fetch = rows_fetcher(dataset.dataset)
        if fetch is None:
            return None
        return lambda places: fetch(_chosen(dataset.indices, places))
    unchanged = getattr(cls, "__getitem__", None) is TensorDataset.__getitem__
    if not unchanged or hasattr(cls, "__getitems__"):
        return None

    def rows(places: Any) -> list[Tensor]:
        if places.__class__ is not list:
            return [rows_at(entry, places) for entry in dataset.tensors]
        index = tensor(places)
        return [entry[index] for entry in dataset.tensors]

    return rows


def _chosen(indices: Sequence[int], places: Any) -> list[int]:
    """Return the indices of a subset at a list, an array or a slice of places."""
    if isinstance(places, slice):
        return list(indices[places])
    return [indices[place] for place in (places if isinstance(places, list) else places.tolist())]


def random_split(
    dataset: Dataset[T_co],
    lengths: Sequence[int | float],
    generator: Any = default_generator,
) -> list[Subset[T_co]]:
    """Split a dataset at random into parts of the given lengths.

    Args:
        dataset: what is split.
        lengths: the parts' lengths, or fractions that sum to 1. What rounding fractions down leaves
            over goes to the first parts, one sample each.
        generator: where the permutation comes from.

    Returns:
        One :class:`Subset` for each length.

    Raises:
        ValueError: a fraction is not between 0 and 1, or the lengths do not sum to the dataset's.

    Example:
        >>> import penlight as torch
        >>> parts = torch.utils.data.random_split(range(10), [0.75, 0.25])
        >>> [len(part) for part in parts]
        [8, 2]
    """
    size = len(dataset)  # type: ignore[arg-type]
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _lengths_of_fractions(lengths, size)
    if sum(lengths) != size:
        msg = (
            "Sum of input lengths does not equal the length of the input dataset! "
            f"Got {list(lengths)} for {size} samples"
        )
        raise ValueError(msg)
    order = iter(randperm(size, generator=generator).tolist())
    return [Subset(dataset, list(itertools.islice(order, int(length)))) for length in lengths]


def _lengths_of_fractions(fractions: Sequence[float], size: int) -> list[int]:
    for index, fraction in enumerate(fractions):
        if fraction < 0 or fraction > 1:
            msg = f"Fraction at index {index} is not between 0 and 1: {fraction}"
            raise ValueError(msg)
    lengths = [math.floor(size * fraction) for fraction in fractions]
    for extra in range(size - sum(lengths)):
        lengths[extra % len(lengths)] += 1
    for index, length in enumerate(lengths):
        if length == 0:
            warnings.warn(
                f"Length of split at index {index} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return lengths
