"""A table of vectors with a key for each row: looking up, adding, attributes, lengths, order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Key: TypeAlias = str | int

_INTEGERS = (int, np.integer)
KEY_TYPES = (str, *_INTEGERS)


class VectorStore:
    """What :class:`KeyedVectors` is made of, without the searches, evaluations and files."""

    vectors: Array
    vector_size: int
    index_to_key: list[Any]
    key_to_index: dict[Any, int]
    expandos: dict[str, Array]
    norms: Array | None
    next_index: int

    def __init__(self, vector_size: int, count: int = 0, dtype: npt.DTypeLike = np.float32) -> None:
        for name, value, least in (("vector_size", vector_size, 1), ("count", count, 0)):
            if not isinstance(value, _INTEGERS) or value < least:
                msg = f"{name}={value!r}; a whole number, {least} or more, is expected"
                raise ValueError(msg)
        self.vector_size = int(vector_size)
        self.vectors = np.zeros((count, vector_size), dtype=floating(dtype, "dtype"))
        self.index_to_key = [None] * count
        self.key_to_index = {}
        self.expandos = {}
        self.norms = None
        self.next_index = 0

    def __len__(self) -> int:
        return len(self.index_to_key)

    def __str__(self) -> str:
        return f"{type(self).__name__}<vector_size={self.vector_size}, {len(self)} keys>"

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self.index_to_key[:3])) + (", ..." if len(self) > 3 else "")
        keys = f": {shown}" if shown else ""
        return (
            f"<{type(self).__name__} of {len(self)} keys by {self.vector_size}, "
            f"{self.vectors.dtype}{keys}>"
        )

    def __contains__(self, key: object) -> bool:
        return self.has_index_for(key)

    def __getitem__(self, key_or_keys: Any) -> Array:
        if isinstance(key_or_keys, KEY_TYPES):
            return self.get_vector(key_or_keys)
        rows: Array = self.vectors[[self.get_index(key) for key in key_or_keys]]
        return rows

    def __setitem__(self, keys: Any, weights: Any) -> None:
        self.add_vectors(keys, weights, replace=True)

    def get_index(self, key: Any, default: int | None = None) -> int:
        """Return the row of a key; a number that is no key is a row already.

        Args:
            key: the key, or a row from 0 on.
            default: what to return for a key that is not there.

        Raises:
            KeyError: the key is not there, and no default is given.
        """
        index = self.key_to_index.get(key)
        if index is not None:
            return index
        if isinstance(key, _INTEGERS) and 0 <= key < len(self):
            return int(key)
        if default is not None:
            return default
        msg = f"Key {key!r} not present in the vocabulary of {len(self)} keys"
        raise KeyError(msg)

    def has_index_for(self, key: object) -> bool:
        """Whether there is a row for a key, or of that number."""
        return self.get_index(key, -1) >= 0

    def get_vector(self, key: Any, norm: bool = False) -> Array:
        """Return the vector of a key, which cannot be written to.

        Args:
            key: the key, or the number of its row.
            norm: scale it to length 1; a vector of zeros stays one.

        Shape:
            Output: (``vector_size``), in the dtype of ``vectors``.

        Raises:
            KeyError: there is no such key.

        Example:
            >>> from penlight.text import KeyedVectors
            >>> wv = KeyedVectors(2)
            >>> wv.add_vector("north", [0, 2])
            0
            >>> wv.get_vector("north", norm=True)
            array([0., 1.], dtype=float32)
        """
        row: Array = self.vectors[self.get_index(key)]
        if norm:
            row = unit(row)
        row.setflags(write=False)
        return row

    def add_vector(self, key: Key, vector: Any) -> int:
        """Add one key, in the next row that was set aside, or else at the end.

        Adding at the end copies the table; set rows aside by ``count``, or add many keys at once
        with :meth:`add_vectors`.

        Args:
            key: a new key, or one whose vector is to be replaced.
            vector: its vector, (``vector_size``).

        Returns:
            The row.

        Raises:
            ValueError: the vector has another length.
        """
        row = self.next_index
        if key in self.key_to_index or row >= len(self) or self.index_to_key[row] is not None:
            self.add_vectors([key], [vector], replace=True)
            return self.key_to_index[key]
        self.vectors[row] = self._checked([vector], 1)[0]
        self.index_to_key[row] = key
        self.key_to_index[key] = row
        self.next_index += 1
        self.norms = None
        return row

    def add_vectors(
        self,
        keys: Any,
        weights: Any,
        extras: Mapping[str, Array] | None = None,
        replace: bool = False,
    ) -> None:
        """Add many keys at the end.

        Args:
            keys: the keys, or one key. One that occurs twice counts as present the second time.
            weights: a row for each key, (N, ``vector_size``).
            extras: attributes: a name and an array of N values each. New keys have zero for an
                attribute that is not named.
            replace: replace vectors and attributes of keys that are present; they are kept
                otherwise.

        Raises:
            ValueError: not as many rows or values as keys, or rows of another length.
            TypeError: an attribute has values of another type already.
        """
        if isinstance(keys, KEY_TYPES):
            keys, weights = [keys], np.reshape(np.asarray(weights), (1, -1))
        keys = list(keys)
        rows = self._checked(weights, len(keys))
        values = {name: np.asarray(extra) for name, extra in (extras or {}).items()}
        for name, extra in values.items():
            if len(extra) != len(keys):
                msg = f"extras[{name!r}] has {len(extra)} values for {len(keys)} keys"
                raise ValueError(msg)
        self.allocate_vecattrs(values, [extra.dtype for extra in values.values()])
        source, target = self._places(keys, replace=replace)
        added = len(self) - len(self.vectors)
        if added:
            room = np.zeros((added, self.vector_size), dtype=self.vectors.dtype)
            self.vectors = np.concatenate((self.vectors, room))
        self.allocate_vecattrs()
        self.vectors[target] = rows[source]
        for name, extra in values.items():
            self.expandos[name][target] = extra[source]
        self.norms = None

    def _places(self, keys: list[Any], *, replace: bool) -> tuple[list[int], list[int]]:
        """Take in new keys; return which of the given ones are to be stored, and in what rows."""
        places: dict[int, int] = {}
        for number, key in enumerate(keys):
            row = self.key_to_index.get(key)
            if row is None:
                row = self.key_to_index[key] = len(self)
                self.index_to_key.append(key)
            elif not replace:
                continue
            places[row] = number
        return list(places.values()), list(places)

    def _checked(self, weights: Any, count: int) -> Array:
        rows = np.asarray(weights)
        if rows.shape != (count, self.vector_size) and (count or rows.size):
            msg = (
                f"expected {count} vectors of {self.vector_size} numbers, shape "
                f"{(count, self.vector_size)}, got shape {rows.shape}"
            )
            raise ValueError(msg)
        return rows.reshape(count, self.vector_size).astype(self.vectors.dtype)

    def allocate_vecattrs(
        self, attrs: Iterable[str] | None = None, types: Iterable[Any] | None = None
    ) -> None:
        """Make the arrays of attributes as long as there are keys; new values are zero.

        Args:
            attrs: names of attributes to begin; all that there are when left out.
            types: their types, one for each name. ``int`` is int64, ``str`` any object.

        Raises:
            TypeError: an attribute has values of another type already.
        """
        if attrs is not None:
            for name, kind in zip(attrs, types or (), strict=True):
                self._begin_vecattr(name, _value_dtype(kind))
        for name, values in self.expandos.items():
            if len(values) != len(self):
                grown = np.zeros(len(self), dtype=values.dtype)
                kept = min(len(values), len(self))
                grown[:kept] = values[:kept]
                self.expandos[name] = grown

    def _begin_vecattr(self, name: str, dtype: np.dtype[Any]) -> None:
        present = self.expandos.get(name)
        if present is None:
            self.expandos[name] = np.zeros(len(self), dtype=dtype)
        elif not np.can_cast(dtype, present.dtype, casting="same_kind"):
            msg = f"attribute {name!r} has values of type {present.dtype}; {dtype} does not fit"
            raise TypeError(msg)

    def set_vecattr(self, key: Any, attr: str, val: Any) -> None:
        """Set an attribute of a key, such as its ``"count"``.

        Args:
            key: the key, or the number of its row.
            attr: the attribute; its type is that of the first value, whole numbers being int64.
            val: the value.

        Raises:
            KeyError: there is no such key.
            TypeError: the attribute has values of another type.
        """
        index = self.get_index(key)
        self.allocate_vecattrs([attr], [type(val)])
        self.expandos[attr][index] = val

    def get_vecattr(self, key: Any, attr: str) -> Any:
        """Return an attribute of a key.

        Args:
            key: the key, or the number of its row.
            attr: the attribute.

        Raises:
            KeyError: there is no such key, or no such attribute.

        Example:
            >>> from penlight.text import KeyedVectors
            >>> wv = KeyedVectors(2)
            >>> wv.add_vectors(["a", "b"], [[1, 0], [0, 1]], extras={"count": [7, 3]})
            >>> int(wv.get_vecattr("b", "count"))
            3
        """
        return self.attribute(attr)[self.get_index(key)]

    def attribute(self, attr: str) -> Array:
        """Return the values of an attribute, (N).

        Raises:
            KeyError: there is no such attribute.
        """
        if attr not in self.expandos:
            msg = f"no attribute {attr!r}; there is {', '.join(map(repr, self.expandos)) or 'none'}"
            raise KeyError(msg)
        return self.expandos[attr]

    def resize_vectors(self, seed: int = 0) -> None:
        """Give the table a row for each key of ``index_to_key``.

        Rows that were there stay; new ones are drawn uniformly from -1/``vector_size`` to
        1/``vector_size``, the numbers that gensim draws.

        Args:
            seed: of the numbers.
        """
        shape = (len(self), self.vector_size)
        if self.vectors.shape != shape:
            drawn = np.random.default_rng(seed).random(shape, dtype=np.float32)
            rows = ((drawn * 2 - 1) / np.float32(self.vector_size)).astype(self.vectors.dtype)
            kept = min(len(self.vectors), len(self))
            rows[:kept] = self.vectors[:kept]
            self.vectors = rows
        self.allocate_vecattrs()
        self.norms = None

    def sort_by_descending_frequency(self) -> None:
        """Put the keys with the greatest ``"count"`` first; of equals, the last comes first.

        Raises:
            KeyError: there are keys, and no counts.
        """
        if not len(self):
            return
        counts = self.attribute("count")
        order = np.lexsort((-np.arange(len(counts)), -counts))
        self.index_to_key = [self.index_to_key[index] for index in order]
        self.key_to_index = {
            key: index for index, key in enumerate(self.index_to_key) if key is not None
        }
        for name, values in self.expandos.items():
            self.expandos[name] = values[order]
        if len(self.vectors):
            self.vectors = self.vectors[order]
        self.norms = None

    def fill_norms(self, force: bool = False) -> None:
        """Set ``norms`` to the lengths of the vectors, (N).

        Searches do not read ``norms``: they compute the lengths of the vectors as they are, so
        that vectors which were changed in place, by training for example, are found as they are.

        Args:
            force: compute the lengths again when ``norms`` is set already.
        """
        if self.norms is None or force:
            self.norms = lengths(self.vectors)

    def get_normed_vectors(self) -> Array:
        """Return a copy of all vectors scaled to length 1, (N, ``vector_size``)."""
        return unit(self.vectors)

    def unit_normalize_all(self) -> None:
        """Scale all vectors to length 1, in place; vectors of zeros stay."""
        self.vectors /= divisors(self.vectors)[:, None].astype(self.vectors.dtype)
        self.norms = None

    def vectors_for_all(
        self, keys: Iterable[Any], allow_inference: bool = False, copy_vecattrs: bool = False
    ) -> Self:
        """Return a new table of those of the given keys that are present, in their order.

        Args:
            keys: the keys; one that occurs again is left out.
            allow_inference: take also numbers of rows for keys. A table of whole words has nothing
                to infer other vectors from, so unknown keys are left out all the same.
            copy_vecattrs: copy the attributes too.
        """
        wanted = dict.fromkeys(keys)
        present = [key for key in wanted if key in (self if allow_inference else self.key_to_index)]
        rows = [self.get_index(key) for key in present]
        made = type(self)(self.vector_size, dtype=self.vectors.dtype)
        attributes = self.expandos if copy_vecattrs else {}
        extras = {name: values[rows] for name, values in attributes.items()}
        made.add_vectors(present, self.vectors[rows], extras)
        return made


def floating(dtype: npt.DTypeLike, name: str) -> np.dtype[Any]:
    """Return a dtype of floating-point numbers, or refuse it by the name of its argument."""
    made = np.dtype(dtype)
    if made.kind != "f":
        msg = f"{name}={dtype!r}: vectors are of a floating-point type, as numpy.float32 is"
        raise TypeError(msg)
    return made


def lengths(vectors: Array) -> Array:
    """Return the Euclidean lengths along the last dimension, in float32 at least."""
    exact = vectors.astype(np.promote_types(vectors.dtype, np.float32), copy=False)
    return np.asarray(np.sqrt(np.vecdot(exact, exact)))


def divisors(vectors: Array) -> Array:
    """Return what to divide vectors by for length 1: their lengths, 1 where that is 0."""
    found = lengths(vectors)
    return np.where(found == 0, found.dtype.type(1), found)


def unit(vectors: Array) -> Array:
    """Return vectors scaled to length 1 along the last dimension; zeros stay zeros."""
    scaled = vectors / divisors(vectors)[..., None]
    return scaled.astype(vectors.dtype, copy=False)


def _value_dtype(kind: Any) -> np.dtype[Any]:
    """Return the dtype that holds values of a Python or NumPy type."""
    if isinstance(kind, np.dtype):
        return kind
    if kind in {bool, int, float}:
        return np.dtype({bool: np.bool_, int: np.int64, float: np.float64}[kind])
    is_number = isinstance(kind, type) and issubclass(kind, np.number | np.bool_)
    return np.dtype(kind) if is_number else np.dtype(object)


def as_items(given: Any) -> Sequence[Any]:
    """Return the items of what may be none, one key, one vector, or several of them."""
    if given is None:
        return []
    if isinstance(given, KEY_TYPES) or getattr(given, "ndim", None) == 1:
        return [given]
    return list(given)
