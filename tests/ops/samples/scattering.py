"""Samples of reductions into places, and of copies with a part replaced."""

from __future__ import annotations

from ops.samples import FLOATING, REAL, Input, Refusal, Sample, Samples


def _index(values):
    return Input(values, "int64", grad=False)


def _scatter_reduce(make):
    index = _index([[0, 2, 0], [1, 1, 1]])
    for reduce in ("sum", "prod", "mean", "amax", "amin"):
        for include_self in (True, False):
            yield Sample(make(2, 4), 1, index, make(2, 3), reduce, include_self=include_self)
        yield Sample(make(3, 4), 0, _index([[2, 0]]), make(2, 3, grad=False), reduce)
        yield Sample(make(4), -1, _index([1, 1, 3]), make(3), reduce)
        yield Sample(make(), 0, _index([0]), make(1), reduce)
        yield Sample(make(3), 0, make.index(0, high=3), make(0), reduce)


def _scatter_reduce_of_zeros(make):
    index = _index([0, 0, 1, 1, 2])
    src = make.of([0, 3, 0, 0, 2])
    yield Sample(make.of([2, 3, 0, 4]), 0, index, src, "prod", second=False)
    yield Sample(make.of([2, 0, 3, 4]), 0, index, src, "prod", include_self=False, second=False)


def _index_reduce(make):
    rows = make.of([2, 0, 2], dtype="int64")
    for reduce in ("prod", "mean", "amax", "amin"):
        for include_self in (True, False):
            yield Sample(make(3, 4), 0, rows, make(3, 4), reduce, include_self=include_self)
        yield Sample(make(3, 4), 1, make.of([1, 1], dtype="int32"), make(3, 2), reduce)
        yield Sample(make(3), 0, make.of([1], dtype="int64"), make(1), reduce)


def _select_scatter(make):
    yield Sample(make(3, 4), make(4), 0, 1)
    yield Sample(make(3, 4), make(3), -1, -2)
    yield Sample(make(3), make(), 0, 2)


def _slice_scatter(make):
    yield Sample(make(3, 4), make(1, 4), 0, 1, 2)
    yield Sample(make(3, 4), make(3, 2), dim=1, start=0, end=4, step=2)
    yield Sample(make(3, 4), make(3, 3), -1, -3)
    yield Sample(make(3, 4), make(3, 4))
    yield Sample(make(3, 4), make(0, 4), 0, 2, 1)


def _diagonal_scatter(make):
    yield Sample(make(3, 4), make(3))
    yield Sample(make(3, 4), make(2), -1)
    yield Sample(make(2, 3, 4), make(3, 2), 1, 0, 2)


def _as_strided_scatter(make):
    yield Sample(make(6), make(2, 2), (2, 2), (2, 1))
    yield Sample(make(2, 3), make(3), (3,), (2,))
    yield Sample(make(2, 3), make(2), (2,), (1,), 3)
    yield Sample(make(4), make(), (), (), 2)


def _fill_diagonal(make):
    yield Sample(make(3, 4, grad=False), 2)
    yield Sample(make(7, 3, grad=False), 1, True)
    yield Sample(make(7, 3, grad=False), 1)
    yield Sample(make(3, 3, 3, grad=False), 2, wrap=True)


SAMPLES = {
    "scatter_reduce": Samples(_scatter_reduce, dtypes=REAL),
    "Tensor.scatter_reduce": Samples(_scatter_reduce_of_zeros, dtypes=FLOATING),
    "index_reduce": Samples(_index_reduce, dtypes=REAL),
    "select_scatter": _select_scatter,
    "slice_scatter": _slice_scatter,
    "diagonal_scatter": _diagonal_scatter,
    # What it replaces depends on where the elements stand in memory.
    "as_strided_scatter": Samples(_as_strided_scatter, layouts=False),
    "fill_diagonal_": _fill_diagonal,
}

TESTED_ELSEWHERE = {"_resize": "tests/ops/test_memory.py"}

_VECTOR = Input([1.0, 2.0, 3.0], "float32", grad=False)
_MATRIX = Input([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32", grad=False)
_DOUBLES = Input([1.0, 2.0, 3.0], "float64", grad=False)

REFUSALS = {
    "scatter_reduce": [
        Refusal(
            RuntimeError,
            "reduce argument must be either sum, prod, mean, amax or amin",
            *(_VECTOR, 0, _index([0]), _VECTOR, "median"),
            ours="got median",
        ),
        Refusal(
            RuntimeError,
            "Expected self.dtype to be equal to src.dtype",
            *(_VECTOR, 0, _index([0]), _DOUBLES, "sum"),
        ),
        Refusal(
            RuntimeError,
            "index 3 is out of bounds for dimension 0 with size 3",
            *(_VECTOR, 0, _index([3]), _VECTOR, "sum"),
        ),
    ],
    "index_reduce": [
        Refusal(
            RuntimeError, "Expected reduce", *(_VECTOR, 0, _index([0]), _VECTOR, "sum"), ours="sum"
        ),
        Refusal(
            RuntimeError,
            "should be equal to source.size(dim)",
            *(_VECTOR, 0, _index([0]), _VECTOR, "amax"),
        ),
    ],
    "select_scatter": [
        Refusal(
            RuntimeError,
            "expected src to have a size equal to the slice of self",
            *(_MATRIX, _VECTOR, 1, 0),
        ),
        Refusal(IndexError, "out of range", _MATRIX, _VECTOR, 0, 2),
    ],
    "slice_scatter": [
        Refusal(
            RuntimeError,
            "expected src to have a size equal to the slice of self",
            *(_MATRIX, _VECTOR, 1, 0, 2),
        ),
    ],
    "diagonal_scatter": [
        Refusal(
            RuntimeError, "expected src to have a size equal to the slice of self", _MATRIX, _VECTOR
        ),
    ],
    "as_strided_scatter": [
        Refusal(
            RuntimeError,
            "expected src to have a size equal to the slice of self",
            *(_MATRIX, _VECTOR, (2,), (1,)),
        ),
    ],
    "fill_diagonal_": [
        Refusal(RuntimeError, "dimensions must larger than 1", _VECTOR, 1),
        Refusal(
            RuntimeError,
            "all dimensions of input must be of equal length",
            *(Input([[[1.0, 2.0]]], "float32", grad=False), 1),
        ),
    ],
}
