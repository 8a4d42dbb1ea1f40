"""Sums of rows and columns: exact where they can be, else no worse than NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

# Around the lanes, the short rows, the blocks and the parts of a row; the last has parts of two
# blocks more than the least.
LENGTHS = [0, 1, 7, 8, 9, 31, 33, 128, 129, 511, 512, 513, 1540, 65535, 65536, 65537, 200_003]
VERY_LONG = 64 * 65536 + 700
COLUMNS = [0, 1, 3, 8, 511, 512, 513, 4095, 4096, 4099]
HEIGHTS = [0, 1, 3, 4, 63, 64, 65, 300]
# Rows and columns in parts, in threads and in neither.
SHAPES = [(1, 300_001), (3, 150_000), (5000, 60), (60, 5000), (7, 40_000)]


def row_sums(kernels, input):
    out = np.full(len(input), 7, input.dtype)
    kernels.sum_rows(out, input)
    return out


def column_sums(kernels, input):
    out = np.full(input.shape[1], 7, input.dtype)
    kernels.sum_columns(out, input)
    return out


def whole_numbers(rng, shape, kind):
    """Return numbers whose sums are exact in any order."""
    return rng.integers(-3, 4, shape).astype(kind)


def test_every_element_of_a_row_is_added_once(kernels, kind, rng):
    for length in [*LENGTHS, VERY_LONG]:
        x = whole_numbers(rng, (1 if length == VERY_LONG else 3, length), kind)
        np.testing.assert_array_equal(row_sums(kernels, x), x.astype(np.int64).sum(1))


def test_every_element_of_a_column_is_added_once(kernels, kind, rng):
    for length in COLUMNS:
        for height in HEIGHTS if length else [0, 3]:
            x = whole_numbers(rng, (height, length), kind)
            np.testing.assert_array_equal(column_sums(kernels, x), x.astype(np.int64).sum(0))
    for shape in ((40_001, 5), (70_003, 1)):
        x = whole_numbers(rng, shape, kind)
        np.testing.assert_array_equal(column_sums(kernels, x), x.astype(np.int64).sum(0))


def test_many_short_rows(kernels, kind, rng):
    x = whole_numbers(rng, (30_001, 10), kind)
    np.testing.assert_array_equal(row_sums(kernels, x), x.astype(np.int64).sum(1))


def mean_error(sums, x, dim):
    """Return how far sums are from the exact ones, on average."""
    return float(np.mean(np.abs(sums - x.astype(np.longdouble).sum(dim))))


@pytest.mark.parametrize("length", [128, 200, 1000, 5000, 140_000])
@pytest.mark.parametrize("low", [0, -1])
def test_row_sums_err_no_more_than_numpys(native, specification, kind, rng, length, low):
    x = rng.uniform(low, 1, (max(20, 100_000 // length), length)).astype(kind)
    ours = mean_error(row_sums(native, x), x, 1)
    assert ours <= mean_error(row_sums(specification, x), x, 1)


@pytest.mark.parametrize("shape", [(200, 513), (5000, 40), (20_000, 8), (100, 5000)])
@pytest.mark.parametrize("low", [0, -1])
def test_column_sums_err_less_than_numpys(native, specification, kind, rng, shape, low):
    x = rng.uniform(low, 1, shape).astype(kind)
    ours = mean_error(column_sums(native, x), x, 0)
    assert ours < mean_error(column_sums(specification, x), x, 0)


def test_infinities_and_nan(kernels, kind):
    x = np.ones((4, 1000), kind)
    x[0, 3], x[1, 700], x[2, 5], x[2, 999] = np.inf, np.nan, np.inf, -np.inf
    np.testing.assert_array_equal(row_sums(kernels, x), [np.inf, np.nan, np.nan, 1000])
    np.testing.assert_array_equal(
        column_sums(kernels, np.ascontiguousarray(x.T)), [np.inf, np.nan, np.nan, 1000]
    )


def test_sums_depend_neither_on_the_threads_nor_on_the_level(native, kind, rng):
    inputs = [rng.normal(size=shape).astype(kind) for shape in SHAPES]
    before = native.get_num_threads(), native.get_cpu_capability()
    results = []
    for level in native.cpu_capabilities():
        native.force_cpu_capability(level)
        for threads in (1, 2, 8):
            native.set_num_threads(threads)
            results.append([f(native, x) for x in inputs for f in (row_sums, column_sums)])
    native.set_num_threads(before[0])
    native.force_cpu_capability(before[1])
    for result in results[1:]:
        for mine, other in zip(result, results[0], strict=True):
            np.testing.assert_array_equal(mine, other)


def test_wrong_shapes_and_dtypes_are_refused(native, kind):
    x = np.zeros((2, 3), kind)
    with pytest.raises(ValueError, match=r"out: expected shape \(2\), got \(3\)"):
        native.sum_rows(np.zeros(3, kind), x)
    with pytest.raises(ValueError, match=r"out: expected shape \(3\), got \(2\)"):
        native.sum_columns(np.zeros(2, kind), x)
    with pytest.raises(ValueError, match="input: expected 2 dimensions, got 1"):
        native.sum_rows(np.zeros(3, kind), np.zeros(3, kind))
    with pytest.raises(ValueError, match="input: expected 2 dimensions, got 3"):
        native.sum_columns(np.zeros(3, kind), np.zeros((1, 3, 3), kind))
    with pytest.raises(TypeError):
        native.sum_rows(np.zeros(3, kind), x.T)
    with pytest.raises(TypeError):
        native.sum_rows(np.zeros(2, kind), x.astype(np.float16))
