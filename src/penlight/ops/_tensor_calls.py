"""The calls that come before ops, in C++: ``x.view(…)``, ``x.reshape(…)``, ``x[…]``.

Such a function is Python that reads its arguments and calls ops. It asks first what :func:`call`
gave; the answer is the result, or ``None`` where the arguments are not plain ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd._watch import WATCHED
from ._codegen import compile_op
from ._native_path import extension_member, has_native_path

# The numbers that tensor_calls.cpp knows them by.
_CALLS = {"view": 0, "reshape": 1, "getitem": 2}


def call(name: str, *functions: Any) -> Callable[[Any, Any], Any]:
    """Return a function of a tensor and its arguments (a tuple) or its key.

    Args:
        name: what it does.
        functions: those of the ops that it calls, in the order that the C++ expects.
    """
    make = extension_member("TensorCall")
    if make is None:
        return _leave

    def find() -> tuple[Any, ...]:
        return tuple(_path_of(function.op) for function in functions)

    made: Callable[[Any, Any], Any] = make(_CALLS[name], find, WATCHED)
    return made


def _path_of(op: Any) -> Any:
    """Return an op's native path."""
    if not has_native_path(op):
        return _leave
    return compile_op(op).call.__globals__["plain_native"]


def _leave(*_: Any) -> None:
    """Leave every call to Python."""
