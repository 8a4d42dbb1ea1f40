"""``penlight convert``: a checkpoint in another format, without holding it in memory."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from .inspect import printable

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_TORCH_ENDINGS = (".pt", ".pth", ".bin", ".ckpt")
_MOST_NAMED = 5


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("input", help="a checkpoint of torch or penlight, or a safetensors file")
    parser.add_argument(
        "output",
        help=f"the file to write: .safetensors, or a torch archive ({', '.join(_TORCH_ENDINGS)})",
    )
    parser.add_argument("--key", help="convert what stands under this key, such as state_dict")
    parser.add_argument(
        "--tensors-only", action="store_true", help="leave out what is not a tensor"
    )


def execute(options: Namespace) -> int:
    """Convert; a file that cannot be read or written ends with the reason and status 1."""
    from ..serialization import CheckpointError  # noqa: PLC0415 - the parser needs none of it

    try:
        left_out = _convert(options)
    except (OSError, CheckpointError, ImportError, RuntimeError, TypeError, ValueError) as error:
        print(f"penlight convert: {error}", file=sys.stderr)
        return 1
    if left_out:
        print(f"left out, since they are no tensors: {_named(left_out)}", file=sys.stderr)
    return 0


def _convert(options: Namespace) -> list[str]:
    """Write the new file and return what was left out."""
    from ..serialization import save  # noqa: PLC0415 - as above
    from ..serialization.safetensors import save_file  # noqa: PLC0415
    from ..serialization.summary import open_lazily, tensors_of  # noqa: PLC0415

    ending = os.path.splitext(options.output)[1].lower()  # noqa: PTH122 - of what os accepts
    if ending not in (".safetensors", *_TORCH_ENDINGS):
        msg = (
            f"{options.output}: the ending says which format to write, one of .safetensors, "
            f"{', '.join(_TORCH_ENDINGS)}"
        )
        raise ValueError(msg)
    contents = open_lazily(options.input)
    value = contents.value if options.key is None else _under(contents.value, options.key)
    if ending != ".safetensors" and not options.tensors_only:
        save(value, options.output)
        return []
    tensors, others = tensors_of(value)
    if others and not options.tensors_only:
        msg = f"{options.input} holds more than tensors: {_named(others)}; {_advice(value)}"
        raise ValueError(msg)
    if ending == ".safetensors":
        save_file(tensors, options.output, contents.metadata or None)
    else:
        save(tensors, options.output)
    return others


def _under(value: Any, key: str) -> Any:
    if not isinstance(value, dict) or key not in value:
        keys = _named([str(known) for known in value]) if isinstance(value, dict) else "no keys"
        msg = f"--key {key}: the file has {keys}"
        raise ValueError(msg)
    return value[key]


def _advice(value: Any) -> str:
    """Say how to get at the tensors of a checkpoint that holds more."""
    inner = [str(key) for key, item in value.items() if isinstance(item, dict)]
    where = f"--key takes what is under one of them ({_named(inner)}), and " if inner else ""
    return f"{where}--tensors-only leaves them out"


def _named(names: list[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
