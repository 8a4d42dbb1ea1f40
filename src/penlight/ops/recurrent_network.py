"""Whole recurrent networks: layer upon layer, in one or both directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._dtype import float32, float64
from .._tensor import Array, Tensor, wrap
from ._recurrent_arrays import run_arrays
from .creation import empty_like
from .join import cat, stack
from .recurrent import recorded, run_layer, same_dtype, swap_batch
from .view import unbind

__all__ = ["gru", "lstm", "rnn_relu", "rnn_tanh"]


def run_network(
    kind: str,
    input: Any,
    batch_sizes: Tensor | None,
    states: Sequence[Any] | None,
    params: Sequence[Any],
    *,
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool = False,
) -> tuple[Any, ...]:
    """Run a whole network.

    Args:
        kind: ``"rnn_tanh"``, ``"rnn_relu"``, ``"gru"`` or ``"lstm"``.
        input: (T, B, features), (B, T, features) with ``batch_first``, or packed rows.
        batch_sizes: rows of each packed step, or ``None``.
        states: h0, and c0 of an LSTM, each (layers · directions, B, hidden); zeros for ``None``.
        params: each layer's and direction's w_ih, w_hh, b_ih, b_hh, w_hr, without those it lacks.
        has_biases: whether there are b_ih and b_hh.
        num_layers: the number of layers.
        dropout: probability that an element between two layers is dropped in training.
        train: whether this is training.
        bidirectional: whether each layer runs in both directions.
        batch_first: whether the batch is the padded input's first dimension.

    Returns:
        The last layer's output, then the last states of all layers and directions.
    """
    directions = 2 if bidirectional else 1
    each = 4 if has_biases else 2
    groups = num_layers * directions
    _check_params(params, groups, each)
    if states is None:
        if batch_sizes is None:
            batch = input._array.shape[0 if batch_first else 1]
        else:
            batch = int(batch_sizes._array[0])
        states = _zeros(kind, params, groups, batch)
    same_dtype(params[0], input, *states, *params[1:])
    kept_dtype = input.dtype if input._array.itemsize < 4 else None
    if kept_dtype is not None:
        # Kernels compute in single precision; the halves are for keeping.
        input, *states = (tensor.to(float32) for tensor in (input, *states))
        params = [tensor.to(float32) for tensor in params]
    sizes = None if batch_sizes is None else np.ascontiguousarray(batch_sizes._array, np.int64)
    batch_first = batch_first and sizes is None
    weights = _grouped(params, groups, each)
    dropout = dropout if train and num_layers > 1 else 0.0
    _check_states(states, groups)
    if dropout or recorded(input, *states, *params):
        if batch_first:
            input = input.transpose(0, 1)
        output, *lasts = _run_layers(kind, input, sizes, states, weights, directions, dropout)
        if batch_first:
            # torch: two ways to the same view, printed under different names.
            output = output.transpose(0, 1) if kind == "lstm" else swap_batch(output)
    else:
        array = input._array.swapaxes(0, 1) if batch_first else input._array
        array, *ends = _infer_layers(kind, array, sizes, states, weights, directions)
        output, *lasts = map(wrap, (array.swapaxes(0, 1) if batch_first else array, *ends))
    if kept_dtype is not None:
        return tuple(tensor.to(kept_dtype) for tensor in (output, *lasts))
    return output, *lasts


def _run_layers(
    kind: str,
    input: Any,
    sizes: Array | None,
    states: Sequence[Any],
    weights: list[list[Any]],
    directions: int,
    dropout: float,
) -> tuple[Any, ...]:
    """Run layer upon layer; ``weights`` are those of each layer and direction."""
    starts = list(zip(*(unbind(state, 0) for state in states), strict=True))
    form = _form(kind, weights[0], packed=sizes is not None)
    lasts: list[tuple[Any, ...]] = []
    for first in range(0, len(weights), directions):
        if first and dropout:
            input = _dropped(input, dropout)
        outputs = []
        for at in range(first, first + directions):
            output, *last = run_layer(
                kind, form, input, starts[at], weights[at], sizes, reverse=at > first
            )
            outputs.append(output)
            lasts.append(tuple(last))
        input = outputs[0] if directions == 1 else cat(outputs, -1)
    return input, *(stack(each) for each in zip(*lasts, strict=True))


def _infer_layers(
    kind: str,
    input: Array,
    sizes: Array | None,
    states: Sequence[Any],
    weights: list[list[Any]],
    directions: int,
) -> tuple[Array, ...]:
    """Run layer upon layer on arrays: the same values, where nothing is recorded."""
    starts = [np.ascontiguousarray(state._array) for state in states]
    ends = [np.empty(start.shape, start.dtype) for start in starts]
    for first in range(0, len(weights), directions):
        outputs = []
        for at in range(first, first + directions):
            output, *_ = run_arrays(
                kind,
                input,
                [start[at] for start in starts],
                [None if weight is None else weight._array for weight in weights[at]],
                sizes,
                reverse=at > first,
                keep=False,
                lasts=[end[at] for end in ends],
            )
            outputs.append(output)
        input = outputs[0] if directions == 1 else np.concatenate(outputs, -1)
    return input, *ends


def _form(kind: str, weights: list[Any], *, packed: bool) -> str:
    """Return which op of the kind runs a layer, that is, which node torch prints."""
    if packed:
        return "packed"
    # torch gives LSTMs to oneDNN but for double precision and projections.
    fused = kind == "lstm" and weights[4] is None and weights[0].dtype is not float64
    return "fused" if fused else "padded"


def _check_params(params: Sequence[Any], groups: int, each: int) -> None:
    if not groups or len(params) not in {groups * each, groups * (each + 1)}:
        msg = (
            f"got an incorrect number of RNN parameters: expected {each} for each of {groups} "
            f"layers and directions, or {each + 1} with projections, got {len(params)} in all"
        )
        raise RuntimeError(msg)


def _grouped(params: Sequence[Any], groups: int, each: int) -> list[list[Any]]:
    """Return each layer's and direction's five weights, ``None`` for those it lacks."""
    size = len(params) // groups
    found = []
    for start in range(0, len(params), size):
        group = params[start : start + size]
        found.append([*group[:each], *[None] * (4 - each), group[each] if size > each else None])
    return found


def _zeros(kind: str, params: Sequence[Any], groups: int, batch: int) -> tuple[Tensor, ...]:
    """Return the states of a network that is given none."""
    gates, hidden = params[1]._array.shape
    features = (hidden, gates // 4) if kind == "lstm" else (hidden,)
    dtype = params[1]._array.dtype
    return tuple(wrap(np.zeros((groups, batch, size), dtype)) for size in features)


def _check_states(states: Sequence[Any], groups: int) -> None:
    for state in states:
        shape = state._array.shape
        if len(shape) != 3 or shape[0] != groups:
            msg = (
                f"Expected more hidden states in stacked_rnn: expected one for each of {groups} "
                f"layers and directions, (layers, batch, hidden), got a tensor of shape "
                f"{list(state.shape)}"
            )
            raise RuntimeError(msg)


def _dropped(input: Any, p: float) -> Any:
    """Drop elements of the input: the draws and the products of nn.functional.dropout."""
    if p == 1:
        return input * input.new_zeros(())
    noise: Any = empty_like(input)
    return input * noise.bernoulli_(1 - p).div_(1 - p) if input.numel() else input


_PADDED = ("hx", "params", "has_biases", "num_layers", "dropout", "train", "bidirectional")


def _call(kind: str, args: tuple[Any, ...], kwargs: dict[str, Any], *, packed: bool) -> Any:
    """Call by the arguments of torch's overload for padded or for packed sequences."""
    first = ("data", "batch_sizes") if packed else ("input",)
    names = (*first, *_PADDED) if packed else (*first, *_PADDED, "batch_first")
    given = dict(zip(names, args, strict=False))
    missing = [name for name in names if name not in given and name not in kwargs]
    if missing or len(args) > len(names) or (given.keys() | kwargs.keys()) != set(names):
        msg = f"{kind}() received an invalid combination of arguments: expected {names}"
        raise TypeError(msg)
    given.update(kwargs)
    input, batch_sizes = given.pop(first[0]), given.pop("batch_sizes", None)
    hx = given.pop("hx")
    states = tuple(hx) if kind == "lstm" else (hx,)
    if kind == "lstm" and len(states) != 2:
        msg = f"lstm expects two hidden states, got {len(states)}"
        raise RuntimeError(msg)
    return run_network(kind, input, batch_sizes, states, given.pop("params"), **given)


def _is_packed(args: tuple[Any, ...], kwargs: dict[str, Any], place: int) -> bool:
    return "batch_sizes" in kwargs or (len(args) > place and isinstance(args[place], Tensor))


def gru(*args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """Run a GRU; :class:`penlight.nn.GRU` calls it with its weights.

    Takes ``input, hx, params, has_biases, num_layers, dropout, train, bidirectional,
    batch_first``, or for packed sequences ``data, batch_sizes, hx, params, has_biases, num_layers,
    dropout, train, bidirectional``.

    Raises:
        RuntimeError: the number of weights or of hidden states is wrong.
        TypeError: arguments are missing or unknown.

    Example:
        >>> import penlight as torch
        >>> weights = [torch.zeros(3, 2), torch.zeros(3, 1)]
        >>> x, h = torch.ones(4, 1, 2), torch.ones(1, 1, 1)
        >>> torch.gru(x, h, weights, False, 1, 0.0, False, False, False)[1]
        tensor([[[0.0625]]])
    """
    packed = _is_packed(args, kwargs, 2)
    return _call("gru", args, kwargs, packed=packed)


def lstm(*args: Any, **kwargs: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Run an LSTM; arguments as for :func:`gru`, where ``hx`` is a pair of tensors.

    Example:
        >>> import penlight as torch
        >>> weights = [torch.zeros(4, 2), torch.zeros(4, 1)]
        >>> x, h = torch.ones(4, 1, 2), torch.ones(1, 1, 1)
        >>> torch.lstm(x, (h, h), weights, False, 1, 0.0, False, False, False)[2]
        tensor([[[0.0625]]])
    """
    packed = _is_packed(args, kwargs, 1)
    return _call("lstm", args, kwargs, packed=packed)


def rnn_tanh(*args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """Run an Elman network with tanh; arguments as for :func:`gru`.

    Example:
        >>> import penlight as torch
        >>> weights = [torch.zeros(1, 2), torch.zeros(1, 1)]
        >>> x, h = torch.ones(4, 1, 2), torch.ones(1, 1, 1)
        >>> torch.rnn_tanh(x, h, weights, False, 1, 0.0, False, False, False)[1]
        tensor([[[0.]]])
    """
    packed = _is_packed(args, kwargs, 2)
    return _call("rnn_tanh", args, kwargs, packed=packed)


def rnn_relu(*args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """Run an Elman network with relu; arguments as for :func:`gru`.

    Example:
        >>> import penlight as torch
        >>> weights = [torch.ones(1, 2), torch.zeros(1, 1)]
        >>> x, h = torch.ones(4, 1, 2), torch.ones(1, 1, 1)
        >>> torch.rnn_relu(x, h, weights, False, 1, 0.0, False, False, False)[1]
        tensor([[[2.]]])
    """
    packed = _is_packed(args, kwargs, 2)
    return _call("rnn_relu", args, kwargs, packed=packed)
