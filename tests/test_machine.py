"""What programs ask about accelerators and their libraries, beside torch's CPU build."""

from __future__ import annotations

import pytest

import penlight as pl

try:
    import torch
except ImportError:
    torch = None

LIBRARIES = [pytest.param(pl, id="penlight")]
if torch is not None:
    LIBRARIES.append(pytest.param(torch, id="torch"))


@pytest.mark.parametrize("lib", LIBRARIES)
def test_there_is_no_accelerator(lib):
    backends, cuda = lib.backends, lib.cuda
    assert not backends.mps.is_available()
    assert not backends.mps.is_built()
    assert not backends.cudnn.is_available()
    assert backends.cudnn.version() is None
    assert not backends.cuda.is_built()
    assert not cuda.is_available()
    assert not cuda.is_initialized()
    assert not cuda.is_bf16_supported()
    for name in ("allocated", "reserved"):
        assert getattr(cuda, f"memory_{name}")() == 0
        assert getattr(cuda, f"max_memory_{name}")() == 0
    for name in ("get_device_name", "get_device_properties", "get_device_capability"):
        with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
            getattr(cuda, name)(0)
    assert cuda.OutOfMemoryError is lib.OutOfMemoryError
    assert issubclass(lib.OutOfMemoryError, RuntimeError)
    assert str(lib.OutOfMemoryError) == "<class 'torch.OutOfMemoryError'>"


# Not beside torch: its own samples, once imported, forbid to set its switches.
@pytest.mark.parametrize("lib", LIBRARIES[:1])
def test_switches_of_absent_libraries_can_be_set(lib):
    cudnn, matmul = lib.backends.cudnn, lib.backends.cuda.matmul
    names = ("enabled", "benchmark", "deterministic", "allow_tf32")
    assert [getattr(cudnn, name) for name in names] == [True, False, False, True]
    cudnn.benchmark = True
    assert cudnn.benchmark is True
    cudnn.benchmark = False
    with cudnn.flags(enabled=False, deterministic=True):
        assert (cudnn.enabled, cudnn.deterministic) == (False, True)
    assert (cudnn.enabled, cudnn.deterministic) == (True, False)
    assert matmul.allow_tf32 is False
    matmul.allow_tf32 = True
    assert matmul.allow_tf32 is True
    matmul.allow_tf32 = False
