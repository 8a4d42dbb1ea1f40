"""With workers, too, the same seed gives torch's batches, torch's seeds and torch's errors."""

from __future__ import annotations

import random

import numpy as np
import pytest

import penlight as pl

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

pytestmark = [
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
]


def _plain(value):
    """Tensors as lists with their dtype's name; containers entry by entry."""
    if isinstance(value, pl.Tensor | torch.Tensor):
        return (str(value.dtype), value.tolist())
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def _both(make, *, passes=2):
    """What both libraries give, with the numbers that come afterwards."""
    outcomes = []
    for library in (pl, torch):
        library.manual_seed(0)
        generator = library.Generator()
        generator.manual_seed(1)
        loader = make(library, library.utils.data, generator)
        seen = [[_plain(batch) for batch in loader] for _ in range(passes)]
        after = library.randint(1000, (4,)).tolist()
        outcomes.append((seen, after, library.randint(1000, (4,), generator=generator).tolist()))
        del loader
    return outcomes


def _draws(library, size=11):
    """A dataset of what a worker knows and draws."""

    class Draws:
        def __getitem__(self, index):
            worker = library.utils.data.get_worker_info()
            drawn = random.random(), np.random.random(), library.rand(2)  # noqa: NPY002
            return index, worker.id, worker.seed, library.initial_seed(), drawn

        def __len__(self):
            return size

    return Draws()


OPTIONS = {
    "one worker": {"num_workers": 1},
    "two workers": {"num_workers": 2, "batch_size": 3},
    "three workers": {"num_workers": 3, "batch_size": 2, "shuffle": True},
    "samples": {"num_workers": 2, "batch_size": None, "shuffle": True},
    "drop_last": {"num_workers": 2, "batch_size": 4, "drop_last": True, "shuffle": True},
    "prefetch": {"num_workers": 2, "prefetch_factor": 4},
    "persistent": {"num_workers": 2, "batch_size": 2, "persistent_workers": True, "shuffle": True},
}


@pytest.mark.parametrize("own_generator", [False, True])
@pytest.mark.parametrize("name", OPTIONS)
def test_batches_seeds_and_draws_are_torchs(name, own_generator):
    def make(library, data, generator):
        more = {"generator": generator} if own_generator else {}
        return data.DataLoader(
            _draws(library), multiprocessing_context="fork", **OPTIONS[name], **more
        )

    ours, theirs = _both(make)
    assert ours == theirs


SAMPLERS = {
    "weighted": lambda data, g: data.WeightedRandomSampler([1.0, 2.0, 3.0], 9),
    "replacement": lambda data, g: data.RandomSampler(range(9), replacement=True, generator=g),
    "subset": lambda data, g: data.SubsetRandomSampler([3, 4, 5, 6, 7]),
    "distributed": lambda data, g: data.DistributedSampler(range(9), 2, 1),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_draw_at_torchs_moments(name):
    def make(library, data, generator):
        return data.DataLoader(
            _draws(library),
            2,
            sampler=SAMPLERS[name](data, generator),
            num_workers=2,
            multiprocessing_context="fork",
        )

    ours, theirs = _both(make)
    assert ours == theirs


def test_a_sampler_that_draws_when_it_is_asked_is_asked_as_often_as_torchs():
    def make(library, data, generator):
        class Eager(data.Sampler):
            def __iter__(self):
                return iter(library.randperm(5).tolist())

        return data.DataLoader(
            _draws(library), None, sampler=Eager(), num_workers=1, multiprocessing_context="fork"
        )

    ours, theirs = _both(make)
    assert ours == theirs


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 3},
        {"batch_size": 3, "drop_last": True},
        {"batch_size": None},
        {"batch_size": 2, "persistent_workers": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("lengths", [(7, 7), (1, 6), (6, 1), (0, 2), (3, 9, 1)], ids=str)
def test_streams_give_torchs_batches(lengths, options):
    def make(library, data, generator):
        class Shards(data.IterableDataset):
            def __iter__(self):
                worker = data.get_worker_info().id
                return iter(range(100 * worker, 100 * worker + lengths[worker]))

        return data.DataLoader(
            Shards(), num_workers=len(lengths), multiprocessing_context="fork", **options
        )

    ours, theirs = _both(make)
    assert ours == theirs


class _TakesTwo(Exception):
    def __init__(self, one, two):
        super().__init__(one, two)


ERRORS = {
    "ValueError": lambda: ValueError("bad row"),
    "KeyError": lambda: KeyError("name"),
    "OSError": lambda: FileNotFoundError(2, "no such file", "x.txt"),
    "StopIteration": lambda: StopIteration("early"),
    "two arguments": lambda: _TakesTwo(1, 2),
}


@pytest.mark.parametrize("name", ERRORS)
def test_exceptions_have_torchs_type_and_frame(name):
    outcomes = []
    for library in (pl, torch):

        class Broken:
            def __getitem__(self, index):
                error = ERRORS[name]()
                raise error

            def __len__(self):
                return 2

        loader = library.utils.data.DataLoader(
            Broken(), num_workers=1, multiprocessing_context="fork"
        )
        with pytest.raises(Exception) as caught:
            next(iter(loader))
        lines = str(caught.value).splitlines()
        outcomes.append((caught.type, lines[:2], lines[-1]))
    assert outcomes[0] == outcomes[1]


OPTION_ERRORS = {
    "method": {"num_workers": 1, "multiprocessing_context": "threads"},
    "context": {"num_workers": 1, "multiprocessing_context": 1},
    "context without workers": {"multiprocessing_context": "fork"},
    "prefetch": {"num_workers": 1, "prefetch_factor": -1},
    "persistent": {"persistent_workers": True},
}


@pytest.mark.parametrize("name", OPTION_ERRORS)
def test_options_are_refused_with_torchs_types(name):
    errors = []
    for library in (pl, torch):
        with pytest.raises((TypeError, ValueError)) as caught:
            library.utils.data.DataLoader(range(3), **OPTION_ERRORS[name])
        errors.append((caught.type, str(caught.value)))
    (kind, text), (their_kind, their_text) = errors
    assert kind is their_kind
    assert text.startswith(their_text)
