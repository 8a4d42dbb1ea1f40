"""The same seed gives torch's order, and leaves the generator where torch leaves it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import penlight as pl

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")


def _plain(value):
    """Tensors as lists with their dtype's name; containers entry by entry."""
    if isinstance(value, pl.Tensor | torch.Tensor):
        return (str(value.dtype), value.tolist())
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def _outcome(library, make, *, seed=0):
    """What iterating twice gives, with the global numbers that come afterwards."""
    library.manual_seed(seed)
    generator = library.Generator()
    generator.manual_seed(seed + 1)
    made = make(library, library.utils.data, generator)
    passes = [[_plain(entry) for entry in made] for _ in range(2)]
    after = library.randint(1000, (4,)).tolist()
    return passes, after, library.randint(1000, (4,), generator=generator).tolist()


def _tensors(library, size=23):
    columns = library.arange(size), library.arange(2 * size).reshape(size, 2) / 2
    return library.utils.data.TensorDataset(*columns)


SAMPLERS = {
    "sequential": lambda _, data, __: data.SequentialSampler(range(5)),
    "random": lambda _, data, __: data.RandomSampler(range(7)),
    "random-generator": lambda _, data, g: data.RandomSampler(range(7), generator=g),
    "random-fewer": lambda _, data, g: data.RandomSampler(range(7), num_samples=3, generator=g),
    "random-more": lambda _, data, g: data.RandomSampler(range(7), num_samples=17, generator=g),
    **{
        f"replacement-{n}": lambda _, data, g, n=n: data.RandomSampler(
            range(7), replacement=True, num_samples=n, generator=g
        )
        for n in (1, 31, 32, 33, 64, 70)
    },
    "replacement-global": lambda _, data, __: data.RandomSampler(range(9), replacement=True),
    "subset": lambda _, data, __: data.SubsetRandomSampler([3, 4, 5, 6]),
    "subset-generator": lambda _, data, g: data.SubsetRandomSampler([3, 4, 5, 6], g),
    "weighted": lambda _, data, __: data.WeightedRandomSampler([1.0, 2.0, 3.0], 9),
    "weighted-once": lambda _, data, g: data.WeightedRandomSampler(
        [0.1, 0.2, 0.3, 0.4], 3, replacement=False, generator=g
    ),
    "batches": lambda _, data, __: data.BatchSampler(data.RandomSampler(range(7)), 3, True),
}
LOADERS = {
    "plain": {},
    "batches": {"batch_size": 4},
    "shuffled": {"batch_size": 4, "shuffle": True},
    "drop-last": {"batch_size": 4, "shuffle": True, "drop_last": True},
    "samples": {"batch_size": None, "shuffle": True},
}


@pytest.mark.parametrize("seed", [0, 1, 12345])
@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_give_torchs_order(name, seed):
    ours = _outcome(pl, SAMPLERS[name], seed=seed)
    theirs = _outcome(torch, SAMPLERS[name], seed=seed)
    assert ours == theirs


@pytest.mark.parametrize("own_generator", [False, True])
@pytest.mark.parametrize("name", LOADERS)
def test_loaders_give_torchs_batches(name, own_generator):
    def make(library, data, generator):
        more = {"generator": generator} if own_generator else {}
        return data.DataLoader(_tensors(library), **LOADERS[name], **more)

    assert _outcome(pl, make) == _outcome(torch, make)


@pytest.mark.parametrize(
    "make",
    [
        lambda lib, data, g: data.DataLoader(
            _tensors(lib), 3, sampler=data.RandomSampler(range(9))
        ),
        lambda lib, data, g: data.DataLoader(
            _tensors(lib),
            batch_sampler=data.BatchSampler(data.SubsetRandomSampler([5, 6, 7]), 2, False),
        ),
        lambda lib, data, g: data.DataLoader(
            data.random_split(_tensors(lib), [0.6, 0.4])[1], 4, shuffle=True
        ),
        lambda lib, data, g: data.DataLoader(
            data.random_split(_tensors(lib), [20, 3], generator=g)[0], 4, shuffle=True
        ),
        lambda lib, data, g: data.DataLoader(_tensors(lib) + _tensors(lib, 5), 6, shuffle=True),
        lambda lib, data, g: data.DataLoader(data.StackDataset(x=range(9), y="abcdefghi"), 4),
        lambda lib, data, g: data.DataLoader(range(9), 4, collate_fn=sum),
    ],
)
def test_loaders_over_other_datasets_give_torchs_batches(make):
    assert _outcome(pl, make) == _outcome(torch, make)


@pytest.mark.parametrize("lengths", [[3, 8], [11, 0], [0.3, 0.3, 0.4], [0.5, 0.5], [0.9, 0.1]])
def test_random_split_gives_torchs_parts(lengths):
    parts = []
    for library in (pl, torch):
        library.manual_seed(3)
        split = library.utils.data.random_split(range(11), lengths)
        parts.append([part.indices for part in split])
    assert parts[0] == parts[1]


def _streams(data):
    class Numbers(data.IterableDataset):
        def __iter__(self):
            return iter(range(7))

    class Counted(Numbers):
        def __len__(self):
            return 7

    return Numbers, Counted


@pytest.mark.parametrize(
    "options", [{}, {"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"batch_size": None}]
)
def test_streams_give_torchs_batches(options):
    seen = []
    for library in (pl, torch):
        data = library.utils.data
        plain, counted = _streams(data)
        loader = data.DataLoader(counted(), **options)
        chain = data.DataLoader(plain() + counted(), **options)
        seen.append((len(loader), _plain(list(loader)), _plain(list(chain))))
    assert seen[0] == seen[1]


def test_a_stream_longer_than_its_length_warns_as_torch():
    texts = []
    for library in (pl, torch):
        data = library.utils.data

        class Wrong(data.IterableDataset):
            def __iter__(self):
                return iter(range(3))

            def __len__(self):
                return 2

            def __repr__(self):
                return "Wrong"

        loader = data.DataLoader(Wrong())
        assert len(loader) == 2
        with pytest.warns(UserWarning, match="was reported to be") as caught:
            list(loader)
        texts.append([str(warning.message) for warning in caught])
    assert texts[0] == texts[1]


BATCHES = {
    "ints": lambda _: [1, 2],
    "floats": lambda _: [1.5, 2],
    "int then float": lambda _: [1, 2.5],
    "bools": lambda _: [True, False],
    "text": lambda _: ["a", "b"],
    "bytes": lambda _: [b"a", b"b"],
    "pairs": lambda _: [(1, 2.0), (3, 4.0)],
    "lists": lambda _: [[1, 2], [3, 4]],
    "dicts": lambda _: [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
    "numpy scalars": lambda _: [np.float32(1), np.float32(2)],
    "numpy doubles": lambda _: [np.float64(1), np.float64(2)],
    "numpy ints": lambda _: [np.int32(3), np.int32(4)],
    "numpy bools": lambda _: [np.bool_(True)],
    "arrays": lambda _: [np.ones(2), np.zeros(2)],
    "0-d arrays": lambda _: [np.array(1), np.array(2)],
    "ranges": lambda _: [range(3), range(3)],
    "tensors": lambda library: [library.ones(2), library.zeros(2)],
    "nested": lambda library: [{"a": (library.ones(1), [1, "s"])}] * 2,
}


@pytest.mark.parametrize("name", BATCHES)
def test_default_collate_equals_torch(name):
    ours = pl.utils.data.default_collate(BATCHES[name](pl))
    theirs = torch.utils.data.default_collate(BATCHES[name](torch))
    assert type(ours).__name__ == type(theirs).__name__
    assert _plain(ours) == _plain(theirs)


BAD = {
    "negative workers": lambda d, t: d.DataLoader(t, num_workers=-1),
    "negative timeout": lambda d, t: d.DataLoader(t, timeout=-1),
    "timeout": lambda d, t: iter(d.DataLoader(t, timeout=1)),
    "prefetch": lambda d, t: d.DataLoader(t, prefetch_factor=2),
    "persistent": lambda d, t: d.DataLoader(t, persistent_workers=True),
    "context": lambda d, t: d.DataLoader(t, multiprocessing_context="fork"),
    "sampler and shuffle": lambda d, t: d.DataLoader(t, sampler=[1], shuffle=True),
    "batch sampler and size": lambda d, t: d.DataLoader(t, 2, batch_sampler=[[1]]),
    "batch sampler and drop": lambda d, t: d.DataLoader(t, batch_sampler=[[1]], drop_last=True),
    "samples and drop": lambda d, t: d.DataLoader(t, batch_size=None, drop_last=True),
    "batch size 0": lambda d, t: d.DataLoader(t, batch_size=0),
    "batch size 1.5": lambda d, t: d.DataLoader(t, batch_size=1.5),
    "batch size True": lambda d, t: d.DataLoader(t, batch_size=True),
    "drop_last 1": lambda d, t: d.DataLoader(t, drop_last=1),
    "stream shuffle": lambda d, t: d.DataLoader(_streams(d)[0](), shuffle=True),
    "stream sampler": lambda d, t: d.DataLoader(_streams(d)[0](), sampler=[1]),
    "stream batch sampler": lambda d, t: d.DataLoader(_streams(d)[0](), batch_sampler=[[1]]),
    "stream length": lambda d, t: len(d.DataLoader(_streams(d)[0](), sampler=None)),
    "set batch size": lambda d, t: setattr(d.DataLoader(t), "batch_size", 3),
    "empty": lambda d, t: d.DataLoader([], shuffle=True),
    "replacement 1": lambda d, t: d.RandomSampler([1], replacement=1),
    "num_samples 0": lambda d, t: d.RandomSampler([1], num_samples=0),
    "num_samples 1.5": lambda d, t: d.RandomSampler([1], True, 1.5),
    "weighted 0": lambda d, t: d.WeightedRandomSampler([1.0], 0),
    "weighted replacement": lambda d, t: d.WeightedRandomSampler([1.0], 1, 1),
    "weighted 2d": lambda d, t: d.WeightedRandomSampler([[1.0, 2.0]], 1),
    "weighted too many": lambda d, t: list(d.WeightedRandomSampler([1.0, 2.0], 3, False)),
    "batch sampler drop": lambda d, t: d.BatchSampler([1], 2, 1),
    "sampler iter": lambda d, t: iter(d.Sampler()),
    "sampler len": lambda d, t: len(d.Sampler()),
    "dataset item": lambda d, t: d.Dataset()[0],
    "abstract stream": lambda d, t: d.IterableDataset(),
    "concat none": lambda d, t: d.ConcatDataset([]),
    "concat stream": lambda d, t: d.ConcatDataset([_streams(d)[0]()]),
    "concat index": lambda d, t: (t + t)[46],
    "concat negative": lambda d, t: (t + t)[-47],
    "chain": lambda d, t: list(d.ChainDataset([t])),
    "stack none": lambda d, t: d.StackDataset(),
    "stack both": lambda d, t: d.StackDataset(t, a=t),
    "stack sizes": lambda d, t: d.StackDataset(t, [1]),
    "split sum": lambda d, t: d.random_split(t, [5, 6]),
    "split fractions": lambda d, t: d.random_split(t, [0.5, 0.6]),
    "split fraction": lambda d, t: d.random_split(t, [1.5, -0.5]),
    "collate none": lambda d, t: d.default_collate([None]),
    "collate set": lambda d, t: d.default_collate([set()]),
    "collate text array": lambda d, t: d.default_collate([np.array(["a"])]),
    "collate sizes": lambda d, t: d.default_collate([(1, 2), (1,)]),
    "collate keys": lambda d, t: d.default_collate([{"a": 1}, {"b": 1}]),
}


@pytest.mark.parametrize("name", BAD)
def test_misuse_raises_what_torch_raises(name):
    errors = []
    for library in (torch, pl):
        with pytest.raises(Exception) as caught:
            BAD[name](library.utils.data, _tensors(library))
        errors.append(caught.value)
    assert type(errors[1]) is type(errors[0])
    assert str(errors[0]).strip("'\"") in str(errors[1])


def test_pin_memory_without_an_accelerator_warns_as_torch():
    texts = []
    for library in (pl, torch):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            list(library.utils.data.DataLoader(_tensors(library), pin_memory=True))
        texts.append([str(warning.message) for warning in caught])
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", BATCHES)
def test_default_convert_equals_torch(name):
    ours = pl.utils.data.default_convert(BATCHES[name](pl))
    theirs = torch.utils.data.default_convert(BATCHES[name](torch))
    assert _plain(ours) == _plain(theirs)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("size, replicas", [(10, 2), (11, 3), (2, 5), (7, 1), (12, 4)])
def test_distributed_sampler_gives_torchs_parts(size, replicas, drop_last, shuffle):
    for rank in range(replicas):
        parts = []
        for library in (pl, torch):
            sampler = library.utils.data.DistributedSampler(
                range(size), replicas, rank, shuffle, 5, drop_last
            )
            epochs = []
            for epoch in range(2):
                sampler.set_epoch(epoch)
                epochs.append(list(sampler))
            parts.append((epochs, len(sampler), sampler.total_size))
        assert parts[0] == parts[1]


def test_distributed_sampler_refuses_torchs_ranks():
    for library in (pl, torch):
        for rank in (-1, 2):
            with pytest.raises(ValueError, match=rf"Invalid rank {rank}, .* interval \[0, 1\]"):
                library.utils.data.DistributedSampler(range(4), num_replicas=2, rank=rank)


class _Point:
    def __init__(self, x):
        self.x = x


class _Further(_Point):
    pass


def _points(batch, *, collate_fn_map=None):
    return [point.x for point in batch]


def test_a_table_says_how_types_are_collated():
    for library in (pl, torch):
        room = library.utils.data._utils.collate
        batch = [(_Further(1), 2), (_Further(3), 4)]
        got = room.collate(batch, collate_fn_map={_Point: _points, int: max_of})
        assert got == [[1, 3], 4]
        with pytest.raises(TypeError, match="default_collate: batch must contain tensors"):
            library.utils.data.default_collate(batch)
        room.default_collate_fn_map[_Point] = _points
        try:
            points, numbers = library.utils.data.default_collate(batch)
        finally:
            del room.default_collate_fn_map[_Point]
        assert points == [1, 3]
        assert numbers.tolist() == [2, 4]


def max_of(batch, *, collate_fn_map=None):
    return max(batch)
