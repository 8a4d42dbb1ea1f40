"""Trading time for memory: drop what a part of forward saves, and compute it again in backward.

Two ways, as in torch. With ``use_reentrant=False`` the part is recorded as usual, but a place is
saved in each tensor's stead; the first tensor that backward asks for has the part run again, up to
the last that it will ask for. With ``use_reentrant=True`` the part is one autograd Function whose
backward runs it again and starts a backward of its own.
"""

from __future__ import annotations

import contextlib
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .._tensor import Tensor
from ..autograd import _autocast, backward
from ..autograd._saved import Hooks, Packed
from ..autograd._watch import begin, end
from ..autograd.function import Function
from ..autograd.grad_mode import enable_grad, mode, no_grad
from ..autograd.views import edge_of
from ..random import fork_rng, get_rng_state, set_rng_state

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "detach_variable",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
]

Contexts = tuple[contextlib.AbstractContextManager[Any], contextlib.AbstractContextManager[Any]]


class CheckpointError(RuntimeError):
    """Raised when a part that is run again saves other tensors than it saved in forward."""


class _StopError(Exception):
    """Ends a second run when all that backward needs has been saved again."""


class _Defaults:
    """What :func:`checkpoint` does where its call does not say; ``None``: as the call says."""

    debug: bool | None = None
    early_stop: bool | None = None


_defaults = _Defaults()


def noop_context_fn() -> Contexts:
    """Return two contexts that do nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Say for all calls inside whether a second run ends as soon as all is there.

    Args:
        enable: as the argument ``early_stop`` of :func:`checkpoint`.
    """
    before, _defaults.early_stop = _defaults.early_stop, enable
    try:
        yield
    finally:
        _defaults.early_stop = before


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Say for all calls inside whether they note the operations that save something.

    Args:
        enabled: as the argument ``debug`` of :func:`checkpoint`; ``None`` leaves it to the call.
    """
    before, _defaults.debug = _defaults.debug, enabled
    try:
        yield
    finally:
        _defaults.debug = before


# ---- recorded, with places in the tensors' stead -------------------------------------------------


class _Place:
    """What a node holds instead of a saved tensor."""

    __slots__ = ("__weakref__", "index")

    def __init__(self, index: int) -> None:
        self.index = index


class _Noting(Hooks):
    """Hooks that also note which operations save something."""

    __slots__ = ("names",)

    def __init__(self, pack: Any, unpack: Any, names: list[str]) -> None:
        super().__init__(pack, unpack, takes_anything=True)
        self.names = names

    def pack_node(self, node: Any) -> None:
        """Pack all that a node has saved, and note its name."""
        self.names.append(node.name())
        super().pack_node(node)


class _Part:
    """One call of :func:`checkpoint`: how to run it again, and what it saved.

    Attributes:
        places: what stands for each saved tensor, held weakly: it goes with its node.
        kinds: what each saved tensor was.
        names: the operations that saved them.
        found: by thread, what its second run saved for each place, until it is asked for.
    """

    def __init__(
        self, run: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], **options: Any
    ) -> None:
        self.run, self.kwargs = run, kwargs
        self.args = [_kept(arg) for arg in args]
        self.context, self.check = options["context"], options["check"]
        self.early_stop, self.debug = options["early_stop"], options["debug"]
        self.state = get_rng_state() if options["preserve"] else None
        self.casting = _autocast.snapshot("cpu")
        self.places: list[weakref.ref[_Place]] = []
        self.kinds: list[str] = []
        self.found: dict[int, weakref.WeakKeyDictionary[_Place, Any]] = {}
        self.names: list[str] = []

    def hooks(self) -> _Noting:
        """Return the hooks of the first run; they hold the part, so it must not hold them."""
        return _Noting(self.pack, self.unpack, self.names)

    def pack(self, value: Any) -> _Place:
        """Return a place for a value that forward saves."""
        place = _Place(len(self.places))
        self.places.append(weakref.ref(place))
        self.kinds.append(_kind(value))
        return place

    def unpack(self, place: _Place) -> Any:
        """Return the value that belongs into a place, running the part again if need be."""
        found = self.found.setdefault(threading.get_ident(), weakref.WeakKeyDictionary())
        if place not in found:
            self._run_again(found)
        return found.pop(place)

    def _run_again(self, found: weakref.WeakKeyDictionary[_Place, Any]) -> None:
        again: list[str] = []

        def pack(value: Any) -> Any:
            if len(again) == len(self.places):
                self._refuse_count(len(again) + 1, names)
            place = self.places[len(again)]()
            again.append(_kind(value))
            kept = value.detach() if isinstance(value, Tensor) else value
            if place is not None:
                found[place] = kept
            if self.early_stop and len(again) == len(self.places):
                raise _StopError
            # For a part that goes backward inside itself.
            return kept

        names: list[str] = []
        with contextlib.ExitStack() as stack:
            if self.state is not None:
                stack.enter_context(fork_rng())
                set_rng_state(self.state)
            stack.enter_context(enable_grad())
            stack.enter_context(_autocast.as_in(self.casting))
            stack.enter_context(_saving(_Noting(pack, _same, names)))
            stack.enter_context(self.context)
            stack.enter_context(contextlib.suppress(_StopError))
            self.run(
                *(arg.value() if arg.__class__ is Packed else arg for arg in self.args),
                **self.kwargs,
            )
        if len(again) != len(self.places):
            self._refuse_count(len(again), names)
        if self.check:
            self._compare(again, names)

    def _refuse_count(self, count: int, names: list[str]) -> None:
        msg = (
            "torch.utils.checkpoint: A different number of tensors was saved during the original "
            "forward and recomputation.\nNumber of tensors saved during forward: "
            f"{len(self.places)}\nNumber of tensors saved during recomputation: {count}"
        )
        raise CheckpointError(msg + self._operations(names))

    def _compare(self, again: list[str], names: list[str]) -> None:
        different = [
            f"tensor at position {index}:\nsaved metadata: {old}\nrecomputed metadata: {new}"
            for index, (old, new) in enumerate(zip(self.kinds, again, strict=True))
            if old != new
        ]
        if different:
            msg = (
                "torch.utils.checkpoint: Recomputed values for the following tensors have "
                "different metadata than during the forward pass.\n" + "\n".join(different)
            )
            raise CheckpointError(msg + self._operations(names))

    def _operations(self, names: list[str]) -> str:
        if not self.debug:
            return "\nCall checkpoint(debug=True) to see which operations saved them."
        return (
            f"\nOperations that saved tensors in forward: {', '.join(self.names)}"
            f"\nin recomputation: {', '.join(names)}"
        )


def _kept(arg: Any) -> Any:
    """Return an argument as it is kept for the second run: by the hooks that are set outside."""
    if isinstance(arg, Tensor) and mode.saving is not None:
        return Packed(mode.saving, arg, "tensor", edge_of(arg))
    return arg


def _kind(value: Any) -> str:
    if not isinstance(value, Tensor):
        return type(value).__name__
    return str({"shape": value.shape, "dtype": value.dtype, "device": value.device})


def _same(kept: Any) -> Any:
    return kept


@contextlib.contextmanager
def _saving(hooks: Hooks) -> Iterator[None]:
    """Set hooks, unless the program refuses them here."""
    if mode.saving_refused is not None:
        raise RuntimeError(mode.saving_refused)
    begin()
    before, mode.saving = mode.saving, hooks
    try:
        yield
    finally:
        mode.saving = before
        end()


# ---- one Function whose backward runs the part again ---------------------------------------------


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return inputs with the tensors among them cut off from their history, as leaves."""
    if not isinstance(inputs, tuple):
        msg = (
            "Only tuple of tensors is supported. Got Unsupported input type: "
            f"{type(inputs).__name__}"
        )
        raise RuntimeError(msg)  # noqa: TRY004 - torch's type
    return tuple(
        each.detach().requires_grad_(each.requires_grad) if isinstance(each, Tensor) else each
        for each in inputs
    )


def check_backward_validity(inputs: Sequence[Any]) -> None:
    """Warn when no tensor among the inputs requires grad."""
    if not any(isinstance(each, Tensor) and each.requires_grad for each in inputs):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2
        )


class CheckpointFunction(Function):
    """The autograd Function behind ``checkpoint(use_reentrant=True)``."""

    @staticmethod
    def forward(ctx: Any, run_function: Any, preserve_rng_state: bool, *args: Any) -> Any:
        """Run the part without recording it."""
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.state = get_rng_state() if preserve_rng_state else None
        ctx.casting = _autocast.snapshot("cpu")
        ctx.places = [index for index, arg in enumerate(args) if isinstance(arg, Tensor)]
        ctx.args = [None if isinstance(arg, Tensor) else arg for arg in args]
        ctx.save_for_backward(*(arg for arg in args if isinstance(arg, Tensor)))
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Run the part again, recorded, and go backward through it."""
        if mode.walk is not None and mode.walk.wanted is not None:
            msg = (
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(). To resolve this error, you can "
                "either set use_reentrant=False, or call .backward() without passing the `inputs` "
                "argument."
            )
            raise RuntimeError(msg)
        args = list(ctx.args)
        for index, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            args[index] = tensor
        args = list(detach_variable(tuple(args)))
        with contextlib.ExitStack() as stack:
            if ctx.state is not None:
                stack.enter_context(fork_rng())
                set_rng_state(ctx.state)
            stack.enter_context(enable_grad())
            stack.enter_context(_autocast.as_in(ctx.casting))
            outputs = ctx.run_function(*args)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        recorded = [
            (out, grad)
            for out, grad in zip(outputs, grads, strict=True)
            if isinstance(out, Tensor) and out.requires_grad
        ]
        if not recorded:
            msg = "none of output has requires_grad=True, this checkpoint() is not necessary"
            raise RuntimeError(msg)
        backward([out for out, _ in recorded], [grad for _, grad in recorded])
        return None, None, *(arg.grad if isinstance(arg, Tensor) else None for arg in args)


# ---- what programs call --------------------------------------------------------------------------


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """Call ``function(*args, **kwargs)``; what it would save for backward is computed again there.

    Args:
        function: the part; it must do the same when it runs again.
        args: its arguments.
        use_reentrant: ``False``: any function, any way of going backward. ``True``: torch's older
            way, for ``backward()`` alone, where an argument requires grad.
        context_fn: returns two contexts, for the part in forward and for the second run.
        determinism_check: ``"default"`` compares shapes and dtypes of what the two runs save,
            ``"none"`` does not.
        debug: on a difference, name the operations of both runs that saved something.
        early_stop: end the second run when all that backward needs is there.
        kwargs: the part's keyword arguments; and ``preserve_rng_state`` (``True``), whether the
            second run draws the random numbers of the first.

    Returns:
        What the function returns.

    Raises:
        CheckpointError: in backward, when the two runs differ.
        ValueError: options that do not go together.

    Example:
        >>> import penlight as torch
        >>> from penlight.utils.checkpoint import checkpoint
        >>> x = torch.tensor([0.0, 1.0], requires_grad=True)
        >>> checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False).sum().backward()
        >>> x.grad
        tensor([ 0.5403, -2.4783])
    """
    if use_reentrant is None:
        use_reentrant = _unspecified()
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs and use_reentrant:
        msg = "Unexpected keyword arguments: " + ",".join(kwargs)
        raise ValueError(msg)
    debug = debug if _defaults.debug is None else _defaults.debug
    if use_reentrant:
        if context_fn is not noop_context_fn or debug is not False:
            msg = "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            raise ValueError(msg)
        return CheckpointFunction.apply(function, preserve, *args)
    if determinism_check not in {"default", "none"}:
        msg = (
            f"determinism_check should be one of ['default', 'none'], but got {determinism_check!r}"
        )
        raise ValueError(msg)
    here, there = context_fn()
    if not mode.grad:
        return function(*args, **kwargs)
    part = _Part(
        function,
        args,
        kwargs,
        preserve=preserve,
        context=there,
        check=determinism_check == "default",
        debug=debug,
        early_stop=early_stop if _defaults.early_stop is None else _defaults.early_stop,
    )
    with here, _saving(part.hooks()):
        return function(*args, **kwargs)


def _unspecified() -> bool:
    warnings.warn(
        "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. "
        "use_reentrant=False is recommended, but if you need to preserve the current default "
        "behavior, you can pass use_reentrant=True.",
        stacklevel=3,
    )
    return True


def checkpoint_sequential(
    functions: Any,
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    **kwargs: Any,
) -> Any:
    """Call functions one after the other, in segments that are checkpointed all but the last.

    Args:
        functions: an ``nn.Sequential``, or a sequence of modules or functions.
        segments: into how many to divide them.
        input: what the first takes.
        use_reentrant: as for :func:`checkpoint`.
        kwargs: ``preserve_rng_state``, as for :func:`checkpoint`.

    Returns:
        What the last function returns.

    Raises:
        ValueError: another keyword argument.

    Example:
        >>> import penlight as torch
        >>> from penlight.utils.checkpoint import checkpoint_sequential
        >>> x = torch.tensor([0.0, 1.0], requires_grad=True)
        >>> y = checkpoint_sequential([torch.exp, torch.sin], 2, x, use_reentrant=False)
        >>> y.sum().backward()
        >>> x.grad
        tensor([ 0.5403, -2.4783])
    """
    if use_reentrant is None:
        use_reentrant = _unspecified()
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        msg = "Unexpected keyword arguments: " + ",".join(kwargs)
        raise ValueError(msg)
    functions = list(functions.children() if hasattr(functions, "children") else functions)
    length = len(functions) // segments
    for first in range(0, length * (segments - 1), length):
        part = _in_order(functions[first : first + length])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return _in_order(functions[length * (segments - 1) :])(input)


def _in_order(functions: Sequence[Any]) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        for function in functions:
            value = function(value)
        return value

    return run
