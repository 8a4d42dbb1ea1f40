"""Small tensors laid end to end, so that elementwise work is done on all of them in one go.

For optimisers whose step treats every element alike: it then costs the operations of one parameter
and the copies there and back, and gives the same bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor, wrap
from .._tensor_memory import root_of
from ..autograd.views import storage_of

__all__ = ["are_apart", "batches", "joined", "likeness", "write_back", "write_number"]

# Beyond this size the operations take so long that the copies are not worth it.
MOST_ELEMENTS = 4096

# Together they shall stay in a cache of the processor.
MOST_TOGETHER = 1 << 16

_FLOATS = frozenset({np.dtype(np.float32), np.dtype(np.float64)})


def likeness(param: Tensor, grad: Tensor, state: dict[str, Any]) -> Any:
    """Return what parameters must have in common to be stepped as one; None: not to be joined."""
    array = param._array
    kind, shape = array.dtype, array.shape
    if not shape or not 0 < array.size <= MOST_ELEMENTS or kind not in _FLOATS:
        return None
    if grad._array.dtype != kind:
        return None
    marks: list[Any] = [kind]
    for name, value in state.items():
        held = value._array if isinstance(value, Tensor) else None
        if held is None:
            return None
        if held.shape == shape and held.dtype == kind:
            marks.append(name)
        elif held.ndim == 0:
            # A count: joined parameters have it in common.
            marks.append((name, held.dtype, held.item()))
        else:
            return None
    return tuple(marks)


def are_apart(tensors: Iterable[Tensor]) -> bool:
    """Return whether each tensor is the only one of them that looks at its block of memory."""
    owners = []
    for tensor in tensors:
        array = tensor._array
        root = array if array.base is None else root_of(array)
        owners.append(id(root if root.base is None else root.base))
    return len(set(owners)) == len(owners)


def batches(indices: Iterable[int], params: Sequence[Tensor]) -> Iterator[list[int]]:
    """Yield the indices in groups whose parameters are not too large together."""
    batch: list[int] = []
    total = 0
    for index in indices:
        size = params[index]._array.size
        if batch and total + size > MOST_TOGETHER:
            yield batch
            batch, total = [], 0
        batch.append(index)
        total += size
    yield batch


def joined(tensors: Sequence[Tensor]) -> Tensor:
    """Return one vector of all elements."""
    return wrap(np.concatenate([tensor._array for tensor in tensors], axis=None))


def write_back(values: Tensor, tensors: Sequence[Tensor]) -> None:
    """Write a vector's pieces into the tensors, in their order."""
    vector, start = values._array, 0
    for tensor in tensors:
        own = tensor._array
        end = start + own.size
        own[...] = vector[start:end].reshape(own.shape)
        start = end
        storage_of(tensor).version += 1


def write_number(value: Tensor, tensors: Sequence[Tensor]) -> None:
    """Write one number into the tensors."""
    for tensor in tensors:
        tensor._array[...] = value._array
        storage_of(tensor).version += 1
