"""Samples of linear algebra. What needs symmetric matrices has gradients in test_linalg.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples

INF = float("inf")
# LAPACK's results differ by how its libraries add up; the matrices here multiply it by a few.
LOOSE = 8.0
# Of no elements, torch does not ask what dtype they would have.
_COMPUTED = ("float64", "float32")


def square(make: Make, *batch: int, n: int = 3) -> Input:
    """Return matrices with a strong diagonal, where the dtype allows."""
    made = make(*batch, n, n)
    if make.dtype == "bool":
        return made
    return make.of(made.values + (4 * np.eye(n)).astype(made.values.dtype))


def positive(make: Make, *batch: int, n: int = 3) -> Input:
    """Return positive-definite matrices; their gradients are looked at elsewhere."""
    values = make(*batch, n, n).values
    if make.dtype == "bool":
        return make.of(values, grad=False)
    values = values @ np.swapaxes(values, -1, -2) / n + np.eye(n)
    return make.of(values.astype(int) if make.dtype == "int64" else values, grad=False)


def factor(make: Make, *batch: int, n: int = 3, upper: bool = False) -> Input:
    """Return triangular matrices with a strong diagonal; their gradients are looked at elsewhere.

    torch's is not the slope on the triangle that is not read.
    """
    values = square(make, *batch, n=n).values
    return make.of(np.triu(values) if upper else np.tril(values), grad=False)


def close(*args: Any, **options: Any) -> Sample:
    """Return a sample of a result of LAPACK's."""
    return Sample(*args, loose=LOOSE, **options)


def _of_square(make: Make) -> Iterator[Sample]:
    yield close(square(make))
    yield close(square(make, 2))
    yield close(square(make, n=1))
    if make.dtype in _COMPUTED:
        yield close(make(0, 0))
        yield close(make(0, 2, 2))


def _solve(make: Make) -> Iterator[Sample]:
    yield close(square(make), make(3, 2))
    yield close(square(make), make(3))
    yield close(square(make, 2), make(2, 3))
    yield close(square(make, 2), make(3))
    yield close(square(make, 2, 1), make(4, 3, 2))
    yield close(square(make), make(2, 3), left=False)
    if make.dtype in _COMPUTED:
        yield close(make(0, 0), make(0, 2))


def _solve_triangular(make: Make) -> Iterator[Sample]:
    for upper in (True, False):
        yield close(square(make), make(3, 2), upper=upper)
        yield close(square(make, 2), make(2, 3), upper=upper, left=False)
        yield close(square(make), make(2, 3, 2), upper=upper, unitriangular=True)
    if make.dtype in FLOATING:
        yield Sample(make.of([[0.0, 1.0], [0.0, 2.0]]), make(2, 1), upper=True, grad=False)
        yield Sample(make.of([[0.0, 1.0], [1.0, 2.0]]), make(2, 1), upper=False, grad=False)


def _older_triangular(make: Make) -> Iterator[Sample]:
    yield close(make(3, 2), square(make))
    yield close(make(3, 2), square(make), upper=False)
    yield close(make(2, 3, 2), square(make), transpose=True)
    yield close(make(3, 2), square(make), upper=False, transpose=True, unitriangular=True)


def _det(make: Make) -> Iterator[Sample]:
    yield from _of_square(make)
    if make.dtype in FLOATING:
        yield close(make.of([[1.0, 2.0], [2.0, 4.0]]), second=False)


def _slogdet(make: Make) -> Iterator[Sample]:
    yield from _of_square(make)
    if make.dtype in FLOATING:
        yield Sample(make.of([[0.0, 1.0], [1.0, 0.0]], grad=False))
        yield Sample(make.of([[0.0, 1.0], [0.0, 0.0]], grad=False))


def _eigh(make: Make) -> Iterator[Sample]:
    for upper in ("L", "U"):
        yield close(positive(make), upper)
    yield close(positive(make, 2))
    if make.dtype in _COMPUTED:
        yield close(make(0, 0))


def _matrices(make: Make) -> Iterator[Sample]:
    yield close(make(3, 3))
    yield close(make(4, 2))
    yield close(make(2, 4))
    yield close(make(2, 3, 2))
    if make.dtype in _COMPUTED:
        yield close(make(0, 3, 2))


def _qr(make: Make) -> Iterator[Sample]:
    yield from _matrices(make)
    yield close(make(3, 3), "complete")
    yield close(make(2, 3), mode="complete")
    yield close(make(4, 2), "complete", grad=False)
    yield close(make(4, 2), "r", grad=False)
    yield close(make(0, 2))


def _older_qr(make: Make) -> Iterator[Sample]:
    yield close(make(3, 2))
    yield close(make(3, 2), some=False, grad=False)


def _cholesky(make: Make) -> Iterator[Sample]:
    yield close(positive(make))
    yield close(positive(make), upper=True)
    yield close(positive(make, 2))
    if make.dtype in _COMPUTED:
        yield close(make(0, 0, grad=False))


def _cholesky_ex(make: Make) -> Iterator[Sample]:
    yield from _cholesky(make)
    yield close(positive(make), check_errors=True)


def _cholesky_solve(make: Make) -> Iterator[Sample]:
    for upper in (False, True):
        yield close(make(3, 2), factor(make, upper=upper), upper)
    yield close(make(2, 3, 2), factor(make))
    yield close(make(3, 1), factor(make, 2))


def _cholesky_inverse(make: Make) -> Iterator[Sample]:
    for upper in (False, True):
        yield close(factor(make, upper=upper), upper)
    yield close(factor(make, 2))
    yield close(make.of(np.zeros((0, 0)), grad=False))


def _lu(make: Make) -> Iterator[Sample]:
    yield from _matrices(make)
    yield close(square(make), pivot=False, grad=False)


def _pair(make: Make, *shape: int) -> tuple[Input, Input]:
    """Return factors and pivots as lu_factor leaves them."""
    compact = make(*shape)
    k = min(shape[-2:])
    rows = [shape[-2] - 1 if i == 0 else i for i in range(k)]
    pivots = np.broadcast_to(np.array(rows) + 1, (*shape[:-2], k))
    if make.dtype != "bool":
        eye = (3 * np.eye(*shape[-2:])).astype(compact.values.dtype)
        compact = make.of(compact.values + eye)
    return compact, Input(pivots.copy(), "int32", grad=False)


def _lu_unpack(make: Make) -> Iterator[Sample]:
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 3)):
        yield Sample(*_pair(make, *shape))
    yield Sample(*_pair(make, 3, 3), unpack_pivots=False)


def _lu_solve(make: Make) -> Iterator[Sample]:
    for left in (True, False):
        for adjoint in (True, False):
            right = make(3, 2) if left else make(2, 3)
            yield close(*_pair(make, 3, 3), right, left=left, adjoint=adjoint)
    yield close(*_pair(make, 2, 3, 3), make(2, 3, 2))


def _older_lu_solve(make: Make) -> Iterator[Sample]:
    compact, pivots = _pair(make, 3, 3)
    yield close(make(3, 2), compact, pivots)


def _pinv(make: Make) -> Iterator[Sample]:
    yield from _matrices(make)
    yield close(make(3, 2), atol=0.1)
    yield close(make(3, 2), rtol=0.001)
    yield close(make(3, 2), 0.001)
    yield close(positive(make), hermitian=True)


def _matrix_rank(make: Make) -> Iterator[Sample]:
    yield from _matrices(make)
    if make.dtype in FLOATING:
        yield Sample(make.of([[1.0, 2.0], [2.0, 4.0]]))
        yield Sample(make.of([[1.0, 0.0], [0.0, 0.01]]), atol=0.1)
        yield Sample(make.of([[1.0, 0.0], [0.0, 0.01]]), rtol=0.1)
        yield Sample(make.of([[1.0, 0.0], [0.0, -1.0]]), hermitian=True)


def _lstsq(make: Make) -> Iterator[Sample]:
    yield close(make(4, 2), make(4, 3))
    yield close(make(2, 4), make(2, 1))
    yield close(square(make), make(3, 2))
    yield close(make(2, 4, 2), make(2, 4, 1))
    yield close(make(2, 4, 2), make(2, 4))
    yield close(make(4, 2), make(4, 3), driver="gels")
    yield close(make(4, 2), make(4, 3), driver="gelsd", grad=False)


def _matrix_power(make: Make) -> Iterator[Sample]:
    for n in (0, 1, 2, 3, 5, 6, -2):
        yield close(square(make), n)
    yield close(square(make, 2), 2)


def _matrix_exp(make: Make) -> Iterator[Sample]:
    for size in (0.01, 0.3, 1.0, 3.0):
        yield close(make(3, 3, low=-size, high=size))
    yield close(make(2, 2, 2))
    yield close(make(0, 0))


def _multi_dot(make: Make) -> Iterator[Sample]:
    yield close([make(2, 3), make(3, 4)])
    yield close([make(2, 3), make(3, 4), make(4, 2)])
    yield close([make(1, 3), make(3, 5), make(5, 2), make(2, 4)])
    yield close([make(3), make(3, 4), make(4)])
    yield close([make(3), make(3, 4)])
    yield close([make(2, 3), make(3)])


def _chain(make: Make) -> Iterator[Sample]:
    yield close(make(2, 3), make(3, 4), make(4, 2))
    yield close(make(2, 3), make(3, 4))


def _cross(make: Make) -> Iterator[Sample]:
    yield Sample(make(3), make(3))
    yield Sample(make(2, 3), make(2, 3))
    yield Sample(make(3, 2), make(3, 1), dim=0)
    yield Sample(make(2, 3), make(1, 3), dim=-1)


def _older_cross(make: Make) -> Iterator[Sample]:
    yield Sample(make(2, 3), make(2, 3))
    yield Sample(make(3, 3), make(3, 3), dim=1)


def _vecdot(make: Make) -> Iterator[Sample]:
    yield close(make(3), make(3))
    yield close(make(2, 3), make(3))
    yield close(make(3, 2), make(3, 2), dim=0)


def _vander(make: Make) -> Iterator[Sample]:
    yield close(make(3))
    yield close(make(2, 3), N=4)
    yield close(make(), N=2)


def _older_vander(make: Make) -> Iterator[Sample]:
    yield close(make(3))
    yield close(make(3), 2)
    yield close(make(3), N=4, increasing=True)
    yield close(make(3), 0, grad=False)


def _householder(make: Make) -> Iterator[Sample]:
    yield close(make(3, 3), make(3))
    yield close(make(4, 2), make(2))
    yield close(make(4, 3), make(2))
    yield close(make(2, 4, 2), make(2, 2))


def _ormqr(make: Make) -> Iterator[Sample]:
    for transpose in (False, True):
        yield close(make(4, 2), make(2), make(4, 3), True, transpose)
        yield close(make(4, 2), make(2), make(3, 4), left=False, transpose=transpose)
        yield close(make(2, 3), make(2), make(2, 3), transpose=transpose)


def _vector_norm(make: Make) -> Iterator[Sample]:
    for ord in (0, 1, 2, 3, -1, 0.5, INF, -INF):
        yield Sample(make(3, 4), ord, grad=ord != 0)
    yield Sample(make(3, 4), dim=1)
    yield Sample(make(3, 4), 3, dim=(0, 1), keepdim=True)
    yield Sample(make(3), 1, 0)


def _matrix_norm(make: Make) -> Iterator[Sample]:
    for ord in ("fro", "nuc", 1, -1, 2, -2, INF, -INF):
        yield close(square(make), ord)
        yield close(make(2, 4, 3), ord, dim=(2, 0))
        yield close(make(2, 4, 3), ord, dim=(0, 1), keepdim=True)


def _linalg_norm(make: Make) -> Iterator[Sample]:
    yield close(make(3, 4))
    yield close(make(2, 3, 4))
    yield close(make(3), 1)
    yield close(make(3, 4), 2)
    yield close(make(3, 4), "nuc")
    yield close(make(3, 4), INF, dim=1)
    yield close(make(2, 3, 4), "fro", dim=(1, 2))
    yield close(make(2, 3, 4), dim=(1, 2), keepdim=True)


def _cond(make: Make) -> Iterator[Sample]:
    for ord in (None, 2, -2, 1, -1, INF, -INF, "fro", "nuc"):
        yield close(square(make), ord)
    yield close(make(2, 3, 2))


def _tensorinv(make: Make) -> Iterator[Sample]:
    if make.dtype != "bool":
        values = square(make, n=6).values
        yield close(make.of(values.reshape(2, 3, 6)), ind=2)
        yield close(make.of(values.reshape(6, 3, 2)), ind=1)


def _tensorsolve(make: Make) -> Iterator[Sample]:
    values = square(make, n=6).values
    yield close(make.of(values.reshape(2, 3, 6)), make(2, 3))
    yield close(make.of(values.reshape(2, 3, 3, 2)), make(2, 3))
    yield close(make.of(values.reshape(6, 6)), make(6), dims=(0,))


def _diagonal(make: Make) -> Iterator[Sample]:
    yield Sample(make(2, 3, 4))
    yield Sample(make(2, 3, 4), offset=1, dim1=0, dim2=2)


def _cov(make: Make) -> Iterator[Sample]:
    yield close(make(3, 5))
    yield close(make(5))
    yield close(make(3, 5), correction=0)
    yield close(make(3, 4), fweights=make.of([1, 2, 1, 3], dtype="int64"))
    weights = make.of([0.5, 1.0, 0.2, 1.0], dtype="float64", grad=False)
    if make.dtype in {"float64", "int64", "bool"}:
        yield close(make(3, 4), aweights=weights)
        yield close(make(3, 4), fweights=make.of([1, 2, 1, 3], dtype="int64"), aweights=weights)


def _corrcoef(make: Make) -> Iterator[Sample]:
    # What is brought into [-1, 1] has no slope on the diagonal.
    yield close(make(3, 5), grad=False)
    yield close(make(5), grad=False)


_TYPES = ("float64", "float32", "float16", "int64", "bool")
# Only integers and floats; torch says of bool what it says of them, or has no word for it.
_NUMBERS = ("float64", "float32", "int64")


def _entry(generate: Any, dtypes: Any = _TYPES, terms: float = 12.0, **options: Any) -> Samples:
    return Samples(generate, dtypes=dtypes, terms=terms, **options)


SAMPLES = {
    "linalg.inv": _entry(_of_square),
    "linalg.inv_ex": _entry(_of_square),
    "inverse": _entry(_of_square),
    "linalg.solve": _entry(_solve),
    "linalg.solve_ex": _entry(_solve),
    "linalg.solve_triangular": _entry(_solve_triangular),
    "triangular_solve": _entry(_older_triangular, ("float64", "float32")),
    "linalg.det": _entry(_det, terms=100.0),
    "det": _entry(_det, terms=100.0),
    "linalg.slogdet": _entry(_slogdet),
    "slogdet": _entry(_slogdet),
    "logdet": _entry(_slogdet),
    "linalg.eigvalsh": _entry(_eigh),
    "linalg.svdvals": _entry(_matrices),
    "linalg.qr": _entry(_qr),
    "qr": _entry(_older_qr),
    "linalg.cholesky": _entry(_cholesky),
    "linalg.cholesky_ex": _entry(_cholesky_ex),
    "cholesky": _entry(_cholesky, _NUMBERS),
    "cholesky_solve": _entry(_cholesky_solve, ("float64", "float32")),
    "cholesky_inverse": _entry(_cholesky_inverse, ("float64", "float32")),
    "linalg.lu": _entry(_matrices),
    "linalg.lu_factor": _entry(_lu),
    "linalg.lu_factor_ex": _entry(_lu),
    "Tensor.lu": _entry(_lu, ("float64", "float32")),
    "lu_unpack": _entry(_lu_unpack, ("float64", "float32")),
    "linalg.lu_solve": _entry(_lu_solve, ("float64", "float32")),
    "lu_solve": _entry(_older_lu_solve, ("float64", "float32")),
    "linalg.pinv": _entry(_pinv),
    "pinverse": _entry(lambda make: [close(make(3, 2)), close(make(2, 3), 0.001)]),
    "linalg.matrix_rank": _entry(_matrix_rank, ("float64", "float32", "int64", "bool")),
    "linalg.lstsq": _entry(_lstsq, ("float64", "float32")),
    "linalg.matrix_power": _entry(_matrix_power, _NUMBERS, terms=1000.0),
    "matrix_power": _entry(_matrix_power, _NUMBERS, terms=1000.0),
    "linalg.matrix_exp": _entry(_matrix_exp, ("float64", "float32", "int64", "bool")),
    "matrix_exp": _entry(_matrix_exp, ("float64",)),
    "linalg.multi_dot": _entry(_multi_dot, _NUMBERS, terms=100.0),
    "chain_matmul": _entry(_chain, ("float64", "float32"), terms=100.0),
    "linalg.cross": _entry(_cross),
    "cross": _entry(_older_cross),
    "linalg.vecdot": _entry(_vecdot, _NUMBERS),
    "linalg.vander": _entry(_vander, _NUMBERS, terms=30.0),
    "vander": _entry(_older_vander, _NUMBERS, terms=30.0, node=False),
    "linalg.householder_product": _entry(_householder, ("float64", "float32", "int64")),
    "orgqr": _entry(_householder, ("float64",)),
    "ormqr": _entry(_ormqr, ("float64", "float32")),
    "geqrf": _entry(lambda make: [close(make(3, 2), grad=False), close(make(2, 3), grad=False)]),
    "linalg.vector_norm": _entry(_vector_norm),
    "linalg.matrix_norm": _entry(_matrix_norm, _NUMBERS),
    "linalg.norm": _entry(_linalg_norm, _NUMBERS),
    "linalg.cond": _entry(_cond, _NUMBERS),
    # torch's inverse lies in column order, so that its reshape has a node of another name.
    "linalg.tensorinv": _entry(_tensorinv, ("float64", "float32"), node=False),
    "linalg.tensorsolve": _entry(_tensorsolve, ("float64", "float32")),
    "linalg.diagonal": _entry(_diagonal),
    "linalg.matmul": _entry(lambda make: [close(make(2, 3), make(3, 2))], _NUMBERS),
    "cov": _entry(_cov),
    "corrcoef": _entry(_corrcoef, _NUMBERS),
    "adjoint": _entry(lambda make: [Sample(make(2, 3)), Sample(make(4, 2, 3))]),
}

_ONES = {
    shape: Input(np.ones(shape), "float32", grad=False)
    for shape in ((), (2,), (3,), (2, 3), (2, 2), (3, 3), (3, 2), (2, 2, 2))
}
_DOUBLES = Input(np.ones((2, 2)), "float64", grad=False)
_LONGS = Input(np.ones((2, 2)), "int64", grad=False)
_HALVES = Input(np.ones((2, 2)), "float16", grad=False)
_PIVOTS = Input([1, 2], "int64", grad=False)


def _refusal(phrase: str, *args: Any, **options: Any) -> Refusal:
    return Refusal(RuntimeError, phrase, *args, **options)


_NOT_SQUARE = "A must be batches of square matrices, but they are 2 by 3 matrices"
REFUSALS = {
    "linalg.inv": [
        _refusal(f"linalg.inv: {_NOT_SQUARE}", _ONES[2, 3]),
        _refusal("linalg.inv: The input tensor A must have at least 2 dimensions.", _ONES[2,]),
        _refusal("linalg.inv: Expected a floating point or complex tensor as input. Got", _LONGS),
        _refusal("linalg.inv: Low precision dtypes not supported. Got Half", _HALVES),
    ],
    "linalg.solve": [
        _refusal("Incompatible shapes of A and B for the equation", _ONES[2, 2], _ONES[3, 2]),
        _refusal("Expected A and B to have the same dtype", _ONES[2, 2], _DOUBLES),
    ],
    "linalg.solve_triangular": [
        _refusal(
            "linalg.solve_triangular: Incompatible shapes of A and B",
            _ONES[2, 2],
            _ONES[3, 2],
            upper=True,
        ),
    ],
    "linalg.det": [_refusal(f"linalg.det: {_NOT_SQUARE}", _ONES[2, 3])],
    "linalg.slogdet": [_refusal(f"linalg.slogdet: {_NOT_SQUARE}", _ONES[2, 3])],
    "logdet": [_refusal(f"logdet: {_NOT_SQUARE}", _ONES[2, 3])],
    "linalg.eigh": [
        _refusal(f"linalg.eigh: {_NOT_SQUARE}", _ONES[2, 3]),
        _refusal("Expected UPLO argument to be 'L' or 'U', but got X", _ONES[2, 2], "X"),
    ],
    "linalg.svd": [
        _refusal("linalg.svd: The input tensor A must have at least 2 dimensions.", _ONES[2,]),
        _refusal(
            "keyword argument `driver=` is only supported on CUDA inputs",
            _ONES[2, 2],
            driver="gesvd",
        ),
    ],
    "linalg.qr": [_refusal("qr received unrecognized mode 'x'", _ONES[2, 2], "x")],
    "linalg.cholesky": [_refusal(f"linalg.cholesky: {_NOT_SQUARE}", _ONES[2, 3])],
    "cholesky_solve": [
        _refusal("should have at least 2 dimensions, but has 1 dimensions", _ONES[2,], _ONES[2, 2])
    ],
    "lu_unpack": [
        _refusal(
            "LU_pivots is expected to be a contiguous tensor of torch.int32", _DOUBLES, _PIVOTS
        )
    ],
    "linalg.pinv": [
        _refusal("linalg.pinv(Float{[2]}): expected a tensor with 2 or more dimensions", _ONES[2,])
    ],
    "linalg.lstsq": [
        _refusal("input.size(-2) should match other.size(-2)", _ONES[2, 2], _ONES[3, 2]),
        _refusal("parameter `driver` should be one of", _ONES[2, 2], _ONES[2, 2], driver="x"),
        _refusal("input and other to have the same dtype", _ONES[2, 2], _DOUBLES),
    ],
    "linalg.matrix_power": [_refusal(f"linalg.matrix_power: {_NOT_SQUARE}", _ONES[2, 3], 2)],
    "linalg.matrix_exp": [_refusal(f"linalg.matrix_exp: {_NOT_SQUARE}", _ONES[2, 3])],
    "linalg.multi_dot": [
        _refusal("multi_dot(): expected at least 2 tensors but got 1", [_ONES[2, 2]]),
        _refusal("tensor 1 must be 2D but got 1D", [_ONES[2, 2], _ONES[2,], _ONES[2, 2]]),
        _refusal("cannot be multiplied", [_ONES[2, 2], _ONES[3, 2]]),
    ],
    "linalg.cross": [
        _refusal("inputs dimension -1 must have length 3. Got 2 and 2", _ONES[2, 2], _ONES[2, 2]),
        _refusal("inputs must have the same number of dimensions", _ONES[3,], _ONES[2, 3]),
    ],
    "linalg.vecdot": [_refusal("Expected x and y to have the same dtype", _ONES[2, 2], _DOUBLES)],
    "linalg.vander": [_refusal("N must be greater than 1", _ONES[3,], N=1)],
    "vander": [_refusal("x must be a one-dimensional tensor", _ONES[2, 2])],
    "linalg.householder_product": [
        _refusal(
            "input.shape[-2] must be greater than or equal to input.shape[-1]",
            _ONES[2, 3],
            _ONES[2,],
        ),
        _refusal(
            "input.shape[-1] must be greater than or equal to tau.shape[-1]",
            _ONES[2, 2],
            _ONES[3,],
        ),
    ],
    "linalg.vector_norm": [
        _refusal("linalg.vector_norm: Expected a floating point or complex tensor", _LONGS)
    ],
    "linalg.matrix_norm": [
        _refusal("linalg.matrix_norm: The input tensor A must have at least 2", _ONES[2,]),
        _refusal("linalg.matrix_norm: dims must be different", _ONES[2, 2], "fro", (0, 0)),
        _refusal("linalg.matrix_norm: Order 3 not supported", _ONES[2, 2], 3),
    ],
    "linalg.norm": [
        _refusal(
            "If dim is not specified but ord is, the input must be 1D or 2D", _ONES[2, 2, 2], 1
        )
    ],
    "linalg.cond": [
        _refusal("linalg.cond got an invalid norm type: 3", _ONES[2, 2], 3),
        _refusal("must be batches of square matrices", _ONES[2, 3], 1),
    ],
    "linalg.tensorinv": [
        _refusal("Expected a strictly positive integer for 'ind'", _ONES[2, 2], 0),
        _refusal("Expected self to satisfy the requirement", _ONES[2, 3], 1),
    ],
    "linalg.tensorsolve": [
        _refusal("Expected self to satisfy the requirement", _ONES[2, 3], _ONES[2,])
    ],
    "cov": [
        _refusal("cov(): expected input to have two or fewer dimensions", _ONES[2, 2, 2]),
        _refusal(
            "cov(): expected fweights to have integral dtype", _ONES[2, 3], fweights=_ONES[3,]
        ),
    ],
    "adjoint": [
        _refusal("adjoint() is only supported on matrices or batches of matrices", _ONES[3,])
    ],
}
