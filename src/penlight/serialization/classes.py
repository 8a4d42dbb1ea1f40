"""Classes that a caller allows a file to be made of, and the names by which files know them.

A class is found by the name it has itself, never by looking up one that stands in a file.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .. import nn
from .._tensor import Tensor
from ._errors import CheckpointError
from .inert import UnknownName, UnknownObject, describe
from .limits import expect

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGE = "penlight"
_FILE = f"{PACKAGE}.nn.modules."
_PRIVATE_FILE = f"{_FILE}_"  # torch has none of these
# Those of them that stand on the file of torch's name, which can therefore not list their classes.
_ON_TOP_OF = {
    f"{_PRIVATE_FILE}fractional_pooling": f"{_FILE}pooling",
    f"{_PRIVATE_FILE}lazy_conv": f"{_FILE}conv",
    f"{_PRIVATE_FILE}power_pooling": f"{_FILE}pooling",
    f"{_PRIVATE_FILE}rrelu": f"{_FILE}activation",
    f"{_PRIVATE_FILE}unpooling": f"{_FILE}pooling",
}
_TABLES: dict[str, type] = {"_parameters": Tensor, "_buffers": Tensor, "_modules": nn.Module}
_INERT = (UnknownName, UnknownObject)

_globally_allowed: list[Any] = []


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Allow files that are loaded from now on to be made of some classes.

    Args:
        safe_globals: the classes, or pairs of a class and the name that files give it. Functions
            that the reader knows anyway, such as NumPy's ``scalar``, may be among them; others are
            refused: penlight calls none that a file names.

    Raises:
        TypeError: one of them is neither.
    """
    _checked(safe_globals)
    _globally_allowed.extend(safe_globals)


def clear_safe_globals() -> None:
    """Allow no classes any more."""
    _globally_allowed.clear()


def get_safe_globals() -> list[Any]:
    """Return the classes that are allowed."""
    return list(_globally_allowed)


class safe_globals:  # noqa: N801 - torch's name
    """Allows classes for the length of a ``with`` block.

    Args:
        safe_globals: as for :func:`add_safe_globals`.

    Example:
        >>> from penlight.serialization import get_safe_globals, safe_globals
        >>> with safe_globals([dict]):
        ...     get_safe_globals()
        [<class 'dict'>]
        >>> get_safe_globals()
        []
    """

    def __init__(self, safe_globals: list[Any]) -> None:
        self.safe_globals = safe_globals
        self._before: list[Any] = []

    def __enter__(self) -> None:
        self._before = get_safe_globals()
        add_safe_globals(self.safe_globals)

    def __exit__(self, *_: object) -> None:
        _globally_allowed[:] = self._before


def _checked(given: Iterable[Any]) -> dict[str, type]:
    """Return the classes by name, without what the reader has builders of its own for."""
    from .names import NAMES  # noqa: PLC0415 - it imports this file

    found: dict[str, type] = {}
    for thing in given:
        named = isinstance(thing, tuple) and len(thing) == 2 and isinstance(thing[1], str)
        kind, name = thing if named else (thing, _name_of(thing))
        if name in NAMES.builders or name in NAMES.values:
            continue
        if not isinstance(kind, type) or issubclass(kind, type):
            msg = (
                f"safe_classes and safe globals are classes, got {describe(kind)}: penlight calls "
                "no function that a file names"
            )
            raise TypeError(msg)
        found[name] = kind
    return found


def _name_of(thing: Any) -> str:
    return ".".join(file_name(thing)) if hasattr(thing, "__qualname__") else ""


def allowed_classes(given: Iterable[Any]) -> dict[str, type]:
    """Return the classes a file may be made of by the names that files give them.

    Where any are given, penlight's own modules are among them: a model is made of both.

    Raises:
        TypeError: one of them is not a class.
    """
    classes = {**_checked(_globally_allowed), **_checked(given)}
    if not classes:
        return {}
    return {**{_name_of(kind): kind for kind in _own_modules(nn.Module)}, **classes}


def functional_values() -> dict[str, object]:
    """Return penlight's functions that models keep, such as an activation, by torch's names.

    They are values: the file can hand them out, not call them.
    """
    functional = {name: getattr(nn.functional, name) for name in nn.functional.__all__}
    return {
        f"{module}.{name}": function
        for module in ("torch.nn.functional", "torch._C._nn")
        for name, function in functional.items()
    }


def _own_modules(base: type) -> list[type]:
    found = [base] if base.__module__.startswith(f"{PACKAGE}.nn.") else []
    below: list[type] = base.__subclasses__()
    for kind in below:
        found += _own_modules(kind)
    return found


def file_name(thing: Any) -> tuple[str, str]:
    """Return the module and the name that a file gives a class or function, torch's for our own."""
    module, name = str(thing.__module__), str(thing.__qualname__)
    if module.startswith(_PRIVATE_FILE):
        module = _ON_TOP_OF.get(module) or _public_file(name) or module
    if module == PACKAGE or module.startswith(f"{PACKAGE}."):
        module = "torch" + module.removeprefix(PACKAGE)
    return module, name


def _public_file(name: str) -> str:
    """Return the file of torch's name that lists a class which is written in one of our own."""
    for module, content in list(sys.modules.items()):
        public = module.startswith(_FILE) and not module.startswith(_PRIVATE_FILE)
        if public and name in getattr(content, "__all__", ()):
            return module
    return ""


def make_instance(
    kind: Any, args: tuple[object, ...], kwargs: dict[str, object], *, new: bool
) -> object:
    """Make an object of an allowed class: ``new`` without calling the class, else by a call.

    Raises:
        CheckpointError: a module would be made by a call, which could ask for any size.
    """
    if new:
        return kind.__new__(kind, *args, **kwargs)
    if issubclass(kind, nn.Module):
        msg = f"the class {kind.__name__} is called; modules are made without that"
        raise CheckpointError(msg)
    return kind(*args, **kwargs)


def set_class_state(target: Any, state: object) -> None:
    """Give an object of an allowed class the state that the file holds, as ``pickle`` does.

    Raises:
        CheckpointError: the state is not one that such an object can have.
    """
    if isinstance(target, nn.Module):
        _check_module(state)
    own = getattr(target, "__setstate__", None)
    if own is not None:
        own(state)
        return
    slots: object = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    for name, value in _attributes(state).items():
        target.__dict__[name] = value
    for name, value in _attributes(slots).items():
        if name.startswith("__"):
            msg = f"it sets {describe(name)}, which is not a plain attribute"
            raise CheckpointError(msg)
        object.__setattr__(target, name, value)


def _attributes(state: object) -> dict[str, object]:
    if state is None:
        return {}
    found = expect(state, dict, "the state of an object")
    for name in found:
        expect(name, str, "the name of an attribute")
    return found


def _check_module(state: object) -> None:
    """Refuse a state without the tables of a module, or with something else in them."""
    attributes = _attributes(state)
    for table, kind in _TABLES.items():
        content = attributes.get(table)
        if not isinstance(content, dict):
            msg = f"the {table} of a module are {describe(content)}, not a dict"
            raise CheckpointError(msg)
        for name, value in content.items():
            expect(name, str, f"a name in {table}")
            if value is not None and not isinstance(value, (kind, *_INERT)):
                msg = f"{table}[{describe(name)}] of a module is {describe(value)}"
                raise CheckpointError(msg)
