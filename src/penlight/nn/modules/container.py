"""Containers of modules, and by torch's names those of parameters."""

from __future__ import annotations

import operator
import warnings
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from ._parameter_container import ParameterDict, ParameterList, pairs_of
from .module import Module, _addindent

__all__ = ["Container", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


class Container(Module):
    """torch's oldest container; a :class:`Module` does all it did."""

    def __init__(self, **kwargs: Any) -> None:
        """Add each argument as a submodule, with a warning."""
        warnings.warn(
            "`nn.Container` is deprecated. All of its functionality is now implemented in "
            "`nn.Module`. "
            "Subclass that instead.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__()
        for name, module in kwargs.items():
            self.add_module(name, module)


class _Numbered(Module):
    """What Sequential and ModuleList share: submodules in order, found by number."""

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def _name_at(self, index: Any) -> str:
        """Return the name of the submodule at ``index``, which may count from the end."""
        number = operator.index(index)
        size = len(self)
        if not -size <= number < size:
            msg = f"index {number} is out of range"
            raise IndexError(msg)
        return list(self._modules)[number]

    def __setitem__(self, idx: int, module: Module) -> None:
        setattr(self, self._name_at(idx), module)

    def __delitem__(self, idx: int | slice) -> None:
        names = list(self._modules)[idx] if isinstance(idx, slice) else [self._name_at(idx)]
        for name in names:
            delattr(self, name)
        # What is left is numbered from 0 again.
        self._modules = {
            str(number): module for number, module in enumerate(self._modules.values())
        }

    def append(self, module: Module) -> Any:
        """Add a module at the end; returns the container."""
        self.add_module(str(len(self)), module)
        return self

    def pop(self, key: int | slice) -> Any:
        """Take the module at ``key`` out and return it."""
        taken = self[key]
        del self[key]
        return taken

    def __getitem__(self, idx: Any) -> Any:
        raise NotImplementedError

    def _make_room(self, index: int) -> None:
        """Move the modules from ``index`` on by one."""
        for number in range(len(self), index, -1):
            self._modules[str(number)] = self._modules[str(number - 1)]

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.isdigit()]


class Sequential(_Numbered):
    """Modules called one after the other, each on the result of the one before.

    Args:
        *args: the modules; or one :class:`~collections.OrderedDict` of names and modules.

    Example:
        >>> import penlight as torch
        >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Identity())
        >>> net(torch.zeros(2, 3, 4)).shape
        torch.Size([2, 12])
        >>> net[0]
        Flatten(start_dim=1, end_dim=-1)
    """

    def __init__(self, *args: Any) -> None:
        """Add the modules in order."""
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], OrderedDict) else None
        for name, module in named or ((str(number), module) for number, module in enumerate(args)):
            self.add_module(name, module)

    def forward(self, input: Any) -> Any:
        """Return the last module's result."""
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, idx: int | slice) -> Any:
        if isinstance(idx, slice):
            return type(self)(OrderedDict(list(self._modules.items())[idx]))
        return self._modules[self._name_at(idx)]

    def __add__(self, other: Any) -> Sequential:
        _require_sequential(other)
        joined = Sequential()
        for module in (*self, *other):
            joined.append(module)
        return joined

    def __iadd__(self, other: Any) -> Any:
        _require_sequential(other)
        return self.extend(other)

    def __mul__(self, other: int) -> Sequential:
        self._require_factor(other)
        repeated = Sequential()
        for _ in range(other):
            repeated.extend(self)
        return repeated

    def __rmul__(self, other: int) -> Sequential:
        return self * other

    def __imul__(self, other: int) -> Any:
        self._require_factor(other)
        once = list(self)
        for _ in range(other - 1):
            self.extend(once)
        return self

    def _require_factor(self, other: Any) -> None:
        if not isinstance(other, int):
            msg = f"unsupported operand type(s) for *: {type(self)} and {type(other)}"
            raise TypeError(msg)
        if other <= 0:
            msg = f"Non-positive multiplication factor {other} for {type(self)}"
            raise ValueError(msg)

    def insert(self, index: int, module: Module) -> Any:
        """Put a module before the one at ``index``; returns the container.

        Raises:
            AssertionError: it is no module.
            IndexError: ``index`` is past the end.
        """
        if not isinstance(module, Module):
            msg = f"module should be of type: {Module}"
            raise AssertionError(msg)  # noqa: TRY004 - torch's type
        size = len(self)
        if not -size <= index <= size:
            msg = f"Index out of range: {index}"
            raise IndexError(msg)
        index = index + size if index < 0 else index
        self._make_room(index)
        self._modules[str(index)] = module
        return self

    def extend(self, sequential: Iterable[Module]) -> Any:
        """Add modules at the end; returns the container."""
        for module in list(sequential):
            self.append(module)
        return self


class ModuleList(_Numbered):
    """Modules in a list, all of them submodules; what to do with them is the caller's affair.

    Args:
        modules: the modules to start with.

    Example:
        >>> import penlight as torch
        >>> torch.nn.ModuleList([torch.nn.Flatten() for _ in range(3)])
        ModuleList(
          (0-2): 3 x Flatten(start_dim=1, end_dim=-1)
        )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        """Add the modules in order."""
        super().__init__()
        if modules is not None:
            self += modules

    def __getitem__(self, idx: int | slice) -> Any:
        if isinstance(idx, slice):
            return type(self)(list(self._modules.values())[idx])
        return self._modules[self._name_at(idx)]

    def __iadd__(self, modules: Iterable[Module]) -> Any:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at ``index``."""
        self._make_room(index)
        self._modules[str(index)] = module

    def extend(self, modules: Iterable[Module]) -> Any:
        """Add modules at the end; returns the list.

        Raises:
            TypeError: ``modules`` is not iterable.
        """
        if not isinstance(modules, Iterable):
            kind = type(modules).__name__
            msg = f"ModuleList.extend should be called with an iterable, but got {kind}"
            raise TypeError(msg)
        start = len(self)
        for number, module in enumerate(modules, start):
            self.add_module(str(number), module)
        return self

    def __repr__(self) -> str:
        """Print runs of equal modules once: ``(0-2): 3 x Linear(...)``."""
        runs: list[list[Any]] = []
        for number, text in enumerate(repr(module) for module in self):
            if runs and runs[-1][2] == text:
                runs[-1][1] = number
            else:
                runs.append([number, number, text])
        lines = [
            _addindent(
                f"({first}): {text}"
                if first == last
                else f"({first}-{last}): {last - first + 1} x {text}",
                2,
            )
            for first, last, text in runs
        ]
        body = "\n  ".join(lines)
        return f"{self._get_name()}(\n  {body}\n)" if lines else f"{self._get_name()}()"


class ModuleDict(Module):
    """Modules in a dictionary, all of them submodules, in the order they were added.

    Args:
        modules: a mapping, or an iterable of pairs of key and module.

    Example:
        >>> import penlight as torch
        >>> heads = torch.nn.ModuleDict({"a": torch.nn.Flatten(), "b": torch.nn.Identity()})
        >>> list(heads), heads["b"]
        (['a', 'b'], Identity())
    """

    def __init__(self, modules: Any = None) -> None:
        """Add the modules in order."""
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Remove everything."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Take the module at ``key`` out and return it."""
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """Return the keys."""
        return self._modules.keys()

    def items(self) -> ItemsView[str, Any]:
        """Return the pairs of key and module."""
        return self._modules.items()

    def values(self) -> ValuesView[Any]:
        """Return the modules."""
        return self._modules.values()

    def update(self, modules: Any) -> None:
        """Add the modules of a mapping or of an iterable of pairs, in their order.

        Raises:
            TypeError: it is neither.
            ValueError: an element is no pair.
        """
        named = modules.items() if isinstance(modules, (Mapping, ModuleDict)) else None
        for key, module in named or pairs_of(modules, "ModuleDict", "ModuleDict"):
            self[key] = module


def _require_sequential(other: Any) -> None:
    if not isinstance(other, Sequential):
        msg = f"add operator supports only objects of Sequential class, but {type(other)} is given."
        raise ValueError(msg)  # noqa: TRY004 - torch's type
