"""gradcheck and gradgradcheck: analytic gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor import Tensor, wrap
from ._jacobians import Check, GradcheckError, floating_outputs
from .engine import run_backward
from .hooks import as_tuple
from .views import edge_of

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


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
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
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
        check_batched_grad: accepted; batched gradients are computed row by row, as those that are
            checked.
        check_batched_forward_grad: refused; penlight has no forward mode.
        check_forward_ad: refused likewise.
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
    del fast_mode, masked, check_batched_grad
    if check_batched_forward_grad or check_forward_ad:
        msg = "gradcheck: penlight has no forward mode to check"
        raise ValueError(msg)
    if not check_backward_ad:
        return True
    check = Check(func, as_tuple(inputs), eps, atol, rtol, nondet_tol)
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
        outputs = floating_outputs(func(*values))
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
    for out in floating_outputs(func(*inputs)):
        shape = out._array.shape
        values = draw.randn(*shape, 2)[..., 0] if strided else np.asarray(draw.randn(*shape))
        seed = wrap(values.astype(out._array.dtype, copy=False))
        seed.requires_grad = True
        seeds.append(seed)
    return tuple(seeds)
