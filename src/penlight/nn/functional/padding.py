"""Padding of any number of dimensions."""

from __future__ import annotations

from collections.abc import Sequence

from ..._tensor import Tensor
from ...ops.padding import pads
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
        mode: ``"constant"``, or of the last one to three dimensions of a (batched) signal with
            channels ``"reflect"`` (without the edge), ``"replicate"`` (the edge), ``"circular"``.
        value: what to put there; 0 when left out.

    Raises:
        NotImplementedError: another mode, or of other dimensions.
        RuntimeError: the number of widths does not fit, there is too little to reflect or repeat,
            or more is cut off than there is.
        ValueError: a value with another mode than ``"constant"``.

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
        if value is not None and value != 0:
            msg = f'Padding mode "{mode}" doesn\'t take in value argument: got {value}'
            raise ValueError(msg)
        return _pad_with_own(input, tuple(pad), mode)
    if mode != "constant":
        msg = f"Unrecognised padding mode {mode}"
        raise NotImplementedError(msg)
    out: Tensor = constant_pad_nd(input, tuple(pad), 0 if value is None else value)
    return out


def _pad_with_own(input: Tensor, widths: tuple[int, ...], mode: str) -> Tensor:
    dims = len(widths) // 2
    if dims not in {1, 2, 3} or input.dim() not in {dims + 1, dims + 2}:
        msg = (
            f"Padding size {len(widths)} is not supported for {input.dim()}D input tensor: with "
            f"mode {mode!r} 2 widths go with 2 or 3 dimensions, 4 with 3 or 4, 6 with 4 or 5"
        )
        raise NotImplementedError(msg)
    for number in range(dims):
        dim = input.dim() - 1 - number
        size, pair = input.shape[dim], widths[2 * number : 2 * number + 2]
        if mode == "reflect" and max(pair) >= size:
            msg = (
                "Padding size should be less than the corresponding input dimension, but got: "
                f"padding ({pair[0]}, {pair[1]}) at dimension {dim} of input {list(input.shape)}"
            )
            raise RuntimeError(msg)
        if mode == "circular" and max(pair) > size:
            msg = (
                "Padding value causes wrapping around more than once: padding "
                f"({pair[0]}, {pair[1]}) at dimension {dim} of input {list(input.shape)}"
            )
            raise RuntimeError(msg)
        if size + sum(pair) < 1 or size == 0:
            msg = (
                f"input {list(input.shape)} is too small: padding ({pair[0]}, {pair[1]}) leaves "
                f"nothing of dimension {dim}"
            )
            raise RuntimeError(msg)
    out: Tensor = pads(mode, dims)(input, widths, mode)
    return out
