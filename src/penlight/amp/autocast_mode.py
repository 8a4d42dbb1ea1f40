"""``autocast``, and the questions and switches about it.

On the CPU the listed functions cast (``_casts``, ``_lists``); for an accelerator, of which there is
none here, a block is off and says so, as torch's is on a machine without one.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np

from .. import Tensor, bfloat16, device, dtype as _dtype, float16, float64
from ..autograd import _autocast
from ..autograd._autocast import FAST, state
from . import _casts

__all__ = [
    "autocast",
    "autocast_decrement_nesting",
    "autocast_increment_nesting",
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
    "set_autocast_cache_enabled",
    "set_autocast_cpu_dtype",
    "set_autocast_cpu_enabled",
    "set_autocast_dtype",
    "set_autocast_enabled",
    "set_autocast_gpu_dtype",
]

_casts.install()


# ---- questions ----------------------------------------------------------------------------------


def is_autocast_available(device_type: str) -> bool:
    """Return whether torch has autocast for a type of device.

    Args:
        device_type: such as ``"cuda"``.

    Raises:
        RuntimeError: it is no type of device.
    """
    _check_type(device_type)
    return device(device_type).type in FAST


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """Return whether this thread casts.

    Args:
        device_type: such as ``"cpu"``; torch's default is ``"cuda"``.

    Raises:
        RuntimeError: there is no autocast for it.

    Example:
        >>> import penlight as torch
        >>> with torch.autocast("cpu"):
        ...     torch.is_autocast_enabled("cpu"), torch.is_autocast_enabled()
        (True, False)
    """
    if device_type is None:
        return "cuda" in state.enabled
    _check_argument("is_autocast_enabled", "device_type", 1, device_type, str)
    _check_available(device_type)
    return device_type in state.enabled


def is_autocast_cpu_enabled() -> bool:
    """Return ``is_autocast_enabled("cpu")``, which torch prefers."""
    _deprecated("is_autocast_cpu_enabled()", "is_autocast_enabled('cpu')")
    return "cpu" in state.enabled


def is_autocast_cache_enabled() -> bool:
    """Return whether casts of weights are kept until the outermost block ends."""
    return state.cache_enabled


def get_autocast_dtype(device_type: str) -> _dtype:
    """Return the dtype that a type of device casts to in this thread.

    Args:
        device_type: such as ``"cuda"``.

    Raises:
        RuntimeError: there is no autocast for it.

    Example:
        >>> import penlight as torch
        >>> torch.get_autocast_dtype("cpu")
        torch.bfloat16
    """
    if not is_autocast_available(device_type):
        msg = f"unsupported scalarType: there is no autocast for device type {device_type!r}"
        raise RuntimeError(msg)
    return state.dtypes[device_type]


def get_autocast_cpu_dtype() -> _dtype:
    """Return ``get_autocast_dtype("cpu")``, which torch prefers."""
    _deprecated("get_autocast_cpu_dtype()", "get_autocast_dtype('cpu')")
    return state.dtypes["cpu"]


def get_autocast_gpu_dtype() -> _dtype:
    """Return ``get_autocast_dtype("cuda")``, which torch prefers."""
    _deprecated("get_autocast_gpu_dtype()", "get_autocast_dtype('cuda')")
    return state.dtypes["cuda"]


# ---- switches -----------------------------------------------------------------------------------


def set_autocast_enabled(device_type: str | bool, enabled: bool | None = None) -> None:
    """Switch casting on or off in this thread; a block is the usual way.

    Args:
        device_type: such as ``"cpu"``; ``"cuda"`` when left out.
        enabled: whether to cast.

    Raises:
        RuntimeError: there is no autocast for the type of device.
        TypeError: ``enabled`` is no bool.
    """
    if enabled is None:
        device_type, enabled = "cuda", device_type  # type: ignore[assignment]
    _check_argument("set_autocast_enabled", "device_type", 1, device_type, str)
    _check_argument("set_autocast_enabled", "enabled", 2, enabled, bool)
    _check_available(device_type)
    _autocast.set_enabled(str(device_type), bool(enabled))


def set_autocast_dtype(device_type: str, dtype: _dtype) -> None:
    """Set what a type of device casts to in this thread.

    Args:
        device_type: such as ``"cpu"``.
        dtype: what to cast to.

    Raises:
        RuntimeError: there is no autocast for the type of device.
        TypeError: ``dtype`` is none.
    """
    _check_argument("set_autocast_dtype", "device_type", 1, device_type, str)
    _check_argument("set_autocast_dtype", "dtype", 2, dtype, _dtype)
    _check_available(device_type)
    state.dtypes[device_type] = dtype


def set_autocast_cpu_enabled(enabled: bool) -> None:
    """Call ``set_autocast_enabled("cpu", enabled)``, which torch prefers."""
    _check_bool(enabled)
    _deprecated("set_autocast_cpu_enabled(enabled)", "set_autocast_enabled('cpu', enabled)")
    _autocast.set_enabled("cpu", enabled)


def set_autocast_cpu_dtype(dtype: _dtype) -> None:
    """Call ``set_autocast_dtype("cpu", dtype)``, which torch prefers."""
    _deprecated("set_autocast_cpu_dtype(dtype)", "set_autocast_dtype('cpu', dtype)")
    set_autocast_dtype("cpu", dtype)


def set_autocast_gpu_dtype(dtype: _dtype) -> None:
    """Call ``set_autocast_dtype("cuda", dtype)``, which torch prefers."""
    _deprecated("set_autocast_gpu_dtype(dtype)", "set_autocast_dtype('cuda', dtype)")
    set_autocast_dtype("cuda", dtype)


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Set whether casts of weights are kept.

    Args:
        enabled: whether to keep them.

    Raises:
        TypeError: ``enabled`` is no bool.
    """
    _check_bool(enabled)
    state.cache_enabled = enabled


def clear_autocast_cache() -> None:
    """Forget the casts of weights that are kept in this thread."""
    state.casts.clear()


def autocast_increment_nesting() -> int:
    """Count one more block, and return how many the program is in."""
    state.nesting += 1
    return state.nesting


def autocast_decrement_nesting() -> int:
    """Count one block less, and return how many the program is in."""
    state.nesting -= 1
    return state.nesting


# ---- blocks -------------------------------------------------------------------------------------


class autocast:  # noqa: N801 - torch's name
    """A block in which some operations are computed in half precision.

    On the CPU matrix products, convolutions, attention and the like take floating tensors in
    ``dtype``; losses, linear algebra, ``prod``, ``quantile``, three-dimensional pooling and the
    like take them in float32; ``cat``, ``stack`` and ``index_copy`` take the wider. Everything else
    computes in what it is given, and float64 stays float64. In-place operations and ``out=`` cast
    nothing. A parameter's cast is kept until the outermost block ends, and gradients reach the
    parameter in its own dtype. The halves are slower than float32 on a CPU, here as often there.

    For an accelerator a block does nothing and warns, as torch's does on a machine without one.

    Args:
        device_type: such as ``"cuda"`` or ``"cpu"``.
        dtype: ``torch.bfloat16`` or ``torch.float16``; for the CPU bfloat16 when left out.
        enabled: whether to cast; ``False`` inside another block has it do nothing for a while.
        cache_enabled: whether to keep casts of parameters; as outside when left out.

    Raises:
        ValueError: ``device_type`` is no text.
        RuntimeError: there is no autocast for it.

    Example:
        >>> import penlight as torch
        >>> model = torch.nn.Linear(2, 3)
        >>> with torch.autocast("cpu", dtype=torch.bfloat16):
        ...     out = model(torch.ones(1, 2))
        ...     loss = torch.nn.functional.mse_loss(out, torch.zeros(1, 3))
        >>> out.dtype, loss.dtype
        (torch.bfloat16, torch.float32)
        >>> loss.backward()
        >>> model.weight.grad.dtype
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
        self._cache_enabled = state.cache_enabled if cache_enabled is None else cache_enabled
        self._before: list[_autocast.Snapshot] = []
        if enabled and device_type == "cuda":
            warnings.warn(
                "CUDA is not available or torch_xla is imported. Disabling autocast.",
                stacklevel=2,
            )
            enabled = False
        elif enabled and self.fast_dtype not in {bfloat16, float16}:
            warnings.warn(
                f"In {device_type.upper()} autocast, but the target dtype is not supported. "
                f"Disabling autocast.\n{device_type.upper()} Autocast only supports dtypes of "
                "torch.bfloat16, torch.float16 currently.",
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled

    def __enter__(self) -> Self:
        self._before.append(
            _autocast.enter(
                self.device, self._enabled, self.fast_dtype, cache_enabled=self._cache_enabled
            )
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the block."""
        _autocast.leave(self.device, self._before.pop())

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


# ---- custom functions ---------------------------------------------------------------------------


def custom_fwd(
    fwd: Callable[..., Any] | None = None,
    *,
    device_type: str,
    cast_inputs: _dtype | None = None,
) -> Any:
    """Mark the ``forward`` of an :class:`autograd.Function`, which may then ask for a dtype.

    Args:
        fwd: the method; without it, a decorator is returned.
        device_type: such as ``"cuda"``.
        cast_inputs: in a block that casts, cast floating tensors to it and run ``forward`` with
            autocast off; without it, ``forward`` runs in the block as it is.

    Raises:
        ValueError: ``device_type`` is no text.

    Example:
        >>> import penlight as torch
        >>> class Product(torch.autograd.Function):
        ...     @staticmethod
        ...     @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
        ...     def forward(ctx, a, b):
        ...         ctx.save_for_backward(a, b)
        ...         return a @ b
        ...
        ...     @staticmethod
        ...     @torch.amp.custom_bwd(device_type="cpu")
        ...     def backward(ctx, grad):
        ...         a, b = ctx.saved_tensors
        ...         return grad @ b.t(), a.t() @ grad
        >>> with torch.autocast("cpu"):
        ...     Product.apply(torch.ones(2, 2), torch.ones(2, 2)).dtype
        torch.float32
    """
    _check_type(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def marked(*args: Any, **kwargs: Any) -> Any:
        casting = is_autocast_enabled(device_type)
        args[0]._dtype = get_autocast_dtype(device_type)
        args[0]._fwd_used_autocast = casting and cast_inputs is None
        if not casting or cast_inputs is None:
            return fwd(*args, **kwargs)
        with autocast(device_type, enabled=False):
            return fwd(*_converted(args, cast_inputs), **_converted(kwargs, cast_inputs))

    return marked


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """Mark the ``backward`` that belongs to a :func:`custom_fwd`; it casts as that did.

    Args:
        bwd: the method; without it, a decorator is returned.
        device_type: such as ``"cuda"``.

    Raises:
        ValueError: ``device_type`` is no text.
    """
    _check_type(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def marked(*args: Any, **kwargs: Any) -> Any:
        ctx = args[0]
        with autocast(device_type, enabled=ctx._fwd_used_autocast, dtype=ctx._dtype):
            return bwd(*args, **kwargs)

    return marked


def _converted(value: Any, dtype: _dtype) -> Any:
    """Return a value with the floating tensors in it, double precision apart, in a dtype."""
    if isinstance(value, Tensor):
        return (
            value.to(dtype) if value.is_floating_point() and value.dtype is not float64 else value
        )
    if isinstance(value, (str, bytes, np.ndarray)):
        return value
    if isinstance(value, Mapping):
        return {_converted(k, dtype): _converted(v, dtype) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_converted(item, dtype) for item in value)
    if isinstance(value, Iterable):
        return (_converted(item, dtype) for item in value)
    return value


# ---- checks -------------------------------------------------------------------------------------


def _check_type(device_type: object) -> None:
    if not isinstance(device_type, str):
        msg = f"Expected `device_type` of type `str`, got: `{type(device_type)}`"
        raise ValueError(msg)  # noqa: TRY004 - torch's type


def _check_argument(function: str, name: str, place: int, value: Any, kind: type) -> None:
    if not isinstance(value, kind):
        wanted = "torch.dtype" if kind is _dtype else kind.__name__
        msg = (
            f"{function}(): argument '{name}' (position {place}) must be {wanted}, not "
            f"{type(value).__name__}"
        )
        raise TypeError(msg)


def _check_bool(enabled: object) -> None:
    if not isinstance(enabled, bool):
        msg = f"enabled must be a bool (got {type(enabled).__name__})"
        raise TypeError(msg)


def _check_available(device_type: Any) -> None:
    if not is_autocast_available(device_type):
        msg = (
            "unknown device type for autocast in get_autocast_dispatch_key_from_device_type: got "
            f"{device_type!r}, and there is autocast for {', '.join(FAST)}"
        )
        raise RuntimeError(msg)


def _deprecated(old: str, new: str) -> None:
    warnings.warn(
        f"torch.{old} is deprecated. Please use torch.{new} instead.",
        DeprecationWarning,
        stacklevel=3,
    )
