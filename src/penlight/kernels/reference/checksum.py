"""Checksums of bytes."""

from __future__ import annotations

from zlib import crc32 as _crc32


def crc32(data: bytes | bytearray | memoryview, value: int = 0) -> int:
    """Return the CRC-32 of zip and PNG, as ``zlib.crc32`` does.

    Args:
        data: anything with bytes in C order, arrays too.
        value: the checksum of the bytes before these, of which the lowest 32 bits count.

    Raises:
        BufferError: the bytes are not in C order; a ``ValueError`` from NumPy's arrays.
        TypeError: there are no bytes, or ``value`` is no integer.
    """
    return _crc32(data, value)
