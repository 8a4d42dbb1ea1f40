"""The format before torch 1.6: pickles one after the other, then the storages' bytes.

Five pickles: a magic number, a protocol number, facts about the machine, the object, and the keys
of the storages; then, for each key, the number of elements (64 bits) and the elements.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ._errors import CheckpointError
from .emitter import Emitter
from .inert import UnknownName, describe
from .names import NAMES
from .opcodes import Names, PickleReader
from .source import mapped_bytes
from .storages import StorageLoader, class_of, parse_identity, tag_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .source import Bytes, Mapped, Source
    from .storages import MapLocation

    Array = np.ndarray[Any, Any]
    Place = tuple[int, int]  # of a storage: where its bytes begin, and how many there are

FIRST_BYTE = b"\x80"  # of any pickle
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_COUNT_BYTES = 8
_TYPE_SIZES = {"short": 2, "int": 4, "long": 4}
_FIRST_CHUNK = 1 << 20  # bytes that the pickles are looked for in; more if they need more

# What is needed to find where the object ends, before any storage is there to build it on.
_SCAN = Names(values=NAMES.values, builders={}, states={})
# Elements that penlight has no dtype for, in bytes: what lies behind them can be found.
_OTHER_ELEMENTS = {
    "torch.QInt8Storage": 1,
    "torch.QUInt8Storage": 1,
    "torch.QInt32Storage": 4,
    "torch.ComplexHalfStorage": 4,
    "torch.Float8_e4m3fnStorage": 1,
    "torch.Float8_e5m2Storage": 1,
}


class _Stream:
    """The pickles of a file, one after the other."""

    def __init__(self, data: bytes, encoding: str) -> None:
        self.data = data
        self.position = 0
        self._encoding = encoding

    def read(
        self,
        what: str,
        names: Names = _SCAN,
        load_persistent: Callable[[object], object] = parse_identity,
        *,
        strict: bool = False,
    ) -> object:
        reader = PickleReader(
            self.data,
            names,
            load_persistent,
            where=what,
            strict=strict,
            encoding=self._encoding,
            start=self.position,
        )
        value = reader.read()
        self.position = reader.position
        return value


class _Head:
    """What the pickles say, but for the object itself.

    Attributes:
        begin: where the object's pickle begins.
        stream: stands behind the last pickle.
        order: the byte order, as Python writes it.
        sizes: by the key of a storage, the number of its elements and the bytes of one.
        keys: the storages' keys in the order of their bytes.
    """

    def __init__(self, data: bytes, encoding: str) -> None:
        self.stream = stream = _Stream(data, encoding)
        if stream.read("the magic number") != _MAGIC:
            _refuse(
                "Invalid magic number; corrupt file, or a pickle that torch.save did not write?"
            )
        version = stream.read("the protocol number")
        if version != _PROTOCOL:
            _refuse(f"Invalid protocol version: {describe(version)}")
        machine = stream.read("the facts about the machine")
        little = machine.get("little_endian") if isinstance(machine, dict) else None
        if not isinstance(little, bool):
            _refuse("it does not say the byte order")
        self.order = "little" if little else "big"
        self.begin = stream.position
        self.sizes: dict[str, tuple[int, int]] = {}
        stream.read("the object", load_persistent=self._note)
        self.keys = stream.read("the list of storages")

    def _note(self, identity: object) -> object:
        if tag_of(identity) == "module":
            return class_of(identity)
        if (
            isinstance(identity, tuple)
            and len(identity) > 4
            and isinstance(identity[1], UnknownName)
        ):
            _, unknown, key, _, count, *_ = identity
            if unknown.name in _OTHER_ELEMENTS and type(key) is str and type(count) is int:
                self.sizes[key] = count, _OTHER_ELEMENTS[unknown.name]
                return None
        wanted = parse_identity(identity)
        self.sizes[wanted.key] = wanted.length, wanted.kind.dtype.itemsize
        return None


def read_legacy(
    source: Source,
    names: Names,
    map_location: MapLocation,
    *,
    strict: bool,
    encoding: str,
    mapped: Mapped | None = None,
) -> object:
    """Return the object of a file in the old format.

    Args:
        source: the file.
        names: what the names in it mean.
        map_location: ``load``'s argument.
        strict: refuse names that are not known.
        encoding: of byte strings of Python 2.
        mapped: the bytes of the file, for tensors that stay in it.

    Raises:
        CheckpointError: the file is damaged, cut off, or of another format.
    """
    head = _read_head(source, encoding)
    places = _find_places(source, head)

    def fetch(key: str, nbytes: int) -> Array:
        begin, size = places.get(key, (0, -1))
        if size != nbytes:
            _refuse(f"storage {key!r} would be {nbytes} bytes, which the file does not have")
        if mapped is not None:
            return mapped_bytes(mapped, begin, nbytes)
        array = np.empty(nbytes, np.uint8)
        source.read_into(begin, array.data, f"storage {key!r}")
        return array

    loader = StorageLoader(fetch, map_location, swap=head.order != sys.byteorder)
    head.stream.position = head.begin
    return head.stream.read("the object", names, loader.load, strict=strict)


def _read_head(source: Source, encoding: str) -> _Head:
    """Read the pickles without the storages behind them, which may be far larger."""
    length = min(source.size, _FIRST_CHUNK)
    while True:
        try:
            return _Head(source.read(0, length, "the file"), encoding)
        except CheckpointError:
            if length == source.size:
                raise
        length = min(source.size, 8 * length)


def _find_places(source: Source, head: _Head) -> dict[str, Place]:
    """Return where in the file the bytes of each storage are."""
    if not isinstance(head.keys, list):
        _refuse("it does not list its storages")
    places: dict[str, Place] = {}
    position = head.stream.position
    for key in head.keys:
        if not isinstance(key, str) or key not in head.sizes or key in places:
            _refuse(
                f"it lists storage {describe(key)}, which no tensor uses, or which it lists twice"
            )
        count, itemsize = head.sizes[key]
        begin, size = position + _COUNT_BYTES, count * itemsize
        position = begin + size
        if position > source.size:
            _refuse(f"it is cut off: storage {key!r} ends at byte {position} of {source.size}")
        given = source.read(begin - _COUNT_BYTES, _COUNT_BYTES, f"the size of storage {key!r}")
        found = int.from_bytes(given, head.order, signed=True)  # type: ignore[arg-type]
        if found != count:
            _refuse(f"storage {key!r} has {found} elements where its tensor says {count}")
        places[key] = begin, size
    return places


def write_legacy(value: object, write: Callable[[Bytes], int | None]) -> None:
    """Write an object in the old format."""
    machine = {
        "protocol_version": _PROTOCOL,
        "little_endian": sys.byteorder == "little",
        "type_sizes": _TYPE_SIZES,
    }
    emitter = Emitter(legacy=True)
    stream = emitter.dump(value)
    for header in (_MAGIC, _PROTOCOL, machine):
        write(Emitter().dump(header))
    write(stream)
    storages = emitter.storages
    write(Emitter().dump([str(number) for number in range(len(storages.blocks))]))
    for block, count in zip(storages.blocks, storages.counts, strict=True):
        write(count.to_bytes(_COUNT_BYTES, sys.byteorder, signed=True))
        write(block.data)


def _refuse(reason: str) -> NoReturn:
    msg = f"the checkpoint, in the format before torch 1.6, cannot be read: {reason}"
    raise CheckpointError(msg)
