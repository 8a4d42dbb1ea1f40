"""The gradient of nll_loss: one value in each row, written out only when somebody looks at it.

In front of log_softmax nobody does: its rule reads the values and their places, and an array of
zeros, as large as the log-probabilities, is neither made nor read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Array, Tensor, disabled_torch_function_impl, new


class Picks:
    """Values at one class of each row; rows are (N, ...), as many as the values.

    Attributes:
        shape: of the whole gradient: (N, C, ...) or (C).
        places: the class of each row, int64.
        values: the gradient there.
    """

    __slots__ = ("places", "shape", "values")

    def __init__(self, shape: tuple[int, ...], places: Array, values: Array) -> None:
        self.shape = shape
        self.places = places
        self.values = values

    def written_out(self) -> Array:
        """Return the whole gradient."""
        out = np.zeros(self.shape, self.values.dtype)
        rows = out[None] if len(self.shape) == 1 else out
        if rows.size:
            np.put_along_axis(rows, self.places[:, None], self.values[:, None], axis=1)
        return out


class _PickedTensor(Tensor):
    """A tensor that becomes an ordinary one as soon as its array is asked for."""

    __slots__ = ()
    __torch_function__ = disabled_torch_function_impl

    @property
    def _array(self) -> Array:  # type: ignore[override]
        array: Array = _field.__get__(self).written_out()
        _field.__set__(self, array)
        self.__class__ = Tensor  # type: ignore[assignment]
        return array


# Where every tensor keeps its array; here it holds the Picks until they are written out.
_field: Any = vars(Tensor)["_array"]


def picked_tensor(picks: Picks) -> Tensor:
    """Return a gradient with these values and zeros elsewhere."""
    tensor = new(_PickedTensor)
    _field.__set__(tensor, picks)
    tensor._view = tensor._storage = tensor._grad = tensor._edge = None
    return tensor


def picked(tensor: Any) -> Picks | None:
    """Return the values that a gradient is still made of, ``None`` when it is an ordinary one."""
    if tensor.__class__ is not _PickedTensor:
        return None
    picks: Picks = _field.__get__(tensor)
    return picks
