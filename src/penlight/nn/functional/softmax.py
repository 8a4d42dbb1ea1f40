"""Probabilities along a dimension: softmax, softmin and their logarithms."""

from __future__ import annotations

import warnings
from typing import Any

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ...ops import softmax as ops
from ...ops.creation import empty_like, zeros_like

__all__ = ["gumbel_softmax", "log_softmax", "softmax", "softmin"]


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


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    r"""Draw from classes so that the draw has a gradient.

    .. math:: y = \text{softmax}\left(\frac{x + g}{\tau}\right), \qquad g_i = -\log e_i,\
              e_i \sim \text{Exp}(1)

    Args:
        logits: unnormalised log-probabilities, any shape.
        tau: the temperature: the lower, the nearer to one class.
        hard: return the class as ones and zeros; the gradient is still that of :math:`y`.
        eps: deprecated; without effect.
        dim: the dimension of the classes.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.gumbel_softmax(torch.tensor([0.0, 1000.0]), hard=True)
        tensor([0., 1.])

    References:
        Jang et al. 2016, Categorical Reparameterization with Gumbel-Softmax, arXiv 1611.01144.

        Maddison et al. 2016, The Concrete Distribution, arXiv 1611.00712.
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    drawn: Any = empty_like(logits).contiguous()
    noise = -drawn.exponential_().log()
    soft: Any = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft  # type: ignore[no-any-return]
    _, index = soft.max(dim, keepdim=True)
    zeros: Any = zeros_like(logits)
    chosen = zeros.scatter_(dim, index, 1.0)
    return chosen - soft.detach() + soft  # type: ignore[no-any-return]
