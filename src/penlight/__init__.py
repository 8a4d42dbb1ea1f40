"""penlight: PyTorch's ``torch.nn``, in your pocket. ``import penlight as torch``."""

from __future__ import annotations

from . import _dtype, autograd, random
from ._device import device
from ._dtype import *  # noqa: F403
from ._dtype import bool, float, int
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
from .ops import (
    creation,
    indexing,
    inplace_sampling,
    join,
    matmul as _matmul,
    pointwise,
    reduction,
    sampling,
    view,
)
from .ops.creation import *  # noqa: F403
from .ops.indexing import *  # noqa: F403
from .ops.join import *  # noqa: F403
from .ops.matmul import *  # noqa: F403
from .ops.pointwise import *  # noqa: F403
from .ops.reduction import *  # noqa: F403
from .ops.sampling import *  # noqa: F403
from .ops.view import *  # noqa: F403
from .random import *  # noqa: F403
from .random import default_generator
from ._dtype import bool, dtype, float, int

__version__ = "0.1.0"

_LAZY = {"nn", "optim", "utils", "serialization", "backends"}


def __getattr__(name: str):
    import importlib

    if name in _LAZY:
        return importlib.import_module(f".{name}", __name__)
    if name in {"save", "load"}:
        return getattr(importlib.import_module(".serialization", __name__), name)
    from ._missing import MissingName

    raise MissingName("torch", name)
