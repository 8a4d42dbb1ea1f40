"""The switch behind the grad modes: its state per thread, as a context and as a decorator."""

from __future__ import annotations

import functools
import threading
from types import TracebackType
from typing import Any, TypeVar

from .. import kernels

F = TypeVar("F")

# inspect.CO_GENERATOR, without importing inspect.
_IS_GENERATOR = 0x20


class _Mode(threading.local):
    """Per-thread switches; class attributes are each new thread's starting values."""

    grad = True
    inference = False
    # The innermost hooks on saved tensors, why there may be none, the backward walk that is going
    # on, and the node that anomaly mode sees running.
    saving: Any = None
    saving_refused: str | None = None
    walk: Any = None
    node: Any = None

    def __init__(self) -> None:
        """Greet a thread: this runs in each where it first asks whether to record."""
        kernels.enter_thread()


mode = _Mode()


def is_grad_enabled() -> bool:
    """Return whether operations on tensors that require grad are being recorded in this thread.

    Example:
        >>> import penlight as torch
        >>> torch.is_grad_enabled()
        True
    """
    return mode.grad


def is_inference_mode_enabled() -> bool:
    """Return whether this thread is inside ``inference_mode``.

    Example:
        >>> import penlight as torch
        >>> torch.is_inference_mode_enabled()
        False
    """
    return mode.inference


class GradSwitch:
    """A context manager and decorator that sets the grad mode and puts the old one back."""

    _target: bool

    def __init__(self) -> None:
        self._previous: list[bool] = []

    def __enter__(self) -> Any:
        self._previous.append(mode.grad)
        mode.grad = self._target

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        mode.grad = self._previous.pop()

    def __call__(self, function: F) -> F:
        """Decorate a function: each call runs in a context of its own."""
        decorated: F = decorate(self._fresh, function)
        return decorated

    def _fresh(self) -> Any:
        return self.__class__()


def decorate(make_context: Any, function: Any) -> Any:
    """Wrap a function, a generator function (resumed in the context) or a class's constructor."""
    if isinstance(function, type):
        import warnings  # noqa: PLC0415 - rare

        warnings.warn(
            "Decorating classes is deprecated and will be disabled in future versions. You should "
            "only "
            "decorate functions or methods. To preserve the current behavior of class decoration, "
            "you can "
            "directly decorate the `__init__` method and nothing else.",
            FutureWarning,
            stacklevel=3,
        )
        made: Any = function
        made.__init__ = decorate(make_context, made.__init__)
        return function
    code = getattr(function, "__code__", None)
    if code is not None and code.co_flags & _IS_GENERATOR:
        return _decorate_generator(make_context, function)

    @functools.wraps(function)
    def inside(*args: Any, **kwargs: Any) -> Any:
        with make_context():
            return function(*args, **kwargs)

    return inside


def _decorate_generator(make_context: Any, function: Any) -> Any:
    @functools.wraps(function)
    def inside(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        step, value = generator.send, None
        try:
            while True:
                with make_context():
                    item = step(value)
                try:
                    step, value = generator.send, (yield item)
                except GeneratorExit:
                    with make_context():
                        generator.close()
                    raise
                except BaseException as error:  # noqa: BLE001 - handed on, as `yield` would
                    step, value = generator.throw, error
        except StopIteration as stop:
            return stop.value

    return inside
