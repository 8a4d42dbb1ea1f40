"""Softmax and log-softmax rows against an extended-precision form."""

from __future__ import annotations

import numpy as np
import pytest

# One accumulator block is 16 lanes, one exponential block 512, one column block 64.
SHAPES = [
    (0, 3, 1),
    (3, 0, 1),
    (2, 3, 0),
    (1, 1, 1),
    (3, 15, 1),
    (2, 16, 1),
    (2, 17, 1),
    (2, 511, 1),
    (2, 513, 1),
    (300, 130, 1),
    (2, 5, 2),
    (2, 3, 63),
    (2, 3, 64),
    (3, 40, 65),
    (2, 7, 200),
]
TOLERANCE = {np.float32: 3e-6, np.float64: 5e-15}


def exact_log_softmax(x):
    wide = x.astype(np.longdouble)
    shifted = wide - wide.max(axis=1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)) if x.size else shifted


@pytest.mark.parametrize("shape", SHAPES)
def test_softmax_is_the_exact_one(kernels, kind, shape, rng):
    x = (5 * rng.standard_normal(shape)).astype(kind)
    out = np.full_like(x, np.nan)
    kernels.softmax(out, x, 1)
    np.testing.assert_allclose(out, np.exp(exact_log_softmax(x)).astype(kind), rtol=TOLERANCE[kind])


@pytest.mark.parametrize("shape", SHAPES)
def test_log_softmax_is_the_exact_one(kernels, kind, shape, rng):
    x = (5 * rng.standard_normal(shape)).astype(kind)
    out = np.full_like(x, np.nan)
    kernels.log_softmax(out, x, 1)
    close = TOLERANCE[kind]
    np.testing.assert_allclose(out, exact_log_softmax(x).astype(kind), rtol=close, atol=close)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shape", SHAPES)
def test_backward_is_the_exact_one(kernels, kind, name, shape, rng):
    log_out = exact_log_softmax(5 * rng.standard_normal(shape)).astype(kind)
    grad = rng.standard_normal(shape).astype(kind)
    got = np.full_like(grad, np.nan)
    wide = grad.astype(np.longdouble)
    if name == "softmax":
        out = np.exp(log_out)
        kernels.softmax_backward(got, grad, out, 1)
        expected = out * (wide - (wide * out).sum(axis=1, keepdims=True))
    else:
        kernels.log_softmax_backward(got, grad, log_out, 1)
        expected = wide - np.exp(log_out.astype(np.longdouble)) * wide.sum(axis=1, keepdims=True)
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(got, expected.astype(kind), atol=4 * scale * TOLERANCE[kind])


@pytest.mark.parametrize("inner", [1, 3])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dim", [2, 40])
def test_nan_infinity_and_nothing_but_minus_infinity_make_a_line_nan(
    kernels, kind, name, inner, dim
):
    for bad in (np.nan, np.inf):
        x = np.zeros((2, dim, inner), kind)
        x[0, 1] = bad
        out = np.empty_like(x)
        getattr(kernels, name)(out, x, 1)
        assert np.isnan(out[0]).any(axis=0).all()
        assert np.isfinite(out[1]).all()
    x = np.full((1, dim, inner), -np.inf, kind)
    out = np.empty_like(x)
    getattr(kernels, name)(out, x, 1)
    assert np.isnan(out).all()


@pytest.mark.parametrize("inner", [1, 3])
def test_one_minus_infinity_gets_probability_zero(kernels, kind, inner):
    x = np.zeros((1, 3, inner), kind)
    x[0, 0] = -np.inf
    out = np.empty_like(x)
    kernels.softmax(out, x, 1)
    np.testing.assert_array_equal(out[0, :, 0], np.array([0, 0.5, 0.5], kind))
    kernels.log_softmax(out, x, 1)
    assert (out[0, 0] == -np.inf).all()


def test_large_values_do_not_overflow(kernels, kind):
    x = np.array([1e30, 1e30, -1e30], kind).reshape(1, 3, 1)
    out = np.empty_like(x)
    kernels.softmax(out, x, 1)
    np.testing.assert_array_equal(out.ravel(), np.array([0.5, 0.5, 0], kind))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_any_dimension_of_any_shape(kernels, kind, name, rng):
    x = rng.standard_normal((3, 4, 5, 2)).astype(kind)
    for dim in range(4):
        out, expected = np.empty_like(x), np.moveaxis(np.empty_like(x), dim, -1).copy()
        getattr(kernels, name)(out, x, dim)
        getattr(kernels, name)(expected, np.moveaxis(x, dim, -1).copy(), 3)
        np.testing.assert_allclose(
            np.moveaxis(out, dim, -1), expected, rtol=TOLERANCE[kind], atol=TOLERANCE[kind]
        )


@pytest.mark.parametrize("inner", [1, 3])
def test_results_do_not_depend_on_the_number_of_threads(native, kind, inner, rng):
    x = rng.standard_normal((1000, 300, inner)).astype(kind)
    grad = rng.standard_normal(x.shape).astype(kind)
    found = []
    before = native.get_num_threads()
    for threads in (1, 2, 8):
        native.set_num_threads(threads)
        out, log_out, back, log_back = (np.empty_like(x) for _ in range(4))
        native.softmax(out, x, 1)
        native.log_softmax(log_out, x, 1)
        native.softmax_backward(back, grad, out, 1)
        native.log_softmax_backward(log_back, grad, log_out, 1)
        found.append((out, log_out, back, log_back))
    native.set_num_threads(before)
    for arrays in found[1:]:
        for mine, first in zip(arrays, found[0], strict=True):
            np.testing.assert_array_equal(mine, first)


def test_a_result_larger_than_the_caches_is_that_of_its_rows(native, kind, rng):
    # 32 MiB and more are written past the caches. An odd length lets rows begin anywhere.
    length = 2**25 // np.dtype(kind).itemsize // 3 + 7
    length += length % 2 == 0
    x = rng.standard_normal((3, length)).astype(kind)
    grad = rng.standard_normal(x.shape).astype(kind)
    places, values = np.array([0, length // 2, length - 1]), grad[:, 0].copy()
    log_out = np.empty_like(x)
    native.log_softmax(log_out, x, 1)
    out = np.exp(log_out)
    for call in (
        lambda to, at: native.log_softmax(to, x[at].copy(), 1),
        lambda to, at: native.softmax_backward(to, grad[at].copy(), out[at].copy(), 1),
        lambda to, at: native.log_softmax_backward(to, grad[at].copy(), log_out[at].copy(), 1),
        lambda to, at: native.log_softmax_backward_picked(
            to, places[at], values[at], log_out[at].copy()
        ),
    ):
        whole, row = np.full_like(x, np.nan), np.full_like(x[:1], np.nan)
        call(whole, slice(None))
        for at in range(3):
            call(row, slice(at, at + 1))
            np.testing.assert_array_equal(whole[at], row[0])


def test_wrong_shapes_and_dtypes_are_refused(native, kind):
    x = np.zeros((2, 3, 1), kind)
    with pytest.raises(ValueError, match=r"out: expected shape \(2, 3, 1\), got \(2, 4, 1\)"):
        native.softmax(np.zeros((2, 4, 1), kind), x, 1)
    with pytest.raises(ValueError, match=r"out: expected shape \(3, 1\), got \(2, 3, 1\)"):
        native.softmax(x, x[0], 1)
    with pytest.raises(ValueError, match="dim: expected 0 to 2, got 3"):
        native.softmax(x, x, 3)
    with pytest.raises(TypeError):
        native.softmax(x, x.astype(np.float16), 1)
    with pytest.raises(TypeError):
        native.softmax(x, np.asfortranarray(np.zeros((2, 3, 2), kind)), 1)
    x.flags.writeable = False
    with pytest.raises(TypeError):
        native.softmax(x, np.zeros((2, 3, 1), kind), 1)
