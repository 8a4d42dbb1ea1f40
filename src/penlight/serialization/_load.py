"""``torch.load``."""

from __future__ import annotations

import os
import warnings
from typing import IO, TYPE_CHECKING, Any

from .classes import allowed_classes, functional_values
from .formats import SCRIPT, Contents, Reading, read_contents
from .survey import unknown_parts

if TYPE_CHECKING:
    from .storages import MapLocation

_MOST_LISTED = 5
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
    """Load an object that penlight or torch saved, or the tensors of a safetensors file.

    Nothing in the file is run and nothing is imported for it, whatever ``weights_only`` says. An
    object of a class that penlight does not know becomes an inert
    :class:`~penlight.serialization.UnknownObject` that keeps its name, arguments and state; a
    warning lists them. Of a TorchScript archive the tensors come back, as a state dict.

    Args:
        f: a path, or a seekable file open for reading in binary mode.
        map_location: where to put tensors saved from another device. Only the CPU is there:
            ``"cpu"``, or a dict or function that leads to it.
        pickle_module: ignored; penlight has a reader of its own.
        weights_only: accepted for torch's sake. ``True`` is the default and ``False`` reads in the
            same way: what a file names is never run.
        mmap: keep the tensors in the file (a path, in the zip or safetensors format) until they
            are touched; writes to them do not reach it, and their checksums are not checked.
        pickle_load_args: ``safe_classes=[…]``, classes of which the objects in the file may be
            made, as ``penlight.serialization.add_safe_globals`` allows them for all files;
            ``strict=True`` refuses a file with classes that are not known; ``encoding`` of the
            byte strings that Python 2 pickled.

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
    del pickle_module
    classes = allowed_classes(pickle_load_args.pop("safe_classes", ()))
    how = Reading(
        map_location,
        mmap=bool(mmap),
        strict=bool(pickle_load_args.pop("strict", False)),
        encoding=str(pickle_load_args.pop("encoding", "utf-8")),
        values=functional_values() if classes else {},
        classes=classes,
    )
    unknown = set(pickle_load_args) - set(_IGNORED)
    if unknown:
        msg = f"load() got an unexpected keyword argument {min(unknown)!r}"
        raise TypeError(msg)
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            contents = read_contents(file, how)
    elif mmap:
        msg = "f must be a file path in order to use the mmap argument"
        raise ValueError(msg)
    else:
        contents = read_contents(f, how)
    _warn(contents, how, executing=weights_only is False)
    return contents.value


def _warn(contents: Contents, how: Reading, *, executing: bool) -> None:
    if contents.format == SCRIPT:
        warnings.warn(
            "the file is a TorchScript archive: its parameters and buffers are returned as a state "
            "dict, for load_state_dict of a model that is written in Python; its code is not read",
            stacklevel=3,
        )
    listed, count = unknown_parts(
        contents.value, most=_MOST_LISTED, classes=tuple(how.classes.values())
    )
    if not count:
        return
    more = f", and {count - len(listed)} more" if count > len(listed) else ""
    advice = (
        "weights_only=False changes nothing about that: penlight never runs what a file names. "
        if executing
        else ""
    )
    warnings.warn(
        "the file holds objects of classes that penlight does not know; they are kept as inert "
        f"UnknownObjects with their names and states: {', '.join(listed)}{more}. {advice}To have "
        "them made, give the classes: load(..., safe_classes=[...])",
        stacklevel=3,
    )
