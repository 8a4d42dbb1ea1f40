"""Probabilities along a dimension: softmax, softmin and their logarithms."""

from __future__ import annotations

import warnings

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ...ops import softmax as ops

__all__ = ["log_softmax", "softmax", "softmin"]


def _implicit_dim(function: str, ndim: int, stacklevel: int) -> int:
    """Return the dimension that torch's old rule takes where none is given, warning of it."""
    dim = 0 if ndim in {0, 1, 3} else 1
    warnings.warn(
        f"Implicit dimension choice for {function} has been deprecated. Change the call to include "
        f"dim=X as an argument. For this {ndim}-D input it is dim={dim}.",
        stacklevel=stacklevel,
    )
    return dim


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: _dtype | None = None
) -> Tensor:
    r"""Turn the numbers along a dimension into probabilities that sum to one.

    .. math:: \text{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}

    Args:
        input: any shape, floating.
        dim: the dimension along which the result sums to one. Left out, it is 0 for an input of
            0, 1 or 3 dimensions and 1 for others, with a warning.
        dtype: cast the input to this first.

    Raises:
        IndexError: ``dim`` is out of range.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.softmax(torch.tensor([0.0, 0.0]), dim=0)
        tensor([0.5000, 0.5000])
    """
    if dim is None:
        dim = _implicit_dim("softmax", input.dim(), _stacklevel)
    return ops.softmax(input, dim, dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: _dtype | None = None
) -> Tensor:
    """Return the softmax of minus the input; arguments as for :func:`softmax`.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.softmin(torch.tensor([0.0, 1.0]), dim=0)
        tensor([0.7311, 0.2689])
    """
    if dim is None:
        dim = _implicit_dim("softmin", input.dim(), _stacklevel)
    return ops.softmax(-input, dim, dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: _dtype | None = None
) -> Tensor:
    r"""Return the logarithm of :func:`softmax`, finite where softmax itself would underflow.

    .. math:: \text{log\_softmax}(x)_i = x_i - \log \sum_j e^{x_j}

    Args:
        input: any shape, floating.
        dim: as for :func:`softmax`.
        dtype: cast the input to this first.

    Raises:
        IndexError: ``dim`` is out of range.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.log_softmax(torch.tensor([0.0, -1000.0]), dim=0)
        tensor([    0., -1000.])
    """
    if dim is None:
        dim = _implicit_dim("log_softmax", input.dim(), _stacklevel)
    return ops.log_softmax(input, dim, dtype)
