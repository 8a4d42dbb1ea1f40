"""The cache of memory blocks behind NumPy's arrays: reuse, limits, zeros, threads and fork."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest

from penlight import kernels

pytestmark = pytest.mark.skipif(
    not kernels.is_native or os.environ.get("PENLIGHT_ALLOCATOR") == "system",
    reason="no cache here",
)
# Around the least and the most that is cached, and around the classes' borders in between.
SIZES = [
    *(0, 1, 100, 2**16 - 1, 2**16, 2**16 + 1, 2**16 + 2**13, 2**16 + 2**13 + 1, 2**17 - 1),
    *(2**17, 2**17 + 1, 10**6, 2**23, 2**23 + 1, 2**26, 2**26 + 1),
    *(2**27 - 1, 2**27, 2**27 + 1),
]


@pytest.fixture(autouse=True)
def cached():
    """Start from an empty cache in this thread."""
    kernels.enter_thread()
    kernels.release_cached()
    yield
    kernels.release_cached()


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def address(array):
    return array.__array_interface__["data"][0]


def handler():
    return np._core.multiarray.get_handler_name()


def test_a_freed_block_serves_the_next_request_of_its_class():
    first = np.empty(1_000_000, np.float32)
    place = address(first)
    assert place % 64 == 0
    assert kernels.cached_bytes() == 0
    del first
    assert kernels.cached_bytes() >= 4_000_000
    again = np.empty(999_000, np.float32)
    assert address(again) == place
    assert kernels.cached_bytes() == 0


def test_small_and_huge_blocks_are_not_kept():
    for size in (100, 2**16 - 1, 2**27 + 1):
        np.empty(size, np.uint8)
        assert kernels.cached_bytes() == 0


def test_many_zeros_are_not_kept_as_few_of_them_may_have_been_touched():
    np.zeros(2**26, np.uint8)
    assert kernels.cached_bytes() == 2**26
    kernels.release_cached()
    np.zeros(2**26 + 1, np.uint8)
    assert kernels.cached_bytes() == 0


def test_blocks_do_not_overlap_at_any_size():
    for _ in range(2):  # fresh ones, then from the cache
        arrays = [np.full(size, index, np.uint8) for index, size in enumerate(SIZES)]
        for index, array in enumerate(arrays):
            assert (array == index).all()
        del arrays, array


def test_zeros_are_zero_whatever_the_block_held():
    for size in SIZES:
        np.full(size, 7, np.uint8)
        assert not np.zeros(size, np.uint8).any()


@pytest.mark.parametrize("before", [10, 2**16 - 8, 2**16, 300_000])
@pytest.mark.parametrize("after", [5, 2**16 - 8, 2**16, 2**20])
def test_resizing_keeps_what_fits(before, after):
    array = np.arange(before) % 251
    array = array.astype(np.uint8)
    array.resize(after, refcheck=False)
    kept = min(before, after)
    np.testing.assert_array_equal(array[:kept], (np.arange(kept) % 251).astype(np.uint8))
    assert not array[kept:].any()


def test_arrays_that_grow_while_they_are_read_are_right():
    np.testing.assert_array_equal(np.fromiter(range(200_000), np.int64), np.arange(200_000))


def test_what_is_kept_has_a_limit_and_the_oldest_goes_first():
    code = """
import numpy as np
from penlight import kernels
kernels.enter_thread()
for size in (2**24, 2**25, 2**24 + 2**21):
    arrays = [np.empty(size, np.uint8) for _ in range(30)]
    del arrays
    assert 0 < kernels.cached_bytes() <= 2**28, kernels.cached_bytes()
before = kernels.cached_bytes()
arrays = [np.empty(2**24 + 2**21, np.uint8) for _ in range(5)]
assert kernels.cached_bytes() < before
kernels.release_cached()
assert kernels.cached_bytes() == 0
"""
    result = python(code)
    assert result.returncode == 0, result.stderr


def test_a_block_that_fits_nothing_any_more_goes():
    np.empty(2**25, np.uint8)
    assert kernels.cached_bytes() >= 2**25
    for _ in range(500):
        np.empty(2**20, np.uint8)
    assert kernels.cached_bytes() < 2**22


def test_too_much_is_refused_as_without_the_cache():
    with pytest.raises(MemoryError):
        np.empty(2**62, np.uint8)
    with pytest.raises(MemoryError):
        np.zeros(2**59, np.float64)


def test_threads_share_the_cache_and_free_what_others_made():
    errors, made = [], [[] for _ in range(4)]

    def work(index):
        kernels.enter_thread()
        rng = np.random.default_rng(index)
        for step in range(300):
            size = int(rng.integers(1, 400_000))
            array = np.full(size, index, np.uint8)
            made[(index + 1) % 4].append(array)
            if not (array == index).all():
                errors.append((index, step))
            if len(made[index]) > 5:
                del made[index][0]

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_a_thread_uses_the_cache_once_it_records():
    from penlight import ones

    names = []

    def work():
        names.append(handler())
        ones(1, requires_grad=True).add(1)
        names.append(handler())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert names[1] == "penlight"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_has_a_whole_cache():
    code = """
import os, numpy as np
from penlight import kernels
kernels.enter_thread()
kept = np.full(100_000, 3, np.uint8)
np.empty(100_000)
child = os.fork()
if not child:
    for size in (100_000, 200_000, 10):
        array = np.full(size, 5, np.uint8)
        assert (array == 5).all()
    os._exit(0 if (kept == 3).all() else 1)
raise SystemExit(os.waitpid(child, 0)[1])
"""
    result = python(code)
    assert result.returncode == 0, result.stderr


def test_tracemalloc_counts_arrays_and_not_what_is_kept():
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        array = np.empty(1_000_000, np.uint8)
        during = tracemalloc.get_traced_memory()[0]
        del array
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert during - before >= 1_000_000
    assert after - before < 100_000


def test_the_environment_leaves_numpy_its_own_allocator():
    show = "import numpy, penlight; print(numpy._core.multiarray.get_handler_name())"
    assert python(show).stdout.strip() == "penlight"
    result = python(show, PENLIGHT_ALLOCATOR="system")
    assert result.stdout.strip() == "default_allocator"
    result = python(show, PENLIGHT_ALLOCATOR="fast")
    assert "PENLIGHT_ALLOCATOR=fast: expected system" in result.stderr


def test_arrays_may_be_the_last_to_go():
    code = """
import atexit, builtins, sys
import numpy as np, penlight
builtins.kept = [np.ones(200_000) for _ in range(3)]
atexit.register(lambda kept: kept.clear(), [np.ones(100_000)])
sys.modules.pop("penlight.kernels"), sys.modules.pop("penlight._kernels")
"""
    result = python(code)
    assert result.returncode == 0, result.stderr
