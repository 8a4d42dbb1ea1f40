"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from .adam import Adam
from .optimizer import ParamsT

__all__ = ["AdamW"]


class AdamW(Adam):
    r"""Adam whose weight decay shrinks the parameter directly.

    .. math::
        \theta_t \leftarrow \theta_{t-1} (1 - \gamma \lambda) \quad \text{and then a step of Adam}

    Args:
        params: parameters, ``(name, parameter)`` pairs or dicts of groups.
        lr: learning rate :math:`\gamma`, a number or a one-element tensor.
        betas: decay rates of the two moments, each in ``[0, 1)``.
        eps: added to the denominator.
        weight_decay: :math:`\lambda`.
        amsgrad: keep the maximum of the second moment.
        maximize: climb instead of descending.
        foreach: accepted; changes nothing.
        capturable: accepted here; refused by ``step``, as torch does on a CPU.
        differentiable: record the step itself for autograd.
        fused: accepted; changes nothing.

    Raises:
        ValueError: an option is out of range.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([1.0], requires_grad=True)
        >>> optimizer = torch.optim.AdamW([weight], lr=0.1, weight_decay=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.8500], requires_grad=True)

    References:
        Loshchilov and Hutter, 2017, arXiv:1711.05101.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        # torch: a checkpoint of the time before this option existed is of AdamW all the same.
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True
