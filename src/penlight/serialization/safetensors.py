"""Files of tensors in Hugging Face's format, through the library ``safetensors``.

The library says whether a file is whole: that its header is what it should be and that the tensors
fill the file without gaps or overlaps. The bytes are then read here, once, or left in the file.

References:
    The format: https://huggingface.co/docs/safetensors, "Format".
"""

from __future__ import annotations

import json
import math
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .. import _dtype
from .._device import check_device
from .._tensor import Tensor, wrap
from ._errors import CheckpointError
from .atomic import replacing_path
from .inert import UnknownObject, describe
from .source import Source, mapped_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .source import Mapped

    Array = np.ndarray[Any, Any]

_LENGTH_BYTES = 8
_METADATA = "__metadata__"
_LARGEST_ITEM = 16
_DTYPES = {
    "F64": _dtype.float64,
    "F32": _dtype.float32,
    "F16": _dtype.float16,
    "BF16": _dtype.bfloat16,
    "I64": _dtype.int64,
    "I32": _dtype.int32,
    "I16": _dtype.int16,
    "I8": _dtype.int8,
    "U64": _dtype.uint64,
    "U32": _dtype.uint32,
    "U16": _dtype.uint16,
    "U8": _dtype.uint8,
    "BOOL": _dtype.bool,
    "C64": _dtype.complex64,
}


def save_file(
    tensors: Mapping[str, Tensor],
    filename: str | os.PathLike[str],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Save tensors by their names in a safetensors file, such as a state dict.

    The format knows names and tensors only: tensors that share memory are written one by one and
    share none after loading, and nothing else is kept. The file is replaced whole or not at all.
    It takes the package ``safetensors``.

    Args:
        tensors: the tensors by name.
        filename: a path.
        metadata: text to keep beside them.

    Raises:
        TypeError: something else is among the tensors or in the metadata, or the format has no
            such dtype.
        ModuleNotFoundError: ``safetensors`` is not installed.

    Example:
        >>> import os, tempfile
        >>> import penlight as torch
        >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
        >>> torch.save_file({"weight": torch.ones(2)}, path)
        >>> torch.load_file(path)
        {'weight': tensor([1., 1.])}
    """
    safetensors = library()
    text = {} if metadata is None else dict(metadata)
    if any(type(part) is not str for pair in text.items() for part in pair):
        msg = f"the metadata of a safetensors file are strings by strings, got {text!r}"
        raise TypeError(msg)
    kept = {name: _contiguous(name, tensor) for name, tensor in tensors.items()}
    specs = {
        name: safetensors.TensorSpec(
            dtype=array.dtype.name,
            shape=list(array.shape),
            data_ptr=array.__array_interface__["data"][0],
            data_len=array.nbytes,
        )
        for name, array in kept.items()
    }
    with replacing_path(filename) as beside:
        safetensors.serialize_file(specs, beside, text or None)


def _contiguous(name: object, tensor: object) -> Array:
    if type(name) is not str or not isinstance(tensor, Tensor):
        msg = f"a safetensors file holds tensors by names, got {describe(tensor)} by {name!r}"
        raise TypeError(msg)
    if tensor.dtype not in _DTYPES.values():
        msg = f"tensors[{name!r}] is of {tensor.dtype}, which the safetensors format does not have"
        raise TypeError(msg)
    array = np.ascontiguousarray(tensor._array).reshape(tensor._array.shape)
    return array if sys.byteorder == "little" else array.byteswap()


def load_file(filename: str | os.PathLike[str], device: Any = "cpu") -> dict[str, Any]:
    """Load the tensors of a safetensors file by their names.

    Args:
        filename: a path.
        device: only the CPU is there.

    Raises:
        CheckpointError: the file is damaged, hostile, or of another format.
        ModuleNotFoundError: ``safetensors`` is not installed.
    """
    check_device(device)
    with open(filename, "rb") as file:
        source = Source(file)
        return read_safetensors(source, os.fspath(filename), None, strict=True)[0]


def library() -> Any:
    """Return the module ``safetensors``.

    Raises:
        ModuleNotFoundError: it is not installed; the message says how to get it.
    """
    try:
        import safetensors  # noqa: PLC0415 - an extra
    except ImportError:
        msg = (
            "safetensors files need the package safetensors, which is not installed: "
            "pip install 'penlight[safetensors]'"
        )
        raise ModuleNotFoundError(msg, name="safetensors") from None
    return safetensors


def looks_like_safetensors(head: bytes, size: int) -> bool:
    """Whether a file begins with the length of a header, and the header with a brace."""
    length = int.from_bytes(head[:_LENGTH_BYTES], "little")
    return head[_LENGTH_BYTES : _LENGTH_BYTES + 1] == b"{" and length + _LENGTH_BYTES <= size


def read_safetensors(
    source: Source, path: str | None, mapped: Mapped | None, *, strict: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the tensors of a file by name, and the text that stands beside them.

    Args:
        source: the file.
        path: where it is, if it is known; without it the file is read twice.
        mapped: its bytes, for tensors that stay in it.
        strict: refuse a tensor of a type that penlight lacks, which is else an inert object.

    Raises:
        CheckpointError: the file is damaged, hostile, or of another format.
    """
    names = _check(source, path)
    length = int.from_bytes(source.read(0, _LENGTH_BYTES, "the length of the header"), "little")
    header = json.loads(source.read(_LENGTH_BYTES, length, "the header"))
    metadata = header.pop(_METADATA, None) or {}
    if names != header.keys():
        _refuse("its header changed while it was read")
    data = _LENGTH_BYTES + length
    found: dict[str, Any] = {}
    for name, entry in header.items():
        kind, shape = _DTYPES.get(entry["dtype"]), tuple(entry["shape"])
        if kind is None:
            found[name] = _unknown(name, entry["dtype"], shape, strict=strict)
            continue
        begin, end = entry["data_offsets"]
        block = _block(source, mapped, data + begin, end - begin)
        if end - begin != math.prod(shape) * kind.itemsize:
            _refuse(f"{name!r} has {end - begin} bytes, not those of {list(shape)} of {kind}")
        array = block.view(kind.numpy or np.uint8).reshape(shape)
        found[name] = wrap(array if sys.byteorder == "little" else array.byteswap())
    return found, metadata


def _block(source: Source, mapped: Mapped | None, begin: int, nbytes: int) -> Array:
    if mapped is not None:
        block = mapped_bytes(mapped, begin, nbytes)
        aligned = block.__array_interface__["data"][0] % _LARGEST_ITEM == 0
        return block if aligned else block.copy()
    block = np.empty(nbytes, np.uint8)
    source.read_into(begin, block.data, "a tensor")
    return block


def _check(source: Source, path: str | None) -> set[str]:
    """Let the library look at the whole of a file; return the names that it finds."""
    safetensors = library()
    try:
        if path is None:
            content = safetensors.deserialize(source.read(0, source.size, "the file"))
            return {name for name, _ in content}
        with safetensors.safe_open(path, framework="numpy") as opened:
            return set(opened.keys())
    except safetensors.SafetensorError as error:
        _refuse(str(error), error)


def _unknown(name: str, kind: str, shape: tuple[int, ...], *, strict: bool) -> UnknownObject:
    if strict:
        _refuse(f"{name!r} is of the type {kind}, which is not known (strict=True)")
    return UnknownObject(f"safetensors.{kind}", (shape,), {})


def _refuse(reason: str, cause: BaseException | None = None) -> NoReturn:
    msg = f"the safetensors file cannot be read: {reason}"
    raise CheckpointError(msg) from cause
