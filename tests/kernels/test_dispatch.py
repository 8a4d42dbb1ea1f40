"""The choice of kernels and of their level, threads, and life after fork."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from penlight import backends, kernels

native_only = pytest.mark.skipif(not kernels.is_native, reason="no compiled kernels here")


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


SHOW = "from penlight import kernels; print(kernels.is_native, kernels.get_cpu_capability())"


def test_the_environment_can_ask_for_the_numpy_kernels():
    assert python(SHOW, PENLIGHT_KERNELS="reference").stdout.split() == ["False", "default"]


def test_an_unknown_choice_of_kernels_is_refused():
    result = python(SHOW, PENLIGHT_KERNELS="fast")
    assert result.returncode != 0
    assert "PENLIGHT_KERNELS=fast: expected native or reference" in result.stderr


@pytest.mark.parametrize("level", kernels.cpu_capabilities())
def test_the_environment_forces_a_level(level):
    result = python(SHOW, PENLIGHT_CPU_CAPABILITY=level)
    assert result.stdout.split() == [str(kernels.is_native), level], result.stderr


def test_a_level_this_machine_lacks_is_refused_with_those_it_has():
    with pytest.raises(ValueError, match=r'CPU capability "avx9" .*expected one of default'):
        kernels.force_cpu_capability("avx9")


def test_the_widest_level_is_the_default():
    assert kernels.get_cpu_capability() == kernels.cpu_capabilities()[-1]
    assert backends.cpu.get_cpu_capability() == kernels.get_cpu_capability().upper()


def test_every_kernel_of_the_package_has_a_compiled_form_or_a_reason():
    if not kernels.is_native:
        pytest.skip("no compiled kernels here")
    numpy_only = {
        "enter_thread",
        "erfc",
        "erfcx",
        "erfinv",
        "is_native",
        "lstm_projected_backward",
        "lstm_projected_forward",
        "previous_states",
    }
    from penlight import _kernels

    assert {name for name in kernels.__all__ if not hasattr(_kernels, name)} == numpy_only
    extra = {name for name in vars(_kernels) if not name.startswith("_")} - set(kernels.__all__)
    # What stands beside the kernels in the extension, and knows tensors: cpp/call_path.
    assert extra == {
        "CallPath",
        "TensorCall",
        "add_into",
        "div_into",
        "mul_into",
        "prepare_call_path",
        "prepare_walk",
        "run_nodes",
        "sub_into",
    }


def test_the_number_of_threads_is_at_least_one():
    before = kernels.get_num_threads()
    kernels.set_num_threads(0)
    assert kernels.get_num_threads() == 1
    kernels.set_num_threads(3)
    assert kernels.get_num_threads() == 3
    kernels.set_num_threads(before)


def test_omp_num_threads_is_the_default():
    show = "from penlight import kernels; print(kernels.get_num_threads())"
    for choice in ("native", "reference") if kernels.is_native else ("reference",):
        assert python(show, OMP_NUM_THREADS="3", PENLIGHT_KERNELS=choice).stdout.strip() == "3"


def large_softmax():
    x = np.random.default_rng(0).standard_normal((2000, 500, 1)).astype(np.float32)
    out = np.empty_like(x)
    kernels.softmax(out, x, 1)
    return out


@native_only
def test_rows_do_not_depend_on_the_number_of_threads():
    before = kernels.get_num_threads()
    kernels.set_num_threads(1)
    expected = large_softmax()
    for count in (2, 8):
        kernels.set_num_threads(count)
        np.testing.assert_array_equal(large_softmax(), expected)
    kernels.set_num_threads(before)


@native_only
def test_callers_in_several_python_threads_share_the_pool():
    before = kernels.get_num_threads()
    kernels.set_num_threads(2)
    expected, results = large_softmax(), []
    callers = [threading.Thread(target=lambda: results.append(large_softmax())) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    kernels.set_num_threads(before)
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result, expected)


FORK = """
import os, sys, numpy as np
from penlight import kernels
kernels.set_num_threads(2)
x = np.random.default_rng(0).standard_normal((2000, 500, 1)).astype(np.float32)
def run():
    out = np.empty_like(x)
    kernels.softmax(out, x, 1)
    return out
expected = run()
for _ in range(5):
    child = os.fork()
    if not child:
        same = (run() == expected).all() and kernels.get_num_threads() == 2
        grandchild = os.fork()
        if not grandchild:
            os._exit(0 if (run() == expected).all() else 1)
        os._exit(0 if same and os.waitpid(grandchild, 0)[1] == 0 else 1)
    if os.waitpid(child, 0)[1]:
        sys.exit("the child went wrong")
    assert (run() == expected).all()
print("survived")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_kernels_work_in_a_forked_child_and_its_parent():
    result = python(FORK)
    assert result.stdout.strip() == "survived", result.stderr
