"""Cross-entropy of a linear map's rows, a chunk of rows at a time: all logits never exist at once.

A reduced loss has one walk over the chunks, in forward, which makes the gradients as well where
they are wanted; backward gives them away. The loss of each row has a second walk in backward, as
its gradient is not known before. A recorded walk (``create_graph``) goes through the composition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from .. import kernels
from .._tensor import Array, Tensor, wrap
from ..autograd.grad_mode import mode
from ..autograd.views import edge_of
from ._elementwise import refuse, widened
from ._op import Saving, op
from ._recorded import differentiate
from .cross_entropy import composed
from .linear import linear
from .nll_loss import check_weight, refuse_classes
from .products import same_dtype

# nn.functional shows it; torch has no such function of its own.
__all__: list[str] = []

# Of the product that a chunk adds to the weight's gradient, so many bytes are made at a time.
_SCRATCH_BYTES = 1 << 22


class Chunks(NamedTuple):
    """How the rows are taken.

    Attributes:
        rows: so many at a time.
        kind: the dtype in which the weight's gradient is summed.
        keep: whether a second walk back may come.
    """

    rows: int
    kind: np.dtype[Any]
    keep: bool


class _Head:
    """The arguments as arrays: halves widened, in which products are taken anyway."""

    __slots__ = ("bias", "factors", "ignored", "input", "target", "weight")

    def __init__(
        self,
        input: Array,
        weight: Array,
        target: Array,
        bias: Array | None,
        factors: Array | None,
        ignored: int,
    ) -> None:
        _check(input, weight, bias, factors)
        self.input = np.ascontiguousarray(widened(input))
        self.weight = np.ascontiguousarray(widened(weight))
        self.target = np.ascontiguousarray(target)
        self.bias = None if bias is None else np.ascontiguousarray(widened(bias))
        self.factors = None if factors is None else np.ascontiguousarray(widened(factors))
        self.ignored = ignored

    def total(self) -> Any:
        """Return what the mean divides by: how much the targets weigh."""
        counted = self.target[self.target != self.ignored]
        kind = self.input.dtype.type
        return kind(counted.size) if self.factors is None else self.factors[counted].sum()


def _check(input: Array, weight: Array, bias: Array | None, factors: Array | None) -> None:
    refuse("linear_cross_entropy", input, kinds="bi")
    for other in (weight, bias):
        if other is not None:
            same_dtype(input, other)
    if factors is not None:
        check_weight(factors, len(weight), input)


class _Gradients:
    """The gradients of input, weight and bias that are wanted, added up chunk by chunk."""

    __slots__ = ("bias", "input", "weight")

    def __init__(self, head: _Head, wanted: Sequence[bool], kind: np.dtype[Any]) -> None:
        wide = head.input.dtype
        self.input = np.empty(head.input.shape, wide) if wanted[0] else None
        self.weight = np.zeros(head.weight.shape, kind) if wanted[1] else None
        self.bias = np.zeros(head.weight.shape[:1], wide) if wanted[2] else None

    def add(self, head: _Head, rows: slice, slopes: Array) -> None:
        """Add what the slopes of a chunk's logits give."""
        if self.input is not None:
            kernels.matmul(self.input[rows], slopes, head.weight)
        if self.bias is not None:
            self.bias += slopes.sum(axis=0)
        if self.weight is None:
            return
        features = head.input[rows]
        step = max(1, _SCRATCH_BYTES // max(1, features.shape[1] * features.itemsize))
        for first in range(0, len(self.weight), step):
            part = slice(first, first + step)
            of_part = slopes[:, part].T
            product = np.empty((len(of_part), features.shape[1]), features.dtype)
            kernels.matmul(product, of_part, features)
            self.weight[part] = product if not rows.start else widened(self.weight[part]) + product

    def divided(self, total: Any) -> list[Array | None]:
        """Return them for the mean."""
        made = [self.input, self.weight, self.bias]
        for position, array in enumerate(made):
            if array is not None:
                made[position] = (widened(array) / total).astype(array.dtype, copy=False)
        return made


def _walk(
    head: _Head, step: int, gradients: _Gradients | None, upstream: Array | None = None
) -> Array:
    """Return the loss of each row, and add to the gradients that are given.

    Args:
        head: the arguments.
        step: rows in a chunk.
        gradients: written.
        upstream: the gradient of each row's loss, one by default.
    """
    count, classes = len(head.input), len(head.weight)
    losses = np.empty(count, head.input.dtype)
    space = np.empty((min(step, count), classes), head.input.dtype)
    slope_space = None if gradients is None else np.empty_like(space)
    for rows in _slices(count, step):
        size = min(step, count - rows.start)
        logits, slopes = space[:size], None if slope_space is None else slope_space[:size]
        kernels.matmul(logits, head.input[rows], head.weight.T, head.bias)
        try:
            kernels.cross_entropy(
                losses[rows],
                slopes,
                logits,
                head.target[rows],
                head.factors,
                head.ignored,
                0.0,
                "none",
            )
        except IndexError:
            refuse_classes(head.target, classes, head.ignored)
        if gradients is not None and slopes is not None:
            if upstream is not None:
                slopes *= upstream[rows, None]
            gradients.add(head, rows, slopes)
    return losses


def _slices(count: int, step: int) -> Iterator[slice]:
    for first in range(0, count, step):
        yield slice(first, first + step)


# ---- the records --------------------------------------------------------------------------------


class _Made:
    """The gradients that forward made, to be given away once, or for every walk a copy."""

    __slots__ = ("arrays", "keep")

    def __init__(self, arrays: list[Array | None], *, keep: bool) -> None:
        self.arrays: list[Array | None] | None = arrays
        self.keep = keep

    def under(self, upstream: Array) -> list[Array | None]:
        """Return the gradients under that of the loss."""
        arrays = self.arrays
        if arrays is None:
            _refuse_second_walk()
        if self.keep:
            arrays = [None if array is None else array.copy() for array in arrays]
        else:
            self.arrays = None
        if upstream.item() != 1.0:
            for array in arrays:
                if array is not None:
                    array[...] = widened(array) * widened(upstream)
        return arrays


def _refuse_second_walk() -> NoReturn:
    msg = (
        "linear_cross_entropy chunked backward called twice; retain_graph=True / double backward "
        "are not supported: the gradients were given away in the first walk. "
        "LinearCrossEntropyOptions(allow_retain_graph=True) keeps them."
    )
    raise RuntimeError(msg)


@op(
    "_linear_cross_entropy_batch_chunked",
    node="GeneratedBackwardFor_torch_nn__linear_cross_entropy_batch_chunked_defaultBackward",
    method=False,
    saves=("made",),
)
def _reduced(
    input: Array,
    linear_weight: Array,
    target: Array,
    linear_bias: Array | None,
    weight: Array | None,
    ignore_index: int,
    reduction: str,
    chunks: Chunks,
    wanted: Sequence[bool],
) -> Any:
    """Return the mean or the sum of the losses of (N, in features) under (N) classes."""
    head = _Head(input, linear_weight, target, linear_bias, weight, ignore_index)
    gradients = _Gradients(head, wanted, chunks.kind) if any(wanted) else None
    loss = _walk(head, chunks.rows, gradients).sum()
    total = head.total() if reduction == "mean" else None
    if total is not None:
        loss = loss / total
    made = None
    if gradients is not None:
        # torch: nothing divides the zeros that no row has added to.
        divisor = 1 if total is None or not len(input) else total
        arrays = gradients.divided(divisor)
        made = _Made(_as(arrays, input.dtype), keep=chunks.keep)
    return Saving(np.asarray(loss).astype(input.dtype, copy=False), made=made)


def _as(arrays: Sequence[Array | None], kind: Any) -> list[Array | None]:
    return [None if array is None else array.astype(kind, copy=False) for array in arrays]


@_reduced.vjp("input", "linear_weight", "linear_bias")
def _reduced_backward(
    grad: Any,
    input: Any,
    linear_weight: Any,
    target: Any,
    linear_bias: Any,
    weight: Any,
    ignore_index: int,
    reduction: str,
    made: Any,
    needs: Any,
) -> tuple[Any, ...]:
    if mode.grad:
        given = (input, linear_weight, linear_bias)
        return _recorded(given, target, weight, ignore_index, reduction, grad, needs)
    return _wrapped(made.under(grad._array), needs)


@op(
    "_linear_cross_entropy_batch_chunked_no_reduction",
    node=(
        "GeneratedBackwardFor_torch_nn__linear_cross_entropy_batch_chunked_no_reduction_"
        "defaultBackward"
    ),
    method=False,
)
def _of_each_row(
    input: Array,
    linear_weight: Array,
    target: Array,
    linear_bias: Array | None,
    weight: Array | None,
    ignore_index: int,
    chunks: Chunks,
) -> Array:
    """Return the losses of (N, in features) under (N) classes."""
    head = _Head(input, linear_weight, target, linear_bias, weight, ignore_index)
    return _walk(head, chunks.rows, None).astype(input.dtype, copy=False)


@_of_each_row.vjp("input", "linear_weight", "linear_bias")
def _of_each_row_backward(
    grad: Any,
    input: Any,
    linear_weight: Any,
    target: Any,
    linear_bias: Any,
    weight: Any,
    ignore_index: int,
    chunks: Chunks,
    needs: Any,
) -> tuple[Any, ...]:
    given = (input, linear_weight, linear_bias)
    if mode.grad:
        return _recorded(given, target, weight, ignore_index, "none", grad, needs)
    bias, factors = (None if t is None else t._array for t in (linear_bias, weight))
    kind = input.dtype.numpy
    head = _Head(input._array, linear_weight._array, target._array, bias, factors, ignore_index)
    gradients = _Gradients(head, needs, chunks.kind)
    with np.errstate(all="ignore"):
        _walk(head, chunks.rows, gradients, widened(grad._array))
    found = [gradients.input, gradients.weight, gradients.bias]
    return _wrapped(_as(found, kind), needs)


def _wrapped(arrays: Sequence[Array | None], needs: Sequence[bool]) -> tuple[Any, ...]:
    return tuple(
        wrap(array) if need and array is not None else None
        for array, need in zip(arrays, needs, strict=True)
    )


def _recorded(
    given: tuple[Any, ...],
    target: Any,
    weight: Any,
    ignore_index: int,
    reduction: str,
    grad: Any,
    needs: Any,
) -> tuple[Any, ...]:
    def compose(input: Any, linear_weight: Any, linear_bias: Any) -> Any:
        logits = linear(input, linear_weight, linear_bias)
        return composed(logits, target, weight, ignore_index, reduction, 0.0)

    return differentiate(compose, given, grad, needs)


def linear_cross_entropy_by_chunks(
    input: Any,
    linear_weight: Any,
    target: Any,
    linear_bias: Any,
    weight: Any,
    ignore_index: int,
    reduction: str,
    chunks: Chunks,
) -> Tensor:
    """Return the loss of (N, in features) under (N) classes; shapes and dtypes are checked."""
    given = (input, linear_weight, target, linear_bias, weight, ignore_index)
    if reduction == "none":
        losses: Tensor = _of_each_row(*given, chunks)
        return losses
    trained = (input, linear_weight, linear_bias)
    wanted = [mode.grad and t is not None and edge_of(t) is not None for t in trained]
    loss: Tensor = _reduced(*given, reduction, chunks, wanted)
    return loss
