"""Sorting and what rests on it: sort, topk, kthvalue, unique, histograms, searching."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array, Tensor, wrap
from . import _check
from ._op import Saving, attach, op
from ._results import named_result, written

__all__ = [
    "argsort",
    "kthvalue",
    "msort",
    "sort",
    "topk",
]


# ---- order ---------------------------------------------------------------------------------------


def _comparable(array: Array) -> Array:
    """Return values that NumPy sorts with NaN last; it does not know bfloat16."""
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def _order(array: Array, place: int, *, descending: bool) -> Array:
    """Return a stable order; NaN counts as largest, and equals keep their order both ways."""
    array = _comparable(array)
    if not descending:
        return np.argsort(array, axis=place, kind="stable")
    backwards = np.argsort(np.flip(array, place), axis=place, kind="stable")
    return array.shape[place] - 1 - np.flip(backwards, place)


def _to_places(grad: Any, dim: int, indices: Any, input_shape: tuple[int, ...]) -> Any:
    """Return zeros with the gradient at the chosen places."""
    return grad.new_zeros(input_shape).scatter(dim, indices, grad) if input_shape else grad


def _taken(input: Array, order: Array, place: int) -> Saving:
    order = np.ascontiguousarray(order)
    return Saving((np.take_along_axis(input, order, place), order), indices=wrap(order))


def _alone(input: Array) -> Saving:
    """Return the result for a number: itself at 0."""
    indices = np.zeros((), np.int64)
    return Saving((input.copy(), indices), indices=wrap(indices))


def _sorted(input: Array, dim: int, descending: bool) -> Saving:
    place = _check.dim(dim, input.ndim)
    if not input.ndim:
        return _alone(input)
    return _taken(input, _order(input, place, descending=descending), place)


_sort_result = named_result("sort", "values", "indices")


@op(
    "_sort",
    node="SortBackward0",
    method=False,
    quiet=True,
    outputs=2,
    saves=("indices",),
    result=_sort_result,
    input=_to_places,
)
def sort_dim(input: Array, dim: int, descending: bool) -> Any:
    """Return the elements in order along a dimension, and where they were."""
    return _sorted(input, dim, descending)


@op(
    "_sort_stable",
    node="SortBackward1",
    method=False,
    quiet=True,
    outputs=2,
    saves=("indices",),
    result=_sort_result,
    input=_to_places,
)
def sort_stable(input: Array, dim: int, descending: bool) -> Any:
    """Return the elements in order; torch prints a node of its own when asked for stability."""
    return _sorted(input, dim, descending)


def sort(
    input: Tensor,
    dim: int = -1,
    descending: bool = False,
    stable: bool | None = None,
    *,
    out: Any = None,
) -> Any:
    """Sort along a dimension.

    Args:
        input: a tensor.
        dim: the dimension.
        descending: the largest first.
        stable: equals keep their order; they always do.
        out: a pair to write the result to.

    Returns:
        A named pair ``(values, indices)``.

    Example:
        >>> import penlight as torch
        >>> torch.sort(torch.tensor([3, 1, 2]))
        torch.return_types.sort(
        values=tensor([1, 2, 3]),
        indices=tensor([1, 2, 0]))
    """
    record = sort_dim if stable is None else sort_stable
    result = record(input, dim, bool(descending))
    return written(out, result)


@op("argsort", quiet=True, out=True)
def argsort(
    input: Array, dim: int = -1, descending: bool = False, *, stable: bool = False
) -> Array:
    """Return where the elements in order are; arguments as for :func:`sort`.

    Example:
        >>> import penlight as torch
        >>> torch.argsort(torch.tensor([3, 1, 2]))
        tensor([1, 2, 0])
    """
    place = _check.dim(dim, input.ndim)
    if not input.ndim:
        return np.zeros((), np.int64)
    return np.ascontiguousarray(_order(input, place, descending=descending))


def msort(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Sort along the first dimension.

    Example:
        >>> import penlight as torch
        >>> torch.msort(torch.tensor([3, 1, 2]))
        tensor([1, 2, 3])
    """
    result: Tensor = sort(input, 0)[0]
    return written(out, result)


@op(
    "topk",
    quiet=True,
    out=True,
    outputs=2,
    saves=("indices",),
    result=named_result("topk", "values", "indices"),
    input=_to_places,
)
def topk(input: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """Return the ``k`` largest elements along a dimension, largest first, and where they are.

    Args:
        input: a tensor.
        k: how many.
        dim: the dimension.
        largest: the largest, or else the smallest.
        sorted: accepted; the result is in order anyway.

    Returns:
        A named pair ``(values, indices)``.

    Raises:
        RuntimeError: there are fewer than ``k``.

    Example:
        >>> import penlight as torch
        >>> torch.topk(torch.tensor([3, 1, 2]), 2)
        torch.return_types.topk(
        values=tensor([3, 2]),
        indices=tensor([0, 2]))
    """
    if input.dtype.kind == "b":
        msg = "topk does not support bool dtypes on CPU"
        raise RuntimeError(msg)
    place = _check.dim(dim, input.ndim)
    length = input.shape[place] if input.ndim else 1
    if not 0 <= k <= length:
        msg = f"selected index k out of range: k={k}, but dimension {place} has size {length}"
        raise RuntimeError(msg)
    if not input.ndim:
        return _alone(input)
    before = (slice(None),) * place
    # A partition is worth its overhead where few of many are wanted.
    if 0 < 8 * k < length:
        part = np.argpartition(_comparable(input), length - k if largest else k - 1, axis=place)
        part = part[(*before, slice(length - k, None) if largest else slice(k))]
        part = np.sort(part, axis=place)
        ranks = _order(np.take_along_axis(input, part, place), place, descending=largest)
        return _taken(input, np.take_along_axis(part, ranks, place), place)
    return _taken(input, _order(input, place, descending=largest)[(*before, slice(k))], place)


def _to_place(
    grad: Any, dim: int, keepdim: bool, indices: Any, input_shape: tuple[int, ...]
) -> Any:
    if not keepdim and input_shape:
        grad, indices = grad.unsqueeze(dim), indices.unsqueeze(dim)
    return _to_places(grad, dim, indices, input_shape)


@op(
    "kthvalue",
    quiet=True,
    out=True,
    outputs=2,
    saves=("indices",),
    result=named_result("kthvalue", "values", "indices"),
    input=_to_place,
)
def kthvalue(input: Array, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """Return the ``k``-th smallest element along a dimension, counted from 1, and where it is.

    Raises:
        RuntimeError: there are fewer than ``k``, or ``k`` is not positive.

    Example:
        >>> import penlight as torch
        >>> torch.kthvalue(torch.tensor([3, 1, 2]), 2)
        torch.return_types.kthvalue(
        values=tensor(2),
        indices=tensor(2))
    """
    place = _check.dim(dim, input.ndim)
    length = input.shape[place] if input.ndim else 1
    if not 0 < k <= length:
        msg = (
            f"kthvalue(): selected number k out of range for dimension {place}: "
            f"k={k}, but it has size {length}"
        )
        raise RuntimeError(msg)
    if not input.ndim:
        return _alone(input)
    order = np.take(_order(input, place, descending=False), [k - 1], axis=place)
    values = np.take_along_axis(input, order, place)
    if not keepdim:
        values, order = values.squeeze(place), order.squeeze(place)
    return Saving((values, order), indices=wrap(order))


for _function in (sort, msort):
    attach(_function)
