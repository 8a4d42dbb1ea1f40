"""What algorithms share: the direction of a step, and how a state is kept."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ._groups import Group
from ._options import number

__all__ = [
    "averaged",
    "averaged_square",
    "decayed",
    "direction",
    "keep",
    "moments",
    "refuse_capturable",
]


def direction(param: Tensor, grad: Tensor, group: Group) -> Tensor:
    """Return the gradient to descend along: negated to climb, with the L2 penalty added."""
    if group["maximize"]:
        grad = -grad
    if group["weight_decay"] != 0:
        # A copy where the step is recorded: the parameter itself is about to change.
        start = param.clone() if group["differentiable"] else param
        grad = grad.add(start, alpha=group["weight_decay"])
    return grad


def decayed(param: Tensor, grad: Tensor, group: Group) -> Tensor:
    """Return the gradient to descend along; a decoupled decay shrinks the parameter instead."""
    if not group["decoupled_weight_decay"]:
        return direction(param, grad, group)
    if group["weight_decay"] != 0:
        param.mul_(1 - number(group["lr"]) * group["weight_decay"])
    return -grad if group["maximize"] else grad


def keep(state: dict[str, Any], name: str, value: Tensor, group: Group) -> Tensor:
    """Put a value into the state: into its tensor, or as a new one where steps are recorded.

    Later steps then leave the tensors alone that autograd has saved.
    """
    if group["differentiable"]:
        state[name] = value
    else:
        state[name].copy_(value)
    return value


def averaged(state: dict[str, Any], name: str, grad: Tensor, weight: float, group: Group) -> Tensor:
    """Move a running mean in the state by ``weight`` towards a gradient, and return it."""
    if group["differentiable"]:
        state[name] = state[name].lerp(grad, weight)
        return state[name]  # type: ignore[no-any-return]
    return state[name].lerp_(grad, weight)  # type: ignore[no-any-return]


def averaged_square(
    state: dict[str, Any], name: str, grad: Tensor, decay: float, group: Group
) -> Tensor:
    """Move a running mean in the state, of which ``decay`` stays, towards a gradient's square."""
    if group["differentiable"]:
        state[name] = state[name].mul(decay).addcmul(grad, grad, value=1 - decay)
        return state[name]  # type: ignore[no-any-return]
    return state[name].mul_(decay).addcmul_(grad, grad, value=1 - decay)  # type: ignore[no-any-return]


def moments(
    grad: Tensor, state: dict[str, Any], beta1: float, beta2: float, group: Group
) -> tuple[Tensor, Tensor]:
    """Move Adam's two moments towards a gradient and its square, and return them."""
    return (
        averaged(state, "exp_avg", grad, 1 - beta1, group),
        averaged_square(state, "exp_avg_sq", grad, beta2, group),
    )


def refuse_capturable(group: Group) -> None:
    """Refuse ``capturable=True``, as torch does for tensors on a CPU."""
    if group["capturable"]:
        msg = (
            "If capturable=True, params and state_steps must be on supported devices: "
            "accelerators, of which penlight has none; use capturable=False"
        )
        raise AssertionError(msg)
