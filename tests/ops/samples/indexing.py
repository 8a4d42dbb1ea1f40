"""Samples of gather, scatter and the index_*, masked_* and take families.

``x[…]`` itself is in ``tests/ops/test_indexing.py``.
"""

from __future__ import annotations

from ops.samples import FLOATING, INTEGRAL, Input, Refusal, Sample, Samples


def _gather(make):
    yield Sample(make(3, 4), 1, make.index(3, 2, high=4))
    yield Sample(make(3, 4), -2, make.index(2, 4, high=3))
    yield Sample(make(3, 4), 0, make.index(5, 2, high=3))
    yield Sample(make(2, 3, 4), 1, make.index(2, 5, 3, high=3))
    yield Sample(make(4), 0, make.index(6, high=4))
    yield Sample(make(), 0, make.index(1, high=1))
    yield Sample(make(), 0, make.of(0, dtype="int64"))
    yield Sample(make(3, 4), 0, make.index(0, 4, high=3))


def _scatter(make):
    yield Sample(make(3, 4), 1, make.of([[0, 2], [3, 1], [1, 0]], dtype="int64"), make(3, 2))
    # Of a source longer than the index, torch computes no gradient.
    yield Sample(make(3, 4), 0, make.of([[2, 0, 1, 1]], dtype="int64"), make(2, 4, grad=False))
    yield Sample(make(4), 0, make.of([2, 0], dtype="int64"), make(3, grad=False))
    yield Sample(make(3, 4), 1, make.of([[0, 2]], dtype="int64"), 3)
    yield Sample(make(3, 4), 1, make.of([[0, 2]], dtype="int64"), value=1)
    yield Sample(make(), 0, make.of(0, dtype="int64"), make())
    yield Sample(make(3), 0, make.index(0, high=3), make(0))


def _scatter_reduced(make):
    yield from _scatter(make)
    if make.dtype in FLOATING:
        index = make.of([[0, 0, 1], [2, 0, 2]], dtype="int64")
        yield Sample(make(2, 3, grad=False), 1, index, make(2, 3, grad=False), reduce="add")
        yield Sample(make(2, 3, grad=False), 1, index, make(2, 3, grad=False), reduce="multiply")


def _scatter_add(make):
    yield Sample(make(3, 4), 1, make.index(3, 5, high=4), make(3, 5))
    yield Sample(make(3, 4), 0, make.index(2, 3, high=3), make(2, 4, grad=False))
    yield Sample(make(4), 0, make.of([1, 1, 1], dtype="int64"), make(3))
    yield Sample(make(), 0, make.of([0], dtype="int64"), make(1))


def _index_select(make):
    yield Sample(make(3, 4), 0, make.of([2, 0, 2], dtype="int64"))
    yield Sample(make(3, 4), -1, make.of([1], dtype="int32"))
    yield Sample(make(3, 4), 1, make.of(2, dtype="int64"))
    yield Sample(make(3, 4), 1, make.index(0, high=4))
    yield Sample(make(), 0, make.of([0], dtype="int64"))


def _index_add(make):
    yield Sample(make(3, 4), 0, make.of([2, 0, 2], dtype="int64"), make(3, 4))
    yield Sample(make(3, 4), 1, make.of([1, 3], dtype="int64"), make(3, 2), alpha=2)
    yield Sample(make(3), 0, make.of([1, 1], dtype="int32"), make(2))


def _index_copy(make):
    yield Sample(make(3, 4), 0, make.of([2, 0], dtype="int64"), make(2, 4))
    yield Sample(make(3, 4), 1, make.of([1, 3], dtype="int64"), make(3, 2))
    yield Sample(make(3), 0, make.of([1], dtype="int64"), make(1))


def _index_fill(make):
    yield Sample(make(3, 4), 0, make.of([2, 0], dtype="int64"), 1)
    yield Sample(make(3, 4), 1, make.of([1], dtype="int64"), 1)
    yield Sample(make(3), 0, make.of([2, 0], dtype="int64"), make(low=1, high=2))


def _index_put(make):
    yield Sample(make(3, 4), (make.of([2, 0], dtype="int64"),), make(2, 4))
    yield Sample(
        make(3, 4), (make.of([2, 0], dtype="int64"), make.of([1, -1], dtype="int64")), make(2)
    )
    yield Sample(make(3, 4), (make.of([1, 1], dtype="int64"),), make(4), accumulate=True)
    yield Sample(make(3), (make.of([True, False, True], dtype="bool"),), make(2))


def _masked_fill(make):
    yield Sample(make(3, 4), make.mask(3, 4), 1)
    yield Sample(make(3, 4), make.mask(4), 1)
    yield Sample(make(3, 4), make.mask(3, 1), make(low=1, high=2))
    yield Sample(make(4), make.mask(3, 4), 1, inplace=False)
    yield Sample(make(), make.of(True, dtype="bool"), 1)


def _masked_select(make):
    yield Sample(make(3, 4), make.mask(3, 4))
    yield Sample(make(3, 4), make.mask(4))
    yield Sample(make(4), make.mask(3, 4))
    yield Sample(make(), make.of(True, dtype="bool"))
    yield Sample(make(3), make.of([False] * 3, dtype="bool"))


def _masked_scatter(make):
    yield Sample(make(3, 4), make.mask(3, 4), make(6))
    yield Sample(make(3, 4), make.mask(4), make(3, 4))


def _take(make):
    yield Sample(make(3, 4), make.index(2, 2, high=12))
    yield Sample(make(3, 4), make.of([-1, 0, 0], dtype="int64"))
    yield Sample(make(3, 4), make.of(5, dtype="int64"))


def _put(make):
    yield Sample(make(3, 4), make.of([-1, 0, 5], dtype="int64"), make(3))
    yield Sample(make(3, 4), make.of([1, 1], dtype="int64"), make(2), accumulate=True)


def _take_along_dim(make):
    yield Sample(make(3, 4), make.index(3, 2, high=4), 1)
    yield Sample(make(3, 4), make.index(1, 2, high=4), dim=1)
    yield Sample(make(1, 4), make.index(3, 2, high=4), dim=1)
    yield Sample(make(3, 4), make.index(5, high=12))


def _nonzero(make):
    yield Sample(make.of([[1, 0], [0, 1]]))
    yield Sample(make.of([0, 0]))
    yield Sample(make())
    yield Sample(make(0, 2))


def _nonzero_as_tuple(make):
    yield from _nonzero(make)
    yield Sample(make.of([[1, 0], [0, 1]]), as_tuple=True)
    yield Sample(make.of(3), as_tuple=True)


def _nonzero_static(make):
    yield Sample(make.of([[1, 0], [0, 1]]), size=3)
    yield Sample(make.of([[1, 0], [1, 1]]), size=2, fill_value=-7)
    yield Sample(make.of([0, 0]), size=0)
    yield Sample(make(), size=2)


def _unravel_index(make):
    yield Sample(make.of([4, 1, 0]), (3, 2))
    yield Sample(make.of([[4], [1]]), 5)
    yield Sample(make.of(5), (2, 3, 1))


SAMPLES = {
    "gather": _gather,
    "scatter": _scatter_reduced,
    "scatter_add": _scatter_add,
    "index_select": _index_select,
    "index_add": _index_add,
    "index_copy": _index_copy,
    "index_fill": _index_fill,
    "index_put": _index_put,
    "masked_fill": _masked_fill,
    "masked_select": _masked_select,
    "masked_scatter": _masked_scatter,
    "take": _take,
    "put": _put,
    "take_along_dim": _take_along_dim,
    "nonzero": _nonzero_as_tuple,
    "argwhere": _nonzero,
    "nonzero_static": _nonzero_static,
    "unravel_index": Samples(_unravel_index, dtypes=INTEGRAL),
}

_VECTOR = Input([1.0, 2.0, 3.0], "float32", grad=False)
_MATRIX = Input([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32", grad=False)
_DOUBLES = Input([1.0, 2.0, 3.0], "float64", grad=False)
_MASK = Input([True, False, True], "bool", grad=False)
_ROWS = Input([[0, 1], [1, 0]], "int64", grad=False)


def _index(*values):
    return Input(values, "int64", grad=False)


REFUSALS = {
    "nonzero_static": [Refusal(RuntimeError, "nonzero_static", _VECTOR, size=-1, ours="-1")],
    "unravel_index": [
        Refusal(TypeError, "expected 'indices' to be integer dtype", _VECTOR, 3),
        Refusal(ValueError, "'shape' cannot have negative values", _index(1), (2, -1)),
        Refusal(TypeError, "sequence to only contain ints", _index(1), (2.0,)),
    ],
    "gather": [
        Refusal(IndexError, "Dimension out of range", _VECTOR, 1, _index(0)),
        Refusal(
            RuntimeError,
            "index 3 is out of bounds for dimension 0 with size 3",
            _VECTOR,
            0,
            _index(0, 3),
        ),
        Refusal(
            RuntimeError,
            "index -1 is out of bounds for dimension 0 with size 3",
            _VECTOR,
            0,
            _index(-1),
        ),
        Refusal(
            RuntimeError,
            "Index tensor must have the same number of dimensions as input tensor",
            _MATRIX,
            0,
            _index(0),
        ),
        Refusal(RuntimeError, "Expected dtype int32/int64 for index", _VECTOR, 0, _VECTOR),
        Refusal(
            RuntimeError,
            "Size does not match at dimension 0",
            _MATRIX,
            1,
            Input([[0], [0], [0]], "int64", grad=False),
        ),
    ],
    "scatter": [
        Refusal(
            RuntimeError,
            "index 3 is out of bounds for dimension 0 with size 3",
            _VECTOR,
            0,
            _index(3),
            _VECTOR,
        ),
        Refusal(
            RuntimeError,
            "Expected self.dtype to be equal to src.dtype",
            _VECTOR,
            0,
            _index(0),
            _DOUBLES,
        ),
        Refusal(
            RuntimeError, "to be no larger size than src", _VECTOR, 0, _index(0, 1, 2, 0), _VECTOR
        ),
        Refusal(
            RuntimeError,
            "reduce argument must be either add or multiply",
            _VECTOR,
            0,
            _index(0),
            _VECTOR,
            reduce="mean",
        ),
    ],
    "scatter_add": [
        Refusal(
            RuntimeError,
            "index 3 is out of bounds for dimension 0 with size 3",
            _VECTOR,
            0,
            _index(3),
            _VECTOR,
        ),
        Refusal(
            RuntimeError,
            "Expected self.dtype to be equal to src.dtype",
            _VECTOR,
            0,
            _index(0),
            _DOUBLES,
        ),
    ],
    "index_select": [
        Refusal(IndexError, "index out of range in self", _VECTOR, 0, _index(3)),
        Refusal(IndexError, "Index is supposed to be a vector", _VECTOR, 0, _ROWS),
        Refusal(RuntimeError, "Expected dtype int32", _VECTOR, 0, _VECTOR),
    ],
    "index_add": [
        Refusal(
            RuntimeError, "should be equal to source.size(dim)", _VECTOR, 0, _index(0), _VECTOR
        ),
        Refusal(
            RuntimeError, "must have the same scalar type", _VECTOR, 0, _index(0, 1, 2), _DOUBLES
        ),
    ],
    "masked_fill": [
        Refusal(RuntimeError, "only supports boolean masks", _VECTOR, _VECTOR, 1),
        Refusal(
            RuntimeError, "only supports a 0-dimensional value tensor", _VECTOR, _MASK, _VECTOR
        ),
        Refusal(
            RuntimeError,
            "The size of tensor a",
            _VECTOR,
            Input([True, False], "bool", grad=False),
            1,
        ),
    ],
    "masked_select": [
        Refusal(RuntimeError, "expected BoolTensor for mask", _VECTOR, _index(0, 1, 1))
    ],
    "masked_scatter": [
        Refusal(RuntimeError, "only supports boolean masks", _VECTOR, _VECTOR, _VECTOR),
        Refusal(
            RuntimeError, "expected self and source to have same dtypes", _VECTOR, _MASK, _DOUBLES
        ),
        Refusal(
            RuntimeError,
            "Number of elements of source < number of ones in mask",
            _VECTOR,
            _MASK,
            Input([1.0], "float32", grad=False),
        ),
    ],
    "take": [
        Refusal(IndexError, "out of range: tried to access index 3", _VECTOR, _index(3)),
        Refusal(RuntimeError, "Expected a long tensor for index", _VECTOR, _VECTOR),
    ],
}
