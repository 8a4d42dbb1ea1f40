"""RNN, GRU and LSTM step by step in elementary ops, for derivatives of their derivatives."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import run_backward
from ..autograd.grad_mode import enable_grad
from ..autograd.views import edge_of
from .join import cat, stack
from .linear import linear
from .view import unbind


def differentiate(
    steps: Any, arguments: tuple[Any, ...], grads: tuple[Any, ...], needs: tuple[bool, ...]
) -> tuple[Any, ...]:
    """Return recorded gradients by running ``steps`` in elementary ops and walking back."""
    with enable_grad():
        outputs = steps(*arguments)
    pairs = [(edge_of(out), grad) for out, grad in zip(outputs, grads, strict=True)]
    pairs = [(edge, grad) for edge, grad in pairs if edge is not None]
    wanted = [tensor for tensor, need in zip(arguments, needs, strict=False) if need]
    found = iter(
        run_backward(
            [edge for edge, _ in pairs],
            [grad for _, grad in pairs],
            keep_graph=True,
            create_graph=True,
            inputs=[edge_of(tensor) for tensor in wanted],
        )
    )
    return tuple(next(found) if need else None for need in needs)


def _scan(
    cell: Any, gates: Any, states: tuple[Any, ...], batch_sizes: Any, *, reverse: bool
) -> tuple[Any, ...]:
    """Run ``cell`` over the input's share of the gates; return the output and the last states."""
    if gates.dim() == 2 and batch_sizes is None:  # a cell
        new = cell(gates, *states)
        return new[0], *new
    if batch_sizes is None:
        steps = unbind(gates, 0)
    else:
        steps = gates.split([int(size) for size in batch_sizes])
    outputs: list[Any] = [None] * len(steps)
    for index in range(len(steps) - 1, -1, -1) if reverse else range(len(steps)):
        rows = steps[index]
        count = rows.shape[0]
        new = cell(rows, *(state[:count] for state in states))
        outputs[index] = new[0]
        states = tuple(
            fresh if count == state.shape[0] else cat([fresh, state[count:]])
            for fresh, state in zip(new, states, strict=True)
        )
    joined = stack(outputs) if batch_sizes is None else cat(outputs)
    return joined, *states


def rnn_steps(
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    batch_sizes: Any,
    reverse: bool,
    relu: bool,
) -> tuple[Any, ...]:
    """Return what the op of an RNN layer returns."""

    def cell(rows: Any, h: Any) -> tuple[Any]:
        sums = rows + linear(h, w_hh, b_hh)
        return (sums.relu() if relu else sums.tanh(),)

    return _scan(cell, linear(input, w_ih, b_ih), (h0,), batch_sizes, reverse=reverse)


def gru_steps(
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    batch_sizes: Any,
    reverse: bool,
) -> tuple[Any, ...]:
    """Return what the op of a GRU layer returns."""

    def cell(rows: Any, h: Any) -> tuple[Any]:
        x_r, x_z, x_n = rows.chunk(3, 1)
        h_r, h_z, h_n = linear(h, w_hh, b_hh).chunk(3, 1)
        reset, update = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
        new = (x_n + reset * h_n).tanh()
        return ((h - new) * update + new,)

    return _scan(cell, linear(input, w_ih, b_ih), (h0,), batch_sizes, reverse=reverse)


def lstm_steps(
    input: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    w_hr: Any,
    batch_sizes: Any,
    reverse: bool,
) -> tuple[Any, ...]:
    """Return what the op of an LSTM layer returns."""

    def cell(rows: Any, h: Any, c: Any) -> tuple[Any, Any]:
        i, f, g, o = (rows + linear(h, w_hh, b_hh)).chunk(4, 1)
        after = f.sigmoid() * c + i.sigmoid() * g.tanh()
        out = o.sigmoid() * after.tanh()
        return (out if w_hr is None else out @ w_hr.t()), after

    return _scan(cell, linear(input, w_ih, b_ih), (h0, c0), batch_sizes, reverse=reverse)
