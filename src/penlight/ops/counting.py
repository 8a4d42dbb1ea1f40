"""Different elements, counts and searches: unique, bincount, searchsorted and its kin."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .._dtype import FROM_NUMPY
from .._promotion import promote_types
from .._tensor import Array, Tensor, wrap
from . import _check
from ._op import attach, op
from ._results import written

Number = bool | int | float

__all__ = [
    "bincount",
    "bucketize",
    "histc",
    "isin",
    "searchsorted",
    "unique",
    "unique_consecutive",
]


# ---- different elements --------------------------------------------------------------------------


def _refusing(name: str) -> Any:
    """Return the rule of an op that torch records but cannot differentiate."""

    def rule(grad: Any) -> NoReturn:
        del grad
        msg = f"the derivative for '{name}' is not implemented."
        raise NotImplementedError(msg)

    return rule


@op(
    "_unique2",
    node="Unique2Backward0",
    method=False,
    quiet=True,
    outputs=3,
    input=_refusing("_unique2"),
)
def unique_flat(input: Array) -> Any:
    """Return the different elements in order, where each element went, and how often each comes."""
    values, inverse, counts = np.unique(
        input, return_inverse=True, return_counts=True, equal_nan=False
    )
    return values, inverse.reshape(input.shape), counts


@op(
    "_unique_dim",
    node="UniqueDimBackward0",
    method=False,
    quiet=True,
    outputs=3,
    input=_refusing("unique_dim"),
)
def unique_slices(input: Array, dim: int) -> Any:
    """Return the different slices along a dimension, in order, with inverse and counts."""
    place = _check.dim(dim, input.ndim)
    values, inverse, counts = np.unique(
        input, return_inverse=True, return_counts=True, axis=place, equal_nan=False
    )
    return values, inverse.reshape(-1), counts


def _asked_for(
    found: tuple[Tensor, ...], return_inverse: bool, return_counts: bool
) -> Tensor | tuple[Tensor, ...]:
    wanted = (True, return_inverse, return_counts)
    chosen = tuple(item for item, keep in zip(found, wanted, strict=True) if keep)
    return chosen if len(chosen) > 1 else chosen[0]


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Return the different elements, or slices along a dimension, in order.

    Args:
        input: a tensor.
        sorted: accepted; the result is in order anyway.
        return_inverse: also say where in the result each element is.
        return_counts: also say how often each comes.
        dim: compare whole slices along this dimension.

    Returns:
        A tensor, or a tuple with what else was asked for.

    Example:
        >>> import penlight as torch
        >>> torch.unique(torch.tensor([3, 1, 3]), return_counts=True)
        (tensor([1, 3]), tensor([1, 2]))
    """
    found = unique_flat(input) if dim is None else unique_slices(input, dim)
    return _asked_for(found, return_inverse, return_counts)


@op(
    "_unique_consecutive",
    node="UniqueConsecutiveBackward0",
    method=False,
    quiet=True,
    outputs=3,
    input=_refusing("unique_consecutive"),
)
def unique_runs(input: Array, dim: int | None) -> Any:
    """Return the first of each run of equals, with inverse and counts."""
    array = input.reshape(-1) if dim is None else input
    place = 0 if dim is None else _check.dim(dim, input.ndim)
    if not array.size:
        shape = input.shape if dim is None else (array.shape[place],)
        return array.copy(), np.zeros(shape, np.int64), np.zeros(0, np.int64)
    rows = np.moveaxis(array, place, 0).reshape(array.shape[place], -1)
    starts = np.concatenate([[True], (rows[1:] != rows[:-1]).any(axis=1)])
    first = np.flatnonzero(starts)
    inverse = np.cumsum(starts) - 1
    counts = np.diff(np.append(first, rows.shape[0]))
    shaped = inverse.reshape(input.shape) if dim is None else inverse
    return np.take(array, first, axis=place), shaped, counts


def unique_consecutive(
    input: Tensor,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Return the first of each run of equal elements, or of equal slices along a dimension.

    Args:
        input: a tensor.
        return_inverse: also say in which run each element is.
        return_counts: also say how long each run is.
        dim: compare whole slices along this dimension.

    Example:
        >>> import penlight as torch
        >>> torch.unique_consecutive(torch.tensor([1, 1, 3, 1]))
        tensor([1, 3, 1])
    """
    return _asked_for(unique_runs(input, dim), return_inverse, return_counts)


# ---- counting and searching ----------------------------------------------------------------------


@op("bincount", quiet=True)
def bincount(input: Array, weights: Array | None = None, minlength: int = 0) -> Array:
    """Count how often each number from 0 comes, or add up the weights of each.

    Args:
        input: a vector of integers, none negative.
        weights: one for each element.
        minlength: the least length of the result.

    Raises:
        RuntimeError: the input is no vector or holds a negative number, or lengths differ.

    Example:
        >>> import penlight as torch
        >>> torch.bincount(torch.tensor([0, 2, 2]))
        tensor([1, 0, 2])
    """
    if input.dtype.kind not in "iu":
        msg = f"\"bincount_cpu\" not implemented for '{_check.scalar_type(input)}'"
        raise NotImplementedError(msg)
    if input.ndim != 1 or (input.size and input.min() < 0):
        msg = "bincount only supports 1-d non-negative integral inputs."
        raise RuntimeError(msg)
    if minlength < 0:
        msg = "minlength should be >= 0"
        raise RuntimeError(msg)
    if weights is not None and weights.shape != input.shape:
        msg = "weights should be 1-d and have the same length as input"
        raise RuntimeError(msg)
    counts = np.bincount(input, None if weights is None else weights.astype(np.float64), minlength)
    if weights is None:
        return counts.astype(np.int64, copy=False)
    return counts.astype(np.float32 if weights.dtype == np.float32 else np.float64, copy=False)


@op("histc", quiet=True, out=True)
def histc(input: Array, bins: int = 100, min: float = 0, max: float = 0) -> Array:
    """Count the elements in equal intervals between ``min`` and ``max``.

    Args:
        input: a floating tensor.
        bins: how many intervals.
        min: where the first begins; with ``max`` equal, the range of the elements counts.
        max: where the last ends; what lies outside is not counted.

    Raises:
        RuntimeError: there are no intervals, or the range is not finite.

    Example:
        >>> import penlight as torch
        >>> torch.histc(torch.tensor([1.0, 1.0, 2.0]), 2)
        tensor([2., 1.])
    """
    if input.dtype.kind in "biu":
        msg = f"\"histogram_cpu\" not implemented for '{_check.scalar_type(input)}'"
        raise NotImplementedError(msg)
    if bins <= 0:
        msg = f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0"
        raise RuntimeError(msg)
    low, high = float(min), float(max)
    if low == high and input.size:
        low, high = float(input.min()), float(input.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        msg = f"torch.histc: range of [{low}, {high}] is not finite"
        raise RuntimeError(msg)
    if low > high:
        msg = "torch.histc: max must be larger than min"
        raise RuntimeError(msg)
    if low == high:
        low, high = low - 1, high + 1
    values = input[(input >= low) & (input <= high)].astype(np.float64)
    places = np.minimum(((values - low) / (high - low) * bins).astype(np.int64), bins - 1)
    return np.bincount(places, minlength=bins).astype(input.dtype)


def _side(right: bool, side: str | None) -> str:
    if side not in {None, "left", "right"}:
        msg = f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}"
        raise RuntimeError(msg)
    if side == "left" and right:
        msg = (
            "torch.searchsorted(): side and right can't be set to opposites, got side of left "
            "while right was True"
        )
        raise RuntimeError(msg)
    return "right" if right or side == "right" else "left"


@op("_searchsorted", method=False, quiet=True)
def search(sequence: Array, values: Array | Number, side: Any, out_int32: bool) -> Array:
    """Return where values would go in sorted rows."""
    wanted = np.asarray(values)
    if sequence.ndim == 1 or not wanted.ndim:
        found = np.searchsorted(sequence.reshape(-1), wanted, side)
    else:
        found = np.empty(wanted.shape, np.int64)
        for place in np.ndindex(wanted.shape[:-1]):
            found[place] = np.searchsorted(sequence[place], wanted[place], side)
    return np.asarray(found).astype(np.int32 if out_int32 else np.int64)


def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return where values would go in sorted rows so that they stay sorted.

    Args:
        sorted_sequence: one sorted vector for all values, or one row for each row of ``input``.
        input: the values: a tensor, or a number.
        out_int32: give int32 instead of int64.
        right: go after equals, not before them.
        side: ``"left"`` or ``"right"``, instead of ``right``.
        sorter: the order that sorts ``sorted_sequence``, which then need not be sorted.
        out: where to write the result.

    Raises:
        RuntimeError: the rows do not match.

    Example:
        >>> import penlight as torch
        >>> torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([3, 4]))
        tensor([1, 2])
    """
    rows, side = sorted_sequence, _side(right, side)
    shape = rows._array.shape
    if isinstance(input, Tensor) and len(shape) != 1 and shape[:-1] != input._array.shape[:-1]:
        msg = (
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
            "dimensions of boundaries tensor and input value tensor must match, but we got "
            f"boundaries tensor {list(shape)} and input value tensor {list(input.shape)}"
        )
        raise RuntimeError(msg)
    if sorter is not None:
        rows = rows.gather(-1, sorter)
    result: Tensor = search(rows, input, side, out_int32)
    return written(out, result)


def bucketize(
    input: Any,
    boundaries: Tensor,
    *,
    out_int32: bool = False,
    right: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Return the number of the interval between ``boundaries`` that each value lies in.

    Args:
        input: the values: a tensor, or a number.
        boundaries: a sorted vector.
        out_int32: give int32 instead of int64.
        right: intervals include their left end, not their right one.
        out: where to write the result.

    Example:
        >>> import penlight as torch
        >>> torch.bucketize(torch.tensor([0, 3, 9]), torch.tensor([1, 3, 5]))
        tensor([0, 1, 3])
    """
    if boundaries._array.ndim != 1:
        msg = f"boundaries tensor must be 1 dimension, but got dim({boundaries._array.ndim})"
        raise RuntimeError(msg)
    return searchsorted(boundaries, input, out_int32=out_int32, right=right, out=out)


def isin(
    elements: Any = None,
    test_elements: Any = None,
    *,
    element: Any = None,
    test_element: Any = None,
    assume_unique: bool = False,
    invert: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Say of each element whether it is among ``test_elements``.

    Args:
        elements: a tensor or a number.
        test_elements: a tensor or a number.
        element: a number instead of ``elements``, by torch's name.
        test_element: a number instead of ``test_elements``, by torch's name.
        assume_unique: accepted; changes nothing.
        invert: say whether it is not.
        out: where to write the result.

    Example:
        >>> import penlight as torch
        >>> torch.isin(torch.tensor([1, 2, 3]), torch.tensor([2, 3]))
        tensor([False,  True,  True])
    """
    elements = _check.only_one("isin", elements=elements, element=element)
    test_elements = _check.only_one("isin", test_elements=test_elements, test_element=test_element)
    given = [item for item in (elements, test_elements) if isinstance(item, Tensor)]
    if not given:
        msg = (
            "isin(): argument 'elements' (position 1) must be Tensor, not "
            + type(elements).__name__
        )
        raise TypeError(msg)
    arrays = [
        item._array if isinstance(item, Tensor) else np.asarray(item)
        for item in (elements, test_elements)
    ]
    if len(given) == 2:
        kind = promote_types(*(FROM_NUMPY[array.dtype] for array in arrays)).numpy
        arrays = [array.astype(kind, copy=False) for array in arrays]
    found = np.isin(arrays[0], arrays[1], invert=invert)
    return written(out, wrap(np.asarray(found)))


for _function in (unique, unique_consecutive):
    attach(_function)
