"""One transform's call: inputs that are recorded afresh, and what may be seen of the record later.

Inputs get an edge of their own, so that nothing of the record around reaches past them, and nested
transforms do not mix up whose derivative is whose. What a transform returns keeps its history only
if that leads to something outside: to a tensor that already required grad, be it the user's or an
outer transform's.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np

from .._tensor import Tensor, wrap
from ..autograd.engine import below, run_backward
from ..autograd.grad_mode import mode
from ..autograd.graph import next_sequence
from ..autograd.views import edge_of
from ._tree import mapped


class Level:
    """A context in which a function is recorded on fresh inputs."""

    def __init__(self) -> None:
        self._outer = mode.grad
        self._start = next_sequence()
        self._leaves: set[Any] = set()

    def __enter__(self) -> Self:
        self._outer = mode.grad
        mode.grad = True
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        mode.grad = self._outer

    def fresh(self, tensor: Any) -> Any:
        """Return an input as the function gets it: the same values, an edge of its own."""
        if self._outer and edge_of(tensor) is not None:
            return tensor.view_as(tensor)
        made = tensor.detach().requires_grad_()
        self._leaves.add(made._edge)
        return made

    def reaches_outside(self, tensors: Sequence[Any]) -> bool:
        """Return whether the history of one of the tensors leads out of this call."""
        return self._outer and self._leads_out(tensors)

    def _leads_out(self, tensors: Sequence[Any]) -> bool:
        edges = [edge_of(tensor) for tensor in tensors]
        return any(
            node.sequence < self._start and node not in self._leaves
            for node in below([edge for edge in edges if edge is not None])
        )

    def closed(self, tree: Any) -> Any:
        """Return results as the caller gets them: without a history that ends in this call."""
        return mapped(self._closed_one, tree)

    def _closed_one(self, value: Any) -> Any:
        if not isinstance(value, Tensor) or edge_of(value) is None:
            return value
        return value if self.reaches_outside([value]) else value.detach()

    def gradients(
        self,
        outputs: Sequence[Any],
        cotangents: Sequence[Any],
        inputs: Sequence[Any],
        *,
        record: bool,
        keep: bool = True,
    ) -> list[Any]:
        """Return gradients as :func:`gradients` does, without a history that ends in this call."""
        found = gradients(outputs, cotangents, inputs, record=record, keep=keep)
        if not record:
            return found
        return [grad if self._leads_out([grad]) else grad.detach() for grad in found]


def gradients(
    outputs: Sequence[Any],
    cotangents: Sequence[Any],
    inputs: Sequence[Any],
    *,
    record: bool,
    keep: bool = True,
) -> list[Tensor]:
    """Return the gradients of outputs for inputs, zeros for an input that they do not depend on."""
    starts = [
        (edge, grad)
        for out, grad in zip(outputs, cotangents, strict=True)
        if (edge := edge_of(out)) is not None
    ]
    found = run_backward(
        [edge for edge, _ in starts],
        [grad for _, grad in starts],
        keep_graph=keep or record,
        create_graph=record,
        inputs=[edge_of(x) for x in inputs],
    )
    return [
        wrap(np.zeros_like(x._array)) if grad is None else grad
        for x, grad in zip(inputs, found, strict=True)
    ]


def unit_vectors(like: Any) -> list[Tensor]:
    """Return for each element the tensor in the shape of ``like`` that is one there, else zero."""
    array = like._array
    made = []
    for position in np.ndindex(array.shape):
        unit = np.zeros_like(array)
        unit[position] = 1
        made.append(wrap(unit))
    return made
