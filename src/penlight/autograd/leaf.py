"""What the user sets on leaves: whether they require grad, and their gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .graph import AccumulateGrad
from .views import edge_of


def set_requires_grad(tensor: Any, value: Any) -> None:
    """Make a leaf require grad, or not; refuse where that is not the user's to say."""
    if not isinstance(value, (bool, np.bool)):
        msg = "requires_grad must be a bool"
        raise RuntimeError(msg)  # noqa: TRY004 - torch's type
    edge = edge_of(tensor)
    if edge is not None and edge.__class__ is not AccumulateGrad:
        if value:
            return
        msg = (
            "you can only change requires_grad flags of leaf variables. If you want to use a "
            "computed variable in a subgraph that doesn't require differentiation use "
            "var_no_grad = var.detach()."
        )
        raise RuntimeError(msg)
    if value and not tensor.dtype.is_floating_point:
        msg = (
            "only Tensors of floating point and complex dtype can require gradients; this one is "
            f"{tensor.dtype}"
        )
        raise RuntimeError(msg)
    if not value and edge is not None:
        # Kept aside: graphs already made still lead to it, and its hooks outlive a time without
        # grad.
        tensor._accumulator = edge
        tensor._edge = None
    elif value and edge is None:
        tensor._edge = getattr(tensor, "_accumulator", None) or AccumulateGrad(tensor)


def check_grad(variable: Any, grad: Any) -> None:
    """Refuse what cannot be ``variable.grad``."""
    if not hasattr(grad, "_array"):
        msg = (
            f"assigned grad expected to be a Tensor or None but got grad of type "
            f"{type(grad).__name__}"
        )
        raise TypeError(msg)
    if grad is variable:
        msg = "can't assign Variable as its own grad"
        raise RuntimeError(msg)
    if grad._array.dtype != variable._array.dtype:
        msg = (
            f"attempting to assign a gradient with dtype '{grad.dtype}' to a tensor with "
            "grad_dtype "
            f"'{variable.dtype}'. The gradient must match the tensor's dtype."
        )
        raise RuntimeError(msg)
    if grad._array.shape != variable._array.shape:
        msg = (
            f"attempting to assign a gradient of size '{list(grad.shape)}' to a tensor of size "
            f"'{list(variable.shape)}'. Please ensure that the gradient and the tensor are the "
            "same size"
        )
        raise RuntimeError(msg)


def warn_of_no_grad() -> None:
    """Warn the reader of ``grad`` that only leaves and retaining tensors have one."""
    import warnings  # noqa: PLC0415 - only where a mistake is likely

    warnings.warn(
        "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
        "attribute "
        "won't be populated during autograd.backward(). If you indeed want the .grad field to be "
        "populated "
        "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the "
        "non-leaf "
        "Tensor by mistake, make sure you access the leaf Tensor instead.",
        stacklevel=3,
    )


def check_data(tensor: Any, data: Any) -> None:
    """Refuse what cannot be ``tensor.data``."""
    if not hasattr(data, "_array"):
        msg = f"Variable data has to be a tensor, but got {type(data).__name__}"
        raise TypeError(msg)
    if tensor.requires_grad and not data.is_floating_point():
        msg = (
            "data set to a tensor that requires gradients must be floating point or complex dtype; "
            f"this one is {data.dtype}"
        )
        raise RuntimeError(msg)


def hooked_edge(tensor: Any) -> Any:
    """Return where a tensor's gradient goes, refusing a hook on one that will have none."""
    edge = edge_of(tensor)
    if edge is None:
        msg = "cannot register a hook on a tensor that doesn't require gradient"
        raise RuntimeError(msg)
    return edge
