"""Switches of the process, `compile`, and the modules that say what there is."""

from __future__ import annotations

import warnings

import pytest

import penlight as pl
from penlight import _compile

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")
LIBRARIES = [pytest.param(pl, id="penlight")]
if torch is not None:
    LIBRARIES.append(pytest.param(torch, id="torch"))


@pytest.fixture(autouse=True)
def _put_back():
    yield
    for library in (pl, torch) if torch else (pl,):
        library.use_deterministic_algorithms(False)
        library.set_float32_matmul_precision("highest")
        library.set_default_dtype(library.float32)
        library.set_warn_always(False)


@pytest.mark.parametrize("lib", LIBRARIES)
def test_the_default_device_is_the_cpu(lib):
    assert str(lib.get_default_device()) == "cpu"
    for device in ("cpu", lib.device("cpu"), None):
        lib.set_default_device(device)
        assert lib.get_default_device() == lib.device("cpu")
        assert lib.ones(1).device.type == "cpu"
    lib.set_default_device(None)


def test_another_default_device_is_refused():
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
        pl.set_default_device("cuda")
    with pytest.raises(NotImplementedError, match="no meta device"):
        pl.set_default_device("meta")


@pytest.mark.filterwarnings("ignore:torch.set_default_tensor_type:UserWarning")
@pytest.mark.parametrize("lib", LIBRARIES)
def test_old_tensor_types_set_the_default_dtype(lib):
    lib.set_default_tensor_type(lib.DoubleTensor)
    assert lib.tensor(1.5).dtype is lib.float64
    lib.set_default_tensor_type("torch.FloatTensor")
    assert lib.tensor(1.5).dtype is lib.float32
    for given in (lib.LongTensor, "torch.LongTensor"):
        with pytest.raises(TypeError, match="only floating-point types are supported"):
            lib.set_default_tensor_type(given)
    with pytest.raises(TypeError, match="not available"):
        lib.set_default_tensor_type("torch.cuda.FloatTensor")


@pytest.mark.parametrize("lib", LIBRARIES)
def test_deterministic_algorithms_are_remembered(lib):
    assert not lib.are_deterministic_algorithms_enabled()
    assert lib.get_deterministic_debug_mode() == 0
    lib.use_deterministic_algorithms(True)
    assert lib.are_deterministic_algorithms_enabled()
    assert not lib.is_deterministic_algorithms_warn_only_enabled()
    assert lib.get_deterministic_debug_mode() == 2
    lib.use_deterministic_algorithms(True, warn_only=True)
    assert lib.is_deterministic_algorithms_warn_only_enabled()
    for mode, number in (("default", 0), ("warn", 1), ("error", 2), (1, 1)):
        lib.set_deterministic_debug_mode(mode)
        assert lib.get_deterministic_debug_mode() == number
        assert lib.are_deterministic_algorithms_enabled() is (number > 0)
    for bad in ("loud", 3):
        with pytest.raises(RuntimeError, match="invalid value of debug_mode, expected"):
            lib.set_deterministic_debug_mode(bad)
    with pytest.raises(TypeError, match="debug_mode must be str or int"):
        lib.set_deterministic_debug_mode(1.5)
    with pytest.raises(TypeError, match="must be bool"):
        lib.use_deterministic_algorithms(1)


@pytest.mark.parametrize("lib", LIBRARIES)
def test_the_precision_of_products_is_remembered(lib):
    assert lib.get_float32_matmul_precision() == "highest"
    for precision in ("high", "medium", "highest"):
        lib.set_float32_matmul_precision(precision)
        assert lib.get_float32_matmul_precision() == precision


def test_the_old_way_to_set_the_default_dtype_is_deprecated():
    with pytest.warns(UserWarning, match="deprecated as of PyTorch 2.1"):
        pl.set_default_tensor_type(pl.FloatTensor)


def test_another_precision_is_warned_of_and_ignored():
    with pytest.warns(UserWarning, match="exact is not one of 'highest', 'high', or 'medium'"):
        pl.set_float32_matmul_precision("exact")
    assert pl.get_float32_matmul_precision() == "highest"


def test_denormal_numbers_are_left_to_the_processor():
    assert pl.set_flush_denormal(True) is False
    assert pl.set_flush_denormal(False) is False
    with pytest.raises(RuntimeError, match="flush_denormal expects a bool"):
        pl.set_flush_denormal("yes")


def test_the_number_of_operations_at_once_is_remembered(monkeypatch):
    monkeypatch.setattr(pl._settings, "_interop_threads", 1)
    assert pl.get_num_interop_threads() == 1
    pl.set_num_interop_threads(3)
    assert pl.get_num_interop_threads() == 3
    with pytest.raises(RuntimeError, match="positive integer, but got 0"):
        pl.set_num_interop_threads(0)
    with pytest.raises(RuntimeError, match="expects an int"):
        pl.set_num_interop_threads("2")


@pytest.mark.parametrize("lib", LIBRARIES)
def test_warning_always_is_remembered(lib):
    assert lib.is_warn_always_enabled() is False
    lib.set_warn_always(True)
    assert lib.is_warn_always_enabled() is True
    with pytest.raises(RuntimeError, match="expects a bool"):
        lib.set_warn_always(1)


@needs_torch
@pytest.mark.parametrize(
    "make",
    [
        lambda lib: lib.tensor([1]),
        lambda lib: lib.nn.Parameter(lib.ones(2)),
        lambda lib: lib.nn.Parameter,
        lambda lib: lib.nn.Linear,
        lambda lib: 1.5,
        lambda lib: int,
        lambda lib: len,
        lambda lib: [],
        lambda lib: pytest.raises,
    ],
)
def test_typename_is_torchs(make):
    assert pl.typename(make(pl)) == torch.typename(make(torch))


@pytest.mark.parametrize("lib", LIBRARIES)
def test_small_names(lib):
    assert lib.newaxis is None
    assert lib.ones(3)[:, lib.newaxis].shape == (3, 1)
    assert lib.is_inference(lib.ones(1)) is False
    assert lib.version.cuda is None
    assert lib.version.debug is False
    assert lib.version.__version__.startswith("2.13.0+")
    assert lib.cpu.is_available()
    assert lib.cpu.device_count() == 1
    assert lib.cpu.current_device() == "cpu"
    assert lib.cpu.is_initialized()
    assert lib.cpu.synchronize() is None
    assert lib.cpu.set_device("cpu") is None
    assert isinstance(2.5, lib.types.Number)
    assert isinstance("cpu", lib.types.Device)


# ---- compile ------------------------------------------------------------------------------------


@pytest.fixture
def unwarned(monkeypatch):
    monkeypatch.setattr(_compile, "_warned", False)


@pytest.mark.usefixtures("unwarned")
def test_compile_returns_what_it_is_given_and_says_so_once():
    module = pl.nn.Linear(2, 3)
    with pytest.warns(UserWarning, match="runs eagerly"):
        assert pl.compile(module) is module

    @pl.compile(mode="max-autotune", fullgraph=True)  # warnings are errors here
    def double(x):
        return 2 * x

    assert double(3) == 6
    pl.set_warn_always(True)
    with pytest.warns(UserWarning, match="runs eagerly"):
        pl.compile(module)


@pytest.mark.usefixtures("unwarned")
def test_compile_that_is_disabled_has_nothing_to_say():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pl.compile(len, disable=True) is len


def test_compile_takes_a_mode_or_options():
    with pytest.raises(RuntimeError, match="Either mode or options can be specified"):
        pl.compile(len, mode="default", options={"x": 1})
