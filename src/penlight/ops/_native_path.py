"""The common case of a call path in C++: plain tensors, one dtype, one result (cpp/call_path).

The generated path calls it first and goes on by itself when it answers ``None``. It does what the
generated path does, from the same record; ops with several outputs have none.
"""

from __future__ import annotations

from typing import Any

from .. import kernels
from .._storage import Storage
from .._tensor import Tensor
from ..autograd.grad_mode import mode
from ..autograd.graph import next_sequence
from ..autograd.views import NO_GRAD_VIEW, View, edge_of
from . import _runtime
from ._codegen_node import METADATA, kind_of, promoted_inputs, saved_slot, wanted_by

# The numbers that call_path.cpp knows these by.
_KINDS = {"tensor": 0, "optional": 1, "maybe": 2, "other": 3, "many": 5}
_VARIADIC = 4
_TENSOR, _ARGUMENT, _OUT, _EXTRA, _SHAPE, _METADATA, _STEP, _MANY = range(8)
_MOST_PARAMS = 16

_prepared: list[Any] = []


def extension_member(name: str) -> Any:
    """Return what the C++ call path calls by a name; ``None`` where it is not in use."""
    if not kernels.is_native or _runtime.SILENT is None:
        return None
    from .. import _kernels  # noqa: PLC0415 - it need not be there

    return getattr(_kernels, name, None)  # not in builds without the GIL


def _make_path() -> Any:
    """Return the type CallPath, told once what the generated paths share; ``None`` without it."""
    if not _prepared:
        found = extension_member("CallPath")
        if found is not None:
            extension_member("prepare_call_path")(
                Tensor,
                Storage,
                View,
                (NO_GRAD_VIEW, ""),
                mode,
                next_sequence,
                edge_of,
                _runtime.version_of_any,
                _runtime.shapes_of,
                _runtime.ERROR_STATE,
                _runtime.SILENT,
            )
        _prepared.append(found)
    return _prepared[0]


def native_into(op: Any) -> Any:
    """Return what writes the op's result into its first array, or says that it did not."""
    return extension_member(f"{op.name}_into") if op.inplace else None


def has_native_path(op: Any) -> bool:
    """Return whether the C++ path knows ops of this form and is there."""
    return (
        op.outputs == 1
        and 0 < len(op.params) <= _MOST_PARAMS
        and _has_simple_sequences(op)
        and not any(param.variadic for param in op.params[:-1])
        and _make_path() is not None
    )


def _has_simple_sequences(op: Any) -> bool:
    """Return whether a sequence of tensors, if there is one, has all gradients or none.

    One that has gradients must not be saved, and of one that is, nothing else may be asked.
    """
    names = tuple(param.name for param in op.params if param.kind == "many")
    if not names:
        return True
    if op.view or op.broadcast:
        return False
    if not set(names) & set(op.differentiable):
        asked = {name + end for name in names for end in METADATA}
        return not asked & set(wanted_by(op))
    return bool(op.differentiable == names and not set(names) & set(wanted_by(op)))


def native_path(op: Any, node_class: Any) -> Any:
    """Return the op's path; it takes the op's arguments by position, in the record's order."""
    promoted = promoted_inputs(op)
    places = {param.name: place for place, param in enumerate(op.params)}
    params = tuple(
        (
            _VARIADIC if param.variadic else _KINDS[param.kind],
            param.name in promoted or (param.kind == "many" and op.promotion is not None),
        )
        for param in op.params
    )
    return _make_path()(
        op.forward,
        tuple(param.name for param in op.params if param.keyword_only),
        node_class if op.rules else None,
        params,
        tuple(places[name] for name in op.differentiable),
        tuple(_saved(op, name, places) for name in wanted_by(op)) if op.rules else (),
        op.name,
        op.promotion is not None,
        op.promotion == "int_to_float",
        op.broadcast,
        op.quiet,
        bool(op.saves),
        op.view,
    )


def _saved(op: Any, name: str, places: dict[str, int]) -> tuple[Any, ...]:
    """Return what is saved, of which parameter, for whom, in which slots, and by what."""
    kind, slot = kind_of(op, name), saved_slot(name)
    if kind == "out":
        return _OUT, 0, 0, slot, f"{slot}_version", f"{slot}_storage", None
    if kind == "saved":
        return _EXTRA, 0, 0, slot, None, None, name
    if name == "view_step":
        return _STEP, 0, 0, slot, None, None, None
    if kind == "metadata":
        end = next(end for end in METADATA if name.endswith(end))
        keeps = _SHAPE if end == "_shape" else _METADATA
        function = getattr(_runtime, f"metadata{end}")
        return keeps, places[name.removesuffix(end)], 0, slot, None, None, function
    if kind == "many":
        return _MANY, places[name], 0, slot, f"{slot}_version", None, None
    if kind == "other":
        return _ARGUMENT, places[name], 0, slot, None, None, None
    return _TENSOR, places[name], _wanting(op, name), slot, f"{slot}_version", None, None


def _wanting(op: Any, name: str) -> int:
    """Return the differentiable inputs whose rules want a value, as bits; 0 when all do."""
    wanting = set(wanted_by(op)[name])
    if wanting == set(op.differentiable):
        return 0
    return sum(1 << place for place, name in enumerate(op.differentiable) if name in wanting)
