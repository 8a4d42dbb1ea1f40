"""The base of every optimiser: parameter groups, state, checkpoints, hooks and the step loop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

from .._tensor import Tensor
from ..autograd.grad_mode import enable_grad, set_grad_enabled
from ..ops.joined_steps import (
    are_apart,
    batches,
    joined,
    likeness,
    write_back,
    write_number,
)
from ._checkpoint import packed, unpacked
from ._groups import Group, check_membership, check_param, split_names
from ._hooks import (
    Hooked,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

__all__ = [
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "required",
]

ParamsT = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
StateDict = dict[str, Any]
Tensors = list[Tensor]
States = list[dict[str, Any]]


class _RequiredParameter:
    """Marks a default that each group must give for itself."""

    def __repr__(self) -> str:
        return "<required parameter>"


required: Final = _RequiredParameter()


class Optimizer(Hooked):
    r"""Base class of all optimisers.

    An algorithm defines ``_init_state(param, group)``, the state a parameter starts with, and
    ``_step(param, grad, state, group)``, which updates one parameter in place; it may also define
    ``_step_together``, which does the same for many in one go. A class may instead override
    :meth:`step` whole, as PyTorch programs do.

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

    # Whether a step treats every element alike, so that small parameters can be stepped as one.
    _elementwise = False

    # What a group from an older checkpoint may lack.
    _group_defaults: dict[str, Any] = {}  # noqa: RUF012 - a constant

    state: defaultdict[Any, Any]
    param_groups: list[Group]

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
        """Step a group's parameters in one go; where that cannot be, one by one in their order."""
        states = self.state
        params: Tensors = []
        grads: Tensors = []
        entries: States = []
        for param in group["params"]:
            grad = param.grad
            if grad is None:
                continue
            state = states.get(param)
            if not state:
                state = self._init_state(param, group)
                if state:
                    states[param] = state
            params.append(param)
            grads.append(grad)
            entries.append(state)
        if not params or self._step_together(params, grads, entries, group):
            return
        rest: Iterable[int] = range(len(params))
        if self._elementwise and len(params) > 1 and not group["differentiable"]:
            rest = self._step_joined(params, grads, entries, group)
        for index in rest:
            param, grad, state = params[index], grads[index], entries[index]
            if not self._step_together([param], [grad], [state], group):
                self._step(param, grad, state, group)

    def _step_joined(
        self, params: Tensors, grads: Tensors, states: States, group: Group
    ) -> Iterable[int]:
        """Step small parameters that are alike as one; return which are still to be stepped."""
        entries = [
            value for state in states for value in state.values() if isinstance(value, Tensor)
        ]
        if not are_apart([*params, *grads, *entries]):
            return range(len(params))
        alike: dict[Any, list[int]] = {}
        for index, (param, grad, state) in enumerate(zip(params, grads, states, strict=True)):
            alike.setdefault(likeness(param, grad, state), []).append(index)
        rest = alike.pop(None, [])
        for indices in (batch for same in alike.values() for batch in batches(same, params)):
            if len(indices) == 1:
                rest += indices
                continue
            chosen = [params[index] for index in indices]
            kept = {name: [states[index][name] for index in indices] for name in states[indices[0]]}
            param, grad = joined(chosen), joined([grads[index] for index in indices])
            state = {
                name: joined(values) if values[0].dim() else values[0].clone()
                for name, values in kept.items()
            }
            self._step(param, grad, state, group)
            write_back(param, chosen)
            for name, values in kept.items():
                (write_back if values[0].dim() else write_number)(state[name], values)
        return rest

    def _step_together(self, params: Tensors, grads: Tensors, states: States, group: Group) -> bool:  # noqa: ARG002
        """Step parameters in one go, with the values of ``_step``; False: nothing was done."""
        return False

    def _init_state(self, param: Tensor, group: Group) -> dict[str, Any]:
        raise NotImplementedError

    def _step(self, param: Tensor, grad: Tensor, state: dict[str, Any], group: Group) -> None:
        raise NotImplementedError

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset the gradients of all parameters.

        Args:
            set_to_none: drop the gradients; otherwise fill them with zeros and cut their history.
        """
        if set_to_none:
            for group in self.param_groups:
                for param in group["params"]:
                    param.grad = None
            return
        for group in self.param_groups:
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                if grad.grad_fn is not None:
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
            msg = f"param_group must be a dict, but got {type(param_group)}"
            raise TypeError(msg)
        params, names = split_names(param_group["params"])
        param_group["params"] = params
        if names:
            param_group["param_names"] = names
        for param in params:
            check_param(param, differentiable=bool(self.defaults.get("differentiable")))
        for key, value in self.defaults.items():
            if value is required and key not in param_group:
                msg = (
                    "parameter group didn't specify a value of required optimization parameter "
                    f"{key}"
                )
                raise ValueError(msg)
            param_group.setdefault(key, value)
        check_membership(param_group, self.param_groups)
        self.param_groups.append(param_group)

    # -- checkpoints -------------------------------------------------------------------------------

    def state_dict(self) -> StateDict:
        """Return the state and the groups' options, with parameters replaced by their positions.

        Returns:
            ``state`` (by position) and ``param_groups``, as torch writes them; nothing is copied.
        """
        for pre_hook in self._optimizer_state_dict_pre_hooks.values():
            pre_hook(self)
        result = packed(self.state, self.param_groups)
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
        self.__setstate__(unpacked(state_dict, self.param_groups))
        for post_hook in self._optimizer_load_state_dict_post_hooks.values():
            post_hook(self)
