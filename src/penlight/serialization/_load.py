"""``torch.load``."""

from __future__ import annotations

import io
import os
import sys
import warnings
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np

from ._errors import CheckpointError
from .archive import MAGIC, ArchiveReader
from .legacy import FIRST_BYTE, read_legacy
from .names import NAMES
from .opcodes import PickleReader
from .source import Source
from .storages import StorageLoader
from .survey import unknown_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from .storages import MapLocation

    Array = np.ndarray[Any, Any]
    Fetch = Callable[[str, int], Array]

_HEAD = 512  # a tar file has its magic number within the first 512 bytes
_TAR_MAGIC = slice(257, 262)
_MOST_LISTED = 5
_LARGEST_ITEM = 16  # bytes, of complex128; NumPy is slow on elements that are not aligned
_IGNORED = ("errors", "fix_imports")  # of pickle.load; there is nothing here for them to change


def load(
    f: str | os.PathLike[str] | IO[bytes],
    map_location: MapLocation = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Load an object that penlight or torch saved.

    Nothing in the file is run and nothing is imported for it, whatever ``weights_only`` says. An
    object of a class that penlight does not know becomes an inert
    :class:`~penlight.serialization.UnknownObject` that keeps its name, arguments and state; a
    warning lists them.

    Args:
        f: a path, or a seekable file open for reading in binary mode.
        map_location: where to put tensors saved from another device. Only the CPU is there:
            ``"cpu"``, or a dict or function that leads to it.
        pickle_module: ignored; penlight has a reader of its own.
        weights_only: accepted for torch's sake; both values read the same way.
        mmap: keep the tensors in the file (a path, in the zip format) until they are touched;
            writes to them do not reach it, and their checksums are not checked.
        pickle_load_args: ``encoding`` of the byte strings that Python 2 pickled; ``strict=True``
            refuses a file with classes that penlight does not know.

    Raises:
        CheckpointError: the file is damaged, hostile, or of another format; it is a
            :class:`RuntimeError` and a :class:`pickle.UnpicklingError`.
        RuntimeError: tensors were saved from another device, and ``map_location`` is not given.

    Example:
        >>> import io
        >>> import penlight as torch
        >>> file = io.BytesIO()
        >>> torch.save([torch.arange(3), "a"], file)
        >>> _ = file.seek(0)
        >>> torch.load(file)
        [tensor([0, 1, 2]), 'a']
    """
    del pickle_module, weights_only
    strict = bool(pickle_load_args.pop("strict", False))
    encoding = str(pickle_load_args.pop("encoding", "utf-8"))
    unknown = set(pickle_load_args) - set(_IGNORED)
    if unknown:
        msg = f"load() got an unexpected keyword argument {min(unknown)!r}"
        raise TypeError(msg)
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            result = _read(file, map_location, mmap=bool(mmap), strict=strict, encoding=encoding)
    elif mmap:
        msg = "f must be a file path in order to use the mmap argument"
        raise ValueError(msg)
    else:
        result = _read(f, map_location, mmap=False, strict=strict, encoding=encoding)
    _warn_of_unknown(result)
    return result


def _read(
    file: IO[bytes], map_location: MapLocation, *, mmap: bool, strict: bool, encoding: str
) -> object:
    source = _source(file)
    head = source.read(0, min(source.size, _HEAD), "the file")
    if head.startswith(MAGIC):
        archive = ArchiveReader(source)
        fetch = _mapped(archive, file) if mmap else _copied(archive)
        loader = StorageLoader(fetch, map_location, swap=_is_swapped(archive))
        data = archive.read("data.pkl")
        return PickleReader(data, NAMES, loader.load, strict=strict, encoding=encoding).read()
    if mmap:
        msg = (
            "mmap can only be used with files saved with "
            "torch.save(_use_new_zipfile_serialization=True)"
        )
        raise RuntimeError(msg)
    if head.startswith(FIRST_BYTE):
        return read_legacy(source, map_location, strict=strict, encoding=encoding)
    return _refuse_format(head, source.size)


def _source(file: Any) -> Source:
    try:
        return Source(file)
    except (AttributeError, io.UnsupportedOperation) as error:
        msg = (
            f"{error}. You can only torch.load from a file that is seekable. Please pre-load the "
            "data into a buffer like io.BytesIO and try to load from it instead."
        )
        raise type(error)(msg) from error


def _refuse_format(head: bytes, size: int) -> NoReturn:
    if not size:
        reason = "Ran out of input: the file is empty"
    elif head[_TAR_MAGIC] == b"ustar":
        reason = (
            "it is a tar file, the format before torch 0.2; load it with a torch of its time and "
            "save it again"
        )
    elif head[8:9] == b"{" and int.from_bytes(head[:8], "little") < size:
        reason = "it looks like a safetensors file; read it with the safetensors library"
    else:
        reason = f"it is neither a zip archive nor a pickle; it begins with {head[:8]!r}"
    msg = f"not a checkpoint: {reason}"
    raise CheckpointError(msg)


def _is_swapped(archive: ArchiveReader) -> bool:
    if "byteorder" not in archive:
        return sys.byteorder != "little"  # torch: files without the record are little-endian
    order = archive.read("byteorder")
    if order not in (b"little", b"big"):
        msg = f"the record of the byte order says {order[:20]!r}, not little or big"
        raise CheckpointError(msg)
    return order.decode() != sys.byteorder


def _copied(archive: ArchiveReader) -> Fetch:
    def fetch(key: str, nbytes: int) -> Array:
        name = _checked(archive, key, nbytes)
        array = np.empty(nbytes, np.uint8)
        archive.read_into(name, array.data)
        return array

    return fetch


def _mapped(archive: ArchiveReader, file: IO[bytes]) -> Fetch:
    import mmap  # noqa: PLC0415 - rarely wanted

    content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)

    def fetch(key: str, nbytes: int) -> Array:
        name = _checked(archive, key, nbytes)
        if not nbytes:
            return np.empty(0, np.uint8)
        array: Array = np.frombuffer(content, np.uint8, nbytes, archive.locate(name))
        return array if array.__array_interface__["data"][0] % _LARGEST_ITEM == 0 else array.copy()

    return fetch


def _checked(archive: ArchiveReader, key: str, nbytes: int) -> str:
    """Return the entry of a storage, whose length the pickle and the archive must agree on."""
    name = f"data/{key}"
    size = archive.size(name)
    if size != nbytes:
        msg = f"storage {key!r} is {nbytes} bytes by the pickle, but entry {name!r} has {size}"
        raise CheckpointError(msg)
    return name


def _warn_of_unknown(result: object) -> None:
    listed, count = unknown_parts(result, most=_MOST_LISTED)
    if not count:
        return
    more = f", and {count - len(listed)} more" if count > len(listed) else ""
    warnings.warn(
        "the file holds objects of classes that penlight does not know; they are kept as inert "
        f"UnknownObjects with their names and states: {', '.join(listed)}{more}",
        stacklevel=3,
    )
