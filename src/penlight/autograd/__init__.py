"""Automatic differentiation: backward, grad, and what programs use to steer them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor, wrap
from .engine import accumulate_results, run_backward
from .function import Function
from .grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from .gradcheck import gradcheck, gradgradcheck
from .hooks import as_tuple
from .views import edge_of, storage_of

__all__ = [
    "Function",
    "Variable",
    "backward",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "set_grad_enabled",
]


class _VariableMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableMeta):
    """torch's old name for a tensor: ``Variable(t)`` is a tensor that shares ``t``'s memory."""

    def __new__(cls, data: Tensor, requires_grad: bool = False) -> Any:
        """Return ``data`` as a leaf."""
        out = data.detach()
        out.requires_grad = requires_grad
        return out


def _start(tensors: Sequence[Any], grads: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the edges to start from and a gradient for each."""
    edges, starts = [], []
    for index, (tensor, grad) in enumerate(zip(tensors, grads, strict=True)):
        edge = edge_of(tensor)
        if edge is None:
            msg = f"element {index} of tensors does not require grad and does not have a grad_fn"
            raise RuntimeError(msg)
        edges.append(edge)
        starts.append(_start_grad(index, tensor, grad))
    return edges, starts


def _start_grad(index: int, tensor: Any, grad: Any) -> Any:
    array = tensor._array
    if grad is None:
        if array.size != 1:
            msg = "grad can be implicitly created only for scalar outputs"
            raise RuntimeError(msg)
        return wrap(np.ones_like(array))
    if not isinstance(grad, Tensor):
        msg = f"gradients can be either Tensors or None, but got {type(grad).__name__}"
        raise TypeError(msg)
    if grad._array.shape != array.shape:
        msg = (
            f"Mismatch in shape: grad_output[{index}] has a shape of {grad.shape} and "
            f"output[{index}] has a shape of {tensor.shape}."
        )
        raise RuntimeError(msg)
    # The caller keeps this gradient, so no leaf may adopt its memory.
    storage_of(grad)
    return grad if grad._array.dtype == array.dtype else grad._cast(array.dtype)


def _paired(tensors: Any, grads: Any, function: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    tensors = as_tuple(tensors)
    grads = (None,) * len(tensors) if grads is None else as_tuple(grads)
    if len(grads) != len(tensors):
        msg = f"{function}() got {len(tensors)} tensors and {len(grads)} gradients"
        raise RuntimeError(msg)
    return tensors, grads


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradient of ``tensors`` to the ``grad`` of the leaves they were computed from.

    Args:
        tensors: one tensor or several.
        grad_tensors: what to multiply from the left, per tensor; may be left out for single
            elements.
        retain_graph: keep what was saved, for another backward; the value of ``create_graph`` if
            not given.
        create_graph: record the walk, so that the gradients can be differentiated.
        grad_variables: old name of ``grad_tensors``.
        inputs: accumulate into these tensors only.

    Raises:
        RuntimeError: a tensor has no history, a gradient is missing or has another shape, or the
            graph was freed by an earlier walk.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
        >>> torch.autograd.backward((x * x).sum())
        >>> x.grad
        tensor([2., 4.])
    """
    grads = grad_variables if grad_tensors is None else grad_tensors
    tensors, grads = _paired(tensors, grads, "backward")
    edges, starts = _start(tensors, grads)
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        run_backward(edges, starts, keep_graph=keep, create_graph=create_graph)
        return
    inputs = as_tuple(inputs)
    if not inputs:
        msg = "`inputs` argument to `backward()` cannot be empty."
        raise RuntimeError(msg)
    targets = _input_edges(inputs)
    results = run_backward(
        edges, starts, keep_graph=keep, create_graph=create_graph, inputs=targets
    )
    accumulate_results(inputs, results, create_graph=create_graph)


def _input_edges(inputs: Sequence[Any]) -> list[Any]:
    edges = [edge_of(tensor) for tensor in inputs]
    if any(edge is None for edge in edges):
        msg = "One of the differentiated Tensors does not require grad"
        raise RuntimeError(msg)
    return edges


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of ``outputs`` with respect to ``inputs``; no ``grad`` is touched.

    Args:
        outputs: one tensor or several.
        inputs: one tensor or several that were used to compute them.
        grad_outputs: what to multiply from the left, per output.
        retain_graph: keep what was saved; the value of ``create_graph`` if not given.
        create_graph: record the walk, so that the results can be differentiated.
        only_inputs: deprecated; always true.
        allow_unused: give ``None`` for an input that was not used, instead of an error.
        is_grads_batched: not supported; refused.
        materialize_grads: give zeros instead of ``None``.

    Raises:
        RuntimeError: as :func:`backward`, or an input was not used in the graph.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor(3.0, requires_grad=True)
        >>> torch.autograd.grad(x**2, x)
        (tensor(6.),)
    """
    if is_grads_batched:
        msg = "penlight does not batch gradients: call autograd.grad once per row of grad_outputs"
        raise NotImplementedError(msg)
    if materialize_grads and allow_unused is False:
        msg = (
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
        raise ValueError(msg)
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To "
            "accumulate gradient for other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    outputs, grads = _paired(outputs, grad_outputs, "grad")
    inputs = as_tuple(inputs)
    edges, starts = _start(outputs, grads)
    results = run_backward(
        edges,
        starts,
        keep_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
        inputs=_input_edges(inputs),
    )
    unused = [index for index, result in enumerate(results) if result is None]
    if unused and not (allow_unused or materialize_grads):
        msg = (
            f"The differentiated Tensor at index {unused[0]} appears to "
            "not have been used in the graph. Set allow_unused=True if this is the desired "
            "behavior."
        )
        raise RuntimeError(msg)
    if materialize_grads:
        results = [
            wrap(np.zeros_like(tensor._array)) if result is None else result
            for tensor, result in zip(inputs, results, strict=True)
        ]
    return tuple(results)


def _tensor_backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add this tensor's gradient to the leaves'; see :func:`penlight.autograd.backward`."""
    backward(self, gradient, retain_graph, create_graph, inputs=inputs)


_tensor_backward.__name__ = "backward"
setattr(Tensor, "backward", _tensor_backward)  # noqa: B010 - the stub declares it, as it does ops
