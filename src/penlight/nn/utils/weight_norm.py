"""Weight norm by a hook: the older form, whose checkpoints have ``weight_g`` and ``weight_v``."""

from __future__ import annotations

import warnings
from typing import Any

from ...ops.weight_norm import norm_except_dim, weight_norm as normed
from ..parameter import Parameter

__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]


class WeightNorm:
    """The hook that computes a weight from its length and direction before every forward.

    Args:
        name: the parameter.
        dim: the dimension that keeps lengths of its own; ``None`` or -1: one length for the whole.
    """

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Any) -> Any:
        """Return the weight of a module."""
        length = getattr(module, self.name + "_g")
        return normed(getattr(module, self.name + "_v"), length, self.dim)

    @staticmethod
    def apply(module: Any, name: str, dim: int | None) -> WeightNorm:
        """Put a parameter's length and direction in its place, and the hook on the module.

        Raises:
            RuntimeError: the parameter has such a hook.
        """
        warnings.warn(
            "`torch.nn.utils.weight_norm` is deprecated "
            "in favor of `torch.nn.utils.parametrizations.weight_norm`.",
            FutureWarning,
            stacklevel=3,
        )
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, WeightNorm) and hook.name == name:
                msg = f"Cannot register two weight_norm hooks on the same parameter {name}"
                raise RuntimeError(msg)
        hook = WeightNorm(name, dim)
        weight = getattr(module, name)
        del module._parameters[name]
        length = norm_except_dim(weight, 2, hook.dim)
        module.register_parameter(name + "_g", Parameter(length.data))
        module.register_parameter(name + "_v", Parameter(weight.data))
        setattr(module, name, hook.compute_weight(module))
        module.register_forward_pre_hook(hook)
        return hook

    def remove(self, module: Any) -> None:
        """Make the weight a parameter again, with the value it has."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[self.name + "_g"]
        del module._parameters[self.name + "_v"]
        setattr(module, self.name, Parameter(weight.data))

    def __call__(self, module: Any, inputs: Any) -> None:
        """Compute the weight; a forward pre-hook."""
        del inputs
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: Any, name: str = "weight", dim: int = 0) -> Any:
    r"""Split a weight into length and direction, :math:`w = g\,v / \lVert v \rVert`, by a hook.

    Deprecated, with a warning, as in torch: see
    :func:`penlight.nn.utils.parametrizations.weight_norm`.

    Args:
        module: the module; it gets the parameters ``<name>_g`` and ``<name>_v``.
        name: its parameter.
        dim: the dimension that keeps lengths of its own; ``None``: one length for the whole.

    Returns:
        The module.

    Raises:
        RuntimeError: the parameter has weight norm.

    References:
        Salimans and Kingma, 2016, arXiv:1602.07868.
    """
    WeightNorm.apply(module, name, dim)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Make the weight that :func:`weight_norm` split one parameter again; returns the module.

    Raises:
        ValueError: it was not split.
    """
    for number, hook in module._forward_pre_hooks.items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[number]
            return module
    msg = f"weight_norm of '{name}' not found in {module}"
    raise ValueError(msg)
