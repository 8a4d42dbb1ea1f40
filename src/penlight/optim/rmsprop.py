"""RMSprop: steps scaled by a running root mean square of the gradient."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..ops.table_memory import zero_state
from ._direction import averaged, averaged_square, direction, keep, refuse_capturable
from ._groups import Group
from ._options import check_lr, check_not_negative, number
from ._step_count import as_tensors, new_count
from .optimizer import Optimizer, ParamsT

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    r"""RMSprop: steps scaled by a running root mean square of the gradient.

    .. math::
        v_t \leftarrow \alpha v_{t-1} + (1 - \alpha) g_t^2, \qquad
        b_t \leftarrow \mu b_{t-1} + \frac{g_t}{\sqrt{v_t} + \epsilon}, \qquad
        \theta_t \leftarrow \theta_{t-1} - \gamma b_t

    With ``centered`` the square of the gradient's running mean is taken from :math:`v_t`.

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: learning rate :math:`\gamma`, a number or a one-element tensor.
        alpha: decay rate :math:`\alpha` of the mean square.
        eps: added to the denominator.
        weight_decay: an L2 penalty :math:`\lambda`: :math:`g_t` gains :math:`\lambda\theta_{t-1}`.
        momentum: :math:`\mu`.
        centered: scale by the variance instead of the mean square.
        capturable: accepted here; refused by :meth:`step`, as torch does on a CPU.
        foreach: accepted; changes nothing.
        maximize: climb instead of descending.
        differentiable: record the step itself for autograd.

    Raises:
        ValueError: an option is out of range.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = torch.optim.RMSprop([weight], lr=0.05)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([ 0.5000, -1.5000], requires_grad=True)

    References:
        Hinton, 2012, Neural networks for machine learning, lecture 6; Graves, 2013, arXiv:1308.0850
        (centered).
    """

    _elementwise = True
    _group_defaults = {  # noqa: RUF012 - a constant
        "momentum": 0,
        "centered": False,
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative("epsilon value", eps)
        check_not_negative("momentum value", momentum)
        check_not_negative("weight_decay value", weight_decay)
        check_not_negative("alpha value", alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        as_tensors(self.state)

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        state = {"step": new_count(), "square_avg": zero_state(param)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = zero_state(param)
        if group["centered"]:
            state["grad_avg"] = zero_state(param)
        return state

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        refuse_capturable(group)
        grad = direction(param, grad, group)
        lr, alpha, momentum = number(group["lr"]), group["alpha"], group["momentum"]
        state["step"].add_(1)
        square = averaged_square(state, "square_avg", grad, alpha, group)
        if group["centered"]:
            mean = averaged(state, "grad_avg", grad, 1 - alpha, group)
            square = square.addcmul(mean, mean, value=-1)
        root = square.sqrt() + group["eps"]
        if momentum > 0:
            buffer = state["momentum_buffer"].mul(momentum).addcdiv(grad, root)
            param.add_(keep(state, "momentum_buffer", buffer, group), alpha=-lr)
        else:
            param.addcdiv_(grad, root, value=-lr)
