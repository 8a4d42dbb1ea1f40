"""Lazy modules: what finds out its sizes at the first input and then becomes another class."""

from __future__ import annotations

from itertools import chain
from typing import Any

from ...autograd.grad_mode import no_grad
from ..parameter import is_lazy

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin:
    """Make a module lazy, in front of its class: ``class LazyLinear(LazyModuleMixin, Linear)``.

    The module has uninitialised parameters and buffers. Before its first forward, or when it loads
    a state dict, they get their shapes; after its first forward it is of class ``cls_to_become``.

    Attributes:
        cls_to_become: the class afterwards, or ``None`` for the same.

    Example:
        >>> import penlight as torch
        >>> lazy = torch.nn.LazyLinear(3)
        >>> lazy.weight
        <UninitializedParameter>
        >>> _ = lazy(torch.zeros(5, 2))
        >>> lazy
        Linear(in_features=2, out_features=3, bias=True)
    """

    cls_to_become: type[Any] | None = None
    # What modules have.
    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _register_load_state_dict_pre_hook: Any
    register_forward_pre_hook: Any
    _persistent_buffers: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the module and the hooks that will give it its sizes."""
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(
            self._infer_parameters, with_kwargs=True
        )

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give parameters and buffers the shapes that the input of forward asks for.

        Raises:
            NotImplementedError: the class does not say how.
        """
        msg = (
            f"initialize_parameters is not implemented for {type(self).__name__}: a lazy module "
            "says there what shapes an input asks for"
        )
        raise NotImplementedError(msg)

    def has_uninitialized_params(self) -> bool:
        """Return whether a parameter or buffer has no shape yet."""
        return any(map(is_lazy, chain(self._parameters.values(), self._buffers.values())))

    def _infer_parameters(
        self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None
    ) -> None:
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            msg = f"module {type(self).__name__} has not been fully initialized"
            raise RuntimeError(msg)
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook, module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become

    def _lazy_load_hook(self, state_dict: Any, prefix: str, *_: Any) -> None:
        """Take the shapes of what is to be loaded."""
        for name, own in chain(self._parameters.items(), self._buffers.items()):
            given = state_dict.get(prefix + name)
            if is_lazy(own) and given is not None and not is_lazy(given):
                with no_grad():
                    own.materialize(given.shape)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Write this module's own entries; what has no elements is written as it is."""
        for name, own in chain(self._parameters.items(), self._persistent_buffers()):
            if own is not None:
                destination[prefix + name] = own if keep_vars or is_lazy(own) else own.detach()

    def _replicate_for_data_parallel(self) -> Any:
        msg = (
            "Modules with uninitialized parameters can't be used with `DataParallel`. Run a dummy "
            "forward pass to correctly initialize the modules"
        )
        raise RuntimeError(msg)
