"""Adam, with decoupled weight decay as an option."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..ops.optimizer_steps import adam_step
from ..ops.table_memory import zero_state
from ._direction import refuse_capturable
from ._groups import Group
from ._options import (
    check_betas,
    check_implementation,
    check_lr,
    check_not_negative,
    check_tensors_for_foreach,
    number,
)
from ._step_count import as_tensors, new_count
from .optimizer import Optimizer, ParamsT, States, Tensors

__all__ = ["Adam"]


class Adam(Optimizer):
    r"""Adam: steps scaled by running moments of the gradient.

    .. math::
        m_t \leftarrow \beta_1 m_{t-1} + (1 - \beta_1) g_t, \qquad
        v_t \leftarrow \beta_2 v_{t-1} + (1 - \beta_2) g_t^2, \qquad
        \theta_t \leftarrow \theta_{t-1} - \gamma
            \frac{m_t / (1 - \beta_1^t)}{\sqrt{v_t / (1 - \beta_2^t)} + \epsilon}

    With ``amsgrad`` the largest :math:`v` so far takes the place of :math:`v_t`.

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: learning rate :math:`\gamma`, a number or a one-element tensor.
        betas: decay rates of the two moments, each in ``[0, 1)``.
        eps: added to the denominator.
        weight_decay: an L2 penalty :math:`\lambda`: :math:`g_t` gains :math:`\lambda\theta_{t-1}`.
        amsgrad: keep the maximum of the second moment.
        foreach: accepted; changes nothing.
        maximize: climb instead of descending.
        capturable: accepted here; refused by :meth:`step`, as torch does on a CPU.
        differentiable: record the step itself for autograd.
        fused: accepted; changes nothing.
        decoupled_weight_decay: shrink the parameter by :math:`1 - \gamma\lambda` instead (AdamW).

    Raises:
        ValueError: an option is out of range.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = torch.optim.Adam([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([ 0.9000, -1.9000], requires_grad=True)

    References:
        Kingma and Ba, 2014, arXiv:1412.6980; Reddi et al., 2018 (AMSGrad), arXiv:1904.09237.
    """

    _group_defaults = {  # noqa: RUF012 - a constant
        "amsgrad": False,
        "maximize": False,
        "foreach": None,
        "capturable": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
        "fused": None,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if foreach and not capturable:
            names = {"lr": lr, "betas[0]": betas[0], "betas[1]": betas[1]}
            check_tensors_for_foreach(**names)
        check_lr(lr)
        check_not_negative("epsilon value", eps)
        check_betas(betas)
        check_not_negative("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        check_implementation(foreach=foreach, fused=fused, differentiable=differentiable)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        as_tensors(self.state)

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        state = {
            "step": new_count(),
            "exp_avg": zero_state(param),
            "exp_avg_sq": zero_state(param),
        }
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zero_state(param)
        return state

    def _step_together(self, params: Tensors, grads: Tensors, states: States, group: Group) -> bool:
        if group["capturable"] or group["differentiable"]:
            return False
        beta1, beta2 = group["betas"]
        return adam_step(
            params,
            grads,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [state["max_exp_avg_sq"] for state in states] if group["amsgrad"] else None,
            [state["step"] for state in states],
            lr=number(group["lr"]),
            beta1=number(beta1),
            beta2=number(beta2),
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            decoupled=group["decoupled_weight_decay"],
            maximize=group["maximize"],
        )

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        refuse_capturable(group)
        if group["differentiable"]:
            _step_recorded(param, grad, state, group)
            return
        if group["maximize"]:
            grad = -grad
        lr = number(group["lr"])
        weight_decay = group["weight_decay"]
        if weight_decay != 0:
            if group["decoupled_weight_decay"]:
                param.mul_(1 - lr * weight_decay)
            else:
                grad = grad.add(param, alpha=weight_decay)
        beta1, beta2 = number(group["betas"][0]), number(group["betas"][1])
        exp_avg, exp_avg_sq = state["exp_avg"], state["exp_avg_sq"]
        exp_avg.lerp_(grad, 1 - beta1)
        exp_avg_sq.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        if group["amsgrad"]:
            largest = state["max_exp_avg_sq"]
            exp_avg_sq = largest.copy_(largest.maximum(exp_avg_sq))
        step = state["step"].add_(1).item()
        denom = exp_avg_sq.sqrt().div_((1 - beta2**step) ** 0.5).add_(group["eps"])
        param.addcdiv_(exp_avg, denom, value=-lr / (1 - beta1**step))


def _step_recorded(param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
    """One step for autograd: the moments are new tensors, so later steps leave them as recorded."""
    if group["maximize"]:
        grad = -grad
    lr = group["lr"]
    beta1, beta2 = group["betas"]
    weight_decay = group["weight_decay"]
    if weight_decay != 0:
        if group["decoupled_weight_decay"]:
            param.mul_(1 - lr * weight_decay)
        else:
            # A copy: the parameter itself is about to change.
            grad = grad.add(param.clone(), alpha=weight_decay)
    exp_avg = state["exp_avg"] = state["exp_avg"].lerp(grad, 1 - beta1)
    exp_avg_sq = state["exp_avg_sq"] = state["exp_avg_sq"] * beta2 + grad * grad * (1 - beta2)
    if group["amsgrad"]:
        exp_avg_sq = state["max_exp_avg_sq"] = state["max_exp_avg_sq"].maximum(exp_avg_sq)
    step = state["step"].add_(1).item()
    denom = exp_avg_sq.sqrt() / (1 - beta2**step) ** 0.5 + group["eps"]
    param.sub_(exp_avg / denom * (lr / (1 - beta1**step)))
