"""Convolutions and transposed convolutions of one to three dimensions, with torch's checks."""

from __future__ import annotations

from collections.abc import Sequence

from .._tensor import Tensor
from .convolution import conv, conv_transpose
from .rearrange import constant_pad_nd

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]

Size = int | Sequence[int]


def _sizes(function: str, name: str, value: Size, dims: int) -> tuple[int, ...]:
    """Return one whole number a dimension."""
    if isinstance(value, int):
        return (value,) * dims
    sizes = tuple(int(each) for each in value)
    if len(sizes) == 1:
        return sizes * dims
    if len(sizes) != dims:
        msg = (
            f"{function}: expected {name} to be a single integer value or a list of {dims} values "
            f"to match the convolution dimensions, but got {name}={list(sizes)}"
        )
        raise RuntimeError(msg)
    return sizes


def _check(
    function: str, input: Tensor, weight: Tensor, bias: Tensor | None, dims: int, *, turned: bool
) -> None:
    for place, (name, value) in enumerate((("input", input), ("weight", weight)), 1):
        if not isinstance(value, Tensor):
            msg = (
                f"{function}(): argument '{name}' (position {place}) must be Tensor, not "
                f"{type(value).__name__}"
            )
            raise TypeError(msg)
    if input.dim() not in {dims + 1, dims + 2}:
        msg = (
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {function}, but "
            f"got input of size: {list(input.shape)}"
        )
        raise RuntimeError(msg)
    if weight.dim() != dims + 2:
        msg = (
            f"Expected {dims + 2}-dimensional weight for {function}, but got a weight of size: "
            f"{list(weight.shape)}"
        )
        raise RuntimeError(msg)
    if input.dtype is not weight.dtype or (bias is not None and bias.dtype is not weight.dtype):
        kinds = [t.dtype for t in (input, weight, bias) if t is not None]
        msg = (
            f"Input type ({input.dtype.scalar_type}) and bias type "
            f"({(weight if bias is None else bias).dtype.scalar_type}) should be the same: "
            f"{function} takes input, weight and bias of one dtype, got "
            f"{', '.join(map(str, kinds))}"
        )
        raise RuntimeError(msg)
    out_channels = weight.shape[1] if turned else weight.shape[0]
    if bias is not None and not turned and tuple(bias.shape) != (out_channels,):
        msg = (
            f"Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with "
            f"{out_channels} elements, but got bias of size {list(bias.shape)} instead"
        )
        raise RuntimeError(msg)


def _check_numbers(stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int]) -> None:
    for name, values, least in (
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("dilation", dilation, 1),
    ):
        if min(values) < least:
            kind = "non-positive" if least else "negative"
            msg = f"{kind} {name} is not supported: got {name}={list(values)}"
            raise RuntimeError(msg)


def _check_groups(input: Tensor, weight: Tensor, groups: int, *, turned: bool) -> None:
    if groups < 1:
        msg = f"non-positive groups is not supported: got groups={groups}"
        raise RuntimeError(msg)
    if weight.shape[0] % groups:
        msg = (
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size {list(weight.shape)} instead"
        )
        raise RuntimeError(msg)
    wanted = weight.shape[0] if turned else weight.shape[1] * groups
    if input.shape[1] != wanted:
        kind = f"transposed={int(turned)}, " if turned else ""
        msg = (
            f"Given {kind}groups={groups}, weight of size {list(weight.shape)}, expected "
            f"input{list(input.shape)} to have {wanted} channels, but got {input.shape[1]} "
            "channels instead"
        )
        raise RuntimeError(msg)


def _check_kernel(
    input: Tensor, weight: Tensor, padding: Sequence[int], dilation: Sequence[int]
) -> None:
    padded = [n + 2 * p for n, p in zip(input.shape[2:], padding, strict=True)]
    reach = [d * (k - 1) + 1 for k, d in zip(weight.shape[2:], dilation, strict=True)]
    if any(n < r for n, r in zip(padded, reach, strict=True)):
        msg = (
            f"Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel "
            f"size: ({' x '.join(map(str, reach))}). Kernel size can't be greater than actual "
            "input size"
        )
        raise RuntimeError(msg)


def _convolve(
    function: str,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Size,
    padding: Size | str,
    dilation: Size,
    groups: int,
) -> Tensor:
    dims = int(function[-2])
    _check(function, input, weight, bias, dims, turned=False)
    stride = _sizes(function, "stride", stride, dims)
    dilation = _sizes(function, "dilation", dilation, dims)
    batched = input if input.dim() == dims + 2 else input.unsqueeze(0)
    if isinstance(padding, str):
        batched, around = _padded(function, batched, weight, stride, padding, dilation)
    else:
        around = _sizes(function, "padding", padding, dims)
    _check_numbers(stride, around, dilation)
    _check_groups(batched, weight, groups, turned=False)
    _check_kernel(batched, weight, around, dilation)
    out: Tensor = conv(batched, weight, bias, stride, around, dilation, groups)
    return out if batched.dim() == input.dim() else out.squeeze(0)


def _padded(
    function: str,
    input: Tensor,
    weight: Tensor,
    stride: tuple[int, ...],
    padding: str,
    dilation: tuple[int, ...],
) -> tuple[Tensor, tuple[int, ...]]:
    """Work out ``"valid"`` and ``"same"``; an odd width goes to the end, as in torch."""
    if padding == "valid":
        return input, (0,) * len(dilation)
    if padding != "same":
        msg = f"Invalid padding string: '{padding}'; {function} takes 'valid', 'same' or numbers"
        raise RuntimeError(msg)
    if any(step != 1 for step in stride):
        msg = f"padding='same' is not supported for strided convolutions: got stride={list(stride)}"
        raise RuntimeError(msg)
    total = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    odd = [n % 2 for n in total]
    if any(odd):
        input = constant_pad_nd(input, tuple(w for n in reversed(odd) for w in (0, n)), 0)
    return input, tuple(n // 2 for n in total)


def _convolve_transposed(
    function: str,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Size,
    padding: Size,
    output_padding: Size,
    groups: int,
    dilation: Size,
) -> Tensor:
    dims = int(function[-2])
    _check(function, input, weight, bias, dims, turned=True)
    stride = _sizes(function, "stride", stride, dims)
    padding = _sizes(function, "padding", padding, dims)
    extra = _sizes(function, "output_padding", output_padding, dims)
    dilation = _sizes(function, "dilation", dilation, dims)
    _check_numbers(stride, padding, dilation)
    if min(extra) < 0:
        msg = f"negative output_padding is not supported: got output_padding={list(extra)}"
        raise RuntimeError(msg)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        msg = (
            "output padding must be smaller than either stride or dilation, but got "
            f"output_padding={list(extra)}, stride={list(stride)}, dilation={list(dilation)}"
        )
        raise RuntimeError(msg)
    batched = input if input.dim() == dims + 2 else input.unsqueeze(0)
    _check_groups(batched, weight, groups, turned=True)
    if bias is not None and tuple(bias.shape) != (weight.shape[1] * groups,):
        msg = (
            f"Given transposed=1, weight of size {list(weight.shape)}, expected bias to be "
            f"1-dimensional with {weight.shape[1] * groups} elements, but got bias of size "
            f"{list(bias.shape)} instead"
        )
        raise RuntimeError(msg)
    rows = zip(batched.shape[2:], weight.shape[2:], stride, padding, extra, dilation, strict=True)
    size = tuple((n - 1) * s - 2 * p + d * (k - 1) + e + 1 for n, k, s, p, e, d in rows)
    if min(size) < 1:
        msg = (
            f"Given input size per channel: {list(batched.shape[2:])}. Calculated output size per "
            f"channel: {list(size)}. Output size is too small"
        )
        raise RuntimeError(msg)
    out: Tensor = conv_transpose(batched, weight, bias, size, stride, padding, dilation, groups)
    return out if batched.dim() == input.dim() else out.squeeze(0)


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve a signal of 1 dimension (cross-correlate, as is the custom).

    Args:
        input: shape (N, C, L) or (C, L).
        weight: shape (O, C / groups, k), of the same dtype.
        bias: shape (O), added to each output channel.
        stride: of the kernel.
        padding: zeros on both sides, ``"valid"`` for none, or ``"same"`` for an output of the
            input's size (with a stride of 1).
        dilation: distance between the elements of the kernel.
        groups: parts into which the channels fall, each with its own kernels.

    Returns:
        Shape (N, O, L) or (O, L).

    Raises:
        RuntimeError: shapes, dtypes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.conv1d(torch.ones(1, 1, 4), torch.ones(1, 1, 3)).shape
        torch.Size([1, 1, 2])
    """
    return _convolve("conv1d", input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve a signal of 2 dimensions (cross-correlate, as is the custom).

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        weight: shape (O, C / groups, kH, kW), of the same dtype.
        bias: shape (O), added to each output channel.
        stride: of the kernel.
        padding: zeros on both sides, ``"valid"`` for none, or ``"same"`` for an output of the
            input's size (with a stride of 1).
        dilation: distance between the elements of the kernel.
        groups: parts into which the channels fall, each with its own kernels.

    Returns:
        Shape (N, O, H, W) or (O, H, W).

    Raises:
        RuntimeError: shapes, dtypes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.conv2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3)).shape
        torch.Size([1, 1, 2, 2])
    """
    return _convolve("conv2d", input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve a signal of 3 dimensions (cross-correlate, as is the custom).

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        weight: shape (O, C / groups, kD, kH, kW), of the same dtype.
        bias: shape (O), added to each output channel.
        stride: of the kernel.
        padding: zeros on both sides, ``"valid"`` for none, or ``"same"`` for an output of the
            input's size (with a stride of 1).
        dilation: distance between the elements of the kernel.
        groups: parts into which the channels fall, each with its own kernels.

    Returns:
        Shape (N, O, D, H, W) or (O, D, H, W).

    Raises:
        RuntimeError: shapes, dtypes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.conv3d(torch.ones(1, 1, 4, 4, 4), torch.ones(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 2, 2, 2])
    """
    return _convolve("conv3d", input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """Apply the adjoint of :func:`conv1d` in its input, which enlarges a signal by the stride.

    Args:
        input: shape (N, C, L) or (C, L).
        weight: shape (C, O / groups, k), of the same dtype.
        bias: shape (O), added to each output channel.
        stride: of the convolution whose adjoint this is.
        padding: its padding: cut off on both sides.
        output_padding: added at the end of the output, below the stride or the dilation.
        groups: its groups.
        dilation: its dilation.

    Returns:
        Shape (N, O, L) or (O, L).

    Raises:
        RuntimeError: shapes, dtypes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.conv_transpose1d(torch.ones(1, 1, 4), torch.ones(1, 1, 3)).shape
        torch.Size([1, 1, 6])
    """
    return _convolve_transposed(
        "conv_transpose1d", input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """Apply the adjoint of :func:`conv2d` in its input, which enlarges a signal by the stride.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        weight: shape (C, O / groups, kH, kW), of the same dtype.
        bias: shape (O), added to each output channel.
        stride: of the convolution whose adjoint this is.
        padding: its padding: cut off on both sides.
        output_padding: added at the end of the output, below the stride or the dilation.
        groups: its groups.
        dilation: its dilation.

    Returns:
        Shape (N, O, H, W) or (O, H, W).

    Raises:
        RuntimeError: shapes, dtypes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.conv_transpose2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3)).shape
        torch.Size([1, 1, 6, 6])
    """
    return _convolve_transposed(
        "conv_transpose2d", input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """Apply the adjoint of :func:`conv3d` in its input, which enlarges a signal by the stride.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        weight: shape (C, O / groups, kD, kH, kW), of the same dtype.
        bias: shape (O), added to each output channel.
        stride: of the convolution whose adjoint this is.
        padding: its padding: cut off on both sides.
        output_padding: added at the end of the output, below the stride or the dilation.
        groups: its groups.
        dilation: its dilation.

    Returns:
        Shape (N, O, D, H, W) or (O, D, H, W).

    Raises:
        RuntimeError: shapes, dtypes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.conv_transpose3d(torch.ones(1, 1, 4, 4, 4), torch.ones(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 6, 6, 6])
    """
    return _convolve_transposed(
        "conv_transpose3d", input, weight, bias, stride, padding, output_padding, groups, dilation
    )
