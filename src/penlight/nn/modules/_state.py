"""The state dict: writing a module's tensors into a dictionary and reading them back."""

from __future__ import annotations

import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..._tensor import Tensor
from ...autograd.grad_mode import no_grad
from ...autograd.graph import RemovableHandle
from ..parameter import Parameter, is_lazy
from ._attributes import add_hook
from ._members import Members
from ._mismatch import explain_mismatch, quoted, shorten

_EXTRA_STATE_KEY_SUFFIX = "_extra_state"


class _IncompatibleKeys(
    namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])  # noqa: PYI024 - torch's repr
):
    """What ``load_state_dict`` returns: the keys of one side that the other lacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class State(Members):
    """``state_dict`` and ``load_state_dict`` with their hooks."""

    T_destination = TypeVar("T_destination", bound=dict[str, Any])

    # Written into the state dict; a class whose layout changes raises it and converts old ones.
    _version: int = 1
    # torch's old switch, without effect.
    dump_patches: bool = False

    _state_dict_hooks: OrderedDict[int, tuple[Callable[..., Any], bool]]
    _state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _load_state_dict_pre_hooks: OrderedDict[int, tuple[Callable[..., Any], bool]]
    _load_state_dict_post_hooks: OrderedDict[int, Callable[..., Any]]

    # ---- hooks ----------------------------------------------------------------------------------

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before this module's state is written."""
        return add_hook(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after it is written.

        The hook changes the dictionary in place and returns ``None``.
        """
        return add_hook(self._state_dict_hooks, (hook, True))

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Register a post-hook whose result replaces the dictionary (torch's older form)."""
        return add_hook(self._state_dict_hooks, (hook, False))

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook`` before this module reads its entries of a state dict.

        The arguments are ``(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)``; the hook changes them in place.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        """Register a load pre-hook that gets the module only when asked (torch's older form)."""
        return add_hook(self._load_state_dict_pre_hooks, (hook, with_module))

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after this module and all below were loaded.

        The hook may empty the two lists in place and returns ``None``.
        """
        return add_hook(self._load_state_dict_post_hooks, hook)

    # ---- writing --------------------------------------------------------------------------------

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """Return a dictionary of all parameters and persistent buffers by dotted name.

        Args:
            *args: destination, prefix and keep_vars by position (deprecated).
            destination: a dictionary to write into; a new one when left out.
            prefix: put before every name.
            keep_vars: keep the parameters themselves instead of detached tensors of the same
                memory.

        Example:
            >>> import penlight as torch
            >>> list(torch.nn.Linear(2, 1).state_dict())
            ['weight', 'bias']
        """
        if args:
            destination, prefix, keep_vars = _from_positions(args, destination, prefix, keep_vars)
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for pre_hook in self._state_dict_pre_hooks.values():
            pre_hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        return self._run_state_dict_hooks(destination, prefix, local_metadata)

    def _run_state_dict_hooks(self, destination: Any, prefix: str, local_metadata: Any) -> Any:
        for hook, public in self._state_dict_hooks.values():
            replacement = hook(self, destination, prefix, local_metadata)
            if replacement is None:
                continue
            if public:
                msg = "state_dict post-hook must return None"
                raise RuntimeError(msg)
            destination = replacement
        return destination

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Write this module's own entries, not those of submodules."""
        for name, param in self._parameters.items():
            if param is not None:
                destination[prefix + name] = param if keep_vars else param.detach()
        for name, buffer in self._persistent_buffers():
            destination[prefix + name] = buffer if keep_vars else buffer.detach()
        if type(self).get_extra_state is not Members.get_extra_state:
            destination[prefix + _EXTRA_STATE_KEY_SUFFIX] = self.get_extra_state()

    def _persistent_buffers(self) -> list[tuple[str, Tensor]]:
        return [
            (name, buffer)
            for name, buffer in self._buffers.items()
            if buffer is not None and name not in self._non_persistent_buffers_set
        ]

    # ---- reading --------------------------------------------------------------------------------

    def load_state_dict(
        self,
        state_dict: Mapping[str, Any],
        strict: bool = True,
        assign: bool = False,
    ) -> _IncompatibleKeys:
        """Copy the tensors of a state dict into this module's parameters and buffers.

        Args:
            state_dict: what :meth:`state_dict` gave, of a module built alike.
            strict: refuse a dictionary whose keys are not exactly this module's.
            assign: take the dictionary's tensors themselves instead of copying from them.

        Returns:
            The missing and the unexpected keys, as a named tuple.

        Raises:
            TypeError: ``state_dict`` is no mapping.
            RuntimeError: a shape differs, or with ``strict`` a key; the message says what would
                fit.

        Example:
            >>> import penlight as torch
            >>> torch.nn.Linear(2, 1).load_state_dict(torch.nn.Linear(2, 1).state_dict())
            <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            msg = f"Expected state_dict to be dict-like, got {type(state_dict)}."
            raise TypeError(msg)
        metadata = getattr(state_dict, "_metadata", None)
        given: Any = OrderedDict(state_dict)
        if metadata is not None:
            given._metadata = metadata
        load = _Load(metadata or {}, assign=assign)
        load.into(self, given, "")
        problems = shorten(load.errors)
        if strict:
            problems = _key_problems(load.keys) + problems
        if problems:
            reason = explain_mismatch(self, state_dict, load.keys)
            lines = "".join(f"\n\t{problem}" for problem in problems)
            msg = f"Error(s) in loading state_dict for {type(self).__name__}:{reason}{lines}"
            raise RuntimeError(msg)
        return load.keys

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Read this module's own entries, not submodules'; problems go into the three lists."""
        rest = (prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        for hook, with_module in self._load_state_dict_pre_hooks.values():
            if with_module:
                hook(self, state_dict, *rest)
            else:
                hook(state_dict, *rest)
        assign = local_metadata.get("assign_to_params_buffers", False)
        own: dict[str, Any] = {
            name: param for name, param in self._parameters.items() if param is not None
        }
        own |= dict(self._persistent_buffers())
        for name, current in own.items():
            key = prefix + name
            if key in state_dict:
                error = self._load_entry(name, key, current, state_dict[key], assign=assign)
                error_msgs.extend([error] if error else [])
            elif strict:
                missing_keys.append(key)
        self._load_extra_state(state_dict, prefix, strict, missing_keys, unexpected_keys)
        if strict:
            unexpected_keys.extend(self._unexpected(state_dict, prefix, own))

    def _load_entry(
        self, name: str, key: str, current: Any, given: Any, *, assign: bool
    ) -> str | None:
        """Read one tensor; return what is wrong with it, or ``None``."""
        if not isinstance(given, Tensor):
            return (
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
                f"object from checkpoint but received {type(given)}"
            )
        if is_lazy(current) and is_lazy(given):
            return None
        if not current.shape and len(given.shape) == 1:
            # torch: scalars were saved with one dimension before 0.4.
            given = given[0]
        if given.shape != current.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {given.shape} from "
                "checkpoint, "
                f"the shape in current model is {current.shape}."
            )
        try:
            with no_grad():
                if assign:
                    self._assign_entry(name, current, given)
                else:
                    current.copy_(given)
        except Exception as error:  # noqa: BLE001 - collected, so that one message tells all
            return (
                f'While copying the parameter named "{key}", whose dimensions in the model are '
                f"{current.size()} and whose dimensions in the checkpoint are {given.size()}, an "
                f"exception occurred : {error.args}."
            )
        return None

    def _assign_entry(self, name: str, current: Any, given: Any) -> None:
        if isinstance(current, Parameter):
            if isinstance(given, Parameter):
                given.requires_grad_(current.requires_grad)
            else:
                given = Parameter(given, requires_grad=current.requires_grad)
        setattr(self, name, given)

    def _load_extra_state(
        self,
        state_dict: Any,
        prefix: str,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
    ) -> None:
        key = prefix + _EXTRA_STATE_KEY_SUFFIX
        if type(self).set_extra_state is not Members.set_extra_state:
            if key in state_dict:
                self.set_extra_state(state_dict[key])
            elif strict:
                missing_keys.append(key)
        elif strict and key in state_dict:
            unexpected_keys.append(key)

    def _unexpected(self, state_dict: Any, prefix: str, own: dict[str, Any]) -> list[str]:
        """Return the keys below ``prefix`` that belong to nothing here."""
        found = []
        for key in state_dict:
            if not key.startswith(prefix) or key == prefix + _EXTRA_STATE_KEY_SUFFIX:
                continue
            name, dot, _ = key[len(prefix) :].partition(".")
            if name not in (self._modules if dot else own):
                found.append(key)
        return found


class _Load:
    """One run of ``load_state_dict`` over a module's tree."""

    def __init__(self, metadata: Mapping[str, Any], *, assign: bool) -> None:
        self.metadata = metadata
        self.assign = assign
        self.keys = _IncompatibleKeys([], [])
        self.errors: list[str] = []

    def into(self, module: Any, state_dict: Any, prefix: str) -> None:
        """Load the entries of ``state_dict``, all of them below ``prefix``, into ``module``."""
        local_metadata = dict(self.metadata.get(prefix[:-1], {}))
        if self.assign:
            local_metadata["assign_to_params_buffers"] = True
        missing, unexpected = self.keys
        module._load_from_state_dict(
            state_dict, prefix, local_metadata, True, missing, unexpected, self.errors
        )
        for name, child in module._modules.items():
            if child is not None:
                below = f"{prefix}{name}."
                entries = {key: value for key, value in state_dict.items() if key.startswith(below)}
                self.into(child, entries, below)
        for hook in module._load_state_dict_post_hooks.values():
            if hook(module, self.keys) is not None:
                msg = (
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not "
                    "expected to "
                    "return new values, if incompatible_keys need to be modified, it should be "
                    "done "
                    "inplace."
                )
                raise AssertionError(msg)


def _key_problems(keys: _IncompatibleKeys) -> list[str]:
    named = (("Missing", keys.missing_keys), ("Unexpected", keys.unexpected_keys))
    return [f"{kind} key(s) in state_dict: {quoted(found)}. " for kind, found in named if found]


def _from_positions(
    args: tuple[Any, ...], destination: Any, prefix: str, keep_vars: bool
) -> tuple[Any, str, bool]:
    warnings.warn(
        "Positional args are being deprecated, use kwargs instead. Refer to "
        "https://pytorch.org/docs/"
        "main/generated/torch.nn.Module.html#torch.nn.Module.state_dict for details.",
        FutureWarning,
        stacklevel=3,
    )
    # torch: a position counts only where the keyword was left at its default.
    positions = dict(enumerate(args))
    if destination is None:
        destination = positions.get(0)
    return destination, prefix or positions.get(1, ""), keep_vars or positions.get(2, False)
