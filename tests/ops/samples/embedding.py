"""Samples of embeddings and bags of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples


def tables(make: Make) -> Iterator[Sample]:
    """Yield index shapes and dtypes, padding, and gradients divided by frequency."""
    yield Sample(make.index(3, 2, high=5), make(5, 3))
    yield Sample(make.index(high=5), make(5, 3))
    yield Sample(make.index(0, 2, high=5), make(5, 3))
    yield Sample(make.of([4, 0, 4], dtype="int32", grad=False), make(5, 3))
    # Finite differences do not see these: the forward is the same without them.
    again = make.of([0, 2, 2, 4], dtype="int64", grad=False)
    for named in ({"padding_idx": 2}, {"padding_idx": -1}, {"scale_grad_by_freq": True}):
        yield Sample(again, make(5, 3), **named, grad=False)


def bags(make: Make) -> Iterator[Sample]:
    """Yield every mode with equal bags, with offsets (an empty bag among them), and its options."""
    flat = make.of([0, 2, 2, 4, 1], dtype="int64", grad=False)
    offsets = make.of([0, 2, 2], dtype="int64", grad=False)
    for mode in ("sum", "mean", "max"):
        yield Sample(make.index(3, 2, high=5), make(5, 3), mode=mode, second=False)
        yield Sample(flat, make(5, 3), offsets, mode=mode, second=False)
        yield Sample(flat, make(5, 3), offsets, mode=mode, padding_idx=2, second=False)
        ends = make.of([0, 2, 5], dtype="int64", grad=False)
        yield Sample(flat, make(5, 3), ends, mode=mode, include_last_offset=True, second=False)
    for mode in ("sum", "mean"):
        # The frequency is no part of the forward, so finite differences do not see it.
        yield Sample(flat, make(5, 3), offsets, mode=mode, scale_grad_by_freq=True, grad=False)
    yield Sample(flat, make(5, 3), offsets, mode="sum", per_sample_weights=make(5), second=False)


def one_hot(make: Make) -> Iterator[Sample]:
    """Yield counted and given numbers of classes."""
    yield Sample(make.index(3, 2, high=4))
    yield Sample(make.index(high=4), 6)
    yield Sample(make.index(0, high=4), 3)


SAMPLES: dict[str, Any] = {
    "nn.functional.embedding": Samples(tables),
    "nn.functional.embedding_bag": Samples(bags, dtypes=FLOATING),
    "nn.functional.one_hot": Samples(one_hot, dtypes=("int64",)),
}


def index(values: Any, dtype: str = "int64") -> Input:
    """Return indices."""
    return Input(values, dtype, grad=False)


TABLE = Input([[1.0, 2.0]] * 3, "float32", grad=False)
WHOLE = (
    "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int"
)
REFUSALS = {
    "nn.functional.embedding": [
        Refusal(
            IndexError,
            "index out of range in self",
            index([[0, 1], [2, 3]]),
            TABLE,
            ours="index 3 at position (1, 1) of its input, but the table has 3 rows",
        ),
        Refusal(
            IndexError,
            "index out of range in self",
            index([-1]),
            TABLE,
            ours="indices run from 0 to 2",
        ),
        Refusal(RuntimeError, WHOLE, Input([1.0], "float32", grad=False), TABLE, ours=".long()"),
        Refusal(RuntimeError, WHOLE, index([1], "int16"), TABLE, ours="torch.ShortTensor"),
        Refusal(RuntimeError, WHOLE, index([True], "bool"), TABLE, ours="CPUBoolType"),
        Refusal(RuntimeError, "'weight' must be 2-D", index([0]), index([0]), ours="[1]"),
        Refusal(
            AssertionError,
            "Padding_idx must be within num_embeddings",
            index([0]),
            TABLE,
            padding_idx=3,
            ours="got 3 for a table of 3 rows",
        ),
    ],
    "nn.functional.embedding_bag": [
        Refusal(
            RuntimeError,
            "Index 1 of input takes value 3 which is not in the valid range [0, 3)",
            index([0, 3]),
            TABLE,
            index([0]),
        ),
        Refusal(
            RuntimeError,
            "Expected idx >= 0 && idx < num_embeddings but found idx to be 3",
            index([[3]]),
            TABLE,
            mode="max",
        ),
        Refusal(RuntimeError, "offsets[0] has to be 0", index([0]), TABLE, index([1])),
        Refusal(
            RuntimeError,
            "offsets[-1] can not be greater than input's length 1 but got offsets[-1] of 2",
            index([0]),
            TABLE,
            index([0, 2]),
        ),
        Refusal(ValueError, "offsets has to be a 1D Tensor but got None", index([0]), TABLE),
        Refusal(
            ValueError, "input is 2D, then offsets has to be None", index([[0]]), TABLE, index([0])
        ),
        Refusal(ValueError, "mode has to be one of", index([[0]]), TABLE, mode="min", ours="'min'"),
        Refusal(
            ValueError,
            "max mode does not support scaling the gradient by the frequency",
            index([[0]]),
            TABLE,
            mode="max",
            scale_grad_by_freq=True,
        ),
        Refusal(
            RuntimeError,
            "padding_idx must be within the number of embeddings, -3 through 2, but got 4",
            index([[0]]),
            TABLE,
            padding_idx=4,
        ),
    ],
    "nn.functional.one_hot": [
        Refusal(RuntimeError, "Class values must be non-negative", index([-1]), ours="got -1"),
        Refusal(
            RuntimeError,
            "Class values must be smaller than num_classes",
            index([3]),
            2,
            ours="got 3 with 2 classes",
        ),
    ],
}
