"""Muon: momentum whose matrix is made nearly orthogonal."""

from __future__ import annotations

import math
from typing import Any

from .. import addmm
from .._tensor import Tensor
from ..ops.table_memory import zero_state
from ._groups import Group
from ._options import check_one_element, number
from .optimizer import Optimizer, ParamsT

__all__ = ["Muon"]

_LR_RULES = (None, "original", "match_rms_adamw")


class Muon(Optimizer):
    r"""Muon: momentum for matrices, made nearly orthogonal before it moves them.

    .. math::
        B_t \leftarrow \mu B_{t-1} + (1 - \mu) G_t, \qquad
        \tilde B_t = (1 - \mu) G_t + \mu B_t \ \text{(Nesterov)}, \qquad
        \theta_t \leftarrow (1 - \gamma \lambda) \theta_{t-1} - \gamma' \mathrm{NS}(\tilde B_t)

    :math:`\mathrm{NS}` divides by the norm and then iterates
    :math:`X \leftarrow a X + (b A + c A^2) X` with :math:`A = X X^T`, in bfloat16, which takes all
    singular values near 1. Vectors, embeddings and the like are for another optimiser.

    Args:
        params: matrices, ``(name, matrix)`` pairs or dicts of groups.
        lr: learning rate :math:`\gamma`, a number or a one-element tensor.
        weight_decay: :math:`\lambda`, decoupled.
        momentum: :math:`\mu`.
        nesterov: look ahead.
        ns_coefficients: :math:`a, b, c`.
        eps: the least norm that is divided by.
        ns_steps: how many iterations, below 100.
        adjust_lr_fn: how :math:`\gamma'` follows from the shape (A, B): ``"original"`` (and
            ``None``) :math:`\gamma \sqrt{\max(1, A / B)}`, ``"match_rms_adamw"``
            :math:`0.2 \gamma \sqrt{\max(A, B)}`.

    Raises:
        ValueError: an option is out of range, or a parameter is no matrix.

    Example:
        >>> import penlight as torch
        >>> weight = torch.eye(2).requires_grad_()
        >>> optimizer = torch.optim.Muon([weight], lr=0.1, weight_decay=0)
        >>> weight.trace().backward()
        >>> optimizer.step()
        >>> bool((weight.diag() < 1).all())
        True

    References:
        Jordan, 2024, Muon: An optimizer for hidden layers in neural networks; Liu et al., 2025,
        arXiv:2502.16982.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_one_element("lr", lr)
        options = {"Learning rate": lr, "momentum": momentum, "weight decay": weight_decay}
        for name, value in options.items():
            if not value >= 0.0:
                msg = f"{name} should be >= 0 but is: {value}"
                raise ValueError(msg)
        if adjust_lr_fn not in _LR_RULES:
            msg = (
                f"Adjust learning rate function {adjust_lr_fn} is not supported; there are "
                "'original' and 'match_rms_adamw'"
            )
            raise ValueError(msg)
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    msg = (
                        "Muon only supports 2D parameters whereas we found a parameter with size: "
                        f"{param.size()}"
                    )
                    raise ValueError(msg)

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        del group
        return {"momentum_buffer": zero_state(param)}

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        target: Any = param
        momentum, lr = group["momentum"], number(group["lr"])
        buffer = state["momentum_buffer"].lerp_(grad, 1 - momentum)
        update = grad.lerp(buffer, momentum) if group["nesterov"] else buffer
        update = _orthogonalized(update, group["ns_coefficients"], group["ns_steps"], group["eps"])
        target.mul_(1 - lr * group["weight_decay"])
        target.add_(update, alpha=-lr * _lr_factor(group["adjust_lr_fn"], *param.shape))


def _orthogonalized(
    matrix: Any, coefficients: tuple[float, float, float], steps: int, eps: float
) -> Any:
    """Return, in bfloat16, a matrix of the same singular vectors, with singular values near 1."""
    if steps >= 100:
        msg = f"Number of steps must be less than 100 for computational efficiency, got {steps}"
        raise ValueError(msg)
    if len(coefficients) != 3:
        msg = f"Coefficients must be a tuple of exactly 3 values, got {len(coefficients)}"
        raise ValueError(msg)
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    flat = matrix.bfloat16()
    if tall:
        flat = flat.t()
    flat = flat / flat.norm().clamp(min=eps)
    for _ in range(steps):
        gram = flat @ flat.t()
        flat = addmm(flat, addmm(gram, gram, gram, beta=b, alpha=c), flat, beta=a)
    return flat.t() if tall else flat


def _lr_factor(rule: str | None, rows: int, columns: int) -> float:
    if rule == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))
