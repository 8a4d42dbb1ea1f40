"""Subclasses of Tensor: ``__torch_function__``, at no cost to programs that have none.

A subclass gets, when it is defined, a class between it and Tensor whose methods dispatch; and with
the first of them the functions of ``torch.*`` and ``nn.functional`` are replaced by ones that look
at their arguments. Tensors of the class Tensor itself, and Parameters, are never looked at before.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any

from ._missing import PACKAGE

# Namespaces whose functions take subclasses, once there are any; the stand-in for torch is one.
_NAMESPACES = (PACKAGE, f"{PACKAGE}.nn.functional", f"{PACKAGE}.linalg", "torch")

# What the classes do not dispatch: how objects are made, kept and told apart, and what is not
# torch's.
_PYTHONS = frozenset(
    {
        *("__class_getitem__", "__copy__", "__deepcopy__", "__dir__", "__hash__", "__init__"),
        *("__init_subclass__", "__new__", "__reduce_ex__", "__torch_function__"),
        *("as_subclass", "register_hook", "requires_grad_", "retain_grad"),
    }
)
# Properties that are tensors. torch does not convert ``grad``, and others are no tensors.
_PARTS = ("H", "T", "mH", "mT", "real", "data")

_taking_part: set[type] = set()
_state = threading.local()


@contextmanager
def not_dispatching() -> Iterator[None]:
    """Let functions and methods compute, in this thread, whatever classes their arguments have."""
    before = getattr(_state, "computing", False)
    _state.computing = True
    try:
        yield
    finally:
        _state.computing = before


def default_torch_function(
    cls: type, func: Callable[..., Any], types: Iterable[type], args: Any, kwargs: Any
) -> Any:
    """Compute, and give the Tensors that come out the class ``cls``."""
    if not all(issubclass(cls, kind) for kind in types):
        return NotImplemented
    with not_dispatching():
        result = func(*args, **(kwargs or {}))
    return _as_class(result, cls, [id(value) for value in _values(args, kwargs or {})])


def _as_class(result: Any, cls: type, given: list[int]) -> Any:
    """Give fresh Tensors a class; what was given stays what it is."""
    base = sys.modules[f"{PACKAGE}._tensor"].Tensor
    if type(result) is base:
        if id(result) not in given:
            result.__class__ = cls
        return result
    if isinstance(result, (list, tuple)):
        parts = [_as_class(part, cls, given) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    return result


def _values(args: Any, kwargs: Any) -> Iterator[Any]:
    """Yield arguments, and the items of those that are sequences."""
    for value in (*args, *kwargs.values()):
        if value.__class__ in {list, tuple}:
            yield from value
        else:
            yield value


def _classes(args: Any, kwargs: Any) -> list[type]:
    """Return the classes among arguments that take part, subclasses before what they extend."""
    found: list[type] = []
    for value in _values(args, kwargs):
        kind = type(value)
        if kind in _taking_part and kind not in found:
            place = next((i for i, other in enumerate(found) if issubclass(kind, other)), None)
            found.insert(len(found) if place is None else place, kind)
    return found


def dispatch(func: Any, classes: list[type], args: Any, kwargs: Any) -> Any:
    """Ask the classes in turn what a function of their instances is.

    Raises:
        TypeError: all of them answer ``NotImplemented``.
    """
    for cls in classes:
        result = cls.__torch_function__(func, classes, args, kwargs)  # type: ignore[attr-defined]
        if result is not NotImplemented:
            return result
    name = f"{func.__module__}.{func.__name__}".replace(PACKAGE, "torch", 1)
    msg = (
        f"no implementation found for '{name}' on types that implement __torch_function__: "
        f"{classes}"
    )
    raise TypeError(msg)


class DispatchingFunction:
    """A function of ``torch.*`` that looks at its arguments' classes; equal to the plain one."""

    def __init__(self, function: Any) -> None:
        functools.update_wrapper(self, function)
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not getattr(_state, "computing", False):
            classes = _classes(args, kwargs)
            if classes:
                return dispatch(self, classes, args, kwargs)
        return self._function(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return other is self or other is self._function

    def __hash__(self) -> int:
        return hash(self._function)

    def __repr__(self) -> str:
        return repr(self._function)


def _dispatching_method(name: str, base: type) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        # The plain method is looked up at the call: its family may not be imported yet.
        function = getattr(base, name)
        if not getattr(_state, "computing", False):
            given = (self, *args)
            classes = _classes(given, kwargs)
            if classes:
                return dispatch(function, classes, given, kwargs)
        return function(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


def _dispatching_property(name: str, base: type) -> Any:
    def get(self: Any) -> Any:
        getter = getattr(base, name).__get__
        if getattr(_state, "computing", False) or type(self) not in _taking_part:
            return getter(self)
        return dispatch(_Getter(getter, name), [type(self)], (self,), {})

    return property(get, getattr(base, name).fset)


class _Getter:
    """The getter of a property, with the names by which functions are shown."""

    def __init__(self, getter: Any, name: str) -> None:
        self.__module__ = f"{PACKAGE}.Tensor.{name}"
        self.__name__ = "__get__"
        self._getter = getter

    def __call__(self, tensor: Any) -> Any:
        return self._getter(tensor)


def take_part(cls: Any, base: Any) -> None:
    """Make the methods of a new subclass dispatch, and with the first one all functions."""
    if not _taking_part:
        _replace_functions()
    _taking_part.add(cls)
    between = _dispatching_class(base)
    if between not in cls.__mro__:
        # Its own methods stay before these, and reach them by super().
        cls.__bases__ = tuple(between if kind is base else kind for kind in cls.__bases__)


@functools.cache
def _dispatching_class(base: Any) -> Any:
    """Return the class between Tensor and its subclasses, whose methods dispatch."""
    disabled = sys.modules[base.__module__].disabled_torch_function_impl
    between: Any = type("Subclass", (base,), {"__slots__": (), "__torch_function__": disabled})
    del between.__torch_function__
    for name, value in list(vars(base).items()):
        private = name.startswith("_") and not name.endswith("__")
        if not private and name not in _PYTHONS and _is_method(value):
            setattr(between, name, _dispatching_method(name, base))
    for name in _PARTS:
        setattr(between, name, _dispatching_property(name, base))
    return between


def _is_method(value: Any) -> bool:
    """Whether an attribute of Tensor is a method, imported or not."""
    return isinstance(value, FunctionType) or type(value).__name__ == "LazyMethod"


def _replace_functions() -> None:
    for name in _NAMESPACES:
        if name.startswith(PACKAGE):
            importlib.import_module(name)
        module = sys.modules.get(name)
        if module is None or not _is_ours(module):
            continue
        for own, value in list(vars(module).items()):
            if not own.startswith("_"):
                setattr(module, own, dispatching(value))


def _is_ours(module: ModuleType) -> bool:
    return module.__name__.startswith(PACKAGE) or type(module).__module__.startswith(PACKAGE)


def dispatching(value: Any) -> Any:
    """Return a function of ops as one that dispatches, anything else as it is."""
    ours = (f"{PACKAGE}.ops.", f"{PACKAGE}.nn.functional")
    if isinstance(value, FunctionType) and value.__module__.startswith(ours):
        return DispatchingFunction(value)
    return value


def takes_part(cls: type) -> bool:
    """Return whether a class is a subclass whose functions dispatch."""
    return cls in _taking_part


def as_seen(value: Any) -> Any:
    """Return a function that is imported only now as the others are by now."""
    return dispatching(value) if _taking_part else value
