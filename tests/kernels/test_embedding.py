"""Scatter-add of rows, and rows set to zero."""

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
