"""Linear and bilinear maps."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from ...ops.linear import linear

__all__ = ["bilinear", "linear"]


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
