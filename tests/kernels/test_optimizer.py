"""Steps of optimisers over lists of arrays: the same bits as the NumPy form, at every level."""

from __future__ import annotations

import numpy as np
import pytest

SIZES = [0, 1, 7, 8, 9, 15, 16, 17, 1023, 1024, 1025, 70_001]

SGD = [
    {},
    {"maximize": True},
    {"weight_decay": 0.1},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1, "maximize": True},
    {"momentum": 0.9, "nesterov": True},
    {"momentum": 0.9, "first": True},
    {"momentum": 0.9, "nesterov": True, "first": True},
]
ADAGRAD = [{}, {"lr_decay": 0.1}, {"weight_decay": 0.1, "maximize": True, "eps": 1e-3}]
ADAM = [
    {},
    {"beta1": 0.3},
    {"weight_decay": 0.1, "maximize": True},
    {"weight_decay": 0.1, "decoupled": True},
    {"amsgrad": True},
]
CASES = [
    *(("sgd_step", options) for options in SGD),
    *(("adagrad_step", options) for options in ADAGRAD),
    *(("adam_step", options) for options in ADAM),
]


def call(kernels, name, params, grads, states, steps, rows=None, **options):
    """Call a step with torch's defaults for what ``options`` leave out."""
    decay = options.pop("weight_decay", 0.0)
    maximize = options.pop("maximize", False)
    if name == "sgd_step":
        momentum = options.pop("momentum", 0.0)
        rest = (momentum, options.pop("dampening", 0.0), decay, options.pop("nesterov", False))
        lists = (params, grads, states[0] if momentum else None, rows)
        return kernels.sgd_step(*lists, 0.05, *rest, maximize, options.pop("first", False))
    if name == "adagrad_step":
        rest = (options.pop("lr_decay", 0.0), decay, options.pop("eps", 1e-10), maximize)
        return kernels.adagrad_step(params, grads, states[0], steps, rows, 0.05, *rest)
    largest = states[2] if options.pop("amsgrad", False) else None
    rest = (options.pop("beta1", 0.9), 0.999, decay, 1e-8, options.pop("decoupled", False))
    return kernels.adam_step(
        params, grads, states[0], states[1], largest, steps, rows, 0.05, *rest, maximize
    )


def draw(rng, kind, shapes):
    """Return parameters, gradients, three lists of states and counts."""
    lists = [[rng.standard_normal(shape).astype(kind) for shape in shapes] for _ in range(5)]
    params, grads, *states = lists
    states = [states[0], *([np.abs(array) for array in state] for state in states[1:])]
    steps = [np.full((), index, np.float32) for index, _ in enumerate(shapes)]
    return params, grads, states, steps


def positive(name, states):
    """Adagrad's only state is a sum of squares."""
    return [states[1], states[2]] if name == "adagrad_step" else states


def copies(problem):
    params, grads, states, steps = problem
    again = lambda arrays: [array.copy() for array in arrays]
    return again(params), again(grads), [again(state) for state in states], again(steps)


def assert_same(problem, other):
    for ours, theirs in zip(problem[:2], other[:2], strict=True):
        assert_lists(ours, theirs)
    for ours, theirs in zip(problem[2], other[2], strict=True):
        assert_lists(ours, theirs)
    assert_lists(problem[3], other[3])


def assert_lists(ours, theirs):
    for one, two in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_steps_have_the_bits_of_the_numpy_form(native, specification, kind, name, options, rng):
    ours = draw(rng, kind, SIZES)
    ours = (*ours[:2], positive(name, ours[2]), ours[3])
    theirs = copies(ours)
    for _ in range(3):
        assert call(native, name, *ours, **options)
        assert call(specification, name, *theirs, **options)
    assert_same(ours, theirs)


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_nan_and_infinity_go_the_same_way(native, specification, kind, name, options):
    odd = np.array([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf, 1e-30, 3e38], kind)
    grid = [part.ravel().copy() for part in np.meshgrid(odd, odd)]
    start = np.ones(grid[0].size, kind)
    ours = ([grid[0]], [grid[1]], [[start.copy()] for _ in range(3)], [np.zeros((), np.float32)])
    theirs = copies(ours)
    for _ in range(2):
        call(native, name, *ours, **options)
        call(specification, name, *theirs, **options)
    assert_same(ours, theirs)


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_the_number_of_threads_changes_nothing(native, kind, name, options, rng):
    problem = draw(rng, kind, [300_001, 5, 70_000, (400, 300)])
    problem = (*problem[:2], positive(name, problem[2]), problem[3])
    rows = [None, None, None, np.arange(0, 400, 3)]
    before = native.get_num_threads()
    results = []
    for threads in (1, 2, 8):
        native.set_num_threads(threads)
        results.append(copies(problem))
        assert call(native, name, *results[-1], rows=rows, **options)
    native.set_num_threads(before)
    assert_same(results[0], results[1])
    assert_same(results[0], results[2])


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
@pytest.mark.parametrize("chosen", [[], [0], [2, 3, 6]])
def test_only_the_chosen_rows_are_stepped(kernels, kind, name, options, chosen, rng):
    problem = draw(rng, kind, [(7, 33), 5])
    problem = (*problem[:2], positive(name, problem[2]), problem[3])
    everywhere = copies(problem)
    before = copies(problem)
    assert call(kernels, name, *problem, rows=[np.array(chosen, np.int64), None], **options)
    assert call(kernels, name, *everywhere, **options)
    for ours, all_rows, old in zip(
        (problem[0], *problem[2]),
        (everywhere[0], *everywhere[2]),
        (before[0], *before[2]),
        strict=True,
    ):
        expected = old[0].copy()
        expected[chosen] = all_rows[0][chosen]
        np.testing.assert_array_equal(ours[0], expected)
        np.testing.assert_array_equal(ours[1], all_rows[1])


def _refuses(kernels, name, problem, **options):
    before = copies(problem)
    assert call(kernels, name, *problem, **options) is False
    assert_same(problem, before)


@pytest.mark.parametrize("name", ["sgd_step", "adagrad_step", "adam_step"])
def test_arrays_that_do_not_go_together_are_left_alone(kernels, kind, name, rng):
    odd = {"momentum": 0.9} if name == "sgd_step" else {}
    problem = draw(rng, kind, [4, (3, 5)])
    other = np.float64 if kind == np.float32 else np.float32
    for which in range(3):
        for broken in (
            lambda a: a.astype(other),
            lambda a: a.astype(np.int32),
            np.asfortranarray,
            lambda a: a[:2].copy(),
            np.ravel,
        ):
            changed = copies(problem)
            arrays = (changed[0], changed[1], changed[2][0])[which]
            arrays[1] = broken(arrays[1])
            _refuses(kernels, name, changed, **odd)
    frozen = copies(problem)
    frozen[0][1].flags.writeable = False
    _refuses(kernels, name, frozen, **odd)


@pytest.mark.parametrize("name", ["sgd_step", "adagrad_step", "adam_step"])
def test_shared_memory_that_is_written_is_left_alone(kernels, kind, name, rng):
    params, grads, states, steps = draw(rng, kind, [8, 8])
    both = rng.standard_normal(12).astype(kind)
    _refuses(kernels, name, ([params[0], params[0]], grads, states, steps))
    _refuses(kernels, name, ([both[:8], both[4:]], grads, states, steps))
    _refuses(kernels, name, ([both[:8], params[1]], [grads[0], both[4:]], states, steps))
    assert call(kernels, name, params, [both[:8], both[4:]], positive(name, states), steps)


def test_lists_that_do_not_fit_are_named(kernels, kind, rng):
    params, grads, states, steps = draw(rng, kind, [4, 3])
    with pytest.raises(ValueError, match="grads: expected 2 arrays, got 1"):
        call(kernels, "sgd_step", params, grads[:1], states, steps)
    with pytest.raises(ValueError, match="steps: expected one element at position 0, got 2"):
        call(kernels, "adam_step", params, grads, states, [np.zeros(2, np.float32), steps[1]])
    with pytest.raises(ValueError, match="buffers: momentum needs them"):
        call(kernels, "sgd_step", params, grads, [None], steps, momentum=0.5)


@pytest.mark.parametrize(("rows", "bad", "at"), [([0, 3], 3, 1), ([-1], -1, 0), ([1, 1], 1, 1)])
def test_rows_that_do_not_rise_within_the_matrix_are_named(kernels, kind, rows, bad, at, rng):
    problem = draw(rng, kind, [(3, 2)])
    before = copies(problem)
    message = f"rows: expected rising indices below 3, got {bad} at position {at}"
    with pytest.raises(IndexError, match=message):
        call(kernels, "sgd_step", *problem, rows=[np.array(rows)])
    assert_same(problem, before)


def test_counts_of_steps_may_be_of_either_width(kernels, kind, rng):
    params, grads, states, _ = draw(rng, kind, [4, 3])
    steps = [np.full((), 5, np.float32), np.full((), 7, np.float64)]
    assert call(kernels, "adam_step", params, grads, states, steps)
    assert [step.item() for step in steps] == [6, 8]
