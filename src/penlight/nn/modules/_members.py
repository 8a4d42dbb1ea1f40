"""Walking a module's tree: iterate over what is in it, or find one thing by its path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..._tensor import Tensor
from ..parameter import Parameter
from ._attributes import Attributes


class Members(Attributes):
    """Iterators over what a module holds, and access by dotted path."""

    # ---- iterating ------------------------------------------------------------------------------

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield each parameter once.

        Args:
            recurse: also those of submodules.

        Example:
            >>> import penlight as torch
            >>> [tuple(p.shape) for p in torch.nn.Linear(3, 2).parameters()]
            [(2, 3), (2,)]
        """
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_parameters(
        self,
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield each parameter with its dotted name.

        Args:
            prefix: put before every name.
            recurse: also those of submodules.
            remove_duplicate: a parameter that stands in several places comes once, with its
                first name.
        """
        yield from self._named_members(
            lambda module: module._parameters.items(), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield each buffer once.

        Args:
            recurse: also those of submodules.
        """
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_buffers(
        self,
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield each buffer with its dotted name; arguments as in :meth:`named_parameters`."""
        yield from self._named_members(
            lambda module: module._buffers.items(), prefix, recurse, remove_duplicate
        )

    def _named_members(
        self,
        get_members_fn: Callable[[Any], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        seen: set[Any] = set()
        modules: Iterable[tuple[str, Any]] = [(prefix, self)]
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in modules:
            for name, member in get_members_fn(module):
                if member is None or member in seen:
                    continue
                if remove_duplicate:
                    seen.add(member)
                yield f"{path}.{name}" if path else name, member

    def children(self) -> Iterator[Any]:
        """Yield each direct submodule once."""
        for _, module in self.named_children():
            yield module

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """Yield each direct submodule once, with its name."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def modules(self, remove_duplicate: bool = True) -> Iterator[Any]:
        """Yield this module and every module below it.

        Args:
            remove_duplicate: a module that stands in several places comes once.
        """
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_modules(
        self,
        memo: set[Any] | None = None,
        prefix: str = "",
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        """Yield this module and every module below it, each with its dotted path.

        Args:
            memo: modules to leave out; what is yielded is added.
            prefix: put before every path.
            remove_duplicate: a module that stands in several places comes once, with its first
                path.
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    # ---- by path --------------------------------------------------------------------------------

    def get_submodule(self, target: str) -> Any:
        """Return the submodule at a dotted path; the empty path is the module itself.

        Raises:
            AttributeError: a name on the path is missing or no module.

        Example:
            >>> import penlight as torch
            >>> net = torch.nn.Sequential(torch.nn.Sequential(torch.nn.Identity()))
            >>> net.get_submodule("0.0")
            Identity()
        """
        module: Any = self
        for name in target.split(".") if target else ():
            module = _attribute(module, name)
            if not isinstance(module, Attributes):
                msg = f"`{name}` is not an nn.Module"
                raise AttributeError(msg)  # noqa: TRY004 - torch's type
        return module

    def set_submodule(self, target: str, module: Any, strict: bool = False) -> None:
        """Put ``module`` at a dotted path, in place of what is there.

        Args:
            target: the path.
            module: the new submodule.
            strict: refuse a path at which there is no module yet.

        Raises:
            ValueError: the path is empty, or ``module`` is not a module.
            AttributeError: a name on the path is missing or no module.
        """
        if not target:
            msg = "Cannot set the submodule without a target name!"
            raise ValueError(msg)
        if not isinstance(module, Attributes):
            msg = f"`module` is not an nn.Module, found {type(module)}"
            raise ValueError(msg)  # noqa: TRY004 - torch's type
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or hasattr(parent, name):
            old = _attribute(parent, name)
            if not isinstance(old, Attributes):
                msg = f"`{name}` is not an nn.Module"
                raise AttributeError(msg)
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter at a dotted path.

        Raises:
            AttributeError: a name on the path is missing, or what is there is no parameter.
        """
        path, _, name = target.rpartition(".")
        found = _attribute(self.get_submodule(path), name)
        if not isinstance(found, Parameter):
            msg = f"`{name}` is not an nn.Parameter"
            raise AttributeError(msg)  # noqa: TRY004 - torch's type
        return found

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer at a dotted path.

        Raises:
            AttributeError: a name on the path is missing, or what is there is no buffer.
        """
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        found: Tensor = _attribute(module, name)
        if name not in module._buffers:
            msg = f"`{name}` is not a buffer"
            raise AttributeError(msg)
        return found

    def get_extra_state(self) -> Any:
        """Return what else belongs in the ``state_dict``; to be overridden where there is such."""
        msg = (
            "Reached a code path in Module.get_extra_state() that should never be called: "
            f"{type(self).__name__} does not define it."
        )
        raise RuntimeError(msg)

    def set_extra_state(self, state: Any) -> None:  # noqa: ARG002 - torch's signature
        """Take back what :meth:`get_extra_state` gave; to be overridden together with it."""
        msg = (
            "Reached a code path in Module.set_extra_state() that should never be called: "
            f"{type(self).__name__} does not define it."
        )
        raise RuntimeError(msg)


def _attribute(module: Any, name: str) -> Any:
    if not hasattr(module, name):
        msg = f"{module._get_name()} has no attribute `{name}`"
        raise AttributeError(msg)
    return getattr(module, name)
