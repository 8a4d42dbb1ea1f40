"""Making tensors: what is inferred from data, how ranges are rounded, what is refused."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import penlight

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")
NAN, INF = float("nan"), float("inf")

# ---- what torch.tensor infers: recorded from torch 2.13 ------------------------------------------

INFERRED = [
    ("[]", "float32", (0,)),
    ("[[], []]", "float32", (2, 0)),
    ("3", "int64", ()),
    ("3.5", "float32", ()),
    ("True", "bool", ()),
    ("[1, 2.5]", "float32", (2,)),
    ("[True, False]", "bool", (2,)),
    ("[True, 2]", "int64", (2,)),
    ("[1, True]", "int64", (2,)),
    ("[True, 2.5]", "float32", (2,)),
    ("[[True], [2.5]]", "float32", (2, 1)),
    ("range(3)", "int64", (3,)),
    ("[range(2), (3, 4)]", "int64", (2, 2)),
    ("[1.5, 2**70]", "float32", (2,)),
    ("np.float32(2.5)", "float32", ()),
    ("np.float64(2.5)", "float64", ()),
    ("np.int32(3)", "int32", ()),
    ("np.bool_(True)", "bool", ()),
    ("[np.float64(1)]", "float64", (1,)),
    ("[1, np.float64(2.5)]", "float64", (2,)),
    ("np.arange(3, dtype=np.int16)", "int16", (3,)),
    ("np.zeros((0, 2))", "float64", (0, 2)),
    ("np.array(5)", "int64", ()),
    ("[T.tensor(1), T.tensor(2)]", "int64", (2,)),
    ("[T.tensor(1.5), T.tensor(2)]", "float32", (2,)),
]


@pytest.mark.parametrize("data, dtype, shape", INFERRED)
def test_the_dtype_and_shape_of_data_are_inferred(data: str, dtype: str, shape: Any) -> None:
    for library in (penlight, torch) if torch else (penlight,):
        made = library.tensor(eval(data, {"np": np, "T": library}))
        assert (str(made.dtype), tuple(made.shape)) == (f"torch.{dtype}", shape)


def test_inference_follows_the_default_dtype() -> None:
    penlight.set_default_dtype(penlight.float64)
    try:
        assert penlight.tensor([1.5]).dtype is penlight.float64
        assert penlight.zeros(1).dtype is penlight.float64
        assert penlight.arange(1.0).dtype is penlight.float64
    finally:
        penlight.set_default_dtype(penlight.float32)


REFUSED = [
    ("tensor([[1, 2], [3]])", ValueError, "expected sequence of length 2 at dim 1 (got 1)"),
    ("tensor([[1, 2], 3])", TypeError, "not a sequence"),
    ("tensor([1, [2]])", TypeError, "'list' object cannot be interpreted as an integer"),
    ("tensor('a')", TypeError, "new(): invalid data type 'str'"),
    ("tensor(['a'])", ValueError, "too many dimensions 'str'"),
    ("tensor(None)", RuntimeError, "Could not infer dtype of NoneType"),
    ("tensor([None])", RuntimeError, "Could not infer dtype of NoneType"),
    ("tensor({1: 2})", RuntimeError, "Could not infer dtype of dict"),
    ("tensor(object(), dtype=T.float32)", TypeError, "must be real number, not object"),
    ("tensor(2**63)", ValueError, "Overflow when unpacking long long"),
    ("tensor(2**40, dtype=T.uint8)", RuntimeError, "value cannot be converted to type uint8"),
    ("tensor(nan, dtype=T.int64)", RuntimeError, "value cannot be converted to type int64"),
    ("tensor([T.tensor([1.5, 2.5])])", ValueError, "only one element tensors can be converted"),
    (
        "tensor(np.arange(4)[::-1])",
        ValueError,
        "At least one stride in the given numpy array is negative",
    ),
    ("tensor(np.array(['a']))", TypeError, "can't convert np.ndarray of type numpy.str_"),
    ("from_numpy([1])", TypeError, "expected np.ndarray (got list)"),
    ("from_numpy(np.arange(4)[::-1])", ValueError, "negative"),
    ("arange(0, 1, 0)", RuntimeError, "step must be nonzero"),
    ("arange(0, 1, -1)", RuntimeError, "upper bound and lower bound inconsistent with step sign"),
    ("arange(nan)", RuntimeError, "unsupported range: 0 -> nan"),
    ("arange(0, 5, 0.3, dtype=T.int64)", ValueError, "step must be nonzero"),
    ("arange(1, 2, 3, 4)", TypeError, "arange() received an invalid combination of arguments"),
    ("linspace(0, 1, -1)", RuntimeError, "number of steps must be non-negative"),
    (
        "linspace(T.ones(2), 1, 3)",
        RuntimeError,
        "linspace only supports 0-dimensional start and end",
    ),
    ("eye(-1)", RuntimeError, "n must be greater or equal to 0, got -1"),
    ("eye(2, -1)", RuntimeError, "m must be greater or equal to 0, got -1"),
    ("ones(-1)", RuntimeError, "Trying to create tensor with negative dimension -1: [-1]"),
    ("zeros(2.5)", TypeError, "zeros(): argument 'size'"),
    ("empty_strided((2,), (1, 1))", RuntimeError, "must match dimensionality of strides (2)"),
]


@pytest.mark.parametrize("call, error, phrase", REFUSED)
def test_bad_arguments_are_refused_in_torchs_words(call: str, error: Any, phrase: str) -> None:
    for library in (penlight, torch) if torch else (penlight,):
        with pytest.raises(error) as caught:
            eval(f"T.{call}", {"np": np, "T": library, "nan": NAN})
        assert phrase in str(caught.value)


# ---- sharing and copying -------------------------------------------------------------------------


def test_from_numpy_and_as_tensor_share_memory_and_tensor_copies() -> None:
    array = np.zeros(2)
    shared, also = penlight.from_numpy(array), penlight.as_tensor(array)
    copied = penlight.tensor(array)
    array[0] = 1
    assert (shared[0], also[0], copied[0]) == (1, 1, 0)


def test_as_tensor_returns_the_tensor_itself() -> None:
    x = penlight.zeros(2)
    assert penlight.as_tensor(x) is x
    assert penlight.as_tensor(x, dtype=penlight.float64).dtype is penlight.float64


def test_asarray_copies_when_told_to_and_refuses_what_it_cannot_share() -> None:
    array = np.zeros(2)
    assert not np.shares_memory(penlight.asarray(array, copy=True).numpy(), array)
    assert np.shares_memory(penlight.asarray(array).numpy(), array)
    with pytest.raises(ValueError, match="can't alias arbitrary sequence into a tensor"):
        penlight.asarray([1], copy=False)


def test_tensor_of_a_tensor_warns() -> None:
    with pytest.warns(
        UserWarning, match="To copy construct from a tensor, it is recommended to use"
    ):
        assert penlight.tensor(penlight.ones(2)).tolist() == [1, 1]


def test_a_read_only_array_warns() -> None:
    array = np.zeros(2)
    array.flags.writeable = False
    with pytest.warns(UserWarning, match="The given NumPy array is not writable"):
        penlight.from_numpy(array)


def test_frombuffer_shares_the_buffer() -> None:
    buffer = bytearray(b"\x01\x02\x03")
    made = penlight.frombuffer(buffer, dtype=penlight.uint8, offset=1)
    buffer[1] = 9
    assert made.tolist() == [9, 3]


# ---- sizes, dtypes, options ----------------------------------------------------------------------


@pytest.mark.parametrize("function", ["zeros", "ones", "empty"])
def test_sizes_come_one_by_one_or_together(function: str) -> None:
    make = getattr(penlight, function)
    shapes = [
        make(2, 3),
        make((2, 3)),
        make([2, 3]),
        make(size=(2, 3)),
        make(penlight.Size((2, 3))),
    ]
    assert all(tensor.shape == (2, 3) for tensor in shapes)
    assert make(()).shape == ()
    assert make(0, 2).shape == (0, 2)


def test_full_takes_the_dtype_of_its_value() -> None:
    assert penlight.full((2,), True).dtype is penlight.bool
    assert penlight.full((2,), 3).dtype is penlight.int64
    assert penlight.full((2,), 3.0).dtype is penlight.float32
    assert penlight.full((2,), 3, dtype=penlight.bool).tolist() == [True, True]


def test_like_functions_keep_dtype_layout_and_take_requires_grad() -> None:
    x = penlight.zeros(2, 3, dtype=penlight.float64).t()
    assert penlight.ones_like(x).dtype is penlight.float64
    assert penlight.empty_like(x).stride() == x.stride()
    assert penlight.zeros_like(x, requires_grad=True).requires_grad


def test_out_is_filled_and_returned() -> None:
    out = penlight.zeros(3, dtype=penlight.int64)
    assert penlight.arange(3, out=out) is out
    assert out.tolist() == [0, 1, 2]


def test_empty_strided_has_the_strides() -> None:
    assert penlight.empty_strided((2, 3), (1, 2)).stride() == (1, 2)


def test_tensor_types_of_old_make_and_recognise() -> None:
    assert penlight.LongTensor([1, 2]).dtype is penlight.int64
    assert penlight.FloatTensor(2, 3).shape == (2, 3)
    assert penlight.FloatTensor(range(2)).tolist() == [0, 1]
    assert penlight.ByteTensor(np.zeros((0, 2))).shape == (0, 2)
    assert isinstance(penlight.zeros(1), penlight.FloatTensor)
    assert not isinstance(penlight.zeros(1), penlight.LongTensor)


# ---- ranges --------------------------------------------------------------------------------------


def test_ranges_have_torchs_roundings() -> None:
    # Recorded from torch 2.13, every value to the bit.
    assert penlight.arange(0, 2, 0.1)[[3, 9, 18]].tolist() == [
        0.30000001192092896,
        0.9000000357627869,
        1.7999999523162842,
    ]
    assert penlight.linspace(-3, 1, 101)[[22, 50, 51]].tolist() == [
        -2.119999885559082 - 2**-22,
        -0.9999999403953552,
        -0.9599999785423279,
    ]
    assert penlight.linspace(8.9, 5, 4, dtype=penlight.int32).tolist() == [8, 7, 6, 5]
    assert penlight.linspace(0, 1, 1).tolist() == [0]
    assert penlight.arange(1, 9, 0.15, dtype=penlight.int32).tolist() == [1] * 54


def random_range(chance: random.Random) -> tuple[float, float, int, float]:
    """Return two ends, a number of steps, and a step that leads from one end to the other."""
    ends = [
        chance.choice([0, 1, -3, chance.uniform(-10, 10), chance.uniform(-1e4, 1e4)])
        for _ in range(2)
    ]
    step = chance.choice([1, 0.1, 0.25, 0.3, 0.7, 2, chance.uniform(0.01, 3)])
    steps = chance.choice([1, 2, 7, 10, 33, 100, 101, chance.randint(0, 300)])
    start, end = ends
    end = min(end, start + 900 * step) if end >= start else max(end, start - 900 * step)
    return start, end, steps, step if end >= start else -step


DTYPES = ["float32", "float64", "float16", "int64", "int32", "uint8"]


@needs_torch
@pytest.mark.parametrize("dtype", DTYPES)
def test_linspace_agrees_with_torch_to_the_bit(dtype: str) -> None:
    chance = random.Random(1)
    for _ in range(200):
        start, end, steps, _ = random_range(chance)
        if dtype == "uint8":
            start, end = abs(start) % 256, abs(end) % 256
        made = penlight.linspace(start, end, steps, dtype=getattr(penlight, dtype))
        expected = torch.linspace(start, end, steps, dtype=getattr(torch, dtype))
        np.testing.assert_array_equal(made.numpy(), expected.numpy())


@needs_torch
@pytest.mark.parametrize("dtype", DTYPES[:-1])
def test_arange_agrees_with_torch_to_the_bit(dtype: str) -> None:
    chance = random.Random(2)
    for _ in range(200):
        start, end, _, step = random_range(chance)
        if dtype == "int64":
            start, end, step = int(start), int(end), int(step) or 1 if end >= start else -1
            if (end - start) * step < 0:
                continue
        made = penlight.arange(start, end, step, dtype=getattr(penlight, dtype))
        expected = torch.arange(start, end, step, dtype=getattr(torch, dtype))
        np.testing.assert_array_equal(made.numpy(), expected.numpy())


@needs_torch
def test_logspace_is_within_a_few_ulps_of_torch() -> None:
    chance = random.Random(3)
    for _ in range(100):
        start, end = chance.uniform(-4, 4), chance.uniform(-4, 4)
        steps = chance.randint(2, 100)
        for dtype, tolerance in (("float32", 5e-7), ("float64", 1e-15)):
            made = penlight.logspace(start, end, steps, dtype=getattr(penlight, dtype))
            expected = torch.logspace(start, end, steps, dtype=getattr(torch, dtype))
            np.testing.assert_allclose(made.numpy(), expected.numpy(), rtol=tolerance)
