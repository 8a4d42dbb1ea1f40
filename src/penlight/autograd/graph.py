"""The graph: nodes, edges, gradient accumulation at leaves, saved values and hooks.

An *edge* says where a tensor's gradient goes: ``None`` (nowhere), a :class:`Node` (its only output)
or an :class:`Output` (one of several). Nodes are numbered as they are made, and a node's edges
always lead to lower numbers, so the engine needs no other order.
"""

from __future__ import annotations

import itertools
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .hooks import Hooks, RemovableHandle, register, type_name

__all__ = [
    "FREED",
    "AccumulateGrad",
    "Node",
    "Output",
    "RemovableHandle",
    "accumulate_into",
    "index_of",
    "next_sequence",
    "refuse_freed",
    "refuse_modified",
    "target_of",
    "version_of",
]

next_sequence = itertools.count().__next__

# torch's names for this place that stand in rooms above it.
_ABOVE = {
    "GradientEdge": "_gradient_edge",
    "allow_mutation_on_saved_tensors": "_saved_hooks",
    "disable_saved_tensors_hooks": "_saved_hooks",
    "get_gradient_edge": "_gradient_edge",
    "increment_version": "_saved_hooks",
    "register_multi_grad_hook": "_gradient_edge",
    "save_on_cpu": "_saved_hooks",
    "saved_tensors_hooks": "_saved_hooks",
}


def __getattr__(name: str) -> Any:
    """Import the public tools of this place when they are asked for."""
    if name not in _ABOVE:
        from .._missing import MissingName  # noqa: PLC0415 - rare

        raise MissingName("torch.autograd.graph", name)  # noqa: EM101 - not a message
    from importlib import import_module  # noqa: PLC0415 - rare

    return getattr(import_module(f".{_ABOVE[name]}", __package__), name)


class _Freed:
    """What a saved slot holds after backward has released it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<freed>"


FREED = _Freed()


class Node:
    """One recorded operation. Subclasses are made per op and carry torch's name.

    Attributes:
        edges: where each input's gradient goes.
        sequence: the node's number; larger was made later.
        hooks: ``None`` or the node's :class:`Hooks`.
        outputs: ``None`` for one output, else shape and dtype of each (missing gradients become
            zeros).
    """

    __slots__ = ("__weakref__", "_metadata", "edges", "hooks", "sequence")
    outputs: Any = None
    # The kind of value that each slot holds for backward; see the ops' generated nodes.
    saved_kinds: dict[str, str] = {}  # noqa: RUF012 - each class has its own

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
        """Free what was saved for backward; nodes that save something override it."""

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
        """Call ``fn(grad_inputs, grad_outputs)`` after the node; a result replaces the former."""
        return register(self._own_hooks().after, fn)

    def register_prehook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(grad_outputs)`` before this node runs; a result replaces the gradients."""
        return register(self._own_hooks().before_all, fn)

    def _register_output_hook(self, index: int, fn: Callable[..., Any]) -> RemovableHandle:
        return register(self._own_hooks().before, (index, fn))

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


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

    The node holds its leaf weakly: the leaf holds the node, and nobody can ask a leaf that is gone
        for
    its gradient.
    """

    __slots__ = ("_reference", "post_hooks")

    def __init__(self, variable: Any) -> None:
        self.edges = ()
        self.sequence = -1
        self.hooks = None
        self._reference = weakref.ref(variable)
        self.post_hooks: dict[int, Callable[..., Any]] | None = None

    @property
    def variable(self) -> Any:
        """The leaf tensor, or ``None`` when nothing refers to it any more."""
        return self._reference()

    def register_post_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(variable)`` after the gradient has been added."""
        if self.post_hooks is None:
            self.post_hooks = {}
        return register(self.post_hooks, fn)

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


def accumulate_into(variable: Any, grad: Any, *, create_graph: bool) -> None:
    """Add ``grad`` to ``variable.grad``; the first is kept, copied unless nobody else has it."""
    with _accumulating:
        old = variable._grad
        if old is None:
            variable._grad = grad.clone() if create_graph else _first(grad, variable._array)
        elif create_graph:
            variable._grad = old + grad
        else:
            old.add_(grad)


# Threads may run backward through shared leaves; NumPy lets others run while it adds.
_accumulating = threading.RLock()


def _first(grad: Any, like: Any) -> Any:
    """Return ``grad`` as a leaf's first: its memory when nothing else has it, else a copy."""
    array, storage = grad._array, grad._storage
    # A table's gradient comes with a storage, which knows its rows, and an owner of its memory.
    noted = storage is not None and storage.rows is not None
    first = grad.detach() if noted else grad.data
    if (
        (not noted and (storage is not None or array.base is not None))
        or array.strides != like.strides
        or array.dtype is not like.dtype
        or sys.getrefcount(array) > _UNSHARED
    ):
        copy = np.empty(like.shape, like.dtype) if 0 in like.strides else np.empty_like(like)
        copy[...] = array
        first._array, first._storage = copy, None
    return first


class _Lone:
    """Something whose array only it refers to, and what its ``data`` is."""

    __slots__ = ("_array", "data")

    def __init__(self) -> None:
        self._array = np.empty(0)
        self.data = [self._array]


def _count_unshared(grad: Any) -> int:
    array = grad._array
    first = grad.data
    return sys.getrefcount(array) if first else 0


# What `_first` counts for an array that only the gradient holds; Python's versions differ in it.
_UNSHARED = _count_unshared(_Lone())


def version_of(tensor: Any) -> int:
    """Return how often the tensor's memory has been written in place."""
    storage = tensor._storage
    version: int = 0 if storage is None else storage.version
    return version


def refuse_modified(node: Node, tensor: Any, expected: int) -> None:
    """Raise torch's error for a saved tensor that was changed in place before backward."""
    made_by = target_of(tensor._edge)
    source = (
        f", which is output {index_of(tensor._edge)} of {made_by.name()},"
        if made_by is not None and made_by.__class__ is not AccumulateGrad
        else ""
    )
    msg = (
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: [{type_name(tensor)} {list(tensor._array.shape)}]{source} is at version "
        f"{version_of(tensor)}; expected version {expected} instead. It was saved for "
        f"{node.name()}. "
        "Hint: compute with a clone of it, or write in place only after backward()."
    )
    raise RuntimeError(msg)


def refuse_freed(node: Node) -> None:
    """Raise torch's error for a second walk through a graph whose saved values were freed."""
    msg = (
        "Trying to backward through the graph a second time (or directly access saved tensors "
        "after "
        "they have already been freed). Saved intermediate values of the graph are freed when you "
        "call "
        ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through "
        "the "
        "graph a second time or if you need to access saved tensors after calling backward. Here "
        "those "
        f"of {node.name()} are gone."
    )
    raise RuntimeError(msg)
