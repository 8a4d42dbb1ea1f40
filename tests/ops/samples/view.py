"""Samples of the ops whose results look at their input's memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from ops.samples import Input, Make, Refusal, Sample, Samples

import penlight


def calls(*listed: Sequence[Any], **settings: Any) -> Samples:
    """Return samples from (shape, argument, …) tuples."""

    def generate(make: Make) -> Iterator[Sample]:
        for shape, *arguments in listed:
            yield Sample(make(*shape), *arguments, inplace=False)

    return Samples(generate, strides=True, **settings)


def with_other(*shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> Samples:
    """Return samples whose second argument is a tensor with the shape to take."""

    def generate(make: Make) -> Iterator[Sample]:
        for own, other in shapes:
            yield Sample(make(*own), make(*other, grad=False))

    return Samples(generate, strides=True)


def read_as(make: Make) -> Iterator[Sample]:
    """Yield the samples of Tensor.view: shapes, and bytes read as another dtype."""
    for shape, *sizes in (
        ((3, 4), 12),
        ((3, 4), 2, 6),
        ((3, 4), (4, 3)),
        ((3, 4), -1),
        ((), 1),
        ((1,), ()),
        ((2, 1, 3), 6),
    ):
        yield Sample(make(*shape), *sizes)
    yield Sample(make(0, 3), 3, -1)
    if make.dtype == "float32":
        yield Sample(make(3, 4, grad=False), penlight.int32)
        yield Sample(make(3, 4, grad=False), penlight.float64)
        yield Sample(make(3, 4, grad=False), penlight.uint8)


SAMPLES: dict[str, Any] = {
    "Tensor.view": Samples(read_as, node=True),
    "reshape": calls(
        ((3, 4), (2, 6)),
        ((3, 4), (-1,)),
        ((3, 4), (3, 4)),
        ((), (1, 1)),
        ((0, 3), (0,)),
        ((2, 3, 4), (6, -1)),
    ),
    "Tensor.reshape": calls(((3, 4), 2, 6), ((3, 4), -1)),
    "Tensor.view_as": with_other(((3, 4), (2, 6)), ((1,), ())),
    "Tensor.reshape_as": with_other(((3, 4), (2, 6))),
    "transpose": calls(
        ((3, 4), 0, 1), ((2, 3, 4), -1, 0), ((3,), 0, 0), ((), 0, -1), ((0, 3), 1, 0)
    ),
    "swapaxes": calls(((2, 3, 4), 0, 2)),
    "swapdims": calls(((2, 3, 4), 1, -1)),
    "t": calls(((3, 4),), ((3,),), ((),), ((0, 2),)),
    "permute": calls(((2, 3, 4), (2, 0, 1)), ((2, 3), (-1, 0)), ((), ()), ((0, 2), (1, 0))),
    "movedim": calls(((2, 3, 4), 0, 2), ((2, 3, 4), (0, 1), (2, 0)), ((2, 3), -1, 0)),
    "moveaxis": calls(((2, 3, 4), 0, -1)),
    "Tensor.expand": calls(
        ((3, 1), 3, 4), ((3, 1), (2, -1, 4)), ((), 2, 2), ((1,), 0), ((2, 3), -1, -1)
    ),
    "broadcast_to": calls(((3, 1), (3, 4)), ((), (2, 2)), ((4,), (2, 3, 4))),
    "Tensor.expand_as": with_other(((3, 1), (2, 3, 4)), ((), (2,))),
    "flatten": calls(
        ((2, 3, 4),), ((2, 3, 4), 1), ((2, 3, 4), 0, 1), ((3,),), ((),), ((2, 0, 3), 1)
    ),
    "unflatten": calls(((2, 6), 1, (2, 3)), ((2, 6), -1, (-1, 2)), ((6,), 0, (6, 1))),
    "ravel": calls(((2, 3),), ((),), ((0, 3),)),
    "squeeze": calls(
        ((2, 1, 3, 1),),
        ((2, 1, 3), 1),
        ((2, 1, 3), 0),
        ((1, 2, 1), (0, 2)),
        ((), 0),
        ((1,),),
        ((1, 0),),
    ),
    "unsqueeze": calls(((2, 3), 0), ((2, 3), -1), ((2, 3), 1), ((), 0), ((0,), 1)),
    "select": calls(((3, 4), 0, 1), ((3, 4), 1, -1), ((3,), 0, 2), ((2, 0), 0, 1)),
    "narrow": calls(((5, 3), 0, 1, 2), ((5, 3), 1, -2, 2), ((5,), 0, 0, 0)),
    "diagonal": calls(
        ((3, 4),),
        ((4, 3), -1),
        ((3, 4), 2),
        ((2, 3, 4), 0, 1, 2),
        ((2, 3, 4), 1, 0, 2),
        ((3, 4), 4),
    ),
    "unbind": calls(((3, 4),), ((3, 4), 1), ((2,), -1), ((0, 2),)),
    "Tensor.unfold": calls(((7,), 0, 3, 2), ((3, 6), 1, 2, 2), ((5, 2), 0, 5, 1), ((4,), -1, 1, 3)),
    "Tensor.__getitem__": calls(
        ((3, 4), 1),
        ((3, 4), slice(1, None)),
        ((5, 4), slice(None, None, 2)),
        ((3, 4), (slice(None), 2)),
        ((3, 4), (Ellipsis, slice(1, 3))),
        ((3, 4), None),
        ((3, 4), Ellipsis),
        ((3, 4), (1, 2)),
        ((2, 3, 4), (0, slice(None), slice(1, 4, 2))),
        ((3, 4), slice(2, 1)),
    ),
    # as_strided reads memory, not elements.
    "as_strided": calls(
        ((3, 4), (2, 2), (1, 2)),
        ((3, 4), (2, 3), (4, 1), 2),
        ((6,), (4, 3), (1, 1)),
        ((3, 4), (), (), 5),
        layouts=False,
    ),
    "Tensor.contiguous": calls(((3, 4),), ((),)),
}


def tensor(*shape: int) -> Input:
    """Return zeros for a refusal."""
    return Input(np.zeros(shape), "float32", grad=False)


OUT_OF_RANGE = "Dimension out of range (expected to be in range of [-2, 1], but got 2)"
TESTED_ELSEWHERE = {
    "_hole": "tests/autograd/test_views_fuzz.py",
    "_region": "tests/autograd/test_views_fuzz.py",
}
REFUSALS = {
    "Tensor.view": [
        Refusal(RuntimeError, "shape '[5]' is invalid for input of size 12", tensor(3, 4), 5),
        Refusal(RuntimeError, "only one dimension can be inferred", tensor(3, 4), -1, -1),
    ],
    "reshape": [
        Refusal(RuntimeError, "shape '[5]' is invalid for input of size 12", tensor(3, 4), (5,)),
        Refusal(
            RuntimeError,
            "cannot reshape tensor of 0 elements into shape [0, -1] because the unspecified "
            "dimension size -1 can be any value and is ambiguous",
            tensor(0, 3),
            (0, -1),
        ),
        Refusal(RuntimeError, "invalid shape dimension -2", tensor(3), (-2,)),
    ],
    "transpose": [Refusal(IndexError, OUT_OF_RANGE, tensor(3, 4), 0, 2)],
    "permute": [
        Refusal(
            RuntimeError,
            "number of dimensions in the tensor input does not match the length of",
            tensor(3, 4),
            (0,),
        ),
        Refusal(RuntimeError, "permute(): duplicate dims are not allowed.", tensor(3, 4), (0, 0)),
    ],
    "t": [
        Refusal(
            RuntimeError,
            "t() expects a tensor with <= 2 dimensions, but self is 3D",
            tensor(1, 2, 3),
        )
    ],
    "Tensor.expand": [
        Refusal(
            RuntimeError,
            "The expanded size of the tensor (4) must match the existing size (3) at non-singleton",
            tensor(3),
            4,
        ),
        Refusal(
            RuntimeError,
            "must be greater or equal to the number of dimensions in the tensor (2)",
            tensor(3, 1),
            3,
        ),
        Refusal(
            RuntimeError, "isn't allowed in a leading, non-existing dimension 0", tensor(3), -1, 3
        ),
    ],
    "flatten": [
        Refusal(
            RuntimeError,
            "flatten() has invalid args: start_dim cannot come after end_dim",
            tensor(2, 3),
            1,
            0,
        ),
        Refusal(IndexError, OUT_OF_RANGE, tensor(2, 3), 2),
    ],
    "unflatten": [
        Refusal(
            RuntimeError,
            "don't multiply up to the size of dim 1 (6) in the input tensor",
            tensor(2, 6),
            1,
            (4, 2),
        ),
    ],
    "squeeze": [Refusal(IndexError, OUT_OF_RANGE, tensor(2, 1), 2)],
    "unsqueeze": [
        Refusal(
            IndexError,
            "Dimension out of range (expected to be in range of [-3, 2], but got 3)",
            tensor(2, 1),
            3,
        ),
    ],
    "select": [
        Refusal(
            IndexError,
            "index 3 out of range for tensor of size [3, 4] at dimension 0",
            tensor(3, 4),
            0,
            3,
        )
    ],
    "narrow": [
        Refusal(
            RuntimeError, "start (2) + length (2) exceeds dimension size (3).", tensor(3), 0, 2, 2
        )
    ],
    "diagonal": [
        Refusal(RuntimeError, "diagonal dimensions cannot be identical", tensor(2, 3), 0, 1, 1)
    ],
    "Tensor.unfold": [
        Refusal(
            RuntimeError,
            "maximum size for tensor at dimension 0 is 3 but size is 4",
            tensor(3),
            0,
            4,
            1,
        ),
        Refusal(RuntimeError, "step is 0 but must be > 0", tensor(3), 0, 2, 0),
    ],
    "Tensor.__getitem__": [
        Refusal(
            IndexError, "index 3 is out of bounds for dimension 0 with size 3", tensor(3, 4), 3
        ),
        Refusal(IndexError, "too many indices for tensor of dimension 2", tensor(3, 4), (0, 0, 0)),
        Refusal(ValueError, "step must be greater than zero", tensor(3), slice(None, None, -1)),
    ],
}
