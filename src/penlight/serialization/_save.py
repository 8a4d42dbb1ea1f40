"""``torch.save``."""

from __future__ import annotations

import os
import pickle
import sys
from typing import IO, TYPE_CHECKING, Any

from .archive import ALIGNMENT, ArchiveWriter
from .atomic import replacing
from .early import synced_early
from .emitter import Emitter
from .legacy import write_legacy
from .opcodes import HIGHEST_PROTOCOL, LOWEST_PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable

    from .source import Bytes

DEFAULT_PROTOCOL = 2
_VERSION = b"3\n"
_FORMAT_VERSION = b"1"


def save(
    obj: object,
    f: str | os.PathLike[str] | IO[bytes],
    pickle_module: Any = pickle,
    pickle_protocol: int = DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Save an object to a file that penlight and torch can load, torch with ``weights_only=True``.

    The object is a tensor, a parameter, or a container of them: dicts (also ordered, with their
    ``_metadata``), lists, tuples, sets, numbers, strings, bytes, ``None``, :class:`torch.Size`,
    dtypes, devices, NumPy arrays and scalars. Tensors that share memory share it in the file and
    after loading.

    A path is written aside and put in place when it is complete and on the disk: a full disk, an
    exception or a crash leaves the file that was there.

    Args:
        obj: what to save.
        f: a path, or a file open for writing in binary mode.
        pickle_module: only ``pickle``; penlight has a writer of its own.
        pickle_protocol: 2 to 5; the pickle in the file is one of protocol 2, which all can read.
        _use_new_zipfile_serialization: ``False`` for the format before torch 1.6.
        _disable_byteorder_record: leave out the record of the byte order.

    Raises:
        TypeError: the object holds something else; the message says where.
        RuntimeError: the directory does not exist.
        ValueError: another pickle module or protocol is asked for.

    Example:
        >>> import io
        >>> import penlight as torch
        >>> file = io.BytesIO()
        >>> torch.save({"weight": torch.ones(2)}, file)
        >>> _ = file.seek(0)
        >>> torch.load(file)
        {'weight': tensor([1., 1.])}
    """
    _check_pickle(pickle_module, pickle_protocol)

    def write_by(write: Callable[[Bytes], int | None]) -> None:
        if _use_new_zipfile_serialization:
            _write_archive(obj, write, _root(f), byteorder=not _disable_byteorder_record)
        else:
            write_legacy(obj, write)

    if isinstance(f, (str, os.PathLike)):
        with replacing(f) as file, synced_early(file) as write:
            write_by(write)
    elif hasattr(f, "write"):
        write_by(f.write)
    else:
        msg = (
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute, "
            f"got {f!r}"
        )
        raise AttributeError(msg)


def _check_pickle(module: object, protocol: int) -> None:
    if module is not None and module is not pickle:
        name = getattr(module, "__name__", repr(module))
        msg = f"pickle_module={name}: penlight writes checkpoints itself; leave the argument out"
        raise ValueError(msg)
    if not LOWEST_PROTOCOL <= protocol <= HIGHEST_PROTOCOL:
        msg = f"pickle_protocol={protocol}; {LOWEST_PROTOCOL} to {HIGHEST_PROTOCOL} are accepted"
        raise ValueError(msg)


def _root(f: object) -> str:
    """Return the name of the folder in the archive: as torch, the file's without its ending."""
    if isinstance(f, (str, os.PathLike)):
        name = os.path.splitext(os.path.basename(os.fspath(f)))[0]
        if isinstance(name, str) and name.isascii() and name.isprintable():
            return name or "archive"
    return "archive"


def _write_archive(
    obj: object, write: Callable[[Bytes], int | None], root: str, *, byteorder: bool
) -> None:
    emitter = Emitter()
    stream = emitter.dump(obj)
    archive = ArchiveWriter(write, root)
    archive.add("data.pkl", stream)
    archive.add(".format_version", _FORMAT_VERSION)
    archive.add(".storage_alignment", str(ALIGNMENT).encode())
    if byteorder:
        archive.add("byteorder", sys.byteorder.encode())
    for number, block in enumerate(emitter.storages.blocks):
        archive.add(f"data/{number}", block.data)
    archive.add("version", _VERSION)
    # torch: forty digits that tell two files with different contents apart.
    archive.add(".data/serialization_id", f"{archive.checksum:040d}".encode())
    archive.close()
