"""Parameter and Buffer: tensors that a module keeps when they are assigned to it.

Their uninitialised forms wait in lazy modules for a shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._device import check_device
from .._dtype import dtype as _dtype, float16, float32, float64, get_default_dtype
from .._tensor import Tensor, disabled_torch_function_impl
from ..autograd.grad_mode import no_grad
from ..ops.creation import empty

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter"]


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


class UninitializedTensorMixin:
    """What has a dtype and a place in a module, but no shape and no elements yet."""

    __slots__ = ()
    cls_to_become: type[Any]
    __torch_function__ = disabled_torch_function_impl
    # What tensors have, which the classes below bring.
    __dict__: dict[str, Any]
    requires_grad: bool
    _edge: Any

    @classmethod
    def _made(cls, requires_grad: bool, device: Any, dtype: Any) -> Any:
        check_device(device)
        made: Any = object.__new__(cls)
        made._edge = made._view = made._storage = made._grad = None
        made.__dict__["_dtype"] = get_default_dtype() if dtype is None else dtype
        made.requires_grad = requires_grad
        return made

    @property
    def _array(self) -> Any:
        # Every op asks for the array, and so do the properties that are not below.
        name = type(self).__name__
        msg = (
            f"Attempted to use an uninitialized parameter: this {name} has no elements yet. It "
            "belongs to a lazy module, or was made by hand. Call `forward` with a dummy batch to "
            "initialize the parameters before calling torch functions"
        )
        raise ValueError(msg)

    def materialize(
        self, shape: Sequence[int], device: Any = None, dtype: _dtype | None = None
    ) -> None:
        """Become a parameter or buffer of a shape, with uninitialised elements.

        Args:
            shape: its shape.
            device: the CPU.
            dtype: its dtype; the one it was made with when left out.
        """
        waiting: Any = self
        kind = waiting.__dict__.pop("_dtype") if dtype is None else dtype
        waiting.__dict__.pop("_dtype", None)
        data = empty(tuple(shape), device=device, dtype=kind)
        waiting.__class__ = self.cls_to_become
        waiting._array = data._array

    @property
    def dtype(self) -> _dtype:
        """The type that the elements will have."""
        kind: _dtype = self.__dict__["_dtype"]
        return kind

    @property
    def shape(self) -> Any:
        """Nothing: asking for it is an error."""
        msg = (
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )
        raise RuntimeError(msg)

    @property
    def data(self) -> Tensor:
        """An empty tensor of the dtype."""
        return empty(0, dtype=self.dtype)

    @data.setter
    def data(self, value: Any) -> None:
        self.__dict__["_dtype"] = value.dtype

    def size(self, dim: int | None = None) -> Any:
        """Return the size of an empty tensor, as torch does."""
        return self.data.size(dim)

    def is_floating_point(self) -> bool:
        """Return whether the dtype is a floating type."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Return whether the dtype is complex."""
        return self.dtype.is_complex

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Return one of the same class with another dtype, or itself."""
        wanted = self.data.to(*args, **kwargs).dtype
        return self if wanted is self.dtype else self._made(self.requires_grad, None, wanted)

    def float(self) -> Any:
        """Return it with dtype float32."""
        return self.to(float32)

    def double(self) -> Any:
        """Return it with dtype float64."""
        return self.to(float64)

    def half(self) -> Any:
        """Return it with dtype float16."""
        return self.to(float16)

    def cpu(self) -> Any:
        """Return it: it is on the CPU already."""
        return self

    def share_memory_(self) -> Any:
        """Refuse: there is no memory yet."""
        msg = (
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to "
            "initialize the parameters before calling `module.share_memory()`."
        )
        raise RuntimeError(msg)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = self._made(self.requires_grad, None, self.dtype)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, None, self.dtype)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc,override]
    """A parameter whose shape a lazy module finds out at its first input.

    Args:
        requires_grad: whether gradients are computed for it.
        device: the CPU.
        dtype: of its elements; the default dtype when left out.

    Example:
        >>> import penlight as torch
        >>> parameter = torch.nn.UninitializedParameter()
        >>> parameter
        <UninitializedParameter>
        >>> parameter.materialize((2, 3))
        >>> parameter.shape
        torch.Size([2, 3])
    """

    cls_to_become = Parameter

    def __new__(
        cls, requires_grad: bool = True, device: Any = None, dtype: _dtype | None = None
    ) -> Any:
        """Make a parameter without elements."""
        return cls._made(requires_grad, device, dtype)


class UninitializedBuffer(UninitializedTensorMixin, Tensor):  # type: ignore[misc,override]
    """A buffer whose shape a lazy module finds out at its first input.

    Args:
        requires_grad: whether gradients are computed for it.
        device: the CPU.
        dtype: of its elements; the default dtype when left out.
        persistent: whether it becomes part of the module's ``state_dict``.

    Example:
        >>> import penlight as torch
        >>> torch.nn.UninitializedBuffer()
        <UninitializedBuffer>
    """

    cls_to_become = Tensor

    def __new__(
        cls,
        requires_grad: bool = False,
        device: Any = None,
        dtype: _dtype | None = None,
        persistent: bool = True,
    ) -> Any:
        """Make a buffer without elements."""
        made = cls._made(requires_grad, device, dtype)
        made.persistent = persistent
        made._is_buffer = True
        return made


def is_lazy(param: Any) -> bool:
    """Return whether a parameter or buffer has no elements yet."""
    return isinstance(param, UninitializedTensorMixin)
