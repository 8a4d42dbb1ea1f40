"""Views with dimensions in another order, fewer of them or more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._tensor import Array, Tensor
from . import _check
from ._families import view
from ._op import attach
from .shape import alias, transpose

__all__ = [
    "adjoint",
    "moveaxis",
    "movedim",
    "permute",
    "squeeze",
    "t",
    "unsqueeze",
]


# ---- the order of dimensions ---------------------------------------------------------------------


@view(input=lambda grad, dims: grad.permute(_inverse(dims)))
def permute(input: Array, *dims: int) -> Array:
    """Return the tensor with its dimensions in another order, as a view.

    Args:
        input: a tensor.
        dims: every dimension once, in the new order.

    Raises:
        RuntimeError: a dimension is missing or named twice.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2, 3, 4).permute(2, 0, 1).shape
        torch.Size([4, 2, 3])
    """
    if len(dims) != input.ndim:
        msg = (
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {input.ndim} is not "
            f"equal to len(dims) = {len(dims)}"
        )
        raise RuntimeError(msg)
    order = tuple(_check.dim(dim, input.ndim) for dim in dims)
    if len(set(order)) != len(order):
        msg = "permute(): duplicate dims are not allowed."
        raise RuntimeError(msg)
    return input.transpose(order)


def _inverse(dims: Sequence[int]) -> tuple[int, ...]:
    ndim = len(dims)
    inverse = [0] * ndim
    for place, dim in enumerate(dims):
        inverse[dim % ndim] = place
    return tuple(inverse)


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Move dimensions to other places, the rest keeping their order.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2, 3, 4).movedim(0, -1).shape
        torch.Size([3, 4, 2])
    """
    ndim = input._array.ndim
    sources = (source,) if isinstance(source, int) else tuple(source)
    targets = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(sources) != len(targets):
        msg = (
            "movedim: Invalid source or destination dims: source "
            f"({list(sources)} dims) should contain the same number of dims as destination "
            f"({list(targets)} dims)"
        )
        raise RuntimeError(msg)
    sources = _check.dims(sources, ndim) if sources else ()
    targets = _check.dims(targets, ndim) if targets else ()
    order = [dim for dim in range(ndim) if dim not in sources]
    for target, moved in sorted(zip(targets, sources, strict=True)):
        order.insert(target, moved)
    out: Tensor = permute(input, *order) if ndim else alias(input)
    return out


@view("t", node="TBackward0", input=lambda grad: grad.t())
def t(input: Array) -> Array:
    """Return a matrix transposed, as a view; a vector or number as it is.

    Raises:
        RuntimeError: there are more than two dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2, 3).t().shape
        torch.Size([3, 2])
    """
    if input.ndim > 2:
        msg = f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D"
        raise RuntimeError(msg)
    return input.T if input.ndim else input[...]


def _reversed(self: Tensor) -> Tensor:
    """The tensor with its dimensions in reverse order."""
    out: Tensor = permute(self, *range(self._array.ndim - 1, -1, -1))
    return out


def _adjoint(self: Tensor) -> Tensor:
    """The matrix transposed (and conjugated, which changes nothing in real numbers)."""
    ndim = self._array.ndim
    if ndim not in {0, 2}:
        msg = f"tensor.H is only supported on matrices (2-D tensors). Got {ndim}-D tensor."
        raise RuntimeError(msg)
    out: Tensor = transpose(self, 0, 1) if ndim else self
    return out


def _matrix_transposed(self: Tensor) -> Tensor:
    """The tensor with its last two dimensions swapped."""
    if self._array.ndim < 2:
        msg = (
            "tensor.mT is only supported on matrices or batches of matrices. "
            f"Got {self._array.ndim}-D tensor."
        )
        raise RuntimeError(msg)
    out: Tensor = transpose(self, -2, -1)
    return out


def _matrix_adjoint(self: Tensor) -> Tensor:
    """The tensor with its last two dimensions swapped: real numbers are their own conjugates."""
    return _adjoint_of("tensor.mH", self) if self._array.ndim else self


def adjoint(input: Tensor) -> Tensor:
    """Return matrices transposed: real numbers are their own conjugates.

    Raises:
        RuntimeError: there are fewer than two dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.adjoint(torch.zeros(4, 2, 3)).shape
        torch.Size([4, 3, 2])
    """
    return _adjoint_of("adjoint()", input)


def _adjoint_of(name: str, input: Tensor) -> Tensor:
    if input._array.ndim < 2:
        msg = (
            f"{name} is only supported on matrices or batches of matrices. "
            f"Got {input._array.ndim}-D tensor."
        )
        raise RuntimeError(msg)
    out: Tensor = transpose(input, -2, -1)
    return out


attach(property(_reversed), "T")
attach(property(_matrix_adjoint), "mH")
attach(adjoint)
attach(property(_matrix_transposed), "mT")
attach(property(_adjoint), "H")
attach(movedim, "movedim", "moveaxis")
moveaxis = movedim

# ---- fewer and more dimensions -------------------------------------------------------------------


@view("unsqueeze", input=lambda grad, dim: grad.squeeze(dim))
def unsqueeze(input: Array, dim: int) -> Array:
    """Insert a dimension of length 1, as a view.

    Args:
        input: a tensor.
        dim: where, from ``-input.dim() - 1`` to ``input.dim()``.

    Raises:
        IndexError: ``dim`` is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(3).unsqueeze(0).shape
        torch.Size([1, 3])
    """
    place = _check.dim(dim, input.ndim + 1)
    if input.flags.c_contiguous:
        # Gives the new dimension the step that torch gives it; indexing would give 0.
        return input.reshape((*input.shape[:place], 1, *input.shape[place:]))
    return input[(slice(None),) * place + (None, ...)]


@view(
    "_squeeze_all",
    node="SqueezeBackward0",
    method=False,
    input=lambda grad, input_shape: grad.reshape(input_shape),
)
def squeeze_all(input: Array) -> Array:
    """Drop every dimension of length 1."""
    return input.squeeze()[...]


@view(
    "_squeeze_one",
    node="SqueezeBackward1",
    method=False,
    input=lambda grad, input_shape: grad.reshape(input_shape),
)
def squeeze_one(input: Array, dim: int) -> Array:
    """Drop one dimension if its length is 1."""
    place = _check.dim(dim, input.ndim)
    return input.squeeze(place) if input.ndim and input.shape[place] == 1 else input[...]


@view(
    "_squeeze_many",
    node="SqueezeBackward2",
    method=False,
    input=lambda grad, input_shape: grad.reshape(input_shape),
)
def squeeze_many(input: Array, dim: tuple[int, ...]) -> Array:
    """Drop those of the given dimensions whose length is 1."""
    places = _check.dims(dim, input.ndim) if dim else ()
    return input.squeeze(tuple(place for place in places if input.shape[place] == 1))[...]


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Drop dimensions of length 1, as a view.

    Args:
        input: a tensor.
        dim: one dimension or several to drop if they have length 1; all when not given.

    Raises:
        IndexError: a dimension is out of range.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(1, 3, 1).squeeze().shape
        torch.Size([3])
    """
    if dim is None:
        out: Tensor = squeeze_all(input)
    elif isinstance(dim, (tuple, list)):
        out = squeeze_many(input, tuple(dim))
    else:
        out = squeeze_one(input, dim)
    return out


def _squeeze_method(self: Tensor, dim: Any = None, *more: int) -> Tensor:
    """Drop dimensions of length 1, as a view; see :func:`squeeze`."""
    return squeeze(self, (dim, *more) if more else dim)


attach(_squeeze_method, "squeeze")
