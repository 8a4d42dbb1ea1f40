"""Views: how a view is replayed from its base, and how an in-place write rebases history.

The model is torch's note *View + Inplace update*, taken literally: writing to a view is
``base = copy_slices(base, value)`` followed by ``view = replay(base)``. The graph that results is what
functional code would have built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._storage import Storage
from .grad_mode import mode
from .graph import AccumulateGrad, Node, Output

Array = np.ndarray[Any, Any]
Step = tuple[Callable[..., Array], tuple[Any, ...]]
Steps = tuple[Step, ...]

NO_GRAD_VIEW = "no_grad"


class View:
    """What makes a tensor a view: its base, the steps that lead from it, and when that was true.

    Attributes:
        base: the tensor that owns the history; never a view itself.
        steps: functions on arrays, each with its arguments, that make the view of the base's array.
        made_at: the version of the storage for which the view's own history is right.
        refusal: ``None``, or why it may not be written in place: ``NO_GRAD_VIEW`` or the name of the
            node that made it as one of several outputs.
    """

    __slots__ = ("base", "made_at", "refusal", "steps")

    def __init__(self, base: Any, steps: Steps, made_at: int, refusal: str | None) -> None:
        self.base = base
        self.steps = steps
        self.made_at = made_at
        self.refusal = refusal


class Layout:
    """Shape and order in memory of a base, for gradients on which its views can be replayed."""

    __slots__ = ("order", "shape")

    def __init__(self, array: Array) -> None:
        self.shape = array.shape
        self.order: tuple[int, ...] | None = None
        if not array.flags.c_contiguous:
            strides = array.strides
            self.order = tuple(sorted(range(array.ndim), key=lambda dim: -strides[dim]))

    def zeros(self, dtype: Any) -> Array:
        """Return zeros in this layout."""
        return self._arrange(np.zeros, dtype)

    def copy_of(self, array: Array) -> Array:
        """Return a copy of ``array`` in this layout."""
        copy = self._arrange(np.empty, array.dtype)
        copy[...] = array
        return copy

    def _arrange(self, make: Callable[..., Array], dtype: Any) -> Array:
        if self.order is None:
            return make(self.shape, dtype)
        array = make([self.shape[dim] for dim in self.order], dtype)
        return array.transpose(np.argsort(self.order))


def replay(steps: Steps, array: Array) -> Array:
    """Return the view of ``array`` that ``steps`` describe."""
    for function, arguments in steps:
        array = function(array, *arguments)
    return array


def storage_of(tensor: Any) -> Storage:
    """Return the tensor's storage, made now if nobody needed it before."""
    storage: Storage | None = tensor._storage
    if storage is None:
        storage = tensor._storage = Storage()
    return storage


def edge_of(tensor: Any) -> Any:
    """Return where the tensor's gradient goes; a view whose memory was written re-reads it from its base."""
    view = tensor._view
    if view is not None and view.made_at != tensor._storage.version:
        base = view.base
        tensor._edge = None if base._edge is None else AsStridedBackward0(base, view.steps)
        view.made_at = tensor._storage.version
    return tensor._edge


def attach_view(tensor: Any, source: Any, step: Step, refusal: str | None) -> None:
    """Make ``tensor`` a view of ``source`` by ``step``; they share memory already."""
    storage = storage_of(source)
    tensor._storage = storage
    over = source._view
    if refusal is None and not mode.grad:
        refusal = NO_GRAD_VIEW
    if over is None:
        tensor._view = View(source, (step,), storage.version, refusal)
    else:
        tensor._view = View(over.base, (*over.steps, step), storage.version, refusal or over.refusal)


class CopySlices(Node):
    """The history of a base after one of its views was written."""

    __slots__ = ("layout", "steps")

    def __init__(self, base_edge: Any, written: Node, base: Any, steps: Steps) -> None:
        super().__init__((base_edge, written))
        self.steps = steps
        self.layout = Layout(base._array)

    def backward(self, grads: Any, edges: tuple[Any, ...]) -> tuple[Any, Any]:
        """To the base: the gradient outside the view. To what was written: the gradient in the view."""
        to_base, to_written = edges
        return (
            None if to_base is None else grads._hole(self.steps, self.layout),
            None if to_written is None else grads._region(self.steps, self.layout),
        )


class AsStridedBackward0(Node):
    """The history of a view whose memory was written after it was made: replayed from its base."""

    __slots__ = ("layout", "steps")

    def __init__(self, base: Any, steps: Steps) -> None:
        super().__init__((base._edge,))
        self.steps = steps
        self.layout = Layout(base._array)

    def backward(self, grads: Any, edges: tuple[Any, ...]) -> tuple[Any]:  # noqa: ARG002
        """To the base: zeros, and the gradient in the view."""
        return (grads._embed(self.steps, self.layout),)


def check_inplace(tensor: Any) -> None:
    """Refuse an in-place write that autograd cannot follow, in torch's words; called when recording."""
    view = tensor._view
    if view is None:
        if tensor._edge.__class__ is AccumulateGrad:
            msg = "a leaf Variable that requires grad is being used in an in-place operation."
            raise RuntimeError(msg)
        return
    if view.refusal is not None:
        raise RuntimeError(_refusal(view.refusal))
    if view.base._edge.__class__ is AccumulateGrad:
        msg = "a view of a leaf Variable that requires grad is being used in an in-place operation."
        raise RuntimeError(msg)


def _refusal(reason: str) -> str:
    if reason == NO_GRAD_VIEW:
        return (
            "A view was created in no_grad mode and is being modified inplace with grad mode enabled. "
            "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
            "your code by moving both the view and the inplace either both inside the no_grad block "
            "(if you don't want the inplace to be tracked) or both outside (if you want the inplace to "
            "be tracked)."
        )
    return (
        f"Output of {reason} is a view and is being modified inplace. This view is the output of a "
        "function that returns multiple views. Such functions do not allow the output views to be "
        "modified inplace. You should replace the inplace operation by an out-of-place one."
    )


def rebase(tensor: Any, node: Node) -> None:
    """Make ``node`` the history of ``tensor`` after an in-place write, through its base for a view."""
    view = tensor._view
    if view is None:
        old = tensor._edge
        tensor._edge = node
        if old is not None:
            _move_retained(tensor, old, node)
        return
    base = view.base
    old = base._edge
    base._edge = CopySlices(old, node, base, view.steps)
    if old is not None:
        _move_retained(base, old, base._edge)


def _move_retained(tensor: Any, old: Any, new: Node) -> None:
    """Let ``retain_grad`` follow the tensor to its new history."""
    node = old.node if old.__class__ is Output else old
    if node.hooks is None:
        return
    for index, reference in list(node.hooks.retain.items()):
        if reference() is tensor:
            del node.hooks.retain[index]
            new._own_hooks().retain[0] = reference
