"""Every kernel in its NumPy form and at each instruction level that this machine can run."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from penlight.kernels import reference

try:
    from penlight import _kernels
except ImportError:
    _kernels = None

FAMILIES = (
    "checksum",
    "cross_entropy",
    "embedding",
    "gru",
    "lstm",
    "matmul",
    "normalization",
    "optimizer",
    "pointwise",
    "recurrent",
    "softmax",
    "special",
    "sums",
    "text",
    "windows",
    "word2vec",
)
LEVELS = _kernels.cpu_capabilities() if _kernels else []


def numpy_kernels():
    """Return the NumPy form of every kernel under one roof."""
    modules = [importlib.import_module(f"{reference.__name__}.{name}") for name in FAMILIES]
    return SimpleNamespace(
        **{name: call for module in modules for name, call in vars(module).items()}
    )


@pytest.fixture
def specification():
    return numpy_kernels()


@pytest.fixture(params=["reference", *LEVELS])
def kernels(request):
    """Return the kernels of one level; each test runs at all of them."""
    if request.param == "reference":
        yield numpy_kernels()
        return
    before = _kernels.get_cpu_capability()
    _kernels.force_cpu_capability(request.param)
    yield _kernels
    _kernels.force_cpu_capability(before)


@pytest.fixture(params=LEVELS)
def native(request):
    """Return the compiled kernels of one level."""
    before = _kernels.get_cpu_capability()
    _kernels.force_cpu_capability(request.param)
    yield _kernels
    _kernels.force_cpu_capability(before)


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def kind(request):
    return request.param


@pytest.fixture
def rng():
    return np.random.default_rng(0)
