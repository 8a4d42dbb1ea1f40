"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..ops.optimizer_steps import sgd_step
from ..ops.table_memory import zero_state
from ._groups import Group
from ._options import check_implementation, check_lr, check_not_negative, number
from .optimizer import Optimizer, ParamsT, States, Tensors

__all__ = ["SGD"]


class SGD(Optimizer):
    r"""Stochastic gradient descent.

    .. math::
        g_t \leftarrow \nabla f(\theta_{t-1}) + \lambda \theta_{t-1}, \qquad
        b_t \leftarrow \mu b_{t-1} + (1 - \tau) g_t, \qquad
        \theta_t \leftarrow \theta_{t-1} - \gamma b_t

    The first momentum buffer is the first gradient, undamped. With ``nesterov`` the step is
    :math:`\gamma (g_t + \mu b_t)`; without momentum it is :math:`\gamma g_t`.

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: learning rate :math:`\gamma`, a number or a one-element tensor.
        momentum: :math:`\mu`.
        dampening: :math:`\tau`.
        weight_decay: :math:`\lambda`, an L2 penalty.
        nesterov: look ahead along the momentum; needs momentum and no dampening.
        maximize: climb instead of descending.
        foreach: accepted; changes nothing.
        differentiable: record the step itself for autograd.
        fused: accepted; changes nothing.

    Raises:
        ValueError: an option is out of range, or ``nesterov`` lacks momentum.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([1.0], requires_grad=True)
        >>> optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
        >>> for _ in range(2):
        ...     optimizer.zero_grad()
        ...     (weight**2).sum().backward()
        ...     optimizer.step()
        >>> weight
        tensor([0.4600], requires_grad=True)

    References:
        Sutskever et al., 2013, On the importance of initialization and momentum in deep learning.
    """

    _group_defaults = {  # noqa: RUF012 - a constant
        "nesterov": False,
        "maximize": False,
        "foreach": None,
        "differentiable": False,
        "fused": False,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative("momentum value", momentum)
        check_not_negative("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            msg = (
                "Nesterov momentum requires a momentum and zero dampening, "
                f"but got momentum={momentum} and dampening={dampening}"
            )
            raise ValueError(msg)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_implementation(foreach=foreach, fused=fused, differentiable=differentiable)

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:  # noqa: ARG002
        # Without momentum there is nothing to keep, and torch's state_dict has no entry either.
        return {"momentum_buffer": None} if group["momentum"] != 0 else {}

    def _step_together(self, params: Tensors, grads: Tensors, states: States, group: Group) -> bool:
        lr = group["lr"]
        if group["differentiable"] or (isinstance(lr, Tensor) and lr.requires_grad):
            return False
        buffers: Tensors | None = None
        first = False
        if group["momentum"] != 0:
            there = [state["momentum_buffer"] for state in states if _has_buffer(state)]
            first = not there
            buffers = [zero_state(param) for param in params] if first else there
            if len(buffers) != len(params):
                return False
        done = sgd_step(
            params,
            grads,
            buffers,
            lr=number(lr),
            momentum=group["momentum"],
            dampening=group["dampening"],
            weight_decay=number(group["weight_decay"]),
            nesterov=group["nesterov"],
            maximize=group["maximize"],
            first=first,
        )
        if done and first and buffers is not None:
            for state, buffer in zip(states, buffers, strict=True):
                state["momentum_buffer"] = buffer
        return done

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        if group["maximize"]:
            grad = -grad
        weight_decay = number(group["weight_decay"])
        if weight_decay != 0:
            grad = grad.add(param, alpha=weight_decay)
        momentum = group["momentum"]
        if momentum != 0:
            buffer = state.get("momentum_buffer")
            if buffer is None:
                buffer = state["momentum_buffer"] = grad.detach().clone()
            else:
                buffer.mul_(momentum).add_(grad, alpha=1 - group["dampening"])
            grad = grad.add(buffer, alpha=momentum) if group["nesterov"] else buffer
        lr = group["lr"]
        if isinstance(lr, Tensor) and lr.requires_grad:
            param.addcmul_(grad, lr, value=-1)
        else:
            param.add_(grad, alpha=-number(lr))


def _has_buffer(state: dict[str, Any]) -> bool:
    return state.get("momentum_buffer") is not None
