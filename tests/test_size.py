"""``torch.Size``: a tuple that stays a Size."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from penlight._size import Size


def test_repr_lists_the_lengths() -> None:
    assert repr(Size([2, 3])) == "torch.Size([2, 3])"
    assert repr(Size([5])) == "torch.Size([5])"
    assert repr(Size(())) == "torch.Size([])"
    assert str(Size([2, 3])) == f"{Size([2, 3])}" == "torch.Size([2, 3])"


def test_numel_is_the_product() -> None:
    assert Size([2, 3, 4]).numel() == 24
    assert Size([]).numel() == 1
    assert Size([5, 0]).numel() == 0


def test_is_a_tuple_equal_to_and_hashing_as_one() -> None:
    size = Size([2, 3])
    assert isinstance(size, tuple)
    assert size == (2, 3)
    assert hash(size) == hash((2, 3))
    rows, columns = size
    assert (rows, columns) == (2, 3)


@pytest.mark.parametrize("items", [[2, 3], (2, 3), range(2, 4), iter([2, 3]), np.array([2, 3])])
def test_is_made_from_any_iterable_of_integers(items: object) -> None:
    size = Size(items)
    assert size == (2, 3)
    assert all(type(length) is int for length in size)


@pytest.mark.parametrize(
    ("items", "place"),
    [
        ([1.0], "item 0 is 'float'"),
        ([1, "a"], "item 1 is 'str'"),
        ([1, 2, None], "item 2 is 'NoneType'"),
        ([np.float32(2)], "item 0 is 'numpy.float32'"),
        ([[1]], "item 0 is 'list'"),
    ],
)
def test_refuses_what_is_not_an_integer(items: list[object], place: str) -> None:
    with pytest.raises(TypeError) as caught:
        Size(items)
    assert str(caught.value) == f"torch.Size() takes an iterable of 'int' ({place})"


def test_refuses_what_is_not_iterable() -> None:
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        Size(5)


def test_indexing_gives_an_int_and_slicing_a_size() -> None:
    size = Size([2, 3, 4])
    assert type(size[0]) is int
    assert size[-1] == 4
    assert type(size[1:]) is Size
    assert size[::2] == (2, 4)
    with pytest.raises(IndexError, match="out of range"):
        size[3]


def test_sums_and_repetitions_are_sizes() -> None:
    size = Size([2, 3])
    for made, expected in (
        (size + (4,), (2, 3, 4)),  # noqa: RUF005 - the operator is under test
        ((4,) + size, (4, 2, 3)),  # noqa: RUF005
        (size + size, (2, 3, 2, 3)),
        (size * 2, (2, 3, 2, 3)),
        (2 * size, (2, 3, 2, 3)),
    ):
        assert type(made) is Size
        assert made == expected


def test_sums_refuse_other_sequences() -> None:
    with pytest.raises(TypeError, match=r"can only concatenate tuple \(not list\) to torch\.Size"):
        Size([2]) + [1]  # noqa: RUF005
    with pytest.raises(TypeError, match=r'can only concatenate list \(not "Size"\) to list'):
        [1] + Size([2])  # noqa: RUF005
    with pytest.raises(TypeError, match=r"item 1 is 'float'"):
        Size([2]) + (1.5,)  # noqa: RUF005
    with pytest.raises(TypeError, match="can't multiply sequence by non-int"):
        Size([2]) * 1.5


def test_survives_pickling_and_copying() -> None:
    size = Size([2, 3])
    for again in (pickle.loads(pickle.dumps(size)), copy.copy(size), copy.deepcopy(size)):
        assert type(again) is Size
        assert again == size


def test_has_no_further_attributes() -> None:
    with pytest.raises(AttributeError):
        Size([2]).extra = 1
