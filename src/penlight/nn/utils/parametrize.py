"""Parametrizations: a parameter that is computed from others each time it is asked for."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..._tensor import Tensor
from ...autograd.grad_mode import no_grad
from ..modules.container import ModuleDict, ModuleList
from ..modules.module import Module
from ..parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]


class _Cache:
    """What :func:`cached` keeps: values of parametrized tensors, by their module and name."""

    def __init__(self) -> None:
        self.depth = 0
        self.values: dict[tuple[int, str], Any] = {}


_cache = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor once while the context is entered, and keep its value.

    It is worth it where a tensor is used several times in a forward, as the weight of a recurrent
    cell is.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils import parametrize
        >>> class Positive(torch.nn.Module):
        ...     def forward(self, x):
        ...         return x.exp()
        >>> layer = torch.nn.Linear(1, 1)
        >>> _ = parametrize.register_parametrization(layer, "weight", Positive())
        >>> layer.weight is layer.weight
        False
        >>> with parametrize.cached():
        ...     layer.weight is layer.weight
        True
    """
    _cache.depth += 1
    try:
        yield
    finally:
        _cache.depth -= 1
        if not _cache.depth:
            _cache.values.clear()


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, with the tensors it is computed from.

    :func:`register_parametrization` makes it and puts it at ``module.parametrizations.<name>``. The
    tensor it starts from is ``original``; where the first parametrization's ``right_inverse``
    returns several tensors, they are ``original0``, ``original1`` and so on.

    Args:
        modules: the parametrizations.
        original: the parameter or buffer; it becomes ``original`` if one tensor is enough.
        unsafe: let dtype and shape change, and check nothing.

    Raises:
        ValueError: there are no modules, or what they return cannot take the tensor's place.
    """

    original: Any
    unsafe: bool

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            msg = "ParametrizationList requires one or more modules."
            raise ValueError(msg)
        super().__init__(modules)
        self.unsafe = unsafe
        before = original.dtype, original.shape
        with no_grad():
            start = self._invert(original)
        self.is_tensor = isinstance(start, Tensor)
        self.ntensors = 1 if self.is_tensor else len(start)
        if self.is_tensor:
            self._keep_one(original, start)
        else:
            self._keep_several(original, start)
        if not unsafe:
            _check_unchanged(
                self(),
                before,
                "Registering a parametrization may not change the {} of the tensor, unless "
                "`unsafe` flag is enabled.",
                "unparametrized {}",
                "parametrized {}",
            )

    def _invert(self, original: Any) -> Any:
        """Return what the parametrizations have to be given to make ``original``."""
        start = original
        for module in reversed(self):
            if hasattr(module, "right_inverse"):
                try:
                    start = module.right_inverse(start)
                except NotImplementedError:
                    # As if there were none: the tensor stays.
                    continue
        if not isinstance(start, (Tensor, Sequence)):
            msg = (
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(start).__name__}"
            )
            raise ValueError(msg)  # noqa: TRY004 - torch's type
        return start

    def _keep_one(self, original: Any, start: Any) -> None:
        if original.dtype != start.dtype:
            msg = (
                "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                f"original.dtype: {original.dtype}\n"
                f"right_inverse(original).dtype: {start.dtype}"
            )
            raise ValueError(msg)
        _take_memory(original, start)
        _register(self, "original", original)

    def _keep_several(self, original: Any, starts: Sequence[Any]) -> None:
        for index, start in enumerate(starts):
            if not isinstance(start, Tensor):
                msg = (
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, "
                    f"tuple...). Got element {index} of the sequence with type "
                    f"{type(start).__name__}."
                )
                raise ValueError(msg)  # noqa: TRY004 - torch's type
            kept: Any = start
            if isinstance(original, Parameter):
                kept = Parameter(start, original.requires_grad)
            kept.requires_grad_(original.requires_grad)
            _register(self, f"original{index}", kept)

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the parametrized tensor becomes ``value``.

        Raises:
            RuntimeError: a parametrization has no ``right_inverse``.
            ValueError: what it returns does not fit the originals.
        """
        start: Any = value
        with no_grad():
            for module in reversed(self):
                if not hasattr(module, "right_inverse"):
                    msg = (
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                    raise RuntimeError(msg)
                start = module.right_inverse(start)
        if self.is_tensor:
            self._set_one(start)
        else:
            self._set_several(start)

    def _set_one(self, start: Any) -> None:
        if not isinstance(start, Tensor):
            msg = f"`right_inverse` should return a tensor. Got {type(start).__name__}"
            raise ValueError(msg)  # noqa: TRY004 - torch's type
        if start.dtype != self.original.dtype:
            msg = (
                f"The tensor returned by `right_inverse` has dtype {start.dtype} "
                f"while `original` has dtype {self.original.dtype}"
            )
            raise ValueError(msg)
        _take_memory(self.original, start)

    def _set_several(self, starts: Any) -> None:
        if not isinstance(starts, Sequence):
            msg = f"'right_inverse' must return a sequence of tensors. Got {type(starts).__name__}."
            raise ValueError(msg)  # noqa: TRY004 - torch's type
        if len(starts) != self.ntensors:
            msg = (
                "'right_inverse' must return a sequence of tensors of length "
                f"{self.ntensors}. Got a sequence of length {len(starts)}."
            )
            raise ValueError(msg)
        for index, start in enumerate(starts):
            if not isinstance(start, Tensor):
                msg = (
                    "'right_inverse' must return a sequence of tensors or reference-type opaques. "
                    f"Got element {index} of type {type(start).__name__}."
                )
                raise ValueError(msg)  # noqa: TRY004 - torch's type
            original = getattr(self, f"original{index}")
            if original.dtype != start.dtype:
                msg = (
                    f"Tensor {index} returned by `right_inverse` has dtype {start.dtype} "
                    f"while `original{index}` has dtype {original.dtype}"
                )
                raise ValueError(msg)
            _take_memory(original, start)

    def forward(self) -> Any:
        """Return the parametrized tensor."""
        first, *others = self
        if self.is_tensor:
            value = first(self.original)
        else:
            value = first(*(getattr(self, f"original{index}") for index in range(self.ntensors)))
        for module in others:
            value = module(value)
        return value


def _register(module: Any, name: str, tensor: Any) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _take_memory(tensor: Any, source: Any) -> None:
    """Let a tensor be what another is; it stays the same object, which an optimiser may hold."""
    if source is not tensor:
        tensor.data = source.detach()


def _check_unchanged(value: Any, before: tuple[Any, Any], rule: str, was: str, became: str) -> None:
    """Refuse a value that is no tensor or of another dtype or shape; ``{}`` stands for which."""
    if not isinstance(value, Tensor):
        msg = f"A parametrization must return a tensor. Got {type(value).__name__}."
        raise ValueError(msg)  # noqa: TRY004 - torch's type
    now = value.dtype, value.shape
    for what, old, new in zip(("dtype", "shape"), before, now, strict=True):
        if old != new:
            lines = (
                rule.format(what),
                f"{was.format(what)}: {old}",
                f"{became.format(what)}: {new}",
            )
            raise ValueError("\n".join(lines))


# ---- a class of its own for each parametrized module ---------------------------------------------


def _give_own_class(module: Any) -> None:
    """Let a module be of a subclass of its class, which can take properties."""
    cls = type(module)
    members: dict[str, Any] = {"__getstate__": _refuse_pickling}
    if not hasattr(cls, "__deepcopy__"):
        members["__deepcopy__"] = _deep_copy
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), members)


def _deep_copy(self: Any, memo: dict[int, Any]) -> Any:
    if id(self) in memo:
        return memo[id(self)]
    cls = type(self)
    # The copy's class is its own too: removing a parametrization takes a property from a class.
    own: Any = type(cls.__name__, cls.__bases__, dict(vars(cls)))
    replica = memo[id(self)] = own.__new__(own)
    state: Any = object.__getstate__(self)
    attributes, slots = state if isinstance(state, tuple) else (state, {})
    replica.__dict__.update(copy.deepcopy(attributes, memo))
    for name, value in slots.items():
        setattr(replica, name, copy.deepcopy(value, memo))
    return replica


def _refuse_pickling(self: Any) -> Any:
    msg = (
        "Serialization of parametrized modules is only supported through state_dict(). See:\n"
        "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
        "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training\n"
        f"(this is a {type(self).__name__})"
    )
    raise RuntimeError(msg)


def _add_property(module: Any, tensor_name: str) -> None:
    """Let ``module.<tensor_name>`` be computed by its parametrizations, and set through them."""

    def get_parametrized(self: Any) -> Any:
        parametrization = self.parametrizations[tensor_name]
        if not _cache.depth:
            return parametrization()
        key = id(self), tensor_name
        if key not in _cache.values:
            _cache.values[key] = parametrization()
        return _cache.values[key]

    def set_original(self: Any, value: Any) -> None:
        self.parametrizations[tensor_name].right_inverse(value)

    setattr(type(module), tensor_name, property(get_parametrized, set_original))


# ---- registering and removing --------------------------------------------------------------------


def register_parametrization(
    module: Any, tensor_name: str, parametrization: Any, *, unsafe: bool = False
) -> Any:
    r"""Let a module compute one of its tensors: ``module.weight`` is ``parametrization(original)``.

    Gradients flow through the parametrization, and an optimiser moves the original, which is
    ``module.parametrizations.<tensor_name>.original``. Registering again puts one parametrization
    after another. A parametrization may define ``right_inverse``, which returns what it has to be
    given to make a value; it is asked when the parametrization is registered, so that the tensor
    stays what it was, and when a value is assigned to the tensor. If it returns several tensors,
    they become ``original0``, ``original1`` and so on, new parameters that an optimiser made
    before does not know.

    Args:
        module: the module, whose class changes to one named ``Parametrized...``.
        tensor_name: its parameter or buffer.
        parametrization: a module that takes the original and returns the tensor.
        unsafe: let dtype and shape change, and check nothing.

    Returns:
        The module.

    Raises:
        ValueError: there is no such tensor, or dtype or shape would change.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils import parametrize
        >>> class Symmetric(torch.nn.Module):
        ...     def forward(self, x):
        ...         return x.triu() + x.triu(1).t()
        ...     def right_inverse(self, x):
        ...         return x.triu()
        >>> layer = parametrize.register_parametrization(
        ...     torch.nn.Linear(3, 3), "weight", Symmetric()
        ... )
        >>> torch.equal(layer.weight, layer.weight.t())
        True
        >>> list(layer.state_dict())
        ['bias', 'parametrizations.weight.original']
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_addition(module, tensor_name, parametrization)
        registered = module.parametrizations[tensor_name]
        registered.append(parametrization)
        registered.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        # Before anything changes: it may refuse.
        registered = ParametrizationList(
            [parametrization], getattr(module, tensor_name), unsafe=unsafe
        )
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _give_own_class(module)
            module.parametrizations = ModuleDict()
        _add_property(module, tensor_name)
        module.parametrizations[tensor_name] = registered
    else:
        msg = (
            f"Module '{module}' does not have a parameter, a buffer, or a "
            f"parametrized element with name '{tensor_name}'"
        )
        raise ValueError(msg)
    return module


def _check_addition(module: Any, tensor_name: str, parametrization: Any) -> None:
    """Refuse one more parametrization if it or its inverse changes dtype or shape."""
    name = f"module.{tensor_name}"
    present = getattr(module, tensor_name)
    before = present.dtype, present.shape
    value = parametrization(present)
    _check_unchanged(
        value,
        before,
        "Registering a parametrization may not change the {} of the tensor, unless the `unsafe` "
        "flag is enabled.",
        f"{name}.{{}}",
        f"parametrization({name}).{{}}",
    )
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        start = parametrization.right_inverse(value)
    except NotImplementedError:
        return
    if not isinstance(start, Tensor):
        msg = f"parametrization.right_inverse must return a tensor. Got: {type(start).__name__}"
        raise ValueError(msg)  # noqa: TRY004 - torch's type
    _check_unchanged(
        start,
        before,
        "The tensor returned by parametrization.right_inverse must have the same {} as "
        f"{name}, unless the `unsafe` flag is enabled.",
        f"{name}.{{}}",
        "returned {}",
    )


def is_parametrized(module: Any, tensor_name: str | None = None) -> bool:
    """Return whether a tensor of the module, or any without a name, has a parametrization."""
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Make a parametrized tensor a plain parameter or buffer again.

    Args:
        module: the module.
        tensor_name: its tensor.
        leave_parametrized: keep the value it has; otherwise go back to the original.

    Returns:
        The module, of its old class when this was its last parametrization.

    Raises:
        ValueError: the tensor is not parametrized, or is so by several originals, to which there is
            no way back.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils import parametrizations, parametrize
        >>> layer = parametrizations.weight_norm(torch.nn.Linear(2, 1))
        >>> parametrize.remove_parametrizations(layer, "weight")
        Linear(in_features=2, out_features=1, bias=True)
    """
    if not is_parametrized(module, tensor_name):
        msg = f"Module {module} does not have a parametrization on {tensor_name}"
        raise ValueError(msg)
    registered = module.parametrizations[tensor_name]
    restored: Any
    if registered.is_tensor:
        restored = registered.original
        if leave_parametrized:
            with no_grad():
                _take_memory(restored, getattr(module, tensor_name))
    elif leave_parametrized:
        # Outside no_grad: whether an original requires grad is to be seen.
        value = getattr(module, tensor_name)
        restored = Parameter(value) if value.requires_grad else value
    else:
        msg = (
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor "
            "that is parametrized in terms of a sequence of tensors."
        )
        raise ValueError(msg)
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, restored)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Any) -> type:
    """Return the class of a module, or the one it had before it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Any, to_module: Any, tensor_name: str | None = None
) -> Any:
    """Register one module's parametrizations on another, which then shares the originals too.

    Args:
        from_module: a module; if it is not parametrized nothing happens.
        to_module: gets the parameter too where it has none of that name.
        tensor_name: the tensor; all parametrized ones when left out.

    Returns:
        ``to_module``.
    """
    if not is_parametrized(from_module):
        return to_module
    names = list(from_module.parametrizations) if tensor_name is None else [tensor_name]
    for name in names:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        source = from_module.parametrizations[name]
        for parametrization in source:
            register_parametrization(to_module, name, parametrization)
        target = to_module.parametrizations[name]
        originals = (
            ["original"]
            if source.is_tensor
            else [f"original{index}" for index in range(source.ntensors)]
        )
        for original in originals:
            setattr(target, original, getattr(source, original))
    return to_module
