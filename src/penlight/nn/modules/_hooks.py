"""Hooks around forward and backward, of one module or of all, and the call with them."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..._tensor import Tensor
from ...autograd.graph import RemovableHandle
from ._attributes import Attributes, add_hook
from ._backward import BackwardHooks, attach_node_hooks

Hook = Callable[..., Any]

_global_forward_pre_hooks: OrderedDict[int, Hook] = OrderedDict()
_global_forward_hooks: OrderedDict[int, Hook] = OrderedDict()
_global_forward_hooks_with_kwargs: OrderedDict[int, bool] = OrderedDict()
_global_forward_hooks_always_called: OrderedDict[int, bool] = OrderedDict()
_global_backward_pre_hooks: OrderedDict[int, Hook] = OrderedDict()
_global_backward_hooks: OrderedDict[int, Hook] = OrderedDict()
# Ids of the global backward hooks that are full ones.
_global_full_backward_hooks: OrderedDict[int, bool] = OrderedDict()

# Marks every global hook, so that a call asks one table whether there is any.
any_global_hook: OrderedDict[int, bool] = OrderedDict()


class Hooks(Attributes):
    """Registration of hooks on one module."""

    _is_full_backward_hook: bool | None
    _forward_pre_hooks: OrderedDict[int, Hook]
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks: OrderedDict[int, Hook]
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _backward_pre_hooks: OrderedDict[int, Hook]
    _backward_hooks: OrderedDict[int, Hook]

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before each forward; a result replaces the arguments.

        Args:
            hook: returns ``None``, the new arguments (one value or a tuple), or with
                ``with_kwargs``
                ``None`` or a pair of new arguments and new keyword arguments.
            prepend: run before the module's hooks so far.
            with_kwargs: call ``hook(module, args, kwargs)``.
        """
        marks = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
        return add_hook(self._forward_pre_hooks, hook, *marks, prepend=prepend)

    def register_forward_hook(
        self,
        hook: Hook,
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after each forward; a result replaces the output.

        Args:
            hook: returns ``None`` or the new output.
            prepend: run before the module's hooks so far.
            with_kwargs: call ``hook(module, args, kwargs, output)``.
            always_call: call it also when forward raised, with ``None`` as output.

        Example:
            >>> import penlight as torch
            >>> module = torch.nn.Identity()
            >>> handle = module.register_forward_hook(lambda module, args, output: output + 1)
            >>> module(torch.tensor(1.0))
            tensor(2.)
            >>> handle.remove()
        """
        marks = [self._forward_hooks_with_kwargs] if with_kwargs else []
        if always_call:
            marks.append(self._forward_hooks_always_called)
        return add_hook(self._forward_hooks, hook, *marks, prepend=prepend)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before the gradients go through the module.

        Args:
            hook: returns ``None`` or what replaces ``grad_output``.
            prepend: run before the module's hooks so far.
        """
        return add_hook(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the input gradients are known.

        Args:
            hook: returns ``None`` or what replaces ``grad_input``.
            prepend: run before the module's hooks so far.

        Raises:
            RuntimeError: the module has a hook by :meth:`register_backward_hook`.
        """
        self._choose_backward_kind(full=True)
        return add_hook(self._backward_hooks, hook, prepend=prepend)

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook`` after the last node of the forward ran; use the full backward hook instead.

        Raises:
            RuntimeError: the module has a hook by :meth:`register_full_backward_hook`.
        """
        self._choose_backward_kind(full=False)
        return add_hook(self._backward_hooks, hook)

    def _choose_backward_kind(self, *, full: bool) -> None:
        if self._is_full_backward_hook is (not full):
            msg = (
                "Cannot use both regular backward hooks and full backward hooks on a single "
                "Module. "
                "Please use only one of them."
            )
            raise RuntimeError(msg)
        self._is_full_backward_hook = full

    def _get_backward_hooks(self) -> tuple[list[Hook], list[Hook]]:
        """Return the full and the other backward hooks that apply to this module."""
        full: list[Hook] = []
        regular: list[Hook] = []
        for number, hook in _global_backward_hooks.items():
            (full if number in _global_full_backward_hooks else regular).append(hook)
        (full if self._is_full_backward_hook else regular).extend(self._backward_hooks.values())
        return full, regular

    def _get_backward_pre_hooks(self) -> list[Hook]:
        """Return the backward pre-hooks that apply to this module."""
        return [*_global_backward_pre_hooks.values(), *self._backward_pre_hooks.values()]


# ---- hooks of all modules -----------------------------------------------------------------------


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, args)`` before every forward, before the module's own hooks."""
    return add_hook(_global_forward_pre_hooks, hook, any_global_hook)


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after the forward of every module, before its own hooks.

    Args:
        hook: returns ``None`` or the new output.
        with_kwargs: call ``hook(module, args, kwargs, output)``.
        always_call: call it also when forward raised.
    """
    marks = [any_global_hook]
    if with_kwargs:
        marks.append(_global_forward_hooks_with_kwargs)
    if always_call:
        marks.append(_global_forward_hooks_always_called)
    return add_hook(_global_forward_hooks, hook, *marks)


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before the gradients go through any module."""
    return add_hook(_global_backward_pre_hooks, hook, any_global_hook)


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` when any module's input gradients are known.

    Raises:
        RuntimeError: there is a global hook by :func:`register_module_backward_hook`.
    """
    if len(_global_backward_hooks) > len(_global_full_backward_hooks):
        _refuse_mixed_global_hooks()
    return add_hook(_global_backward_hooks, hook, any_global_hook, _global_full_backward_hooks)


def register_module_backward_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook`` after the last node of every forward ran; use the full backward hook instead.

    Raises:
        RuntimeError: there is a global hook by :func:`register_module_full_backward_hook`.
    """
    if _global_full_backward_hooks:
        _refuse_mixed_global_hooks()
    return add_hook(_global_backward_hooks, hook, any_global_hook)


def _refuse_mixed_global_hooks() -> None:
    msg = (
        "Cannot use both regular backward hooks and full backward hooks as a global Module hook. "
        "Please use only one of them."
    )
    raise RuntimeError(msg)


# ---- calling with hooks -------------------------------------------------------------------------


class HookedCall:
    """One call of a module that has hooks."""

    def __init__(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.module = module
        self.args = args
        self.kwargs = kwargs
        self.result: Any = None
        self.called: set[int] = set()

    def run(self) -> Any:
        """Return what forward and the hooks make of the arguments."""
        always = _global_forward_hooks_always_called or self.module._forward_hooks_always_called
        if not always:
            return self._run_all()
        try:
            return self._run_all()
        except Exception:
            self._run_always_called()
            raise

    def _run_all(self) -> Any:
        module = self.module
        full, regular = module._get_backward_hooks()
        before = module._get_backward_pre_hooks()
        self._run_forward_pre_hooks()
        backward = None
        if full or before:
            backward = BackwardHooks(module, full, before)
            self.args = backward.watch_inputs(self.args)
        self.result = module.forward(*self.args, **self.kwargs)
        self._run_forward_hooks()
        if backward is not None:
            self._warn_unwatchable()
            self.result = backward.watch_outputs(self.result)
        if regular:
            attach_node_hooks(module, regular, self.args, self.result)
        return self.result

    def _run_forward_pre_hooks(self) -> None:
        module = self.module
        for hook in list(_global_forward_pre_hooks.values()):
            self._replace_args(hook(module, self.args))
        for number, hook in list(module._forward_pre_hooks.items()):
            if number in module._forward_pre_hooks_with_kwargs:
                self._replace_args_and_kwargs(hook(module, self.args, self.kwargs))
            else:
                self._replace_args(hook(module, self.args))

    def _replace_args(self, replacement: Any) -> None:
        if replacement is not None:
            self.args = replacement if isinstance(replacement, tuple) else (replacement,)

    def _replace_args_and_kwargs(self, replacement: Any) -> None:
        if replacement is None:
            return
        if not isinstance(replacement, tuple) or len(replacement) != 2:
            msg = (
                "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                f"but got {replacement}."
            )
            raise RuntimeError(msg)
        self.args, self.kwargs = replacement

    def _run_forward_hooks(self) -> None:
        for number, hook, with_kwargs, _ in self._forward_hooks():
            self.called.add(number)
            self._run_forward_hook(hook, with_kwargs=with_kwargs)

    def _forward_hooks(self) -> list[tuple[int, Hook, bool, bool]]:
        """Return number, hook, whether it takes keyword arguments, whether it is called always."""
        module = self.module
        found = [
            (
                number,
                hook,
                number in _global_forward_hooks_with_kwargs,
                number in _global_forward_hooks_always_called,
            )
            for number, hook in _global_forward_hooks.items()
        ]
        found += [
            (
                number,
                hook,
                number in module._forward_hooks_with_kwargs,
                number in module._forward_hooks_always_called,
            )
            for number, hook in module._forward_hooks.items()
        ]
        return found

    def _run_forward_hook(self, hook: Hook, *, with_kwargs: bool) -> None:
        if with_kwargs:
            replacement = hook(self.module, self.args, self.kwargs, self.result)
        else:
            replacement = hook(self.module, self.args, self.result)
        if replacement is not None:
            self.result = replacement

    def _run_always_called(self) -> None:
        """After an error: run the hooks that want that; their own errors only warn."""
        for number, hook, with_kwargs, always in self._forward_hooks():
            if not always or number in self.called:
                continue
            try:
                self._run_forward_hook(hook, with_kwargs=with_kwargs)
            except Exception as error:  # noqa: BLE001 - the first error is the one to raise
                kind = "global module" if number in _global_forward_hooks else "module"
                warnings.warn(
                    f"{kind} forward hook with ``always_call=True`` raised an exception that was "
                    f"silenced as another error was raised in forward: {error}",
                    stacklevel=4,
                )

    def _warn_unwatchable(self) -> None:
        if not isinstance(self.result, (Tensor, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of "
                f"Tensors but received {type(self.result)}",
                stacklevel=5,
            )
