"""`torch.testing`: what is close, what is said of what is not, and tensors made to compare."""

from __future__ import annotations

import numpy as np
import pytest

import penlight as pl

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")
LIBRARIES = [pytest.param(pl, id="penlight")]
if torch is not None:
    LIBRARIES.append(pytest.param(torch, id="torch"))

NAN = float("nan")

# Two values, and the options with which they are compared.
PAIRS = {
    "equal": lambda lib: (lib.ones(2), lib.ones(2), {}),
    "near": lambda lib: (lib.tensor([1.0, 2.0]), lib.tensor([1.0, 2.000001]), {}),
    "off": lambda lib: (
        lib.tensor([[1.0, 2.0], [3.0, 4.0]]),
        lib.tensor([[1.0, 2.5], [3.0, 5.0]]),
        {},
    ),
    "scalars": lambda lib: (lib.tensor(1.0), lib.tensor(1.5), {}),
    "integers": lambda lib: (lib.tensor([1, 2, 3]), lib.tensor([1, 2, 5]), {}),
    "booleans": lambda lib: (lib.tensor([True, False]), lib.tensor([True, True]), {}),
    "shape": lambda lib: (lib.ones(2), lib.ones(3), {}),
    "dtype": lambda lib: (lib.ones(2), lib.ones(2, dtype=lib.float64), {}),
    "dtype unchecked": lambda lib: (
        lib.ones(2),
        lib.ones(2, dtype=lib.int64),
        {"check_dtype": False},
    ),
    "stride": lambda lib: (lib.ones(2, 3), lib.ones(3, 2).t(), {"check_stride": True}),
    "stride unchecked": lambda lib: (lib.ones(2, 3), lib.ones(3, 2).t(), {}),
    "loose": lambda lib: (lib.tensor([1.0]), lib.tensor([1.2]), {"rtol": 0.5, "atol": 0}),
    "exact": lambda lib: (lib.tensor([1.0, 1.0]), lib.tensor([1.0, 1.5]), {"rtol": 0, "atol": 0}),
    "nan": lambda lib: (lib.tensor([NAN]), lib.tensor([NAN]), {}),
    "nan equal": lambda lib: (lib.tensor([NAN]), lib.tensor([NAN]), {"equal_nan": True}),
    "infinity": lambda lib: (lib.tensor([float("inf")]), lib.tensor([float("inf")]), {}),
    "half": lambda lib: (lib.ones(2, dtype=lib.float16), lib.ones(2, dtype=lib.float16) * 1.01, {}),
    "brain": lambda lib: (
        lib.ones(1, dtype=lib.bfloat16),
        lib.ones(1, dtype=lib.bfloat16) * 1.01,
        {},
    ),
    "empty": lambda lib: (lib.ones(0), lib.ones(0), {}),
    "grad": lambda lib: (lib.ones(2, requires_grad=True), lib.zeros(2), {}),
    "numbers": lambda lib: (1.0, 1.5, {}),
    "near numbers": lambda lib: (1.0, 1.0 + 1e-9, {}),
    "number types": lambda lib: (1, 1.0, {}),
    "number types unchecked": lambda lib: (1, 1.0, {"check_dtype": False}),
    "zero": lambda lib: (1.0, 0.0, {}),
    "complex": lambda lib: (1 + 2j, 1 + 3j, {}),
    "nan number": lambda lib: (NAN, NAN, {"equal_nan": True}),
    "numpy number": lambda lib: (np.float64(1.0), 1.0, {}),
    "truth": lambda lib: (True, False, {}),
    "none": lambda lib: (None, None, {}),
    "none and more": lambda lib: (None, 1, {}),
    "array": lambda lib: (np.ones(2), np.zeros(2), {}),
    "lists": lambda lib: ([lib.ones(1), 2], [lib.ones(1), 3], {}),
    "lengths": lambda lib: ([1, 2], [1], {}),
    "mappings": lambda lib: ({"a": [1.0, lib.ones(2)]}, {"a": [1.0, lib.zeros(2)]}, {}),
    "keys": lambda lib: ({"a": 1, "b": 2}, {"b": 2, "c": 3}, {}),
    "text": lambda lib: ("a", "a", {}),
    "kinds": lambda lib: (lib.ones(1), 1.0, {}),
    "classes": lambda lib: (
        lib.nn.Parameter(lib.ones(1)),
        lib.ones(1),
        {"allow_subclasses": False},
    ),
    "one tolerance": lambda lib: (1.0, 1.0, {"rtol": 0.1}),
    "own text": lambda lib: (1.0, 2.0, {"msg": "mine"}),
    "own text by function": lambda lib: ([1.0], [2.0], {"msg": lambda text: f"Mine:\n{text}"}),
    "own text of misuse": lambda lib: ("a", "a", {"msg": "mine"}),
}


def _said(lib, name):
    actual, expected, options = PAIRS[name](lib)
    try:
        lib.testing.assert_close(actual, expected, **options)
    except (AssertionError, TypeError, ValueError) as error:
        return type(error), str(error).replace("penlight.", "torch.")
    return None


@needs_torch
@pytest.mark.parametrize("name", PAIRS)
def test_what_is_close_and_what_is_said_are_torchs(name):
    ours, theirs = _said(pl, name), _said(torch, name)
    assert ours == theirs or "class 'torch._tensor" in str(ours)
    assert (ours is None) == (theirs is None)


def test_a_difference_is_placed():
    with pytest.raises(AssertionError, match=r"at index \(1, 0\) \(up to 1e-05 allowed\)"):
        pl.testing.assert_close(pl.zeros(2, 2), pl.tensor([[0.0, 0.0], [1.0, 0.0]]))
    with pytest.raises(AssertionError, match=r"for item \['b'\]\[1\]"):
        pl.testing.assert_close({"b": [1, 2]}, {"b": [1, 3]})


SHAPES = [(), (3,), (2, 3), (0,)]


@needs_torch
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"low": 2},
        {"high": 3},
        {"low": -1.5, "high": 4.5},
        {"noncontiguous": True},
        {"exclude_zero": True, "low": 0, "high": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "float16", "bfloat16", "int64", "int8", "uint8", "bool"]
)
def test_made_tensors_are_torchs(dtype, options):
    if dtype == "bool":
        options = {k: v for k, v in options.items() if k not in {"low", "high"}}
    made = []
    for lib in (pl, torch):
        lib.manual_seed(3)
        tensors = [
            lib.testing.make_tensor(shape, dtype=getattr(lib, dtype), device="cpu", **options)
            for shape in SHAPES
        ]
        made.append([(tuple(t.shape), t.stride(), str(t.dtype), t.tolist()) for t in tensors])
    assert made[0] == made[1]


@pytest.mark.parametrize("lib", LIBRARIES)
def test_made_tensors_may_require_grad(lib):
    made = lib.testing.make_tensor(2, 3, dtype=lib.float32, device="cpu", requires_grad=True)
    assert made.requires_grad
    assert made.is_leaf


@pytest.mark.parametrize("lib", LIBRARIES)
@pytest.mark.parametrize(
    "options, error, text",
    [
        ({"low": 3, "high": 3, "dtype": "int64"}, ValueError, "must be less than `high`"),
        ({"low": NAN}, ValueError, "cannot be NaN"),
        ({"low": 300, "high": 400, "dtype": "uint8"}, ValueError, "only supports"),
        ({"requires_grad": True, "dtype": "int64"}, ValueError, "not supported for boolean and"),
        ({"noncontiguous": True, "memory_format": 1}, ValueError, "mutually exclusive"),
    ],
)
def test_make_tensor_refuses(lib, options, error, text):
    options = {"dtype": "float32", **options}
    options["dtype"] = getattr(lib, options["dtype"])
    with pytest.raises(error, match=text):
        lib.testing.make_tensor(3, device="cpu", **options)


@pytest.mark.parametrize("lib", LIBRARIES)
def test_equal_limits_of_floats_are_deprecated(lib):
    with pytest.warns(FutureWarning, match="Passing `low==high`"):
        made = lib.testing.make_tensor(2, dtype=lib.float32, device="cpu", low=1.0, high=1.0)
    assert made.tolist() == [1.0, 1.0]
