"""Tensors and the memory behind them: storages, sharing, DLPack, and torch's old ``new``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _layout
from .._device import check_device
from .._dtype import FROM_NUMPY
from .._tensor import Array, Tensor, wrap
from .._tensor_memory import legacy_array, root_of
from ..storage import (
    TypedStorage,
    UntypedStorage,
    is_shared_memory,
    old_type_of,
    typed_of,
    untyped_of,
    warn_of_typed_storage,
)
from ._op import attach
from .shape import alias

__all__ = ["from_dlpack", "to_dlpack"]

# ---- storages ------------------------------------------------------------------------------------


def untyped_storage(self: Tensor) -> UntypedStorage:
    """Return the memory behind the tensor, of which it may show a part, as bytes.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(4)[1:].untyped_storage().nbytes()
        16
    """
    return untyped_of(self)


def storage(self: Tensor) -> TypedStorage:
    """Return the memory behind the tensor as elements; torch calls it deprecated, and warns."""
    warn_of_typed_storage()
    return typed_of(self)


def storage_type(self: Tensor) -> Any:
    """Return the class of the tensor's storage; torch calls it deprecated, and warns."""
    warn_of_typed_storage()
    return old_type_of(self.dtype)


def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Say whether two tensors look at the same memory in the same way.

    Example:
        >>> import penlight as torch
        >>> x = torch.zeros(2)
        >>> x.is_set_to(x.detach()), x.is_set_to(x.clone())
        (True, False)
    """
    a, b = self._array, tensor._array
    return (
        a.dtype == b.dtype
        and a.shape == b.shape
        and self.stride() == tensor.stride()
        and a.__array_interface__["data"] == b.__array_interface__["data"]
        and root_of(a) is root_of(b)
    )


def is_shared(self: Tensor) -> bool:
    """Say whether processes that are forked see each other's writes to this tensor."""
    return is_shared_memory(self._array)


def share_memory_(self: Tensor) -> Tensor:
    """Move the memory to where processes that are forked later see each other's writes.

    Raises:
        RuntimeError: another tensor or array looks at the memory too: it cannot follow.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(2).share_memory_().is_shared()
        True
    """
    if is_shared(self) or not self._array.size:
        return self
    import mmap  # noqa: PLC0415 - rare
    import sys  # noqa: PLC0415 - rare

    array = self._array
    # The tensor's field, the name above and the argument of getrefcount; and no base.
    if root_of(array) is not array or sys.getrefcount(array) > 3:
        msg = (
            "share_memory_: other tensors or arrays look at this memory and could not follow it; "
            "share it before making views, or share a clone()"
        )
        raise RuntimeError(msg)
    memory = mmap.mmap(-1, array.nbytes)
    order = np.argsort([-step for step in array.strides], kind="stable")
    shared: Array = np.frombuffer(memory, array.dtype).reshape([array.shape[d] for d in order])
    shared = shared.transpose(np.argsort(order))
    shared[...] = array
    self._array = shared
    return self


def new(
    self: Tensor,
    *args: Any,
    device: Any = None,
    size: Any = None,
    other: Tensor | None = None,
    storage: Any = None,
) -> Tensor:
    """Make a tensor of this one's dtype the old way: from sizes, from data, or empty.

    Args:
        self: the tensor whose dtype is taken.
        args: lengths, a sequence of values, a tensor, a storage, or nothing.
        device: the CPU.
        size: the lengths by name.
        other: a tensor by name.
        storage: a storage by name.

    Raises:
        RuntimeError: the storage holds elements of another dtype.
        TypeError: the arguments are none of these.

    Example:
        >>> import penlight as torch
        >>> torch.zeros(1).new([1, 2])
        tensor([1., 2.])
    """
    if device is not None:
        check_device(device)
    if size is not None:
        args = tuple(size)
    args += tuple(given for given in (other, storage) if given is not None)
    if len(args) == 1 and isinstance(args[0], (TypedStorage, UntypedStorage)):
        return _over_storage(self, args[0])
    return wrap(legacy_array(args, self._array.dtype))


def _over_storage(self: Tensor, storage: TypedStorage | UntypedStorage) -> Tensor:
    """Return a tensor of this one's dtype that looks at a storage."""
    if isinstance(storage, TypedStorage) and storage.dtype is not self.dtype:
        msg = (
            f"Expected a Storage of type {self.dtype.scalar_type} or an UntypedStorage, but got "
            f"type {storage.dtype.scalar_type} for argument 1 'storage'"
        )
        raise RuntimeError(msg)
    out: Tensor = wrap(np.empty(0, self._array.dtype)).set_(storage)
    return out


def as_subclass(self: Tensor, cls: type[Any]) -> Any:
    """Return a tensor of a subclass that looks at the same memory; gradients flow through it.

    Example:
        >>> import penlight as torch
        >>> torch.ones(1).as_subclass(torch.nn.Parameter)
        Parameter containing:
        tensor([1.])
    """
    out: Any = alias(self)
    out.__class__ = cls
    return out


# ---- DLPack --------------------------------------------------------------------------------------

_CPU = (1, 0)


def dlpack_of(
    self: Tensor,
    *,
    stream: Any = -1,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """Return a DLPack capsule that shares the tensor's memory.

    Raises:
        BufferError: the tensor requires grad, or DLPack or NumPy has no such dtype.
    """
    if self.requires_grad:
        msg = "Can't export tensors that require gradient, use tensor.detach()"
        raise BufferError(msg)
    if stream is not None and type(stream) is not int:
        msg = f"stream must be ``int`` or ``none``, got {type(stream).__name__}"
        raise TypeError(msg)
    if stream not in {None, -1}:
        msg = f"stream should be None on cpu, got {stream}"
        raise AssertionError(msg)
    if self._array.dtype.kind == "V":
        msg = f"NumPy exports no {self.dtype} by DLPack; convert the tensor with float()"
        raise BufferError(msg)
    given: dict[str, Any] = {"max_version": max_version, "dl_device": dl_device, "copy": copy}
    return self._exposed().__dlpack__(**{k: v for k, v in given.items() if v is not None})


class _Capsule:
    """A bare capsule with the two methods that NumPy asks for."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return _CPU


class _Memory:
    """Memory that NumPy got read-only although its owner lets others write, as writable."""

    def __init__(self, array: Array) -> None:
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface
        self.owner = array


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """Make a tensor that shares the memory of another library's tensor, or of a DLPack capsule.

    Args:
        ext_tensor: an object with ``__dlpack__``, or a capsule.
        device: only the CPU.
        copy: ``True`` makes a copy.

    Raises:
        RuntimeError: the device is not there.
        BufferError: the tensor cannot be shared: it is elsewhere, or of a dtype NumPy lacks.

    Example:
        >>> import numpy as np, penlight as torch
        >>> torch.from_dlpack(np.arange(3))
        tensor([0, 1, 2])
    """
    if device is not None:
        check_device(device)
    source = ext_tensor if hasattr(ext_tensor, "__dlpack__") else _Capsule(ext_tensor)
    try:
        array: Array = np.from_dlpack(source)
    except RuntimeError as error:
        msg = f"from_dlpack: NumPy, which holds the memory here, cannot take this tensor: {error}"
        raise BufferError(msg) from None
    FROM_NUMPY[array.dtype]  # refuses what torch refuses
    if not array.flags.writeable and not isinstance(ext_tensor, np.ndarray):
        array = np.asarray(_Memory(array))
    return wrap(array.copy() if copy else array)


def to_dlpack(tensor: Tensor) -> Any:
    """Return a DLPack capsule that shares the tensor's memory; :func:`from_dlpack` reads it.

    Example:
        >>> import penlight as torch
        >>> torch.from_dlpack(torch.to_dlpack(torch.ones(2)))
        tensor([1., 1.])
    """
    return dlpack_of(tensor)


# ---- descriptions --------------------------------------------------------------------------------


def _layout_of(self: Tensor) -> Any:
    """How the elements stand in memory: always ``torch.strided``."""
    del self
    return _layout.strided


def _volatile(self: Tensor) -> bool:
    """False: torch took it away, and warns."""
    del self
    import warnings  # noqa: PLC0415 - only for what torch warns about

    warnings.warn("volatile was removed (Variable.volatile is always False)", stacklevel=2)
    return False


def _name_of(self: Tensor) -> None:
    """Nothing: tensors have no names."""
    del self


for _function in (
    as_subclass,
    untyped_storage,
    storage,
    storage_type,
    is_set_to,
    is_shared,
    share_memory_,
    new,
):
    attach(_function)
attach(dlpack_of, "__dlpack__")
attach(property(_layout_of), "layout")
attach(property(_name_of), "name")
attach(property(_volatile), "volatile")
