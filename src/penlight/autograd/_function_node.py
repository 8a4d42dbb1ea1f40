"""The node of a user's Function: what it saved, and what is asked of the gradients it returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY
from .._tensor import Tensor, wrap
from ..ops._runtime import summed_to
from ._mode import mode
from ._saved import Packed
from .graph import FREED, AccumulateGrad, Node, Output, refuse_freed, refuse_modified, version_of
from .hooks import as_tuple
from .views import MADE_BY_FUNCTION, View, attach_view, check_inplace, edge_of, rebase, storage_of


class FunctionNode(Node):
    """The node of one application of a Function.

    Attributes:
        function: the Function subclass.
        ctx: what its forward left for its backward.
        inputs: per argument of forward, shape and dtype of a tensor, else ``None``.
        outputs: likewise per output.
        saved: the tensors saved for backward, as :meth:`save` keeps them.
    """

    __slots__ = ("ctx", "function", "inputs", "outputs", "saved")

    saved: Any

    def __init__(self, function: Any, ctx: Any, edges: tuple[Any, ...]) -> None:
        super().__init__(edges)
        self.function = function
        self.ctx = ctx

    def release(self) -> None:
        """Free the saved tensors."""
        self.saved = FREED

    def __getattr__(self, name: str) -> Any:
        # torch: grad_fn of a custom function is its ctx, so the ctx's attributes are found there.
        if name in self.__slots__ or name in FunctionNode.__slots__ or name == "_metadata":
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def save(self, tensors: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Keep tensors with their versions; outputs as arrays, or there would be a cycle."""
        self.saved = [None if tensor is None else self._kept(tensor, outputs) for tensor in tensors]

    def _kept(self, tensor: Any, outputs: Sequence[Any]) -> tuple[Any, Any, int, int | None]:
        index = next((i for i, out in enumerate(outputs) if out is tensor), None)
        if mode.saving is not None:
            value = tensor if index is None else wrap(tensor._array)
            packed = Packed(mode.saving, value, "tensor", edge_of(value))
            return packed, None, 0, index
        kept = tensor if index is None else tensor._array
        return kept, storage_of(tensor), version_of(tensor), index

    def unpack(self) -> tuple[Any, ...]:
        """Return the saved tensors, refusing freed or changed ones."""
        if self.saved is FREED:
            refuse_freed(self)
        return tuple(None if entry is None else self._unpacked(*entry) for entry in self.saved)

    def _unpacked(self, tensor: Any, storage: Any, version: int, index: int | None) -> Any:
        if tensor.__class__ is Packed:
            tensor = tensor.value()
            if index is not None:
                tensor._edge = Output(self, index)
            return tensor
        if index is not None:
            tensor = wrap(tensor)
            tensor._storage, tensor._edge = storage, Output(self, index)
        if storage.version != version:
            refuse_modified(self, tensor, version)
        return tensor

    def backward(self, grads: Any, edges: tuple[Any, ...]) -> Sequence[Any]:
        """Call the user's backward and check what it returns."""
        grads = tuple(map(self._given, grads, self.outputs))
        results = list(as_tuple(self.function._vjp()(self.ctx, *grads)))
        while len(results) > len(self.inputs) and results[-1] is None:
            results.pop()
        if len(results) != len(self.inputs):
            msg = (
                f"function {self.name()} returned an incorrect number of gradients "
                f"(expected {len(self.inputs)}, got {len(results)})"
            )
            raise RuntimeError(msg)
        picked = []
        for position, (result, kind) in enumerate(zip(results, self.inputs, strict=True), 1):
            if kind is not None:
                picked.append((result, *kind))
            elif result is not None:
                msg = (
                    f"function {self.name()} returned a gradient different than None at position "
                    f"{position}, but the corresponding forward input was not a Variable"
                )
                raise RuntimeError(msg)
        return [
            None if edge is None else self._checked(number, *result)
            for number, (edge, result) in enumerate(zip(edges, picked, strict=True))
        ]

    def _given(self, grad: Any, meta: Any) -> Any:
        """Return a gradient as backward gets it: zeros for an unused output, if asked for."""
        if grad is not None:
            # The user sees this gradient and may keep it, so no leaf may adopt its memory.
            storage_of(grad)
        elif meta is not None and self.ctx._materialize:
            grad = wrap(np.zeros(*meta))
        return grad

    def _checked(self, number: int, result: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        if result is None:
            return None
        if not isinstance(result, Tensor):
            msg = f"expected Variable or None (got {type(result).__name__})"
            raise RuntimeError(msg)  # noqa: TRY004 - torch's type
        if result._array.shape != shape and not _reduces_to(result._array.shape, shape):
            msg = (
                f"Function {self.name()} returned an invalid gradient at index {number} - got "
                f"{list(result.shape)} but expected shape compatible with {list(shape)}"
            )
            raise RuntimeError(msg)
        storage_of(result)
        result = summed_to(result, shape)
        return result if result._array.dtype == dtype else result._cast(dtype)


def _reduces_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Return whether summing over dimensions can turn ``shape`` into ``target``."""
    extra = len(shape) - len(target)
    return extra >= 0 and all(size in {1, n} for size, n in zip(target, shape[extra:], strict=True))


def node_class(function: Any) -> Any:
    """Return the node class that prints as ``<NameBackward>``, made once per Function class."""
    made = function.__dict__.get("_backward_cls")
    if made is None:
        made = type(f"{function.__name__}Backward", (FunctionNode,), {"__slots__": ()})
        function._backward_cls = made
    return made


def metas(values: Sequence[Any]) -> list[Any]:
    """Return shape and dtype of each tensor, ``None`` for anything else."""
    return [
        (value._array.shape, value._array.dtype) if isinstance(value, Tensor) else None
        for value in values
    ]


def _among(tensor: Any, tensors: Sequence[Any]) -> bool:
    return any(tensor is other for other in tensors)


def aliased(out: Any, ctx: Any, args: Sequence[Any]) -> Any:
    """Return an output; an input that is handed through unchanged becomes a view of itself."""
    if not isinstance(out, Tensor) or not _among(out, args) or _among(out, ctx._dirty):
        return out
    alias = wrap(out._array)
    attach_view(alias, out, (_itself, ()), None)
    return alias


def connect(edge: Output, out: Any, ctx: Any, args: Sequence[Any]) -> Any:
    """Give an output its history: ``edge``, through its base when it is a view that was written."""
    if (
        not isinstance(out, Tensor)
        or _among(out, ctx._not_differentiable)
        or not FROM_NUMPY[out._array.dtype].is_floating_point
    ):
        return aliased(out, ctx, args)
    if _among(out, ctx._dirty):
        if out._edge.__class__ is AccumulateGrad:
            msg = "a leaf Variable that requires grad has been used in an in-place operation."
            raise RuntimeError(msg)
        check_inplace(out)
        storage_of(out).version += 1
        rebase(out, edge)
        return out
    out = aliased(out, ctx, args)
    if out._edge is not None and out._view is None and edge_of(out) is not edge:
        out = out.detach()
    view = out._view
    if view is not None:
        subject = f"{edge.index} of {edge.node.name()}"
        out._view = View(view.base, view.steps, view.made_at, (MADE_BY_FUNCTION, subject))
    out._edge = edge
    return out


def _itself(array: Any) -> Any:
    return array[...]
