"""RNN, GRU and LSTM over whole sequences: one layer, one direction.

Rows of all steps stand one step after the other: N rows in all, B sequences, hidden size H, and for
a projected LSTM its size P. Without ``batch_sizes`` each step has B rows (N = T * B); with it
(int64, shape (T), never growing), step t has ``batch_sizes[t]`` rows, those of the first sequences,
so that no padding is computed. ``reverse`` runs the recurrence from the last step to the first;
rows keep their places.

The gates are torch's: GRU r, z, n, with b_hh inside the reset product; LSTM i, f, g, o. F is the
number of features of the input.

Forward saves for backward, where asked to, the state each row started from in the last H columns
of ``saved``. The products that come after the backward kernel are the caller's: with G the gradient
of the gates and ``before`` those columns, ``grad_w_hh = G.T @ before``, ``grad_b_hh = G.sum(0)``,
``grad_w_ih = G.T @ input`` and ``grad_input = G @ w_ih``.
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


def logistic(x: Array) -> Array:
    """Return 1 / (1 + e^-x)."""
    out: Array = 1 / (1 + np.exp(-x))
    return out


def bias(array: Array | None) -> Array | float:
    """Return a bias, or zero in its place."""
    return 0.0 if array is None else array


def check_weights(
    hidden: int,
    gates: int,
    features: int,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
) -> None:
    """Check the shapes of a layer's weights.

    Raises:
        ValueError: a shape is not as expected.
    """
    check_shapes(
        ("w_ih", w_ih, (gates, features)),
        ("w_hh", w_hh, (gates, hidden)),
        ("b_ih", b_ih, (gates,)),
        ("b_hh", b_hh, (gates,)),
    )


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
    saved: Array | None,
    input: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
    batch_sizes: Array | None,
    reverse: bool,
    relu: bool,
) -> None:
    """Run ``h = tanh(w_ih x + b_ih + w_hh h + b_hh)``, or relu in its place.

    Args:
        output: written, every state, shape (N, H).
        h_n: written, the last state of each sequence, shape (B, H).
        saved: written for `rnn_backward`: h, and the state each row started from, side by side,
            shape (N, 2H); None to save nothing.
        input: shape (N, F).
        h0: initial states, shape (B, H).
        w_ih: shape (H, F).
        w_hh: shape (H, H).
        b_ih: shape (H) or None.
        b_hh: shape (H) or None.
        batch_sizes: rows of each step, or None.
        reverse: whether to run from the last step to the first.
        relu: relu in place of tanh.
    """
    (batch, hidden), (rows, features) = h0.shape, input.shape
    check_shapes(
        ("output", output, (rows, hidden)),
        ("h_n", h_n, (batch, hidden)),
        ("saved", saved, (rows, 2 * hidden)),
    )
    check_weights(hidden, hidden, features, w_ih, w_hh, b_ih, b_hh)
    h_n[...] = h0
    with np.errstate(all="ignore"):
        for where, size in _steps(rows, batch, batch_sizes, from_the_end=reverse):
            before = h_n[:size].copy()
            a = (input[where] @ w_ih.T + bias(b_ih)) + (before @ w_hh.T + bias(b_hh))
            h_n[:size] = output[where] = np.where(a < 0, 0, a) if relu else np.tanh(a)
            if saved is not None:
                np.concatenate((output[where], before), axis=1, out=saved[where])


def rnn_backward(
    grad_gates: Array,
    grad_h0: Array,
    grad_output: Array,
    grad_h_n: Array,
    saved: Array,
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
        saved: as `rnn_forward` wrote it, shape (N, 2H).
        w_hh: shape (H, H).
        batch_sizes: rows of each step, or None.
        reverse: as in the forward run.
        relu: as in the forward run.
    """
    (batch, hidden), rows = grad_h_n.shape, grad_output.shape[0]
    check_shapes(
        ("grad_gates", grad_gates, (rows, hidden)),
        ("grad_h0", grad_h0, (batch, hidden)),
        ("grad_output", grad_output, (rows, hidden)),
        ("saved", saved, (rows, 2 * hidden)),
        ("w_hh", w_hh, (hidden, hidden)),
    )
    grad_h0[...] = grad_h_n
    with np.errstate(all="ignore"):
        for where, size in _steps(rows, batch, batch_sizes, from_the_end=not reverse):
            out, grad = saved[where, :hidden], grad_output[where] + grad_h0[:size]
            grad_gates[where] = np.where(out > 0, grad, 0) if relu else grad * (1 - out * out)
            grad_h0[:size] = grad_gates[where] @ w_hh
