# ruff: noqa: E501 - one expression a line is what makes the tables readable
"""Initialisers: torch's numbers for the same seed, its errors, and golden values without torch."""

from __future__ import annotations

import numpy as np
import pytest
from expressions import compare

import penlight
from penlight.nn import init

CALLS = [
    "uniform_(t, -2.0, 3.0)",
    "normal_(t, 1.0, 0.5)",
    "trunc_normal_(t)",
    "trunc_normal_(t, 0.0, 2.0, -1.0, 1.5)",
    "trunc_normal_(t, 0.0, 1.0, 1.0, 2.0)",
    "trunc_normal_(t, 0.0, 1.0, 2.0, 4.0)",
    "constant_(t, 0.3)",
    "ones_(t)",
    "zeros_(t)",
    "xavier_uniform_(t, 1.5)",
    "xavier_normal_(t)",
    "kaiming_uniform_(t, 0.2, 'fan_out')",
    "kaiming_uniform_(t, nonlinearity='relu')",
    "kaiming_normal_(t, mode='FAN_OUT', nonlinearity='tanh')",
    "orthogonal_(t, 2.0)",
    "uniform_(t, generator=g)",
    "normal_(t, generator=g)",
    "trunc_normal_(t, generator=g)",
    "xavier_uniform_(t, generator=g)",
    "xavier_normal_(t, generator=g)",
    "kaiming_uniform_(t, generator=g)",
    "kaiming_normal_(t, generator=g)",
    "orthogonal_(t, generator=g)",
]
MATRIX_CALLS = ["eye_(t)", "sparse_(t, 0.4)", "sparse_(t, 0.1, std=2.0, generator=g)"]
CONVOLUTION_CALLS = ["dirac_(t)", "dirac_(t, 2)"]


def filled(library: object, call: str, shape: tuple[int, ...], dtype: str) -> tuple[object, float]:
    """Return what a call makes of a tensor, and the random number that follows it."""
    library.manual_seed(7)
    scope = dict(vars(library.nn.init))
    scope["t"] = library.zeros(*shape, dtype=getattr(library, dtype))
    scope["g"] = library.Generator().manual_seed(11)
    assert eval(call, scope) is scope["t"]
    return scope["t"].numpy(), library.rand(1).item() + library.rand(1, generator=scope["g"]).item()


def assert_same_numbers(call: str, shape: tuple[int, ...], dtype: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    expected, expected_next = filled(torch, call, shape, dtype)
    got, got_next = filled(penlight, call, shape, dtype)
    tolerance = 2e-6 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)
    assert got_next == expected_next, "another number of random draws than torch's"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(2, 3), (7, 4), (5, 5), (3, 4, 2, 2)])
@pytest.mark.parametrize("call", CALLS)
def test_a_seed_gives_torchs_numbers(call: str, shape: tuple[int, ...], dtype: str) -> None:
    assert_same_numbers(call, shape, dtype)


@pytest.mark.parametrize("shape", [(2, 3), (7, 4)])
@pytest.mark.parametrize("call", MATRIX_CALLS)
def test_a_seed_gives_torchs_matrices(call: str, shape: tuple[int, ...]) -> None:
    assert_same_numbers(call, shape, "float32")


@pytest.mark.parametrize("shape", [(4, 2, 3), (4, 6, 3, 3), (6, 2, 1, 2, 3)])
@pytest.mark.parametrize("call", CONVOLUTION_CALLS)
def test_dirac_fills_as_torch_does(call: str, shape: tuple[int, ...]) -> None:
    assert_same_numbers(call, shape, "float32")


ERRORS = [
    "nn.init.calculate_gain('x')",
    "nn.init.calculate_gain('leaky_relu', True)",
    "nn.init.calculate_gain('leaky_relu', 'a')",
    "[nn.init.calculate_gain(n) for n in ('linear', 'conv1d', 'conv_transpose3d', 'sigmoid', 'tanh', 'relu', 'selu', 'leaky_relu')]",
    "nn.init.calculate_gain('leaky_relu', 0.2)",
    "nn.init.xavier_uniform_(torch.ones(3))",
    "nn.init.kaiming_normal_(torch.ones(3))",
    "nn.init.eye_(torch.ones(3))",
    "nn.init.sparse_(torch.ones(3), 0.1)",
    "nn.init.dirac_(torch.ones(3))",
    "nn.init.dirac_(torch.ones(3, 2, 3), 2)",
    "nn.init.orthogonal_(torch.ones(3))",
    "nn.init.orthogonal_(torch.ones(0, 2)).shape",
    "nn.init.kaiming_uniform_(torch.ones(3, 2), mode='x')",
    "nn.init.kaiming_uniform_(torch.ones(3, 2), nonlinearity='x')",
    "nn.init.kaiming_uniform_(torch.ones(0, 2))",
    "nn.init.uniform_(torch.ones(2), 1, 0)",
    "nn.init.normal_(torch.ones(2), 0, -1)",
    "nn.init.trunc_normal_(torch.ones(2), 9)",
    "nn.init.xavier_uniform(torch.ones(2, 2))",
    "nn.init.constant(torch.ones(2, 2), 3)",
    "[f.__name__ for f in (nn.init.uniform, nn.init.orthogonal)]",
    "nn.init.ones_(nn.Parameter(torch.zeros(2)))",
    "nn.init._calculate_fan_in_and_fan_out(torch.ones(2, 3, 4))",
]


@pytest.mark.parametrize("expression", ERRORS)
def test_an_error_or_warning_is_torchs(expression: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    compare(expression, torch, "")


def test_orthogonal_rows_are_orthonormal() -> None:
    rows = init.orthogonal_(penlight.empty(30, 50, dtype=penlight.float64)).numpy()
    np.testing.assert_allclose(rows @ rows.T, np.eye(30), atol=1e-13)


def test_trunc_normal_stays_inside() -> None:
    for low, high in ((-0.5, 0.5), (1.0, 1.5), (-2.5, -2.0)):
        values = init.trunc_normal_(penlight.empty(2000), a=low, b=high).numpy()
        assert low <= values.min()
        assert values.max() <= high


def test_trunc_normal_warns_of_an_interval_far_from_the_mean_and_stays_inside() -> None:
    with pytest.warns(UserWarning, match=r"mean is more than 2 std from \[a, b\]"):
        values = init.trunc_normal_(penlight.empty(2000), a=3.0, b=3.5).numpy()
    assert values.min() >= 3.0
    assert values.max() <= 3.5


def test_the_old_names_warn_and_work() -> None:
    with pytest.warns(FutureWarning, match=r"`nn.init.constant` is now deprecated in favor of"):
        assert init.constant(penlight.empty(2), 3).tolist() == [3.0, 3.0]
