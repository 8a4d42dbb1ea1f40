"""Changing a module's tensors: dtype, memory, gradients, and any function over the tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._device import check_device, device as _device
from ..._dtype import bfloat16, double, dtype, float32, half
from ..._tensor import Tensor
from ...autograd.grad_mode import no_grad
from ...ops.creation import empty_like
from ._members import Members

# Module has methods of these names, which inside the class would hide the types.
_Dtype = dtype
_FLOAT32, _FLOAT64, _FLOAT16, _BFLOAT16 = float32, double, half, bfloat16


class Conversion(Members):
    """Functions over all tensors of a module and of the modules below it."""

    def apply(self, fn: Callable[[Any], None]) -> Any:
        """Call ``fn`` on every submodule and then on this module; returns the module.

        Example:
            >>> import penlight as torch
            >>> net = torch.nn.Sequential(torch.nn.Identity(), torch.nn.Flatten())
            >>> _ = net.apply(lambda module: print(type(module).__name__))
            Identity
            Flatten
            Sequential
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        """Replace what every parameter, gradient and buffer holds by ``fn`` of it."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for param in self._parameters.values():
            if param is not None:
                _replace_data(param, fn)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    # ---- dtype ----------------------------------------------------------------------------------

    def type(self, dst_type: Any) -> Any:
        """Cast all parameters and buffers, integer ones too; returns the module."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def float(self) -> Any:
        """Cast floating parameters and buffers to float32; returns the module."""
        return self._cast_floating(_FLOAT32)

    def double(self) -> Any:
        """Cast floating parameters and buffers to float64; returns the module."""
        return self._cast_floating(_FLOAT64)

    def half(self) -> Any:
        """Cast floating parameters and buffers to float16; returns the module."""
        return self._cast_floating(_FLOAT16)

    def bfloat16(self) -> Any:
        """Cast floating parameters and buffers to bfloat16; returns the module."""
        return self._cast_floating(_BFLOAT16)

    def _cast_floating(self, wanted: _Dtype) -> Any:
        return self._apply(
            lambda tensor: _cast(tensor, wanted) if tensor.is_floating_point() else tensor
        )

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Cast floating parameters and buffers in place of the old ones; returns the module.

        ``to(device=None, dtype=None, non_blocking=False)``, ``to(dtype, non_blocking=False)``,
        ``to(tensor, non_blocking=False)`` and ``to(memory_format=...)``. Parameters stay the same
        objects, so an optimiser made before keeps working. The only device is the CPU.

        Raises:
            TypeError: the dtype is neither floating nor complex, or the arguments fit no form.
            AssertionError: the device needs a build that penlight is not (``"cuda"``).

        Example:
            >>> import penlight as torch
            >>> torch.nn.Linear(2, 1).to(torch.float64).weight.dtype
            torch.float64
        """
        wanted = _wanted_dtype(args, kwargs)
        if wanted is None:
            return self
        if not (wanted.is_floating_point or wanted.is_complex):
            msg = (
                "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                f"dtype={wanted}"
            )
            raise TypeError(msg)
        return self._apply(
            lambda tensor: (
                _cast(tensor, wanted)
                if tensor.is_floating_point() or tensor.is_complex()
                else tensor
            )
        )

    # ---- device and memory ----------------------------------------------------------------------

    def cpu(self) -> Any:
        """Return the module: everything is on the CPU already."""
        return self

    def cuda(self, device: Any = None) -> Any:
        """Refuse: penlight computes on the CPU only."""
        return self._refuse_device("cuda", device)

    def xpu(self, device: Any = None) -> Any:
        """Refuse: penlight computes on the CPU only."""
        return self._refuse_device("xpu", device)

    def ipu(self, device: Any = None) -> Any:
        """Refuse: penlight computes on the CPU only."""
        return self._refuse_device("ipu", device)

    def mtia(self, device: Any = None) -> Any:
        """Refuse: penlight computes on the CPU only."""
        return self._refuse_device("mtia", device)

    def _refuse_device(self, kind: str, device: Any) -> Any:
        check_device(kind if device is None else device)
        return self

    def to_empty(self, *, device: Any, recurse: bool = True) -> Any:
        """Give parameters and buffers new, uninitialised memory; returns the module.

        Args:
            device: the CPU, or ``None``.
            recurse: also those of submodules.
        """
        check_device(device)
        return self._apply(empty_like, recurse=recurse)

    def share_memory(self) -> Any:
        """Call ``share_memory_()`` on every parameter and buffer; returns the module."""
        return self._apply(lambda tensor: tensor.share_memory_())

    # ---- gradients ------------------------------------------------------------------------------

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Say for every parameter whether it is trained; returns the module."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: drop them; otherwise fill them with zeros.
        """
        for param in self.parameters():
            grad = param.grad
            if grad is None:
                continue
            if set_to_none:
                param.grad = None
                continue
            if grad.grad_fn is not None:
                grad.detach_()
            else:
                grad.requires_grad_(False)
            grad.zero_()


def _cast(tensor: Tensor, wanted: _Dtype) -> Tensor:
    converted: Tensor = tensor.to(wanted)
    return converted


def _replace_data(param: Any, fn: Callable[[Tensor], Tensor]) -> None:
    """Change what a parameter and its gradient hold; both stay the same objects."""
    with no_grad():
        replaced = fn(param)
        if replaced is not param:
            param.data = replaced
        grad = param.grad
        if grad is not None:
            replaced = fn(grad)
            if replaced is not grad:
                grad.data = replaced


# What may follow a device, and what may follow a dtype or a tensor.
_AFTER_NOTHING = ("device", "dtype", "non_blocking", "copy")
_AFTER_DTYPE = ("non_blocking", "copy")


def _wanted_dtype(args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Dtype | None:
    """Return the dtype that the arguments of ``Module.to`` ask for, after checking the device."""
    names: tuple[str, ...] = _AFTER_NOTHING
    rest, options = args, dict(kwargs)
    options.pop("memory_format", None)
    like = args[0] if args else options.pop("tensor", None)
    if isinstance(like, (Tensor, dtype)):
        names, rest = _AFTER_DTYPE, args[1:]
    given = dict(zip(names, rest, strict=False))
    if "tensor" in kwargs and not isinstance(like, Tensor):
        _refuse_to(args, kwargs)
    if len(rest) > len(names) or given.keys() & options.keys() or options.keys() - set(names):
        _refuse_to(args, kwargs)
    given.update(options)
    if isinstance(like, (Tensor, dtype)):
        return like.dtype if isinstance(like, Tensor) else like
    wanted, device = given.get("dtype"), given.get("device")
    named = isinstance(device, (str, int, _device)) and not isinstance(device, bool)
    if not (named or device is None) or not (wanted is None or isinstance(wanted, dtype)):
        _refuse_to(args, kwargs)
    check_device(device)
    return wanted


def _refuse_to(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    got = [type(arg).__name__ for arg in args]
    got += [f"{name}={type(value).__name__}" for name, value in kwargs.items()]
    msg = (
        f"to() received an invalid combination of arguments - got ({', '.join(got)}), but "
        "expected one "
        "of:\n * (torch.device device = None, torch.dtype dtype = None, bool non_blocking = False)"
        "\n * (torch.dtype dtype, bool non_blocking = False)"
        "\n * (Tensor tensor, bool non_blocking = False)"
    )
    raise TypeError(msg)
