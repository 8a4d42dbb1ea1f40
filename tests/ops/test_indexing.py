"""Every mixture of ints, slices, None, ``...``, masks and index tensors, read and written.

Against NumPy everywhere; against torch, gradients too, where torch is installed. Keys on which
NumPy and torch do not agree by design are left to torch alone.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import penlight

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")
SHAPES = ((), (3,), (2, 3), (3, 1, 2), (2, 3, 2, 2), (0, 2))


# ---- keys ----------------------------------------------------------------------------------------


class Index:
    """An index array in a key, not yet on either side; ``kind`` says how it is written."""

    def __init__(self, values: Any, kind: str) -> None:
        self.values = values
        self.kind = kind

    def __repr__(self) -> str:
        return f"{self.kind}({self.values.tolist()}:{self.values.dtype})"


def as_numpy(key: Any) -> Any:
    """Return the key as NumPy takes it."""
    return tuple(item.values if isinstance(item, Index) else item for item in key)


def as_library(library: Any, key: Any) -> Any:
    """Return the key as penlight or torch takes it."""

    def convert(item: Any) -> Any:
        if not isinstance(item, Index):
            return item
        if item.kind == "list":
            return item.values.tolist()
        return item.values if item.kind == "array" else library.from_numpy(item.values.copy())

    return tuple(map(convert, key))


@st.composite
def slices(draw: Any, length: int) -> slice:
    """A slice with a positive step, its ends inside and outside."""
    ends = st.one_of(st.none(), st.integers(-length - 2, length + 2))
    return slice(draw(ends), draw(ends), draw(st.one_of(st.none(), st.integers(1, 3))))


@st.composite
def index_arrays(draw: Any, length: int, shape: tuple[int, ...]) -> Index:
    """Indices, negative ones among them, of a shape that broadcasts with ``shape``."""
    own = tuple(draw(st.sampled_from((1, size))) for size in shape)
    own = own[draw(st.integers(0, len(own))) :]
    size = int(np.prod(own))
    values = draw(st.lists(st.integers(-length, length - 1), min_size=size, max_size=size))
    dtype = draw(st.sampled_from((np.int64, np.int64, np.int32)))
    array = np.array(values, dtype).reshape(own)
    kinds = ("tensor", "array", "list") if array.ndim == 1 and array.size else ("tensor",)
    return Index(array, draw(st.sampled_from(kinds)))


@st.composite
def keys(draw: Any) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """A shape and a key for it."""
    shape = draw(st.sampled_from(SHAPES))
    together = draw(st.sampled_from(((2,), (3,), (2, 2), (1,))))
    key: list[Any] = []
    place = 0
    stop = draw(st.integers(0, len(shape)))
    while place < stop:
        length = shape[place]
        kinds = ["slice", "slice", "none", *(["int", "array", "mask"] if length else ["mask"])]
        kind = draw(st.sampled_from(kinds))
        if kind == "none":
            key.append(None)
            place -= 1
        elif kind == "slice":
            key.append(draw(slices(length)))
        elif kind == "int":
            number = draw(st.integers(-length, length - 1))
            key.append(draw(st.sampled_from((number, np.int64(number)))))
        elif kind == "array":
            key.append(draw(index_arrays(length, together)))
        else:
            span = draw(st.integers(1, stop - place))
            covered = shape[place : place + span]
            bits = draw(st.integers(0, 2 ** int(np.prod(covered)) - 1))
            flags = [bool(bits >> i & 1) for i in range(int(np.prod(covered)))]
            key.append(Index(np.array(flags, bool).reshape(covered), "tensor"))
            place += span - 1
        place += 1
    if draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))) if place == len(shape) else len(key), Ellipsis)
    return shape, tuple(key)


def filled(shape: tuple[int, ...]) -> Any:
    """Return distinct values."""
    return np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)


def is_number(item: Any) -> bool:
    """Return whether an item of a key is an int, or a 0-d integer tensor, which counts as one."""
    if isinstance(item, Index):
        return item.values.ndim == 0 and item.values.dtype != bool
    return isinstance(item, (int, np.integer))


def agrees(key: tuple[Any, ...]) -> bool:
    """Return whether NumPy puts the dimensions of index arrays where torch does.

    For NumPy an int next to index arrays is one of them; for torch it takes its dimension first.
    For NumPy ``...`` keeps index arrays apart even where it stands for no dimension.
    """
    places = [place for place, item in enumerate(key) if isinstance(item, Index)]
    if places and any(item is Ellipsis for item in key[places[0] : places[-1]]):
        return False
    numbers = [is_number(item) for item in key]
    arrays = [isinstance(item, Index) for item in key]
    return not any(numbers) or sum(arrays) == 0 or all(numbers)


# ---- reading -------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(keys())
def test_reading_agrees_with_numpy(case: Any) -> None:
    shape, key = case
    array = filled(shape)
    if not agrees(key):
        return
    try:
        expected = array[as_numpy(key)]
    except IndexError:
        with pytest.raises(IndexError):
            penlight.from_numpy(array)[as_library(penlight, key)]
        return
    found = penlight.from_numpy(array)[as_library(penlight, key)]
    np.testing.assert_array_equal(found.numpy(), expected)


@settings(max_examples=200, deadline=None)
@given(keys())
def test_basic_keys_give_views_and_index_arrays_give_copies(case: Any) -> None:
    shape, key = case
    tensor = penlight.from_numpy(filled(shape))
    try:
        found = tensor[as_library(penlight, key)]
    except IndexError:
        return
    indexed = any(isinstance(item, Index) and not is_number(item) for item in key)
    assert (found._base is not None) is not indexed
    if found.numel():
        assert np.shares_memory(found.numpy(), tensor.numpy()) is not indexed


def outcome(function: Any) -> Any:
    """Return what a call gives, or the type of what it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function()
        except (IndexError, RuntimeError, ValueError, TypeError) as error:
            return type(error)


@needs_torch
@settings(max_examples=400, deadline=None)
@given(keys())
def test_reading_and_its_gradient_agree_with_torch(case: Any) -> None:
    shape, key = case
    results = []
    for library in (penlight, torch):
        tensor = library.from_numpy(filled(shape)).requires_grad_()

        def read(tensor: Any = tensor, library: Any = library) -> Any:
            found = tensor[as_library(library, key)]
            weights = library.arange(1.0, 1.0 + found.numel(), dtype=library.float64)
            (found * weights.view(found.shape)).sum().backward()
            return found.detach().numpy(), tensor.grad.numpy(), type(found.grad_fn).__name__

        results.append(outcome(read))
    compare(*results)


def compare(ours: Any, theirs: Any) -> None:
    """Compare two outcomes, arrays element by element."""
    if isinstance(theirs, type) or isinstance(ours, type):
        assert ours is theirs
        return
    for own, other in zip(ours, theirs, strict=True):
        if isinstance(other, str):
            assert own == other
        else:
            assert own.shape == other.shape
            np.testing.assert_array_equal(own, other)


# ---- writing -------------------------------------------------------------------------------------


@st.composite
def writes(draw: Any) -> tuple[Any, ...]:
    """A shape, a key, and the shape of what is written: broadcast, or a number."""
    shape, key = draw(keys())
    # Of equal indices, NumPy and torch both let the last one win, but neither promises it.
    return (
        shape,
        key,
        draw(st.sampled_from(("number", "scalar", "ones", "full"))),
        draw(st.booleans()),
    )


def value_for(kind: str, shape: tuple[int, ...], integers: bool) -> Any:
    """Return what is written to a region of this shape."""
    if kind == "number":
        return 7 if integers else 0.5
    if kind == "ones":
        shape = tuple(1 for _ in shape)
    values = 100 + np.arange(np.prod(() if kind == "scalar" else shape))
    values = values.reshape(() if kind == "scalar" else shape)
    return values.astype(np.int64 if integers else np.float64)


def has_repeats(array: Any, key: Any, library: Any = np) -> bool:
    """Return whether a key names an element twice."""
    numbers = np.asarray(library.arange(int(np.prod(array.shape))).reshape(array.shape)[key])
    return np.unique(numbers).size != np.size(numbers)


@settings(max_examples=300, deadline=None)
@given(writes())
def test_writing_agrees_with_numpy(case: Any) -> None:
    shape, key, kind, integers = case
    array = filled(shape)
    if not agrees(key):
        return
    try:
        region = array[as_numpy(key)].shape
    except IndexError:
        return
    if has_repeats(array, as_numpy(key)):
        return
    value = value_for(kind, region, integers)
    tensor = penlight.from_numpy(array.copy())
    array[as_numpy(key)] = value
    indexed = any(isinstance(item, Index) and not is_number(item) for item in key)
    masks = [isinstance(item, Index) and item.values.dtype == bool for item in key]
    by_mask_alone = sum(isinstance(item, Index) for item in key) == sum(masks) == 1
    dtyped = (
        indexed
        and isinstance(value, np.ndarray)
        and integers
        and not (by_mask_alone and np.size(value) == 1)
    )
    given_value = penlight.from_numpy(value) if isinstance(value, np.ndarray) else value
    if dtyped:
        with pytest.raises(RuntimeError, match="source and destination dtypes match"):
            tensor[as_library(penlight, key)] = given_value
        return
    tensor[as_library(penlight, key)] = given_value
    np.testing.assert_array_equal(tensor.numpy(), array)


@needs_torch
@settings(max_examples=300, deadline=None)
@given(writes())
def test_writing_and_its_gradients_agree_with_torch(case: Any) -> None:
    shape, key, kind, integers = case
    results = []
    for library in (penlight, torch):
        tensor = library.from_numpy(filled(shape)).requires_grad_()

        def write(tensor: Any = tensor, library: Any = library) -> Any:
            region = outcome(lambda: tuple(tensor[as_library(library, key)].shape))
            if isinstance(region, type):
                # Of two faults, the key's and the dtype's, either may be told first.
                tensor.detach()[as_library(library, key)] = 0.5
            if has_repeats(tensor.detach(), as_library(library, key), library):
                return ()
            value = value_for(kind, region, integers)
            leaf = None
            if isinstance(value, np.ndarray):
                value = library.from_numpy(value)
                leaf = value = value if integers else value.requires_grad_()
            written = tensor * 2
            written[as_library(library, key)] = value
            weights = library.arange(1.0, 1.0 + written.numel(), dtype=library.float64)
            (written * weights.view(written.shape)).sum().backward()
            found = [written.detach().numpy(), tensor.grad.numpy()]
            if leaf is not None and leaf.requires_grad:
                found.append(leaf.grad.numpy())
            return (*found, type(written.grad_fn).__name__)

        results.append(outcome(write))
    compare(*results)


# ---- by hand -------------------------------------------------------------------------------------


def test_index_arrays_apart_put_their_dimensions_first() -> None:
    x = penlight.zeros(2, 3, 4, 5)
    index = penlight.tensor([0, 1])
    assert x[index, :, index].shape == (2, 3, 5)
    assert x[:, index, index].shape == (2, 2, 5)
    assert x[:, index, :, index].shape == (2, 2, 4)
    assert x[..., index].shape == (2, 3, 4, 2)
    assert x[None, index].shape == (1, 2, 3, 4, 5)


def test_an_int_takes_its_dimension_away_before_index_arrays_meet() -> None:
    # NumPy counts the int as an index array and would put the 2 first: (2, 3).
    x = penlight.zeros(4, 3, 5)
    assert x[0, :, penlight.tensor([0, 1])].shape == (3, 2)


def test_a_uint8_index_is_a_mask_and_warns() -> None:
    x = penlight.arange(3)
    with pytest.warns(UserWarning, match=r"indexing with dtype torch\.uint8 is now deprecated"):
        found = x[penlight.tensor([1, 0, 1], dtype=penlight.uint8)]
    assert found.tolist() == [0, 2]


def test_bools_add_a_dimension() -> None:
    x = penlight.arange(3)
    assert x[True].tolist() == [[0, 1, 2]]
    assert x[False].shape == (0, 3)
    assert x[penlight.tensor(True)].shape == (1, 3)


def test_reading_a_whole_tensor_gives_a_view() -> None:
    x = penlight.zeros(2)
    x[...].add_(1)
    x[:].add_(1)
    x[()].add_(1)
    assert x.tolist() == [3, 3]


def test_repeated_indices_add_up_in_the_gradient() -> None:
    x = penlight.ones(3, requires_grad=True)
    x[[0, 0, 2]].sum().backward()
    assert x.grad.tolist() == [2, 0, 1]


def test_what_is_chosen_from_a_contiguous_tensor_is_contiguous() -> None:
    x = penlight.arange(24.0).reshape(2, 3, 4)
    i = penlight.tensor([[0, 1, -1], [1, 0, 0]])
    for key in ((i,), (slice(None), i), (..., i), (slice(None), i, i), (slice(None), [1, 0])):
        chosen = x[key]
        assert chosen.is_contiguous()
        np.testing.assert_array_equal(
            chosen.numpy(),
            x.numpy()[tuple(k.numpy() if isinstance(k, penlight.Tensor) else k for k in key)],
        )
        assert chosen.view(-1).shape == (chosen.numel(),)


@pytest.mark.parametrize("lead", [(), (slice(None),)])
def test_backward_refuses_indices_that_were_written(lead: Any) -> None:
    x = penlight.ones(3, 3, requires_grad=True)
    i = penlight.tensor([0, 2])
    y = x[(*lead, i)]
    i.add_(0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_writing_casts_numbers_and_views_to_the_tensors_dtype() -> None:
    x = penlight.zeros(3, dtype=penlight.int64)
    x[0] = 2.9
    x[1:] = penlight.tensor([1.5, -1.5])
    assert x.tolist() == [2, 1, -1]


def test_writing_drops_leading_ones_of_the_value() -> None:
    x = penlight.zeros(2, 3)
    x[0] = penlight.ones(1, 1, 3)
    assert x.tolist() == [[1, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize(
    "key, error, phrase",
    [
        (3, IndexError, "index 3 is out of bounds for dimension 0 with size 2"),
        ((0, 3), IndexError, "index 3 is out of bounds for dimension 1 with size 3"),
        ((0, 0, 0), IndexError, "too many indices for tensor of dimension 2"),
        (slice(None, None, -1), ValueError, "step must be greater than zero"),
        (slice(None, None, 0), ValueError, "slice step cannot be zero"),
        (1.5, IndexError, "only integers, slices"),
        ("a", TypeError, "new(): invalid data type 'str'"),
        ([0, 5], IndexError, "index 5 is out of bounds for dimension 0 with size 2"),
        (
            ([0, 1], [0, 1, 2]),
            IndexError,
            "shape mismatch: indexing tensors could not be broadcast",
        ),
        ([True, False, True], IndexError, "does not match the shape of the indexed tensor"),
    ],
)
def test_bad_keys_are_refused_in_torchs_words(
    key: Any, error: type[Exception], phrase: str
) -> None:
    for library in (penlight, torch) if torch else (penlight,):
        with warnings.catch_warnings(action="ignore"), pytest.raises(error) as caught:
            library.zeros(2, 3)[key]
        assert phrase in str(caught.value)


def test_a_float_tensor_is_no_index() -> None:
    with pytest.raises(IndexError, match="tensors used as indices must be long, int, byte or bool"):
        penlight.zeros(2)[penlight.zeros(2)]


def test_a_0d_tensor_cannot_be_indexed() -> None:
    with pytest.raises(IndexError, match="invalid index of a 0-dim tensor"):
        penlight.tensor(1.0)[0]


def test_a_value_that_does_not_fit_is_refused() -> None:
    x = penlight.zeros(2, 3)
    with pytest.raises(RuntimeError, match="The expanded size of the tensor"):
        x[0] = penlight.ones(4)
    with pytest.raises(RuntimeError, match="shape mismatch: value tensor of shape"):
        x[[0, 1]] = penlight.ones(4)
