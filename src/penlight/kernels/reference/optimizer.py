"""One step of an optimiser over the parameters of a group.

Each takes lists of arrays, one entry a parameter. Where the arrays do not allow a step in one go it
returns False and has written nothing: they must all be C-contiguous, writable and of the first
parameter's dtype, float32 or float64, and those of one parameter of its shape; none that is written
may share memory with another.

``rows`` is None, or has for each parameter None or the rows of a matrix that are stepped, rising;
the others stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

Array = np.ndarray[Any, Any]
Arrays = list[Array]
Rows = list[Array | None] | None

_KINDS = {np.dtype(np.float32), np.dtype(np.float64)}


@np.errstate(all="ignore")
def sgd_step(
    params: Arrays,
    grads: Arrays,
    buffers: Arrays | None,
    rows: Rows,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
    first: bool,
) -> bool:
    """Descend, with momentum.

    Args:
        params: written.
        grads: the gradients.
        buffers: the momentum, written; None without.
        rows: which rows to step.
        lr: the learning rate.
        momentum: how much of the buffer stays.
        dampening: how much of the gradient does not enter the buffer.
        weight_decay: how much of the parameter is added to the gradient.
        nesterov: look ahead along the momentum.
        maximize: climb.
        first: fill the buffers with the gradients.

    Returns:
        Whether the step was made.

    Raises:
        ValueError: the lists' lengths do not fit.
        IndexError: rows do not rise or leave the matrix.
    """
    if momentum != 0 and buffers is None:
        message = "buffers: momentum needs them"
        raise ValueError(message)
    states = [] if buffers is None else [buffers]
    if not _check(params, grads, states, None, rows):
        return False
    for param, grad, *state in _chosen(rows, params, grads, *states):
        step = _descended(grad, param, weight_decay, maximize=maximize)
        if momentum != 0:
            (buffer,) = state
            if first:
                buffer[...] = step
            else:
                buffer[...] *= momentum
                buffer[...] += step * _as(buffer, 1 - dampening)
            step = step + buffer * _as(buffer, momentum) if nesterov else buffer
        param[...] += step * _as(param, -lr)
    return True


@np.errstate(all="ignore")
def adagrad_step(
    params: Arrays,
    grads: Arrays,
    sums: Arrays,
    steps: Arrays,
    rows: Rows,
    lr: float,
    lr_decay: float,
    weight_decay: float,
    eps: float,
    maximize: bool,
) -> bool:
    """Descend by the gradient over the root of the sum of its squares.

    Args:
        params: written.
        grads: the gradients.
        sums: the sums of squares, written.
        steps: the numbers of steps made, one element each; counted up.
        rows: which rows to step.
        lr: the learning rate.
        lr_decay: the rate is divided by one plus this for each step made.
        weight_decay: how much of the parameter is added to the gradient.
        eps: added to the root.
        maximize: climb.

    Returns:
        Whether the step was made.

    Raises:
        ValueError: the lists' lengths do not fit.
        IndexError: rows do not rise or leave the matrix.
    """
    if not _check(params, grads, [sums], steps, rows):
        return False
    chosen = _chosen(rows, params, grads, sums)
    for (param, grad, total), count in zip(chosen, _counted(steps), strict=True):
        step = _descended(grad, param, weight_decay, maximize=maximize)
        total[...] += step * step
        rate = -(lr / (1 + (count - 1) * lr_decay))
        param[...] += step * _as(param, rate) / (np.sqrt(total) + _as(param, eps))
    return True


@np.errstate(all="ignore")
def adam_step(
    params: Arrays,
    grads: Arrays,
    exp_avgs: Arrays,
    exp_avg_sqs: Arrays,
    max_exp_avg_sqs: Arrays | None,
    steps: Arrays,
    rows: Rows,
    lr: float,
    beta1: float,
    beta2: float,
    weight_decay: float,
    eps: float,
    decoupled: bool,
    maximize: bool,
) -> bool:
    """Descend by the first moment over the root of the second.

    Args:
        params: written.
        grads: the gradients.
        exp_avgs: first moments, written.
        exp_avg_sqs: second moments, written.
        max_exp_avg_sqs: the largest second moments, written and used; None without.
        steps: the numbers of steps made, one element each; counted up.
        rows: which rows to step.
        lr: the learning rate.
        beta1: how much of the first moment stays.
        beta2: how much of the second moment stays.
        weight_decay: how much of the parameter is added to the gradient.
        eps: added to the root.
        decoupled: the decay shrinks the parameter instead.
        maximize: climb.

    Returns:
        Whether the step was made.

    Raises:
        ValueError: the lists' lengths do not fit.
        IndexError: rows do not rise or leave the matrix.
    """
    states = [exp_avgs, exp_avg_sqs, *([] if max_exp_avg_sqs is None else [max_exp_avg_sqs])]
    if not _check(params, grads, states, steps, rows):
        return False
    chosen = _chosen(rows, params, grads, *states)
    for (param, grad, first, second, *largest), count in zip(chosen, _counted(steps), strict=True):
        if decoupled and weight_decay != 0:
            param[...] *= _as(param, 1 - lr * weight_decay)
        decay = 0 if decoupled else weight_decay
        step = _descended(grad, param, decay, maximize=maximize)
        way = step - first
        near = 1 - beta1
        first[...] = (
            first + _as(first, near) * way if near < 0.5 else step - way * _as(first, 1 - near)
        )
        second[...] *= _as(second, beta2)
        second[...] += _as(second, 1 - beta2) * step * step
        if largest:
            np.maximum(largest[0], second, out=largest[0])
        root = _as(param, (1 - beta2**count) ** 0.5)
        rate = _as(param, -lr / (1 - beta1**count))
        denom = np.sqrt(largest[0] if largest else second) / root + _as(param, eps)
        param[...] += first * rate / denom
    return True


def _as(array: Array, number: float) -> Any:
    return array.dtype.type(number)


def _descended(grad: Array, param: Array, weight_decay: float, *, maximize: bool) -> Array:
    grad = -grad if maximize else grad
    return grad if weight_decay == 0 else grad + param * _as(param, weight_decay)


def _counted(steps: Arrays) -> Iterator[float]:
    for step in steps:
        step[...] += 1
        yield step.item()


def _chosen(rows: Rows, *lists: Arrays) -> Iterator[list[Array]]:
    """Yield each parameter's arrays, or their chosen rows and write these back afterwards."""
    for index, arrays in enumerate(zip(*lists, strict=True)):
        chosen = None if rows is None else rows[index]
        if chosen is None:
            yield list(arrays)
            continue
        parts = [array.reshape(arrays[0].shape)[chosen] for array in arrays]
        yield parts
        for array, part in zip(arrays, parts, strict=True):
            if array is not arrays[1]:
                array.reshape(arrays[0].shape)[chosen] = part


def _check(
    params: Arrays, grads: Arrays, states: Sequence[Arrays], steps: Arrays | None, rows: Rows
) -> bool:
    """Return whether the arrays allow a step in one go."""
    lists = [("grads", grads), *(("states", state) for state in states)]
    for name, others in [*lists, ("steps", steps), ("rows", rows)]:
        if others is not None and len(others) != len(params):
            message = f"{name}: expected {len(params)} arrays, got {len(others)}"
            raise ValueError(message)
    if not params:
        return True
    kind = params[0].dtype
    written = [*params, *(array for state in states for array in state)]
    counts = steps or []
    fits = (
        kind in _KINDS
        and all(array.dtype == kind for array in (*written, *grads))
        and all(array.dtype in _KINDS for array in counts)
        and all(
            array.shape == param.shape
            for _, arrays in lists
            for array, param in zip(arrays, params, strict=True)
        )
        and all(array.flags.c_contiguous for array in (*written, *grads, *counts))
        and all(array.flags.writeable for array in (*written, *counts))
    )
    if not fits:
        return False
    for at, step in enumerate(counts):
        if step.size != 1:
            message = f"steps: expected one element at position {at}, got {step.size}"
            raise ValueError(message)
    for param, chosen in zip(params, rows or (), strict=bool(rows)):
        if chosen is not None:
            _check_rows(chosen, param.shape[0] if param.ndim == 2 else 0)
    return _are_apart([*written, *counts], grads)


def _check_rows(rows: Array, height: int) -> None:
    before = -1
    for at, row in enumerate(rows.tolist()):
        if row <= before or row >= height:
            message = f"rows: expected rising indices below {height}, got {row} at position {at}"
            raise IndexError(message)
        before = row


def _are_apart(written: Arrays, read: Arrays) -> bool:
    """Return whether no array that is written shares memory with another."""
    ranges = [(*byte_bounds(array), True) for array in written if array.size]
    ranges += [(*byte_bounds(array), False) for array in read if array.size]
    end = end_of_written = 0
    for first, last, is_written in sorted(ranges):
        if first < (end if is_written else end_of_written):
            return False
        end = max(end, last)
        if is_written:
            end_of_written = max(end_of_written, last)
    return True
