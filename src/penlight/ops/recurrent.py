"""One layer and direction of RNN, GRU and LSTM over whole sequences.

Each op takes the layer's input and weights, runs the whole recurrence in a kernel, and in backward
the weight gradients as one product each over all steps.
Sequences are padded, shape (T, B, features), or packed, shape (N, features) with ``batch_sizes``;
a cell is a layer of one step, shape (B, features).

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
from ._recurrent_arrays import contiguous_rows, run_arrays
from ._recurrent_steps import differentiate, gru_steps, lstm_steps, rnn_steps
from .products import product

__all__: list[str] = []


@view(
    "_swap_batch", node="TransposeBackward1", method=False, input=lambda grad: grad.transpose(0, 1)
)
def swap_batch(input: Array) -> Array:
    """Return the first two dimensions swapped, under the name torch prints for it here."""
    return input.swapaxes(0, 1)


def _arrays(*tensors: Any) -> tuple[Any, ...]:
    """Return the tensors' arrays, contiguous, as kernels want them."""
    return tuple(None if t is None else np.ascontiguousarray(t._array) for t in tensors)


def _sum_of_rows(rows: Array) -> Array:
    """Return the sum of rows, in blocks: one by one, their rounding errors would add up."""
    size = 64
    if len(rows) <= size:
        return np.add.reduce(rows)
    whole = len(rows) - len(rows) % size
    blocks = rows[:whole].reshape(-1, size, rows.shape[1]).sum(axis=1)
    total: Array = blocks.sum(axis=0) + rows[whole:].sum(axis=0)
    return total


def _of_biases(needs: dict[str, bool], gates: Array) -> dict[str, Any]:
    """Return the gradients of the biases, which are equal where the gates' parts are."""
    if not (needs["b_ih"] or needs["b_hh"]):
        return {}
    total = _sum_of_rows(gates)
    return {"b_ih": total, "b_hh": total.copy()}


def _gradients(
    needs: dict[str, bool],
    gates: Array,
    input: Any,
    before: Array,
    w_ih: Any,
    others: dict[str, Any],
) -> tuple[Any, ...]:
    """Return the gradients that ``needs`` asks for, in its order: one product over all steps each.

    Args:
        needs: the names of the inputs, and whether each wants a gradient.
        gates: gradient of the gates, of the input's part and of the hidden state's, (N, gates).
        input: the layer's input.
        before: the hidden state each row started from.
        w_ih: the input's weight.
        others: the other gradients: arrays, or functions of nothing that return them.
    """
    products: dict[str, Any] = {
        "input": lambda: product(gates, w_ih._array).reshape(input._array.shape),
        "w_ih": lambda: product(gates.T, contiguous_rows(input._array)),
        "w_hh": lambda: product(gates.T, before),
        **others,
    }
    found = []
    for name, need in needs.items():
        array = products[name] if need else None
        array = array() if callable(array) else array
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
    kind = "rnn_relu" if relu else "rnn_tanh"
    weights = (w_ih, w_hh, b_ih, b_hh, None)
    output, lasts, kept = run_arrays(
        kind, input, (h0,), weights, batch_sizes, reverse=reverse, keep=keep
    )
    return Saving((output, *lasts), kept=kept)


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
    kept: Any,
    needs: Any,
) -> Any:
    arguments = (input, h0, w_ih, w_hh, b_ih, b_hh)
    if mode.grad:
        options = (batch_sizes, reverse, relu)
        return differentiate(rnn_steps, (*arguments, *options), grads, needs)
    grad_h_n, weight = _arrays(grads[1], w_hh)
    hidden = weight.shape[1]
    gates, grad_h0 = np.empty((len(kept), hidden), kept.dtype), np.empty_like(grad_h_n)
    states = (contiguous_rows(grads[0]._array), grad_h_n, kept, weight)
    kernels.rnn_backward(gates, grad_h0, *states, batch_sizes, reverse, relu)
    wanted = dict(zip(("input", "h0", *_WEIGHTS), needs, strict=True))
    others = {"h0": grad_h0, **_of_biases(wanted, gates)}
    return _gradients(wanted, gates, input, kept[:, hidden:], w_ih, others)


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
    weights = (w_ih, w_hh, b_ih, b_hh, None)
    output, lasts, kept = run_arrays(
        "gru", input, (h0,), weights, batch_sizes, reverse=reverse, keep=keep
    )
    return Saving((output, *lasts), kept=kept)


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
    grad_h_n, weight = _arrays(grads[1], w_hh)
    hidden = weight.shape[1]
    gates, grad_h0 = np.empty((len(kept), 4 * hidden), kept.dtype), np.empty_like(grad_h_n)
    states = (contiguous_rows(grads[0]._array), grad_h_n, kept, weight)
    kernels.gru_backward(gates, grad_h0, *states, batch_sizes, reverse)
    needed = dict(zip(("input", "h0", *_WEIGHTS), needs, strict=True))
    sums = _sum_of_rows(gates) if needed["b_ih"] or needed["b_hh"] else None
    others = _of_input_gates(gates, input, w_ih, sums)
    others |= {"h0": grad_h0, "b_hh": None if sums is None else sums[hidden:].copy()}
    return _gradients(needed, gates[:, hidden:], input, kept[:, 4 * hidden :], w_ih, others)


def _of_input_gates(gates: Array, input: Any, w_ih: Any, sums: Array | None) -> dict[str, Any]:
    """Return a GRU's gradients through the input's part of the gates, which stand n, r, z."""
    hidden = gates.shape[1] // 4

    def to_input() -> Array:
        weight = w_ih._array
        turned = np.concatenate((weight[2 * hidden :], weight[: 2 * hidden]))
        return product(gates[:, : 3 * hidden], turned).reshape(input._array.shape)

    def to_weight() -> Array:
        rows, out = contiguous_rows(input._array), np.empty(w_ih._array.shape, gates.dtype)
        kernels.matmul(out[: 2 * hidden], gates[:, hidden : 3 * hidden].T, rows)
        kernels.matmul(out[2 * hidden :], gates[:, :hidden].T, rows)
        return out

    bias = None if sums is None else np.concatenate((sums[hidden : 3 * hidden], sums[:hidden]))
    return {"input": to_input, "w_ih": to_weight, "b_ih": bias}


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
    weights = (w_ih, w_hh, b_ih, b_hh, w_hr)
    output, lasts, kept = run_arrays(
        "lstm", input, (h0, c0), weights, batch_sizes, reverse=reverse, keep=keep
    )
    return Saving((output, *lasts), kept=kept)


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
    grad_output = contiguous_rows(grads[0]._array)
    grad_h_n, grad_c_n, cell, weight, projection = _arrays(*grads[1:], c0, w_hh, w_hr)
    hidden = cell.shape[1]
    gates = np.empty((len(grad_output), 4 * hidden), grad_output.dtype)
    grad_h0, grad_c0 = np.empty_like(grad_h_n), np.empty_like(cell)
    written, given = (grad_h0, grad_c0), (grad_output, grad_h_n, grad_c_n)
    grad_w_hr = None
    if projection is None:
        before = kept[:, 5 * hidden :]
        kernels.lstm_backward(gates, *written, *given, kept, cell, weight, batch_sizes, reverse)
    else:
        saved, cells, before_projection, before = kept
        cells_before = kernels.previous_states(cell, cells, batch_sizes, reverse=reverse)
        projected = np.empty_like(grad_output)
        states = (saved, cells, cells_before, weight, projection)
        kernels.lstm_projected_backward(
            gates, projected, *written, *given, *states, batch_sizes, reverse
        )
        grad_w_hr = product(projected.T, before_projection)
    wanted = dict(zip(("input", "h0", "c0", *_WEIGHTS, "w_hr"), needs, strict=True))
    others = {"h0": grad_h0, "c0": grad_c0, "w_hr": grad_w_hr, **_of_biases(wanted, gates)}
    return _gradients(wanted, gates, input, before, w_ih, others)


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
    saves=("kept",),
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


def recorded(*tensors: Tensor | None) -> bool:
    """Return whether what is computed from the tensors is recorded."""
    if mode.grad:
        for tensor in tensors:
            if tensor is not None and tensor.requires_grad:
                return True
    return False


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
        input: (T, B, features), or (N, features) with ``batch_sizes`` or of one step.
        states: h0, and c0 of an LSTM, (B, hidden).
        weights: w_ih, w_hh, b_ih, b_hh, w_hr; ``None`` where there is none.
        batch_sizes: rows of each step, int64, or ``None`` when all have B.
        reverse: run from the last step to the first.

    Returns:
        The output of every step, then the last states.
    """
    *most, w_hr = weights
    given = (input, *states, *most)
    keep = recorded(*given, w_hr)
    result: tuple[Any, ...]
    if kind == "gru":
        result = gru_layer[form](*given, batch_sizes, reverse, keep)
    elif kind == "lstm":
        result = lstm_layer[form](*given, w_hr, batch_sizes, reverse, keep)
    else:
        result = rnn_layer[form](*given, batch_sizes, reverse, kind == "rnn_relu", keep)
    return result
