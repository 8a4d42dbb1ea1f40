"""Neural networks: modules, parameters, functional, initialisation."""

from __future__ import annotations

from . import attention, functional, init, modules, utils
from .modules import *
from .parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "attention",
    "functional",
    "init",
    "modules",
    "utils",
]
__all__ += modules.__all__
# The order of the other lists: GELU before Bilinear before functional.
__all__.sort(key=lambda name: (not name.isupper(), name[0].islower(), name))
