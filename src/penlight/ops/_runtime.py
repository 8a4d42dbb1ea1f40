"""What the generated call paths call: conversions, views, outputs and in-place writes.

Everything here is in the namespace of the generated source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy import asarray, ndarray

from .. import _dtype
from .._dtype import FROM_NUMPY
from .._storage import Storage
from .._tensor import Array, Tensor, new, wrap
from ..autograd._watch import WATCHED, note
from ..autograd.grad_mode import mode
from ..autograd.graph import (
    FREED,
    Node,
    Output,
    next_sequence,
    refuse_freed,
    refuse_modified,
    version_of,
)
from ..autograd.views import (
    ONE_OF_SEVERAL,
    Layout,
    attach_view,
    check_inplace,
    edge_of,
    rebase,
    storage_of,
)
from . import _check
from ._operands import (
    any_edge,
    any_of,
    arrays_of,
    check_result_type,
    edges_of,
    known,
    many,
    not_tensor,
    promote,
    promote_inplace,
    promote_many,
    sizes,
    to_default,
)
from ._overlap import check_overlap

__all__ = [
    "FREED",
    "SILENT",
    "WATCHED",
    "Storage",
    "Tensor",
    "any_edge",
    "any_of",
    "arrays_of",
    "asarray",
    "assign",
    "attach_view",
    "check_overlap",
    "check_result_type",
    "check_version",
    "check_versions",
    "connect",
    "convert_inplace",
    "edge_of",
    "edges_of",
    "explain",
    "fill_missing",
    "known",
    "many",
    "metadata_dtype",
    "metadata_layout",
    "metadata_shape",
    "mode",
    "ndarray",
    "new",
    "next_sequence",
    "not_tensor",
    "note",
    "promote",
    "promote_inplace",
    "promote_many",
    "refuse_freed",
    "refuse_modified",
    "restore",
    "run_variant",
    "shapes_of",
    "silence",
    "sizes",
    "storage_of",
    "summed_to",
    "to_default",
    "unpack_out",
    "version_of_any",
    "versions_of",
    "view_all",
    "wrap_all",
    "write_inplace",
    "write_out",
]

# NumPy's warnings about overflow and invalid values are off inside ops, as torch has none. The
# context variable behind numpy.errstate is set directly: errstate itself costs 0.7 µs a call, this
# 0.1 µs.
try:
    from numpy._core.umath import _extobj_contextvar, _make_extobj

    SILENT: Any = _make_extobj(all="ignore")
    ERROR_STATE: Any = _extobj_contextvar
    silence, restore = _extobj_contextvar.set, _extobj_contextvar.reset
except ImportError:  # pragma: no cover - another NumPy than those tested
    SILENT = ERROR_STATE = None

    def silence(_: Any) -> Any:
        """Turn NumPy's floating-point warnings off."""
        return np.seterr(all="ignore")

    def restore(before: Any) -> None:
        """Put NumPy's floating-point warnings back."""
        np.seterr(**before)


def convert_inplace(op: Any, first: Tensor, result: Tensor) -> Tensor:
    """Copy what was computed in the promoted dtype into the first argument."""
    if op.promotion == "int_to_float" and not first.dtype.is_floating_point:
        check_result_type(_dtype.default_numpy(), first._array.dtype)
    check_written_shape(first._array, result._array)
    written: Tensor = first.copy_(result)
    return written


def run_variant(call: tuple[Any, ...], *, inplace: bool) -> Any:
    """Call the function (or its in-place form) that a rarer option stands for."""
    function, *operands = call
    return function.op.call_(*operands) if inplace else function(*operands)


# ---- outputs -------------------------------------------------------------------------------------


def wrap_all(arrays: Sequence[Any]) -> tuple[Any, ...]:
    """Return tensors around arrays (or NumPy scalars)."""
    return tuple(wrap(array if array.__class__ is ndarray else asarray(array)) for array in arrays)


def _pick(
    array: Array, forward: Callable[..., Any], arguments: tuple[Any, ...], index: int
) -> Array:
    """Replay one of several views."""
    view: Array = forward(array, *arguments)[index]
    return view


def view_all(op: Any, arrays: Sequence[Array], source: Tensor, step: Any) -> tuple[Tensor, ...]:
    """Return tensors for several views of ``source``; recording refuses writes to them."""
    tensors = []
    for index, array in enumerate(arrays):
        tensor = wrap(array)
        attach_view(
            tensor, source, (_pick, (*step, index)), (ONE_OF_SEVERAL, f"{index} of {op.node_name}")
        )
        tensors.append(tensor)
    return tuple(tensors)


def connect(node: Any, tensors: Sequence[Any]) -> None:
    """Make ``node`` the history of each floating output."""
    node.outputs = [(tensor._array.shape, tensor._array.dtype) for tensor in tensors]
    for index, tensor in enumerate(tensors):
        if FROM_NUMPY[tensor._array.dtype].is_floating_point:
            tensor._edge = Output(node, index)


def fill_missing(node: Any, grads: Sequence[Any]) -> tuple[Any, ...]:
    """Return the gradients with zeros for outputs that nobody used."""
    return tuple(
        wrap(np.zeros(shape, dtype))
        if grad is None and FROM_NUMPY[dtype].is_floating_point
        else grad
        for grad, (shape, dtype) in zip(grads, node.outputs, strict=True)
    )


def unpack_out(node: Any) -> Tensor:
    """Return a saved output as a tensor again, refusing one that was written since."""
    out = wrap(node.saved_out)
    out._storage = node.saved_out_storage
    out._edge = node if node.outputs is None else Output(node, 0)
    if out._storage.version != node.saved_out_version:
        refuse_modified(node, out, node.saved_out_version)
    return out


def version_of_any(value: Any) -> int:
    """Return a tensor's version, 0 for anything else."""
    return version_of(value) if isinstance(value, Tensor) else 0


def versions_of(tensors: Sequence[Any]) -> tuple[int, ...]:
    """Return the versions of tensors."""
    return tuple(map(version_of_any, tensors))


def check_version(node: Node, value: Any, expected: int) -> None:
    """Refuse a saved tensor that was written since."""
    if isinstance(value, Tensor) and version_of(value) != expected:
        refuse_modified(node, value, expected)


def check_versions(node: Node, values: Sequence[Any], expected: Sequence[int]) -> None:
    """Refuse saved tensors one of which was written since."""
    for value, version in zip(values, expected, strict=True):
        check_version(node, value, version)


def shapes_of(out: tuple[int, ...], *operands: Any) -> tuple[Any, ...] | None:
    """Return the shape each operand's gradient is summed to; ``None`` where it is the output's."""
    shapes = tuple(
        operand.shape if isinstance(operand, ndarray) and operand.shape != out else None
        for operand in operands
    )
    return shapes if any(shape is not None for shape in shapes) else None


def summed_to(grad: Any, shape: tuple[int, ...]) -> Any:
    """Return a gradient summed to the shape of the operand it belongs to."""
    return grad if grad._array.shape == shape else grad._sum_to(shape)


def metadata_shape(value: Any) -> Any:
    """Return an array's shape, or those of several."""
    return [item.shape for item in value] if isinstance(value, list) else np.shape(value)


def metadata_dtype(value: Any) -> Any:
    """Return an array's dtype, or those of several."""
    return (
        [item.dtype for item in value] if isinstance(value, list) else getattr(value, "dtype", None)
    )


metadata_layout = Layout


def explain(op: Any, error: Exception, *operands: Any) -> NoReturn:
    """Put NumPy's error about shapes into torch's words, or let it pass."""
    arrays = [operand for operand in operands if isinstance(operand, ndarray)]
    _check.broadcastable(*arrays)
    if "non-broadcastable output" in str(error):
        check_written_shape(arrays[0], np.broadcast(*arrays))
    if op.name == "sub" and isinstance(error, TypeError) and len(arrays) == len(operands):
        _check.no_bool(op.name)
    raise error


def write_out(op: Any, out: Any, result: Any) -> Any:
    """Write a result into ``out=``, resized where its shape differs."""
    return write_result(out, result, f"{op.name}(): ")


def write_result(out: Any, result: Any, function: str = "") -> Any:
    """Write what was found into ``out=``, as :func:`write_out`; ``function`` begins the refusal."""
    targets = (out,) if isinstance(out, Tensor) else tuple(out)
    results = (result,) if isinstance(result, Tensor) else tuple(result)
    if mode.grad and any(tensor.requires_grad for tensor in (*targets, *results)):
        msg = (
            f"{function}functions with out=... arguments don't support automatic differentiation, "
            "but "
            "one of the arguments requires grad."
        )
        raise RuntimeError(msg)
    for target, computed in zip(targets, results, strict=True):
        _write_one(target, computed)
    if targets[0] is out:
        return out
    return type(result)(*targets) if hasattr(result, "_fields") else targets


def _write_one(out: Tensor, result: Tensor) -> None:
    check_result_type(result._array.dtype, out._array.dtype)
    if out._array.shape != result._array.shape:
        if out._array.size:
            import warnings  # noqa: PLC0415 - rare

            warnings.warn(
                f"An output with one or more elements was resized since it had shape "
                f"{list(out.shape)}, "
                f"which does not match the required output shape {list(result.shape)}. This "
                "behavior is "
                "deprecated, and in a future PyTorch release outputs will not be resized unless "
                "they have "
                "zero elements. You can explicitly reuse an out tensor t by resizing it, inplace, "
                "to zero "
                "elements with t.resize_(0).",
                stacklevel=4,
            )
        out._array = np.empty(result._array.shape, out._array.dtype)
    if out._array.base is not None:
        check_overlap(out._array)
    out._array[...] = result._array
    storage_of(out).version += 1


# ---- in place ------------------------------------------------------------------------------------


def check_written_shape(target: Array, result: Any) -> None:
    """Refuse a result that does not have the shape of what it is written to."""
    if result.shape != target.shape:
        msg = (
            f"output with shape {list(target.shape)} doesn't match the broadcast shape "
            f"{list(result.shape)}"
        )
        raise RuntimeError(msg)


def assign(op: Any, target: Array, result: Any) -> None:
    """Write a forward's result through an array."""
    result = asarray(result.out if op.saves else result)
    check_written_shape(target, result)
    target[...] = result


def write_inplace(op: Any, arguments: tuple[Any, ...], edges: tuple[Any, ...]) -> Tensor:
    """The recorded in-place form of every op: compute aside, save, write, rebase history."""
    self = arguments[0]
    check_inplace(self)
    first, *others = arguments
    plain, named, arrays = _split_arguments(op, arguments)
    if any(edges[index] is not None for index in op.overwrites):
        first = _snapshot(self, edges[op.differentiable.index(op.params[0].name)])
    storage = storage_of(self)
    others = [_apart(other, storage) for other in others]
    if op.write is None or op.saves:
        found = _run(op, op.forward, plain, named, arrays)
        result, extras = (asarray(found.out), found.saved) if op.saves else (asarray(found), None)
        check_written_shape(self._array, result)
        node = op.record(first, *others, *arrays, *edges, result, extras)
        self._array[...] = result
    else:
        node = op.record(first, *others, *arrays, *edges, self._array)
        _run(op, op.write, plain, named, arrays)
    storage.version += 1
    if "saved_out" in op.node_class.__slots__:
        node.saved_out = self._array
        node.saved_out_storage = storage
        node.saved_out_version = storage.version
    rebase(self, node)
    if WATCHED:
        note(node)
    return self


def _split_arguments(
    op: Any, arguments: tuple[Any, ...]
) -> tuple[list[Any], dict[str, Any], list[Any]]:
    """Return what a forward takes by place and by name, and the arrays among it."""
    plain: list[Any] = []
    named: dict[str, Any] = {}
    arrays: list[Any] = []
    for param, argument in zip(op.params, arguments, strict=True):
        value = argument._array if isinstance(argument, Tensor) else argument
        if param.kind == "many":
            value = arrays_of(argument)
        if param.kind != "other":
            arrays.append(value)
        if param.keyword_only:
            named[param.name] = value
        else:
            plain.append(value)
    return plain, named, arrays


def _run(op: Any, function: Any, plain: list[Any], named: dict[str, Any], arrays: list[Any]) -> Any:
    """Return what an op's forward or its writing form gives, without NumPy's warnings."""
    token = silence(SILENT)
    try:
        return function(*plain, **named)
    except (ValueError, TypeError) as error:
        if not op.broadcast:
            raise
        explain(op, error, *arrays)
    finally:
        restore(token)


def _snapshot(self: Tensor, edge: Any) -> Tensor:
    """Return the value that is about to be overwritten, with its history."""
    copy = wrap(self._array.copy())
    copy._edge = edge
    return copy


def _apart(argument: Any, storage: Storage) -> Any:
    """Return an argument as it may be saved: one that looks at the written memory without its base.

    The base's history is about to include the node that saves it, and the two would be a cycle.
    """
    if not isinstance(argument, Tensor) or argument._storage is not storage:
        return argument
    alias = wrap(argument._array)
    alias._storage, alias._edge = storage, edge_of(argument)
    return alias
