"""Objects through a pipe: a pickle, and the memory of its arrays beside it.

Arrays are copied once into what is sent, and not at all out of it (pickle protocol 5). Only the two
ends hold what is under way, so nothing is left in the system when a process is killed, as a named
segment of shared memory would be.
"""

from __future__ import annotations

import itertools
import os
import struct
from io import BytesIO
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pickle import PickleBuffer, loads
from typing import Any, NamedTuple

import numpy as np

from ..._tensor import Tensor

_ALIGNMENT = 64  # of an array in the block that all arrays of a value are received in


class Message(NamedTuple):
    """A value as it travels: the sizes of its parts, and the parts one after the other."""

    sizes: bytes
    body: bytes


class _Pickler(ForkingPickler):
    """Refuses tensors whose history would be lost on the way."""

    def reducer_override(self, obj: Any) -> Any:
        """Return that any other object is to be pickled as ever."""
        if isinstance(obj, Tensor) and not obj.is_leaf:
            msg = (
                "Cowardly refusing to serialize non-leaf tensor which requires_grad, since "
                "autograd does not support crossing process boundaries.  If you just want to "
                "transfer the data, call detach() on the tensor before serializing (e.g., putting "
                f"it on the queue). It was made by {obj.grad_fn}."
            )
            raise RuntimeError(msg)
        return NotImplemented


def packed(value: Any) -> Message:
    """Return a value ready to be sent; what happens to its arrays afterwards does not matter.

    Raises:
        RuntimeError: there is a tensor with a history in it.
    """
    stream, beside = BytesIO(), list[PickleBuffer]()
    _Pickler(stream, 5, True, beside.append).dump(value)
    parts = [stream.getbuffer(), *(buffer.raw() for buffer in beside)]
    padded: list[memoryview | bytes] = []
    for part in parts:
        padded += part, bytes(_padding(part.nbytes))
    sizes = struct.pack(f"={len(parts)}Q", *(part.nbytes for part in parts))
    return Message(sizes, b"".join(padded))


def send(connection: Connection, message: Message) -> None:
    """Write what :func:`packed` returned; wait while the pipe is full.

    Raises:
        OSError: nobody can read it any more.
    """
    connection.send_bytes(message.sizes)
    rest = memoryview(message.body)
    while rest:
        rest = rest[os.write(connection.fileno(), rest) :]


def receive(connection: Connection) -> Any:
    """Read one value; wait for it. Its arrays are the receiver's own, and can be written.

    Raises:
        EOFError: the other end is closed, in the middle of a value perhaps.
    """
    sizes = [size for (size,) in struct.iter_unpack("=Q", connection.recv_bytes())]
    ends = list(itertools.accumulate(size + _padding(size) for size in sizes))
    block = _read(connection, ends[-1])
    starts = [0, *ends]
    parts = [block[start : start + size] for start, size in zip(starts, sizes, strict=False)]
    return loads(parts[0], buffers=parts[1:])  # noqa: S301 - from a process that this one started


def _read(connection: Connection, size: int) -> memoryview:
    memory: Any = np.empty(size, np.uint8)
    block = memoryview(memory)
    rest = block
    while rest:
        count = os.readv(connection.fileno(), [rest])
        if not count:
            msg = f"the pipe was closed with {len(rest)} of {size} bytes to come"
            raise EOFError(msg)
        rest = rest[count:]
    return block


def _padding(size: int) -> int:
    return -size % _ALIGNMENT
