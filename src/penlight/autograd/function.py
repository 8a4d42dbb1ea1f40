"""autograd.Function: an operation whose backward the user writes."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from .._tensor import Tensor, wrap
from ._function_node import aliased, connect, metas, node_class
from ._watch import WATCHED, note
from .grad_mode import mode, no_grad
from .graph import Node, Output
from .hooks import as_tuple
from .views import edge_of

__all__ = ["Function", "FunctionCtx", "InplaceFunction", "once_differentiable"]


class FunctionCtx:
    """What ``forward`` leaves for ``backward``: saved tensors, flags, and attributes at will."""

    def __init__(self) -> None:
        self._to_save: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._not_differentiable: tuple[Any, ...] = ()
        self._materialize = True
        # Weak, since the node holds its ctx.
        self._node: Any = None
        self.needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Save tensors (or ``None``) for ``backward``; they come back as ``ctx.saved_tensors``."""
        for index, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, Tensor):
                msg = (
                    f"save_for_backward can only save variables, but argument {index} is of type "
                    f"{type(tensor).__name__}"
                )
                raise TypeError(msg)
        self._to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Save tensors for ``jvp``, which penlight does not call: they are checked and let go."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                msg = (
                    "save_for_forward expects all arguments to be tensors; you should save "
                    f"non-tensors as attributes on ctx. Got {type(tensor).__name__}"
                )
                raise TypeError(msg)

    def mark_dirty(self, *args: Any) -> None:
        """Say which inputs ``forward`` has changed in place."""
        self._dirty = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say which outputs have no gradient."""
        self._not_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Say whether ``backward`` gets zeros (the default) or ``None`` for outputs nobody used."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What :meth:`save_for_backward` was given, checked for in-place changes since."""
        node = None if self._node is None else self._node()
        return () if node is None else node.unpack()


class Function:
    """Subclass it with static ``forward(ctx, …)`` and ``backward(ctx, *grads)``; call ``apply``.

    ``forward`` may also leave out ``ctx`` when the class has ``setup_context(ctx, inputs,
    output)``. Inside ``forward`` nothing is recorded. ``backward`` returns one gradient, or
    ``None``, per argument of ``forward``; it is recorded under ``create_graph``.

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
        import warnings  # noqa: PLC0415 - rare

        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static, so "
            "you should invoke them on the class itself. Instantiating an autograd function will "
            "raise "
            "an error in a future version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; overridden by every subclass."""
        msg = "You must implement the forward function for custom autograd.Function."
        raise NotImplementedError(msg)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Compute the inputs' gradients; overridden by every subclass that is differentiated."""
        msg = (
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to "
            "use it with backward mode AD."
        )
        raise NotImplementedError(msg)

    vjp = backward

    # torch: has a vmap written from forward. penlight's vmap calls apply once for each slice.
    generate_vmap_rule = False

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """Refuse: penlight has no forward mode, and never calls a subclass's ``jvp``."""
        msg = (
            "You must implement the jvp function for custom autograd.Function to use it with "
            "forward mode AD."
        )
        raise NotImplementedError(msg)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """Refuse: :func:`penlight.vmap` calls ``apply`` once for each slice, and never this."""
        msg = (
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or "
            "set generate_vmap_rule=True. penlight needs neither."
        )
        raise NotImplementedError(msg)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what backward needs, when ``forward`` takes no ``ctx``."""
        msg = "setup_context is not implemented."
        raise NotImplementedError(msg)

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward`` and, where an input requires grad, record the call."""
        apart = cls.setup_context is not Function.setup_context
        args = _bound(cls.forward, args, kwargs, with_ctx=not apart)
        ctx = FunctionCtx()
        edges = [edge_of(arg) if isinstance(arg, Tensor) else None for arg in args]
        ctx.needs_input_grad = tuple(edge is not None for edge in edges)
        with no_grad():
            if apart:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args)
        if not isinstance(result, (tuple, Tensor)):
            return result
        outputs = as_tuple(result)
        _check_dirty(ctx, outputs)
        if mode.grad and any(ctx.needs_input_grad):
            made = cls._record(ctx, args, edges, outputs)
        else:
            made = tuple(aliased(out, ctx, args) for out in outputs)
        return made if isinstance(result, tuple) else made[0]

    @classmethod
    def _record(
        cls, ctx: FunctionCtx, args: Sequence[Any], edges: Sequence[Any], outputs: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        """Make the node, connect the outputs to it, and save what forward asked for."""
        kept = tuple(edge for arg, edge in zip(args, edges, strict=True) if isinstance(arg, Tensor))
        node = node_class(cls)(cls, ctx, kept)
        node.inputs, node.outputs = metas(args), metas(outputs)
        # A tensor that is returned twice stays one; its gradient is that of its last place.
        renamed: dict[int, Any] = {}
        for index, out in enumerate(outputs):
            renamed[id(out)] = connect(Output(node, index), renamed.get(id(out), out), ctx, args)
        made = tuple(renamed[id(out)] for out in outputs)
        # What is saved of an output is what the caller gets; an input handed through stays the
        # input.
        given = {id(arg) for arg in args}
        node.save([t if id(t) in given else renamed.get(id(t), t) for t in ctx._to_save], made)
        ctx._node = weakref.ref(node)
        ctx._to_save = ctx._dirty = ctx._not_differentiable = ()
        if WATCHED:
            note(node)
        return made

    @classmethod
    def _vjp(cls) -> Callable[..., Any]:
        """Return the subclass's backward, under either of its two names."""
        if cls.backward is Function.backward:
            return cls.vjp
        if cls.vjp is not Function.vjp:
            msg = (
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You "
                "should only implement one of them."
            )
            raise RuntimeError(msg)
        return cls.backward


class InplaceFunction(Function):
    """A :class:`Function` under the old name of those that may work in place.

    Args:
        inplace: kept as an attribute.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


def _bound(
    forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, with_ctx: bool
) -> tuple[Any, ...]:
    """Return all arguments by position, keywords and defaults among them where they matter."""
    code = getattr(forward, "__code__", None)
    if not kwargs and (with_ctx or code is None or code.co_argcount == len(args)):
        return args
    import inspect  # noqa: PLC0415 - rare, and slow to import

    ctx = (None,) if with_ctx else ()
    bound = inspect.signature(forward).bind(*ctx, *args, **kwargs)
    bound.apply_defaults()
    return bound.args[len(ctx) :]


def _check_dirty(ctx: FunctionCtx, outputs: Sequence[Any]) -> None:
    for tensor in ctx._dirty:
        if not any(tensor is out for out in outputs):
            msg = (
                "Some elements marked as dirty during the forward method were not returned as "
                "output. "
                "The inputs that are modified inplace must all be outputs of the Function."
            )
            raise RuntimeError(msg)


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a backward that cannot be differentiated again.

    Its results then refuse a second backward, with torch's sentence.
    """

    @functools.wraps(fn)
    def once(ctx: Any, *grads: Any) -> Any:
        with no_grad():
            results = fn(ctx, *grads)
        if not (mode.grad and any(isinstance(g, Tensor) and g.requires_grad for g in grads)):
            return results
        refusing = tuple(map(_refusing, as_tuple(results)))
        return refusing if isinstance(results, tuple) else refusing[0]

    return once


class _Once(Node):
    """Refuses to be run."""

    __slots__ = ()

    def backward(self, grads: Any, edges: tuple[Any, ...]) -> Sequence[Any]:
        """Raise torch's error."""
        del grads, edges
        msg = "trying to differentiate twice a function that was marked with @once_differentiable"
        raise RuntimeError(msg)


def _refusing(result: Any) -> Any:
    if not isinstance(result, Tensor):
        return result
    out = result.detach()
    # The edge needs a live target, or the engine would not run the node at all.
    anchor = wrap(out._array)
    anchor.requires_grad = True
    out._edge = _Once((anchor._edge,))
    return out
