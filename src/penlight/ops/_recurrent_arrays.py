"""One layer and direction of RNN, GRU and LSTM on arrays: what its op and plain inference share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Array

_RNN = frozenset({"rnn_tanh", "rnn_relu"})
# The kernel of each kind, and how many times H it saves of a row.
_KERNELS: dict[str, tuple[Any, int]] = {
    "rnn_tanh": (kernels.rnn_forward, 2),
    "rnn_relu": (kernels.rnn_forward, 2),
    "gru": (kernels.gru_forward, 5),
    "lstm": (kernels.lstm_forward, 6),
}


def contiguous_rows(array: Array) -> Array:
    """Return (T, B, F) as contiguous rows (T·B, F)."""
    return np.ascontiguousarray(array.reshape(-1, array.shape[-1]))


def _flat(array: Array | None) -> Any:
    return None if array is None else np.ascontiguousarray(array)


def run_arrays(
    kind: str,
    input: Array,
    states: Sequence[Array],
    weights: Sequence[Array | None],
    batch_sizes: Array | None,
    *,
    reverse: bool,
    keep: bool,
    lasts: Sequence[Array] | None = None,
) -> tuple[Any, Sequence[Array], Any]:
    """Run one layer in one direction on arrays.

    Args:
        kind: as for `run_layer`.
        input: (T, B, features), or (N, features) with ``batch_sizes`` or of one step.
        states: h0, and c0 of an LSTM, (B, hidden).
        weights: w_ih, w_hh, b_ih, b_hh, w_hr; ``None`` where there is none.
        batch_sizes: rows of each step, int64, or ``None`` when all have B.
        reverse: run from the last step to the first.
        keep: whether backward will want what the kernel can save.
        lasts: where to write the last states, contiguous; made when left out.

    Returns:
        The output of every step, the last states, and what was saved.
    """
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    if w_hr is not None:
        return _run_projected(
            input, states, weights, batch_sizes, reverse=reverse, keep=keep, lasts=lasts
        )
    rows = contiguous_rows(input)
    count, hidden = len(rows), states[0].shape[1]
    output = np.empty((*input.shape[:-1], hidden), rows.dtype)
    flat = output.reshape(count, hidden)
    if lasts is None:
        lasts = [np.empty(state.shape, rows.dtype) for state in states]
    kernel, width = _KERNELS[kind]
    saved = np.empty((count, width * hidden), rows.dtype) if keep else None
    given = (*map(_flat, states), _flat(w_ih), _flat(w_hh), _flat(b_ih), _flat(b_hh))
    if kind in _RNN:
        kernel(flat, *lasts, saved, rows, *given, batch_sizes, reverse, kind == "rnn_relu")
    else:
        kernel(flat, *lasts, saved, rows, *given, batch_sizes, reverse)
    return output, lasts, saved


def _run_projected(
    input: Array,
    states: Sequence[Array],
    weights: Sequence[Array | None],
    batch_sizes: Array | None,
    *,
    reverse: bool,
    keep: bool,
    lasts: Sequence[Array] | None,
) -> tuple[Any, Sequence[Array], Any]:
    """Run a projected LSTM, whose kernels take the input's part of the gates."""
    w_ih, w_hh, b_ih, b_hh, w_hr = map(_flat, weights)
    first, cell = map(_flat, states)
    gates = contiguous_rows(input) @ w_ih.T
    if b_ih is not None:
        gates += b_ih
    count, hidden = len(gates), cell.shape[1]
    output = np.empty((count, first.shape[1]), gates.dtype)
    if lasts is None:
        lasts = np.empty_like(first), np.empty_like(cell)
    saved: Any = (None, None, None)
    if keep:
        saved = tuple(np.empty((count, width * hidden), gates.dtype) for width in (4, 1, 1))
    written = (output, *lasts, *saved)
    run: Any = kernels.lstm_projected_forward
    run(*written, gates, first, cell, w_hh, w_hr, b_hh, batch_sizes, reverse)
    if keep:
        saved = (*saved, kernels.previous_states(first, output, batch_sizes, reverse=reverse))
    return output.reshape(*input.shape[:-1], first.shape[1]), lasts, saved
