"""RNN, GRU and LSTM over whole sequences: one layer, one direction.

Rows of all steps stand one step after the other: N rows in all, B sequences, hidden size H, and for
a projected LSTM its size P. Without ``batch_sizes`` each step has B rows (N = T * B); with it
(int64, shape (T), never growing), step t has ``batch_sizes[t]`` rows, those of the first sequences,
so that no padding is computed. ``reverse`` runs the recurrence from the last step to the first;
rows keep their places.

The gates are torch's: GRU r, z, n, with b_hh inside the reset product; LSTM i, f, g, o. The
products that do not depend on the step before are the caller's: first
``input_gates = x @ w_ih.T + b_ih``; and after the backward kernel, with G the gradient of the
hidden gates and ``previous`` from `previous_states`, ``grad_w_hh = G.T @ previous`` and
``grad_b_hh = G.sum(0)``; with the gradient of the input gates the same for w_ih and the input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = np.ndarray[Any, Any]


def _steps(
    rows: int, batch: int, batch_sizes: Array | None, *, from_the_end: bool
) -> Iterator[tuple[slice, int]]:
    """Yield, step by step, its rows and their number."""
    sizes = checked_sizes(rows, batch, batch_sizes)
    stops = np.cumsum(sizes).tolist()
    order = reversed(range(len(stops))) if from_the_end else iter(range(len(stops)))
    for step in order:
        size = int(sizes[step])
        yield slice(stops[step] - size, stops[step]), size


def checked_sizes(rows: int, batch: int, batch_sizes: Array | None) -> Array:
    """Return the number of rows of each step.

    Raises:
        ValueError: ``rows`` rows do not make such steps.
    """
    if batch_sizes is None:
        if rows % batch if batch else rows:
            message = f"input: {rows} rows are not a whole number of steps of {batch} rows"
            raise ValueError(message)
        return np.full(rows // batch if batch else 0, batch)
    limits = np.concatenate(([batch], batch_sizes[:-1]))
    wrong = np.flatnonzero((batch_sizes < 0) | (batch_sizes > limits[: batch_sizes.size]))
    if wrong.size:
        at = int(wrong[0])
        message = (
            f"batch_sizes: step {at} has {batch_sizes[at]} rows, expected 0 to {limits[at]}: "
            "sizes never grow"
        )
        raise ValueError(message)
    total = int(batch_sizes.sum())
    if total != rows:
        message = f"batch_sizes: they add up to {total} rows, but the arrays have {rows}"
        raise ValueError(message)
    return batch_sizes


def check_shapes(*expected: tuple[str, Array | None, tuple[int, ...]]) -> None:
    """Check (name, array or None, shape) triples.

    Raises:
        ValueError: a shape is not as expected.
    """
    for name, array, shape in expected:
        if array is not None and array.shape != shape:
            message = f"{name}: expected shape {shape}, got {array.shape}"
            raise ValueError(message)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + e^-x)."""
    out: Array = 1 / (1 + np.exp(-x))
    return out


def _bias(bias: Array | None) -> Array | float:
    return 0.0 if bias is None else bias


def previous_states(h0: Array, states: Array, batch_sizes: Array | None, *, reverse: bool) -> Array:
    """Return the state each row started from: the row of the step before it, or its row of ``h0``.

    Args:
        h0: initial states, shape (B, H).
        states: the state after each row, shape (N, H).
        batch_sizes: rows of each step, or None.
        reverse: whether the step before is the next one.

    Returns:
        A new array of shape (N, H).
    """
    batch, rows = h0.shape[0], states.shape[0]
    if batch_sizes is None:
        return np.concatenate((states[batch:], h0) if reverse else (h0, states[:-batch]))[:rows]
    out = np.empty_like(states)
    state = h0.copy()
    for where, size in _steps(rows, batch, batch_sizes, from_the_end=reverse):
        out[where] = state[:size]
        state[:size] = states[where]
    return out


def rnn_forward(
    output: Array,
    h_n: Array,
    input_gates: Array,
    h0: Array,
    w_hh: Array,
    b_hh: Array | None,
    batch_sizes: Array | None,
    reverse: bool,
    relu: bool,
) -> None:
    """Run ``h = tanh(x + w_hh h + b_hh)``, or relu in its place.

    Args:
        output: written, every state, shape (N, H).
        h_n: written, the last state of each sequence, shape (B, H).
        input_gates: x above, shape (N, H).
        h0: initial states, shape (B, H).
        w_hh: shape (H, H).
        b_hh: shape (H) or None.
        batch_sizes: rows of each step, or None.
        reverse: whether to run from the last step to the first.
        relu: relu in place of tanh.
    """
    (batch, hidden), rows = h0.shape, input_gates.shape[0]
    check_shapes(
        ("output", output, (rows, hidden)),
        ("h_n", h_n, (batch, hidden)),
        ("input_gates", input_gates, (rows, hidden)),
        ("w_hh", w_hh, (hidden, hidden)),
        ("b_hh", b_hh, (hidden,)),
    )
    h_n[...] = h0
    with np.errstate(all="ignore"):
        for where, size in _steps(rows, batch, batch_sizes, from_the_end=reverse):
            a = input_gates[where] + (h_n[:size] @ w_hh.T + _bias(b_hh))
            h_n[:size] = output[where] = np.where(a < 0, 0, a) if relu else np.tanh(a)


def rnn_backward(
    grad_gates: Array,
    grad_h0: Array,
    grad_output: Array,
    grad_h_n: Array,
    output: Array,
    w_hh: Array,
    batch_sizes: Array | None,
    reverse: bool,
    relu: bool,
) -> None:
    """Write the gradients of `rnn_forward`.

    Args:
        grad_gates: written, of the input gates and of the hidden ones alike, shape (N, H).
        grad_h0: written, shape (B, H).
        grad_output: shape (N, H).
        grad_h_n: shape (B, H).
        output: as `rnn_forward` wrote it, shape (N, H).
        w_hh: shape (H, H).
        batch_sizes: rows of each step, or None.
        reverse: as in the forward run.
        relu: as in the forward run.
    """
    (batch, hidden), rows = grad_h_n.shape, output.shape[0]
    check_shapes(
        ("grad_gates", grad_gates, (rows, hidden)),
        ("grad_h0", grad_h0, (batch, hidden)),
        ("grad_output", grad_output, (rows, hidden)),
        ("output", output, (rows, hidden)),
        ("w_hh", w_hh, (hidden, hidden)),
    )
    grad_h0[...] = grad_h_n
    with np.errstate(all="ignore"):
        for where, size in _steps(rows, batch, batch_sizes, from_the_end=not reverse):
            out, grad = output[where], grad_output[where] + grad_h0[:size]
            grad_gates[where] = np.where(out > 0, grad, 0) if relu else grad * (1 - out * out)
            grad_h0[:size] = grad_gates[where] @ w_hh
