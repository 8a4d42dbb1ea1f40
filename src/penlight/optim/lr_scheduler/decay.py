"""Schedules by formula: steps, factors, lines, powers and functions of the epoch."""

from __future__ import annotations

import types
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from ..._tensor import Tensor
from ..optimizer import Optimizer
from ._base import LRScheduler, current

LRLambda = Callable[[int], float]


class _ByFunction(LRScheduler):
    """Schedules given by one function for all groups, or one for each."""

    lr_lambdas: list[LRLambda]

    def __init__(
        self, optimizer: Optimizer, lr_lambda: LRLambda | list[LRLambda], last_epoch: int = -1
    ) -> None:
        self.optimizer = optimizer
        groups = len(optimizer.param_groups)
        if isinstance(lr_lambda, list | tuple):
            if len(lr_lambda) != groups:
                msg = f"Expected {groups} lr_lambdas, but got {len(lr_lambda)}"
                raise ValueError(msg)
            self.lr_lambdas = list(lr_lambda)
        else:
            self.lr_lambdas = [lr_lambda] * groups
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return every attribute but the optimiser; functions only as their objects' attributes."""
        state = super().state_dict()
        del state["lr_lambdas"]
        state["lr_lambdas"] = [
            None if isinstance(function, types.FunctionType) else function.__dict__.copy()
            for function in self.lr_lambdas
        ]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned; plain functions stay this scheduler's own.

        Args:
            state_dict: the scheduler's state.
        """
        others = {key: value for key, value in state_dict.items() if key != "lr_lambdas"}
        super().load_state_dict(others)
        for function, saved in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=False):
            if saved is not None:
                function.__dict__.update(saved)


class LambdaLR(_ByFunction):
    """Multiply the initial learning rate by a function of the epoch.

    Args:
        optimizer: the optimiser.
        lr_lambda: a function of the epoch, or one for each group.
        last_epoch: the last finished epoch when resuming.

    Raises:
        ValueError: the number of functions is not the number of groups.

    Example:
        >>> import penlight as torch
        >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
        >>> scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (epoch + 1))
        >>> optimizer.step()
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.25]
    """

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rates of ``last_epoch``."""
        self._warn_outside_step()
        return [
            base * function(self.last_epoch)
            for function, base in zip(self.lr_lambdas, self.base_lrs, strict=True)
        ]


class MultiplicativeLR(_ByFunction):
    """Multiply the learning rate, each epoch, by a function of the epoch.

    Args:
        optimizer: the optimiser.
        lr_lambda: a function of the epoch, or one for each group.
        last_epoch: the last finished epoch when resuming.

    Raises:
        ValueError: the number of functions is not the number of groups.
        TypeError: one of them cannot be called.
    """

    def __init__(
        self, optimizer: Optimizer, lr_lambda: LRLambda | list[LRLambda], last_epoch: int = -1
    ) -> None:
        for function in lr_lambda if isinstance(lr_lambda, list | tuple) else [lr_lambda]:
            if not callable(function):
                msg = f"lr_lambda should be a function, but got {type(function).__name__}"
                raise TypeError(msg)
        super().__init__(optimizer, lr_lambda, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rates of ``last_epoch``."""
        self._warn_outside_step()
        if self._is_initial:
            return current(self.optimizer, "lr")
        return [
            group["lr"] * function(self.last_epoch)
            for function, group in zip(self.lr_lambdas, self.optimizer.param_groups, strict=True)
        ]


class StepLR(LRScheduler):
    """Multiply the learning rate by ``gamma`` every ``step_size`` epochs.

    Args:
        optimizer: the optimiser.
        step_size: epochs between two changes.
        gamma: the factor.
        last_epoch: the last finished epoch when resuming.

    Example:
        >>> import penlight as torch
        >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
        >>> for _ in range(4):
        ...     optimizer.step()
        ...     scheduler.step()
        >>> scheduler.get_last_lr()
        [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rates of ``last_epoch``."""
        self._warn_outside_step()
        if self.last_epoch == 0 or self.last_epoch % self.step_size != 0:
            return current(self.optimizer, "lr")
        return self._scaled(self.gamma)

    def _get_closed_form_lr(self) -> list[float | Tensor]:
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    """Multiply the learning rate by ``gamma`` at each milestone.

    Args:
        optimizer: the optimiser.
        milestones: epochs; one given twice counts twice.
        gamma: the factor.
        last_epoch: the last finished epoch when resuming.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rates of ``last_epoch``."""
        self._warn_outside_step()
        if self.last_epoch not in self.milestones:
            return current(self.optimizer, "lr")
        return self._scaled(self.gamma ** self.milestones[self.last_epoch])

    def _get_closed_form_lr(self) -> list[float | Tensor]:
        passed = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [base * self.gamma**passed for base in self.base_lrs]


class ConstantLR(LRScheduler):
    """Multiply the learning rate by ``factor`` until epoch ``total_iters``.

    Args:
        optimizer: the optimiser.
        factor: between 0 and 1.
        total_iters: the epoch at which the learning rate returns to what it was.
        last_epoch: the last finished epoch when resuming.

    Raises:
        ValueError: ``factor`` is out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if factor > 1.0 or factor < 0:
            msg = f"Constant multiplicative factor expected to be between 0 and 1. Got {factor}"
            raise ValueError(msg)
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rates of ``last_epoch``."""
        self._warn_outside_step()
        if self.last_epoch == 0:
            return self._scaled(self.factor)
        if self.last_epoch != self.total_iters:
            return current(self.optimizer, "lr")
        return self._scaled(1.0 / self.factor)

    def _get_closed_form_lr(self) -> list[float | Tensor]:
        finished = self.last_epoch >= self.total_iters
        factor = self.factor + finished * (1 - self.factor)
        return [base * factor for base in self.base_lrs]


class LinearLR(LRScheduler):
    """Move the learning rate's factor in a line from ``start_factor`` to ``end_factor``.

    Args:
        optimizer: the optimiser.
        start_factor: the factor of epoch 0, above 0 and at most 1.
        end_factor: the factor from epoch ``total_iters`` on, between 0 and 1.
        total_iters: epochs the line takes.
        last_epoch: the last finished epoch when resuming.

    Raises:
        ValueError: a factor is out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if start_factor > 1.0 or start_factor <= 0:
            msg = (
                "Starting multiplicative factor expected to be greater than 0 and less or equal "
                f"to 1. Got {start_factor}"
            )
            raise ValueError(msg)
        if end_factor > 1.0 or end_factor < 0:
            msg = f"Ending multiplicative factor expected to be between 0 and 1. Got {end_factor}"
            raise ValueError(msg)
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rates of ``last_epoch``."""
        self._warn_outside_step()
        if self.last_epoch == 0:
            return self._scaled(self.start_factor)
        if self._is_initial or self.last_epoch > self.total_iters:
            return current(self.optimizer, "lr")
        rise = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * rise
        return self._scaled(1.0 + rise / before)

    def _get_closed_form_lr(self) -> list[float | Tensor]:
        rise = self.end_factor - self.start_factor
        reached = min(self.total_iters, self.last_epoch)
        factor = self.start_factor + rise * reached / self.total_iters
        return [base * factor for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """Multiply the learning rate by ``gamma`` every epoch.

    Args:
        optimizer: the optimiser.
        gamma: the factor.
        last_epoch: the last finished epoch when resuming.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rates of ``last_epoch``."""
        self._warn_outside_step()
        return current(self.optimizer, "lr") if self._is_initial else self._scaled(self.gamma)

    def _get_closed_form_lr(self) -> list[float | Tensor]:
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class PolynomialLR(LRScheduler):
    r"""Let the learning rate fall to 0 as :math:`(1 - t / \text{total\_iters})^{\text{power}}`.

    Args:
        optimizer: the optimiser.
        total_iters: the epoch at which it reaches 0.
        power: the exponent.
        last_epoch: the last finished epoch when resuming.
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rates of ``last_epoch``."""
        self._warn_outside_step()
        if self._is_initial or self.last_epoch > self.total_iters:
            return current(self.optimizer, "lr")
        now = 1.0 - self.last_epoch / self.total_iters
        before = 1.0 - (self.last_epoch - 1) / self.total_iters
        return self._scaled((now / before) ** self.power)

    def _get_closed_form_lr(self) -> list[float | Tensor]:
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * left**self.power for base in self.base_lrs]
