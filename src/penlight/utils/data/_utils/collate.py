"""Making a batch of samples: stacking tensors through nested containers, by a table of types."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from .... import as_tensor, float64, stack, tensor
from ...._tensor import Tensor

CollateTable = dict[type | tuple[type, ...], Callable[..., Any]]

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]


def collate(batch: Any, *, collate_fn_map: CollateTable | None = None) -> Any:
    """Make one batch of a list of samples, by a table of how each type of entry is joined.

    Containers are gone through entry by entry, keeping mappings, named tuples and lists what they
    are. A tuple gives a list.

    Args:
        batch: samples of the same form.
        collate_fn_map: functions by type, or by tuple of types, each called as
            ``function(batch, collate_fn_map=collate_fn_map)``. An entry's very type comes first,
            then, in the table's order, those it is an instance of.

    Raises:
        TypeError: a sample is of another kind.
        RuntimeError: the samples' sizes differ.

    Example:
        >>> from penlight.utils.data._utils.collate import collate
        >>> def total(batch, *, collate_fn_map=None):
        ...     return sum(batch)
        >>> collate([(1, 2), (3, 4)], collate_fn_map={int: total})
        [4, 6]
    """
    first = batch[0]
    kind = type(first)
    if collate_fn_map is not None:
        if kind in collate_fn_map:
            return collate_fn_map[kind](batch, collate_fn_map=collate_fn_map)
        for known, function in collate_fn_map.items():
            if isinstance(first, known):
                return function(batch, collate_fn_map=collate_fn_map)

    def join(entries: Any) -> Any:
        return collate(entries, collate_fn_map=collate_fn_map)

    if isinstance(first, Mapping):
        return _like_mapping(first, {key: join([sample[key] for sample in batch]) for key in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return kind(*(join(column) for column in zip(*batch, strict=False)))
    if isinstance(first, Sequence):
        columns = [join(column) for column in _columns(batch)]
        return columns if isinstance(first, tuple) else _like_sequence(first, columns)
    raise TypeError(_unsupported(kind))


def default_collate(batch: Any) -> Any:
    """Make one batch of a list of samples.

    Tensors and arrays are stacked, numbers become a tensor, strings stay a list, and containers are
    collated entry by entry, keeping mappings, named tuples and lists what they are. What is done
    with other types can be added to ``default_collate_fn_map``.

    Args:
        batch: samples of the same form.

    Raises:
        TypeError: a sample is of another kind.
        RuntimeError: the samples' sizes differ.

    Example:
        >>> import penlight as torch
        >>> torch.utils.data.default_collate([(1, "a"), (2, "b")])
        [tensor([1, 2]), ('a', 'b')]
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def default_convert(data: Any) -> Any:
    """Turn the arrays in one sample into tensors; leave everything else as it is.

    Args:
        data: a sample, possibly nested.

    Example:
        >>> import numpy as np
        >>> import penlight as torch
        >>> torch.utils.data.default_convert({"x": np.zeros(2), "name": "a"})
        {'x': tensor([0., 0.], dtype=torch.float64), 'name': 'a'}
    """
    if isinstance(data, Tensor | str | bytes):
        return data
    if isinstance(data, np.ndarray | np.bool_ | np.number):
        return data if data.dtype.kind in "SUO" else as_tensor(data)
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(entry) for entry in data))
    if isinstance(data, tuple):
        return [default_convert(entry) for entry in data]
    if isinstance(data, Sequence):
        return _like_sequence(data, [default_convert(entry) for entry in data])
    return data


# ---- the table ----------------------------------------------------------------------------------


def collate_tensor_fn(batch: Any, *, collate_fn_map: CollateTable | None = None) -> Any:
    """Stack tensors."""
    del collate_fn_map
    return stack(batch, 0)


def collate_numpy_array_fn(batch: Any, *, collate_fn_map: CollateTable | None = None) -> Any:
    """Stack arrays, as tensors; arrays of text or objects are refused."""
    if batch[0].dtype.kind in "SUO":
        raise TypeError(_unsupported(batch[0].dtype))
    return collate([as_tensor(entry) for entry in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Any, *, collate_fn_map: CollateTable | None = None) -> Any:
    """Make a tensor of NumPy's numbers."""
    del collate_fn_map
    return as_tensor(np.asarray(batch))


def collate_float_fn(batch: Any, *, collate_fn_map: CollateTable | None = None) -> Any:
    """Make a float64 tensor of numbers."""
    del collate_fn_map
    return tensor(batch, dtype=float64)


def collate_int_fn(batch: Any, *, collate_fn_map: CollateTable | None = None) -> Any:
    """Make a tensor of integers or truth values."""
    del collate_fn_map
    return tensor(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: CollateTable | None = None) -> Any:
    """Leave strings as they are."""
    del collate_fn_map
    return batch


default_collate_fn_map: CollateTable = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


# ---- containers ---------------------------------------------------------------------------------


def _columns(batch: Sequence[Any]) -> Iterable[Any]:
    sizes = [len(entry) for entry in batch]
    if len(set(sizes)) > 1:
        place = next(index for index, size in enumerate(sizes) if size != sizes[0])
        msg = (
            "each element in list of batch should be of equal size: "
            f"sample 0 has {sizes[0]} entries, sample {place} has {sizes[place]}"
        )
        raise RuntimeError(msg)
    return zip(*batch, strict=True)


def _like_mapping(original: Mapping[Any, Any], entries: dict[Any, Any]) -> Any:
    """Return the entries in a mapping of the original's kind, or a dict if there is no way."""

    def fill() -> Any:
        if not isinstance(original, MutableMapping):
            return type(original)(entries)  # type: ignore[call-arg]
        result = copy.copy(original)
        result.update(entries)
        return result

    return entries if type(original) is dict else _or_plain(fill, entries)


def _like_sequence(original: Sequence[Any], entries: list[Any]) -> Any:
    """Return the entries in a sequence of the original's kind, or a list if there is no way."""

    def fill() -> Any:
        if not isinstance(original, MutableSequence):
            return type(original)(entries)  # type: ignore[call-arg]
        result = copy.copy(original)
        for index, entry in enumerate(entries):
            result[index] = entry
        return result

    return entries if type(original) is list else _or_plain(fill, entries)


def _or_plain(fill: Callable[[], Any], plain: Any) -> Any:
    try:
        return fill()
    except TypeError:  # such as range: it has no constructor from entries
        return plain


def _unsupported(kind: object) -> str:
    return (
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {kind}"
    )
