"""What a parameter group may hold."""

from __future__ import annotations

import warnings
from typing import Any

from .._tensor import Tensor

Group = dict[str, Any]


def split_names(params: Any) -> tuple[list[Any], list[str]]:
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


def check_param(param: Any, *, differentiable: bool) -> None:
    """Refuse what is no tensor, or no leaf (unless the steps themselves are recorded)."""
    if not isinstance(param, Tensor):
        msg = (
            f"optimizer can only optimize Tensors, but one of the params is {type(param).__name__}"
        )
        raise TypeError(msg)
    if not (differentiable or param.is_leaf or param.retains_grad):
        msg = "can't optimize a non-leaf Tensor"
        raise ValueError(msg)


def check_membership(group: Group, others: list[Group]) -> None:
    """Refuse a group that shares a parameter with others, or differs in having names."""
    identities = {id(param) for param in group["params"]}
    if len(identities) != len(group["params"]):
        warnings.warn(
            "optimizer contains a parameter group with duplicate parameters; in future, this "
            "will cause an error; see github.com/pytorch/pytorch/issues/40967 for more "
            "information",
            stacklevel=4,
        )
    named = "param_names" in group
    if others and named != ("param_names" in others[0]):
        which = "with names" if named else "without names"
        msg = (
            "all optimizer param groups should be with/without names. "
            f"cannot add param group {which} to the optimizer"
        )
        raise ValueError(msg)
    if any(id(param) in identities for other in others for param in other["params"]):
        msg = "some parameters appear in more than one parameter group"
        raise ValueError(msg)
