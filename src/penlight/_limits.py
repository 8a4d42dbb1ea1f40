"""``finfo`` and ``iinfo``: what each dtype can hold."""

from __future__ import annotations

from . import _dtype
from ._dtype import Frozen, check_dtype, get_default_dtype

# Bits of the significand after the point, largest exponent, decimal resolution.
_FORMATS = {
    _dtype.float16: (10, 15, 1e-3),
    _dtype.bfloat16: (7, 127, 1e-2),
    _dtype.float32: (23, 127, 1e-6),
    _dtype.float64: (52, 1023, 1e-15),
}


class finfo(Frozen):  # noqa: N801 - torch's name
    """Limits of a floating dtype.

    Args:
        type: a floating dtype, or a complex one for the limits of its parts; the default dtype
            where it is left out.

    Raises:
        TypeError: ``type`` is not a dtype, or an integer one.

    Example:
        >>> import penlight as torch
        >>> torch.finfo(torch.float16).max
        65504.0
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")
    __hash__ = None  # type: ignore[assignment]

    bits: int
    dtype: str
    eps: float
    max: float
    min: float
    resolution: float
    smallest_normal: float
    tiny: float

    def __init__(self, type: _dtype.dtype | None = None) -> None:
        """Work the limits out from the widths of significand and exponent."""
        given = get_default_dtype() if type is None else type
        check_dtype("finfo", "type", 1, given)
        real = given.to_real()
        if not real.is_floating_point:
            msg = (
                "torch.finfo() requires a floating point input type. "
                f"Use torch.iinfo to handle {given}"
            )
            raise TypeError(msg)
        significand, exponent, resolution = _FORMATS[real]
        eps, tiny = 2.0**-significand, 2.0 ** (1 - exponent)
        largest = (2.0 - eps) * 2.0**exponent
        values = (8 * real.itemsize, real.name, eps, largest, -largest, resolution, tiny, tiny)
        for name, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __repr__(self) -> str:
        shown = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        limits = ", ".join(f"{name}={getattr(self, name):g}" for name in shown)
        return f"finfo({limits}, dtype={self.dtype})"


class iinfo(Frozen):  # noqa: N801 - torch's name
    """Limits of an integer dtype.

    Args:
        type: an integer dtype.

    Raises:
        TypeError: ``type`` is not a dtype, or not an integer one.

    Example:
        >>> import penlight as torch
        >>> torch.iinfo(torch.int8).min, torch.iinfo(torch.int8).max
        (-128, 127)
    """

    __slots__ = ("bits", "dtype", "max", "min")
    __hash__ = None  # type: ignore[assignment]

    bits: int
    dtype: str
    max: int
    min: int

    def __init__(self, type: _dtype.dtype) -> None:
        """Work the limits out from the number of bits."""
        check_dtype("iinfo", "type", 1, type)
        if type.is_floating_point or type.is_complex:
            msg = f"torch.iinfo() requires an integer input type. Use torch.finfo to handle {type}"
            raise TypeError(msg)
        if type is _dtype.bool:
            msg = "torch.bool is not supported by torch.iinfo"
            raise TypeError(msg)
        bits = 8 * type.itemsize
        low = -(1 << bits - 1) if type.is_signed else 0
        for name, value in zip(
            self.__slots__, (bits, type.name, low + (1 << bits) - 1, low), strict=True
        ):
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
