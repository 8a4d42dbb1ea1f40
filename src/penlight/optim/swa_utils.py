"""Averages of a model's parameters over its training: stochastic weight averaging and EMA."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from .. import tensor as make_tensor
from .._dtype import dtype, int64
from .._tensor import Tensor
from ..autograd.grad_mode import no_grad
from ..nn.modules.batchnorm import _BatchNorm
from ..nn.modules.module import Module
from .lr_scheduler._base import LRScheduler, per_group
from .optimizer import Optimizer

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Average = Callable[[Any, Any, Any], Any]
AverageOfMany = Callable[[Sequence[Any], Sequence[Any], Any], None]


def get_ema_multi_avg_fn(decay: float = 0.999) -> AverageOfMany:
    r"""Return a function that moves averages towards parameters, in place, by :math:`1 - decay`.

    Args:
        decay: how much of the average is kept, in ``[0, 1]``.

    Raises:
        ValueError: ``decay`` is out of range.
    """
    _check_decay(decay)

    def ema_update(
        ema_param_list: Sequence[Any], current_param_list: Sequence[Any], _: Any
    ) -> None:
        with no_grad():
            for average, current in zip(ema_param_list, current_param_list, strict=True):
                if average.is_floating_point() or average.is_complex():
                    average.lerp_(current, 1 - decay)
                else:
                    average.copy_(average * decay + current * (1 - decay))

    return ema_update


def get_swa_multi_avg_fn() -> AverageOfMany:
    """Return a function that makes averages equal ones of all parameters so far, in place."""

    def swa_update(
        averaged_param_list: Sequence[Any], current_param_list: Sequence[Any], num_averaged: Any
    ) -> None:
        with no_grad():
            weight = 1 / (num_averaged + 1)
            weight = weight.item() if isinstance(weight, Tensor) else weight
            for average, current in zip(averaged_param_list, current_param_list, strict=True):
                if average.is_floating_point() or average.is_complex():
                    average.lerp_(current, weight)
                else:
                    average.copy_(average + (current - average) / (num_averaged + 1))

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """Return a function of an average and a parameter that gives the next average.

    Args:
        decay: how much of the average is kept, in ``[0, 1]``.

    Raises:
        ValueError: ``decay`` is out of range.

    Example:
        >>> import penlight as torch
        >>> average = torch.optim.swa_utils.get_ema_avg_fn(0.75)
        >>> average(torch.tensor(1.0), torch.tensor(2.0), 1)
        tensor(1.2500)
    """
    _check_decay(decay)

    def ema_update(ema_param: Any, current_param: Any, num_averaged: Any) -> Any:
        del num_averaged
        with no_grad():
            return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Average:
    """Return a function of an average of n parameters and one more that gives that of n + 1."""

    def swa_update(averaged_param: Any, current_param: Any, num_averaged: Any) -> Any:
        with no_grad():
            return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        msg = f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        raise ValueError(msg)


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of those the model has had.

    :meth:`update_parameters` takes the model's present parameters into the averages. The first time
    they are copied.

    Args:
        model: the model; a deep copy of it is ``module``.
        device: the CPU, or ``None``.
        avg_fn: ``avg_fn(average, parameter, number_so_far)`` returns the next average; equal
            weights when neither is given.
        multi_avg_fn: ``multi_avg_fn(averages, parameters, number_so_far)`` changes them in place.
        use_buffers: average the buffers too; otherwise they are copied.

    Raises:
        AssertionError: both functions are given.

    Example:
        >>> import penlight as torch
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> averaged = torch.optim.swa_utils.AveragedModel(model)
        >>> for value in (1.0, 2.0, 6.0):
        ...     _ = torch.nn.init.constant_(model.weight, value)
        ...     averaged.update_parameters(model)
        >>> averaged.module.weight
        Parameter containing:
        tensor([[3.]], requires_grad=True)

    References:
        Izmailov et al., 2018, arXiv:1803.05407.
    """

    n_averaged: Any

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: AverageOfMany | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            msg = "Only one of avg_fn and multi_avg_fn should be provided"
            raise AssertionError(msg)
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", make_tensor(0, dtype=int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the averaged model returns."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the parameters of ``model`` into the averages."""
        if self.use_buffers:
            own: Any = itertools.chain(self.module.parameters(), self.module.buffers())
            given: Any = itertools.chain(model.parameters(), model.buffers())
        else:
            own, given = self.parameters(), model.parameters()
        pairs = [
            (average.detach(), current.detach())
            for average, current in zip(own, given, strict=False)
        ]
        if self.n_averaged == 0:
            for average, current in pairs:
                average.copy_(current)
        else:
            self._average(pairs)
        if not self.use_buffers:
            for mine, its in zip(self.module.buffers(), model.buffers(), strict=True):
                mine.detach().copy_(its.detach())
        self.n_averaged += 1

    def _average(self, pairs: list[tuple[Any, Any]]) -> None:
        if self.avg_fn is not None:
            for average, current in pairs:
                average.copy_(self.avg_fn(average, current, self.n_averaged))
            return
        together = self.multi_avg_fn or get_swa_multi_avg_fn()
        # torch: one call for the tensors of each dtype.
        alike: dict[dtype, list[tuple[Any, Any]]] = {}
        for pair in pairs:
            alike.setdefault(pair[0].dtype, []).append(pair)
        for group in alike.values():
            together([pair[0] for pair in group], [pair[1] for pair in group], self.n_averaged)


def update_bn(loader: Iterable[Any], model: Any, device: Any = None) -> None:
    """Compute the running statistics of a model's batch norms anew, by one pass over data.

    Args:
        loader: batches; of a list or tuple the first element goes into the model.
        model: the model, whose other parameters stay.
        device: the CPU, or ``None``.

    Example:
        >>> import penlight as torch
        >>> model = torch.nn.Sequential(torch.nn.BatchNorm1d(1))
        >>> torch.optim.swa_utils.update_bn([torch.tensor([[1.0], [3.0]])], model)
        >>> model[0].running_mean
        tensor([2.])
    """
    momenta = {}
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.reset_running_stats()
            momenta[module] = module.momentum
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.momentum = None
    with no_grad():
        for batch in loader:
            given: Any = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(given if device is None else given.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    r"""Move each group's learning rate to a fixed one, and stay there.

    Args:
        optimizer: the optimiser.
        swa_lr: the rate to go to: a number, or one for each group.
        anneal_epochs: in how many epochs.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        last_epoch: the last finished epoch when resuming; ``-1`` starts anew.

    Raises:
        ValueError: the strategy is unknown, ``anneal_epochs`` negative or no int, or the numbers of
            rates and groups differ.

    Example:
        >>> import penlight as torch
        >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = torch.optim.swa_utils.SWALR(
        ...     optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear"
        ... )
        >>> for _ in range(3):
        ...     optimizer.step()
        ...     scheduler.step()
        ...     print(scheduler.get_last_lr())
        [0.75]
        [0.5]
        [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = per_group("swa_lr", optimizer, swa_lr)
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in {"cos", "linear"}:
            msg = f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            raise ValueError(msg)
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            msg = f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}"
            raise ValueError(msg)
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def anneal_func(self, t: float) -> float:
        """Return how much of the way is gone after the part ``t`` of the epochs."""
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[Any]:
        """Compute the learning rates of ``last_epoch``; :meth:`step` calls this."""
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = (
            self.anneal_func(max(0, min(1, count / max(1, self.anneal_epochs))))
            for count in (step - 1, step)
        )
        return [
            group["swa_lr"] * now + _start(group["lr"], group["swa_lr"], before) * (1 - now)
            for group in self.optimizer.param_groups
        ]


def _start(lr: Any, swa_lr: Any, gone: float) -> Any:
    """Return the rate from which ``lr`` was reached after the part ``gone`` of the way."""
    return swa_lr if gone == 1 else (lr - gone * swa_lr) / (1 - gone)
