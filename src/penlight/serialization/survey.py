"""A walk over what a file held: how deep it is nested, and what in it is unknown, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._tensor import Tensor
from ._errors import CheckpointError
from .inert import UnknownName, UnknownObject
from .storages import StorageType, StoredBytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    Step = tuple[str, object]  # what to write behind the container's place: a word and a key
    Level = tuple[Step, object, Iterator[tuple[Step, object]]]

MOST_NESTING = 200  # as the writer's: printing, comparing and copying all recurse
_LONGEST_KEY = 60  # characters shown
_INERT = (UnknownName, UnknownObject, StorageType, StoredBytes)
_CONTAINERS = (dict, list, tuple, set, frozenset, *_INERT)
_NOTHING = object()


def unknown_parts(
    result: object, *, most: int, classes: tuple[type, ...] = ()
) -> tuple[list[str], int]:
    """Return the place and name of the first ``most`` unknown parts, and how many there are.

    Each object is looked at once, however often it is referred to; of objects of ``classes``, the
    attributes are looked at too.

    Raises:
        CheckpointError: containers are nested deeper than :data:`MOST_NESTING`.
    """
    listed: list[str] = []
    count = 0
    heights: dict[int, int] = {}  # by id, of the objects that were walked or are being walked
    walk: list[Level] = []
    tallest: list[int] = []  # of the parts seen so far, for each level of the walk
    step: Step = ("obj", _NOTHING)
    part: object = result
    while True:
        known = heights.get(id(part))
        if known is not None:
            tallest[-1] = max(tallest[-1], known)
        elif _has_parts(part, classes):
            heights[id(part)] = 0
            walk.append((step, part, _parts(part)))
            tallest.append(0)
            if isinstance(part, _INERT):
                count += 1
                if len(listed) < most:
                    listed.append(f"{_place(walk)} ({getattr(part, 'name', part)})")
        if walk:
            step, part = _next_part(walk, tallest, heights)
        if not walk:
            return listed, count


def _next_part(
    walk: list[Level], tallest: list[int], heights: dict[int, int]
) -> tuple[Step, object]:
    """Leave the levels that are done, and return the next part of the first that is not."""
    while walk:
        if len(walk) + tallest[-1] > MOST_NESTING:
            msg = f"{_place(walk[:8])}… holds containers nested more than {MOST_NESTING} deep"
            raise CheckpointError(msg)
        following = next(walk[-1][2], None)
        if following is not None:
            return following
        _, value, _ = walk.pop()
        height = heights[id(value)] = tallest.pop() + 1
        if tallest:
            tallest[-1] = max(tallest[-1], height)
    return ("", _NOTHING), None


def _has_parts(value: object, classes: tuple[type, ...]) -> bool:
    if isinstance(value, np.ndarray):
        return bool(value.dtype.hasobject)
    if isinstance(value, (*_CONTAINERS, *classes)):
        return True
    return isinstance(value, Tensor) and bool(vars(value))


def _place(walk: list[Level]) -> str:
    return "".join(
        word if key is _NOTHING else f"{word}[{repr(key)[:_LONGEST_KEY]}]"
        for (word, key), _, _ in walk
    )


def _parts(value: object) -> Iterator[tuple[Step, object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield (".keys()", key), key
            yield ("", key), item
    elif isinstance(value, np.ndarray):
        yield from ((("", number), item) for number, item in enumerate(value.flat))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for number, item in enumerate(value):
            yield ("", number), item
    elif isinstance(value, UnknownObject):
        yield (".args", _NOTHING), value.args
        yield (".kwargs", _NOTHING), value.kwargs
        yield (".state", _NOTHING), value.state
        yield (".appended", _NOTHING), value.appended
        yield (".entries", _NOTHING), value.entries
    attributes = getattr(value, "__dict__", None)
    if attributes:
        yield (".__dict__", _NOTHING), attributes
