"""Neural networks: modules, parameters, functional, initialisation."""

from __future__ import annotations

from . import attention, common_types, functional, grad, init, modules, parallel, utils
from ._factory import factory_kwargs
from .modules import *
from .parallel import DataParallel
from .parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "Buffer",
    "DataParallel",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "attention",
    "common_types",
    "factory_kwargs",
    "functional",
    "grad",
    "init",
    "modules",
    "parallel",
    "utils",
]
__all__ += modules.__all__
# The order of the other lists: GELU before Bilinear before functional.
__all__.sort(key=lambda name: (not name.isupper(), name[0].islower(), name))
