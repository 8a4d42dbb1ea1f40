"""RAdam: Adam that waits until its second moment can be trusted."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..ops.table_memory import zero_state
from ._direction import decayed, moments, refuse_capturable
from ._groups import Group
from ._options import check_betas, check_lr, check_not_negative, number
from ._step_count import as_tensors, new_count
from .optimizer import Optimizer, ParamsT

__all__ = ["RAdam"]

_TRUSTED = 5.0  # the length of the average from which its variance can be told


class RAdam(Optimizer):
    r"""RAdam: Adam that waits until its second moment can be trusted.

    .. math::
        \rho_\infty \leftarrow \frac{2}{1 - \beta_2} - 1, \qquad
        \rho_t \leftarrow \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t}, \qquad
        r_t \leftarrow \sqrt{\frac{(\rho_t - 4) (\rho_t - 2) \rho_\infty}
            {(\rho_\infty - 4) (\rho_\infty - 2) \rho_t}}

    Where :math:`\rho_t > 5` the step is Adam's times :math:`r_t`, before that the first moment's.

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: learning rate :math:`\gamma`, a number or a one-element tensor.
        betas: decay rates of the two moments, each in ``[0, 1)``.
        eps: added to the denominator.
        weight_decay: an L2 penalty :math:`\lambda`: :math:`g_t` gains :math:`\lambda\theta_{t-1}`.
        decoupled_weight_decay: shrink the parameter by :math:`1 - \gamma\lambda` instead.
        foreach: accepted; changes nothing.
        maximize: climb instead of descending.
        capturable: accepted here; refused by :meth:`step`, as torch does on a CPU.
        differentiable: record the step itself for autograd.

    Raises:
        ValueError: an option is out of range.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = torch.optim.RAdam([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([ 0.8000, -1.6000], requires_grad=True)

    References:
        Liu et al., 2019, arXiv:1908.03265.
    """

    _elementwise = True
    _group_defaults = {  # noqa: RUF012 - a constant
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
        "decoupled_weight_decay": False,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
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
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        as_tensors(self.state)

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        del group
        return {"step": new_count(), "exp_avg": zero_state(param), "exp_avg_sq": zero_state(param)}

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        refuse_capturable(group)
        grad = decayed(param, grad, group)
        beta1, beta2 = map(number, group["betas"])
        step = state["step"].add_(1).item()
        mean, square = moments(grad, state, beta1, beta2, group)
        corrected = mean / (1 - beta1**step) * number(group["lr"])
        at_most = 2 / (1 - beta2) - 1
        length = at_most - 2 * step * beta2**step / (1 - beta2**step)
        if length > _TRUSTED:
            share = (length - 4) * (length - 2) * at_most
            share /= (at_most - 4) * (at_most - 2) * length
            root = (1 - beta2**step) ** 0.5 / (square.sqrt() + group["eps"])
            corrected = corrected * root * share**0.5
        param.sub_(corrected)
