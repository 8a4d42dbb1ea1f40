"""Pearson's and Spearman's correlation with two-sided p-values, without SciPy."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_PRECISE = 1e-15
_TERMS = 10_000


class Correlation(NamedTuple):
    """A coefficient of correlation and its two-sided p-value.

    Attributes:
        statistic: the coefficient, NaN where one side is constant.
        pvalue: the probability of one as far from 0 when the two are independent and normal.
    """

    statistic: float
    pvalue: float


def pearson(first: npt.ArrayLike, second: npt.ArrayLike) -> Correlation:
    """Return the correlation of two samples.

    Raises:
        ValueError: there are fewer than two pairs.
    """
    x, y = (np.asarray(side, dtype=np.float64) for side in (first, second))
    if len(x) < 2:
        msg = f"{len(x)} pair of values; a correlation takes two or more"
        raise ValueError(msg)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(math.nan, math.nan)
    x, y = x - x.mean(), y - y.mean()
    coefficient = float(np.dot(x, y) / np.sqrt(np.dot(x, x) * np.dot(y, y)))
    if math.isnan(coefficient):
        return Correlation(math.nan, math.nan)
    coefficient = min(1.0, max(-1.0, coefficient))
    return Correlation(coefficient, _two_sided(coefficient, len(x) - 2))


def spearman(first: npt.ArrayLike, second: npt.ArrayLike) -> Correlation:
    """Return the correlation of the ranks of two samples; equal values share their mean rank.

    Raises:
        ValueError: there are fewer than two pairs.
    """
    x, y = (np.asarray(side, dtype=np.float64) for side in (first, second))
    if np.isnan(x).any() or np.isnan(y).any():
        return Correlation(math.nan, math.nan)
    return pearson(_ranks(x), _ranks(y))


def _ranks(values: npt.NDArray[np.float64]) -> Any:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def _two_sided(coefficient: float, freedom: int) -> float:
    """Return the p-value, of Student's t with so many degrees of freedom: I(1 - r²; df/2, 1/2)."""
    if freedom == 0:
        return 1.0
    left, square = (1 - coefficient) * (1 + coefficient), coefficient * coefficient
    if left == 0 or square == 0:
        return 0.0 if left == 0 else 1.0
    a, b = freedom / 2, 0.5
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(scale + a * math.log(left) + b * math.log(square))
    if left < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, left) / a
    return 1 - front * _beta_fraction(b, a, square) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function, NIST's DLMF 8.17.22.

    It is evaluated from the front by Lentz's method: as a product of the quotients of successive
    numerators and of successive denominators.
    """
    upper, lower, below = 1.0, 0.0, 1.0  # below: 1 + d1/(1 + d2/(1 + ...))
    for term in range(1, _TERMS):
        m, is_odd = divmod(term, 2)
        if is_odd:
            step = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            step = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        lower = 1 / (1 + step * lower)
        upper = 1 + step / upper
        below *= upper * lower
        if abs(upper * lower - 1) < _PRECISE:
            break
    return 1 / below
