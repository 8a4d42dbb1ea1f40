"""What is done to a model's parameters: clipped, parametrized, pruned, fused, made one vector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import rnn
from .clip_grad import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)
from .convert_parameters import parameters_to_vector, vector_to_parameters
from .spectral_norm import remove_spectral_norm, spectral_norm
from .weight_norm import remove_weight_norm, weight_norm

if TYPE_CHECKING:
    from . import parametrizations, parametrize, stateless
    from .fusion import (
        fuse_conv_bn_eval,
        fuse_conv_bn_weights,
        fuse_linear_bn_eval,
        fuse_linear_bn_weights,
    )
    from .init import skip_init
    from .memory_format import (
        convert_conv2d_weight_memory_format,
        convert_conv3d_weight_memory_format,
    )

# What few programs use, and what stands on the modules, which themselves import this package.
_MODULES = frozenset({"parametrizations", "parametrize", "prune", "stateless"})
_PLACES = {
    "convert_conv2d_weight_memory_format": "memory_format",
    "convert_conv3d_weight_memory_format": "memory_format",
    "fuse_conv_bn_eval": "fusion",
    "fuse_conv_bn_weights": "fusion",
    "fuse_linear_bn_eval": "fusion",
    "fuse_linear_bn_weights": "fusion",
    "skip_init": "init",
}


def __getattr__(name: str) -> Any:
    """Import what a program may never ask for when it does."""
    from importlib import import_module  # noqa: PLC0415 - kept out of the namespace

    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name in _PLACES:
        found = getattr(import_module(f".{_PLACES[name]}", __name__), name)
        globals()[name] = found
        return found
    from ..._missing import MissingName  # noqa: PLC0415 - rare

    raise MissingName("torch.nn.utils", name)  # noqa: EM101 - not a message


def __dir__() -> list[str]:
    """Name what is here with what would be imported."""
    return sorted({*globals(), *__all__, *_MODULES})


__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "convert_conv2d_weight_memory_format",
    "convert_conv3d_weight_memory_format",
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
    "get_total_norm",
    "parameters_to_vector",
    "parametrizations",
    "parametrize",
    "remove_spectral_norm",
    "remove_weight_norm",
    "rnn",
    "skip_init",
    "spectral_norm",
    "stateless",
    "vector_to_parameters",
    "weight_norm",
]
