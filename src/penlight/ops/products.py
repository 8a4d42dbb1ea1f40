"""Products of matrices, batches and vectors: mm, bmm, mv, dot, and their sums."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .. import kernels
from .._dtype import FROM_NUMPY
from .._tensor import Array, Tensor
from . import _check
from ._op import attach, op
from ._results import written

Number = bool | int | float

_SINGLE_OR_DOUBLE = frozenset({np.dtype(np.float32), np.dtype(np.float64)})

__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "bmm",
    "dot",
    "ger",
    "mm",
    "mv",
    "outer",
    "vdot",
]


def product(first: Array, second: Array, bias: Array | None = None) -> Array:
    """Return the product of two float32 or float64 matrices, plus a contiguous bias to each row."""
    out = np.empty((first.shape[0], second.shape[1]), first.dtype)
    kernels.matmul(out, first, second, bias)
    return out


def _product_of_floats(first: Array, second: Array) -> Array:
    """Return the product of vectors, matrices or batches in float32 or float64."""
    if first.ndim == 3:
        out = np.empty((*first.shape[:2], second.shape[2]), first.dtype)
        kernels.batch_matmul(out, first, second)
        return out
    if second.ndim == 2:
        return product(first, second)
    if first.ndim == 2:
        return product(second[None], first.T)[0]
    return product(first[None], second[:, None])[0, 0]


def _product(function: str, first: Array, second: Array) -> Array:
    """Return the matrix product; that of half types in float32, to be rounded when all is added."""
    if first.dtype in _SINGLE_OR_DOUBLE:
        return _product_of_floats(first, second)
    if first.dtype.kind == "b" and (function == "dot" or (first.size and second.size)):
        msg = f"\"{function}\" not implemented for 'Bool'"
        raise NotImplementedError(msg)
    if first.dtype.itemsize == 2 and first.dtype.kind != "i":
        return _product_of_floats(first.astype(np.float32), second.astype(np.float32))
    return np.matmul(first, second)


def multiply(function: str, first: Array, second: Array) -> Array:
    """Return the matrix product; half types are accumulated in float32, as torch does."""
    return _product(function, first, second).astype(first.dtype, copy=False)


def same_dtype(first: Array, second: Array) -> None:
    """Refuse factors of different dtypes."""
    if first.dtype is not second.dtype and first.dtype != second.dtype:
        names = {
            "float64": "double",
            "float32": "float",
            "float16": "c10::Half",
            "int64": "long long",
            "int32": "int",
        }
        a, b = (names.get(x.dtype.name, x.dtype.name) for x in (first, second))
        msg = (
            f"expected m1 and m2 to have the same dtype, but got: {a} != {b} "
            "(bring them together with .to(dtype) or .float())"
        )
        raise RuntimeError(msg)


def _no_out_dtype(function: str) -> dict[str, Any]:
    """Return the variant that refuses ``out_dtype``, which torch has kernels for on CUDA alone."""

    def refuse(*_: Any, **__: Any) -> NoReturn:
        msg = (
            f"Could not run 'aten::{function}.dtype' with arguments from the 'CPU' backend: "
            "out_dtype is for CUDA alone; convert the factors with .to(dtype) instead"
        )
        raise NotImplementedError(msg)

    return {"out_dtype": (None, refuse)}


def turned(matrix: Any) -> Any:
    return matrix.transpose(-2, -1)


@op(
    "mm",
    out=True,
    variants=_no_out_dtype("mm"),
    input=lambda grad, mat2: mm(grad, mat2.t()),
    mat2=lambda grad, input, mat2_layout: _of_second(grad, input, mat2_layout),
)
def mm(input: Array, mat2: Array) -> Array:
    """Multiply two matrices.

    Args:
        input: shape (n, m).
        mat2: shape (m, p), of the same dtype.

    Raises:
        RuntimeError: an argument is no matrix, or shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.mm(torch.ones(2, 3), torch.ones(3, 1))
        tensor([[3.],
                [3.]])
    """
    _check_matrices("mm", input, mat2)
    return multiply("addmm_impl_cpu_", input, mat2)


def _of_second(grad: Any, first: Any, layout: Any) -> Any:
    """Return the gradient of a product's second matrix, in the order in which that stood in memory.

    The weight of a linear layer is multiplied turned: its gradient then comes without a copy.
    """
    if layout.order is None:
        return mm(first.t(), grad)
    return mm(grad.t(), first).t()


def _check_matrices(function: str, first: Array, second: Array) -> None:
    if first.ndim != 2:
        _check.refuse(
            "self must be a matrix"
            if function == "mm"
            else f"mat1 must be a matrix, got {first.ndim}-D tensor"
        )
    if second.ndim != 2:
        _check.refuse(
            "mat2 must be a matrix"
            if function == "mm"
            else f"mat2 must be a matrix, got {second.ndim}-D tensor"
        )
    if first.shape[1] != second.shape[0]:
        _check.refuse(
            "mat1 and mat2 shapes cannot be multiplied "
            f"({_check.shape_text(first.shape)} and {_check.shape_text(second.shape)})"
        )
    same_dtype(first, second)


def _scaled(value: Any, factor: Number) -> Any:
    return value if factor == 1 else value * factor


@op(
    "addmm",
    out=True,
    variants=_no_out_dtype("addmm"),
    inplace=True,
    input=lambda grad, beta, input_shape: _scaled(grad._sum_to(input_shape), beta),
    mat1=lambda grad, mat2, alpha: _scaled(mm(grad, mat2.t()), alpha),
    mat2=lambda grad, mat1, mat2_layout, alpha: _scaled(_of_second(grad, mat1, mat2_layout), alpha),
)
def addmm(input: Array, mat1: Array, mat2: Array, *, beta: Number = 1, alpha: Number = 1) -> Array:
    """Multiply two matrices and add ``input``: ``beta * input + alpha * mat1 @ mat2``.

    Args:
        input: broadcasts to shape (n, p).
        mat1: shape (n, m).
        mat2: shape (m, p).
        beta: factor of ``input``; at 0 its values, NaN too, do not count.
        alpha: factor of the product.

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.addmm(torch.ones(1), torch.ones(1, 2), torch.ones(2, 2))
        tensor([[3., 3.]])
    """
    _check_matrices("addmm", mat1, mat2)
    if (
        alpha == beta == 1
        and input.shape == mat2.shape[1:]
        and input.dtype is mat1.dtype
        and mat1.dtype in _SINGLE_OR_DOUBLE
        and input.flags.c_contiguous
    ):
        return product(mat1, mat2, input)
    out = _product("addmm_impl_cpu_", mat1, mat2)
    return _add_scaled(input, out, mat1.dtype, beta, alpha)


def _add_scaled(input: Array, product: Array, kind: Any, beta: Number, alpha: Number) -> Array:
    """Return ``beta * input + alpha * product`` in the dtype ``kind`` of the factors."""
    if input.dtype != kind:
        msg = (
            f"self and mat2 must have the same dtype, but got {_check.scalar_type(input)} and "
            f"{FROM_NUMPY[kind].scalar_type}"
        )
        raise RuntimeError(msg)
    if alpha != 1:
        product = product * product.dtype.type(alpha)
    if beta == 0:
        return product.astype(kind, copy=False)
    try:
        spread = np.broadcast_to(input, product.shape)
    except ValueError:
        _refuse_to_spread(input, product.shape)
    spread = spread.astype(product.dtype, copy=False)
    np.add(product, spread if beta == 1 else spread * product.dtype.type(beta), out=product)
    return product.astype(kind, copy=False)


def _refuse_to_spread(input: Array, shape: tuple[int, ...]) -> NoReturn:
    pairs = zip(reversed(range(len(shape))), reversed(input.shape), strict=False)
    dim, own = next(
        ((dim, own) for dim, own in pairs if own not in {1, shape[dim]}), (0, input.shape[0])
    )
    _check.refuse(
        f"The expanded size of the tensor ({shape[dim]}) must match the existing size ({own}) at "
        f"non-singleton dimension {dim}.  Target sizes: {list(shape)}.  "
        f"Tensor sizes: {list(input.shape)}"
    )


@op(
    "bmm",
    out=True,
    variants=_no_out_dtype("bmm"),
    input=lambda grad, mat2: bmm(grad, turned(mat2)),
    mat2=lambda grad, input: bmm(turned(input), grad),
)
def bmm(input: Array, mat2: Array) -> Array:
    """Multiply batches of matrices.

    Args:
        input: shape (b, n, m).
        mat2: shape (b, m, p), of the same dtype.

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.bmm(torch.ones(2, 1, 3), torch.ones(2, 3, 1)).shape
        torch.Size([2, 1, 1])
    """
    _check_batches(input, mat2)
    return multiply("bmm", input, mat2)


def _check_batches(first: Array, second: Array) -> None:
    for name, array in (("batch1", first), ("batch2", second)):
        if array.ndim != 3:
            _check.refuse(f"{name} must be a 3D tensor")
    expected = [first.shape[0], first.shape[2]]
    if [second.shape[0], second.shape[1]] != expected:
        _check.refuse(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"{expected} but got: {list(second.shape[:2])}."
        )
    same_dtype(first, second)


@op(
    "baddbmm",
    out=True,
    variants=_no_out_dtype("baddbmm"),
    inplace=True,
    input=lambda grad, beta, input_shape: _scaled(grad._sum_to(input_shape), beta),
    batch1=lambda grad, batch2, alpha: _scaled(bmm(grad, turned(batch2)), alpha),
    batch2=lambda grad, batch1, alpha: _scaled(bmm(turned(batch1), grad), alpha),
)
def baddbmm(
    input: Array, batch1: Array, batch2: Array, *, beta: Number = 1, alpha: Number = 1
) -> Array:
    """Multiply batches of matrices and add ``input``; as :func:`addmm` for each.

    Example:
        >>> import penlight as torch
        >>> torch.baddbmm(torch.ones(1), torch.ones(1, 1, 2), torch.ones(1, 2, 1))
        tensor([[[3.]]])
    """
    _check_batches(batch1, batch2)
    return _add_scaled(input, _product("baddbmm", batch1, batch2), batch1.dtype, beta, alpha)


@op(
    "addbmm",
    out=True,
    inplace=True,
    input=lambda grad, beta, input_shape: _scaled(grad._sum_to(input_shape), beta),
    batch1=lambda grad, batch2, alpha: _scaled(bmm(_for_each(grad, batch2), turned(batch2)), alpha),
    batch2=lambda grad, batch1, alpha: _scaled(bmm(turned(batch1), _for_each(grad, batch1)), alpha),
)
def addbmm(
    input: Array, batch1: Array, batch2: Array, *, beta: Number = 1, alpha: Number = 1
) -> Array:
    """Add up the products of batches of matrices, and ``input``; as :func:`addmm` of their sum.

    Example:
        >>> import penlight as torch
        >>> torch.addbmm(torch.zeros(1), torch.ones(2, 1, 1), torch.ones(2, 1, 1))
        tensor([[2.]])
    """
    _check_batches(batch1, batch2)
    product = _product("addmm_impl_cpu_", batch1, batch2)
    return _add_scaled(input, product.sum(axis=0, dtype=product.dtype), batch1.dtype, beta, alpha)


def _for_each(grad: Any, batch: Any) -> Any:
    return grad.expand(batch._array.shape[0], *grad._array.shape)


@op(
    "mv",
    out=True,
    input=lambda grad, vec: outer(grad, vec),
    vec=lambda grad, input: mv(input.t(), grad),
)
def mv(input: Array, vec: Array) -> Array:
    """Multiply a matrix and a vector.

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.mv(torch.ones(2, 3), torch.ones(3))
        tensor([3., 3.])
    """
    _check_vectors(input, vec)
    return multiply("addmv_impl_cpu", input, vec)


def _check_vectors(mat: Array, vec: Array) -> None:
    if mat.ndim != 2 or vec.ndim != 1:
        _check.refuse(f"vector + matrix @ vector expected, got {vec.ndim}, {mat.ndim}, {vec.ndim}")
    if mat.shape[1] != vec.shape[0]:
        _refuse_sizes(mat, vec, mat.shape[0])
    same_dtype(mat, vec)


def _refuse_sizes(mat: Array, vec: Array, length: int) -> NoReturn:
    _check.refuse(
        f"size mismatch, got input ({length}), mat ({_check.shape_text(mat.shape)}), "
        f"vec ({vec.shape[0]})"
    )


@op(
    "addmv",
    out=True,
    inplace=True,
    input=lambda grad, beta, input_shape: _scaled(grad._sum_to(input_shape), beta),
    mat=lambda grad, vec, alpha: _scaled(outer(grad, vec), alpha),
    vec=lambda grad, mat, alpha: _scaled(mv(mat.t(), grad), alpha),
)
def addmv(input: Array, mat: Array, vec: Array, *, beta: Number = 1, alpha: Number = 1) -> Array:
    """Multiply a matrix and a vector and add ``input``: ``beta * input + alpha * mat @ vec``.

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.addmv(torch.ones(2), torch.ones(2, 3), torch.ones(3))
        tensor([4., 4.])
    """
    _check_vectors(mat, vec)
    if input.ndim and input.size not in {1, mat.shape[0]}:
        _refuse_sizes(mat, vec, input.shape[0])
    return _add_scaled(input, _product("addmv_impl_cpu", mat, vec), mat.dtype, beta, alpha)


@op(
    "dot",
    out=True,
    input=lambda grad, tensor: grad * tensor,
    tensor=lambda grad, input: grad * input,
)
def dot(input: Array, tensor: Array) -> Array:
    """Multiply two vectors and add up.

    Raises:
        RuntimeError: an argument is no vector, or lengths or dtypes differ.

    Example:
        >>> import penlight as torch
        >>> torch.dot(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
        tensor(11.)
    """
    _check_dot(input, tensor)
    return np.asarray(multiply("dot", input, tensor))


def _check_dot(input: Array, tensor: Array) -> None:
    if input.ndim != 1 or tensor.ndim != 1:
        _check.refuse(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    if input.dtype != tensor.dtype:
        _check.refuse(
            "dot : expected both vectors to have same dtype, but found "
            f"{_check.scalar_type(input)} and {_check.scalar_type(tensor)}"
        )
    if input.size != tensor.size:
        _check.refuse(
            "inconsistent tensor size, expected tensor "
            f"[{input.size}] and src [{tensor.size}] to have the same number of elements, but got "
            f"{input.size} and {tensor.size} elements respectively"
        )


@op(
    "vdot",
    out=True,
    input=lambda grad, other: grad * other,
    other=lambda grad, input: grad * input,
)
def vdot(input: Array, other: Array) -> Array:
    """Multiply two vectors and add up; of real numbers the same as :func:`dot`.

    Example:
        >>> import penlight as torch
        >>> torch.vdot(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
        tensor(11.)
    """
    _check_dot(input, other)
    return np.asarray(multiply("dot", input, other))


def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Multiply every element of a vector with every element of another.

    Args:
        input: a vector.
        vec2: a vector.
        out: where to write the result.

    Raises:
        RuntimeError: one of them is no vector.

    Example:
        >>> import penlight as torch
        >>> torch.outer(torch.tensor([1, 2]), torch.tensor([3, 4]))
        tensor([[3, 4],
                [6, 8]])
    """
    for name, tensor in (("self", input), ("vec2", vec2)):
        if tensor._array.ndim != 1:
            _check.refuse(f"outer: Expected 1-D argument {name}, but got {tensor._array.ndim}-D")
    return written(out, input.reshape(-1, 1) * vec2)


@op(
    "addr",
    out=True,
    inplace=True,
    input=lambda grad, beta, input_shape: _scaled(grad._sum_to(input_shape), beta),
    vec1=lambda grad, vec2, alpha: _scaled(mv(grad, vec2), alpha),
    vec2=lambda grad, vec1, alpha: _scaled(mv(grad.t(), vec1), alpha),
)
def addr(input: Array, vec1: Array, vec2: Array, *, beta: Number = 1, alpha: Number = 1) -> Array:
    """Add the outer product of two vectors to ``input``.

    Raises:
        RuntimeError: an argument is no vector, or the shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.addr(torch.zeros(1), torch.tensor([1.0]), torch.tensor([2.0]))
        tensor([[2.]])
    """
    for name, array in (("vec1", vec1), ("vec2", vec2)):
        if array.ndim != 1:
            _check.refuse(f"addr: Expected 1-D argument {name}, but got {array.ndim}-D")
    return _add_scaled(input, np.multiply.outer(vec1, vec2), vec1.dtype, beta, alpha)


ger = outer

for _name in __all__:
    attach(globals()[_name], _name)
