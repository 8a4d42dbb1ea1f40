"""The matmul family: mm, bmm, mv, dot, addmm, baddbmm, matmul, outer, linear products."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from .._dtype import FROM_NUMPY
from .._tensor import Array, Tensor
from . import _check
from ._op import attach, op
from ._results import written
from .inplace_views import squeezed
from .shape import unsafe_view

Number = bool | int | float

__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "bmm",
    "dot",
    "matmul",
    "mm",
    "mv",
    "outer",
    "vdot",
]


def _product(function: str, first: Array, second: Array) -> Array:
    """Return the matrix product; that of half types in float32, to be rounded when all is added."""
    if first.dtype.kind == "b" and (function == "dot" or (first.size and second.size)):
        msg = f"\"{function}\" not implemented for 'Bool'"
        raise NotImplementedError(msg)
    if first.dtype.itemsize == 2 and first.dtype.kind != "i":
        return np.matmul(first.astype(np.float32), second.astype(np.float32))
    return np.matmul(first, second)


def _multiply(function: str, first: Array, second: Array) -> Array:
    """Return the matrix product; half types are accumulated in float32, as torch does."""
    return _product(function, first, second).astype(first.dtype, copy=False)


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
    return _multiply("addmm_impl_cpu_", input, mat2)


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
    _refuse(
        f"The expanded size of the tensor ({shape[dim]}) must match the existing size ({own}) at "
        f"non-singleton dimension {dim}.  Target sizes: {list(shape)}.  "
        f"Tensor sizes: {list(input.shape)}"
    )


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
    return _multiply("bmm", input, mat2)


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
    return _add_scaled(input, _product("baddbmm", batch1, batch2), batch1.dtype, beta, alpha)


@op(
    "addbmm",
    out=True,
    inplace=True,
    input=lambda grad, beta, input_shape: _scaled(grad._sum_to(input_shape), beta),
    batch1=lambda grad, batch2, alpha: _scaled(bmm(_for_each(grad, batch2), _t(batch2)), alpha),
    batch2=lambda grad, batch1, alpha: _scaled(bmm(_t(batch1), _for_each(grad, batch1)), alpha),
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
    return _multiply("addmv_impl_cpu", input, vec)


def _check_vectors(mat: Array, vec: Array) -> None:
    if mat.ndim != 2 or vec.ndim != 1:
        _refuse(f"vector + matrix @ vector expected, got {vec.ndim}, {mat.ndim}, {vec.ndim}")
    if mat.shape[1] != vec.shape[0]:
        _refuse_sizes(mat, vec, mat.shape[0])
    _same_dtype(mat, vec)


def _refuse_sizes(mat: Array, vec: Array, length: int) -> NoReturn:
    _refuse(
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
    return np.asarray(_multiply("dot", input, tensor))


def _check_dot(input: Array, tensor: Array) -> None:
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
    return np.asarray(_multiply("dot", input, other))


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
            _refuse(f"addr: Expected 1-D argument {name}, but got {array.ndim}-D")
    return _add_scaled(input, np.multiply.outer(vec1, vec2), vec1.dtype, beta, alpha)


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
    if a <= 2 and b <= 2:
        return _of_matrices(input, other)
    if a == b == 3:
        input, other = _without_single_batch(input, other)
        a, b = input._array.ndim, other._array.ndim
    if a >= 3 and b <= 2 and _folds(input, other):
        return _folded(input, other)
    # torch: a matrix from the left is folded only where its gradient would be summed over the batch.
    if a <= 2 and (input.requires_grad or (a == 1 and _folds(_t(other), input))):
        return _folded_from_left(input, other)
    return _batched(input, other)


def _without_single_batch(input: Any, other: Any) -> tuple[Any, Any]:
    """Take a batch of one that would be broadcast and has a gradient as the matrix that it is."""
    count_a, count_b = input._array.shape[0], other._array.shape[0]
    if count_a != count_b:
        if count_a == 1 and input.requires_grad:
            return input.squeeze(0), other
        if count_b == 1 and other.requires_grad:
            return input, other.squeeze(0)
    return input, other


def _of_matrices(input: Any, other: Any) -> Tensor:
    a, b = input._array.ndim, other._array.ndim
    out: Any
    if a == b == 1:
        out = dot(input, other)
    elif a == 1:
        out = squeezed(mm(input.unsqueeze(0), other), 0)
    else:
        out = mm(input, other) if b == 2 else mv(input, other)
    return out


def _folds(large: Any, small: Any) -> bool:
    """Return whether a batch times one matrix is done as one product: when the rows need no copy."""
    if small.requires_grad or not large._array.size:
        return True
    array = large._array
    steps, lengths = array.strides, array.shape
    return all(steps[dim] == steps[dim + 1] * lengths[dim + 1] for dim in range(array.ndim - 2))


def _folded(input: Any, other: Any) -> Tensor:
    """Multiply a batch with one matrix or vector: the batch's rows as one matrix."""
    shape = input._array.shape
    rows = input.reshape(math.prod(shape[:-1]), shape[-1])
    product = mv(rows, other) if other._array.ndim == 1 else mm(rows, other)
    out: Tensor = unsafe_view(product, (*shape[:-1], *other._array.shape[1:]))
    return out


def _folded_from_left(input: Any, other: Any) -> Tensor:
    """Multiply one matrix or vector with a batch, as the transposed batch times it transposed."""
    if input._array.ndim == 1:
        return _folded(_t(other), input)
    out: Tensor = _t(_folded(_t(other), input.t())).contiguous()
    return out


def _batched(input: Any, other: Any) -> Tensor:
    """Multiply broadcast batches through one bmm."""
    size_a, size_b = input._array.shape, other._array.shape
    a = input.unsqueeze(0) if len(size_a) == 1 else input
    b = other.unsqueeze(1) if len(size_b) == 1 else other
    rows, columns = a._array.shape[-2:], b._array.shape[-2:]
    batch = _broadcast(a._array.shape[:-2], b._array.shape[:-2])
    count = math.prod(batch)
    product = bmm(
        a.expand(*batch, *rows).reshape(count, *rows),
        b.expand(*batch, *columns).reshape(count, *columns),
    )
    shape = (*batch, *size_a[-2:-1], *(size_b[-1:] if len(size_b) > 1 else ()))
    out: Tensor = unsafe_view(product, shape)
    return out


def _broadcast(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(first, second)
    except ValueError:
        _check.broadcastable(np.empty(first), np.empty(second))
        raise


def _rmatmul(self: Tensor, other: Tensor) -> Tensor:
    return matmul(other, self)


for _name in __all__:
    attach(globals()[_name], _name)
attach(matmul, "__matmul__")
attach(_rmatmul, "__rmatmul__")
attach(outer, "ger")
