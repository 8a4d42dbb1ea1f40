"""Bessel functions, the normal distribution, and others of torch.special: mostly a table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Array, Tensor
from . import _airy, _bessel
from ._elementwise import dtype_of, kind_of, widened
from ._families import INT_TO_FLOAT, binary, unary
from ._gamma import in_double
from ._results import written
from .ternary import where
from .transcendental import erf, log1p

__all__ = ["i0", "sinc"]

# ---- Bessel functions ----------------------------------------------------------------------------


def _or_half(input: Any, inner: Any) -> Any:
    """Return a derivative that is 1/2 at zero."""
    return where(input == 0, 0.5, inner)


def _away(input: Any) -> Any:
    """Return the input with ones for zeros, to divide by."""
    return where(input == 0, 1, input)


i0 = unary(
    "i0",
    _bessel.i0,
    INT_TO_FLOAT,
    "Return the modified Bessel function of the first kind, of order 0.",
    input=lambda grad, input: grad * i1(input),
)
i0e = unary(
    "_special_i0e",
    _bessel.i0e,
    INT_TO_FLOAT,
    "Return ``exp(-|x|) i0(x)``.",
    node="SpecialI0EBackward0",
    inplace=False,
    method=False,
    input=lambda grad, input, out: grad * (i1e(input) - input.sgn() * out),
)
i1 = unary(
    "_special_i1",
    _bessel.i1,
    INT_TO_FLOAT,
    "Return the modified Bessel function of the first kind, of order 1.",
    node="SpecialI1Backward0",
    inplace=False,
    method=False,
    input=lambda grad, input, out: grad * _or_half(input, i0(input) - out / _away(input)),
)
i1e = unary(
    "_special_i1e",
    _bessel.i1e,
    INT_TO_FLOAT,
    "Return ``exp(-|x|) i1(x)``.",
    node="SpecialI1EBackward0",
    inplace=False,
    method=False,
    input=lambda grad, input, out: (
        grad * _or_half(input, i0e(input) - out * (input.sgn() + 1 / _away(input)))
    ),
)


def _plain(name: str, forward: Any, summary: str) -> Any:
    """Return an op that, as in torch, has no derivative."""
    return unary(f"_special_{name}", forward, INT_TO_FLOAT, summary, inplace=False, method=False)


airy_ai = _plain("airy_ai", _airy.ai, "Return the Airy function Ai, NaN at both infinities.")
bessel_j0 = _plain(
    "bessel_j0", _bessel.j0, "Return the Bessel function of the first kind, of order 0."
)
bessel_j1 = _plain(
    "bessel_j1", _bessel.j1, "Return the Bessel function of the first kind, of order 1."
)
bessel_y0 = _plain(
    "bessel_y0", _bessel.y0, "Return the Bessel function of the second kind, order 0."
)
bessel_y1 = _plain(
    "bessel_y1", _bessel.y1, "Return the Bessel function of the second kind, order 1."
)
modified_bessel_i0 = _plain(
    "modified_bessel_i0",
    _bessel.i0,
    "Return the modified Bessel function of the first kind, of order 0.",
)
modified_bessel_i1 = _plain(
    "modified_bessel_i1",
    _bessel.i1,
    "Return the modified Bessel function of the first kind, of order 1.",
)
modified_bessel_k0 = _plain(
    "modified_bessel_k0",
    _bessel.k0,
    "Return the modified Bessel function of the second kind, of order 0.",
)
modified_bessel_k1 = _plain(
    "modified_bessel_k1",
    _bessel.k1,
    "Return the modified Bessel function of the second kind, of order 1.",
)
scaled_modified_bessel_k0 = _plain(
    "scaled_modified_bessel_k0",
    _bessel.k0e,
    "Return ``exp(x) modified_bessel_k0(x)``.",
)
scaled_modified_bessel_k1 = _plain(
    "scaled_modified_bessel_k1",
    _bessel.k1e,
    "Return ``exp(x) modified_bessel_k1(x)``.",
)
spherical_bessel_j0 = _plain(
    "spherical_bessel_j0",
    _bessel.spherical_j0,
    "Return the spherical Bessel function of the first kind, of order 0: ``sin(x) / x``.",
)

# ---- sinc ----------------------------------------------------------------------------------------


def _sinc_rule(grad: Any, input: Any) -> Any:
    angle = _away(input) * math.pi
    slope = (angle * angle.cos() - angle.sin()) / (angle * _away(input))
    return grad * where(input == 0, 0, slope)


sinc = unary(
    "sinc",
    in_double(np.sinc),
    INT_TO_FLOAT,
    "Return ``sin(pi x) / (pi x)``, 1 at 0.",
    input=_sinc_rule,
)

# ---- the error function and the normal distribution ----------------------------------------------


def _erfcx(input: Array) -> Array:
    wide = widened(input) if kind_of(input) == "f" else input.astype(np.float64)
    out = np.empty_like(wide)
    kernels.erfcx(out, wide)
    return out.astype(input.dtype if kind_of(input) == "f" else np.float64, copy=False)


erfcx = unary(
    "_special_erfcx",
    _erfcx,
    INT_TO_FLOAT,
    "Return ``exp(x * x) erfc(x)``, which neither under- nor overflows for positive x.",
    node="SpecialErfcxBackward0",
    inplace=False,
    method=False,
    input=lambda grad, input, out: grad * (2 * input * out - 2 / math.sqrt(math.pi)),
)


def ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""Return the area under the standard normal density up to each element.

    .. math:: \Phi(x) = \frac{1}{2} (1 + \mathrm{erf}(x / \sqrt 2))

    Args:
        input: a tensor.
        out: where to write the result.

    Example:
        >>> import penlight as torch
        >>> torch.special.ndtr(torch.tensor([0.0, 3.0]))
        tensor([0.5000, 0.9987])
    """
    found: Tensor = (1 + erf(input / math.sqrt(2))) * 0.5
    return written(out, found)


def _log_ndtr_of(x: Array) -> Array:
    """Return log ndtr, by erfcx where the area is small."""
    scaled, area = np.empty_like(x), np.empty_like(x)
    root = math.sqrt(0.5)
    low = np.minimum(x, -1.0)
    kernels.erfcx(scaled, -low * root)
    kernels.erfc(area, np.maximum(x, -1.0) * root)
    out = np.where(x < -1, np.log(scaled / 2) - low * low / 2, np.log1p(-area / 2))
    return np.where(np.isnan(x), np.nan, np.where(np.isneginf(x), -np.inf, out))


log_ndtr = unary(
    "_special_log_ndtr",
    in_double(_log_ndtr_of),
    INT_TO_FLOAT,
    "Return the logarithm of :func:`ndtr`, accurate in the lower tail.",
    node="SpecialLogNdtrBackward0",
    inplace=False,
    method=False,
    input=lambda grad, input: grad / erfcx(input * -math.sqrt(0.5)) * math.sqrt(2 / math.pi),
)


def _lower_quantile(p: Array) -> Array:
    """Return the quantile for 0 < p <= 1/2: Newton's steps on the logarithm, which is concave."""
    logarithm = np.log(p)
    x = -np.sqrt(np.maximum(-2 * logarithm - np.log(2 * np.pi) - np.log1p(-2 * logarithm), 0.0))
    for _ in range(8):
        value = _log_ndtr_of(x)
        density = np.exp(-x * x / 2 - value) / math.sqrt(2 * math.pi)
        x = np.minimum(x - (value - logarithm) / density, 0.0)
    return x


def _quantile(p: Array) -> Array:
    usable = (p > 0) & (p < 1)
    inside = np.where(usable, p, 0.5)
    lower = _lower_quantile(np.minimum(inside, 1 - inside))
    near = np.empty_like(inside)
    kernels.erfinv(near, 2 * inside - 1)
    out = np.where(
        np.abs(inside - 0.5) < 0.4, near * math.sqrt(2), np.copysign(lower, inside - 0.5)
    )
    edge = np.where(p == 0, -np.inf, np.where(p == 1, np.inf, np.nan))
    return np.where(usable, out, edge)


ndtri = unary(
    "_special_ndtri",
    in_double(_quantile),
    INT_TO_FLOAT,
    "Return the number below which the standard normal distribution has that much of its area.",
    node="SpecialNdtriBackward0",
    inplace=False,
    method=False,
    input=lambda grad, out: grad * math.sqrt(2 * math.pi) * (out * out / 2).exp(),
)

# ---- entropy and x log1p(y) ----------------------------------------------------------------------


def _entropy(x: Array) -> Array:
    out = np.where(x > 0, -x * np.log(np.where(x > 0, x, 1)), np.where(x == 0, 0.0, -np.inf))
    return np.where(np.isnan(x), np.nan, out)


entr = unary(
    "_special_entr",
    in_double(_entropy),
    INT_TO_FLOAT,
    "Return ``-x log(x)``, 0 at 0 and minus infinity below.",
    node="SpecialEntrBackward0",
    inplace=False,
    method=False,
    input=lambda grad, input: (
        grad * where(input > 0, -input.log() - 1, where(input == 0, math.inf, math.nan))
    ),
)


def _xlog1py_of(input: Any, other: Any) -> Array:
    kind = dtype_of(input, other)
    if kind.kind in "biu":
        input, other = np.asarray(input, np.float64), np.asarray(other, np.float64)
    out = np.multiply(input, np.log1p(other))
    return np.where(np.equal(input, 0) & ~np.isnan(other), np.zeros((), out.dtype), out)


def _xlog1py_rule(grad: Any, input: Any, other: Any) -> Any:
    if isinstance(other, Tensor):
        logarithm: Any = log1p(other)
    else:
        logarithm = math.log1p(other) if other > -1 else -math.inf if other == -1 else math.nan
    return where((input == 0) & (other <= -1), 0, grad * logarithm)


def _xlog1py_record(name: str, node: str) -> Any:
    return binary(
        name,
        _xlog1py_of,
        INT_TO_FLOAT,
        "Return ``x log(1 + y)``, 0 where x is 0.",
        node=node,
        method=False,
        inplace=False,
        input=_xlog1py_rule,
        other=lambda grad, input, other: grad * input / (other + 1),
    )


_xlog1pys = (
    _xlog1py_record("_special_xlog1py", "SpecialXlog1PyBackward0"),
    _xlog1py_record("_special_xlog1py_number", "SpecialXlog1PyBackward2"),
    _xlog1py_record("_special_xlog1py_reversed", "SpecialXlog1PyBackward1"),
)


def xlog1py(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Return ``input * log(1 + other)``, 0 where ``input`` is 0 unless ``other`` is NaN.

    Args:
        input: a tensor or a number.
        other: a tensor or a number; the shapes broadcast.
        out: where to write the result.

    Example:
        >>> import penlight as torch
        >>> torch.special.xlog1py(torch.tensor([0.0, 2.0]), 1.0)
        tensor([0.0000, 1.3863])
    """
    both, by_number, reverse = _xlog1pys
    if not isinstance(other, Tensor):
        found: Tensor = by_number(input, other, out=out)
    elif isinstance(input, Tensor):
        found = both(input, other, out=out)
    else:
        found = reverse(input, other, out=out)
    return found
