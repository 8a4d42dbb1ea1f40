"""Normalisation kernels against an extended-precision form."""

from __future__ import annotations

import numpy as np
import pytest

ROWS = [(0, 3), (3, 0), (1, 1), (3, 15), (2, 16), (5, 17), (2, 513), (300, 130), (2, 9000)]
# (N, C, S): one column block is 64 channels, 64 rows go before double precision is due.
CHANNELS = [(0, 4, 3), (2, 4, 1), (70, 66, 1), (130, 24, 1), (3, 4, 17), (2, 6, 600), (40, 2, 300)]
TOLERANCE = {np.float32: 4e-6, np.float64: 1e-14}
EPS = 1e-5


def near(got, expected, kind, scale=None):
    expected = np.asarray(expected)
    if scale is None:
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
    close = TOLERANCE[kind] * scale
    np.testing.assert_allclose(got, expected.astype(kind), rtol=0, atol=close)


def exact(x, grad, weight, bias, axes, *, centred=True):
    """Return the normalised input and all gradients; parameters broadcast."""
    x, grad, weight, bias = (array.astype(np.longdouble) for array in (x, grad, weight, bias))
    mean = x.mean(axis=axes, keepdims=True) if centred else np.longdouble(0)
    rstd = 1 / np.sqrt(((x - mean) ** 2).mean(axis=axes, keepdims=True) + EPS)
    normal, weighted = (x - mean) * rstd, grad * weight
    along = weighted - normal * (weighted * normal).mean(axis=axes, keepdims=True)
    if centred:
        along -= weighted.mean(axis=axes, keepdims=True)
    return normal * weight + bias, along * rstd, grad * normal, mean, rstd


def drawn(rng, kind, shape, parameters):
    x, grad = (rng.standard_normal(shape).astype(kind) + kind(0.5) for _ in range(2))
    weight, bias = (rng.standard_normal(parameters).astype(kind) for _ in range(2))
    return x, grad, weight, bias


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the exact form's, of nothing
@pytest.mark.parametrize("shape", ROWS)
@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("shifted", [True, False])
def test_rows_are_the_exact_ones(kernels, kind, shape, centred, scaled, shifted, rng):
    n, size = shape
    x, grad, weight, bias = drawn(rng, kind, shape, size)
    weight, bias = (
        weight if scaled else np.ones(size, kind),
        bias if shifted else np.zeros(size, kind),
    )
    out, grad_input = np.full(shape, np.nan, kind), np.full(shape, np.nan, kind)
    mean, rstd = np.full(n, np.nan, kind) if centred else None, np.full(n, np.nan, kind)
    given = weight if scaled else None
    kernels.layer_norm(out, mean, rstd, x, given, bias if shifted else None, EPS)
    grad_weight, grad_bias = np.full(size, np.nan, kind), np.full(size, np.nan, kind)
    kernels.layer_norm_backward(grad_input, grad_weight, grad_bias, grad, x, mean, rstd, given)
    expected, along, products, _, _ = exact(x, grad, weight, bias, 1, centred=centred)
    near(out, expected, kind)
    if size > 1:
        near(grad_input, along, kind)
    near(grad_weight, products.sum(axis=0), kind, 4 * max(1, n) ** 0.5)
    near(grad_bias, grad.sum(axis=0, dtype=np.longdouble), kind, 4 * max(1, n) ** 0.5)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("shape", CHANNELS)
@pytest.mark.parametrize("groups", [1, 2])
def test_groups_are_the_exact_ones(kernels, kind, shape, groups, rng):
    n, c, s = shape
    x, grad, weight, bias = drawn(rng, kind, shape, c)
    out, grad_input = np.full(shape, np.nan, kind), np.full(shape, np.nan, kind)
    mean, rstd = np.full((n, groups), np.nan, kind), np.full((n, groups), np.nan, kind)
    kernels.group_norm(out, mean, rstd, x, weight, bias, EPS, groups)
    grad_weight, grad_bias = np.full(c, np.nan, kind), np.full(c, np.nan, kind)
    kernels.group_norm_backward(
        grad_input, grad_weight, grad_bias, grad, x, mean, rstd, weight, groups
    )
    cut = (n, groups, c // groups, s)
    per = (1, groups, c // groups, 1)
    expected, along, products, _, _ = exact(
        x.reshape(cut), grad.reshape(cut), weight.reshape(per), bias.reshape(per), (2, 3)
    )
    near(out, expected.reshape(shape), kind)
    near(grad_input, along.reshape(shape), kind)
    size = 4 * max(1, n * s) ** 0.5
    near(grad_weight, products.reshape(shape).sum(axis=(0, 2)), kind, size)
    near(grad_bias, grad.sum(axis=(0, 2), dtype=np.longdouble), kind, size)


@pytest.mark.parametrize("shape", CHANNELS[1:])
@pytest.mark.parametrize("fixed", [True, False])
def test_batches_are_the_exact_ones(kernels, kind, shape, fixed, rng):
    c = shape[1]
    x, grad, weight, bias = drawn(rng, kind, shape, c)
    per = (1, c, 1)
    expected, along, products, exact_mean, exact_rstd = exact(
        x, grad, weight.reshape(per), bias.reshape(per), (0, 2)
    )
    mean, var = np.full(c, np.nan, kind), np.full(c, np.nan, kind)
    kernels.batch_moments(mean, var, x)
    near(mean, exact_mean.ravel(), kind)
    near(var, (exact_rstd**-2 - EPS).ravel(), kind)
    rstd = (1 / np.sqrt(var + EPS)).astype(kind)
    out, grad_input = np.full(shape, np.nan, kind), np.full(shape, np.nan, kind)
    kernels.batch_norm(out, x, mean, rstd, weight, bias)
    near(out, expected, kind)
    grad_weight, grad_bias = np.full(c, np.nan, kind), np.full(c, np.nan, kind)
    kernels.batch_norm_backward(
        grad_input, grad_weight, grad_bias, grad, x, mean, rstd, weight, fixed
    )
    if fixed:
        along = grad * weight.reshape(per) * exact_rstd
    near(grad_input, along, kind)
    size = 4 * (shape[0] * shape[2]) ** 0.5
    near(grad_weight, products.sum(axis=(0, 2)), kind, size)
    near(grad_bias, grad.sum(axis=(0, 2), dtype=np.longdouble), kind, size)


def test_only_the_wanted_gradients_are_written(kernels, kind, rng):
    x, grad, weight, _ = drawn(rng, kind, (3, 4, 5), 4)
    sums = grad.sum(axis=(0, 2))
    mean, rstd, found = np.zeros(4, kind), np.ones(4, kind), np.empty(4, kind)
    kernels.batch_norm_backward(None, None, found, grad, x, mean, rstd, weight, False)
    np.testing.assert_allclose(found, sums, rtol=1e-5)
    of_groups = np.zeros((3, 2), kind), np.ones((3, 2), kind)
    kernels.group_norm_backward(None, None, found, grad, x, *of_groups, weight, 2)
    np.testing.assert_allclose(found, sums, rtol=1e-5)
    rows = grad.reshape(15, 4)
    kernels.layer_norm_backward(
        None, None, found, rows, rows, np.zeros(15, kind), np.ones(15, kind), None
    )
    np.testing.assert_allclose(found, rows.sum(axis=0), rtol=1e-5)


def test_a_mean_far_from_zero_costs_no_digits(kernels, kind):
    x = (np.arange(8, dtype=kind) + kind(1e5)).reshape(1, 8)
    out, mean, rstd = np.empty_like(x), np.empty(1, kind), np.empty(1, kind)
    kernels.layer_norm(out, mean, rstd, x, None, None, 0.0)
    np.testing.assert_allclose(out[0], (np.arange(8) - 3.5) / np.sqrt(5.25), rtol=1e-6)
    moments = np.empty(1, kind), np.empty(1, kind)
    kernels.batch_moments(*moments, x.reshape(8, 1, 1))
    np.testing.assert_allclose(moments, [[1e5 + 3.5], [5.25]], rtol=1e-6)


def test_nan_stays_in_its_row(kernels, kind):
    x = np.arange(6, dtype=kind).reshape(2, 3)
    x[0, 1] = np.nan
    out, mean, rstd = np.empty_like(x), np.empty(2, kind), np.empty(2, kind)
    kernels.layer_norm(out, mean, rstd, x, None, None, EPS)
    assert np.isnan(out).all(axis=1).tolist() == [True, False]


def test_arrays_that_do_not_fit_are_refused(native, kind):
    x, rows, wide = np.zeros((2, 4), kind), np.zeros(2, kind), np.zeros(4, kind)
    planes = np.zeros((2, 4, 3), kind)
    with pytest.raises(ValueError, match=r"out: expected shape \(2, 4\), got \(2\)"):
        native.layer_norm(rows, rows, rows, x, None, None, EPS)
    with pytest.raises(ValueError, match=r"weight: expected shape \(4\), got \(2\)"):
        native.layer_norm(x.copy(), rows, rows, x, rows, None, EPS)
    with pytest.raises(ValueError, match=r"grad: expected shape \(2, 4\), got \(2, 4, 3\)"):
        native.layer_norm_backward(x.copy(), wide, wide, planes, x, rows, rows, None)
    with pytest.raises(ValueError, match="groups: expected a divisor of 4 channels, got 3"):
        native.group_norm(planes.copy(), x, x, planes, None, None, EPS, 3)
    with pytest.raises(ValueError, match=r"mean: expected shape \(2, 2\), got \(2, 4\)"):
        native.group_norm(planes.copy(), x, x, planes, None, None, EPS, 2)
    with pytest.raises(ValueError, match=r"var: expected shape \(4\), got \(2\)"):
        native.batch_moments(wide, rows, planes)
    with pytest.raises(ValueError, match="input: expected 3 dimensions, got 2"):
        native.batch_norm(x.copy(), x, wide, wide, None, None)
    with pytest.raises(ValueError, match=r"rstd: expected shape \(4\), got \(2\)"):
        native.batch_norm_backward(None, wide, wide, planes, planes, wide, rows, None, False)


@pytest.mark.parametrize("s", [1, 50])
def test_results_do_not_depend_on_the_number_of_threads(native, kind, s, rng):
    n, c = 2000, 70
    x, grad, weight, bias = drawn(rng, kind, (n, c, s), c)
    rows, row_grad = x.reshape(n * s, c), grad.reshape(n * s, c)
    found = []
    before = native.get_num_threads()
    for threads in (1, 2, 8):
        native.set_num_threads(threads)
        results = []
        out, back, of_weight, of_bias = np.empty_like(x), np.empty_like(x), *np.empty((2, c), kind)
        mean, rstd = np.empty((2, n * s), kind)
        native.layer_norm(out.reshape(rows.shape), mean, rstd, rows, weight, bias, EPS)
        native.layer_norm_backward(
            back.reshape(rows.shape), of_weight, of_bias, row_grad, rows, mean, rstd, weight
        )
        results += [out.copy(), back.copy(), of_weight.copy(), of_bias.copy()]
        mean, rstd = np.empty((2, n, 7), kind)
        native.group_norm(out, mean, rstd, x, weight, bias, EPS, 7)
        native.group_norm_backward(back, of_weight, of_bias, grad, x, mean, rstd, weight, 7)
        results += [out.copy(), back.copy(), of_weight.copy(), of_bias.copy()]
        mean, var = np.empty((2, c), kind)
        native.batch_moments(mean, var, x)
        native.batch_norm(out, x, mean, var, weight, bias)
        native.batch_norm_backward(back, of_weight, of_bias, grad, x, mean, var, weight, False)
        found.append([*results, mean, var, out, back, of_weight, of_bias])
    native.set_num_threads(before)
    for arrays in found[1:]:
        for mine, first in zip(arrays, found[0], strict=True):
            np.testing.assert_array_equal(mine, first)
