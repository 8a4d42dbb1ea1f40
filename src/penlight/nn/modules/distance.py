"""Distances and angles of vectors."""

from __future__ import annotations

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from .module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class PairwiseDistance(Module):
    r"""The distance between vectors: :math:`\lVert x_1 - x_2 + \epsilon \rVert_p`.

    Args:
        p: the norm's exponent.
        eps: added to each difference.
        keepdim: keep the last dimension, with size 1.

    Shape:
        - x1, x2: :math:`(N, D)` or :math:`(D)`; output: :math:`(N)` or :math:`()`, with a last 1
          where ``keepdim`` asks for it

    Example:
        >>> import penlight as torch
        >>> torch.nn.PairwiseDistance()(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]))
        tensor([5.0000])
    """

    __constants__ = ("norm", "eps", "keepdim")

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Return the distances."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    r"""The cosine of the angle between vectors.

    .. math:: \frac{x_1 \cdot x_2}{\max(\lVert x_1 \rVert_2, \epsilon)
              \max(\lVert x_2 \rVert_2, \epsilon)}

    Args:
        dim: the dimension of the vectors.
        eps: the least that is divided by.

    Shape:
        - x1, x2: any that broadcast; output: their shape without ``dim``

    Example:
        >>> import penlight as torch
        >>> torch.nn.CosineSimilarity()(torch.tensor([[3.0, 4.0]]), torch.tensor([[4.0, 3.0]]))
        tensor([0.9600])
    """

    __constants__ = ("dim", "eps")

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Return the cosines."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
