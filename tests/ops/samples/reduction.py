"""Samples of sums, means, extremes, variances, norms and logic over dimensions."""

from __future__ import annotations

from ops.samples import ALL, FLOATING, Input, Refusal, Sample, Samples

_NAN, _INF = float("nan"), float("inf")


def _over_dims(make):
    yield Sample(make(3, 4))
    yield Sample(make(3, 4), 0)
    yield Sample(make(3, 4), -1, True)
    yield Sample(make(2, 3, 4), (0, 2))
    yield Sample(make(2, 3, 4), [2, 0], keepdim=True)
    # These values all but cancel.
    yield Sample(make(2, 3), (), loose=4)
    yield Sample(make())
    yield Sample(make(), 0)
    yield Sample(make(), -1, True)
    yield Sample(make(0, 3), 0)
    yield Sample(make(0, 3), 1)
    yield Sample(make(0))
    yield Sample(make(2, 3), axis=1)
    yield Sample(make(2, 3), axis=1, keepdims=True)


def _prod(make):
    yield Sample(make(3, 4), loose=4)
    yield Sample(make(3, 4), 1)
    yield Sample(make(3, 4), 0, True)
    yield Sample(make())
    yield Sample(make(), 0)
    yield Sample(make(0, 3), 0)
    yield Sample(make(0))
    if make.dtype in FLOATING:
        for values in ([2.0, 0.0, 3.0], [0.0, 0.0, 3.0]):
            yield Sample(make.of(values))
            yield Sample(make.of([values, [1.5, 2.5, 0.5]]), 1)


def _logic(make):
    yield from _over_dims(make)
    yield Sample(make.of([[1, 0], [1, 1]]), 1)
    yield Sample(make.of([[0, 0], [0, 1]]), (0, 1))


def _count_nonzero(make):
    yield Sample(make.of([[1, 0], [1, 1]]))
    yield Sample(make.of([[1, 0], [1, 1]]), 0)
    yield Sample(make.of([[1, 0], [1, 1]]), (0, 1))
    yield Sample(make())


def _with_nan(make):
    yield Sample(make(3, 4))
    yield Sample(make(3, 4), 1, True)
    if make.dtype in FLOATING:
        yield Sample(make.of([[1.0, _NAN, 3.0], [_NAN, _NAN, _NAN]], grad=False))
        yield Sample(make.of([[1.0, _NAN, 3.0], [_NAN, _NAN, _NAN]], grad=False), 1)


def _amax(make):
    yield Sample(make(3, 4))
    yield Sample(make(3, 4), 0)
    yield Sample(make(2, 3, 4), (0, 2), True)
    yield Sample(make(), 0)
    yield Sample(make(3, 0, 2), 0)
    yield Sample(make.of([[1, 3, 3], [2, 2, 2]], grad=False), 1)
    yield Sample(make.of([[1, 3, 3], [2, 2, 3]], grad=False))
    if make.dtype in FLOATING:
        yield Sample(make.of([[1.0, _NAN], [_NAN, _NAN]], grad=False), 1)


def _extreme(make):
    yield Sample(make(3, 4))
    yield Sample(make())
    yield Sample(make(), 0)
    yield Sample(make(3, 4), 0)
    yield Sample(make(3, 4), -1, True)
    yield Sample(make(3, 4), dim=1, keepdim=True)
    yield Sample(make(2, 3), make(2, 3))
    yield Sample(make(2, 3), make(3))
    yield Sample(make.of([[1, 3, 3], [2, 2, 2]], grad=False), 1)
    yield Sample(make.of([1, 3, 3], grad=False))
    yield Sample(make(0, 2), 1)
    if make.dtype in FLOATING:
        yield Sample(make.of([1.0, _NAN, 3.0, _NAN], grad=False))
        yield Sample(make.of([1.0, _NAN, 3.0, _NAN], grad=False), 0)


def _where_extreme(make):
    yield Sample(make(3, 4))
    yield Sample(make(3, 4), 0)
    yield Sample(make(3, 4), 1, True)
    yield Sample(make(3, 4), keepdim=True)
    yield Sample(make())
    yield Sample(make(), 0)
    yield Sample(make.of([[1, 3, 3], [2, 2, 2]], grad=False), 1)
    yield Sample(make.of([[3, 1, 1], [2, 2, 2]]))
    if make.dtype in FLOATING:
        yield Sample(make.of([1.0, _NAN, 3.0, _NAN], grad=False))
        yield Sample(make.of([[1.0, _NAN], [_NAN, 2.0]], grad=False), 1)


def _aminmax(make):
    yield Sample(make(3, 4))
    yield Sample(make(3, 4), dim=1)
    yield Sample(make(3, 4), dim=0, keepdim=True)
    yield Sample(make())


def _median(make):
    yield Sample(make(3, 4))
    yield Sample(make(5))
    yield Sample(make(3, 4), 1)
    yield Sample(make(3, 5), 0, True)
    yield Sample(make())
    yield Sample(make(), 0)
    if make.dtype in FLOATING:
        yield Sample(make(0), second=False)
        yield Sample(make.of([1.0, _NAN, 3.0], grad=False))
        yield Sample(make.of([1.0, _NAN, 3.0], grad=False), 0)


def _variance(make):
    yield Sample(make(3, 4))
    yield Sample(make(3, 4), 1)
    yield Sample(make(3, 4), 0, False)
    yield Sample(make(3, 4), 0, True, True)
    yield Sample(make(3, 4), False)
    yield Sample(make(2, 3, 4), (0, 2))
    yield Sample(make(2, 3, 4), dim=[0, 1], correction=0, keepdim=True)
    yield Sample(make(3, 4), dim=1, correction=2)
    yield Sample(make(3, 4), dim=None, correction=1)


def _logsumexp(make):
    yield Sample(make(3, 4), 1)
    yield Sample(make(3, 4), (0, 1))
    yield Sample(make(3, 4), 0, True)
    yield Sample(make(), 0)
    yield Sample(make(0, 3), 0)
    if make.dtype in FLOATING:
        yield Sample(make.of([[_INF, 1.0], [-_INF, -_INF], [-_INF, 2.0]], grad=False), 1)


def _norm(make):
    yield Sample(make(3, 4))
    yield Sample(make(3, 4), 2, 1)
    # torch's second gradients of linear norms are tensors of a kind that nothing can read.
    yield Sample(make(3, 4), 1, second=False)
    yield Sample(make(3, 4), p=3, dim=1, keepdim=True)
    yield Sample(make(3, 4), _INF, 0, second=False)
    yield Sample(make(3, 4), -_INF, second=False)
    yield Sample(make(3, 4), 0)
    yield Sample(make(3, 4), "fro", (0, 1))
    yield Sample(make(3, 4), 0.5, 1)
    yield Sample(make(), 2)
    if make.dtype in FLOATING:
        yield Sample(make.of([[0.0, 0.0], [3.0, 4.0]]), 2, 1, second=False)


SAMPLES = {
    "sum": _over_dims,
    "mean": _over_dims,
    "nansum": _with_nan,
    "nanmean": _with_nan,
    "prod": _prod,
    "all": _logic,
    "any": _logic,
    "count_nonzero": _count_nonzero,
    "amax": _amax,
    "amin": _amax,
    "max": _extreme,
    "min": _extreme,
    "argmax": _where_extreme,
    "argmin": _where_extreme,
    "aminmax": _aminmax,
    "median": _median,
    "nanmedian": _median,
    "var": _variance,
    "std": _variance,
    "var_mean": _variance,
    "std_mean": _variance,
    "logsumexp": Samples(_logsumexp, dtypes=ALL),
    "norm": _norm,
}

_VECTOR = Input([1.0, 2.0, 3.0], "float32", grad=False)
_EMPTY = Input([], "float32", grad=False)
_INTEGERS = Input([1, 2, 3], "int64", grad=False)
_NO_COLUMNS = Input([[], []], "float32", grad=False)

REFUSALS = {
    "sum": [
        Refusal(
            IndexError,
            "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
            _VECTOR,
            1,
        ),
        Refusal(RuntimeError, "dim 0 appears multiple times in the list of dims", _VECTOR, (0, 0)),
    ],
    "mean": [
        Refusal(RuntimeError, "could not infer output dtype", _INTEGERS),
        Refusal(IndexError, "Dimension out of range", _VECTOR, -2),
    ],
    "max": [
        Refusal(RuntimeError, "Specify the reduction dim with the 'dim' argument", _EMPTY),
        Refusal(IndexError, "Expected reduction dim 1 to have non-zero size", _NO_COLUMNS, 1),
        Refusal(IndexError, "Dimension out of range", _VECTOR, 1),
    ],
    "argmax": [
        Refusal(
            IndexError, "Expected reduction dim to be specified for input.numel() == 0", _EMPTY
        ),
        Refusal(IndexError, "Expected reduction dim 1 to have non-zero size", _NO_COLUMNS, 1),
    ],
    "amax": [
        Refusal(
            RuntimeError, "Expected reduction dim to be specified for input.numel() == 0", _EMPTY
        ),
        Refusal(IndexError, "Expected reduction dim 1 to have non-zero size", _NO_COLUMNS, 1),
    ],
    "median": [Refusal(IndexError, "Dimension out of range", _VECTOR, 1)],
    "std": [
        Refusal(
            RuntimeError, "std and var only support floating point and complex dtypes", _INTEGERS
        )
    ],
    "norm": [
        Refusal(RuntimeError, "Expected a floating point or complex tensor as input", _INTEGERS)
    ],
}
