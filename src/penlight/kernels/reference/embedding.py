"""Embedding: rows of a table, bags of them, and the gradients of the table.

A bag is a run of indices: ``starts``, shape (B + 1), rises to N or less, and bag b is
``indices[starts[b]:starts[b + 1]]`` without those that equal ``padding``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@np.errstate(all="ignore")
def add_rows(out: Array, indices: Array, values: Array) -> None:
    """Add each row of ``values`` to the row of ``out`` that its index names, in order.

    Args:
        out: added to, shape (V, E).
        indices: int64, shape (N).
        values: shape (N, E).

    Raises:
        IndexError: an index is outside [0, V); nothing has been added then.
        ValueError: the shapes do not fit.
    """
    _check_shape("values", values, (indices.size, out.shape[1]))
    _check_indices(indices, out.shape[0])
    np.add.at(out, indices, values)


def clear_rows(out: Array, indices: Array) -> None:
    """Set the rows of ``out`` that ``indices`` name to zero.

    Args:
        out: written, shape (V, E).
        indices: int64, shape (N).

    Raises:
        IndexError: an index is outside [0, V); nothing has been written then.
    """
    _check_indices(indices, out.shape[0])
    out[indices] = 0


def gather_rows(out: Array, table: Array, indices: Array) -> int:
    """Write the rows of ``table`` that ``indices`` name.

    Args:
        out: written, shape (N, E).
        table: shape (V, E).
        indices: int64, shape (N).

    Returns:
        The position of the first index outside [0, V), nothing being written then; else -1.

    Raises:
        ValueError: the shapes do not fit.
    """
    _check_shape("out", out, (indices.size, table.shape[1]))
    at = _first_outside(indices, table.shape[0])
    if at < 0:
        out[...] = table[indices]
    return at


@np.errstate(all="ignore")
def bag_sums(
    out: Array,
    sizes: Array,
    table: Array,
    factors: Array | None,
    indices: Array,
    starts: Array,
    padding: int,
    mean: bool,
) -> int:
    """Write the sum or the mean of each bag's rows, added up in order from zero.

    Args:
        out: written, shape (B, E).
        sizes: written, int64, shape (B): the number of rows.
        table: shape (V, E).
        factors: of the rows, shape (N), or None.
        indices: int64, shape (N).
        starts: int64, shape (B + 1).
        padding: the index that is left out, -1 for none.
        mean: divide by the number of rows.

    Returns:
        The position of the first index outside [0, V), nothing being written then; else -1.

    Raises:
        ValueError: the shapes do not fit.
        IndexError: starts do not rise within [0, N].
    """
    _check_starts(starts, indices.size)
    _check_shape("out", out, (starts.size - 1, table.shape[1]))
    _check_shape("sizes", sizes, (starts.size - 1,))
    if factors is not None:
        _check_shape("factors", factors, indices.shape)
    at = _first_outside(indices, table.shape[0])
    if at >= 0:
        return at
    for bag, used in _bags(indices, starts, padding):
        rows = table[indices[used]]
        total = np.zeros_like(out[bag])
        for row in rows if factors is None else rows * factors[used, None]:
            total += row
        sizes[bag] = used.size
        out[bag] = total / total.dtype.type(max(used.size, 1)) if mean else total
    return -1


def bag_maxima(
    out: Array, places: Array, table: Array, indices: Array, starts: Array, padding: int
) -> int:
    """Write the largest of each bag's rows, element by element; 0 for an empty bag.

    A NaN is the largest where it comes first, and else never.

    Args:
        out: written, shape (B, E).
        places: written, int64, shape (B, E): where in indices the first that has it stands; -1 for
            an empty bag.
        table: shape (V, E).
        indices: int64, shape (N).
        starts: int64, shape (B + 1).
        padding: the index that is left out, -1 for none.

    Returns:
        The position of the first index outside [0, V), nothing being written then; else -1.

    Raises:
        ValueError: the shapes do not fit.
        IndexError: starts do not rise within [0, N].
    """
    _check_starts(starts, indices.size)
    _check_shape("out", out, (starts.size - 1, table.shape[1]))
    _check_shape("places", places, (starts.size - 1, table.shape[1]))
    at = _first_outside(indices, table.shape[0])
    if at >= 0:
        return at
    out[...], places[...] = 0, -1
    for bag, used in _bags(indices, starts, padding):
        for at, place in enumerate(used):
            row = table[indices[place]]
            larger = (row > out[bag]) | (at == 0)
            out[bag][larger] = row[larger]
            places[bag][larger] = place
    return -1


@np.errstate(all="ignore")
def add_bags(
    out: Array, grad: Array, factors: Array | None, indices: Array, starts: Array, padding: int
) -> None:
    """Add each bag's row of ``grad`` to the rows of ``out`` in the bag, in order.

    Args:
        out: added to, shape (V, E).
        grad: shape (B, E).
        factors: of the rows, shape (N), or None.
        indices: int64, shape (N).
        starts: int64, shape (B + 1).
        padding: the index that is left out, -1 for none.

    Raises:
        ValueError: the shapes do not fit.
        IndexError: an index or a start is out of range; nothing has been added then.
    """
    _check_starts(starts, indices.size)
    _check_shape("grad", grad, (starts.size - 1, out.shape[1]))
    if factors is not None:
        _check_shape("factors", factors, indices.shape)
    _check_indices(indices, out.shape[0])
    for bag, used in _bags(indices, starts, padding):
        rows = np.broadcast_to(grad[bag], (used.size, out.shape[1]))
        np.add.at(out, indices[used], rows if factors is None else rows * factors[used, None])


@np.errstate(all="ignore")
def add_maxima(out: Array, grad: Array, places: Array, indices: Array) -> None:
    """Add ``grad`` to the elements of ``out`` that were the largest of their bags.

    Args:
        out: added to, shape (V, E).
        grad: shape (B, E).
        places: int64, shape (B, E), as `bag_maxima` writes them.
        indices: int64, shape (N).

    Raises:
        ValueError: the shapes do not fit.
        IndexError: an index or a place is out of range; nothing has been added then.
    """
    _check_shape("grad", grad, (grad.shape[0], out.shape[1]))
    _check_shape("places", places, grad.shape)
    _check_indices(indices, out.shape[0])
    wrong = places[places >= indices.size]
    if wrong.size:
        message = f"places: expected positions below {indices.size}, got {wrong[0]}"
        raise IndexError(message)
    bag, column = np.nonzero(places >= 0)
    np.add.at(out, (indices[places[bag, column]], column), grad[bag, column])


@np.errstate(all="ignore")
def bag_products(
    out: Array, grad: Array, table: Array, indices: Array, starts: Array, padding: int
) -> None:
    """Write the product of each index's row and its bag's row of ``grad``; 0 where it is left out.

    Args:
        out: written, shape (N).
        grad: shape (B, E).
        table: shape (V, E).
        indices: int64, shape (N).
        starts: int64, shape (B + 1).
        padding: the index that is left out, -1 for none.

    Raises:
        ValueError: the shapes do not fit.
        IndexError: an index or a start is out of range; nothing has been written then.
    """
    _check_starts(starts, indices.size)
    _check_shape("out", out, indices.shape)
    _check_shape("grad", grad, (starts.size - 1, table.shape[1]))
    _check_indices(indices, table.shape[0])
    out[...] = 0
    for bag, used in _bags(indices, starts, padding):
        out[used] = (table[indices[used]] * grad[bag]).sum(axis=1)


def _bags(indices: Array, starts: Array, padding: int) -> Iterator[tuple[int, Array]]:
    """Yield each bag's number and the positions of the indices that count in it."""
    for bag, (start, stop) in enumerate(pairwise(starts.tolist())):
        used = np.arange(start, stop)
        yield bag, used[indices[used] != padding] if padding >= 0 else used


def _first_outside(indices: Array, rows: int) -> int:
    wrong = np.flatnonzero((indices < 0) | (indices >= rows))
    return int(wrong[0]) if wrong.size else -1


def _check_indices(indices: Array, rows: int) -> None:
    at = _first_outside(indices, rows)
    if at >= 0:
        message = (
            f"index out of range in self: got index {indices[at]} at position {at}, "
            f"but there are {rows} rows"
        )
        raise IndexError(message)


def _check_starts(starts: Array, count: int) -> None:
    if not starts.size:
        message = "starts: expected at least one position"
        raise ValueError(message)
    least = 0
    for at, start in enumerate(starts.tolist()):
        if not least <= start <= count:
            message = (
                f"starts: expected rising positions up to {count}, got {start} at position {at}"
            )
            raise IndexError(message)
        least = start


def _check_shape(name: str, array: Array, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        message = f"{name}: expected shape {shape}, got {array.shape}"
        raise ValueError(message)
