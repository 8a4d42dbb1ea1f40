"""Window functions of signal processing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY, dtype
from .._tensor import Array, Tensor
from . import _bessel
from ._creating import made, numpy_dtype_of

__all__ = [
    "bartlett_window",
    "blackman_window",
    "hamming_window",
    "hann_window",
    "kaiser_window",
]


def _window(
    name: str,
    length: int,
    periodic: bool,
    shape: Callable[[Array, int], Array],
    wanted: Any,
    options: dict[str, Any],
) -> Tensor:
    """Return a window as a tensor.

    Args:
        name: of the function.
        length: of the window.
        periodic: take the window of one more element and drop its last.
        shape: gives the values from the places 0, 1, … and the last place.
        wanted: the dtype.
        options: of every creation function.
    """
    kind = numpy_dtype_of(wanted)
    if not FROM_NUMPY[kind].is_floating_point:
        msg = f"{name} expects floating point dtypes, got: {FROM_NUMPY[kind]}"
        raise RuntimeError(msg)
    if length < 0:
        msg = f"{name} requires non-negative window_length, got window_length={length}"
        raise RuntimeError(msg)
    if length < 2:
        return made(np.ones(length, kind), **options)
    # torch: the arithmetic is that of the window's dtype; half types compute in float32.
    wide = np.dtype(np.float32) if kind.itemsize == 2 else kind
    last = length if periodic else length - 1
    values = shape(np.arange(last + 1).astype(wide), last)
    return made(values[:length].astype(kind), **options)


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: dtype | None = None, **options: Any
) -> Tensor:
    r"""Return Hann's window: :math:`\frac{1}{2} (1 - \cos(2 \pi n / (N - 1)))`.

    Args:
        window_length: its length.
        periodic: give a period of it, to be repeated: the window of one more element without its
            last. Else it is symmetric.
        dtype: a floating dtype; the default one when not given.
        options: ``layout``, ``device``, ``pin_memory``, ``requires_grad``.

    Raises:
        RuntimeError: the length is negative, or the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.hann_window(4)
        tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    shape = _raised_cosine(0.5, 0.5)
    return _window("hann_window", window_length, periodic, shape, dtype, options)


def _raised_cosine(alpha: float, beta: float) -> Callable[[Array, int], Array]:
    def shape(place: Array, last: int) -> Array:
        kind = place.dtype.type
        return np.cos(place * kind(2 * math.pi / last)) * kind(-beta) + kind(alpha)

    return shape


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: dtype | None = None,
    **options: Any,
) -> Tensor:
    r"""Return Hamming's window: :math:`\alpha - \beta \cos(2 \pi n / (N - 1))`.

    Args:
        window_length: its length.
        periodic: as for :func:`hann_window`.
        alpha: the mean.
        beta: the height of the cosine.
        dtype: a floating dtype; the default one when not given.
        options: as for :func:`hann_window`.

    Raises:
        RuntimeError: the length is negative, or the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.hamming_window(4)
        tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    shape = _raised_cosine(alpha, beta)
    return _window("hamming_window", window_length, periodic, shape, dtype, options)


def _blackman(place: Array, last: int) -> Array:
    kind = place.dtype.type
    angle = place * kind(math.pi / last)
    return np.cos(angle * kind(4)) * kind(0.08) - np.cos(angle * kind(2)) * kind(0.5) + kind(0.42)


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: dtype | None = None, **options: Any
) -> Tensor:
    r"""Return Blackman's window.

    .. math:: 0.42 - 0.5 \cos(2 \pi n / (N - 1)) + 0.08 \cos(4 \pi n / (N - 1))

    Args:
        window_length: its length.
        periodic: as for :func:`hann_window`.
        dtype: a floating dtype; the default one when not given.
        options: as for :func:`hann_window`.

    Raises:
        RuntimeError: the length is negative, or the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.blackman_window(3, periodic=False)[1]
        tensor(1.)
    """
    return _window("blackman_window", window_length, periodic, _blackman, dtype, options)


def _triangle(place: Array, last: int) -> Array:
    kind = place.dtype.type
    rising = place * kind(2 / last)
    half = (last >> 1) + 1
    return np.concatenate([rising[:half], kind(2) - rising[half:]])


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: dtype | None = None, **options: Any
) -> Tensor:
    r"""Return Bartlett's window, a triangle: :math:`1 - |2 n / (N - 1) - 1|`.

    Args:
        window_length: its length.
        periodic: as for :func:`hann_window`.
        dtype: a floating dtype; the default one when not given.
        options: as for :func:`hann_window`.

    Raises:
        RuntimeError: the length is negative, or the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.bartlett_window(4)
        tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window("bartlett_window", window_length, periodic, _triangle, dtype, options)


def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: dtype | None = None,
    **options: Any,
) -> Tensor:
    r"""Return Kaiser's window: :math:`I_0(\beta \sqrt{1 - (2 n / (N - 1) - 1)^2}) / I_0(\beta)`.

    Args:
        window_length: its length.
        periodic: as for :func:`hann_window`.
        beta: how narrow it is.
        dtype: a floating dtype; the default one when not given.
        options: as for :func:`hann_window`.

    Raises:
        RuntimeError: the length is negative, or the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.kaiser_window(3, periodic=False)[1]
        tensor(1.)
    """

    def shape(place: Array, last: int) -> Array:
        offset = 2 * place.astype(np.float64) / last - 1
        inside = np.sqrt(np.maximum(1 - offset * offset, 0.0))
        return np.asarray(_bessel.i0(beta * inside) / _bessel.i0(np.asarray(float(beta))))

    return _window("kaiser_window", window_length, periodic, shape, dtype, options)
