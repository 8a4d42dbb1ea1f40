"""Why a state dict does not fit: the one rule, if there is one, that explains every key.

A rule is only named when the call it gives makes every key and every shape fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Shapes = dict[str, Any]

_MOST_KEYS, _MOST_ERRORS = 10, 5
_MOST_TRIED = 200  # pairs of names that could be each other's


def explain_mismatch(module: Any, state_dict: Mapping[str, Any], keys: Any) -> str:
    """Return the lines that go before the error of ``load_state_dict``: the reason and the call.

    Args:
        module: what should have been loaded.
        state_dict: what was given.
        keys: the missing and the unexpected keys.
    """
    wanted = _shapes(module.state_dict())
    if not wanted:
        return ""
    return _explain(module, state_dict, wanted, "state_dict", keys.missing_keys) or _nested(
        module, state_dict, wanted
    )


def shorten(problems: Sequence[str]) -> list[str]:
    """Return the first of a list of problems, and how many more there are."""
    shown = list(problems[:_MOST_ERRORS])
    if len(problems) > _MOST_ERRORS:
        shown.append(f"... and {len(problems) - _MOST_ERRORS} more like these.")
    return shown


def quoted(keys: Sequence[str]) -> str:
    """Return the first of some keys in quotes, and how many more there are."""
    shown = ", ".join(f'"{key}"' for key in keys[:_MOST_KEYS])
    rest = len(keys) - _MOST_KEYS
    return f"{shown}, ... and {rest} more" if rest > 0 else shown


def _explain(
    module: Any, state_dict: Mapping[str, Any], wanted: Shapes, name: str, missing: Sequence[str]
) -> str:
    """Try the rules on a dictionary that the calls can refer to by ``name``."""
    given = _shapes(state_dict)
    if set(given) == set(wanted):
        return _transposed(given, wanted, name) or _resized(given, wanted, name)
    return (
        _too_long(given, wanted, name)
        or _too_short(module, given, wanted, name)
        or _renamed(given, wanted, name, missing)
    )


def _nested(module: Any, state_dict: Mapping[str, Any], wanted: Shapes) -> str:
    """The state dict stands under a key of what was given, as in most training checkpoints."""
    for key, value in state_dict.items():
        if not isinstance(value, Mapping) or not value or not all(_is_name(k) for k in value):
            continue
        name = f'checkpoint["{key}"]'
        others = _listed(other for other in state_dict if other != key)
        where = f'\n\tThe state dict stands one level down, under "{key}" (beside {others}). '
        if _shapes(value) == wanted:
            return f"{where}Load that part:\n\t\tmodel.load_state_dict({name})"
        missing = [name for name in wanted if name not in value]
        reason = _explain(module, value, wanted, name, missing)
        if reason:
            return f"{where}Of that part:{reason}"
    return ""


def _too_long(given: Shapes, wanted: Shapes, name: str) -> str:
    """Every name of the module is there, with a prefix."""
    for prefix in _prefixes(given, wanted):
        if {key.removeprefix(prefix): given[key] for key in given if key.startswith(prefix)} != (
            wanted
        ):
            continue
        cause = (
            " (the model was saved while wrapped in DataParallel)" if prefix == "module." else ""
        )
        every = all(key.startswith(prefix) for key in given)
        which = "Every key" if every else "Every key that the model needs"
        which += " of the state dict has"
        condition = "" if every else f' if key.startswith("{prefix}")'
        return (
            f'\n\t{which} the prefix "{prefix}", which the model\'s names do not have{cause}; '
            "without it all of them fit:"
            f'\n\t\tmodel.load_state_dict({{key.removeprefix("{prefix}"): value for key, value in '
            f"{name}.items(){condition}}})"
        )
    return ""


def _too_short(module: Any, given: Shapes, wanted: Shapes, name: str) -> str:
    """The keys given are the names of a part of the module."""
    fitting = [
        prefix
        for prefix in _prefixes(wanted, given)
        if {key.removeprefix(prefix): wanted[key] for key in wanted if key.startswith(prefix)}
        == given
    ]
    if len(fitting) != 1:  # several parts of the model are built alike
        return ""
    prefix = fitting[0]
    path = prefix[:-1]
    inner = (
        f"model.{path}"
        if path.replace(".", "_").isidentifier()
        else f'model.get_submodule("{path}")'
    )
    kind = type(module.get_submodule(path)).__name__
    which = "Every name of the model has" if len(given) == len(wanted) else "Some of its names have"
    return (
        f'\n\t{which} the prefix "{prefix}", which the keys of the state dict do '
        f"not have: it was saved from what is here {inner} ({kind}). Load it there:"
        f"\n\t\t{inner}.load_state_dict({name})"
    )


def _renamed(given: Shapes, wanted: Shapes, name: str, missing: Sequence[str]) -> str:
    """A part of the names was called otherwise."""
    strangers = [key for key in given if key not in wanted]
    for old, new in _renamings(strangers, missing, given, wanted):
        if _moved(given, old, new) == wanted:
            return (
                f'\n\tWhat is "{new}" in the model\'s names is "{old}" in those of the state dict; '
                "renamed, all of them fit:"
                f'\n\t\tmodel.load_state_dict({{key.replace("{old}", "{new}"): value for key, '
                f"value in {name}.items()}})"
            )
    return ""


def _moved(given: Shapes, old: str, new: str) -> Shapes:
    return {key.replace(old, new): shape for key, shape in given.items()}


def _renamings(
    strangers: Sequence[str], missing: Sequence[str], given: Shapes, wanted: Shapes
) -> Iterator[tuple[str, str]]:
    """Yield what could have been replaced by what, between names of tensors of one shape."""
    if not strangers or not missing:
        return
    first = strangers[0].split(".")
    tried = [key for key in missing if wanted[key] == given[strangers[0]]]
    for key in tried[:_MOST_TRIED]:
        parts = key.split(".")
        head = _common(first, parts)
        tail = _common(first[head:][::-1], parts[head:][::-1])
        if head + tail in (len(first), len(parts)):  # one name has parts that the other lacks
            head, tail = (head, tail - 1) if tail else (head - 1, tail)
        old, new = (part[head : len(part) - tail] for part in (first, parts))
        lead, trail = "." if head else "", "." if tail else ""
        plain = ".".join(old), ".".join(new)
        yield plain
        yield plain[0] + trail, plain[1] + trail
        yield lead + plain[0] + trail, lead + plain[1] + trail


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many parts two names have in common from the beginning."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count


def _transposed(given: Shapes, wanted: Shapes, name: str) -> str:
    """The matrices that do not fit are those of the model on their sides."""
    wrong = _differing(given, wanted)
    if not wrong or any(
        given[key] is None or len(wanted[key]) != 2 or given[key] != wanted[key][::-1]
        for key in wrong
    ):
        return ""
    return (
        f"\n\t{_listed(wrong)} {_is_are(wrong)} transposed in the state dict: a weight "
        "here has the shape (outputs, inputs), in other libraries often (inputs, outputs). Turned, "
        "all of them fit (square ones do in any case, and must be turned if these are):"
        f"\n\t\tmodel.load_state_dict({{key: value.T if key in {wrong!r} else value for key, value "
        f"in {name}.items()}})"
    )


def _resized(given: Shapes, wanted: Shapes, name: str) -> str:
    """Only the number of rows differs: of words in a vocabulary, or of classes."""
    wrong = _differing(given, wanted)
    if any(given[key] is None or not len(given[key]) for key in wrong):
        return ""
    pairs = {(given[key][0], wanted[key][0]) for key in wrong if len(wanted[key])}
    if len(pairs) != 1 or any(given[key][1:] != wanted[key][1:] for key in wrong):
        return ""
    ((old, new),) = pairs
    if new > old:
        rows = f"torch.cat([{name}[key], model.state_dict()[key][{old}:]])"
        kept = f"the model's own rows for the {new - old} that are new"
    else:
        rows = f"{name}[key][:{new}]"
        kept = f"the first {new} rows"
    return (
        f"\n\t{_listed(wrong)} {_has_have(wrong)} {old} rows in the state dict and "
        f"{new} in the model, as after a change of the vocabulary or the classes. Make the model "
        f"with {old}, or keep {kept}, if the others mean the same as before:"
        f"\n\t\tmodel.load_state_dict({{**{name}, **{{key: {rows} for key in {wrong!r}}}}})"
    )


def _differing(given: Shapes, wanted: Shapes) -> list[str]:
    return [key for key in wanted if given[key] != wanted[key]]


def _prefixes(longs: Iterable[str], shorts: Shapes) -> Iterator[str]:
    """Yield the prefixes, with their dots, by which a name differs from the first of ``shorts``."""
    target = next(iter(shorts), None)
    for long in longs:
        if isinstance(long, str) and long.endswith(f".{target}"):
            yield long[: len(long) - len(str(target))]


def _is_name(key: Any) -> bool:
    return isinstance(key, str)


def _shapes(state_dict: Mapping[str, Any]) -> Shapes:
    return {key: getattr(value, "shape", None) for key, value in state_dict.items()}


def _listed(keys: Iterable[Any]) -> str:
    names = [f'"{key}"' for key in keys]
    shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    return shown or "nothing else"


def _is_are(keys: Sequence[str]) -> str:
    return "is" if len(keys) == 1 else "are"


def _has_have(keys: Sequence[str]) -> str:
    return "has" if len(keys) == 1 else "have"
