"""Adafactor: second moments of matrices kept as a row and a column."""

from __future__ import annotations

from typing import Any

from .. import finfo
from .._tensor import Tensor
from ._groups import Group
from ._options import check_one_element, number
from ._step_count import as_tensors, new_count
from .optimizer import Optimizer, ParamsT

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    r"""Adafactor: steps scaled by second moments of which rows and columns are kept only.

    .. math::
        \hat\beta_t = 1 - t^{\tau}, \qquad
        \alpha_t = \max(\epsilon_2, \mathrm{RMS}(\theta_{t-1})) \min(\gamma, 1 / \sqrt t), \qquad
        \hat V_t = \frac{R_t C_t}{\max(\mathrm{mean}(R_t), \epsilon_1)}, \qquad
        U_t = \frac{G_t}{\max(\sqrt{\hat V_t}, \epsilon_1)}, \qquad
        \theta_t \leftarrow \theta_{t-1} - \alpha_t \frac{U_t}{\max(1, \mathrm{RMS}(U_t) / d)}

    where :math:`R_t` and :math:`C_t` are running means, with the rate :math:`\hat\beta_t`, of the
    means of :math:`G_t^2` over columns and over rows. A vector keeps its second moments whole.

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: :math:`\gamma`, the most that the relative step :math:`1 / \sqrt t` may be; a number or
            a one-element tensor.
        beta2_decay: :math:`\tau`, at most 0.
        eps: :math:`\epsilon_1`, where ``None`` means the dtype's, and :math:`\epsilon_2`.
        d: :math:`d`, the most that the root mean square of an update may be, at least 1.
        weight_decay: :math:`\lambda`: the parameter is first shrunk by :math:`1 - \gamma\lambda`.
        foreach: accepted; changes nothing.
        maximize: climb instead of descending.

    Raises:
        ValueError: an option is out of range.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = torch.optim.Adafactor([weight], lr=0.1)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([ 0.8419, -1.8419], requires_grad=True)

    References:
        Shazeer and Stern, 2018, arXiv:1804.04235.
    """

    _group_defaults = {"foreach": None}  # noqa: RUF012 - a constant

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_one_element("lr", lr)
        for allowed, rule, value in (
            (lr >= 0.0, "Learning rate should be >= 0", lr),
            (beta2_decay <= 0.0, "beta2_decay should be <= 0", beta2_decay),
            (eps[0] is None or eps[0] >= 0.0, "epsilon1 should be >= 0", eps[0]),
            (eps[1] >= 0.0, "epsilon2 should be >= 0", eps[1]),
            (d >= 1.0, "Clipping threshold d should be >= 1", d),
            (weight_decay >= 0.0, "weight_decay should be >= 0", weight_decay),
        ):
            if not allowed:
                msg = f"{rule} but is: {value}"
                raise ValueError(msg)
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        as_tensors(self.state)

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        del group
        made: Any = param
        if param.dim() <= 1:
            return {"step": new_count(), "variance": made.new_zeros(param.shape)}
        *outer, rows, columns = param.shape
        return {
            "step": new_count(),
            "row_var": made.new_zeros((*outer, rows, 1)),
            "col_var": made.new_zeros((*outer, 1, columns)),
        }

    def _step(self, param: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        target: Any = param
        if group["maximize"]:
            grad = -grad
        eps1, eps2 = group["eps"]
        if eps1 is None:
            eps1 = finfo(param.dtype).eps
        lr = number(group["lr"])
        step = state["step"].add_(1).item()
        rate = max(eps2, _root_mean_square(target)) * min(lr, 1 / step**0.5)
        if group["weight_decay"] != 0:
            target.mul_(1 - lr * group["weight_decay"])
        variance = _second_moment(grad, state, step ** group["beta2_decay"], eps1)
        # The square, since the root follows.
        update = variance.clamp_(min=eps1 * eps1).rsqrt_().mul_(grad)
        excess = max(1.0, _root_mean_square(update) / group["d"])
        target.add_(update, alpha=-rate / excess)


def _root_mean_square(tensor: Any) -> float:
    root: float = tensor.norm(2).item() / tensor.numel() ** 0.5
    return root


def _second_moment(grad: Any, state: dict[str, Any], weight: float, eps1: float) -> Any:
    """Move the moments towards a gradient's squares, and return a new estimate of all of them."""
    if grad.dim() <= 1:
        return state["variance"].lerp_(grad * grad, weight).clone()
    row_var, col_var = state["row_var"], state["col_var"]
    row_var.lerp_(grad.norm(dim=-1, keepdim=True).square_().div_(grad.shape[-1]), weight)
    col_var.lerp_(grad.norm(dim=-2, keepdim=True).square_().div_(grad.shape[-2]), weight)
    return (row_var @ col_var).div_(row_var.mean(dim=-2, keepdim=True).clamp_(min=eps1))
