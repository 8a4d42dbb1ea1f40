"""Derivatives of functions, as functions: grad, vjp, jvp, Jacobians, the Hessian."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor, wrap
from ..autograd.grad_mode import mode
from ..autograd.views import edge_of
from ..ops.join import stack
from ._level import Level, gradients, unit_vectors
from ._tree import leaves, mapped, refilled

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


# ---- gradients -----------------------------------------------------------------------------------


def grad(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the gradient of ``func``, which returns one number.

    Args:
        func: takes tensors, also inside tuples, lists and dictionaries; returns a 0-d tensor.
        argnums: which positional arguments to differentiate for: one, or a tuple of them.
        has_aux: ``func`` returns a pair whose second part is handed through.

    Returns:
        A function of the same arguments that returns the gradient in the form of the argument (a
        tuple of them where ``argnums`` is one), or the pair of that and the second part.

    Raises:
        RuntimeError: the function's result is no 0-d tensor, or an argument number does not exist.

    Example:
        >>> import penlight as torch
        >>> torch.func.grad(torch.func.grad(torch.sin))(torch.tensor(0.5))
        tensor(-0.4794)
    """

    @functools.wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, value = grad_and_value(func, argnums, has_aux)(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def grad_and_value(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the gradient of ``func`` and its value.

    Args:
        func: as for :func:`grad`.
        argnums: as for :func:`grad`.
        has_aux: as for :func:`grad`.

    Returns:
        A function that returns the pair of gradient and value; with ``has_aux`` the value is the
        pair that ``func`` returned.

    Raises:
        RuntimeError: as for :func:`grad`.

    Example:
        >>> import penlight as torch
        >>> torch.func.grad_and_value(lambda x: x**2)(torch.tensor(3.0))
        (tensor(6.), tensor(9.))
    """

    @functools.wraps(func)
    def gradient_and_value(*args: Any, **kwargs: Any) -> Any:
        with Level() as level:
            opened, targets = _opened(level, args, argnums)
            output, aux = _split(func(*opened, **kwargs), has_aux, "grad_and_value(f)(*args)")
            _require_scalar(output)
            record = level.reaches_outside([output])
            one = wrap(np.ones_like(output._array))
            inputs = leaves(targets)
            found = level.gradients([output], [one], inputs, record=record, keep=has_aux)
            value = level.closed(output)
            aux = level.closed(aux)
        return refilled(targets, iter(found)), ((value, aux) if has_aux else value)

    return gradient_and_value


def _require_scalar(output: Any) -> None:
    if not isinstance(output, Tensor):
        msg = f"grad_and_value(f)(*args): Expected f(*args) to return a tensor, got {type(output)}"
        raise RuntimeError(msg)  # noqa: TRY004 - torch's type
    if output.dim():
        msg = (
            "grad_and_value(f)(*args): Expected f(*args) to return a scalar tensor, got tensor "
            f"with {output.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
        )
        raise RuntimeError(msg)


# ---- products ------------------------------------------------------------------------------------


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> Any:
    """Return the value of a function, and the function that multiplies its Jacobian from the left.

    Args:
        func: takes and returns tensors, also inside tuples, lists and dictionaries.
        primals: its arguments.
        has_aux: ``func`` returns a pair whose second part is handed through.

    Returns:
        The value; a function that takes cotangents in the form of the value and returns a tuple of
        products, one for each argument (one alone for one argument); the second part if there is
        one.

    Raises:
        RuntimeError: the cotangents do not have the form of the value.

    Example:
        >>> import penlight as torch
        >>> value, pull = torch.func.vjp(torch.sin, torch.tensor([0.0, 1.0]))
        >>> pull(torch.ones(2))
        (tensor([1.0000, 0.5403]),)
    """
    with Level() as level:
        opened = mapped(lambda x: _fresh(level, x, "vjp"), list(primals))
        recorded, aux = _split(func(*opened), has_aux, "vjp(f, *primals)")
        outputs = _output_leaves(recorded, "vjp(f, *primals)")
    outside = level.reaches_outside(outputs)
    inputs = leaves(opened)

    def pull(
        cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None
    ) -> tuple[Any, ...]:
        grads = _cotangents(cotangents, recorded, outputs)
        record = create_graph
        if record is None:
            record = mode.grad and (outside or any(edge_of(g) is not None for g in grads))
        found = level.gradients(outputs, grads, inputs, record=record, keep=retain_graph)
        return tuple(refilled(opened, iter(found)))

    value = level.closed(recorded)
    return (value, pull, level.closed(aux)) if has_aux else (value, pull)


def _cotangents(cotangents: Any, recorded: Any, outputs: Sequence[Any]) -> list[Any]:
    """Return cotangents as a list, refusing those that do not have the value's form."""
    grads = leaves(cotangents)
    forms = [mapped(lambda _: "*", tree) for tree in (cotangents, recorded)]
    if forms[0] != forms[1]:
        msg = (
            "Expected pytree structure of cotangents to be the same as pytree structure of outputs "
            f"to the function. cotangents: {forms[0]}, primal output: {forms[1]}"
        )
        raise RuntimeError(msg)
    for index, (grad, out) in enumerate(zip(grads, outputs, strict=True)):
        if not isinstance(grad, Tensor) or grad.shape != out.shape:
            msg = (
                f"Mismatch in shape: grad_output[{index}] has a shape of {_described([grad])} and "
                f"output[{index}] has a shape of {out.shape}."
            )
            raise RuntimeError(msg)
    return grads


def _described(values: Sequence[Any]) -> str:
    return str([list(v.shape) if isinstance(v, Tensor) else type(v).__name__ for v in values])


def jvp(
    func: Function, primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False
) -> Any:
    """Return the value of a function, and its Jacobian times tangents.

    penlight goes backward twice for it: what the first walk gives is linear in where it starts.

    Args:
        func: takes and returns tensors, also inside tuples, lists and dictionaries.
        primals: a tuple of its arguments.
        tangents: a tuple in the form of ``primals``.
        strict: refuse a value that does not depend on the arguments, rather than give zeros.
        has_aux: ``func`` returns a pair whose second part is handed through.

    Returns:
        The value; the product, in its form; the second part if there is one.

    Raises:
        RuntimeError: the tangents do not have the form of ``primals``, or what strict refuses.

    Example:
        >>> import penlight as torch
        >>> torch.func.jvp(torch.sin, (torch.tensor(0.0),), (torch.tensor(2.0),))
        (tensor(0.), tensor(2.))
    """
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple) or not given:
            msg = (
                f"jvp(f, primals, tangents): Expected {name} to be a non-empty tuple, got {given!r}"
            )
            raise RuntimeError(msg)
    push = _Pushing("jvp(f, primals, tangents)", func, primals, has_aux=has_aux)
    product = push(tangents, strict=strict)
    return (push.value, product, push.aux) if has_aux else (push.value, product)


def linearize(func: Function, *primals: Any) -> tuple[Any, Function]:
    """Return the value of a function, and the function that multiplies its Jacobian from the right.

    As :func:`jvp`, with the record kept for as many tangents as are wanted.

    Args:
        func: takes and returns tensors, also inside tuples, lists and dictionaries.
        primals: its arguments.

    Returns:
        The value, and a function of tangents in the form of the arguments.

    Raises:
        RuntimeError: the tangents do not have the form of the arguments.

    Example:
        >>> import penlight as torch
        >>> value, push = torch.func.linearize(torch.sin, torch.tensor(0.0))
        >>> push(torch.tensor(2.0))
        tensor(2.)
    """
    push = _Pushing("linearize(f, *primals)", func, primals, has_aux=False)
    return push.value, lambda *tangents: push(tangents)


class _Pushing:
    """A function recorded once, and the products with its Jacobian from the right."""

    def __init__(self, name: str, func: Function, primals: Any, *, has_aux: bool) -> None:
        self.name = name
        with Level() as self.level:
            self.opened = mapped(lambda x: _fresh(self.level, x, name), tuple(primals))
            self.inputs = leaves(self.opened)
            self.recorded, aux = _split(func(*self.opened), has_aux, name)
            self.outputs = _output_leaves(self.recorded, name)
            # Where the first walk starts; what it gives is linear in these.
            zeros = [wrap(np.zeros_like(out._array)) for out in self.outputs]
            self.starts = [self.level.fresh(zero) for zero in zeros]
            self.linear = gradients(self.outputs, self.starts, self.inputs, record=True)
        self.outside = self.level.reaches_outside(self.outputs)
        self.value, self.aux = self.level.closed(self.recorded), self.level.closed(aux)

    def __call__(self, tangents: Any, *, strict: bool = False) -> Any:
        """Return the Jacobian times tangents, in the form of the value."""
        vectors = leaves(tangents)
        if len(vectors) != len(self.inputs) or any(
            not isinstance(vector, Tensor) or vector.shape != x.shape
            for vector, x in zip(vectors, self.inputs, strict=True)
        ):
            msg = (
                f"{self.name}: Expected primals and tangents to have the same python structure and "
                f"shapes: primals are {_described(self.inputs)}, tangents {_described(vectors)}"
            )
            raise RuntimeError(msg)
        return refilled(self.recorded, iter(self.products(vectors, strict=strict)))

    def products(self, vectors: Sequence[Any], *, strict: bool = False) -> list[Any]:
        """Return the products for each output in order."""
        if strict and any(edge_of(each) is None for each in (*self.outputs, *self.linear)):
            msg = (
                f"{self.name[:-1]}, strict=True): The output of f is independent of the inputs. "
                "This is not allowed with strict=True."
            )
            raise RuntimeError(msg)
        record = mode.grad and (self.outside or any(edge_of(v) is not None for v in vectors))
        return self.level.gradients(self.linear, vectors, self.starts, record=record)


# ---- matrices ------------------------------------------------------------------------------------


def jacrev(
    func: Function,
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Function:
    """Return the function that computes the Jacobian of ``func``, by one walk per output element.

    Args:
        func: takes and returns tensors, also inside tuples, lists and dictionaries.
        argnums: which positional arguments to differentiate for: one, or a tuple of them.
        has_aux: ``func`` returns a pair whose second part is handed through.
        chunk_size: accepted; penlight goes row by row.

    Returns:
        A function of the same arguments. It returns, in the form of the value, for each output the
        Jacobians in the form of the arguments: the shape of the output, then that of the argument.

    Raises:
        ValueError: ``chunk_size`` is not positive.
        RuntimeError: an argument number does not exist.

    Example:
        >>> import penlight as torch
        >>> torch.func.jacrev(torch.sin)(torch.tensor([0.0, 1.0]))
        tensor([[1.0000, 0.0000],
                [0.0000, 0.5403]])
    """
    del _preallocate_and_copy
    if chunk_size is not None and chunk_size <= 0:
        msg = f"jacrev: `chunk_size` should be greater than 0. (got {chunk_size})"
        raise ValueError(msg)

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        with Level() as level:
            opened, targets = _opened(level, args, argnums)
            recorded, aux = _split(func(*opened, **kwargs), has_aux, "jacrev(f)(*args)")
            outputs = _output_leaves(recorded, "jacrev(f)(*args)")
            inputs = leaves(targets)
            record = level.reaches_outside(outputs)
            blocks = [_rows(level, out, inputs, record=record) for out in outputs]
            aux = level.closed(aux)
        found = refilled(recorded, (refilled(targets, iter(block)) for block in blocks))
        return (found, aux) if has_aux else found

    return jacobian


def _rows(level: Level, out: Any, inputs: Sequence[Any], *, record: bool) -> list[Any]:
    """Return the Jacobian of one output for each input, made row by row."""
    rows = [level.gradients([out], [unit], inputs, record=record) for unit in unit_vectors(out)]
    return _joined(rows, out, inputs)


def _joined(rows: Sequence[Sequence[Any]], out: Any, inputs: Sequence[Any]) -> list[Any]:
    shapes = [tuple(out.shape) + tuple(x.shape) for x in inputs]
    if not rows:
        return [
            wrap(np.zeros(shape, x._array.dtype)) for shape, x in zip(shapes, inputs, strict=True)
        ]
    columns = zip(*rows, strict=True)
    return [stack(column).reshape(shape) for column, shape in zip(columns, shapes, strict=True)]


def jacfwd(
    func: Function,
    argnums: Argnums = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
) -> Function:
    """Return the function that computes the Jacobian of ``func``, by one product per input element.

    Each product goes backward; see :func:`jvp`. torch's goes forward, and its time depends in the
    same way on the size of the inputs alone.

    Args:
        func: takes and returns tensors, also inside tuples, lists and dictionaries.
        argnums: which positional arguments to differentiate for: one, or a tuple of them.
        has_aux: ``func`` returns a pair whose second part is handed through.
        randomness: accepted; penlight calls ``func`` once.

    Returns:
        As :func:`jacrev`.

    Raises:
        RuntimeError: an argument number does not exist.

    Example:
        >>> import penlight as torch
        >>> torch.func.jacfwd(torch.sin)(torch.tensor([0.0, 1.0]))
        tensor([[1.0000, 0.0000],
                [0.0000, 0.5403]])
    """
    del randomness

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        chosen, places = _chosen(args, argnums)

        def of_chosen(*values: Any) -> Any:
            rest = list(args)
            for place, value in zip(places, values, strict=True):
                rest[place] = value
            return func(*rest, **kwargs)

        push = _Pushing("jacfwd(f)(*args)", of_chosen, chosen, has_aux=has_aux)
        targets = push.opened if isinstance(argnums, tuple) else push.opened[0]
        columns = [_columns(push, index) for index in range(len(push.inputs))]
        blocks = (refilled(targets, iter(block)) for block in zip(*columns, strict=True))
        found = refilled(push.recorded, blocks)
        return (found, push.aux) if has_aux else found

    return jacobian


def _columns(push: _Pushing, index: int) -> list[Any]:
    """Return the Jacobian of each output for one input, made column by column."""
    x = push.inputs[index]
    zeros = [wrap(np.zeros_like(other._array)) for other in push.inputs]
    products = [
        push.products([*zeros[:index], unit, *zeros[index + 1 :]]) for unit in unit_vectors(x)
    ]
    if not products:
        shapes = [tuple(out.shape) + tuple(x.shape) for out in push.outputs]
        return [wrap(np.zeros(shape, x._array.dtype)) for shape in shapes]
    return [
        stack(columns, -1).reshape(tuple(out.shape) + tuple(x.shape))
        for columns, out in zip(zip(*products, strict=True), push.outputs, strict=True)
    ]


def hessian(func: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes the Hessian of ``func``: ``jacfwd(jacrev(func))``.

    Args:
        func: takes and returns tensors, also inside tuples, lists and dictionaries.
        argnums: which positional arguments to differentiate for: one, or a tuple of them.

    Returns:
        A function of the same arguments.

    Raises:
        RuntimeError: an argument number does not exist.

    Example:
        >>> import penlight as torch
        >>> torch.func.hessian(lambda x: (x**3).sum())(torch.tensor([1.0, 2.0]))
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


# ---- arguments and results -----------------------------------------------------------------------


def _chosen(args: tuple[Any, ...], argnums: Any) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    """Return the arguments that ``argnums`` names, and their places."""
    if not isinstance(argnums, (int, tuple)) or isinstance(argnums, bool):
        msg = f"argnums must be int or Tuple[int, ...], got: {type(argnums)}"
        raise RuntimeError(msg)  # noqa: TRY004 - torch's type
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    if not numbers:
        msg = "argnums must be non-empty"
        raise RuntimeError(msg)
    for number in numbers:
        if not isinstance(number, int):
            msg = f"argnums must be int or Tuple[int, ...], got a tuple with {type(number)}"
            raise RuntimeError(msg)  # noqa: TRY004 - torch's type
        if not -len(args) <= number < len(args):
            msg = f"Got argnum={number}, but only {len(args)} positional inputs"
            raise RuntimeError(msg)
    places = tuple(number % len(args) for number in numbers)
    if len(set(places)) != len(places):
        msg = f"argnums elements must be unique, got {argnums}"
        raise RuntimeError(msg)
    return tuple(args[place] for place in places), places


def _opened(level: Level, args: tuple[Any, ...], argnums: Any) -> tuple[list[Any], Any]:
    """Return the arguments with those to differentiate for made afresh, and the latter."""
    chosen, places = _chosen(args, argnums)
    targets = tuple(mapped(lambda x: _fresh(level, x, "grad"), value) for value in chosen)
    opened = list(args)
    for place, target in zip(places, targets, strict=True):
        opened[place] = target
    return opened, targets if isinstance(argnums, tuple) else targets[0]


def _fresh(level: Level, value: Any, name: str) -> Any:
    if not isinstance(value, Tensor):
        msg = f"Thing passed to transform API must be Tensor, got {type(value)}, in {name}"
        raise ValueError(msg)  # noqa: TRY004 - torch's type
    return level.fresh(value)


def _split(result: Any, has_aux: bool, name: str) -> tuple[Any, Any]:
    """Return what a function returned as its value and what it returned beside it."""
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        msg = (
            f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True, "
            f"got {type(result)}"
        )
        raise RuntimeError(msg)
    return result


def _output_leaves(result: Any, name: str) -> list[Any]:
    found = leaves(result)
    for value in found:
        if not isinstance(value, Tensor):
            msg = f"{name}: Expected f to return only tensors, got {type(value)}"
            raise RuntimeError(msg)  # noqa: TRY004 - torch's type
    return found
