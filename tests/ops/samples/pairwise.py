"""Samples of distances of tensors and of rows."""

from __future__ import annotations

import math

from ops.samples import FLOATING, Input, Refusal, Sample, Samples


def _dist(make):
    for p in (2, 1, 3, 0.5, math.inf, -math.inf, 0):
        yield Sample(make(3, 4), make(3, 4), p)
    yield Sample(make(3, 4), make(4))
    yield Sample(make(2, 1), make(3))
    yield Sample(make(), make())


def _cdist(make):
    for p in (2.0, 1.0, 3.0, 0.5, math.inf, 0.0):
        yield Sample(make(3, 2), make(4, 2), p)
    yield Sample(make(2, 3, 2), make(4, 2))
    yield Sample(make(2, 1, 3, 2), make(5, 4, 2), 1.5)
    yield Sample(make(3, 0, grad=False), make(4, 0, grad=False))
    yield Sample(make(0, 2, grad=False), make(4, 2, grad=False))
    yield Sample(make(3, 2), make(4, 2), compute_mode="donot_use_mm_for_euclid_dist")
    # The product cancels: an error of an ulp of the squares is many ulps of a small distance.
    yield Sample(make(27, 2), make(4, 2), grad=False, loose=400)
    yield Sample(make(2, 3, 2), make(4, 2), compute_mode="use_mm_for_euclid_dist", loose=400)


def _pdist(make):
    for p in (2.0, 1.0, 3.0, 0.5, math.inf, 0.0):
        yield Sample(make(4, 3), p)
    yield Sample(make(1, 3))
    yield Sample(make(3, 0, grad=False))


def _renorm(make):
    for p in (2, 1, 3, 0.5, math.inf):
        yield Sample(make(3, 4), p, 0, 1.5)
    yield Sample(make(3, 4), 2, -1, 2.0)
    yield Sample(make(2, 3, 2), 2, 1, 1)
    yield Sample(make(2, 3), 2, 0, 100)


SAMPLES = {
    "dist": Samples(_dist, dtypes=(*FLOATING, "int64")),
    "cdist": Samples(_cdist, dtypes=(*FLOATING, "int64")),
    "pdist": Samples(_pdist, dtypes=(*FLOATING, "int64")),
    "renorm": Samples(_renorm, dtypes=FLOATING),
}

_VECTOR = Input([1.0, 2.0, 3.0], "float32", grad=False)
_MATRIX = Input([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32", grad=False)
_PAIRS = Input([[1.0, 2.0]], "float32", grad=False)
_WHOLE = Input([[1, 2]], "int64", grad=False)

REFUSALS = {
    "cdist": [
        Refusal(
            RuntimeError, "cdist only supports at least 2D tensors, X1 got: 1D", _VECTOR, _MATRIX
        ),
        Refusal(
            RuntimeError,
            "X1 and X2 must have the same number of columns. X1: 3 X2: 2",
            *(_MATRIX, _PAIRS),
        ),
        Refusal(
            RuntimeError, "only supports non-negative p values", _MATRIX, _MATRIX, -1.0, ours="-1"
        ),
        Refusal(RuntimeError, "cdist only supports floating-point dtypes", _WHOLE, _WHOLE),
        Refusal(
            ValueError,
            "is not a valid value for compute_mode",
            *(_MATRIX, _MATRIX),
            compute_mode="exact",
        ),
    ],
    "pdist": [
        Refusal(RuntimeError, "pdist only supports 2D tensors, got: 1D", _VECTOR),
        Refusal(RuntimeError, "pdist only supports non-negative p values", _MATRIX, -1.0),
        Refusal(RuntimeError, "pdist only supports floating-point dtypes", _WHOLE),
    ],
    "dist": [Refusal(RuntimeError, "The size of tensor a (3)", _VECTOR, _PAIRS)],
    "renorm": [
        Refusal(RuntimeError, "non-positive-norm not supported", _MATRIX, 0, 0, 1),
        Refusal(RuntimeError, "expected maxnorm to be >= 0 but got -1", _MATRIX, 2, 0, -1),
        Refusal(RuntimeError, "input needs at least 2 dimensions, got 1", _VECTOR, 2, 0, 1),
    ],
}
