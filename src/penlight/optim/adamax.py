"""Adamax: Adam with the largest gradient in place of the second moment."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..ops.table_memory import zero_state
from ._direction import averaged, direction, keep, refuse_capturable
from ._groups import Group
from ._options import check_betas, check_lr, check_not_negative, number
from ._step_count import as_tensors, new_count
from .optimizer import Optimizer, ParamsT

__all__ = ["Adamax"]


class Adamax(Optimizer):
    r"""Adamax: Adam with the largest gradient in place of the second moment.

    .. math::
        m_t \leftarrow \beta_1 m_{t-1} + (1 - \beta_1) g_t, \qquad
        u_t \leftarrow \max(\beta_2 u_{t-1}, |g_t| + \epsilon), \qquad
        \theta_t \leftarrow \theta_{t-1} - \frac{\gamma}{1 - \beta_1^t} \frac{m_t}{u_t}

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: learning rate :math:`\gamma`, a number or a one-element tensor.
        betas: decay rates of the moment and of the maximum, each in ``[0, 1)``.
        eps: added to the size of each gradient.
        weight_decay: an L2 penalty :math:`\lambda`: :math:`g_t` gains :math:`\lambda\theta_{t-1}`.
        foreach: accepted; changes nothing.
        maximize: climb instead of descending.
        differentiable: record the step itself for autograd.
        capturable: accepted here; refused by :meth:`step`, as torch does on a CPU.

    Raises:
        ValueError: an option is out of range.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = torch.optim.Adamax([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([ 0.9000, -1.9000], requires_grad=True)

    References:
        Kingma and Ba, 2014, arXiv:1412.6980, section 7.1.
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
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative("epsilon value", eps)
        check_betas(betas)
        check_not_negative("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
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
        del group
        return {"step": new_count(), "exp_avg": zero_state(param), "exp_inf": zero_state(param)}

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        refuse_capturable(group)
        grad = direction(param, grad, group)
        beta1, beta2 = map(number, group["betas"])
        step = state["step"].add_(1).item()
        mean = averaged(state, "exp_avg", grad, 1 - beta1, group)
        largest = (state["exp_inf"] * beta2).maximum(grad.abs() + group["eps"])
        largest = keep(state, "exp_inf", largest, group)
        param.addcdiv_(mean, largest, value=-number(group["lr"]) / (1 - beta1**step))
