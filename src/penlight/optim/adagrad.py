"""Adagrad: learning rates that fall with the gradients seen."""

from __future__ import annotations

from typing import Any

from .. import full_like
from .._tensor import Tensor
from ..ops.optimizer_steps import adagrad_step
from ..ops.table_memory import zero_state
from ._direction import direction
from ._groups import Group
from ._options import check_implementation, check_lr, check_not_negative, number
from ._step_count import as_tensors, new_count
from .optimizer import Optimizer, ParamsT, States, Tensors

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    r"""Adagrad: steps scaled by the root of the sum of all squared gradients.

    .. math::
        g_t \leftarrow \nabla f(\theta_{t-1}) + \lambda \theta_{t-1}, \qquad
        s_t \leftarrow s_{t-1} + g_t^2, \qquad
        \theta_t \leftarrow \theta_{t-1} - \frac{\gamma}{1 + (t - 1) \eta}
            \frac{g_t}{\sqrt{s_t} + \epsilon}

    An element whose gradient is rarely other than zero keeps a large rate, which suits embeddings.

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: learning rate :math:`\gamma`, a number or a one-element tensor.
        lr_decay: :math:`\eta`.
        weight_decay: :math:`\lambda`, an L2 penalty.
        initial_accumulator_value: what each element of :math:`s_0` is.
        eps: added to the denominator.
        foreach: accepted; changes nothing.
        maximize: climb instead of descending.
        differentiable: record the step itself for autograd.
        fused: accepted; changes nothing.

    Raises:
        ValueError: an option is out of range.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = torch.optim.Adagrad([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([ 0.9000, -1.9000], requires_grad=True)

    References:
        Duchi et al., 2011, Adaptive subgradient methods for online learning and stochastic
        optimization.
    """

    _group_defaults = {  # noqa: RUF012 - a constant
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "fused": None,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative("lr_decay value", lr_decay)
        check_not_negative("weight_decay value", weight_decay)
        check_not_negative("initial_accumulator_value value", initial_accumulator_value)
        check_not_negative("epsilon value", eps)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_implementation(foreach=foreach, fused=fused, differentiable=differentiable)
        # torch: the state is there before the first step, and of parameters without gradient too.
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param] = self._init_state(param, group)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        as_tensors(self.state)

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        start = group["initial_accumulator_value"]
        total = full_like(param, start, requires_grad=False) if start else zero_state(param)
        return {"step": new_count(), "sum": total}

    def _step_together(self, params: Tensors, grads: Tensors, states: States, group: Group) -> bool:
        if group["differentiable"]:
            return False
        return adagrad_step(
            params,
            grads,
            [state["sum"] for state in states],
            [state["step"] for state in states],
            lr=number(group["lr"]),
            lr_decay=group["lr_decay"],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=group["maximize"],
        )

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        grad = direction(param, grad, group)
        step = state["step"].add_(1).item()
        rate = number(group["lr"]) / (1 + (step - 1) * group["lr_decay"])
        root = state["sum"].addcmul_(grad, grad).sqrt()
        param.addcdiv_(grad, root + group["eps"], value=-rate)
