"""Programs written once and run twice: by penlight, and by torch where it is installed."""

from __future__ import annotations

import warnings
from types import ModuleType

import pytest

import penlight


@pytest.fixture(params=["penlight", "torch"])
def pt(request: pytest.FixtureRequest) -> ModuleType:
    """Return the module that a program calls torch."""
    if request.param == "penlight":
        return penlight
    return pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")


@pytest.fixture
def forward_mode() -> None:
    """Have torch load what its forward mode needs, which warns that torch.jit is going."""
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.func.jvp(torch.sin, (torch.ones(1),), (torch.ones(1),))
