"""What dtype an operation on several computes in: torch's promotion rules.

They differ from NumPy's: ``int64`` with ``float32`` is ``float32``, and tensors with dimensions
outrank 0-d tensors, which outrank Python numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import _dtype
from ._dtype import FROM_NUMPY, check_dtype, dtype, get_default_dtype

if TYPE_CHECKING:
    from collections.abc import Iterable

_BARE_UNSIGNED = frozenset((_dtype.uint16, _dtype.uint32, _dtype.uint64))
_HALVES = {_dtype.float16, _dtype.bfloat16}


def _promote(a: dtype, b: dtype) -> dtype:
    """Work out one entry of torch's promotion table."""
    bare = a in _BARE_UNSIGNED or b in _BARE_UNSIGNED
    if bare and not (a.is_floating_point or b.is_floating_point):
        msg = (
            "Promotion for uint16, uint32, uint64 types is not supported, "
            f"attempted to promote {a.scalar_type} and {b.scalar_type}"
        )
        raise RuntimeError(msg)
    if a.is_complex or b.is_complex:
        parts = [x.to_complex() for x in (a, b) if x.is_complex or x.is_floating_point]
        return max(parts, key=_width)
    if a.is_floating_point or b.is_floating_point:
        if {a, b} == _HALVES:
            return _dtype.float32
        return max((x for x in (a, b) if x.is_floating_point), key=_width)
    if {a, b} == {_dtype.uint8, _dtype.int8}:
        return _dtype.int16
    # uint8 gives way to any wider type, and bool to all.
    return max(a, b, key=_width)


def _width(kind: dtype) -> int:
    return 0 if kind is _dtype.bool else kind.itemsize


_promoted: dict[tuple[dtype, dtype], dtype] = {}


def _promoted_pair(a: dtype, b: dtype) -> dtype:
    found = _promoted.get((a, b))
    if found is None:
        found = _promoted[a, b] = a if a is b else _promote(a, b)
    return found


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """Return the smallest dtype that both promote to.

    Raises:
        TypeError: an argument is not a dtype.
        RuntimeError: one is ``uint16``, ``uint32`` or ``uint64`` and the other is neither the same
            nor floating.

    Example:
        >>> import penlight as torch
        >>> torch.promote_types(torch.int32, torch.float32)
        torch.float32
        >>> torch.promote_types(torch.uint8, torch.int8)
        torch.int16
    """
    check_dtype("promote_types", "type1", 1, type1)
    check_dtype("promote_types", "type2", 2, type2)
    return _promoted_pair(type1, type2)


def result_dtype(operands: Iterable[object]) -> dtype:
    """Return the dtype that arithmetic on arrays and Python numbers computes in.

    The operands fall into three ranks: arrays with dimensions, 0-d arrays, Python (or NumPy scalar)
    numbers. A lower rank changes the result only when its kind (bool < int < float < complex) is
    higher. A Python float counts as the default dtype, a Python int as ``int64``.

    Raises:
        TypeError: an operand is neither an array nor a number.
    """
    ranks: list[dtype | None] = [None, None, None]
    for operand in operands:
        if isinstance(operand, np.ndarray):
            rank, kind = int(operand.ndim == 0), FROM_NUMPY[operand.dtype]
        else:
            rank, kind = 2, number_dtype(operand)
        seen = ranks[rank]
        ranks[rank] = kind if seen is None else _promoted_pair(seen, kind)
    dimensioned, zero_dim, number = ranks
    result = _combine_ranks(dimensioned, _combine_ranks(zero_dim, number))
    if result is None:
        msg = "result_dtype needs at least one operand"
        raise TypeError(msg)
    return result


def number_dtype(number: object) -> dtype:
    """Return the dtype a Python number (or NumPy scalar) stands for in arithmetic."""
    if isinstance(number, bool):
        return _dtype.bool
    if isinstance(number, (int, np.integer)):
        return _dtype.int64
    # torch: reads numpy.bool_ as a float.
    if isinstance(number, (float, np.floating, np.bool_)):
        return get_default_dtype()
    if isinstance(number, (complex, np.complexfloating)):
        return get_default_dtype().to_complex()
    msg = f"expected a tensor or a number, got {type(number).__name__}"
    raise TypeError(msg)


def _combine_ranks(higher: dtype | None, lower: dtype | None) -> dtype | None:
    if higher is None or lower is None:
        return higher or lower
    if higher.is_complex:
        return higher
    if higher.is_floating_point:
        return higher.to_complex() if lower.is_complex else higher
    if lower.is_floating_point or lower.is_complex:
        return lower
    return _promoted_pair(higher, lower) if higher is _dtype.bool else higher


# The arguments of result_type that go together.
_PAIRS = ({"tensor", "other"}, {"tensor", "scalar"}, {"scalar1", "scalar2"})


def result_type(
    tensor: object = None,
    other: object = None,
    *,
    scalar: object = None,
    scalar1: object = None,
    scalar2: object = None,
) -> dtype:
    """Return the dtype that arithmetic on two tensors or numbers gives.

    Args:
        tensor: a tensor, or a number.
        other: a tensor, or a number.
        scalar: a number with ``tensor``, by torch's name.
        scalar1: one of two numbers, by torch's name.
        scalar2: the other number.

    Raises:
        TypeError: there are not two arguments, or one is neither a tensor nor a number.

    Example:
        >>> import penlight as torch
        >>> torch.result_type(torch.tensor([1, 2], dtype=torch.int32), 1.0)
        torch.float32
    """
    given = {
        "tensor": tensor,
        "other": other,
        "scalar": scalar,
        "scalar1": scalar1,
        "scalar2": scalar2,
    }
    found = {name: operand for name, operand in given.items() if operand is not None}
    try:
        if found.keys() in _PAIRS:
            return result_dtype(getattr(operand, "_array", operand) for operand in found.values())
    except TypeError:
        pass
    got = ", ".join(type(operand).__name__ for operand in found.values())
    msg = (
        f"result_type() received an invalid combination of arguments - got ({got}), "
        "but expected two tensors, a tensor and a number, or two numbers"
    )
    raise TypeError(msg)


def can_cast(from_: dtype, to: dtype) -> bool:
    """Return whether torch lets a result of type ``from_`` be stored in type ``to``.

    Example:
        >>> import penlight as torch
        >>> torch.can_cast(torch.double, torch.float), torch.can_cast(torch.float, torch.int)
        (True, False)
    """
    check_dtype("can_cast", "from_", 1, from_)
    check_dtype("can_cast", "to", 2, to)
    if from_.is_complex and not to.is_complex:
        return False
    if from_.is_floating_point and not (to.is_floating_point or to.is_complex):
        return False
    return from_ is _dtype.bool or to is not _dtype.bool
