"""``autocast``: off on a machine without an accelerator; refused where torch would cast."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from .. import bfloat16, device, dtype as _dtype, float16

__all__ = [
    "autocast",
    "clear_autocast_cache",
    "custom_bwd",
    "custom_fwd",
    "get_autocast_cpu_dtype",
    "get_autocast_dtype",
    "get_autocast_gpu_dtype",
    "is_autocast_available",
    "is_autocast_cache_enabled",
    "is_autocast_cpu_enabled",
    "is_autocast_enabled",
]

# What each device type casts to in torch, unless told.
_FAST = {
    "cpu": bfloat16,
    "cuda": float16,
    "hpu": bfloat16,
    "maia": bfloat16,
    "mps": float16,
    "mtia": float16,
    "privateuseone": float16,
    "xpu": float16,
}


def is_autocast_available(device_type: str) -> bool:
    """Return whether torch has autocast for a type of device.

    Args:
        device_type: such as ``"cuda"``.

    Raises:
        RuntimeError: it is no type of device.
    """
    _check_type(device_type)
    return device(device_type).type in _FAST


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """Return ``False``: penlight does not cast by itself.

    Args:
        device_type: accepted.
    """
    del device_type
    return False


def is_autocast_cpu_enabled() -> bool:
    """Return ``False``: penlight does not cast by itself."""
    return False


def is_autocast_cache_enabled() -> bool:
    """Return ``True``, torch's default; there is nothing to be kept."""
    return True


def clear_autocast_cache() -> None:
    """Do nothing: nothing is kept."""


def get_autocast_dtype(device_type: str) -> _dtype:
    """Return the dtype that torch casts to on a type of device, unless told.

    Args:
        device_type: such as ``"cuda"``.

    Raises:
        RuntimeError: there is no autocast for it.
    """
    if not is_autocast_available(device_type):
        msg = f"unsupported scalarType: there is no autocast for device type {device_type!r}"
        raise RuntimeError(msg)
    return _FAST[device_type]


def get_autocast_cpu_dtype() -> _dtype:
    """Return ``torch.bfloat16``."""
    return _FAST["cpu"]


def get_autocast_gpu_dtype() -> _dtype:
    """Return ``torch.float16``."""
    return _FAST["cuda"]


class autocast:  # noqa: N801 - torch's name
    """A block in which torch computes some operations in half precision.

    For an accelerator this does nothing and warns, as torch does on a machine without one. For the
    CPU, penlight computes in the tensors' own precision only: ``enabled=True`` is refused, since
    the numbers would differ from torch's; with ``enabled=False`` the block is like any other.

    Args:
        device_type: such as ``"cuda"`` or ``"cpu"``.
        dtype: what to cast to.
        enabled: whether to cast at all.
        cache_enabled: accepted.

    Raises:
        ValueError: ``device_type`` is no text.
        RuntimeError: there is no autocast for it.
        NotImplementedError: it is the CPU, and ``enabled``.

    Example:
        >>> import penlight as torch
        >>> with torch.autocast("cpu", enabled=False):
        ...     torch.ones(2).dtype
        torch.float32
    """

    def __init__(
        self,
        device_type: str,
        dtype: _dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        _check_type(device_type)
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        if not is_autocast_available(device_type):
            msg = f"User specified an unsupported autocast device_type '{device_type}'"
            raise RuntimeError(msg)
        self.device = device_type
        self._cache_enabled = True if cache_enabled is None else cache_enabled
        self._enabled = False
        if not enabled:
            return
        if device_type == "cuda":
            warnings.warn(
                "CUDA is not available or torch_xla is imported. Disabling autocast.",
                stacklevel=2,
            )
        elif self.fast_dtype not in {bfloat16, float16}:
            warnings.warn(
                f"In {device_type.upper()} autocast, but the target dtype is not supported. "
                f"Disabling autocast.\n{device_type.upper()} Autocast only supports dtypes of "
                "torch.bfloat16, torch.float16 currently.",
                stacklevel=2,
            )
        elif device_type == "cpu":
            msg = (
                f"autocast on the CPU would compute matrix products in {self.fast_dtype}, which "
                "penlight does not do by itself (and which would be slower here): use "
                "enabled=False, or convert the model and its input with .to(dtype)"
            )
            raise NotImplementedError(msg)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the block."""

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function whose calls are such blocks."""
        if not callable(func):
            msg = (
                f"autocast()(func) requires a callable, but got {type(func).__name__}. "
                "Did you mean to use autocast as a context manager? For example:\n"
                "    with torch.autocast(device_type=...):\n"
                "        output = model(input)"
            )
            raise TypeError(msg)

        @functools.wraps(func)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return inside


def custom_fwd(
    fwd: Callable[..., Any] | None = None,
    *,
    device_type: str,
    cast_inputs: _dtype | None = None,
) -> Any:
    """Mark the ``forward`` of an :class:`autograd.Function`, which then knows that nothing casts.

    Args:
        fwd: the method; without it, a decorator is returned.
        device_type: such as ``"cuda"``.
        cast_inputs: for blocks that cast; here nothing does.

    Raises:
        ValueError: ``device_type`` is no text.
    """
    _check_type(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def marked(*args: Any, **kwargs: Any) -> Any:
        args[0]._dtype = get_autocast_dtype(device_type)
        args[0]._fwd_used_autocast = False
        return fwd(*args, **kwargs)

    return marked


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """Mark the ``backward`` that belongs to a :func:`custom_fwd`; it runs as it is.

    Args:
        bwd: the method; without it, a decorator is returned.
        device_type: such as ``"cuda"``.

    Raises:
        ValueError: ``device_type`` is no text.
    """
    _check_type(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)
    return bwd


def _check_type(device_type: object) -> None:
    if not isinstance(device_type, str):
        msg = f"Expected `device_type` of type `str`, got: `{type(device_type)}`"
        raise ValueError(msg)  # noqa: TRY004 - torch's type
