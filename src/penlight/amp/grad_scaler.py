"""``GradScaler``: losses scaled up, so that small gradients of half precision do not vanish."""

from __future__ import annotations

import enum
import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .. import float16, float32, full, int32, isfinite, no_grad
from .._tensor import Tensor

__all__ = ["GradScaler", "OptState"]


class OptState(enum.Enum):
    """How far an optimiser is in the current iteration."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


@dataclass
class _Progress:
    stage: OptState = OptState.READY
    found_inf: bool | None = None  # None: not looked yet


class GradScaler:
    """Scales losses, and takes the scale out of the gradients before the optimiser steps.

    A step whose gradients are not all finite is left out, and the scale reduced; after
    ``growth_interval`` good steps in a row it grows. On a machine without CUDA the scaler for
    ``"cuda"`` warns and does nothing, as torch's; that for ``"cpu"`` works.

    Args:
        device: ``"cuda"`` or ``"cpu"``.
        init_scale: the scale at the beginning.
        growth_factor: what it is multiplied by when it grows.
        backoff_factor: what it is multiplied by after a step that was left out.
        growth_interval: how many good steps in a row make it grow.
        enabled: ``False`` makes every method do what a program without a scaler does.

    Raises:
        AssertionError: ``growth_factor`` is not above 1, or ``backoff_factor`` not below.

    Example:
        >>> import penlight as torch
        >>> weight = torch.ones(1, requires_grad=True)
        >>> optimizer = torch.optim.SGD([weight], lr=0.5)
        >>> scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
        >>> scaler.scale(weight.sum()).backward()
        >>> scaler.step(optimizer)
        >>> scaler.update()
        >>> weight
        tensor([0.5000], requires_grad=True)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        self._enabled = enabled
        if device == "cuda" and enabled:
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
                stacklevel=2,
            )
            self._enabled = False
        if not self._enabled:
            return
        if growth_factor <= 1.0:
            msg = f"The growth factor must be > 1.0. Got {growth_factor}"
            raise AssertionError(msg)
        if backoff_factor >= 1.0:
            msg = f"The backoff factor must be < 1.0. Got {backoff_factor}"
            raise AssertionError(msg)
        self._init_scale = init_scale
        self._scale: Tensor | None = None
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._init_growth_tracker = 0
        self._growth_tracker: Tensor | None = None
        self._per_optimizer_states: dict[int, _Progress] = {}

    # ---- an iteration ---------------------------------------------------------------------------

    def scale(self, outputs: Any) -> Any:
        """Return a loss, or several in an iterable, times the scale.

        Args:
            outputs: a tensor, or an iterable of them, nested as one likes.

        Raises:
            ValueError: something else is among them.
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            return outputs * self._current_scale()
        if isinstance(outputs, Iterable):
            scaled = map(self.scale, outputs)
            return type(outputs)(scaled) if isinstance(outputs, list | tuple) else scaled
        msg = f"outputs must be a Tensor or an iterable of Tensors, got {type(outputs).__name__}"
        raise ValueError(msg)

    def unscale_(self, optimizer: Any) -> None:
        """Take the scale out of the gradients of an optimiser's parameters now, as to clip them.

        Args:
            optimizer: whose gradients.

        Raises:
            RuntimeError: this was done, or the step was made, in this iteration.
            ValueError: a gradient is of half precision itself.
        """
        if not self._enabled:
            return
        scale, _ = self._begun("unscale_")
        progress = self._progress(optimizer)
        if progress.stage is OptState.UNSCALED:
            msg = "unscale_() has already been called on this optimizer since the last update()."
            raise RuntimeError(msg)
        if progress.stage is OptState.STEPPED:
            msg = "unscale_() is being called after step()."
            raise RuntimeError(msg)
        progress.found_inf = _unscale(optimizer, scale.double().reciprocal().float())
        progress.stage = OptState.UNSCALED

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """Let an optimiser step if all its gradients are finite; they are unscaled if need be.

        Args:
            optimizer: the optimiser.
            args: for its ``step``.
            kwargs: for its ``step``.

        Returns:
            What the step returned; ``None`` if it was left out.

        Raises:
            RuntimeError: it has stepped in this iteration, or is given a closure.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            msg = "Closure use is not currently supported if GradScaler is enabled."
            raise RuntimeError(msg)
        self._begun("step")
        progress = self._progress(optimizer)
        if progress.stage is OptState.STEPPED:
            msg = "step() has already been called since the last update()."
            raise RuntimeError(msg)
        if progress.stage is OptState.READY:
            self.unscale_(optimizer)
        if progress.found_inf is None:
            msg = "No inf checks were recorded for this optimizer: no parameter has a gradient."
            raise AssertionError(msg)
        result = None if progress.found_inf else optimizer.step(*args, **kwargs)
        progress.stage = OptState.STEPPED
        return result

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """End an iteration: make the scale smaller, or larger, or leave it.

        Args:
            new_scale: the scale from now on, instead.

        Raises:
            AssertionError: nothing has been scaled, or no step been made; or ``new_scale`` is not
                a float or a tensor of one element without history.
        """
        if not self._enabled:
            return
        scale, tracker = self._begun("update")
        if new_scale is not None:
            scale.copy_(_one_number(new_scale))
        else:
            found = [each.found_inf for each in self._per_optimizer_states.values()]
            known = [each for each in found if each is not None]
            if not known:
                msg = "No inf checks were recorded prior to update."
                raise AssertionError(msg)
            self._adapt(scale, tracker, found_inf=any(known))
        self._per_optimizer_states = {}

    def _adapt(self, scale: Any, tracker: Any, *, found_inf: bool) -> None:
        if found_inf:
            scale.fill_(scale.item() * self._backoff_factor)
            tracker.zero_()
            return
        good = tracker.item() + 1
        if good == self._growth_interval:
            # torch: the product is of double precision, and rounded once.
            grown = full((), scale.item() * self._growth_factor, dtype=float32)
            if math.isfinite(grown.item()):
                scale.copy_(grown)
            good = 0
        tracker.fill_(good)

    def _progress(self, optimizer: Any) -> _Progress:
        return self._per_optimizer_states.setdefault(id(optimizer), _Progress())

    def _current_scale(self) -> Tensor:
        if self._scale is None:
            self._scale = full((), self._init_scale, dtype=float32)
            self._growth_tracker = full((), self._init_growth_tracker, dtype=int32)
        return self._scale

    def _begun(self, function: str) -> tuple[Tensor, Tensor]:
        if self._scale is None or self._growth_tracker is None:
            msg = (
                f"Attempted {function} but _scale is None.  This may indicate your script did not "
                "use scaler.scale(loss or outputs) earlier in the iteration."
            )
            raise AssertionError(msg)
        return self._scale, self._growth_tracker

    # ---- settings and state ---------------------------------------------------------------------

    def get_scale(self) -> float:
        """Return the scale; 1.0 if not enabled."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else self._scale.item()

    def get_growth_factor(self) -> float:
        """Return what the scale is multiplied by when it grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by when it grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """Return what the scale is multiplied by after a step that was left out."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by after a step that was left out."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """Return how many good steps in a row make the scale grow."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set how many good steps in a row make the scale grow."""
        self._growth_interval = new_interval

    def _get_growth_tracker(self) -> int:
        tracker = self._growth_tracker
        return self._init_growth_tracker if tracker is None else int(tracker.item())

    def is_enabled(self) -> bool:
        """Return whether losses are scaled at all."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """Return the scale and its settings; an empty dict if not enabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._get_growth_tracker(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with a state of :meth:`state_dict`; do nothing if not enabled.

        Args:
            state_dict: the state, of torch's scaler or of penlight's.

        Raises:
            RuntimeError: it is empty.
        """
        if not self._enabled:
            return
        if not state_dict:
            msg = (
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
            raise RuntimeError(msg)
        self._init_scale = state_dict["scale"]
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._init_growth_tracker = state_dict["_growth_tracker"]
        self._scale = self._growth_tracker = None  # made anew when next asked for

    def __getstate__(self) -> dict[str, Any]:
        if self._enabled and self._per_optimizer_states:
            msg = (
                "A GradScaler instance may only be pickled at the beginning of an iteration, or at "
                "the end after scaler.update()."
            )
            raise AssertionError(msg)
        return dict(vars(self))


def _unscale(optimizer: Any, inverse: Tensor) -> bool | None:
    """Multiply an optimiser's gradients; return whether one was not finite; None of none."""
    params = [param for group in optimizer.param_groups for param in group["params"]]
    grads = [param.grad for param in params if param.grad is not None]
    if any(grad.dtype is float16 for grad in grads):
        msg = "Attempting to unscale FP16 gradients."
        raise ValueError(msg)
    with no_grad():
        found = [not bool(isfinite(grad).all()) for grad in grads]
        for grad in grads:
            grad.mul_(inverse)
    return any(found) if found else None


def _one_number(given: Any) -> Any:
    if isinstance(given, float):
        return full((), given, dtype=float32)
    if not isinstance(given, Tensor) or given.numel() != 1 or given.requires_grad:
        msg = (
            "new_scale should be a float or a 1-element torch.cuda.FloatTensor or "
            f"torch.FloatTensor with requires_grad=False, got {given!r}"
        )
        raise AssertionError(msg)
    return given.reshape(())
