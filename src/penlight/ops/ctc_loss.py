"""Connectionist temporal classification: the likelihood of every way to align two sequences.

A target of L labels becomes 2L + 1 states, with a blank before, between and after them. ``alpha``
sums over the ways from the start to a state, ``beta`` over those from it to the end, both in
logarithms and for the whole batch at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from . import _check
from ._elementwise import is_half, refuse
from ._op import Saving, op
from ._overloads import no_derivative
from .from_data import tensor
from .loss import reduced
from .ternary import where

__all__ = ["ctc_loss"]

Lengths = Sequence[int]


class _Alignment:
    """The states of a batch, and how one passes from one to the next.

    Attributes:
        labels: each state's label, shape (N, 2L + 1); blanks after a shorter target.
        skips: whether a state is reached from the one before the last blank, (N, 2L + 1).
        ends: the last state of each target, shape (N); the other is the one before.
        lengths: how much of each input counts, shape (N).
    """

    def __init__(
        self, targets: Array, input_lengths: Lengths, target_lengths: Lengths, blank: int
    ) -> None:
        counts = np.asarray(target_lengths, np.int64)
        longest = int(counts.max(initial=0))
        is_label = np.arange(longest) < counts[:, None]
        self.labels = np.full((len(counts), 2 * longest + 1), blank, np.int64)
        padded = np.full(is_label.shape, blank, np.int64)
        padded[is_label] = targets if targets.ndim == 1 else targets[:, :longest][is_label]
        self.labels[:, 1::2] = padded
        self.skips = np.zeros(self.labels.shape, np.bool_)
        self.skips[:, 2:] = (self.labels[:, 2:] != blank) & (
            self.labels[:, 2:] != self.labels[:, :-2]
        )
        self.ends = 2 * counts
        self.lengths = np.asarray(input_lengths, np.int64)
        self._entries = np.arange(len(counts))

    def emitted(self, log_probs: Array) -> Array:
        """Return each state's log-probability at each time, shape (T, N, 2L + 1)."""
        return log_probs[:, self._entries[:, None], self.labels]

    def forward(self, emitted: Array) -> Array:
        """Return ``alpha``, of the shape of ``emitted``."""
        alpha = np.full(emitted.shape, -np.inf)
        alpha[0, :, :2] = emitted[0, :, :2]
        for time in range(1, len(emitted)):
            before = alpha[time - 1]
            reached = before.copy()
            reached[:, 1:] = np.logaddexp(reached[:, 1:], before[:, :-1])
            skipped = np.where(self.skips[:, 2:], before[:, :-2], -np.inf)
            reached[:, 2:] = np.logaddexp(reached[:, 2:], skipped)
            alpha[time] = reached + emitted[time]
        return alpha

    def backward(self, emitted: Array) -> Array:
        """Return ``beta``, of the shape of ``emitted``; nothing follows a sequence's end."""
        beta = np.full(emitted.shape, -np.inf)
        last = np.full(emitted.shape[1:], -np.inf)
        for time in reversed(range(len(emitted))):
            after = beta[time + 1] if time + 1 < len(emitted) else last
            reached = after.copy()
            reached[:, :-1] = np.logaddexp(reached[:, :-1], after[:, 1:])
            skipped = np.where(self.skips[:, 2:], after[:, 2:], -np.inf)
            reached[:, :-2] = np.logaddexp(reached[:, :-2], skipped)
            beta[time] = reached + emitted[time]
            ending = np.flatnonzero(self.lengths == time + 1)
            beta[time, ending] = -np.inf
            for states in self._last_states(ending):
                beta[time, ending, states] = emitted[time, ending, states]
        return beta

    def _last_states(self, entries: Array) -> tuple[Array, Array]:
        """Return the two states in which a sequence may end; one and the same without labels."""
        ends = self.ends[entries]
        return ends, np.maximum(ends - 1, 0)

    def losses(self, alpha: Array) -> Array:
        """Return minus the log-likelihood of each target, shape (N)."""
        final = alpha[np.maximum(self.lengths - 1, 0), self._entries]
        last, before = (final[self._entries, states] for states in self._last_states(self._entries))
        total = np.where(self.ends > 0, np.logaddexp(last, before), last)
        # Nothing aligns with no input but no target.
        nothing = np.where(self.ends > 0, -np.inf, 0.0)
        return -np.where(self.lengths > 0, total, nothing)

    def occupied(self, alpha: Array, emitted: Array, losses: Array, classes: int) -> Array:
        """Return how likely each label is at each time, given the target: shape (T, N, C)."""
        times, entries, _ = alpha.shape
        with np.errstate(invalid="ignore"):
            joint = alpha + self.backward(emitted) - emitted + losses[:, None]
        shares = np.where(np.isneginf(alpha), 0.0, np.exp(joint))
        places = np.arange(times * entries).reshape(times, entries, 1) * classes + self.labels
        found = np.bincount(places.ravel(), shares.ravel(), times * entries * classes)
        return found.reshape(times, entries, classes)


@op(
    "_ctc_loss",
    node="CtcLossBackward0",
    method=False,
    saves=("plan",),
    quiet=True,
    log_probs=lambda grad, log_probs, plan: _ctc_loss_backward(grad, log_probs, plan),
)
def _ctc_loss(
    log_probs: Array,
    targets: Array,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int,
    zero_infinity: bool,
) -> Saving:
    """Return the loss of each sequence of the batch, shape (N)."""
    refuse("ctc_loss_cpu", log_probs, kinds="bif" if is_half(log_probs) else "bi")
    alignment = _Alignment(targets, input_lengths, target_lengths, blank)
    alpha = alignment.forward(alignment.emitted(log_probs.astype(np.float64)))
    losses = alignment.losses(alpha)
    out = losses.astype(log_probs.dtype)
    return Saving(out, plan=(alignment, alpha, losses, zero_infinity))


@op(
    "_ctc_loss_backward",
    method=False,
    quiet=True,
    grad=no_derivative("_ctc_loss_backward"),
    log_probs=no_derivative("_ctc_loss_backward"),
)
def _ctc_loss_backward(grad: Array, log_probs: Array, plan: Any) -> Array:
    """Return the gradient by the log-probabilities, as torch gives it.

    torch: with ``exp(log_probs)`` in it, which log_softmax would subtract: it holds for
    log-probabilities that sum to one.
    """
    alignment, alpha, losses, zero_infinity = plan
    wide = log_probs.astype(np.float64)
    emitted = alignment.emitted(wide)
    occupied = alignment.occupied(alpha, emitted, losses, wide.shape[2])
    out = (np.exp(wide) - occupied) * grad.astype(np.float64)[:, None]
    out[:, np.isinf(losses)] = 0.0 if zero_infinity else np.nan
    out[np.arange(len(wide))[:, None] >= alignment.lengths] = 0.0
    return out.astype(log_probs.dtype)


# ---- checks -------------------------------------------------------------------------------------


def _lengths(name: str, lengths: Any, batch: int) -> list[int]:
    """Return lengths, a tensor or numbers, as a list with one for each of the batch."""
    if isinstance(lengths, Tensor):
        if lengths.is_floating_point():
            _check.refuse(f"{name} must be integral, got {lengths.dtype}")
        lengths = lengths.reshape(-1).tolist()
    found = [int(length) for length in lengths]
    if len(found) != batch:
        _check.refuse(f"{name} must be of size batch_size, which is {batch}, got {len(found)}")
    return found


def _check_lengths(
    inputs: list[int], counts: list[int], targets: Tensor, shape: tuple[int, ...], blank: int
) -> None:
    times, _, classes = shape
    context = "(while checking arguments for ctc_loss_allocate_outputs)"
    if not 0 <= blank < classes:
        _check.refuse(f"blank must be in label range, which is [0, {classes}), got {blank}")
    for name, lengths in (("input_lengths", inputs), ("target_lengths", counts)):
        if min(lengths, default=0) < 0:
            _check.refuse(
                f"Expected {name} to have value at least 0, but got value {min(lengths)} {context}"
            )
    if max(inputs, default=0) > times:
        _check.refuse(
            f"Expected input_lengths to have value at most {times}, but got value {max(inputs)} "
            f"{context}"
        )
    _check_targets(counts, targets, classes, context)


def _check_targets(counts: list[int], targets: Tensor, classes: int, context: str) -> None:
    array = targets._array
    argument = "for argument #2 'targets'"
    if array.ndim == 1 and array.size != sum(counts):
        _check.refuse(
            f"Expected tensor to have size {sum(counts)} at dimension 0, but got size "
            f"{array.size} {argument} {context}: there are so many labels by target_lengths"
        )
    least = (len(counts), max(counts, default=0))
    short = [dim for dim in (0, 1) if array.ndim == 2 and array.shape[dim] < least[dim]]
    if short:
        _check.refuse(
            f"Expected tensor to have size at least {least[short[0]]} at dimension {short[0]}, "
            f"but got size {array.shape[short[0]]} {argument} {context}"
        )
    if array.ndim not in {1, 2}:
        _check.refuse(f"targets should be 1-D or 2-D, got {array.ndim}-D {argument} {context}")
    used = array
    if array.ndim == 2:
        used = array[: len(counts)][np.arange(array.shape[1]) < np.array(counts)[:, None]]
    bad = (used < 0) | (used >= classes)
    if bad.any():
        place = int(bad.argmax())
        _check.refuse(
            f"Expected targets to be labels in [0, {classes}), but got {int(used[place])}, label "
            f"{place} of all {argument} {context}"
        )


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: int = 1,
    zero_infinity: bool = False,
) -> Tensor:
    r"""Return minus the log-likelihood of targets over all of their alignments to the input.

    Args:
        log_probs: shape (T, N, C) or (T, C), logarithms of probabilities.
        targets: labels, shape (N, S), or one after the other in one dimension.
        input_lengths: how much of each input counts, at most T.
        target_lengths: how many labels each target has.
        blank: the label that stands for none.
        reduction: 0 for none, 1 for the mean of each loss by the target's length, 2 for the sum.
        zero_infinity: losses of targets that are too long are 0, and have no gradient.

    Raises:
        RuntimeError: lengths, labels or shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> log_probs = torch.full((2, 1, 2), 0.5).log()
        >>> torch.ctc_loss(log_probs, torch.tensor([[1]]), (2,), (1,))
        tensor(0.2877)

    References:
        Graves et al. 2006, Connectionist Temporal Classification.
    """
    if log_probs.dim() not in {2, 3}:
        _check.refuse(f"log_probs should be (T, N, C) or (T, C), got shape {list(log_probs.shape)}")
    is_batched = log_probs.dim() == 3
    batched: Any = log_probs if is_batched else log_probs.unsqueeze(1)
    if not log_probs.numel():
        _check.refuse(f"log_probs tensor must not be empty, got shape {list(log_probs.shape)}")
    batch = batched.shape[1]
    inputs = _lengths("input_lengths", input_lengths, batch)
    counts = _lengths("target_lengths", target_lengths, batch)
    _check_lengths(inputs, counts, targets, batched.shape, blank)
    loss: Any = _ctc_loss(batched, targets.long(), inputs, counts, blank, zero_infinity)
    if zero_infinity:
        loss = where(loss == math.inf, loss.new_zeros(()), loss)
    if reduction == 1:
        loss = loss / tensor(counts, dtype=loss.dtype).clamp_min(1)
    loss = reduced(loss, reduction)
    return loss if is_batched or loss.dim() == 0 else loss.squeeze(0)
