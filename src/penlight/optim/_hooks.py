"""Registration of optimiser hooks, and the wrapper that runs them around ``step``."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..autograd.graph import RemovableHandle

Hook = Callable[..., Any]
Hooks = OrderedDict[int, Hook]

global_step_pre_hooks: Hooks = OrderedDict()
global_step_post_hooks: Hooks = OrderedDict()


def register(hooks: Hooks, hook: Hook, *, prepend: bool = False) -> RemovableHandle:
    """Add ``hook`` to ``hooks``, at the front if ``prepend``, and return what removes it."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook`` before every step of every optimiser.

    Args:
        hook: ``hook(optimizer, args, kwargs)``; it returns ``None`` or changed
            ``(args, kwargs)``.

    Returns:
        A handle whose ``remove()`` takes the hook away.
    """
    return register(global_step_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook`` after every step of every optimiser.

    Args:
        hook: ``hook(optimizer, args, kwargs)``; what it returns is ignored.

    Returns:
        A handle whose ``remove()`` takes the hook away.
    """
    return register(global_step_post_hooks, hook)


def _run_pre_hooks(
    step: Hook, pre_hooks: list[Hook], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    optimizer = args[0]
    for hook in pre_hooks:
        changed = hook(optimizer, args, kwargs)
        if changed is None:
            continue
        if not isinstance(changed, tuple) or len(changed) != 2:
            msg = (
                f"{step} must return None or a tuple of (new_args, new_kwargs), but got {changed}."
            )
            raise RuntimeError(msg)
        args, kwargs = changed
    return args, kwargs


def with_step_hooks(step: Hook) -> Hook:
    """Return ``step`` with the global and the optimiser's own hooks run around it."""

    @functools.wraps(step)
    def hooked_step(*args: Any, **kwargs: Any) -> Any:
        optimizer = args[0]
        if global_step_pre_hooks or optimizer._optimizer_step_pre_hooks:
            own = optimizer._optimizer_step_pre_hooks.values()
            hooks = [*global_step_pre_hooks.values(), *own]
            args, kwargs = _run_pre_hooks(step, hooks, args, kwargs)
        result = step(*args, **kwargs)
        if global_step_post_hooks or optimizer._optimizer_step_post_hooks:
            own = optimizer._optimizer_step_post_hooks.values()
            for hook in [*own, *global_step_post_hooks.values()]:
                hook(optimizer, args, kwargs)
        return result

    hooked_step.hooked = True  # type: ignore[attr-defined]
    return hooked_step


class Hooked:
    """The hooks that every optimiser has, and their registration."""

    _optimizer_step_pre_hooks: Hooks
    _optimizer_step_post_hooks: Hooks
    _optimizer_state_dict_pre_hooks: Hooks
    _optimizer_state_dict_post_hooks: Hooks
    _optimizer_load_state_dict_pre_hooks: Hooks
    _optimizer_load_state_dict_post_hooks: Hooks

    def _prepare_hooks(self) -> None:
        for name in (
            "step_pre",
            "step_post",
            "state_dict_pre",
            "state_dict_post",
            "load_state_dict_pre",
            "load_state_dict_post",
        ):
            self.__dict__.setdefault(f"_optimizer_{name}_hooks", OrderedDict())
        cls: Any = self.__class__
        if not getattr(cls.step, "hooked", False):
            cls.step = with_step_hooks(cls.step)

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return new ones."""
        return register(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return register(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` before :meth:`state_dict` begins."""
        return register(self._optimizer_state_dict_pre_hooks, hook, prepend=prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` on the result of :meth:`state_dict`."""
        return register(self._optimizer_state_dict_post_hooks, hook, prepend=prepend)

    def register_load_state_dict_pre_hook(
        self,
        hook: Hook,
        prepend: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before :meth:`load_state_dict`."""
        return register(self._optimizer_load_state_dict_pre_hooks, hook, prepend=prepend)

    def register_load_state_dict_post_hook(
        self,
        hook: Hook,
        prepend: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after :meth:`load_state_dict`."""
        return register(self._optimizer_load_state_dict_post_hooks, hook, prepend=prepend)
