"""Whether operations are recorded: no_grad, enable_grad, set_grad_enabled, inference_mode."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from ._mode import F, GradSwitch, decorate, is_grad_enabled, is_inference_mode_enabled, mode

__all__ = [
    "enable_grad",
    "enforce_grad_layout_policy",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "mode",
    "no_grad",
    "set_grad_enabled",
    "set_multithreading_enabled",
]


class no_grad(GradSwitch):  # noqa: N801 - torch's name
    """Record nothing inside: results do not require grad, whatever their inputs do.

    Works as a context manager and as a decorator (of functions and generators).

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([1.0], requires_grad=True)
        >>> with torch.no_grad():
        ...     y = x * 2
        >>> y.requires_grad
        False
    """

    _target = False

    def __new__(cls, function: Any = None) -> Any:
        """Make the context manager, or decorate at once when written ``@no_grad``."""
        if function is not None:
            return decorate(cls, function)
        return super().__new__(cls)


class enable_grad(GradSwitch):  # noqa: N801 - torch's name
    """Record inside, also within :class:`no_grad`.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([1.0], requires_grad=True)
        >>> with torch.no_grad(), torch.enable_grad():
        ...     y = x * 2
        >>> y.requires_grad
        True
    """

    _target = True

    def __new__(cls, function: Any = None) -> Any:
        """Make the context manager, or decorate at once when written ``@enable_grad``."""
        if function is not None:
            return decorate(cls, function)
        return super().__new__(cls)


class set_grad_enabled(GradSwitch):  # noqa: N801 - torch's name
    """Switch recording on or off; a statement by itself, or a context that puts the old mode back.

    Args:
        mode: record (``True``) or not (``False``).

    Example:
        >>> import penlight as torch
        >>> with torch.set_grad_enabled(False):
        ...     torch.is_grad_enabled()
        False
    """

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            msg = (
                "set_grad_enabled(): argument 'enabled' (position 1) must be bool, not "
                f"{type(mode).__name__}"
            )
            raise TypeError(msg)
        super().__init__()
        self._before = globals()["mode"].grad
        self._target = mode
        globals()["mode"].grad = mode

    def __enter__(self) -> None:
        # The constructor has switched already; leaving puts back what it found.
        self._previous.append(self._before)
        mode.grad = self._target

    def __call__(self, function: F) -> F:
        """Decorate a function; the mode is then switched in its calls only."""
        mode.grad = self._before
        return super().__call__(function)

    def _fresh(self) -> Any:
        return set_grad_enabled(self._target)


class inference_mode(GradSwitch):  # noqa: N801 - torch's name
    """``no_grad`` that also answers :func:`is_inference_mode_enabled`.

    Tensors made inside are ordinary tensors: penlight has no inference-tensor flag, so programs
        that
    torch accepts run, and the ones it refuses (saving an inference tensor for backward) run too.

    Args:
        mode: enter inference mode (``True``) or leave it (``False``).

    Example:
        >>> import penlight as torch
        >>> with torch.inference_mode():
        ...     torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        (False, True)
    """

    def __new__(cls, mode: Any = True) -> Any:
        """Make the context manager, or decorate at once when written ``@inference_mode``."""
        if not isinstance(mode, bool):
            return decorate(cls, mode)
        return super().__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self._target = not mode
        self._inference = mode
        self._was_inference: list[bool] = []

    def __enter__(self) -> None:
        self._was_inference.append(mode.inference)
        mode.inference = self._inference
        super().__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(exc_type, exc_value, traceback)
        mode.inference = self._was_inference.pop()

    def _fresh(self) -> Any:
        return inference_mode(self._inference)


class _Accepted:
    """A switch of torch's with nothing behind it here, as a statement or a context."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, bool):
            msg = (
                f"{type(self).__name__}(): argument 'enabled' (position 1) must be bool, not "
                f"{type(value).__name__}"
            )
            raise TypeError(msg)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


class set_multithreading_enabled(_Accepted):  # noqa: N801 - torch's name
    """Accepted, as a statement or a context: a backward of penlight's runs in its caller's thread.

    Args:
        mode: whatever it is, nothing changes.

    Example:
        >>> import penlight as torch
        >>> x = torch.ones(1, requires_grad=True)
        >>> with torch.autograd.set_multithreading_enabled(False):
        ...     (x * 2).backward()
    """

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)


class enforce_grad_layout_policy(_Accepted):  # noqa: N801 - torch's name
    """Accepted, as a statement or a context: a leaf's gradient always has the leaf's layout.

    Args:
        enable: whatever it is, nothing changes; torch may leave another layout where it is false.

    Example:
        >>> import penlight as torch
        >>> x = torch.ones(2, 3).t().requires_grad_()
        >>> with torch.autograd.enforce_grad_layout_policy(False):
        ...     (x * 2).sum().backward()
        >>> x.grad.stride() == x.stride()
        True
    """

    def __init__(self, enable: bool = True) -> None:
        super().__init__(enable)
