"""Views: how a view is replayed from its base, and how an in-place write rebases history.

The model is torch's note *View + Inplace update*, taken literally: writing to a view is
``base = copy_slices(base, value)`` followed by ``view = replay(base)``. The graph that results is
what functional code would have built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._storage import Storage
from .grad_mode import mode
from .graph import AccumulateGrad, Node, index_of, target_of

Array = np.ndarray[Any, Any]
Step = tuple[Callable[..., Array], tuple[Any, ...]]
Steps = tuple[Step, ...]

Refusal = tuple[str, str] | None

# Why a view may not be written in place, in torch's words. The first pair of braces is for whose
# output it is, the second for what was done.
NO_GRAD_VIEW = (
    "A view was created in no_grad mode and {1} with grad mode enabled. Given that this use case "
    "is "
    "ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view "
    "and the "
    "inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or "
    "both "
    "outside (if you want the inplace to be tracked)."
)
ONE_OF_SEVERAL = (
    "Output {0} is a view and {1}. This view is the output of a function that returns multiple "
    "views. Such "
    "functions do not allow the output views to be modified inplace. You should replace the "
    "inplace "
    "operation by an out-of-place one."
)
MADE_BY_FUNCTION = (
    "Output {0} is a view and {1}. This view was created inside a custom Function (or because an "
    "input was "
    "returned as-is) and the autograd logic to handle view+inplace would override the custom "
    "backward "
    "associated with the custom Function, leading to incorrect gradients. This behavior is "
    "forbidden. You "
    "can fix this by cloning the output of the custom Function."
)


class View:
    """What makes a tensor a view: its base, the steps that lead from it, and when that was true.

    Attributes:
        base: the tensor that owns the history; never a view itself.
        steps: functions on arrays, each with its arguments, that make the view of the base's array.
        made_at: the version of the storage for which the view's own history is right.
        refusal: ``None``, or why it may not be written in place (one of the sentences above) and
            whose output it is.
    """

    __slots__ = ("base", "made_at", "refusal", "steps")

    def __init__(self, base: Any, steps: Steps, made_at: int, refusal: Refusal) -> None:
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
    """Return where the gradient goes; a view whose memory was written asks its base again."""
    view = tensor._view
    if view is None or view.made_at == tensor._storage.version:
        return tensor._edge
    base = owner_of(view)
    if view.refusal is not None:
        if view.refusal[0] is NO_GRAD_VIEW:
            return _leaf_edge(tensor, base._edge)
        if base._edge is None:
            return tensor._edge
        done = "its base or another view of its base has been modified inplace"
        raise RuntimeError(view.refusal[0].format(view.refusal[1], done))
    if base._edge is not None:
        tensor._edge = AsStridedBackward0(base, view.steps)
    elif tensor._edge.__class__ is not AccumulateGrad:
        tensor._edge = None
    view.made_at = tensor._storage.version
    return tensor._edge


def _leaf_edge(tensor: Any, base_edge: Any) -> Any:
    """Return the edge of a view made without recording: a leaf where its base has a history."""
    if tensor._edge is None and base_edge is not None:
        tensor._edge = AccumulateGrad(tensor)
    return tensor._edge


def owner_of(view: View) -> Any:
    """Return who has the history: the base, or what it was before it became a view itself."""
    base = view.base
    return base if base._view is None else base._view.base


def attach_view(tensor: Any, source: Any, step: Step, refusal: Refusal) -> None:
    """Make ``tensor`` a view of ``source`` by ``step``; they share memory already."""
    storage = storage_of(source)
    tensor._storage = storage
    over = source._view
    if refusal is None and not mode.grad:
        refusal = (NO_GRAD_VIEW, "")
        _leaf_edge(tensor, edge_of(source))
    if over is None:
        tensor._view = View(source, (step,), storage.version, refusal)
    else:
        steps = (*over.steps, step)
        tensor._view = View(over.base, steps, storage.version, refusal or over.refusal)


class CopySlices(Node):
    """The history of a base after one of its views was written."""

    __slots__ = ("layout", "steps")

    def __init__(self, base_edge: Any, written: Any, base: Any, steps: Steps) -> None:
        super().__init__((base_edge, written))
        self.steps = steps
        self.layout = Layout(base._array)

    def backward(self, grads: Any, edges: tuple[Any, ...]) -> tuple[Any, Any]:
        """To the base: the gradient outside the view. To what was written: that in the view."""
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
    """Refuse an in-place write that autograd cannot follow; called when recording."""
    view = tensor._view
    if view is None:
        if tensor._edge.__class__ is AccumulateGrad:
            msg = "a leaf Variable that requires grad is being used in an in-place operation."
            raise RuntimeError(msg)
        return
    if view.refusal is not None:
        reason, subject = view.refusal
        raise RuntimeError(reason.format(subject, "is being modified inplace"))
    if AccumulateGrad in {owner_of(view)._edge.__class__, tensor._edge.__class__}:
        msg = "a view of a leaf Variable that requires grad is being used in an in-place operation."
        raise RuntimeError(msg)


def rebase(tensor: Any, edge: Any) -> None:
    """Make ``edge`` the history of ``tensor`` after a write, through its base for a view."""
    view = tensor._view
    if view is None:
        old = tensor._edge
        tensor._edge = edge
        if old is not None:
            _move_retained(tensor, old, edge)
        return
    base = owner_of(view)
    if tensor._edge is not None:
        _move_retained(tensor, tensor._edge, None)
    old = base._edge
    base._edge = CopySlices(old, edge, base, view.steps)
    if old is not None:
        _move_retained(base, old, base._edge)


def _move_retained(tensor: Any, old: Any, new: Any) -> None:
    """Let ``retain_grad`` follow the tensor to its new history, or end with the old one."""
    hooks = target_of(old).hooks
    if hooks is None:
        return
    for index, reference in list(hooks.retain.items()):
        if reference() is tensor:
            del hooks.retain[index]
            if new is not None:
                target_of(new)._own_hooks().retain[index_of(new)] = reference
