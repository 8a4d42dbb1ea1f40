"""Small files that ask for much: refused in bounded time, in bounded memory."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import penlight

# Builds the attacks, and reads each within 1.5 GiB of address space above what is there already.
CHILD = """
import io, pickle, resource, struct, sys, time, warnings
import numpy as np
import penlight
from penlight.serialization import CheckpointError, load
from penlight.serialization.archive import ArchiveWriter

warnings.simplefilter("ignore")


def archive(stream, **entries):
    file = io.BytesIO()
    writer = ArchiveWriter(file.write, "archive")
    writer.add("data.pkl", stream)
    for name, data in entries.items():
        writer.add("data/" + name.removeprefix("_"), data)
    writer.close()
    file.seek(0)
    return file


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def long(value):
    return pickle.dumps(value, 2)[2:-1]


def shared(big, use, count):
    # What is written once is handed to a call again and again.
    return b"\\x80\\x02" + big + b"q\\x000](" + use * count + b"e."


def storage(count):
    name = b"ctorch\\nFloatStorage\\n"
    return b"(" + text("storage") + name + text("0") + text("cpu") + long(count) + b"tQ"


def conjugates(count):
    rebuild = b"ctorch._utils\\n_rebuild_tensor_v2\\nq\\x010"
    flags = b"}" + text("conj") + b"\\x88sq\\x020"
    size, stride = b"J\\xff\\xff\\xff\\x7f\\x85", b"K\\x00\\x85"
    one = b"h\\x01(h\\x03K\\x00" + size + stride + b"\\x89Nh\\x02tR"
    return b"\\x80\\x02" + rebuild + flags + storage(4) + b"q\\x030](" + one * count + b"e."


def keys(items, opening=b"}(", closing=b"u."):
    return b"\\x80\\x02" + opening + b"".join(item + b"N" for item in items) + closing


M = 2**61 - 1
megabyte = text("x" * 2**20)
megalist = b"](" + b"N" * 2**18 + b"e"
encode = b"c_codecs\\nencode\\nh\\x00\\x85R"
SAME = long(-1), long(-2)  # one hash
tuples = [b"(" + b"".join(SAME[i >> bit & 1] for bit in range(14)) + b"t"
          for i in range(2**14)]
ATTACKS = {
    "bytes": shared(megabyte, encode, 100_000),
    "bytearray": shared(megabyte, b"c__builtin__\\nbytearray\\nh\\x00\\x85R", 100_000),
    "set": shared(megalist, b"c__builtin__\\nset\\nh\\x00\\x85R", 100_000),
    "Size": shared(b"(" + b"K\\x01" * 2**18 + b"t", b"ctorch\\nSize\\nh\\x00\\x85R", 100_000),
    "conjugates": conjugates(1000),
    "integers": keys(long(i * M) for i in range(30_000)),
    "negative integers": keys(long(-i * M) for i in range(30_000)),
    "complex numbers": keys(
        b"c__builtin__\\ncomplex\\nG" + struct.pack(">d", -1000003.0 * i) + b"G"
        + struct.pack(">d", float(i)) + b"\\x86R" for i in range(30_000)
    ),
    "tuples": keys(tuples),
    "items of a set": b"\\x80\\x02c__builtin__\\nset\\n](" + b"".join(tuples) + b"e\\x85R.",
    "keys of an OrderedDict": b"\\x80\\x02ccollections\\nOrderedDict\\n]("
    + b"".join(b"](" + item + b"Ne" for item in tuples) + b"e\\x85R.",
    "elements of no size": pickle.dumps(np.zeros(3, "S1"), 2).replace(b"S1", b"S0"),
}
with open("/proc/self/statm") as file:
    taken = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + (3 << 29), resource.RLIM_INFINITY))
for name, stream in ATTACKS.items():
    file = archive(stream, _0=b"\\0" * 16)
    begin = time.process_time()
    try:
        load(file)
    except CheckpointError as error:
        reason = str(error)
    else:
        reason = "was read"
    print(name, round(time.process_time() - begin, 2), reason, sep="\\t")
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limits are Linux's")
def test_amplification_is_refused_in_bounded_time_and_memory():
    source = str(Path(penlight.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CHILD)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": source, "OPENBLAS_NUM_THREADS": "1"},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    outcomes = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(outcomes) == 12
    for name, seconds, reason in outcomes:
        assert float(seconds) < 3, (name, seconds)
        assert "data.pkl, byte " in reason, (name, reason)


def test_ordinary_keys_are_not_limited():
    script = (
        "import io, penlight\n"
        "value = {(a, 'b', b): i for i, (a, b) in enumerate(zip(range(5000), range(5000)))}\n"
        "value |= {f'w{i}': i for i in range(5000)} | {i: i for i in range(-5000, 5000)}\n"
        "value |= {i / 7: i for i in range(5000)}\n"
        "file = io.BytesIO(); penlight.save(value, file); file.seek(0)\n"
        "assert penlight.load(file) == value\n"
    )
    exec(script, {})


def test_arrays_and_sets_of_their_own_are_not_limited():
    import io

    import numpy as np

    value = [np.arange(100_000), {f"{i}" for i in range(10_000)}, b"x" * 1_000_000] * 3
    value += [np.arange(100_000.0) for _ in range(20)]
    file = io.BytesIO()
    penlight.save(value, file)
    file.seek(0)
    loaded = penlight.load(file)
    assert loaded[1:3] == value[1:3]
    assert (loaded[-1] == value[-1]).all()
