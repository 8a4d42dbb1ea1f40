"""A walk over what a file held: how deep it is nested, and what in it is unknown, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._errors import CheckpointError
from .inert import UnknownName, UnknownObject
from .storages import StorageType, StoredBytes

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_NESTING = 200  # as the writer's: printing, comparing and copying all recurse
_INERT = (UnknownName, UnknownObject, StorageType, StoredBytes)


def unknown_parts(result: object) -> list[tuple[str, str]]:
    """Return the place and the name of every unknown part of ``result``, in order.

    Raises:
        CheckpointError: containers are nested deeper than :data:`MOST_NESTING`.
    """
    found: list[tuple[str, str]] = []
    height: dict[int, int] = {}  # 0 while the object's parts are being walked
    walk: list[tuple[object, str, Iterator[tuple[str, object]]]] = []

    def enter(value: object, place: str) -> None:
        if isinstance(value, _INERT):
            found.append((place, _name(value)))
        height[id(value)] = 0
        walk.append((value, place, _parts(value)))

    enter(result, "obj")
    tallest = [0]
    while walk:
        value, place, parts = walk[-1]
        step, part = next(parts, (None, None))
        if step is None:
            walk.pop()
            own = height[id(value)] = tallest.pop() + 1
            if own > MOST_NESTING:
                msg = f"{place[:200]} holds containers nested more than {MOST_NESTING} deep"
                raise CheckpointError(msg)
            if walk:
                tallest[-1] = max(tallest[-1], own)
        elif id(part) in height:
            tallest[-1] = max(tallest[-1], height[id(part)])
        elif _has_parts(part):
            enter(part, place + step)
            tallest.append(0)
    return found


def _has_parts(value: object) -> bool:
    return isinstance(value, (dict, list, tuple, set, frozenset, *_INERT))


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield f".keys()[{key!r}]", key
            yield f"[{key!r}]", item
        if vars_of := getattr(value, "__dict__", None):
            yield ".__dict__", vars_of
    elif isinstance(value, (list, tuple, set, frozenset)):
        for number, item in enumerate(value):
            yield f"[{number}]", item
    elif isinstance(value, UnknownObject):
        yield ".args", value.args
        yield ".kwargs", value.kwargs
        yield ".state", value.state
        yield ".appended", value.appended
        yield ".entries", value.entries


def _name(value: object) -> str:
    return str(getattr(value, "name", None) or repr(value))
