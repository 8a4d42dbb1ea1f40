"""Parameter and Buffer: tensors that a module keeps when they are assigned to it."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor, disabled_torch_function_impl
from ..autograd.grad_mode import no_grad
from ..ops.creation import empty

__all__ = ["Buffer", "Parameter"]


class _ParameterMeta(type):
    """Lets tensors of other classes that are marked ``_is_param`` count as parameters."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if type.__instancecheck__(cls, instance):
            return True
        return cls is Parameter and isinstance(instance, Tensor) and _marked(instance, "_is_param")


class Parameter(Tensor, metaclass=_ParameterMeta):
    """A tensor that a module registers among its parameters when it is assigned as an attribute.

    Args:
        data: the values; the parameter shares their memory. An empty tensor when left out.
        requires_grad: whether gradients are computed for it, also inside ``no_grad``.

    Raises:
        RuntimeError: ``data`` is neither floating nor complex and ``requires_grad`` is true.

    Example:
        >>> import penlight as torch
        >>> torch.nn.Parameter(torch.zeros(2))
        Parameter containing:
        tensor([0., 0.], requires_grad=True)
    """

    # What is computed of a parameter is no parameter.
    __torch_function__ = disabled_torch_function_impl

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Any:
        """Make a parameter around ``data``."""
        if data is None:
            data = empty(0)
        kind = type(data)
        if kind is Tensor or kind is Parameter:
            _check_differentiable(data, requires_grad=requires_grad)
            return Tensor._make_subclass(cls, data, requires_grad)
        # torch: a tensor of another class keeps it, and is marked instead.
        marked = data.detach().requires_grad_(requires_grad)
        if type(marked) is not kind:
            msg = (
                f"Creating a Parameter from an instance of type {kind.__name__} requires that "
                "detach() returns an instance of the same type, but return type "
                f"{type(marked).__name__} was found instead. To use the type as a Parameter, "
                "please "
                "correct its detach()."
            )
            raise RuntimeError(msg)
        marked._is_param = True  # type: ignore[attr-defined] # tensors take attributes
        return marked

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        # torch: neither the gradient nor attributes are copied.
        if id(self) not in memo:
            with no_grad():
                values = self.data.clone()
            memo[id(self)] = type(self)(values, self.requires_grad)
        return memo[id(self)]

    def __repr__(self, **options: Any) -> str:  # type: ignore[override] # passed on
        return "Parameter containing:\n" + super().__repr__(**options)


class _BufferMeta(type):
    """A buffer is any tensor marked ``_is_buffer``."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if type.__instancecheck__(cls, instance):
            return True
        return cls is Buffer and isinstance(instance, Tensor) and _marked(instance, "_is_buffer")


class Buffer(Tensor, metaclass=_BufferMeta):
    """A tensor that a module registers among its buffers when it is assigned as an attribute.

    What comes back is a plain tensor that carries a mark, as in torch.

    Args:
        data: the values; the buffer shares their memory. An empty tensor when left out.
        persistent: whether it becomes part of the module's ``state_dict``.

    Example:
        >>> import penlight as torch
        >>> module = torch.nn.Module()
        >>> module.steps = torch.nn.Buffer(torch.zeros(1), persistent=False)
        >>> [name for name, _ in module.named_buffers()], list(module.state_dict())
        (['steps'], [])
    """

    persistent: bool
    _is_buffer: bool

    __torch_function__ = disabled_torch_function_impl

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Any:
        """Mark a tensor that shares ``data``'s memory as a buffer."""
        if data is None:
            data = empty(0)
        marked: Any = data.detach().requires_grad_(data.requires_grad)
        marked.persistent = persistent
        marked._is_buffer = True
        return marked


def _marked(tensor: Any, mark: str) -> bool:
    return bool(getattr(tensor, mark, False))


def _check_differentiable(data: Tensor, *, requires_grad: bool) -> None:
    if requires_grad and not (data.is_floating_point() or data.is_complex()):
        msg = (
            "Only Tensors of floating point and complex dtype can require gradients; "
            f"this one is {data.dtype}. Pass requires_grad=False for a parameter that is not "
            "trained."
        )
        raise RuntimeError(msg)
