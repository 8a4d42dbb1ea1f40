"""Quantiles, the commonest element, and histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Array, Tensor, wrap
from . import _check
from ._op import attach, contiguous, op
from ._results import named_result, written
from .extremes import at_chosen, nonempty, saving_indices
from .gathering import gather
from .inplace_views import squeeze_, transpose_, unsqueeze_
from .sorting import sort
from .ternary import lerp_

__all__ = ["histogram", "histogramdd", "mode", "nanquantile", "quantile"]

# ---- the commonest element -----------------------------------------------------------------------


def _commonest(values: Array, order: Array) -> tuple[Array, Array]:
    """Return the commonest of each sorted row, the smallest of several, and where its last is."""
    length = values.shape[-1]
    count = np.arange(length)
    ends = np.ones(values.shape, bool)
    ends[..., :-1] = values[..., 1:] != values[..., :-1]
    before = np.full(values.shape, -1)
    before[..., 1:] = np.where(ends, count, -1)[..., :-1]
    runs = np.where(ends, count - np.maximum.accumulate(before, axis=-1), 0)
    best = runs.argmax(axis=-1)[..., None]
    return np.take_along_axis(values, best, -1), np.take_along_axis(order, best, -1)


@op(
    "mode",
    out=True,
    quiet=True,
    outputs=2,
    saves=("indices",),
    result=named_result("mode", "values", "indices"),
    input=at_chosen,
)
def mode(input: Array, dim: int = -1, keepdim: bool = False) -> Any:
    """Return the commonest elements along a dimension, and where they are.

    Args:
        input: a tensor.
        dim: the dimension.
        keepdim: keep the dimension with length 1.

    Returns:
        A named pair ``(values, indices)``. Of several that are equally common the smallest is
        taken; ``indices`` names one of its places, the last in rows of up to 16.

    Raises:
        IndexError: the dimension is out of range, or has no elements.

    Example:
        >>> import penlight as torch
        >>> torch.mode(torch.tensor([3, 1, 3, 1, 2]))
        torch.return_types.mode(
        values=tensor(1),
        indices=tensor(3))
    """
    nonempty("mode", input, dim)
    place = _check.dim(dim, input.ndim)
    if not input.ndim:
        return saving_indices((input.copy(), np.zeros((), np.int64)))
    rows = np.moveaxis(input, place, -1)
    keys = rows.astype(np.float32) if rows.dtype.kind == "V" else rows
    order = np.argsort(keys, axis=-1, kind="stable")
    found = _commonest(np.take_along_axis(rows, order, -1), order)
    values, indices = (np.moveaxis(part, -1, place) for part in found)
    if not keepdim:
        values, indices = values.squeeze(place), indices.squeeze(place)
    return saving_indices((contiguous(values), contiguous(indices)))


# ---- quantiles -----------------------------------------------------------------------------------

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _check_quantile(function: str, input: Tensor, q: Any, interpolation: str) -> Tensor:
    """Return ``q`` as a tensor, refusing what torch refuses."""
    if not input._array.size:
        msg = f"{function}() input tensor must be non-empty"
        raise RuntimeError(msg)
    if input._array.dtype not in {np.dtype(np.float32), np.dtype(np.float64)}:
        msg = f"{function}() input tensor must be either float or double dtype, got {input.dtype}"
        raise RuntimeError(msg)
    if interpolation not in _INTERPOLATIONS:
        msg = (
            f"{function}() interpolation must be one of linear, lower, higher, midpoint or "
            f"nearest, but got {interpolation}"
        )
        raise RuntimeError(msg)
    if not isinstance(q, Tensor):
        if not 0 <= q <= 1:
            msg = f"{function}() q must be in the range [0, 1] but got {q}"
            raise RuntimeError(msg)
        return wrap(np.asarray(q, input._array.dtype))
    if q._array.ndim > 1:
        msg = f"{function}() q must be a scalar or 1D tensor, but got {q._array.ndim} dimensions"
        raise RuntimeError(msg)
    if q._array.dtype != input._array.dtype:
        msg = f"{function}() q tensor must be same dtype as the input tensor, got {q.dtype}"
        raise RuntimeError(msg)
    if not ((q._array >= 0) & (q._array <= 1)).all():
        msg = f"{function}() q values must be in the range [0, 1], got {q._array.tolist()}"
        raise RuntimeError(msg)
    return q


def _ranks(ordered: Tensor, q: Tensor, *, skip: bool) -> Tensor:
    """Return between which elements of sorted rows each quantile lies, as numbers with a rest."""
    last = ordered._array.shape[-1] - 1
    nans = ordered.isnan()
    if not skip:
        # torch: where there is a NaN, the quantile is the last element, which is one.
        ranks: Tensor = (q * last).masked_fill(nans.any(-1, True), last)
        return ranks
    known = q * (nans.logical_not().sum(-1, True) - 1)
    inside: Tensor = known.masked_fill(known < 0, 0)
    return inside


_WHOLE = {"lower": "floor", "higher": "ceil", "nearest": "round"}


def _along_last(ordered: Tensor, q: Tensor, interpolation: str, *, skip: bool) -> Tensor:
    ranks = _ranks(ordered, q, skip=skip)
    if interpolation in _WHOLE:
        ranks = getattr(ranks, _WHOLE[interpolation])()
    below = ranks.long()
    values: Tensor = gather(ordered, -1, below)
    if interpolation in _WHOLE:
        return values
    weights = ranks - below
    if interpolation == "midpoint":
        weights = weights.new_full(weights._array.shape, 0.5)
    above = gather(ordered, -1, ranks.ceil().long())
    return lerp_(values, above, weights)


def _quantile(
    function: str,
    input: Tensor,
    q: Any,
    options: tuple[int | None, bool, str],
    *,
    skip: bool,
) -> Tensor:
    dim, keepdim, interpolation = options
    wanted = _check_quantile(function, input, q, interpolation)
    ndim = input._array.ndim
    place = None if dim is None else _check.dim(dim, ndim)
    shape = (1,) * ndim if keepdim else ()
    if place is None or not ndim:
        ordered = sort(input.flatten())[0]
    else:
        shape = _reduced(input._array.shape, place, keepdim)
        last = place == ndim - 1
        ordered = sort(input if last else input.unsqueeze(-1).transpose(place, -1))[0]
    ordered = ordered.view((*shape, ordered._array.shape[-1]))
    found = _along_last(ordered, wanted.reshape(-1), interpolation, skip=skip)
    if wanted._array.ndim:
        found = transpose_(unsqueeze_(found, 0), 0, -1)
    return squeeze_(found, -1)


def _reduced(shape: tuple[int, ...], place: int, keepdim: bool) -> tuple[int, ...]:
    kept = (1,) if keepdim else ()
    return (*shape[:place], *kept, *shape[place + 1 :])


def quantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor:
    """Return the elements below which the parts ``q`` of all elements lie, along a dimension.

    Args:
        input: a tensor of float32 or float64; where it holds NaN, the quantile is NaN.
        q: a number in [0, 1], or a vector of such, which becomes the first dimension.
        dim: the dimension; all elements when not given.
        keepdim: keep the dimension with length 1.
        interpolation: what to give between two elements: ``"linear"``, ``"lower"``, ``"higher"``,
            ``"midpoint"`` or ``"nearest"``.
        out: where to write the result.

    Raises:
        RuntimeError: the tensor is empty or of another dtype, or ``q`` is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.quantile(torch.tensor([1.0, 2.0, 4.0]), 0.75)
        tensor(3.)
    """
    options = (dim, keepdim, interpolation)
    return written(out, _quantile("quantile", input, q, options, skip=False))


def nanquantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor:
    """Return the quantiles of what is not NaN; arguments as for :func:`quantile`.

    Example:
        >>> import penlight as torch
        >>> torch.nanquantile(torch.tensor([1.0, float("nan"), 3.0]), 0.5)
        tensor(2.)
    """
    options = (dim, keepdim, interpolation)
    return written(out, _quantile("nanquantile", input, q, options, skip=True))


for _function in (quantile, nanquantile):
    attach(_function)

# ---- histograms ----------------------------------------------------------------------------------


def _bounds(columns: Array, given: Sequence[float] | None) -> list[tuple[float, float]]:
    """Return where the bins of each column begin and end."""
    if given is not None:
        if len(given) != 2 * columns.shape[1]:
            msg = (
                f"torch.histogramdd: for a {columns.shape[1]}-dimensional histogram range should "
                f"have {2 * columns.shape[1]} elements, but got {len(given)}"
            )
            raise RuntimeError(msg)
        pairs = [
            (float(low), float(high)) for low, high in zip(given[::2], given[1::2], strict=True)
        ]
    elif len(columns):
        pairs = [(float(column.min()), float(column.max())) for column in columns.T]
    else:
        pairs = [(0.0, 1.0)] * columns.shape[1]
    for dim, (low, high) in enumerate(pairs):
        if not (math.isfinite(low) and math.isfinite(high)):
            msg = f"torch.histogramdd: dimension {dim}'s range [{low}, {high}] is not finite"
            raise RuntimeError(msg)
        if low > high:
            msg = (
                "torch.histogramdd: min should not exceed max, but got min "
                f"{low} max {high} for dimension {dim}"
            )
            raise RuntimeError(msg)
    return [(low - 0.5, high + 0.5) if low == high else (low, high) for low, high in pairs]


def _edges(columns: Array, bins: Sequence[Any], given: Any) -> list[Array]:
    """Return the edges of the bins of each column: given as such, or evenly spaced."""
    if all(isinstance(count, Tensor) for count in bins):
        for dim, edges in enumerate(bins):
            if edges._array.ndim != 1:
                msg = (
                    "torch.histogramdd(): bins tensor should have one dimension, but got "
                    f"{edges._array.ndim} dimensions in the bins tensor for dimension {dim}"
                )
                raise RuntimeError(msg)
        return [edges._array for edges in bins]
    for dim, count in enumerate(bins):
        if count <= 0:
            msg = f"torch.histogramdd(): bins must be > 0, but got {count} for dimension {dim}"
            raise RuntimeError(msg)
    from .creation import linspace  # noqa: PLC0415 - only for what is evenly spaced

    kind = wrap(columns).dtype
    return [
        linspace(low, high, count + 1, dtype=kind)._array
        for count, (low, high) in zip(bins, _bounds(columns, given), strict=True)
    ]


def _counted(columns: Array, edges: list[Array], weight: Array | None) -> Array:
    """Return how many rows, or how much weight, lies in each bin; the last ends are inside."""
    inside = np.ones(len(columns), bool)
    places = []
    for column, bounds in zip(columns.T, edges, strict=True):
        found = np.searchsorted(bounds, column, "right") - 1
        found[column == bounds[-1]] = len(bounds) - 2
        inside &= (found >= 0) & (found < len(bounds) - 1)
        places.append(found)
    shape = tuple(len(bounds) - 1 for bounds in edges)
    numbers = np.ravel_multi_index([found[inside] for found in places], shape)
    weights = None if weight is None else weight.reshape(-1)[inside].astype(np.float64)
    return np.bincount(numbers, weights, math.prod(shape)).reshape(shape).astype(columns.dtype)


def _histogram(
    input: Array, bins: Sequence[Any], given: Any, weight: Array | None, density: bool
) -> tuple[Array, list[Array]]:
    """Return the histogram of rows, and the edges of its bins."""
    if input.dtype not in {np.dtype(np.float32), np.dtype(np.float64)}:
        msg = f"\"histogramdd\" not implemented for '{_check.scalar_type(input)}'"
        raise NotImplementedError(msg)
    _check_weight(input, weight)
    columns = input.reshape(-1, input.shape[-1])
    if len(bins) != columns.shape[1]:
        msg = (
            f"torch.histogramdd(): expected {columns.shape[1]} sequences of bin edges for a "
            f"{columns.shape[1]}-dimensional histogram but got {len(bins)}"
        )
        raise RuntimeError(msg)
    edges = _edges(columns, bins, given)
    counts = _counted(columns, edges, weight)
    if density:
        counts = counts / counts.sum()
        for dim, bounds in enumerate(edges):
            shape = [1] * len(edges)
            shape[dim] = -1
            counts = counts / np.diff(bounds).reshape(shape)
    return counts.astype(input.dtype, copy=False), [bounds.copy() for bounds in edges]


def _check_weight(input: Array, weight: Array | None) -> None:
    if weight is None:
        return
    if weight.dtype != input.dtype:
        msg = (
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor "
            f"should have the same dtype, but got input {_check.scalar_type(input)}, and weight "
            f"{_check.scalar_type(weight)}"
        )
        raise RuntimeError(msg)
    if weight.shape != input.shape[:-1]:
        msg = (
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the "
            f"input tensor excluding its innermost dimension, but got input with shape "
            f"{list(input.shape)} and weight with shape {list(weight.shape)}"
        )
        raise RuntimeError(msg)


_pair = named_result("histogram", "hist", "bin_edges")
_several = named_result("histogramdd", "hist", "bin_edges")


def histogram(
    input: Tensor,
    bins: Any,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
    out: Any = None,
) -> Any:
    """Count the elements between edges, which are given or evenly spaced.

    Args:
        input: a tensor of float32 or float64.
        bins: how many bins, or a rising vector of their edges.
        range: where the first of that many bins begins and the last ends; from the smallest to
            the largest element when not given.
        weight: how much each element counts; 1 when not given.
        density: divide by the total and by the widths, so that the area is 1.
        out: a pair to write the result to.

    Returns:
        A named pair ``(hist, bin_edges)``. A bin includes its left end, the last one both.

    Raises:
        RuntimeError: there are no bins, or the range is not finite or not rising.

    Example:
        >>> import penlight as torch
        >>> torch.histogram(torch.tensor([1.0, 2.0, 1.0]), bins=2, range=(0.0, 3.0)).hist
        tensor([2., 1.])
    """
    weights = None if weight is None else weight._array.reshape(-1)
    flat = input._array.reshape(-1, 1)
    counts, (edges,) = _histogram(flat, [bins], range, weights, density)
    return written(out, _pair(wrap(counts), wrap(edges)))


def histogramdd(
    input: Tensor,
    bins: Any,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> Any:
    """Count rows in a grid of bins, one dimension for each column.

    Args:
        input: a tensor of float32 or float64; its last dimension holds the columns.
        bins: how many bins for every column, for each, or the edges of each.
        range: where the bins of each column begin and end, one after the other.
        weight: how much each row counts; 1 when not given.
        density: divide by the total and by the widths.

    Returns:
        A named pair ``(hist, bin_edges)`` of a tensor and a tuple of tensors.

    Raises:
        RuntimeError: the bins do not fit the columns, or a range is not finite or not rising.

    Example:
        >>> import penlight as torch
        >>> torch.histogramdd(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), bins=[2, 2]).hist
        tensor([[0., 1.],
                [1., 0.]])
    """
    array = input._array
    if array.ndim < 2:
        msg = f"torch.histogramdd(): expected input to have at least 2 dimensions, got {array.ndim}"
        raise RuntimeError(msg)
    each = [bins] * array.shape[-1] if isinstance(bins, int) else list(bins)
    weights = None if weight is None else weight._array
    counts, edges = _histogram(array, each, range, weights, density)
    return _several(wrap(counts), tuple(map(wrap, edges)))


def _histogram_method(
    self: Tensor,
    bins: Any,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> Any:
    """Count the tensor's elements between edges; see :func:`histogram`."""
    return histogram(self, bins, range=range, weight=weight, density=density)


attach(_histogram_method, "histogram")
