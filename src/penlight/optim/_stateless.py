"""Lending an optimiser other parameters and another state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from .._tensor import Tensor
from .optimizer import Optimizer

_NAME = "swap_in_optimizer_params_and_state"


@contextmanager
def swap_in_optimizer_params_and_state(
    optimizer: Optimizer,
    swapin_parameters: dict[str, Tensor],
    swapin_optim_state: dict[str, Any],
) -> Iterator[None]:
    """Let an optimiser step other parameters, with another state, while the context is entered.

    Args:
        optimizer: an optimiser that has a state, as after a step.
        swapin_parameters: the other parameters, in the order of the optimiser's.
        swapin_optim_state: what ``state_dict()`` of such an optimiser returned. What is written
            into its tensors stays there; what is put in their place does not.

    Raises:
        RuntimeError: the optimiser has no state, or parameters or state are not like its own.

    Example:
        >>> import penlight as torch
        >>> weight, other = (torch.full((1,), value, requires_grad=True) for value in (1.0, 2.0))
        >>> optimizer = torch.optim.Adam([weight], lr=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> other.grad = torch.ones(1)
        >>> state = optimizer.state_dict()
        >>> with torch.optim.swap_in_optimizer_params_and_state(optimizer, {"w": other}, state):
        ...     optimizer.step()
        >>> weight, other
        (tensor([0.5000], requires_grad=True), tensor([1.5000], requires_grad=True))
    """
    state, groups = _checked(optimizer, swapin_optim_state)
    positions = [group["params"] for group in groups]
    lent = iter(swapin_parameters.values())
    params = [[param for _, param in zip(ids, lent, strict=False)] for ids in positions]
    if [len(found) for found in params] != [len(ids) for ids in positions]:
        _refuse(
            f"{_NAME} requires the explicit parameter state to match optimizer.param_groups "
            f"ordering: {len(swapin_parameters)} parameters were given"
        )
    own_state = optimizer.state
    own_groups = [dict(group) for group in optimizer.param_groups]
    try:
        swapped: defaultdict[Any, Any] = defaultdict(dict)
        for group, saved, found in zip(optimizer.param_groups, groups, params, strict=True):
            group.update(saved)
            group["params"] = found
            for param, position in zip(found, saved["params"], strict=True):
                swapped[param] = dict(state.get(position, {}))
        optimizer.state = swapped
        yield
    finally:
        for group, own in zip(optimizer.param_groups, own_groups, strict=True):
            group.clear()
            group.update(own)
        optimizer.state = own_state


def _checked(optimizer: Optimizer, state_dict: Any) -> tuple[dict[Any, Any], list[dict[str, Any]]]:
    """Return state and groups of a state dict that is like the optimiser's own."""
    if not optimizer.state:
        _refuse(f"{_NAME} requires initialized optimizer state.")
    if not isinstance(state_dict, dict):
        _refuse(f"{_NAME} requires a DCP-style optimizer state_dict.")
    state = _checked_state(state_dict.get("state"))
    groups = state_dict.get("param_groups")
    if not isinstance(groups, list):
        _refuse(
            f"{_NAME} requires swapin_optim_state['param_groups'] to be a list of param-group "
            f"dicts, got {type(groups).__name__}."
        )
    if len(groups) != len(optimizer.param_groups):
        _refuse(
            "swapin_optim_state has a different number of parameter groups than the live "
            f"optimizer: {len(groups)} instead of {len(optimizer.param_groups)}"
        )
    for index, (own, saved) in enumerate(zip(optimizer.param_groups, groups, strict=True)):
        _check_group(index, own, saved)
    known = {position for group in groups for position in group["params"]}
    extra = [key for key in state if key not in known]
    if extra:
        _refuse(
            f"{_NAME} requires swapin_optim_state['state'] to be keyed only by packed parameter "
            f"ids from param_groups[*]['params']; got extra keys {extra!r}."
        )
    return state, groups


def _checked_state(state: Any) -> dict[Any, Any]:
    if not isinstance(state, dict):
        _refuse(
            f"{_NAME} requires swapin_optim_state['state'] to be a dict mapping packed parameter "
            f"ids to per-param state dicts, got {type(state).__name__}."
        )
    if any(isinstance(key, Tensor) for key in state):
        _refuse(
            f"{_NAME} requires optimizer.state_dict()-style state keyed by packed parameter ids."
        )
    if any(isinstance(key, int) and not isinstance(entry, dict) for key, entry in state.items()):
        _refuse(f"{_NAME} requires per-parameter optimizer state entries to be dictionaries.")
    return dict(state)


def _check_group(index: int, own: dict[str, Any], saved: Any) -> None:
    if not isinstance(saved, dict):
        _refuse(f"{_NAME} requires each optimizer param group to be a dictionary.")
    ids = saved.get("params")
    if not isinstance(ids, list) or not all(isinstance(position, int) for position in ids):
        _refuse(
            f"{_NAME} requires optimizer.state_dict()-style param_groups[*]['params'] entries "
            "keyed by packed parameter ids."
        )
    if len(ids) != len(own["params"]):
        _refuse(
            f"swapin_optim_state param group {index} has a different number of params than the "
            f"live optimizer param group: {len(ids)} instead of {len(own['params'])}"
        )
    theirs, ours = ([key for key in a if key not in b] for a, b in ((saved, own), (own, saved)))
    if theirs or ours:
        _refuse(
            f"{_NAME} requires optimizer.state_dict()-style param group keys to exactly match the "
            f"live optimizer group keys for group {index}. "
            f"Keys only in swap-in: {theirs}. Keys only in live: {ours}."
        )


def _refuse(msg: str) -> NoReturn:
    raise RuntimeError(msg)
