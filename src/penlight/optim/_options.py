"""Checks of the options that algorithms share, in torch's words."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor


def check_lr(lr: Any) -> None:
    """Refuse a learning rate that is negative, not a number, or a tensor of several elements."""
    check_one_element("lr", lr)
    check_not_negative("learning rate", lr)


def check_one_element(name: str, value: Any) -> None:
    """Refuse a tensor of several elements."""
    if isinstance(value, Tensor) and value.numel() != 1:
        msg = f"Tensor {name} must be 1-element, but it has shape {tuple(value.shape)}"
        raise ValueError(msg)


def check_not_negative(name: str, value: Any) -> None:
    """Refuse a negative value (and nan)."""
    if not value >= 0.0:
        msg = f"Invalid {name}: {value}"
        raise ValueError(msg)


def check_betas(betas: tuple[Any, Any]) -> None:
    """Refuse decay rates outside ``[0, 1)`` and a mixture of floats and tensors."""
    for index, beta in enumerate(betas):
        check_one_element(f"betas[{index}]", beta)
        if not 0.0 <= beta < 1.0:
            msg = f"Invalid beta parameter at index {index}: {beta}"
            raise ValueError(msg)
    if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
        msg = "betas must be either both floats or both Tensors"
        raise ValueError(msg)


def check_tensors_for_foreach(**options: Any) -> None:
    """Refuse tensor-valued options, as torch does for ``foreach=True`` without ``capturable``."""
    for name, value in options.items():
        if isinstance(value, Tensor):
            msg = f"{name} as a Tensor is not supported for capturable=False and foreach=True"
            raise ValueError(msg)  # noqa: TRY004 - torch's type


def check_implementation(*, foreach: bool | None, fused: bool | None, differentiable: bool) -> None:
    """Refuse the combinations of these options that torch refuses."""
    if fused and differentiable:
        msg = "`fused` does not support `differentiable`"
        raise RuntimeError(msg)
    if fused and foreach:
        msg = "`fused` and `foreach` cannot be `True` together."
        raise RuntimeError(msg)


def number(value: Any) -> float:
    """Return an option as a Python number, also where it was given as a one-element tensor."""
    result: float = value.item() if isinstance(value, Tensor) else value
    return result
