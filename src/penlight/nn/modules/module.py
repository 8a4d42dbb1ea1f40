"""Module: the base class of everything that has parameters and a forward."""

from __future__ import annotations

from typing import Any

from ._attributes import (
    register_module_buffer_registration_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from ._conversion import Conversion
from ._error_path import add_module_path
from ._hooks import (
    HookedCall,
    Hooks,
    any_global_hook,
    register_module_backward_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
)
from ._state import (
    _EXTRA_STATE_KEY_SUFFIX as _EXTRA_STATE_KEY_SUFFIX,  # noqa: PLC0414 - as in torch
    State,
    _IncompatibleKeys as _IncompatibleKeys,  # noqa: PLC0414 - as in torch
)

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]


class Module(Hooks, State, Conversion):
    """Base class of all neural network modules; a model is one too.

    A subclass calls ``super().__init__()``, assigns parameters and submodules as attributes, and
    defines
    :meth:`forward`. What is assigned is found by :meth:`parameters`, :meth:`state_dict`,
    :meth:`to` and
    the other methods over the tree.

    Attributes:
        training: whether the module is in training mode; see :meth:`train`.

    Example:
        >>> import penlight as torch
        >>> class Scale(torch.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.factor = torch.nn.Parameter(torch.tensor(3.0))
        ...     def forward(self, x):
        ...         return x * self.factor
        >>> Scale()(torch.tensor(2.0)).item()
        6.0
    """

    def forward(self, *input: Any) -> Any:
        """Compute the result of a call; every subclass defines its own."""
        msg = f'Module [{type(self).__name__}] is missing the required "forward" function'
        raise NotImplementedError(msg)

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        # One dictionary look-up each instead of attribute look-ups: this runs at every call.
        state = self.__dict__
        try:
            if not (
                state["_forward_hooks"]
                or state["_forward_pre_hooks"]
                or state["_backward_hooks"]
                or state["_backward_pre_hooks"]
                or any_global_hook
            ):
                return self.forward(*args, **kwargs)
            return HookedCall(self, args, kwargs).run()
        except Exception as error:
            add_module_path(self, error)
            raise

    __call__ = _call_impl

    def train(self, mode: bool = True) -> Any:
        """Set training mode here and in all submodules; returns the module.

        Raises:
            ValueError: ``mode`` is not a bool.
        """
        if not isinstance(mode, bool):
            msg = f"training mode is expected to be boolean, got {mode!r}"
            raise ValueError(msg)  # noqa: TRY004 - torch's type
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Any:
        """Set evaluation mode: ``train(False)``; returns the module."""
        return self.train(False)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: penlight has no compiler."""
        msg = (
            "penlight has no compiler, so there is no Module.compile(); leave the call out: the "
            "module "
            "computes the same without it"
        )
        raise NotImplementedError(msg)

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """Return what stands between the parentheses of the printed module, such as its sizes."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [
            f"({name}): {_addindent(repr(module), 2)}" for name, module in self._modules.items()
        ]
        lines = extra_lines + child_lines
        if not child_lines and len(extra_lines) == 1:
            return f"{self._get_name()}({extra})"
        body = "\n  ".join(lines)
        return f"{self._get_name()}(\n  {body}\n)" if lines else f"{self._get_name()}()"


def _addindent(s_: str, numSpaces: int) -> str:  # noqa: N803 - torch's name, which repr overrides import
    """Indent every line but the first."""
    return s_.replace("\n", "\n" + numSpaces * " ")
