"""Public functions over several records, which torch tells apart by which operand is a number."""

from __future__ import annotations

import sys
from typing import Any

from .._tensor import Tensor
from ._op import attach
from ._operands import known


def no_derivative(name: str) -> Any:
    """Return the rule of an op that torch records but cannot differentiate."""

    def rule(grad: Any) -> Any:
        del grad
        msg = f"derivative for aten::{name} is not implemented"
        raise RuntimeError(msg)

    return rule


def giving_way(function: Any) -> Any:
    """Return a function of two as an operator, which leaves a foreign operand to its class."""

    def operator(self: Tensor, other: Any) -> Any:
        return function(self, other) if known(self, other) else NotImplemented

    operator.__doc__, operator.__module__ = function.__doc__, function.__module__
    return operator


def overloaded(name: str, tensor: Any, number: Any, reverse: Any = None) -> Any:
    """Return the function over records that torch tells apart by which operand is a number.

    Args:
        name: of the function and the method.
        tensor: the op for two tensors.
        number: the op for a tensor and a number.
        reverse: the op for a number and a tensor; as ``tensor`` where torch has no other.
    """
    reverse = reverse or tensor
    room = sys._getframe(1).f_globals["__name__"]

    def call(input: Any, other: Any, *, out: Any = None) -> Any:
        if not isinstance(other, Tensor):
            return number(input, other, out=out)
        return (
            tensor(input, other, out=out)
            if isinstance(input, Tensor)
            else reverse(input, other, out=out)
        )

    def call_(input: Any, other: Any) -> Any:
        return (tensor if isinstance(other, Tensor) else number).op.call_(input, other)

    for function, own in ((call, name), (call_, name + "_")):
        function.__name__ = function.__qualname__ = own
        # Pickles name a function by the module where it is found.
        function.__module__ = room
        function.__doc__ = tensor.__doc__
        attach(function)
    return call
