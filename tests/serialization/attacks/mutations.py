"""Valid files, and what becomes of them: for the short fuzzing of the suite and for a long one.

    python tests/serialization/attacks/mutations.py --seconds 600            # every reader
    python tests/serialization/attacks/mutations.py --reader legacy --seconds 600 --seed 1

A file is changed in a few places at random and read. A :class:`CheckpointError` or an object are
fine; everything else, or a read that takes longer than a second, is printed and ends the run.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
import time
import warnings
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np

import penlight
from penlight.serialization import CheckpointError, load
from penlight.serialization.archive import ArchiveReader, ArchiveWriter
from penlight.serialization.source import Source

READERS = ("zip", "pickle", "legacy", "safetensors")
SLOW = 1.0  # seconds of processor time
INTERESTING = [
    *(b"\0", b"\x01", b"\x7f", b"\x80", b"\xff", b"\xff\xff\xff\xff", b"\0\0\0\x80"),
    *(b"\xff" * 8, b"\0" * 8, b"(", b")", b".", b"R", b"b", b"Q", b"\x81", b"e", b"u", b"s", b"0"),
    *(b"t", b"\x85", b"\x86", b"\x87", b"]", b"}", b"h\0", b"q\0", b"N", b"\x8a\x01\xff", b"c\n\n"),
    *(b"cos\nsystem\n", b"cbuiltins\neval\n", b"ctorch._utils\n_rebuild_tensor_v2\n"),
    *(b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b'"dtype"', b'"F32"', b"[", b"{", b"-1", b"1e9"),
]


def content() -> dict[str, object]:
    """Return one of everything."""
    weight = penlight.nn.Parameter(penlight.arange(6.0).reshape(2, 3))
    state = OrderedDict(weight=weight, view=weight.detach().t()[1:], tied=weight)
    state._metadata = {"": {"version": 1}}
    return {
        "state": state,
        "numbers": [0, 300, 70_000, -1, 2**40, 2**70, 1.5, True, None, 1 + 2j],
        "text": ("ä", b"\0\xff", bytearray(b"x"), {"a", "b"}, frozenset({1}), Counter("aab")),
        "torch": [penlight.Size([2, 3]), penlight.float32, penlight.device("cpu")],
        "numpy": [np.arange(4.0), np.float32(1), np.array(["a", "bc"]), np.dtype("int16")],
        "bools": penlight.tensor([True, False]),
        "wide": penlight.zeros(2, dtype=penlight.uint16),
    }


def valid(reader: str) -> bytes:
    """Return a file that the reader reads."""
    file = io.BytesIO()
    if reader == "safetensors":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "file")
            tensors = {"a": penlight.ones(2, 3), "b": penlight.zeros(3, dtype=penlight.int64)}
            penlight.save_file(tensors, path, {"note": "x"})
            return path.read_bytes()
    penlight.save(content(), file, _use_new_zipfile_serialization=reader != "legacy")
    return file.getvalue()


def changed(data: bytes, choose: random.Random) -> bytes:
    """Return a file with a few places changed."""
    made = bytearray(data)
    for _ in range(choose.choice((1, 1, 1, 2, 3, 6))):
        at = choose.randrange(len(made) + 1)
        kind = choose.randrange(6)
        if kind == 0 and at < len(made):
            made[at] ^= 1 << choose.randrange(8)
        elif kind == 1:
            piece = choose.choice(INTERESTING)
            made[at : at + len(piece)] = piece
        elif kind == 2:
            made[at:at] = choose.choice(INTERESTING)
        elif kind == 3:
            del made[at : at + choose.choice((1, 1, 2, 4, 8, 30))]
        elif kind == 4:
            begin = choose.randrange(len(made) + 1)
            made[at:at] = made[begin : begin + choose.choice((1, 2, 4, 16, 60))]
        elif choose.randrange(20) == 0:
            del made[at:]
    return bytes(made)


def file_with(reader: str, data: bytes, original: bytes) -> bytes:
    """Return the file to read: for the pickle reader, an archive whose checksums are right."""
    if reader != "pickle":
        return data
    old = ArchiveReader(Source(io.BytesIO(original)))
    file = io.BytesIO()
    new = ArchiveWriter(file.write, "archive")
    for name in old:
        new.add(name, data if name == "data.pkl" else old.read(name))
    new.close()
    return file.getvalue()


def start(reader: str) -> tuple[bytes, bytes]:
    """Return what is changed, and the valid file that it is a part of."""
    whole = valid(reader)
    if reader == "pickle":
        return ArchiveReader(Source(io.BytesIO(whole))).read("data.pkl"), whole
    return whole, whole


def outcome(data: bytes) -> str:
    """Read a file and say what happened; anything but an object or a refusal is raised."""
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            load(io.BytesIO(data), map_location="cpu")
        except CheckpointError as error:
            assert str(error)  # noqa: PT017 - either outcome is fine
            found = "refused"
        else:
            found = "read"
    spent = time.process_time() - begin
    assert spent < SLOW, f"it took {spent:.1f} s"
    return found


def main() -> int:
    """Fuzz for a while; print the counts, or the file that was too much."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reader", choices=READERS, action="append")
    parser.add_argument("--seconds", type=float, default=600, help="for each reader")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for reader in options.reader or READERS:
        part, whole = start(reader)
        choose, counts = random.Random(options.seed), Counter()
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            data = file_with(reader, changed(part, choose), whole)
            try:
                counts[outcome(data)] += 1
            except BaseException:
                print(f"{reader}, file {counts.total()}: {data!r}")
                raise
        print(f"{reader}: {counts.total()} files, {dict(counts)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
