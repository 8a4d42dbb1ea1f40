"""``linear``, the affine map of rows, through the products that torch chooses."""

from __future__ import annotations

import math
from typing import Any, NoReturn

from .._tensor import Array, Tensor
from .matmul import matmul
from .products import addmm, mm

# nn.functional shows it; torch has no such function of its own.
__all__: list[str] = []


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    r"""Apply :math:`y = x A^T + b`.

    Args:
        input: any shape ending in the number of input features.
        weight: :math:`A`, shape (out features, in features), or (in features).
        bias: :math:`b`, shape (out features).

    Shape:
        - input: :math:`(*, H_{in})`; output: :math:`(*, H_{out})`

    Raises:
        RuntimeError: the last dimension is not the weight's, or the dtypes differ.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.linear(torch.ones(1, 2), torch.tensor([[1.0, 2.0]]), torch.tensor([0.5]))
        tensor([[3.5000]])
    """
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor)):
        _refuse_type(input, weight)
    if _is_plain(input._array, weight._array):
        # What nearly every call is: rows, a matrix, and a bias of the same dtype or none.
        if bias is None:
            return mm(input, weight.t())
        if bias._array.dtype is weight._array.dtype:
            return addmm(bias, input, weight.t())
    return _linear(input, weight, bias)


def _is_plain(input: Array, weight: Array) -> bool:
    return (
        input.ndim == weight.ndim == 2
        and input.shape[1] == weight.shape[1]
        and input.dtype is weight.dtype
    )


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    _check_features(input, weight)
    if bias is not None and not input.dtype is weight.dtype is bias.dtype:
        _refuse_dtypes(input, weight, bias)
    if bias is None:
        return matmul(input, weight.t())
    if input.dim() == 2:
        _check_matrix(weight)
        return addmm(bias, input, weight.t())
    if weight.dim() == 2 and input.is_contiguous():
        shape = input.shape
        rows = input.view(math.prod(shape[:-1]), shape[-1])
        product = addmm(bias, rows, weight.t())
        return product.view(*shape[:-1], weight.shape[0])
    return matmul(input, weight.t()) + bias


def _check_matrix(weight: Tensor) -> None:
    if weight.dim() != 2:
        msg = (
            f"mat2 must be a matrix, got {weight.dim()}-D tensor: with a bias, linear takes a "
            f"weight of shape (out features, in features), got {list(weight.shape)}"
        )
        raise RuntimeError(msg)


def _refuse_type(input: Any, weight: Any) -> NoReturn:
    for position, (name, value) in enumerate((("input", input), ("weight", weight)), 1):
        if not isinstance(value, Tensor):
            kind = type(value).__name__
            msg = f"linear(): argument '{name}' (position {position}) must be Tensor, not {kind}"
            raise TypeError(msg)
    raise AssertionError


def _refuse_dtypes(input: Tensor, weight: Tensor, bias: Tensor) -> NoReturn:
    """Raise for a bias in torch's words, which call it self, input mat1 and weight mat2."""
    first, name = (input, "mat1") if input.dtype is not weight.dtype else (bias, "self")
    ours = {"mat1": "the input", "self": "the bias"}[name]
    msg = (
        f"{name} and mat2 must have the same dtype, but got {first.dtype.scalar_type} and "
        f"{weight.dtype.scalar_type}: linear takes {ours} in the weight's dtype, {weight.dtype}"
    )
    raise RuntimeError(msg)


def _check_features(input: Tensor, weight: Tensor) -> None:
    if not input.dim():
        msg = (
            f"both arguments to linear need to be at least 1D, but they are 0D and {weight.dim()}D"
        )
        raise RuntimeError(msg)
    if weight.dim() and input.shape[-1] != weight.shape[-1]:
        rows = math.prod(input.shape[:-1])
        columns = "x".join(map(str, reversed(weight.shape)))
        msg = (
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{input.shape[-1]} and {columns}): "
            f"linear expected {weight.shape[-1]} input features in the last dimension, got "
            f"an input of shape {list(input.shape)}"
        )
        raise RuntimeError(msg)
