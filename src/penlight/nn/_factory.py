"""The arguments that modules pass on to what makes their tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["factory_kwargs"]

_NAMES = ("device", "dtype", "memory_format")


def factory_kwargs(kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return device, dtype and memory format from the keyword arguments of a module.

    They may be given themselves, or in a dictionary under ``factory_kwargs``.

    Args:
        kwargs: the keyword arguments, or ``None``.

    Raises:
        TypeError: there are others, or one is given in both places.

    Example:
        >>> import penlight as torch
        >>> torch.nn.factory_kwargs({"factory_kwargs": {"dtype": torch.float64}, "device": "cpu"})
        {'dtype': torch.float64, 'device': 'cpu'}
    """
    if kwargs is None:
        return {}
    unexpected = set(kwargs) - {*_NAMES, "factory_kwargs"}
    if unexpected:
        msg = f"unexpected kwargs {unexpected}: a factory takes {', '.join(_NAMES)}"
        raise TypeError(msg)
    found: dict[str, Any] = dict(kwargs.get("factory_kwargs", {}))
    for name in _NAMES:
        if name not in kwargs:
            continue
        if name in found:
            msg = f"{name} specified twice, in **kwargs and in factory_kwargs"
            raise TypeError(msg)
        found[name] = kwargs[name]
    return found
