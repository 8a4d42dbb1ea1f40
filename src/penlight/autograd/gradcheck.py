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
    columns: list[list[Any]] = []
    for position in np.ndindex(array.shape):
        kept = array[position].copy()
        array[position] = kept + eps
        above = [out._array.copy() for out in _floating_outputs(function(*inputs))]
        array[position] = kept - eps
        below = [out._array.copy() for out in _floating_outputs(function(*inputs))]
        array[position] = kept
        columns.append([(a - b).ravel() / (2 * eps) for a, b in zip(above, below, strict=True)])
    return [np.array(column) for column in zip(*columns, strict=True)]


def _analytic(output: Any, inputs: Sequence[Any]) -> list[Any]:
    """Return d(output)/d(input) by backward, one (input, output) matrix per input."""
    matrices = [np.zeros((x.numel(), output.numel())) for x in inputs]
    edge = edge_of(output)
    if edge is None:
        return matrices
    for column, position in enumerate(np.ndindex(output._array.shape)):
        seed = np.zeros_like(output._array)
        seed[position] = 1
        grads = run_backward(
            [edge], [wrap(seed)], keep_graph=True, create_graph=False, inputs=[edge_of(x) for x in inputs]
        )
        for matrix, grad in zip(matrices, grads, strict=True):
            if grad is not None:
                matrix[:, column] = grad._array.ravel()
    return matrices


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
        check_undefined_grad: accepted; outputs that nobody uses get zero gradients here.
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
    del check_undefined_grad, fast_mode, masked
    if check_batched_grad or check_batched_forward_grad or check_forward_ad:
        msg = "gradcheck: penlight has no forward mode and no batched gradients to check"
        raise ValueError(msg)
    try:
        if check_backward_ad:
            _check(func, as_tuple(inputs), eps, (atol, rtol), nondet_tol, dtypes=check_grad_dtypes)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _check(
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    eps: float,
    tolerance: tuple[float, float],
    nondet_tol: float,
    *,
    dtypes: bool,
) -> None:
    checked = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        msg = (
            "gradcheck expects at least one input tensor to require gradient, but none of the them have "
            "requires_grad=True."
        )
        raise ValueError(msg)
    outputs = _floating_outputs(func(*inputs))
    sources = [inputs[i] for i in checked]
    analytic = [_analytic(out, sources) for out in outputs]
    for again, first in zip((_analytic(out, sources) for out in outputs), analytic, strict=True):
        for a, b in zip(again, first, strict=True):
            if a.size and np.abs(a - b).max() > nondet_tol:
                msg = "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different values"
                raise GradcheckError(msg)
    if dtypes:
        _check_dtypes(outputs, sources)
    for place, index in enumerate(checked):
        numerical = _numerical(func, inputs, index, eps)
        for number, (matrices, expected) in enumerate(zip(analytic, numerical, strict=True)):
            _compare(matrices[place], expected, number, index, tolerance)


def _check_dtypes(outputs: list[Any], sources: list[Any]) -> None:
    for out in outputs:
        edges = [edge_of(x) for x in sources]
        seed = wrap(np.ones_like(out._array))
        grads = run_backward([edge_of(out)], [seed], keep_graph=True, create_graph=False, inputs=edges)
        for grad, source in zip(grads, sources, strict=True):
            if grad is not None and grad.dtype is not source.dtype:
                msg = f"grad is of dtype {grad.dtype} where its input is {source.dtype}"
                raise GradcheckError(msg)


def _compare(
    analytic: Any, numerical: Any, output: int, index: int, tolerance: tuple[float, float]
) -> None:
    atol, rtol = tolerance
    if not np.allclose(analytic, numerical, rtol, atol, equal_nan=True):
        msg = (
            f"Jacobian mismatch for output {output} with respect to input {index},\n"
            f"numerical:{numerical}\nanalytical:{analytic}\n"
        )
        raise GradcheckError(msg)


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
        grad_outputs: what to multiply the outputs' gradients by; drawn from a fixed stream if not given.
        gen_non_contig_grad_outputs: make the drawn ones non-contiguous.
        check_rev_over_rev: ``False`` checks nothing.
        check_fwd_over_rev: refused; penlight has no forward mode.
        eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad, check_grad_dtypes,
            check_batched_grad, fast_mode, masked: as for :func:`gradcheck`.

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
        pairs = [(edge_of(o), g) for o, g in zip(outputs, grads, strict=True) if edge_of(o) is not None]
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
