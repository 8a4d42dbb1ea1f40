"""Recurrent modules: RNN, LSTM, GRU, and their cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ...ops.creation import empty, zeros
from ...ops.recurrent_cell import gru_cell, lstm_cell, rnn_relu_cell, rnn_tanh_cell
from .. import init
from ..parameter import Parameter
from ._rnn_base import RNNBase
from .module import Module

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]


def _refuse_projection(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if kwargs.get("proj_size", 0) or (len(args) > 7 and args[7]):
        msg = "proj_size argument is only supported for LSTM, not RNN or GRU"
        raise ValueError(msg)


class RNN(RNNBase):
    r"""Run an Elman network over sequences.

    .. math:: h_t = \tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})

    Args:
        args: ``input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True,
            batch_first=False, dropout=0.0, bidirectional=False, device=None, dtype=None``; see
            :class:`RNNBase`. ``nonlinearity`` is ``"tanh"`` or ``"relu"``.
        kwargs: the same, by name.

    Shape:
        - input: :math:`(L, N, H_{in})`, :math:`(N, L, H_{in})` with ``batch_first``,
          :math:`(L, H_{in})` without a batch, or a packed sequence
        - hx: :math:`(D \cdot \text{layers}, N, H)`; :math:`(D \cdot \text{layers}, H)` without a
          batch; zeros when left out
        - output: as the input, with :math:`D \cdot H` features; and the last hidden states, as hx

    Attributes:
        weight_ih_l[k]: input weights of layer k
        weight_hh_l[k]: hidden weights of layer k
        bias_ih_l[k]: input bias of layer k
        bias_hh_l[k]: hidden bias of layer k; each with ``_reverse`` for the other direction

    Example:
        >>> import penlight as torch
        >>> rnn = torch.nn.RNN(10, 20, 2)
        >>> output, h_n = rnn(torch.zeros(5, 3, 10), torch.zeros(2, 3, 20))
        >>> output.shape, h_n.shape
        (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the parameters and initialise them."""
        if len(args) > 3:
            nonlinearity, args = args[3], (*args[:3], *args[4:])
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        _refuse_projection(args, kwargs)
        if nonlinearity not in {"tanh", "relu"}:
            msg = f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            raise ValueError(msg)
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """Return the last layer's hidden states at all steps, and the last ones of all layers."""
        output, (h_n,) = self._run(input, None if hx is None else (hx,))
        return output, h_n


class GRU(RNNBase):
    r"""Run gated recurrent units over sequences.

    .. math::
        r_t &= \sigma(W_{ir} x_t + b_{ir} + W_{hr} h_{t-1} + b_{hr}) \\
        z_t &= \sigma(W_{iz} x_t + b_{iz} + W_{hz} h_{t-1} + b_{hz}) \\
        n_t &= \tanh(W_{in} x_t + b_{in} + r_t \odot (W_{hn} h_{t-1} + b_{hn})) \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    Args:
        args: ``input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
            bidirectional=False, device=None, dtype=None``; see :class:`RNNBase`.
        kwargs: the same, by name.

    Shape:
        - input, hx, output: as for :class:`RNN`

    Attributes:
        weight_ih_l[k]: input weights of layer k, rows r, z, n
        weight_hh_l[k]: hidden weights of layer k
        bias_ih_l[k]: input bias of layer k
        bias_hh_l[k]: hidden bias of layer k; each with ``_reverse`` for the other direction

    Example:
        >>> import penlight as torch
        >>> gru = torch.nn.GRU(10, 20, batch_first=True, bidirectional=True)
        >>> output, h_n = gru(torch.zeros(3, 5, 10))
        >>> output.shape, h_n.shape
        (torch.Size([3, 5, 40]), torch.Size([2, 3, 20]))

    References:
        Cho et al. 2014, Learning Phrase Representations using RNN Encoder-Decoder, arXiv 1406.1078.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the parameters and initialise them."""
        _refuse_projection(args, kwargs)
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """Return the last layer's hidden states at all steps, and the last ones of all layers."""
        output, (h_n,) = self._run(input, None if hx is None else (hx,))
        return output, h_n


class LSTM(RNNBase):
    r"""Run long short-term memory over sequences.

    .. math::
        i_t &= \sigma(W_{ii} x_t + b_{ii} + W_{hi} h_{t-1} + b_{hi}) \\
        f_t &= \sigma(W_{if} x_t + b_{if} + W_{hf} h_{t-1} + b_{hf}) \\
        o_t &= \sigma(W_{io} x_t + b_{io} + W_{ho} h_{t-1} + b_{ho}) \\
        g_t &= \tanh(W_{ig} x_t + b_{ig} + W_{hg} h_{t-1} + b_{hg}) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
        h_t &= o_t \odot \tanh(c_t)

    With ``proj_size``, :math:`h_t` is multiplied by :math:`W_{hr}` after that.

    Args:
        args: ``input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
            bidirectional=False, proj_size=0, device=None, dtype=None``; see :class:`RNNBase`.
        kwargs: the same, by name.

    Shape:
        - input: as for :class:`RNN`
        - hx: a pair: h_0 as for :class:`RNN`, of ``proj_size`` features where there is one; c_0 of
          ``hidden_size`` features
        - output: as for :class:`RNN`, and the pair (h_n, c_n)

    Attributes:
        weight_ih_l[k]: input weights of layer k, rows i, f, g, o
        weight_hh_l[k]: hidden weights of layer k
        bias_ih_l[k]: input bias of layer k
        bias_hh_l[k]: hidden bias of layer k
        weight_hr_l[k]: projection of layer k; each with ``_reverse`` for the other direction

    Example:
        >>> import penlight as torch
        >>> lstm = torch.nn.LSTM(10, 20, 2, proj_size=4)
        >>> output, (h_n, c_n) = lstm(torch.zeros(5, 3, 10))
        >>> output.shape, h_n.shape, c_n.shape
        (torch.Size([5, 3, 4]), torch.Size([2, 3, 4]), torch.Size([2, 3, 20]))

    References:
        Hochreiter and Schmidhuber 1997, Long Short-Term Memory. Sak et al. 2014, arXiv 1402.1128
        (projections).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the parameters and initialise them."""
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """Return the shape of the cell state for this input."""
        layers, batch, _ = self.get_expected_hidden_size(input, batch_sizes)
        return layers, batch, self.hidden_size

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Check input, hidden state and cell state."""
        self.check_input(input, batch_sizes)
        expected = self.get_expected_hidden_size(input, batch_sizes)
        self.check_hidden_size(hidden[0], expected, "Expected hidden[0] size {}, got {}")
        expected = self.get_expected_cell_size(input, batch_sizes)
        self.check_hidden_size(hidden[1], expected, "Expected hidden[1] size {}, got {}")

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Return hidden and cell state with their batch in another order."""
        return tuple(super(LSTM, self).permute_hidden(state, permutation) for state in hx)

    def forward(
        self, input: Any, hx: Sequence[Tensor] | None = None
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        """Return the last layer's hidden states at all steps, and the last (h, c) of all layers."""
        if isinstance(hx, Tensor):
            msg = (
                f"index 1 is out of bounds for dimension 0 with size {len(hx)}: LSTM takes hx as a "
                f"pair (h_0, c_0), got one tensor of shape {list(hx.shape)}"
            )
            raise IndexError(msg)
        output, (h_n, c_n) = self._run(input, None if hx is None else (hx[0], hx[1]))
        return output, (h_n, c_n)


class RNNCellBase(Module):
    r"""Base of the cells: their parameters.

    Args:
        input_size: number of features of the input.
        hidden_size: number of features of the hidden state.
        bias: whether there are biases b_ih and b_hh.
        num_chunks: number of gates.
        device: the CPU.
        dtype: of the parameters; the default dtype when left out.
    """

    __constants__: tuple[str, ...] = ("input_size", "hidden_size", "bias")
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make the parameters and initialise them."""
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        gates = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((gates, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(empty((gates, hidden_size), device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            vector = Parameter(empty(gates, device=device, dtype=dtype)) if bias else None
            self.register_parameter(name, vector)
        self.reset_parameters()

    def extra_repr(self) -> str:
        """Return the sizes and what is not the default."""
        text = f"{self.input_size}, {self.hidden_size}"
        if not self.bias:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _prepared(self, input: Any, states: Sequence[Any] | None, names: Sequence[str]) -> Any:
        """Return a batch of inputs and of hidden states, zeros when not given.

        Raises:
            ValueError: the number of dimensions is wrong.
        """
        if states is not None and input.dim() == 2:
            for state in states:
                if state.dim() != 2:
                    break
            else:
                return input, states
        given = [("input", input), *zip(names, states or (), strict=False)]
        for name, tensor in given:
            if tensor.dim() not in {1, 2}:
                features = self.input_size if name == "input" else self.hidden_size
                msg = (
                    f"{self._get_name()}: Expected {name} to be 1D or 2D, got {tensor.dim()}D "
                    f"instead: a cell takes one step, (batch, {features}) or ({features}), got "
                    f"{list(tensor.shape)}"
                )
                raise ValueError(msg)
        batched = input.dim() == 2
        rows = input if batched else input.unsqueeze(0)
        if states is None:
            start = zeros((rows.size(0), self.hidden_size), dtype=input.dtype)
            return rows, [start] * len(names)
        return rows, [state if batched else state.unsqueeze(0) for state in states]

    def _weights(self) -> tuple[Any, ...]:
        found = self._parameters
        try:
            return found["weight_ih"], found["weight_hh"], found["bias_ih"], found["bias_hh"]
        except KeyError:  # one of them is parametrized, or an attribute
            return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh


class RNNCell(RNNCellBase):
    r"""One step of an Elman network.

    .. math:: h' = \tanh(W_{ih} x + b_{ih} + W_{hh} h + b_{hh})

    Args:
        input_size: number of features of the input.
        hidden_size: number of features of the hidden state.
        bias: whether there are biases.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        device: the CPU.
        dtype: of the parameters; the default dtype when left out.

    Shape:
        - input: :math:`(N, H_{in})` or :math:`(H_{in})`; hx and output: :math:`(N, H)` or
          :math:`(H)`; hx is zeros when left out

    Example:
        >>> import penlight as torch
        >>> torch.nn.RNNCell(10, 20)(torch.zeros(3, 10), torch.zeros(3, 20)).shape
        torch.Size([3, 20])
    """

    __constants__ = ("input_size", "hidden_size", "bias", "nonlinearity")
    nonlinearity: str

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make the parameters and initialise them."""
        super().__init__(input_size, hidden_size, bias, num_chunks=1, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next hidden state."""
        rows, (h,) = self._prepared(input, None if hx is None else (hx,), ("hidden",))
        if self.nonlinearity == "tanh":
            step = rnn_tanh_cell
        elif self.nonlinearity == "relu":
            step = rnn_relu_cell
        else:
            msg = f"Unknown nonlinearity: {self.nonlinearity}; expected 'tanh' or 'relu'"
            raise RuntimeError(msg)
        out = step(rows, h, *self._weights())
        return out if rows is input else out.squeeze(0)


class LSTMCell(RNNCellBase):
    r"""One step of long short-term memory; the formulas are :class:`LSTM`'s.

    Args:
        input_size: number of features of the input.
        hidden_size: number of features of the hidden and of the cell state.
        bias: whether there are biases.
        device: the CPU.
        dtype: of the parameters; the default dtype when left out.

    Shape:
        - input: :math:`(N, H_{in})` or :math:`(H_{in})`; hx and output: a pair of :math:`(N, H)` or
          :math:`(H)`; hx is zeros when left out

    Example:
        >>> import penlight as torch
        >>> h, c = torch.nn.LSTMCell(10, 20)(torch.zeros(3, 10))
        >>> h.shape, c.shape
        (torch.Size([3, 20]), torch.Size([3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make the parameters and initialise them."""
        super().__init__(input_size, hidden_size, bias, num_chunks=4, device=device, dtype=dtype)

    def forward(self, input: Tensor, hx: Sequence[Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Return the next hidden state and the next cell state."""
        rows, states = self._prepared(input, hx, ("hx[0]", "hx[1]"))
        h, c = lstm_cell(rows, states, *self._weights())
        return (h, c) if rows is input else (h.squeeze(0), c.squeeze(0))


class GRUCell(RNNCellBase):
    r"""One step of a gated recurrent unit; the formulas are :class:`GRU`'s.

    Args:
        input_size: number of features of the input.
        hidden_size: number of features of the hidden state.
        bias: whether there are biases.
        device: the CPU.
        dtype: of the parameters; the default dtype when left out.

    Shape:
        - input: :math:`(N, H_{in})` or :math:`(H_{in})`; hx and output: :math:`(N, H)` or
          :math:`(H)`; hx is zeros when left out

    Example:
        >>> import penlight as torch
        >>> torch.nn.GRUCell(10, 20)(torch.zeros(10)).shape
        torch.Size([20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make the parameters and initialise them."""
        super().__init__(input_size, hidden_size, bias, num_chunks=3, device=device, dtype=dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next hidden state."""
        rows, (h,) = self._prepared(input, None if hx is None else (hx,), ("hidden",))
        out = gru_cell(rows, h, *self._weights())
        return out if rows is input else out.squeeze(0)
