"""Padding of any number of dimensions."""

from __future__ import annotations

from collections.abc import Sequence

from ..._tensor import Tensor
from ...ops.rearrange import constant_pad_nd

__all__ = ["pad"]


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Put a value around a tensor.

    Args:
        input: any shape.
        pad: widths before and after the last dimension, then before and after the one before it,
            and so on; negative widths cut off.
        mode: ``"constant"``; torch's other modes are not written yet.
        value: what to put there; 0 when left out.

    Raises:
        NotImplementedError: another mode.
        RuntimeError: the number of widths does not fit, or more is cut off than there is.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.pad(torch.ones(2), (1, 2), value=3)
        tensor([3., 1., 1., 3., 3.])
    """
    if len(pad) % 2:
        msg = f"Padding length must be divisible by 2: got {len(pad)} widths"
        raise RuntimeError(msg)
    if mode in {"reflect", "replicate", "circular"}:
        msg = f"padding mode {mode!r} is not in penlight yet; 'constant' is"
        raise NotImplementedError(msg)
    if mode != "constant":
        msg = f"Unrecognised padding mode {mode}"
        raise NotImplementedError(msg)
    out: Tensor = constant_pad_nd(input, tuple(pad), 0 if value is None else value)
    return out
