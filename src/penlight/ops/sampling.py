"""Random tensors and in-place samplers: torch's functions, messages and gradients (all zero)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._dtype import (
    FROM_NUMPY,
    dtype as DType,  # noqa: N812 - the parameters below are named dtype, as torch's
)
from .._tensor import Array, Tensor, wrap
from ..autograd.grad_mode import mode
from ..autograd.graph import Node
from ..autograd.views import edge_of, storage_of
from ..random import Generator, current_generator
from . import _draw, _draw_checked
from ._creating import made, numpy_dtype_of, shape_of
from ._op import attach
from ._runtime import write_result

__all__ = [
    "bernoulli",
    "multinomial",
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
]

# ---- shared --------------------------------------------------------------------------------------


class _Erased(Node):
    """The history of random numbers: every input's gradient is zero."""

    __slots__ = ("layouts",)

    def __init__(self, edges: tuple[Any, ...], layouts: Sequence[tuple[Any, Any]]) -> None:
        super().__init__(edges)
        self.layouts = layouts

    def backward(self, grads: Any, edges: tuple[Any, ...]) -> tuple[Any, ...]:  # noqa: ARG002
        """Return zeros for each input that wants a gradient."""
        return tuple(
            None if edge is None else wrap(np.zeros(shape, dtype))
            for edge, (shape, dtype) in zip(edges, self.layouts, strict=True)
        )


_nodes: dict[str, type[_Erased]] = {}


def erased(name: str, inputs: Sequence[Tensor]) -> _Erased:
    kind = _nodes.get(name)
    if kind is None:
        kind = _nodes[name] = type(name, (_Erased,), {"__slots__": ()})
    layouts = [(tensor._array.shape, tensor._array.dtype) for tensor in inputs]
    return kind(tuple(map(edge_of, inputs)), layouts)


def recorded(out: Tensor, name: str, *inputs: Any) -> Tensor:
    """Give ``out`` a history from those ``inputs`` that are tensors, if any requires grad."""
    tensors = [value for value in inputs if isinstance(value, Tensor)]
    if mode.grad and any(edge_of(tensor) is not None for tensor in tensors):
        out._edge = erased(name, tensors)
    return out


def generator_of(function: str, generator: Any) -> Generator:
    """Return the generator to draw from."""
    if generator is None:
        return current_generator()
    if not isinstance(generator, Generator):
        msg = (
            f"{function}() received an invalid combination of arguments: argument 'generator' must "
            f"be torch.Generator, not {type(generator).__name__}"
        )
        raise TypeError(msg)
    return generator


def _take_size(options: dict[str, Any], size: tuple[Any, ...], function: str) -> tuple[int, ...]:
    """Return the shape given as numbers, one sequence, or ``size=``."""
    if not size:
        if "size" not in options:
            msg = f"{function}() received an invalid combination of arguments: it takes a size"
            raise TypeError(msg)
        size = (options.pop("size"),)
    elif len(size) == 1 and isinstance(size[0], str):
        msg = f"{function}(): argument 'size' (position 1) must be tuple of ints, not str"
        raise TypeError(msg)
    return shape_of(function, size)


def _produce(
    shape: tuple[int, ...],
    dtype: Any,
    draw: Callable[[Array], None],
    out: Tensor | None,
    default: Any = None,
    **options: Any,
) -> Tensor:
    """Make a tensor, or take ``out``, and draw into it."""
    if out is None:
        array = np.empty(shape, numpy_dtype_of(dtype, default))
        draw(array)
        return made(array, **options)
    own = out._array.dtype
    if dtype is not None and numpy_dtype_of(dtype) != own:
        msg = (
            f"dtype {dtype.scalar_type} does not match dtype of out parameter "
            f"({FROM_NUMPY[own].scalar_type})"
        )
        raise RuntimeError(msg)
    if out._array.shape == shape:
        with_grad = mode.grad and edge_of(out) is not None
        if not with_grad:
            draw(out._array)
            storage_of(out).version += 1
            return out
    array = np.empty(shape, own)
    draw(array)
    written: Tensor = write_result(out, wrap(array))
    return written


# ---- uniform and normal --------------------------------------------------------------------------


def rand(
    *size: Any,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: DType | None = None,
    **options: Any,
) -> Tensor:
    """Make a tensor of uniform numbers in [0, 1).

    Args:
        size: the lengths, as numbers or one sequence.
        generator: where to draw from; the default generator when not given.
        out: a tensor to fill.
        dtype: a floating dtype; the default one when not given.
        options: ``layout``, ``device``, ``pin_memory``, ``requires_grad``.

    Example:
        >>> import penlight as torch
        >>> generator = torch.manual_seed(0)
        >>> torch.rand(3)
        tensor([0.4963, 0.7682, 0.0885])
    """
    shape = _take_size(options, size, "rand")
    source = generator_of("rand", generator)
    return _produce(
        shape, dtype, lambda a: _draw_checked.uniform_into(a, source, 0.0, 1.0), out, **options
    )


def randn(
    *size: Any,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: DType | None = None,
    **options: Any,
) -> Tensor:
    """Make a tensor of standard normal numbers; arguments as for :func:`rand`.

    Example:
        >>> import penlight as torch
        >>> generator = torch.manual_seed(0)
        >>> torch.randn(2, 2)
        tensor([[ 1.5410, -0.2934],
                [-2.1788,  0.5684]])
    """
    shape = _take_size(options, size, "randn")
    source = generator_of("randn", generator)
    return _produce(
        shape, dtype, lambda a: _draw_checked.normal_into(a, source, 0.0, 1.0), out, **options
    )


def _like(
    input: Tensor,
    dtype: DType | None,
    draw: Callable[[Array], None],
    options: dict[str, Any],
) -> Tensor:
    """Draw into new memory of the shape and layout of ``input``."""
    options.pop("memory_format", None)
    array = np.empty_like(input._array, numpy_dtype_of(dtype, input._array.dtype), order="K")
    draw(array)
    return made(array, **options)


def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    **options: Any,
) -> Tensor:
    """Make uniform numbers in [0, 1) of the shape and dtype of ``input``.

    Example:
        >>> import penlight as torch
        >>> torch.rand_like(torch.zeros(2, 3)).shape
        torch.Size([2, 3])
    """
    source = generator_of("rand_like", generator)
    return _like(input, dtype, lambda a: _draw_checked.uniform_into(a, source, 0.0, 1.0), options)


def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    **options: Any,
) -> Tensor:
    """Make standard normal numbers of the shape and dtype of ``input``.

    Example:
        >>> import penlight as torch
        >>> torch.randn_like(torch.zeros(2, 3)).shape
        torch.Size([2, 3])
    """
    source = generator_of("randn_like", generator)
    return _like(input, dtype, lambda a: _draw_checked.normal_into(a, source, 0.0, 1.0), options)


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: DType | None = None,
    **options: Any,
) -> Tensor:
    """Draw normal numbers with given means and standard deviations.

    Args:
        mean: a number or a tensor of means.
        std: a number or a tensor of standard deviations; the shapes broadcast.
        size: the shape, when both are numbers.
        generator: where to draw from.
        out: a tensor to fill.
        dtype: of the result when both are numbers.
        options: as for :func:`rand`, when both are numbers.

    Raises:
        RuntimeError: a standard deviation is negative.

    Example:
        >>> import penlight as torch
        >>> generator = torch.manual_seed(0)
        >>> torch.normal(0.0, torch.tensor([1.0, 10.0]))
        tensor([ 1.5410, -2.9343])
    """
    source = generator_of("normal", generator)
    if isinstance(mean, Tensor) or isinstance(std, Tensor):
        if out is not None:
            filled: Tensor = write_result(out, _normal_each(source, mean, std))
            return filled
        return _normal_each(source, mean, std)
    if size is None:
        msg = (
            "normal() received an invalid combination of arguments - got "
            f"({type(mean).__name__}, {type(std).__name__}): two numbers need a size"
        )
        raise TypeError(msg)
    shape = shape_of("normal", (size,))
    return _produce(
        shape,
        dtype,
        lambda a: _draw_checked.normal_into(a, source, float(mean), float(std)),
        out,
        **options,
    )


def _normal_each(generator: Generator, mean: Any, std: Any) -> Tensor:
    """Draw with a tensor of means, of deviations, or both."""
    if not isinstance(std, Tensor):
        array = np.empty(mean._array.shape, mean._array.dtype)
        _draw_checked.normal_into(array, generator, 0.0, float(std))
        array += mean._array
        return recorded(wrap(array), "NormalBackward1", mean)
    deviations = std._array
    if deviations.size and not (deviations >= 0).all():
        worst = deviations.min()
        msg = f"normal expects all elements of std >= 0.0, but the smallest is {worst}"
        raise RuntimeError(msg)
    if not isinstance(mean, Tensor):
        array = np.empty(deviations.shape, deviations.dtype)
        _draw_checked.normal_into(array, generator, 0.0, 1.0)
        array *= deviations
        array += array.dtype.type(mean)
        return recorded(wrap(array), "NormalBackward2", std)
    try:
        shape = np.broadcast_shapes(mean._array.shape, deviations.shape)
    except ValueError:
        from ._check import broadcastable  # noqa: PLC0415 - only to word the error

        broadcastable(mean._array, deviations)
        raise
    array = np.empty(shape, mean._array.dtype)
    _draw_checked.normal_into(array, generator, 0.0, 1.0)
    array[...] = array * deviations + mean._array
    return recorded(wrap(array), "NormalBackward3", mean, std)


# ---- whole numbers -------------------------------------------------------------------------------


def randint(
    low: Any = 0,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: DType | None = None,
    **options: Any,
) -> Tensor:
    """Make a tensor of whole numbers from ``low`` to ``high`` - 1, all equally likely.

    Args:
        low: the smallest number; ``randint(high, size)`` starts at 0.
        high: one above the largest.
        size: the shape.
        generator: where to draw from.
        out: a tensor to fill.
        dtype: int64 when not given.
        options: as for :func:`rand`.

    Raises:
        RuntimeError: ``low`` is not below ``high``, or the dtype cannot hold them.

    Example:
        >>> import penlight as torch
        >>> generator = torch.manual_seed(0)
        >>> torch.randint(3, 10, (4,))
        tensor([7, 6, 3, 5])
    """
    low, high, size = _bounds("randint", low, high, size)
    shape = shape_of("randint", (size,))
    source = generator_of("randint", generator)
    return _produce(
        shape,
        dtype,
        lambda a: _draw_checked.integers_into(a, source, low, high),
        out,
        np.dtype(np.int64),
        **options,
    )


def _bounds(function: str, low: Any, high: Any, size: Any) -> tuple[int, int, Any]:
    """Tell ``f(high, size)`` from ``f(low, high, size)``."""
    if size is None and high is not None and not hasattr(high, "__index__"):
        high, size = None, high
    if high is None:
        low, high = 0, low
    if size is None:
        msg = f"{function}() received an invalid combination of arguments: it takes a size"
        raise TypeError(msg)
    return (
        _draw_checked.long(function, "low", low),
        _draw_checked.long(function, "high", high),
        size,
    )


def randint_like(
    input: Tensor,
    low: Any = 0,
    high: Any = None,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    **options: Any,
) -> Tensor:
    """Make whole numbers from ``low`` to ``high`` - 1 of the shape and dtype of ``input``.

    Example:
        >>> import penlight as torch
        >>> torch.randint_like(torch.zeros(2), 1)
        tensor([0., 0.])
    """
    low, high, _ = _bounds("randint_like", low, high, ())
    source = generator_of("randint_like", generator)
    return _like(input, dtype, lambda a: _draw_checked.integers_into(a, source, low, high), options)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: DType | None = None,
    **options: Any,
) -> Tensor:
    """Make a random permutation of 0 … ``n`` - 1.

    Args:
        n: how many.
        generator: where to draw from.
        out: a tensor to fill.
        dtype: int64 when not given.
        options: as for :func:`rand`.

    Raises:
        RuntimeError: ``n`` is negative, or the dtype cannot hold ``n`` different numbers.

    Example:
        >>> import penlight as torch
        >>> generator = torch.manual_seed(0)
        >>> torch.randperm(5)
        tensor([4, 0, 1, 3, 2])
    """
    (n,) = shape_of("randperm", ((_draw_checked.long("randperm", "n", n),),))
    source = generator_of("randperm", generator)

    def draw(array: Array) -> None:
        _draw_checked.check_permutation(array, n)
        array[...] = _draw.permutation(source, n)

    return _produce((n,), dtype, draw, out, np.dtype(np.int64), **options)


# ---- choices -------------------------------------------------------------------------------------


def bernoulli(
    input: Tensor,
    p: float | None = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Draw zeros and ones, each one with the probability that ``input`` has there.

    Args:
        input: probabilities, floating.
        p: one probability for all; ``input`` then gives shape and dtype only.
        generator: where to draw from.
        out: a tensor to fill, of any dtype.

    Raises:
        RuntimeError: a probability is not in [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.bernoulli(torch.tensor([0.0, 1.0]))
        tensor([0., 1.])
    """
    source = generator_of("bernoulli", generator)
    array = input._array
    if p is not None:
        _draw_checked.check_p(p)

    def draw(target: Array) -> None:
        if p is None:
            _draw_checked.bernoulli_each_into(target, source, array)
        else:
            _draw.bernoulli(source, target, float(p))

    if out is not None:
        return _produce(array.shape, None, draw, out)
    result = np.empty_like(array, order="K")
    draw(result)
    return recorded(wrap(result), "BernoulliBackward0", input)


def multinomial(
    input: Tensor,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Draw categories by weight; each row of ``input`` is a distribution, normalised or not.

    Args:
        input: weights, floating.
        num_samples: how many to draw per row.
        replacement: whether one category can come twice.
        generator: where to draw from.
        out: an int64 tensor to fill.

    Shape:
        - input: :math:`(C)` or :math:`(N, C)`; output: :math:`(S)` or :math:`(N, S)`

    Raises:
        RuntimeError: a weight is negative, infinite or NaN, all of a row are zero, or without
            replacement more samples are asked for than there are categories.

    Example:
        >>> import penlight as torch
        >>> torch.multinomial(torch.tensor([0.0, 3.0, 0.0]), 2, replacement=True)
        tensor([1, 1])
    """
    source = generator_of("multinomial", generator)
    weights = input._array
    target = None if out is None else out._array
    _draw_checked.check_multinomial(weights, num_samples, target, replacement=replacement)
    distinct = not replacement or num_samples == 1
    if weights.size:
        _draw_checked.check_weights(weights, distinct=distinct)
    draw = _draw.multinomial_distinct if distinct else _draw.multinomial_repeated

    def compute() -> Tensor:
        if not weights.size:
            return wrap(np.empty((*weights.shape[:-1], num_samples), np.int64))
        return wrap(draw(source, np.ascontiguousarray(weights), num_samples))

    result: Tensor = compute() if out is None else write_result(out, compute())
    return result


for _function in (bernoulli, multinomial):
    attach(_function)
