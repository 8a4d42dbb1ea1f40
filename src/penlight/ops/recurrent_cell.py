"""One step of RNN, GRU and LSTM: a layer of one step, under the names torch prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._tensor import Array, Tensor, wrap
from ._op import op
from ._recurrent_arrays import run_arrays
from .recurrent import recorded, run_layer, same_dtype

__all__ = ["gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell"]


@op("_lstm_cell_state", node="AddBackward0", method=False, quiet=True, input=lambda grad: grad)
def cell_state(input: Array) -> Array:
    """Return a copy: the second output of one step, under the name of the sum that made it."""
    return input.copy()


def _check_cell(input: Any, states: Sequence[Any], w_ih: Any, w_hh: Any) -> None:
    shape, features, hidden = input._array.shape, w_ih._array.shape[1], w_hh._array.shape[1]
    if len(shape) != 2:
        msg = (
            "Dimension out of range (expected to be in range of [-1, 0], but got 1): a cell takes "
            f"input (batch, features), got shape {list(shape)}"
        )
        raise IndexError(msg)
    if shape[1] != features:
        msg = (
            f"input has inconsistent input_size: got {shape[1]} expected {features} (input has "
            f"shape {list(shape)})"
        )
        raise RuntimeError(msg)
    for number, state in enumerate(states):
        found = state._array.shape
        if found[:1] != shape[:1]:
            msg = (
                f"Input batch size {shape[0]} doesn't match hidden{number} batch size {found[0]}: "
                f"input has shape {list(shape)}, hidden{number} {list(found)}"
            )
            raise RuntimeError(msg)
        if found[1:] != (hidden,):
            msg = (
                f"hidden{number} has inconsistent hidden_size: got {found[-1]}, expected {hidden} "
                f"(hidden{number} has shape {list(found)})"
            )
            raise RuntimeError(msg)


def _step(
    kind: str, form: str, input: Tensor, states: Sequence[Tensor], *weights: Any
) -> tuple[Any, ...]:
    _check_cell(input, states, weights[0], weights[1])
    same_dtype(weights[0], input, *states, *weights[1:])
    if recorded(input, *states, *weights):
        return run_layer(kind, form, input, states, (*weights, None), None)
    arrays = [None if weight is None else weight._array for weight in (*weights, None)]
    first = [state._array for state in states]
    output, lasts, _ = run_arrays(
        kind, input._array, first, arrays, None, reverse=False, keep=False
    )
    return wrap(output), *map(wrap, lasts)


def gru_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """Return the hidden state after one step of a GRU.

    Args:
        input: (batch, features).
        hx: the hidden state before, (batch, hidden).
        w_ih: weight of the input, (3 · hidden, features), rows r, z, n.
        w_hh: weight of the hidden state, (3 · hidden, hidden).
        b_ih: bias of the input, (3 · hidden).
        b_hh: bias of the hidden state, (3 · hidden).

    Raises:
        RuntimeError: the shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> torch.gru_cell(torch.ones(1, 2), torch.ones(1, 1), torch.zeros(3, 2), torch.zeros(3, 1))
        tensor([[0.5000]])
    """
    return _step("gru", "cell", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def lstm_cell(
    input: Tensor,
    hx: Sequence[Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the hidden and the cell state after one step of an LSTM.

    Args:
        input: (batch, features).
        hx: hidden and cell state before, each (batch, hidden).
        w_ih: weight of the input, (4 · hidden, features), rows i, f, g, o.
        w_hh: weight of the hidden state, (4 · hidden, hidden).
        b_ih: bias of the input, (4 · hidden).
        b_hh: bias of the hidden state, (4 · hidden).

    Raises:
        RuntimeError: the shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> h, zeros = torch.ones(1, 1), torch.zeros
        >>> torch.lstm_cell(torch.ones(1, 2), (h, h), zeros(4, 2), zeros(4, 1))[1]
        tensor([[0.5000]])
    """
    if len(hx) != 2:
        msg = f"lstm_cell expects two hidden states, got {len(hx)}"
        raise RuntimeError(msg)
    h, _, c = _step("lstm", "cell", input, hx, w_ih, w_hh, b_ih, b_hh)
    return h, c if c._edge is None else cell_state(c)


def rnn_tanh_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """Return the hidden state after one step of an Elman network with tanh.

    Args:
        input: (batch, features).
        hx: the hidden state before, (batch, hidden).
        w_ih: weight of the input, (hidden, features).
        w_hh: weight of the hidden state, (hidden, hidden).
        b_ih: bias of the input, (hidden).
        b_hh: bias of the hidden state, (hidden).

    Raises:
        RuntimeError: the shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> x, h = torch.ones(1, 2), torch.ones(1, 1)
        >>> torch.rnn_tanh_cell(x, h, torch.zeros(1, 2), torch.zeros(1, 1))
        tensor([[0.]])
    """
    return _step("rnn_tanh", "tanh_cell", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """Return the hidden state after one step with relu; arguments as :func:`rnn_tanh_cell`.

    Example:
        >>> import penlight as torch
        >>> x, h = torch.ones(1, 2), torch.ones(1, 1)
        >>> torch.rnn_relu_cell(x, h, torch.ones(1, 2), torch.zeros(1, 1))
        tensor([[2.]])
    """
    return _step("rnn_relu", "relu_cell", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]
