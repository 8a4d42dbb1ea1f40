"""penlight: PyTorch's ``torch.nn``, in your pocket. ``import penlight as torch``.

What is torch's in public is imported here from the rooms that hold it; each room's ``__all__`` says what.
"""

from __future__ import annotations

from math import e, inf, nan, pi

from . import _dtype, autograd, random
from ._alias import install_as_torch, uninstall_as_torch
from ._device import device
from ._dtype import *  # noqa: F403 - every dtype and its aliases
from ._layout import *  # noqa: F403
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
from .ops.comparison import *  # noqa: F403
from .ops.conversion import *  # noqa: F403
from .ops.creation import *  # noqa: F403
from .ops.indexing import *  # noqa: F403
from .ops.inplace_sampling import *  # noqa: F403
from .ops.join import *  # noqa: F403
from .ops.matmul import *  # noqa: F403
from .ops.pointwise import *  # noqa: F403
from .ops.reduction import *  # noqa: F403
from .ops.sampling import *  # noqa: F403
from .ops.softmax import *  # noqa: F403
from .ops.ternary import *  # noqa: F403
from .ops.transcendental import *  # noqa: F403
from .ops.view import *  # noqa: F403
from .random import *  # noqa: F403

__version__ = "0.1.0"

_LAZY_MODULES = frozenset(
    {"accelerator", "backends", "cuda", "nn", "optim", "serialization", "utils"}
)
_LAZY_NAMES = {"load": "serialization", "save": "serialization"}


def __getattr__(name: str) -> object:
    """Import what a program may never ask for when it does, and refuse what penlight lacks."""
    from importlib import import_module  # noqa: PLC0415 - kept out of the namespace

    if name in _LAZY_MODULES:
        return import_module(f".{name}", __name__)
    if name in _LAZY_NAMES:
        found = getattr(import_module(f".{_LAZY_NAMES[name]}", __name__), name)
        globals()[name] = found
        return found  # type: ignore[no-any-return]
    from ._missing import MissingName  # noqa: PLC0415 - rare

    raise MissingName("torch", name)


__all__ = sorted(
    [
        *(name for name in globals() if not name.startswith("_") and name != "annotations"),
        *_LAZY_MODULES,
        *_LAZY_NAMES,
    ]
)
