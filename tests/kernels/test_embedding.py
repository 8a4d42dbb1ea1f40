"""Rows of tables: gathered, added to, set to zero, reduced in bags."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.parametrize("width", [0, 1, 15, 16, 17, 127, 128, 129, 300])
@pytest.mark.parametrize("count", [0, 1, 50])
def test_rows_are_added_in_order(kernels, kind, width, count, rng):
    out = rng.standard_normal((7, width)).astype(kind)
    indices = rng.integers(0, 7, count)
    values = rng.standard_normal((count, width)).astype(kind)
    expected = out.copy()
    for index, value in zip(indices, values, strict=True):
        expected[index] += value
    kernels.add_rows(out, indices, values)
    np.testing.assert_array_equal(out, expected)


def test_nan_and_infinity_stay_in_their_rows(kernels, kind):
    out = np.zeros((3, 2), kind)
    kernels.add_rows(out, np.array([0, 2]), np.array([[np.nan, 1], [np.inf, -np.inf]], kind))
    np.testing.assert_array_equal(out, np.array([[np.nan, 1], [0, 0], [np.inf, -np.inf]], kind))


@pytest.mark.parametrize("bad", [-1, 3, 2**40])
def test_an_index_outside_the_table_is_named_and_nothing_is_added(kernels, kind, bad):
    out = np.zeros((3, 2), kind)
    message = f"index out of range in self: got index {bad} at position 1, but there are 3 rows"
    with pytest.raises(IndexError, match=message):
        kernels.add_rows(out, np.array([0, bad]), np.ones((2, 2), kind))
    assert not out.any()


def test_values_of_another_shape_are_refused(kernels, kind):
    with pytest.raises(ValueError, match=r"values: expected shape \(1, 2\), got \(1, 3\)"):
        kernels.add_rows(np.zeros((3, 2), kind), np.array([0]), np.ones((1, 3), kind))


@pytest.mark.parametrize("width", [0, 1, 15, 16, 17, 300])
@pytest.mark.parametrize("chosen", [[], [0], [6, 2, 2]])
def test_only_the_named_rows_become_zero(kernels, kind, width, chosen):
    out = np.full((7, width), np.nan, kind)
    expected = out.copy()
    expected[chosen] = 0
    kernels.clear_rows(out, np.array(chosen, np.int64))
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("bad", [-1, 3])
def test_a_row_outside_the_table_is_named_and_nothing_becomes_zero(kernels, kind, bad):
    out = np.ones((3, 2), kind)
    with pytest.raises(IndexError, match=f"got index {bad} at position 1, but there are 3 rows"):
        kernels.clear_rows(out, np.array([0, bad]))
    assert out.all()


@pytest.mark.parametrize("width", [0, 1, 15, 16, 17, 300])
@pytest.mark.parametrize("count", [0, 1, 50, 500])
def test_rows_are_gathered(kernels, kind, width, count, rng):
    table = rng.standard_normal((7, width)).astype(kind)
    indices = rng.integers(0, 7, count)
    out = np.full((count, width), np.nan, kind)
    assert kernels.gather_rows(out, table, indices) == -1
    np.testing.assert_array_equal(out, table[indices])


@pytest.mark.parametrize("bad", [-1, 3, 2**40, -(2**62)])
def test_the_first_index_outside_is_pointed_at_and_nothing_is_written(kernels, kind, bad):
    table, starts = np.ones((3, 2), kind), np.array([0, 3])
    indices = np.array([0, bad, bad])
    out = np.full((3, 2), 7, kind)
    assert kernels.gather_rows(out, table, indices) == 1
    sizes, places = np.full(1, 7), np.full((1, 2), 7)
    assert kernels.bag_sums(out[:1], sizes, table, None, indices, starts, -1, False) == 1
    assert kernels.bag_maxima(out[:1], places, table, indices, starts, -1) == 1
    for written in (out, sizes, places):
        assert (written == 7).all()


def _bags(rng, rows, count, bags):
    indices = rng.integers(0, rows, count)
    starts = np.sort(rng.integers(0, count + 1, bags + 1))
    starts[0] = 0
    return indices, starts


BAGS = pytest.mark.parametrize(("count", "bags"), [(0, 0), (0, 3), (1, 1), (40, 7), (900, 150)])
WIDTHS = pytest.mark.parametrize("width", [0, 1, 7, 16, 17, 129])
PADDING = pytest.mark.parametrize("padding", [-1, 2])


@BAGS
@WIDTHS
@PADDING
@pytest.mark.parametrize("mean", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_bags_have_the_sums_of_the_numpy_form(
    native, specification, kind, width, count, bags, padding, mean, weighted, rng
):
    table = rng.standard_normal((9, width)).astype(kind)
    factors = rng.standard_normal(count).astype(kind) if weighted else None
    indices, starts = _bags(rng, 9, count, bags)
    results = []
    for kernels in (native, specification):
        out, sizes = np.full((bags, width), np.nan, kind), np.full(bags, -7)
        call = (table, factors, indices, starts, padding, mean)
        assert kernels.bag_sums(out, sizes, *call) == -1
        results.append((out, sizes))
    np.testing.assert_array_equal(results[0][1], results[1][1])
    if weighted:
        scale = np.finfo(kind).eps * 64
        np.testing.assert_allclose(results[0][0], results[1][0], rtol=scale, atol=scale)
    else:
        np.testing.assert_array_equal(results[0][0], results[1][0])


@BAGS
@WIDTHS
@PADDING
def test_bags_have_the_maxima_of_the_numpy_form(
    native, specification, kind, width, count, bags, padding, rng
):
    table = rng.integers(-3, 3, (9, width)).astype(kind)
    if width:
        table[rng.integers(0, 9, 5), rng.integers(0, width, 5)] = np.nan
        table[rng.integers(0, 9, 5), rng.integers(0, width, 5)] = -np.inf
    indices, starts = _bags(rng, 9, count, bags)
    results = []
    for kernels in (native, specification):
        out, places = np.full((bags, width), np.nan, kind), np.full((bags, width), -7)
        assert kernels.bag_maxima(out, places, table, indices, starts, padding) == -1
        grad_table = np.zeros_like(table)
        kernels.add_maxima(grad_table, np.ones_like(out), places, indices)
        results.append((out, places, grad_table))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@BAGS
@WIDTHS
@PADDING
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_of_bags_are_those_of_the_numpy_form(
    native, specification, kind, width, count, bags, padding, weighted, rng
):
    table = rng.standard_normal((9, width)).astype(kind)
    grad = rng.standard_normal((bags, width)).astype(kind)
    factors = rng.standard_normal(count).astype(kind) if weighted else None
    indices, starts = _bags(rng, 9, count, bags)
    results = []
    for kernels in (native, specification):
        out, products = table.copy(), np.full(count, np.nan, kind)
        kernels.add_bags(out, grad, factors, indices, starts, padding)
        kernels.bag_products(products, grad, table, indices, starts, padding)
        results.append((out, products))
    scale = np.finfo(kind).eps * 512
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=scale, atol=scale)


def test_the_number_of_threads_changes_no_bag(native, kind, rng):
    table = rng.standard_normal((500, 300)).astype(kind)
    indices, starts = _bags(rng, 500, 4000, 700)
    factors = rng.standard_normal(4000).astype(kind)
    grad = rng.standard_normal((700, 300)).astype(kind)
    before = native.get_num_threads()
    results = []
    for threads in (1, 2, 8):
        native.set_num_threads(threads)
        out, sizes, places = (
            np.empty((700, 300), kind),
            np.empty(700, int),
            np.empty((700, 300), int),
        )
        rows, largest = np.empty((4000, 300), kind), out.copy()
        added, products = table.copy(), np.empty(4000, kind)
        native.gather_rows(rows, table, indices)
        native.bag_sums(out, sizes, table, factors, indices, starts, 3, True)
        native.bag_maxima(largest, places, table, indices, starts, 3)
        native.add_bags(added, grad, factors, indices, starts, 3)
        native.add_maxima(added, grad, places, indices)
        native.bag_products(products, grad, table, indices, starts, 3)
        results.append((rows, out, sizes, largest, places, added, products))
    native.set_num_threads(before)
    for others in results[1:]:
        for ours, theirs in zip(results[0], others, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("starts", "bad", "at"), [([0, 4], 4, 1), ([2, 1], 1, 1), ([-1, 3], -1, 0)]
)
def test_bags_that_do_not_rise_within_the_indices_are_named(kernels, kind, starts, bad, at):
    table, indices = np.ones((3, 2), kind), np.array([0, 1, 2])
    message = f"starts: expected rising positions up to 3, got {bad} at position {at}"
    out, sizes = np.full((1, 2), 7, kind), np.full(1, 7)
    with pytest.raises(IndexError, match=message):
        kernels.bag_sums(out, sizes, table, None, indices, np.array(starts), -1, False)
    with pytest.raises(IndexError, match=message):
        kernels.add_bags(table, out, None, indices, np.array(starts), -1)
    assert (out == 7).all()
    assert (table == 1).all()


def test_shapes_and_places_that_do_not_fit_are_named(kernels, kind):
    table, indices, starts = np.ones((3, 2), kind), np.array([0, 1]), np.array([0, 2])
    wide = np.ones((1, 3), kind)
    with pytest.raises(ValueError, match=r"out: expected shape \(2, 2\), got \(1, 3\)"):
        kernels.gather_rows(wide, table, indices)
    with pytest.raises(ValueError, match=r"out: expected shape \(1, 2\), got \(1, 3\)"):
        kernels.bag_sums(wide, np.zeros(1, int), table, None, indices, starts, -1, False)
    with pytest.raises(ValueError, match=r"places: expected shape \(1, 2\), got \(1, 3\)"):
        kernels.bag_maxima(wide[:, :2].copy(), np.zeros((1, 3), int), table, indices, starts, -1)
    with pytest.raises(ValueError, match=r"grad: expected shape \(1, 2\), got \(1, 3\)"):
        kernels.add_bags(table, wide, None, indices, starts, -1)
    with pytest.raises(ValueError, match="starts: expected at least one position"):
        kernels.bag_products(np.ones(2, kind), wide, table, indices, np.array([], int), -1)
    with pytest.raises(IndexError, match="places: expected positions below 2, got 2"):
        kernels.add_maxima(table, np.ones((1, 2), kind), np.array([[0, 2]]), indices)
