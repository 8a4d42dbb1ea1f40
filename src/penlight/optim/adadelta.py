"""Adadelta: steps in the units of the parameter."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..ops.table_memory import zero_state
from ._direction import averaged_square, direction, refuse_capturable
from ._groups import Group
from ._options import check_lr, check_not_negative, number
from ._step_count import as_tensors, new_count
from .optimizer import Optimizer, ParamsT

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    r"""Adadelta: steps whose size follows the steps before.

    .. math::
        v_t \leftarrow \rho v_{t-1} + (1 - \rho) g_t^2, \qquad
        \Delta_t \leftarrow \frac{\sqrt{u_{t-1} + \epsilon}}{\sqrt{v_t + \epsilon}} g_t, \qquad
        u_t \leftarrow \rho u_{t-1} + (1 - \rho) \Delta_t^2, \qquad
        \theta_t \leftarrow \theta_{t-1} - \gamma \Delta_t

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: learning rate :math:`\gamma`, a number or a one-element tensor.
        rho: decay rate :math:`\rho` of both means, in ``[0, 1]``.
        eps: added under both roots.
        weight_decay: an L2 penalty :math:`\lambda`: :math:`g_t` gains :math:`\lambda\theta_{t-1}`.
        foreach: accepted; changes nothing.
        capturable: accepted here; refused by :meth:`step`, as torch does on a CPU.
        maximize: climb instead of descending.
        differentiable: record the step itself for autograd.

    Raises:
        ValueError: an option is out of range.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = torch.optim.Adadelta([weight], lr=1.0)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([ 0.9968, -1.9968], requires_grad=True)

    References:
        Zeiler, 2012, arXiv:1212.5701.
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
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            msg = f"Invalid rho value: {rho}"
            raise ValueError(msg)
        check_not_negative("epsilon value", eps)
        check_not_negative("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        as_tensors(self.state)

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        del group
        return {
            "step": new_count(),
            "square_avg": zero_state(param),
            "acc_delta": zero_state(param),
        }

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        refuse_capturable(group)
        grad = direction(param, grad, group)
        rho, eps = group["rho"], group["eps"]
        state["step"].add_(1)
        square = averaged_square(state, "square_avg", grad, rho, group)
        delta = (state["acc_delta"] + eps).sqrt() / (square + eps).sqrt() * grad
        averaged_square(state, "acc_delta", delta, rho, group)
        param.add_(delta, alpha=-number(group["lr"]))
