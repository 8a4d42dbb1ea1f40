"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..ops.table_memory import zero_state
from ._direction import decayed, moments, refuse_capturable
from ._groups import Group
from ._options import check_betas, check_lr, check_not_negative, number
from ._step_count import as_tensors, new_count
from .optimizer import Optimizer, ParamsT

__all__ = ["NAdam"]


class NAdam(Optimizer):
    r"""NAdam: Adam with Nesterov's momentum.

    .. math::
        \mu_t \leftarrow \beta_1 (1 - \tfrac{1}{2} 0.96^{t \psi}), \qquad
        \theta_t \leftarrow \theta_{t-1} - \gamma
            \frac{\frac{\mu_{t+1} m_t}{1 - \prod_{i=1}^{t+1} \mu_i}
            + \frac{(1 - \mu_t) g_t}{1 - \prod_{i=1}^{t} \mu_i}}
            {\sqrt{v_t / (1 - \beta_2^t)} + \epsilon}

    with Adam's moments :math:`m_t` and :math:`v_t`.

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: learning rate :math:`\gamma`, a number or a one-element tensor.
        betas: decay rates of the two moments, each in ``[0, 1)``.
        eps: added to the denominator.
        weight_decay: an L2 penalty :math:`\lambda`: :math:`g_t` gains :math:`\lambda\theta_{t-1}`.
        momentum_decay: :math:`\psi`.
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
        >>> optimizer = torch.optim.NAdam([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([ 0.8944, -1.8944], requires_grad=True)

    References:
        Dozat, 2016, Incorporating Nesterov momentum into Adam; Loshchilov and Hutter, 2017,
        arXiv:1711.05101 (decoupled decay).
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
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        check_not_negative("momentum_decay value", momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        as_tensors(self.state, "mu_product")

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        del group
        return {
            "step": new_count(),
            "mu_product": new_count(1.0),
            "exp_avg": zero_state(param),
            "exp_avg_sq": zero_state(param),
        }

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        refuse_capturable(group)
        grad = decayed(param, grad, group)
        lr, decay = number(group["lr"]), group["momentum_decay"]
        beta1, beta2 = map(number, group["betas"])
        step = state["step"].add_(1).item()
        now, following = (beta1 * (1 - 0.5 * 0.96 ** (t * decay)) for t in (step, step + 1))
        product = state["mu_product"].mul_(now).item()
        mean, square = moments(grad, state, beta1, beta2, group)
        denominator = (square / (1 - beta2**step)).sqrt() + group["eps"]
        param.addcdiv_(grad, denominator, value=-lr * (1 - now) / (1 - product))
        param.addcdiv_(mean, denominator, value=-lr * following / (1 - product * following))
