"""The random kernels: the NumPy form against known words, the native against the NumPy form."""

from __future__ import annotations

import numpy as np
import pytest

from penlight import kernels
from penlight.kernels.reference import random as reference

SIZES = [0, 1, 2, 15, 16, 17, 255, 256, 257, 623, 624, 625, 1000]


def fresh(seed=5489, used=0):
    state = np.empty(625, np.uint32)
    reference.seed_words(state, seed)
    if used:
        reference.draw_words(state, np.empty(used, np.uint32))
    return state


def test_words_are_those_of_the_published_generator():
    # Matsumoto and Nishimura: the 10000th word of seed 5489 is 4123659995.
    words = np.empty(10000, np.uint32)
    reference.draw_words(fresh(), words)
    assert words[0] == 3499211612
    assert words[-1] == 4123659995


def test_native_seeding_equals_the_reference():
    state = np.empty(625, np.uint32)
    kernels.seed_words(state, 2**63 + 12345)
    assert np.array_equal(state, fresh(12345))


def filled(module, name, size, dtype, *args, used=0, **kwargs):
    """Return what a kernel draws, and the state after it."""
    state, out = fresh(7, used), np.empty(size, dtype)
    getattr(module, name)(state, out, *args, **kwargs)
    return out, state


@pytest.mark.parametrize("used", [0, 1, 623, 624])
@pytest.mark.parametrize(
    ("name", "dtype", "args", "kwargs"),
    [
        ("draw_words", np.uint32, (), {}),
        ("fill_uniform", np.float32, (0.0, 1.0), {}),
        ("fill_uniform", np.float64, (0.0, 1.0), {}),
        ("fill_uniform", np.float32, (-0.3, 0.71), {}),
        ("fill_uniform", np.float64, (-0.3, 0.71), {}),
        ("fill_uniform", np.float64, (-1e307, 1e307), {}),
        ("fill_bernoulli", np.bool_, (0.37,), {}),
        ("fill_bernoulli", np.float32, (0.37,), {}),
        ("fill_bernoulli", np.float64, (0.0,), {}),
        ("fill_bernoulli", np.bool_, (1.0,), {}),
        ("fill_integers", np.int64, (-5, 100), {"wide": False}),
        ("fill_integers", np.int64, (-(2**63), 2**64 - 1), {"wide": True}),
        ("fill_integers", np.int64, (-(2**63), 0), {"wide": True}),
        ("fill_permutation", np.int64, (), {"wide": False}),
        ("fill_permutation", np.int64, (), {"wide": True}),
    ],
)
def test_native_draws_equal_the_reference_bit_for_bit(name, dtype, args, kwargs, used):
    for size in SIZES:
        expected, state = filled(reference, name, size, dtype, *args, used=used, **kwargs)
        found, state_after = filled(kernels, name, size, dtype, *args, used=used, **kwargs)
        assert np.array_equal(found, expected), size
        assert np.array_equal(state_after, state), size


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("fill_exponential", (1.7,)),
        ("fill_cauchy", (0.0, 0.7)),
        ("fill_geometric", (0.13,)),
    ],
)
def test_native_continuous_draws_equal_the_reference(name, args):
    for size in SIZES:
        expected, state = filled(reference, name, size, np.float64, *args)
        found, state_after = filled(kernels, name, size, np.float64, *args)
        np.testing.assert_array_max_ulp(found, expected, maxulp=4)
        assert np.array_equal(state_after, state), size


@pytest.mark.parametrize("name", ["fill_normal_serial", "fill_log_normal"])
@pytest.mark.parametrize("cached", [False, True])
def test_native_serial_normals_equal_the_reference(name, cached):
    for size in SIZES:
        results = []
        for module in (reference, kernels):
            state, out = fresh(7), np.empty(size)
            cache = np.array([0.25, 1.0]) if cached else np.zeros(2)
            getattr(module, name)(state, cache, out, 0.0, 2.5)
            results.append((out, state, cache))
        (expected, state, cache), (found, state_after, cache_after) = results
        np.testing.assert_allclose(found, expected, rtol=3e-15)
        assert np.array_equal(state_after, state), size
        np.testing.assert_allclose(cache_after, cache, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (0.3, 2.2)])
def test_native_blocks_of_normals_equal_the_reference(dtype, mean, std):
    for size in (16, 17, 31, 32, 33, 255, 1000):
        expected, state = filled(reference, "fill_normal_blocks", size, dtype, mean, std)
        found, state_after = filled(kernels, "fill_normal_blocks", size, dtype, mean, std)
        # float32 is defined to the last bit; float64 goes through libm or NumPy's own functions.
        tolerance = 0 if dtype == np.float32 else 1e-15
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
        assert np.array_equal(state_after, state), size


@pytest.mark.parametrize("scale", [0.1, 1.01, 3.0, 1e300, 1e-300])
def test_fused_multiply_add_rounds_once(scale):
    from fractions import Fraction

    x = np.random.default_rng(0).random(2000)
    for shift in (scale / 3, -scale / 7, 1.0):
        exact = [float(Fraction(v) * Fraction(scale) + Fraction(shift)) for v in x.tolist()]
        assert reference._fma64(x, scale, shift).tolist() == exact


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.5, 1.0])
def test_native_dropout_equals_the_reference_bit_for_bit(native, kind, keep):
    for size in [*SIZES, 100_003]:
        x = np.linspace(-3, 3, size, dtype=kind)
        x[::5] = -0.0
        x[1::7] = np.inf
        x[2::7] = np.nan
        found = []
        for module in (reference, native):
            state, out, mask = fresh(7, 3), np.empty_like(x), np.empty(size, np.bool_)
            module.dropout(state, out, mask, x, keep, 1 / 0.3)
            found.append([out, np.signbit(out) & ~np.isnan(out), mask, state])
        for mine, expected in zip(found[1], found[0], strict=True):
            np.testing.assert_array_equal(mine, expected)


def test_dropout_refuses_sizes_and_probabilities(native):
    x, mask = np.zeros(4, np.float32), np.zeros(4, np.bool_)
    with pytest.raises(ValueError, match="out, mask and input of one size"):
        native.dropout(fresh(), x.copy(), mask[:3].copy(), x, 0.5, 2.0)
    with pytest.raises(ValueError, match="out, mask and input of one size"):
        native.dropout(fresh(), x.copy(), mask, x[:3].copy(), 0.5, 2.0)
    with pytest.raises(ValueError, match=r"p to be in \[0, 1\]"):
        native.dropout(fresh(), x.copy(), mask, x, 1.5, 2.0)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_blocks_of_normals_do_not_depend_on_the_number_of_threads(native, kind):
    before = native.get_num_threads()
    results = []
    for threads in (1, 2, 8):
        native.set_num_threads(threads)
        out = np.empty(100_005, kind)
        native.fill_normal_blocks(fresh(3), out, 0.5, 2.0)
        results.append(out)
    native.set_num_threads(before)
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])
