"""CRC-32 against zlib's."""

from __future__ import annotations

import sys
import threading
import zlib

import numpy as np
import pytest


@pytest.fixture
def data(rng):
    return rng.bytes(1 << 20)


def test_the_check_value_of_the_standard(kernels):
    assert kernels.crc32(b"123456789") == 0xCBF43926


@pytest.mark.parametrize("value", [0, 1, 0x12345678, 0xFFFFFFFF])
def test_every_length_from_any_place_on(kernels, data, value):
    view = memoryview(data)
    for length in range(301):
        for begin in (0, 1, 7, 8, 15):
            piece = view[begin : begin + length]
            assert kernels.crc32(piece, value) == zlib.crc32(piece, value), (length, begin)


@pytest.mark.parametrize("length", [4095, 65_536, 100_003, 1 << 20])
def test_long_data(kernels, data, length):
    for piece in (data[:length], bytes(length), b"\xff" * length):
        assert kernels.crc32(piece) == zlib.crc32(piece)


def test_every_single_bit_counts(kernels):
    # The remainders of single bits make up those of all data.
    for length in (16, 63, 64, 80, 127, 128, 200):
        piece, seen = bytearray(length), set()
        for place in range(length * 8):
            piece[place // 8] = 1 << place % 8
            found = kernels.crc32(piece)
            assert found == zlib.crc32(piece), (length, place)
            seen.add(found)
            piece[place // 8] = 0
        assert len(seen) == length * 8


def test_pieces_give_what_the_whole_gives(kernels, data, rng):
    ends = np.sort(rng.integers(0, len(data), 200)).tolist()
    found = 0
    for begin, end in zip([0, *ends], [*ends, len(data)], strict=True):
        found = kernels.crc32(data[begin:end], found)
    assert found == zlib.crc32(data)


def test_whatever_has_bytes_in_order_is_taken(kernels, rng):
    array = rng.standard_normal((7, 11)).astype(np.float32)
    expected = zlib.crc32(array.tobytes())
    readonly = array.copy()
    readonly.flags.writeable = False
    for given in (array, readonly, memoryview(array), bytearray(array), array.tobytes()):
        assert kernels.crc32(given) == expected
    for empty in (b"", np.empty((0, 3)), memoryview(b"")):
        assert kernels.crc32(empty, 5) == 5


def test_only_32_bits_of_the_value_count(kernels):
    for value in (-1, 1 << 32, (1 << 80) + 3):
        assert kernels.crc32(b"abc", value) == zlib.crc32(b"abc", value % (1 << 32))


def test_what_has_no_bytes_in_order_is_refused(kernels):
    with pytest.raises(TypeError, match="a bytes-like object is required, not 'str'"):
        kernels.crc32("abc")
    with pytest.raises(ValueError, match="ndarray is not C-contiguous"):
        kernels.crc32(np.zeros((4, 4))[:, 1])
    with pytest.raises(BufferError, match="not C-contiguous"):
        kernels.crc32(memoryview(b"abcdef")[::2])
    with pytest.raises(TypeError):
        kernels.crc32(b"abc", 1.5)


def test_a_buffer_is_let_go(kernels):
    data = bytearray(b"abc")
    kernels.crc32(data)
    with pytest.raises(TypeError):
        kernels.crc32(data, "no")
    data.append(0)  # it could not grow if it were still held


def test_other_threads_run_meanwhile(native, data):
    begin, ran, large = threading.Event(), threading.Event(), data * 16

    def run():
        begin.wait()
        ran.set()

    other = threading.Thread(target=run)
    other.start()
    before = sys.getswitchinterval()
    sys.setswitchinterval(60)  # nobody is asked for the interpreter: it is only ever given
    try:
        begin.set()
        for _ in range(1000):
            if ran.is_set():
                break
            native.crc32(large)
        found = ran.is_set()
    finally:
        sys.setswitchinterval(before)
    other.join()
    assert found
