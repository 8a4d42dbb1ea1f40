"""Samples of losses with a margin, and of distances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples

REDUCTIONS = ("none", "mean", "sum")


def signs(make: Make, *shape: int) -> Input:
    """Return ones and minus ones."""
    numbers = np.where(np.arange(int(np.prod(shape))) % 3 == 1, -1, 1).reshape(shape)
    return make.of(numbers, grad=False)


def of_signs(*names: str, margin: bool = True, second: bool = True) -> Samples:
    """Return samples of a loss of tensors of one shape and a target of signs."""

    def generate(make: Make) -> Iterator[Sample]:
        for shape in ((3, 4), (5,), ()):
            for reduction in REDUCTIONS:
                given = [make(*shape) for _ in names]
                yield Sample(*given, signs(make, *shape), reduction=reduction, second=second)
        if margin:
            given = [make(3, 4) for _ in names]
            yield Sample(*given, signs(make, 3, 4), margin=0.4, second=second)

    return Samples(generate, dtypes=FLOATING)


def of_one_sign(make: Make) -> Iterator[Sample]:
    """Yield scores and signs, of another dtype too, or for each column."""
    yield from of_signs("input", margin=False)(make)
    for reduction in REDUCTIONS:
        yield Sample(make(3, 4), signs(make, 4), reduction=reduction)
        target = make.of([[1, -1, 1, 1]], dtype="int64", grad=False)
        yield Sample(make(3, 4), target, reduction=reduction)


def numbered(make: Make) -> Iterator[Sample]:
    """Yield what torch's own function takes: reductions by number."""
    for reduction in (0, 1, 2):
        yield Sample(make(3, 4), signs(make, 3, 4), 0.5, reduction)


def numbered_ranking(make: Make) -> Iterator[Sample]:
    """Yield pairs with reductions by number."""
    for reduction in (0, 1, 2):
        yield Sample(make(3, 4), make(3, 4), signs(make, 3, 4), 0.5, reduction)


def embedded(make: Make) -> Iterator[Sample]:
    """Yield vectors, one or several, of which some should be alike."""
    # Sums of half numbers are rounded at every step by torch, once here.
    loose = 8 if make.dtype in {"float16", "bfloat16"} else 1
    for shape in ((4, 5), (5,)):
        for reduction in REDUCTIONS:
            target = signs(make, *shape[:-1])
            yield Sample(make(*shape), make(*shape), target, reduction=reduction, loose=loose)
            given = (make(*shape), make(*shape), target, 0.3)
            yield Sample(*given, reduction=reduction, loose=loose)


def numbered_embedded(make: Make) -> Iterator[Sample]:
    """Yield vectors with reductions by number."""
    loose = 8 if make.dtype in {"float16", "bfloat16"} else 1
    for reduction in (0, 1, 2):
        target = signs(make, 4)
        yield Sample(make(4, 5), make(4, 5), target, 0.1, reduction, loose=loose)


def triplets(make: Make) -> Iterator[Sample]:
    """Yield three vectors, or batches of them, with norms and swaps."""
    loose = 8 if make.dtype in {"float16", "bfloat16"} else 1
    for shape in ((4, 5), (5,)):
        for named in ({}, {"p": 1.0}, {"p": 3.0, "margin": 0.5}, {"swap": True}):
            three = [make(*shape) for _ in range(3)]
            yield Sample(*three, **named, loose=loose)
    for reduction in REDUCTIONS:
        three = [make(4, 5) for _ in range(3)]
        yield Sample(*three, margin=2.0, reduction=reduction, loose=loose)


def numbered_triplets(make: Make) -> Iterator[Sample]:
    """Yield triplets with reductions by number."""
    loose = 8 if make.dtype in {"float16", "bfloat16"} else 1
    for reduction in (0, 1, 2):
        three = [make(4, 5) for _ in range(3)]
        yield Sample(*three, 1.5, 2.0, 1e-6, False, reduction, loose=loose)


def distanced(make: Make) -> Iterator[Sample]:
    """Yield triplets whose distance is the default one."""
    loose = 8 if make.dtype in {"float16", "bfloat16"} else 1
    for reduction in REDUCTIONS:
        for swap in (False, True):
            three = [make(4, 5) for _ in range(3)]
            yield Sample(*three, margin=2.0, swap=swap, reduction=reduction, loose=loose)


def classes(make: Make) -> Iterator[Sample]:
    """Yield scores of classes, one row or several, with margins, powers and weights."""
    weight = make(4, low=0.5, high=2, grad=False)
    for p in (1, 2):
        for reduction in REDUCTIONS:
            yield Sample(make(3, 4), make.index(3, high=4), p=p, reduction=reduction)
            given = make(3, 4), make.index(3, high=4)
            yield Sample(*given, p=p, margin=0.3, weight=weight, reduction=reduction)
            yield Sample(make(4), make.index(high=4), p=p, reduction=reduction)


def lists_of_classes(make: Make) -> Iterator[Sample]:
    """Yield scores and lists of classes that end with -1, or do not end."""
    lists = [[2, 0, -1, 3], [1, -1, 0, 0], [-1, 2, 2, 2], [3, 1, 0, 2]]
    for reduction in REDUCTIONS:
        yield Sample(make(4, 4), make.of(lists, dtype="int64", grad=False), reduction=reduction)
        one = make.of([2, 1, -1, 0], dtype="int64", grad=False)
        yield Sample(make(4), one, reduction=reduction)


def probable(make: Make) -> Iterator[Sample]:
    """Yield scores and probabilities of several labels."""
    loose = 4 if make.dtype in {"float16", "bfloat16"} else 1
    weight = make(4, low=0.5, high=2, grad=False)
    for shape in ((3, 4), (4,), (2, 3, 4)):
        for reduction in REDUCTIONS:
            given = make(*shape), make(*shape, low=0.1, high=0.9)
            yield Sample(*given, reduction=reduction, loose=loose)
            yield Sample(*given, weight=weight, reduction=reduction, loose=loose)


def similar(make: Make) -> Iterator[Sample]:
    """Yield vectors that broadcast, along each dimension."""
    loose = 8 if make.dtype in {"float16", "bfloat16"} else 1
    yield Sample(make(3, 4), make(3, 4), loose=loose)
    yield Sample(make(3, 4), make(4), loose=loose)
    yield Sample(make(2, 3, 4), make(3, 1), -2, loose=loose)
    yield Sample(make(4), make(4), 0, loose=loose)
    yield Sample(make(3, 4), make(1, 4), eps=4.0, loose=loose)
    yield Sample(make(3, 4), make.of(np.arange(1, 5) / 4, dtype="float64"), loose=loose)


def distant(make: Make) -> Iterator[Sample]:
    """Yield vectors with norms."""
    loose = 8 if make.dtype in {"float16", "bfloat16"} else 1
    for shape in ((3, 4), (4,)):
        for p in (2.0, 1.0, 3.0, float("inf")):
            yield Sample(make(*shape), make(*shape), p, loose=loose)
    yield Sample(make(3, 4), make(3, 4), eps=0.1, keepdim=True, loose=loose)


SAMPLES: dict[str, Any] = {
    "hinge_embedding_loss": Samples(numbered, dtypes=FLOATING),
    "margin_ranking_loss": Samples(numbered_ranking, dtypes=FLOATING),
    "cosine_embedding_loss": Samples(numbered_embedded, dtypes=FLOATING),
    "triplet_margin_loss": Samples(numbered_triplets, dtypes=FLOATING),
    "cosine_similarity": Samples(similar, dtypes=FLOATING),
    "pairwise_distance": Samples(distant, dtypes=FLOATING),
    "nn.functional.hinge_embedding_loss": of_signs("input"),
    "nn.functional.margin_ranking_loss": of_signs("input1", "input2"),
    "nn.functional.soft_margin_loss": Samples(of_one_sign, dtypes=FLOATING),
    "nn.functional.cosine_embedding_loss": Samples(embedded, dtypes=FLOATING),
    "nn.functional.triplet_margin_loss": Samples(triplets, dtypes=FLOATING),
    "nn.functional.triplet_margin_with_distance_loss": Samples(distanced, dtypes=FLOATING),
    "nn.functional.multi_margin_loss": Samples(classes, dtypes=FLOATING),
    "nn.functional.multilabel_margin_loss": Samples(lists_of_classes, dtypes=FLOATING),
    "nn.functional.multilabel_soft_margin_loss": Samples(probable, dtypes=FLOATING),
}


def zeros(*shape: int) -> Input:
    """Return an input for a refusal."""
    return Input(np.zeros(shape), "float32", grad=False)


def labels(*values: Any) -> Input:
    """Return classes for a refusal."""
    return Input(np.array(values), "int64", grad=False)


REFUSALS = {
    "nn.functional.cosine_similarity": [
        Refusal(
            RuntimeError,
            "expected common dtype to be floating point, yet common dtype is Long",
            labels(1, 2),
            labels(1, 2),
            0,
            ours="x.float()",
        ),
        Refusal(
            RuntimeError,
            "The size of tensor a (2) must match the size of tensor b (3) at non-singleton "
            "dimension 0",
            zeros(2),
            zeros(3),
            0,
        ),
    ],
    "nn.functional.margin_ranking_loss": [
        Refusal(
            RuntimeError,
            "margin_ranking_loss : All input tensors should have same dimension but got sizes",
            zeros(2),
            zeros(2),
            zeros(2, 1),
        ),
    ],
    "nn.functional.cosine_embedding_loss": [
        Refusal(
            RuntimeError,
            "1D target tensor expects 2D input tensors, but found inputs with sizes",
            zeros(2),
            zeros(2),
            zeros(2),
        ),
        Refusal(
            RuntimeError,
            "0D or 1D target tensor expected, multi-target not supported",
            zeros(2, 3),
            zeros(2, 3),
            zeros(2, 3),
        ),
    ],
    "nn.functional.triplet_margin_loss": [
        Refusal(
            RuntimeError,
            "expected to have the same number of dimensions, but got: anchor 1D, positive 2D",
            zeros(2),
            zeros(1, 2),
            zeros(2),
        ),
        Refusal(
            ValueError,
            "margin must be greater than 0, got 0",
            *(zeros(2, 2), zeros(2, 2), zeros(2, 2)),
            margin=0,
        ),
    ],
    "nn.functional.triplet_margin_with_distance_loss": [
        Refusal(
            ValueError,
            "margin must be greater than 0, got -1",
            *(zeros(2, 2), zeros(2, 2), zeros(2, 2)),
            margin=-1,
        ),
    ],
    "nn.functional.multi_margin_loss": [
        Refusal(RuntimeError, "target out of range", zeros(2, 3), labels(0, 3), ours="got 3"),
        Refusal(
            RuntimeError, "Expected target size [2], but got [1]. Input", zeros(2, 3), labels(0)
        ),
        Refusal(ValueError, "only p == 1 and p == 2 supported", zeros(2, 3), labels(0, 1), p=3),
        Refusal(
            ValueError,
            "weight must be one-dimensional",
            zeros(2, 3),
            labels(0, 1),
            weight=zeros(1, 3),
        ),
    ],
    "nn.functional.multilabel_margin_loss": [
        Refusal(
            RuntimeError,
            "argument #2 'target' is out of range",
            zeros(1, 3),
            labels([0, 3, 1]),
            ours="got 3 at position (0, 1)",
        ),
        Refusal(RuntimeError, "inconsistent target size", zeros(2, 3), labels(0, 1), ours="[2, 3]"),
    ],
    "nn.functional.soft_margin_loss": [
        Refusal(
            RuntimeError,
            "result type Float can't be cast to the desired output type Long",
            labels(1, -1),
            labels(1, -1),
            ours="input.float()",
        ),
        Refusal(
            RuntimeError,
            "output with shape [3] doesn't match the broadcast shape [2, 3]",
            zeros(3),
            zeros(2, 3),
        ),
        Refusal(
            ValueError, "x is not a valid value for reduction", zeros(2), zeros(2), reduction="x"
        ),
    ],
}
