"""What gradcheck compares: Jacobians by backward and by finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor, wrap
from .engine import run_backward
from .hooks import as_tuple
from .views import edge_of


class GradcheckError(RuntimeError):
    """Raised when analytic and numerical gradients differ."""


def floating_outputs(outputs: Any) -> list[Any]:
    """Return what is differentiable of a function's result."""
    return [out for out in as_tuple(outputs) if isinstance(out, Tensor) and out.is_floating_point()]


def _numerical(
    function: Callable[..., Any], inputs: tuple[Any, ...], index: int, eps: float
) -> list[Any]:
    """Return d(output)/d(input) by central differences, one (input, output) matrix per output."""
    array = inputs[index]._array
    before = [out._array for out in floating_outputs(function(*inputs))]
    matrices = [np.zeros((array.size, out.size)) for out in before]
    for row, position in enumerate(np.ndindex(array.shape)):
        kept = array[position].copy()
        array[position] = kept + eps
        above = [out._array.copy() for out in floating_outputs(function(*inputs))]
        array[position] = kept - eps
        below = [out._array.copy() for out in floating_outputs(function(*inputs))]
        array[position] = kept
        for matrix, a, b in zip(matrices, above, below, strict=True):
            matrix[row] = (a - b).ravel() / (2 * eps)
    return matrices


def _analytic(output: Any, inputs: Sequence[Any]) -> list[Any]:
    """Return d(output)/d(input) by backward, one (input, output) matrix per input."""
    matrices = [np.zeros((x.numel(), output.numel())) for x in inputs]
    if edge_of(output) is None:
        return matrices
    for column, position in enumerate(np.ndindex(output._array.shape)):
        seed = np.zeros_like(output._array)
        seed[position] = 1
        grads = _gradients([output], [wrap(seed)], inputs)
        for matrix, grad in zip(matrices, grads, strict=True):
            if grad is not None:
                matrix[:, column] = grad._array.ravel()
    return matrices


def _gradients(outputs: Sequence[Any], seeds: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
    edges = [edge_of(out) for out in outputs]
    targets = [edge_of(x) for x in inputs]
    return run_backward(edges, seeds, keep_graph=True, create_graph=False, inputs=targets)


class Check:
    """One check: the function, its inputs, which of them are looked at, and the tolerances."""

    def __init__(
        self,
        function: Callable[..., Any],
        inputs: tuple[Any, ...],
        eps: float,
        atol: float,
        rtol: float,
        nondet_tol: float,
    ) -> None:
        self.function, self.inputs, self.eps = function, inputs, eps
        self.atol, self.rtol, self.nondet_tol = atol, rtol, nondet_tol
        self.places = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
        self.sources = [inputs[place] for place in self.places]
        _check_inputs(self.places, self.sources)
        self.outputs = floating_outputs(function(*inputs))

    def jacobians(self) -> None:
        """Compare what backward says with finite differences, and with what it says again."""
        analytic = [_analytic(out, self.sources) for out in self.outputs]
        for number, first in enumerate(analytic):
            for one, other in zip(
                first, _analytic(self.outputs[number], self.sources), strict=True
            ):
                if one.size and np.abs(one - other).max() > self.nondet_tol:
                    msg = (
                        "Backward is not reentrant, i.e., running backward with same input and "
                        "grad_output multiple times gives different values, although analytical "
                        f"gradient matches numerical gradient. The tolerance was {self.nondet_tol}."
                    )
                    raise GradcheckError(msg)
        for place, index in enumerate(self.places):
            numerical = _numerical(self.function, self.inputs, index, self.eps)
            for number, expected in enumerate(numerical):
                self._compare(analytic[number][place], expected, number, index)

    def _compare(self, analytic: Any, numerical: Any, number: int, index: int) -> None:
        if np.allclose(analytic, numerical, self.rtol, self.atol, equal_nan=True):
            return
        worst = np.unravel_index(np.argmax(np.abs(analytic - numerical)), numerical.shape)
        msg = (
            f"Jacobian mismatch for output {number} with respect to input {index},\n"
            f"numerical:{numerical}\nanalytical:{analytic}\n"
            f"The largest difference is at input element {worst[0]}, output element {worst[1]}: "
            f"numerical {numerical[worst]}, analytical {analytic[worst]}."
        )
        raise GradcheckError(msg)

    def linear(self) -> None:
        """Require that no gradient coming in means none going out."""
        live = [out for out in self.outputs if edge_of(out) is not None]
        seeds = [wrap(np.zeros_like(out._array)) for out in live]
        for grad in _gradients(live, seeds, self.sources):
            if grad is not None and grad._array.any():
                msg = "backward not multiplied by grad_output"
                raise GradcheckError(msg)

    def undefined(self) -> None:
        """Require that an output nobody uses counts as one with gradient zero."""
        live = [out for out in self.outputs if edge_of(out) is not None]
        # By place, since one tensor may be several outputs.
        for place, used in enumerate(live if len(live) > 1 else ()):
            alone = _gradients([used], [wrap(np.ones_like(used._array))], self.sources)
            seeds = [
                (np.ones_like if number == place else np.zeros_like)(out._array)
                for number, out in enumerate(live)
            ]
            together = _gradients(live, list(map(wrap, seeds)), self.sources)
            for one, other in zip(alone, together, strict=True):
                a, b = (0 if grad is None else grad._array for grad in (one, other))
                if not np.allclose(a, b, self.rtol, self.atol, equal_nan=True):
                    msg = (
                        "Expected backward function to handle undefined output grads: unused "
                        "outputs count as outputs with gradient zero."
                    )
                    raise GradcheckError(msg)

    def dtypes(self) -> None:
        """Require that every gradient has its input's dtype."""
        for out in self.outputs:
            if edge_of(out) is None:
                continue
            grads = _gradients([out], [wrap(np.ones_like(out._array))], self.sources)
            for index, grad, source in zip(self.places, grads, self.sources, strict=True):
                if grad is not None and grad.dtype is not source.dtype:
                    msg = f"grad of input {index} is {grad.dtype} where the input is {source.dtype}"
                    raise GradcheckError(msg)


def _check_inputs(places: Sequence[int], sources: Sequence[Any]) -> None:
    if not sources:
        msg = (
            "gradcheck expects at least one input tensor to require gradient, but none of the them "
            "have "
            "requires_grad=True."
        )
        raise ValueError(msg)
    for index, source in zip(places, sources, strict=True):
        if source.element_size() < np.dtype(np.float64).itemsize:
            import warnings  # noqa: PLC0415 - rare

            warnings.warn(
                f"Input #{index} requires gradient and is not a double precision floating point or "
                "complex. This check will likely fail if all the inputs are not of double "
                "precision "
                "floating point or complex. ",
                stacklevel=4,
            )
        sizes = zip(source._array.shape, source._array.strides, strict=True)
        if source.numel() and any(size > 1 and not step for size, step in sizes):
            msg = (
                f"The {index}th input has a dimension with stride 0. gradcheck only supports "
                "inputs that "
                "are non-overlapping to be able to compute the numerical gradients correctly. You "
                "should "
                "call .contiguous on the input before passing it to gradcheck."
            )
            raise RuntimeError(msg)
