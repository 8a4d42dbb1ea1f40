"""The storages of a checkpoint: blocks of bytes that tensors are laid over, checked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .._device import check_device, device
from ._errors import CheckpointError
from .inert import UnknownName, UnknownObject, describe

if TYPE_CHECKING:
    from collections.abc import Callable

    from .. import _dtype

    Array = np.ndarray[Any, Any]
    MapLocation = Callable[["LocatedStorage", str], object] | device | str | dict[str, str] | None

_MOST_DIMENSIONS = 64  # NumPy's limit
_LARGEST = 2**63 - 1  # bytes that NumPy can count

NO_CUDA = (
    "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. "
    "If you are running on a CPU-only machine, please use torch.load with "
    "map_location=torch.device('cpu') to map your storages to the CPU."
)


class StorageType:
    """What a file calls ``torch.FloatStorage`` and the like: the type of the elements.

    Attributes:
        name: torch's name.
        dtype: the elements; ``uint8`` stands for the bytes of an untyped storage.
        typed: whether a tensor over it has its dtype.
    """

    __slots__ = ("dtype", "name", "typed")

    def __init__(self, name: str, dtype: _dtype.dtype, *, typed: bool) -> None:
        self.name = name
        self.dtype = dtype
        self.typed = typed

    def __repr__(self) -> str:
        return f"<storage type {self.name}>"


class LocatedStorage:
    """What ``map_location`` functions are given and give back: a storage, as far as they need one.

    Attributes:
        device: always the CPU.
    """

    __slots__ = ("_nbytes",)

    def __init__(self, nbytes: int) -> None:
        self._nbytes = nbytes

    @property
    def device(self) -> device:
        """The CPU."""
        return device("cpu")

    def nbytes(self) -> int:
        """Return how many bytes the storage has."""
        return self._nbytes

    def cpu(self) -> LocatedStorage:
        """Return the storage itself: it is on the CPU."""
        return self

    def cuda(self, *_args: object) -> NoReturn:
        """Refuse: there is no CUDA device."""
        raise RuntimeError(NO_CUDA)


class StoredBytes:
    """One storage of the file, in memory.

    Attributes:
        type: what the file says its elements are.
        key: its name in the file.
        location: the device it was saved from.
    """

    __slots__ = ("_bytes", "_swap", "_swapped", "key", "location", "type")

    def __init__(
        self, data: Array, kind: StorageType, key: str, location: str, *, swap: bool
    ) -> None:
        self.type = kind
        self.key = key
        self.location = location
        self._bytes = data
        self._swap = swap
        self._swapped: _dtype.dtype | None = None

    def __repr__(self) -> str:
        return f"<{self.type.name} {self.key!r} of {self._bytes.size} bytes>"

    @property
    def nbytes(self) -> int:
        """How many bytes the storage has."""
        return int(self._bytes.size)

    def over(self, dtype: _dtype.dtype, offset: int, size: object, stride: object) -> Array:
        """Return the elements at an offset, with a size and strides, as a view of the storage.

        Raises:
            CheckpointError: the numbers are no layout, or reach outside the storage.
        """
        sizes, strides = _lengths("size", size), _lengths("stride", stride)
        if len(sizes) != len(strides) or len(sizes) > _MOST_DIMENSIONS:
            msg = f"a tensor of {len(sizes)} dimensions has {len(strides)} strides"
            raise CheckpointError(msg)
        (start,) = _lengths("storage offset", (offset,))
        count, itemsize = math.prod(sizes), dtype.itemsize
        reach = sum((length - 1) * step for length, step in zip(sizes, strides, strict=True))
        needed = (start + reach + 1) * itemsize if count else 0
        if needed > self.nbytes or count * itemsize > _LARGEST:
            msg = (
                f"setStorage: sizes {list(sizes)}, strides {list(strides)}, storage offset "
                f"{start}, and itemsize {itemsize} requiring a storage size of {needed} are out of "
                f"bounds for storage of size {self.nbytes}"
            )
            raise CheckpointError(msg)
        if not count:
            return np.empty(sizes, dtype.numpy)
        self._to_native_order(dtype)
        # A stride that is never taken may be any number; NumPy wants one that it can hold.
        steps = [step * itemsize if step * itemsize <= _LARGEST else itemsize for step in strides]
        return np.ndarray(sizes, dtype.numpy, self._bytes, start * itemsize, steps)

    def _to_native_order(self, dtype: _dtype.dtype) -> None:
        """Swap the bytes of each element, once, where the file has the other byte order."""
        if not self._swap or self._swapped is dtype:
            return
        if self._swapped is not None:
            msg = f"storage {self.key!r} holds both {self._swapped} and {dtype} in swapped order"
            raise CheckpointError(msg)
        whole = self.nbytes // dtype.itemsize * dtype.itemsize
        elements: Array = self._bytes[:whole].view(dtype.numpy or np.uint8)
        elements.byteswap(inplace=True)
        self._swapped = dtype


class StorageLoader:
    """Turns the persistent ids of a stream into storages, each read once.

    Args:
        fetch: returns the bytes of a storage, given its key and their number.
        map_location: ``load``'s argument.
        swap: the file has the other byte order.
    """

    def __init__(
        self, fetch: Callable[[str, int], Array], map_location: MapLocation, *, swap: bool
    ) -> None:
        self._fetch = fetch
        self._map_location = map_location
        self._swap = swap
        self._loaded: dict[str, StoredBytes] = {}

    def load(self, identity: object) -> StoredBytes | UnknownObject:
        """Return the storage of a persistent id; an inert object if its type is not known.

        Raises:
            CheckpointError: it is not one of a storage, or contradicts the file.
        """
        if isinstance(identity, tuple) and len(identity) > 1:
            unknown = identity[1]
            if isinstance(unknown, UnknownName):
                return UnknownObject(unknown.name, identity, {})
        kind, key, location, count = parse_identity(identity)
        nbytes = count * kind.dtype.itemsize
        known = self._loaded.get(key)
        if known is None:
            check_location(self._map_location, location, nbytes)
            data = self._fetch(key, nbytes)
            known = StoredBytes(data, kind, key, location, swap=self._swap)
            self._loaded[key] = known
        elif known.type.dtype is not kind.dtype or known.nbytes != nbytes:
            msg = (
                f"storage {key!r} is {known.nbytes} bytes of {known.type.name} in one place "
                f"and {nbytes} bytes of {kind.name} in another"
            )
            raise CheckpointError(msg)
        return known


def parse_identity(identity: object) -> tuple[StorageType, str, str, int]:
    """Return the type, key, location and number of elements that a persistent id gives.

    Raises:
        CheckpointError: it is not one of a storage.
    """
    # Compared as text only: an array from the file would answer == with another array.
    tagged = isinstance(identity, tuple) and len(identity) in (5, 6) and type(identity[0]) is str
    if not isinstance(identity, tuple) or not tagged or identity[0] != "storage":
        msg = "a persistent id does not name a storage"
        raise CheckpointError(msg)
    _, kind, key, location, count, *view = identity
    if any(part is not None for part in view):
        msg = (
            f"storage {describe(key)} is a view of another, as before torch 0.4; "
            "such files are not read"
        )
        raise CheckpointError(msg)
    if not isinstance(kind, StorageType):
        msg = f"storage {describe(key)} is of an unknown type, {describe(kind)}"
        raise CheckpointError(msg)
    if not isinstance(key, str) or not isinstance(location, str):
        msg = "a storage's key or location is not a string"
        raise CheckpointError(msg)
    (count,) = _lengths("storage size", (count,))
    return kind, key, location, count


def _lengths(what: str, numbers: object) -> tuple[int, ...]:
    if not isinstance(numbers, tuple):
        msg = f"the {what} of a tensor is {describe(numbers)}, not a tuple"
        raise CheckpointError(msg)
    for number in numbers:
        if type(number) is not int or not 0 <= number <= _LARGEST:
            msg = f"the {what} of a tensor or storage is {describe(number)}"
            raise CheckpointError(msg)
    return numbers


def check_location(map_location: MapLocation, location: str, nbytes: int) -> None:
    """Refuse, in torch's words, a storage that would have to go to another device than the CPU.

    Raises:
        RuntimeError: the device is not there.
        CheckpointError: there is no such device.
    """
    if callable(map_location):
        if map_location(LocatedStorage(nbytes), location) is not None:
            return
    elif isinstance(map_location, dict):
        location = str(map_location.get(location, location))
    elif map_location is not None:
        location = str(map_location)
    kind = location.partition(":")[0]
    if kind == "cpu":
        return
    if kind == "cuda":
        raise RuntimeError(NO_CUDA)
    if kind == "meta":
        check_device(location)
    msg = (
        "don't know how to restore data location of torch.storage.UntypedStorage "
        f"(tagged with {location}); use map_location='cpu'"
    )
    raise CheckpointError(msg)
