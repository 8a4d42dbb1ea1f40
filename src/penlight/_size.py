"""``torch.Size``: the shape of a tensor, a tuple of ints that prints as one."""

from __future__ import annotations

import math
from operator import index
from typing import TYPE_CHECKING, Any, Self, SupportsIndex

if TYPE_CHECKING:
    from collections.abc import Iterable


class Size(tuple[int, ...]):
    """The lengths of a tensor's dimensions.

    A tuple in every respect; slices, sums and repetitions of sizes are sizes again.

    Args:
        iterable: ints, or objects that stand for one (NumPy integers, 0-d integer tensors).

    Raises:
        TypeError: an item is not an integer.

    Example:
        >>> import penlight as torch
        >>> torch.Size([2, 3]) + (4,)
        torch.Size([2, 3, 4])
        >>> torch.Size([2, 3]).numel()
        6
    """

    __slots__ = ()

    def __new__(cls, iterable: Iterable[SupportsIndex] = (), /) -> Self:
        """Check that every item is an integer and build the tuple."""
        items = tuple(iterable)
        for position, item in enumerate(items):
            if type(item) is not int:
                items = (*items[:position], _as_int(item, position), *items[position + 1 :])
        return tuple.__new__(cls, items)

    def numel(self) -> int:
        """Return the number of elements of a tensor of this size; 1 for ``Size([])``."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __reduce__(self) -> tuple[type[Size], tuple[tuple[int, ...]]]:
        return Size, (tuple(self),)

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return tuple.__new__(Size, found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> Size:
        if not isinstance(other, tuple):
            msg = f"can only concatenate tuple (not {type(other).__name__}) to torch.Size"
            raise TypeError(msg)
        return Size((*self, *other))

    def __radd__(self, other: Any) -> Size:
        return Size((*other, *self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, count: SupportsIndex) -> Size:
        return tuple.__new__(Size, tuple(self) * count)

    __rmul__ = __mul__


def _as_int(item: SupportsIndex, position: int) -> int:
    try:
        return index(item)
    except TypeError:
        kind = type(item)
        name = kind.__qualname__
        if kind.__module__ not in ("builtins", "penlight._tensor"):
            name = f"{kind.__module__}.{name}"
        msg = f"torch.Size() takes an iterable of 'int' (item {position} is {name!r})"
        raise TypeError(msg) from None
