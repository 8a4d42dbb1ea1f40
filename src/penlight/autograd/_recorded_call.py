"""A function called once on recorded inputs: what ``autograd.functional`` walks through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from .._tensor import Tensor, wrap
from ..ops.join import stack
from .engine import run_backward
from .grad_mode import enable_grad, set_grad_enabled
from .views import edge_of

Tensors = tuple[Any, ...]


class Call:
    """A function called once on inputs that are recorded, and walks through what it recorded."""

    def __init__(
        self,
        name: str,
        func: Callable[..., Any],
        inputs: Any,
        *,
        create_graph: bool,
        strict: bool,
    ) -> None:
        self.name, self.create_graph, self.strict = name, create_graph, strict
        # For products from the right: where the first walk starts, and what it gives.
        self._starts: Tensors = ()
        self._linear: list[Any] | None = None
        self.inputs_were_tuple, given = tensors_of(inputs, "inputs", name)
        with enable_grad():
            self.inputs = tuple(
                x.view_as(x) if create_graph else x.detach().requires_grad_() for x in given
            )
            outputs = func(*self.inputs)
        self.outputs_were_tuple, self.outputs = tensors_of(
            outputs, "outputs of the user-provided function", name
        )
        if strict:
            for index, out in enumerate(self.outputs):
                if edge_of(out) is None:
                    refuse("recorded", index)

    def output_is_single(self) -> bool:
        """Return whether the function returned one element."""
        return len(self.outputs) == 1 and self.outputs[0].numel() == 1

    def input_is_single(self) -> bool:
        """Return whether the function takes one element."""
        return len(self.inputs) == 1 and self.inputs[0].numel() == 1

    def require_single_output(self) -> None:
        """Refuse a function that does not return one tensor of one element."""
        if self.outputs_were_tuple:
            msg = f"The function given to {self.name} should return a single Tensor"
            raise RuntimeError(msg)
        if self.outputs[0].numel() != 1:
            msg = (
                f"The Tensor returned by the function given to {self.name} should contain a single "
                f"element, not {self.outputs[0].numel()}"
            )
            raise RuntimeError(msg)

    def vector(self, v: Any, like: Tensors, *, single: bool) -> Tensors:
        """Return the vector as a tuple in the form of ``like``; ones for a single element."""
        if v is None:
            if not single:
                whose = "input to the user-provided function is"
                if like is self.outputs:
                    whose = "user-provided function returns"
                msg = (
                    f"The vector v can only be None if the {whose} a single Tensor with a single "
                    "element."
                )
                raise RuntimeError(msg)
            return tuple(wrap(np.ones_like(each._array)) for each in like)
        was_tuple, vector = tensors_of(v, "v", self.name)
        if len(vector) != len(like):
            msg = f"v is of invalid length: should be {len(like)} but got {len(vector)}."
            if len(like) == 1:
                msg = f"The given v should contain a single Tensor. It has {len(vector)}."
            raise RuntimeError(msg)
        for index, (each, other) in enumerate(zip(vector, like, strict=True)):
            if each.shape != other.shape:
                entry = f"Entry {index} in v" if was_tuple else "v"
                msg = f"{entry} has invalid size: should be {other.size()} but got {each.size()}."
                raise RuntimeError(msg)
        return vector if self.create_graph else tuple(each.detach() for each in vector)

    def gradients(
        self,
        outputs: Sequence[Any],
        grads: Sequence[Any],
        inputs: Sequence[Any],
        *,
        create_graph: bool,
    ) -> list[Any]:
        """Return the gradient for each input, ``None`` where no output leads to it."""
        starts = [
            (edge_of(out), wrap(np.ones_like(out._array)) if grad is None else grad)
            for out, grad in zip(outputs, grads, strict=True)
            if out is not None and edge_of(out) is not None
        ]
        targets = [edge_of(x) for x in inputs]
        found = run_backward(
            [edge for edge, _ in starts],
            [grad for _, grad in starts],
            keep_graph=True,
            create_graph=create_graph,
            inputs=[edge for edge in targets if edge is not None],
        )
        rest = iter(found)
        return [None if edge is None else next(rest) for edge in targets]

    def pushed(self, vector: Sequence[Any], *, create_graph: bool) -> list[Any]:
        """Return the Jacobian times a vector, for each output, ``None`` where it is nothing."""
        if self._linear is None:
            self._starts = tuple(
                wrap(np.zeros_like(out._array)).requires_grad_() for out in self.outputs
            )
            self._linear = self.gradients(
                self.outputs, self._starts, self.inputs, create_graph=True
            )
            if self.strict:
                require_recorded(self._linear, "gradient")
        return self.gradients(self._linear, vector, self._starts, create_graph=create_graph)

    def filled(self, grads: Sequence[Any], like: Sequence[Any], stage: str) -> Tensors:
        """Return gradients with zeros for those that are nothing, which strict mode refuses."""
        for index, grad in enumerate(grads if self.strict else ()):
            if grad is None:
                refuse(stage, index)
            if self.create_graph and edge_of(grad) is None:
                refuse(f"{stage}, recorded", index)
        return tuple(
            wrap(np.zeros_like(each._array)) if grad is None else grad
            for grad, each in zip(grads, like, strict=True)
        )

    def rows(self) -> list[list[Any]]:
        """Return the Jacobian of each output for each input, made row by row."""
        return [self._rows_of(index, out) for index, out in enumerate(self.outputs)]

    def _rows_of(self, index: int, out: Any) -> list[Any]:
        rows = []
        for unit in _unit_vectors(out):
            grads = self.gradients([out], [unit], self.inputs, create_graph=self.create_graph)
            for number, grad in enumerate(grads if self.strict else ()):
                if grad is None:
                    msg = (
                        f"Output {index} of the user-provided function is independent of input "
                        f"{number}. This is not allowed in strict mode."
                    )
                    raise RuntimeError(msg)
            rows.append(self.filled(grads, self.inputs, "output"))
        return [
            self._joined([row[number] for row in rows], out, x)
            for number, x in enumerate(self.inputs)
        ]

    def columns(self) -> list[list[Any]]:
        """Return the Jacobian of each output for each input, made column by column."""
        blocks: list[list[Any]] = [[] for _ in self.outputs]
        zeros = [wrap(np.zeros_like(x._array)) for x in self.inputs]
        for number, x in enumerate(self.inputs):
            columns = []
            for unit in _unit_vectors(x):
                vector = [*zeros[:number], unit, *zeros[number + 1 :]]
                product = self.pushed(vector, create_graph=False)
                columns.append(self.filled(product, self.outputs, "output"))
            for index, out in enumerate(self.outputs):
                parts = [column[index] for column in columns]
                blocks[index].append(self._joined(parts, out, x, dim=-1))
        return blocks

    def _joined(self, parts: Sequence[Any], out: Any, x: Any, dim: int = 0) -> Any:
        shape = tuple(out.shape) + tuple(x.shape)
        if not parts:
            return wrap(np.zeros(shape, x._array.dtype))
        with set_grad_enabled(self.create_graph):
            return stack(parts, dim).reshape(shape)

    def shown_outputs(self) -> Any:
        """Return the outputs as the function returned them."""
        return self.shown(self.outputs, self.outputs_were_tuple)

    def shown(self, tensors: Sequence[Any], as_tuple: bool) -> Any:
        """Return results as a tuple or alone, without history unless it was asked for."""
        found = tuple(tensors if self.create_graph else (each.detach() for each in tensors))
        return found if as_tuple else found[0]


# ---- what is given, and what is refused ----------------------------------------------------------


def tensors_of(given: Any, what: str, function: str) -> tuple[bool, Tensors]:
    """Return whether a tuple was given, and the tensors as a tuple."""
    values = given if isinstance(given, tuple) else (given,)
    for index, value in enumerate(values):
        if not isinstance(value, Tensor):
            found = f"value at index {index}" if isinstance(given, tuple) else f"given {what}"
            msg = (
                f"The {what} given to {function} must be either a Tensor or a tuple of Tensors "
                f"but the {found} has type {type(value)}."
            )
            raise TypeError(msg)
    return isinstance(given, tuple), values


def _unit_vectors(like: Any) -> Iterator[Any]:
    """Yield for each element the tensor in the shape of ``like`` that is one there, else zero."""
    for position in np.ndindex(like._array.shape):
        unit = np.zeros_like(like._array)
        unit[position] = 1
        yield wrap(unit)


def check_strategy(strategy: str, *, create_graph: bool, vectorize: bool) -> None:
    if strategy not in {"forward-mode", "reverse-mode"}:
        msg = (
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: by columns if '
            f"there are more outputs than inputs, by rows otherwise; got {strategy!r}"
        )
        raise AssertionError(msg)
    if strategy == "forward-mode" and create_graph:
        msg = (
            "torch.autograd.functional.jacobian: `create_graph=True` and "
            '`strategy="forward-mode"` are not supported together (yet). Please either set '
            '`create_graph=False` or `strategy="reverse-mode"`.'
        )
        raise NotImplementedError(msg)
    if strategy == "forward-mode" and not vectorize:
        msg = (
            # torch: so spelled.
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly "
            "implemented for `vectorize=True`."
        )
        raise NotImplementedError(msg)


def require_recorded(tensors: Sequence[Any], stage: str) -> None:
    """Refuse, in strict mode, gradients that depend on nothing."""
    for index, tensor in enumerate(tensors):
        if tensor is None:
            refuse("output", index)
        if edge_of(tensor) is None:
            refuse(stage, index)


# What strict mode says, by what was found to depend on nothing.
_REFUSALS = {
    "recorded": (
        "Output {} of the user-provided function does not require gradients. It must be computed "
        "from the inputs in a differentiable manner when running in strict mode."
    ),
    "output": (
        "The output of the user-provided function is independent of input {}. This is not allowed "
        "in strict mode."
    ),
    "output, recorded": (
        "The jacobian of the user-provided function is independent of input {}. This is not "
        "allowed in strict mode when create_graph=True."
    ),
    "gradient": (
        "The gradient with respect to input {} is independent of the inputs of the user-provided "
        "function. This is not allowed in strict mode."
    ),
    "jacobian": (
        "While computing the hessian, found that the jacobian of the user-provided function with "
        "respect to input {} is independent of the input. This is not allowed in strict mode; it "
        "happens with linear functions."
    ),
    "twice": (
        "The gradient with respect to the input is independent of entry {} in the grad_outputs "
        "when using the double backward trick. This is not allowed in strict mode."
    ),
    "second": (
        "The jacobian of the user-provided function is independent of input {}. This is not "
        "allowed in strict mode."
    ),
    "second, recorded": (
        "The hessian of the user-provided function is independent of input {}. This is not allowed "
        "in strict mode when create_graph=True."
    ),
}
_REFUSALS["twice, recorded"] = _REFUSALS["output, recorded"]


def refuse(stage: str, index: int) -> NoReturn:
    """Raise what strict mode says of a result that does not depend on what it should."""
    raise RuntimeError(_REFUSALS[stage].format(index))
