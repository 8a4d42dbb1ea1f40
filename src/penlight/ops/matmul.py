"""The matmul family: mm, bmm, mv, dot, addmm, baddbmm, matmul, outer, linear products."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from .._tensor import Array, Tensor
from . import _check
from ._op import attach, op
from ._results import written

Number = bool | int | float

__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "bmm",
    "dot",
    "inner",
    "matmul",
    "mm",
    "mv",
    "outer",
    "vdot",
]


def _multiply(first: Array, second: Array) -> Array:
    """Return the matrix product; half types are accumulated in float32, as torch does."""
    if first.dtype.itemsize == 2 and first.dtype.kind != "i":
        return np.matmul(first.astype(np.float32), second.astype(np.float32)).astype(first.dtype)
    return np.matmul(first, second)


def _same_dtype(first: Array, second: Array) -> None:
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


def _refuse(message: str) -> NoReturn:
    raise RuntimeError(message)


def _t(matrix: Any) -> Any:
    return matrix.transpose(-2, -1)


@op(
    "mm",
    out=True,
    input=lambda grad, mat2: mm(grad, mat2.t()),
    mat2=lambda grad, input: mm(input.t(), grad),
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
    return _multiply(input, mat2)


def _check_matrices(function: str, first: Array, second: Array) -> None:
    if first.ndim != 2:
        _refuse(
            "self must be a matrix"
            if function == "mm"
            else f"mat1 must be a matrix, got {first.ndim}-D tensor"
        )
    if second.ndim != 2:
        _refuse(
            "mat2 must be a matrix"
            if function == "mm"
            else f"mat2 must be a matrix, got {second.ndim}-D tensor"
        )
    if first.shape[1] != second.shape[0]:
        _refuse(
            "mat1 and mat2 shapes cannot be multiplied "
            f"({_check.shape_text(first.shape)} and {_check.shape_text(second.shape)})"
        )
    _same_dtype(first, second)


def _scaled(value: Any, factor: Number) -> Any:
    return value if factor == 1 else value * factor


@op(
    "addmm",
    out=True,
    inplace=True,
    input=lambda grad, beta, input_shape: _scaled(grad._sum_to(input_shape), beta),
    mat1=lambda grad, mat2, alpha: _scaled(mm(grad, mat2.t()), alpha),
    mat2=lambda grad, mat1, alpha: _scaled(mm(mat1.t(), grad), alpha),
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
    out = _multiply(mat1, mat2)
    return _add_scaled(input, out, beta, alpha)


def _add_scaled(input: Array, product: Array, beta: Number, alpha: Number) -> Array:
    """Return ``beta * input + alpha * product`` in the product's memory."""
    if input.dtype != product.dtype:
        msg = f"self and mat2 must have the same dtype, but got {_check.scalar_type(input)} and {_check.scalar_type(product)}"
        raise RuntimeError(msg)
    if alpha != 1:
        product = product * product.dtype.type(alpha)
    if beta == 0:
        return product
    try:
        spread = np.broadcast_to(input, product.shape)
    except ValueError:
        msg = (
            f"The expanded size of the tensor ({product.shape[-1]}) must match the existing size "
            f"({input.shape[-1] if input.ndim else 1}) at non-singleton dimension {product.ndim - 1}.  "
            f"Target sizes: {list(product.shape)}.  Tensor sizes: {list(input.shape)}"
        )
        raise RuntimeError(msg) from None
    np.add(product, spread if beta == 1 else spread * input.dtype.type(beta), out=product)
    return product


@op(
    "bmm",
    out=True,
    input=lambda grad, mat2: bmm(grad, _t(mat2)),
    mat2=lambda grad, input: bmm(_t(input), grad),
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
    return _multiply(input, mat2)


def _check_batches(first: Array, second: Array) -> None:
    for name, array in (("batch1", first), ("batch2", second)):
        if array.ndim != 3:
            _refuse(f"{name} must be a 3D tensor")
    expected = [first.shape[0], first.shape[2]]
    if [second.shape[0], second.shape[1]] != expected:
        _refuse(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"{expected} but got: {list(second.shape[:2])}."
        )
    _same_dtype(first, second)


@op(
    "baddbmm",
    out=True,
    inplace=True,
    input=lambda grad, beta, input_shape: _scaled(grad._sum_to(input_shape), beta),
    batch1=lambda grad, batch2, alpha: _scaled(bmm(grad, _t(batch2)), alpha),
    batch2=lambda grad, batch1, alpha: _scaled(bmm(_t(batch1), grad), alpha),
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
    return _add_scaled(input, _multiply(batch1, batch2), beta, alpha)


def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1
) -> Tensor:
    """Add up the products of batches of matrices, and ``input``.

    Example:
        >>> import penlight as torch
        >>> torch.addbmm(torch.zeros(1), torch.ones(2, 1, 1), torch.ones(2, 1, 1))
        tensor([[2.]])
    """
    product = bmm(batch1, batch2).sum(0)
    return _scaled(input, beta) + _scaled(product, alpha)  # type: ignore[no-any-return]


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
    if input.ndim != 2 or vec.ndim != 1:
        _refuse(f"vector + matrix @ vector expected, got {input.ndim}, {vec.ndim}")
    if input.shape[1] != vec.shape[0]:
        _refuse(
            f"size mismatch, got input ({input.shape[0]}), mat ({_check.shape_text(input.shape)}), vec ({vec.shape[0]})"
        )
    _same_dtype(input, vec)
    return _multiply(input, vec)


def addmv(
    input: Tensor, mat: Tensor, vec: Tensor, *, beta: Number = 1, alpha: Number = 1
) -> Tensor:
    """Multiply a matrix and a vector and add ``input``.

    Example:
        >>> import penlight as torch
        >>> torch.addmv(torch.ones(2), torch.ones(2, 3), torch.ones(3))
        tensor([4., 4.])
    """
    return _scaled(input, beta) + _scaled(mv(mat, vec), alpha)  # type: ignore[no-any-return]


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
    if input.ndim != 1 or tensor.ndim != 1:
        _refuse(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    if input.dtype != tensor.dtype:
        _refuse(
            "dot : expected both vectors to have same dtype, but found "
            f"{_check.scalar_type(input)} and {_check.scalar_type(tensor)}"
        )
    if input.size != tensor.size:
        _refuse(
            "inconsistent tensor size, expected tensor "
            f"[{input.size}] and src [{tensor.size}] to have the same number of elements, but got "
            f"{input.size} and {tensor.size} elements respectively"
        )
    return np.asarray(_multiply(input, tensor))


vdot = dot


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Multiply every element of a vector with every element of another.

    Example:
        >>> import penlight as torch
        >>> torch.outer(torch.tensor([1, 2]), torch.tensor([3, 4]))
        tensor([[3, 4],
                [6, 8]])
    """
    for name, tensor in (("self", input), ("vec2", vec2)):
        if tensor._array.ndim != 1:
            _refuse(f"outer: Expected 1-D argument {name}, but got {tensor._array.ndim}-D")
    return input.reshape(-1, 1) * vec2  # type: ignore[attr-defined, no-any-return]


def addr(
    input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Number = 1, alpha: Number = 1
) -> Tensor:
    """Add the outer product of two vectors to ``input``.

    Example:
        >>> import penlight as torch
        >>> torch.addr(torch.zeros(1), torch.tensor([1.0]), torch.tensor([2.0]))
        tensor([[2.]])
    """
    return _scaled(input, beta) + _scaled(outer(vec1, vec2), alpha)  # type: ignore[no-any-return]


def inner(input: Tensor, other: Tensor) -> Tensor:
    """Multiply along the last dimension of both and add up.

    Example:
        >>> import penlight as torch
        >>> torch.inner(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
        tensor(11.)
    """
    if not input._array.ndim or not other._array.ndim:
        return input * other  # type: ignore[operator, no-any-return]
    if input._array.shape[-1] != other._array.shape[-1]:
        _refuse(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    if other._array.ndim == 1:
        return matmul(input, other)
    last = other._array.shape[-1]
    product = matmul(input, other.reshape(-1, last).t())  # type: ignore[attr-defined]
    return product.reshape(input._array.shape[:-1] + other._array.shape[:-1])  # type: ignore[attr-defined, no-any-return]


def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Multiply as matrices: vectors, matrices, or batches of them that broadcast.

    Args:
        input: shape (…, n, m), or (m).
        other: shape (…, m, p), or (m).
        out: where to write the result.

    Raises:
        RuntimeError: an argument is 0-d, or shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> (torch.ones(2, 3) @ torch.ones(3)).shape
        torch.Size([2])
    """
    for name, tensor in (("input", input), ("other", other)):
        if not isinstance(tensor, Tensor):
            msg = f"matmul(): argument '{name}' must be Tensor, not {type(tensor).__name__}"
            raise TypeError(msg)
    result = _matmul(input, other)
    return written(out, result)


def _matmul(input: Tensor, other: Tensor) -> Tensor:
    """Choose torch's primitive for the numbers of dimensions."""
    a, b = input._array.ndim, other._array.ndim
    if not a or not b:
        _refuse(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D")
    if a == b == 1:
        out: Tensor = dot(input, other)
    elif a == 2 and b == 2:
        out = mm(input, other)
    elif a == 2 and b == 1:
        out = mv(input, other)
    elif a == 1 and b == 2:
        out = mm(input.unsqueeze(0), other).squeeze(0)  # type: ignore[attr-defined]
    elif b <= 2 and a >= 3:
        out = _folded(input, other)
    else:
        out = _batched(input, other)
    return out


def _folded(input: Tensor, other: Tensor) -> Tensor:
    """Multiply a batch with one matrix or vector: the batch's rows as one matrix."""
    shape = input._array.shape
    if shape[-1] != other._array.shape[0]:
        _refuse(
            "mat1 and mat2 shapes cannot be multiplied "
            f"({math.prod(shape[:-1])}x{shape[-1]} and {_check.shape_text(other._array.shape)})"
        )
    rows = input.reshape(-1 if input._array.size else math.prod(shape[:-1]), shape[-1])  # type: ignore[attr-defined]
    if other._array.ndim == 1:
        product = mv(rows, other)
    else:
        product = mm(rows, other)
    from .view import unsafe_view  # noqa: PLC0415 - torch prints UnsafeViewBackward0 here

    out: Tensor = unsafe_view(product, (*shape[:-1], *other._array.shape[1:]))
    return out


def _batched(input: Tensor, other: Tensor) -> Tensor:
    """Multiply broadcast batches through one bmm."""
    a, b = input, other
    if a._array.ndim == 1:
        return _batched(a.unsqueeze(0), b).squeeze(-2)  # type: ignore[attr-defined, no-any-return]
    shape_a, shape_b = a._array.shape, b._array.shape
    try:
        batch = np.broadcast_shapes(shape_a[:-2], shape_b[:-2])
    except ValueError:
        _check.broadcastable(np.empty(shape_a[:-2]), np.empty(shape_b[:-2]))
        raise
    count = math.prod(batch)
    wide_a = a.expand(*batch, *shape_a[-2:]).reshape(count, *shape_a[-2:])  # type: ignore[attr-defined]
    wide_b = b.expand(*batch, *shape_b[-2:]).reshape(count, *shape_b[-2:])  # type: ignore[attr-defined]
    product = bmm(wide_a, wide_b)
    from .view import unsafe_view  # noqa: PLC0415 - torch prints UnsafeViewBackward0 here

    out: Tensor = unsafe_view(product, (*batch, shape_a[-2], shape_b[-1]))
    return out


def _rmatmul(self: Tensor, other: Tensor) -> Tensor:
    return matmul(other, self)


for _name in __all__:
    attach(globals()[_name], _name)
attach(matmul, "__matmul__")
attach(_rmatmul, "__rmatmul__")
attach(outer, "ger")
