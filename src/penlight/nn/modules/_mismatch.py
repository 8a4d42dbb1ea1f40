"""Why a state dict does not fit: the one rule, if there is one, that explains every key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def explain_mismatch(
    module: Any, state_dict: Mapping[str, Any], keys: Any, errors: Sequence[str]
) -> str:
    """Return the lines to add to the error of ``load_state_dict``: the reason and the call to make.

    Args:
        module: what should have been loaded.
        state_dict: what was given.
        keys: the missing and the unexpected keys.
        errors: the other problems; with any, no single rule explains everything.
    """
    if errors or not keys.missing_keys or not keys.unexpected_keys:
        return ""
    wanted = _shapes(module.state_dict())
    return (
        _nested(state_dict, wanted)
        or _too_long(_shapes(state_dict), wanted, keys)
        or _too_short(module, _shapes(state_dict), wanted, keys)
    )


def _nested(state_dict: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The state dict stands under a key of what was given, as in most training checkpoints."""
    for key, value in state_dict.items():
        if isinstance(value, Mapping) and value and _shapes(value) == wanted:
            return (
                f'\n\tAll of them stand one level down, under "{key}" (beside '
                f"{_listed(other for other in state_dict if other != key)}). Load that part:"
                f'\n\t\tmodel.load_state_dict(checkpoint["{key}"])'
            )
    return ""


def _too_long(given: Mapping[str, Any], wanted: Mapping[str, Any], keys: Any) -> str:
    """Every key given has a prefix that the module's names lack."""
    prefix = _prefix_between(keys.unexpected_keys[0], wanted)
    if not prefix or given != {prefix + key: shape for key, shape in wanted.items()}:
        return ""
    cause = " (the model was saved while wrapped in DataParallel)" if prefix == "module." else ""
    return (
        f'\n\tEvery key of the state dict has the prefix "{prefix}", which the model\'s names do '
        "not "
        f"have{cause}; without it all of them fit:"
        f'\n\t\tmodel.load_state_dict({{key.removeprefix("{prefix}"): value for key, value in '
        "state_dict.items()})"
    )


def _too_short(module: Any, given: Mapping[str, Any], wanted: Mapping[str, Any], keys: Any) -> str:
    """Every name of the module has a prefix that the keys given lack."""
    prefix = _prefix_between(keys.missing_keys[0], given)
    if not prefix or wanted != {prefix + key: shape for key, shape in given.items()}:
        return ""
    path = prefix[:-1]
    inner = (
        f"model.{path}"
        if path.replace(".", "_").isidentifier()
        else f'model.get_submodule("{path}")'
    )
    kind = type(module.get_submodule(path)).__name__
    return (
        f'\n\tEvery name of the model has the prefix "{prefix}", which the keys of the state dict '
        "do "
        f"not have: it was saved from what is here {inner} ({kind}). Load it there:"
        f"\n\t\t{inner}.load_state_dict(state_dict)"
    )


def _prefix_between(long: str, shorts: Mapping[str, Any]) -> str:
    """Return the prefix, with its dot, by which ``long`` differs from one of ``shorts``."""
    parts = long.split(".")
    for cut in range(1, len(parts)):
        if ".".join(parts[cut:]) in shorts:
            return ".".join(parts[:cut]) + "."
    return ""


def _shapes(state_dict: Mapping[str, Any]) -> dict[str, Any]:
    return {key: getattr(value, "shape", None) for key, value in state_dict.items()}


def _listed(keys: Any) -> str:
    names = [f'"{key}"' for key in keys]
    shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    return shown or "nothing else"
