"""Products with Jacobians and Hessians, and those matrices, of functions of tensors.

All go backward; a product with the Jacobian from the right goes backward twice, since what the
first walk gives is linear in the gradient it starts from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._recorded_call import Call, Tensors, check_strategy, require_recorded, tensors_of

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return a function's outputs, and a vector times its Jacobian.

    Args:
        func: takes tensors, returns a tensor or a tuple of them.
        inputs: its arguments, a tensor or a tuple of them.
        v: the vector, in the form of the outputs; may be left out for a single element.
        create_graph: record the results, so that they can be differentiated.
        strict: refuse an output that does not depend on the inputs, rather than give zeros.

    Returns:
        The outputs, and the product in the form of the inputs.

    Raises:
        RuntimeError: ``v`` does not fit the outputs, or what strict mode refuses.
        TypeError: something given or returned is no tensor.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([1.0, 2.0])
        >>> torch.autograd.functional.vjp(lambda x: x * x, x, torch.tensor([1.0, 10.0]))
        (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    call = Call("vjp", func, inputs, create_graph=create_graph, strict=strict)
    vector = call.vector(v, call.outputs, single=call.output_is_single())
    grads = call.gradients(call.outputs, vector, call.inputs, create_graph=create_graph)
    product = call.filled(grads, call.inputs, "output")
    return call.shown_outputs(), call.shown(product, call.inputs_were_tuple)


def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return a function's outputs, and its Jacobian times a vector.

    It is found by going backward twice, as torch's is.

    Args:
        func: takes tensors, returns a tensor or a tuple of them.
        inputs: its arguments, a tensor or a tuple of them.
        v: the vector, in the form of the inputs; may be left out for a single element.
        create_graph: record the results, so that they can be differentiated.
        strict: refuse an output that does not depend on the inputs, rather than give zeros.

    Returns:
        The outputs, and the product in the form of the outputs.

    Raises:
        RuntimeError: ``v`` does not fit the inputs, or what strict mode refuses.
        TypeError: something given or returned is no tensor.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([1.0, 2.0])
        >>> torch.autograd.functional.jvp(lambda x: x.sum() * x, x, torch.tensor([1.0, 0.0]))
        (tensor([3., 6.]), tensor([4., 2.]))
    """
    call = Call("jvp", func, inputs, create_graph=create_graph, strict=strict)
    vector = call.vector(v, call.inputs, single=call.input_is_single())
    product = call.filled(call.pushed(vector, create_graph=create_graph), call.outputs, "twice")
    return call.shown_outputs(), call.shown(product, call.outputs_were_tuple)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Return the Jacobian of a function.

    Args:
        func: takes tensors, returns a tensor or a tuple of them.
        inputs: its arguments, a tensor or a tuple of them.
        create_graph: record the result, so that it can be differentiated.
        strict: refuse an output that does not depend on an input, rather than give zeros.
        vectorize: accepted; penlight walks the graph once per row either way.
        strategy: ``"reverse-mode"``, one walk per output element, or ``"forward-mode"``, two walks
            per input element (with ``vectorize=True`` only, as in torch).

    Shape:
        The shape of an output followed by that of an input.

    Returns:
        One tensor; a tuple over the inputs where they are a tuple; around that a tuple over the
        outputs where they are one.

    Raises:
        ValueError: the strategy is unknown.
        NotImplementedError: options that torch does not combine either.
        RuntimeError: what strict mode refuses.

    Example:
        >>> import penlight as torch
        >>> torch.autograd.functional.jacobian(lambda x: x * x, torch.tensor([1.0, 2.0]))
        tensor([[2., 0.],
                [0., 4.]])
    """
    check_strategy(strategy, create_graph=create_graph, vectorize=vectorize)
    if vectorize and strict:
        msg = (
            "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not "
            "supported together. Please either set `strict=False` or `vectorize=False`."
        )
        raise RuntimeError(msg)
    call = Call("jacobian", func, inputs, create_graph=create_graph, strict=strict)
    blocks = call.columns() if strategy == "forward-mode" else call.rows()
    nested = tuple(call.shown(row, call.inputs_were_tuple) for row in blocks)
    return nested if call.outputs_were_tuple else nested[0]


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """Return the Hessian of a function of one element: the Jacobian of its gradient.

    Args:
        func: takes tensors, returns a tensor of one element.
        inputs: its arguments, a tensor or a tuple of them.
        create_graph: record the result, so that it can be differentiated.
        strict: refuse a gradient that does not depend on an input, rather than give zeros.
        vectorize: accepted; penlight walks the graph once per row either way.
        outer_jacobian_strategy: the ``strategy`` of :func:`jacobian` for the gradient's Jacobian.

    Shape:
        The shape of an input followed by that of an input.

    Returns:
        One tensor; a tuple of tuples of them where the inputs are a tuple.

    Raises:
        RuntimeError: the function returns more than one element, or what strict mode refuses.
        TypeError: it returns no tensor.

    Example:
        >>> import penlight as torch
        >>> torch.autograd.functional.hessian(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]))
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """
    inputs_were_tuple, values = tensors_of(inputs, "inputs", "hessian")
    check_strategy(outer_jacobian_strategy, create_graph=create_graph, vectorize=vectorize)

    def gradient(*arguments: Any) -> Tensors:
        call = Call("hessian", func, arguments, create_graph=True, strict=strict)
        call.require_single_output()
        grads = call.gradients(call.outputs, (None,), call.inputs, create_graph=True)
        if strict:
            require_recorded(grads, "jacobian")
        return call.filled(grads, call.inputs, "output")

    found = jacobian(
        gradient,
        values,
        create_graph=create_graph,
        strict=strict,
        vectorize=vectorize,
        strategy=outer_jacobian_strategy,
    )
    return found if inputs_were_tuple else found[0][0]


def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return a function's output, and a vector times its Hessian.

    Args:
        func: takes tensors, returns a tensor of one element.
        inputs: its arguments, a tensor or a tuple of them.
        v: the vector, in the form of the inputs; may be left out for a single element.
        create_graph: record the results, so that they can be differentiated.
        strict: refuse a gradient that does not depend on the inputs, rather than give zeros.

    Returns:
        The output, and the product in the form of the inputs.

    Raises:
        RuntimeError: the function returns more than one element, ``v`` does not fit the inputs, or
            what strict mode refuses.

    Example:
        >>> import penlight as torch
        >>> x, v = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0])
        >>> torch.autograd.functional.vhp(lambda x: (x**3).sum(), x, v)
        (tensor(9.), tensor([ 6., 12.]))
    """
    return _with_hessian("vhp", func, inputs, v, create_graph=create_graph, strict=strict)


def hvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return a function's output, and its Hessian times a vector.

    The Hessian is symmetric, so this is computed as :func:`vhp` is.

    Args:
        func: takes tensors, returns a tensor of one element.
        inputs: its arguments, a tensor or a tuple of them.
        v: the vector, in the form of the inputs; may be left out for a single element.
        create_graph: record the results, so that they can be differentiated.
        strict: refuse a gradient that does not depend on the inputs, rather than give zeros.

    Returns:
        The output, and the product in the form of the inputs.

    Raises:
        RuntimeError: as :func:`vhp`.

    Example:
        >>> import penlight as torch
        >>> x, v = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0])
        >>> torch.autograd.functional.hvp(lambda x: (x**3).sum(), x, v)
        (tensor(9.), tensor([ 6., 12.]))
    """
    return _with_hessian("hvp", func, inputs, v, create_graph=create_graph, strict=strict)


def _with_hessian(
    name: str, func: Any, inputs: Any, v: Any, *, create_graph: bool, strict: bool
) -> tuple[Any, Any]:
    call = Call(name, func, inputs, create_graph=create_graph, strict=strict)
    vector = call.vector(v, call.inputs, single=call.input_is_single())
    call.require_single_output()
    first = call.gradients(call.outputs, (None,), call.inputs, create_graph=True)
    if strict:
        require_recorded(first, "jacobian")
    second = call.gradients(first, vector, call.inputs, create_graph=create_graph)
    product = call.filled(second, call.inputs, "second")
    return call.shown_outputs(), call.shown(product, call.inputs_were_tuple)
