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
from .._promotion import can_cast, result_dtype
from .._storage import Storage
from .._tensor import Array, Tensor, new, wrap
from ..autograd.grad_mode import mode, no_grad
from ..autograd.graph import (
    FREED,
    Node,
    Output,
    next_sequence,
    refuse_freed,
    refuse_modified,
    version_of,
)
from ..autograd.views import Layout, attach_view, check_inplace, edge_of, rebase, storage_of
from . import _check

__all__ = [
    "FREED",
    "SILENT",
    "Storage",
    "Tensor",
    "any_edge",
    "any_of",
    "arrays_of",
    "asarray",
    "assign",
    "attach_view",
    "check_version",
    "check_versions",
    "connect",
    "convert_inplace",
    "edge_of",
    "edges_of",
    "explain",
    "fill_missing",
    "many",
    "metadata_dtype",
    "metadata_layout",
    "metadata_shape",
    "mode",
    "ndarray",
    "new",
    "next_sequence",
    "not_tensor",
    "promote",
    "promote_inplace",
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

# NumPy's warnings about overflow and invalid values are off inside ops, as torch has none. The context
# variable behind numpy.errstate is set directly: errstate itself costs 0.7 µs a call, this 0.1 µs.
try:
    from numpy._core.umath import _extobj_contextvar, _make_extobj

    SILENT = _make_extobj(all="ignore")
    silence, restore = _extobj_contextvar.set, _extobj_contextvar.reset
except ImportError:  # pragma: no cover - another NumPy than those tested
    SILENT = None

    def silence(_: Any) -> Any:
        """Turn NumPy's floating-point warnings off."""
        return np.seterr(all="ignore")

    def restore(before: Any) -> None:
        """Put NumPy's floating-point warnings back."""
        np.seterr(**before)


# ---- arguments --------------------------------------------------------------------------------------


def not_tensor(op: Any, name: str, position: int, value: Any) -> NoReturn:
    """Refuse an argument that must be a tensor."""
    msg = (
        f"{op.name}(): argument '{name}' (position {position}) must be Tensor, "
        f"not {type(value).__name__}"
    )
    raise TypeError(msg)


def many(op: Any, name: str, position: int, values: Any) -> tuple[Any, ...]:
    """Return a sequence of tensors as a tuple, refusing anything else."""
    if isinstance(values, Tensor) or not isinstance(values, (list, tuple)):
        msg = (
            f"{op.name}(): argument '{name}' (position {position}) must be tuple of Tensors, "
            f"not {type(values).__name__}"
        )
        raise TypeError(msg)
    for index, value in enumerate(values):
        if not isinstance(value, Tensor) and value is not None:
            msg = (
                f"expected Tensor as element {index} in argument {position - 1}, "
                f"but got {type(value).__name__}"
            )
            raise TypeError(msg)
    return tuple(values)


def arrays_of(tensors: Sequence[Any]) -> list[Any]:
    """Return the arrays of tensors, ``None`` for ``None``."""
    return [None if tensor is None else tensor._array for tensor in tensors]


def sizes(op: Any, given: tuple[Any, ...], named: dict[str, Any], name: str) -> tuple[int, ...]:
    """Return the ints of ``f(2, 3)``, ``f((2, 3))`` or ``f(name=(2, 3))`` as a tuple."""
    if named:
        if given or set(named) != {name}:
            msg = f"{op.name}() got an unexpected keyword argument {next(iter(named))!r}"
            raise TypeError(msg)
        given = (named[name],)
    if len(given) == 1 and not hasattr(given[0], "__index__"):
        given = tuple(given[0])
    elif len(given) == 1 and isinstance(given[0], (Tensor, ndarray)) and given[0].ndim:
        given = tuple(given[0].tolist())
    return tuple(
        size if size.__class__ is int else _check.integer(op.name, name, size) for size in given
    )


def any_edge(value: Any) -> Any:
    """Return the edge of a tensor, ``None`` for anything else."""
    return edge_of(value) if isinstance(value, Tensor) else None


def edges_of(tensors: Sequence[Any]) -> tuple[Any, ...]:
    """Return the edges of tensors."""
    return tuple(map(any_edge, tensors))


def any_of(edges: Sequence[Any]) -> bool:
    """Return whether a gradient is wanted along one of the edges."""
    return any(edge is not None for edge in edges)


# ---- promotion --------------------------------------------------------------------------------------


def _target(op: Any, operands: Sequence[Any]) -> Any:
    """Return the NumPy dtype in which an op computes on these operands."""
    for operand in operands:
        if not isinstance(operand, (Tensor, bool, int, float, complex, np.generic, type(None))):
            position = operands.index(operand) if not isinstance(operand, ndarray) else 1
            name = op.params[position].name
            not_tensor(op, name, position + 1, operand)
    if not any(isinstance(operand, Tensor) for operand in operands):
        not_tensor(op, op.params[0].name, 1, operands[0])
    target = result_dtype(
        operand._array if isinstance(operand, Tensor) else operand
        for operand in operands
        if operand is not None
    )
    if target.is_complex:
        msg = f"{op.name}: penlight has no complex arithmetic; got {target}"
        raise NotImplementedError(msg)
    if op.promotion == "int_to_float" and not target.is_floating_point:
        target = _dtype.get_default_dtype()
    return target.numpy


def _convert(operand: Any, target: Any) -> Any:
    """Bring one operand to the dtype; Python numbers stay numbers where NumPy treats them as weak."""
    if isinstance(operand, Tensor):
        return operand if operand._array.dtype == target else operand._cast(target)  # type: ignore[attr-defined]
    if operand is None or (target.kind == "f" and operand.__class__ in {int, float, bool}):
        return operand
    if target.kind in "iu" and isinstance(operand, int):
        limit = 1 << (8 * target.itemsize)
        return asarray(operand % limit).astype(target)[()]
    return asarray(operand).astype(target)[()]


def promote(op: Any, *operands: Any) -> tuple[Any, ...]:
    """Return the operands in their common dtype, and that dtype."""
    if len(operands) == 2:  # noqa: PLR2004 - a float tensor and a number, written out for speed
        first, second = operands
        if second.__class__ in {float, int} and isinstance(first, Tensor):
            kind = first._array.dtype
            if kind.kind == "f" or (kind.kind == "i" and second.__class__ is int and op.promotion == "default"):
                if kind.kind == "f" or -(1 << 31) <= second < (1 << 31) and kind.itemsize >= 4:
                    return first, second, kind
    target = _target(op, operands)
    return *(_convert(operand, target) for operand in operands), target


def promote_inplace(op: Any, *operands: Any) -> tuple[Any, ...]:
    """As :func:`promote`, with ``None`` for the dtype when the result does not fit the first operand's."""
    first = operands[0]
    if not isinstance(first, Tensor):
        not_tensor(op, op.params[0].name, 1, first)
    target = _target(op, operands)
    own = first._array.dtype
    if target == own and op.promotion != "bool":
        return *(_convert(operand, target) for operand in operands), target
    if op.promotion != "bool":
        check_result_type(target, own)
    return *operands, None


def check_result_type(result: Any, wanted: Any) -> None:
    """Refuse to store a result in a dtype that torch does not cast it to."""
    source, goal = FROM_NUMPY[result], FROM_NUMPY[wanted]
    if not can_cast(source, goal):
        msg = (
            f"result type {source.scalar_type} can't be cast to the desired output type "
            f"{goal.scalar_type}"
        )
        raise RuntimeError(msg)


def convert_inplace(op: Any, first: Tensor, compute: Callable[[], Tensor]) -> Tensor:
    """Compute in the promoted dtype, then copy into the first argument."""
    if op.promotion == "int_to_float" and not first.dtype.is_floating_point:
        check_result_type(_dtype.default_numpy(), first._array.dtype)
    result = compute()
    check_written_shape(first._array, result._array)
    written: Tensor = first.copy_(result)
    return written


def run_variant(call: tuple[Any, ...], *, inplace: bool) -> Any:
    """Call the function (or its in-place form) that a rarer option stands for, with its operands."""
    function, *operands = call
    return function.op.call_(*operands) if inplace else function(*operands)


def to_default(value: Any) -> Any:
    """Bring an integer tensor to the default floating dtype."""
    if isinstance(value, Tensor) and value._array.dtype.kind in "biu":
        return value._cast(_dtype.default_numpy())  # type: ignore[attr-defined]
    return value


# ---- outputs ----------------------------------------------------------------------------------------


def wrap_all(arrays: Sequence[Any]) -> tuple[Any, ...]:
    """Return tensors around arrays (or NumPy scalars)."""
    return tuple(
        wrap(array if array.__class__ is ndarray else asarray(array)) for array in arrays
    )


def _pick(array: Array, forward: Callable[..., Any], arguments: tuple[Any, ...], index: int) -> Array:
    """Replay one of several views."""
    view: Array = forward(array, *arguments)[index]
    return view


def view_all(op: Any, arrays: Sequence[Array], source: Tensor, step: Any) -> tuple[Tensor, ...]:
    """Return tensors for several views of ``source``; none of them may be written while recording."""
    tensors = []
    for index, array in enumerate(arrays):
        tensor = wrap(array)
        attach_view(tensor, source, (_pick, (*step, index)), f"{index} of {op.node_name}")
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
        wrap(np.zeros(shape, dtype)) if grad is None and FROM_NUMPY[dtype].is_floating_point else grad
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
    return [item.dtype for item in value] if isinstance(value, list) else getattr(value, "dtype", None)


metadata_layout = Layout


def explain(op: Any, error: Exception, *operands: Any) -> NoReturn:
    """Put NumPy's error about shapes into torch's words, or let it pass."""
    _check.broadcastable(*(operand for operand in operands if isinstance(operand, ndarray)))
    if op.name in {"sub", "rsub", "neg"} and isinstance(error, TypeError):
        _check.no_bool(op.name)
    raise error


def write_out(out: Any, compute: Callable[[], Any]) -> Any:
    """Compute, then write into ``out=``, resized where its shape differs."""
    if not isinstance(out, Tensor):
        written = tuple(out)
        with no_grad():
            results = compute()
        for target, result in zip(written, results, strict=True):
            _write_one(target, result)
        return type(results)(*written) if hasattr(results, "_fields") else written
    if out.requires_grad and mode.grad:
        msg = (
            "functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
        raise RuntimeError(msg)
    before = mode.grad
    result = compute()
    if before and result.requires_grad:
        msg = (
            "functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
        raise RuntimeError(msg)
    _write_one(out, result)
    return out


def _write_one(out: Tensor, result: Tensor) -> None:
    check_result_type(result._array.dtype, out._array.dtype)
    if out._array.shape != result._array.shape:
        if out._array.size:
            import warnings  # noqa: PLC0415 - rare

            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out.shape)}, "
                f"which does not match the required output shape {list(result.shape)}. This behavior is "
                "deprecated, and in a future PyTorch release outputs will not be resized unless they have "
                "zero elements. You can explicitly reuse an out tensor t by resizing it, inplace, to zero "
                "elements with t.resize_(0).",
                stacklevel=4,
            )
        out._array = np.empty(result._array.shape, out._array.dtype)
    out._array[...] = result._array
    storage_of(out).version += 1


# ---- in place ---------------------------------------------------------------------------------------


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
    result = result.out if hasattr(result, "saved") and op.saves else result
    check_written_shape(target, result if isinstance(result, ndarray) else asarray(result))
    target[...] = result


def write_inplace(op: Any, arguments: tuple[Any, ...], edges: tuple[Any, ...]) -> Tensor:
    """The recorded in-place form of every op: compute aside, save, write through, rebase history."""
    self = arguments[0]
    check_inplace(self)
    values = [
        arrays_of(value) if param.kind == "many" else value._array if isinstance(value, Tensor) else value
        for param, value in zip(op.params, arguments, strict=True)
    ]
    named = {p.name: v for p, v in zip(op.params, values, strict=True) if p.keyword_only}
    plain = [v for p, v in zip(op.params, values, strict=True) if not p.keyword_only]
    arrays = [v for p, v in zip(op.params, values, strict=True) if p.kind != "other"]
    token = silence(SILENT)
    try:
        result = op.forward(*plain, **named)
    except (ValueError, TypeError) as error:
        if not op.broadcast:
            raise
        explain(op, error, *arrays)
    finally:
        restore(token)
    extras = None
    if op.saves:
        extras, result = result.saved, result.out
    result = asarray(result)
    check_written_shape(self._array, result)
    first, saved = op.params[0].name, op.node_class.__slots__
    if f"saved_{first}" in saved:
        arguments = (_snapshot(self, edges[op.differentiable.index(first)]), *arguments[1:])
    node = op.record(*arguments, *arrays, *edges, result, extras)
    self._array[...] = result
    storage = storage_of(self)
    storage.version += 1
    if "saved_out" in saved:
        node.saved_out = self._array
        node.saved_out_storage = storage
        node.saved_out_version = storage.version
    rebase(self, node)
    return self


def _snapshot(self: Tensor, edge: Any) -> Tensor:
    """Return the value that is about to be overwritten, with its history."""
    copy = wrap(self._array.copy())
    copy._edge = edge
    return copy
