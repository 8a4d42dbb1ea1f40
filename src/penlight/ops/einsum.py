"""Sums of products over named dimensions: einsum, tensordot, kron."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NoReturn

from .._tensor import Tensor
from ._op import attach
from ._results import written
from .dims import permute
from .products import bmm, dot, mm
from .shape import reshape, unsafe_view, view_as_shape

__all__ = ["einsum", "inner", "kron", "tensordot"]

_ELLIPSIS = "."
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _refuse(message: str) -> NoReturn:
    msg = f"einsum(): {message}"
    raise RuntimeError(msg)


# ---- reading the equation ------------------------------------------------------------------------


def _subscripts(text: str) -> list[str]:
    """Return one side's labels; ``...`` is a label of its own."""
    labels, place = [], 0
    while place < len(text):
        letter = text[place]
        if text.startswith("...", place):
            if _ELLIPSIS in labels:
                _refuse("found '.' for an operand for which an ellipsis was already found")
            labels.append(_ELLIPSIS)
            place += 3
            continue
        if letter not in _LETTERS and letter != " ":
            _refuse(
                f"invalid subscript given at index {place} in the equation string, subscripts must "
                "be in [a-zA-Z]"
            )
        if letter != " ":
            labels.append(letter)
        place += 1
    return labels


def _parse(equation: str, count: int) -> tuple[list[list[str]], list[str] | None]:
    left, arrow, right = equation.partition("->")
    inputs = [_subscripts(part) for part in left.split(",")]
    if len(inputs) != count:
        kind = "fewer" if count < len(inputs) else "more"
        _refuse(f"{kind} operands were provided than specified in the equation")
    return inputs, _subscripts(right) if arrow else None


def _spelled_out(inputs: list[list[str]], operands: Sequence[Any]) -> tuple[list[list[Any]], int]:
    """Replace each ellipsis by numbered labels, aligned at the right; say how many too."""
    covered = 0
    for number, (labels, operand) in enumerate(zip(inputs, operands, strict=True)):
        ndim, named = operand._array.ndim, len([label for label in labels if label != _ELLIPSIS])
        if _ELLIPSIS in labels:
            if named > ndim:
                _refuse(
                    f"the number of subscripts in the equation ({named}) is more than the number "
                    "of "
                    f"dimensions ({ndim}) for operand {number}"
                )
            covered = max(covered, ndim - named)
        elif named != ndim:
            _refuse(
                f"the number of subscripts in the equation ({named}) does not match the number of "
                f"dimensions ({ndim}) for operand {number} and no ellipsis was given"
            )
    spelled = []
    for labels, operand in zip(inputs, operands, strict=True):
        own = operand._array.ndim - len(labels) + 1
        spelled.append(_without_ellipsis(labels, range(covered - own, covered)))
    return spelled, covered


def _without_ellipsis(labels: Sequence[Any], numbers: Any) -> list[Any]:
    return list(
        itertools.chain.from_iterable(
            numbers if label == _ELLIPSIS else [label] for label in labels
        )
    )


def _output(inputs: list[list[Any]], wanted: list[str] | None, covered: int) -> list[Any]:
    """Return the result's labels: those given, or the ellipsis and what comes just once, sorted."""
    every = list(itertools.chain.from_iterable(inputs))
    if wanted is None:
        once = sorted(
            label for label in set(every) if isinstance(label, str) and every.count(label) == 1
        )
        return [*range(covered), *once]
    for label in wanted:
        if wanted.count(label) > 1:
            _refuse(f"output subscript {label} appears more than once in the output")
        if label != _ELLIPSIS and label not in every:
            _refuse(
                f"output subscript {label} does not appear in the equation for any input operand"
            )
    return _without_ellipsis(wanted, range(covered))


def _lengths(inputs: list[list[Any]], operands: Sequence[Any]) -> dict[Any, int]:
    lengths: dict[Any, int] = {}
    for number, (labels, operand) in enumerate(zip(inputs, operands, strict=True)):
        own: dict[Any, int] = {}
        for label, length in zip(labels, operand._array.shape, strict=True):
            if own.setdefault(label, length) != length:
                _refuse(
                    f"subscript {label} is repeated for operand {number} but the sizes don't "
                    "match, "
                    f"{length} != {own[label]}"
                )
            seen = lengths.get(label, 1)
            if length not in {1, seen} and seen != 1:
                _refuse(
                    f"subscript {label} has size {length} for operand {number} which does not "
                    f"broadcast with previously seen size {seen}"
                )
            lengths[label] = max(seen, length) if length and seen else 0
    return lengths


# ---- computing -----------------------------------------------------------------------------------


def _aligned(operand: Any, labels: list[Any], order: list[Any]) -> Any:
    """Return an operand with a dimension for each label of ``order``; repeats are diagonals."""
    labels = list(labels)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            operand = operand.diagonal(0, first, second)
            del labels[second], labels[first]
            labels.append(label)
    missing = [label for label in order if label not in labels]
    for _ in missing:
        operand = operand.unsqueeze(-1)
    labels += missing
    return permute(operand, [labels.index(label) for label in order])


def _contracted(a: Any, b: Any, summed: list[int]) -> Any:
    """Return the product of aligned operands summed over dimensions, which stay with length 1."""
    size_a, size_b = a._array.shape, b._array.shape
    for dim in list(summed):
        if size_a[dim] != size_b[dim]:
            # Only one of the two has this dimension: add it up there, before multiplying.
            a = a.sum(dim, True) if size_b[dim] == 1 else a
            b = b.sum(dim, True) if size_a[dim] == 1 else b
    size_a, size_b = a._array.shape, b._array.shape
    summed = [dim for dim in summed if size_a[dim] != 1]
    if not summed:
        return a * b
    rest = [dim for dim in range(len(size_a)) if dim not in summed]
    both = [dim for dim in rest if size_a[dim] == size_b[dim]]
    left = [dim for dim in rest if dim not in both and size_b[dim] == 1]
    right = [dim for dim in rest if dim not in both and dim not in left]

    def size(shape: tuple[int, ...], dims: list[int]) -> int:
        return math.prod(shape[dim] for dim in dims)

    batch, inner = size(size_a, both), size(size_a, summed)
    rows = reshape(permute(a, [*both, *left, *summed, *right]), batch, size(size_a, left), inner)
    columns = reshape(
        permute(b, [*both, *summed, *right, *left]), batch, inner, size(size_b, right)
    )
    order = [*both, *left, *right, *summed]
    shape = [1 if dim in summed else max(size_a[dim], size_b[dim]) for dim in order]
    for place, dim in enumerate(order):
        if dim not in summed and 0 in {size_a[dim], size_b[dim]}:
            shape[place] = 0
    product = reshape(bmm(rows, columns), shape)
    return permute(product, [order.index(dim) for dim in range(len(order))])


def _evaluate(operands: list[Any], inputs: list[list[Any]], out: list[Any]) -> Tensor:
    """Multiply from left to right, each label summed as soon as no later operand has it."""
    summed = [
        label for label in dict.fromkeys(itertools.chain.from_iterable(inputs)) if label not in out
    ]
    order = [*out, *summed]
    aligned = [_aligned(o, labels, order) for o, labels in zip(operands, inputs, strict=True)]
    last = {label: number for number, labels in enumerate(inputs) for label in labels}
    result = aligned[0]
    if len(aligned) == 1:
        return result.sum(tuple(range(len(out), len(order)))) if summed else result
    early = [order.index(label) for label in summed if last[label] == 0]
    if early:
        result = result.sum(tuple(early), True)
    for number, operand in enumerate(aligned[1:], 1):
        done = [order.index(label) for label in summed if last[label] == number]
        result = _contracted(result, operand, done) if done else result * operand
    return view_as_shape(result, result._array.shape[: len(out)]) if summed else result


def einsum(*args: Any) -> Tensor:
    """Multiply tensors and add up along the dimensions that the equation leaves out.

    Args:
        args: the equation, such as ``"ij,jk->ik"``, and then the operands (or one list of them). A
            letter names a dimension, ``...`` the ones without a name. Without ``->`` the result has
            the letters that come once, in alphabetical order. Or each operand followed by a list of
            numbers that name its dimensions, and last the list of the result's.

    Raises:
        RuntimeError: the equation does not fit the operands.

    Example:
        >>> import penlight as torch
        >>> torch.einsum("ij,j->i", torch.ones(2, 3), torch.ones(3))
        tensor([3., 3.])
    """
    if len(args) < 2:
        msg = (
            "einsum(): must specify the equation string and at least one operand, or at least "
            "one operand "
            "and its subscripts list"
        )
        raise ValueError(msg)
    if isinstance(args[0], Tensor):
        return einsum(*_from_lists(args))
    equation, operands = args[0], list(args[1:])
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = list(operands[0])
    labels, wanted = _parse(equation, len(operands))
    inputs, covered = _spelled_out(labels, operands)
    out = _output(inputs, wanted, covered)
    _lengths(inputs, operands)
    return _evaluate(operands, inputs, out)


def _from_lists(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the equation and operands of the form with lists of numbers."""

    def letters(numbers: Any) -> str:
        return "".join("..." if n is Ellipsis else _LETTERS[(n + 26) % 52] for n in numbers)

    pairs = len(args) // 2
    equation = ",".join(letters(args[2 * i + 1]) for i in range(pairs))
    if len(args) % 2:
        equation += "->" + letters(args[-1])
    return (equation, *args[: 2 * pairs : 2])


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """Multiply two tensors and add up along pairs of dimensions.

    Args:
        a: a tensor.
        b: a tensor.
        dims: how many of the last dimensions of ``a`` meet the first of ``b``; or two lists of
            dimensions.
        out: where to write the result.

    Raises:
        RuntimeError: the dimensions that meet have different lengths.

    Example:
        >>> import penlight as torch
        >>> torch.tensordot(torch.ones(2, 3), torch.ones(3, 4), 1).shape
        torch.Size([2, 4])
    """
    first, second = _met(a, b, dims)
    size_a, size_b = a._array.shape, b._array.shape
    for i, j in zip(first, second, strict=True):
        if size_a[i] != size_b[j] and 1 not in {size_a[i], size_b[j]}:
            msg = (
                f"contracted dimensions need to match, but first has size {size_a[i]} in dim {i} "
                "and "
                f"second has size {size_b[j]} in dim {j}"
            )
            raise RuntimeError(msg)
    # torch: a dimension of one element meets any, whose sum it multiplies
    a = _summed(a, [i for i, j in zip(first, second, strict=True) if size_b[j] == 1])
    b = _summed(b, [j for i, j in zip(first, second, strict=True) if size_a[i] == 1])
    size_a, size_b = a._array.shape, b._array.shape
    first = [i % len(size_a) for i in first]
    second = [j % len(size_b) for j in second]
    kept_a = [i for i in range(len(size_a)) if i not in first]
    kept_b = [j for j in range(len(size_b)) if j not in second]
    inner = math.prod(size_a[i] for i in first)
    shape = [*(size_a[i] for i in kept_a), *(size_b[j] for j in kept_b)]
    rows = reshape(permute(a, [*kept_a, *first]), math.prod(size_a[i] for i in kept_a), inner)
    columns = reshape(permute(b, [*second, *kept_b]), inner, math.prod(size_b[j] for j in kept_b))
    if rows._array.shape[0] == columns._array.shape[1] == 1:
        product = dot(reshape(rows, inner), reshape(columns, inner))
    else:
        product = mm(rows, columns)
    return written(out, reshape(product, shape))


def _summed(input: Tensor, dims: list[int]) -> Tensor:
    """Return the sum over the dimensions of more than one element, which are kept."""
    dims = [dim for dim in dims if input._array.shape[dim] != 1]
    out: Tensor = input.sum(dims, True) if dims else input
    return out


def _met(a: Any, b: Any, dims: Any) -> tuple[list[int], list[int]]:
    """Return the dimensions of ``a`` and of ``b`` that meet."""
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            msg = f"tensordot expects dims >= 0, but got dims={dims}"
            raise RuntimeError(msg)
        if dims > min(a._array.ndim, b._array.ndim):
            msg = f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}"
            raise RuntimeError(msg)
        return list(range(-dims, 0)), list(range(dims))
    first, second = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(first) != len(second):
        msg = "both dimension lists should have same length"
        raise RuntimeError(msg)
    return first, second


def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Multiply along the last dimension of both and add up.

    Example:
        >>> import penlight as torch
        >>> torch.inner(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
        tensor(11.)
    """
    if not input._array.ndim or not other._array.ndim:
        return written(out, input * other)
    if input._array.shape[-1] != other._array.shape[-1]:
        msg = (
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
        raise RuntimeError(msg)
    return tensordot(input, other, ([-1], [-1]), out)


def kron(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the Kronecker product: every element of ``input`` times all of ``other``.

    Example:
        >>> import penlight as torch
        >>> torch.kron(torch.tensor([1, 2]), torch.tensor([1, 10]))
        tensor([ 1, 10,  2, 20])
    """
    ndim = max(input._array.ndim, other._array.ndim)
    size_a, size_b = ((1,) * (ndim - len(s)) + s for s in (input._array.shape, other._array.shape))
    wide_a = reshape(input, [n for length in size_a for n in (length, 1)])
    wide_b = reshape(other, [n for length in size_b for n in (1, length)])
    product = wide_a * wide_b
    shape = tuple(m * n for m, n in zip(size_a, size_b, strict=True))
    result: Tensor = unsafe_view(product, shape)
    return written(out, result)


attach(inner)
attach(kron)
