"""Automatic differentiation: backward, grad, and what programs use to steer them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._tensor import Tensor, wrap
from .engine import accumulate_results, prepare_walk, run_backward
from .function import Function
from .grad_mode import (
    enable_grad,
    enforce_grad_layout_policy,
    inference_mode,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)
from .gradcheck import gradcheck, gradgradcheck
from .hooks import as_tuple
from .variable import Variable
from .views import edge_of, storage_of

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "enforce_grad_layout_policy",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
    "variable",
]

prepare_walk(Tensor)

if TYPE_CHECKING:
    from .anomaly_mode import detect_anomaly, set_detect_anomaly


# What few programs ask for, and the rooms it comes from.
_LAZY_MODULES = frozenset({"anomaly_mode", "forward_ad", "functional"})
_LAZY_NAMES = {"detect_anomaly": "anomaly_mode", "set_detect_anomaly": "anomaly_mode"}


def __getattr__(name: str) -> Any:
    """Import what is rarely asked for when it is, and refuse what penlight lacks."""
    from importlib import import_module  # noqa: PLC0415 - kept out of the namespace

    if name in _LAZY_MODULES:
        return import_module(f".{name}", __name__)
    if name in _LAZY_NAMES:
        return getattr(import_module(f".{_LAZY_NAMES[name]}", __name__), name)
    from .._missing import MissingName  # noqa: PLC0415 - rare

    raise MissingName("torch.autograd", name)  # noqa: EM101 - not a message


def _start(tensors: Sequence[Any], grads: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the edges to start from and a gradient for each."""
    edges, starts = [], []
    for index, (tensor, grad) in enumerate(zip(tensors, grads, strict=True)):
        edge = _edge_at(tensor)
        if edge is None:
            msg = f"element {index} of tensors does not require grad and does not have a grad_fn"
            raise RuntimeError(msg)
        edges.append(edge)
        starts.append(_start_grad(index, tensor, grad))
    return edges, starts


def _start_grad(index: int, tensor: Any, grad: Any) -> Any:
    if not isinstance(tensor, Tensor):
        return _edge_grad(index, grad)
    array = tensor._array
    if grad is None:
        if array.size != 1:
            msg = "grad can be implicitly created only for scalar outputs"
            raise RuntimeError(msg)
        ones = np.empty(array.shape, array.dtype)  # half the time of ones_like
        ones.fill(1)
        return wrap(ones)
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


def _edge_grad(index: int, grad: Any) -> Any:
    """Return the gradient to start from at a bare edge, which knows no shape to make one of."""
    if not isinstance(grad, Tensor):
        msg = (
            f"a GradientEdge needs its gradient given: output[{index}] is one, and its gradient is "
            f"{'None' if grad is None else type(grad).__name__}"
        )
        raise TypeError(msg)
    storage_of(grad)
    return grad


def _edge_at(place: Any) -> Any:
    """Return the edge of a tensor, or that which a GradientEdge is."""
    if isinstance(place, Tensor):
        return edge_of(place)
    from ._gradient_edge import edge_at  # noqa: PLC0415 - rare

    return edge_at(place)


def _places(places: Any) -> tuple[Any, ...]:
    """Return tensors and edges as a tuple; an edge is one itself."""
    alone = hasattr(places, "ownership_token")
    return (places,) if alone else as_tuple(places)


def _paired(tensors: Any, grads: Any, function: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    tensors = _places(tensors)
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
    inputs = tuple(map(_accumulating, _places(inputs)))
    if not inputs:
        msg = "`inputs` argument to `backward()` cannot be empty."
        raise RuntimeError(msg)
    targets = _input_edges(inputs)
    results = run_backward(
        edges, starts, keep_graph=keep, create_graph=create_graph, inputs=targets
    )
    accumulate_results(inputs, results, create_graph=create_graph)


def _accumulating(place: Any) -> Any:
    """Return the tensor into whose ``grad`` to add what arrives at a place."""
    if isinstance(place, Tensor):
        return place
    variable = getattr(place.node, "variable", None)
    if variable is None:
        msg = (
            "backward(inputs=…) takes a GradientEdge of a leaf that is still there, got one of "
            f"{place.node.name()}"
        )
        raise RuntimeError(msg)
    return variable


def _input_edges(inputs: Sequence[Any]) -> list[Any]:
    edges = [_edge_at(tensor) for tensor in inputs]
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
        is_grads_batched: ``grad_outputs`` have one more dimension, the first, and so do the
            results: one gradient for each of its rows. penlight walks the graph once per row.
        materialize_grads: give zeros instead of ``None``.

    Raises:
        RuntimeError: as :func:`backward`, or an input was not used in the graph.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor(3.0, requires_grad=True)
        >>> torch.autograd.grad(x**2, x)
        (tensor(6.),)
    """
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
    inputs = _places(inputs)
    keep = create_graph if retain_graph is None else retain_graph
    allow = bool(allow_unused) or materialize_grads
    if is_grads_batched:
        results = _batched(outputs, inputs, grads, keep, create_graph, allow)
    else:
        results = _gradients(outputs, inputs, grads, keep, create_graph, allow)
    if materialize_grads:
        size = (len(grads[0]),) if is_grads_batched else ()
        results = [
            _zeros_for(place, size) if result is None else result
            for place, result in zip(inputs, results, strict=True)
        ]
    return tuple(results)


def _gradients(
    outputs: Any, inputs: Any, grads: Any, keep_graph: bool, create_graph: bool, allow_unused: bool
) -> list[Any]:
    """Return the gradient for each input, ``None`` for one that was not used."""
    edges, starts = _start(outputs, grads)
    results = run_backward(
        edges,
        starts,
        keep_graph=keep_graph,
        create_graph=create_graph,
        inputs=_input_edges(inputs),
    )
    unused = [index for index, result in enumerate(results) if result is None]
    if unused and not allow_unused:
        msg = (
            f"The differentiated Tensor at index {unused[0]} appears to "
            "not have been used in the graph. Set allow_unused=True if this is the desired "
            "behavior."
        )
        raise RuntimeError(msg)
    return results


def _batched(
    outputs: Any, inputs: Any, grads: Any, keep_graph: bool, create_graph: bool, allow_unused: bool
) -> list[Any]:
    """Return the gradients for each row of ``grads``, stacked; the graph is walked for each."""
    for index, (out, grad) in enumerate(zip(outputs, grads, strict=True)):
        if not isinstance(grad, Tensor) or not grad.dim():
            msg = "is_grads_batched=True needs grad_outputs with a first dimension to batch over"
            raise RuntimeError(msg)
        if isinstance(out, Tensor) and grad.shape[1:] != out.shape:
            msg = (
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output "
                "as the batch dimension. The sizes of the remaining dimensions are expected to "
                f"match the shape of corresponding output, but a mismatch was detected: "
                f"grad_output[{index}] has a shape of {grad.shape} and output[{index}] has a shape "
                f"of {out.shape}."
            )
            raise RuntimeError(msg)
    counts = {len(grad) for grad in grads}
    if len(counts) != 1 or not min(counts):
        msg = (
            "is_grads_batched=True needs grad_outputs with first dimensions of one length that is "
            f"not 0, got {sorted(counts)}"
        )
        raise RuntimeError(msg)
    count = counts.pop()
    rows = []
    for index in range(count):
        keep = keep_graph or index < count - 1
        row = [grad[index] for grad in grads]
        rows.append(_gradients(outputs, inputs, row, keep, create_graph, allow_unused))
    from ..ops.join import stack  # noqa: PLC0415 - rare

    return [None if column[0] is None else stack(column) for column in zip(*rows, strict=True)]


def _zeros_for(place: Any, size: tuple[int, ...]) -> Tensor:
    """Return the gradient of an input that was not used: zeros in its shape."""
    if not isinstance(place, Tensor):
        msg = "materialize_grads=True cannot make zeros for a GradientEdge, which knows no shape"
        raise RuntimeError(msg)  # noqa: TRY004 - a tensor can be given in its place
    return wrap(np.zeros(size + place._array.shape, place._array.dtype))


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
