"""One step of an optimiser over all parameters of a group, written in one go and not recorded.

Each takes lists of tensors, one entry a parameter. Where the tensors do not allow it (another dtype
than float32 or float64, memory that is not contiguous or that is shared) it returns False and has
written nothing; the caller then goes parameter by parameter, or op by op.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import kernels
from .._storage import Storage
from .._tensor import Array, Tensor

__all__ = ["adagrad_step", "adam_step", "sgd_step"]

Tensors = list[Tensor]


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
    done = kernels.sgd_step(
        _arrays(params),
        _arrays(grads),
        None if buffers is None else _arrays(buffers),
        None,
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
        _count_writes(buffers or ())
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
    done = kernels.adagrad_step(
        _arrays(params),
        _arrays(grads),
        _arrays(sums),
        _arrays(steps),
        None,
        lr,
        lr_decay,
        weight_decay,
        eps,
        maximize,
    )
    if done:
        for written in (params, sums, steps):
            _count_writes(written)
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
    done = kernels.adam_step(
        _arrays(params),
        _arrays(grads),
        _arrays(exp_avgs),
        _arrays(exp_avg_sqs),
        None if max_exp_avg_sqs is None else _arrays(max_exp_avg_sqs),
        _arrays(steps),
        None,
        lr,
        beta1,
        beta2,
        weight_decay,
        eps,
        decoupled,
        maximize,
    )
    if done:
        for written in (params, exp_avgs, exp_avg_sqs, max_exp_avg_sqs or (), steps):
            _count_writes(written)
    return done


def _arrays(tensors: Tensors) -> list[Array]:
    return [tensor._array for tensor in tensors]


def _count_writes(tensors: Sequence[Tensor]) -> None:
    for tensor in tensors:
        storage = tensor._storage
        if storage is None:
            storage = tensor._storage = Storage()
        storage.version += 1
