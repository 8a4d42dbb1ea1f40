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
    kernels.softmax(out, x)
    np.testing.assert_allclose(out, np.exp(exact_log_softmax(x)).astype(kind), rtol=TOLERANCE[kind])


@pytest.mark.parametrize("shape", SHAPES)
def test_log_softmax_is_the_exact_one(kernels, kind, shape, rng):
    x = (5 * rng.standard_normal(shape)).astype(kind)
    out = np.full_like(x, np.nan)
    kernels.log_softmax(out, x)
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
        kernels.softmax_backward(got, grad, out)
        expected = out * (wide - (wide * out).sum(axis=1, keepdims=True))
    else:
        kernels.log_softmax_backward(got, grad, log_out)
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
        getattr(kernels, name)(out, x)
        assert np.isnan(out[0]).any(axis=0).all()
        assert np.isfinite(out[1]).all()
    x = np.full((1, dim, inner), -np.inf, kind)
    out = np.empty_like(x)
    getattr(kernels, name)(out, x)
    assert np.isnan(out).all()


@pytest.mark.parametrize("inner", [1, 3])
def test_one_minus_infinity_gets_probability_zero(kernels, kind, inner):
    x = np.zeros((1, 3, inner), kind)
    x[0, 0] = -np.inf
    out = np.empty_like(x)
    kernels.softmax(out, x)
    np.testing.assert_array_equal(out[0, :, 0], np.array([0, 0.5, 0.5], kind))
    kernels.log_softmax(out, x)
    assert (out[0, 0] == -np.inf).all()


def test_large_values_do_not_overflow(kernels, kind):
    x = np.array([1e30, 1e30, -1e30], kind).reshape(1, 3, 1)
    out = np.empty_like(x)
    kernels.softmax(out, x)
    np.testing.assert_array_equal(out.ravel(), np.array([0.5, 0.5, 0], kind))


def test_wrong_shapes_and_dtypes_are_refused(native, kind):
    x = np.zeros((2, 3, 1), kind)
    with pytest.raises(ValueError, match=r"out: expected shape \(2, 3, 1\), got \(2, 4, 1\)"):
        native.softmax(np.zeros((2, 4, 1), kind), x)
    with pytest.raises(ValueError, match="input: expected 3 dimensions, got 2"):
        native.softmax(x, x[0])
    with pytest.raises(TypeError):
        native.softmax(x, x.astype(np.float16))
    with pytest.raises(TypeError):
        native.softmax(x, np.asfortranarray(np.zeros((2, 3, 2), kind)))
    x.flags.writeable = False
    with pytest.raises(TypeError):
        native.softmax(x, np.zeros((2, 3, 1), kind))
