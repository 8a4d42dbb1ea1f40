"""The module of the randomised rectifier."""

from __future__ import annotations

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from .module import Module

__all__ = ["RReLU"]


class RReLU(Module):
    r"""Rectify with a slope below zero that training draws for each element.

    .. math:: y = \begin{cases} x & x > 0 \\ a x & \text{otherwise} \end{cases},
              \quad a \sim U(\text{lower}, \text{upper})

    Evaluation takes the middle of both bounds.

    Args:
        lower: the least slope.
        upper: the largest slope.
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.RReLU(0.25, 0.75).eval()(torch.tensor([-1.0, 2.0]))
        tensor([-0.5000,  2.0000])

    References:
        Xu et al. 2015, Empirical Evaluation of Rectified Activations, arXiv 1505.00853.
    """

    __constants__ = ("lower", "upper", "inplace")

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        """Keep the bounds."""
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` rectified."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Return the options."""
        inplace = ", inplace=True" if self.inplace else ""
        return f"lower={self.lower}, upper={self.upper}{inplace}"
