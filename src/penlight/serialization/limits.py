"""Limits on what a small file may cost: the time to hash its keys, the memory of what it copies.

A few bytes of a pickle can ask for a copy of a large object that was written once, or for one more
key whose hash is that of all others. What grows faster than the file is counted here and refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from .._device import device
from .._dtype import dtype
from .._tensor import Tensor
from ._errors import CheckpointError
from .inert import UnknownName, UnknownObject, describe

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

_LARGEST_KEY = 1000  # objects in a dict key or set item; hashing shared tuples could take forever
_MOST_COLLIDING = 4096  # keys whose hashes a file could choose to be equal
_FREE_BYTES = 1 << 26
_BYTES_PER_BYTE = 32  # of copies, for each byte of the stream
_BYTES_PER_ITEM = 16
_BYTES_PER_KEY = 64
_UNITS: dict[type, int] = {
    **dict.fromkeys((str, bytes, bytearray), 1),
    **dict.fromkeys((list, tuple, dict, set, frozenset), _BYTES_PER_ITEM),
}
_OWN_HASH = 1 << 60  # Python's integers below it are their own hash
_RANDOM_HASH = (str, bytes, bool, type(None))  # of str and bytes, Python's secret
_HASH_OF_IDENTITY = (Tensor, UnknownName, UnknownObject, dtype, device)


class Budget:
    """What one stream may still spend.

    Args:
        length: the bytes of the stream.
    """

    __slots__ = ("_colliding", "_copied", "_limit")

    def __init__(self, length: int) -> None:
        self._limit = _FREE_BYTES + _BYTES_PER_BYTE * length
        self._copied = 0
        self._colliding = 0

    def spend(self, values: Iterable[object], *, hashed: bool = False) -> None:
        """Count what a call that is given ``values`` may copy, or ``hashed``, hash and check.

        Raises:
            CheckpointError: all calls together copy more than a file of this size should.
        """
        for value in values:
            unit = _UNITS.get(type(value))
            if unit:
                unit = max(unit, _BYTES_PER_KEY) if hashed else unit
                self._copied += unit * len(value)  # type: ignore[arg-type] # the types with a unit
        if self._copied > self._limit:
            msg = f"its calls copy the same data again and again, more than {self._limit} bytes"
            raise CheckpointError(msg)

    def check_key(self, key: object) -> None:
        """Refuse what cannot be hashed, or would take too long, as a dict key or set item.

        Raises:
            CheckpointError: see above.
        """
        if type(key) in _RANDOM_HASH or (type(key) is int and -_OWN_HASH < key < _OWN_HASH):
            return
        leaves = _leaves(key)
        if len(leaves) == 1 and type(key) is float:
            return  # few have the same hash
        if all(_is_distinct(leaf) for leaf in leaves):
            return
        self._colliding += 1
        if self._colliding > _MOST_COLLIDING:
            msg = (
                f"more than {_MOST_COLLIDING} dict keys or set items are numbers, or tuples of "
                "them, whose hashes can be made equal"
            )
            raise CheckpointError(msg)


def _is_distinct(leaf: object) -> bool:
    """Whether a file cannot choose the hash of a key, or of a part of one."""
    if type(leaf) is int:
        return 0 <= leaf < _OWN_HASH  # -1 and -2 have the same one
    return type(leaf) in _RANDOM_HASH or isinstance(leaf, _HASH_OF_IDENTITY)


def _leaves(key: object) -> list[object]:
    """Return the parts of a key that are no tuples."""
    waiting, seen = [key], 0
    leaves = []
    while waiting:
        item = waiting.pop()
        seen += 1
        if seen > _LARGEST_KEY:
            msg = f"a dict key or set item holds more than {_LARGEST_KEY} objects"
            raise CheckpointError(msg)
        if isinstance(item, tuple):
            waiting.extend(item[: _LARGEST_KEY + 1])
        elif type(item).__hash__ is None:
            msg = f"{describe(item)} cannot be a dict key or set item"
            raise CheckpointError(msg)
        else:
            leaves.append(item)
    return leaves


def expect(value: object, kind: type[T], what: str) -> T:
    """Return ``value`` if it is exactly of a type.

    Raises:
        CheckpointError: it is not.
    """
    if type(value) is not kind:
        msg = f"{what} is {describe(value)}, not {kind.__name__}"
        raise CheckpointError(msg)
    return value
