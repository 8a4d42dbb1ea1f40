"""Special functions where torch is no measure: identities that hold between them."""

from __future__ import annotations

import math

import pytest

try:
    import torch
except ImportError:
    torch = None

import penlight
from penlight import special
from penlight.autograd import gradcheck

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")

X = penlight.linspace(0.05, 60, 500, dtype=penlight.float64)


def assert_near(left, right, tolerance=4e-14):
    assert penlight.allclose(left, right, rtol=tolerance, atol=tolerance)


def test_bessel_functions_have_their_wronskian():
    left = special.bessel_j1(X) * special.bessel_y0(X)
    right = special.bessel_j0(X) * special.bessel_y1(X)
    assert_near((left - right) * X * math.pi / 2, penlight.ones_like(X))


def test_modified_bessel_functions_have_their_wronskian():
    left = special.i0e(X) * special.scaled_modified_bessel_k1(X)
    right = special.i1e(X) * special.scaled_modified_bessel_k0(X)
    assert_near((left + right) * X, penlight.ones_like(X))


def test_the_scaled_forms_are_the_plain_ones_times_an_exponential():
    near = X[X < 20]
    scaled = special.modified_bessel_k0(near) * near.exp()
    assert_near(scaled, special.scaled_modified_bessel_k0(near))
    assert_near(special.modified_bessel_i1(near) * (-near).exp(), special.i1e(near))
    near = near[near < 5]
    assert_near(special.erfcx(near) * (-near * near).exp(), near.erfc())


def test_the_trigamma_function_satisfies_its_recurrence():
    above = X[X > 1]
    left = penlight.polygamma(1, above + 1)
    assert_near(left, penlight.polygamma(1, above) - 1 / (above * above))
    assert penlight.polygamma(1, penlight.ones(())).item() == pytest.approx(math.pi**2 / 6)
    assert penlight.polygamma(1, penlight.tensor(-0.5)).item() == pytest.approx(8.934802200544679)


def test_the_gamma_function_satisfies_its_recurrence():
    assert_near(penlight.lgamma(X + 1), penlight.lgamma(X) + X.log())
    assert_near(penlight.digamma(X + 1), penlight.digamma(X) + 1 / X)


def test_incomplete_gamma_functions_add_up_to_one():
    for a in (0.3, 1.0, 7.5, 30.0, 200.0):
        order = penlight.full_like(X, a)
        assert_near(penlight.igamma(order, 4 * X) + penlight.igammac(order, 4 * X), X / X)


def test_quantiles_are_where_the_area_is():
    areas = penlight.tensor([1e-300, 1e-20, 1e-5, 0.2, 0.5, 0.7, 1 - 1e-9], dtype=penlight.float64)
    assert_near(special.ndtr(special.ndtri(areas))[2:], areas[2:])
    assert_near(special.log_ndtr(special.ndtri(areas)), areas.log())


@pytest.mark.parametrize("name", ["igamma", "igammac"])
def test_the_order_of_an_incomplete_gamma_function_has_no_gradient(name):
    order = penlight.ones(2, requires_grad=True)
    with pytest.raises(NotImplementedError, match=f"the derivative for '{name}: input' is not"):
        getattr(penlight, name)(order, penlight.ones(2)).sum().backward()


def test_zeta_has_no_gradient_of_its_exponent():
    exponent = penlight.full((2,), 2.0, requires_grad=True)
    with pytest.raises(NotImplementedError, match="the derivative for 'zeta' is not implemented"):
        special.zeta(exponent, 1.0).sum().backward()


def test_derivatives_at_zero_are_those_of_the_series():
    zero = penlight.zeros((), dtype=penlight.float64, requires_grad=True)
    slopes = {penlight.sinc: 0.0, special.i1: 0.5, special.i1e: 0.5, penlight.i0: 0.0}
    for function, slope in slopes.items():
        assert penlight.autograd.grad(function(zero), zero)[0].item() == slope


def test_ldexp_is_differentiable_in_both():
    given = penlight.tensor([1.5, -2.0], dtype=penlight.float64, requires_grad=True)
    powers = penlight.tensor([2.0, -1.0], dtype=penlight.float64, requires_grad=True)
    assert gradcheck(penlight.ldexp, (given, powers))
    assert given.detach().clone().ldexp_(powers.detach()).tolist() == [6.0, -1.0]


def test_windows_take_the_options_of_every_creation_function():
    window = penlight.hann_window(5, dtype=penlight.float64, requires_grad=True)
    assert window.dtype == penlight.float64
    assert window.requires_grad
    with pytest.raises(RuntimeError, match="hann_window expects floating point dtypes, got: torch"):
        penlight.hann_window(5, dtype=penlight.int64)


def test_the_airy_function_is_right_where_torch_is_not():
    # torch is right to no more than 3e-6 between -5.24 and -2.09, and not quite right for a while
    # below. The values are of mpmath.
    x = penlight.tensor([-2.338107410459767, -3.0, -4.08794944413097, -4.0, -5.0], dtype=X.dtype)
    values = [0.0, -0.37881429367765806, 0.0, -0.07026553294928951, 0.35076100902411433]
    assert_near(special.airy_ai(x), penlight.tensor(values, dtype=X.dtype), 1e-15)


@needs_torch
@pytest.mark.parametrize(("low", "high"), [(-60.0, -7.0), (-2.05, 2.0), (2.1, 103.0)])
def test_the_airy_function_is_torchs_elsewhere(low, high):
    x = penlight.linspace(low, high, 4001, dtype=X.dtype)
    expected = penlight.tensor(torch.special.airy_ai(torch.tensor(x.numpy())).numpy())
    # The angle below 0 and the exponent above round to units of their own size.
    units = 4 + 2 * x.abs() ** 1.5
    scale = expected if low > 0 else penlight.ones_like(expected)
    error = (special.airy_ai(x) - expected).abs()
    assert (error <= 2**-52 * units * scale).all()
