"""Calling a module with other parameters and buffers than its own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..._tensor import Tensor

__all__ = ["functional_call"]

# Stands where a module has nothing of that name.
_MISSING: Any = object()


def functional_call(
    module: Any,
    parameters_and_buffers: dict[str, Any],
    args: Any | tuple[Any, ...] | None = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module as if its parameters and buffers were the given ones.

    Deprecated, with a warning, as in torch. What the call assigns to them is found in
    ``parameters_and_buffers`` afterwards; the module is as it was.

    Args:
        module: the module.
        parameters_and_buffers: tensors by dotted name; those left out stay the module's.
        args: the arguments of the call: a tuple, or the only one.
        kwargs: its keyword arguments.
        tie_weights: a tensor that the module has under several names is replaced under all of them.
        strict: refuse names too many or too few.

    Returns:
        What the module returns.

    Raises:
        ValueError: tied names are given different tensors.
        RuntimeError: with ``strict``, the names are not those of the module.
        TypeError: a value is no tensor.

    Example:
        >>> import penlight as torch
        >>> import warnings
        >>> from penlight.nn.utils.stateless import functional_call
        >>> layer = torch.nn.Linear(1, 1, bias=False)
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     functional_call(layer, {"weight": torch.tensor([[3.0]])}, torch.tensor([2.0]))
        tensor([6.])
    """
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 "
        "and will be removed in a future version of PyTorch. "
        "Please use `torch.func.functional_call` instead which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return _functional_call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )


def _functional_call(
    module: Any,
    parameters_and_buffers: dict[str, Any],
    args: Any | tuple[Any, ...] | None = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    with _reparametrize_module(
        module, parameters_and_buffers, tie_weights=tie_weights, strict=strict
    ):
        return module(*args, **(kwargs or {}))


@contextmanager
def _reparametrize_module(
    module: Any,
    parameters_and_buffers: dict[str, Any],
    tie_weights: bool = False,
    strict: bool = False,
) -> Iterator[None]:
    """Let a module have other tensors while the context is entered."""
    given = parameters_and_buffers
    if tie_weights:
        given = _with_tied_names(module, given)
    if strict:
        _check_names(module, given)
    own: dict[str, Any] = {}
    try:
        for name, tensor in given.items():
            own[name] = _swap(module, name, tensor)
        yield
    finally:
        left = {name: _swap(module, name, tensor) for name, tensor in own.items()}
        for name in parameters_and_buffers:
            if name in left:
                parameters_and_buffers[name] = left[name]


def _named_tensors(module: Any) -> dict[str, Any]:
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _with_tied_names(module: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Add to the given tensors the other names under which the module has what they replace."""
    names_of: dict[Any, list[str]] = {}
    for name, tensor in _named_tensors(module).items():
        names_of.setdefault(tensor, []).append(name)
    complete = dict(given)
    for names in names_of.values():
        values = {given[name] for name in names if name in given}
        if len(names) == 1 or not values:
            continue
        if len(values) > 1:
            msg = (
                f"functional_call got multiple values for keys {sorted(names)}, "
                "which are tied. Consider using tie_weights=False"
            )
            raise ValueError(msg)
        complete.update(dict.fromkeys(names, values.pop()))
    return complete


def _check_names(module: Any, given: dict[str, Any]) -> None:
    own, names = set(_named_tensors(module)), set(given)
    problems = [
        f"{kind} key(s): {', '.join(map(repr, sorted(found)))}."
        for kind, found in (("Unexpected", names - own), ("Missing", own - names))
        if found
    ]
    if problems:
        lines = "\n\t".join(problems)
        msg = f"Error(s) in reparametrizing for {module._get_name()}:\n\t{lines}"
        raise RuntimeError(msg)


def _swap(module: Any, path: str, tensor: Any) -> Any:
    """Put a tensor where a path leads and return what was there; ``_MISSING``: nothing."""
    place, _, name = path.rpartition(".")
    owner = module.get_submodule(place)
    if not (tensor is None or tensor is _MISSING or isinstance(tensor, Tensor)):
        msg = f"{tensor} is not an instance of torch.Tensor (it is to replace {path!r})"
        raise TypeError(msg)
    if not name:
        msg = 'tensor name can\'t be empty string ""'
        raise KeyError(msg)
    for table in (owner._parameters, owner._buffers):
        if name in table:
            found = table[name]
            if tensor is _MISSING:
                del table[name]
            else:
                table[name] = tensor
            return found
    return _swap_attribute(owner, name, tensor)


def _swap_attribute(owner: Any, name: str, tensor: Any) -> Any:
    found = getattr(owner, name, _MISSING)
    if not (found is None or found is _MISSING or isinstance(found, Tensor)):
        msg = f"attribute `{name}`: {found} is not an instance of torch.Tensor"
        raise TypeError(msg)
    if tensor is not _MISSING:
        setattr(owner, name, tensor)
    elif found is not _MISSING:
        delattr(owner, name)
    return found
