"""Workers that are threads: the batches and seeds of processes, without what processes cost."""

from __future__ import annotations

import functools
import gc
import random
import sys
import threading

import numpy as np
import pytest

import penlight as pl
from penlight.utils import data
from penlight.utils.data import _threads
from penlight.utils.data._iteration import are_threads

pytestmark = [
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
]

Loader = functools.partial(data.DataLoader, multiprocessing_context="thread")


class Mapped(data.Dataset):
    """What a function gives for each index."""

    def __init__(self, function, size=12):
        self.function = function
        self.size = size

    def __getitem__(self, index):
        return self.function(index)

    def __len__(self):
        return self.size


class Shards(data.IterableDataset):
    """As many numbers from each worker as it is told."""

    def __init__(self, *lengths):
        self.lengths = lengths

    def __iter__(self):
        worker = data.get_worker_info().id
        return iter(range(100 * worker, 100 * worker + self.lengths[worker]))


def _alive():
    return [thread for thread in threading.enumerate() if thread.name.startswith("DataLoader")]


@pytest.fixture(autouse=True)
def _no_worker_is_left():
    yield
    if _alive():
        gc.collect()  # an exception's frames may hold an iterator
    assert _alive() == []


@pytest.fixture
def impatient(monkeypatch):
    """Let the loader wait for workers that do not stop for a moment only."""
    monkeypatch.setattr(_threads, "STATUS_INTERVAL", 0.1)


# ---- the choice ---------------------------------------------------------------------------------


@pytest.mark.parametrize("locked", [True, False, None])
def test_workers_are_threads_where_they_run_at_once(locked, monkeypatch):
    if locked is None:
        monkeypatch.delattr(sys, "_is_gil_enabled", raising=False)
    else:
        monkeypatch.setattr(sys, "_is_gil_enabled", lambda: locked, raising=False)
    assert are_threads(None) is (locked is False)
    assert are_threads("thread")
    fork = data.DataLoader(Mapped(None), num_workers=1, multiprocessing_context="fork")
    assert not are_threads(fork.multiprocessing_context)


def test_a_loader_without_a_context_takes_threads_where_they_run_at_once(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    here = Mapped(lambda _: data.get_worker_info().worker_method, 2)
    assert list(data.DataLoader(here, None, num_workers=1)) == ["thread", "thread"]


def test_thread_is_a_context_like_the_others():
    loader = Loader(Mapped(None), num_workers=1)
    assert loader.multiprocessing_context == "thread"
    with pytest.raises(ValueError, match="only be used with multi-process loading"):
        Loader(Mapped(None))
    with pytest.raises(ValueError, match=r"valid start method in .* 'thread' is for threads"):
        data.DataLoader(Mapped(None), num_workers=1, multiprocessing_context="threads")


# ---- batches and seeds --------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("options", [{"batch_size": 5}, {"batch_size": None}, {"shuffle": True}])
def test_threads_give_the_batches_of_this_thread(workers, options):
    rows = data.TensorDataset(pl.arange(12), pl.arange(24.0).reshape(12, 2))
    passes = []
    for more in ({}, {"num_workers": workers, "multiprocessing_context": "thread"}):
        generator = pl.Generator()
        generator.manual_seed(1)
        loader = data.DataLoader(rows, generator=generator, **options, **more)
        passes.append([[[c.tolist() for c in batch] for batch in loader] for _ in range(2)])
    assert passes[0] == passes[1]


def _drawn(_):
    worker = data.get_worker_info()
    dropped = pl.nn.functional.dropout(pl.ones(3))
    return worker.id, worker.num_workers, worker.seed, pl.initial_seed(), pl.rand(3), dropped


@pytest.mark.parametrize("persistent", [False, True])
def test_threads_draw_what_processes_draw_and_disturb_nobody(persistent):
    outcomes = []
    pl.nn.functional.dropout(pl.rand(1))  # made here once instead of in each process
    for method in ("fork", "thread"):
        pl.manual_seed(5)
        loader = data.DataLoader(
            Mapped(_drawn, 7),
            2,
            shuffle=True,
            num_workers=2,
            multiprocessing_context=method,
            persistent_workers=persistent,
        )
        seen = [[part.tolist() for part in batch] for _ in range(2) for batch in loader]
        outcomes.append((seen, pl.rand(2).tolist(), pl.initial_seed()))
        del loader
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][2] == 5


def test_a_worker_may_seed_and_save_its_generator_alone():
    def sample(index):
        pl.manual_seed(index)
        state = pl.get_rng_state()
        first = pl.rand(1).item()
        pl.set_rng_state(state)
        return first, pl.rand(1).item()

    pl.manual_seed(3)
    expected = pl.Generator().manual_seed(3)
    found = list(Loader(Mapped(sample, 4), None, num_workers=2))
    assert all(first == again for first, again in found)
    assert len({first for first, _ in found}) == 4
    pl.empty((), dtype=pl.int64).random_(generator=expected)  # the seed of the pass
    assert pl.rand(1).item() == pl.rand(1, generator=expected).item()


def test_other_generators_are_given_in_the_place_of_the_global_ones():
    def sample(_):
        rng = data.get_worker_info().rng
        return (
            rng.random_generator.random(),
            rng.numpy_generator.random(),
            rng.torch_generator.initial_seed(),
            data.get_worker_info().seed,
        )

    found = []
    state = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    for _ in range(2):
        pl.manual_seed(0)
        found.append(list(Loader(Mapped(sample, 4), None, num_workers=2)))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == state  # noqa: NPY002
    assert found[0] == found[1]
    assert all(seed == own for *_, own, seed in found[0])
    assert len({first for first, *_ in found[0]}) == 4
    # What random.random() gives first in a process with this seed.
    assert found[0][0][0] == random.Random(found[0][0][3]).random()


def test_a_thread_knows_itself_and_others_do_not():
    def facts(_):
        info = data.get_worker_info()
        return info.id, info.num_workers, len(info.dataset), info.worker_method

    assert (
        list(Loader(Mapped(facts, 4), None, num_workers=2))
        == [
            [0, 2, 4, "thread"],
            [1, 2, 4, "thread"],
        ]
        * 2
    )
    assert data.get_worker_info() is None


def test_worker_init_fn_may_change_the_workers_own_dataset():
    def init(worker):
        data.get_worker_info().dataset.function = lambda index: (worker, index)

    rows = Mapped(None, 3)
    loader = Loader(rows, None, num_workers=2, worker_init_fn=init)
    assert list(loader) == [[0, 0], [1, 1], [0, 2]]
    assert rows.function is None


def test_samples_are_handed_over_as_they_are():
    made = [pl.ones(2, requires_grad=True) * 2, object(), lambda: None]
    got = list(Loader(made, None, num_workers=2, collate_fn=lambda sample: sample))
    assert all(mine is given for mine, given in zip(got, made, strict=True))


def test_a_tensor_is_a_dataset_that_is_not_copied():
    rows = pl.arange(4)

    def place(sample):
        return sample.item(), data.get_worker_info().dataset is rows

    assert list(Loader(rows, None, num_workers=2, collate_fn=place)) == [
        (i, True) for i in range(4)
    ]


def test_threads_compute_at_once():
    weight = pl.randn(4, 3, 3, 3)

    def sample(index):
        return pl.nn.functional.conv2d(pl.full((1, 3, 16, 16), float(index)), weight).sum()

    expected = [sample(index).item() for index in range(24)]
    found = [value.item() for value in Loader(Mapped(sample, 24), None, num_workers=3)]
    assert found == expected


# ---- order --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", [(4, 1), (1, 4), (0, 3), (0, 0), (3, 3)])
@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("in_order", [True, False])
def test_streams_of_unequal_length_end_one_by_one(lengths, persistent, in_order):
    loader = Loader(
        Shards(*lengths),
        batch_size=2,
        num_workers=2,
        persistent_workers=persistent,
        in_order=in_order,
    )
    for _ in range(2):
        seen = [number for batch in loader for number in batch.tolist()]
        expected = [100 * w + n for w, length in enumerate(lengths) for n in range(length)]
        assert sorted(seen) == expected
    del loader


def test_batches_come_in_turn_unless_any_order_will_do():
    gate = threading.Event()

    def sample(index):
        if index == 0:
            gate.wait()
        return index

    iterator = iter(Loader(Mapped(sample, 6), None, num_workers=2, in_order=False))
    first = [next(iterator) for _ in range(2)]  # worker 0 is at its first sample all the while
    gate.set()
    assert 0 not in first
    assert sorted([*first, *iterator]) == list(range(6))
    gate.clear()
    threading.Timer(0.05, gate.set).start()
    assert list(Loader(Mapped(sample, 6), None, num_workers=2)) == list(range(6))


@pytest.mark.parametrize("factor", [None, 0, 1, 3])
def test_prefetch_factor_says_how_far_ahead_tasks_are_handed_out(factor):
    drawn = []

    class Order(data.Sampler):
        def __iter__(self):
            for index in range(12):
                drawn.append(index)
                yield index

    loader = Loader(
        Mapped(lambda i: i), None, sampler=Order(), num_workers=2, prefetch_factor=factor
    )
    iterator = iter(loader)
    ahead = 2 * (2 if factor is None else factor)
    assert len(drawn) == ahead
    assert list(iterator) == (list(range(12)) if ahead else [])


@pytest.mark.parametrize("persistent", [False, True])
def test_persistent_workers_serve_the_next_pass(persistent):
    here = Mapped(lambda _: threading.get_ident(), 4)
    loader = Loader(here, None, num_workers=2, persistent_workers=persistent)
    first = {*loader}
    kept = _alive()
    assert len(first) == 2
    assert len(kept) == 2 * persistent
    assert ({*loader} == first) is persistent or not persistent
    assert _alive() == kept
    del loader


def test_a_pass_may_begin_before_the_last_one_ended():
    loader = Loader(Mapped(lambda i: i), None, num_workers=2, persistent_workers=True)
    iterator = iter(loader)
    assert [next(iterator) for _ in range(3)] == [0, 1, 2]
    assert list(loader) == list(range(12))
    del iterator, loader


def test_an_abandoned_iterator_ends_its_workers():
    iterator = iter(Loader(Mapped(lambda i: i), None, num_workers=2))
    next(iterator)
    assert len(_alive()) == 2
    del iterator
    assert _alive() == []


# ---- failures -----------------------------------------------------------------------------------


def _raising(error, at=1):
    def sample(index):
        if index == at:
            raise error
        return index

    return Mapped(sample, 4)


def test_an_exception_arrives_with_its_traceback_and_the_loader_goes_on():
    class Local(ValueError):
        pass

    iterator = iter(Loader(_raising(Local("bad row")), None, num_workers=2))
    assert next(iterator) == 0
    with pytest.raises(Local, match="Caught Local in DataLoader worker thread 1") as caught:
        next(iterator)
    text = str(caught.value)
    assert "\nOriginal Traceback (most recent call last):\n" in text
    assert "raise error" in text
    assert text.endswith("Local: bad row\n")
    assert list(iterator) == [2, 3]


def test_worker_init_fn_that_fails_is_reported_by_every_batch_of_that_worker():
    def init(worker):
        if worker == 1:
            raise OSError(5, "no such disk")

    iterator = iter(Loader(Mapped(lambda i: i, 4), None, num_workers=2, worker_init_fn=init))
    assert next(iterator) == 0
    for expected in (2, None):
        with pytest.raises(OSError, match="Caught OSError in DataLoader worker thread 1"):
            next(iterator)
        assert next(iterator, None) == expected


def test_a_thread_that_ends_is_noticed():
    loader = Loader(_raising(SystemExit(3)), None, num_workers=2)
    iterator = iter(loader)
    assert next(iterator) == 0
    with pytest.raises(RuntimeError, match=r"worker \(thread 1\) exited unexpectedly") as caught:
        next(iterator)
    assert isinstance(caught.value.__cause__, SystemExit)
    with pytest.raises(RuntimeError, match="stopped"):
        next(iterator)
    assert list(Loader(Mapped(lambda i: i, 2), None, num_workers=1)) == [0, 1]


@pytest.mark.usefixtures("impatient")
def test_a_batch_that_takes_too_long_is_an_error():
    gate = threading.Event()
    loader = Loader(Mapped(lambda _: gate.wait()), None, num_workers=1, timeout=0.3)
    iterator = iter(loader)
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.3 seconds"):
        next(iterator)
    del iterator
    gate.set()
    for thread in _alive():
        thread.join()
