"""Switches of the whole process under torch's names, where penlight has one way to compute."""

from __future__ import annotations

import builtins
import warnings
from typing import Any

from ._device import CPU, check_device, device
from ._dtype import set_default_dtype
from ._tensor import Tensor

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_default_device",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_inference",
    "is_warn_always_enabled",
    "set_default_device",
    "set_default_tensor_type",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_num_interop_threads",
    "set_warn_always",
    "typename",
    "use_deterministic_algorithms",
]

_PRECISIONS = ("highest", "high", "medium")
_DEBUG_MODES = ("default", "warn", "error")

_deterministic_mode = 0  # a place in _DEBUG_MODES
_precision = "highest"
_interop_threads = 1
_warns_always = False


# ---- devices and dtypes -------------------------------------------------------------------------


def get_default_device() -> device:
    """Return where new tensors are: always the CPU.

    Example:
        >>> import penlight as torch
        >>> torch.get_default_device()
        device(type='cpu')
    """
    return CPU


def set_default_device(device: device | str | int | None) -> None:
    """Take the CPU as the default device, which it is; refuse any other.

    Args:
        device: a CPU device, or ``None`` for the default.

    Raises:
        AssertionError: a CUDA device; this refuses at once, torch when the first tensor is made.
        RuntimeError: another device.
    """
    check_device(device, "set_default_device")


def set_default_tensor_type(t: Any, /) -> None:
    """Set the default dtype by one of torch's old tensor types; warns, since torch deprecates it.

    Args:
        t: such as ``torch.DoubleTensor``, or its name ``"torch.DoubleTensor"``.

    Raises:
        TypeError: a type that is not of floating-point numbers, or not of the CPU.

    Example:
        >>> import warnings
        >>> import penlight as torch
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     torch.set_default_tensor_type(torch.DoubleTensor)
        >>> torch.tensor(1.5).dtype
        torch.float64
        >>> torch.set_default_dtype(torch.float32)
    """
    warnings.warn(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use "
        "torch.set_default_dtype() and torch.set_default_device() as alternatives.",
        stacklevel=2,
    )
    name = t if isinstance(t, str) else getattr(t, "__name__", str(t))
    place, _, last = name.rpartition(".")
    if place not in {"", "torch"}:
        msg = f"type {name} not available. penlight computes on the CPU."
        raise TypeError(msg)
    from .ops import _lazy  # noqa: PLC0415 - the types come with their family

    kind = _lazy.function(last) if last in _lazy.FAMILY_OF else t
    dtype = getattr(kind, "_torch_dtype", None)
    if dtype is None or not dtype.is_floating_point:
        msg = f"only floating-point types are supported as the default type, got {name}"
        raise TypeError(msg)
    set_default_dtype(dtype)


def typename(obj: Any, /) -> str:
    """Return the full name of an object's type, or of a class or function; tensors' as torch's.

    Args:
        obj: anything.

    Example:
        >>> import penlight as torch
        >>> torch.typename(torch.tensor([1])), torch.typename(1.5)
        ('torch.LongTensor', 'float')
    """
    if isinstance(obj, Tensor):
        name: str = obj.type()
        return name
    owner = obj if hasattr(obj, "__qualname__") or hasattr(obj, "__name__") else type(obj)
    last: str = getattr(owner, "__qualname__", None) or owner.__name__
    module = getattr(owner, "__module__", None) or ""
    if module in {"", "builtins"}:
        return last
    package = __name__.partition(".")[0]
    first, dot, rest = module.partition(".")
    return f"{'torch' if first == package else first}{dot}{rest}.{last}"


def is_inference(input: Tensor) -> builtins.bool:
    """Return ``False``: penlight marks no tensor as made in inference mode.

    Args:
        input: a tensor.
    """
    return input.is_inference()


# ---- determinism and precision ------------------------------------------------------------------


def use_deterministic_algorithms(mode: builtins.bool, *, warn_only: builtins.bool = False) -> None:
    """Remember whether only deterministic algorithms may be used; penlight has no others.

    Operations of tensors give the same bits each time, whatever the number of threads.

    Args:
        mode: whether they are asked for.
        warn_only: whether torch would warn of others rather than refuse.

    Example:
        >>> import penlight as torch
        >>> torch.use_deterministic_algorithms(True)
        >>> torch.are_deterministic_algorithms_enabled()
        True
        >>> torch.use_deterministic_algorithms(False)
    """
    global _deterministic_mode  # noqa: PLW0603 - torch's is of the whole process too
    for name, value in (("mode", mode), ("warn_only", warn_only)):
        if not isinstance(value, builtins.bool):
            msg = (
                f"_set_deterministic_algorithms(): argument '{name}' must be bool, "
                f"not {type(value).__name__}"
            )
            raise TypeError(msg)
    _deterministic_mode = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> builtins.bool:
    """Return what :func:`use_deterministic_algorithms` was last told; ``False`` before."""
    return _deterministic_mode > 0


def is_deterministic_algorithms_warn_only_enabled() -> builtins.bool:
    """Return whether deterministic algorithms were asked for with ``warn_only``."""
    return _deterministic_mode == 1


def set_deterministic_debug_mode(debug_mode: builtins.int | str) -> None:
    """Say :func:`use_deterministic_algorithms` in one word.

    Args:
        debug_mode: ``"default"`` or 0, ``"warn"`` or 1, ``"error"`` or 2.

    Raises:
        TypeError: it is neither text nor an integer.
        RuntimeError: it is another text or integer.
    """
    global _deterministic_mode  # noqa: PLW0603
    if not isinstance(debug_mode, builtins.int | str):
        msg = f"debug_mode must be str or int, but got {type(debug_mode)}"
        raise TypeError(msg)
    if isinstance(debug_mode, str):
        if debug_mode not in _DEBUG_MODES:
            msg = (
                "invalid value of debug_mode, expected one of `default`, `warn`, `error`, "
                f"but got {debug_mode}"
            )
            raise RuntimeError(msg)
        debug_mode = _DEBUG_MODES.index(debug_mode)
    if debug_mode not in range(len(_DEBUG_MODES)):
        msg = f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}"
        raise RuntimeError(msg)
    _deterministic_mode = builtins.int(debug_mode)


def get_deterministic_debug_mode() -> builtins.int:
    """Return 0, 1 or 2: see :func:`set_deterministic_debug_mode`."""
    return _deterministic_mode


def set_float32_matmul_precision(precision: str) -> None:
    """Remember how exact products of float32 matrices must be; they are always ``"highest"``.

    The other settings allow a processor to be less exact, and none need be.

    Args:
        precision: ``"highest"``, ``"high"`` or ``"medium"``. Another text is warned of and ignored.
    """
    global _precision  # noqa: PLW0603
    if precision not in _PRECISIONS:
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current "
            "setFloat32MatmulPrecision call has no effect.",
            stacklevel=2,
        )
        return
    _precision = precision


def get_float32_matmul_precision() -> str:
    """Return what :func:`set_float32_matmul_precision` was last told; ``"highest"`` before."""
    return _precision


def set_flush_denormal(mode: builtins.bool) -> builtins.bool:
    """Return ``False``: penlight does not set the processor's treatment of denormal numbers.

    Args:
        mode: whether they are to be flushed to zero.

    Raises:
        RuntimeError: ``mode`` is no bool.
    """
    if not isinstance(mode, builtins.bool):
        msg = f"flush_denormal expects a bool, but got {type(mode).__name__}"
        raise RuntimeError(msg)  # noqa: TRY004 - torch's type
    return False


# ---- threads and warnings -----------------------------------------------------------------------


def get_num_interop_threads() -> builtins.int:
    """Return how many operations may run at once: 1, unless set; each has threads of its own."""
    return _interop_threads


def set_num_interop_threads(threads: builtins.int, /) -> None:
    """Remember how many operations may run at once; penlight runs one after the other.

    Args:
        threads: a positive number.

    Raises:
        RuntimeError: it is no integer, or not positive.
    """
    global _interop_threads  # noqa: PLW0603
    if not isinstance(threads, builtins.int) or isinstance(threads, builtins.bool):
        msg = f"set_num_interop_threads expects an int, but got {type(threads).__name__}"
        raise RuntimeError(msg)  # noqa: TRY004 - torch's type
    if threads <= 0:
        msg = f"set_num_interop_threads expects a positive integer, but got {threads}"
        raise RuntimeError(msg)
    _interop_threads = threads


def set_warn_always(b: builtins.bool, /) -> None:
    """Say whether what is warned of once in a process is to be warned of each time.

    Args:
        b: whether it is.

    Raises:
        RuntimeError: it is no bool.
    """
    global _warns_always  # noqa: PLW0603
    if not isinstance(b, builtins.bool):
        msg = f"setWarnOnlyOnce expects a bool, but got {type(b).__name__}"
        raise RuntimeError(msg)  # noqa: TRY004 - torch's type
    _warns_always = b


def is_warn_always_enabled() -> builtins.bool:
    """Return what :func:`set_warn_always` was last told; ``False`` before."""
    return _warns_always
