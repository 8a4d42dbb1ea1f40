"""Resampling of signals, images and volumes to other sizes."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from ..._tensor import Tensor
from ...ops.resampling import resample
from ._reduction import check_tensors
from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

Sizes = int | Sequence[int]
Factors = float | Sequence[float]

# The numbers of spatial dimensions that a mode has.
_DIMS = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "lanczos": (2,),
    "trilinear": (3,),
}
_WITHOUT_CORNERS = frozenset({"nearest", "nearest-exact", "area"})
_SMOOTHING = ("bilinear", "bicubic", "lanczos")
_POOLS = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}
_LAYOUT = "Please provide input tensor in (N, C, d1, d2, ...,dK) format and"


def interpolate(
    input: Tensor,
    size: Sizes | None = None,
    scale_factor: Factors | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    r"""Resample a signal, image or volume to a size, or by a factor.

    A new element at :math:`i` stands at :math:`s (i + \frac{1}{2}) - \frac{1}{2}` of the old ones
    for the step :math:`s`, with ``align_corners`` at :math:`s i`.

    Args:
        input: floating, shape (N, C, L), (N, C, H, W) or (N, C, D, H, W); for the nearest modes
            and for images of bytes, too.
        size: of the spatial dimensions afterwards: one number or one each.
        scale_factor: by how much they grow, instead of ``size``: one number or one each.
        mode: ``"nearest"`` (torch's old one, which takes the beginning of each part),
            ``"nearest-exact"``, ``"linear"``, ``"bilinear"``, ``"bicubic"``, ``"trilinear"``,
            ``"lanczos"`` (with ``antialias``), or ``"area"``, the mean of each part.
        align_corners: keep the middles of the corner elements where they are; of the (bi-, tri-)
            linear and cubic modes.
        recompute_scale_factor: take the step from the sizes and not from ``scale_factor``.
        antialias: smooth what shrinks, for images in the modes ``"bilinear"``, ``"bicubic"`` and
            ``"lanczos"``.

    Shape:
        - output: (N, C, \*size)

    Raises:
        ValueError: not exactly one of ``size`` and ``scale_factor`` is given, they have more or
            fewer numbers than there are spatial dimensions, or an option does not go with the mode.
        TypeError: a size is no whole number.
        NotImplementedError: the mode does not exist, or not for so many dimensions or the dtype.
        RuntimeError: a size is zero.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> F.interpolate(torch.tensor([[[1.0, 3.0]]]), scale_factor=2, mode="linear")
        tensor([[[1.0000, 1.5000, 2.5000, 3.0000]]])

    References:
        Keys 1981, Cubic Convolution Interpolation for Digital Image Processing.
    """
    check_tensors("interpolate", input=input)
    if mode in _WITHOUT_CORNERS and align_corners is not None:
        msg = (
            "align_corners option can only be set with the interpolating modes: linear | bilinear "
            f"| bicubic | trilinear, got align_corners={align_corners} with mode {mode!r}"
        )
        raise ValueError(msg)
    wanted, factors = _wanted(input, size, scale_factor)
    if recompute_scale_factor and size is not None:
        msg = "recompute_scale_factor is not meaningful with an explicit size."
        raise ValueError(msg)
    if recompute_scale_factor or mode == "area":
        factors = None
    if antialias and not (mode in _SMOOTHING and input.dim() == 4):
        msg = (
            "Anti-alias option is restricted to bilinear, bicubic and lanczos modes and requires a "
            f"4-D tensor as input, got mode {mode!r} and {input.dim()} dimensions"
        )
        raise ValueError(msg)
    if len(wanted) not in _DIMS.get(mode, ()):
        _refuse_mode(input.dim(), mode)
    if mode == "area":
        pooled: Tensor = _POOLS[len(wanted)](input, wanted)
        return pooled
    if mode == "lanczos":
        _check_lanczos(align_corners, antialias)
    _check_sizes(input, wanted)
    return resample(input, mode, wanted, factors, bool(align_corners), antialias)


def _wanted(
    input: Tensor, size: Sizes | None, scale_factor: Factors | None
) -> tuple[tuple[int, ...], tuple[float, ...] | None]:
    """Return the size afterwards, and the factors if it was given by them."""
    if size is not None and scale_factor is not None:
        msg = f"only one of size or scale_factor should be defined, got {size} and {scale_factor}"
        raise ValueError(msg)
    before = list(input.shape[2:])
    if size is not None:
        return _wanted_size(before, size), None
    if scale_factor is None:
        msg = "either size or scale_factor should be defined"
        raise ValueError(msg)
    if not isinstance(scale_factor, (list, tuple)):
        scale_factor = (scale_factor,) * len(before)  # type: ignore[assignment] # a number
    factors = tuple(float(each) for each in scale_factor)  # type: ignore[union-attr] # a sequence
    if len(factors) != len(before):
        msg = (
            "Input and scale_factor must have the same number of spatial dimensions, but got input "
            f"with spatial dimensions of {before} and scale_factor of shape {scale_factor}. "
            f"{_LAYOUT} scale_factor in (s1, s2, ...,sK) format."
        )
        raise ValueError(msg)
    return tuple(math.floor(n * each) for n, each in zip(before, factors, strict=True)), factors


def _wanted_size(before: list[int], size: Any) -> tuple[int, ...]:
    if not isinstance(size, (list, tuple)):
        size = (size,) * len(before)
    elif len(size) != len(before):
        msg = (
            "Input and output must have the same number of spatial dimensions, but got input with "
            f"spatial dimensions of {before} and output size of {size}. {_LAYOUT} output size in "
            "(o1, o2, ...,oK) format."
        )
        raise ValueError(msg)
    if not all(hasattr(each, "__index__") for each in size):
        msg = (
            "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, "
            f"int], but got size with types {[type(each) for each in size]}"
        )
        raise TypeError(msg)
    return tuple(int(each) for each in size)


def _refuse_mode(ndim: int, mode: str) -> NoReturn:
    if mode in {"linear", "bilinear", "trilinear"} and ndim in {3, 4, 5}:
        msg = f"Got {ndim}D input, but {mode} mode needs {_DIMS[mode][0] + 2}D input"
        raise NotImplementedError(msg)
    msg = (
        f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {ndim}D) for the modes: "
        "nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got "
        f"{mode}); bicubic and lanczos are for 4D input only"
    )
    raise NotImplementedError(msg)


def _check_lanczos(align_corners: bool | None, antialias: bool) -> None:
    if align_corners:
        msg = "Lanczos mode does not support align_corners=True"
        raise ValueError(msg)
    if not antialias:
        msg = "Lanczos mode requires antialias=True"
        raise ValueError(msg)


def _check_sizes(input: Tensor, wanted: tuple[int, ...]) -> None:
    before = tuple(input.shape[2:])
    if min(before + wanted) < 1:
        names = "DHW"[-len(wanted) :]
        shown = (
            ", ".join(f"{name}: {n}" for name, n in zip(names, sizes, strict=True))
            for sizes in (before, wanted)
        )
        msg = (
            "Input and output sizes should be greater than 0, but got input ({}) output ({})"
        ).format(*shown)
        raise RuntimeError(msg)
    if not input.shape[1]:
        msg = (
            f"Non-empty {input.dim()}D data tensor expected but got a tensor with sizes "
            f"{list(input.shape)}"
        )
        raise RuntimeError(msg)


def _deprecated(name: str) -> None:
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=3,
    )


def upsample(
    input: Tensor,
    size: Sizes | None = None,
    scale_factor: Factors | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """Do what :func:`interpolate` does, under its old name, with a warning.

    Example:
        >>> import warnings
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> with warnings.catch_warnings(action="ignore"):
        ...     F.upsample(torch.zeros(1, 1, 2, 2), scale_factor=2).shape
        torch.Size([1, 1, 4, 4])
    """
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Tensor, size: Sizes | None = None, scale_factor: Factors | None = None
) -> Tensor:
    """Do what :func:`interpolate` does with mode ``"nearest"``, with a warning.

    Example:
        >>> import warnings
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> with warnings.catch_warnings(action="ignore"):
        ...     F.upsample_nearest(torch.tensor([[[1.0, 3.0]]]), 4)
        tensor([[[1., 1., 3., 3.]]])
    """
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(
    input: Tensor, size: Sizes | None = None, scale_factor: Factors | None = None
) -> Tensor:
    """Do what :func:`interpolate` does with mode ``"bilinear"`` and corners kept, with a warning.

    Example:
        >>> import warnings
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> with warnings.catch_warnings(action="ignore"):
        ...     F.upsample_bilinear(torch.tensor([[[[1.0, 3.0]]]]), (1, 3))
        tensor([[[[1., 2., 3.]]]])
    """
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
