"""Linear and bilinear maps."""

from __future__ import annotations

import math
from typing import Any

from ..._tensor import Tensor
from ...ops import matmul as ops

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
    for name, tensor in (("input", input), ("weight", weight)):
        if not isinstance(tensor, Tensor):
            msg = f"linear(): argument '{name}' must be Tensor, not {type(tensor).__name__}"
            raise TypeError(msg)
    _check_features(input, weight)
    ndim = input.dim()
    if ndim == 2 and bias is not None and weight.dim() == 2:
        out: Tensor = ops.addmm(bias, input, weight.t())  # type: ignore[attr-defined]
        return out
    if ndim > 2 and bias is not None and weight.dim() == 2 and input.is_contiguous():
        shape = input.shape
        rows = input.view(math.prod(shape[:-1]), shape[-1])  # type: ignore[attr-defined]
        product = ops.addmm(bias, rows, weight.t())  # type: ignore[attr-defined]
        return product.view(*shape[:-1], weight.shape[0])  # type: ignore[no-any-return]
    product = ops.matmul(input, weight.t())  # type: ignore[attr-defined]
    return product if bias is None else product + bias  # type: ignore[operator, no-any-return]


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
            f"linear expected {weight.shape[-1]} input features in the last dimension, got an input of "
            f"shape {list(input.shape)}"
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
    first: Any = input1.reshape(-1, input1.shape[-1])  # type: ignore[attr-defined]
    second: Any = input2.reshape(-1, input2.shape[-1])  # type: ignore[attr-defined]
    outputs, features, others = weight.shape
    # (N, out·in2) = (N, in1) @ (in1, out·in2), then weighted by input2 and summed.
    mixed = first @ weight.permute(1, 0, 2).reshape(features, outputs * others)  # type: ignore[attr-defined]
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
                f"bilinear(): input{number} size does not match weight size: got {tensor.shape[-1]} "
                f"but expected {weight.shape[number]}"
            )
            raise RuntimeError(msg)
    if bias is not None and bias.shape[0] != weight.shape[0]:
        msg = f"bilinear(): bias size does not match weight size: got {bias.shape[0]} but expected {weight.shape[0]}"
        raise RuntimeError(msg)
