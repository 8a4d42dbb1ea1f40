"""The base of every optimiser: parameter groups, state, checkpoints, hooks and the step loop."""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, Final

from .._tensor import Tensor
from ..autograd.grad_mode import enable_grad, set_grad_enabled
from ..autograd.graph import RemovableHandle
from ._hooks import (
    Hook,
    Hooks,
    register,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    with_step_hooks,
)

__all__ = [
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "required",
]

ParamsT = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
StateDict = dict[str, Any]
Group = dict[str, Any]


class _RequiredParameter:
    """Marks a default that each group must give for itself."""

    def __repr__(self) -> str:
        return "<required parameter>"


required: Final = _RequiredParameter()


class Optimizer:
    r"""Base class of all optimisers.

    An algorithm defines ``_init_state(param, group)``, the state a parameter starts with, and
    ``_step(param, grad, state, group)``, which updates one parameter in place. A class may instead
    override :meth:`step` whole, as PyTorch programs do.

    Args:
        params: parameters, ``(name, parameter)`` pairs, or dicts that each describe a group.
        defaults: option values for the groups that do not give their own.

    Raises:
        TypeError: ``params`` is a single tensor, or holds something that is no tensor.
        ValueError: ``params`` is empty, or a parameter is in two groups or no leaf.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = torch.optim.SGD([weight], lr=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.5000, 1.5000], requires_grad=True)
    """

    # What a group from an older checkpoint may lack.
    _group_defaults: dict[str, Any] = {}  # noqa: RUF012 - a constant

    state: defaultdict[Any, Any]
    param_groups: list[Group]
    _optimizer_step_pre_hooks: Hooks
    _optimizer_step_post_hooks: Hooks
    _optimizer_state_dict_pre_hooks: Hooks
    _optimizer_state_dict_post_hooks: Hooks
    _optimizer_load_state_dict_pre_hooks: Hooks
    _optimizer_load_state_dict_post_hooks: Hooks

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._prepare_hooks()
        if isinstance(params, Tensor):
            msg = (
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {type(params).__name__}; put it in a list"
            )
            raise TypeError(msg)
        self.state = defaultdict(dict)
        self.param_groups = []
        groups: list[Any] = list(params)
        if not groups:
            msg = "optimizer got an empty parameter list"
            raise ValueError(msg)
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

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

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepare_hooks()
        self.__dict__.setdefault("defaults", {}).setdefault("differentiable", False)
        for group in self.param_groups:
            for key, value in self._group_defaults.items():
                group.setdefault(key, value)

    def __repr__(self) -> str:
        lines = [f"{self.__class__.__name__} ("]
        for index, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {index}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
            lines.append("")
        lines[-1] = ")"
        return "\n".join(lines)

    # -- one step ----------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: evaluates the model again, calls ``backward`` and returns the loss.

        Returns:
            What ``closure`` returned, or ``None``.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with set_grad_enabled(bool(self.defaults.get("differentiable"))):
            for group in self.param_groups:
                self._step_group(group)
        return loss

    def _step_group(self, group: Group) -> None:
        states = self.state
        for param in group["params"]:
            grad = param.grad
            if grad is None:
                continue
            state = states.get(param)
            if not state:
                state = self._init_state(param, group)
                if state:
                    states[param] = state
            self._step(param, grad, state, group)

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        raise NotImplementedError

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        raise NotImplementedError

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset the gradients of all parameters.

        Args:
            set_to_none: drop the gradients; otherwise fill them with zeros and cut their history.
        """
        for group in self.param_groups:
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                if set_to_none:
                    param.grad = None
                elif grad.grad_fn is not None:
                    grad.detach_().zero_()
                else:
                    grad.requires_grad_(False).zero_()

    # -- groups ------------------------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, as when frozen layers become trainable.

        Args:
            param_group: ``params`` and the options that differ from the defaults.

        Raises:
            TypeError: it is no dict, its parameters are a set, or one of them is no tensor.
            ValueError: a parameter is no leaf or is in another group already, a required option is
                missing, or only some parameters have names.
        """
        if not isinstance(param_group, dict):
            msg = f"param_group must be a dict, but got {type(param_group)}"  # type: ignore[unreachable]
            raise TypeError(msg)
        params, names = _split_names(param_group["params"])
        param_group["params"] = params
        if names:
            param_group["param_names"] = names
        for param in params:
            self._check_param(param)
        for key, value in self.defaults.items():
            if value is required and key not in param_group:
                msg = (
                    "parameter group didn't specify a value of required optimization parameter "
                    f"{key}"
                )
                raise ValueError(msg)
            param_group.setdefault(key, value)
        self._check_membership(param_group)
        self.param_groups.append(param_group)

    def _check_param(self, param: Any) -> None:
        if not isinstance(param, Tensor):
            msg = (
                "optimizer can only optimize Tensors, but one of the params is "
                f"{type(param).__name__}"
            )
            raise TypeError(msg)
        if not (self.defaults.get("differentiable") or param.is_leaf or param.retains_grad):
            msg = "can't optimize a non-leaf Tensor"
            raise ValueError(msg)

    def _check_membership(self, group: Group) -> None:
        identities = {id(param) for param in group["params"]}
        if len(identities) != len(group["params"]):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error; see github.com/pytorch/pytorch/issues/40967 for more "
                "information",
                stacklevel=4,
            )
        named = "param_names" in group
        if self.param_groups and named != ("param_names" in self.param_groups[0]):
            which = "with names" if named else "without names"
            msg = (
                "all optimizer param groups should be with/without names. "
                f"cannot add param group {which} to the optimizer"
            )
            raise ValueError(msg)
        if any(id(param) in identities for known in self.param_groups for param in known["params"]):
            msg = "some parameters appear in more than one parameter group"
            raise ValueError(msg)

    # -- checkpoints -------------------------------------------------------------------------------

    def state_dict(self) -> StateDict:
        """Return the state and the groups' options, with parameters replaced by their positions.

        Returns:
            ``state`` (by position) and ``param_groups``, as torch writes them; nothing is copied.
        """
        for pre_hook in self._optimizer_state_dict_pre_hooks.values():
            pre_hook(self)
        positions: dict[int, int] = {}
        for param in chain.from_iterable(group["params"] for group in self.param_groups):
            positions.setdefault(id(param), len(positions))
        result: StateDict = {
            "state": {
                positions[id(key)] if isinstance(key, Tensor) else key: value
                for key, value in self.state.items()
            },
            "param_groups": [
                {
                    **{key: value for key, value in group.items() if key != "params"},
                    "params": [positions[id(param)] for param in group["params"]],
                }
                for group in self.param_groups
            ],
        }
        for post_hook in self._optimizer_state_dict_post_hooks.values():
            changed = post_hook(self, result)
            result = result if changed is None else changed
        return result

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Take over what :meth:`state_dict` of an optimiser, torch's too, returned.

        Args:
            state_dict: ``state`` and ``param_groups``; it is not changed.

        Raises:
            ValueError: the numbers of groups, or of parameters in a group, differ.
        """
        state_dict = state_dict.copy()
        for pre_hook in self._optimizer_load_state_dict_pre_hooks.values():
            changed = pre_hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        saved_groups = [dict(group) for group in state_dict["param_groups"]]
        _check_same_sizes(self.param_groups, saved_groups)
        by_position = {
            position: param
            for group, saved in zip(self.param_groups, saved_groups, strict=True)
            for position, param in zip(saved["params"], group["params"], strict=True)
        }
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in by_position:
                param = by_position[key]
                state[param] = _cast(value, param)
            else:
                state[key] = value
        for group, saved in zip(self.param_groups, saved_groups, strict=True):
            if "param_names" in group:
                saved.setdefault("param_names", group["param_names"])
            saved["params"] = group["params"]
        self.__setstate__({"state": state, "param_groups": saved_groups})
        for post_hook in self._optimizer_load_state_dict_post_hooks.values():
            post_hook(self)

    # -- hooks -------------------------------------------------------------------------------------

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


def _split_names(params: Any) -> tuple[list[Any], list[str]]:
    """Return a group's parameters as a list, and their names if they came as pairs."""
    if isinstance(params, Tensor):
        return [params], []
    if isinstance(params, set):
        msg = (
            "optimizer parameters need to be organized in ordered collections, but the ordering of "
            "tensors in sets will change between runs. Please use a list instead."
        )
        raise TypeError(msg)
    entries = list(params)
    named = [isinstance(entry, tuple) for entry in entries]
    if not any(named):
        return entries, []
    if not all(named):
        msg = (
            "all optimizer params should be with/without names. Some param names are missing: "
            f"entry {named.index(False)} has none"
        )
        raise ValueError(msg)
    return [entry[1] for entry in entries], [entry[0] for entry in entries]


def _check_same_sizes(groups: list[Group], saved_groups: list[Group]) -> None:
    if len(groups) != len(saved_groups):
        msg = (
            "loaded state dict has a different number of parameter groups: "
            f"expected {len(groups)}, got {len(saved_groups)}"
        )
        raise ValueError(msg)
    for index, (group, saved) in enumerate(zip(groups, saved_groups, strict=True)):
        expected, got = len(group["params"]), len(saved["params"])
        if expected != got:
            msg = (
                "loaded state dict contains a parameter group that doesn't match the size of "
                f"optimizer's group: group {index} has {expected} parameters here, {got} there"
            )
            raise ValueError(msg)


def _cast(value: Any, param: Tensor, key: Any = None) -> Any:
    """Return loaded state in the parameter's dtype; step counts keep theirs."""
    if isinstance(value, Tensor):
        if key == "step" or not param.is_floating_point():
            return value
        return value.to(dtype=param.dtype)
    if isinstance(value, dict):
        return {name: _cast(entry, param, name) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_cast(entry, param) for entry in value])
    return value
