"""Powers, exponentials and chains of matrices; cross products and powers of vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .._tensor import Array, Tensor, wrap
from . import _check
from ._lapack import (
    check_floating,
    check_square,
    require_tensor,
)
from ._op import attach, op
from ._results import written
from .join import cat
from .products import mm
from .solving import inv

__all__ = [
    "chain_matmul",
    "cross",
    "matrix_exp",
    "matrix_power",
    "vander",
]

# ---- powers --------------------------------------------------------------------------------------


def matrix_power(input: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """Raise square matrices to a whole power; a negative one is that of the inverse.

    Args:
        input: shape (…, k, k), floating.
        n: the exponent.
        out: where to write the result.

    Raises:
        RuntimeError: the matrices are not square.
        LinAlgError: the exponent is negative and a matrix is singular.

    Example:
        >>> import penlight as torch
        >>> torch.matrix_power(torch.tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
        tensor([[1., 3.],
                [0., 1.]])
    """
    require_tensor("matrix_power", "input", input)
    check_square("linalg.matrix_power", input._array)
    base = inv(input) if n < 0 else input
    return written(out, _power(base, abs(n)))


def _power(base: Tensor, n: int) -> Tensor:
    """Multiply by squares, in the order in which torch does."""
    result: Any = None
    if n == 0:
        size = base._array.shape[-1]
        eye = np.broadcast_to(np.eye(size, dtype=base._array.dtype), base._array.shape)
        return base.clone().copy_(wrap(eye))
    if n == 1:
        result = base.clone()
    elif n == 2:
        result = base @ base
    elif n == 3:
        result = (base @ base) @ base
    else:
        square: Any = None
        while n:
            square = base if square is None else square @ square
            n, odd = divmod(n, 2)
            if odd:
                result = square if result is None else result @ square
    out: Tensor = result
    return out


# ---- exponentials --------------------------------------------------------------------------------

# Higham, The scaling and squaring method for the matrix exponential revisited, SIAM J. Matrix Anal.
# Appl. 26 (2005): coefficients of the diagonal Padé approximants by degree, and the largest 1-norm
# for which a degree gives double precision.
_PADE = {
    3: (120.0, 60.0, 12.0, 1.0),
    5: (30240.0, 15120.0, 3360.0, 420.0, 30.0, 1.0),
    7: (17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0),
    9: (
        17643225600.0,
        8821612800.0,
        2075673600.0,
        302702400.0,
        30270240.0,
        2162160.0,
        110880.0,
        3960.0,
        90.0,
        1.0,
    ),
    13: (
        64764752532480000.0,
        32382376266240000.0,
        7771770303897600.0,
        1187353796428800.0,
        129060195264000.0,
        10559470521600.0,
        670442572800.0,
        33522128640.0,
        1323241920.0,
        40840800.0,
        960960.0,
        16380.0,
        182.0,
        1.0,
    ),
}
_NORMS = {
    3: 1.495585217958292e-2,
    5: 2.539398330063230e-1,
    7: 9.504178996162932e-1,
    9: 2.097847961257068,
    13: 5.371920351148152,
}


def _exponential(matrix: Array) -> Array:
    """Return the exponential of one matrix, in float64."""
    size = float(np.abs(matrix).sum(axis=0).max(initial=0))
    if not math.isfinite(size):
        return np.full(matrix.shape, np.nan)
    degree = next((degree for degree, most in _NORMS.items() if size <= most), 13)
    squarings = max(0, math.ceil(math.log2(size / _NORMS[13]))) if degree == 13 else 0
    scaled = matrix / 2.0**squarings
    coefficients = _PADE[degree]
    square = scaled @ scaled
    power = np.eye(len(matrix))
    even, odd = coefficients[0] * power, coefficients[1] * power
    for place in range(2, degree + 1, 2):
        power = power @ square
        even = even + coefficients[place] * power
        odd = odd + coefficients[place + 1] * power
    odd = scaled @ odd
    out: Array = np.linalg.solve(even - odd, even + odd)
    for _ in range(squarings):
        out = out @ out
    return out


def _exp_rule(grad: Any, input: Any) -> Any:
    """Return the upper right block of the exponential of a matrix with the gradient there."""
    turned = input.mT
    n = input._array.shape[-1]
    top = cat([turned, grad], -1)
    bottom = cat([turned.new_zeros(turned._array.shape), turned], -1)
    return _matrix_exp(cat([top, bottom], -2))[..., :n, n:]


@op("_linalg_matrix_exp", node="LinalgMatrixExpBackward0", method=False, input=_exp_rule)
def _matrix_exp(input: Array) -> Array:
    out = np.empty(input.shape, input.dtype)
    for index in np.ndindex(input.shape[:-2]):
        out[index] = _exponential(input[index].astype(np.float64)).astype(input.dtype)
    return out


def matrix_exp(input: Tensor) -> Tensor:
    r"""Return the exponentials of square matrices: :math:`\sum_k A^k / k!`.

    Args:
        input: shape (…, n, n), floating.

    Raises:
        RuntimeError: the matrices are not square, or the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.matrix_exp(torch.zeros(2, 2))
        tensor([[1., 0.],
                [0., 1.]])

    References:
        N. Higham, *The scaling and squaring method for the matrix exponential revisited* (2005).
    """
    require_tensor("matrix_exp", "input", input)
    check_square("linalg.matrix_exp", input._array)
    check_floating("linalg.matrix_exp", input._array, low=True)
    out: Tensor = _matrix_exp(input)
    return out


# ---- chains --------------------------------------------------------------------------------------


def _splits(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """Return where to split each stretch of a chain of matrices of these sizes.

    Cormen, Leiserson, Rivest and Stein, *Introduction to Algorithms*, section 14.2.
    """
    count = len(sizes) - 1
    costs: dict[tuple[int, int], int] = {(i, i): 0 for i in range(count)}
    splits: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            found = [
                (costs[i, k] + costs[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            ]
            costs[i, j], splits[i, j] = min(found)
    return splits


def _multiply(matrices: Sequence[Any], splits: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return matrices[i]
    k = splits[i, j]
    return mm(_multiply(matrices, splits, i, k), _multiply(matrices, splits, k + 1, j))


def multi_dot(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Multiply matrices one after another, in the order that costs least.

    Args:
        tensors: at least two matrices; the first and the last may be vectors.
        out: where to write the result.

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.multi_dot([torch.ones(1, 2), torch.ones(2, 3), torch.ones(3)])
        tensor([6.])
    """
    given: list[Any] = list(tensors)
    if len(given) < 2:
        _check.refuse(f"multi_dot(): expected at least 2 tensors but got {len(given)}")
    for place, tensor in enumerate(given):
        _check_link(place, tensor, given[0], last=len(given) - 1)
    first, last = given[0]._array.ndim == 1, given[-1]._array.ndim == 1
    shape = (*given[0]._array.shape[: 0 if first else 1], *given[-1]._array.shape[1:])
    if first:
        given[0] = given[0].unsqueeze(0)
    if last:
        given[-1] = given[-1].unsqueeze(1)
    for place, (a, b) in enumerate(pairwise(given)):
        if a._array.shape[1] != b._array.shape[0]:
            _check.refuse(
                f"multi_dot(): tensors {place} and {place + 1} with shapes "
                f"{list(a._array.shape)} and {list(b._array.shape)} cannot be multiplied"
            )
    sizes = [given[0]._array.shape[0], *(tensor._array.shape[1] for tensor in given)]
    product = _multiply(given, _splits(sizes), 0, len(given) - 1)
    return written(out, product.view(shape))


def _check_link(place: int, tensor: Any, first: Any, *, last: int) -> None:
    require_tensor("linalg_multi_dot", "tensors", tensor)
    ndim = tensor._array.ndim
    if place in {0, last} and ndim not in {1, 2}:
        which = "first" if place == 0 else "last"
        _check.refuse(f"multi_dot(): the {which} tensor must be 1D or 2D but got {ndim}D")
    if place not in {0, last} and ndim != 2:
        _check.refuse(f"multi_dot(): tensor {place} must be 2D but got {ndim}D")
    if tensor._array.dtype != first._array.dtype:
        _check.refuse(
            f"multi_dot(): all tensors must have be the same dtype but tensor 0 is "
            f"{_check.scalar_type(first._array)} and tensor {place} "
            f"{_check.scalar_type(tensor._array)}"
        )


def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor:
    """Multiply matrices one after another; :func:`torch.linalg.multi_dot` took its place.

    Args:
        matrices: at least one, each of two dimensions.
        out: where to write the result.

    Example:
        >>> import penlight as torch
        >>> torch.chain_matmul(torch.ones(1, 2), torch.ones(2, 3), torch.ones(3, 1))
        tensor([[6.]])
    """
    given = matrices[0] if len(matrices) == 1 and isinstance(matrices[0], list) else matrices
    if not given:
        _check.refuse("chain_matmul(): Expected one or more matrices")
    for tensor in given:
        if tensor._array.ndim != 2:
            _check.refuse(
                f"Tensor dimension is {tensor._array.ndim}, expected 2 instead, of shape "
                f"{list(tensor._array.shape)}"
            )
    return written(out, given[0] if len(given) == 1 else multi_dot(given))


# ---- vectors -------------------------------------------------------------------------------------


@op(
    "_linalg_cross",
    node="LinalgCrossBackward0",
    method=False,
    broadcast=True,
    input=lambda grad, other, dim: _cross(other, grad, dim),
    other=lambda grad, input, dim: _cross(grad, input, dim),
)
def _cross(input: Array, other: Array, dim: int) -> Array:
    if input.dtype.kind == "b":
        msg = "\"cross\" not implemented for 'Bool'"
        raise NotImplementedError(msg)
    first, second = (np.moveaxis(array, dim, 0) for array in np.broadcast_arrays(input, other))
    ahead, behind = [1, 2, 0], [2, 0, 1]
    out = first[ahead] * second[behind] - first[behind] * second[ahead]
    return np.ascontiguousarray(np.moveaxis(out, 0, dim))


def linalg_cross(
    input: Tensor, other: Tensor, *, dim: int = -1, out: Tensor | None = None
) -> Tensor:
    """Return the cross products of vectors of three elements.

    Args:
        input: a tensor of length 3 along ``dim``.
        other: the same; the shapes broadcast.
        dim: the dimension of the vectors.
        out: where to write the result.

    Raises:
        RuntimeError: the shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.cross(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]))
        tensor([0., 0., 1.])
    """
    require_tensor("linalg_cross", "input", input)
    require_tensor("linalg_cross", "other", other)
    a, b = input._array, other._array
    if a.ndim != b.ndim:
        _check.refuse(
            f"linalg.cross: inputs must have the same number of dimensions, got {a.ndim} and "
            f"{b.ndim}"
        )
    place = _check.dim(dim, a.ndim)
    if not a.ndim or a.shape[place] != 3 or b.shape[place] != 3:
        _check.refuse(
            f"linalg.cross: inputs dimension {dim} must have length 3. "
            f"Got {a.shape[place] if a.ndim else 1} and {b.shape[place] if b.ndim else 1}"
        )
    _check.same_dtype(a, b)
    found: Tensor = _cross(input, other, place)
    return written(out, found)


def cross(
    input: Tensor, other: Tensor, dim: int | None = None, *, out: Tensor | None = None
) -> Tensor:
    """Return the cross products of vectors of three elements; see :func:`torch.linalg.cross`.

    Args:
        input: a tensor of length 3 along ``dim``.
        other: the same; the shapes broadcast.
        dim: the dimension of the vectors, the first of length 3 when not given.
        out: where to write the result.

    Example:
        >>> import penlight as torch
        >>> torch.cross(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]), dim=0)
        tensor([0., 0., 1.])
    """
    require_tensor("cross", "input", input)
    if dim is None:
        shape = input._array.shape
        if 3 not in shape:
            _check.refuse(f"no dimension of size 3 in input, got shape {list(shape)}")
        dim = shape.index(3)
    return linalg_cross(input, other, dim=dim, out=out)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """Return the dot products of vectors along a dimension; the shapes broadcast.

    Args:
        x: a floating tensor.
        y: the same.
        dim: the dimension of the vectors.
        out: where to write the result.

    Raises:
        RuntimeError: the dtype is not floating, or the dtypes differ.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.vecdot(torch.ones(2, 3), torch.ones(3))
        tensor([3., 3.])
    """
    require_tensor("linalg_vecdot", "x", x)
    require_tensor("linalg_vecdot", "y", y)
    check_floating("linalg.vecdot", x._array, low=True)
    if x._array.dtype != y._array.dtype:
        _check.refuse(
            "linalg.vecdot: Expected x and y to have the same dtype, but found x of type "
            f"{_check.scalar_type(x._array)} and y of type {_check.scalar_type(y._array)} instead"
        )
    found: Any = x.vdot(y) if x._array.ndim == y._array.ndim == 1 else (x * y).sum(dim)
    return written(out, found)


def linalg_diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Return the diagonals of matrices as a view; :func:`torch.diagonal` of the last dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.diagonal(torch.ones(4, 2, 3)).shape
        torch.Size([4, 2])
    """
    require_tensor("linalg_diagonal", "A", A)
    out: Tensor = A.diagonal(offset, dim1, dim2)
    return out


# ---- powers of vectors ---------------------------------------------------------------------------


def linalg_vander(x: Tensor, N: int | None = None) -> Tensor:
    """Return the matrices whose rows are the powers of numbers, from 0 on.

    Args:
        x: shape (…, n).
        N: how many powers; ``n`` when not given.

    Raises:
        RuntimeError: ``N`` is below 2.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.vander(torch.tensor([2, 3]), N=3)
        tensor([[1, 2, 4],
                [1, 3, 9]])
    """
    require_tensor("linalg_vander", "x", x)
    if not x._array.ndim:
        x = x.reshape(1)
    array = x._array
    count = array.shape[-1] if N is None else N
    if count <= 1:
        _check.refuse(f"N must be greater than 1. Got {count}.")
    powers = x.unsqueeze(-1).expand(*array.shape, count - 1).cumprod(-1)
    ones = powers.new_ones(*array.shape, 1)
    out: Tensor = cat([ones, powers], -1)
    return out


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Return the matrix whose rows are the powers of a vector's elements.

    Args:
        x: a vector.
        N: how many powers; the length of ``x`` when not given.
        increasing: begin with the power 0; else end with it.

    Raises:
        RuntimeError: ``x`` is no vector, or ``N`` is negative.

    Example:
        >>> import penlight as torch
        >>> torch.vander(torch.tensor([2, 3]), 3)
        tensor([[4, 2, 1],
                [9, 3, 1]])
    """
    require_tensor("vander", "x", x)
    if x._array.ndim != 1:
        _check.refuse(f"x must be a one-dimensional tensor, got {x._array.ndim} dimensions.")
    count = len(x._array) if N is None else N
    if count < 0:
        _check.refuse(f"N must be non-negative, got {count}.")
    if not count:
        return x.new_empty(len(x._array), 0).detach()
    shape = (len(x._array), count - 1)
    powers = x.unsqueeze(-1).expand(shape).cumprod(-1)
    out: Any = cat([powers.new_ones(shape[0], 1), powers], -1)[:, :count]
    return out if increasing else out.flip(1)


for _function in (cross, matrix_exp, matrix_power):
    attach(_function)
