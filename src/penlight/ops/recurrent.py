"""One layer and direction of RNN, GRU and LSTM over whole sequences, and their cells.

Each op takes the layer's input and weights, runs the input product of all steps as one matrix product,
the recurrence in a kernel, and in backward the weight gradients as one product each. Sequences are
padded, shape (T, B, features), or packed, shape (N, features) with ``batch_sizes``.

Backward computes from what forward saved and is not itself differentiable. When the walk is recorded
(``create_graph``), the rule differentiates the same recurrence written in elementary ops instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Array, Tensor, wrap
from ..autograd.engine import run_backward
from ..autograd.grad_mode import enable_grad, mode
from ..autograd.views import edge_of
from ._families import view
from ._op import Saving, op
from .join import cat, stack
from .view import unbind

__all__ = ["gru_layer", "lstm_layer", "rnn_layer", "swap_batch"]


@view("_swap_batch", node="TransposeBackward1", method=False, input=lambda grad: grad.transpose(0, 1))
def swap_batch(input: Array) -> Array:
    """Return the first two dimensions swapped, under the name torch prints for it here."""
    return input.swapaxes(0, 1)


# ---- rows -------------------------------------------------------------------------------------------


def _rows(array: Array) -> Array:
    """Return (T, B, F) as contiguous rows (T·B, F)."""
    flat = array.reshape(-1, array.shape[-1])
    return np.ascontiguousarray(flat)


def _gates(input: Array, w_ih: Array, b_ih: Array | None) -> Array:
    """Return the input's part of the gates, for all steps at once."""
    gates = _rows(input) @ w_ih.T
    if b_ih is not None:
        gates += b_ih
    return gates


def _flat(*arrays: Array | None) -> tuple[Any, ...]:
    return tuple(None if array is None else np.ascontiguousarray(array) for array in arrays)


def _sizes(batch_sizes: Any) -> Any:
    return None if batch_sizes is None else np.ascontiguousarray(batch_sizes, dtype=np.int64)


def _weight_grads(
    grad_input_gates: Array,
    grad_hidden_gates: Array,
    input: Array,
    previous: Array,
    weights: tuple[Array | None, ...],
) -> tuple[Any, ...]:
    """Return the gradients of the input and of w_ih, w_hh, b_ih, b_hh: one product over all steps each."""
    w_ih, _, b_ih, b_hh = weights
    assert w_ih is not None
    grad_input = (grad_input_gates @ w_ih).reshape(input.shape)
    grad_w_ih = grad_input_gates.T @ _rows(input)
    grad_w_hh = grad_hidden_gates.T @ previous
    grad_b_ih = None if b_ih is None else grad_input_gates.sum(axis=0)
    grad_b_hh = None if b_hh is None else grad_hidden_gates.sum(axis=0)
    return grad_input, grad_w_ih, grad_w_hh, grad_b_ih, grad_b_hh


def _tensors(*arrays: Array | None) -> tuple[Any, ...]:
    return tuple(None if array is None else wrap(array) for array in arrays)


def _needed(grads: tuple[Any, ...], needs: tuple[bool, ...]) -> tuple[Any, ...]:
    return tuple(grad if need else None for grad, need in zip(grads, needs, strict=True))


# ---- second derivatives -----------------------------------------------------------------------------


def _differentiate(step: Any, arguments: tuple[Any, ...], grads: tuple[Any, ...], needs: tuple[bool, ...]) -> tuple[Any, ...]:
    """Return recorded gradients by running ``step`` again in elementary ops and walking back."""
    with enable_grad():
        outputs = step(*arguments)
    pairs = [(edge_of(o), g) for o, g in zip(outputs, grads, strict=True) if edge_of(o) is not None]
    wanted = [a for a, need in zip(arguments, needs, strict=False) if need]
    found = iter(
        run_backward(
            [edge for edge, _ in pairs],
            [grad for _, grad in pairs],
            keep_graph=True,
            create_graph=True,
            inputs=[edge_of(a) for a in wanted],
        )
    )
    return tuple(next(found) if need else None for need in needs)


def _steps(input: Any, batch_sizes: Any) -> tuple[Any, ...]:
    """Return each step's rows as a tensor."""
    if batch_sizes is None:
        return unbind(input, 0)
    rows: tuple[Any, ...] = input.split([int(size) for size in batch_sizes])
    return rows


def _scan(cell: Any, input: Any, states: tuple[Any, ...], batch_sizes: Any, *, reverse: bool) -> tuple[Any, ...]:
    """Run ``cell`` over the steps; return the output rows and the last states."""
    steps = _steps(input, batch_sizes)
    order = range(len(steps) - 1, -1, -1) if reverse else range(len(steps))
    outputs: list[Any] = [None] * len(steps)
    for index in order:
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


def _product(rows: Any, weight: Any, bias: Any) -> Any:
    out = rows @ weight.t()
    return out if bias is None else out + bias


# ---- RNN --------------------------------------------------------------------------------------------


def _rnn_forward(
    input: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
    batch_sizes: Any,
    reverse: bool,  # noqa: FBT001 - the record's own
    relu: bool,  # noqa: FBT001
) -> Any:
    gates = _gates(input, w_ih, b_ih)
    output = np.empty((gates.shape[0], h0.shape[1]), gates.dtype)
    h_n = np.empty(h0.shape, gates.dtype)
    first, weight, bias = _flat(h0, w_hh, b_hh)
    kernels.rnn_forward(output, h_n, gates, first, weight, bias, _sizes(batch_sizes), reverse, relu)
    return output.reshape(*input.shape[:-1], h0.shape[1]), h_n


def _rnn_composite(input: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, batch_sizes: Any, reverse: bool, relu: bool) -> Any:  # noqa: FBT001
    def cell(rows: Any, h: Any) -> tuple[Any]:
        sums = _product(rows, w_ih, b_ih) + _product(h, w_hh, b_hh)
        return (sums.relu() if relu else sums.tanh(),)

    return _scan(cell, input, (h0,), batch_sizes, reverse=reverse)


def _rnn_backward(grads: Any, input: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, batch_sizes: Any, reverse: Any, relu: Any, out: Any, needs: Any) -> Any:
    arguments = (input, h0, w_ih, w_hh, b_ih, b_hh, batch_sizes, reverse, relu)
    if mode.grad:
        return _differentiate(_rnn_composite, arguments, grads, needs)
    rows, grad_output = _rows(out._array), _rows(grads[0]._array)
    grad_h_n = np.ascontiguousarray(grads[1]._array)
    sizes, (first, weight) = _sizes(batch_sizes), _flat(h0._array, w_hh._array)
    gates, grad_h0 = np.empty_like(rows), np.empty_like(first)
    kernels.rnn_backward(gates, grad_h0, grad_output, grad_h_n, rows, weight, sizes, reverse, relu)
    previous = kernels.previous_states(first, rows, sizes, reverse=reverse)
    found = _weight_grads(gates, gates, input._array, previous, _arrays(w_ih, w_hh, b_ih, b_hh))
    return _needed(_tensors(found[0], grad_h0, *found[1:]), needs)


def _arrays(*tensors: Any) -> tuple[Any, ...]:
    return tuple(None if tensor is None else tensor._array for tensor in tensors)


# ---- GRU --------------------------------------------------------------------------------------------


def _gru_forward(
    input: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
    batch_sizes: Any,
    reverse: bool,  # noqa: FBT001 - the record's own
    keep: bool,  # noqa: FBT001
) -> Any:
    gates = _gates(input, w_ih, b_ih)
    hidden = h0.shape[1]
    output = np.empty((gates.shape[0], hidden), gates.dtype)
    h_n = np.empty(h0.shape, gates.dtype)
    saved = np.empty((gates.shape[0], 4 * hidden), gates.dtype) if keep else None
    first, weight, bias = _flat(h0, w_hh, b_hh)
    kernels.gru_forward(output, h_n, saved, gates, first, weight, bias, _sizes(batch_sizes), reverse)
    return Saving((output.reshape(*input.shape[:-1], hidden), h_n), gates=saved)


def _gru_composite(input: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, batch_sizes: Any, reverse: bool, keep: bool) -> Any:  # noqa: FBT001, ARG001
    def cell(rows: Any, h: Any) -> tuple[Any]:
        x_r, x_z, x_n = _product(rows, w_ih, b_ih).chunk(3, 1)
        h_r, h_z, h_n = _product(h, w_hh, b_hh).chunk(3, 1)
        reset, update = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
        new = (x_n + reset * h_n).tanh()
        return (new + update * (h - new),)

    return _scan(cell, input, (h0,), batch_sizes, reverse=reverse)


def _gru_backward(grads: Any, input: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, batch_sizes: Any, reverse: Any, keep: Any, out: Any, gates: Any, needs: Any) -> Any:
    arguments = (input, h0, w_ih, w_hh, b_ih, b_hh, batch_sizes, reverse, keep)
    if mode.grad:
        return _differentiate(_gru_composite, arguments, grads, needs)
    rows, grad_output = _rows(out._array), _rows(grads[0]._array)
    grad_h_n = np.ascontiguousarray(grads[1]._array)
    sizes, (first, weight) = _sizes(batch_sizes), _flat(h0._array, w_hh._array)
    previous = kernels.previous_states(first, rows, sizes, reverse=reverse)
    of_input = np.empty((rows.shape[0], 3 * rows.shape[1]), rows.dtype)
    of_hidden, grad_h0 = np.empty_like(of_input), np.empty_like(first)
    kernels.gru_backward(
        of_input, of_hidden, grad_h0, grad_output, grad_h_n, gates, previous, weight, sizes, reverse
    )
    found = _weight_grads(of_input, of_hidden, input._array, previous, _arrays(w_ih, w_hh, b_ih, b_hh))
    return _needed(_tensors(found[0], grad_h0, *found[1:]), needs)


# ---- LSTM -------------------------------------------------------------------------------------------


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
    reverse: bool,  # noqa: FBT001 - the record's own
    keep: bool,  # noqa: FBT001
) -> Any:
    gates = _gates(input, w_ih, b_ih)
    count, hidden, kind = gates.shape[0], c0.shape[1], gates.dtype
    output = np.empty((count, h0.shape[1]), kind)
    h_n, c_n = np.empty(h0.shape, kind), np.empty(c0.shape, kind)
    saved = np.empty((count, 4 * hidden), kind) if keep else None
    cells = np.empty((count, hidden), kind) if keep else None
    before_projection = None
    first, cell, weight, bias, sizes = (*_flat(h0, c0, w_hh, b_hh), _sizes(batch_sizes))
    if w_hr is None:
        kernels.lstm_forward(
            output, h_n, c_n, saved, cells, gates, first, cell, weight, bias, sizes, reverse
        )
    else:
        before_projection = np.empty((count, hidden), kind) if keep else None
        (projection,) = _flat(w_hr)
        kernels.lstm_projected_forward(
            *(output, h_n, c_n, saved, cells, before_projection),
            *(gates, first, cell, weight, projection, bias, sizes, reverse),
        )
    shaped = output.reshape(*input.shape[:-1], h0.shape[1])
    return Saving((shaped, h_n, c_n), kept=(saved, cells, before_projection))


def _lstm_composite(input: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any, batch_sizes: Any, reverse: bool, keep: bool) -> Any:  # noqa: FBT001, ARG001
    def cell(rows: Any, h: Any, c: Any) -> tuple[Any, Any]:
        i, f, g, o = (_product(rows, w_ih, b_ih) + _product(h, w_hh, b_hh)).chunk(4, 1)
        after = f.sigmoid() * c + i.sigmoid() * g.tanh()
        out = o.sigmoid() * after.tanh()
        return (out if w_hr is None else out @ w_hr.t()), after

    return _scan(cell, input, (h0, c0), batch_sizes, reverse=reverse)


def _lstm_backward(grads: Any, input: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any, batch_sizes: Any, reverse: Any, keep: Any, out: Any, kept: Any, needs: Any) -> Any:
    arguments = (input, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr, batch_sizes, reverse, keep)
    if mode.grad:
        return _differentiate(_lstm_composite, arguments, grads, needs)
    saved, cells, before_projection = kept
    rows, grad_output = _rows(out._array), _rows(grads[0]._array)
    grad_h_n, grad_c_n = _flat(grads[1]._array, grads[2]._array)
    first, cell, weight, projection = _flat(h0._array, c0._array, w_hh._array, _arrays(w_hr)[0])
    sizes = _sizes(batch_sizes)
    previous = kernels.previous_states(first, rows, sizes, reverse=reverse)
    previous_cells = kernels.previous_states(cell, cells, sizes, reverse=reverse)
    gates, grad_h0, grad_c0 = np.empty_like(saved), np.empty_like(first), np.empty_like(cell)
    states = (grad_output, grad_h_n, grad_c_n, saved, cells, previous_cells, weight)
    grad_w_hr = None
    if projection is None:
        kernels.lstm_backward(gates, grad_h0, grad_c0, *states, sizes, reverse)
    else:
        projected = np.empty_like(rows)
        kernels.lstm_projected_backward(
            gates, projected, grad_h0, grad_c0, *states, projection, sizes, reverse
        )
        grad_w_hr = projected.T @ before_projection
    found = _weight_grads(gates, gates, input._array, previous, _arrays(w_ih, w_hh, b_ih, b_hh))
    return _needed(_tensors(found[0], grad_h0, grad_c0, *found[1:], grad_w_hr), needs)


# ---- the records ------------------------------------------------------------------------------------

_WEIGHTS = ("w_ih", "w_hh", "b_ih", "b_hh")


def _layer(name: str, node: str, forward: Any, backward: Any, *, saves: tuple[str, ...], outputs: int, inputs: tuple[str, ...]) -> Any:
    """Return a layer's op under the node name that torch prints for its output."""
    call = op(name, node=node, method=False, outputs=outputs, saves=saves)(forward)
    call.vjp(*inputs)(backward)
    return call


def _layers(name: str, forward: Any, backward: Any, *, saves: tuple[str, ...], states: tuple[str, ...], padded: str, more: tuple[str, ...] = ()) -> Any:
    """Return a function that chooses between the op of padded and that of packed sequences."""
    options = {"saves": saves, "outputs": 1 + len(states), "inputs": ("input", *states, *_WEIGHTS, *more)}
    of_padded = _layer(f"_{name}", padded, forward, backward, **options)
    of_packed = _layer(f"_{name}_packed", "CatBackward0", forward, backward, **options)

    def choose(input: Tensor, *arguments: Any) -> tuple[Any, ...]:
        batch_sizes = arguments[len(states) + len(_WEIGHTS) + len(more)]
        chosen: tuple[Any, ...] = (of_padded if batch_sizes is None else of_packed)(input, *arguments)
        return chosen

    return choose


rnn_layer = _layers(
    "rnn_layer", _rnn_forward, _rnn_backward, saves=(), states=("h0",), padded="StackBackward0"
)
gru_layer = _layers(
    "gru_layer",
    _gru_forward,
    _gru_backward,
    saves=("gates",),
    states=("h0",),
    padded="StackBackward0",
)
lstm_layer = _layers(
    "lstm_layer",
    _lstm_forward,
    _lstm_backward,
    saves=("kept",),
    states=("h0", "c0"),
    padded="MkldnnRnnLayerBackward0",
    more=("w_hr",),
)
