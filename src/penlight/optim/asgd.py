"""ASGD: stochastic descent, and the average of its path."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..ops.table_memory import zero_state
from ._direction import direction, keep, refuse_capturable
from ._groups import Group
from ._options import check_lr, check_not_negative, number
from ._step_count import as_tensors, new_count
from .optimizer import Optimizer, ParamsT

__all__ = ["ASGD"]


class ASGD(Optimizer):
    r"""ASGD: stochastic descent, and the average of the parameters on its way.

    .. math::
        \theta_t \leftarrow (1 - \lambda_d \eta_t) \theta_{t-1} - \eta_t g_t, \qquad
        \eta_{t+1} \leftarrow \frac{\gamma}{(1 + \lambda_d \gamma t)^\alpha}, \qquad
        \bar\theta_t \leftarrow \bar\theta_{t-1} + \mu_t (\theta_t - \bar\theta_{t-1}), \qquad
        \mu_{t+1} \leftarrow \frac{1}{\max(1, t - t_0)}

    The average is ``state[parameter]["ax"]``.

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: learning rate :math:`\gamma`, a number or a one-element tensor.
        lambd: decay :math:`\lambda_d`.
        alpha: power by which the rate falls.
        t0: step after which averaging begins.
        weight_decay: an L2 penalty on :math:`g_t`.
        foreach: accepted; changes nothing.
        maximize: climb instead of descending.
        differentiable: record the step itself for autograd.
        capturable: accepted here; refused by :meth:`step`, as torch does on a CPU.

    Raises:
        ValueError: an option is out of range.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = torch.optim.ASGD([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([ 0.8000, -1.6000], requires_grad=True)

    References:
        Polyak and Juditsky, 1992, Acceleration of stochastic approximation by averaging.
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
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        as_tensors(self.state, "eta", "mu")

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        return {
            "step": new_count(),
            "eta": new_count(number(group["lr"])),
            "mu": new_count(1.0),
            "ax": zero_state(param),
        }

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        refuse_capturable(group)
        grad = direction(param, grad, group)
        lr, decay = number(group["lr"]), group["lambd"]
        step, eta, share = state["step"].add_(1).item(), state["eta"].item(), state["mu"].item()
        param.mul_(1 - decay * eta).add_(grad, alpha=-eta)
        average = state["ax"]
        average = param.clone() if share == 1 else average + (param - average) * share
        keep(state, "ax", average, group)
        state["eta"].fill_(lr / (1 + decay * lr * step) ** group["alpha"])
        state["mu"].fill_(1 / max(1, step - group["t0"]))
