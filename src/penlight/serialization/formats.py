"""Which format a file has, and what reads it."""

from __future__ import annotations

import io
import os
import sys
from typing import IO, TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from ._errors import CheckpointError
from .archive import MAGIC, ArchiveReader
from .legacy import FIRST_BYTE, read_legacy
from .names import NAMES
from .opcodes import Names, PickleReader
from .safetensors import looks_like_safetensors, read_safetensors
from .scripted import SCRIPT_NAMES, is_scripted, state_of
from .source import Source, map_file, mapped_bytes
from .storages import StorageLoader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .source import Mapped
    from .storages import MapLocation

    Array = np.ndarray[Any, Any]
    Fetch = Callable[[str, int], Array]

ARCHIVE, SCRIPT = "torch archive", "TorchScript archive"
LEGACY, SAFETENSORS = "torch before 1.6", "safetensors"

_HEAD = 512  # a tar file has its magic number within the first 512 bytes
_TAR_MAGIC = slice(257, 262)
_LARGEST_ITEM = 16  # bytes, of complex128; NumPy is slow on elements that are not aligned


class Reading(NamedTuple):
    """How a file is to be read.

    Attributes:
        map_location: ``load``'s argument.
        mmap: tensors stay in the file until they are touched.
        anywhere: with ``mmap``, also in formats that ``load`` does not map, not aligned, and not
            to be written to.
        strict: refuse names that are not known.
        encoding: of byte strings of Python 2.
        values: names that stand for values, beside the known ones.
        classes: the classes that the caller allows, by the names that files give them.
    """

    map_location: MapLocation = None
    mmap: bool = False
    anywhere: bool = False
    strict: bool = False
    encoding: str = "utf-8"
    values: Mapping[str, object] = {}
    classes: Mapping[str, type] = {}


class Contents(NamedTuple):
    """What a file holds.

    Attributes:
        value: the object.
        format: the file's format, in words.
        metadata: what a safetensors file says beside its tensors.
    """

    value: object
    format: str
    metadata: dict[str, str]


def read_contents(file: IO[bytes], how: Reading) -> Contents:
    """Read a file that is open, from where it stands.

    Raises:
        CheckpointError: the file is damaged, hostile, or of another format.
    """
    source = _source(file)
    head = source.read(0, min(source.size, _HEAD), "the file")
    if head.startswith(MAGIC):
        return _read_archive(file, source, how)
    if looks_like_safetensors(head, source.size):
        mapped = map_file(file, writable=not how.anywhere) if how.mmap else None
        path = None if source.start else _path_of(file)
        tensors, metadata = read_safetensors(source, path, mapped, strict=how.strict)
        return Contents(tensors, SAFETENSORS, metadata)
    if how.mmap and not how.anywhere:
        msg = (
            "mmap can only be used with files saved with "
            "torch.save(_use_new_zipfile_serialization=True)"
        )
        raise RuntimeError(msg)
    if head.startswith(FIRST_BYTE):
        value = read_legacy(
            source,
            NAMES.allowing(how.values, how.classes) if how.classes else NAMES,
            how.map_location,
            strict=how.strict,
            encoding=how.encoding,
            mapped=map_file(file, writable=not how.anywhere) if how.mmap else None,
        )
        return Contents(value, LEGACY, {})
    return _refuse_format(head, source.size)


def _read_archive(file: IO[bytes], source: Source, how: Reading) -> Contents:
    archive = ArchiveReader(source)
    scripted = is_scripted(archive)
    names: Names = SCRIPT_NAMES if scripted else NAMES
    if how.classes and not scripted:
        names = names.allowing(how.values, how.classes)
    fetch = _copied(archive)
    if how.mmap:
        fetch = _mapped(
            archive, map_file(file, writable=not how.anywhere), aligned=not how.anywhere
        )
    loader = StorageLoader(fetch, how.map_location, swap=_is_swapped(archive))
    strict = how.strict and not scripted  # the classes of a program are its own
    data = archive.read("data.pkl")
    value = PickleReader(data, names, loader.load, strict=strict, encoding=how.encoding).read()
    if scripted:
        return Contents(state_of(value), SCRIPT, {})
    return Contents(value, ARCHIVE, {})


def _source(file: Any) -> Source:
    try:
        return Source(file)
    except (AttributeError, io.UnsupportedOperation) as error:
        msg = (
            f"{error}. You can only torch.load from a file that is seekable. Please pre-load the "
            "data into a buffer like io.BytesIO and try to load from it instead."
        )
        raise type(error)(msg) from error


def _path_of(file: Any) -> str | None:
    """Return the path of a file that was opened by it, for libraries that want one."""
    name = getattr(file, "name", None)
    return os.fsdecode(name) if isinstance(name, (str, bytes)) and os.path.isfile(name) else None


def _refuse_format(head: bytes, size: int) -> NoReturn:
    if not size:
        reason = "Ran out of input: the file is empty"
    elif head[_TAR_MAGIC] == b"ustar":
        reason = (
            "it is a tar file, the format before torch 0.2; load it with a torch of its time and "
            "save it again"
        )
    else:
        reason = (
            "it is neither a zip archive, nor a pickle, nor a safetensors file; it begins with "
            f"{head[:8]!r}"
        )
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


def _mapped(archive: ArchiveReader, content: Mapped, *, aligned: bool) -> Fetch:
    def fetch(key: str, nbytes: int) -> Array:
        name = _checked(archive, key, nbytes)
        array = mapped_bytes(content, archive.locate(name), nbytes)
        fits = not aligned or array.__array_interface__["data"][0] % _LARGEST_ITEM == 0
        return array if fits else array.copy()

    return fetch


def _checked(archive: ArchiveReader, key: str, nbytes: int) -> str:
    """Return the entry of a storage, whose length the pickle and the archive must agree on."""
    name = f"data/{key}"
    size = archive.size(name)
    if size != nbytes:
        msg = f"storage {key!r} is {nbytes} bytes by the pickle, but entry {name!r} has {size}"
        raise CheckpointError(msg)
    return name
