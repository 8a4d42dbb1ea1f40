"""Samples of joining and splitting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from ops.samples import Input, Make, Refusal, Sample, Samples


def joined(make: Make) -> Iterator[Sample]:
    """Yield the samples of cat."""
    yield Sample([make(2, 3), make(4, 3)])
    yield Sample([make(2, 3), make(2, 1), make(2, 2)], 1)
    yield Sample((make(3), make(2)), -1)
    yield Sample([make(2, 3)], 0)
    yield Sample([make(0), make(2, 3)], 0)
    yield Sample([make(0, 3), make(2, 3)])
    yield Sample([make(2), make.of([1, 2], dtype="int32"), make.of([1.5], dtype="float64")], 0)


def stacked(make: Make) -> Iterator[Sample]:
    """Yield the samples of stack."""
    yield Sample([make(2, 3), make(2, 3)])
    yield Sample([make(2, 3), make(2, 3), make(2, 3)], 1)
    yield Sample((make(2), make(2)), -1)
    yield Sample([make(), make()])
    yield Sample([make(0, 2)] * 2, 2)
    yield Sample([make(2), make.of([1, 2], dtype="int32")], dim=0)


def pieces(*listed: Sequence[Any]) -> Samples:
    """Return samples from (shape, argument, …) tuples."""

    def generate(make: Make) -> Iterator[Sample]:
        for shape, *arguments in listed:
            yield Sample(make(*shape), *arguments)

    return Samples(generate, strides=True)


def copies(*listed: Sequence[Any]) -> Samples:
    """As :func:`pieces`, of parts that are copies here and views in torch."""
    return Samples(pieces(*listed).generate)


SAMPLES: dict[str, Any] = {
    "cat": joined,
    "concat": joined,
    "concatenate": joined,
    "stack": stacked,
    "split": pieces(
        ((7, 2), 3),
        ((4, 2), 2),
        ((4, 5), 2, 1),
        ((5,), [1, 4]),
        ((2, 5), [2, 0, 3], -1),
        ((3,), 5),
        ((0, 2), 1),
    ),
    "chunk": pieces(((7, 2), 3), ((6,), 2), ((2, 5), 4, 1), ((3,), 5), ((0, 2), 2)),
    "tensor_split": pieces(
        ((7, 2), 3), ((2, 5), 2, 1), ((5,), (1, 3)), ((5, 2), [2]), ((4,), (3, 1))
    ),
    "split_with_sizes": pieces(((5,), [1, 4]), ((2, 5), [2, 0, 3], -1)),
    "unsafe_split": copies(((7, 2), 3), ((4, 5), 2, 1), ((3,), 5), ((0, 2), 1)),
    "unsafe_split_with_sizes": copies(((5,), [1, 4]), ((2, 5), [2, 0, 3], -1)),
    "unsafe_chunk": copies(((7, 2), 3), ((2, 5), 4, 1), ((0, 2), 2)),
}


def tensor(*shape: int) -> Input:
    """Return zeros for a refusal."""
    return Input(np.zeros(shape), "float32", grad=False)


REFUSALS = {
    "cat": [
        Refusal(ValueError, "torch.cat(): expected a non-empty list of Tensors", []),
        Refusal(
            TypeError,
            "expected Tensor as element 1 in argument 0, but got NoneType",
            [tensor(2), None],
        ),
        Refusal(
            RuntimeError,
            "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 4 for "
            "tensor number 1 in the list.",
            [tensor(2, 3), tensor(2, 4)],
        ),
        Refusal(
            RuntimeError,
            "Tensors must have same number of dimensions: got 2 and 1",
            [tensor(2, 3), tensor(2)],
        ),
        Refusal(
            RuntimeError,
            "zero-dimensional tensor (at position 0) cannot be concatenated",
            [tensor(), tensor()],
        ),
        Refusal(
            TypeError,
            "cat(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor",
            tensor(2),
        ),
        Refusal(
            IndexError,
            "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
            [tensor(2)],
            1,
        ),
    ],
    "stack": [
        Refusal(
            RuntimeError,
            "stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1",
            [tensor(2), tensor(3)],
        ),
        Refusal(RuntimeError, "stack expects a non-empty TensorList", []),
    ],
    "split": [
        Refusal(
            RuntimeError,
            "split_with_sizes expects split_sizes to sum exactly to 5 (input tensor's size at "
            "dimension 0), but got split_sizes=[1, 2]",
            tensor(5),
            [1, 2],
        ),
        Refusal(
            RuntimeError,
            "split expects split_size be non-negative, but got split_size=-1",
            tensor(5),
            -1,
        ),
    ],
    "split_with_sizes": [
        Refusal(RuntimeError, "to sum exactly to 5", tensor(5), [1, 2], ours="split_sizes=[1, 2]"),
        Refusal(RuntimeError, "only non-negative entries", tensor(5), [6, -1]),
    ],
    "unsafe_split": [
        Refusal(RuntimeError, "split expects split_size be non-negative", tensor(5), -1)
    ],
    "unsafe_chunk": [
        Refusal(RuntimeError, "chunk expects `chunks` to be greater than 0", tensor(5), 0)
    ],
    "chunk": [
        Refusal(RuntimeError, "chunk expects `chunks` to be greater than 0, got: 0", tensor(5), 0)
    ],
}
