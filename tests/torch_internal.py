"""torch's own sample inputs, which its wheel carries for its test suite, on both sides."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

import penlight
from penlight._tensor import wrap

DTYPES = ("float32", "float64", "int64", "bool")


def database(module: str, name: str) -> Any:
    """Return a list of torch's sample makers, ``op_db`` or another."""
    return getattr(importlib.import_module(f"torch.testing._internal.{module}"), name)


def array_like(tensor: Any) -> Any:
    """Return a copy of a tensor's storage as an array with the tensor's shape and strides."""
    import torch

    if tensor.is_complex() or tensor.layout is not torch.strided:
        msg = f"penlight has no {tensor.dtype} tensors of layout {tensor.layout}"
        raise NotImplementedError(msg)
    whole = torch.empty(0, dtype=tensor.dtype).set_(tensor.detach().untyped_storage())
    if tensor.dtype is torch.bfloat16:
        memory = whole.float().numpy().astype(penlight.bfloat16.numpy)
    else:
        memory = whole.numpy().copy()
    if not tensor.numel():
        return np.empty(tuple(tensor.shape), memory.dtype)
    width = memory.itemsize
    return np.ndarray(
        tuple(tensor.shape),
        memory.dtype,
        memory,
        tensor.storage_offset() * width,
        tuple(step * width for step in tensor.stride()),
    )


def to_penlight(value: Any, made: dict[int, Any] | None = None) -> Any:
    """Return torch's arguments as penlight's: tensors with their layout, dtypes, devices.

    A tensor that comes twice becomes one that does; ``made`` holds what is made by now.
    """
    import torch

    made = {} if made is None else made
    if isinstance(value, torch.Tensor):
        if id(value) not in made:
            made[id(value)] = wrap(array_like(value)).requires_grad_(value.requires_grad)
        return made[id(value)]
    if isinstance(value, torch.Size):
        return penlight.Size(value)
    if isinstance(value, (list, tuple)):
        items = [to_penlight(item, made) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {key: to_penlight(item, made) for key, item in value.items()}
    if isinstance(value, (torch.dtype, torch.memory_format, torch.layout)):
        return getattr(penlight, str(value).rpartition(".")[2])
    if isinstance(value, torch.device):
        return penlight.device(str(value))
    if isinstance(value, torch.nn.Module):
        return module_to_penlight(value)
    return _named_to_penlight(value)


def _named_to_penlight(value: Any) -> Any:
    """Return penlight's function or options of the same name, other values as they are."""
    import torch

    if isinstance(value, torch.nn.LinearCrossEntropyOptions):
        fields = {name: to_penlight(getattr(value, name)) for name in value.__slots__}
        return penlight.nn.LinearCrossEntropyOptions(**fields)
    name = getattr(value, "__name__", "")
    if name and getattr(torch.nn.functional, name, None) is value:
        return getattr(penlight.nn.functional, name)
    return value


def module_to_penlight(module: Any) -> Any:
    """Return penlight's module of the same class, attributes, parameters, buffers and children."""
    room = importlib.import_module(type(module).__module__.replace("torch", "penlight", 1))
    import torch

    made = object.__new__(getattr(room, type(module).__name__))
    penlight.nn.Module.__init__(made)
    own = vars(torch.nn.Module())
    for name, value in vars(module).items():
        if name not in own:
            setattr(made, name, to_penlight(value))
    for name, value in module._parameters.items():
        made.register_parameter(
            name, None if value is None else penlight.nn.Parameter(to_penlight(value.detach()))
        )
    for name, value in module._buffers.items():
        made.register_buffer(name, to_penlight(value))
    for name, child in module.named_children():
        made.add_module(name, to_penlight(child))
    return made
