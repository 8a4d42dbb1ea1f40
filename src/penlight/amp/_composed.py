"""What torch composes of functions that autocast casts, where penlight has one op for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._dtype import float32
from .._tensor import Tensor
from ..autograd._autocast import state
from ..nn.functional.linear import _check_bilinear
from ..ops import recurrent_network as _network
from ..ops._recurrent_steps import gru_steps, lstm_steps, rnn_steps
from ..ops.creation import zeros
from ..ops.join import cat, stack
from ..ops.products import bmm
from ..ops.recurrent import swap_batch
from ..ops.view import unbind
from ._casts import run_lower, run_plain

# What runs each kind of layer step by step, and what it takes last.
STEPS: dict[str, tuple[Any, tuple[bool, ...]]] = {
    "gru": (gru_steps, ()),
    "lstm": (lstm_steps, ()),
    "rnn_relu": (rnn_steps, (True,)),
    "rnn_tanh": (rnn_steps, (False,)),
}


def step(
    _: Any, kind: str, form: str, input: Tensor, states: Sequence[Tensor], *weights: Any
) -> tuple[Any, ...]:
    """Run a recurrent cell; arguments as for ``ops.recurrent_cell``."""
    del form
    return _run_layer(kind, input, states, (*weights, None), None, reverse=False)


def run_network(own: Any, kind: str, input: Any, *args: Any, **options: Any) -> tuple[Any, ...]:
    """Run a recurrent network; arguments as for ``ops.recurrent_network``."""
    batch_sizes, states, params = args
    directions = 2 if options["bidirectional"] else 1
    each = 4 if options["has_biases"] else 2
    groups = options["num_layers"] * directions
    padded, projected = batch_sizes is None, len(params) != groups * each
    if kind == "lstm" and padded and not projected and input.dtype is float32:
        # torch gives these to oneDNN in the block's dtype.
        result: tuple[Any, ...] = run_lower(own, (kind, input, *args), options)
        return result
    turned = padded and options.get("batch_first")
    if turned:
        input = input.transpose(0, 1)
    weights = _network._grouped(params, groups, each)
    if states is None:
        states = _zeros(kind, input, batch_sizes, params, groups)
    sizes = None if padded else batch_sizes.tolist()
    starts = list(zip(*(unbind(state, 0) for state in states), strict=True))
    dropout = options["dropout"] if options["train"] else 0.0
    lasts: list[tuple[Any, ...]] = []
    for first in range(0, groups, directions):
        if first and dropout:
            input = _network._dropped(input, dropout)
        outputs = []
        for at in range(first, first + directions):
            output, *last = _run_layer(
                kind, input, starts[at], weights[at], sizes, reverse=at > first
            )
            outputs.append(output)
            lasts.append(tuple(last))
        input = outputs[0] if directions == 1 else cat(outputs, -1)
    if turned:
        input = input.transpose(0, 1) if kind == "lstm" else swap_batch(input)
    return input, *(stack(each) for each in zip(*lasts, strict=True))


def _zeros(
    kind: str, input: Tensor, batch_sizes: Any, params: Sequence[Tensor], groups: int
) -> tuple[Tensor, ...]:
    """Return the states of a network that is given none; torch makes them in the input's dtype."""
    batch = input.shape[1] if batch_sizes is None else int(batch_sizes[0])
    gates, hidden = params[1].shape
    features = (hidden, gates // 4) if kind == "lstm" else (hidden,)
    return tuple(zeros(groups, batch, size, dtype=input.dtype) for size in features)


def _run_layer(
    kind: str,
    input: Tensor,
    states: Sequence[Tensor],
    weights: Sequence[Any],
    batch_sizes: Any,
    *,
    reverse: bool,
) -> tuple[Any, ...]:
    """Run one layer in one direction, or a cell, step by step."""
    *most, w_hr = weights
    steps, options = STEPS[kind]
    given = (w_hr,) if kind == "lstm" else ()
    result: tuple[Any, ...] = steps(input, *states, *most, *given, batch_sizes, reverse, *options)
    return result


def pinv(own: Any, *args: Any, **options: Any) -> Tensor:
    """Return pseudoinverses, computed in single precision, in the block's dtype."""
    found: Tensor = run_plain(own, args, options)
    return found.to(state.dtypes["cpu"]) if found.dtype is float32 else found


def bilinear(
    own: Any, input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None
) -> Tensor:
    """Apply ``bilinear``: two products in the block's dtype, the sum in the input's."""
    del own
    _check_bilinear(input1, input2, weight, bias)
    first: Any = input1.reshape(-1, input1.shape[-1])
    second: Any = input2.reshape(-1, input2.shape[-1], 1)
    outputs, features, others = weight.shape
    mixed = first @ weight.permute(1, 0, 2).reshape(features, outputs * others)
    product = bmm(mixed.view(-1, outputs, others), second).to(input1.dtype)
    product = product.view(*input1.shape[:-1], outputs)
    out: Tensor = product if bias is None else product + bias
    return out
