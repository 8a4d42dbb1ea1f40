"""What losses share."""

from __future__ import annotations

from ..._tensor import Tensor
from ..functional._reduction import legacy_reduction
from .module import Module


class _Loss(Module):
    """What every loss keeps: a reduction, from torch's old arguments if they are given."""

    __constants__: tuple[str, ...] = ("reduction",)
    reduction: str

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.reduction = legacy_reduction(size_average, reduce, reduction)


class _WeightedLoss(_Loss):
    """A loss with a buffer of weights; without any it is ``None`` and not in the state."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
