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
from .inert import describe
from .names import NAMES
from .opcodes import Names, PickleReader
from .storages import StorageLoader, parse_identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from .source import Bytes, Source
    from .storages import MapLocation

    Array = np.ndarray[Any, Any]

FIRST_BYTE = b"\x80"  # of any pickle
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_COUNT_BYTES = 8
_TYPE_SIZES = {"short": 2, "int": 4, "long": 4}

# What is needed to find where the object ends, before any storage is there to build it on.
_SCAN = Names(values=NAMES.values, builders={}, states={})


class _Stream:
    """The pickles of a file, one after the other."""

    def __init__(self, data: memoryview, encoding: str) -> None:
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


def read_legacy(
    source: Source, map_location: MapLocation, *, strict: bool, encoding: str
) -> object:
    """Return the object of a file in the old format.

    Raises:
        CheckpointError: the file is damaged, cut off, or of another format.
    """
    stream = _Stream(memoryview(source.read(0, source.size, "the file")), encoding)
    if stream.read("the magic number") != _MAGIC:
        _refuse("Invalid magic number; corrupt file, or a pickle that torch.save did not write?")
    version = stream.read("the protocol number")
    if version != _PROTOCOL:
        _refuse(f"Invalid protocol version: {describe(version)}")
    machine = stream.read("the facts about the machine")
    little = machine.get("little_endian") if isinstance(machine, dict) else None
    if not isinstance(little, bool):
        _refuse("it does not say the byte order")

    begin = stream.position
    sizes: dict[str, tuple[int, int]] = {}

    def note(identity: object) -> object:
        kind, key, _, count = parse_identity(identity)
        sizes[key] = count, kind.dtype.itemsize
        return None

    stream.read("the object", load_persistent=note)
    keys = stream.read("the list of storages")
    blocks = _find_blocks(stream, keys, sizes, "little" if little else "big")

    def fetch(key: str, nbytes: int) -> Array:
        block = blocks.get(key)
        if block is None or len(block) != nbytes:
            _refuse(f"storage {key!r} would be {nbytes} bytes, which the file does not have")
        return np.frombuffer(bytearray(block), np.uint8)

    swap = little != (sys.byteorder == "little")
    loader = StorageLoader(fetch, map_location, swap=swap)
    stream.position = begin
    return stream.read("the object", NAMES, loader.load, strict=strict)


def _find_blocks(
    stream: _Stream, keys: object, sizes: dict[str, tuple[int, int]], order: str
) -> dict[str, memoryview]:
    """Return where the bytes of each storage are in the file."""
    if not isinstance(keys, list):
        _refuse("it does not list its storages")
    blocks: dict[str, memoryview] = {}
    data, position = stream.data, stream.position
    for key in keys:
        if not isinstance(key, str) or key not in sizes or key in blocks:
            _refuse(
                f"it lists storage {describe(key)}, which no tensor uses, or which it lists twice"
            )
        count, itemsize = sizes[key]
        begin = position + _COUNT_BYTES
        position = begin + count * itemsize
        if position > len(data):
            _refuse(f"it is cut off: storage {key!r} ends at byte {position} of {len(data)}")
        found = int.from_bytes(data[begin - _COUNT_BYTES : begin], order, signed=True)  # type: ignore[arg-type]
        if found != count:
            _refuse(f"storage {key!r} has {found} elements where its tensor says {count}")
        blocks[key] = data[begin:position]
    return blocks


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
