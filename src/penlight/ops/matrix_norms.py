"""Norms of vectors and matrices under torch.linalg, and condition numbers."""

from __future__ import annotations

import math
from typing import Any, NoReturn

from .._dtype import dtype
from .._tensor import Tensor
from . import _check
from ._lapack import check_floating, check_matrix, check_square, require_tensor
from ._reducing import converted, tupled
from ._results import written
from .decompositions import svdvals
from .solving import inv_ex
from .statistics import vector_norm as _vector_norm

__all__: list[str] = []

_SPECTRAL = {2.0, -2.0}
_SUMS = {1.0, -1.0, math.inf, -math.inf}


def vector_norm(
    x: Tensor,
    ord: float = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    r"""Return the norms of vectors: :math:`(\sum |x|^p)^{1/p}`.

    Args:
        x: a floating tensor.
        ord: ``p``; ``inf`` and ``-inf`` for the largest and the smallest size, 0 for the number of
            elements that are not 0.
        dim: one dimension or several; all elements are one vector when not given.
        keepdim: keep the dimensions with length 1.
        dtype: cast the input to this first.
        out: where to write the result.

    Raises:
        RuntimeError: the dtype is not floating, or there are no elements to find a norm of.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.vector_norm(torch.tensor([3.0, 4.0]))
        tensor(5.)
    """
    require_tensor("linalg_vector_norm", "x", x)
    check_floating("linalg.vector_norm", x._array, low=True)
    values = converted(x, dtype)
    power = float(ord)
    dims = _check.dims(tupled(dim), values._array.ndim)
    if power < 0 or power == math.inf:
        _refuse_empty(values, dim, dims, ord)
    result: Tensor = _vector_norm(values, power, tupled(dim), keepdim)
    return written(out, result)


def _refuse_empty(values: Tensor, dim: Any, dims: tuple[int, ...], ord: float) -> None:
    shape = values._array.shape
    if dim is None and not values._array.size:
        _check.refuse(
            f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the "
            "operation does not have an identity"
        )
    for place in dims:
        if shape and not shape[place]:
            _check.refuse(
                f"linalg.vector_norm cannot compute the {ord} norm on the dimension {place} "
                "because this dimension is empty and the operation does not have an identity"
            )


def _dim_pair(function: str, A: Tensor, dim: Any) -> tuple[int, int]:
    if len(dim) != 2:
        _check.refuse(f"{function}: dim must be a 2-tuple. Got {', '.join(map(str, dim))}")
    first, second = (_check.dim(value, A._array.ndim) for value in dim)
    if first == second:
        _check.refuse(f"{function}: dims must be different. Got ({dim[0]}, {dim[1]})")
    return first, second


def matrix_norm(
    A: Tensor,
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the norms of matrices.

    Args:
        A: a floating tensor of at least two dimensions.
        ord: ``"fro"``, the root of the sum of squares; ``"nuc"``, the sum of the singular values;
            2 and -2, the largest and the smallest of them; 1 and -1, the largest and smallest sum
            of sizes of a column; ``inf`` and ``-inf``, those of a row.
        dim: the two dimensions of the matrices.
        keepdim: keep the dimensions with length 1.
        dtype: cast the input to this first.
        out: where to write the result.

    Raises:
        RuntimeError: the argument is no matrix, the dtype is not floating, or the order is none of
            these.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.matrix_norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]]), "nuc")
        tensor(7.)
    """
    require_tensor("linalg_matrix_norm", "A", A)
    check_matrix("linalg.matrix_norm", A._array)
    check_floating("linalg.matrix_norm", A._array, low=True)
    pair = _dim_pair("linalg.matrix_norm", A, dim)
    values = converted(A, dtype)
    if isinstance(ord, str):
        if ord not in {"fro", "nuc"}:
            _check.refuse(f"linalg.matrix_norm: Order {ord} not supported.")
        result = (
            vector_norm(values, 2, pair, keepdim)
            if ord == "fro"
            else _of_singular(values, "sum", pair, keepdim)
        )
    else:
        result = _by_number(values, float(ord), pair, keepdim)
    return written(out, result)


def _by_number(values: Tensor, power: float, pair: tuple[int, int], keepdim: bool) -> Tensor:
    if power in _SPECTRAL:
        return _of_singular(values, "amax" if power > 0 else "amin", pair, keepdim)
    if power not in _SUMS:
        _check.refuse(f"linalg.matrix_norm: Order {power:g} not supported.")
    row, column = pair[::-1] if math.isinf(power) else pair
    sums = vector_norm(values, 1, row, keepdim)
    if not keepdim and row < column:
        column -= 1
    out: Tensor = sums.amax(column, keepdim) if power > 0 else sums.amin(column, keepdim)
    return out


def _of_singular(values: Tensor, reduce: str, pair: tuple[int, int], keepdim: bool) -> Tensor:
    """Reduce the singular values of matrices along any two dimensions."""
    ndim = values._array.ndim
    others = [place for place in range(ndim) if place not in pair]
    singular = svdvals(values.permute(*others, *pair))
    out: Tensor = getattr(singular, reduce)(-1, keepdim)
    if keepdim:
        order = [*others, *pair]
        out = out.unsqueeze(-1).permute([order.index(place) for place in range(ndim)])
    return out


def norm(
    A: Tensor,
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
) -> Tensor:
    """Return the norms of vectors or matrices, whichever ``dim`` says.

    Args:
        A: a floating tensor.
        ord: as for :func:`vector_norm` or :func:`matrix_norm`; when it is not given, the root of
            the sum of squares.
        dim: one dimension for vectors, two for matrices. When it is not given, a tensor with an
            ``ord`` is a vector or a matrix, and one without is flattened.
        keepdim: keep the dimensions with length 1.
        out: where to write the result.
        dtype: cast the input to this first.

    Raises:
        RuntimeError: the dtype is not floating, or order and dimensions do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]]), 2)
        tensor(4.)
    """
    require_tensor("linalg_norm", "A", A)
    ndim = A._array.ndim
    dims = (dim,) if isinstance(dim, int) else None if dim is None else tuple(dim)
    if isinstance(ord, str):
        if dims is None and ndim != 2:
            _refuse_ndim(ndim)
        return matrix_norm(A, ord, dims or (0, 1), keepdim, dtype=dtype, out=out)
    if dims is not None and len(dims) not in {1, 2}:
        _check.refuse(
            f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dims)}"
        )
    if dims is None and ord is not None and ndim not in {1, 2}:
        _refuse_ndim(ndim)
    is_matrix = len(dims) == 2 if dims is not None else ndim == 2
    if ord is not None and is_matrix:
        return matrix_norm(A, ord, dims or (0, 1), keepdim, dtype=dtype, out=out)
    return vector_norm(A, 2 if ord is None else ord, dims, keepdim, dtype=dtype, out=out)


def _refuse_ndim(ndim: int) -> NoReturn:
    _check.refuse(
        f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {ndim}D."
    )


def cond(A: Tensor, p: Any = None, *, out: Tensor | None = None) -> Tensor:
    r"""Return condition numbers: :math:`\lVert A \rVert_p \lVert A^{-1} \rVert_p`.

    Args:
        A: shape (…, m, n), or (…, n, n) for an order other than 2 and -2.
        p: an order of :func:`matrix_norm`; 2 when not given.
        out: where to write the result.

    Returns:
        A tensor of the batch's shape; ``inf`` for a singular matrix.

    Raises:
        RuntimeError: the shape or the order does not fit.

    Example:
        >>> import penlight as torch
        >>> torch.linalg.cond(torch.tensor([[3.0, 0.0], [0.0, 6.0]]))
        tensor(2.)
    """
    require_tensor("linalg_cond", "A", A)
    if A._array.ndim < 2:
        _check.refuse(
            "linalg.cond: The input tensor must have at least 2 dimensions. "
            f"Got shape {list(A._array.shape)}"
        )
    power = p if p is None or isinstance(p, str) else float(p)
    if power is None or power in _SPECTRAL:
        return written(out, _by_singular_values(A, power == -2))
    if power not in {"fro", "nuc", *_SUMS}:
        _check.refuse(f"linalg.cond got an invalid norm type: {p}")
    check_square(f"linalg.cond(ord={p})", A._array)
    if not A._array.size:
        return written(out, A.new_zeros(A._array.shape[:-2]))
    found = inv_ex(A)
    inverse = found.inverse.masked_fill((found.info > 0).unsqueeze(-1).unsqueeze(-1), math.inf)
    if power == "nuc":
        return written(out, _nuclear(A, found))
    product: Any = matrix_norm(A, p) * matrix_norm(inverse, p)
    return written(out, product.nan_to_num(math.inf, math.inf))


def _nuclear(A: Tensor, found: Any) -> Tensor:
    """Return the product of nuclear norms, infinite for a singular matrix."""
    bad = found.info > 0
    finite = found.inverse.masked_fill(bad.unsqueeze(-1).unsqueeze(-1), 0)
    product = matrix_norm(A, "nuc") * matrix_norm(finite, "nuc")
    out: Tensor = product.masked_fill(bad, math.inf) if bad._array.any() else product
    return out


def _by_singular_values(A: Tensor, reverse: bool) -> Tensor:
    if not A._array.size:
        check_floating("linalg.svd", A._array)
        zeros: Tensor = A.new_zeros(A._array.shape[:-2])
        return zeros
    values = svdvals(A)
    count = values._array.shape[-1]
    largest, smallest = values.narrow(-1, 0, 1), values.narrow(-1, count - 1, 1)
    ratio = smallest / largest if reverse else largest / smallest
    out: Tensor = ratio.squeeze(-1)
    return out
