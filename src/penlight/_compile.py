"""``torch.compile`` of a library that has nothing to compile to."""

from __future__ import annotations

import builtins
import warnings
from collections.abc import Callable
from typing import Any

from ._settings import is_warn_always_enabled

__all__ = ["compile"]

_warned = False


def compile(
    model: Callable[..., Any] | None = None,
    *,
    fullgraph: builtins.bool = False,
    dynamic: builtins.bool | None = None,
    backend: Any = None,
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    name: str | None = None,
    disable: builtins.bool = False,
    recompile_limit: builtins.int | None = None,
    isolate_recompiles: builtins.bool = False,
    shapes_spec: Any = None,
) -> Any:
    """Return a function or module as it is, and say so once: penlight runs it eagerly.

    What it computes is what compiled code would; only speed was asked for (decision 0017). The
    other arguments say how to compile and are checked as torch checks them.

    Args:
        model: a function or a module; without it, a decorator is returned.
        fullgraph: accepted.
        dynamic: accepted.
        backend: accepted.
        mode: accepted, but not with ``options``.
        options: accepted, but not with ``mode``.
        name: accepted.
        disable: whether not to compile; then there is nothing to say.
        recompile_limit: accepted.
        isolate_recompiles: accepted.
        shapes_spec: accepted.

    Raises:
        RuntimeError: both ``mode`` and ``options`` are given.

    Example:
        >>> import warnings
        >>> import penlight as torch
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     torch.compile(torch.relu) is torch.relu
        True
    """
    del fullgraph, dynamic, backend, name, recompile_limit, isolate_recompiles, shapes_spec
    if mode is not None and options is not None:
        msg = (
            "Either mode or options can be specified, but both can't be specified at the same "
            f"time: got mode={mode!r} and options={options!r}"
        )
        raise RuntimeError(msg)
    if not disable:
        _say_once()
    return (lambda function: function) if model is None else model


def _say_once() -> None:
    global _warned  # noqa: PLW0603 - once in a process
    if not _warned or is_warn_always_enabled():
        _warned = True
        warnings.warn(
            "torch.compile: penlight has no compiler; the function runs eagerly, as it is",
            stacklevel=3,
        )
