"""Containers of parameters: ParameterList and ParameterDict."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, KeysView, Mapping
from typing import Any

from ..._tensor import Tensor
from ..parameter import Parameter
from ._attributes import typename
from .module import Module


class ParameterList(Module):
    """Parameters in a list; tensors become parameters, other values are kept as they are.

    Args:
        values: the values to start with.

    Example:
        >>> import penlight as torch
        >>> torch.nn.ParameterList([torch.zeros(2, 3), "note"])
        ParameterList(
            (0): Parameter containing: [torch.float32 of size 2x3]
            (1): Object of type: str
        )
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        """Add the values in order."""
        super().__init__()
        self._size = 0
        if values is not None:
            self += values

    def _name_at(self, index: Any) -> str:
        number = operator.index(index)
        if not -len(self) <= number < len(self):
            msg = f"index {number} is out of range"
            raise IndexError(msg)
        return str(number + len(self) if number < 0 else number)

    def __getitem__(self, idx: int | slice) -> Any:
        if isinstance(idx, slice):
            return type(self)([self[number] for number in range(*idx.indices(len(self)))])
        return getattr(self, self._name_at(idx))

    def __setitem__(self, idx: int, param: Any) -> None:
        setattr(self, self._name_at(idx), _as_parameter(param))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (self[number] for number in range(len(self)))

    def __iadd__(self, parameters: Iterable[Any]) -> Any:
        return self.extend(parameters)

    def append(self, value: Any) -> Any:
        """Add a value at the end; returns the list."""
        self._size += 1
        self[-1] = value
        return self

    def extend(self, values: Iterable[Any]) -> Any:
        """Add values at the end; returns the list.

        Raises:
            TypeError: ``values`` is a tensor or not iterable.
        """
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            kind = type(values).__name__
            msg = f"ParameterList.extend should be called with an iterable, but got {kind}"
            raise TypeError(msg)
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self) -> str:
        """Return a line for each value."""
        return "\n".join(
            f"  ({number}): {_described(value, str(getattr(value, 'dtype', '')))}"
            for number, value in enumerate(self)
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - refused
        """Refuse: a list of parameters computes nothing."""
        msg = "ParameterList should not be called."
        raise RuntimeError(msg)


class ParameterDict(Module):
    """Parameters in a dictionary; tensors become parameters, other values are kept as they are.

    Args:
        parameters: a mapping (a plain one is sorted by key), or an iterable of pairs of key and
            value.

    Example:
        >>> import penlight as torch
        >>> weights = torch.nn.ParameterDict({"left": torch.zeros(2), "right": torch.ones(1)})
        >>> weights["right"]
        Parameter containing:
        tensor([1.], requires_grad=True)
    """

    def __init__(self, parameters: Any = None) -> None:
        """Add the values."""
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def _key_to_attr(self, key: Any) -> str:
        if not isinstance(key, str):
            msg = (
                "Index given to ParameterDict cannot be used as a key as it is not a string "
                f"(type is '{type(key).__name__}')."
            )
            raise TypeError(msg)
        return key

    def __getitem__(self, key: str) -> Any:
        return getattr(self, self._key_to_attr(key))

    def __setitem__(self, key: str, value: Any) -> None:
        name = self._key_to_attr(key)
        setattr(self, name, _as_parameter(value))
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, self._key_to_attr(key))

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def copy(self) -> ParameterDict:
        """Return a new dictionary of the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of ``key``, which becomes ``default`` if it has none."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Remove everything."""
        for key in list(self):
            del self[key]

    def pop(self, key: str) -> Any:
        """Take the value of ``key`` out and return it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the key added last out, and return it with its value."""
        key = next(reversed(self._keys), None)
        if key is None:
            msg = "popitem(): dictionary is empty"
            raise KeyError(msg)
        return key, self.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of ``key``, or ``default`` if it has none."""
        return self[key] if key in self._keys else default

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Return a new dictionary with ``default`` for each of ``keys``."""
        return ParameterDict((key, default) for key in keys)

    def keys(self) -> KeysView[str]:
        """Return the keys."""
        return self._keys.keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return the pairs of key and value."""
        return ((key, self[key]) for key in self._keys)

    def values(self) -> Iterable[Any]:
        """Return the values."""
        return (self[key] for key in self._keys)

    def update(self, parameters: Any) -> None:
        """Add the values of a mapping or of an iterable of pairs.

        Raises:
            TypeError: it is neither.
            ValueError: an element is no pair.
        """
        if isinstance(parameters, (OrderedDict, ParameterDict)):
            pairs: Iterable[Any] = parameters.items()
        elif isinstance(parameters, Mapping):
            pairs = sorted(parameters.items())
        else:
            # torch: the first message says ParametersDict, with an s.
            pairs = pairs_of(parameters, "ParametersDict", "ParameterDict")
        for key, value in pairs:
            self[key] = value

    def extra_repr(self) -> str:
        """Return a line for each value."""
        return "\n".join(
            f"  ({key}): {_described(value, typename(value))}" for key, value in self.items()
        )

    def __call__(self, input: Any) -> Any:  # noqa: ARG002 - refused
        """Refuse: a dictionary of parameters computes nothing."""
        msg = "ParameterDict should not be called."
        raise RuntimeError(msg)

    def __or__(self, other: ParameterDict) -> ParameterDict:
        joined = self.copy()
        joined.update(other)
        return joined

    def __ror__(self, other: ParameterDict) -> ParameterDict:
        joined = other.copy()
        joined.update(self)
        return joined

    def __ior__(self, other: ParameterDict) -> Any:
        self.update(other)
        return self


def pairs_of(given: Any, owner: str, element_owner: str) -> Iterator[tuple[str, Any]]:
    """Yield the pairs of what ``update`` was given, or refuse it in torch's words."""
    if not isinstance(given, Iterable):
        msg = (
            f"{owner}.update should be called with an iterable of key/value pairs, but got "
            f"{type(given).__name__}"
        )
        raise TypeError(msg)
    for number, pair in enumerate(given):
        if not isinstance(pair, Iterable):
            # torch: there is no space after "is".
            msg = (
                f"{element_owner} update sequence element #{number} should be Iterable; is"
                f"{type(pair).__name__}"
            )
            raise TypeError(msg)
        items = list(pair)
        if len(items) != 2:
            msg = (
                f"{element_owner} update sequence element #{number} has length {len(items)}; "
                "2 is required"
            )
            raise ValueError(msg)
        yield items[0], items[1]


def _as_parameter(value: Any) -> Any:
    if isinstance(value, Tensor) and not isinstance(value, Parameter):
        return Parameter(value)
    return value


def _described(value: Any, kind: str) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    size = "x".join(str(length) for length in value.shape)
    owner = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"{owner} containing: [{kind} of size {size}]"
