"""Samples of einsum, tensordot and kron."""

from __future__ import annotations

from ops.samples import FLOATING, Input, Refusal, Sample, Samples


def _einsum(make):
    # One of these sums all but cancels.
    yield Sample("ij,jk->ik", make(2, 3), make(3, 4), loose=20)
    yield Sample("ij, jk", make(2, 3), make(3, 4), loose=20)
    yield Sample("ij->ji", make(2, 3))
    yield Sample("ba", make(2, 3))
    yield Sample("ij,ij->i", make(2, 3), make(2, 3))
    yield Sample("ii", make(3, 3))
    yield Sample("ii->i", make(3, 3))
    yield Sample("iij->ij", make(3, 3, 2))
    yield Sample("i,j", make(2), make(3))
    yield Sample("i,i", make(3), make(3))
    yield Sample("bij,bjk->bik", make(2, 2, 3), make(2, 3, 4))
    yield Sample("ij->", make(2, 3))
    yield Sample("...ij->...ji", make(2, 2, 3))
    yield Sample("...ij,...jk->...ik", make(2, 1, 2, 3), make(4, 3, 2))
    yield Sample("ij,j->i", make(2, 3), make(3))
    yield Sample("ij,jk,kl->il", make(2, 3), make(3, 4), make(4, 2))
    yield Sample("ij,kj,k->i", make(2, 3), make(4, 3), make(4))
    yield Sample("bn,anm,bm->ba", make(2, 3), make(5, 3, 4), make(2, 4))
    yield Sample("ij,jk->k", make(2, 3), make(3, 4))
    yield Sample("ij,kl->jk", make(2, 3), make(4, 2))
    yield Sample("i,->i", make(3), make())
    yield Sample("ab,ab->ab", make(2, 3), make(2, 1))
    yield Sample("ij,jk->ik", [make(2, 3), make(3, 4)])
    yield Sample(make(2, 3), [0, 1], make(3, 2), [1, 2], [0, 2])
    yield Sample("ij,jk->ik", make(2, 0), make(0, 4))
    yield Sample("ij,jk->ik", make(0, 3), make(3, 4))


def _tensordot(make):
    yield Sample(make(2, 3), make(3, 4), 1)
    yield Sample(make(2, 3), make(2, 3))
    yield Sample(make(2, 3, 4), make(4, 3, 5), ([1, 2], [1, 0]))
    yield Sample(make(2), make(3), 0)
    yield Sample(make(2, 3), make(3, 2), dims=([-1], [0]))


def _kron(make):
    yield Sample(make(2, 3), make(3, 2))
    yield Sample(make(2), make(2, 2))
    yield Sample(make(), make(2))


SAMPLES = {
    "einsum": Samples(_einsum, dtypes=("float64", "float32", "int64")),
    # Twelve products of numbers of at most 2.
    "tensordot": Samples(_tensordot, dtypes=("float64", "float32", "int64"), terms=48.0),
    "kron": Samples(_kron, dtypes=(*FLOATING, "int64")),
}

_MATRIX = Input([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32", grad=False)

REFUSALS = {
    "einsum": [
        Refusal(
            RuntimeError,
            "subscript j has size 2 for operand 1 which does not broadcast",
            "ij,jk",
            _MATRIX,
            _MATRIX,
        ),
        Refusal(
            RuntimeError,
            "fewer operands were provided than specified in the equation",
            "ij,jk",
            _MATRIX,
        ),
        Refusal(
            RuntimeError,
            "more operands were provided than specified in the equation",
            "ij",
            _MATRIX,
            _MATRIX,
        ),
        Refusal(
            RuntimeError,
            "the number of subscripts in the equation (3) does not match",
            "ijk",
            _MATRIX,
        ),
        Refusal(
            RuntimeError, "output subscript k does not appear in the equation", "ij->k", _MATRIX
        ),
        Refusal(
            RuntimeError,
            "output subscript i appears more than once in the output",
            "ij->ii",
            _MATRIX,
        ),
        Refusal(RuntimeError, "invalid subscript given at index 1", "i1", _MATRIX),
        Refusal(
            RuntimeError,
            "subscript i is repeated for operand 0 but the sizes don't match, 3 != 2",
            "ii",
            _MATRIX,
        ),
    ],
    "tensordot": [
        Refusal(
            RuntimeError,
            "contracted dimensions need to match, but first has size 3",
            _MATRIX,
            _MATRIX,
            1,
        ),
        Refusal(
            RuntimeError,
            "both dimension lists should have same length",
            _MATRIX,
            _MATRIX,
            ([0], [0, 1]),
        ),
        Refusal(RuntimeError, "tensordot expects dims >= 0, but got dims=-1", _MATRIX, _MATRIX, -1),
        Refusal(
            RuntimeError,
            "tensordot expects dims < ndim_a or ndim_b, but got dims=3",
            _MATRIX,
            _MATRIX,
            3,
        ),
    ],
}
