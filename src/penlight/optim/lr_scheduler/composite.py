"""Schedulers made of schedulers: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ..optimizer import Optimizer
from ._base import LRScheduler, current
from .plateau import ReduceLROnPlateau


class _Composite(LRScheduler):
    """Checkpoints of a scheduler that holds others."""

    _schedulers: list[LRScheduler]

    def _check_members(self, optimizer: Optimizer) -> None:
        kind = type(self).__name__
        for index, scheduler in enumerate(self._schedulers):
            if not hasattr(scheduler, "optimizer"):
                msg = f"{kind} at index {index} should have `optimizer` as its attribute."
                raise TypeError(msg)
            if isinstance(scheduler, ReduceLROnPlateau):
                msg = (
                    f"{kind} does not support `ReduceLROnPlateau` scheduler as it requires "
                    "additional kwargs to be specified when calling `step`, but got one at index "
                    f"{index} in the given schedulers sequence."
                )
                raise ValueError(msg)  # noqa: TRY004 - torch's type
            if optimizer is not scheduler.optimizer:
                msg = (
                    f"{kind} expects all schedulers to belong to the same optimizer, but got "
                    f"scheduler {type(scheduler).__name__} at index {index} has "
                    f"{scheduler.optimizer}, which is different from {type(optimizer).__name__}."
                )
                raise ValueError(msg)

    def state_dict(self) -> dict[str, Any]:
        """Return every attribute but the optimiser, the schedulers as their own states."""
        state = super().state_dict()
        del state["_schedulers"]
        state["_schedulers"] = [scheduler.state_dict() for scheduler in self._schedulers]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned.

        Args:
            state_dict: the scheduler's state.
        """
        others = {key: value for key, value in state_dict.items() if key != "_schedulers"}
        super().load_state_dict(others)
        for scheduler, saved in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            scheduler.load_state_dict(saved)


class SequentialLR(_Composite):
    """Use one scheduler after the other, changing at the milestones.

    Args:
        optimizer: the optimiser of all of them.
        schedulers: the schedulers, in order.
        milestones: the epochs at which the next one takes over; one fewer than schedulers.
        last_epoch: the last finished epoch when resuming.

    Raises:
        ValueError: the schedulers are none, of another optimiser, or do not fit the milestones.

    Example:
        >>> import penlight as torch
        >>> from penlight.optim.lr_scheduler import ConstantLR, ExponentialLR, SequentialLR
        >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        >>> parts = [ConstantLR(optimizer, factor=0.5), ExponentialLR(optimizer, gamma=0.5)]
        >>> scheduler = SequentialLR(optimizer, parts, milestones=[2])
        >>> seen = []
        >>> for _ in range(4):
        ...     seen += scheduler.get_last_lr()
        ...     optimizer.step()
        ...     scheduler.step()
        >>> seen
        [0.5, 0.5, 1.0, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        if not schedulers:
            msg = "SequentialLR expects at least one scheduler, but got no scheduler."
            raise ValueError(msg)
        self._schedulers = schedulers
        self._check_members(optimizer)
        if len(milestones) != len(schedulers) - 1:
            msg = (
                "Sequential Schedulers expects number of schedulers provided to be one more than "
                "the number of milestone points, but got number of schedulers "
                f"{len(schedulers)} and the number of milestones to be equal to {len(milestones)}"
            )
            raise ValueError(msg)
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        # Making the schedulers has stepped each of them once; only the first's step shall count.
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        for scheduler in schedulers:
            _undo_first_step(scheduler)
        schedulers[0]._initial_step()
        self._last_lr = schedulers[0].get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Go to the next epoch."""
        self.last_epoch += 1
        index = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[index]
        if index > 0 and self._milestones[index - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def _undo_first_step(scheduler: LRScheduler) -> None:
    for member in getattr(scheduler, "_schedulers", ()):
        _undo_first_step(member)
    if hasattr(scheduler, "last_epoch"):
        scheduler.last_epoch -= 1


class ChainedScheduler(_Composite):
    """Step several schedulers together, so that their factors multiply.

    Args:
        schedulers: the schedulers.
        optimizer: their optimiser; by default the first scheduler's.

    Raises:
        ValueError: the schedulers are none, or of different optimisers.
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        if not schedulers:
            msg = (
                "ChainedScheduler expects at least one scheduler to be chained, "
                "but got no scheduler."
            )
            raise ValueError(msg)
        self._schedulers = list(schedulers)
        self.optimizer = optimizer or schedulers[0].optimizer
        self._check_members(self.optimizer)
        self._last_lr = current(self.optimizer, "lr")

    def step(self) -> None:  # type: ignore[override]
        """Step every scheduler."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = current(self.optimizer, "lr")
