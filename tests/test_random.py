"""Generators: seeds, states (bytes recorded from torch 2.13), forks, copies, threads."""

from __future__ import annotations

import copy
import hashlib
import pickle
import threading

import numpy as np
import pytest

import penlight as pl


def digest(generator):
    return hashlib.sha256(generator.get_state().numpy().tobytes()).hexdigest()[:16]


def test_state_bytes_are_those_of_torch():
    generator = pl.Generator().manual_seed(1)
    assert digest(generator) == "f5defda135ec2e0d"
    pl.rand(624, generator=generator)
    assert digest(generator) == "bc0e33e8463c31a4"


def test_state_holds_the_kept_normal():
    generator = pl.Generator().manual_seed(0)
    pl.randn(3, generator=generator)
    state = generator.get_state()
    following = pl.randn(2, generator=generator).tolist()
    assert pl.randn(2, generator=pl.Generator().set_state(state)).tolist() == following


@pytest.mark.parametrize("draws", [0, 1, 623, 624, 625])
def test_a_state_goes_round(draws):
    generator = pl.Generator().manual_seed(7)
    pl.rand(draws, generator=generator)
    state = generator.get_state()
    again = pl.Generator().set_state(state)
    assert again.get_state().tolist() == state.tolist()
    assert again.initial_seed() == 7
    assert pl.rand(700, generator=again).tolist() == pl.rand(700, generator=generator).tolist()


def test_a_generator_starts_from_torchs_default_seed():
    assert pl.Generator().initial_seed() == 67280421310721
    assert pl.Generator().device == pl.device("cpu")


@pytest.mark.parametrize(("seed", "stored"), [(5, 5), (-1, 2**64 - 1), (2**64 - 1, 2**64 - 1)])
def test_negative_seeds_count_from_the_top(seed, stored):
    assert pl.Generator().manual_seed(seed).initial_seed() == stored


def test_only_the_low_half_of_a_seed_chooses_the_stream():
    low, high = (pl.Generator().manual_seed(seed) for seed in (7, 2**32 + 7))
    assert pl.rand(3, generator=low).tolist() == pl.rand(3, generator=high).tolist()


@pytest.mark.parametrize(
    ("seed", "error", "phrase"),
    [
        (2**64, ValueError, "Overflow when unpacking long long"),
        (-(2**63) - 1, ValueError, "Overflow when unpacking long long"),
        (1.5, RuntimeError, "manual_seed expected a long, but got float"),
    ],
)
def test_wrong_seeds_are_refused(seed, error, phrase):
    with pytest.raises(error, match=phrase):
        pl.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("state", "error", "phrase"),
    [
        (lambda: 5, TypeError, "expected a torch.ByteTensor, but got int"),
        (lambda: pl.zeros(5056), TypeError, "RNG state must be a torch.ByteTensor"),
        (lambda: pl.zeros(10, dtype=pl.uint8), RuntimeError, "of size 5056 but found.* to be 10"),
        (lambda: pl.zeros(5056, dtype=pl.uint8), RuntimeError, "Invalid mt19937 state"),
    ],
)
def test_wrong_states_are_refused(state, error, phrase):
    with pytest.raises(error, match=phrase):
        pl.Generator().set_state(state())


def test_a_refused_state_changes_nothing():
    generator = pl.Generator().manual_seed(3)
    before = digest(generator)
    with pytest.raises(RuntimeError, match="Invalid"):
        generator.set_state(pl.zeros(5056, dtype=pl.uint8))
    assert digest(generator) == before


def test_there_is_no_generator_elsewhere():
    with pytest.raises(RuntimeError, match="CPU"):
        pl.Generator("cuda")


@pytest.mark.parametrize(
    "copied",
    [
        lambda g: g.clone_state(),
        copy.copy,
        copy.deepcopy,
        lambda g: pickle.loads(pickle.dumps(g)),
    ],
    ids=["clone_state", "copy", "deepcopy", "pickle"],
)
def test_a_copy_continues_the_stream_on_its_own(copied):
    generator = pl.Generator().manual_seed(3)
    pl.randn(3, generator=generator)
    other = copied(generator)
    assert pl.randn(9, generator=other).tolist() == pl.randn(9, generator=generator).tolist()


def test_the_default_generator_is_the_one_that_functions_draw_from():
    assert pl.manual_seed(11) is pl.default_generator
    assert pl.initial_seed() == pl.random.initial_seed() == 11
    drawn = pl.rand(2).tolist()
    assert drawn == pl.rand(2, generator=pl.Generator().manual_seed(11)).tolist()


def test_manual_seed_takes_what_int_takes():
    assert pl.manual_seed(1.7).initial_seed() == 1
    assert pl.manual_seed("12").initial_seed() == 12


def test_seed_picks_a_seed_and_tells_it():
    chosen = pl.seed()
    assert chosen == pl.initial_seed()
    drawn = pl.rand(2).tolist()
    assert pl.rand(2, generator=pl.Generator().manual_seed(chosen)).tolist() == drawn
    generator = pl.Generator()
    assert generator.seed() == generator.initial_seed()


def test_rng_state_goes_round():
    state = pl.get_rng_state()
    first = pl.rand(3).tolist()
    pl.set_rng_state(state)
    assert pl.rand(3).tolist() == first


def test_fork_rng_puts_the_generator_back_even_after_an_error():
    pl.manual_seed(0)
    expected = pl.rand(1).item()
    pl.manual_seed(0)
    with pytest.raises(RuntimeError, match="negative"), pl.random.fork_rng():
        pl.rand(-int(pl.rand(1).add(1)))
    assert pl.rand(1).item() == expected


def test_fork_rng_can_be_switched_off():
    pl.manual_seed(0)
    with pl.random.fork_rng(enabled=False):
        first = pl.rand(1).item()
    assert pl.rand(1).item() != first


def test_threads_share_a_generator_without_losing_words():
    generator, alone = (pl.Generator().manual_seed(5) for _ in range(2))
    drawn = []

    def draw():
        drawn.extend(pl.rand(333, generator=generator).numpy() for _ in range(50))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = pl.rand(4 * 50 * 333, generator=alone).numpy()
    assert np.array_equal(np.sort(np.concatenate(drawn)), np.sort(expected))
