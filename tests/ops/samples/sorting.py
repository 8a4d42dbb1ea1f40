"""Samples of sorting, searching, counting and of finding the different elements."""

from __future__ import annotations

from ops.samples import ALL, FLOATING, Input, Refusal, Sample, Samples

_NAN = float("nan")


def _distinct(make, *shape):
    """An input without equals, whose order nothing decides but the values."""
    if make.dtype in FLOATING:
        return make(*shape)
    count = 1
    for length in shape:
        count *= length
    values = make.draw.permutation(count) % (2 if make.dtype == "bool" else 200)
    return make.of(values.reshape(shape))


def _sort(make):
    yield Sample(make(3, 4))
    yield Sample(make(3, 4), 0, True)
    yield Sample(make(), 0)
    yield Sample(make(2, 0))
    yield Sample(make(4), dim=0, stable=True)
    yield Sample(make.of([2, 1, 2, 1, 1, 3], grad=False), stable=True, descending=True)
    if make.dtype in FLOATING:
        yield Sample(make.of([2.0, _NAN, 1.0, _NAN], grad=False))
        yield Sample(make.of([2.0, _NAN, 1.0, _NAN], grad=False), descending=True)


def _argsort(make):
    yield Sample(make(3, 4))
    yield Sample(make(3, 4), 0, True)
    yield Sample(make())
    yield Sample(make.of([2, 1, 2, 1, 1, 3], grad=False), stable=True)


def _msort(make):
    yield Sample(make(3, 4))
    yield Sample(make(4))


def _topk(make):
    if make.dtype == "bool":
        yield Sample(make.of([False, True, False]), 1)
        return
    yield Sample(_distinct(make, 3, 4), 2)
    yield Sample(_distinct(make, 3, 4), 2, 0, False)
    yield Sample(_distinct(make, 5), 5)
    yield Sample(_distinct(make, 5), 0)
    yield Sample(_distinct(make, 2, 40), 3)
    yield Sample(_distinct(make, 2, 40), 3, largest=False)
    yield Sample(_distinct(make), 1)
    if make.dtype in FLOATING:
        yield Sample(make.of([2.0, _NAN, 1.0, 4.0], grad=False), 2)
        yield Sample(make.of([2.0, _NAN, 1.0, 4.0], grad=False), 3, largest=False)


def _kthvalue(make):
    yield Sample(_distinct(make, 3, 4), 2)
    yield Sample(_distinct(make, 3, 4), 3, 0, True)
    yield Sample(_distinct(make), 1)


def _unique(make):
    yield Sample(make(3, 4), second=False, grad=False)
    yield Sample(make.of([3, 1, 3, 2]), return_inverse=True, return_counts=True, grad=False)
    yield Sample(make.of([[3, 1], [0, 2], [3, 1]]), return_counts=True, dim=0, grad=False)
    yield Sample(make.of([[3, 0, 3], [1, 2, 1]]), return_inverse=True, dim=1, grad=False)
    yield Sample(make(0), grad=False)


def _unique_consecutive(make):
    yield Sample(make.of([1, 1, 3, 3, 1]), grad=False)
    yield Sample(make.of([[1, 1], [3, 3]]), True, True, grad=False)
    yield Sample(make.of([[3, 1], [3, 1], [0, 2]]), True, True, 0, grad=False)
    yield Sample(make.of([[3, 3, 0], [1, 1, 2]]), True, True, dim=1, grad=False)


def _bincount(make):
    yield Sample(make.of([0, 3, 3, 1]))
    yield Sample(make.of([0, 3, 3, 1]), minlength=6)
    yield Sample(make.of([1, 1]), make.of([0.5, 2.0], dtype="float32", grad=False))
    yield Sample(make.of([1, 1]), make.of([0.5, 2.0], dtype="float64", grad=False))
    yield Sample(make.of([1, 1]), make.of([5, 2], dtype="int64"))
    yield Sample(make(0))


def _histc(make):
    yield Sample(make(20, grad=False), 5)
    yield Sample(make(20, grad=False), 4, 0, 1)
    yield Sample(make.of([1.0, 1.0], grad=False), 4)
    yield Sample(make.of([0.0, 1.0, 2.0, 3.0], grad=False), bins=3, min=0, max=3)


def _searchsorted(make):
    rows = make.of([[1, 3, 5, 7, 9], [2, 4, 6, 8, 10]])
    values = make.of([[3, 6, 9], [3, 6, 9]])
    row = make.of([1, 3, 5, 7, 9])
    yield Sample(rows, values)
    yield Sample(rows, values, right=True)
    yield Sample(row, values, side="right")
    yield Sample(row, 3)
    yield Sample(row, 3, out_int32=True)
    yield Sample(make.of([5, 1, 3]), values, sorter=make.of([1, 2, 0], dtype="int64"))


def _bucketize(make):
    yield Sample(make.of([[3, 6, 9]]), make.of([1, 3, 5]))
    yield Sample(make.of([3, 6, 9]), make.of([1, 3, 5]), right=True, out_int32=True)
    yield Sample(4, make.of([1, 3, 5]))


def _isin(make):
    yield Sample(make.of([[1, 2], [3, 4]]), make.of([2, 3]))
    yield Sample(make.of([1, 2]), make.of([2, 3]), invert=True)
    yield Sample(make.of([1, 2]), 2)
    yield Sample(2, make.of([1, 2]))


_NUMERIC = tuple(name for name in ALL if name != "bool")

SAMPLES = {
    "sort": _sort,
    "argsort": _argsort,
    "msort": _msort,
    "topk": _topk,
    "kthvalue": Samples(_kthvalue, dtypes=_NUMERIC),
    "unique": _unique,
    "unique_consecutive": _unique_consecutive,
    "bincount": _bincount,
    "histc": _histc,
    "searchsorted": Samples(_searchsorted, dtypes=_NUMERIC),
    "bucketize": Samples(_bucketize, dtypes=_NUMERIC),
    "isin": Samples(_isin, dtypes=_NUMERIC),
}

_VECTOR = Input([1.0, 2.0, 3.0], "float32", grad=False)
_INTEGERS = Input([1, 2, 3], "int64", grad=False)
_MATRIX = Input([[1, 2, 3], [4, 5, 6]], "int64", grad=False)

REFUSALS = {
    "sort": [Refusal(IndexError, "Dimension out of range", _VECTOR, 1)],
    "topk": [
        Refusal(RuntimeError, "selected index k out of range", _VECTOR, 4, ours="size 3"),
        Refusal(RuntimeError, "selected index k out of range", _VECTOR, -1),
    ],
    "kthvalue": [
        Refusal(
            RuntimeError, "kthvalue(): selected number k out of range for dimension 0", _VECTOR, 4
        ),
        Refusal(RuntimeError, "selected number k out of range", _VECTOR, 0),
    ],
    "bincount": [
        Refusal(
            RuntimeError,
            "bincount only supports 1-d non-negative integral inputs.",
            Input([-1], "int64", grad=False),
        ),
        Refusal(RuntimeError, "bincount only supports 1-d", _MATRIX),
        Refusal(RuntimeError, "minlength should be >= 0", _INTEGERS, minlength=-1),
        Refusal(
            RuntimeError,
            "weights should be 1-d and have the same length as input",
            _INTEGERS,
            _MATRIX,
        ),
    ],
    "histc": [
        Refusal(RuntimeError, "bins must be > 0, but got 0", _VECTOR, 0),
        Refusal(RuntimeError, "torch.histc: max must be larger than min", _VECTOR, 3, 5, 2),
        Refusal(RuntimeError, "is not finite", Input([1.0, _NAN], "float32", grad=False), 3),
    ],
    "searchsorted": [
        Refusal(
            RuntimeError,
            "boundaries tensor should be 1 dimension or the first N-1",
            _MATRIX,
            _INTEGERS,
        ),
        Refusal(
            RuntimeError, "side can only be 'left' or 'right' but got zz", _INTEGERS, 3, side="zz"
        ),
        Refusal(
            RuntimeError,
            "side and right can't be set to opposites",
            _INTEGERS,
            3,
            side="left",
            right=True,
        ),
    ],
    "bucketize": [Refusal(RuntimeError, "boundaries tensor must be 1 dimension", _VECTOR, _MATRIX)],
}
