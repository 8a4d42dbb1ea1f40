"""Functions of ``torch.*`` that nn.functional has, too, with other arguments or results.

``torch.max_pool2d`` returns no indices, ``torch.layer_norm`` has torch's switch for cuDNN (which is
accepted and has no effect), ``torch.dropout`` wants to be told whether it trains.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._dtype import float64, int64
from .._tensor import Tensor
from ..ops import conv as _conv, grid_sampling as _grid_sampling
from ..ops.affine_grids import affine_grid as _affine_grid
from ..ops.counting import bincount, searchsorted
from ..ops.creation import arange, zeros, zeros_like
from ..ops.join import stack
from . import functional as F  # noqa: N812 - the name everybody knows
from .functional.dropout import drop as _drop
from .functional.grid import MODES, PADDINGS, check_grid

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_max_pool1d",
    "affine_grid_generator",
    "alpha_dropout",
    "alpha_dropout_",
    "avg_pool1d",
    "batch_norm",
    "bilinear",
    "convolution",
    "dropout",
    "dropout_",
    "embedding_bag",
    "feature_alpha_dropout",
    "feature_alpha_dropout_",
    "feature_dropout",
    "feature_dropout_",
    "grid_sampler",
    "grid_sampler_2d",
    "grid_sampler_3d",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool3d",
    "rms_norm",
]

Size = int | Sequence[int]

adaptive_avg_pool1d = F.adaptive_avg_pool1d
avg_pool1d = F.avg_pool1d
bilinear = F.bilinear
rms_norm = F.rms_norm


# ---- pooling -------------------------------------------------------------------------------------


def adaptive_max_pool1d(input: Tensor, output_size: Size) -> tuple[Tensor, Tensor]:
    """Do what :func:`torch.nn.functional.adaptive_max_pool1d_with_indices` does.

    Example:
        >>> import penlight as torch
        >>> torch.adaptive_max_pool1d(torch.tensor([[1.0, 3.0]]), 1)[1]
        tensor([[1]])
    """
    return F.adaptive_max_pool1d_with_indices(input, output_size)


def max_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size = (),
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Do what :func:`torch.nn.functional.max_pool1d` does without indices.

    Example:
        >>> import penlight as torch
        >>> torch.max_pool1d(torch.zeros(1, 4), 2).shape
        torch.Size([1, 2])
    """
    pooled: Tensor = F.max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode)
    return pooled


def max_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size = (),
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Do what :func:`torch.nn.functional.max_pool2d` does without indices.

    Example:
        >>> import penlight as torch
        >>> torch.max_pool2d(torch.zeros(1, 4, 4), 2).shape
        torch.Size([1, 2, 2])
    """
    pooled: Tensor = F.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode)
    return pooled


def max_pool3d(
    input: Tensor,
    kernel_size: Size,
    stride: Size = (),
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Do what :func:`torch.nn.functional.max_pool3d` does without indices.

    Example:
        >>> import penlight as torch
        >>> torch.max_pool3d(torch.zeros(1, 4, 4, 4), 2).shape
        torch.Size([1, 2, 2, 2])
    """
    pooled: Tensor = F.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode)
    return pooled


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Size,
    stride: Size = (),
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> tuple[Tensor, Tensor]:
    """Do what :func:`torch.nn.functional.max_pool1d_with_indices` does.

    Example:
        >>> import penlight as torch
        >>> torch.max_pool1d_with_indices(torch.tensor([[1.0, 3.0]]), 2)[1]
        tensor([[1]])
    """
    return F.max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


# ---- normalisation -------------------------------------------------------------------------------


def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,  # noqa: ARG001 - torch's switch, as below
) -> Tensor:
    """Do what :func:`torch.nn.functional.batch_norm` does.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([[1.0], [3.0]])
        >>> torch.batch_norm(x, None, None, None, None, True, 0.1, 1e-5, False)
        tensor([[-1.0000],
                [ 1.0000]])
    """
    return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,  # noqa: ARG001
) -> Tensor:
    """Do what :func:`torch.nn.functional.instance_norm` does.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([[[1.0, 3.0]]])
        >>> torch.instance_norm(x, None, None, None, None, True, 0.1, 1e-5, False)
        tensor([[[-1.0000,  1.0000]]])
    """
    return F.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,  # noqa: ARG001
) -> Tensor:
    """Do what :func:`torch.nn.functional.layer_norm` does.

    Example:
        >>> import penlight as torch
        >>> torch.layer_norm(torch.tensor([[1.0, 3.0]]), [2])
        tensor([[-1.0000,  1.0000]])
    """
    return F.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,  # noqa: ARG001
) -> Tensor:
    """Do what :func:`torch.nn.functional.group_norm` does.

    Example:
        >>> import penlight as torch
        >>> torch.group_norm(torch.tensor([[1.0, 3.0, 5.0, 9.0]]), 2)
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    return F.group_norm(input, num_groups, weight, bias, eps)


# ---- dropout -------------------------------------------------------------------------------------


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Do what :func:`torch.nn.functional.dropout` does.

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.dropout(torch.ones(1, 2), 0.5, False)
        tensor([[1., 1.]])
    """
    return _drop(input, p, train, False, channels=False, alpha=False)


def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """Do what :func:`torch.nn.functional.dropout` does, in place.

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.dropout_(torch.ones(1, 2), 0.5, False)
        tensor([[1., 1.]])
    """
    return _drop(input, p, train, True, channels=False, alpha=False)


def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Do what :func:`torch.nn.functional.alpha_dropout` does.

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.alpha_dropout(torch.ones(1, 2), 0.5, False)
        tensor([[1., 1.]])
    """
    return _drop(input, p, train, False, channels=False, alpha=True)


def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """Do what :func:`torch.nn.functional.alpha_dropout` does, in place.

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.alpha_dropout_(torch.ones(1, 2), 0.5, False)
        tensor([[1., 1.]])
    """
    return _drop(input, p, train, True, channels=False, alpha=True)


def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Do what :func:`torch.nn.functional.dropout2d` does, whatever follows the channels.

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.feature_dropout(torch.ones(1, 2), 0.5, False)
        tensor([[1., 1.]])
    """
    return _drop(input, p, train, False, channels=True, alpha=False)


def feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """Do what :func:`torch.nn.functional.dropout2d` does, in place, whatever follows the channels.

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.feature_dropout_(torch.ones(1, 2), 0.5, False)
        tensor([[1., 1.]])
    """
    return _drop(input, p, train, True, channels=True, alpha=False)


def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Do what :func:`torch.nn.functional.feature_alpha_dropout` does.

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.feature_alpha_dropout(torch.ones(1, 2), 0.5, False)
        tensor([[1., 1.]])
    """
    return _drop(input, p, train, False, channels=True, alpha=True)


def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """Do what :func:`torch.nn.functional.feature_alpha_dropout` does, in place.

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.feature_alpha_dropout_(torch.ones(1, 2), 0.5, False)
        tensor([[1., 1.]])
    """
    return _drop(input, p, train, True, channels=True, alpha=True)


# ---- bags ----------------------------------------------------------------------------------------

_BAG_MODES = ("sum", "mean", "max")


def embedding_bag(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    scale_grad_by_freq: bool = False,
    mode: int = 0,
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Do what :func:`torch.nn.functional.embedding_bag` does, and return what torch notes with it.

    Args:
        weight: the table, shape (rows, features).
        indices: shape (count).
        offsets: where each bag starts.
        scale_grad_by_freq: divide a row's gradient by how often its index occurs.
        mode: 0 for sum, 1 for mean, 2 for the maximum.
        sparse: accepted; gradients are dense.
        per_sample_weights: factors of the rows, for sums.
        include_last_offset: ``offsets`` ends with the end of the last bag.
        padding_idx: an index that is left out.

    Returns:
        The bags; the bag of each index; the sizes of the bags; for the maximum the index that
        each element comes from. Of sums only what torch notes: the second may be empty, the
        others are zeros.

    Raises:
        RuntimeError: the mode does not exist, or an index is out of range.

    Example:
        >>> import penlight as torch
        >>> table, bags = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([0, 1])
        >>> torch.embedding_bag(table, torch.tensor([2, 0, 1]), bags, mode=1)[0]
        tensor([[4.0000],
                [1.5000]])
    """
    if mode not in range(3):
        msg = f"embedding_bag: mode is 0 for sum, 1 for mean or 2 for max, got {mode}"
        raise RuntimeError(msg)
    out = F.embedding_bag(
        indices,
        weight,
        offsets,
        scale_grad_by_freq=scale_grad_by_freq,
        mode=_BAG_MODES[mode],
        sparse=sparse,
        per_sample_weights=per_sample_weights,
        include_last_offset=include_last_offset,
        padding_idx=padding_idx,
    )
    starts: Any = offsets[:-1] if include_last_offset else offsets
    bag_of: Any = searchsorted(starts, arange(len(indices)), right=True) - 1
    kept: Any = indices != (-1 if padding_idx is None else padding_idx % len(weight))
    if mode == 0:
        # torch: its fast sum, of all but float64, notes nothing.
        noted = bag_of[:0] if padding_idx is None and weight.dtype is not float64 else bag_of
        nothing = zeros_like(starts if out.requires_grad else offsets)
        return out, noted, nothing, nothing.clone()
    sizes: Any = bincount(bag_of[kept], minlength=len(starts))
    if mode == 1:
        return out, bag_of, sizes, sizes.clone()
    return out, bag_of, sizes, _largest_of(weight, indices[kept], bag_of[kept], len(starts))


def _largest_of(weight: Any, indices: Any, bag_of: Any, bags: int) -> Tensor:
    """Return for each bag and feature the index of the row with the largest element."""
    found = []
    for bag in range(bags):
        own = indices[bag_of == bag]
        places = weight.detach()[own].argmax(0) if len(own) else None
        found.append(zeros(weight.shape[1:], dtype=int64) if places is None else own[places])
    out: Tensor = stack(found).long()
    return out


# ---- convolution and sampling --------------------------------------------------------------------


def convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Tensor:
    """Convolve signals of as many dimensions as the weight has, or apply the adjoint of that.

    Args:
        input: shape (N, C, ...), or without N.
        weight: as :func:`torch.conv2d` and :func:`torch.conv_transpose2d` and the others take it.
        bias: added to each output channel.
        stride: one number, or one a dimension.
        padding: the same, in numbers.
        dilation: the same.
        transposed: whether to apply the adjoint.
        output_padding: of the adjoint.
        groups: parts into which the channels fall.

    Raises:
        RuntimeError: shapes, dtypes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> x, w = torch.ones(1, 1, 4), torch.ones(1, 1, 3)
        >>> torch.convolution(x, w, None, [1], [0], [1], False, [0], 1).shape
        torch.Size([1, 1, 2])
    """
    dims = weight.dim() - 2
    if dims not in {1, 2, 3}:
        msg = (
            "convolution: expected a weight of 3 to 5 dimensions, for 1 to 3 spatial ones, but "
            f"got a weight of size {list(weight.shape)}"
        )
        raise RuntimeError(msg)
    kind = "conv_transpose" if transposed else "conv"
    function: Any = getattr(_conv, f"{kind}{dims}d")
    if transposed:
        convolved: Tensor = function(
            input, weight, bias, stride, padding, output_padding, groups, dilation
        )
    else:
        convolved = function(input, weight, bias, stride, padding, dilation, groups)
    return convolved


def affine_grid_generator(theta: Tensor, size: Sequence[int], align_corners: bool) -> Tensor:
    """Do what :func:`torch.nn.functional.affine_grid` does, without its checks of the maps.

    Example:
        >>> import penlight as torch
        >>> identity = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
        >>> torch.affine_grid_generator(identity, (1, 1, 1, 2), True)
        tensor([[[[-1.,  0.],
                  [ 1.,  0.]]]])
    """
    grid: Tensor = _affine_grid(theta, tuple(size[2:]), align_corners)
    return grid


def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """Do what :func:`torch.nn.functional.grid_sample` does, with its modes as numbers.

    Args:
        input: the images or volumes.
        grid: the places.
        interpolation_mode: 0 for bilinear, 1 for nearest, 2 for bicubic.
        padding_mode: 0 for zeros, 1 for the border, 2 for reflection.
        align_corners: whether -1 and 1 are the middles of the corner elements.

    Raises:
        RuntimeError: shapes, dtypes or numbers do not fit.

    Example:
        >>> import penlight as torch
        >>> image = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
        >>> torch.grid_sampler(image, torch.tensor([[[[0.0, 0.0]]]]), 0, 0, True)
        tensor([[[[2.5000]]]])
    """
    if interpolation_mode not in range(3) or padding_mode not in range(3):
        msg = (
            "grid_sampler(): expected modes from 0 to 2, but got "
            f"interpolation_mode={interpolation_mode}, padding_mode={padding_mode}"
        )
        raise RuntimeError(msg)
    mode = MODES[interpolation_mode]
    check_grid(input, grid, mode)
    padding = PADDINGS[padding_mode]
    return _grid_sampling.grid_sample(input, grid, mode, padding, align_corners)


def grid_sampler_2d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """Do what :func:`grid_sampler` does, for images.

    Example:
        >>> import penlight as torch
        >>> image = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
        >>> torch.grid_sampler_2d(image, torch.tensor([[[[0.0, 0.0]]]]), 0, 0, True)
        tensor([[[[2.5000]]]])
    """
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def grid_sampler_3d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """Do what :func:`grid_sampler` does, for volumes.

    Example:
        >>> import penlight as torch
        >>> torch.grid_sampler_3d(torch.ones(1, 1, 2, 2, 2), torch.zeros(1, 1, 1, 1, 3), 0, 0, True)
        tensor([[[[[1.]]]]])
    """
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)
