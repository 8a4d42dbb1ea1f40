"""Tensors inside tuples, lists and dictionaries: what the transforms take and return."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def is_node(value: Any) -> bool:
    """Return whether a value is looked into: a tuple (named ones too), a list, a dictionary."""
    return isinstance(value, (tuple, list, dict))


def children(tree: Any) -> list[Any]:
    """Return what a tuple, list or dictionary holds, in order."""
    return list(tree.values()) if isinstance(tree, dict) else list(tree)


def leaves(tree: Any) -> list[Any]:
    """Return all that is not looked into, in order; ``None`` counts."""
    if not is_node(tree):
        return [tree]
    return [leaf for child in children(tree) for leaf in leaves(child)]


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """Return the same structure with ``function`` of every leaf."""
    if isinstance(tree, dict):
        pairs = [(key, mapped(function, child)) for key, child in tree.items()]
        made = tree.copy()
        made.update(pairs)
        return made
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(mapped(function, child) for child in tree))
    if isinstance(tree, (tuple, list)):
        return type(tree)(mapped(function, child) for child in tree)
    return function(tree)


def refilled(tree: Any, values: Iterator[Any]) -> Any:
    """Return the same structure with the next value in each leaf's place."""
    return mapped(lambda _: next(values), tree)


def spread(prefix: Any, tree: Any) -> list[Any] | None:
    """Return one value of ``prefix`` for each leaf of ``tree``; ``None`` where they do not fit.

    A value that stands for a whole branch is repeated for its leaves.
    """
    if not is_node(prefix):
        return [prefix] * len(leaves(tree))
    if not is_node(tree) or isinstance(prefix, dict) != isinstance(tree, dict):
        return None
    if len(prefix) != len(tree):
        return None
    if isinstance(prefix, dict):
        if set(prefix) != set(tree):
            return None
        pairs = [(prefix[key], tree[key]) for key in tree]
    elif isinstance(prefix, list) != isinstance(tree, list):
        return None
    else:
        pairs = list(zip(prefix, tree, strict=True))
    found = []
    for part, branch in pairs:
        inner = spread(part, branch)
        if inner is None:
            return None
        found += inner
    return found
