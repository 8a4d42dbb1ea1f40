"""Cross-entropy of rows and the negative log likelihood, against an extended-precision form."""

from __future__ import annotations

import numpy as np
import pytest

from penlight import kernels as chosen

# A vector is 4 to 16 numbers, a block 512, double precision is due after 8 blocks.
SHAPES = [(0, 3), (1, 1), (3, 15), (2, 16), (5, 17), (3, 511), (2, 513), (300, 130), (2, 9000)]
TOLERANCE = {np.float32: 3e-6, np.float64: 1e-14}
IGNORED = -100


def exact(input, shares):
    """Return each row's loss under shares of the classes, and its gradient."""
    x = input.astype(np.longdouble)
    shifted = x - x.max(axis=1, keepdims=True, initial=-np.inf)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    total = shares.sum(axis=1, keepdims=True)
    return -(log_p * shares).sum(axis=1), np.exp(log_p) * total - shares


def shares_of(target, weight, smoothing, classes):
    """Return what each class counts in each row, and the weight of each row's target."""
    weights = np.ones(classes) if weight is None else weight.astype(np.longdouble)
    counts = target != IGNORED
    rows = np.arange(len(target))
    shares = np.zeros((len(target), classes), np.longdouble)
    shares[counts] = smoothing / classes * weights
    factors = np.where(counts, weights[np.where(counts, target, 0)], 0)
    shares[rows, np.where(counts, target, 0)] += (1 - smoothing) * factors
    return shares, factors


def reduced(losses, gradients, total, reduction):
    if reduction == "none":
        return losses, gradients
    divisor = total if reduction == "mean" else 1
    with np.errstate(all="ignore"):
        return losses.sum() / divisor, gradients / divisor


def check(got, expected, kind):
    scale = float(np.abs(expected).max(initial=0))
    np.testing.assert_allclose(
        got, np.asarray(expected).astype(kind), rtol=0, atol=TOLERANCE[kind] * max(scale, 1e-30)
    )


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_loss_and_gradient_under_indices_are_exact(
    kernels, kind, shape, weighted, smoothing, reduction, rng
):
    n, c = shape
    x = (4 * rng.standard_normal(shape)).astype(kind)
    target = rng.integers(0, c, n)
    target[1::3] = IGNORED
    weight = rng.random(c).astype(kind) if weighted else None
    out = np.full((n,) if reduction == "none" else (), np.nan, kind)
    grad = np.full(shape, np.nan, kind)
    kernels.cross_entropy(out, grad, x, target, weight, IGNORED, smoothing, reduction)
    shares, factors = shares_of(target, weight, smoothing, c)
    losses, gradients = reduced(*exact(x, shares), factors.sum(), reduction)
    check(out, losses, kind)
    check(grad, gradients, kind)
    again = np.empty_like(out)
    kernels.cross_entropy(again, None, x, target, weight, IGNORED, smoothing, reduction)
    np.testing.assert_array_equal(again, out)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_loss_and_gradient_under_probabilities_are_exact(
    kernels, kind, shape, weighted, smoothing, reduction, rng
):
    n, c = shape
    x = (4 * rng.standard_normal(shape)).astype(kind)
    target = rng.random(shape).astype(kind)
    weight = rng.random(c).astype(kind) if weighted else None
    out = np.full((n,) if reduction == "none" else (), np.nan, kind)
    grad = np.full(shape, np.nan, kind)
    kernels.soft_cross_entropy(out, grad, x, target, weight, smoothing, reduction)
    shares = target.astype(np.longdouble) * (1 - smoothing) + smoothing / c
    if weighted:
        shares = shares * weight
    losses, gradients = reduced(*exact(x, shares), n, reduction)
    check(out, losses, kind)
    check(grad, gradients, kind)


@pytest.mark.parametrize("shape", [(0, 3), (4, 5), (3, 4, 1), (2, 5, 7), (2, 3, 4, 5)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_nll_loss_picks_and_says_where(kernels, kind, shape, weighted, reduction, rng):
    classes, rows = shape[1], (shape[0], *shape[2:])
    x = -rng.random(shape).astype(kind)
    target = rng.integers(0, classes, rows)
    target.reshape(-1)[1::3] = IGNORED
    weight = rng.random(classes).astype(kind) if weighted else None
    out = np.full(rows if reduction == "none" else (), np.nan, kind)
    slopes, places = np.full(rows, np.nan, kind), np.full(rows, -1)
    kernels.nll_loss(out, slopes, places, x, target, weight, IGNORED, reduction)
    counts = target != IGNORED
    np.testing.assert_array_equal(places, np.where(counts, target, 0))
    weights = np.ones(classes) if weight is None else weight
    factors = np.where(counts, weights[places], 0)
    losses = -np.take_along_axis(x, places[:, None], axis=1)[:, 0] * factors
    expected, slope = reduced(losses, -factors, factors.sum(), reduction)
    np.testing.assert_allclose(out, expected, rtol=TOLERANCE[kind])
    np.testing.assert_allclose(slopes, slope, rtol=TOLERANCE[kind])


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_of_picked_values_is_that_of_the_whole_array(kernels, kind, shape, rng):
    n, c = shape
    out = np.empty(shape, kind)
    kernels.log_softmax(out, (3 * rng.standard_normal(shape)).astype(kind), 1)
    places, values = rng.integers(0, c, n), rng.standard_normal(n).astype(kind)
    values[:1] = 0
    whole = np.zeros(shape, kind)
    whole[np.arange(n), places] = values
    expected, got = np.empty_like(out), np.full_like(out, np.nan)
    kernels.log_softmax_backward(expected, whole, out, 1)
    kernels.log_softmax_backward_picked(got, places, values, out)
    np.testing.assert_allclose(got, expected, rtol=TOLERANCE[kind], atol=TOLERANCE[kind])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_stay_in_their_row(kernels, kind, bad):
    x = np.zeros((3, 40), kind)
    x[1, 7] = bad
    target = np.array([0, 1, 2])
    out, grad = np.empty(3, kind), np.empty_like(x)
    kernels.cross_entropy(out, grad, x, target, None, IGNORED, 0.0, "none")
    assert np.isnan(out).tolist() == [False, True, False]
    assert np.isnan(grad).all(axis=1).tolist() == [False, True, False]
    kernels.soft_cross_entropy(out, grad, x, np.ones_like(x), None, 0.0, "none")
    assert np.isnan(out).tolist() == [False, True, False]
    assert np.isnan(grad).any(axis=1).tolist() == [False, True, False]


def test_a_class_of_probability_zero_costs_infinitely_much_unless_it_counts_nothing(kernels, kind):
    x = np.array([[-np.inf, 0.0], [-np.inf, 0.0], [-np.inf, 0.0]], kind)
    out, grad = np.empty(3, kind), np.empty_like(x)
    weight = np.array([1, 0], kind)
    kernels.cross_entropy(out, grad, x, np.array([0, 1, IGNORED]), weight, IGNORED, 0.0, "none")
    np.testing.assert_array_equal(out, [np.inf, 0, 0])
    np.testing.assert_array_equal(grad, np.array([[-1, 1], [0, 0], [0, 0]], kind))


def test_the_mean_of_nothing_is_nan_and_its_gradient_zero(kernels, kind):
    x = np.ones((2, 3), kind)
    out, grad = np.empty((), kind), np.full_like(x, np.nan)
    target = np.full(2, IGNORED)
    kernels.cross_entropy(out, grad, x, target, None, IGNORED, 0.0, "mean")
    assert np.isnan(out)
    np.testing.assert_array_equal(grad, np.zeros_like(x))
    slopes, places = np.empty(2, kind), np.empty(2, np.int64)
    kernels.nll_loss(out, slopes, places, x, target, None, IGNORED, "mean")
    assert np.isnan(out)
    np.testing.assert_array_equal(slopes, np.zeros(2))


@pytest.mark.parametrize("bad", [-1, 3, 2**40])
def test_a_target_that_is_no_class_is_named_and_nothing_is_written(kernels, kind, bad):
    x, target = np.zeros((2, 3), kind), np.array([0, bad])
    out, grad = np.full((), 7, kind), np.full((2, 3), 7, kind)
    message = f"got {bad} at position 1, but there are 3 classes"
    with pytest.raises(IndexError, match=message):
        kernels.cross_entropy(out, grad, x, target, None, IGNORED, 0.0, "mean")
    with pytest.raises(IndexError, match=message):
        kernels.nll_loss(out, np.empty(2, kind), target.copy(), x, target, None, IGNORED, "mean")
    with pytest.raises(IndexError, match=message):
        kernels.log_softmax_backward_picked(grad, target, np.zeros(2, kind), x)
    assert out == 7
    assert (grad == 7).all()


def test_arrays_that_do_not_fit_are_refused(native, kind):
    x, target = np.zeros((2, 3), kind), np.zeros(2, np.int64)
    loss, rows, grad = np.empty((), kind), np.empty(2, kind), np.empty((2, 3), kind)
    with pytest.raises(ValueError, match=r"out: expected shape \(\), got \(2\)"):
        native.cross_entropy(rows, grad, x, target, None, IGNORED, 0.0, "mean")
    with pytest.raises(ValueError, match=r"out: expected shape \(2\), got \(\)"):
        native.soft_cross_entropy(loss, grad, x, x, None, 0.0, "none")
    with pytest.raises(ValueError, match=r"grad_input: expected shape \(2, 3\), got \(2\)"):
        native.cross_entropy(loss, rows, x, target, None, IGNORED, 0.0, "sum")
    with pytest.raises(ValueError, match=r"weight: expected shape \(3\), got \(2\)"):
        native.nll_loss(loss, rows, target, x, target, rows, IGNORED, "sum")
    with pytest.raises(ValueError, match="expected none, sum or mean, got x"):
        native.cross_entropy(loss, grad, x, target, None, IGNORED, 0.0, "x")
    with pytest.raises(ValueError, match="expected at least one class"):
        native.cross_entropy(loss, None, x[:, :0].copy(), target, None, IGNORED, 0.0, "sum")
    with pytest.raises(ValueError, match="expected 2 dimensions or more, got 1"):
        native.nll_loss(loss, rows, target, rows, target, None, IGNORED, "sum")
    with pytest.raises(TypeError):
        native.cross_entropy(loss, grad, x, target.astype(np.int32), None, IGNORED, 0.0, "sum")


@pytest.mark.skipif(not chosen.is_native, reason="no compiled kernels here")
def test_results_do_not_depend_on_the_number_of_threads(native, kind, rng):
    x = rng.standard_normal((700, 300)).astype(kind)
    target, soft = rng.integers(0, 300, 700), rng.random((700, 300)).astype(kind)
    found = []
    before = native.get_num_threads()
    for threads in (1, 2, 8):
        native.set_num_threads(threads)
        arrays = [np.empty(shape, kind) for shape in ((), (), (700, 300), (700, 300), (700, 300))]
        a, b, grad_a, grad_b, out = arrays
        native.cross_entropy(a, grad_a, x, target, None, IGNORED, 0.1, "mean")
        native.soft_cross_entropy(b, grad_b, x, soft, None, 0.0, "mean")
        native.log_softmax_backward_picked(out, target, x[:, 0].copy(), x)
        found.append(arrays)
    native.set_num_threads(before)
    for arrays in found[1:]:
        for mine, first in zip(arrays, found[0], strict=True):
            np.testing.assert_array_equal(mine, first)
