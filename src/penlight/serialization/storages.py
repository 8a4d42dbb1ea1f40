"""The storages of a checkpoint: blocks of bytes that tensors are laid over, checked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

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
_MOST_COPIES = 16  # of a storage, by tensors that cannot be laid over it
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

    __slots__ = ("_bytes", "_copied", "_swap", "_swapped", "key", "location", "type")

    def __init__(
        self, data: Array, kind: StorageType, key: str, location: str, *, swap: bool
    ) -> None:
        self.type = kind
        self.key = key
        self.location = location
        self._bytes = data
        self._swap = swap
        self._swapped: _dtype.dtype | None = None
        self._copied = 0

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

    def part(self, key: str, offset: int, count: int) -> StoredBytes:
        """Return some of the elements as a storage that shares their memory.

        Raises:
            CheckpointError: there are not so many, or they are in the other byte order.
        """
        begin, end = (place * self.type.dtype.itemsize for place in (offset, offset + count))
        if end > self.nbytes or self._swap:
            msg = (
                f"storage {key!r} would be bytes {begin} to {end} of storage {self.key!r}, which "
                f"has {self.nbytes} {'in the other byte order' if self._swap else 'bytes'}"
            )
            raise CheckpointError(msg)
        return StoredBytes(self._bytes[begin:end], self.type, key, self.location, swap=False)

    def spend(self, nbytes: int) -> None:
        """Count bytes that are copied out of the storage.

        Raises:
            CheckpointError: they are many times what it has.
        """
        self._copied += nbytes
        if self._copied > _MOST_COPIES * self.nbytes:
            msg = f"tensors copy {self._copied} bytes out of storage {self.key!r} of {self.nbytes}"
            raise CheckpointError(msg)

    def _to_native_order(self, dtype: _dtype.dtype) -> None:
        """Swap the bytes of each element, once, where the file has the other byte order."""
        if not self._swap or self._swapped is dtype:
            return
        if self._swapped is not None:
            msg = f"storage {self.key!r} holds both {self._swapped} and {dtype} in swapped order"
            raise CheckpointError(msg)
        whole = self.nbytes // dtype.itemsize * dtype.itemsize
        if not self._bytes.flags.writeable:
            self._bytes = self._bytes.copy()
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
        self._views: dict[tuple[str, int, int], StoredBytes] = {}

    def load(self, identity: object) -> object:
        """Return the storage of a persistent id; an inert object if its type is not known.

        Raises:
            CheckpointError: it is not one of a storage, or contradicts the file.
        """
        if tag_of(identity) == "module":
            return class_of(identity)
        if isinstance(identity, tuple) and len(identity) > 1:
            unknown = identity[1]
            if isinstance(unknown, UnknownName):
                return UnknownObject(unknown.name, identity, {})
        wanted = parse_identity(identity)
        root = self._root(wanted)
        return root if wanted.view is None else self._view(root, wanted.view)

    def _root(self, wanted: Identity) -> StoredBytes:
        kind, key, location, count, _ = wanted
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

    def _view(self, root: StoredBytes, view: tuple[str, int, int]) -> StoredBytes:
        """Return a part of a storage that was one of its own, as before torch 0.4."""
        key, offset, count = view
        if view not in self._views:
            self._views[view] = root.part(key, offset, count)
        return self._views[view]


class Identity(NamedTuple):
    """What the persistent id of a storage says.

    Attributes:
        kind: the type.
        key: its name in the file.
        location: the device it was saved from.
        length: the number of elements.
        view: the key, offset and number of elements of the part that is meant, or ``None``.
    """

    kind: StorageType
    key: str
    location: str
    length: int
    view: tuple[str, int, int] | None


def tag_of(identity: object) -> str:
    """Return the first word of a persistent id."""
    # As text only: an array from the file would answer == with another array.
    if isinstance(identity, tuple) and identity and type(identity[0]) is str:
        return identity[0]
    return ""


def class_of(identity: object) -> object:
    """Return the class that a persistent id names: torch kept modules' source code so, once.

    Raises:
        CheckpointError: it is not such an id.
    """
    if not isinstance(identity, tuple) or len(identity) != 4:
        msg = "a persistent id of a module does not give its class, file and source"
        raise CheckpointError(msg)
    return identity[1]


def parse_identity(identity: object) -> Identity:
    """Return what the persistent id of a storage says.

    Raises:
        CheckpointError: it is not one of a storage.
    """
    if (
        tag_of(identity) != "storage"
        or not isinstance(identity, tuple)
        or len(identity) not in (5, 6)
    ):
        msg = "a persistent id does not name a storage"
        raise CheckpointError(msg)
    _, kind, key, location, count, *rest = identity
    if not isinstance(kind, StorageType):
        msg = f"storage {describe(key)} is of an unknown type, {describe(kind)}"
        raise CheckpointError(msg)
    if not isinstance(key, str) or not isinstance(location, str):
        msg = "a storage's key or location is not a string"
        raise CheckpointError(msg)
    (count,) = _lengths("storage size", (count,))
    return Identity(kind, key, location, count, _parse_view(rest[0] if rest else None))


def _parse_view(view: object) -> tuple[str, int, int] | None:
    if view is None:
        return None
    if not isinstance(view, tuple) or len(view) != 3 or not isinstance(view[0], str):
        msg = f"a part of a storage is given as {describe(view)}, not as key, offset and size"
        raise CheckpointError(msg)
    offset, count = _lengths("part of a storage", view[1:])
    return view[0], offset, count


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
