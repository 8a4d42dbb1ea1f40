"""Tensor: its fields, Python's protocols, and what autograd asks of it. Ops attach themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import _dtype
from ._device import device
from ._dtype import FROM_NUMPY, dtype
from ._size import Size
from ._storage import Storage
from ._tensor_memory import (
    copy_memory,
    legacy_array,
    offset_of,
    refuse_dim,
    root_of as root_of,  # noqa: PLC0414 - files ask for it here
    strides_of,
)
from .autograd.graph import AccumulateGrad, index_of, target_of
from .autograd.hooks import RemovableHandle
from .autograd.leaf import check_data, check_grad, hooked_edge, set_requires_grad, warn_of_no_grad
from .autograd.views import edge_of, storage_of

Array = np.ndarray[Any, Any]
new = object.__new__

_CPU = device("cpu")


class Tensor:
    """A NumPy array with a history.

    Made by :func:`penlight.tensor` and the other creation functions. ``Tensor(2, 3)`` and
    ``Tensor([1.0, 2.0])`` are torch's old constructor: uninitialised memory of that size, or that
    data in the default dtype.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([[1.0, 2.0]]).shape
        torch.Size([1, 2])
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_accumulator",
        "_array",
        "_edge",
        "_grad",
        "_storage",
        "_view",
    )

    # Make NumPy give way to the reflected operators: array * tensor is tensor.__rmul__(array).
    __array_priority__ = 1000

    _array: Array
    _edge: Any
    _grad: Tensor | None
    _storage: Storage | None
    _view: Any

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Build a tensor the old way: from sizes, from data, or empty."""
        unknown = set(kwargs) - {"device"}
        if unknown:
            msg = f"new() received an unexpected keyword argument {min(unknown)!r}"
            raise TypeError(msg)
        if len(args) == 1 and isinstance(args[0], Tensor):
            args[0]._exposed()
        return as_class(legacy_array(args, _dtype.default_numpy()), cls)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__torch_function__ is not disabled_torch_function_impl:
            from ._overrides import take_part  # noqa: PLC0415 - few programs have such classes

            take_part(cls, Tensor)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Say what a function of instances of a subclass is: computed, and of that class.

        Subclasses replace it, and call it by ``super()`` for what they leave as it is.
        """
        from ._overrides import default_torch_function  # noqa: PLC0415

        return default_torch_function(cls, func, types, args, kwargs)

    # ---- making ---------------------------------------------------------------------------------

    @staticmethod
    def _make_subclass(cls: type[Any], data: Tensor, require_grad: bool = False) -> Any:  # noqa: PLW0211 - torch's signature
        """Return an instance of ``cls`` with ``data``'s memory and a history of its own."""
        made = as_class(data._array, cls)
        made._storage = storage_of(data)
        if require_grad:
            made.requires_grad = True
        return made

    def detach(input) -> Tensor:  # noqa: N805 - the name that torch.detach has for it
        """Return a tensor with the same memory and no history; writes to either show in both."""
        out = wrap(input._array)
        out._storage = storage_of(input)
        return out

    def detach_(input) -> Tensor:  # noqa: N805 - as in detach
        """Cut this tensor off from its history."""
        if input._view is not None:
            msg = (
                "Can't detach views in-place. Use detach() instead. If you are using "
                "DistributedDataParallel "
                "(DDP) for training, and gradient_as_bucket_view is set as True, gradients are "
                "views of DDP "
                "buckets, and hence detach_() cannot be called on these gradients."
            )
            raise RuntimeError(msg)
        input._edge = None
        return input

    def _exposed(self) -> Array:
        """Return the array for writers whose writes are not counted."""
        storage = self._storage
        if storage is not None:
            storage.rows = None
        return self._array

    @property
    def data(self) -> Tensor:
        """The same memory as a tensor without history whose writes autograd does not notice."""
        return wrap(self._exposed())

    @data.setter
    def data(self, value: Tensor) -> None:
        check_data(self, value)
        self._array = value._array
        self._storage = None if self._storage is None else Storage()

    # ---- what it is -----------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The lengths of the dimensions."""
        return tuple.__new__(Size, self._array.shape)

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the length of one dimension."""
        if dim is None:
            return tuple.__new__(Size, self._array.shape)
        try:
            return self._array.shape[dim]
        except IndexError:
            refuse_dim(dim, self._array.ndim)

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        return FROM_NUMPY[self._array.dtype]

    @property
    def device(self) -> device:
        """Always ``device(type='cpu')``."""
        return _CPU

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    def dim(self) -> int:
        """Return the number of dimensions."""
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        """Return the number of elements."""
        return self._array.size

    nelement = numel

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._array.itemsize

    def element_size(self) -> int:
        """Return the bytes per element."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._array.nbytes

    def stride(self, dim: int | None = None) -> Any:
        """Return the step in elements between neighbours along each dimension, or along one."""
        strides = strides_of(self._array)
        if dim is None:
            return strides
        try:
            return strides[dim]
        except IndexError:
            refuse_dim(dim, self._array.ndim)

    def storage_offset(self) -> int:
        """Return where the first element stands in the storage, in elements."""
        return offset_of(self._array)

    def data_ptr(self) -> int:
        """Return the address of the first element."""
        address: int = self._exposed().__array_interface__["data"][0]
        return address

    def is_contiguous(self, memory_format: Any = None) -> bool:  # noqa: ARG002 - one format exists
        """Return whether the elements stand in memory in row-major order."""
        return self._array.flags.c_contiguous

    def is_floating_point(self) -> bool:
        """Return whether the dtype is a floating type."""
        return FROM_NUMPY[self._array.dtype].is_floating_point

    def is_complex(self) -> bool:
        """Return whether the dtype is complex."""
        return self._array.dtype.kind == "c"

    def is_signed(self) -> bool:
        """Return whether the dtype has negative numbers."""
        return FROM_NUMPY[self._array.dtype].is_signed

    is_cpu = True
    is_cuda = False
    is_mps = False
    is_meta = False
    is_sparse = False
    is_quantized = False
    is_nested = False
    is_mkldnn = False

    def is_inference(self) -> bool:
        """Return ``False``: penlight marks no tensor as made in inference mode."""
        return False

    def get_device(self) -> int:
        """Return -1, as torch does for tensors on the CPU."""
        return -1

    def is_pinned(self, device: Any = None) -> bool:  # noqa: ARG002 - torch's signature
        """Return ``False``: there is no accelerator to pin memory for."""
        return False

    # ---- autograd -------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor."""
        return (self._edge if self._view is None else edge_of(self)) is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        set_requires_grad(self, value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Say whether to record operations on this leaf; returns the tensor."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether the tensor was made by the user rather than by a recorded operation."""
        edge = edge_of(self)
        return edge is None or edge.__class__ is AccumulateGrad

    @property
    def grad_fn(self) -> Any:
        """The node that made this tensor, or ``None`` for a leaf."""
        return None if self.is_leaf else target_of(self._edge)

    @property
    def output_nr(self) -> int:
        """Which output of :attr:`grad_fn` this tensor is."""
        return index_of(edge_of(self))

    @property
    def grad(self) -> Tensor | None:
        """The gradient that ``backward`` accumulated, or ``None``."""
        grad = self._grad
        if grad is None and self._edge is not None and not self.is_leaf and not self.retains_grad:
            warn_of_no_grad()
        return grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            check_grad(self, value)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def retains_grad(self) -> bool:
        """Whether this non-leaf keeps its gradient because :meth:`retain_grad` asked for it."""
        node = self.grad_fn
        if node is None or node.hooks is None:
            return False
        return any(reference() is self for reference in node.hooks.retain.values())

    def retain_grad(self) -> None:
        """Keep this non-leaf's gradient in ``grad`` during backward; for leaves nothing changes."""
        edge = edge_of(self)
        if edge is None:
            msg = "can't retain_grad on Tensor that has requires_grad=False"
            raise RuntimeError(msg)
        if edge.__class__ is not AccumulateGrad:
            import weakref  # noqa: PLC0415 - rare

            target_of(edge)._own_hooks().retain[index_of(edge)] = weakref.ref(self)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(grad)`` each time this tensor's gradient is computed.

        A tensor that it returns replaces the gradient.

        Raises:
            RuntimeError: the tensor does not require grad.
        """
        edge = hooked_edge(self)
        handle: RemovableHandle = target_of(edge)._register_output_hook(index_of(edge), hook)
        return handle

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(self)`` after a gradient has been added to this leaf's ``grad``."""
        edge = hooked_edge(self)
        if edge.__class__ is not AccumulateGrad:
            msg = "post accumulate grad hooks cannot be registered on non-leaf tensors"
            raise RuntimeError(msg)
        handle: RemovableHandle = edge.register_post_hook(hook)
        return handle

    @property
    def _version(self) -> int:
        """How often the memory has been written in place."""
        return 0 if self._storage is None else self._storage.version

    def _is_view(self) -> bool:
        """Return whether this tensor is a view of another."""
        return self._view is not None

    @property
    def _base(self) -> Tensor | None:
        """The tensor that this one is a view of, or ``None``."""
        base: Tensor | None = None if self._view is None else self._view.base
        return base

    # ---- Python's protocols ---------------------------------------------------------------------

    def item(self) -> Any:
        """Return the only element as a Python number.

        Raises:
            RuntimeError: there is not exactly one element.
        """
        array = self._array
        if array.size != 1:
            msg = f"a Tensor with {array.size} elements cannot be converted to Scalar"
            raise RuntimeError(msg)
        return _as_python(array.item())

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers (a number for a 0-d tensor)."""
        array = self._array
        return array.astype(np.float32).tolist() if array.dtype.kind == "V" else array.tolist()

    def numpy(self, *, force: bool = False) -> Array:
        """Return the array; it shares the tensor's memory.

        Args:
            force: also of a tensor that requires grad (as ``detach().numpy()``).

        Raises:
            RuntimeError: the tensor requires grad.
        """
        if not force and self.requires_grad:
            msg = (
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            )
            raise RuntimeError(msg)
        return self._exposed().view()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __dlpack_device__(self) -> tuple[int, int]:
        device_type, number = self._array.__dlpack_device__()
        return int(device_type), int(number)

    def __len__(self) -> int:
        if not self._array.ndim:
            msg = "len() of a 0-d tensor"
            raise TypeError(msg)
        return self._array.shape[0]

    def __bool__(self) -> bool:
        array = self._array
        if array.size == 1:
            return bool(array.item())
        what = "more than one value" if array.size else "no values"
        msg = f"Boolean value of Tensor with {what} is ambiguous"
        raise RuntimeError(msg)

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        array = self._array
        if array.size != 1 or array.dtype.kind not in "iub":
            msg = "only integer tensors of a single element can be converted to an index"
            raise TypeError(msg)
        return int(array.item())

    def __iter__(self) -> Iterator[Tensor]:
        if not self._array.ndim:
            msg = "iteration over a 0-d tensor"
            raise TypeError(msg)
        return iter(self.unbind(0))  # type: ignore[attr-defined] # an op

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        from ._tensor_str import tensor_str  # noqa: PLC0415 - printing is not on the import path

        return tensor_str(self, tensor_contents=tensor_contents)

    def __format__(self, spec: str) -> str:
        if not self._array.ndim:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if not self.is_leaf:
            msg = (
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
                "because "
                "of a torch.nn.utils.weight_norm usage, see "
                "https://github.com/pytorch/pytorch/pull/103001"
            )
            raise RuntimeError(msg)
        if id(self) in memo:
            return memo[id(self)]
        made = self._with_array(copy_memory(self._array, memo))
        memo[id(self)] = made
        if self._grad is not None:
            made._grad = self._grad.__deepcopy__(memo)
        if self.__dict__:
            import copy  # noqa: PLC0415 - rare

            made.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return made

    def _with_array(self, array: Array) -> Any:
        made = as_class(array, type(self))
        if self.requires_grad:
            made.requires_grad = True
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (type(self), self._exposed(), self.requires_grad, dict(self.__dict__))

    def __copy__(self) -> Any:
        made = as_class(self._array, type(self))
        made._storage = storage_of(self)
        if self.requires_grad:
            made._edge = AccumulateGrad(made)
        made.__dict__.update(self.__dict__)
        return made


def disabled_torch_function_impl(*_: Any, **__: Any) -> Any:
    """Stand as ``__torch_function__`` in a class whose results are Tensors."""
    return NotImplemented


def wrap(array: Array) -> Tensor:
    """Return a tensor without history around ``array``, which must be fresh or shared knowingly."""
    tensor = new(Tensor)
    tensor._array = array
    tensor._edge = tensor._view = tensor._storage = tensor._grad = None
    return tensor


def as_class(array: Array, cls: type[Any]) -> Any:
    """Return an instance of a Tensor class around ``array``."""
    tensor = new(cls)
    tensor._array = array
    tensor._edge = tensor._view = tensor._storage = tensor._grad = None
    return tensor


def _rebuild(cls: type[Any], array: Array, requires_grad: bool, attributes: dict[str, Any]) -> Any:
    # A pickle brings a dtype object of its own: equal to NumPy's, but slower to compare.
    native = FROM_NUMPY[array.dtype].numpy
    tensor = as_class(array if array.dtype is native else array.view(native), cls)
    if requires_grad:
        tensor.requires_grad = True
    tensor.__dict__.update(attributes)
    return tensor


def _as_python(value: Any) -> Any:
    # ml_dtypes' scalars come back from ndarray.item() as themselves.
    return value if isinstance(value, (bool, int, float, complex)) else float(value)
