"""Schedules that go up and down: cycles, and the one-cycle policy."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any, Literal

from ..._tensor import Tensor
from ..optimizer import Optimizer
from ._base import LRScheduler, assign, check_optimizer, per_group


def _prepare_momentum(
    optimizer: Optimizer, base: list[float], largest: list[float], last_epoch: int
) -> bool:
    """Start each group at its largest momentum; return whether that is the first of ``betas``."""
    use_beta1 = "betas" in optimizer.defaults
    if last_epoch == -1:
        for group, low, high in zip(optimizer.param_groups, base, largest, strict=True):
            _set_momentum(group, high, use_beta1=use_beta1)
            group["max_momentum"] = high
            group["base_momentum"] = low
    return use_beta1


def _check_momentum(optimizer: Optimizer) -> None:
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        msg = "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
        raise ValueError(msg)


def _set_momentum(group: dict[str, Any], value: float, *, use_beta1: bool) -> None:
    if use_beta1:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


class CyclicLR(LRScheduler):
    """Move the learning rate up and down between two bounds, and the momentum the other way.

    Args:
        optimizer: the optimiser.
        base_lr: the lower bound, or one for each group.
        max_lr: the upper bound, or one for each group.
        step_size_up: steps of the rising half.
        step_size_down: steps of the falling half; by default as many.
        mode: ``"triangular"``; ``"triangular2"``: halved each cycle; ``"exp_range"``: scaled by
            ``gamma`` to the power of the step.
        gamma: for ``"exp_range"``.
        scale_fn: scales the height, instead of ``mode``.
        scale_mode: whether ``scale_fn`` is given the ``"cycle"`` or the ``"iterations"``.
        cycle_momentum: whether momentum moves too.
        base_momentum: lower bound of the momentum, or one for each group.
        max_momentum: upper bound of the momentum, or one for each group.
        last_epoch: the last finished step when resuming.

    Raises:
        ValueError: ``mode`` is unknown, or the optimiser has no momentum to move.

    References:
        Smith, 2015, arXiv:1506.01186.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        base_lrs = per_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for low, group in zip(base_lrs, optimizer.param_groups, strict=True):
                assign(group, "lr", low)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        down = float(step_size_up if step_size_down is None else step_size_down)
        self.total_size = float(step_size_up) + down
        self.step_ratio = float(step_size_up) / self.total_size
        if mode not in {"triangular", "triangular2", "exp_range"} and scale_fn is None:
            msg = f"mode is invalid and scale_fn is None: mode={mode!r}"
            raise ValueError(msg)
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        custom = scale_fn is not None
        self.scale_mode = scale_mode if custom else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            _check_momentum(optimizer)
            self.base_momentums = per_group("base_momentum", optimizer, base_momentum)
            self.max_momentums = per_group("max_momentum", optimizer, max_momentum)
            self.use_beta1 = _prepare_momentum(
                optimizer, self.base_momentums, self.max_momentums, last_epoch
            )
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """Return the factor of the cycle's height at ``x``, a cycle's or a step's number."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return float(1 / 2.0 ** (x - 1) if self.mode == "triangular2" else self.gamma**x)

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rates of ``last_epoch``, and set the momentum."""
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        place = 1.0 + self.last_epoch / self.total_size - cycle
        rising = place <= self.step_ratio
        height = place / self.step_ratio if rising else (place - 1) / (self.step_ratio - 1)
        factor = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self.base_momentums, self.max_momentums, strict=True)
            for group, (low, high) in zip(self.optimizer.param_groups, bounds, strict=True):
                momentum = high - (high - low) * height * factor
                _set_momentum(group, momentum, use_beta1=self.use_beta1)
        return [
            low + (high - low) * height * factor
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        """Return every attribute but the optimiser; a function only as its object's attributes."""
        state = super().state_dict()
        custom = state.pop("_scale_fn_custom")
        plain = custom is None or isinstance(custom, types.FunctionType)
        state["_scale_fn_custom"] = None if plain else custom.__dict__.copy()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned; a plain function stays this one's own.

        Args:
            state_dict: the scheduler's state.
        """
        others = {key: value for key, value in state_dict.items() if key != "_scale_fn_custom"}
        super().load_state_dict(others)
        saved = state_dict.get("_scale_fn_custom")
        if saved is not None:
            self._scale_fn_custom.__dict__.update(saved)


class OneCycleLR(LRScheduler):
    """Rise once to ``max_lr`` and fall far below the start, step by step.

    Args:
        optimizer: the optimiser.
        max_lr: the peak, or one for each group.
        total_steps: steps of the whole cycle; or give the next two.
        epochs: epochs of training.
        steps_per_epoch: steps of each.
        pct_start: the part of the cycle that rises.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        cycle_momentum: whether momentum moves the other way.
        base_momentum: lower bound of the momentum, or one for each group.
        max_momentum: upper bound of the momentum, or one for each group.
        div_factor: the start is ``max_lr / div_factor``.
        final_div_factor: the end is the start divided by this.
        three_phase: fall back to the start symmetrically before the final descent.
        last_epoch: the last finished step when resuming.

    Raises:
        ValueError: a number of steps is missing or no positive integer, another option is out of
            range, or the optimiser has no momentum to move.

    References:
        Smith and Topin, 2017, arXiv:1708.07120.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        self.total_steps = _count_steps(total_steps, epochs, steps_per_epoch)
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase=three_phase)
        if anneal_strategy not in {"cos", "linear"}:
            msg = f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            raise ValueError(msg)
        self._anneal_func_type = anneal_strategy
        max_lrs = per_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, peak in zip(optimizer.param_groups, max_lrs, strict=True):
                group["initial_lr"] = peak / div_factor
                group["max_lr"] = peak
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            _check_momentum(optimizer)
            low = per_group("base_momentum", optimizer, base_momentum)
            high = per_group("max_momentum", optimizer, max_momentum)
            self.use_beta1 = _prepare_momentum(optimizer, low, high, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _anneal(self, start: float, end: float, part: float) -> float:
        if self._anneal_func_type == "linear":
            return (end - start) * part + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rates of ``last_epoch``, and set the momentum."""
        self._warn_outside_step()
        step = self.last_epoch
        if step > self.total_steps:
            msg = (
                f"Tried to step {step} times. "
                f"The specified number of total steps is {self.total_steps}"
            )
            raise ValueError(msg)
        begin = 0.0
        for phase in self._schedule_phases[:-1]:
            if step <= phase["end_step"]:
                break
            begin = phase["end_step"]
        else:
            phase = self._schedule_phases[-1]
        part = (step - begin) / (phase["end_step"] - begin)
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                bounds = group[phase["start_momentum"]], group[phase["end_momentum"]]
                _set_momentum(group, self._anneal(*bounds, part), use_beta1=self.use_beta1)
        return [
            self._anneal(group[phase["start_lr"]], group[phase["end_lr"]], part) for group in groups
        ]


def _count_steps(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    if total_steps is not None:
        _check_positive_integer("total_steps", total_steps)
        return int(total_steps)
    if epochs is None or steps_per_epoch is None:
        msg = "You must define either total_steps OR (epochs AND steps_per_epoch)"
        raise ValueError(msg)
    _check_positive_integer("epochs", epochs)
    _check_positive_integer("steps_per_epoch", steps_per_epoch)
    return int(epochs * steps_per_epoch)


def _check_positive_integer(name: str, value: Any) -> None:
    if value <= 0 or not isinstance(value, int):
        msg = f"Expected positive integer {name}, but got {value}"
        raise ValueError(msg)


def _phases(total_steps: int, pct_start: float, *, three_phase: bool) -> list[dict[str, Any]]:
    """Return the phases: where each ends, and the group options between which it moves."""
    if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
        msg = f"Expected float between 0 and 1 pct_start, but got {pct_start}"
        raise ValueError(msg)
    rise = float(pct_start * total_steps)
    rows: list[tuple[float, str, str, str, str]]
    rows = [(rise - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum")]
    if three_phase:
        rows += [
            (2 * rise - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
            (total_steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
        ]
    else:
        rows.append((total_steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"))
    names = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")
    return [dict(zip(names, row, strict=True)) for row in rows]
