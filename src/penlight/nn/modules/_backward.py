"""Backward hooks of a module: identity nodes at its inputs and outputs that tell what passes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from ..._tensor import Tensor
from ...autograd.function import Function
from ...autograd.grad_mode import is_grad_enabled
from ...ops.creation import zeros

Hook = Callable[..., Any]

_NON_FULL = "is deprecated and will be removed in future versions. This hook will be missing"
_USE_FULL = "Please use register_full_backward_hook to get the documented behavior."


class BackwardHookFunction(Function):
    """The identity; its node is where a module's hooks are called from."""

    @staticmethod
    def forward(ctx: Any, *args: Tensor) -> tuple[Tensor, ...]:
        """Return new tensors around the same memory."""
        ctx.mark_non_differentiable(*[arg for arg in args if not arg.requires_grad])
        return args

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:  # noqa: ARG004 - the signature
        """Pass the gradients on."""
        return grads


class BackwardHooks:
    """The full backward hooks and pre-hooks of one call of a module."""

    def __init__(self, module: Any, hooks: Sequence[Hook], pre_hooks: Sequence[Hook]) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.grad_outputs: tuple[Any, ...] | None = None
        self.input_places: list[int] | None = None
        self.input_kinds: list[tuple[Any, Any]] = []
        self.input_count = 0
        self.output_places: list[int] = []
        self.output_count = 0

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments led through a node that reports their gradients."""
        watched, places, node = _through_identity(args)
        self.input_count = len(args)
        if node is not None:
            self.input_places = places
            self.input_kinds = [(args[place].shape, args[place].dtype) for place in places]
            node.register_hook(self._on_grad_inputs)
        return watched

    def watch_outputs(self, result: Any) -> Any:
        """Return the module's result led through a node that reports its gradients."""
        single = not isinstance(result, tuple)
        outputs = (result,) if single else result
        if single and not isinstance(result, Tensor):
            return result
        watched, self.output_places, node = _through_identity(outputs)
        self.output_count = len(outputs)
        if node is not None:
            node.register_prehook(self._on_grad_outputs)
        return watched[0] if single else watched

    def _on_grad_outputs(self, grads: tuple[Any, ...]) -> Any:
        grad_outputs = _spread(self.output_places, grads, self.output_count)
        changed = False
        for hook in self.pre_hooks:
            replacement = hook(self.module, grad_outputs)
            if replacement is not None:
                changed = True
                grad_outputs = _as_tuple(replacement)
                self._check_count(
                    grad_outputs, self.output_count, "Backward pre hook", "grad_output"
                )
        self.grad_outputs = grad_outputs
        if self.input_places is None:
            self._run_without_inputs(grad_outputs)
            self.grad_outputs = None
        return tuple(grad_outputs[place] for place in self.output_places) if changed else None

    def _run_without_inputs(self, grad_outputs: tuple[Any, ...]) -> None:
        # torch: no input wants a gradient, so the hooks see None for each, here rather than later.
        if self.hooks:
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module "
                "outputs since no inputs require gradients. See https://docs.pytorch.org/docs/main/"
                "generated/torch.nn.Module.html#torch.nn.Module.register_full_backward_hook for "
                "more "
                "details.",
                stacklevel=5,
            )
        for hook in self.hooks:
            replacement = hook(self.module, (None,) * self.input_count, grad_outputs)
            if replacement is not None and any(grad is not None for grad in _as_tuple(replacement)):
                msg = (
                    "Backward hook for Modules where no input requires gradient should always "
                    "return "
                    "None or None for all gradients."
                )
                raise RuntimeError(msg)

    def _on_grad_inputs(self, grads: tuple[Any, ...], _: tuple[Any, ...]) -> Any:
        if self.grad_outputs is None:
            # torch: the outputs were not used, so the module's own backward did not run.
            return None
        places = self.input_places or []
        # torch: a tensor that wants no gradient is shown zeros; None stands for what is no tensor.
        shown = [
            zeros(shape, dtype=dtype) if grad is None else grad
            for grad, (shape, dtype) in zip(grads, self.input_kinds, strict=True)
        ]
        grad_inputs = _spread(places, shown, self.input_count)
        for hook in self.hooks:
            replacement = hook(self.module, grad_inputs, self.grad_outputs)
            if replacement is not None:
                grad_inputs = _as_tuple(replacement)
                self._check_count(grad_inputs, self.input_count, "Backward hook", "grad_input")
        self.grad_outputs = None
        return tuple(grad_inputs[place] for place in places)

    def _check_count(self, grads: tuple[Any, ...], count: int, what: str, noun: str) -> None:
        if len(grads) != count:
            msg = (
                f"{what} returned an invalid number of {noun}, got {len(grads)}, "
                f"but expected {count} (module {type(self.module).__name__})"
            )
            raise RuntimeError(msg)


def attach_node_hooks(
    module: Any, hooks: Sequence[Hook], args: tuple[Any, ...], result: Any
) -> None:
    """Have the deprecated backward hooks called after the node that made the first result."""
    node = _first_tensor(result).grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(_with_module(hook, module))
    _warn_incomplete(args, result, node)


def _first_tensor(value: Any) -> Tensor:
    while not isinstance(value, Tensor):
        if isinstance(value, dict):
            value = next(item for item in value.values() if isinstance(item, Tensor))
        else:
            value = value[0]
    return value


def _with_module(hook: Hook, module: Any) -> Hook:
    return lambda grad_inputs, grad_outputs: hook(module, grad_inputs, grad_outputs)


def _warn_incomplete(args: tuple[Any, ...], result: Any, node: Any) -> None:
    """Warn where a hook on one node cannot see all of the module's gradients."""
    results = result if isinstance(result, tuple) else (result,)
    reason = ""
    if not all(isinstance(value, Tensor) for value in results):
        reason = (
            "Using non-full backward hooks on a Module that does not return a single Tensor or a "
            "tuple "
            f"of Tensors {_NON_FULL} some of the grad_output. {_USE_FULL}"
        )
    elif not all(isinstance(value, Tensor) for value in args):
        reason = (
            "Using non-full backward hooks on a Module that does not take as input a single "
            "Tensor or a "
            f"tuple of Tensors {_NON_FULL} some of the grad_input. {_USE_FULL}"
        )
    elif len({value.grad_fn for value in results if value.grad_fn is not None}) > 1:
        reason = (
            "Using a non-full backward hook when outputs are generated by different autograd Nodes "
            f"{_NON_FULL} some grad_output. {_USE_FULL}"
        )
    elif _starts_elsewhere(args, node):
        reason = (
            "Using a non-full backward hook when the forward contains multiple autograd Nodes "
            f"{_NON_FULL} some grad_input. {_USE_FULL}"
        )
    if reason:
        warnings.warn(reason, FutureWarning, stacklevel=6)


def _starts_elsewhere(args: tuple[Any, ...], node: Any) -> bool:
    """Return whether ``node`` takes gradients to something that is none of the inputs."""
    inputs = {arg.grad_fn for arg in args if arg.grad_fn is not None}
    nexts = {step[0] for step in node.next_functions if step[0] is not None}
    return inputs != nexts


def _through_identity(values: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[int], Any]:
    """Lead the tensors through one identity node; return all values, their places, the node."""
    places = [place for place, value in enumerate(values) if isinstance(value, Tensor)]
    wanted = any(values[place].requires_grad for place in places)
    if not (is_grad_enabled() and wanted):
        return values, places, None
    passed = BackwardHookFunction.apply(*[values[place] for place in places])
    made = list(values)
    node = None
    for place, tensor in zip(places, passed, strict=True):
        made[place] = tensor
        node = node or tensor.grad_fn
    # A named tuple stays one.
    fields = hasattr(values, "_fields")
    return type(values)(*made) if fields else tuple(made), places, node


def _spread(places: Sequence[int], grads: Sequence[Any], count: int) -> tuple[Any, ...]:
    """Return ``count`` gradients, those given at their places and ``None`` elsewhere."""
    full: list[Any] = [None] * count
    for place, grad in zip(places, grads, strict=True):
        full[place] = grad
    return tuple(full)


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
