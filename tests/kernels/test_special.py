"""The error functions against Python's math, to a few units in the last place, and limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from penlight import kernels

DTYPES = ["float32", "float64"]


def run(kernel: Callable[..., None], values: Any, dtype: str) -> Any:
    """Return what a kernel writes."""
    array = np.asarray(values, dtype)
    out = np.empty_like(array)
    kernel(out, array)
    return out


def units(out: Any, exact: list[float]) -> float:
    """Return the largest error in units in the last place."""
    wanted = np.array(exact).astype(out.dtype)
    error = np.abs(out.astype(np.float64) - np.array(exact))
    return float((error / np.spacing(np.abs(wanted)).astype(np.float64)).max())


@pytest.mark.parametrize("dtype", DTYPES)
def test_erf_is_right_to_three_units(dtype: str) -> None:
    values = np.concatenate([np.linspace(-7, 7, 4001), np.geomspace(1e-30, 1, 200)]).astype(dtype)
    assert units(run(kernels.erf, values, dtype), [math.erf(float(x)) for x in values]) <= 3


@pytest.mark.parametrize("dtype", DTYPES)
def test_erfc_is_right_to_four_units_where_it_is_tiny_too(dtype: str) -> None:
    values = np.linspace(-6, 9 if dtype == "float32" else 26, 4001).astype(dtype)
    assert units(run(kernels.erfc, values, dtype), [math.erfc(float(x)) for x in values]) <= 4


@pytest.mark.parametrize("dtype", DTYPES)
def test_erfinv_undoes_erf(dtype: str) -> None:
    values = np.linspace(-2.5, 2.5, 1001).astype(dtype)
    back = run(kernels.erfinv, run(kernels.erf, values, dtype), dtype)
    # erf is flat there: one unit of its result moves the argument by this much.
    slack = np.finfo(dtype).eps * (1 + np.exp(values.astype(np.float64) ** 2))
    assert (np.abs(back - values) <= 4 * slack).all()


def test_limits_and_nan() -> None:
    values = [0.0, -0.0, math.inf, -math.inf, math.nan]
    assert str(run(kernels.erf, values, "float64").tolist()) == "[0.0, -0.0, 1.0, -1.0, nan]"
    assert str(run(kernels.erfc, values, "float64").tolist()) == "[1.0, 1.0, 0.0, 2.0, nan]"
    ends = [0.0, -0.0, 1.0, -1.0, 1.5, math.nan]
    assert str(run(kernels.erfinv, ends, "float64").tolist()) == "[0.0, -0.0, inf, -inf, nan, nan]"


@pytest.mark.parametrize("kernel", [kernels.erf, kernels.erfc, kernels.erfinv])
@pytest.mark.parametrize("shape", [(0,), (2, 0), ()])
def test_empty_and_0d_arrays(kernel: Callable[..., None], shape: tuple[int, ...]) -> None:
    assert run(kernel, np.zeros(shape), "float32").shape == shape
