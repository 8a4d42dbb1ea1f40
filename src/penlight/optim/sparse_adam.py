"""SparseAdam: Adam that leaves alone the rows without gradient."""

from __future__ import annotations

import math
from typing import Any

from .._tensor import Tensor
from ..ops.table_memory import rows_with_gradient, zero_state
from ._groups import Group
from ._options import check_one_element
from .optimizer import Optimizer, ParamsT

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    r"""Adam that moves, of a table, the rows that have a gradient, and the moments of those only.

    In torch it is for sparse gradients, as of ``Embedding(..., sparse=True)``. There are no sparse
    tensors here: such an embedding's gradient is dense, and the rows it has looked up are taken for
    those in it. Where they are not known it is the rows of which some element is not zero. So a row
    that was looked up and whose gradient is zero throughout may be left alone, where torch moves it
    by its old moments.

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: learning rate, a number or a one-element tensor, above 0.
        betas: decay rates of the two moments, each in ``[0, 1)``.
        eps: added to the denominator, above 0.
        maximize: climb instead of descending.

    Raises:
        ValueError: an option is out of range.

    Example:
        >>> import penlight as torch
        >>> table = torch.nn.Embedding(3, 2, sparse=True)
        >>> before = table.weight.detach().clone()
        >>> optimizer = torch.optim.SparseAdam(table.parameters(), lr=0.1)
        >>> table(torch.tensor([1])).sum().backward()
        >>> optimizer.step()
        >>> (table.weight - before).abs().amax(1) > 0
        tensor([False,  True, False])

    References:
        Kingma and Ba, 2014, arXiv:1412.6980.
    """

    _group_defaults = {"maximize": False}  # noqa: RUF012 - a constant

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        check_one_element("lr", lr)
        for name, value in (("learning rate", lr), ("epsilon value", eps)):
            if not value > 0.0:
                msg = f"Invalid {name}: {value}"
                raise ValueError(msg)
        for index, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                msg = f"Invalid beta parameter at index {index}: {beta}"
                raise ValueError(msg)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        complex_params = [
            [number_of_group, position]
            for number_of_group, group in enumerate(self.param_groups)
            for position, param in enumerate(group["params"])
            if param.is_complex()
        ]
        if complex_params:
            msg = (
                f"Complex params at indices {complex_params}: SparseAdam does not support complex "
                "parameters"
            )
            raise ValueError(msg)

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        del group
        # torch: a number here, not a tensor as the others have.
        return {"step": 0, "exp_avg": zero_state(param), "exp_avg_sq": zero_state(param)}

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        state["step"] += 1
        rows = rows_with_gradient(grad)
        if not rows.numel():
            return
        table, slope, mean, square = (
            _as_rows(tensor) for tensor in (param, grad, state["exp_avg"], state["exp_avg_sq"])
        )
        slope = slope[rows]
        if group["maximize"]:
            slope = -slope
        beta1, beta2 = group["betas"]
        # torch: the change first, then the sum of both, in this order of roundings.
        old = mean[rows]
        moved = slope.sub(old).mul_(1 - beta1).add_(old)
        mean[rows] = moved
        old = square[rows]
        spread = slope.pow(2).sub_(old).mul_(1 - beta2).add_(old)
        square[rows] = spread
        step = state["step"]
        # torch: a rate that is a tensor keeps its dtype here.
        size = group["lr"] * math.sqrt(1 - beta2**step) / (1 - beta1**step)
        update = -size * moved.div_(spread.sqrt_().add_(group["eps"]))
        table[rows] = table[rows].add_(update)


def _as_rows(tensor: Any) -> Any:
    """Return the tensor, or a view with one row of one that has no dimensions."""
    return tensor if tensor.dim() else tensor.view(1)
