"""LSTM over whole sequences; rows, ``batch_sizes`` and ``reverse`` are as `recurrent` says.

The projected forms (``proj_size``) exist in NumPy only: they are rare, and their step is two matrix
products, which BLAS does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .recurrent import _steps, bias, check_shapes, check_weights, logistic, previous_states

Array = np.ndarray[Any, Any]


def _cell(gates: Array, cell: Array) -> tuple[Array, Array, Array]:
    """Return the gates after their squashing, the new cell state and the hidden state."""
    hidden = cell.shape[1]
    squashed = logistic(gates)
    squashed[:, 2 * hidden : 3 * hidden] = np.tanh(gates[:, 2 * hidden : 3 * hidden])
    i, f, g, o = np.split(squashed, 4, axis=1)
    after = f * cell + i * g
    return squashed, after, o * np.tanh(after)


def _cell_backward(
    grad_h: Array, grad_c: Array, saved: Array, cell: Array, previous_cell: Array
) -> tuple[Array, Array]:
    """Return the gradient of the gates and that of the cell state before."""
    i, f, g, o = np.split(saved, 4, axis=1)
    squashed = np.tanh(cell)
    grad_c = grad_c + grad_h * o * (1 - squashed * squashed)
    grad_gates = np.concatenate(
        (
            grad_c * g * (i * (1 - i)),
            grad_c * previous_cell * (f * (1 - f)),
            grad_c * i * (1 - g * g),
            grad_h * squashed * (o * (1 - o)),
        ),
        axis=1,
    )
    return grad_gates, grad_c * f


def lstm_forward(
    output: Array,
    h_n: Array,
    c_n: Array,
    saved: Array | None,
    input: Array,
    h0: Array,
    c0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
    batch_sizes: Array | None,
    reverse: bool,
) -> None:
    """Run ``c = f c + i g``, ``h = o tanh(c)``.

    Args:
        output: written, every hidden state, shape (N, H).
        h_n: written, the last hidden state of each sequence, shape (B, H).
        c_n: written, the last cell state of each sequence, shape (B, H).
        saved: written for `lstm_backward`: i, f, g, o, c and the hidden state each row started
            from, side by side, shape (N, 6H); None to save nothing.
        input: shape (N, F).
        h0: initial hidden states, shape (B, H).
        c0: initial cell states, shape (B, H).
        w_ih: shape (4H, F).
        w_hh: shape (4H, H).
        b_ih: shape (4H) or None.
        b_hh: shape (4H) or None.
        batch_sizes: rows of each step, or None.
        reverse: whether to run from the last step to the first.
    """
    (batch, hidden), (rows, features) = h0.shape, input.shape
    check_shapes(
        ("output", output, (rows, hidden)),
        ("h_n", h_n, (batch, hidden)),
        ("c_n", c_n, (batch, hidden)),
        ("saved", saved, (rows, 6 * hidden)),
        ("c0", c0, (batch, hidden)),
    )
    check_weights(hidden, 4 * hidden, features, w_ih, w_hh, b_ih, b_hh)
    h_n[...], c_n[...] = h0, c0
    with np.errstate(all="ignore"):
        for where, size in _steps(rows, batch, batch_sizes, from_the_end=reverse):
            before = h_n[:size].copy()
            gates = (input[where] @ w_ih.T + bias(b_ih)) + (before @ w_hh.T + bias(b_hh))
            squashed, c_n[:size], h_n[:size] = _cell(gates, c_n[:size])
            output[where] = h_n[:size]
            if saved is not None:
                np.concatenate((squashed, c_n[:size], before), axis=1, out=saved[where])


def lstm_backward(
    grad_gates: Array,
    grad_h0: Array,
    grad_c0: Array,
    grad_output: Array,
    grad_h_n: Array,
    grad_c_n: Array,
    saved: Array,
    c0: Array,
    w_hh: Array,
    batch_sizes: Array | None,
    reverse: bool,
) -> None:
    """Write the gradients of `lstm_forward`.

    Args:
        grad_gates: written, of the input gates and of the hidden ones alike, shape (N, 4H).
        grad_h0: written, shape (B, H).
        grad_c0: written, shape (B, H).
        grad_output: shape (N, H).
        grad_h_n: shape (B, H).
        grad_c_n: shape (B, H).
        saved: as `lstm_forward` wrote it, shape (N, 6H).
        c0: initial cell states, shape (B, H).
        w_hh: shape (4H, H).
        batch_sizes: rows of each step, or None.
        reverse: as in the forward run.
    """
    (batch, hidden), rows = grad_h_n.shape, grad_output.shape[0]
    check_shapes(
        ("grad_gates", grad_gates, (rows, 4 * hidden)),
        ("grad_h0", grad_h0, (batch, hidden)),
        ("grad_c0", grad_c0, (batch, hidden)),
        ("grad_output", grad_output, (rows, hidden)),
        ("grad_c_n", grad_c_n, (batch, hidden)),
        ("saved", saved, (rows, 6 * hidden)),
        ("c0", c0, (batch, hidden)),
        ("w_hh", w_hh, (4 * hidden, hidden)),
    )
    grad_h0[...], grad_c0[...] = grad_h_n, grad_c_n
    gates, cells = saved[:, : 4 * hidden], saved[:, 4 * hidden : 5 * hidden]
    before = previous_states(c0, cells, batch_sizes, reverse=reverse)
    with np.errstate(all="ignore"):
        for where, size in _steps(rows, batch, batch_sizes, from_the_end=not reverse):
            grad_h = grad_output[where] + grad_h0[:size]
            grad_gates[where], grad_c0[:size] = _cell_backward(
                grad_h, grad_c0[:size], gates[where], cells[where], before[where]
            )
            grad_h0[:size] = grad_gates[where] @ w_hh


def lstm_projected_forward(
    output: Array,
    h_n: Array,
    c_n: Array,
    saved: Array | None,
    cells: Array | None,
    hidden: Array | None,
    input_gates: Array,
    h0: Array,
    c0: Array,
    w_hh: Array,
    w_hr: Array,
    b_hh: Array | None,
    batch_sizes: Array | None,
    reverse: bool,
) -> None:
    """Run ``c = f c + i g``, ``m = o tanh(c)``, ``h = w_hr m``.

    Args:
        output: written, every projected state, shape (N, P).
        h_n: written, shape (B, P).
        c_n: written, shape (B, H).
        saved: written: i, f, g, o side by side, shape (N, 4H), or None.
        cells: written, every cell state, shape (N, H), or None.
        hidden: written, every m, shape (N, H), or None; grad_w_hr = grad_projected.T @ hidden.
        input_gates: shape (N, 4H).
        h0: shape (B, P).
        c0: shape (B, H).
        w_hh: shape (4H, P).
        w_hr: shape (P, H).
        b_hh: shape (4H) or None.
        batch_sizes: rows of each step, or None.
        reverse: whether to run from the last step to the first.
    """
    h_n[...], c_n[...] = h0, c0
    rows, batch = input_gates.shape[0], h0.shape[0]
    with np.errstate(all="ignore"):
        for where, size in _steps(rows, batch, batch_sizes, from_the_end=reverse):
            gates = input_gates[where] + (h_n[:size] @ w_hh.T + bias(b_hh))
            squashed, c_n[:size], m = _cell(gates, c_n[:size])
            h_n[:size] = output[where] = m @ w_hr.T
            for array, value in ((saved, squashed), (cells, c_n[:size]), (hidden, m)):
                if array is not None:
                    array[where] = value


def lstm_projected_backward(
    grad_gates: Array,
    grad_projected: Array,
    grad_h0: Array,
    grad_c0: Array,
    grad_output: Array,
    grad_h_n: Array,
    grad_c_n: Array,
    saved: Array,
    cells: Array,
    previous_cells: Array,
    w_hh: Array,
    w_hr: Array,
    batch_sizes: Array | None,
    reverse: bool,
) -> None:
    """Write the gradients of `lstm_projected_forward`.

    Args:
        grad_gates: written, shape (N, 4H).
        grad_projected: written, the whole gradient of each projected state, shape (N, P).
        grad_h0: written, shape (B, P).
        grad_c0: written, shape (B, H).
        grad_output: shape (N, P).
        grad_h_n: shape (B, P).
        grad_c_n: shape (B, H).
        saved: as the forward run wrote it, shape (N, 4H).
        cells: as the forward run wrote it, shape (N, H).
        previous_cells: `previous_states` of c0 and the cells, shape (N, H).
        w_hh: shape (4H, P).
        w_hr: shape (P, H).
        batch_sizes: rows of each step, or None.
        reverse: as in the forward run.
    """
    grad_h0[...], grad_c0[...] = grad_h_n, grad_c_n
    rows, batch = grad_output.shape[0], grad_h_n.shape[0]
    with np.errstate(all="ignore"):
        for where, size in _steps(rows, batch, batch_sizes, from_the_end=not reverse):
            grad_projected[where] = grad_output[where] + grad_h0[:size]
            grad_gates[where], grad_c0[:size] = _cell_backward(
                grad_projected[where] @ w_hr,
                grad_c0[:size],
                saved[where],
                cells[where],
                previous_cells[where],
            )
            grad_h0[:size] = grad_gates[where] @ w_hh
