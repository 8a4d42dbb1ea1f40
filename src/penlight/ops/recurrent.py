"""One layer and direction of RNN, GRU and LSTM over whole sequences.

Each op takes the layer's input and weights, runs the input product of all steps as one matrix
product, the recurrence in a kernel, and in backward the weight gradients as one product each.
Sequences are padded, shape (T, B, features), or packed, shape (N, features) with ``batch_sizes``;
a cell is a packed layer of one step.

Forward saves nothing that it returns: programs may write into a layer's output, as in torch.

Backward computes from what forward saved and is not itself differentiable. When the walk is
recorded (``create_graph``), the rule differentiates the same recurrence written in elementary ops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Array, Tensor, wrap
from ..autograd.grad_mode import mode
from ._families import view
from ._op import Saving, op
from ._recurrent_steps import differentiate, gru_steps, lstm_steps, rnn_steps

__all__: list[str] = []


@view(
    "_swap_batch", node="TransposeBackward1", method=False, input=lambda grad: grad.transpose(0, 1)
)
def swap_batch(input: Array) -> Array:
    """Return the first two dimensions swapped, under the name torch prints for it here."""
    return input.swapaxes(0, 1)


def _rows(array: Array) -> Array:
    """Return (T, B, F) as contiguous rows (T·B, F)."""
    return np.ascontiguousarray(array.reshape(-1, array.shape[-1]))


def _gates(input: Array, w_ih: Array, b_ih: Array | None) -> Array:
    """Return the input's part of the gates, for all steps at once."""
    gates = _rows(input) @ w_ih.T
    if b_ih is not None:
        gates += b_ih
    return gates


def _flat(*arrays: Array | None) -> tuple[Any, ...]:
    return tuple(None if array is None else np.ascontiguousarray(array) for array in arrays)


def _arrays(*tensors: Any) -> tuple[Any, ...]:
    """Return the tensors' arrays, contiguous, as kernels want them."""
    return _flat(*(None if tensor is None else tensor._array for tensor in tensors))


def _previous(first: Array, states: Array, batch_sizes: Any, *, reverse: bool) -> Array:
    """Return the state that each row started from."""
    if len(first) == len(states):  # one step
        return first
    return kernels.previous_states(first, states, batch_sizes, reverse=reverse)


def _sum_of_rows(rows: Array) -> Array:
    """Return the sum of rows, in blocks: one by one, their rounding errors would add up."""
    size = 64
    whole = len(rows) - len(rows) % size
    blocks = rows[:whole].reshape(-1, size, rows.shape[1]).sum(axis=1)
    total: Array = blocks.sum(axis=0) + rows[whole:].sum(axis=0)
    return total


def _gradients(
    needs: dict[str, bool],
    of_input: Array,
    of_hidden: Array,
    input: Any,
    previous: Array,
    w_ih: Any,
    **others: Array | None,
) -> tuple[Any, ...]:
    """Return the gradients that ``needs`` asks for, in its order: one product over all steps each.

    Args:
        needs: the names of the inputs, and whether each wants a gradient.
        of_input: gradient of the input's part of the gates, shape (N, gates).
        of_hidden: gradient of the hidden state's part of them.
        input: the layer's input.
        previous: the hidden state each row started from.
        w_ih: the input's weight.
        others: gradients that the kernel gave.
    """
    products: dict[str, Any] = {
        "input": lambda: (of_input @ w_ih._array).reshape(input._array.shape),
        "w_ih": lambda: of_input.T @ _rows(input._array),
        "w_hh": lambda: of_hidden.T @ previous,
        "b_ih": lambda: _sum_of_rows(of_input),
        "b_hh": lambda: _sum_of_rows(of_hidden),
    }
    found = []
    for name, need in needs.items():
        array = None if not need else products[name]() if name in products else others[name]
        found.append(None if array is None else wrap(array))
    return tuple(found)


# ---- RNN -----------------------------------------------------------------------------------------


def _rnn_forward(
    input: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
    batch_sizes: Any,
    reverse: bool,
    relu: bool,
    keep: bool,
) -> Any:
    gates = _gates(input, w_ih, b_ih)
    output = np.empty((gates.shape[0], h0.shape[1]), gates.dtype)
    h_n = np.empty(h0.shape, gates.dtype)
    first, weight, bias = _flat(h0, w_hh, b_hh)
    kernels.rnn_forward(output, h_n, gates, first, weight, bias, batch_sizes, reverse, relu)
    shaped = output.reshape(*input.shape[:-1], h0.shape[1])
    return Saving((shaped.copy() if keep else shaped, h_n), rows=output)


def _rnn_backward(
    grads: Any,
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    batch_sizes: Any,
    reverse: Any,
    relu: Any,
    rows: Any,
    needs: Any,
) -> Any:
    arguments = (input, h0, w_ih, w_hh, b_ih, b_hh)
    if mode.grad:
        options = (batch_sizes, reverse, relu)
        return differentiate(rnn_steps, (*arguments, *options), grads, needs)
    grad_h_n, first, weight = _arrays(grads[1], h0, w_hh)
    gates, grad_h0 = np.empty_like(rows), np.empty_like(first)
    states = (_rows(grads[0]._array), grad_h_n, rows, weight)
    kernels.rnn_backward(gates, grad_h0, *states, batch_sizes, reverse, relu)
    previous = _previous(first, rows, batch_sizes, reverse=reverse)
    wanted = dict(zip(("input", "h0", *_WEIGHTS), needs, strict=True))
    return _gradients(wanted, gates, gates, input, previous, w_ih, h0=grad_h0)


# ---- GRU -----------------------------------------------------------------------------------------


def _gru_forward(
    input: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
    batch_sizes: Any,
    reverse: bool,
    keep: bool,
) -> Any:
    gates = _gates(input, w_ih, b_ih)
    hidden = h0.shape[1]
    output = np.empty((gates.shape[0], hidden), gates.dtype)
    h_n = np.empty(h0.shape, gates.dtype)
    saved = np.empty((gates.shape[0], 4 * hidden), gates.dtype) if keep else None
    first, weight, bias = _flat(h0, w_hh, b_hh)
    kernels.gru_forward(output, h_n, saved, gates, first, weight, bias, batch_sizes, reverse)
    previous = None
    if keep:
        previous = _previous(first, output, batch_sizes, reverse=reverse)
    return Saving((output.reshape(*input.shape[:-1], hidden), h_n), kept=(saved, previous))


def _gru_backward(
    grads: Any,
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    batch_sizes: Any,
    reverse: Any,
    kept: Any,
    needs: Any,
) -> Any:
    arguments = (input, h0, w_ih, w_hh, b_ih, b_hh)
    if mode.grad:
        return differentiate(gru_steps, (*arguments, batch_sizes, reverse), grads, needs)
    saved, previous = kept
    grad_h_n, first, weight = _arrays(grads[1], h0, w_hh)
    of_input = np.empty((len(previous), 3 * previous.shape[1]), previous.dtype)
    of_hidden, grad_h0 = np.empty_like(of_input), np.empty_like(first)
    states = (_rows(grads[0]._array), grad_h_n, saved, previous, weight)
    kernels.gru_backward(of_input, of_hidden, grad_h0, *states, batch_sizes, reverse)
    wanted = dict(zip(("input", "h0", *_WEIGHTS), needs, strict=True))
    return _gradients(wanted, of_input, of_hidden, input, previous, w_ih, h0=grad_h0)


# ---- LSTM ----------------------------------------------------------------------------------------


def _lstm_forward(
    input: Array,
    h0: Array,
    c0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
    w_hr: Array | None,
    batch_sizes: Any,
    reverse: bool,
    keep: bool,
) -> Any:
    gates = _gates(input, w_ih, b_ih)
    count, hidden, kind = gates.shape[0], c0.shape[1], gates.dtype
    output = np.empty((count, h0.shape[1]), kind)
    h_n, c_n = np.empty(h0.shape, kind), np.empty(c0.shape, kind)
    saved = np.empty((count, 4 * hidden), kind) if keep else None
    cells = np.empty((count, hidden), kind) if keep else None
    before_projection = None
    first, cell, weight, bias, projection = _flat(h0, c0, w_hh, b_hh, w_hr)
    states = (gates, first, cell, weight)
    written = (output, h_n, c_n, saved, cells)
    if projection is None:
        kernels.lstm_forward(*written, *states, bias, batch_sizes, reverse)
    else:
        before_projection = np.empty((count, hidden), kind) if keep else None
        kernels.lstm_projected_forward(
            *written, before_projection, *states, projection, bias, batch_sizes, reverse
        )
    previous = None
    if keep:
        previous = _previous(first, output, batch_sizes, reverse=reverse)
    shaped = output.reshape(*input.shape[:-1], h0.shape[1])
    return Saving((shaped, h_n, c_n), kept=(saved, cells, before_projection, previous))


def _lstm_backward(
    grads: Any,
    input: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    w_hr: Any,
    batch_sizes: Any,
    reverse: Any,
    kept: Any,
    needs: Any,
) -> Any:
    arguments = (input, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr)
    if mode.grad:
        return differentiate(lstm_steps, (*arguments, batch_sizes, reverse), grads, needs)
    saved, cells, before_projection, previous = kept
    grad_output = _rows(grads[0]._array)
    grad_h_n, grad_c_n, first, cell, weight, projection = _arrays(*grads[1:], h0, c0, w_hh, w_hr)
    previous_cells = _previous(cell, cells, batch_sizes, reverse=reverse)
    gates, grad_h0, grad_c0 = np.empty_like(saved), np.empty_like(first), np.empty_like(cell)
    states = (grad_output, grad_h_n, grad_c_n, saved, cells, previous_cells, weight)
    grad_w_hr = None
    if projection is None:
        kernels.lstm_backward(gates, grad_h0, grad_c0, *states, batch_sizes, reverse)
    else:
        projected = np.empty_like(grad_output)
        written = (gates, projected, grad_h0, grad_c0)
        kernels.lstm_projected_backward(*written, *states, projection, batch_sizes, reverse)
        grad_w_hr = projected.T @ before_projection
    wanted = dict(zip(("input", "h0", "c0", *_WEIGHTS, "w_hr"), needs, strict=True))
    return _gradients(
        wanted, gates, gates, input, previous, w_ih, h0=grad_h0, c0=grad_c0, w_hr=grad_w_hr
    )


# ---- the records ---------------------------------------------------------------------------------

_WEIGHTS = ("w_ih", "w_hh", "b_ih", "b_hh")


def _records(
    name: str,
    forward: Any,
    backward: Any,
    inputs: tuple[str, ...],
    saves: tuple[str, ...],
    nodes: dict[str, str],
) -> dict[str, Any]:
    """Return one op per form, alike but for the node's name, which torch prints for its output."""
    outputs = 3 if "c0" in inputs else 2
    calls = {}
    for form, node in nodes.items():
        make = op(f"_{name}_{form}", node=node, method=False, outputs=outputs, saves=saves)
        calls[form] = make(forward)
        calls[form].vjp(*inputs)(backward)
    return calls


rnn_layer = _records(
    "rnn",
    _rnn_forward,
    _rnn_backward,
    inputs=("input", "h0", *_WEIGHTS),
    saves=("rows",),
    nodes={
        "padded": "StackBackward0",
        "packed": "CatBackward0",
        "tanh_cell": "TanhBackward0",
        "relu_cell": "ReluBackward0",
    },
)
gru_layer = _records(
    "gru",
    _gru_forward,
    _gru_backward,
    inputs=("input", "h0", *_WEIGHTS),
    saves=("kept",),
    nodes={"padded": "StackBackward0", "packed": "CatBackward0", "cell": "AddBackward0"},
)
# torch gives single-precision LSTMs without projection to oneDNN, and so another name.
lstm_layer = _records(
    "lstm",
    _lstm_forward,
    _lstm_backward,
    inputs=("input", "h0", "c0", *_WEIGHTS, "w_hr"),
    saves=("kept",),
    nodes={
        "fused": "MkldnnRnnLayerBackward0",
        "padded": "StackBackward0",
        "packed": "CatBackward0",
        "cell": "MulBackward0",
    },
)


def same_dtype(weight: Tensor, *others: Tensor | None) -> None:
    """Refuse tensors of other dtypes than the weight's, in the words of torch's matrix product."""
    kind = weight._array.dtype
    for other in others:
        # Equal dtypes are most often the same object, but not those of unpickled arrays.
        if other is not None and other._array.dtype is not kind and other._array.dtype != kind:
            msg = (
                f"mat1 and mat2 must have the same dtype, but got {other.dtype.scalar_type} and "
                f"{weight.dtype.scalar_type}: input, hidden states and weights of a recurrent "
                "layer are all of one dtype"
            )
            raise RuntimeError(msg)


def run_layer(
    kind: str,
    form: str,
    input: Tensor,
    states: Sequence[Tensor],
    weights: Sequence[Any],
    batch_sizes: Array | None,
    *,
    reverse: bool = False,
) -> tuple[Any, ...]:
    """Run one layer in one direction.

    Args:
        kind: ``"rnn_tanh"``, ``"rnn_relu"``, ``"gru"`` or ``"lstm"``.
        form: which of the kind's ops.
        input: (T, B, features), or (N, features) with ``batch_sizes``.
        states: h0, and c0 of an LSTM, (B, hidden).
        weights: w_ih, w_hh, b_ih, b_hh, w_hr; ``None`` where there is none.
        batch_sizes: rows of each step, int64, or ``None`` when all have B.
        reverse: run from the last step to the first.

    Returns:
        The output of every step, then the last states.
    """
    *most, w_hr = weights
    given = (input, *states, *most)
    keep = mode.grad and any(t is not None and t.requires_grad for t in (*given, w_hr))
    result: tuple[Any, ...]
    if kind == "gru":
        result = gru_layer[form](*given, batch_sizes, reverse, keep)
    elif kind == "lstm":
        result = lstm_layer[form](*given, w_hr, batch_sizes, reverse, keep)
    else:
        result = rnn_layer[form](*given, batch_sizes, reverse, kind == "rnn_relu", keep)
    return result
