"""Samples of the matrix products."""

from __future__ import annotations

from ops.samples import Input, Refusal, Sample, Samples


def _mm(make):
    yield Sample(make(2, 3), make(3, 4))
    yield Sample(make(1, 1), make(1, 1))
    yield Sample(make(2, 0), make(0, 3))
    yield Sample(make(0, 2), make(2, 3))


def _addmm(make):
    yield Sample(make(2, 4), make(2, 3), make(3, 4))
    yield Sample(make(4), make(2, 3), make(3, 4), inplace=False)
    yield Sample(make(), make(2, 3), make(3, 4), inplace=False)
    yield Sample(make(2, 4), make(2, 3), make(3, 4), beta=2, alpha=3)
    yield Sample(make(2, 4), make(2, 3), make(3, 4), beta=0)
    if make.dtype != "bool":
        yield Sample(make(2, 4), make(2, 0), make(0, 4))


def _bmm(make):
    yield Sample(make(2, 2, 3), make(2, 3, 4))
    yield Sample(make(0, 2, 3), make(0, 3, 4))
    yield Sample(make(2, 2, 0), make(2, 0, 4))


def _baddbmm(make):
    yield Sample(make(2, 2, 4), make(2, 2, 3), make(2, 3, 4))
    yield Sample(make(2, 1, 4), make(2, 2, 3), make(2, 3, 4), beta=2, alpha=3, inplace=False)


def _addbmm(make):
    yield Sample(make(2, 4), make(2, 2, 3), make(2, 3, 4))
    # torch rounds a half type after each matrix.
    yield Sample(make(4), make(2, 2, 3), make(2, 3, 4), beta=2, alpha=3, inplace=False, loose=6)


def _mv(make):
    yield Sample(make(2, 3), make(3))
    yield Sample(make(2, 0), make(0))


def _addmv(make):
    yield Sample(make(2), make(2, 3), make(3))
    yield Sample(make(2), make(2, 3), make(3), beta=2, alpha=3)


def _dot(make):
    yield Sample(make(3), make(3))
    yield Sample(make(0), make(0))


def _outer(make):
    yield Sample(make(2), make(3))
    yield Sample(make(0), make(3))


def _addr(make):
    yield Sample(make(2, 3), make(2), make(3))
    # torch rounds a half type twice here.
    yield Sample(make(2, 3), make(2), make(3), beta=2, alpha=3, loose=6)
    yield Sample(make(3), make(2), make(3), inplace=False)


def _inner(make):
    yield Sample(make(3), make(3))
    yield Sample(make(2, 3), make(3))
    yield Sample(make(2, 3), make(4, 3))
    yield Sample(make(), make(3))


def _matmul(make):
    for first, second in (
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((2, 2, 3), (3, 4)),
        ((2, 2, 3), (3,)),
        ((2, 2, 3), (2, 3, 4)),
        ((2, 1, 2, 3), (2, 3, 4)),
        ((3,), (2, 3, 4)),
        ((2, 3), (2, 3, 4)),
        ((1, 2, 3), (2, 3, 4)),
        ((2, 0, 3), (3, 4)),
        ((0, 2, 3), (3, 4)),
        ((2, 2, 0), (0, 4)),
        ((2, 3, 0), (2, 0, 2)),
    ):
        yield Sample(make(*first), make(*second))


_SUMS = {
    "mm": _mm,
    "addmm": _addmm,
    "bmm": _bmm,
    "baddbmm": _baddbmm,
    "addbmm": _addbmm,
    "mv": _mv,
    "addmv": _addmv,
    "dot": _dot,
    "vdot": _dot,
    "inner": _inner,
    "matmul": _matmul,
}
# Three products of numbers of at most 2.
_TERMS = 12.0

SAMPLES = {
    **{name: Samples(generate, terms=_TERMS) for name, generate in _SUMS.items()},
    "outer": _outer,
    "ger": _outer,
    "addr": _addr,
}

_FLOATS = {
    shape: Input(
        [[1.0] * shape[-1]] * shape[0] if len(shape) == 2 else [1.0] * shape[0],
        "float32",
        grad=False,
    )
    for shape in ((2, 3), (3, 2), (3,), (2,))
}
_DOUBLES = Input([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "float64", grad=False)
_NUMBER = Input(1.0, "float32", grad=False)
_BATCH = Input([[[1.0, 2.0, 3.0]]], "float32", grad=False)

REFUSALS = {
    "mm": [
        Refusal(
            RuntimeError,
            "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
            _FLOATS[2, 3],
            _FLOATS[2, 3],
        ),
        Refusal(RuntimeError, "self must be a matrix", _FLOATS[3,], _FLOATS[3, 2]),
        Refusal(RuntimeError, "mat2 must be a matrix", _FLOATS[2, 3], _FLOATS[3,]),
        Refusal(
            RuntimeError,
            "to have the same dtype, but got: float != double",
            _FLOATS[2, 3],
            _DOUBLES,
        ),
    ],
    "addmm": [
        Refusal(
            RuntimeError,
            "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
            _FLOATS[2,],
            _FLOATS[2, 3],
            _FLOATS[2, 3],
        ),
        Refusal(
            RuntimeError,
            "The expanded size of the tensor (2) must match the existing size (3)",
            _FLOATS[3,],
            _FLOATS[2, 3],
            _FLOATS[3, 2],
        ),
    ],
    "bmm": [
        Refusal(RuntimeError, "batch1 must be a 3D tensor", _FLOATS[2, 3], _BATCH),
        Refusal(
            RuntimeError,
            "Expected size for first two dimensions of batch2 tensor to be: [1, 3]",
            _BATCH,
            _BATCH,
        ),
    ],
    "mv": [
        Refusal(
            RuntimeError, "vector + matrix @ vector expected, got 1, 1", _FLOATS[3,], _FLOATS[3,]
        )
    ],
    "dot": [
        Refusal(
            RuntimeError,
            "1D tensors expected, but got 2D and 1D tensors",
            _FLOATS[2, 3],
            _FLOATS[3,],
        ),
        Refusal(RuntimeError, "to have the same number of elements", _FLOATS[2,], _FLOATS[3,]),
    ],
    "outer": [
        Refusal(
            RuntimeError,
            "outer: Expected 1-D argument self, but got 2-D",
            _FLOATS[2, 3],
            _FLOATS[3,],
        )
    ],
    "inner": [
        Refusal(
            RuntimeError,
            "inner() the last dimension must match on both input tensors",
            _FLOATS[2,],
            _FLOATS[3,],
        )
    ],
    "matmul": [
        Refusal(
            RuntimeError, "both arguments to matmul need to be at least 1D", _NUMBER, _FLOATS[3,]
        ),
        Refusal(
            RuntimeError,
            "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
            _FLOATS[2, 3],
            _FLOATS[2, 3],
        ),
        Refusal(
            RuntimeError,
            "size mismatch, got input (2), mat (2x3), vec (2)",
            _FLOATS[2, 3],
            _FLOATS[2,],
        ),
    ],
}
