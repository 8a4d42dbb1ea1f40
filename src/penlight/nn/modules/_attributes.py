"""What a module is made of: parameters, buffers, submodules, and the rules of assignment."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..._tensor import Tensor
from ...autograd.graph import RemovableHandle
from ..parameter import Buffer, Parameter

_parameter_registration_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()
_buffer_registration_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()
_module_registration_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()

# The tables every module starts with, in torch's order.
_HOOK_TABLES_BEFORE = ("_backward_pre_hooks", "_backward_hooks")
_HOOK_TABLES_AFTER = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)


class Attributes:
    """Parameters, buffers and submodules of a module, and what may be assigned where."""

    # Subclasses that also inherit from other classes set this to have super().__init__ called on.
    call_super_init = False

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _non_persistent_buffers_set: set[str]
    _modules: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Give the module its empty tables."""
        if not self.call_super_init and (args or kwargs):
            _refuse_arguments(self, args, kwargs)
        state = self.__dict__
        state["training"] = True
        state["_parameters"] = {}
        state["_buffers"] = {}
        state["_non_persistent_buffers_set"] = set()
        for table in _HOOK_TABLES_BEFORE:
            state[table] = OrderedDict()
        state["_is_full_backward_hook"] = None
        for table in _HOOK_TABLES_AFTER:
            state[table] = OrderedDict()
        state["_modules"] = {}
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    # ---- registering ----------------------------------------------------------------------------

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is part of the module's state but not trained, such as a running mean.

        Args:
            name: the attribute under which it is reached.
            tensor: the buffer; with ``None`` the name is kept but nothing is saved or converted.
            persistent: whether it is part of the ``state_dict``.

        Raises:
            TypeError: the name is not a string, or the value is neither a tensor nor ``None``.
            KeyError: the name is empty, has a dot in it, or is taken.

        Example:
            >>> import penlight as torch
            >>> module = torch.nn.Module()
            >>> module.register_buffer("mean", torch.zeros(2))
            >>> module.mean
            tensor([0., 0.])
        """
        if "_buffers" not in self.__dict__:
            msg = "cannot assign buffer before Module.__init__() call"
            raise AttributeError(msg)
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            msg = (
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
            raise TypeError(msg)
        for hook in _buffer_registration_hooks.values():
            output = hook(self, name, tensor)
            tensor = tensor if output is None else output
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under an attribute's name; ``None`` keeps the name without a parameter.

        Raises:
            TypeError: the name is not a string, or the value is neither a parameter nor ``None``.
            KeyError: the name is empty, has a dot in it, or is taken.
            ValueError: the parameter has a history.
        """
        if "_parameters" not in self.__dict__:
            msg = "cannot assign parameter before Module.__init__() call"
            raise AttributeError(msg)
        self._check_name("parameter", name, self._parameters)
        if param is not None:
            _check_parameter(name, param)
            for hook in _parameter_registration_hooks.values():
                output = hook(self, name, param)
                param = param if output is None else output
        self._parameters[name] = param

    def add_module(self, name: str, module: Any) -> None:
        """Add a submodule under an attribute's name.

        Raises:
            TypeError: the name is not a string, or the value is neither a module nor ``None``.
            KeyError: the name is empty, has a dot in it, or is taken.
        """
        if not isinstance(module, Attributes) and module is not None:
            msg = f"{typename(module)} is not a Module subclass"
            raise TypeError(msg)
        self._check_name("module", name, self._modules)
        self._modules[name] = _run_module_hooks(self, name, module)

    def register_module(self, name: str, module: Any) -> None:
        """Do what :meth:`add_module` does."""
        self.add_module(name, module)

    def _check_name(self, kind: str, name: Any, table: dict[str, Any]) -> None:
        """Refuse a name that ``table`` cannot take, in torch's words and order of checks."""
        if not isinstance(name, str):
            msg = f"{kind} name should be a string. Got {typename(name)}"
            raise TypeError(msg)
        taken = (
            f"attribute '{name}' already exists"
            if hasattr(self, name) and name not in table
            else ""
        )
        dotted = f'{kind} name can\'t contain "."' if "." in name else ""
        empty = f'{kind} name can\'t be empty string ""' if not name else ""
        if kind == "module":
            dotted = dotted and f"{dotted}, got: {name}"
            reason = taken or dotted or empty
        else:
            dotted = dotted and f"{dotted}, got: {name}"
            reason = dotted or empty or taken
        if reason:
            raise KeyError(reason)

    # ---- attributes -----------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        # Unrolled, without a loop: this runs at every use of a parameter.
        state = self.__dict__
        if "_modules" in state:
            if name in (found := state["_parameters"]):
                return found[name]
            if name in (found := state["_buffers"]):
                return found[name]
            if name in (found := state["_modules"]):
                return found[name]
        msg = f"'{type(self).__name__}' object has no attribute '{name}'"
        raise AttributeError(msg)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            self._set_parameter(name, value)
        elif isinstance(value, Attributes):
            self._set_module(name, value)
        else:
            self._set_other(name, value)

    def _set_parameter(self, name: str, value: Parameter) -> None:
        if "_parameters" not in self.__dict__:
            msg = "cannot assign parameters before Module.__init__() call"
            raise AttributeError(msg)
        self._forget(name, self.__dict__, self._buffers, self._modules)
        self.register_parameter(name, value)

    def _set_module(self, name: str, value: Attributes) -> None:
        if "_modules" not in self.__dict__:
            msg = "cannot assign module before Module.__init__() call"
            raise AttributeError(msg)
        self._forget(name, self.__dict__, self._parameters, self._buffers)
        self._modules[name] = _run_module_hooks(self, name, value)

    def _set_other(self, name: str, value: Any) -> None:
        """Assign what is neither parameter nor module: over one of them, or a buffer."""
        state = self.__dict__
        if name in state.get("_parameters", ()):
            if value is not None:
                _refuse_value(value, "parameter", name, "torch.nn.Parameter")
            self.register_parameter(name, value)
        elif name in state.get("_modules", ()):
            if value is not None:
                _refuse_value(value, "child module", name, "torch.nn.Module")
            self._modules[name] = _run_module_hooks(self, name, value)
        elif name in state.get("_buffers", ()) or isinstance(value, Buffer):
            self._set_buffer(name, value)
        else:
            object.__setattr__(self, name, value)

    def _set_buffer(self, name: str, value: Any) -> None:
        buffers = self.__dict__.get("_buffers")
        if value is not None and not isinstance(value, Tensor):
            _refuse_value(value, "buffer", name, "torch.nn.Buffer, torch.Tensor")
        if isinstance(value, Buffer):
            if buffers is not None:
                self._forget(name, self.__dict__, self._parameters, self._modules)
            self._register_marked_buffer(name, value)
            return
        for hook in _buffer_registration_hooks.values():
            output = hook(self, name, value)
            value = value if output is None else output
        self._buffers[name] = value

    def _register_marked_buffer(self, name: str, value: Any) -> None:
        persistent = value.persistent
        if type(self).register_buffer is Attributes.register_buffer:
            self.register_buffer(name, value, persistent)
        elif persistent:
            # torch: an overridden register_buffer may not know the third argument.
            self.register_buffer(name, value)
        else:
            self._register_transient(name, value)

    def _register_transient(self, name: str, value: Any) -> None:
        import inspect  # noqa: PLC0415 - slow to import, and this is rare

        if "persistent" not in inspect.signature(self.register_buffer).parameters:
            msg = (
                "Registering a non-persistent buffer on a Module subclass that implements "
                "register_buffer() without the persistent argument is not allowed."
            )
            raise RuntimeError(msg)
        self.register_buffer(name, value, persistent=False)

    def _forget(self, name: str, *tables: dict[str, Any]) -> None:
        """Drop ``name`` wherever it stood before it is assigned as something else."""
        for table in tables:
            table.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def __delattr__(self, name: str) -> None:
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        else:
            object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = {
            *dir(type(self)),
            *self.__dict__,
            *self._parameters,
            *self._modules,
            *self._buffers,
        }
        # torch: names that are no identifiers (the "0" of a Sequential) cannot be typed after a
        # dot.
        return sorted(name for name in names if not name[0].isdigit())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        # Pickles made before a table existed get it empty.
        for table in (*_HOOK_TABLES_BEFORE, *_HOOK_TABLES_AFTER):
            self.__dict__.setdefault(table, OrderedDict())
        self.__dict__.setdefault("_non_persistent_buffers_set", set())
        self.__dict__.setdefault("_is_full_backward_hook", None)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` at each registration; a result replaces it."""
    return add_hook(_parameter_registration_hooks, hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` at each ``register_buffer``; a result replaces it."""
    return add_hook(_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` at each ``register_module``; a result replaces it."""
    return add_hook(_module_registration_hooks, hook)


class _Handle(RemovableHandle):
    """Takes a hook out of its table, and its marks out of the tables beside it."""

    __slots__ = ("_marks",)

    def __init__(self, hooks: dict[int, Any], marks: tuple[dict[int, Any], ...]) -> None:
        super().__init__(hooks)
        self._marks = marks

    def remove(self) -> None:
        """Take the hook and its marks away; doing it again does nothing."""
        super().remove()
        for table in self._marks:
            table.pop(self.id, None)


def add_hook(
    table: OrderedDict[int, Any], hook: Any, *marks: dict[int, Any], prepend: bool = False
) -> RemovableHandle:
    """Enter ``hook`` in ``table`` and its id in ``marks``; return the handle that undoes it."""
    handle = _Handle(table, marks)
    table[handle.id] = hook
    for mark in marks:
        mark[handle.id] = True
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


def typename(value: Any) -> str:
    """Return the name that torch's messages give a value's type, such as ``torch.FloatTensor``."""
    if isinstance(value, Tensor):
        return str(value.type())
    named = value if hasattr(value, "__qualname__") else type(value)
    module = getattr(named, "__module__", None)
    if module in (None, "builtins"):
        return str(named.__qualname__)
    return f"{module}.{named.__qualname__}"


def _run_module_hooks(parent: Attributes, name: str, module: Any) -> Any:
    for hook in _module_registration_hooks.values():
        output = hook(parent, name, module)
        module = module if output is None else output
    return module


def _check_parameter(name: str, param: Any) -> None:
    if not isinstance(param, Parameter):
        msg = (
            f"cannot assign '{typename(param)}' object to parameter '{name}' "
            "(torch.nn.Parameter or None required)"
        )
        raise TypeError(msg)
    if param.grad_fn is not None:
        msg = (
            f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
            "created "
            f"explicitly. To express '{name}' as a function of another Tensor, compute the value "
            "in "
            "the forward() method."
        )
        raise ValueError(msg)


def _refuse_value(value: Any, kind: str, name: str, expected: str) -> None:
    msg = f"cannot assign '{typename(value)}' as {kind} '{name}' ({expected} or None expected)"
    raise TypeError(msg)


def _refuse_arguments(module: Attributes, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    owner = type(module).__name__
    if kwargs:
        msg = f"{owner}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
        raise TypeError(msg)
    msg = f"{owner}.__init__() takes 1 positional argument but {len(args) + 1} were given"
    raise TypeError(msg)
