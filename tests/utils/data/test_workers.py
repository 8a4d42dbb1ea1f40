"""Loading in worker processes: seeds, order, failures and ends, without the oracle."""

from __future__ import annotations

import functools
import gc
import multiprocessing
import os
import select
import signal
import threading

import numpy as np
import pytest

import penlight as pl
from penlight.utils import data
from penlight.utils.data import _workers

pytestmark = [
    # Python 3.12 and later say so of every fork beside a thread, of which NumPy has some.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
]

# Forked, so that datasets may be classes of a test; test_worker_programs.py spawns.
Loader = functools.partial(data.DataLoader, multiprocessing_context="fork")


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


class Gate:
    """Where workers wait; a killed one leaves nothing locked, as it would an Event."""

    def __init__(self):
        self.ends = os.pipe()

    def wait(self):
        select.select([self.ends[0]], [], [])

    def open(self):
        os.write(self.ends[1], b"x")

    def close(self):
        os.read(self.ends[0], 1)


def _alive():
    return [process for process in multiprocessing.active_children() if process.is_alive()]


@pytest.fixture(autouse=True)
def _no_worker_is_left():
    before = _alive()
    yield
    if any(process not in before for process in _alive()):
        gc.collect()  # an exception's frames may hold an iterator
    assert [process for process in _alive() if process not in before] == []


@pytest.fixture
def impatient(monkeypatch):
    """Let the loader wait for workers that do not stop for a moment only."""
    monkeypatch.setattr(_workers, "STATUS_INTERVAL", 0.2)


# ---- batches and seeds --------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("options", [{"batch_size": 5}, {"batch_size": None}, {"shuffle": True}])
def test_workers_give_the_batches_of_this_process(workers, options):
    rows = data.TensorDataset(pl.arange(12), pl.arange(24.0).reshape(12, 2))
    passes = []
    for more in ({}, {"num_workers": workers, "multiprocessing_context": "fork"}):
        generator = pl.Generator()
        generator.manual_seed(1)
        loader = data.DataLoader(rows, generator=generator, **options, **more)
        passes.append([[[c.tolist() for c in batch] for batch in loader] for _ in range(2)])
    assert passes[0] == passes[1]


def test_seeds_of_workers_are_the_recorded_ones():
    # torch 2.13: torch.manual_seed(0), then initial_seed() and numpy's first number in two workers
    pl.manual_seed(0)
    loader = Loader(Mapped(lambda _: (pl.initial_seed(), np.random.rand()), 2), num_workers=2)  # noqa: NPY002
    seeds = [(seed.item(), number.item()) for seed, number in loader]
    assert seeds == [
        (900450186894289455, 0.8371640508861415),
        (900450186894289456, 0.6702704958690073),
    ]


def test_a_worker_computes_with_one_thread_and_knows_itself():
    def facts(_):
        info = data.get_worker_info()
        return pl.get_num_threads(), info.id, info.num_workers, len(info.dataset), info.seed

    found = [[fact.item() for fact in facts] for facts in Loader(Mapped(facts, 4), num_workers=2)]
    assert [row[:4] for row in found] == [[1, 0, 2, 4], [1, 1, 2, 4]] * 2
    assert found[1][4] == found[0][4] + 1
    assert data.get_worker_info() is None


def test_worker_info_prints_its_fields_and_is_fixed():
    loader = Loader(
        Mapped(lambda _: repr(data.get_worker_info()).split(", dataset")[0], 1), num_workers=1
    )
    assert next(iter(loader))[0].startswith("WorkerInfo(id=0, num_workers=1, seed=")
    with pytest.raises(AttributeError):
        data._worker_info.WorkerInfo(0, 1, 2, None).id = 3


def test_worker_init_fn_may_change_the_workers_dataset():
    def init(worker):
        data.get_worker_info().dataset.function = lambda index: (worker, index)

    loader = Loader(Mapped(None, 3), num_workers=2, worker_init_fn=init)
    assert [[c.item() for c in row] for row in loader] == [[0, 0], [1, 1], [0, 2]]


@pytest.mark.parametrize("size", [0, 1, 70_000, 5_000_000])
def test_tensors_arrive_whole_and_can_be_written(size):
    def sample(index):
        return {
            "plain": pl.full((size,), index, dtype=pl.uint8),
            "half": pl.full((3,), index + 0.5, dtype=pl.bfloat16),
            "turned": pl.arange(6).reshape(2, 3).t(),
            "leaf": pl.ones(2, requires_grad=True),
            "rest": (np.arange(2), "text", None),
        }

    loader = Loader(Mapped(sample, 2), batch_size=None, num_workers=1)
    for index, got in enumerate(loader):
        assert got["plain"].shape == (size,)
        assert bool((got["plain"] == index).all())
        got["plain"].add_(1)
        assert got["half"].dtype is pl.bfloat16
        assert got["half"].tolist() == [index + 0.5] * 3
        assert got["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
        assert got["leaf"].requires_grad
        assert got["rest"][1:] == ["text", None]
        assert got["plain"].storage_offset() == 0
        assert got["half"].data_ptr() % 16 == 0


def test_what_a_dataset_overwrites_later_has_been_taken_before():
    memory = pl.zeros(200_000)

    def sample(index):
        return memory.fill_(index)

    loader = Loader(Mapped(sample, 6), batch_size=None, num_workers=1, prefetch_factor=6)
    assert [(got.min().item(), got.max().item()) for got in loader] == [(i, i) for i in range(6)]


@pytest.mark.parametrize("lengths", [(4, 1), (1, 4), (0, 3), (0, 0), (3, 3)])
@pytest.mark.parametrize("persistent", [False, True])
def test_streams_of_unequal_length_end_one_by_one(lengths, persistent):
    loader = Loader(Shards(*lengths), batch_size=2, num_workers=2, persistent_workers=persistent)
    for _ in range(2):
        seen = [number for batch in loader for number in batch.tolist()]
        expected = [100 * w + n for w, length in enumerate(lengths) for n in range(length)]
        assert sorted(seen) == expected


def test_batches_come_in_turn_unless_any_order_will_do():
    gate = Gate()

    def sample(index):
        if index == 0:
            gate.wait()
        return index

    loader = Loader(Mapped(sample, 6), batch_size=None, num_workers=2, in_order=False)
    iterator = iter(loader)
    first = [next(iterator) for _ in range(2)]  # worker 0 is at its first sample all the while
    gate.open()
    rest = list(iterator)
    assert 0 not in first
    assert sorted(first + rest) == list(range(6))
    gate.close()
    threading.Timer(0.05, gate.open).start()
    in_order = Loader(Mapped(sample, 6), batch_size=None, num_workers=2)
    assert list(in_order) == list(range(6))


@pytest.mark.parametrize("factor", [None, 0, 1, 3])
def test_prefetch_factor_says_how_far_ahead_tasks_are_handed_out(factor):
    drawn = []

    def order():
        for index in range(12):
            drawn.append(index)
            yield index

    class Order(data.Sampler):
        def __iter__(self):
            return order()

    loader = Loader(
        Mapped(lambda i: i), None, sampler=Order(), num_workers=2, prefetch_factor=factor
    )
    iterator = iter(loader)
    ahead = 2 * (2 if factor is None else factor)
    assert len(drawn) == ahead
    assert list(iterator) == (list(range(12)) if ahead else [])


# ---- workers that stay --------------------------------------------------------------------------


@pytest.mark.parametrize("persistent", [False, True])
def test_persistent_workers_serve_the_next_pass(persistent):
    loader = Loader(Mapped(lambda _: os.getpid(), 4), num_workers=2, persistent_workers=persistent)
    first, second = ({pid.item() for pid in loader} for _ in range(2))
    assert len(first) == len(second) == 2
    assert (first == second) is persistent
    assert bool(_alive()) is persistent
    del loader


def test_a_pass_may_begin_before_the_last_one_ended():
    loader = Loader(Mapped(lambda i: i), None, num_workers=2, persistent_workers=True)
    iterator = iter(loader)
    assert [next(iterator) for _ in range(3)] == [0, 1, 2]
    assert list(loader) == list(range(12))


def test_several_iterators_do_not_disturb_each_other():
    loader = Loader(Mapped(lambda i: i), None, num_workers=2)
    one, two = iter(loader), iter(loader)
    pairs = [(next(one), next(two)) for _ in range(5)]
    del one
    assert pairs == [(i, i) for i in range(5)]
    assert list(two) == list(range(5, 12))


def test_a_forked_process_leaves_its_parents_workers_alone():
    iterator = iter(Loader(Mapped(lambda i: i), None, num_workers=1))
    assert next(iterator) == 0

    def drop():
        nonlocal iterator
        del iterator
        gc.collect()

    process = multiprocessing.get_context("fork").Process(target=drop)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert list(iterator) == list(range(1, 12))


def test_an_abandoned_iterator_ends_its_workers():
    iterator = iter(Loader(Mapped(lambda i: pl.zeros(300_000)), 1, num_workers=2))
    next(iterator)
    workers = _alive()
    assert len(workers) == 2
    del iterator
    assert [worker for worker in workers if worker.is_alive()] == []


@pytest.mark.usefixtures("impatient")
def test_a_worker_that_does_not_stop_is_ended():
    def sample(index):
        if index:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            threading.Event().wait()
        return index

    iterator = iter(Loader(Mapped(sample, 2), None, num_workers=1))
    assert next(iterator) == 0
    (worker,) = _alive()
    del iterator
    assert not worker.is_alive()


# ---- failures -----------------------------------------------------------------------------------


class _Particular(Exception):
    def __init__(self, one, two):
        super().__init__(one, two)


def _raising(error, at=1):
    def sample(index):
        if index == at:
            raise error
        return index

    return Mapped(sample, 4)


def test_an_exception_arrives_with_its_traceback_and_the_loader_goes_on():
    iterator = iter(Loader(_raising(ValueError("bad row")), None, num_workers=2))
    assert next(iterator) == 0
    with pytest.raises(
        ValueError, match="Caught ValueError in DataLoader worker process 1"
    ) as caught:
        next(iterator)
    text = str(caught.value)
    assert "\nOriginal Traceback (most recent call last):\n" in text
    assert "raise error" in text
    assert text.endswith("ValueError: bad row\n")
    assert list(iterator) == [2, 3]


def test_a_key_error_prints_line_by_line():
    with pytest.raises(KeyError) as caught:
        list(Loader(_raising(KeyError("name"), 0), None, num_workers=1))
    lines = str(caught.value).splitlines()
    assert lines[0] == "Caught KeyError in DataLoader worker process 0."
    assert lines[-1] == "KeyError: 'name'"


def test_exceptions_that_cannot_be_made_anew_become_runtime_errors():
    class Local(ValueError):
        pass

    for error in (_Particular(1, 2), Local("here only")):
        with pytest.raises(RuntimeError, match=f"Caught {type(error).__name__} in DataLoader"):
            list(Loader(_raising(error, 0), None, num_workers=1))


def test_a_batch_that_cannot_be_pickled_is_an_error_rather_than_silence():
    with pytest.raises(RuntimeError, match="pickle"):
        list(Loader(Mapped(lambda i: lambda: i), None, num_workers=1))


def test_a_history_cannot_leave_its_process():
    loader = Loader(Mapped(lambda i: pl.ones(1, requires_grad=True) * i), None, num_workers=1)
    with pytest.raises(RuntimeError, match="Cowardly refusing to serialize non-leaf tensor"):
        next(iter(loader))


def test_worker_init_fn_that_fails_is_reported_by_every_batch_of_that_worker():
    def init(worker):
        if worker == 1:
            raise OSError(5, "no such disk")

    iterator = iter(Loader(Mapped(lambda i: i, 4), None, num_workers=2, worker_init_fn=init))
    assert next(iterator) == 0
    for expected in (2, None):
        with pytest.raises(OSError, match="Caught OSError in DataLoader worker process 1"):
            next(iterator)
        assert next(iterator, None) == expected


def test_a_batch_that_cannot_be_read_is_an_error_here():
    class Heavy:
        def __reduce__(self):
            return int, ("no number",)

    iterator = iter(Loader(Mapped(lambda i: Heavy()), None, num_workers=1))
    with pytest.raises(ValueError, match="invalid literal"):
        next(iterator)
    with pytest.raises(RuntimeError, match="stopped"):
        next(iterator)


@pytest.mark.parametrize(
    "end, reason",
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "is killed by signal"),
        (lambda: os._exit(3), "exit code 3"),
        (lambda: os._exit(0), "exit code 0"),
    ],
    ids=["killed", "exit 3", "exit 0"],
)
@pytest.mark.parametrize("in_order", [True, False])
def test_a_dead_worker_is_noticed(end, reason, in_order):
    loader = Loader(
        Mapped(lambda i: end() if i == 3 else i), None, num_workers=2, in_order=in_order
    )
    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid\(s\) \d+\) exited") as caught:
        list(loader)
    assert reason in str(caught.value.__cause__)
    assert list(Loader(Mapped(lambda i: i, 2), None, num_workers=1)) == [0, 1]


@pytest.mark.usefixtures("impatient")
def test_a_worker_killed_from_outside_is_noticed_and_the_next_pass_has_new_ones():
    gate = Gate()

    def sample(index):
        if index == 1:
            gate.wait()
        return os.getpid()

    loader = Loader(Mapped(sample, 4), None, num_workers=2, persistent_workers=True)
    iterator = iter(loader)
    os.kill(next(iterator), signal.SIGKILL)
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        next(iterator)  # of the other worker, which waits
    gate.open()
    assert len(list(loader)) == 4
    del iterator, loader


@pytest.mark.usefixtures("impatient")
def test_a_batch_that_takes_too_long_is_an_error():
    loader = Loader(Mapped(lambda _: threading.Event().wait()), None, num_workers=1, timeout=0.3)
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.3 seconds"):
        next(iter(loader))


# ---- options ------------------------------------------------------------------------------------


def test_start_methods_are_names_or_contexts():
    rows = Mapped(lambda i: i, 2)
    context = multiprocessing.get_context("fork")
    loader = data.DataLoader(rows, num_workers=1, multiprocessing_context=context)
    assert loader.multiprocessing_context is context
    loader.multiprocessing_context = "spawn"
    assert loader.multiprocessing_context.get_start_method() == "spawn"
    with pytest.raises(
        ValueError, match=r"valid start method in \[.*got multiprocessing_context='x'"
    ):
        loader.multiprocessing_context = "x"
    with pytest.raises(TypeError, match="valid context object or a string"):
        data.DataLoader(rows, num_workers=1, multiprocessing_context=3)
    with pytest.raises(ValueError, match="only be used with multi-process loading"):
        data.DataLoader(rows, multiprocessing_context=context)


def test_what_cannot_be_sent_to_a_spawned_worker_is_explained():
    loader = data.DataLoader(Mapped(lambda i: i), num_workers=1, multiprocessing_context="spawn")
    with pytest.raises(Exception, match="pickle") as caught:
        iter(loader)
    assert "worker process 0 could not be started by 'spawn'" in caught.value.__notes__[0]


def test_more_workers_than_processors_are_warned_of(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    with pytest.warns(UserWarning, match="will create 3 worker processes in total.*system is 2,"):
        data.DataLoader(Mapped(None), num_workers=3)


def test_a_stream_longer_than_its_length_warns():
    class Counted(Shards):
        def __len__(self):
            return 3

    loader = Loader(Counted(2, 2), num_workers=2)
    assert len(loader) == 3
    with pytest.warns(UserWarning, match="4 samples have been fetched. For multiprocessing"):
        list(loader)
