"""penlight: PyTorch's ``torch.nn``, in your pocket. ``import penlight as torch``.

What is torch's in public is imported here from the rooms that hold it; each room's ``__all__`` says
what. Functions, ``nn``, ``optim`` and the like are imported when a program first asks for them.
"""

from __future__ import annotations

from ._startup import PausedCollector

_collector = PausedCollector()

# First: the graph is below Tensor and the functions that walk it above, in one package.
from . import autograd

# isort: split
from math import e, inf, nan, pi
from typing import TYPE_CHECKING, Any

from . import _layout, random
from ._alias import install_as_torch, uninstall_as_torch
from ._device import device
from ._dtype import (
    bfloat16,
    bool,
    cdouble,
    cfloat,
    chalf,
    complex32,
    complex64,
    complex128,
    double,
    dtype,
    float,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int,
    int8,
    int16,
    int32,
    int64,
    long,
    set_default_dtype,
    short,
    uint8,
    uint16,
    uint32,
    uint64,
)
from ._layout import *
from ._limits import finfo, iinfo
from ._promotion import can_cast, promote_types, result_type
from ._size import Size
from ._tensor import Tensor
from ._tensor_str import set_printoptions
from .autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .kernels import get_num_threads, set_num_threads
from .ops import _lazy
from .random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)

if TYPE_CHECKING:
    from ._functions import *
    from .nn._namespace import *

_lazy.put_methods()

__version__ = "0.1.0"
newaxis = None

_MODULES = """
    accelerator amp backends cpu cuda fft func hub linalg multiprocessing nn optim profiler
    serialization signal special storage testing text types utils version
"""
_LAZY_MODULES = frozenset(_MODULES.split())
# The functions and classes that come with a module, which is imported when one is asked for.
_HOMES = {
    "_compile": "compile",
    "_settings": """
        are_deterministic_algorithms_enabled get_default_device get_deterministic_debug_mode
        get_float32_matmul_precision get_num_interop_threads
        is_deterministic_algorithms_warn_only_enabled is_inference is_warn_always_enabled
        set_default_device set_default_tensor_type set_deterministic_debug_mode
        set_float32_matmul_precision set_flush_denormal set_num_interop_threads set_warn_always
        typename use_deterministic_algorithms
    """,
    "amp": "GradScaler autocast",
    "amp.autocast_mode": """
        autocast_decrement_nesting autocast_increment_nesting clear_autocast_cache
        get_autocast_cpu_dtype get_autocast_dtype get_autocast_gpu_dtype is_autocast_cache_enabled
        is_autocast_cpu_enabled is_autocast_enabled set_autocast_cache_enabled
        set_autocast_cpu_dtype set_autocast_cpu_enabled set_autocast_dtype set_autocast_enabled
        set_autocast_gpu_dtype
    """,
    "autograd.anomaly_mode": """
        is_anomaly_check_nan_enabled is_anomaly_enabled set_anomaly_enabled
    """,
    "cuda": "OutOfMemoryError",
    "func": "vmap",
    "nn._namespace": """
        adaptive_avg_pool1d adaptive_max_pool1d affine_grid_generator alpha_dropout
        alpha_dropout_ avg_pool1d batch_norm bilinear convolution dropout dropout_ embedding_bag
        feature_alpha_dropout feature_alpha_dropout_ feature_dropout feature_dropout_
        grid_sampler grid_sampler_2d grid_sampler_3d group_norm instance_norm layer_norm
        max_pool1d max_pool1d_with_indices max_pool2d max_pool3d rms_norm
    """,
    "serialization": "load load_file save save_file",
    "storage": """
        BoolStorage ByteStorage CharStorage DoubleStorage FloatStorage IntStorage LongStorage
        ShortStorage TypedStorage UntypedStorage
    """,
}
_LAZY_NAMES = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Import what a program may never ask for when it does, and refuse what penlight lacks."""
    from importlib import import_module  # noqa: PLC0415 - kept out of the namespace

    if name in _LAZY_MODULES:
        return import_module(f".{name}", __name__)
    if name in _lazy.FAMILY_OF:
        found = _lazy.function(name)
    elif name in _LAZY_NAMES:
        found = getattr(import_module(f".{_LAZY_NAMES[name]}", __name__), name)
    else:
        from ._missing import MissingName  # noqa: PLC0415 - rare

        raise MissingName("torch", name)  # noqa: EM101 - not a message
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Name what is here with what would be imported."""
    return sorted({*globals(), *__all__})


__all__ = [
    "Generator",
    "Size",
    "Tensor",
    "autograd",
    "bfloat16",
    "bool",
    "can_cast",
    "cdouble",
    "cfloat",
    "chalf",
    "complex32",
    "complex64",
    "complex128",
    "default_generator",
    "device",
    "double",
    "dtype",
    "e",
    "enable_grad",
    "finfo",
    "float",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "get_num_threads",
    "get_rng_state",
    "half",
    "iinfo",
    "inf",
    "inference_mode",
    "initial_seed",
    "install_as_torch",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "long",
    "manual_seed",
    "nan",
    "newaxis",
    "no_grad",
    "pi",
    "promote_types",
    "random",
    "result_type",
    "seed",
    "set_default_dtype",
    "set_grad_enabled",
    "set_num_threads",
    "set_printoptions",
    "set_rng_state",
    "short",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "uninstall_as_torch",
]
__all__ += _layout.__all__
__all__ += list(_lazy.FAMILY_OF)
__all__ += list(_LAZY_NAMES)
__all__ += list(_LAZY_MODULES)
__all__.sort()

del _collector
