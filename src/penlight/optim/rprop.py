"""Rprop: steps by the sign of the gradient alone."""

from __future__ import annotations

from typing import Any

from .. import full_like
from .._tensor import Tensor
from ..ops.table_memory import zero_state
from ._direction import keep, refuse_capturable
from ._groups import Group
from ._options import check_lr, number
from ._step_count import as_tensors, new_count
from .optimizer import Optimizer, ParamsT

__all__ = ["Rprop"]


class Rprop(Optimizer):
    r"""Rprop: steps by the sign of the gradient, longer while it stays, shorter when it turns.

    .. math::
        \eta_t \leftarrow \begin{cases}
            \min(\eta_{t-1} \eta_+, \Gamma_{max}) & g_{t-1} g_t > 0 \\
            \max(\eta_{t-1} \eta_-, \Gamma_{min}) & g_{t-1} g_t < 0 \\
            \eta_{t-1} & \text{else}
        \end{cases}, \qquad
        \theta_t \leftarrow \theta_{t-1} - \eta_t \operatorname{sign}(g_t)

    Where the sign turned no step is taken, and :math:`g_t` counts as 0 in the next.

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: the first step :math:`\eta_0`, a number or a one-element tensor.
        etas: :math:`\eta_-` in ``(0, 1)`` and :math:`\eta_+` above 1.
        step_sizes: :math:`\Gamma_{min}` and :math:`\Gamma_{max}`.
        capturable: accepted here; refused by :meth:`step`, as torch does on a CPU.
        foreach: accepted; changes nothing.
        maximize: climb instead of descending.
        differentiable: record the step itself for autograd.

    Raises:
        ValueError: an option is out of range.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = torch.optim.Rprop([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([ 0.9000, -1.9000], requires_grad=True)

    References:
        Riedmiller and Braun, 1993, A direct adaptive method for faster backpropagation learning.
    """

    _elementwise = True
    _group_defaults = {  # noqa: RUF012 - a constant
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            msg = f"Invalid eta values: {etas[0]}, {etas[1]}"
            raise ValueError(msg)
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        as_tensors(self.state)

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        return {
            "step": new_count(),
            "prev": zero_state(param),
            "step_size": full_like(param, number(group["lr"]), requires_grad=False),
        }

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        refuse_capturable(group)
        if group["maximize"]:
            grad = -grad
        shorter, longer = group["etas"]
        state["step"].add_(1)
        turn = grad * state["prev"]
        factor = full_like(grad, 1.0).masked_fill(turn > 0, longer).masked_fill(turn < 0, shorter)
        size = (state["step_size"] * factor).clamp(*group["step_sizes"])
        size = keep(state, "step_size", size, group)
        grad = keep(state, "prev", grad.masked_fill(turn < 0, 0), group)
        param.addcmul_(grad.sign(), size, value=-1)
