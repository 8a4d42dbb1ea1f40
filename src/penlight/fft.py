"""``torch.fft`` as far as it is about real numbers: frequencies, and the order they come in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ._dtype import dtype as _dtype, get_default_dtype
from ._tensor import Tensor
from .autograd.grad_mode import no_grad
from .ops import _check
from .ops._lapack import require_tensor
from .ops._results import written
from .ops.creation import arange
from .ops.rearrange import roll

__all__ = ["fftfreq", "fftshift", "ifftshift", "rfftfreq"]

_TRANSFORMS = """
    fft fft2 fftn hfft hfft2 hfftn ifft ifft2 ifftn ihfft ihfft2 ihfftn irfft irfft2 irfftn rfft
    rfft2 rfftn
"""


def __getattr__(name: str) -> Any:
    """Refuse the transforms, which are of complex numbers."""
    msg = f"module 'torch.fft' has no attribute {name!r}"
    if name in _TRANSFORMS.split():
        msg += ": penlight has no complex arithmetic"
    raise AttributeError(msg)


def _frequencies(
    function: str, n: int, d: float, negative: bool, kind: _dtype | None, **options: Any
) -> Tensor:
    if isinstance(n, bool) or not isinstance(n, int):
        msg = f"fft_{function}(): argument 'n' (position 1) must be int, not {type(n).__name__}"
        raise TypeError(msg)
    if n < 0:
        _check.refuse(f"Trying to create tensor with negative dimension {n}: [{n}]")
    kind = get_default_dtype() if kind is None else kind
    if kind.is_complex:
        _check.refuse(f"{function}: penlight has no complex arithmetic; got {kind}")
    if not kind.is_floating_point:
        _check.refuse(f"{function} requires a floating point or complex dtype")
    out, requires_grad = options.pop("out", None), options.pop("requires_grad", False)
    with no_grad():
        found = arange(n if negative else n // 2 + 1, dtype=kind, **options)
        if negative:
            found[(n + 1) // 2 :] -= n
        length = n * d
        # Not Python's division, which refuses zero.
        found *= 1 / length if length else math.copysign(math.inf, length)
    found.requires_grad_(requires_grad)
    result: Tensor = written(out, found)
    return result


def fftfreq(n: int, d: float = 1.0, *, dtype: _dtype | None = None, **options: Any) -> Tensor:
    """Return the frequencies of a transform of ``n`` samples, the negative ones last.

    Args:
        n: the number of samples.
        d: the distance between two of them.
        dtype: a floating dtype; the default dtype without.
        options: ``out``, ``requires_grad``, ``device``, ``layout``.

    Shape:
        (n,)

    Raises:
        TypeError: ``n`` is no int.
        RuntimeError: ``n`` is negative, or the dtype not floating.

    Example:
        >>> import penlight as torch
        >>> torch.fft.fftfreq(5)
        tensor([ 0.0000,  0.2000,  0.4000, -0.4000, -0.2000])
    """
    return _frequencies("fftfreq", n, d, True, dtype, **options)


def rfftfreq(n: int, d: float = 1.0, *, dtype: _dtype | None = None, **options: Any) -> Tensor:
    """Return the frequencies of a transform of ``n`` real samples, none of them negative.

    Args:
        n: the number of samples.
        d: the distance between two of them.
        dtype: a floating dtype; the default dtype without.
        options: ``out``, ``requires_grad``, ``device``, ``layout``.

    Shape:
        (n // 2 + 1,)

    Raises:
        TypeError: ``n`` is no int.
        RuntimeError: ``n`` is negative, or the dtype not floating.

    Example:
        >>> import penlight as torch
        >>> torch.fft.rfftfreq(4)
        tensor([0.0000, 0.2500, 0.5000])
    """
    return _frequencies("rfftfreq", n, d, False, dtype, **options)


def _shifted(
    function: str, input: Tensor, dim: int | Sequence[int] | None, *, back: bool
) -> Tensor:
    require_tensor(f"fft_{function}", "input", input)
    if dim is None:
        dim = range(input.dim())
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    sizes = [input.size(place) for place in dims]
    if not sizes:
        _check.refuse("`shifts` required")
    found: Tensor = roll(input, [(size + back) // 2 for size in sizes], dims)
    return found


def fftshift(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Return the values with those of frequency 0 moved to the middle.

    Args:
        input: any shape and dtype, in the order of :func:`fftfreq`.
        dim: where to move; all dimensions without.

    Raises:
        RuntimeError: there is no dimension.
        IndexError: a dimension is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.fft.fftshift(torch.fft.fftfreq(4))
        tensor([-0.5000, -0.2500,  0.0000,  0.2500])
    """
    return _shifted("fftshift", input, dim, back=False)


def ifftshift(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Return the values as they were before :func:`fftshift`.

    Args:
        input: any shape and dtype.
        dim: where to move; all dimensions without.

    Raises:
        RuntimeError: there is no dimension.
        IndexError: a dimension is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.fft.ifftshift(torch.fft.fftshift(torch.arange(5)))
        tensor([0, 1, 2, 3, 4])
    """
    return _shifted("ifftshift", input, dim, back=True)
