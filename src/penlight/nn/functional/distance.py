"""Lengths and distances of vectors: normalize, cosine_similarity, pairwise_distance."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from ...ops.pointwise import div

__all__ = ["cosine_similarity", "normalize", "pairwise_distance"]


def normalize(
    input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    r"""Divide vectors by their norms: :math:`v / \max(\lVert v \rVert_p, \epsilon)`.

    Args:
        input: any shape.
        p: the norm's exponent.
        dim: the dimension of the vectors, or several.
        eps: the least that is divided by.
        out: where to write the result.

    Shape:
        - output: as input

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.normalize(torch.tensor([[3.0, 4.0]]))
        tensor([[0.6000, 0.8000]])
    """
    vectors: Any = input
    length = vectors.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(vectors)
    return vectors / length if out is None else div(vectors, length, out=out)  # type: ignore[no-any-return]


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
        >>> import penlight.nn.functional as F
        >>> F.cosine_similarity(torch.tensor([[3.0, 4.0]]), torch.tensor([[4.0, 3.0]]))
        tensor([0.9600])
    """
    first, second = _broadcast(x1, x2)
    lengths: Any = [v.norm(2, dim, keepdim=True).clamp_min(eps) for v in (first, second)]
    return ((first / lengths[0]) * (second / lengths[1])).sum(dim)  # type: ignore[no-any-return]


def _broadcast(x1: Tensor, x2: Tensor) -> tuple[Any, Any]:
    """Expand two tensors to their common shape; one that does not fit fails to expand."""
    ndim = max(x1.dim(), x2.dim())
    sizes = [(*(1,) * (ndim - x.dim()), *x.shape) for x in (x1, x2)]
    shape = [b if a == 1 else a for a, b in zip(*sizes, strict=True)]
    return x1.expand(shape), x2.expand(shape)


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
        >>> import penlight.nn.functional as F
        >>> F.pairwise_distance(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]))
        tensor([5.0000])
    """
    difference: Any = x1 - x2 + eps
    return difference.norm(p, -1, keepdim)  # type: ignore[no-any-return]
