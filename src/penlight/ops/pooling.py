"""Pooling: maxima and means over windows.

A window may reach into the padding, which is never the largest, and with ``ceil_mode`` beyond it.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from .._tensor import Array, wrap
from ._op import Saving, op
from ._reducing import wide
from ._windows import Sizes, Windows, form_for, last_dims, surrounded, three

__all__: list[str] = []


def _max_pool(input: Array, *numbers: Sizes) -> Saving:
    windows = Windows(*numbers)
    dims = len(windows.kernel)
    lead, kind = input.shape[:-dims], input.dtype
    single = np.ascontiguousarray(input, wide(kind))
    planes = single.reshape(-1, *three(input.shape[-dims:])) if single.size else single
    out = np.empty((math.prod(lead), *three(windows.out)), single.dtype)
    indices = np.empty(out.shape, np.int64)
    if out.size:
        form_for(single.dtype).max_pool(out, indices, planes, *windows.numbers())
    shape = (*lead, *windows.out)
    found, indices = out.astype(kind, copy=False).reshape(shape), indices.reshape(shape)
    return Saving((found, indices), indices=wrap(indices))


def pick(input: Any, indices: Any, dims: int) -> Any:
    """Return the elements of the last dimensions that flat indices name."""
    lead = tuple(indices.shape[:-dims])
    places = indices.reshape((*lead, math.prod(indices.shape[-dims:])))
    return input.reshape((*lead, -1)).gather(-1, places).reshape(tuple(indices.shape))


@op(
    "_max_pool_backward",
    node="MaxPool2DWithIndicesBackwardBackward0",
    method=False,
    quiet=True,
    input=lambda grad, indices, size: pick(grad, indices, len(size)),
)
def to_sources(input: Array, indices: Array, size: Sizes) -> Array:
    """Return the gradient of maxima: each to the element that was the largest."""
    dims = len(size)
    lead, kind = input.shape[:-dims], input.dtype
    single = np.ascontiguousarray(input, wide(kind))
    out = np.zeros((math.prod(lead), math.prod(size)), single.dtype)
    if single.size:
        flat = (single.reshape(len(out), -1), np.ascontiguousarray(indices).reshape(len(out), -1))
        form_for(single.dtype).max_pool_backward(out, *flat)
    return out.astype(kind, copy=False).reshape(*lead, *size)


def made_maxima(kind: str, dims: int, forward: Any, node: str | None = None) -> Any:
    """Return the op whose forward gives maxima over the last dimensions, and their places.

    Args:
        kind: the name, without dimensions.
        dims: how many dimensions there are.
        forward: returns both, and saves ``indices``.
        node: the printed name of the node, where it is not that of torch's other poolings.
    """
    return op(
        f"_{kind}{dims}d",
        node=node or f"{kind.title().replace('_', '')}{dims}DBackward0",
        method=False,
        quiet=True,
        outputs=2,
        saves=("indices",),
        input=lambda grads, indices, input_shape: to_sources(
            grads[0], indices, tuple(input_shape[-dims:])
        ),
    )(forward)


def _max_pool_of(
    input: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, out: Sizes
) -> Saving:
    """Return the largest of each window, and where it stands in the flat input."""
    return _max_pool(input, kernel, stride, padding, dilation, out)


MAX_POOLS = {
    dims: made_maxima("max_pool", dims, _max_pool_of, f"MaxPool{dims}DWithIndicesBackward0")
    for dims in (2, 3)
}
"""By the number of spatial dimensions; one dimension is two of which the first has one element."""


# ---- means --------------------------------------------------------------------------------------


def _counts(windows: Windows, size: Sizes, inside: bool, kind: Any) -> Array:
    """Return by how many elements each window's sum is divided, shape (*out)."""
    total: Array = np.ones((), kind)
    for k, s, p, _, out, n in zip(*windows, size, strict=True):
        begin = np.arange(out) * s - p
        end = np.minimum(begin + k, n + p)
        if inside:
            begin, end = begin.clip(0), end.clip(None, n)
        total = total[..., None] * (end - begin).astype(kind)
    return total


def _windows_of_means(kernel: Sizes, stride: Sizes, padding: Sizes, out: Sizes) -> Windows:
    return Windows(kernel, stride, padding, (1,) * len(kernel), out)


def _divisors(windows: Windows, size: Sizes, inside: bool, divisor: int | None, kind: Any) -> Any:
    return kind(divisor) if divisor is not None else _counts(windows, size, inside, kind)


def _avg_pool_of(
    input: Array,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    out: Sizes,
    inside: bool,
    divisor: int | None,
) -> Array:
    """Return the mean of each window: of all its elements, or of those inside the input."""
    windows = _windows_of_means(kernel, stride, padding, out)
    size = input.shape[-len(kernel) :]
    kind = wide(input.dtype).type
    around, _ = surrounded(input.astype(kind, copy=False), windows)
    total = np.zeros((*input.shape[: -len(kernel)], *out), kind)
    for place in windows.places():
        total += around[last_dims(place)]
    counts = _divisors(windows, size, inside, divisor, kind)
    if total.dtype.kind == "i":  # torch: whole numbers are cut towards zero
        cut = np.sign(total) * np.sign(counts) * (np.abs(total) // np.abs(counts))
        return cut.astype(input.dtype, copy=False)
    total /= counts
    return total.astype(input.dtype, copy=False)


def _avg_pool_adjoint(
    input: Array,
    size: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    inside: bool,
    divisor: int | None,
) -> Array:
    """Spread each mean over the elements of its window."""
    out = input.shape[-len(kernel) :]
    windows = _windows_of_means(kernel, stride, padding, out)
    kind = wide(input.dtype).type
    shares = input.astype(kind, copy=False) / _divisors(windows, size, inside, divisor, kind)
    empty = np.zeros((*input.shape[: -len(kernel)], *size), kind)
    around, inner = surrounded(empty, windows)
    for place in windows.places():
        around[last_dims(place)] += shares
    return np.ascontiguousarray(around[last_dims(inner)]).astype(input.dtype, copy=False)


def _made_avg_pool(dims: int) -> tuple[Any, Any]:
    def back(grad: Any, input_shape: Any, *numbers: Any) -> Any:
        kernel, stride, padding, inside, divisor = numbers
        size = tuple(input_shape[-dims:])
        return adjoint(grad, size, kernel, stride, padding, inside, divisor)

    forward = op(
        f"_avg_pool{dims}d",
        node=f"AvgPool{dims}DBackward0",
        method=False,
        quiet=True,
        input=lambda grad, input_shape, kernel, stride, padding, inside, divisor: back(
            grad, input_shape, kernel, stride, padding, inside, divisor
        ),
    )(_avg_pool_of)
    adjoint = op(
        f"_avg_pool{dims}d_backward",
        node=f"AvgPool{dims}DBackwardBackward0",
        method=False,
        quiet=True,
        input=lambda grad, input_shape, kernel, stride, padding, inside, divisor: forward(
            grad, kernel, stride, padding, tuple(input_shape[-dims:]), inside, divisor
        ),
    )(_avg_pool_adjoint)
    return forward, adjoint


AVG_POOLS = {dims: _made_avg_pool(dims)[0] for dims in (2, 3)}
"""By the number of spatial dimensions, as :data:`MAX_POOLS`."""


# ---- as many windows as are asked for ------------------------------------------------------------


def _spans(size: int, out: int) -> list[slice]:
    """Return the parts into which torch cuts a dimension; they overlap where it must."""
    return [slice(at * size // out, -(-(at + 1) * size // out)) for at in range(out)]


def _adaptive_avg_pool_of(input: Array, out: Sizes) -> Array:
    """Return the means of parts of the last dimensions."""
    found = input.astype(wide(input.dtype), copy=False)
    for dim, count in enumerate(out, input.ndim - len(out)):
        spans = _spans(input.shape[dim], count)
        parts = [
            np.take(found, range(span.start, span.stop), axis=dim).mean(axis=dim, keepdims=True)
            for span in spans
        ]
        empty = (*found.shape[:dim], 0, *found.shape[dim + 1 :])
        found = np.concatenate(parts, axis=dim) if parts else np.zeros(empty, found.dtype)
    return np.ascontiguousarray(found).astype(input.dtype, copy=False)


def _adaptive_avg_pool_adjoint(input: Array, size: Sizes) -> Array:
    """Spread each mean over the elements of its part."""
    found = input.astype(wide(input.dtype), copy=False)
    for dim, length in enumerate(size, input.ndim - len(size)):
        spread = np.zeros((*found.shape[:dim], length, *found.shape[dim + 1 :]), found.dtype)
        along, parts = np.moveaxis(spread, dim, 0), np.moveaxis(found, dim, 0)
        for part, span in zip(parts, _spans(length, found.shape[dim]), strict=True):
            along[span] += part / found.dtype.type(span.stop - span.start)
        found = spread
    return found.astype(input.dtype, copy=False)


def _made_adaptive_avg_pool(dims: int) -> tuple[Any, Any]:
    forward = op(
        f"_adaptive_avg_pool{dims}d",
        node=f"AdaptiveAvgPool{dims}DBackward0",
        method=False,
        quiet=True,
        input=lambda grad, input_shape: adjoint(grad, tuple(input_shape[-dims:])),
    )(_adaptive_avg_pool_of)
    adjoint = op(
        f"_adaptive_avg_pool{dims}d_backward",
        node=f"AdaptiveAvgPool{dims}DBackwardBackward0",
        method=False,
        quiet=True,
        input=lambda grad, input_shape: forward(grad, tuple(input_shape[-dims:])),
    )(_adaptive_avg_pool_adjoint)
    return forward, adjoint


ADAPTIVE_AVG_POOLS = {dims: _made_adaptive_avg_pool(dims)[0] for dims in (2, 3)}
"""By the number of spatial dimensions."""


def _adaptive_max_pool_of(input: Array, out: Sizes) -> Saving:
    """Return the largest of parts of the last dimensions, and where it stands."""
    dims = len(out)
    size, lead = input.shape[-dims:], input.shape[:-dims]
    found = np.empty((*lead, *out), input.dtype)
    indices = np.empty((*lead, *out), np.int64)
    places = np.arange(math.prod(size)).reshape(size)
    spans = [_spans(n, count) for n, count in zip(size, out, strict=True)]
    for at in itertools.product(*map(range, out)):
        part: Any = tuple(span[i] for span, i in zip(spans, at, strict=True))
        values = input[last_dims(part)].reshape(*lead, math.prod(s.stop - s.start for s in part))
        chosen = values.argmax(axis=-1)
        found[last_dims(at)] = np.take_along_axis(values, chosen[..., None], -1)[..., 0]
        indices[last_dims(at)] = places[part].reshape(-1)[chosen]
    return Saving((found, indices), indices=wrap(indices))


ADAPTIVE_MAX_POOLS = {
    dims: made_maxima("adaptive_max_pool", dims, _adaptive_max_pool_of) for dims in (2, 3)
}
"""By the number of spatial dimensions."""
