"""The graph: nodes, edges, gradient accumulation at leaves, saved values and hooks.

An *edge* says where a tensor's gradient goes: ``None`` (nowhere), a :class:`Node` (its only output) or
an :class:`Output` (one of several). Nodes are numbered as they are made, and a node's edges always lead
to lower numbers, so the engine needs no other order.
"""

from __future__ import annotations

import itertools
import sys
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

next_sequence = itertools.count().__next__


class _Freed:
    """What a saved slot holds after backward has released it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<freed>"


FREED = _Freed()


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

    def __enter__(self) -> RemovableHandle:
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
                changed = hook(grads[index])
                grads[index] = grads[index] if changed is None else changed
        for hook in list(self.before_all.values()):
            changed = hook(tuple(grads))
            grads = grads if changed is None else list(as_tuple(changed))
        for index, reference in self.retain.items():
            tensor = reference()
            if tensor is not None and grads[index] is not None:
                accumulate_into(tensor, grads[index], create_graph=False)
        return grads

    def run_after(self, results: Sequence[Any], grads: Sequence[Any]) -> Sequence[Any]:
        """Let the node's hooks change the gradients it computed."""
        for hook in list(self.after.values()):
            changed = hook(tuple(results), tuple(grads))
            results = results if changed is None else as_tuple(changed)
        return results


def as_tuple(value: Any) -> tuple[Any, ...]:
    """Return ``value`` as a tuple, alone if it is none."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


class Node:
    """One recorded operation. Subclasses are made per op and carry torch's name.

    Attributes:
        edges: where each input's gradient goes.
        sequence: the node's number; larger was made later.
        hooks: ``None`` or the node's :class:`Hooks`.
        outputs: ``None`` for one output, else shape and dtype of each (missing gradients become zeros).
    """

    __slots__ = ("__weakref__", "_metadata", "edges", "hooks", "sequence")
    outputs: Any = None
    saved_names: tuple[str, ...] = ()

    edges: tuple[Any, ...]
    sequence: int
    hooks: Hooks | None

    def __init__(self, edges: tuple[Any, ...]) -> None:
        self.edges = edges
        self.sequence = next_sequence()
        self.hooks = None

    def backward(self, grads: Any, edges: tuple[Any, ...]) -> Sequence[Any]:
        """Return a gradient for each edge that is not ``None``.

        Args:
            grads: the output's gradient, or a tuple of them where the node has several outputs.
            edges: the node's edges, ``None`` where no gradient is wanted.
        """
        raise NotImplementedError(self.name())

    def release(self) -> None:
        """Free what was saved for backward."""
        for name in self.saved_names:
            setattr(self, name, FREED)

    def name(self) -> str:
        """Return the node's printed name, such as ``AddBackward0``."""
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that this one's gradients go to, each with the output's number there."""
        return tuple((target_of(edge), index_of(edge)) for edge in self.edges)

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary for the user's own notes on this node."""
        try:
            return self._metadata
        except AttributeError:
            self._metadata: dict[str, Any] = {}
            return self._metadata

    def _own_hooks(self) -> Hooks:
        if self.hooks is None:
            self.hooks = Hooks()
        return self.hooks

    def register_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(grad_inputs, grad_outputs)`` after this node ran; a result replaces its gradients."""
        return _register(self._own_hooks().after, fn)

    def register_prehook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(grad_outputs)`` before this node runs; a result replaces the gradients."""
        return _register(self._own_hooks().before_all, fn)

    def _register_output_hook(self, index: int, fn: Callable[..., Any]) -> RemovableHandle:
        return _register(self._own_hooks().before, (index, fn))

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


def _register(hooks: dict[int, Any], entry: Any) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = entry
    return handle


class Output:
    """An edge to one of a node's several outputs."""

    __slots__ = ("index", "node")

    def __init__(self, node: Node, index: int) -> None:
        self.node = node
        self.index = index


def target_of(edge: Any) -> Any:
    """Return the node that an edge leads to, or ``None``."""
    return edge.node if edge.__class__ is Output else edge


def index_of(edge: Any) -> int:
    """Return the number of the output that an edge leads to."""
    return edge.index if edge.__class__ is Output else 0


class AccumulateGrad(Node):
    """Where a leaf's gradient ends: it is added to ``variable.grad``.

    The node holds its leaf weakly: nobody can ask a leaf that is gone for its gradient. A hook makes it
    strong, since the hook wants to be called even then.
    """

    __slots__ = ("_kept", "_reference", "post_hooks")

    def __init__(self, variable: Any) -> None:
        self.edges = ()
        self.sequence = -1
        self.hooks = None
        self._reference = weakref.ref(variable)
        self._kept: Any = None
        self.post_hooks: dict[int, Callable[..., Any]] | None = None

    @property
    def variable(self) -> Any:
        """The leaf tensor, or ``None`` when nothing refers to it any more."""
        return self._reference()

    def _own_hooks(self) -> Hooks:
        self._kept = self._reference()
        return super()._own_hooks()

    def register_post_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(variable)`` after the gradient has been added."""
        self._kept = self._reference()
        if self.post_hooks is None:
            self.post_hooks = {}
        return _register(self.post_hooks, fn)

    def accumulate(self, grad: Any, *, create_graph: bool) -> None:
        """Add ``grad`` to the leaf's ``grad``, through the hooks."""
        if self.hooks is not None:
            grad = self.hooks.run_before([grad])[0]
        variable = self._reference()
        if variable is not None and variable._edge is self and grad is not None:
            accumulate_into(variable, grad, create_graph=create_graph)
            if self.post_hooks:
                for hook in list(self.post_hooks.values()):
                    hook(variable)
        if self.hooks is not None:
            self.hooks.run_after((), (grad,))


# A gradient that only the engine's locals refer to may become `.grad` without a copy. The numbers are what
# sys.getrefcount says in `accumulate_into` for such a tensor and such an array.
_UNSHARED_ARRAY = 3


def accumulate_into(variable: Any, grad: Any, *, create_graph: bool) -> None:
    """Add ``grad`` to ``variable.grad``; the first gradient is kept, copied unless nobody else has it."""
    old = variable._grad
    if old is not None:
        if create_graph:
            variable._grad = old + grad
        else:
            old.add_(grad)
        return
    if create_graph:
        variable._grad = grad.clone()
        return
    array, like = grad._array, variable._array
    if (
        array.base is None
        and sys.getrefcount(array) <= _UNSHARED_ARRAY
        and array.strides == like.strides
        and array.dtype is like.dtype
        and grad._storage is None
    ):
        variable._grad = grad.detach()
        return
    copy = np.empty_like(like, dtype=like.dtype)
    copy[...] = array
    fresh = grad.detach()
    fresh._array, fresh._storage = copy, None
    variable._grad = fresh


def version_of(tensor: Any) -> int:
    """Return how often the tensor's memory has been written in place."""
    storage = tensor._storage
    version: int = 0 if storage is None else storage.version
    return version


def refuse_modified(node: Node, tensor: Any, expected: int) -> None:
    """Raise torch's error for a saved tensor that was changed in place before backward."""
    msg = (
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: [{tensor.type()} {list(tensor.shape)}], which is saved for {node.name()}, is at "
        f"version {version_of(tensor)}; expected version {expected} instead. Hint: compute with a clone "
        "of it, or write in place only after backward()."
    )
    raise RuntimeError(msg)


def refuse_freed(node: Node) -> None:
    """Raise torch's error for a second walk through a graph whose saved values were freed."""
    msg = (
        "Trying to backward through the graph a second time (or directly access saved tensors after "
        "they have already been freed). Saved intermediate values of the graph are freed when you call "
        f".backward() or autograd.grad(); here those of {node.name()} are gone. Specify "
        "retain_graph=True if you need to backward through the graph a second time or if you need to "
        "access saved tensors after calling backward."
    )
    raise RuntimeError(msg)
