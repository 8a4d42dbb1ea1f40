"""Functions of one element, their gradients, and arithmetic, against the NumPy form and more."""

from __future__ import annotations

import math

import numpy as np
import pytest

OPTIONS = {
    "leaky_relu": (0.2,),
    "hardtanh": (-0.5, 1.5),
    "elu": (0.7, 1.1, 1.3),
    "softplus": (1.5, 6.0),
    "threshold": (0.1,),
}
FORWARDS = [
    *("exp", "expm1", "erf", "tanh", "sigmoid", "relu", "leaky_relu", "hardtanh", "hardsigmoid"),
    *("hardswish", "elu", "gelu", "gelu_tanh", "silu", "mish", "softplus", "log_sigmoid"),
]
BACKWARDS = [
    *("tanh", "sigmoid", "threshold", "leaky_relu", "hardtanh", "hardsigmoid", "hardswish", "elu"),
    *("gelu", "gelu_tanh", "silu", "mish", "softplus", "log_sigmoid"),
]
ARITHMETIC = ["add", "sub", "mul", "div"]
# No vector, around the widths of both dtypes at each level, more than one chunk for the pool.
SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 1000, 70001]
EPS = {np.float32: 2.0**-23, np.float64: 2.0**-52}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 3.0, -3.0, math.inf, -math.inf, math.nan]


def forward(kernels, name, input):
    out = np.full_like(input, 7)
    getattr(kernels, name)(out, input, *OPTIONS.get(name, ()))
    return out


def backward(kernels, name, grad, saved):
    grad_input = np.full_like(saved, 7)
    getattr(kernels, f"{name}_backward")(grad_input, grad, saved, *OPTIONS.get(name, ()))
    return grad_input


def numbers(rng, size, kind):
    return rng.uniform(-6, 6, size).astype(kind)


@pytest.mark.parametrize("name", FORWARDS)
def test_native_functions_are_the_numpy_form(native, specification, name, kind, rng):
    for size in SIZES:
        x = numbers(rng, size, kind)
        close = 12 * EPS[kind]
        expected = forward(specification, name, x)
        np.testing.assert_allclose(forward(native, name, x), expected, rtol=close, atol=close)


def arithmetic(kernels, name, input, other):
    out = np.full_like(input if input.ndim else other, 7)
    getattr(kernels, name)(out, input, other)
    return out


def assert_same_bits(one, other):
    np.testing.assert_array_equal(one.view(f"u{one.itemsize}"), other.view(f"u{one.itemsize}"))


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_is_the_numpy_form_to_the_bit(native, specification, name, kind, rng):
    special = np.array(SPECIAL, kind)
    for size in SIZES:
        a = np.concatenate([special, numbers(rng, size, kind)])[:size]
        b = np.concatenate([numbers(rng, 4, kind), special[::-1], numbers(rng, size, kind)])[:size]
        for number in map(np.asarray, [*special, kind(0.3)]):
            for operands in ((a, b), (a, number), (number, b)):
                expected = arithmetic(specification, name, *operands)
                assert_same_bits(arithmetic(native, name, *operands), expected)


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_may_be_written_into_an_operand(kernels, name, kind, rng):
    call = getattr(kernels, name)
    for size in SIZES:
        a, b = numbers(rng, size, kind), numbers(rng, size, kind)
        for place in (0, 1):
            operands = [a.copy(), b.copy()]
            call(operands[place], *operands)
            assert_same_bits(operands[place], arithmetic(kernels, name, a, b))
        twice = a.copy()
        call(twice, twice, twice)
        assert_same_bits(twice, arithmetic(kernels, name, a, a))
        if size:
            own = a.copy()
            call(own, own, own[0])
            assert_same_bits(own, arithmetic(kernels, name, a, a[0]))


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_refuses_operands_of_other_shapes(native, name, kind):
    call, x = getattr(native, name), np.zeros((2, 3), kind)
    with pytest.raises(ValueError, match=r"other: expected shape \(2, 3\), got \(3, 2\)"):
        call(x.copy(), x, np.zeros((3, 2), kind))
    with pytest.raises(ValueError, match=r"input: expected shape \(2, 3\), got \(6\)"):
        call(x.copy(), np.zeros(6, kind), x)
    with pytest.raises(ValueError, match=r"other: expected shape \(2, 3\), got \(\)"):
        call(x.copy(), np.zeros((), kind), np.zeros((), kind))
    with pytest.raises(ValueError, match=r"input: expected shape \(\), got \(2, 3\)"):
        call(np.zeros((), kind), x, x)
    with pytest.raises(TypeError):
        call(x.copy(), x, x.T)


@pytest.mark.parametrize("name", ["log", "log1p"])
def test_native_logarithms_are_the_numpy_form(native, specification, name, kind, rng):
    for size in SIZES:
        x = np.abs(numbers(rng, size, kind))
        expected = forward(specification, name, x)
        np.testing.assert_allclose(forward(native, name, x), expected, rtol=8 * EPS[kind])


@pytest.mark.parametrize("name", BACKWARDS)
def test_native_gradients_are_the_numpy_form(native, specification, name, kind, rng):
    for size in SIZES:
        saved, grad = numbers(rng, size, kind), numbers(rng, size, kind)
        saved = saved / 6 if name in {"tanh", "sigmoid"} else saved
        # 1 - tanh**2 cancels far from zero, where gelu_tanh multiplies it by x**3.
        close = (400 if name == "gelu_tanh" else 40) * EPS[kind]
        expected = backward(specification, name, grad, saved)
        got = backward(native, name, grad, saved)
        np.testing.assert_allclose(got, expected, rtol=close, atol=close)


@pytest.mark.parametrize("name", BACKWARDS)
def test_one_gradient_serves_every_element(kernels, name, kind, rng):
    saved = numbers(rng, 37, kind)
    grad = np.asarray(-1.5, kind)
    expected = backward(kernels, name, np.full(37, grad), saved)
    np.testing.assert_allclose(backward(kernels, name, grad, saved), expected, rtol=2 * EPS[kind])


@pytest.mark.parametrize("name", [*FORWARDS, "log", "log1p"])
def test_native_functions_of_special_values_are_those_of_the_numpy_form(
    native, specification, name, kind
):
    x = np.array(SPECIAL * 4, kind)
    if name.startswith("gelu"):
        x = x[np.isfinite(x) | np.isnan(x)]  # infinity times zero, in one form or the other
    expected = forward(specification, name, x)
    close = 4 * EPS[kind]
    np.testing.assert_allclose(forward(native, name, x), expected, rtol=close, atol=close)


@pytest.mark.parametrize("name", BACKWARDS)
def test_nan_goes_through_gradients(kernels, name, kind):
    saved, grad = np.full(33, 0.5, kind), np.ones(33, kind)
    grad[5] = math.nan
    assert np.isnan(backward(kernels, name, grad, saved)).tolist() == np.isnan(grad).tolist()


def units(out, exact):
    """Return the largest error in units in the last place of the exact value."""
    exact = exact.astype(np.longdouble)
    spacing = np.spacing(np.abs(exact).astype(out.dtype)).astype(np.longdouble)
    return float((np.abs(out - exact) / spacing).max())


ACCURACY = {"exp": 1.5, "log": 1.5, "expm1": 2.5, "log1p": 2.5, "tanh": 2.5, "erf": 2.5}


@pytest.mark.parametrize("name", ACCURACY)
def test_elementary_functions_are_right_to_a_few_units(native, name, kind, rng):
    near = np.concatenate([rng.uniform(-1, 1, 4000), np.geomspace(1e-30, 1, 500)])
    far = np.geomspace(1, 1e30 if name.startswith("log") else 80, 500)
    x = np.concatenate([near, -near[4000:], rng.uniform(-12, 12, 4000), far]).astype(kind)
    if name.startswith("log"):
        x = x[x > (-1 if name == "log1p" else 0)]
    wide = x.astype(np.longdouble)
    if name == "erf":
        exact = np.array([math.erf(v) for v in x.tolist()])
    else:
        exact = getattr(np, name)(wide)
    assert units(forward(native, name, x), exact) <= ACCURACY[name] + (name == "erf") * 0.5


def test_logarithms_of_subnormal_numbers(native, kind):
    tiny = np.finfo(kind).smallest_subnormal
    x = (tiny * np.array([1, 3, 1000])).astype(kind)
    np.testing.assert_allclose(forward(native, "log", x), np.log(x), rtol=2 * EPS[kind])


def test_results_do_not_depend_on_the_number_of_threads(native, kind, rng):
    x, grad = numbers(rng, 300_001, kind), numbers(rng, 300_001, kind)
    before = native.get_num_threads()
    results = []
    for threads in (1, 2, 8):
        native.set_num_threads(threads)
        results.append([forward(native, "gelu", x), backward(native, "gelu", grad, x)])
        results[-1] += [arithmetic(native, name, x, grad) for name in ARITHMETIC]
    native.set_num_threads(before)
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_the_gradient_of_dropout_is_the_numpy_form(native, specification, kind, rng):
    for size in SIZES:
        grad, mask = numbers(rng, size, kind), rng.random(size) < 0.5
        grad[::7] = math.nan
        for given in (grad, np.asarray(1.5, kind)):
            mine, expected = np.empty(size, kind), np.empty(size, kind)
            native.dropout_backward(mine, given, mask, 1 / 0.3)
            specification.dropout_backward(expected, given, mask, 1 / 0.3)
            np.testing.assert_array_equal(mine, expected)


def test_wrong_shapes_and_dtypes_are_refused(native, kind):
    x = np.zeros((2, 3), kind)
    with pytest.raises(ValueError, match="out: expected the shape of the input"):
        native.tanh(np.zeros((3, 2), kind), x)
    with pytest.raises(ValueError, match="grad_input: expected the shape of the input"):
        native.tanh_backward(np.zeros(6, kind), x, x)
    with pytest.raises(ValueError, match="grad: expected the shape of the input"):
        native.tanh_backward(x.copy(), np.zeros((2, 2), kind), x)
    with pytest.raises(TypeError):
        native.tanh(x.copy(), x.astype(np.float16))
    with pytest.raises(TypeError):
        native.tanh(x.copy(), np.asfortranarray(x))
    with pytest.raises(TypeError):
        native.elu(x.copy(), x)
    with pytest.raises(ValueError, match="grad: expected the shape of the input"):
        native.dropout_backward(x.copy(), np.zeros(5, kind), np.zeros((2, 3), bool), 2.0)
    x.flags.writeable = False
    with pytest.raises(TypeError):
        native.tanh(x, x.copy())
