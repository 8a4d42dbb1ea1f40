"""GRU over whole sequences; rows, ``batch_sizes`` and ``reverse`` are as `recurrent` says."""

from __future__ import annotations

from typing import Any

import numpy as np

from .recurrent import _steps, bias, check_shapes, check_weights, logistic

Array = np.ndarray[Any, Any]


def gru_forward(
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
) -> None:
    """Run ``h = n + z (h - n)`` with ``n = tanh(w_in x + b_in + r (w_hn h + b_hn))``.

    Args:
        output: written, every state, shape (N, H).
        h_n: written, the last state of each sequence, shape (B, H).
        saved: written for `gru_backward`: r, z, n, w_hn h + b_hn and the state each row started
            from, side by side, shape (N, 5H); None to save nothing.
        input: shape (N, F).
        h0: initial states, shape (B, H).
        w_ih: shape (3H, F).
        w_hh: shape (3H, H).
        b_ih: shape (3H) or None.
        b_hh: shape (3H) or None.
        batch_sizes: rows of each step, or None.
        reverse: whether to run from the last step to the first.
    """
    (batch, hidden), (rows, features) = h0.shape, input.shape
    check_shapes(
        ("output", output, (rows, hidden)),
        ("h_n", h_n, (batch, hidden)),
        ("saved", saved, (rows, 5 * hidden)),
    )
    check_weights(hidden, 3 * hidden, features, w_ih, w_hh, b_ih, b_hh)
    h_n[...] = h0
    with np.errstate(all="ignore"):
        for where, size in _steps(rows, batch, batch_sizes, from_the_end=reverse):
            state, x = h_n[:size], input[where] @ w_ih.T + bias(b_ih)
            u = state @ w_hh.T + bias(b_hh)
            both = logistic(x[:, : 2 * hidden] + u[:, : 2 * hidden])
            r, z = both[:, :hidden], both[:, hidden:]
            inner = u[:, 2 * hidden :]
            n = np.tanh(x[:, 2 * hidden :] + r * inner)
            if saved is not None:
                np.concatenate((both, n, inner, state), axis=1, out=saved[where])
            h_n[:size] = output[where] = n + z * (state - n)


def gru_backward(
    grad_gates: Array,
    grad_h0: Array,
    grad_output: Array,
    grad_h_n: Array,
    saved: Array,
    w_hh: Array,
    batch_sizes: Array | None,
    reverse: bool,
) -> None:
    """Write the gradients of `gru_forward`.

    Args:
        grad_gates: written: of the input's n; of r and z, the same for both; and of the hidden
            state's n, w_hn h + b_hn, side by side, shape (N, 4H).
        grad_h0: written, shape (B, H).
        grad_output: shape (N, H).
        grad_h_n: shape (B, H).
        saved: as `gru_forward` wrote it, shape (N, 5H).
        w_hh: shape (3H, H).
        batch_sizes: rows of each step, or None.
        reverse: as in the forward run.
    """
    (batch, hidden), rows = grad_h_n.shape, grad_output.shape[0]
    check_shapes(
        ("grad_gates", grad_gates, (rows, 4 * hidden)),
        ("grad_h0", grad_h0, (batch, hidden)),
        ("grad_output", grad_output, (rows, hidden)),
        ("saved", saved, (rows, 5 * hidden)),
        ("w_hh", w_hh, (3 * hidden, hidden)),
    )
    grad_h0[...] = grad_h_n
    with np.errstate(all="ignore"):
        for where, size in _steps(rows, batch, batch_sizes, from_the_end=not reverse):
            r, z, n, inner, before = np.split(saved[where], 5, axis=1)
            grad = grad_output[where] + grad_h0[:size]
            grad_n = grad * (1 - z) * (1 - n * n)
            grad_r = grad_n * inner * (r * (1 - r))
            grad_z = grad * (before - n) * (z * (1 - z))
            np.concatenate((grad_n, grad_r, grad_z, grad_n * r), axis=1, out=grad_gates[where])
            grad_h0[:size] = grad * z + grad_gates[where, hidden:] @ w_hh
