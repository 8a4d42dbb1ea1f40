"""Datasets, samplers and the loader, without the oracle."""

from __future__ import annotations

import collections
import pickle

import numpy as np
import pytest
from hypothesis import given, strategies as st

import penlight as pl
from penlight.utils import data


def _rows(size=10):
    return data.TensorDataset(pl.arange(size), pl.arange(2.0 * size).reshape(size, 2))


class _OneByOne(data.Dataset):
    """The same rows, hidden from the loader's shortcut."""

    def __init__(self, inner):
        self.inner = inner

    def __getitem__(self, index):
        return self.inner[index]

    def __len__(self):
        return len(self.inner)


def _plain(batches):
    return [[column.tolist() for column in batch] for batch in batches]


def test_loader_gives_the_recorded_order_for_a_seed():
    # torch 2.13: torch.manual_seed(0); DataLoader(TensorDataset(arange(10)), 4, shuffle=True)
    pl.manual_seed(0)
    loader = data.DataLoader(data.TensorDataset(pl.arange(10)), 4, shuffle=True)
    first, second = ([batch.tolist() for (batch,) in loader] for _ in range(2))
    assert first == [[6, 7, 1, 4], [2, 0, 9, 8], [3, 5]]
    assert second == [[2, 4, 7, 0], [8, 9, 5, 3], [6, 1]]


def test_random_split_gives_the_recorded_parts_for_a_seed():
    generator = pl.Generator()
    generator.manual_seed(3)
    parts = data.random_split(range(11), [0.3, 0.3, 0.4], generator)
    expected = [[9, 0, 3, 6], [4, 5, 2], [8, 1, 10, 7]]
    assert [part.indices for part in parts] == expected


def test_replacement_sampler_gives_the_recorded_draws_for_a_seed():
    pl.manual_seed(0)
    sampler = data.RandomSampler(range(5), replacement=True, num_samples=12)
    assert list(sampler) == [1, 0, 4, 3, 4, 0, 2, 3, 4, 1, 3, 0]


@given(size=st.integers(1, 20), batch=st.integers(1, 7), drop=st.booleans(), shuffle=st.booleans())
def test_rows_fetched_together_equal_rows_collated_singly(size, batch, drop, shuffle):
    rows = _rows(size)
    subset = data.Subset(rows, list(range(0, size, 2)))
    for dataset in (rows, subset):
        passes = []
        for each in (dataset, _OneByOne(dataset)):
            generator = pl.Generator()
            generator.manual_seed(1)
            loader = data.DataLoader(
                each, batch, shuffle=shuffle, drop_last=drop, generator=generator
            )
            assert len(list(loader)) == len(loader)
            passes.append(_plain(loader))
        assert passes[0] == passes[1]


@given(size=st.integers(0, 30), batch=st.integers(1, 9), drop=st.booleans())
def test_batch_sampler_gives_every_index_once_in_order(size, batch, drop):
    sampler = data.BatchSampler(range(size), batch, drop)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    kept = size - size % batch if drop else size
    assert [index for each in batches for index in each] == list(range(kept))
    assert all(len(each) == batch for each in batches[:-1])


def test_a_fetched_batch_does_not_share_memory_with_the_dataset():
    rows = _rows()
    (batch, _) = next(iter(data.DataLoader(rows, 4)))
    batch.zero_()
    assert rows.tensors[0].tolist() == list(range(10))


def test_a_subclass_that_changes_samples_is_respected():
    class Doubled(data.TensorDataset):
        def __getitem__(self, index):
            return tuple(entry * 2 for entry in super().__getitem__(index))

    loader = data.DataLoader(Doubled(pl.arange(3)), 3)
    assert _plain(loader) == [[[0, 2, 4]]]


def test_getitems_is_asked_for_a_whole_batch():
    class Batched(data.Dataset):
        def __getitems__(self, indices):
            return [index * 10 for index in indices]

        def __len__(self):
            return 3

    assert [b.tolist() for b in data.DataLoader(Batched(), 2)] == [[0, 10], [20]]


@pytest.mark.parametrize("name", ["batch_size", "sampler", "drop_last", "dataset"])
def test_a_loaders_options_are_fixed(name):
    loader = data.DataLoader(_rows())
    with pytest.raises(ValueError, match=f"{name} attribute should not be set after DataLoader"):
        setattr(loader, name, 1)


def test_an_iterator_cannot_be_pickled_and_knows_its_length():
    iterator = iter(data.DataLoader(_rows(), 3))
    assert len(iterator) == 4
    with pytest.raises(NotImplementedError, match="cannot be pickled"):
        pickle.dumps(iterator)


def test_an_exception_of_the_dataset_passes_through():
    class Broken(data.Dataset):
        def __getitem__(self, index):
            raise KeyError(index)

        def __len__(self):
            return 1

    with pytest.raises(KeyError, match="0"):
        list(data.DataLoader(Broken()))


def test_concatenated_datasets_index_through():
    both = _rows(3) + _rows(2)
    assert len(both) == 5
    assert both[3][0].item() == 0
    assert both[-1][0].item() == 1
    with pytest.warns(FutureWarning, match="renamed to `cumulative_sizes`"):
        assert both.cummulative_sizes == [3, 5]


def test_a_subset_that_overrides_one_access_must_override_both():
    class Odd(data.Subset):
        def __getitem__(self, index):
            return index

    with pytest.raises(NotImplementedError, match="overrides __getitem__ but not __getitems__"):
        Odd(_rows(), [1])


def test_split_warns_of_an_empty_part():
    with pytest.warns(UserWarning, match="Length of split at index 3 is 0"):
        data.random_split(range(3), [0.25] * 4)


def test_collate_keeps_the_kinds_of_containers():
    point = collections.namedtuple("point", "x y")  # noqa: PYI024 - what users write
    got = data.default_collate([point(1, 2.0), point(3, 4.0)])
    assert type(got) is point
    assert got.x.tolist() == [1, 3]
    assert got.y.dtype is pl.float64
    ordered = data.default_collate([collections.OrderedDict(a=1)])
    assert type(ordered) is collections.OrderedDict
    counting = data.default_collate([collections.defaultdict(int, a=1)])
    assert counting.default_factory is int


def test_convert_turns_arrays_into_tensors_and_keeps_the_rest():
    got = data.default_convert({"x": np.ones(2), "y": (1, "s"), "z": range(2)})
    assert got["x"].dtype is pl.float64
    assert got["y"] == [1, "s"]
    assert got["z"] == [0, 1]
    assert data.default_convert(None) is None


def test_datasets_samplers_and_loaders_take_subscripts():
    for generic in (data.Dataset, data.IterableDataset, data.Sampler, data.DataLoader):
        assert generic[int].__origin__ is generic


def test_there_is_no_worker_in_the_main_process():
    assert data.get_worker_info() is None


def test_a_dataset_need_only_give_whole_batches():
    class Batches:
        def __getitems__(self, indices):
            return [index + 1 for index in indices]

        def __len__(self):
            return 3

    assert [batch.tolist() for batch in data.DataLoader(Batches(), 2)] == [[1, 2], [3]]


def test_a_distributed_sampler_needs_to_be_told_its_rank():
    for options in ({}, {"num_replicas": 2}, {"rank": 0}):
        with pytest.raises(RuntimeError, match="Requires distributed package to be available"):
            data.DistributedSampler(range(3), **options)
    parts = [list(data.DistributedSampler(range(5), 2, rank, shuffle=False)) for rank in (0, 1)]
    assert parts == [[0, 2, 4], [1, 3, 0]]
