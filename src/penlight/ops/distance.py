"""Distances and angles of vectors: pairwise_distance, cosine_similarity."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._promotion import promote_types
from .._tensor import Array, Tensor
from . import _check
from ._op import op
from .statistics import norm_gradient, vector_norm

__all__ = ["cosine_similarity", "pairwise_distance"]


# torch: an older node than that of torch.norm.
@op("_distance", node="NormBackward1", method=False, input=norm_gradient)
def _length(input: Array, p: float, dim: Any, keepdim: bool) -> Array:
    """Return the p-norm over a dimension."""
    out: Array = vector_norm.op.forward(input, p, dim, keepdim)
    return out


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    r"""Return the cosine of the angle between vectors.

    .. math:: \frac{x_1 \cdot x_2}{\max(\lVert x_1 \rVert_2, \epsilon)
              \max(\lVert x_2 \rVert_2, \epsilon)}

    Args:
        x1: any shape.
        x2: a shape that broadcasts with it.
        dim: the dimension of the vectors.
        eps: the least that is divided by.

    Shape:
        - output: the broadcast shape without ``dim``

    Example:
        >>> import penlight as torch
        >>> torch.cosine_similarity(torch.tensor([[3.0, 4.0]]), torch.tensor([[4.0, 3.0]]))
        tensor([0.9600])
    """
    first, second = _broadcast(x1, x2)
    lengths: Any = [v.norm(2, dim, keepdim=True).clamp_min(eps) for v in (first, second)]
    return ((first / lengths[0]) * (second / lengths[1])).sum(dim)


def _broadcast(x1: Tensor, x2: Tensor) -> tuple[Any, Any]:
    """Expand two tensors to their common shape."""
    kind = promote_types(x1.dtype, x2.dtype)
    if not kind.is_floating_point:
        msg = (
            "expected common dtype to be floating point, yet common dtype is "
            f"{kind.scalar_type}: write x.float()"
        )
        raise RuntimeError(msg)
    _check.broadcastable(x1._array, x2._array)
    shape = np.broadcast_shapes(x1.shape, x2.shape)
    # torch: a floating one of another dtype is measured in its own.
    first, second = (x if x.is_floating_point() else x.to(kind) for x in (x1, x2))
    return first.expand(shape), second.expand(shape)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    r"""Return the distance between vectors: :math:`\lVert x_1 - x_2 + \epsilon \rVert_p`.

    Args:
        x1: shape (N, D) or (D).
        x2: the same.
        p: the norm's exponent.
        eps: added to each difference.
        keepdim: keep the last dimension, with size 1.

    Shape:
        - output: (N) or (), with a last 1 where ``keepdim`` asks for it

    Example:
        >>> import penlight as torch
        >>> torch.pairwise_distance(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]))
        tensor([5.0000])
    """
    out: Tensor = _length(x1 - x2 + eps, p, -1, keepdim)
    return out
