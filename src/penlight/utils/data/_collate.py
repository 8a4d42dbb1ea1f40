"""Making a batch of samples: stacking tensors through nested containers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ... import as_tensor, float64, stack, tensor
from ..._tensor import Tensor


def default_collate(batch: Sequence[Any]) -> Any:
    """Make one batch of a list of samples.

    Tensors and arrays are stacked, numbers become a tensor, strings stay a list, and containers are
    collated entry by entry, keeping mappings, named tuples and lists what they are.

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
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch, 0)
    if isinstance(first, np.ndarray):
        _refuse_text(first)
        return stack([as_tensor(entry) for entry in batch], 0)
    if isinstance(first, np.bool_ | np.number):
        return as_tensor(np.asarray(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        columns = {key: default_collate([entry[key] for entry in batch]) for key in first}
        return _like_mapping(first, columns)
    if isinstance(first, Sequence):
        return _collate_sequences(batch)
    raise TypeError(_unsupported(type(first)))


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


def _collate_sequences(batch: Sequence[Any]) -> Any:
    first = batch[0]
    sizes = [len(entry) for entry in batch]
    if len(set(sizes)) > 1:
        place = next(index for index, size in enumerate(sizes) if size != sizes[0])
        msg = (
            "each element in list of batch should be of equal size: "
            f"sample 0 has {sizes[0]} entries, sample {place} has {sizes[place]}"
        )
        raise RuntimeError(msg)
    columns = [default_collate(column) for column in zip(*batch, strict=True)]
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*columns)
    return columns if isinstance(first, tuple) else _like_sequence(first, columns)


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


def _refuse_text(array: np.ndarray[Any, Any]) -> None:
    if array.dtype.kind in "SUO":
        raise TypeError(_unsupported(array.dtype))


def _unsupported(kind: object) -> str:
    return (
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {kind}"
    )
