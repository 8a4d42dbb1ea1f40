"""Linear and bilinear maps."""

from __future__ import annotations

import math
from typing import Any, NoReturn

from ..._tensor import Tensor
from ...ops.matmul import matmul
from ...ops.products import addmm

__all__ = ["bilinear", "linear"]


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
    _check_features(input, weight)
    if bias is not None and not input.dtype is weight.dtype is bias.dtype:
        _refuse_dtypes(input, weight, bias)
    if bias is None:
        return matmul(input, weight.t())
    if input.dim() == 2:
        _check_matrix(weight)
        return addmm(bias, input, weight.t())  # type: ignore[no-any-return]
    if weight.dim() == 2 and input.is_contiguous():
        shape = input.shape
        rows = input.view(math.prod(shape[:-1]), shape[-1])
        product = addmm(bias, rows, weight.t())
        return product.view(*shape[:-1], weight.shape[0])  # type: ignore[no-any-return]
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


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    r"""Apply :math:`y_k = x_1^T A_k x_2 + b_k`.

    Args:
        input1: any shape ending in the number of its features.
        input2: the same shape but for the last dimension.
        weight: shape (out features, in features 1, in features 2).
        bias: shape (out features).

    Raises:
        RuntimeError: the shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.bilinear(torch.ones(1, 2), torch.ones(1, 2), torch.ones(1, 2, 2))
        tensor([[4.]])
    """
    _check_bilinear(input1, input2, weight, bias)
    first: Any = input1.reshape(-1, input1.shape[-1])
    second: Any = input2.reshape(-1, input2.shape[-1])
    outputs, features, others = weight.shape
    # (N, out·in2) = (N, in1) @ (in1, out·in2), then weighted by input2 and summed.
    mixed = first @ weight.permute(1, 0, 2).reshape(features, outputs * others)
    product = (mixed.view(-1, outputs, others) * second.unsqueeze(1)).sum(-1)
    product = product.view(*input1.shape[:-1], outputs)
    return product if bias is None else product + bias  # type: ignore[no-any-return]


def _check_bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    if input1.dim() != input2.dim():
        msg = f"bilinear(): input dimensions do not match: got {input1.dim()} and {input2.dim()}"
        raise RuntimeError(msg)
    for place, (a, b) in enumerate(zip(input1.shape[:-1], input2.shape[:-1], strict=True)):
        if a != b:
            msg = f"bilinear(): input batch dimensions do not match at dim {place}: got {a} and {b}"
            raise RuntimeError(msg)
    for number, tensor in enumerate((input1, input2), 1):
        if tensor.shape[-1] != weight.shape[number]:
            msg = (
                f"bilinear(): input{number} size does not match weight size: got "
                f"{tensor.shape[-1]} but expected {weight.shape[number]}"
            )
            raise RuntimeError(msg)
    if bias is not None and bias.shape[0] != weight.shape[0]:
        msg = (
            f"bilinear(): bias size does not match weight size: got {bias.shape[0]} but expected "
            f"{weight.shape[0]}"
        )
        raise RuntimeError(msg)
