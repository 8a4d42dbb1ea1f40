"""Places in the graph that stand where a tensor does, and a hook on several tensors at once."""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .._tensor import Tensor
from ._mode import mode as state
from .graph import AccumulateGrad, Node, Output, RemovableHandle, index_of, target_of
from .views import edge_of


class GradientEdge(NamedTuple):
    """Where a tensor's gradient arrives: a node, and which of its outputs the tensor is.

    ``autograd.grad`` and ``autograd.backward`` take it in a tensor's place, so that the tensor
    itself need not be kept.
    """

    node: Node
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """Return where the gradient of ``tensor`` arrives.

    Raises:
        RuntimeError: the tensor does not require grad.

    Example:
        >>> import penlight as torch
        >>> x = torch.ones(2, requires_grad=True)
        >>> y = x * 2
        >>> edge = torch.autograd.graph.get_gradient_edge(y)
        >>> torch.autograd.grad((y * y).sum(), edge)
        (tensor([4., 4.]),)
    """
    edge = edge_of(tensor)
    if edge is None:
        msg = (
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients"
        )
        raise RuntimeError(msg)
    node = target_of(edge)
    # A leaf's node holds the leaf weakly.
    owner = tensor if node.__class__ is AccumulateGrad else None
    return GradientEdge(node, index_of(edge), owner)


def edge_at(place: Any) -> Any:
    """Return the edge of a tensor or of a :class:`GradientEdge`."""
    if isinstance(place, GradientEdge):
        node = place.node
        return node if node.outputs is None else Output(node, place.output_nr)
    return edge_of(place)


# ---- a hook on several tensors -------------------------------------------------------------------


class _Handle(RemovableHandle):
    """Takes the hooks of all the tensors away."""

    __slots__ = ("handles",)

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        super().__init__({})
        self.handles = tuple(handles)

    def remove(self) -> None:
        """Take the hooks away; doing it again does nothing."""
        for handle in self.handles:
            handle.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor],
    fn: Callable[..., None],
    *,
    mode: str = "all",
) -> RemovableHandle:
    """Call ``fn`` once a backward has computed the gradients of several tensors.

    Args:
        tensors: the tensors.
        fn: called with a list of the gradients, ``None`` for tensors that this backward does not
            reach (``"all"``), or with the first gradient that is there (``"any"``).
        mode: ``"all"``: when the last of the gradients is there; ``"any"``: when the first is.

    Returns:
        A handle whose ``remove()`` takes the hook away.

    Raises:
        ValueError: ``mode`` is neither of the two.
        RuntimeError: a tensor does not require grad.

    Example:
        >>> import penlight as torch
        >>> a = torch.ones(1, requires_grad=True)
        >>> b = torch.ones(1, requires_grad=True)
        >>> handle = torch.autograd.graph.register_multi_grad_hook((a, b), print)
        >>> (a * 2 + b * 3).backward()
        [tensor([2.]), tensor([3.])]
    """
    if mode not in {"all", "any"}:
        msg = f"Expects mode to be one of ('all', 'any') but got {mode}"
        raise ValueError(msg)
    watching = _Several(tensors, fn)
    hook = watching.one_of_all if mode == "all" else watching.first_of_any
    handles = [
        tensor.register_hook(functools.partial(hook, index)) for index, tensor in enumerate(tensors)
    ]
    return _Handle(handles)


class _Several:
    """The gradients of several tensors as they come in, by the walk that they belong to."""

    def __init__(self, tensors: Sequence[Any], fn: Callable[..., None]) -> None:
        self.fn = fn
        # Weak, since the nodes hold the hooks.
        self.nodes = [weakref.ref(target_of(edge_of(tensor))) for tensor in tensors]
        self.lock = threading.Lock()
        # Per walk: the gradients that are there, and how many are still to come.
        self.walks: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()

    def one_of_all(self, index: int, grad: Any) -> None:
        """Take one gradient; hand all on when it was the last."""
        walk = state.walk
        with self.lock:
            if walk not in self.walks:
                reached = walk.reached()
                missing = [sum(node() in reached for node in self.nodes)]
                self.walks[walk] = [None] * len(self.nodes), missing
            grads, missing = self.walks[walk]
            grads[index] = grad
            missing[0] -= 1
        if missing[0] == 0:
            self.fn(grads)

    def first_of_any(self, index: int, grad: Any) -> None:
        """Hand on a gradient when it is its walk's first."""
        del index
        with self.lock:
            first = state.walk not in self.walks
            self.walks[state.walk] = None
        if first:
            self.fn(grad)
