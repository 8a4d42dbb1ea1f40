"""Programs written once and run twice: by penlight, and by torch where it is installed."""

from __future__ import annotations

from types import ModuleType

import pytest

import penlight


@pytest.fixture(params=["penlight", "torch"])
def pt(request: pytest.FixtureRequest) -> ModuleType:
    """Return the module that a program calls torch."""
    if request.param == "penlight":
        return penlight
    return pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
