"""``torch.signal.windows``: window functions, by the names they have in signal processing.

Every window takes the same options: ``sym`` for a symmetric window, else a period of one that is to
be repeated; ``dtype``, float32 or float64, the default one when not given; ``layout``, ``device``
and ``requires_grad`` as the creation functions do. Beside the two ends ``N`` is the length, or one
more where the window is a period.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY, dtype as _dtype, float32, float64
from .._layout import layout as _layout, strided
from .._tensor import Array, Tensor
from ..ops import _bessel
from ..ops._creating import made, numpy_dtype_of

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]


def _window(
    name: str,
    length: int,
    sym: bool,
    shape: Callable[[Array, int], Any],
    options: tuple[Any, _layout, Any, bool],
    *,
    single: bool = True,
) -> Tensor:
    """Return a window as a tensor.

    Args:
        name: of the function, for its errors.
        length: of the window.
        sym: it is symmetric.
        shape: gives the values from the places 0, 1, … and the place of the end.
        options: ``dtype``, ``layout``, ``device``, ``requires_grad``.
        single: a window of one element is 1.
    """
    wanted, layout, device, requires_grad = options
    kind = numpy_dtype_of(wanted)
    if length < 0:
        msg = f"{name} requires non-negative window length, got M={length}"
        raise ValueError(msg)
    if layout is not strided:
        msg = f"{name} is implemented for strided tensors only, got: {layout}"
        raise ValueError(msg)
    if FROM_NUMPY[kind] not in {float32, float64}:
        msg = f"{name} expects float32 or float64 dtypes, got: {FROM_NUMPY[kind]}"
        raise ValueError(msg)
    last = length if not sym and length > 1 else length - 1
    if length == 0 or (single and length == 1):
        values: Any = np.ones(length)
    else:
        values = shape(np.arange(length, dtype=np.float64), last)
    return made(
        np.asarray(values).astype(kind), layout=layout, device=device, requires_grad=requires_grad
    )


def exponential(
    M: int,
    *,
    center: float | None = None,
    tau: float = 1.0,
    sym: bool = True,
    dtype: _dtype | None = None,
    layout: _layout = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    r"""Return a window that falls exponentially to both sides.

    .. math:: e^{-|n - c| / \tau}

    Args:
        M: the length.
        center: where its top is, the middle when not given.
        tau: how far it takes to fall to a part of e.
        sym: see the module, as for the options after it.
        dtype: of the result.
        layout: of the result.
        device: of the result.
        requires_grad: of the result.

    Raises:
        ValueError: ``tau`` is not positive, there is a center for a symmetric window, or
            the length is negative, or the dtype is neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.signal.windows.exponential(3)
        tensor([0.3679, 1.0000, 0.3679])
    """
    if tau <= 0:
        msg = f"Tau must be positive, got: {tau} instead."
        raise ValueError(msg)
    if sym and center is not None:
        msg = f"Center must be None for symmetric windows, got {center}"
        raise ValueError(msg)

    def shape(place: Array, last: int) -> Any:
        middle = last / 2 if center is None else center
        return np.exp(-np.abs(place - middle) / tau)

    options = (dtype, layout, device, requires_grad)
    return _window("exponential", M, sym, shape, options, single=False)


def cosine(
    M: int,
    *,
    sym: bool = True,
    dtype: _dtype | None = None,
    layout: _layout = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    r"""Return half a period of the sine.

    .. math:: \sin(\pi (n + 1/2) / N)

    Args:
        M: the length.
        sym: see the module, as for the options after it.
        dtype: of the result.
        layout: of the result.
        device: of the result.
        requires_grad: of the result.

    Raises:
        ValueError: the length is negative, or the dtype is neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.signal.windows.cosine(3)
        tensor([0.5000, 1.0000, 0.5000])
    """

    def shape(place: Array, last: int) -> Any:
        return np.sin(math.pi * (place + 0.5) / (last + 1))

    options = (dtype, layout, device, requires_grad)
    return _window("cosine", M, sym, shape, options, single=False)


def gaussian(
    M: int,
    *,
    std: float = 1.0,
    sym: bool = True,
    dtype: _dtype | None = None,
    layout: _layout = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    r"""Return a Gaussian bell.

    .. math:: e^{-(n - (N - 1) / 2)^2 / (2 \sigma^2)}

    Args:
        M: the length.
        std: the standard deviation.
        sym: see the module, as for the options after it.
        dtype: of the result.
        layout: of the result.
        device: of the result.
        requires_grad: of the result.

    Raises:
        ValueError: ``std`` is not positive, the length is negative, or the dtype is
            neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.signal.windows.gaussian(3)
        tensor([0.6065, 1.0000, 0.6065])
    """
    if std <= 0:
        msg = f"Standard deviation must be positive, got: {std} instead."
        raise ValueError(msg)

    def shape(place: Array, last: int) -> Any:
        return np.exp(-(((place - last / 2) / std) ** 2) / 2)

    options = (dtype, layout, device, requires_grad)
    return _window("gaussian", M, sym, shape, options, single=False)


def kaiser(
    M: int,
    *,
    beta: float = 12.0,
    sym: bool = True,
    dtype: _dtype | None = None,
    layout: _layout = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    r"""Return Kaiser's window.

    .. math:: I_0(\beta \sqrt{1 - (2 n / (N - 1) - 1)^2}) / I_0(\beta)

    Args:
        M: the length.
        beta: how narrow it is.
        sym: see the module, as for the options after it.
        dtype: of the result.
        layout: of the result.
        device: of the result.
        requires_grad: of the result.

    Raises:
        ValueError: ``beta`` is negative, the length is negative, or the dtype is
            neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.signal.windows.kaiser(3)[1]
        tensor(1.)
    """
    if beta < 0:
        msg = f"beta must be non-negative, got: {beta} instead."
        raise ValueError(msg)

    def shape(place: Array, last: int) -> Any:
        inside = np.sqrt(np.maximum(1 - (2 * place / last - 1) ** 2, 0.0))
        return _bessel.i0(beta * inside) / _bessel.i0(np.asarray(float(beta)))

    return _window("kaiser", M, sym, shape, (dtype, layout, device, requires_grad))


def bartlett(
    M: int,
    *,
    sym: bool = True,
    dtype: _dtype | None = None,
    layout: _layout = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    r"""Return Bartlett's window, a triangle.

    .. math:: 1 - |2 n / (N - 1) - 1|

    Args:
        M: the length.
        sym: see the module, as for the options after it.
        dtype: of the result.
        layout: of the result.
        device: of the result.
        requires_grad: of the result.

    Raises:
        ValueError: the length is negative, or the dtype is neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.signal.windows.bartlett(5)
        tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """

    def shape(place: Array, last: int) -> Any:
        return 1 - np.abs(2 * place / last - 1)

    return _window("bartlett", M, sym, shape, (dtype, layout, device, requires_grad))


def general_cosine(
    M: int,
    *,
    a: Iterable[float],
    sym: bool = True,
    dtype: _dtype | None = None,
    layout: _layout = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    r"""Return a sum of cosines.

    .. math:: \sum_i (-1)^i a_i \cos(2 \pi i n / (N - 1))

    Args:
        M: the length.
        a: the weights.
        sym: see the module, as for the options after it.
        dtype: of the result.
        layout: of the result.
        device: of the result.
        requires_grad: of the result.

    Raises:
        ValueError: there are no weights, the length is negative, or the dtype is
            neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.signal.windows.general_cosine(3, a=[0.5, 0.5])
        tensor([0., 1., 0.])
    """
    if not isinstance(a, Iterable):
        msg = f"Coefficients must be a list/tuple, got {type(a).__name__}"
        raise TypeError(msg)
    weights = list(a)
    if not weights:
        msg = "Coefficients cannot be empty"
        raise ValueError(msg)
    return _cosines("general_cosine", M, sym, weights, (dtype, layout, device, requires_grad))


def _cosines(
    name: str, length: int, sym: bool, weights: list[float], options: tuple[Any, ...]
) -> Tensor:
    def shape(place: Array, last: int) -> Any:
        angle = 2 * math.pi * place / last
        return sum((-1) ** i * weight * np.cos(i * angle) for i, weight in enumerate(weights))

    return _window(name, length, sym, shape, options)


def general_hamming(
    M: int,
    *,
    alpha: float = 0.54,
    sym: bool = True,
    dtype: _dtype | None = None,
    layout: _layout = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    r"""Return Hamming's window with another mean.

    .. math:: \alpha - (1 - \alpha) \cos(2 \pi n / (N - 1))

    Args:
        M: the length.
        alpha: the mean.
        sym: see the module, as for the options after it.
        dtype: of the result.
        layout: of the result.
        device: of the result.
        requires_grad: of the result.

    Raises:
        ValueError: the length is negative, or the dtype is neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.signal.windows.general_hamming(3, alpha=0.6)
        tensor([0.2000, 1.0000, 0.2000])
    """
    options = (dtype, layout, device, requires_grad)
    return _cosines("general_cosine", M, sym, [alpha, 1.0 - alpha], options)


def hamming(
    M: int,
    *,
    sym: bool = True,
    dtype: _dtype | None = None,
    layout: _layout = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    r"""Return Hamming's window.

    .. math:: 0.54 - 0.46 \cos(2 \pi n / (N - 1))

    Args:
        M: the length.
        sym: see the module, as for the options after it.
        dtype: of the result.
        layout: of the result.
        device: of the result.
        requires_grad: of the result.

    Raises:
        ValueError: the length is negative, or the dtype is neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.signal.windows.hamming(3)
        tensor([0.0800, 1.0000, 0.0800])
    """
    options = (dtype, layout, device, requires_grad)
    return _cosines("general_cosine", M, sym, [0.54, 0.46], options)


def hann(
    M: int,
    *,
    sym: bool = True,
    dtype: _dtype | None = None,
    layout: _layout = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    r"""Return Hann's window.

    .. math:: (1 - \cos(2 \pi n / (N - 1))) / 2

    Args:
        M: the length.
        sym: see the module, as for the options after it.
        dtype: of the result.
        layout: of the result.
        device: of the result.
        requires_grad: of the result.

    Raises:
        ValueError: the length is negative, or the dtype is neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.signal.windows.hann(3)
        tensor([0., 1., 0.])
    """
    options = (dtype, layout, device, requires_grad)
    return _cosines("general_cosine", M, sym, [0.5, 0.5], options)


def blackman(
    M: int,
    *,
    sym: bool = True,
    dtype: _dtype | None = None,
    layout: _layout = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    r"""Return Blackman's window.

    .. math:: 0.42 - 0.5 \cos(2 \pi n / (N - 1)) + 0.08 \cos(4 \pi n / (N - 1))

    Args:
        M: the length.
        sym: see the module, as for the options after it.
        dtype: of the result.
        layout: of the result.
        device: of the result.
        requires_grad: of the result.

    Raises:
        ValueError: the length is negative, or the dtype is neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.signal.windows.blackman(3)[1]
        tensor(1.)
    """
    options = (dtype, layout, device, requires_grad)
    return _cosines("blackman", M, sym, [0.42, 0.5, 0.08], options)


def nuttall(
    M: int,
    *,
    sym: bool = True,
    dtype: _dtype | None = None,
    layout: _layout = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    r"""Return Nuttall's window, of four cosines with the least side lobes.

    .. math:: \sum_i (-1)^i a_i \cos(2 \pi i n / (N - 1))

    Args:
        M: the length.
        sym: see the module, as for the options after it.
        dtype: of the result.
        layout: of the result.
        device: of the result.
        requires_grad: of the result.

    Raises:
        ValueError: the length is negative, or the dtype is neither float32 nor float64.

    Example:
        >>> import penlight as torch
        >>> torch.signal.windows.nuttall(3)[1]
        tensor(1.)
    """
    options = (dtype, layout, device, requires_grad)
    return _cosines("general_cosine", M, sym, [0.3635819, 0.4891775, 0.1365995, 0.0106411], options)
