"""Sums and means of more elements than NumPy's order is kept for."""

from __future__ import annotations

import numpy as np
import pytest

import penlight as pl

CASES = [
    ((50_000,), None),
    ((50_000,), 0),
    ((200, 250), None),
    ((200, 250), 0),
    ((200, 250), -1),
    ((200, 250), (1, 0)),
    ((30, 40, 50), None),
    ((30, 40, 50), 0),
    ((30, 40, 50), 1),
    ((30, 40, 50), (2, 1)),
    ((30, 40, 50), (0, 1)),
    ((30, 40, 50), (0, 2)),
    ((1, 50_000, 1), (0, 1)),
    ((1, 50_000, 1), 2),
]


@pytest.mark.parametrize("shape, dim", CASES)
@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("dtype", [pl.float32, pl.float64, pl.float16, pl.int32])
def test_large_sums_add_the_dimensions_that_are_named(shape, dim, keepdim, dtype):
    x = pl.randint(-2, 3, shape).to(dtype)
    exact = x._array.astype(np.int64).sum(axis=dim, keepdims=keepdim)
    total = x.sum(dim, keepdim)
    assert total.shape == exact.shape
    assert total.dtype is (dtype if dtype.is_floating_point else pl.int64)
    assert total._array.base is None
    assert total._array.flags.c_contiguous
    np.testing.assert_array_equal(total._array, exact)
    if dtype.is_floating_point:
        mean = x.mean(dim, keepdim)
        assert mean.shape == exact.shape
        assert mean.dtype is dtype
        wide = np.float64 if dtype is pl.float64 else np.float32
        count = x._array.size // max(exact.size, 1)
        np.testing.assert_array_equal(
            mean._array, (exact.astype(wide) / wide(count)).astype(total._array.dtype)
        )


@pytest.mark.parametrize("dtype", [pl.float32, pl.float64])
def test_large_sums_of_any_layout(dtype):
    x = pl.randint(-2, 3, (300, 400)).to(dtype)
    for layout in (x.t(), x[::2], x[:, 1:], x.flip(0), x[0].expand(300, 400)):
        exact = np.asarray(layout._array, np.int64)
        for dim in (None, 0, 1):
            np.testing.assert_array_equal(layout.sum(dim)._array, exact.sum(axis=dim))
        np.testing.assert_array_equal(layout.sum()._array, exact.sum())


def test_the_gradient_of_a_large_sum():
    x = pl.rand(400, 90, requires_grad=True)
    weights = pl.arange(90.0)
    (x.sum(0) * weights).sum().backward()
    np.testing.assert_array_equal(x.grad._array, np.tile(weights._array, (400, 1)))


def test_large_sums_do_not_depend_on_the_number_of_threads():
    x = pl.randn(700, 701)
    before = pl.get_num_threads()
    found = []
    for threads in (1, 2, 3):
        pl.set_num_threads(threads)
        found.append([f(x, *dim) for f in (pl.sum, pl.mean) for dim in ((), (0,), (1,))])
    pl.set_num_threads(before)
    for other in found[1:]:
        assert all(map(pl.equal, other, found[0]))


def test_large_sums_that_overflow_are_infinite_without_a_warning():
    x = pl.full((50_000,), 3e38)
    assert x.sum().item() == float("inf")
    assert x.view(500, 100).sum(0).isinf().all()
