"""Spatial transformers: grids of places, and sampling at them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from ..._tensor import Tensor
from ...ops import grid_sampling
from ...ops.affine_grids import affine_grid as _affine_grid
from ._reduction import check_tensors

__all__ = ["affine_grid", "grid_sample"]

MODES = ("bilinear", "nearest", "bicubic")
PADDINGS = ("zeros", "border", "reflection")


def _chosen_corners(align_corners: bool | None) -> bool:
    if align_corners is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since "
            "1.3.0. Please specify align_corners=True if the old behavior is desired. See the "
            "documentation of grid_sample for details.",
            stacklevel=3,
        )
    return bool(align_corners)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    r"""Sample an image or a volume at the places of a grid.

    Args:
        input: floating, shape (N, C, H, W) or (N, C, D, H, W).
        grid: places in the order x, y(, z), shape :math:`(N, H_{out}, W_{out}, 2)` or
            :math:`(N, D_{out}, H_{out}, W_{out}, 3)`; the image is from -1 to 1.
        mode: ``"bilinear"`` (of volumes trilinear), ``"nearest"`` or, of images, ``"bicubic"``.
        padding_mode: what is outside: ``"zeros"``, the ``"border"``, or the image in
            ``"reflection"``.
        align_corners: whether -1 and 1 are the middles of the corner elements, or their outer
            edges.

    Shape:
        - output: :math:`(N, C, H_{out}, W_{out})` or :math:`(N, C, D_{out}, H_{out}, W_{out})`

    Raises:
        ValueError: the mode or the padding mode does not exist.
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> image = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
        >>> F.grid_sample(image, torch.tensor([[[[0.0, 0.0]]]]), align_corners=True)
        tensor([[[[2.5000]]]])

    References:
        Jaderberg et al. 2015, Spatial Transformer Networks, arXiv 1506.02025.
    """
    check_tensors("grid_sample", input=input, grid=grid)
    for name, given, known in (("mode", mode, MODES), ("padding_mode", padding_mode, PADDINGS)):
        if given not in known:
            first, second, third = known
            msg = (
                f"nn.functional.grid_sample(): expected {name} to be '{first}', '{second}' or "
                f"'{third}', but got: '{given}'"
            )
            raise ValueError(msg)
    corners = _chosen_corners(align_corners)
    check_grid(input, grid, mode)
    return grid_sampling.grid_sample(input, grid, mode, padding_mode, corners)


def _refuse(message: str) -> NoReturn:
    msg = f"grid_sampler(): {message}"
    raise RuntimeError(msg)


def check_grid(input: Tensor, grid: Tensor, mode: str) -> None:
    """Refuse an input and a grid that do not fit each other, in torch's words."""
    if input.dtype is not grid.dtype:
        msg = (
            f"expected scalar type {input.dtype.scalar_type} but found {grid.dtype.scalar_type}: "
            "grid_sample takes input and grid of one dtype"
        )
        raise RuntimeError(msg)
    if not input.is_floating_point():
        msg = f"\"grid_sampler\" not implemented for '{input.dtype.scalar_type}'"
        raise NotImplementedError(msg)
    _check_shapes(input, grid, mode)


def _check_shapes(input: Tensor, grid: Tensor, mode: str) -> None:
    sizes = f"input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    if input.dim() not in {4, 5} or grid.dim() != input.dim():
        wanted = "4D" if input.dim() == 4 else "5D"
        _refuse(f"expected {wanted} input and grid with same number of dimensions, but got {sizes}")
    if input.shape[0] != grid.shape[0]:
        _refuse("expected grid and input to have same batch size, but got " + sizes)
    dims = input.dim() - 2
    if grid.shape[-1] != dims:
        _refuse(
            f"expected grid to have size {dims} in last dimension, but got grid with sizes "
            f"{list(grid.shape)}"
        )
    for dim in range(2, input.dim()):
        if not input.shape[dim]:
            _refuse(
                "expected input to have non-empty spatial dimensions, but input has sizes "
                f"{list(input.shape)} with dimension {dim} being empty"
            )
    if mode == "bicubic" and dims != 2:
        _refuse(f"bicubic interpolation only supports 4D input, got {input.dim()}D")


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    r"""Return the grid of the places that affine maps take an image or a volume to.

    Args:
        theta: maps, floating, shape (N, 2, 3) for images, (N, 3, 4) for volumes.
        size: of the images, (N, C, H, W) or (N, C, D, H, W).
        align_corners: whether -1 and 1 are the middles of the corner elements, or their outer
            edges.

    Shape:
        - output: (N, H, W, 2) or (N, D, H, W, 3), for :func:`grid_sample`

    Raises:
        ValueError: the maps are not floating, do not fit the size, or a size is not positive.
        NotImplementedError: ``size`` has neither four nor five numbers.
        RuntimeError: there are more or fewer maps than images.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> identity = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
        >>> F.affine_grid(identity, (1, 1, 1, 2), align_corners=False)
        tensor([[[[-0.5000,  0.0000],
                  [ 0.5000,  0.0000]]]])

    References:
        Jaderberg et al. 2015, Spatial Transformer Networks, arXiv 1506.02025.
    """
    check_tensors("affine_grid", theta=theta)
    corners = _chosen_corners(align_corners)
    if not theta.is_floating_point():
        msg = f"Expected theta to have floating point type, but got {theta.dtype}"
        raise ValueError(msg)
    _check_theta(theta, size)
    if corners and min(size[2:]) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when "
            "align_corners=True. This is not an intended use case of affine_grid. See the "
            "documentation of affine_grid for details.",
            stacklevel=2,
        )
    elif min(size) <= 0:
        msg = f"Expected non-zero, positive output size. Got {size}"
        raise ValueError(msg)
    if theta.shape[0] != size[0]:
        msg = (
            f"Expected tensor to have size {size[0]} at dimension 0, but got size "
            f"{theta.shape[0]}: affine_grid takes one map an image, got sizes {list(theta.shape)} "
            f"for {tuple(size)}"
        )
        raise RuntimeError(msg)
    found: Any = _affine_grid(theta, tuple(size[2:]), corners)
    return found  # type: ignore[no-any-return]


def _check_theta(theta: Tensor, size: Sequence[int]) -> None:
    dims = len(size) - 2
    if dims not in {2, 3}:
        msg = (
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {size}."
        )
        raise NotImplementedError(msg)
    if theta.dim() != 3 or tuple(theta.shape[1:]) != (dims, dims + 1):
        msg = (
            f"Expected a batch of {dims}D affine matrices of shape Nx{dims}x{dims + 1} for size "
            f"{size}. Got {theta.shape}."
        )
        raise ValueError(msg)
