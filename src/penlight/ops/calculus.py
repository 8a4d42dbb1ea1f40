"""Integrals and slopes of sampled functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from . import _check
from ._op import op
from .cumulative import cumsum
from .join import cat
from .reduction import sum as sum_of
from .view import narrow, select, slice_dim

__all__ = ["cumulative_trapezoid", "gradient", "trapezoid", "trapz"]

# ---- integrals -----------------------------------------------------------------------------------


def _steps(function: str, y: Tensor, x: Tensor, dim: int) -> Tensor:
    """Return the distances between the points that a function was sampled at."""
    if "b" in {y._array.dtype.kind, x._array.dtype.kind}:
        msg = f"{function}: received a bool input for `x` or `y`, but bool is not supported"
        raise RuntimeError(msg)
    count = y._array.shape[dim]
    if x._array.ndim == 1:
        if x._array.shape[0] != count:
            msg = (
                f"{function}: There must be one `x` value for each sample point, but got "
                f"{x._array.shape[0]} for {count}"
            )
            raise RuntimeError(msg)
        shape = [1] * y._array.ndim
        shape[dim] = count
        x = x.view(shape)
    elif x._array.ndim < y._array.ndim:
        x = x.view((1,) * (y._array.ndim - x._array.ndim) + x._array.shape)
    return _later(x, dim) - _earlier(x, dim)


def _later(values: Tensor, dim: int) -> Tensor:
    length = values._array.shape[dim]
    part: Tensor = slice_dim(values, dim, min(1, length), length, 1)
    return part


def _earlier(values: Tensor, dim: int) -> Tensor:
    part: Tensor = slice_dim(values, dim, 0, max(values._array.shape[dim] - 1, 0), 1)
    return part


@op(
    "_times_number",
    node="MulBackward1",
    method=False,
    input=lambda grad, factor: _times_number(grad, factor),
)
def _times_number(input: Array, factor: Any) -> Array:
    return np.multiply(input, factor).astype(input.dtype, copy=False)


@op(
    "_over_number",
    node="DivBackward1",
    method=False,
    input=lambda grad, divisor: _over_number(grad, divisor),
)
def _over_number(input: Array, divisor: Any) -> Array:
    return np.true_divide(input, divisor).astype(input.dtype, copy=False)


def _times(values: Tensor, factor: Any) -> Tensor:
    """Multiply by a number; torch prints another node where its own code does."""
    out: Tensor = _times_number(values, factor) if values.is_floating_point() else values * factor
    return out


def _over(values: Tensor, divisor: Any) -> Tensor:
    """Divide by a number, as :func:`_times`."""
    out: Tensor = _over_number(values, divisor) if values.is_floating_point() else values / divisor
    return out


def _check_samples(function: str, y: Tensor, dim: int) -> int:
    if y._array.dtype.kind == "b":
        msg = f"{function}: received a bool input for `y`, but bool is not supported"
        raise RuntimeError(msg)
    return _check.dim(dim, y._array.ndim)


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Tensor:
    """Return the integral of a function that is linear between the samples ``y``.

    Args:
        y: the samples.
        x: the points they were taken at: a vector, or of the shape of ``y``.
        dx: the distance of neighbours when ``x`` is not given.
        dim: the dimension along which the samples follow one another.

    Raises:
        RuntimeError: there is not one point for each sample, or a tensor is bool.

    Example:
        >>> import penlight as torch
        >>> torch.trapezoid(torch.tensor([1.0, 5.0, 10.0]))
        tensor(10.5000)
    """
    place = _check_samples("trapezoid", y, dim)
    if not y._array.shape[place]:
        empty: Tensor = y.new_zeros((*y._array.shape[:place], *y._array.shape[place + 1 :]))
        return empty
    if x is not None:
        steps = _steps("trapezoid", y, x, place)
        return _over(((_earlier(y, place) + _later(y, place)) * steps).sum(place), 2.0)
    ends = _times(select(y, place, 0) + select(y, place, -1), 0.5)
    return _times(sum_of(y, place) - ends, dx)


def trapz(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Tensor:
    """Return the integral of a function that is linear between samples, as :func:`trapezoid`.

    Example:
        >>> import penlight as torch
        >>> torch.trapz(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 2.0]))
        tensor(3.)
    """
    return trapezoid(y, x, dx=dx, dim=dim)


def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1
) -> Tensor:
    """Return the integrals up to each sample from the second on; arguments as for `trapezoid`.

    Raises:
        RuntimeError: there is not one point for each sample, or a tensor is bool.

    Example:
        >>> import penlight as torch
        >>> torch.cumulative_trapezoid(torch.tensor([1.0, 5.0, 10.0]))
        tensor([ 3.0000, 10.5000])
    """
    place = _check_samples("cumulative_trapezoid", y, dim)
    if x is None:
        return cumsum(_times(_earlier(y, place) + _later(y, place), dx / 2.0), place)
    steps = _steps("cumulative_trapezoid", y, x, place)
    return _over(cumsum((_earlier(y, place) + _later(y, place)) * steps, place), 2.0)


# ---- slopes --------------------------------------------------------------------------------------


def _spacings(spacing: Any, count: int) -> list[Any]:
    """Return the spacing along each dimension: a number, or the coordinates."""
    if spacing is None:
        return [1] * count
    if isinstance(spacing, (list, tuple)):
        if len(spacing) != count:
            msg = (
                "torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
                f"equal to 'self.dim() = {count}', but got {len(spacing)} values"
            )
            raise RuntimeError(msg)
        return list(spacing)
    return [spacing] * count


def _gradient_dims(ndim: int, dim: Any, spacing: Any) -> tuple[int, ...]:
    if dim is not None:
        return _check.dims((dim,) if isinstance(dim, int) else tuple(dim), ndim)
    if isinstance(spacing, (list, tuple)) and len(spacing) == 1 < ndim:
        return (0,)
    return tuple(range(ndim))


def gradient(
    input: Tensor,
    *,
    spacing: Any = None,
    dim: Any = None,
    edge_order: int = 1,
) -> tuple[Tensor, ...]:
    """Return the slopes of a sampled function along dimensions, by central differences.

    Args:
        input: the samples.
        spacing: the distance of neighbours: a number, one for each dimension, or for each a
            vector of coordinates.
        dim: one dimension or several; all when not given.
        edge_order: 1 or 2: the order of the differences at the ends.

    Returns:
        A tensor of the shape of ``input`` for each dimension.

    Raises:
        RuntimeError: a dimension has fewer than ``edge_order + 1`` samples, or the spacings do not
            fit the dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.gradient(torch.tensor([1.0, 4.0, 9.0]))
        (tensor([3., 4., 5.]),)
    """
    dims = _gradient_dims(input._array.ndim, dim, spacing)
    if edge_order not in {1, 2}:
        msg = f"torch.gradient only supports edge_order=1 and edge_order=2, got {edge_order}."
        raise RuntimeError(msg)
    for place in dims:
        if input._array.shape[place] < edge_order + 1:
            msg = (
                "torch.gradient expected each dimension size to be at least edge_order+1, but "
                f"dimension {place} has {input._array.shape[place]}"
            )
            raise RuntimeError(msg)
    return tuple(
        _slopes_at(input, place, step, edge_order)
        if isinstance(step, Tensor)
        else _slopes(input, place, step, edge_order)
        for place, step in zip(dims, _spacings(spacing, len(dims)), strict=True)
    )


def _rows(values: Tensor, dim: int, *places: int) -> list[Tensor]:
    """Return single rows along a dimension, which they keep."""
    length = values._array.shape[dim]
    return [narrow(values, dim, place % length, 1) for place in places]


def _slopes(input: Tensor, dim: int, step: Any, edge_order: int) -> Tensor:
    """Return slopes where neighbours are equally far apart."""
    rest = input._array.shape[dim] - 2
    inner = (narrow(input, dim, 2, rest) - narrow(input, dim, 0, rest)) / 2.0
    if edge_order == 1:
        first, second, before, last = _rows(input, dim, 0, 1, -2, -1)
        start, end = second - first, last - before
    else:
        a, b, c = _rows(input, dim, 0, 1, 2)
        start = a * -1.5 + b * 2 + c * -0.5
        a, b, c = _rows(input, dim, -1, -2, -3)
        end = a * 1.5 + b * -2 + c * 0.5
    return cat([start / step, inner / step, end / step], dim)


def _slopes_at(input: Tensor, dim: int, points: Tensor, edge_order: int) -> Tensor:
    """Return slopes at coordinates, from the parabola through each point and its neighbours."""
    length = input._array.shape[dim]
    if points._array.ndim != 1 or points._array.shape[0] != length:
        msg = (
            "torch.gradient expected each element of `spacing` to have one dimension and one "
            f"coordinate for each of the {length} samples, but got {list(points.shape)}"
        )
        raise RuntimeError(msg)
    shape = [1] * input._array.ndim
    shape[dim] = length - 1
    steps = (_later(points, 0) - _earlier(points, 0)).reshape(shape)
    left, right = _earlier(steps, dim), _later(steps, dim)
    rest = length - 2
    outer_left, middle, outer_right = (narrow(input, dim, at, rest) for at in (0, 1, 2))
    inner = (
        outer_left * (-right / (left * (left + right)))
        + middle * ((right - left) / (left * right))
        + outer_right * (left / (right * (left + right)))
    )
    first, last = _rows(input, dim, 0, 1, 2), _rows(input, dim, -1, -2, -3)
    count = edge_order + 1
    start = _end_slope(first[:count], _rows(steps, dim, 0, 1), 1)
    end = _end_slope(last[:count], _rows(steps, dim, -1, -2), -1)
    return cat([start, inner, end], dim)


def _end_slope(values: Sequence[Tensor], steps: Sequence[Tensor], sign: int) -> Tensor:
    """Return the slope at the first of two or three points; ``sign`` is the way they lie."""
    near, far = steps
    if len(values) == 2:
        return (values[1] - values[0]) / near * sign
    return (
        values[0] * (-(near * 2 + far) / (near * (near + far)))
        + values[1] * ((near + far) / (near * far))
        + values[2] * (-near / (far * (near + far)))
    ) * sign
