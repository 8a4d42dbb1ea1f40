"""Making a module without caring for its first values."""

from __future__ import annotations

from typing import Any

from ...random import get_rng_state, set_rng_state
from ..modules.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Make a module whose parameters and buffers hold whatever was in memory.

    The random numbers after it are those that would have come without it. It saves no time here:
    the module initialises itself, and forgets.

    Args:
        module_cls: a class of modules whose constructor takes ``device``.
        *args: for the constructor.
        **kwargs: for the constructor.

    Returns:
        The module.

    Raises:
        RuntimeError: it is no class of modules, or takes no ``device``.

    Example:
        >>> import penlight as torch
        >>> layer = torch.nn.utils.skip_init(torch.nn.Linear, 5, 1)
        >>> layer.weight.shape
        torch.Size([1, 5])
    """
    import inspect  # noqa: PLC0415 - slow to import, and this is rare

    if not issubclass(module_cls, Module):
        msg = f"Expected a Module; got {module_cls}"
        raise RuntimeError(msg)  # noqa: TRY004 - torch's type
    if "device" not in inspect.signature(module_cls).parameters:
        msg = f"Module must support a 'device' arg to skip initialization; {module_cls} has none"
        raise RuntimeError(msg)
    state = get_rng_state()
    try:
        module = module_cls(*args, **kwargs)
    finally:
        set_rng_state(state)
    return module.to_empty(device=kwargs.get("device", "cpu"))
