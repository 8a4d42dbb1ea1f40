"""Storages: the memory behind tensors, as bytes and as elements. Torch calls the latter old.

The memory belongs to a NumPy array, which cannot grow or shrink under its views; so a storage
refuses to be resized, as torch's do over NumPy's memory.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from . import _dtype
from ._device import device
from ._dtype import FROM_NUMPY, dtype
from ._tensor import Tensor, wrap
from ._tensor_memory import root_of

__all__ = ["TypedStorage", "UntypedStorage"]

Array = np.ndarray[Any, Any]


def flat_memory(array: Array) -> Array:
    """Return all the memory behind an array as one row of its elements."""
    root = root_of(array)
    flat = np.lib.stride_tricks.as_strided(root, (root.size,), (root.itemsize,))
    return flat if root.dtype == array.dtype else flat.view(array.dtype)


class _Storage:
    """What both kinds of storage do with their row of elements, bytes or numbers."""

    __slots__ = ("__weakref__", "_row")

    _row: Array

    def __len__(self) -> int:
        return self._row.size

    def size(self) -> int:
        """Return the number of elements."""
        return self._row.size

    def nbytes(self) -> int:
        """Return the number of bytes."""
        return self._row.nbytes

    def element_size(self) -> int:
        """Return the bytes of an element."""
        return self._row.itemsize

    def data_ptr(self) -> int:
        """Return the address of the memory."""
        address: int = self._row.__array_interface__["data"][0]
        return address

    @property
    def device(self) -> device:
        """Always ``device(type='cpu')``."""
        return device("cpu")

    is_cuda = False
    is_sparse = False

    def get_device(self) -> int:
        """Return -1, as torch does on the CPU."""
        return -1

    def tolist(self) -> list[Any]:
        """Return the elements as Python numbers."""
        return list(self)

    def __iter__(self) -> Iterator[Any]:
        return iter(wrap(self._row).tolist())

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return self._over(self._row[place])
        self._check_place(place)
        return wrap(self._row[place : place + 1 or None]).item()

    def __setitem__(self, place: Any, value: Any) -> None:
        if not isinstance(place, slice):
            self._check_place(place)
        self._row[place] = getattr(value, "_row", value)

    def _check_place(self, place: Any) -> None:
        if not isinstance(place, int):
            msg = f"can't index a {type(self)} with {type(place)}"
            raise TypeError(msg)
        if not -self._row.size <= place < self._row.size:
            msg = f"index {place} out of range for storage of size {self._row.size}"
            raise IndexError(msg)

    def _over(self, row: Array) -> Any:
        made = object.__new__(type(self))
        made._row = row
        return made

    def fill_(self, value: Any) -> Any:
        """Write one value to all elements."""
        self._row[...] = value
        return self

    def copy_(self, source: Any, non_blocking: bool | None = None) -> Any:
        """Write the elements of another storage of the same length."""
        del non_blocking
        if len(source) != len(self):
            msg = f"storages of different sizes: {len(self)} and {len(source)}"
            raise RuntimeError(msg)
        self._row[...] = source._row
        return self

    def clone(self) -> Any:
        """Return a copy."""
        return self._over(self._row.copy())

    def cpu(self) -> Any:
        """Return the storage itself; it is on the CPU."""
        return self

    def resizable(self) -> bool:
        """Return ``False``: the memory is NumPy's, which has views of it."""
        return False

    def resize_(self, size: int) -> Any:
        """Refuse another size.

        Raises:
            RuntimeError: the size is not that of the storage.
        """
        if size == len(self):
            return self
        msg = (
            "Trying to resize storage that is not resizable: its memory is NumPy's, of "
            f"{len(self)} elements; got {size}"
        )
        raise RuntimeError(msg)

    def is_shared(self) -> bool:
        """Return whether other processes that are forked see what is written."""
        return is_shared_memory(self._row)

    def share_memory_(self) -> Any:
        """Refuse, unless the memory is shared: move the tensor with :meth:`Tensor.share_memory_`.

        Raises:
            RuntimeError: the memory is not shared.
        """
        if self.is_shared():
            return self
        msg = (
            "share_memory_: penlight cannot move a storage from under its tensors; call "
            "share_memory_() of the tensor before there are views of it"
        )
        raise RuntimeError(msg)

    def is_pinned(self, device: Any = None) -> bool:  # noqa: ARG002 - torch's signature
        """Return ``False``: there is no accelerator to pin memory for."""
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Storage) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[Any, ...]:
        return type(self), self.data_ptr(), self._row.nbytes

    def __copy__(self) -> Any:
        return self.clone()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = self.clone()
        return memo[id(self)]


def is_shared_memory(array: Array) -> bool:
    """Return whether an array looks at memory that forked processes share."""
    import mmap  # noqa: PLC0415 - rare

    owner = root_of(array).base
    owner = owner.obj if isinstance(owner, memoryview) else owner
    return isinstance(owner, mmap.mmap)


class UntypedStorage(_Storage):
    """The memory behind a tensor as a row of bytes.

    Args:
        args: how many bytes, or a sequence of them; none for an empty storage.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(3).untyped_storage().nbytes()
        12
    """

    __slots__ = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        unknown = set(kwargs) - {"device"}
        if len(args) > 1 or unknown:
            msg = (
                "UntypedStorage() takes a size or a sequence, and device=, got "
                f"{len(args)} arguments and {sorted(kwargs)}"
            )
            raise TypeError(msg)
        given = args[0] if args else 0
        if isinstance(given, int):
            self._row = np.zeros(given, np.uint8)
        else:
            self._row = np.array(list(given), np.uint8)

    def untyped(self) -> UntypedStorage:
        """Return the storage itself."""
        return self

    def type(self) -> str:
        """Return torch's name of the class."""
        return "torch.storage.UntypedStorage"

    def new(self) -> UntypedStorage:
        """Return an empty storage."""
        return UntypedStorage()

    def __repr__(self) -> str:
        rows = "\n".join(f" {byte}" for byte in self._row.tolist())
        head = f"[{self.type()}(device=cpu) of size {len(self)}]"
        return f"{rows}\n{head}"


_warned: list[bool] = []


def warn_of_typed_storage() -> None:
    """Warn, once, that typed storages are old."""
    if _warned:
        return
    _warned.append(True)
    warnings.warn(
        "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be "
        "the only storage class. This should only matter to you if you are using storages "
        "directly.  To access UntypedStorage directly, use tensor.untyped_storage() instead of "
        "tensor.storage()",
        UserWarning,
        stacklevel=4,
    )


class TypedStorage(_Storage):
    """The memory behind a tensor as a row of elements; torch calls it deprecated.

    Args:
        args: how many elements, or a sequence of them.
        wrap_storage: bytes to look at instead.
        dtype: the type of the elements; the default floating dtype when not given.

    Example:
        >>> import penlight as torch
        >>> storage = torch.TypedStorage([1.0, 2.0], _internal=True)
        >>> storage.tolist(), storage.dtype
        ([1.0, 2.0], torch.float32)
    """

    __slots__ = ()

    def __init__(
        self,
        *args: Any,
        wrap_storage: UntypedStorage | None = None,
        dtype: dtype | None = None,
        device: Any = None,
        _internal: bool = False,
    ) -> None:
        del device
        if not _internal:
            warn_of_typed_storage()
        kind = _dtype.default_numpy() if dtype is None else dtype.numpy
        if wrap_storage is not None:
            if args:
                _refuse_arguments()
            self._row = wrap_storage._row.view(kind)
            return
        if len(args) > 1:
            _refuse_arguments()
        given = args[0] if args else 0
        row = np.zeros(given, kind) if isinstance(given, int) else np.array(list(given), kind)
        self._row = row

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        return FROM_NUMPY[self._row.dtype]

    def untyped(self) -> UntypedStorage:
        """Return the same memory as bytes."""
        made = UntypedStorage()
        made._row = self._row.view(np.uint8)
        return made

    def type(self) -> str:
        """Return torch's name of the kind of storage."""
        return f"torch.{self.dtype.scalar_type}Storage"

    def pickle_storage_type(self) -> str:
        """Return the name that checkpoints give to the kind of storage."""
        return f"{self.dtype.scalar_type}Storage"

    def __repr__(self) -> str:
        rows = "\n".join(f" {number}" for number in self)
        head = f"[torch.storage.TypedStorage(dtype={self.dtype}, device=cpu) of size {len(self)}]"
        return f"{rows}\n{head}"


def _refuse_arguments() -> NoReturn:
    msg = "TypedStorage() takes a size, a sequence, or wrap_storage= and dtype="
    raise RuntimeError(msg)


class _OldStorageType(type):
    """Lets ``isinstance(storage, torch.FloatStorage)`` look at the dtype, as torch's types do."""

    dtype: dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TypedStorage) and instance.dtype is cls.dtype


def _old_storage(kind: dtype) -> Any:
    """Return torch's old type of the storages of one dtype; it makes a TypedStorage."""

    def __new__(  # noqa: N807
        cls: Any,
        *args: Any,
        wrap_storage: UntypedStorage | None = None,
        dtype: Any = None,
        device: Any = None,
        _internal: bool = False,
    ) -> TypedStorage:
        if dtype is not None:
            msg = f"{cls.__name__}() has a dtype of its own, and takes none; got {dtype}"
            raise RuntimeError(msg)
        return TypedStorage(
            *args,
            wrap_storage=wrap_storage,
            dtype=cls.dtype,
            device=device,
            _internal=_internal,
        )

    doc = f"Make a storage of {kind} the way torch did before ``TypedStorage``."
    name = f"{kind.scalar_type}Storage"
    made = {"__new__": __new__, "__doc__": doc, "__module__": "torch", "dtype": kind}
    return _OldStorageType(name, (), made)


BFloat16Storage = _old_storage(_dtype.bfloat16)
BoolStorage = _old_storage(_dtype.bool)
ByteStorage = _old_storage(_dtype.uint8)
CharStorage = _old_storage(_dtype.int8)
DoubleStorage = _old_storage(_dtype.float64)
FloatStorage = _old_storage(_dtype.float32)
HalfStorage = _old_storage(_dtype.float16)
IntStorage = _old_storage(_dtype.int32)
LongStorage = _old_storage(_dtype.int64)
ShortStorage = _old_storage(_dtype.int16)
_old_types = (
    *(BFloat16Storage, BoolStorage, ByteStorage, CharStorage, DoubleStorage),
    *(FloatStorage, HalfStorage, IntStorage, LongStorage, ShortStorage),
)


def old_type_of(kind: dtype) -> Any:
    """Return torch's old type of the storages of a dtype."""
    return next(old for old in _old_types if old.dtype is kind)


def untyped_of(tensor: Tensor) -> UntypedStorage:
    """Return the memory behind a tensor as bytes."""
    made = UntypedStorage()
    made._row = flat_memory(tensor._exposed()).view(np.uint8)
    return made


def typed_of(tensor: Tensor) -> TypedStorage:
    """Return the memory behind a tensor as elements."""
    made = TypedStorage(dtype=tensor.dtype, _internal=True)
    made._row = flat_memory(tensor._exposed())
    return made
