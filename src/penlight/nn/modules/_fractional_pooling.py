"""Modules of fractional max pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from .module import Module

__all__ = ["FractionalMaxPool2d", "FractionalMaxPool3d"]

Size = int | Sequence[int]
Ratio = float | Sequence[float]


class _FractionalMaxPoolNd(Module):
    """What fractional max pooling of both dimensions shares."""

    __constants__ = ("kernel_size", "return_indices", "output_size", "output_ratio")
    _dims: int

    def __init__(
        self,
        kernel_size: Size,
        output_size: Size | None = None,
        output_ratio: Ratio | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = self._each(kernel_size)
        if self._dims == 3 and min(self.kernel_size) <= 0:
            msg = f"kernel_size must be greater than 0, but got {kernel_size}"
            raise ValueError(msg)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else self._each(output_size)
        self.output_ratio = None if output_ratio is None else self._each(output_ratio)
        if output_size is None and output_ratio is None:
            msg = (
                f"{type(self).__name__} requires specifying either an output size, or a pooling "
                "ratio"
            )
            raise ValueError(msg)
        if output_size is not None and output_ratio is not None:
            msg = (
                "only one of output_size and output_ratio may be specified, got "
                f"{output_size} and {output_ratio}"
            )
            raise ValueError(msg)
        if self.output_ratio is not None and not all(0 < each < 1 for each in self.output_ratio):
            msg = f"output_ratio must be between 0 and 1 (got {output_ratio})"
            raise ValueError(msg)

    def _each(self, value: Any) -> tuple[Any, ...]:
        return (value,) * self._dims if isinstance(value, (int, float)) else tuple(value)

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with where they stand if that is wanted."""
        function = getattr(F, f"fractional_max_pool{self._dims}d")
        return function(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """Take the largest of windows at drawn places.

    See :func:`torch.nn.functional.fractional_max_pool2d`.

    Args:
        kernel_size: of a window.
        output_size: the number of windows of each dimension.
        output_ratio: that number as a fraction of the input's size, instead.
        return_indices: return where the largest stand, too.
        _random_samples: what moves the windows; drawn at each call when left out.

    Shape:
        - input: (N, C, H, W) or (C, H, W); output the same with as many as there are windows

    Raises:
        ValueError: not exactly one of ``output_size`` and ``output_ratio`` is given, or the
            ratio is not between 0 and 1.

    Example:
        >>> import penlight as torch
        >>> torch.nn.FractionalMaxPool2d(2, output_ratio=0.5)(torch.zeros(1, 1, 8, 8)).shape
        torch.Size([1, 1, 4, 4])

    References:
        Graham 2014, Fractional Max-Pooling, arXiv 1412.6071.
    """

    _dims = 2


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """Take the largest of windows at drawn places.

    See :func:`torch.nn.functional.fractional_max_pool3d`.

    Args:
        kernel_size: of a window.
        output_size: the number of windows of each dimension.
        output_ratio: that number as a fraction of the input's size, instead.
        return_indices: return where the largest stand, too.
        _random_samples: what moves the windows; drawn at each call when left out.

    Shape:
        - input: (N, C, D, H, W) or (C, D, H, W); output the same with as many as there are windows

    Raises:
        ValueError: not exactly one of ``output_size`` and ``output_ratio`` is given, or the
            ratio is not between 0 and 1.

    Example:
        >>> import penlight as torch
        >>> torch.nn.FractionalMaxPool3d(2, output_ratio=0.5)(torch.zeros(1, 1, 8, 8, 8)).shape
        torch.Size([1, 1, 4, 4, 4])

    References:
        Graham 2014, Fractional Max-Pooling, arXiv 1412.6071.
    """

    _dims = 3
