"""Cosine annealing, once and with warm restarts."""

from __future__ import annotations

import math

from ..._tensor import Tensor
from ..optimizer import Optimizer
from ._base import LRScheduler, current


class CosineAnnealingLR(LRScheduler):
    r"""Let the learning rate follow half a cosine from its initial value to ``eta_min``.

    .. math::
        \eta_t = \eta_{min} + \tfrac12 (\eta_0 - \eta_{min}) (1 + \cos(\pi t / T_{max}))

    Args:
        optimizer: the optimiser.
        T_max: the epoch of the minimum; afterwards the cosine rises again.
        eta_min: the minimum.
        last_epoch: the last finished epoch when resuming.

    Example:
        >>> import penlight as torch
        >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
        >>> optimizer.step()
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]

    References:
        Loshchilov and Hutter, 2016, arXiv:1608.03983.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803 - torch's name
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rates of ``last_epoch``."""
        self._warn_outside_step()
        if self._is_initial:
            return current(self.optimizer, "lr")
        epoch, period, low = self.last_epoch, self.T_max, self.eta_min
        groups = self.optimizer.param_groups
        if self._step_count == 1 and epoch > 0:
            return self._get_closed_form_lr()
        if (epoch - 1 - period) % (2 * period) == 0:
            # At the minimum the ratio below divides by zero: take the first rise from its height.
            rise = (1 - math.cos(math.pi / period)) / 2
            return [
                group["lr"] + (base - low) * rise
                for base, group in zip(self.base_lrs, groups, strict=True)
            ]
        now = 1 + math.cos(math.pi * epoch / period)
        before = 1 + math.cos(math.pi * (epoch - 1) / period)
        return [now / before * (group["lr"] - low) + low for group in groups]

    def _get_closed_form_lr(self) -> list[float | Tensor]:
        height = 1 + math.cos(math.pi * self.last_epoch / self.T_max)
        return [self.eta_min + (base - self.eta_min) * height / 2 for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Cosine annealing that starts again at the initial learning rate after each period.

    Args:
        optimizer: the optimiser.
        T_0: epochs of the first period.
        T_mult: factor from one period's length to the next.
        eta_min: the minimum.
        last_epoch: the last finished epoch when resuming.

    Raises:
        ValueError: ``T_0`` or ``T_mult`` is no integer of at least 1, or ``eta_min`` no number.

    References:
        Loshchilov and Hutter, 2016, arXiv:1608.03983.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,  # noqa: N803 - torch's name
        T_mult: int = 1,  # noqa: N803 - torch's name
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            msg = f"Expected positive integer T_0, but got {T_0}"
            raise ValueError(msg)
        if T_mult < 1 or not isinstance(T_mult, int):
            msg = f"Expected integer T_mult >= 1, but got {T_mult}"
            raise ValueError(msg)
        if not isinstance(eta_min, float | int):
            msg = f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}"
            raise ValueError(msg)  # noqa: TRY004 - torch's type
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Compute the learning rates of the present place in the period."""
        self._warn_outside_step()
        height = 1 + math.cos(math.pi * self.T_cur / self.T_i)
        return [self.eta_min + (base - self.eta_min) * height / 2 for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or to a (fractional) one, and set its learning rates.

        Args:
            epoch: the epoch to go to, such as ``epoch + batch / batches``.

        Raises:
            ValueError: ``epoch`` is negative.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                # torch: a remainder, which matters only where a resumed count is far ahead.
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._go_to(epoch)
        self.last_epoch = math.floor(epoch)
        self._get_lr_called_within_step = True
        try:
            rates = self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        self._set_rates(rates)

    def _go_to(self, epoch: float) -> None:
        if epoch < 0:
            msg = f"Expected non-negative epoch, but got {epoch}"
            raise ValueError(msg)
        self.T_i = self.T_0
        self.T_cur = epoch
        if epoch < self.T_0:
            return
        if self.T_mult == 1:
            self.T_cur = epoch % self.T_0
            return
        periods = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
        self.T_cur = epoch - self.T_0 * (self.T_mult**periods - 1) / (self.T_mult - 1)
        self.T_i = self.T_0 * self.T_mult**periods
