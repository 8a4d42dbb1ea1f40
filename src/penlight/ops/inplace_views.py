"""Views in place of what they look at: unsqueeze_, squeeze_, transpose_, t_, as_strided_."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Array, Tensor, wrap
from ..autograd.grad_mode import mode
from ..autograd.views import check_inplace, edge_of, storage_of
from ._creating import shape_of
from ._families import view
from ._op import attach
from .dims import squeeze_all, squeeze_many, squeeze_one, t, unsqueeze
from .shape import transpose
from .view import strided, strided_arguments, strided_array

__all__: list[str] = []


def _twin(record: Any, name: str, node: str, rule: Any) -> Any:
    """Return a record with another's forward, named as torch prints its in-place form."""
    return view(name, node=node, method=False, input=rule)(record.op.forward)


_unsqueezed = _twin(
    unsqueeze, "_unsqueezed", "UnsqueezeBackward1", lambda grad, dim: grad.squeeze(dim)
)
_squeezed_all = _twin(
    squeeze_all,
    "_squeezed_all",
    "SqueezeBackward3",
    lambda grad, input_shape: grad.reshape(input_shape),
)
squeezed = _twin(
    squeeze_one,
    "_squeezed",
    "SqueezeBackward4",
    lambda grad, input_shape: grad.reshape(input_shape),
)
_squeezed_many = _twin(
    squeeze_many,
    "_squeezed_many",
    "SqueezeBackward5",
    lambda grad, input_shape: grad.reshape(input_shape),
)
_transposed = _twin(
    transpose,
    "_transposed",
    "TransposeBackward1",
    lambda grad, dim0, dim1: grad.transpose(dim0, dim1),
)
_matrix_transposed = _twin(t, "_matrix_transposed", "TBackward1", lambda grad: grad.t())


def _become(self: Tensor, record: Any, *arguments: Any) -> Tensor:
    """Make a tensor a view of what it was until now.

    Who looked at the tensor before keeps looking at what it was: the former self has its history.
    """
    history = edge_of(self)
    if self._view is None and (history is None or not mode.grad):
        array: Array = record.op.forward(self._array, *arguments)
        self._array = array
        return self
    if mode.grad and history is not None:
        check_inplace(self)
    former = wrap(self._array)
    former._storage = storage_of(self)
    former._edge, former._view = history, self._view
    made = record(former, *arguments)
    self._array, self._edge, self._view = made._array, made._edge, made._view
    return self


def unsqueeze_(self: Tensor, dim: int) -> Tensor:
    """Insert a dimension of length 1, in place."""
    return _become(self, _unsqueezed, dim)


def squeeze_(self: Tensor, dim: Any = None, *more: int) -> Tensor:
    """Drop dimensions of length 1, in place."""
    dim = (dim, *more) if more else dim
    if dim is None:
        return _become(self, _squeezed_all)
    if isinstance(dim, (tuple, list)):
        return _become(self, _squeezed_many, tuple(dim))
    return _become(self, squeezed, dim)


def transpose_(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two dimensions, in place."""
    return _become(self, _transposed, dim0, dim1)


def swapaxes_(self: Tensor, axis0: int, axis1: int) -> Tensor:
    """Swap two dimensions, in place; :meth:`transpose_` by NumPy's names."""
    return transpose_(self, axis0, axis1)


def t_(self: Tensor) -> Tensor:
    """Transpose a matrix, in place."""
    return _become(self, _matrix_transposed)


def as_strided_(
    input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """Look at the storage with other lengths and steps, in place."""
    arguments = strided_arguments(input._array, size, stride, storage_offset)
    return _become(input, strided, *arguments)


def resize_(self: Tensor, *sizes: Any, size: Any = None, memory_format: Any = None) -> Tensor:
    """Give the tensor another shape, in place; new elements hold whatever is in memory.

    Args:
        self: a tensor.
        sizes: the new lengths, as numbers or one sequence.
        size: the new lengths by name.
        memory_format: accepted; the elements are row-major.

    Raises:
        RuntimeError: the tensor requires grad, or is a view whose shape would grow.
    """
    if edge_of(self) is not None:
        msg = "cannot resize variables that require grad"
        raise RuntimeError(msg)
    shape, array = shape_of("resize_", sizes if size is None else (*sizes, size)), self._array
    count = math.prod(shape)
    if count <= array.size and array.flags.c_contiguous:
        self._array = array.reshape(-1)[:count].reshape(shape)
    elif self._view is not None:
        msg = (
            f"resize_: a view of shape {list(array.shape)} cannot become {list(shape)}; "
            "clone it first"
        )
        raise RuntimeError(msg)
    else:
        grown = np.empty(count, array.dtype)
        kept = min(count, array.size)
        grown[:kept] = array.reshape(-1)[:kept]
        self._array = grown.reshape(shape)
    return self


def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Give the tensor the shape of another, in place; see :meth:`resize_`."""
    return resize_(input, the_template._array.shape)


def _reshaped_back(grad: Tensor, input_shape: tuple[int, ...]) -> Tensor:
    return grad.reshape(input_shape)


@view("_resize", node="ResizeBackward", method=False, input=_reshaped_back)
def _resized(input: Array, shape: tuple[int, ...]) -> Array:
    return input.reshape(shape)


def resize(self: Tensor, *sizes: Any) -> Tensor:
    """Return the elements in another shape; deprecated in torch, which warns too.

    Raises:
        RuntimeError: the shape has another number of elements.
    """
    _warn_of_copy("resize")
    return _reshaped(self, shape_of("resize", sizes))


def _reshaped(self: Tensor, shape: tuple[int, ...]) -> Tensor:
    count = self._array.size
    if math.prod(shape) != count:
        msg = (
            "requested resize to " + "x".join(map(str, shape)) + f" ({math.prod(shape)} elements "
            "in total), but the given tensor has a size of "
            f"{'x'.join(map(str, self._array.shape))} ({count} elements). autograd's resize can "
            "only change the shape of a given tensor, while preserving the number of elements. "
        )
        raise RuntimeError(msg)
    out: Tensor = _resized(self.contiguous(), shape)
    return out


def resize_as(self: Tensor, tensor: Tensor) -> Tensor:
    """Return the elements in the shape of another tensor; see :meth:`resize`."""
    _warn_of_copy("resize_as")
    return _reshaped(self, tensor._array.shape)


def _warn_of_copy(function: str) -> None:
    import warnings  # noqa: PLC0415 - only for what torch warns about

    warnings.warn(f"non-inplace {function} is deprecated", stacklevel=3)


def set_(
    self: Tensor,
    source: Any = None,
    storage_offset: int = 0,
    size: Any = None,
    stride: Any = None,
) -> Tensor:
    """Make the tensor look at the memory of another, or at a storage, in place.

    Args:
        self: a tensor.
        source: a tensor or a storage; none for no elements.
        storage_offset: where in a storage the first element is.
        size: the lengths; all of a storage in one dimension when not given.
        stride: the steps between neighbours; those of a contiguous tensor when not given.

    Raises:
        RuntimeError: the tensor requires grad, or the elements would leave the storage.
    """
    if edge_of(self) is not None:
        msg = "set_: a tensor that requires grad cannot be given other memory; use .data or copy_()"
        raise RuntimeError(msg)
    if source is None:
        return resize_(self, 0)
    whole = source if isinstance(source, Tensor) else wrap(source._row.view(self._array.dtype))
    self._storage = storage_of(whole)
    if size is not None:
        lengths = tuple(size)
        steps = wrap(np.empty(lengths, np.bool_)).stride() if stride is None else tuple(stride)
        array: Array = strided_array(whole._array, lengths, steps, storage_offset)
    else:
        array = whole._array if isinstance(source, Tensor) else whole._array[storage_offset:]
    self._array, self._view = array, None
    return self


for _function in (
    unsqueeze_,
    squeeze_,
    swapaxes_,
    as_strided_,
    t_,
    resize,
    resize_,
    resize_as,
    resize_as_,
    set_,
):
    attach(_function)
attach(transpose_, "transpose_", "swapdims_")
