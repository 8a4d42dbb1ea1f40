"""TorchScript archives: the tensors of the modules in them are read, their code is not.

References:
    PyTorch, ``torch/csrc/jit/docs/serialization.md``: the files of such an archive.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from .._tensor import Tensor
from ._errors import CheckpointError
from .inert import UnknownObject
from .names import NAMES
from .opcodes import Names

if TYPE_CHECKING:
    from .archive import ArchiveReader

MARK = "constants.pkl"  # the entry that other archives lack
_MODEL_BEFORE_1_2 = "model.json"
_MOST_MODULES = 100_000
_LISTS = ("build_intlist", "build_tensorlist", "build_doublelist", "build_boollist")


def is_scripted(archive: ArchiveReader) -> bool:
    """Whether an archive holds a TorchScript program.

    Raises:
        CheckpointError: it is one from before torch 1.2.
    """
    if _MODEL_BEFORE_1_2 in archive and "data.pkl" not in archive:
        msg = (
            "the file is a TorchScript archive from before torch 1.2, whose tensors are listed in "
            "model.json; load it with a torch of its time and save it again"
        )
        raise CheckpointError(msg)
    return MARK in archive


def _first(value: object, *_: object) -> object:
    """Return a list as it is, without the type that TorchScript gives it."""
    return value


SCRIPT_NAMES = Names(
    values=NAMES.values,
    builders={
        **NAMES.builders,
        **{f"torch.jit._pickle.{name}": _first for name in (*_LISTS, "restore_type_tag")},
    },
    states=NAMES.states,
    key_makers=NAMES.key_makers,
)


def state_of(root: object) -> OrderedDict[str, Tensor]:
    """Return the tensors of a module and those below it by their dotted names.

    The archive does not tell parameters, buffers and other attributes that are tensors apart;
    parameters are those that require gradients.

    Raises:
        CheckpointError: the object is no module, or its parts are without end.
    """
    if not isinstance(root, UnknownObject):
        msg = "the TorchScript archive holds no module"
        raise CheckpointError(msg)
    found: OrderedDict[str, Tensor] = OrderedDict()
    waiting: list[tuple[str, UnknownObject]] = [("", root)]
    seen = 0
    while waiting:
        prefix, module = waiting.pop()
        seen += 1
        if seen > _MOST_MODULES:
            msg = f"the TorchScript archive has more than {_MOST_MODULES} modules"
            raise CheckpointError(msg)
        state = module.state if isinstance(module.state, dict) else {}
        below = []
        for name, value in state.items():
            if isinstance(value, Tensor):
                found[f"{prefix}{name}"] = value
            elif isinstance(value, UnknownObject) and len(prefix) < _MOST_MODULES:
                below.append((f"{prefix}{name}.", value))
        waiting.extend(reversed(below))
    return found
