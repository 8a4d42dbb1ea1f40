"""Questions about tensors and shapes, and Python functions applied element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._size import Size
from .._tensor import Tensor
from ..autograd.views import edge_of, storage_of
from . import _check
from ._op import attach

__all__ = [
    "broadcast_shapes",
    "broadcast_tensors",
    "is_complex",
    "is_floating_point",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "is_storage",
    "is_tensor",
    "numel",
]

# ---- of any object -------------------------------------------------------------------------------


def is_tensor(obj: Any, /) -> bool:
    """Say whether an object is a tensor.

    Example:
        >>> import penlight as torch
        >>> torch.is_tensor(torch.zeros(1)), torch.is_tensor([0.0])
        (True, False)
    """
    return isinstance(obj, Tensor)


def is_storage(obj: Any, /) -> bool:
    """Say whether an object is a tensor's storage.

    Example:
        >>> import penlight as torch
        >>> torch.is_storage(torch.zeros(1).untyped_storage())
        True
    """
    from ..storage import TypedStorage, UntypedStorage  # noqa: PLC0415 - few programs have one

    return isinstance(obj, (TypedStorage, UntypedStorage))


# ---- of a tensor ---------------------------------------------------------------------------------


def _tensor(function: str, input: Any) -> Tensor:
    if not isinstance(input, Tensor):
        kind = type(input).__name__
        msg = f"{function}(): argument 'input' (position 1) must be Tensor, not {kind}"
        raise TypeError(msg)
    return input


def is_floating_point(input: Tensor) -> bool:
    """Say whether a tensor's dtype is floating.

    Example:
        >>> import penlight as torch
        >>> torch.is_floating_point(torch.zeros(1))
        True
    """
    return _tensor("is_floating_point", input).dtype.is_floating_point


def is_complex(input: Tensor) -> bool:
    """Say whether a tensor's dtype is complex."""
    return _tensor("is_complex", input).dtype.is_complex


def is_signed(input: Tensor) -> bool:
    """Say whether a tensor's dtype has negative numbers."""
    return _tensor("is_signed", input).dtype.is_signed


def numel(input: Tensor) -> int:
    """Return the number of elements.

    Example:
        >>> import penlight as torch
        >>> torch.numel(torch.zeros(2, 3))
        6
    """
    return _tensor("numel", input)._array.size


def is_nonzero(input: Tensor) -> bool:
    """Say whether a tensor's one element is not zero.

    Raises:
        RuntimeError: there is not exactly one element.

    Example:
        >>> import penlight as torch
        >>> torch.is_nonzero(torch.tensor([0.0]))
        False
    """
    if _tensor("is_nonzero", input)._array.size != 1:
        what = "more than one value" if input._array.size else "no values"
        msg = f"Boolean value of Tensor with {what} is ambiguous"
        raise RuntimeError(msg)
    return bool(input._array.item())


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Say whether two tensors have the same shape.

    Example:
        >>> import penlight as torch
        >>> torch.is_same_size(torch.zeros(2), torch.zeros(2, 1))
        False
    """
    return input._array.shape == other._array.shape


def contains(self: Tensor, element: Any) -> bool:
    """Say whether an element is among the tensor's: ``element in tensor``."""
    if not isinstance(element, (Tensor, bool, int, float, complex, np.generic)):
        msg = (
            "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )
        raise RuntimeError(msg)  # noqa: TRY004 - torch's type
    array = element._array if isinstance(element, Tensor) else element
    return bool((self._array == array).any())


def broadcast_shapes(*shapes: Any) -> Size:
    """Return the shape that shapes broadcast to.

    Args:
        shapes: shapes, or lengths of vectors.

    Raises:
        RuntimeError: the shapes do not broadcast.

    Example:
        >>> import penlight as torch
        >>> torch.broadcast_shapes((2, 1), (3,))
        torch.Size([2, 3])
    """
    given = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    result = [1] * max(map(len, given), default=0)
    for number, shape in enumerate(given):
        for dim in range(-1, -len(shape) - 1, -1):
            if shape[dim] not in {1, result[dim]} and result[dim] != 1:
                msg = (
                    f"Attempting to broadcast a dimension of length {shape[dim]} at {dim}! "
                    f"Mismatching argument at index {number} had {shape}; but expected shape "
                    f"should be broadcastable to {result}"
                )
                raise RuntimeError(msg)
            result[dim] = result[dim] if shape[dim] == 1 else shape[dim]
    return Size(result)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Return the tensors expanded to the shape that they broadcast to.

    Raises:
        RuntimeError: the shapes do not broadcast.

    Example:
        >>> import penlight as torch
        >>> [x.shape for x in torch.broadcast_tensors(torch.ones(2, 1), torch.ones(3))]
        [torch.Size([2, 3]), torch.Size([2, 3])]
    """
    given = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors
    _check.broadcastable(*(tensor._array for tensor in given))
    shape = np.broadcast_shapes(*(tensor._array.shape for tensor in given))
    return tuple(t if t._array.shape == shape else t.expand(shape) for t in given)


# ---- element by element --------------------------------------------------------------------------


def _write_each(self: Tensor, name: str, function: Any, others: tuple[Tensor, ...]) -> Tensor:
    if any(edge_of(tensor) is not None for tensor in (self, *others)):
        msg = (
            f"Can't call {name}() on Variable that requires grad. "
            f"Use var.detach().{name}() instead."
        )
        raise RuntimeError(msg)
    target = self._array
    columns = [np.broadcast_to(other._array, target.shape).flat for other in others]
    values = [
        function(*(value.item() for value in row))
        for row in zip(target.flat, *columns, strict=True)
    ]
    target[...] = np.array(values).reshape(target.shape).astype(target.dtype)
    storage_of(self).version += 1
    return self


def apply_(self: Tensor, callable: Any) -> Tensor:
    """Replace each element by what a Python function makes of it; slow, and not recorded.

    Raises:
        RuntimeError: the tensor requires grad.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1, 2]).apply_(lambda x: x * 10)
        tensor([10, 20])
    """
    return _write_each(self, "apply_", callable, ())


def map_(self: Tensor, other: Tensor, callable: Any) -> Tensor:
    """Replace each element by what a Python function makes of it and of its partner in ``other``.

    Raises:
        RuntimeError: a tensor requires grad, or the dtypes differ.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1, 2]).map_(torch.tensor([3, 4]), lambda a, b: a * b)
        tensor([3, 8])
    """
    if other.dtype is not self.dtype:
        msg = f"map_: expected a tensor of dtype {self.dtype} as this one's, but got {other.dtype}"
        raise TypeError(msg)
    return _write_each(self, "map_", callable, (other,))


attach(contains, "__contains__")
for _function in (is_nonzero, is_same_size, apply_, map_):
    attach(_function)
