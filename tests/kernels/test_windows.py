"""Windows of convolution and pooling: columns, their adjoint, maxima and their gradient."""

from __future__ import annotations

import math

import numpy as np
import pytest

# Input (planes, D, H, W), then kernel, stride, padding, dilation of three dimensions each.
CASES = [
    ((0, 1, 4, 4), (1, 2, 2), (1, 1, 1), (0, 0, 0), (1, 1, 1)),
    ((2, 1, 1, 1), (1, 1, 1), (1, 1, 1), (0, 0, 0), (1, 1, 1)),
    ((3, 1, 1, 9), (1, 1, 3), (1, 1, 1), (0, 0, 1), (1, 1, 1)),
    ((2, 1, 5, 7), (1, 3, 2), (1, 2, 3), (0, 1, 1), (1, 1, 2)),
    ((2, 1, 6, 33), (1, 5, 5), (1, 1, 1), (0, 2, 2), (1, 1, 1)),
    ((1, 4, 5, 3), (2, 3, 2), (2, 1, 1), (1, 1, 1), (1, 2, 1)),
    ((40, 1, 28, 28), (1, 3, 3), (1, 2, 2), (0, 1, 1), (1, 1, 1)),
]


def windows(shape, kernel, stride, padding, dilation):
    """Return the sizes of the result."""
    rows = zip(shape[1:], kernel, stride, padding, dilation, strict=True)
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in rows)


def padded(input, kernel, padding, value):
    """Return the input with room for every window."""
    wide = np.pad(input, [(0, 0), *((p, p + k) for p, k in zip(padding, kernel, strict=True))])
    if value != 0:
        inner = tuple(slice(p, p + n) for p, n in zip(padding, input.shape[1:], strict=True))
        filled = np.full_like(wide, value)
        filled[(slice(None), *inner)] = input
        return filled
    return wide


def every_window(input, out, kernel, stride, padding, dilation, value=0):
    """Return (planes, kernel elements, *out), by one index a window."""
    around = padded(input, [k * d for k, d in zip(kernel, dilation, strict=True)], padding, value)
    found = np.empty((len(input), math.prod(kernel), *out), input.dtype)
    for at in np.ndindex(*out):
        starts = [i * s for i, s in zip(at, stride, strict=True)]
        places = [
            slice(b, b + d * (k - 1) + 1, d)
            for b, k, d in zip(starts, kernel, dilation, strict=True)
        ]
        found[(slice(None), slice(None), *at)] = around[(slice(None), *places)].reshape(
            found.shape[:2]
        )
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_columns_are_what_the_windows_meet(kernels, kind, case, rng):
    shape, kernel, *rest = case
    input = rng.standard_normal(shape).astype(kind)
    out = windows(*case)
    columns = np.full((shape[0] * math.prod(kernel), *out), np.nan, kind)
    kernels.unfold_windows(columns, input, kernel, *rest)
    expected = every_window(input, out, kernel, *rest)
    np.testing.assert_array_equal(columns.reshape(expected.shape), expected)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_folding_is_the_adjoint_of_unfolding(kernels, specification, kind, case, rng):
    shape, kernel, *rest = case
    out = windows(*case)
    columns = rng.standard_normal((shape[0] * math.prod(kernel), *out)).astype(kind)
    folded = np.full(shape, np.nan, kind)
    kernels.fold_windows(folded, columns, kernel, *rest)
    same = np.empty_like(folded)
    specification.fold_windows(same, columns, kernel, *rest)
    np.testing.assert_array_equal(folded, same)
    input = rng.standard_normal(shape).astype(kind)
    unfolded = np.empty_like(columns)
    kernels.unfold_windows(unfolded, input, kernel, *rest)
    pair = [np.sum(a.astype(np.float64) * b) for a, b in ((unfolded, columns), (input, folded))]
    assert pair[0] == pytest.approx(pair[1], rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_maxima_and_their_places(kernels, kind, case, rng):
    shape, kernel, *rest = case
    input = rng.standard_normal(shape).astype(kind)
    out = windows(*case)
    found, indices = np.empty((shape[0], *out), kind), np.empty((shape[0], *out), np.int64)
    kernels.max_pool(found, indices, input, kernel, *rest)
    np.testing.assert_array_equal(
        found, every_window(input, out, kernel, *rest, value=-np.inf).max(axis=1)
    )
    flat = input.reshape(shape[0], math.prod(shape[1:]))
    places = indices.reshape(shape[0], math.prod(out))
    np.testing.assert_array_equal(np.take_along_axis(flat, places, 1).reshape(found.shape), found)


def test_first_of_equals_last_nan_and_a_window_of_minus_infinity(kernels, kind):
    rows = [[1, 1, 0, 1], [np.nan, 2, np.nan, 3], [-np.inf] * 4, [np.inf, np.nan, 0, 0]]
    input = np.array(rows, kind).reshape(4, 1, 1, 4)
    found, indices = np.empty((4, 1, 1, 1), kind), np.empty((4, 1, 1, 1), np.int64)
    one = (1, 1, 1)
    kernels.max_pool(found, indices, input, (1, 1, 4), one, (0, 0, 0), one)
    np.testing.assert_array_equal(found.ravel(), [1, np.nan, -np.inf, np.nan])
    np.testing.assert_array_equal(indices.ravel(), [0, 2, 0, 1])


def test_gradient_of_maxima_adds_up_where_windows_share_one(kernels, kind, rng):
    grad = rng.standard_normal((3, 5)).astype(kind)
    indices = np.array([[0, 0, 3, 2, 0]] * 3)
    found = np.full((3, 4), np.nan, kind)
    kernels.max_pool_backward(found, grad, indices)
    expected = np.zeros((3, 4), kind)
    np.add.at(expected, (np.arange(3)[:, None], indices), grad)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("bad", [-1, 4])
def test_an_index_outside_the_plane_is_refused(kernels, kind, bad):
    indices = np.array([[0, bad]])
    with pytest.raises(IndexError, match=rf"indices: expected 0 to 3, got {bad}"):
        kernels.max_pool_backward(np.empty((1, 4), kind), np.ones((1, 2), kind), indices)


def test_results_do_not_depend_on_the_number_of_threads(native, kind, rng):
    shape, kernel, *rest = (64, 1, 40, 40), (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1)
    input = rng.standard_normal(shape).astype(kind)
    before = native.get_num_threads()
    found = []
    for threads in (1, 2, 8):
        native.set_num_threads(threads)
        columns = np.empty((shape[0] * 9, 1, 40, 40), kind)
        folded, most, back = (np.empty_like(input) for _ in range(3))
        indices = np.empty(shape, np.int64)
        native.unfold_windows(columns, input, kernel, *rest)
        native.fold_windows(folded, columns, kernel, *rest)
        native.max_pool(most, indices, input, kernel, *rest)
        native.max_pool_backward(
            back.reshape(64, -1), most.reshape(64, -1), indices.reshape(64, -1)
        )
        found.append((columns, folded, most, indices, back))
    native.set_num_threads(before)
    for arrays in found[1:]:
        for mine, first in zip(arrays, found[0], strict=True):
            np.testing.assert_array_equal(mine, first)


def test_wrong_shapes_numbers_and_windows_are_refused(native, kind):
    input, one, zero = np.zeros((2, 1, 4, 4), kind), (1, 1, 1), (0, 0, 0)
    columns = np.zeros((8, 1, 3, 3), kind)
    with pytest.raises(ValueError, match=r"columns: expected shape \(18, 1, 3, 3\), got"):
        native.unfold_windows(columns, input, (1, 3, 3), one, zero, one)
    with pytest.raises(ValueError, match="kernel: expected 3 numbers, got 2"):
        native.unfold_windows(columns, input, (2, 2), one, zero, one)
    with pytest.raises(ValueError, match="stride: expected 1 to 1048576, got 0"):
        native.fold_windows(input, columns, (1, 2, 2), (1, 0, 1), zero, one)
    with pytest.raises(ValueError, match="padding: expected 0 to 1048576, got -1"):
        native.fold_windows(input, columns, (1, 2, 2), one, (0, 0, -1), one)
    found, indices = np.zeros((2, 1, 9, 3), kind), np.zeros((2, 1, 9, 3), np.int64)
    with pytest.raises(ValueError, match="window 4 of dimension 1 lies outside the input of size"):
        native.max_pool(found, indices, input, (1, 2, 2), one, zero, one)
    with pytest.raises(ValueError, match=r"indices: expected shape \(1, 2\), got \(1, 3\)"):
        native.max_pool_backward(
            np.zeros((1, 4), kind), np.zeros((1, 2), kind), np.zeros((1, 3), np.int64)
        )
