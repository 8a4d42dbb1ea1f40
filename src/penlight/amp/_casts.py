"""Casting arguments: what stands in front of the listed functions while a thread casts.

A function keeps its identity. While casting is on somewhere, its code is :func:`_stand_in`'s,
which calls what ``_detours`` made for it; otherwise it is its own, and a call pays nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from .._dtype import bfloat16, dtype as _dtype, float16, float32
from .._tensor import Tensor
from ..autograd._autocast import casts_here, on_switch, state
from ..autograd.grad_mode import enable_grad
from ..ops._codegen import compile_op
from ..ops._op import REGISTRY
from ._lists import FLOAT32, LOWER, PLAIN, PLAIN_WITH, REPLACED, WIDEST

# Each listed function, its own code, and the code that casts first.
_detours: list[tuple[FunctionType, CodeType, CodeType]] = []


def _stand_in(*args: Any, _detour: Any, **kwargs: Any) -> Any:
    """Call a listed function by way of its casts; its code is this one's while a thread casts."""
    return _detour(args, kwargs)


def _switch(enabled: bool) -> None:
    """Put the casts in front of the listed functions, or take them away."""
    if not _detours:
        _make_detours()
    for function, own, casting in _detours:
        function.__code__ = casting if enabled else own


def install() -> None:
    """Have the listed functions cast while a thread does."""
    on_switch(_switch)


def _make_detours() -> None:
    policies = (
        (LOWER, run_lower),
        (FLOAT32, _run_float32),
        (WIDEST, _run_widest),
        (PLAIN, run_plain),
    )
    for table, run in policies:
        for place, names in table.items():
            module = importlib.import_module(f"penlight.{place}")
            for name in names.split():
                _add(getattr(module, name, None) or REGISTRY[name].call, run)
    for place, name, other, instead in REPLACED:
        function = getattr(importlib.import_module(f"penlight.{place}"), name)
        _add(function, _run_instead(getattr(importlib.import_module(f"penlight.{other}"), instead)))


def _add(function: FunctionType, run: Callable[..., Any]) -> None:
    """Prepare a function, and its operator if it is an op that has one."""
    op = function.__dict__.get("op")
    if op is not None:
        compile_op(op)
        if op.operator is not None and function is op.call:
            _add(op.operator, run)
    own = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    own.__kwdefaults__ = function.__kwdefaults__
    name = function.__name__
    unless = PLAIN_WITH.get(name, ())

    def detour(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not casts_here():
            return own(*args, **kwargs)
        plain = kwargs.get("out") is not None
        if plain or any(_is_given(option, own, args, kwargs) for option in unless):
            return run_plain(own, args, kwargs)
        return run(own, args, kwargs)

    # Code that does not ask for the keyword does not see its default.
    function.__kwdefaults__ = {**(function.__kwdefaults__ or {}), "_detour": detour}
    casting = _stand_in.__code__.replace(co_name=name, co_qualname=name)
    _detours.append((function, function.__code__, casting))


def _is_given(option: str, own: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    value = kwargs.get(option)
    names = own.__code__.co_varnames[: own.__code__.co_argcount]
    if option in names[: len(args)]:
        value = args[names.index(option)]
    return value is not None and value is not False


# ---- the policies --------------------------------------------------------------------------------


def run_plain(own: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call with what is given, and let nothing be cast inside."""
    state.busy = True
    try:
        return own(*args, **kwargs)
    finally:
        state.busy = False


def run_lower(own: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call in the block's dtype."""
    return _run_in(state.dtypes["cpu"], own, args, kwargs)


def _run_float32(own: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call in single precision."""
    return _run_in(float32, own, args, kwargs)


def _run_widest(own: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call in the block's dtype if no tensor is in single precision, else in that."""
    lower = state.dtypes["cpu"]
    found = {tensor.dtype for tensor in _tensors((*args, *kwargs.values())) if _eligible(tensor)}
    unknown = found - {lower, float32}
    if unknown and float32 not in found:
        msg = (
            "Unexpected floating ScalarType in at::autocast::prioritize: the tensors are of "
            f"{', '.join(map(str, unknown))}, and the autocast block is for {lower}"
        )
        raise RuntimeError(msg)
    return _run_in(float32 if float32 in found else lower, own, args, kwargs)


def _run_instead(other: Any) -> Callable[..., Any]:
    """Call another function instead, in which what is listed is cast."""
    return lambda own, args, kwargs: other(own, *args, **kwargs)


def _run_in(to: _dtype, own: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    cast = tuple(_cast(arg, to) for arg in args)
    named = {name: _cast(value, to) for name, value in kwargs.items()}
    return run_plain(own, cast, named)


def _eligible(tensor: Tensor) -> bool:
    return tensor.dtype in {float32, bfloat16, float16}


def _tensors(values: Any) -> list[Tensor]:
    found = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += [item for item in value if isinstance(item, Tensor)]
    return found


def _cast(value: Any, to: _dtype) -> Any:
    """Return an argument with its floating tensors, double precision apart, in another dtype."""
    if isinstance(value, Tensor):
        if not _eligible(value) or value.dtype is to:
            return value
        return _kept(value, to) if _keeps(value, to) else value.to(to)
    if isinstance(value, (list, tuple)) and any(isinstance(item, Tensor) for item in value):
        return [_cast(item, to) for item in value]
    return value


def _keeps(tensor: Tensor, to: _dtype) -> bool:
    """Return whether a cast is kept: of weights, from single precision to the block's dtype."""
    return (
        state.cache_enabled
        and to is not float32
        and tensor.dtype is float32
        and tensor.requires_grad
        and tensor.is_leaf
        and tensor._view is None
    )


def _kept(tensor: Tensor, to: _dtype) -> Tensor:
    """Return the kept cast, which is recorded even where it is first asked for under no_grad."""
    key = (id(tensor), to)
    found = state.casts.get(key)
    if found is None:
        with enable_grad():
            found = state.casts[key] = (tensor, tensor.to(to))
    cast: Tensor = found[1]
    return cast
