"""gradcheck and gradgradcheck: analytic gradients against finite differences."""

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


def _floating_outputs(outputs: Any) -> list[Any]:
    return [out for out in as_tuple(outputs) if isinstance(out, Tensor) and out.is_floating_point()]


def _numerical(
    function: Callable[..., Any], inputs: tuple[Any, ...], index: int, eps: float
) -> list[Any]:
    """Return d(output)/d(input) by central differences, one (input, output) matrix per output."""
    array = inputs[index]._array
    before = [out._array for out in _floating_outputs(function(*inputs))]
    matrices = [np.zeros((array.size, out.size)) for out in before]
    for row, position in enumerate(np.ndindex(array.shape)):
        kept = array[position].copy()
        array[position] = kept + eps
        above = [out._array.copy() for out in _floating_outputs(function(*inputs))]
        array[position] = kept - eps
        below = [out._array.copy() for out in _floating_outputs(function(*inputs))]
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


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    fast_mode: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients that backward gives with finite differences.

    Args:
        func: a function of tensors that returns a tensor or several.
        inputs: its arguments; those of floating dtype that require grad are checked. Use float64.
        eps: the step of the differences.
        atol: absolute tolerance.
        rtol: relative tolerance.
        raise_exception: raise instead of returning ``False``.
        nondet_tol: how far two backward passes may differ.
        check_undefined_grad: also go through the graph from each output alone, the others unused.
        check_grad_dtypes: also require that gradients have their input's dtype.
        fast_mode: accepted; the full check is done.
        check_batched_grad: refused; penlight does not batch gradients.
        check_batched_forward_grad: refused likewise.
        check_forward_ad: refused; penlight has no forward mode.
        check_backward_ad: ``False`` checks nothing.
        masked: accepted; every tensor is dense.

    Raises:
        GradcheckError: the gradients differ.
        ValueError: no input requires grad, or an option is not supported.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([0.3, 0.7], dtype=torch.float64, requires_grad=True)
        >>> torch.autograd.gradcheck(torch.exp, (x,))
        True
    """
    del fast_mode, masked
    if check_batched_grad or check_batched_forward_grad or check_forward_ad:
        msg = "gradcheck: penlight has no forward mode and no batched gradients to check"
        raise ValueError(msg)
    if not check_backward_ad:
        return True
    check = _Check(func, as_tuple(inputs), eps, atol, rtol, nondet_tol)
    try:
        check.jacobians()
        check.linear()
        if check_undefined_grad:
            check.undefined()
        if check_grad_dtypes:
            check.dtypes()
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


class _Check:
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
        self.outputs = _floating_outputs(function(*inputs))

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


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Check second derivatives: :func:`gradcheck` of the gradient as a function.

    Args:
        func: as for :func:`gradcheck`.
        inputs: as for :func:`gradcheck`.
        grad_outputs: what to multiply the outputs' gradients by; drawn from a fixed stream if not
            given.
        gen_non_contig_grad_outputs: make the drawn ones non-contiguous.
        check_rev_over_rev: ``False`` checks nothing.
        check_fwd_over_rev: refused; penlight has no forward mode.
        eps: as for :func:`gradcheck`.
        atol: likewise.
        rtol: likewise.
        raise_exception: likewise.
        nondet_tol: likewise.
        check_undefined_grad: likewise.
        check_grad_dtypes: likewise.
        check_batched_grad: likewise.
        fast_mode: likewise.
        masked: likewise.

    Raises:
        GradcheckError: the second derivatives differ.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([0.3, 0.7], dtype=torch.float64, requires_grad=True)
        >>> torch.autograd.gradgradcheck(torch.sin, (x,))
        True
    """
    if check_fwd_over_rev:
        msg = "gradgradcheck: penlight has no forward mode to check"
        raise ValueError(msg)
    if not check_rev_over_rev:
        return True
    inputs = as_tuple(inputs)
    seeds = _seeds(func, inputs, grad_outputs, strided=gen_non_contig_grad_outputs)
    count = len(inputs)

    def first_gradient(*arguments: Any) -> tuple[Any, ...]:
        values, grads = arguments[:count], arguments[count:]
        outputs = _floating_outputs(func(*values))
        pairs = [
            (edge_of(o), g) for o, g in zip(outputs, grads, strict=True) if edge_of(o) is not None
        ]
        sources = [x for x in values if isinstance(x, Tensor) and x.requires_grad]
        results = run_backward(
            [edge for edge, _ in pairs],
            [grad for _, grad in pairs],
            keep_graph=True,
            create_graph=True,
            inputs=[edge_of(x) for x in sources],
        )
        return tuple(result for result in results if result is not None)

    return gradcheck(
        first_gradient,
        (*inputs, *seeds),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        fast_mode=fast_mode,
        check_batched_grad=check_batched_grad,
        masked=masked,
    )


def _seeds(
    func: Callable[..., Any], inputs: tuple[Any, ...], given: Any, *, strided: bool
) -> tuple[Any, ...]:
    if given is not None:
        return as_tuple(given)
    draw = np.random.RandomState(0)
    seeds = []
    for out in _floating_outputs(func(*inputs)):
        shape = out._array.shape
        values = draw.randn(*shape, 2)[..., 0] if strided else np.asarray(draw.randn(*shape))
        seed = wrap(values.astype(out._array.dtype, copy=False))
        seed.requires_grad = True
        seeds.append(seed)
    return tuple(seeds)
