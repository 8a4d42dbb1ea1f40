"""Hooks of nodes: what may look at gradients on their way, and change them."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Self

from .._dtype import FROM_NUMPY
from .._storage import Storage


class RemovableHandle:
    """What hook registration returns: ``remove()`` takes the hook away; also a context manager."""

    __slots__ = ("__weakref__", "_hooks", "id")
    _next_id = itertools.count().__next__

    def __init__(self, hooks: dict[int, Any]) -> None:
        self._hooks = hooks
        self.id = RemovableHandle._next_id()

    def remove(self) -> None:
        """Take the hook away; doing it again does nothing."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class Hooks:
    """The hooks of one node: before it runs (per output), after it, and grads to be kept."""

    __slots__ = ("after", "before", "before_all", "retain")

    def __init__(self) -> None:
        self.before: dict[int, tuple[int, Callable[..., Any]]] = {}
        self.before_all: dict[int, Callable[..., Any]] = {}
        self.after: dict[int, Callable[..., Any]] = {}
        self.retain: dict[int, weakref.ref[Any]] = {}

    def run_before(self, grads: list[Any]) -> list[Any]:
        """Let the tensor hooks, then the node's pre-hooks, change the incoming gradients."""
        for index, hook in list(self.before.values()):
            if grads[index] is not None:
                grads[index] = _changed(hook, hook(_seen(grads[index])), grads[index])
        for hook in list(self.before_all.values()):
            changed = hook(tuple(map(_seen, grads)))
            grads = grads if changed is None else list(map(_seen, as_tuple(changed)))
        for index, reference in list(self.retain.items()):
            tensor = reference()
            if tensor is not None and grads[index] is not None:
                old = tensor._grad
                tensor._grad = grads[index].clone() if old is None else old + grads[index]
        return grads

    def run_after(self, results: Sequence[Any], grads: Sequence[Any]) -> Sequence[Any]:
        """Let the node's hooks change the gradients it computed."""
        for hook in list(self.after.values()):
            changed = hook(tuple(map(_seen, results)), tuple(map(_seen, grads)))
            results = results if changed is None else tuple(map(_seen, as_tuple(changed)))
        return results


def _seen(grad: Any) -> Any:
    """Mark a gradient that somebody outside the engine has seen: no leaf may adopt its memory."""
    if grad is None:
        return grad
    if grad._storage is None:
        grad._storage = Storage()
    grad._storage.rows = None
    return grad


def _changed(hook: Callable[..., Any], changed: Any, grad: Any) -> Any:
    """Return what a tensor's hook made of its gradient, refusing another dtype or shape."""
    if changed is None:
        return grad
    if not hasattr(changed, "_array"):
        msg = f"expected Variable, but hook returned '{type(changed).__name__}'"
        raise TypeError(msg)
    name = getattr(hook, "__name__", type(hook).__name__)
    if changed._array.dtype != grad._array.dtype:
        msg = (
            f"hook '{name}' has changed the type of value "
            f"(was {type_name(grad)} got {type_name(changed)})"
        )
        raise RuntimeError(msg)
    if changed._array.shape != grad._array.shape:
        msg = (
            f"hook '{name}' has changed the size of value: "
            f"was {list(grad.shape)}, got {list(changed.shape)}"
        )
        raise RuntimeError(msg)
    return _seen(changed)


def type_name(tensor: Any) -> str:
    """Return torch's old name of a tensor's type, such as ``torch.FloatTensor``."""
    return f"torch.{FROM_NUMPY[tensor._array.dtype].scalar_type}Tensor"


def as_tuple(value: Any) -> tuple[Any, ...]:
    """Return ``value`` as a tuple, alone if it is none."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def register(hooks: dict[int, Any], entry: Any) -> RemovableHandle:
    """Add a hook to a node's dictionary and return what takes it away."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = entry
    return handle
