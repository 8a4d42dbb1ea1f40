"""Padding modules."""

from __future__ import annotations

from collections.abc import Sequence

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from .module import Module

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]

Widths = int | Sequence[int]


class _PadNd(Module):
    """What all padding shares: two widths a dimension, the last dimension first."""

    __constants__ = ("padding",)
    _dims: int
    _mode: str
    padding: tuple[int, ...]

    def __init__(self, padding: Widths) -> None:
        super().__init__()
        self.padding = (padding,) * (2 * self._dims) if isinstance(padding, int) else tuple(padding)

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` padded."""
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        """Return the widths."""
        return f"{self.padding}"


class _ConstantPadNd(_PadNd):
    """Padding with one value."""

    __constants__ = ("padding", "value")  # type: ignore[assignment]
    _mode = "constant"

    def __init__(self, padding: Widths, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` padded."""
        return F.pad(input, self.padding, self._mode, self.value)

    def extra_repr(self) -> str:
        """Return the widths and the value."""
        return f"padding={self.padding}, value={self.value}"


class _ZeroPadNd(_ConstantPadNd):
    """Padding with zeros."""

    def __init__(self, padding: Widths) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return the widths."""
        return f"{self.padding}"


class _ReflectionPadNd(_PadNd):
    """Padding with the input mirrored at its edges, which are not repeated."""

    _mode = "reflect"


class _ReplicationPadNd(_PadNd):
    """Padding with the elements at the edges."""

    _mode = "replicate"


class _CircularPadNd(_PadNd):
    """Padding with the other end of the input."""

    _mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` padded."""
        dims = self._dims
        if input.dim() not in {dims + 1, dims + 2}:
            msg = f"expected {dims + 1}D or {dims + 2}D input (got {input.dim()}D input)"
            raise ValueError(msg)
        return F.pad(input, self.padding, self._mode)


class ConstantPad1d(_ConstantPadNd):
    """Put a value around a signal; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the
            dimension; negative ones cut off.
        value: what is put there.

    Shape:
        - input: any shape of 1 dimensions or more; output: the same with the dimension grown

    Example:
        >>> import penlight as torch
        >>> torch.nn.ConstantPad1d(1, 2.0)(torch.zeros(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    _dims = 1


class ConstantPad2d(_ConstantPadNd):
    """Put a value around an image; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the last
            dimension, then of the one before it, and so on; negative ones cut off.
        value: what is put there.

    Shape:
        - input: any shape of 2 dimensions or more; output: the same with each dimension grown

    Example:
        >>> import penlight as torch
        >>> torch.nn.ConstantPad2d(1, 2.0)(torch.zeros(1, 1, 3, 4)).shape
        torch.Size([1, 1, 5, 6])
    """

    _dims = 2


class ConstantPad3d(_ConstantPadNd):
    """Put a value around a volume; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the last
            dimension, then of the one before it, and so on; negative ones cut off.
        value: what is put there.

    Shape:
        - input: any shape of 3 dimensions or more; output: the same with each dimension grown

    Example:
        >>> import penlight as torch
        >>> torch.nn.ConstantPad3d(1, 2.0)(torch.zeros(1, 1, 3, 4, 5)).shape
        torch.Size([1, 1, 5, 6, 7])
    """

    _dims = 3


class ZeroPad1d(_ZeroPadNd):
    """Put zeros around a signal; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the
            dimension; negative ones cut off.

    Shape:
        - input: any shape of 1 dimensions or more; output: the same with the dimension grown

    Example:
        >>> import penlight as torch
        >>> torch.nn.ZeroPad1d(1)(torch.zeros(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    _dims = 1


class ZeroPad2d(_ZeroPadNd):
    """Put zeros around an image; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the last
            dimension, then of the one before it, and so on; negative ones cut off.

    Shape:
        - input: any shape of 2 dimensions or more; output: the same with each dimension grown

    Example:
        >>> import penlight as torch
        >>> torch.nn.ZeroPad2d(1)(torch.zeros(1, 1, 3, 4)).shape
        torch.Size([1, 1, 5, 6])
    """

    _dims = 2


class ZeroPad3d(_ZeroPadNd):
    """Put zeros around a volume; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the last
            dimension, then of the one before it, and so on; negative ones cut off.

    Shape:
        - input: any shape of 3 dimensions or more; output: the same with each dimension grown

    Example:
        >>> import penlight as torch
        >>> torch.nn.ZeroPad3d(1)(torch.zeros(1, 1, 3, 4, 5)).shape
        torch.Size([1, 1, 5, 6, 7])
    """

    _dims = 3


class ReflectionPad1d(_ReflectionPadNd):
    """Continue a signal by its mirror image, without the edge; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the
            dimension; negative ones cut off.

    Shape:
        - input: (N, C, L) or (C, L); output: the same with the dimension grown

    Raises:
        RuntimeError: a width is not below the size of its dimension.

    Example:
        >>> import penlight as torch
        >>> torch.nn.ReflectionPad1d(1)(torch.zeros(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    _dims = 1


class ReflectionPad2d(_ReflectionPadNd):
    """Continue an image by its mirror image, without the edge; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the last
            dimension, then of the one before it, and so on; negative ones cut off.

    Shape:
        - input: (N, C, H, W) or (C, H, W); output: the same with each dimension grown

    Raises:
        RuntimeError: a width is not below the size of its dimension.

    Example:
        >>> import penlight as torch
        >>> torch.nn.ReflectionPad2d(1)(torch.zeros(1, 1, 3, 4)).shape
        torch.Size([1, 1, 5, 6])
    """

    _dims = 2


class ReflectionPad3d(_ReflectionPadNd):
    """Continue a volume by its mirror image, without the edge; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the last
            dimension, then of the one before it, and so on; negative ones cut off.

    Shape:
        - input: (N, C, D, H, W) or (C, D, H, W); output: the same with each dimension grown

    Raises:
        RuntimeError: a width is not below the size of its dimension.

    Example:
        >>> import penlight as torch
        >>> torch.nn.ReflectionPad3d(1)(torch.zeros(1, 1, 3, 4, 5)).shape
        torch.Size([1, 1, 5, 6, 7])
    """

    _dims = 3


class ReplicationPad1d(_ReplicationPadNd):
    """Continue a signal by the elements at its edges; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the
            dimension; negative ones cut off.

    Shape:
        - input: (N, C, L) or (C, L); output: the same with the dimension grown

    Example:
        >>> import penlight as torch
        >>> torch.nn.ReplicationPad1d(1)(torch.zeros(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    _dims = 1


class ReplicationPad2d(_ReplicationPadNd):
    """Continue an image by the elements at its edges; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the last
            dimension, then of the one before it, and so on; negative ones cut off.

    Shape:
        - input: (N, C, H, W) or (C, H, W); output: the same with each dimension grown

    Example:
        >>> import penlight as torch
        >>> torch.nn.ReplicationPad2d(1)(torch.zeros(1, 1, 3, 4)).shape
        torch.Size([1, 1, 5, 6])
    """

    _dims = 2


class ReplicationPad3d(_ReplicationPadNd):
    """Continue a volume by the elements at its edges; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the last
            dimension, then of the one before it, and so on; negative ones cut off.

    Shape:
        - input: (N, C, D, H, W) or (C, D, H, W); output: the same with each dimension grown

    Example:
        >>> import penlight as torch
        >>> torch.nn.ReplicationPad3d(1)(torch.zeros(1, 1, 3, 4, 5)).shape
        torch.Size([1, 1, 5, 6, 7])
    """

    _dims = 3


class CircularPad1d(_CircularPadNd):
    """Continue a signal by its other end; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the
            dimension; negative ones cut off.

    Shape:
        - input: (N, C, L) or (C, L); output: the same with the dimension grown

    Raises:
        RuntimeError: a width is above the size of its dimension.
        ValueError: the input has another number of dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.nn.CircularPad1d(1)(torch.zeros(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    _dims = 1


class CircularPad2d(_CircularPadNd):
    """Continue an image by its other end; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the last
            dimension, then of the one before it, and so on; negative ones cut off.

    Shape:
        - input: (N, C, H, W) or (C, H, W); output: the same with each dimension grown

    Raises:
        RuntimeError: a width is above the size of its dimension.
        ValueError: the input has another number of dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.nn.CircularPad2d(1)(torch.zeros(1, 1, 3, 4)).shape
        torch.Size([1, 1, 5, 6])
    """

    _dims = 2


class CircularPad3d(_CircularPadNd):
    """Continue a volume by its other end; see :func:`torch.nn.functional.pad`.

    Args:
        padding: one width for all sides, or widths before and after the last
            dimension, then of the one before it, and so on; negative ones cut off.

    Shape:
        - input: (N, C, D, H, W) or (C, D, H, W); output: the same with each dimension grown

    Raises:
        RuntimeError: a width is above the size of its dimension.
        ValueError: the input has another number of dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.nn.CircularPad3d(1)(torch.zeros(1, 1, 3, 4, 5)).shape
        torch.Size([1, 1, 5, 6, 7])
    """

    _dims = 3
