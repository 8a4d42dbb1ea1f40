"""RNNBase: what RNN, LSTM and GRU share."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ...ops.creation import empty
from ...ops.recurrent_network import run_network
from .. import init
from ..parameter import Parameter
from ..utils.rnn import PackedSequence
from .module import Module

_KINDS = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "rnn_tanh", "RNN_RELU": "rnn_relu"}
_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _check_dropout(dropout: Any, num_layers: int) -> None:
    number = float(dropout)
    if isinstance(dropout, (bool, str)) or not 0 <= number <= 1:
        msg = (
            "dropout should be a number in range [0, 1] representing the probability of an element "
            f"being zeroed, got {dropout!r}"
        )
        raise ValueError(msg)
    if number > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
            f"expects num_layers greater than 1, but got dropout={dropout} and "
            f"num_layers={num_layers}",
            stacklevel=4,
        )


def _check_sizes(input_size: Any, hidden_size: Any, num_layers: int, proj_size: int) -> None:
    for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(size, int):
            msg = f"{name} should be of type int, got: {type(size).__name__}"
            raise TypeError(msg)
        if size <= 0:
            msg = f"{name} must be greater than zero, got {size}"
            raise ValueError(msg)
    if num_layers <= 0:
        msg = f"num_layers must be greater than zero, got {num_layers}"
        raise ValueError(msg)
    if proj_size < 0:
        msg = (
            "proj_size should be a positive integer or zero to disable projections, got "
            f"{proj_size}"
        )
        raise ValueError(msg)
    if proj_size >= hidden_size:
        msg = f"proj_size has to be smaller than hidden_size, got {proj_size} and {hidden_size}"
        raise ValueError(msg)


class RNNBase(Module):
    r"""Base of :class:`RNN`, :class:`LSTM` and :class:`GRU`: their parameters, checks and walk.

    All parameters start uniform in :math:`(-\sqrt{k}, \sqrt{k})` with :math:`k = 1 /
    \text{hidden\_size}`.

    Args:
        mode: ``"LSTM"``, ``"GRU"``, ``"RNN_TANH"`` or ``"RNN_RELU"``.
        input_size: number of features of the input.
        hidden_size: number of features of the hidden state.
        num_layers: number of layers, each fed with the output of the one before.
        bias: whether there are biases b_ih and b_hh.
        batch_first: padded batches are (batch, sequence, features) instead of (sequence, batch,
            features). Hidden states are not affected.
        dropout: in training, drop elements of the output of each layer but the last with this
            probability.
        bidirectional: run each layer in both directions.
        proj_size: size of the projection of an LSTM's hidden state; 0 for none.
        device: the CPU.
        dtype: of the parameters; the default dtype when left out.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size or the probability is out of range, or the mode is unknown.
    """

    __constants__ = (
        "mode",
        "input_size",
        "hidden_size",
        "num_layers",
        "bias",
        "batch_first",
        "dropout",
        "bidirectional",
        "proj_size",
    )

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make the parameters and initialise them."""
        super().__init__()
        _check_dropout(dropout, num_layers)
        for name, flag in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(flag, bool):
                msg = f"{name} should be of type bool, got: {type(flag).__name__}"
                raise TypeError(msg)
        _check_sizes(input_size, hidden_size, num_layers, proj_size)
        if mode not in _KINDS:
            msg = f"Unrecognized RNN mode: {mode}; expected one of {', '.join(_KINDS)}"
            raise ValueError(msg)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse") if bidirectional else ("",):
                shapes = self._shapes(layer)
                names = [f"{name}_l{layer}{suffix}" for name in shapes]
                for name, shape in zip(names, shapes.values(), strict=True):
                    setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
                self._all_weights.append(names)
        self._flat_weights_names = [name for names in self._all_weights for name in names]
        self.reset_parameters()

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of one direction's parameters, in order."""
        gates = _GATES[self.mode] * self.hidden_size
        state = self.proj_size or self.hidden_size
        features = state * (2 if self.bidirectional else 1) if layer else self.input_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (gates, features),
            "weight_hh": (gates, state),
        }
        if self.bias:
            shapes.update(bias_ih=(gates,), bias_hh=(gates,))
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        return shapes

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights(self) -> list[Any]:
        # Read anew each time: the attributes may be computed, as under parametrization.
        found = self._parameters
        names = self._flat_weights_names
        return [found[name] if name in found else getattr(self, name) for name in names]

    @_flat_weights.setter
    def _flat_weights(self, weights: list[Any]) -> None:
        """Accept what programs set after they changed a parameter; it is read anew anyhow."""

    def flatten_parameters(self) -> None:
        """Do nothing: it brings weights together for GPUs."""

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """Return the sizes and what is not the default."""
        parts = [str(self.input_size), str(self.hidden_size)]
        usual = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        for name, default in usual.items():
            value = getattr(self, name)
            if value != default:
                parts.append(f"{name}={value}")
        return ", ".join(parts)

    def __getstate__(self) -> dict[str, Any]:
        # torch: its forward reads the weights from this list, also of a model that is loaded.
        return {**self.__dict__, "_flat_weights": self._flat_weights}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        state.setdefault("proj_size", 0)
        state.pop("_flat_weights", None)
        super().__setstate__(state)

    # ---- checks ----------------------------------------------------------------------------------

    def _axes(self) -> str:
        order = "batch, sequence" if self.batch_first else "sequence, batch"
        return f"with batch_first={self.batch_first}, a batch is ({order}, features)"

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Refuse an input of the wrong dtype, number of dimensions or number of features.

        Raises:
            RuntimeError: the last dimension is not ``input_size``.
            ValueError: the dtype is not the weights', or the number of dimensions is wrong.
        """
        weight = getattr(self, self._flat_weights_names[0])
        if input.dtype is not weight.dtype:
            msg = (
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), or convert model: "
                f"model.to({input.dtype})"
            )
            raise ValueError(msg)
        shape = input.shape
        if batch_sizes is not None and len(shape) != 2:
            msg = f"input must have 2 dimensions, got {len(shape)}: packed data is (rows, features)"
            raise RuntimeError(msg)
        if shape[-1] != self.input_size:
            axes = "packed data is (rows, features)"
            if batch_sizes is None:
                axes = (
                    "without a batch it is (sequence, features)"
                    if len(shape) == 2
                    else self._axes()
                )
            msg = (
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                f"{shape[-1]}: the input has shape {list(shape)}; {axes}"
            )
            raise RuntimeError(msg)

    def get_expected_hidden_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """Return the shape of the hidden state for this input."""
        if batch_sizes is not None:
            batch = int(batch_sizes[0])
        else:
            batch = input.size(0 if self.batch_first else 1)
        layers = self.num_layers * (2 if self.bidirectional else 1)
        return layers, batch, self.proj_size or self.hidden_size

    def check_hidden_size(
        self,
        hx: Tensor,
        expected_hidden_size: tuple[int, int, int],
        msg: str = "Expected hidden size {}, got {}",
    ) -> None:
        """Refuse a hidden state of another shape, naming the axes that differ.

        Raises:
            RuntimeError: the shape is not as expected.
        """
        shape = tuple(hx.shape)
        if shape == expected_hidden_size:
            return
        layers, batch, size = expected_hidden_size
        facts = "hidden states are (layers x directions, batch, hidden features)"
        if shape == (batch, layers, size):
            facts += "; this one has the batch first: batch_first does not apply to hidden states"
        elif len(shape) == len(expected_hidden_size):
            names = ("layers x directions", "batch", "hidden features")
            wrong = [
                f"axis {axis} ({names[axis]}) is {shape[axis]} instead of {size}"
                for axis, size in enumerate(expected_hidden_size)
                if shape[axis] != size
            ]
            facts += "; " + ", ".join(wrong)
        text = f"{msg.format(expected_hidden_size, list(shape))}: {facts}"
        raise RuntimeError(text)

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Check input and hidden state; see :meth:`check_input` and :meth:`check_hidden_size`."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Return the hidden state with its batch in another order."""
        return hx if permutation is None else hx.index_select(1, permutation)

    # ---- the walk --------------------------------------------------------------------------------

    def _check_dims(self, input: Tensor, states: Sequence[Any] | None) -> None:
        """Refuse a wrong number of dimensions of padded input, or of hidden states beside it."""
        ndim = input.dim()
        if ndim not in {2, 3}:
            tensor = " tensor" if self.mode.startswith("RNN") else ""
            msg = (
                f"{self._get_name()}: Expected input to be 2D or 3D, got {ndim}D{tensor} instead: "
                f"the input has shape {list(input.shape)}; {self._axes()}, and one sequence alone "
                "(sequence, features)"
            )
            raise ValueError(msg)
        if states is None or all(state.dim() == ndim for state in states):
            return
        batched = "batched 3-D" if ndim == 3 else "unbatched 2-D"
        dims = [f"{state.dim()}-D" for state in states]
        if len(dims) == 1:
            what = f"hx should also be {ndim}-D but got {dims[0]} tensor"
        else:
            what = f"hx and cx should also be {ndim}-D but got ({', '.join(dims)}) tensors"
        shapes = " and ".join(str(list(state.shape)) for state in states)
        msg = (
            f"For {batched} input, {what}: the input has shape {list(input.shape)} "
            f"({self._axes()}), the hidden state {shapes}"
        )
        raise RuntimeError(msg)

    def _run(self, input: Any, states: tuple[Any, ...] | None) -> tuple[Any, tuple[Any, ...]]:
        """Return the output, packed if the input is, and the last states."""
        if not isinstance(input, PackedSequence):
            self._check_dims(input, states)
            if input.dim() == 3:
                return self._run_rows(input, None, states)
            self.check_input(input, None)  # here, so that the message shows the shape that came
            batch_dim = 0 if self.batch_first else 1
            if states is not None:
                states = tuple(state.unsqueeze(1) for state in states)
            output, lasts = self._run_rows(input.unsqueeze(batch_dim), None, states)
            return output.squeeze(batch_dim), tuple(state.squeeze(1) for state in lasts)
        data, batch_sizes, sorted_indices, unsorted_indices = input
        if states is not None:
            self._check_states(data, batch_sizes, states)
            states = tuple(RNNBase.permute_hidden(self, s, sorted_indices) for s in states)
        output, lasts = self._run_rows(data, batch_sizes, states)
        packed = PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices)
        return packed, tuple(RNNBase.permute_hidden(self, s, unsorted_indices) for s in lasts)

    def _check_states(self, input: Any, batch_sizes: Any, states: Sequence[Any]) -> None:
        hidden: Any = states[0] if len(states) == 1 else tuple(states)
        self.check_forward_args(input, hidden, batch_sizes)

    def _run_rows(
        self, input: Any, batch_sizes: Any, states: tuple[Any, ...] | None
    ) -> tuple[Any, tuple[Any, ...]]:
        """Run over a batch, padded or packed; hidden states start at zero when not given."""
        if states is None:
            self.check_input(input, batch_sizes)
        else:
            self._check_states(input, batch_sizes, states)
        if batch_sizes is None and not input.size(1 if self.batch_first else 0):
            msg = (
                f"Expected sequence length to be larger than 0 in RNN: the input has shape "
                f"{list(input.shape)}; {self._axes()}"
            )
            raise RuntimeError(msg)
        output, *lasts = run_network(
            _KINDS[self.mode],
            input,
            batch_sizes,
            states,
            self._flat_weights,
            has_biases=self.bias,
            num_layers=self.num_layers,
            dropout=self.dropout,
            train=self.training,
            bidirectional=self.bidirectional,
            batch_first=self.batch_first,
        )
        return output, tuple(lasts)
