"""The memory that tensors share, found from the arrays that look at it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor_memory import root_of

Array = np.ndarray[Any, Any]


class StoredArrays:
    """The blocks of memory below the tensors of a checkpoint; tensors that share one share a block.

    Attributes:
        blocks: their bytes.
        counts: how many elements each has, of its storage class.
    """

    def __init__(self) -> None:
        self.blocks: list[Array] = []
        self.counts: list[int] = []
        self._found: dict[tuple[int, int], tuple[int, str]] = {}
        self._alive: list[Array] = []

    def add(self, array: Array, kind: str, itemsize: int) -> tuple[int, Array, int]:
        """Return the number of the storage below an array, the array in it, and its offset.

        Args:
            array: may be a view of anything, with any strides.
            kind: the storage class the array needs.
            itemsize: the bytes that one element of that class has.
        """
        block, array = _block_below(array)
        identity = (_address(block), block.size) if block.size else (0, id(block))
        if identity not in self._found:
            self._found[identity] = len(self.blocks), kind
            self.blocks.append(block)
            self.counts.append(block.size // itemsize)
        self._alive.append(block)  # so that no other array gets its id
        number, first_kind = self._found[identity]
        if kind != first_kind:
            msg = (
                "Cannot save multiple tensors or storages that view the same data as different "
                f"types: one is a {first_kind}, another a {kind}"
            )
            raise RuntimeError(msg)
        return number, array, _address(array) - _address(block) if array.size else 0


def _block_below(array: Array) -> tuple[Array, Array]:
    """Return the bytes of the memory below an array, and the array (or a copy) in it."""
    root, itemsize = root_of(array), array.itemsize
    block = root.ravel(order="K")
    offset = _address(array) - _address(block)
    regular = all(step >= 0 and step % itemsize == 0 for step in array.strides)
    whole = _address(block) == _address(root)  # else ravel had to copy it
    if regular and whole and offset >= 0 and not offset % itemsize:
        block = block.view(np.uint8)
        block = block[: block.size // itemsize * itemsize]
        if offset + _reach(array) <= block.size:
            return block, array
    array = np.ascontiguousarray(array).reshape(array.shape)
    return array.reshape(-1).view(np.uint8), array


def _reach(array: Array) -> int:
    if not array.size:
        return 0
    steps = zip(array.shape, array.strides, strict=True)
    return int(sum((length - 1) * step for length, step in steps)) + array.itemsize


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
