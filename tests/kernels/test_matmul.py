"""The matrix product against an extended-precision one, in every layout and for all threads."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

# A tile is 6 or 12 rows and up to 32 columns, a block of k 192, a block of rows 120; up to 3
# rows go another way.
SIZES = [
    (0, 3, 4),
    (3, 0, 4),
    (3, 4, 0),
    (1, 1, 1),
    (1, 17, 5),
    (2, 15, 9),
    (3, 40, 33),
    (4, 16, 8),
    (5, 7, 15),
    (6, 191, 16),
    (7, 192, 17),
    (13, 193, 31),
    (12, 383, 33),
    (121, 400, 70),
    (250, 33, 130),
]
LAYOUTS = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "stepped": lambda x: np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3],
    "backwards": lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
}


def exact(a, b, bias):
    wide = a.astype(np.longdouble) @ b.astype(np.longdouble)
    return wide if bias is None else wide + bias


def close(got, a, b, bias, kind):
    """Require the rounding errors of sums of that many products, and no more."""
    terms = np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64) + 1
    bound = (2 + np.sqrt(a.shape[1])) * np.finfo(kind).eps * terms
    assert (np.abs(got - exact(a, b, bias)) <= bound).all()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("with_bias", [False, True])
def test_the_product_is_the_exact_one_in_every_layout(kernels, kind, size, with_bias, rng):
    m, k, n = size
    x, y = rng.standard_normal((m, k)).astype(kind), rng.standard_normal((k, n)).astype(kind)
    bias = rng.standard_normal(n).astype(kind) if with_bias else None
    for first, second in itertools.product(LAYOUTS.values(), repeat=2):
        out = np.full((m, n), np.nan, kind)
        kernels.matmul(out, first(x), second(y), bias)
        close(out, x, y, bias, kind)


@pytest.mark.parametrize("size", [(250, 400, 130), (2, 300, 900), (3, 900, 2000), (500, 40, 20)])
def test_threads_change_no_bit(native, kind, size, rng):
    m, k, n = size
    a, b = rng.standard_normal((m, k)).astype(kind), rng.standard_normal((n, k)).astype(kind).T
    before = native.get_num_threads()
    found = []
    for threads in (1, 2, 8):
        native.set_num_threads(threads)
        for right in (b, np.ascontiguousarray(b)):
            out = np.empty((m, n), kind)
            native.matmul(out, a, right, None)
            found.append(out.tobytes())
    native.set_num_threads(before)
    assert found[0] == found[2] == found[4]
    assert found[1] == found[3] == found[5]


def test_a_row_does_not_depend_on_the_rows_beside_it(native, kind, rng):
    a, b = rng.standard_normal((40, 250)).astype(kind), rng.standard_normal((250, 37)).astype(kind)
    whole = np.empty((40, 37), kind)
    native.matmul(whole, a, b, None)
    for rows in (4, 5, 6, 7, 13):
        part = np.empty((rows, 37), kind)
        native.matmul(part, a[:rows], b, None)
        np.testing.assert_array_equal(part, whole[:rows])


@pytest.mark.parametrize("rows", [1, 8])
def test_what_is_not_finite_stays_where_it_belongs(kernels, kind, rows):
    a, b = np.ones((rows, 20), kind), np.ones((20, 18), kind)
    b[3, 2], b[4, 17], b[5, 6] = np.nan, np.inf, -np.inf
    out = np.empty((rows, 18), kind)
    kernels.matmul(out, a, b)
    assert np.isnan(out[:, 2]).all()
    assert (out[:, 17] == np.inf).all()
    assert (out[:, 6] == -np.inf).all()
    assert (np.delete(out, [2, 6, 17], axis=1) == 20).all()


@pytest.mark.parametrize(
    "name, shapes",
    [
        ("b", [(2, 4), (2, 3), (4, 4), (4,)]),
        ("out", [(2, 5), (2, 3), (3, 4), (4,)]),
        ("out", [(3, 4), (2, 3), (3, 4), (4,)]),
        ("bias", [(2, 4), (2, 3), (3, 4), (5,)]),
    ],
)
def test_shapes_that_do_not_fit_are_refused(kernels, kind, name, shapes):
    with pytest.raises(ValueError, match=f"{name}: expected shape"):
        kernels.matmul(*(np.zeros(shape, kind) for shape in shapes))


@pytest.mark.parametrize(
    "size", [(0, 2, 3, 4), (1, 5, 6, 7), (3, 0, 2, 2), (40, 8, 33, 17)], ids=str
)
def test_a_batch_is_multiplied_one_by_one(kernels, kind, size, rng):
    batch, m, k, n = size
    a = rng.standard_normal((k, batch, m)).astype(kind).transpose(1, 2, 0)
    b = rng.standard_normal((batch, k, n)).astype(kind)
    out = np.full((batch, m, n), np.nan, kind)
    kernels.batch_matmul(out, a, b)
    for i in range(batch):
        close(out[i], a[i], b[i], None, kind)


@pytest.mark.parametrize("batch", [2, 64])
def test_threads_change_no_bit_of_a_batch(native, kind, batch, rng):
    a, b = rng.standard_normal((2, batch, 60, 60)).astype(kind)
    before = native.get_num_threads()
    found = set()
    for threads in (1, 2, 8):
        native.set_num_threads(threads)
        out = np.empty_like(a)
        native.batch_matmul(out, a, b)
        found.add(out.tobytes())
    native.set_num_threads(before)
    assert len(found) == 1


@pytest.mark.parametrize(
    "name, shapes",
    [
        ("b", [(2, 3, 5), (2, 3, 4), (2, 5, 5)]),
        ("b", [(2, 3, 5), (2, 3, 4), (3, 4, 5)]),
        ("out", [(2, 3, 6), (2, 3, 4), (2, 4, 5)]),
    ],
)
def test_batches_that_do_not_fit_are_refused(kernels, kind, name, shapes):
    with pytest.raises(ValueError, match=f"{name}: expected shape"):
        kernels.batch_matmul(*(np.zeros(shape, kind) for shape in shapes))


def test_mixed_dtypes_and_vectors_are_refused(native):
    a, b = np.zeros((2, 3), np.float32), np.zeros((3, 4), np.float64)
    with pytest.raises(TypeError):
        native.matmul(np.zeros((2, 4), np.float32), a, b, None)
    with pytest.raises(TypeError):
        native.matmul(np.zeros((2, 4), np.float32), a, np.zeros(3, np.float32), None)
