"""Sliding blocks: unfold and fold."""

from __future__ import annotations

from collections.abc import Sequence

from ..._tensor import Tensor
from ...ops.folding import blocks, col2im, im2col
from ._reduction import check_tensors

__all__ = ["fold", "unfold"]

Sizes = int | Sequence[int]
Pair = tuple[int, int]


def _pair(name: str, value: Sizes) -> Pair:
    pair = (value,) * 2 if isinstance(value, int) else tuple(int(each) for each in value)
    if len(pair) != 2:
        msg = f"It is expected {name} equals to 2, but got size {len(pair)}: {list(pair)}"
        raise RuntimeError(msg)
    return pair[0], pair[1]


def _pairs(kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> tuple[Pair, ...]:
    """Return the four options as pairs, checked."""
    named = {
        "kernel_size": _pair("kernel_size", kernel_size),
        "dilation": _pair("dilation", dilation),
        "padding": _pair("padding", padding),
        "stride": _pair("stride", stride),
    }
    for name, pair in named.items():
        shown = name.replace("_", " ")
        if min(pair) < (0 if name == "padding" else 1):
            limit = "non-negative" if name == "padding" else "greater than zero"
            part = name.removesuffix("_size")
            high, wide = pair
            msg = f"{shown} should be {limit}, but got {part}_height: {high} {part}_width: {wide}"
            raise RuntimeError(msg)
    return tuple(named.values())


def unfold(
    input: Tensor,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    r"""Return the sliding blocks of images as columns.

    Args:
        input: floating, shape (N, C, H, W) or (C, H, W).
        kernel_size: the size of a block.
        dilation: distance between the elements of a block.
        padding: zeros on all sides.
        stride: between blocks.

    Shape:
        - output: :math:`(N, C \prod \text{kernel\_size}, L)` with :math:`L` blocks

    Raises:
        RuntimeError: the shape or the numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.unfold(torch.arange(6.0).view(1, 1, 2, 3), 2)
        tensor([[[0., 1.],
                 [1., 2.],
                 [3., 4.],
                 [4., 5.]]])
    """
    check_tensors("im2col", input=input)
    kernel, apart, around, steps = _pairs(kernel_size, dilation, padding, stride)
    if input.dim() not in {3, 4} or not all(input.shape[-3:]):
        msg = (
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(input.shape)}"
        )
        raise RuntimeError(msg)
    size = tuple(input.shape[-2:])
    out = blocks(size, kernel, apart, around, steps).out
    if min(out) < 1:
        msg = (
            f"Given input with spatial size {size}, kernel_size={kernel}, dilation={apart}, "
            f"padding={around}, calculated shape of the array of sliding blocks as {out}, but its "
            "components must be at least one."
        )
        raise RuntimeError(msg)
    columns: Tensor = im2col(input, kernel, apart, around, steps)
    return columns


def fold(
    input: Tensor,
    output_size: Sizes,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    r"""Add sliding blocks, given as columns, into images: the adjoint of :func:`unfold`.

    Args:
        input: floating, shape :math:`(N, C \prod \text{kernel\_size}, L)`, or without N.
        output_size: of the images.
        kernel_size: the size of a block.
        dilation: distance between the elements of a block.
        padding: what is cut off on all sides.
        stride: between blocks.

    Shape:
        - output: (N, C, \*output_size), or without N

    Raises:
        RuntimeError: the shape or the numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.fold(torch.ones(1, 4, 2), (2, 3), 2)
        tensor([[[[1., 2., 1.],
                  [1., 2., 1.]]]])
    """
    check_tensors("col2im", input=input)
    size = _pair("output_size", output_size)
    kernel, apart, around, steps = _pairs(kernel_size, dilation, padding, stride)
    if input.dim() not in {2, 3} or not all(input.shape[-2:]):
        msg = (
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(input.shape)}"
        )
        raise RuntimeError(msg)
    rows, count = input.shape[-2:]
    if rows % (kernel[0] * kernel[1]):
        msg = (
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={rows} and kernel_size={kernel}."
        )
        raise RuntimeError(msg)
    high, wide = blocks(size, kernel, apart, around, steps).out
    if min(high, wide) < 1 or high * wide != count:
        msg = (
            f"Given output_size={size}, kernel_size={kernel}, dilation={apart}, padding={around}, "
            f"stride={steps}, expected size of input's dimension 2 to match the calculated number "
            f"of sliding blocks {high} * {wide} = {high * wide}, but got input.size(2)={count}."
        )
        raise RuntimeError(msg)
    images: Tensor = col2im(input, size, kernel, apart, around, steps)
    return images
