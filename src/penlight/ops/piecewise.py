"""Activations made of straight pieces and parabolas: hardsigmoid, hardswish and the shrinks."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Array
from . import _check
from ._by_kernel import run
from ._elementwise import refuse, widened
from ._op import op
from .activation import narrowed
from .activation_backward import hardsigmoid_backward, hardswish_backward
from .ternary import where

__all__ = ["hardshrink"]

Number = bool | int | float


@op(
    "_hardsigmoid",
    node="HardsigmoidBackward0",
    promotion="default",
    inplace=True,
    quiet=True,
    method=False,
    input=lambda grad, input: hardsigmoid_backward(grad, input),
)
def hardsigmoid(input: Array) -> Array:
    r"""Return :math:`\min(\max(x + 3, 0), 6) / 6`.

    Args:
        input: a floating tensor of any shape.

    Example:
        >>> import penlight as torch
        >>> torch.nn.functional.hardsigmoid(torch.tensor([-4.0, 0.0]))
        tensor([0.0000, 0.5000])
    """
    refuse("hardsigmoid_cpu", input, kinds="bi")
    return run(kernels.hardsigmoid, input)


@op(
    "_hardswish",
    node="HardswishBackward0",
    promotion="default",
    inplace=True,
    quiet=True,
    method=False,
    input=lambda grad, input: hardswish_backward(grad, input),
)
def hardswish(input: Array) -> Array:
    r"""Return :math:`x \min(\max(x + 3, 0), 6) / 6`.

    Args:
        input: a floating tensor of any shape.

    Example:
        >>> import penlight as torch
        >>> torch.nn.functional.hardswish(torch.tensor([-4.0, 1.5]))
        tensor([-0.0000, 1.1250])
    """
    refuse("hardswish_cpu", input, kinds="bi")
    return run(kernels.hardswish, input)


def _shrink_rule(grad: Any, input: Any, lambd: Number) -> Any:
    return where((input >= -lambd) & (input <= lambd), 0, grad)


@op(
    "hardshrink",
    promotion="default",
    quiet=True,
    out=True,
    input=_shrink_rule,
)
def hardshrink(input: Array, lambd: Number = 0.5) -> Array:
    r"""Return :math:`x` outside ``[-lambd, lambd]`` and zero inside.

    Args:
        input: a floating tensor of any shape.
        lambd: the border.

    Example:
        >>> import penlight as torch
        >>> torch.hardshrink(torch.tensor([-0.3, 2.0]))
        tensor([0., 2.])
    """
    refuse("hardshrink_cpu", input, kinds="bi")
    inside = (input >= -lambd) & (input <= lambd)
    return np.where(inside, input.dtype.type(0), input)


@op(
    "_softshrink",
    node="SoftshrinkBackward0",
    promotion="default",
    out=True,
    method=False,
    input=_shrink_rule,
)
def softshrink(input: Array, lambd: Number = 0.5) -> Array:
    r"""Return :math:`x` moved towards zero by ``lambd``, and zero where it would cross it.

    Args:
        input: a floating tensor of any shape.
        lambd: how far; not negative.

    Raises:
        RuntimeError: ``lambd`` is negative.

    Example:
        >>> import penlight as torch
        >>> torch.nn.functional.softshrink(torch.tensor([-0.3, 2.0]))
        tensor([-0.0000, 1.5000])
    """
    refuse("softshrink_check", input, kinds="bi")
    if not lambd >= 0:
        largest = float(np.finfo(input.dtype).max)
        msg = (
            f"lambda must be in range [0, {largest:g}] for input dtype "
            f"{_check.scalar_type(input)}, but found {lambd:g}"
        )
        raise RuntimeError(msg)
    wide = widened(input)
    moved = np.where(wide > lambd, wide - lambd, np.where(wide < -lambd, wide + lambd, wide * 0))
    return narrowed(moved, input)


hardsigmoid_, hardswish_ = hardsigmoid.op.call_, hardswish.op.call_
