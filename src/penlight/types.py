"""``torch.types``: names for annotations."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from typing import IO, TypeAlias

from ._device import device as _device
from ._size import Size
from ._tensor import Tensor

__all__ = ["Device", "FileLike", "Number"]

Number: TypeAlias = builtins.int | builtins.float | builtins.bool
"""A Python number that a tensor may have elements of."""

Device: TypeAlias = _device | str | builtins.int | None
"""What a ``device=`` argument takes."""

FileLike: TypeAlias = str | os.PathLike[str] | IO[bytes]
"""What ``torch.save`` writes to and ``torch.load`` reads from."""

_TensorOrTensors = Tensor | Sequence[Tensor]
_TensorOrOptionalTensors = Tensor | Sequence[Tensor | None]
_size = Size | list[builtins.int] | tuple[builtins.int, ...]
_Number = (builtins.int, builtins.float, builtins.bool)
_bool = builtins.bool
_bytes = builtins.bytes
_complex = builtins.complex
_float = builtins.float
_int = builtins.int
_str = builtins.str

IntLikeType: TypeAlias = builtins.int
FloatLikeType: TypeAlias = builtins.float
BoolLikeType: TypeAlias = builtins.bool
