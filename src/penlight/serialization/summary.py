"""What a file holds, found out without reading the numbers in it."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._tensor import Tensor
from .._tensor_memory import root_of
from ..nn.parameter import Parameter
from ._errors import CheckpointError
from .formats import Contents, Reading, read_contents
from .inert import UnknownName, UnknownObject
from .survey import unknown_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST_VALUE = 80  # characters shown
_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_TABLES = ("_parameters", "_buffers")
_MOST_MODULES = 100_000


class TensorEntry(NamedTuple):
    """One tensor of a file.

    Attributes:
        name: the keys that lead to it, with dots between them.
        kind: ``tensor``, ``parameter`` or ``array`` (of NumPy's).
        dtype: the type of its elements.
        shape: its shape.
        bytes: of its elements.
        same_memory_as: the first tensor that lies in the same storage, if another does.
    """

    name: str
    kind: str
    dtype: str
    shape: list[int]
    bytes: int
    same_memory_as: str | None


class OtherEntry(NamedTuple):
    """Something else in a file.

    Attributes:
        name: the keys that lead to it, with dots between them.
        type: its type; of an inert object, the class that the file names.
        value: the value in short, if it is plain.
        inert: whether penlight does not know what it is.
    """

    name: str
    type: str
    value: str | None
    inert: bool


class Summary(NamedTuple):
    """What a file holds.

    Attributes:
        file: its path.
        format: in words.
        bytes: the length of the file.
        tensors: the tensors and arrays.
        others: what is neither, but for containers.
        metadata: the text that a safetensors file has beside its tensors.
    """

    file: str
    format: str
    bytes: int
    tensors: list[TensorEntry]
    others: list[OtherEntry]
    metadata: dict[str, str]


def open_lazily(path: str | os.PathLike[str], *, strict: bool = False) -> Contents:
    """Read a file of any format whose tensors stay in it until they are touched.

    Raises:
        CheckpointError: the file is damaged, hostile, or of another format.
    """
    how = Reading("cpu", mmap=True, anywhere=True, strict=strict)
    with open(path, "rb") as file:
        contents = read_contents(file, how)
    unknown_parts(contents.value, most=0)  # refuses what is nested too deeply
    return contents


def summarize(path: str | os.PathLike[str]) -> Summary:
    """Return what a file holds.

    Raises:
        CheckpointError: the file is damaged, hostile, or of another format.

    Example:
        >>> import penlight as torch
        >>> from penlight.serialization.summary import summarize
        >>> import tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "model.pt")
        >>> torch.save({"epoch": 3, "weight": torch.ones(2, 3)}, path)
        >>> [(entry.name, entry.shape) for entry in summarize(path).tensors]
        [('weight', [2, 3])]
    """
    contents = open_lazily(path)
    tensors: list[TensorEntry] = []
    others: list[OtherEntry] = []
    first_at: dict[int, str] = {}
    for name, value in _walk(contents.value):
        if isinstance(value, Tensor):
            root = root_of(value._array)
            first = first_at.setdefault(id(root), name)
            kind = "parameter" if isinstance(value, Parameter) else "tensor"
            same = None if first == name else first
            dtype = str(value.dtype).removeprefix("torch.")
            tensors.append(
                TensorEntry(name, kind, dtype, list(value.shape), value._array.nbytes, same)
            )
        elif isinstance(value, np.ndarray):
            shape = list(value.shape)
            tensors.append(TensorEntry(name, "array", str(value.dtype), shape, value.nbytes, None))
        else:
            others.append(_other(name, value))
    size = os.stat(path).st_size
    form, metadata = contents.format, contents.metadata
    return Summary(os.fspath(path), form, size, tensors, others, metadata)


def _other(name: str, value: object) -> OtherEntry:
    if isinstance(value, (UnknownObject, UnknownName)):
        return OtherEntry(name, value.name, None, inert=True)
    plain = isinstance(value, (*_PLAIN, np.generic))
    text = repr(value[:_LONGEST_VALUE] if isinstance(value, (str, bytes)) else value)
    kind = type(value).__name__
    return OtherEntry(name, kind, text[:_LONGEST_VALUE] if plain else None, inert=False)


def _walk(value: object) -> Iterator[tuple[str, object]]:
    """Yield what is in the containers of a value with its name; each container is opened once."""
    waiting: list[tuple[str, object]] = [("", value)]
    opened: dict[int, object] = {}
    while waiting:
        name, part = waiting.pop()
        inside = _inside(part)
        if inside is None or isinstance(part, UnknownObject):
            yield name or "(the whole file)", part
        if inside is not None and id(part) not in opened:
            opened[id(part)] = part
            dot = f"{name}." if name else ""
            waiting.extend(reversed([(f"{dot}{key}", item) for key, item in inside]))


def _inside(value: object) -> Iterable[tuple[object, object]] | None:
    """Return the keys and parts of a container; ``None`` if it is none."""
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, (list, tuple, set, frozenset)):
        return enumerate(value)
    if isinstance(value, UnknownObject):
        return [(key, part) for key, part in _inert_parts(value) if _inside(part) or _is_data(part)]
    return None


def _is_data(value: object) -> bool:
    return isinstance(value, (Tensor, np.ndarray))


def _inert_parts(value: UnknownObject) -> list[tuple[object, object]]:
    parts = [(str(key), item) for key, item in value.entries]
    return [
        ("args", value.args),
        ("state", value.state),
        ("appended", value.appended),
        ("entries", dict(parts)),
    ]


# ---- the tensors alone -------------------------------------------------------------------------


def tensors_of(value: object) -> tuple[OrderedDict[str, Tensor], list[str]]:
    """Return the tensors of a state dict or of an inert module, and what else is beside them.

    Raises:
        CheckpointError: the value is neither.
    """
    if isinstance(value, UnknownObject):
        value = module_state(value)
    if not isinstance(value, dict):
        msg = f"the file holds a {type(value).__name__}, not tensors by their names"
        raise CheckpointError(msg)
    tensors = OrderedDict(
        (key, item)
        for key, item in value.items()
        if isinstance(key, str) and isinstance(item, Tensor)
    )
    return tensors, [str(key) for key in value if key not in tensors]


def module_state(module: UnknownObject) -> OrderedDict[str, Tensor]:
    """Return the parameters and buffers of a module that penlight did not make, by dotted names.

    Raises:
        CheckpointError: the object is no module.
    """
    found: OrderedDict[str, Tensor] = OrderedDict()
    waiting = [("", module)]
    for _ in range(_MOST_MODULES):
        if not waiting:
            return found
        prefix, current = waiting.pop()
        state: Any = current.state
        if not isinstance(state, dict) or not isinstance(state.get("_modules"), dict):
            msg = f"the file holds a {current.name}, which is no module: it has no parameters"
            raise CheckpointError(msg)
        for table in _TABLES:
            for name, tensor in (state.get(table) or {}).items():
                if isinstance(tensor, Tensor) and name not in _transient(state):
                    found[f"{prefix}{name}"] = tensor
        below = [
            (f"{prefix}{name}.", child)
            for name, child in state["_modules"].items()
            if isinstance(child, UnknownObject)
        ]
        waiting.extend(reversed(below))
    msg = f"the file holds more than {_MOST_MODULES} modules"
    raise CheckpointError(msg)


def _transient(state: dict[str, Any]) -> set[str]:
    found = state.get("_non_persistent_buffers_set")
    return found if isinstance(found, set) else set()
