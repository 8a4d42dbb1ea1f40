"""Lengths and distances of vectors: normalize, cosine_similarity, pairwise_distance, pdist."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from ...ops.distance import cosine_similarity, pairwise_distance
from ...ops.pairwise import pdist
from ...ops.pointwise import div

__all__ = ["cosine_similarity", "normalize", "pairwise_distance", "pdist"]


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
