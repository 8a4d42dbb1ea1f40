"""Modules and what they hold, taken apart for the writer as ``pickle`` would take them apart.

It is the objects' own ``__reduce_ex__`` that is asked, so ``__getstate__`` and the like are heeded.
"""

from __future__ import annotations

import copyreg
import sys
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from .classes import PACKAGE, file_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_PROTOCOL = 2
# Tables of hooks whose entries torch keeps in another form.
_HOOKS_OF_STATE = (
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)
_PUBLIC = tuple(f"{PACKAGE}{place}" for place in (".nn.functional", ".nn.init", ""))
FUNCTIONS = (FunctionType, BuiltinFunctionType, type)


class Parts(NamedTuple):
    """How an object is made again.

    Attributes:
        function: what is called, or the class of which an instance is made.
        args: its arguments.
        new: an instance is made without calling the class.
        state: what the object gets afterwards, or ``None``.
        items: what is appended to it, if it is a list.
        entries: the keys and values that are set in it, if it is a dict.
    """

    function: Any
    args: tuple[object, ...]
    new: bool
    state: object
    items: list[object]
    entries: list[tuple[object, object]]


def take_apart(value: Any) -> Parts:
    """Return the parts of an object.

    Raises:
        TypeError: it does not say how it is made, or its hooks cannot be kept.
    """
    reduced = value.__reduce_ex__(_PROTOCOL)
    if not isinstance(reduced, tuple) or not 2 <= len(reduced) <= 5:
        msg = f"it reduces to {reduced!r}, which is not the call that makes it"
        raise TypeError(msg)
    function, args, state, items, entries = (*reduced, None, None, None)[:5]
    new = function is copyreg.__newobj__  # type: ignore[attr-defined] # of CPython's module
    if new:
        function, *rest = args
        args = tuple(rest)
    _check_hooks(state)
    return Parts(function, args, new, state, _listed(items), _listed(entries))


def _listed(found: Iterable[Any] | None) -> list[Any]:
    return [] if found is None else list(found)


def _check_hooks(state: object) -> None:
    attributes = state if isinstance(state, dict) else {}
    for table in _HOOKS_OF_STATE:
        if attributes.get(table):
            msg = f"{table} is not empty, and torch keeps such hooks in another form: remove them"
            raise TypeError(msg)


def global_name(thing: Any) -> tuple[str, str]:
    """Return the module and name under which torch and Python find a function or class.

    Raises:
        TypeError: they would not find it.
    """
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
    if isinstance(module, str) and _is_ours(module) and not isinstance(thing, type):
        return _public_name(thing)
    found: Any = sys.modules.get(str(module))
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not thing:
        msg = f"{module}.{name} is not found there: define it in a module, not inside a function"
        raise TypeError(msg)
    return file_name(thing)


def _is_ours(module: str) -> bool:
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")


def _public_name(function: Any) -> tuple[str, str]:
    """Return the name of one of penlight's functions in torch."""
    for place in _PUBLIC:
        for name, value in vars(sys.modules[place]).items() if place in sys.modules else ():
            if value is function and not name.startswith("_"):
                return "torch" + place.removeprefix(PACKAGE), name
    msg = (
        f"penlight's function {function.__name__} is not one of torch's, so torch could not find it"
    )
    raise TypeError(msg)
