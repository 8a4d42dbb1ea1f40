"""One step of an optimiser over all parameters of a group, written in one go and not recorded.

Each takes lists of tensors, one entry a parameter. Where the tensors do not allow it (another dtype
than float32 or float64, memory that is not contiguous or that is shared) it returns False and has
written nothing; the caller then goes parameter by parameter, or op by op.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import kernels
from .._storage import Storage
from .._tensor import Array, Tensor
from .table_memory import note_rows, rows_of, unite

__all__ = ["adagrad_step", "adam_step", "sgd_step"]

Tensors = list[Tensor]
Rows = list[Array | None] | None

# Beyond these, products with zero might not be zero, or roots be zero, in float32.
_LEAST, _MOST = 1e-30, 1e15


def sgd_step(
    params: Tensors,
    grads: Tensors,
    buffers: Tensors | None,
    *,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
    first: bool,
) -> bool:
    """Step as SGD does.

    Args:
        params: written.
        grads: the gradients.
        buffers: the momentum, written; None without.
        lr: the learning rate, as are the others an option of the optimiser.
        momentum: see there.
        dampening: see there.
        weight_decay: see there.
        nesterov: see there.
        maximize: see there.
        first: fill the buffers with the gradients.

    Returns:
        Whether the step was made.
    """
    states = [] if buffers is None else [buffers]
    # Where the gradient is zero and the momentum too, the parameter has zero added to it: it stays,
    # except that climbing turns -0 into 0.
    rows = None
    if weight_decay == 0 and not maximize and _moderate(lr, momentum, dampening):
        rows = _rows_that_change(grads, states)
    done = kernels.sgd_step(
        _arrays(params),
        _arrays(grads),
        None if buffers is None else _arrays(buffers),
        rows,
        lr,
        momentum,
        dampening,
        weight_decay,
        nesterov,
        maximize,
        first,
    )
    if done:
        _count_writes(params)
        _count_states(states, rows)
    return done


def adagrad_step(
    params: Tensors,
    grads: Tensors,
    sums: Tensors,
    steps: Tensors,
    *,
    lr: float,
    lr_decay: float,
    weight_decay: float,
    eps: float,
    maximize: bool,
) -> bool:
    """Step as Adagrad does.

    Args:
        params: written.
        grads: the gradients.
        sums: the sums of their squares, written.
        steps: how many steps were made; counted up.
        lr: the learning rate, as are the others an option of the optimiser.
        lr_decay: see there.
        weight_decay: see there.
        eps: see there.
        maximize: see there.

    Returns:
        Whether the step was made.
    """
    # Where the gradient is zero, zero over a root is added: the parameter stays unless the sum is
    # NaN, negative or, without eps, zero.
    rows = None
    if weight_decay == 0 and not maximize and eps > _LEAST and _moderate(lr):
        rows = _rows_with_gradient(grads, sums)
    done = kernels.adagrad_step(
        _arrays(params),
        _arrays(grads),
        _arrays(sums),
        _arrays(steps),
        rows,
        lr,
        lr_decay,
        weight_decay,
        eps,
        maximize,
    )
    if done:
        for written in (params, steps):
            _count_writes(written)
        _count_sums(sums, rows)
    return done


def adam_step(
    params: Tensors,
    grads: Tensors,
    exp_avgs: Tensors,
    exp_avg_sqs: Tensors,
    max_exp_avg_sqs: Tensors | None,
    steps: Tensors,
    *,
    lr: float,
    beta1: float,
    beta2: float,
    weight_decay: float,
    eps: float,
    decoupled: bool,
    maximize: bool,
) -> bool:
    """Step as Adam does.

    Args:
        params: written.
        grads: the gradients.
        exp_avgs: first moments, written.
        exp_avg_sqs: second moments, written.
        max_exp_avg_sqs: the largest second moments, written; None without.
        steps: how many steps were made; counted up.
        lr: the learning rate, as are the others an option of the optimiser.
        beta1: see there.
        beta2: see there.
        weight_decay: see there.
        eps: see there.
        decoupled: the decay shrinks the parameter.
        maximize: see there.

    Returns:
        Whether the step was made.
    """
    largest = [] if max_exp_avg_sqs is None else [max_exp_avg_sqs]
    states = [exp_avgs, exp_avg_sqs, *largest]
    # Where the gradient is zero and the moments too, zero over eps is added: the parameter stays.
    rows = None
    if weight_decay == 0 and eps > _LEAST and _moderate(lr):
        rows = _rows_that_change(grads, states)
    done = kernels.adam_step(
        _arrays(params),
        _arrays(grads),
        _arrays(exp_avgs),
        _arrays(exp_avg_sqs),
        None if max_exp_avg_sqs is None else _arrays(max_exp_avg_sqs),
        _arrays(steps),
        rows,
        lr,
        beta1,
        beta2,
        weight_decay,
        eps,
        decoupled,
        maximize,
    )
    if done:
        for written in (params, steps):
            _count_writes(written)
        _count_states(states, rows)
    return done


def _arrays(tensors: Tensors) -> list[Array]:
    return [tensor._array for tensor in tensors]


# ---- rows that cannot change (docs/decisions/0009-rows-that-cannot-change.md) --------------------


def _moderate(*values: float) -> bool:
    return all(0 <= value < _MOST for value in values)


def _rows_that_change(grads: Tensors, states: list[Tensors]) -> Rows:
    """Return for each gradient the rows where it or its state may be other than zero; None: all."""
    if not any(map(_is_noted, grads)):
        return None
    return [_united(grad, [state[at] for state in states]) for at, grad in enumerate(grads)]


def _is_noted(tensor: Tensor) -> bool:
    storage = tensor._storage
    return storage is not None and storage.rows is not None


def _united(grad: Tensor, states: Tensors) -> Array | None:
    notes = [rows_of(tensor) for tensor in (grad, *states)]
    parts = [note.indices for note in notes if note is not None]
    height = grad._array.shape[0] if len(parts) == len(notes) else 0
    # Many rows are not worth being told apart.
    if not height or 2 * max(map(len, parts)) > height:
        return None
    return parts[0] if len(parts) == 1 else unite(height, *parts)


def _rows_with_gradient(grads: Tensors, sums: Tensors) -> Rows:
    """Return for each gradient the rows where it may be other than zero; None: all."""
    if not any(map(_is_noted, grads)):
        return None
    rows: list[Array | None] = []
    for grad, total in zip(grads, sums, strict=True):
        note, known = rows_of(grad), rows_of(total)
        told_apart = note is not None and known is not None and known.regular
        rows.append(note.indices if told_apart and note is not None else None)
    return rows


def _count_states(states: list[Tensors], rows: Rows) -> None:
    """Count the writes to states, of which ``rows`` have been written."""
    for state in states:
        _count_writes(state)
        for tensor, chosen in zip(state, rows or (), strict=rows is not None):
            if chosen is not None:
                note_rows(tensor, chosen, regular=False)


def _count_sums(sums: Tensors, rows: Rows) -> None:
    """Count the writes to sums of squares, which stay regular unless a gradient was NaN."""
    before = [None if rows is None else rows_of(total) for total in sums]
    _count_writes(sums)
    for total, chosen, note in zip(sums, rows or (), before, strict=rows is not None):
        if chosen is None or note is None:
            continue
        array = total._array
        if not np.isnan(array[chosen]).any():
            note_rows(total, unite(len(array), note.indices, chosen), regular=True)


def _count_writes(tensors: Sequence[Tensor]) -> None:
    for tensor in tensors:
        storage = tensor._storage
        if storage is None:
            storage = tensor._storage = Storage()
        storage.version += 1
