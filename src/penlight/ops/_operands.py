"""The operands of the generated call paths: which are tensors, and in which dtype they meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from numpy import asarray, ndarray

from .. import _dtype
from .._dtype import FROM_NUMPY
from .._promotion import can_cast, promote_types, result_dtype
from .._tensor import Tensor, wrap
from ..autograd.views import edge_of
from . import _check

# ---- arguments -----------------------------------------------------------------------------------


def not_tensor(op: Any, name: str, position: int, value: Any) -> NoReturn:
    """Refuse an argument that must be a tensor."""
    msg = (
        f"{op.name.lstrip('_')}(): argument '{name}' (position {position}) must be Tensor, "
        f"not {type(value).__name__}"
    )
    raise TypeError(msg)


def many(op: Any, name: str, position: int, values: Any) -> tuple[Any, ...]:
    """Return a sequence of tensors as a tuple, refusing anything else.

    One that does not promote may have ``None`` among them.
    """
    if isinstance(values, Tensor) or not isinstance(values, (list, tuple)):
        msg = (
            f"{op.name.lstrip('_')}(): argument '{name}' (position {position}) must be "
            f"tuple of Tensors, not {type(values).__name__}"
        )
        raise TypeError(msg)
    for index, value in enumerate(values):
        if not isinstance(value, Tensor) and (value is not None or op.promotion):
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


def known(*operands: Any) -> bool:
    """Return whether all operands are of classes that ops know; others have a say themselves."""
    return all(isinstance(operand, _KNOWN) for operand in operands)


_KNOWN = (Tensor, bool, int, float, complex, np.generic, ndarray)


def any_edge(value: Any) -> Any:
    """Return the edge of a tensor, ``None`` for anything else."""
    return edge_of(value) if isinstance(value, Tensor) else None


def edges_of(tensors: Sequence[Any]) -> tuple[Any, ...]:
    """Return the edges of tensors, ``None`` for ``None``."""
    return tuple([None if tensor is None else edge_of(tensor) for tensor in tensors])


def any_of(edges: Sequence[Any]) -> bool:
    """Return whether a gradient is wanted along one of the edges."""
    return edges.count(None) < len(edges)


# ---- promotion -----------------------------------------------------------------------------------


_SUBTRACTIONS = frozenset({"sub", "_rsub_number", "_rsub_tensor"})


def _is_bool(operand: Any) -> bool:
    return isinstance(operand, bool) or (
        isinstance(operand, Tensor) and operand._array.dtype.kind == "b"
    )


def _target(op: Any, operands: Sequence[Any]) -> Any:
    """Return the NumPy dtype in which an op computes on these operands."""
    for position, operand in enumerate(operands):
        left_out = operand is None and op.params[position].kind == "optional"
        if not left_out and not isinstance(operand, _KNOWN):
            not_tensor(op, op.params[position].name, position + 1, operand)
    if not any(isinstance(operand, Tensor) for operand in operands):
        not_tensor(op, op.params[0].name, 1, operands[0])
    if op.name in _SUBTRACTIONS and any(map(_is_bool, operands)):
        _check.no_bool(op.name if all(map(_is_bool, operands)) else "rsub")
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
    """Bring one operand to the dtype; Python numbers stay where NumPy treats them as weak."""
    if isinstance(operand, Tensor):
        return operand if operand._array.dtype == target else operand._cast(target)
    if operand is None or (target.kind == "f" and operand.__class__ in {int, float, bool}):
        return operand
    if target.kind in "iu" and isinstance(operand, int):
        limit = 1 << (8 * target.itemsize)
        return asarray(operand % limit).astype(target)[()]
    return asarray(operand).astype(target)[()]


def _fits(number: Any, dtype: Any, promotion: str) -> bool:
    """Return whether an int meets an integer dtype in that dtype, without a look at its limits."""
    return (
        dtype.kind == "i"
        and dtype.itemsize >= 4
        and number.__class__ is int
        and promotion == "default"
        and -(1 << 31) <= number < (1 << 31)
    )


def promote(op: Any, *operands: Any) -> tuple[Any, ...]:
    """Return the operands in their common dtype, and that dtype."""
    if len(operands) == 2:
        first, second = operands
        if second.__class__ in {float, int} and isinstance(first, Tensor):
            dtype = first._array.dtype
            if dtype.kind == "f" or _fits(second, dtype, op.promotion):
                return first, second, dtype
    operands = _with_arrays_wrapped(operands)
    target = _target(op, operands)
    return *(_convert(operand, target) for operand in operands), target


def _with_arrays_wrapped(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return operands with NumPy's arrays as tensors: torch lets one stand beside a tensor."""
    return tuple(wrap(operand) if isinstance(operand, ndarray) else operand for operand in operands)


def promote_many(tensors: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return tensors in their common dtype."""
    kinds = [tensor._array.dtype for tensor in tensors]
    if kinds.count(kinds[0] if kinds else None) == len(kinds):  # a set would be slow to make
        return tensors
    target = tensors[0].dtype
    for tensor in tensors[1:]:
        target = promote_types(target, tensor.dtype)
    return tuple(t if t.dtype is target else t._cast(target.numpy) for t in tensors)


def promote_inplace(op: Any, *operands: Any) -> tuple[Any, ...]:
    """As :func:`promote`, with ``None`` for a dtype that is not the first operand's."""
    first = operands[0]
    if not isinstance(first, Tensor):
        not_tensor(op, op.params[0].name, 1, first)
    operands = _with_arrays_wrapped(operands)
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


def to_default(value: Any) -> Any:
    """Bring an integer tensor to the default floating dtype."""
    if isinstance(value, Tensor) and value._array.dtype.kind in "biu":
        return value._cast(_dtype.default_numpy())
    return value
