"""Clipping gradients, by their norm or by value."""

from __future__ import annotations

import math
import warnings
from collections.abc import Generator, Iterable
from typing import Any

from ..._tensor import Tensor
from ...autograd.grad_mode import no_grad
from ...ops.from_data import tensor as make_tensor
from ...ops.gradient_norms import lengths, scale_
from ...ops.join import stack

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_"]

TensorOrTensors = Tensor | Iterable[Tensor]


def get_total_norm(
    tensors: TensorOrTensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,  # noqa: ARG001 - changes nothing but speed
) -> Any:
    """Return the norm of all tensors, as if they were one vector.

    Args:
        tensors: one tensor or several.
        norm_type: the order; infinity for the greatest absolute value.
        error_if_nonfinite: raise when the norm is nan or infinite.
        foreach: accepted; there is one way to do it.

    Raises:
        RuntimeError: the norm is not finite and ``error_if_nonfinite`` is set.

    Example:
        >>> import penlight as torch
        >>> torch.nn.utils.get_total_norm([torch.tensor([3.0]), torch.tensor([4.0])])
        tensor(5.)
    """
    given: list[Any] = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    order = float(norm_type)
    with no_grad():
        if not given:
            return make_tensor(0.0)
        norms: Any = lengths(given) if order == 2.0 else None
        if norms is None:
            norms = stack([_norm(one, order) for one in given])
        total = _norm(norms, order)
        if error_if_nonfinite and not math.isfinite(total.item()):
            msg = (
                f"The total norm of order {order} for gradients from `parameters` is non-finite, "
                "so it "
                "cannot be clipped. To disable this error and scale the gradients by the "
                "non-finite norm "
                f"anyway, set `error_if_nonfinite=False` ({_first_nonfinite(norms)})"
            )
            raise RuntimeError(msg)
    return total


def clip_grads_with_norm_(
    parameters: TensorOrTensors,
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,  # noqa: ARG001 - changes nothing but speed
) -> None:
    """Scale the gradients by ``max_norm / total_norm``, if that is below 1.

    Args:
        parameters: one tensor or several, whose ``grad`` is scaled in place.
        max_norm: the norm they shall have at most.
        total_norm: the norm they have.
        foreach: accepted; there is one way to do it.
    """
    grads = _grads(parameters)
    total: Any = total_norm
    with no_grad():
        # torch: the 1e-6 keeps a norm of zero from dividing, and the clamped factor is always
        # multiplied
        # by, so that nothing waits for its value.
        factor = (float(max_norm) / (total + 1e-6)).clamp(max=1.0)
        if not scale_(grads, factor):
            for grad in grads:
                grad.mul_(factor)


def clip_grad_norm_(
    parameters: TensorOrTensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    """Scale the gradients so that together their norm is at most ``max_norm``; returns what it was.

    Args:
        parameters: one tensor or several, whose ``grad`` is scaled in place.
        max_norm: the norm they shall have at most.
        norm_type: the order; infinity for the greatest absolute value.
        error_if_nonfinite: raise when the norm is nan or infinite.
        foreach: accepted; there is one way to do it.

    Raises:
        RuntimeError: the norm is not finite and ``error_if_nonfinite`` is set.

    Example:
        >>> import penlight as torch
        >>> weight = torch.zeros(2, requires_grad=True)
        >>> (weight * torch.tensor([3.0, 4.0])).sum().backward()
        >>> torch.nn.utils.clip_grad_norm_(weight, max_norm=1.0)
        tensor(5.)
        >>> weight.grad
        tensor([0.6000, 0.8000])
    """
    if not isinstance(parameters, Tensor):
        generator = isinstance(parameters, Generator)
        parameters = list(parameters)
        if generator and not parameters:
            warnings.warn(
                "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2
            )
    total = get_total_norm(_grads(parameters), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


def clip_grad_norm(
    parameters: TensorOrTensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    """Do what :func:`clip_grad_norm_` does, with a warning: use that."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(
    parameters: TensorOrTensors,
    clip_value: float,
    foreach: bool | None = None,  # noqa: ARG001 - changes nothing but speed
) -> None:
    """Clamp each element of the gradients to ``[-clip_value, clip_value]``.

    Args:
        parameters: one tensor or several, whose ``grad`` is clamped in place.
        clip_value: the greatest absolute value left.
        foreach: accepted; there is one way to do it.
    """
    bound = float(clip_value)
    with no_grad():
        for grad in _grads(parameters):
            grad.clamp_(min=-bound, max=bound)


def _grads(parameters: TensorOrTensors) -> list[Any]:
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    return [param.grad for param in given if param.grad is not None]


def _norm(tensor: Any, order: float) -> Any:
    """Return the vector norm of all elements, as a tensor."""
    if order == math.inf:
        return tensor.abs().max()
    if order == -math.inf:
        return tensor.abs().min()
    if order == 0.0:
        return (tensor != 0).sum().to(tensor.dtype)
    if order == 1.0:
        return tensor.abs().sum()
    if order == 2.0:
        return (tensor * tensor).sum().sqrt()
    return tensor.abs().pow(order).sum().pow(1.0 / order)


def _first_nonfinite(norms: Any) -> str:
    values = norms.tolist()
    for number, norm in enumerate(values):
        if not math.isfinite(norm):
            return f"the first one is gradient {number} of {len(values)}, with norm {norm}"
    return "each of them alone is finite"
