"""Gradients of convolutions as functions."""

from __future__ import annotations

from collections.abc import Sequence

from .._tensor import Tensor
from ..ops.convolution import conv_transpose, conv_weight

__all__ = [
    "conv1d_input",
    "conv1d_weight",
    "conv2d_input",
    "conv2d_weight",
    "conv3d_input",
    "conv3d_weight",
]

Size = int | Sequence[int]


def _each(value: Size, dims: int) -> tuple[int, ...]:
    return (value,) * dims if isinstance(value, int) else tuple(value)


def _check(
    dims: int,
    sizes: tuple[Sequence[int], Sequence[int], Sequence[int]],
    numbers: tuple[tuple[int, ...], ...],
    groups: int,
) -> None:
    """Refuse sizes of input, weight and output that are not those of one convolution."""
    given, weight, grad = map(tuple, sizes)
    fits = len(given) == len(weight) == len(grad) == dims + 2
    if fits:
        rows = zip(given[2:], weight[2:], *numbers, strict=True)
        out = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in rows)
        fits = grad == (given[0], weight[0], *out) and given[1] == weight[1] * groups
    if not fits:
        msg = (
            f"the sizes are not those of one convolution of {dims} dimension(s): got an input of "
            f"size {list(given)}, a weight of size {list(weight)}, a gradient of size "
            f"{list(grad)}, groups={groups}"
        )
        raise RuntimeError(msg)


def _input(
    dims: int,
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    options: tuple[Size, Size, Size],
    groups: int,
) -> Tensor:
    stride, padding, dilation = (_each(value, dims) for value in options)
    sizes = (input_size, weight.shape, grad_output.shape)
    _check(dims, sizes, (stride, padding, dilation), groups)
    found: Tensor = conv_transpose(
        grad_output, weight, None, tuple(input_size[2:]), stride, padding, dilation, groups
    )
    return found


def _weight(
    dims: int,
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    options: tuple[Size, Size, Size],
    groups: int,
) -> Tensor:
    stride, padding, dilation = (_each(value, dims) for value in options)
    sizes = (input.shape, weight_size, grad_output.shape)
    _check(dims, sizes, (stride, padding, dilation), groups)
    found: Tensor = conv_weight(
        grad_output, input, tuple(weight_size[2:]), stride, padding, dilation, groups
    )
    return found


def conv1d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Return the gradient of a convolution of 1 dimension(s) with respect to its input.

    Args:
        input_size: the input's size, (N, C, L).
        weight: shape (O, C / groups, k).
        grad_output: the gradient of the output, shape (N, O, ...).
        stride: of the convolution.
        padding: of the convolution, in numbers.
        dilation: of the convolution.
        groups: of the convolution.

    Raises:
        RuntimeError: the sizes are not those of one convolution.

    Example:
        >>> import penlight as torch
        >>> weight, grad = torch.ones(1, 1, 3), torch.ones(1, 1, 2)
        >>> torch.nn.grad.conv1d_input((1, 1, 4), weight, grad).shape
        torch.Size([1, 1, 4])
    """
    options = (stride, padding, dilation)
    return _input(1, input_size, weight, grad_output, options, groups)


def conv1d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Return the gradient of a convolution of 1 dimension(s) with respect to its weight.

    Args:
        input: shape (N, C, L).
        weight_size: the weight's size, (O, C / groups, k).
        grad_output: the gradient of the output, shape (N, O, ...).
        stride: of the convolution.
        padding: of the convolution, in numbers.
        dilation: of the convolution.
        groups: of the convolution.

    Raises:
        RuntimeError: the sizes are not those of one convolution.

    Example:
        >>> import penlight as torch
        >>> x, grad = torch.ones(1, 1, 4), torch.ones(1, 1, 2)
        >>> torch.nn.grad.conv1d_weight(x, (1, 1, 3), grad).shape
        torch.Size([1, 1, 3])
    """
    options = (stride, padding, dilation)
    return _weight(1, input, weight_size, grad_output, options, groups)


def conv2d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Return the gradient of a convolution of 2 dimension(s) with respect to its input.

    Args:
        input_size: the input's size, (N, C, H, W).
        weight: shape (O, C / groups, kH, kW).
        grad_output: the gradient of the output, shape (N, O, ...).
        stride: of the convolution.
        padding: of the convolution, in numbers.
        dilation: of the convolution.
        groups: of the convolution.

    Raises:
        RuntimeError: the sizes are not those of one convolution.

    Example:
        >>> import penlight as torch
        >>> weight, grad = torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2)
        >>> torch.nn.grad.conv2d_input((1, 1, 4, 4), weight, grad).shape
        torch.Size([1, 1, 4, 4])
    """
    options = (stride, padding, dilation)
    return _input(2, input_size, weight, grad_output, options, groups)


def conv2d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Return the gradient of a convolution of 2 dimension(s) with respect to its weight.

    Args:
        input: shape (N, C, H, W).
        weight_size: the weight's size, (O, C / groups, kH, kW).
        grad_output: the gradient of the output, shape (N, O, ...).
        stride: of the convolution.
        padding: of the convolution, in numbers.
        dilation: of the convolution.
        groups: of the convolution.

    Raises:
        RuntimeError: the sizes are not those of one convolution.

    Example:
        >>> import penlight as torch
        >>> x, grad = torch.ones(1, 1, 4, 4), torch.ones(1, 1, 2, 2)
        >>> torch.nn.grad.conv2d_weight(x, (1, 1, 3, 3), grad).shape
        torch.Size([1, 1, 3, 3])
    """
    options = (stride, padding, dilation)
    return _weight(2, input, weight_size, grad_output, options, groups)


def conv3d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Return the gradient of a convolution of 3 dimension(s) with respect to its input.

    Args:
        input_size: the input's size, (N, C, D, H, W).
        weight: shape (O, C / groups, kD, kH, kW).
        grad_output: the gradient of the output, shape (N, O, ...).
        stride: of the convolution.
        padding: of the convolution, in numbers.
        dilation: of the convolution.
        groups: of the convolution.

    Raises:
        RuntimeError: the sizes are not those of one convolution.

    Example:
        >>> import penlight as torch
        >>> weight, grad = torch.ones(1, 1, 3, 3, 3), torch.ones(1, 1, 2, 2, 2)
        >>> torch.nn.grad.conv3d_input((1, 1, 4, 4, 4), weight, grad).shape
        torch.Size([1, 1, 4, 4, 4])
    """
    options = (stride, padding, dilation)
    return _input(3, input_size, weight, grad_output, options, groups)


def conv3d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Return the gradient of a convolution of 3 dimension(s) with respect to its weight.

    Args:
        input: shape (N, C, D, H, W).
        weight_size: the weight's size, (O, C / groups, kD, kH, kW).
        grad_output: the gradient of the output, shape (N, O, ...).
        stride: of the convolution.
        padding: of the convolution, in numbers.
        dilation: of the convolution.
        groups: of the convolution.

    Raises:
        RuntimeError: the sizes are not those of one convolution.

    Example:
        >>> import penlight as torch
        >>> x, grad = torch.ones(1, 1, 4, 4, 4), torch.ones(1, 1, 2, 2, 2)
        >>> torch.nn.grad.conv3d_weight(x, (1, 1, 3, 3, 3), grad).shape
        torch.Size([1, 1, 3, 3, 3])
    """
    options = (stride, padding, dilation)
    return _weight(3, input, weight_size, grad_output, options, groups)
