"""Orthogonal polynomials, by their three-term recurrences (DLMF 18.9); none has a derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from ._elementwise import dtype_of
from ._families import INT_TO_FLOAT, binary

__all__: list[str] = []

# Given the argument, the number k and the two polynomials before: the polynomial k + 1.
Step = Callable[[Array, int, Array, Array], Array]


def _doubled(x: Array, _: int, now: Array, before: Array) -> Array:
    return 2 * x * now - before


def _evaluated(x: Array, order: Array, first: Array, step: Step) -> Array:
    """Return the polynomials of each order at each argument: 0 where the order is negative.

    Args:
        x: the arguments, float64.
        order: whole numbers, of the same shape.
        first: the polynomial of order 1.
        step: the recurrence.
    """
    out = np.where(order == 0, 1.0, np.where(order == 1, first, 0.0))
    before, now = np.ones_like(x), first
    for k in range(1, int(order.max(initial=0))):
        before, now = now, step(x, k, now, before)
        out = np.where(order == k + 1, now, out)
    return out


def _polynomial(
    name: str, first: Callable[[Array], Array], step: Step, summary: str, *, shifted: bool = False
) -> Any:
    """Return a polynomial's function of argument and order."""

    def forward(input: Any, n: Any) -> Array:
        kind = dtype_of(input, n)
        x, order = np.broadcast_arrays(np.asarray(input, np.float64), np.asarray(n, np.float64))
        if shifted:
            x = 2 * x - 1
        out = _evaluated(x, np.trunc(order), first(x), step)
        return out.astype(np.float64 if kind.kind in "biu" else kind)

    record = binary(f"_special_{name}", forward, INT_TO_FLOAT, summary, inplace=False, method=False)

    def call(input: Any, n: Any, *, out: Tensor | None = None) -> Tensor:
        found: Tensor = record(input, n, out=out)
        return found

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"""{summary}

    Args:
        input: where, a tensor or a number.
        n: the order, a tensor or a number; a polynomial of negative order is 0. The shapes
            broadcast.
        out: where to write the result.
    """
    return call


chebyshev_polynomial_t = _polynomial(
    "chebyshev_polynomial_t",
    lambda x: x,
    _doubled,
    "Return Chebyshev's polynomial of the first kind.",
)
chebyshev_polynomial_u = _polynomial(
    "chebyshev_polynomial_u",
    lambda x: 2 * x,
    _doubled,
    "Return Chebyshev's polynomial of the second kind.",
)
chebyshev_polynomial_v = _polynomial(
    "chebyshev_polynomial_v",
    lambda x: 2 * x - 1,
    _doubled,
    "Return Chebyshev's polynomial of the third kind.",
)
chebyshev_polynomial_w = _polynomial(
    "chebyshev_polynomial_w",
    lambda x: 2 * x + 1,
    _doubled,
    "Return Chebyshev's polynomial of the fourth kind.",
)
shifted_chebyshev_polynomial_t = _polynomial(
    "shifted_chebyshev_polynomial_t",
    lambda x: x,
    _doubled,
    "Return Chebyshev's polynomial of the first kind at 2 x - 1.",
    shifted=True,
)
shifted_chebyshev_polynomial_u = _polynomial(
    "shifted_chebyshev_polynomial_u",
    lambda x: 2 * x,
    _doubled,
    "Return Chebyshev's polynomial of the second kind at 2 x - 1.",
    shifted=True,
)
shifted_chebyshev_polynomial_v = _polynomial(
    "shifted_chebyshev_polynomial_v",
    lambda x: 2 * x - 1,
    _doubled,
    "Return Chebyshev's polynomial of the third kind at 2 x - 1.",
    shifted=True,
)
shifted_chebyshev_polynomial_w = _polynomial(
    "shifted_chebyshev_polynomial_w",
    lambda x: 2 * x + 1,
    _doubled,
    "Return Chebyshev's polynomial of the fourth kind at 2 x - 1.",
    shifted=True,
)
hermite_polynomial_h = _polynomial(
    "hermite_polynomial_h",
    lambda x: 2 * x,
    lambda x, k, now, before: 2 * x * now - 2 * k * before,
    "Return Hermite's polynomial, as physicists have it.",
)
hermite_polynomial_he = _polynomial(
    "hermite_polynomial_he",
    lambda x: x,
    lambda x, k, now, before: x * now - k * before,
    "Return Hermite's polynomial, as it stands in probability.",
)
laguerre_polynomial_l = _polynomial(
    "laguerre_polynomial_l",
    lambda x: 1 - x,
    lambda x, k, now, before: ((2 * k + 1 - x) * now - k * before) / (k + 1),
    "Return Laguerre's polynomial.",
)
legendre_polynomial_p = _polynomial(
    "legendre_polynomial_p",
    lambda x: x,
    lambda x, k, now, before: ((2 * k + 1) * x * now - k * before) / (k + 1),
    "Return Legendre's polynomial.",
)
