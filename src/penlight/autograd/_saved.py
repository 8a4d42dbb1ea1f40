"""What nodes save for backward, seen from outside: hooks that pack and unpack it, ``_saved_…``.

A node whose saved values went through hooks changes its class to one that unpacks them around its
``backward``; all other nodes know nothing of hooks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._storage import Storage
from .._tensor import Tensor, wrap
from ._mode import mode
from .graph import FREED, Output, refuse_freed, refuse_modified, version_of
from .views import edge_of, storage_of

# What a node may hold in memory; the other kinds are arguments and metadata.
PACKED_KINDS = frozenset({"tensor", "optional", "maybe", "many", "out", "saved"})

# While a node holds what was unpacked, nobody else may look at it.
_unpacking = threading.RLock()


class Hooks:
    """One pair of hooks, as nodes see it.

    Attributes:
        pack: called with each tensor that is saved; what it returns is kept.
        unpack: called with that when the tensor is asked for.
        takes_anything: also give ``pack`` what a node keeps that is no tensor.
    """

    __slots__ = ("pack", "takes_anything", "unpack")

    def __init__(
        self,
        pack: Callable[[Any], Any],
        unpack: Callable[[Any], Any],
        *,
        takes_anything: bool = False,
    ) -> None:
        self.pack = pack
        self.unpack = unpack
        self.takes_anything = takes_anything

    def pack_node(self, node: Any) -> None:
        """Pack all that a node has saved."""
        packed = {}
        for slot, kind in node.saved_kinds.items():
            if kind in PACKED_KINDS:
                value = getattr(node, slot)
                kept = self._pack_value(value)
                if kept is not value:
                    packed[slot] = kept
        _hold(node, packed)

    def _pack_value(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return Packed(self, value, "tensor", edge_of(value))
        if isinstance(value, np.ndarray):
            return Packed(self, wrap(value), "array")
        if isinstance(value, (tuple, list)):
            kept = type(value)(map(self._pack_value, value))
            return value if all(map(_is_same, kept, value)) else kept
        if self.takes_anything and not isinstance(value, (type(None), bool, int, float)):
            return Packed(self, value, "object")
        return value


def _is_same(one: Any, other: Any) -> bool:
    return one is other


class Packed:
    """What a pair of hooks made of one saved value, and how the value is to come back."""

    __slots__ = ("edge", "hooks", "kind", "payload")

    def __init__(self, hooks: Hooks, value: Any, kind: str, edge: Any = None) -> None:
        self.hooks = hooks
        self.kind = kind
        self.edge = edge
        before = mode.grad
        mode.grad = False
        version = version_of(value) if kind != "object" else 0
        try:
            self.payload = hooks.pack(value)
        finally:
            mode.grad = before
        if kind != "object" and version_of(value) != version:
            msg = (
                "A saved tensor pack hook is modifying its input in place. Tensors provided as "
                "input to pack hook can not be modified by in-place operations as this can lead to "
                "unexpected side-effects. Please open an issue if you need to perform in-place "
                "operations on the input to a pack hook."
            )
            raise RuntimeError(msg)

    def value(self) -> Any:
        """Return the value again, with its old history."""
        found = self.hooks.unpack(self.payload)
        if self.kind == "object":
            return found
        if not isinstance(found, Tensor):
            msg = (
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(found).__name__}"
            )
            raise TypeError(msg)
        if self.kind == "array":
            return found._array
        fresh = wrap(found._array)
        fresh._storage, fresh._edge = storage_of(found), self.edge
        return fresh


def _unpacked(value: Any) -> Any:
    if value.__class__ is Packed:
        return value.value()
    if isinstance(value, (tuple, list)):
        return type(value)(map(_unpacked, value))
    return value


# ---- nodes that hold packed values ---------------------------------------------------------------


def _hold(node: Any, packed: dict[str, Any]) -> None:
    """Put packed values into a node's slots, and have them unpacked for its backward."""
    for slot, value in packed.items():
        setattr(node, slot, value)
    if packed and not hasattr(node, "_plain"):
        node.__class__ = _packed_class(type(node))


def _packed_class(plain: Any) -> Any:
    made = plain.__dict__.get("_packed_class")
    if made is None:
        body = {"__slots__": (), "_plain": plain, "backward": _backward_of_packed}
        made = plain._packed_class = type(plain.__name__, (plain,), body)
    return made


def _backward_of_packed(self: Any, grads: Any, edges: tuple[Any, ...]) -> Sequence[Any]:
    """Put the saved values back, run the node's own backward, and pack them away again."""
    with _unpacking:
        kept = {slot: getattr(self, slot) for slot in _memory_slots(self)}
    values = {slot: _unpacked(value) for slot, value in kept.items()}
    kept |= {name: getattr(self, name) for name in _version_slots(self, kept)}
    with _unpacking:
        try:
            for slot, value in values.items():
                _restore(self, slot, value, packed=value is not kept[slot])
            results: Sequence[Any] = self._plain.backward(self, grads, edges)
        finally:
            for slot, value in kept.items():
                setattr(self, slot, value)
    return results


def _memory_slots(node: Any) -> list[str]:
    return [slot for slot, kind in node.saved_kinds.items() if kind in PACKED_KINDS]


def _version_slots(node: Any, slots: Any) -> list[str]:
    ends = ("_version", "_storage")
    return [slot + end for slot in slots for end in ends if hasattr(node, slot + end)]


def _restore(node: Any, slot: str, value: Any, *, packed: bool) -> None:
    """Put one value into its slot, with a version that agrees if it was packed."""
    setattr(node, slot, value)
    if not packed:
        return
    kind = node.saved_kinds[slot]
    if kind == "out":
        storage = Storage()
        setattr(node, f"{slot}_storage", storage)
        setattr(node, f"{slot}_version", storage.version)
    elif kind == "many":
        setattr(node, f"{slot}_version", tuple(map(_version_of_any, value)))
    elif kind != "saved":
        setattr(node, f"{slot}_version", _version_of_any(value))


def _version_of_any(value: Any) -> int:
    return version_of(value) if isinstance(value, Tensor) else 0


# ---- one saved value -----------------------------------------------------------------------------


class SavedValue:
    """The attribute of a node's class that shows what was saved, as ``grad_fn._saved_self``."""

    __slots__ = ("kind", "slot")

    def __init__(self, slot: str, kind: str) -> None:
        self.slot = slot
        self.kind = kind

    def __get__(self, node: Any, owner: Any = None) -> Any:
        if node is None:
            return self
        value = getattr(node, self.slot)
        if value is FREED:
            refuse_freed(node)
        if value.__class__ is Packed or self.kind in {"many", "saved"}:
            value = _unpacked(value)
        elif self.kind in {"tensor", "optional", "maybe"}:
            _check_version(node, value, getattr(node, f"{self.slot}_version", 0))
        if self.kind == "out":
            return self._out(node, value)
        return _shown(value)

    def _out(self, node: Any, array: Any) -> Any:
        out = wrap(array)
        out._storage = node.saved_out_storage
        out._edge = node if node.outputs is None else Output(node, 0)
        if getattr(node, self.slot).__class__ is not Packed:
            _check_version(node, out, node.saved_out_version)
        return out


class RawSavedValue(SavedValue):
    """The attribute ``grad_fn._raw_saved_self``: a handle to one saved value."""

    __slots__ = ()

    def __get__(self, node: Any, owner: Any = None) -> Any:
        return self if node is None else SavedTensor(node, self.slot)


class SavedTensor:
    """One saved tensor of one node, on which hooks can be set."""

    __slots__ = ("_node", "_slot")

    def __init__(self, node: Any, slot: str) -> None:
        self._node = node
        self._slot = slot

    def register_hooks(
        self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]
    ) -> None:
        """Pack this tensor by ``pack_hook`` now; ``unpack_hook`` gives it back when asked for."""
        node, slot = self._node, self._slot
        value = getattr(node, slot)
        if value is FREED:
            refuse_freed(node)
        if value.__class__ is Packed:
            msg = (
                "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: "
                "only one pair of hooks is allowed at a time."
            )
            raise RuntimeError(msg)
        if value is None:
            msg = f"{slot.removeprefix('saved_')} of {node.name()} saved no tensor to set hooks on"
            raise RuntimeError(msg)
        _hold(node, {slot: Hooks(pack_hook, unpack_hook)._pack_value(value)})


def _check_version(node: Any, value: Any, expected: int) -> None:
    if isinstance(value, Tensor) and version_of(value) != expected:
        refuse_modified(node, value, expected)


def _shown(value: Any) -> Any:
    """Return a saved value as the user sees it: arrays as tensors."""
    if isinstance(value, np.ndarray):
        return wrap(value)
    return tuple(map(_shown, value)) if isinstance(value, (tuple, list)) else value
