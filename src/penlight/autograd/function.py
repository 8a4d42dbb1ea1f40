"""autograd.Function: an operation whose backward the user writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY
from .._tensor import Tensor, wrap
from .grad_mode import mode, no_grad
from .graph import FREED, Node, Output, as_tuple, refuse_freed, refuse_modified, version_of
from .views import attach_view, check_inplace, edge_of, rebase, storage_of


class FunctionCtx:
    """What ``forward`` leaves for ``backward``: saved tensors, flags, and attributes at will."""

    def __init__(self) -> None:
        self._to_save: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._not_differentiable: tuple[Any, ...] = ()
        self._materialize = True
        self._node: Any = None
        self.needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Save tensors (or ``None``) for ``backward``; they come back as ``ctx.saved_tensors``."""
        self._to_save = tensors

    def mark_dirty(self, *args: Any) -> None:
        """Say which inputs ``forward`` has changed in place."""
        self._dirty = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say which outputs have no gradient."""
        self._not_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:  # noqa: FBT001 - torch's signature
        """Say whether ``backward`` gets zeros (the default) or ``None`` for outputs nobody used."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What :meth:`save_for_backward` was given, checked for in-place changes since."""
        if self._node is None:
            return self._to_save
        return tuple(self._node.unpack())


class FunctionNode(Node):
    """The node of one application of a :class:`Function`."""

    __slots__ = ("ctx", "function", "outputs", "saved", "slots")
    saved_names = ("saved",)

    def __init__(self, function: Any, ctx: FunctionCtx, edges: tuple[Any, ...]) -> None:
        super().__init__(edges)
        self.function = function
        self.ctx = ctx

    def name(self) -> str:
        """Return the function's name followed by ``Backward``."""
        return f"{self.function.__name__}Backward"

    def __getattr__(self, name: str) -> Any:
        # torch: grad_fn of a custom function is its ctx, so attributes are found there.
        if name in {"ctx", "function", "_metadata"}:
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def save(self, tensors: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Keep tensors with their versions; outputs without a reference to themselves."""
        self.saved = []
        for tensor in tensors:
            if tensor is None:
                self.saved.append(None)
                continue
            if not isinstance(tensor, Tensor):
                msg = f"save_for_backward can only save variables, but got {type(tensor).__name__}"
                raise TypeError(msg)
            index = next((i for i, out in enumerate(outputs) if out is tensor), None)
            kept = tensor if index is None else tensor._array
            self.saved.append((kept, storage_of(tensor), version_of(tensor), index))

    def unpack(self) -> list[Any]:
        """Return the saved tensors, refusing freed or changed ones."""
        if self.saved is FREED:
            refuse_freed(self)
        tensors: list[Any] = []
        for entry in self.saved:
            if entry is None:
                tensors.append(None)
                continue
            kept, storage, version, index = entry
            tensor = kept
            if index is not None:
                tensor = wrap(kept)
                tensor._storage, tensor._edge = storage, Output(self, index)
            if storage.version != version:
                refuse_modified(self, tensor, version)
            tensors.append(tensor)
        return tensors

    def backward(self, grads: Any, edges: tuple[Any, ...]) -> Sequence[Any]:
        """Call the user's backward and check what it returns."""
        if self.saved is FREED:
            refuse_freed(self)
        grads = tuple(self._filled(grad, meta) for grad, meta in zip(grads, self.outputs, strict=True))
        results = list(as_tuple(self.function.backward(self.ctx, *grads)))
        wanted = len(self.slots)
        while len(results) > wanted and results[-1] is None:
            results.pop()
        if len(results) != wanted:
            msg = (
                f"function {self.name()} returned an incorrect number of gradients "
                f"(expected {wanted}, got {len(results)})"
            )
            raise RuntimeError(msg)
        picked = [result for result, is_tensor in zip(results, self.slots, strict=True) if is_tensor]
        return [
            None if edge is None else self._checked(number, result, shape)
            for number, (edge, result, shape) in enumerate(zip(edges, picked, self.ctx._shapes, strict=True))  # type: ignore[attr-defined]
        ]

    def _filled(self, grad: Any, meta: Any) -> Any:
        if grad is not None or meta is None or not self.ctx._materialize:
            return grad
        return wrap(np.zeros(*meta))

    def _checked(self, number: int, result: Any, shape: tuple[int, ...]) -> Any:
        if result is None:
            return None
        if not isinstance(result, Tensor):
            msg = f"expected Variable or None (got {type(result).__name__})"
            raise TypeError(msg)
        if result._array.shape != shape:
            if np.broadcast_shapes(result._array.shape, shape) == result._array.shape:
                return result._sum_to(shape)  # type: ignore[attr-defined]
            if np.broadcast_shapes(result._array.shape, shape) == shape:
                return result.expand(shape)  # type: ignore[attr-defined]
            msg = (
                f"Function {self.name()} returned an invalid gradient at index {number} - got "
                f"{list(result.shape)} but expected shape compatible with {list(shape)}"
            )
            raise RuntimeError(msg)
        # The user may keep this tensor, so no leaf may adopt its memory.
        storage_of(result)
        return result


class Function:
    """Subclass it with static ``forward(ctx, …)`` and ``backward(ctx, *grads)``; call ``apply``.

    ``forward`` may also leave out ``ctx`` when the class has ``setup_context(ctx, inputs, output)``.
    Inside ``forward`` nothing is recorded. ``backward`` returns one gradient, or ``None``, per argument
    of ``forward``; it is recorded under ``create_graph``.

    Example:
        >>> import penlight as torch
        >>> class Double(torch.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         return x * 2
        ...     @staticmethod
        ...     def backward(ctx, grad):
        ...         return grad * 2
        >>> x = torch.tensor([1.0], requires_grad=True)
        >>> Double.apply(x).sum().backward()
        >>> x.grad
        tensor([2.])
    """

    def __init__(self) -> None:
        msg = f"{type(self).__name__}: do not make an instance; call {type(self).__name__}.apply(…)"
        raise RuntimeError(msg)

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; overridden by every subclass."""
        msg = "You must implement the forward function for custom autograd.Function."
        raise NotImplementedError(msg)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Compute the inputs' gradients; overridden by every subclass that is differentiated."""
        msg = "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD."
        raise NotImplementedError(msg)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Save what backward needs, when ``forward`` takes no ``ctx``."""
        raise NotImplementedError

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run ``forward`` and, where an input requires grad, record the call."""
        ctx = FunctionCtx()
        tensors = [arg for arg in args if isinstance(arg, Tensor)]
        edges = tuple(edge_of(tensor) for tensor in tensors)
        recording = mode.grad and any(edge is not None for edge in edges)
        ctx.needs_input_grad = tuple(
            isinstance(arg, Tensor) and edge_of(arg) is not None for arg in args
        )
        with no_grad():
            result = cls._run_forward(ctx, args)
        outputs = as_tuple(result)
        if recording:
            outputs = cls._record(ctx, args, tensors, edges, outputs)
        else:
            outputs = tuple(_plain(out, tensors) for out in outputs)
        return type(result)(outputs) if isinstance(result, (tuple, list)) else outputs[0]

    @classmethod
    def _run_forward(cls, ctx: FunctionCtx, args: tuple[Any, ...]) -> Any:
        if cls.setup_context is Function.setup_context:
            return cls.forward(ctx, *args)
        result = cls.forward(*args)
        cls.setup_context(ctx, args, result)
        return result

    @classmethod
    def _record(
        cls,
        ctx: FunctionCtx,
        args: tuple[Any, ...],
        tensors: list[Any],
        edges: tuple[Any, ...],
        outputs: tuple[Any, ...],
    ) -> tuple[Any, ...]:
        node = _node_class(cls)(cls, ctx, edges)
        node.slots = [isinstance(arg, Tensor) for arg in args]
        ctx._shapes = [tensor._array.shape for tensor in tensors]  # type: ignore[attr-defined]
        made = []
        metas: list[Any] = []
        for index, out in enumerate(outputs):
            differentiable = (
                isinstance(out, Tensor)
                and not any(out is fixed for fixed in ctx._not_differentiable)
                and FROM_NUMPY[out._array.dtype].is_floating_point
            )
            metas.append((out._array.shape, out._array.dtype) if differentiable else None)
            made.append(_connect(node, index, out, ctx, tensors) if differentiable else out)
        node.outputs = metas
        to_save = [
            next((new for old, new in zip(outputs, made, strict=True) if old is tensor), tensor)
            for tensor in ctx._to_save
        ]
        node.save(to_save, made)
        ctx._node = node
        ctx._to_save = ()
        return tuple(made)


def _plain(out: Any, tensors: list[Any]) -> Any:
    """Return an output; an input handed through becomes a tensor of its own."""
    return out.detach() if any(out is tensor for tensor in tensors) and not out.requires_grad else out


def _connect(node: Any, index: int, out: Any, ctx: FunctionCtx, tensors: list[Any]) -> Any:
    edge = Output(node, index)
    if any(out is tensor for tensor in ctx._dirty):
        check_inplace(out)
        storage_of(out).version += 1
        if out._view is not None:
            rebase(out, node)
        else:
            out._edge = edge
        return out
    if any(out is tensor for tensor in tensors):
        source, out = out, wrap(out._array)
        attach_view(out, source, (_itself, ()), None)
    elif out._edge is not None or out._view is not None:
        out = out.detach()
    out._edge = edge
    return out


def _itself(array: Any) -> Any:
    return array[...]


def _node_class(cls: Any) -> Any:
    """Return the node class that prints as ``<NameBackward>``, made once per Function class."""
    made = cls.__dict__.get("_backward_cls")
    if made is None:
        made = type(f"{cls.__name__}Backward", (FunctionNode,), {"__slots__": ()})
        cls._backward_cls = made
    return made


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a backward that cannot be differentiated again.

    Its results then refuse a second backward, with torch's sentence.
    """
    import functools  # noqa: PLC0415 - rare

    @functools.wraps(function)
    def once(ctx: Any, *grads: Any) -> Any:
        with no_grad():
            results = function(ctx, *grads)
        if not (mode.grad and any(isinstance(g, Tensor) and g.requires_grad for g in grads)):
            return results
        refusing = tuple(_refusing(result) for result in as_tuple(results))
        return refusing if isinstance(results, tuple) else refusing[0]

    return once


class _Once(Node):
    """Refuses to be run."""

    __slots__ = ()

    def backward(self, grads: Any, edges: tuple[Any, ...]) -> Sequence[Any]:  # noqa: ARG002
        """Raise torch's error."""
        msg = "trying to differentiate twice a function that was marked with @once_differentiable"
        raise RuntimeError(msg)


def _refusing(result: Any) -> Any:
    if not isinstance(result, Tensor):
        return result
    out = result.detach()
    # The edge needs a live target, or the engine would not run the node at all.
    anchor = wrap(out._array)
    anchor.requires_grad = True
    node = _Once((anchor._edge,))
    out._edge = node
    return out
