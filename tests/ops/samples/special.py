"""Samples of the special functions, and of numbers taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.samples import (
    FLOATING,
    POSITIVE,
    Input,
    Make,
    Refusal,
    Sample,
    Samples,
    unary,
)

import penlight

INF, NAN = float("inf"), float("nan")
_TYPES = ("float64", "float32", "float16", "int64", "bool")
_PLAIN = ("float64", "float32", "int64", "bool")
_WHOLE = ("float64", "int64", "bool")
_EDGES = [0.0, -0.0, 1.0, 2.0, -1.0, -0.5, -2.5, 0.5, INF, -INF, NAN]


def function(
    domain: tuple[float, float] = (-2.0, 2.0),
    *,
    edges: Any = _EDGES,
    dtypes: Any = _TYPES,
    loose: float = 1.0,
    grad: bool = True,
) -> Samples:
    """Return the usual samples of a function of one, a wide range, and special values."""
    low, high = domain

    def generate(make: Make) -> Iterator[Sample]:
        for shape in ((3, 4), (5,), (), (0, 3)):
            yield Sample(make(*shape, low=low, high=high), grad=grad, loose=loose)
        if make.dtype in FLOATING:
            yield Sample(make(40, low=8 * low, high=8 * high), grad=False, loose=loose)
            yield Sample(make.of(edges), grad=False, loose=loose)

    return Samples(generate, dtypes=dtypes)


def _polygamma(make: Make) -> Iterator[Sample]:
    for n in (0, 2, 3, 4):
        yield Sample(n, make(3, 4, low=0.5, high=4.0), loose=4)
    # torch's series of the trigamma function stops early: it is right to 2e-9 near 0.
    yield Sample(1, make(3, 4, low=40.0, high=60.0), loose=4)


def _mvlgamma(make: Make) -> Iterator[Sample]:
    for p in (1, 2, 3):
        yield Sample(make(3, 4, low=2.1, high=5.0), p, loose=2)


def _igamma(make: Make) -> Iterator[Sample]:
    yield Sample(make(3, 4, low=0.3, high=5.0, grad=False), make(3, 4, low=0.3, high=8.0), loose=4)
    yield Sample(
        make(3, 1, low=0.3, high=5.0, grad=False),
        make(4, low=0.1, high=8.0),
        inplace=False,
        loose=4,
    )
    if make.dtype in FLOATING:
        a = make.of([0.0, 1.0, 1.0, INF, -1.0, 2.0, NAN, 0.0], grad=False)
        yield Sample(a, make.of([1.0, 0.0, INF, 1.0, 1.0, -1.0, 1.0, 0.0], grad=False))


def _zeta(make: Make) -> Iterator[Sample]:
    yield Sample(make(3, 4, low=1.5, high=5.0, grad=False), make(3, 4, low=0.3, high=5.0), loose=4)
    yield Sample(make(3, low=1.5, high=5.0, grad=False), 2.5, loose=4)
    yield Sample(3.5, make(3, low=0.3, high=5.0), loose=4)
    if make.dtype in FLOATING:
        s = make.of([1.0, 0.5, 2.0, 2.5, 2.0, 2.0], grad=False)
        yield Sample(s, make.of([1.0, 1.0, -1.0, -0.5, -0.5, INF], grad=False), loose=4)


def _xlog1py(make: Make) -> Iterator[Sample]:
    yield Sample(make(3, 4), make(3, 4, low=-0.9, high=3.0))
    yield Sample(make(3, 1), make(4, low=-0.9, high=3.0))
    yield Sample(make(3), 1.5)
    yield Sample(1.5, make(3, low=-0.9, high=3.0))
    if make.dtype in FLOATING:
        zero = make.of([0.0, 0.0, 0.0, 1.0], grad=False)
        yield Sample(zero, make.of([-1.0, NAN, -2.0, -1.0], grad=False))


_BESSEL = (
    *("bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "spherical_bessel_j0"),
    *("modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1"),
    *("scaled_modified_bessel_k0", "scaled_modified_bessel_k1"),
)


def _bessel(make: Make) -> Iterator[Sample]:
    # torch's J and Y are right to no more than 4e-7 between 1 and 20, and leave 1e-14 up to 26;
    # test_special.py looks at what is between.
    for shape in ((3, 4), (), (0, 3)):
        yield Sample(make(*shape, low=0.05, high=0.95), grad=False, loose=8)
    yield Sample(make(40, low=27.0, high=60.0), grad=False, loose=8)
    if make.dtype in FLOATING:
        yield Sample(make.of([0.0, -0.0, 0.5, -0.5, 1.0, INF, -INF, NAN]), grad=False, loose=8)


def _airy(make: Make) -> Iterator[Sample]:
    for shape in ((3, 4), (), (0, 3)):
        yield Sample(make(*shape, low=-2.0, high=2.0), grad=False, loose=8)
    if make.dtype in FLOATING:
        yield Sample(make.of([0.0, -0.0, 1.0, 200.0, 1e300, INF, -INF, NAN]), grad=False, loose=8)


def _frexp(make: Make) -> Iterator[Sample]:
    yield Sample(make(3, 4, low=-20.0, high=20.0))
    if make.dtype in FLOATING:
        yield Sample(make.of([0.0, 1.0, -8.0, 1e-5], grad=False))


def _ldexp(make: Make) -> Iterator[Sample]:
    yield Sample(make(3, 4), make.of([1, -2, 0, 3], dtype="int64"))
    yield Sample(make(2), make(2, grad=False))


def _nextafter(make: Make) -> Iterator[Sample]:
    yield Sample(make(3, 4), make(3, 4))
    yield Sample(make(3), make(2, 3), inplace=False)
    if make.dtype in FLOATING:
        ends = make.of([0.0, 0.0, 1.0, NAN, INF])
        yield Sample(ends, make.of([1.0, -1.0, 1.0, 1.0, 0.0]), grad=False)


def _whole(make: Make) -> Iterator[Sample]:
    yield Sample(make(3, 4, low=-20, high=20), make(3, 4, low=-20, high=20))
    yield Sample(make(3, 4), make(4))
    yield Sample(make.of([0, 0, 4]), make.of([0, 3, 6]))


def _float_power(make: Make) -> Iterator[Sample]:
    yield Sample(make(3, low=0.1, high=3.0), 2)
    yield Sample(make(3, low=0.1, high=3.0), make(3))


def _window(make: Make) -> Iterator[Sample]:
    for length in (0, 1, 2, 3, 7, 12):
        yield Sample(length)
        yield Sample(length, False)


def _hamming(make: Make) -> Iterator[Sample]:
    yield from _window(make)
    yield Sample(5, True, 0.6, 0.4)


def _kaiser(make: Make) -> Iterator[Sample]:
    for length in (0, 1, 2, 3, 7, 12):
        # torch works in float32 throughout, and exp(12) makes of that some units.
        yield Sample(length, loose=8)
        yield Sample(length, False, 5.0, loose=8)


_POLYNOMIALS = (
    *(f"chebyshev_polynomial_{kind}" for kind in "tuvw"),
    *(f"shifted_chebyshev_polynomial_{kind}" for kind in "tuvw"),
    *("hermite_polynomial_h", "hermite_polynomial_he"),
    *("laguerre_polynomial_l", "legendre_polynomial_p"),
)


def _polynomial(make: Make) -> Iterator[Sample]:
    x = make(3, 4, low=0.1, high=1.9)
    for n in (-1, 0, 1, 2, 5, 9):
        yield Sample(x, n, grad=False, loose=8)
    yield Sample(x, make.of([0, 2, 3, 7], dtype="int64"), grad=False, loose=8)
    yield Sample(0.25, make.of([0, 2, 3, 7], dtype="int64"), grad=False, loose=8)


_BY_NAME = (
    *("bartlett", "blackman", "cosine", "gaussian", "general_hamming"),
    *("hamming", "hann", "kaiser", "nuttall"),
)


def _by_name(make: Make) -> Iterator[Sample]:
    for length in (0, 1, 2, 5, 8):
        for sym in (True, False):
            yield Sample(length, sym=sym, dtype=penlight.float64, loose=4)
    # torch rounds the angle to float32 first.
    yield Sample(7, loose=8)


def _exponential(make: Make) -> Iterator[Sample]:
    yield from _by_name(make)
    yield Sample(6, center=1.5, tau=2.0, sym=False, dtype=penlight.float64)


def _cosines(make: Make) -> Iterator[Sample]:
    for length in (0, 1, 2, 5, 8):
        yield Sample(length, a=[0.5, 0.3, 0.2], dtype=penlight.float64, loose=4)


SAMPLES = {
    "lgamma": function((0.1, 4.0), loose=2),
    "digamma": function((0.2, 4.0), loose=4),
    "special.gammaln": unary(domain=POSITIVE, dtypes=("float64",)),
    "special.psi": Samples(
        lambda make: [Sample(make(3, low=0.2, high=4.0), loose=4)], dtypes=("float64",)
    ),
    "special.polygamma": Samples(_polygamma, dtypes=("float64", "float32")),
    "polygamma": Samples(_polygamma, dtypes=("float64", "float32")),
    "mvlgamma": Samples(_mvlgamma, dtypes=("float64", "float32")),
    "igamma": Samples(_igamma, dtypes=("float64", "float32", "int64")),
    "igammac": Samples(_igamma, dtypes=("float64", "float32", "int64")),
    "special.zeta": Samples(_zeta, dtypes=("float64", "float32")),
    "i0": function(loose=2),
    "special.i0e": function(dtypes=_PLAIN, loose=2),
    "special.i1": function(dtypes=_PLAIN, loose=2),
    "special.i1e": function(dtypes=_PLAIN, loose=2),
    "special.airy_ai": Samples(_airy, dtypes=_WHOLE),
    **{f"special.{name}": Samples(_bessel, dtypes=_WHOLE) for name in _BESSEL},
    # torch's pi is a float32 one for integers: it gives 3e-8 where this is 0.
    **{
        f"special.{name}": Samples(_polynomial, dtypes=("float64", "int64"), terms=50.0)
        for name in _POLYNOMIALS
    },
    "sinc": function(loose=2, dtypes=("float64", "float32", "float16")),
    "special.erfcx": function(dtypes=_PLAIN, loose=4),
    # A product inside torch prints MulBackward1.
    "special.ndtr": Samples(function().generate, dtypes=_PLAIN, node=False),
    "special.log_ndtr": function(dtypes=_PLAIN, loose=4),
    "special.ndtri": function(
        (0.05, 0.95), edges=[0.0, 1.0, 0.5, -1.0, 1e-6, NAN], dtypes=_PLAIN, loose=4
    ),
    "special.entr": function((0.1, 3.0), dtypes=_PLAIN),
    "special.xlog1py": Samples(_xlog1py, dtypes=_PLAIN),
    "special.expit": unary(dtypes=("float64",)),
    "frexp": Samples(_frexp, dtypes=("float64", "float32", "float16", "int64")),
    "ldexp": Samples(_ldexp, dtypes=("float64", "float32", "int64")),
    "nextafter": Samples(_nextafter, dtypes=("float64", "float32", "int64")),
    "gcd": Samples(_whole, dtypes=("int64", "int32", "int16", "int8", "uint8", "float32")),
    "lcm": Samples(_whole, dtypes=("int64", "int32", "int16", "int8", "uint8", "float32")),
    "hann_window": Samples(_window, dtypes=("float32",)),
    "hamming_window": Samples(_hamming, dtypes=("float32",)),
    "blackman_window": Samples(_window, dtypes=("float32",)),
    "bartlett_window": Samples(_window, dtypes=("float32",)),
    "kaiser_window": Samples(_kaiser, dtypes=("float32",)),
    **{f"signal.windows.{name}": Samples(_by_name, dtypes=("float32",)) for name in _BY_NAME},
    "signal.windows.exponential": Samples(_exponential, dtypes=("float32",)),
    "signal.windows.general_cosine": Samples(_cosines, dtypes=("float32",)),
}

_FLOATS = Input([1.0, 2.0], "float32", grad=False)
_LONGS = Input([1, 2], "int64", grad=False)
REFUSALS = {
    "polygamma": [
        Refusal(RuntimeError, "polygamma(n, x) does not support negative n", -1, _FLOATS)
    ],
    "mvlgamma": [Refusal(RuntimeError, "p has to be greater than or equal to 1", _FLOATS, 0)],
    "igamma": [
        Refusal(NotImplementedError, "\"igamma_cpu\" not implemented for 'Long'", _LONGS, _LONGS)
    ],
    "frexp": [Refusal(RuntimeError, "torch.frexp() only supports floating-point dtypes", _LONGS)],
    "gcd": [
        Refusal(NotImplementedError, "\"gcd_cpu\" not implemented for 'Float'", _FLOATS, _FLOATS)
    ],
    "Tensor.float_power_": [
        Refusal(RuntimeError, "the base given to float_power_ has dtype Float", _FLOATS, 2)
    ],
    "signal.windows.hann": [
        Refusal(ValueError, "requires non-negative window length, got M=-1", -1),
        Refusal(ValueError, "expects float32 or float64 dtypes", 3, dtype=penlight.float16),
    ],
    "signal.windows.exponential": [
        Refusal(ValueError, "Tau must be positive, got: 0", 3, tau=0),
        Refusal(ValueError, "Center must be None for symmetric windows", 3, center=1),
    ],
    "signal.windows.gaussian": [
        Refusal(ValueError, "Standard deviation must be positive, got: 0", 3, std=0)
    ],
    "signal.windows.kaiser": [
        Refusal(ValueError, "beta must be non-negative, got: -1 instead", 3, beta=-1)
    ],
    "signal.windows.general_cosine": [
        Refusal(ValueError, "Coefficients cannot be empty", 3, a=[]),
        Refusal(TypeError, "Coefficients must be a list/tuple", 3, a=1),
    ],
    "hann_window": [
        Refusal(RuntimeError, "hann_window requires non-negative window_length", -1),
    ],
}
