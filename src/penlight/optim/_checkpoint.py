"""State dicts: parameters by position instead of by identity, in torch's layout."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import Any

from .._tensor import Tensor
from ._groups import Group


def packed(state: dict[Any, Any], groups: list[Group]) -> dict[str, Any]:
    """Return state and groups with each parameter replaced by its position."""
    positions: dict[int, int] = {}
    for param in chain.from_iterable(group["params"] for group in groups):
        positions.setdefault(id(param), len(positions))
    return {
        "state": {
            positions[id(key)] if isinstance(key, Tensor) else key: value
            for key, value in state.items()
        },
        "param_groups": [
            {
                **{key: value for key, value in group.items() if key != "params"},
                "params": [positions[id(param)] for param in group["params"]],
            }
            for group in groups
        ],
    }


def unpacked(state_dict: dict[str, Any], groups: list[Group]) -> dict[str, Any]:
    """Return a state dict's state and groups with the parameters of ``groups`` in their places."""
    saved_groups = [dict(group) for group in state_dict["param_groups"]]
    _check_same_sizes(groups, saved_groups)
    params = {
        position: param
        for group, saved in zip(groups, saved_groups, strict=True)
        for position, param in zip(saved["params"], group["params"], strict=True)
    }
    state: defaultdict[Any, Any] = defaultdict(dict)
    for key, value in state_dict["state"].items():
        if key in params:
            state[params[key]] = _cast(value, params[key])
        else:
            state[key] = value
    for group, saved in zip(groups, saved_groups, strict=True):
        if "param_names" in group:
            saved.setdefault("param_names", group["param_names"])
        saved["params"] = group["params"]
    return {"state": state, "param_groups": saved_groups}


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
